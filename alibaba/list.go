// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"slices"

	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// GetCluster implements [pmks.ClusterHandler]: the cluster, its pools, its nodes and a
// kubeconfig, side by side; by name alone with the list before them.
func (h *Handler) GetCluster(ctx context.Context, iid pmks.IID) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "GetCluster", iid, pmks.IID{})
	r, err := h.clusterRef(iid)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var config kubeconfigRead
	var found clusterRead
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		found, err = h.readCluster(ctx, id, nil)
		return err
	}, func(ctx context.Context) error {
		config = h.readKubeconfig(ctx, id, !h.public())
		return nil
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	h.addKubeconfig(ctx, found.cluster, &found.info, config)
	return found.info, errs.Over(ctx)
}

// clusterRead is a cluster with its pools, as ACK tells and as pmks shows it.
type clusterRead struct {
	info     pmks.ClusterInfo
	cluster  *cluster
	pools    []*pool
	versions poolVersions
}

// readCluster reads a cluster beside its pools and its nodes. It fails only when the
// cluster itself or the list of its pools cannot be read; of a cluster that was listed
// nothing but the address of its API is missing then.
func (h *Handler) readCluster(ctx context.Context, id string, listed *cluster) (clusterRead, error) {
	var r clusterRead
	var nodes map[string][]pmks.IID
	var err, poolsErr, nodesErr error
	fault := fanout.All(ctx, // each keeps its own error
		func(ctx context.Context) error { r.cluster, err = h.describe(ctx, id); return nil },
		func(ctx context.Context) error { r.pools, poolsErr = h.pools(ctx, id); return nil },
		func(ctx context.Context) error { nodes, nodesErr = h.nodes(ctx, id); return nil })
	detailErr := err
	if err != nil && listed != nil && !errs.Is(err, pmks.CodeNotFound) {
		r.cluster, err = listed, nil
	}
	for _, err := range []error{fault, err, poolsErr, errs.Over(ctx)} {
		if err != nil {
			return r, err
		}
	}
	info := clusterInfo(r.cluster)
	info.KeyValueList = pmks.AddUnread(info.KeyValueList, "Endpoint", detailErr)
	r.versions = h.poolVersions(ctx, r.cluster, r.pools)
	info.NodeGroupList = make([]pmks.NodeGroupInfo, 0, len(r.pools))
	for _, p := range r.pools {
		g := poolInfo(p, r.versions.of(p))
		if g.Nodes = slices.Clone(nodes[poolID(p)]); nodesErr != nil {
			g.KeyValueList = pmks.AddUnread(g.KeyValueList, "Nodes", nodesErr)
		}
		g.KeyValueList = pmks.AddUnread(g.KeyValueList, "Version", r.versions.errOf(p))
		h.explainGroup(ctx, id, &g)
		info.NodeGroupList = append(info.NodeGroupList, g)
	}
	h.explainCluster(ctx, &info)
	r.info = info
	return r, errs.Over(ctx)
}

// ListCluster implements [pmks.ClusterHandler]: one call for a hundred clusters, then
// three for each.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer annotate(&err, "ListCluster", pmks.IID{}, pmks.IID{})
	list, err := h.list(ctx, "")
	if err != nil {
		return nil, err
	}
	return fanout.List(ctx, list, clusterIID, func(ctx context.Context, c *cluster) (*pmks.ClusterInfo, error) {
		r, err := h.readCluster(ctx, tea.StringValue(c.ClusterId), c)
		return &r.info, err
	})
}

// ListIID implements [pmks.IIDLister] with one call for a hundred clusters.
func (h *Handler) ListIID(ctx context.Context) (_ []*pmks.IID, err error) {
	defer annotate(&err, "ListIID", pmks.IID{}, pmks.IID{})
	list, err := h.list(ctx, "")
	if err != nil {
		return nil, err
	}
	iids := make([]*pmks.IID, len(list))
	for i, c := range list {
		iid := clusterIID(c)
		iids[i] = &iid
	}
	return iids, nil
}
