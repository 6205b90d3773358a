// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"slices"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// GetCluster implements [pmks.ClusterHandler] in two steps: the cluster with all
// its pools beside the operations under way, then the instance groups.
func (h *Handler) GetCluster(ctx context.Context, clusterIID pmks.IID) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "GetCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	v, err := h.view(ctx, r)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := h.info(v)
	groups := h.groupReads(v.cluster, &info)
	err = fanout.All(ctx, func(ctx context.Context) error {
		return fanout.Each(ctx, len(groups), func(ctx context.Context, i int) error {
			h.readGroup(ctx, groups[i])
			return nil
		})
	}, func(ctx context.Context) error {
		h.addAccess(ctx, v.cluster, &info, true)
		return nil
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if err := errs.Over(ctx); err != nil {
		return pmks.ClusterInfo{}, err
	}
	return info, h.finishNodes(ctx, v.cluster, &info, groups)
}

// ListCluster implements [pmks.ClusterHandler]: one call for all clusters with
// their pools, beside one for the operations, then one for each instance group.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer annotate(&err, "ListCluster", pmks.IID{}, pmks.IID{})
	var l listing
	var ops []*containerpb.Operation
	var opsErr error
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		l, err = h.list(ctx)
		return err
	}, func(ctx context.Context) error {
		ops, opsErr = h.operations(ctx, ref{project: h.cfg.ProjectID})
		return nil
	})
	if err != nil {
		return nil, err
	}
	infos := make([]*pmks.ClusterInfo, len(l.clusters))
	groups := make([][]*groupRead, len(l.clusters))
	for i, c := range l.clusters {
		info := h.info(view{ref: h.refOf(c), cluster: c, ops: ops, opsErr: opsErr})
		h.addAccess(ctx, c, &info, false)
		infos[i], groups[i] = &info, h.groupReads(c, &info)
	}
	// The groups of all clusters in their order, so that one is finished before the
	// next begins.
	about := func(g *groupRead) pmks.IID { return g.cluster }
	if _, err := fanout.List(ctx, slices.Concat(groups...), about, func(ctx context.Context, g *groupRead) (struct{}, error) {
		h.readGroup(ctx, g)
		return struct{}{}, nil
	}); err != nil {
		return nil, err
	}
	order := make([]int, len(infos))
	for i := range order {
		order[i] = i
	}
	infos, err = fanout.List(ctx, order, func(i int) pmks.IID { return infos[i].IId }, func(ctx context.Context, i int) (*pmks.ClusterInfo, error) {
		return infos[i], h.finishNodes(ctx, l.clusters[i], infos[i], groups[i])
	})
	return infos, errs.Join(err, l.partial())
}

// ListIID implements [pmks.IIDLister] with one call.
func (h *Handler) ListIID(ctx context.Context) (_ []*pmks.IID, err error) {
	defer annotate(&err, "ListIID", pmks.IID{}, pmks.IID{})
	l, err := h.list(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]*pmks.IID, len(l.clusters))
	for i, c := range l.clusters {
		id := h.clusterIID(h.refOf(c))
		list[i] = &id
	}
	return list, l.partial()
}
