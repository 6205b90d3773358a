// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"errors"
	"iter"
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
		config = h.readKubeconfig(ctx, id, h.isPrivate(id))
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
// nothing but the address of its API is missing then. Of one that was listed without nodes
// they are asked for only where a pool says, later, that there are some.
func (h *Handler) readCluster(ctx context.Context, id string, listed *cluster) (clusterRead, error) {
	var r clusterRead
	var nodes map[string][]pmks.IID
	var err, poolsErr, nodesErr error
	readNodes := func(ctx context.Context) error { nodes, nodesErr = h.nodes(ctx, id, ""); return nil }
	reads := []func(context.Context) error{ // each keeps its own error
		func(ctx context.Context) error { r.cluster, err = h.describe(ctx, id); return nil },
		func(ctx context.Context) error { r.pools, poolsErr = h.pools(ctx, id); return nil },
	}
	empty := listed != nil && listed.Size != nil && *listed.Size == 0
	if !empty {
		reads = append(reads, readNodes)
	}
	fault := fanout.All(ctx, reads...)
	if empty && slices.ContainsFunc(r.pools, func(p *pool) bool { return count(p) != 0 }) {
		fault = errors.Join(fault, readNodes(ctx))
	}
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
		info.NodeGroupList = append(info.NodeGroupList, h.groupInfo(ctx, r.cluster, p, r.versions, nodes, nodesErr))
	}
	h.explainCluster(ctx, &info)
	r.info = info
	return r, errs.Over(ctx)
}

// ListCluster implements [pmks.ClusterHandler]: one call for a hundred clusters, then
// three for each, or two where it has no nodes.
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

// Clusters implements [pmks.ClusterStreamer]: what ListCluster asks for, handed over while the
// pages come in.
func (h *Handler) Clusters(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	return func(yield func(pmks.ClusterInfo, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		read := func(ctx context.Context, c *cluster) (pmks.ClusterInfo, error) {
			r, err := h.readCluster(ctx, clusterID(c), c)
			return r.info, err
		}
		failed := func(c *cluster) pmks.ClusterInfo { return pmks.ClusterInfo{IId: clusterIID(c)} }
		for info, err := range fanout.Stream(ctx, h.clusterPages(ctx), clusterIID, read, failed) {
			annotate(&err, "Clusters", info.IId, pmks.IID{})
			if !yield(info, err) {
				cancel() // a page that is on its way ends too
				return
			}
		}
	}
}

// GetNodeGroup implements [pmks.NodeGroupReader]: the pool, its nodes and the cluster, which
// tells the version, side by side; a name takes a list before it.
func (h *Handler) GetNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "GetNodeGroup", clusterIID, nodeGroupIID)
	r, err := h.refs(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	poolId := nodeGroupIID.SystemId
	if poolId == "" {
		listed, err := h.findPool(ctx, id, nodeGroupIID)
		if err != nil {
			return pmks.NodeGroupInfo{}, err
		}
		poolId = poolID(listed)
	}
	var c *cluster
	var p *pool
	var nodes map[string][]pmks.IID
	var poolErr, nodesErr error
	fault := fanout.All(ctx, // each keeps its own error
		func(ctx context.Context) error { c, err = h.describe(ctx, id); return nil },
		func(ctx context.Context) error { p, poolErr = h.readPool(ctx, id, poolId); return nil },
		func(ctx context.Context) error { nodes, nodesErr = h.nodes(ctx, id, poolId); return nil })
	for _, err := range []error{fault, err, poolErr, errs.Over(ctx)} {
		if err != nil {
			return pmks.NodeGroupInfo{}, err
		}
	}
	g := h.groupInfo(ctx, c, p, h.poolVersions(ctx, c, []*pool{p}), nodes, nodesErr)
	return g, errs.Over(ctx)
}

// groupInfo is a node pool with its nodes, its version and its zones.
func (h *Handler) groupInfo(ctx context.Context, c *cluster, p *pool, versions poolVersions, nodes map[string][]pmks.IID, nodesErr error) pmks.NodeGroupInfo {
	g := poolInfo(p, versions.of(p))
	if g.Nodes = slices.Clone(nodes[poolID(p)]); nodesErr != nil {
		g.KeyValueList = pmks.AddUnread(g.KeyValueList, "Nodes", nodesErr)
	}
	g.KeyValueList = pmks.AddUnread(g.KeyValueList, "Version", versions.errOf(p))
	h.addZones(ctx, clusterID(c), c, p, &g)
	h.explainGroup(ctx, clusterID(c), &g)
	return g
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
