// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/limit"
)

// GetCluster implements [pmks.ClusterHandler] in two steps: the cluster with all
// its pools, then the machines of each pool beside the kubeconfig.
func (h *Handler) GetCluster(ctx context.Context, clusterIID pmks.IID) (_ pmks.ClusterInfo, err error) {
	defer place(&err, "GetCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	c, err := h.readCluster(ctx, r)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := clusterInfo(c, h.cfg.ResourceGroup)
	room := limit.New()
	var access pmks.AccessInfo
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.addNodes(gctx, room, r, &info) })
	g.Go(func() (err error) {
		access, err = h.access(gctx, room, r, c)
		return err
	})
	if err := g.Wait(); err != nil {
		return pmks.ClusterInfo{}, errors.Join(limit.Ended(ctx), err)
	}
	info.AccessInfo = access
	return info, nil
}

func (h *Handler) readCluster(ctx context.Context, r ref) (*armcontainerservice.ManagedCluster, error) {
	out, err := h.api.clusters.Get(ctx, r.group, r.name, nil)
	if err != nil {
		return nil, absent(fail(err))
	}
	return &out.ManagedCluster, nil
}

// absent is the error of a read: what lies in a resource group that does not exist
// does not exist either.
func absent(err error) error {
	var e *pmks.Error
	if errors.As(err, &e) && e.ProviderCode == "ResourceGroupNotFound" {
		c := *e
		c.Code = pmks.CodeNotFound
		return &c
	}
	return err
}

// addNodes reads the machines of every pool, in parallel.
func (h *Handler) addNodes(ctx context.Context, room limit.Limiter, r ref, info *pmks.ClusterInfo) error {
	g, ctx := errgroup.WithContext(ctx)
	for i := range info.NodeGroupList {
		group := &info.NodeGroupList[i]
		if group.Status == pmks.NodeGroupCreating && info.Status == pmks.ClusterCreating && info.AccessInfo.Endpoint == "" {
			continue // there is nothing to ask yet
		}
		g.Go(func() (err error) {
			group.Nodes, err = h.nodes(ctx, room, r, group.IId.NameId)
			if !missing(err) {
				return err
			}
			if group.Status.Transitional() {
				return nil // it has just been born, or is dying
			}
			// It, or the whole cluster, has vanished meanwhile.
			return room.Do(ctx, func() error {
				_, err := h.readCluster(ctx, r)
				return err
			})
		})
	}
	return g.Wait()
}

// nodes lists the machines of a pool, sorted by name.
func (h *Handler) nodes(ctx context.Context, room limit.Limiter, r ref, pool string) ([]pmks.IID, error) {
	var list []pmks.IID
	pages := h.api.machines.NewListPager(r.group, r.name, pool, nil)
	for pages.More() {
		err := room.Do(ctx, func() error {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return absent(fail(err))
			}
			for _, m := range page.Value {
				if m == nil || m.Properties == nil {
					continue
				}
				list = append(list, pmks.IID{NameId: value(m.Name), SystemId: firstText(m.Properties.ResourceID, m.ID)})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b pmks.IID) int { return strings.Compare(a.NameId, b.NameId) })
	return list, nil
}

// ListCluster implements [pmks.ClusterHandler]: one call for a page of clusters
// with their pools, then one for each pool for its nodes.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer place(&err, "ListCluster", pmks.IID{}, pmks.IID{})
	clusters, err := h.listClusters(ctx)
	if err != nil {
		return nil, err
	}
	room := limit.New()
	infos := make([]*pmks.ClusterInfo, len(clusters))
	faults := make([]error, len(clusters))
	// Failures are kept for each cluster, so no goroutine returns an error.
	var g errgroup.Group
	for i, c := range clusters {
		g.Go(func() error {
			info := clusterInfo(c, h.cfg.ResourceGroup)
			r, err := h.clusterRef(info.IId)
			if err == nil {
				err = h.addNodes(ctx, room, r, &info)
			}
			if missing(err) {
				return nil // it vanished meanwhile
			}
			if err != nil {
				faults[i] = pmks.Annotate(err, pmks.Error{Cluster: info.IId})
				return nil
			}
			infos[i] = &info
			return nil
		})
	}
	_ = g.Wait()
	if err := limit.Ended(ctx); err != nil {
		return nil, err
	}
	infos = slices.DeleteFunc(infos, func(info *pmks.ClusterInfo) bool { return info == nil })
	return infos, errors.Join(faults...)
}

// ListIID implements [pmks.IIDLister] with one call for a page of clusters.
func (h *Handler) ListIID(ctx context.Context) (_ []*pmks.IID, err error) {
	defer place(&err, "ListIID", pmks.IID{}, pmks.IID{})
	clusters, err := h.listClusters(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]*pmks.IID, len(clusters))
	for i, c := range clusters {
		list[i] = &pmks.IID{NameId: value(c.Name), SystemId: canonical(value(c.ID), h.cfg.ResourceGroup)}
	}
	return list, nil
}

// listClusters lists the clusters of the handler's resource group and region. A
// page may be empty and have a next one.
func (h *Handler) listClusters(ctx context.Context) ([]*armcontainerservice.ManagedCluster, error) {
	var list []*armcontainerservice.ManagedCluster
	pages := h.api.clusters.NewListByResourceGroupPager(h.cfg.ResourceGroup, nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail(err)
		}
		for _, c := range page.Value {
			if c != nil && sameLocation(value(c.Location), h.cfg.Location) {
				list = append(list, c)
			}
		}
	}
	return list, nil
}

// sameLocation compares regions: "Korea Central" and koreacentral are one.
func sameLocation(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, " ", ""), strings.ReplaceAll(b, " ", ""))
}
