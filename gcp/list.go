// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"

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

// GetNodeGroup implements [pmks.NodeGroupReader] in two steps as GetCluster, with the
// instance groups of one pool alone. The cluster is read and not the pool: it knows the
// bounds of autoscaling that is off, for the same one call.
func (h *Handler) GetNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "GetNodeGroup", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	v, err := h.view(ctx, r)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	p := findPool(v.cluster, name)
	if p == nil {
		return pmks.NodeGroupInfo{}, noPool(name)
	}
	v.cluster = proto.CloneOf(v.cluster)
	v.cluster.NodePools = []*containerpb.NodePool{p}
	info := h.info(v)
	groups := h.groupReads(v.cluster, &info)
	err = fanout.Each(ctx, len(groups), func(ctx context.Context, i int) error {
		h.readGroup(ctx, groups[i])
		return nil
	})
	if err = cmp.Or(errs.Over(ctx), err); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if err := h.finishNodes(ctx, v.cluster, &info, groups); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if len(info.NodeGroupList) == 0 {
		return pmks.NodeGroupInfo{}, noPool(name)
	}
	group := info.NodeGroupList[0]
	if v.opsErr != nil {
		unread(&group.KeyValueList, "Operations", v.opsErr)
	}
	return group, nil
}

// ListCluster implements [pmks.ClusterHandler]: one call for all clusters with their
// pools, beside one for the operations, and two lists of Compute Engine, of 500 VMs and of
// 500 instance groups a page; a handler that has listed before asks for all of that at
// once. Then one call for each group that the lists do not prove, up to a hundred; groups
// beyond are named in pmks:unread as Throttled. Up to six groups, and all of them where the
// lists cannot be had, are read with one call each.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer annotate(&err, "ListCluster", pmks.IID{}, pmks.IID{})
	l, views, lists, err := h.listViews(ctx)
	if err != nil {
		return nil, err
	}
	infos := make([]*pmks.ClusterInfo, len(views))
	groups := make([][]*groupRead, len(views))
	for i, v := range views {
		info := h.info(v)
		h.addAccess(ctx, v.cluster, &info, false)
		infos[i], groups[i] = &info, h.groupReads(v.cluster, &info)
	}
	// The groups of all clusters in their order, so that one is finished before the
	// next begins.
	about := func(g *groupRead) pmks.IID { return g.cluster }
	if _, err := fanout.List(ctx, h.prove(lists, slices.Concat(groups...)), about, func(ctx context.Context, g *groupRead) (struct{}, error) {
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

// Clusters implements [pmks.ClusterStreamer] with the calls of ListCluster: what the lists
// do not prove is read of one cluster after another, while those that are done are handed
// over.
func (h *Handler) Clusters(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	return func(yield func(pmks.ClusterInfo, error) bool) {
		pages := func(yield func([]*listed, error) bool) {
			l, views, lists, err := h.listViews(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			if err := l.partial(); yield(h.beginListed(ctx, views, lists), nil) && err != nil {
				yield(nil, err)
			}
		}
		about := func(l *listed) pmks.IID { return l.info.IId }
		stream := fanout.Stream(ctx, pages, about, h.finishListed, func(l *listed) pmks.ClusterInfo { return pmks.ClusterInfo{IId: about(l)} })
		for info, err := range stream {
			annotate(&err, "Clusters", info.IId, pmks.IID{})
			if !yield(info, err) {
				return
			}
		}
	}
}

// listed is a cluster on its way through a listing.
type listed struct {
	cluster *containerpb.Cluster
	info    pmks.ClusterInfo
	// groups are all that belong to it, left those that are still to be read.
	groups, left []*groupRead
}

// beginListed converts clusters, with what the lists prove of their groups.
func (h *Handler) beginListed(ctx context.Context, views []view, lists *everywhere) []*listed {
	all := make([]*listed, len(views))
	var reads []*groupRead
	for i, v := range views {
		l := &listed{cluster: v.cluster, info: h.info(v)}
		h.addAccess(ctx, v.cluster, &l.info, false)
		l.groups = h.groupReads(v.cluster, &l.info)
		all[i], reads = l, append(reads, l.groups...)
	}
	left := map[*groupRead]bool{}
	for _, g := range h.prove(lists, reads) {
		left[g] = true
	}
	for _, l := range all {
		for _, g := range l.groups {
			if left[g] {
				l.left = append(l.left, g)
			}
		}
	}
	return all
}

// finishListed reads what is left of a cluster.
func (h *Handler) finishListed(ctx context.Context, l *listed) (pmks.ClusterInfo, error) {
	err := fanout.Each(ctx, len(l.left), func(ctx context.Context, i int) error {
		h.readGroup(ctx, l.left[i])
		return nil
	})
	if err := cmp.Or(errs.Over(ctx), err); err != nil {
		return pmks.ClusterInfo{}, err
	}
	return l.info, h.finishNodes(ctx, l.cluster, &l.info, l.groups)
}

// prove answers what the lists prove of the groups, and returns those that are to be read;
// all of them without lists.
func (h *Handler) prove(lists *everywhere, reads []*groupRead) []*groupRead {
	if lists == nil {
		return reads
	}
	left, believe := lists.fromLists(reads)
	if !believe {
		h.lists.useless()
	}
	return left
}

// listViews lists the clusters with the operations that are under way, and, where it is
// worth it, what Compute Engine shows of all zones; nil where it is not, or that cannot be
// had.
func (h *Handler) listViews(ctx context.Context) (listing, []view, *everywhere, error) {
	var l listing
	var ops []*containerpb.Operation
	var opsErr error
	var lists *everywhere
	filter, pages := h.lists.expected()
	expected := pages > 0
	err := fanout.All(ctx, func(ctx context.Context) (err error) {
		l, err = h.list(ctx)
		return err
	}, func(ctx context.Context) error {
		ops, opsErr = h.operations(ctx, ref{project: h.cfg.ProjectID})
		return nil
	}, func(ctx context.Context) error {
		if expected {
			lists = h.ifEverywhere(ctx, filter, pages)
		}
		return nil
	})
	if err != nil {
		return l, nil, nil, err
	}
	if filter, pages = h.lists.found(l.clusters, h.refOf); !expected && pages > 0 {
		lists = h.ifEverywhere(ctx, filter, pages)
	}
	views := make([]view, len(l.clusters))
	for i, c := range l.clusters {
		views[i] = view{ref: h.refOf(c), cluster: c, ops: ops, opsErr: opsErr}
	}
	return l, views, lists, errs.Over(ctx)
}

// ifEverywhere reads the lists; nil where they cannot be had, which is remembered.
func (h *Handler) ifEverywhere(ctx context.Context, filter string, pages int) *everywhere {
	lists, err := h.readEverywhere(ctx, filter, pages)
	if err == nil {
		return &lists
	}
	if errs.Over(ctx) == nil {
		h.lists.useless()
	}
	return nil
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
