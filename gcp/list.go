// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/compute/v1"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/limit"
)

// GetCluster implements [pmks.ClusterHandler] in two steps: the cluster with all
// its pools beside the operations under way, then the instance groups.
func (h *Handler) GetCluster(ctx context.Context, clusterIID pmks.IID) (_ pmks.ClusterInfo, err error) {
	defer place(&err, "GetCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	c, ops, err := h.readBoth(ctx, r)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := h.clusterInfo(c)
	overlay(&info, r, ops)
	var access pmks.AccessInfo
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.addNodes(gctx, limit.New(), c, &info) })
	g.Go(func() (err error) {
		access, err = h.access(gctx, c, true)
		return err
	})
	if err := g.Wait(); err != nil {
		return pmks.ClusterInfo{}, errors.Join(limit.Ended(ctx), err)
	}
	info.AccessInfo = access
	return info, nil
}

func (h *Handler) readCluster(ctx context.Context, r ref) (*containerpb.Cluster, error) {
	c, err := h.api.gke.GetCluster(ctx, &containerpb.GetClusterRequest{Name: r.path()})
	return c, fail(err)
}

// readBoth reads a cluster beside the operations of its location. A cluster that is
// not there because its creation failed is told so.
func (h *Handler) readBoth(ctx context.Context, r ref) (*containerpb.Cluster, []*containerpb.Operation, error) {
	var c *containerpb.Cluster
	var ops []*containerpb.Operation
	var clusterErr, opsErr error
	var g errgroup.Group
	g.Go(func() error {
		c, clusterErr = h.readCluster(ctx, r)
		return nil
	})
	g.Go(func() error {
		ops, opsErr = h.operations(ctx, r.location)
		return nil
	})
	_ = g.Wait()
	if why := failedCreation(r, ops); missing(clusterErr) && why != "" {
		return nil, nil, &pmks.Error{Code: pmks.CodeNotFound, Message: "its creation failed, and GKE has removed it: " + why, Err: clusterErr}
	}
	if clusterErr != nil {
		return nil, nil, clusterErr
	}
	return c, ops, opsErr
}

// addNodes reads the instance groups of every pool, in parallel. They tell the size
// too: the count in a pool is that of its creation.
func (h *Handler) addNodes(ctx context.Context, room limit.Limiter, c *containerpb.Cluster, info *pmks.ClusterInfo) error {
	if c.GetAutopilot().GetEnabled() {
		return nil // its instance groups are Google's own
	}
	g, ctx := errgroup.WithContext(ctx)
	for i, p := range c.GetNodePools() {
		if len(p.GetInstanceGroupUrls()) == 0 {
			continue // it has just been born
		}
		g.Go(func() error {
			group := &info.NodeGroupList[i]
			got, err := h.instances(ctx, room, p.GetInstanceGroupUrls(), group.Status.Transitional())
			switch {
			case has(err, pmks.CodePermissionDenied):
				group.KeyValueList = append(group.KeyValueList, pmks.KeyValue{Key: "Nodes",
					Value: "unreadable: the caller needs compute.instanceGroupManagers.get and list"})
				return nil
			case missing(err) && group.Status.Transitional():
				return nil // it is being made, or is dying
			case missing(err):
				// The pool, or the whole cluster, has vanished meanwhile.
				return room.Do(ctx, func() error {
					_, err := h.readCluster(ctx, h.refOf(c))
					return err
				})
			case err != nil:
				return err
			}
			group.Nodes, group.DesiredNodeSize = got.nodes, got.size
			return nil
		})
	}
	return g.Wait()
}

// instances is what the instance groups of a pool have and are to have.
type instances struct {
	nodes []pmks.IID
	size  int
}

// instances reads groups, in parallel. In transition the size that they are to have
// is asked for too; at rest it is what they have.
func (h *Handler) instances(ctx context.Context, room limit.Limiter, urls []string, transition bool) (instances, error) {
	lists := make([][]pmks.IID, len(urls))
	sizes := make([]int, len(urls))
	g, ctx := errgroup.WithContext(ctx)
	for i, url := range urls {
		g.Go(func() error {
			return room.Do(ctx, func() (err error) {
				lists[i], err = h.nodes(ctx, url)
				return err
			})
		})
		if transition {
			g.Go(func() error {
				return room.Do(ctx, func() (err error) {
					sizes[i], err = h.targetSize(ctx, url)
					return err
				})
			})
		}
	}
	err := g.Wait()
	got := instances{nodes: slices.Concat(lists...)}
	slices.SortFunc(got.nodes, func(a, b pmks.IID) int { return strings.Compare(a.NameId, b.NameId) })
	got.size = len(got.nodes)
	if transition {
		got.size = 0
		for _, n := range sizes {
			got.size += n
		}
	}
	return got, err
}

func (h *Handler) targetSize(ctx context.Context, url string) (int, error) {
	at, err := parseGroup(url)
	if err != nil {
		return 0, &pmks.Error{Code: pmks.CodeInternal, Message: err.Error()}
	}
	m, err := h.api.compute.InstanceGroupManagers.Get(at.project, at.zone, at.name).Context(ctx).Do()
	if err != nil {
		return 0, fail(err)
	}
	return int(m.TargetSize), nil
}

// nodes lists the instances of a group but for those that are leaving.
func (h *Handler) nodes(ctx context.Context, url string) ([]pmks.IID, error) {
	at, err := parseGroup(url)
	if err != nil {
		return nil, &pmks.Error{Code: pmks.CodeInternal, Message: err.Error()}
	}
	var list []pmks.IID
	err = h.api.compute.InstanceGroupManagers.ListManagedInstances(at.project, at.zone, at.name).Pages(ctx,
		func(page *compute.InstanceGroupManagersListManagedInstancesResponse) error {
			for _, i := range page.ManagedInstances {
				if i == nil || i.CurrentAction == "DELETING" || i.CurrentAction == "ABANDONING" {
					continue
				}
				name := i.Name
				if name == "" {
					name = i.Instance[strings.LastIndexByte(i.Instance, '/')+1:]
				}
				list = append(list, pmks.IID{NameId: name, SystemId: name})
			}
			return nil
		})
	return list, fail(err)
}

// ListCluster implements [pmks.ClusterHandler]: one call for all clusters with
// their pools, beside one for the operations, then one for each instance group.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer place(&err, "ListCluster", pmks.IID{}, pmks.IID{})
	var clusters []*containerpb.Cluster
	var ops []*containerpb.Operation
	var partial, opsErr error
	var both errgroup.Group
	both.Go(func() error {
		clusters, partial = h.listClusters(ctx)
		return nil
	})
	both.Go(func() error {
		ops, opsErr = h.operations(ctx, "-")
		return nil
	})
	_ = both.Wait()
	if err := errors.Join(limit.Ended(ctx), opsErr); err != nil || clusters == nil {
		return nil, errors.Join(err, partial)
	}
	room := limit.New()
	infos := make([]*pmks.ClusterInfo, len(clusters))
	faults := make([]error, len(clusters))
	// Failures are kept for each cluster, so no goroutine returns an error.
	var g errgroup.Group
	for i, c := range clusters {
		g.Go(func() error {
			info := h.clusterInfo(c)
			overlay(&info, h.refOf(c), ops)
			err := h.addNodes(ctx, room, c, &info)
			if missing(err) {
				return nil // it vanished meanwhile
			}
			if err != nil {
				faults[i] = pmks.Annotate(err, pmks.Error{Cluster: info.IId})
				return nil
			}
			info.AccessInfo, faults[i] = h.access(ctx, c, false)
			infos[i] = &info
			return nil
		})
	}
	_ = g.Wait()
	if err := limit.Ended(ctx); err != nil {
		return nil, err
	}
	infos = slices.DeleteFunc(infos, func(info *pmks.ClusterInfo) bool { return info == nil })
	return infos, errors.Join(errors.Join(faults...), partial)
}

// ListIID implements [pmks.IIDLister] with one call.
func (h *Handler) ListIID(ctx context.Context) (_ []*pmks.IID, err error) {
	defer place(&err, "ListIID", pmks.IID{}, pmks.IID{})
	clusters, err := h.listClusters(ctx)
	list := make([]*pmks.IID, len(clusters))
	for i, c := range clusters {
		id := h.clusterIID(h.refOf(c))
		list[i] = &id
	}
	return list, err
}

// listClusters lists the clusters of the region and of its zones with one call. If
// Google could not reach all of those, the rest comes with an error.
func (h *Handler) listClusters(ctx context.Context) ([]*containerpb.Cluster, error) {
	out, err := h.api.gke.ListClusters(ctx, &containerpb.ListClustersRequest{Parent: "projects/" + h.cfg.ProjectID + "/locations/-"})
	if err != nil {
		return nil, fail(err)
	}
	list := []*containerpb.Cluster{}
	for _, c := range out.GetClusters() {
		if regionOf(h.refOf(c).location) == h.cfg.Region {
			list = append(list, c)
		}
	}
	var away []string
	for _, zone := range out.GetMissingZones() {
		if regionOf(zone) == h.cfg.Region {
			away = append(away, zone)
		}
	}
	if len(away) > 0 {
		return list, &pmks.Error{Code: pmks.CodeUnavailable, Message: "GKE could not list the clusters of " + strings.Join(away, ", ")}
	}
	return list, nil
}
