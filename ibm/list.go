// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// GetCluster implements [pmks.ClusterHandler]: the cluster, its pools, its workers and
// its security groups side by side, then the kubeconfig, and the autoscaler's bounds
// where a pool is autoscaled.
func (h *Handler) GetCluster(ctx context.Context, clusterIID pmks.IID) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "GetCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(ctx, clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var groups []pmks.IID
	var groupsErr error
	v, err := h.withWorkers(ctx, r, func(ctx context.Context, id string) { groups, groupsErr = h.securityGroupsOf(ctx, id) })
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := h.clusterInfo(v)
	switch {
	case groupsErr == nil && len(groups) > 0:
		info.Network.SecurityGroupIIDs = groups
	case groupsErr != nil && len(info.Network.SecurityGroupIIDs) == 0 && info.Status != pmks.ClusterCreating:
		info.KeyValueList = pmks.AddUnread(info.KeyValueList, "SecurityGroupIIDs", groupsErr)
	}
	access, admin, accessErr := h.access(ctx, v.c)
	info.AccessInfo = access
	info.KeyValueList = pmks.AddUnread(info.KeyValueList, "Kubeconfig", accessErr)
	if accessErr == nil {
		h.addBounds(ctx, v, admin, &info)
	}
	if err := errs.Over(ctx); err != nil {
		return pmks.ClusterInfo{}, err
	}
	return info, nil
}

// boundsPatience is how long a read waits for the API of a cluster, which nobody outside
// reaches where it is private.
const boundsPatience = 15 * time.Second

// addBounds shows the bounds of pools that are autoscaled as the autoscaler has them.
// Where it cannot be asked those stand that the pools remember, or they are unread.
func (h *Handler) addBounds(ctx context.Context, v view, admin *kubeconfig.Config, info *pmks.ClusterInfo) {
	if !isUp(v.c) || !slices.ContainsFunc(v.pools, func(p poolObject) bool { return p.AutoscaleEnabled }) {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, boundsPatience)
	defer cancel()
	m, err := h.readConfigMap(bounded, v.c, way{admin: admin})
	err = errs.Ended(ctx, err)
	for i, p := range v.pools {
		g := &info.NodeGroupList[i]
		if !p.AutoscaleEnabled {
			continue
		}
		if err == nil {
			if e := m.entryOf(p); e != nil {
				zones := max(1, len(p.Zones))
				least, most := e.bounds()
				g.MinNodeSize, g.MaxNodeSize = least*zones, most*zones
				if said, _ := m.failure(p); said != "" {
					g.StatusReason = strings.TrimPrefix(g.StatusReason+"; the autoscaler does not take the bounds: "+said, "; ")
				}
			}
			continue
		}
		if _, most := bounds(p); most == 0 {
			g.MinNodeSize, g.MaxNodeSize = 0, 0
			for _, fact := range []string{"MinNodeSize", "MaxNodeSize"} {
				g.KeyValueList = pmks.AddUnread(g.KeyValueList, fact, err)
			}
		}
	}
}

// ListCluster implements [pmks.ClusterHandler]: one call for the list, and three for each
// cluster of the region. The bounds of pools that are autoscaled, and the security groups,
// are those that the pools remember.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer annotate(&err, "ListCluster", pmks.IID{}, pmks.IID{})
	list, err := h.list(ctx)
	if err != nil {
		return nil, err
	}
	list = h.ours(list)
	return fanout.List(ctx, list, clusterIID, func(ctx context.Context, c clusterObject) (*pmks.ClusterInfo, error) {
		return h.listed(ctx, c, len(list))
	})
}

// listed reads what a list of so many shows of a cluster: one call after the other where
// the clusters side by side take all slots already, else at once. One that is too new to be
// read is shown as the list has it.
func (h *Handler) listed(ctx context.Context, c clusterObject, many int) (_ *pmks.ClusterInfo, err error) {
	var v view
	var poolsErr error
	reads := []func(context.Context) error{ // each keeps its own fault
		func(ctx context.Context) error {
			if v.c, err = h.lookCluster(ctx, c.ID); err == nil {
				err = h.accept(v.c)
			}
			return nil
		},
		func(ctx context.Context) error { v.pools, poolsErr = h.lookPools(ctx, c.ID); return nil },
		func(ctx context.Context) error { v.workers, v.workersErr = h.readWorkers(ctx, c.ID, ""); return nil },
	}
	var fault error
	if many < fanout.Slots {
		fault = fanout.All(ctx, reads...)
	} else {
		for _, read := range reads {
			if _ = read(ctx); err != nil || poolsErr != nil {
				break
			}
		}
	}
	listed, young, err := h.missing(ctx, cmp.Or(fault, err, poolsErr), c.ID)
	if isShown(listed, young) || errors.Is(err, errNoPools) && isShown(c, false) {
		info := h.clusterInfo(view{c: c})
		info.KeyValueList = pmks.AddUnread(info.KeyValueList, "NodeGroupList", err)
		return &info, nil
	}
	if err != nil {
		return nil, err
	}
	v.forgiveYouth()
	info := h.clusterInfo(v)
	return &info, nil
}

// Clusters implements [pmks.ClusterStreamer]: the list is one call, and each cluster is
// handed over as soon as it and those before it are read.
func (h *Handler) Clusters(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	unread := func(c clusterObject) pmks.ClusterInfo { return pmks.ClusterInfo{IId: clusterIID(c)} }
	return func(yield func(pmks.ClusterInfo, error) bool) {
		many := 0 // known before the first is read
		pages := func(yield func([]clusterObject, error) bool) {
			list, err := h.list(ctx)
			list = h.ours(list)
			many = len(list)
			yield(list, err)
		}
		read := func(ctx context.Context, c clusterObject) (pmks.ClusterInfo, error) {
			info, err := h.listed(ctx, c, many)
			if err != nil {
				return pmks.ClusterInfo{}, err
			}
			return *info, nil
		}
		for info, err := range fanout.Stream(ctx, pages, clusterIID, read, unread) {
			annotate(&err, "Clusters", pmks.IID{}, pmks.IID{})
			if !yield(info, err) {
				return
			}
		}
	}
}

// ListIID implements [pmks.IIDLister] with one call.
func (h *Handler) ListIID(ctx context.Context) (_ []*pmks.IID, err error) {
	defer annotate(&err, "ListIID", pmks.IID{}, pmks.IID{})
	list, err := h.list(ctx)
	if err != nil {
		return nil, err
	}
	iids := []*pmks.IID{}
	for _, c := range h.ours(list) {
		iid := clusterIID(c)
		iids = append(iids, &iid)
	}
	return iids, nil
}
