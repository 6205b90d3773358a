// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// beside is what is read beside clusters: of the whole tenant, once for all of them.
type beside struct {
	names      known
	servers    servers
	serversErr error
}

func (h *Handler) beside(ctx context.Context) (b beside) {
	// Each keeps its own fault.
	_ = fanout.All(ctx, func(ctx context.Context) error {
		b.servers, b.serversErr = h.servers(ctx)
		return nil
	}, func(ctx context.Context) error {
		b.names = h.names.get(ctx)
		return nil
	})
	return b
}

// whole puts together what was read.
func (b beside) whole(v view) pmks.ClusterInfo {
	info := v.info(b.names)
	b.names.note(&info)
	vpc := b.names.vpcs[string(v.cluster.FixedNetwork)]
	for i, group := range v.groups {
		if v.unread[group.UUID] != nil {
			continue
		}
		g := &info.NodeGroupList[i]
		if b.serversErr == nil {
			g.Nodes = b.servers.nodes(group, vpc, v.cluster.Name)
			if len(g.Zones) == 0 {
				g.Zones = b.servers.zones(group, vpc, v.cluster.Name)
			}
		} else if len(group.Addresses) > 0 {
			g.KeyValueList = pmks.AddUnread(g.KeyValueList, "Nodes", b.serversErr)
		}
	}
	return info
}

// GetCluster implements [pmks.ClusterHandler] in two steps: the cluster beside the list
// of its groups and its events, then the groups beside the VMs, the kubeconfig, and the
// names where they are not known yet; by name with the list before both.
func (h *Handler) GetCluster(ctx context.Context, clusterIID pmks.IID) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "GetCluster", clusterIID, pmks.IID{})
	r, err := clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	uuid, err := h.locate(ctx, r)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	v, err := h.view(ctx, uuid, true)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var b beside
	var access pmks.AccessInfo
	var accessErr error
	err = fanout.All(ctx, func(ctx context.Context) error {
		return h.readGroups(ctx, &v)
	}, func(ctx context.Context) error {
		b = h.beside(ctx)
		return nil
	}, func(ctx context.Context) error {
		access, accessErr = h.access(ctx, v.cluster)
		return nil
	})
	if err := errs.Join(err, errs.Over(ctx)); err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := b.whole(v)
	info.AccessInfo.Kubeconfig, info.AccessInfo.ExpiresAt = access.Kubeconfig, access.ExpiresAt
	info.KeyValueList = pmks.AddUnread(info.KeyValueList, "Kubeconfig", accessErr)
	return info, nil
}

// ListCluster implements [pmks.ClusterHandler]: one call for the list, two for each
// cluster and one for each group, beside the VMs of the whole tenant. What has been
// accepted and has not begun is not shown: that would be a call more for each cluster.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer annotate(&err, "ListCluster", pmks.IID{}, pmks.IID{})
	list, err := h.list(ctx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var b beside
	var views []view
	err = fanout.All(ctx, func(ctx context.Context) error {
		b = h.beside(ctx)
		return nil
	}, func(ctx context.Context) (err error) {
		views, err = fanout.List(ctx, list, clusterObject.iid, func(ctx context.Context, c clusterObject) (view, error) {
			v, err := h.view(ctx, c.UUID, false)
			if err == nil {
				err = h.readGroups(ctx, &v)
			}
			return v, err
		})
		return err
	})
	if end := errs.Over(ctx); end != nil {
		return nil, end
	}
	infos := make([]*pmks.ClusterInfo, len(views))
	for i, v := range views {
		info := b.whole(v)
		infos[i] = &info
	}
	return infos, err
}

// Clusters implements [pmks.ClusterStreamer]: what ListCluster returns, while the pages of
// the list come in. The VMs of the whole tenant are read once, beside the first cluster.
func (h *Handler) Clusters(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	return func(yield func(pmks.ClusterInfo, error) bool) {
		var b beside
		var begun atomic.Bool
		known := make(chan struct{}) // closed when b is there
		read := func(ctx context.Context, c clusterObject) (pmks.ClusterInfo, error) {
			var v view
			err := fanout.All(ctx, func(ctx context.Context) (err error) {
				if v, err = h.view(ctx, c.UUID, false); err == nil {
					err = h.readGroups(ctx, &v)
				}
				return err
			}, func(ctx context.Context) error {
				if begun.CompareAndSwap(false, true) {
					defer close(known)
					b = h.beside(ctx)
					return nil
				}
				select {
				case <-known:
				case <-ctx.Done(): // the whole stream ends
				}
				return errs.Over(ctx)
			})
			if err != nil {
				return pmks.ClusterInfo{}, err
			}
			return b.whole(v), nil
		}
		unread := func(c clusterObject) pmks.ClusterInfo { return pmks.ClusterInfo{IId: c.iid()} }
		for info, err := range fanout.Stream(ctx, h.listPages(ctx), clusterObject.iid, read, unread) {
			annotate(&err, "Clusters", info.IId, pmks.IID{})
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
	ids := make([]*pmks.IID, len(list))
	for i, c := range list {
		iid := c.iid()
		ids[i] = &iid
	}
	return ids, nil
}
