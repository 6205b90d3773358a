// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ident"
	"github.com/pmks-go/pmks/internal/refuse"
)

// The SDK has a type for each call. These are the ones with all members.
type (
	cluster = cs.DescribeClusterDetailResponseBody
	pool    = cs.DescribeClusterNodePoolsResponseBodyNodepools
	node    = cs.DescribeClusterNodesResponseBodyNodes
)

const (
	pageSize    = 100 // the largest of clusters and nodes
	managed     = "ManagedKubernetes"
	profileUsed = "Default"
)

// inScope reports whether a cluster is one that pmks shows: managed, of the profile
// Default, in the region of the connection, and there.
func (h *Handler) inScope(c *cluster) bool {
	return tea.StringValue(c.ClusterType) == managed && isDefaultProfile(c) && tea.StringValue(c.State) != stateDeleted &&
		(tea.StringValue(c.RegionId) == "" || tea.StringValue(c.RegionId) == h.cfg.Region)
}

func isDefaultProfile(c *cluster) bool {
	p := tea.StringValue(c.Profile)
	return p == "" || p == profileUsed
}

// listAll lists the clusters of the region, of whatever type. A name makes the list
// shorter, no more: ACK finds names that only begin so, or look alike.
func (h *Handler) listAll(ctx context.Context, name string) ([]*cluster, error) {
	list, err := readPages(pageSize, clusterID, func(page int) ([]*cluster, int, error) { return h.clusterPage(ctx, name, page) })
	if err != nil {
		return nil, err
	}
	return h.withRecent(ctx, list, name)
}

func clusterID(c *cluster) string { return tea.StringValue(c.ClusterId) }

// clusterPage reads one page of the list of clusters.
func (h *Handler) clusterPage(ctx context.Context, name string, page int) (list []*cluster, all int, err error) {
	type item = cs.DescribeClustersForRegionResponseBodyClusters
	in := &cs.DescribeClustersForRegionRequest{PageNumber: tea.Int64(int64(page)), PageSize: tea.Int64(pageSize)}
	if name != "" {
		in.Name = &name
	}
	out, err := read(ctx, h, "DescribeClustersForRegion", "list of clusters", func(c csAPI) (*cs.DescribeClustersForRegionResponse, error) {
		return c.DescribeClustersForRegion(&h.cfg.Region, in)
	}, func(o *cs.DescribeClustersForRegionResponse) bool {
		return o.Body != nil && o.Body.PageInfo != nil && !slices.ContainsFunc(o.Body.Clusters, func(c *item) bool { return c != nil && tea.StringValue(c.ClusterId) == "" })
	})
	if err != nil {
		return nil, 0, err
	}
	items := withoutNil(out.Body.Clusters)
	list = make([]*cluster, len(items))
	for i, c := range items {
		list[i] = listedCluster(c)
	}
	return list, total(out.Body.PageInfo.TotalCount), nil
}

// listedCluster is a cluster as a list shows it, without what a list leaves out.
func listedCluster(c *cs.DescribeClustersForRegionResponseBodyClusters) *cluster {
	return &cluster{
		ClusterDomain: c.ClusterDomain, ClusterId: c.ClusterId, ClusterSpec: c.ClusterSpec, ClusterType: c.ClusterType, ContainerCidr: c.ContainerCidr,
		Created: c.Created, CurrentVersion: c.CurrentVersion, DeletionProtection: c.DeletionProtection, InitVersion: c.InitVersion, IpStack: c.IpStack,
		Name: c.Name, NextVersion: c.NextVersion, Profile: c.Profile, ProxyMode: c.ProxyMode, RegionId: c.RegionId, ResourceGroupId: c.ResourceGroupId,
		SecurityGroupId: c.SecurityGroupId, ServiceCidr: c.ServiceCidr, Size: c.Size, State: c.State, Tags: c.Tags, Timezone: c.Timezone, Updated: c.Updated,
		VpcId: c.VpcId, VswitchIds: c.VswitchIds,
	}
}

// clusterPages hands over the clusters that pmks shows page by page, and at last what this
// handler has made a moment ago and no page shows yet.
func (h *Handler) clusterPages(ctx context.Context) iter.Seq2[[]*cluster, error] {
	return func(yield func([]*cluster, error) bool) {
		var given []*cluster
		seen := map[string]bool{}
		more := true
		take := func(_ int, fresh []*cluster) bool {
			fresh = slices.DeleteFunc(fresh, func(c *cluster) bool {
				again := seen[clusterID(c)]
				seen[clusterID(c)] = true
				return again
			})
			given = append(given, fresh...)
			if fresh = h.meant(fresh); len(fresh) > 0 {
				more = yield(fresh, nil)
			}
			return more
		}
		err := walkPages(pageSize, clusterID, func(page int) ([]*cluster, int, error) { return h.clusterPage(ctx, "", page) }, take)
		if err == nil && more {
			var all []*cluster
			if all, err = h.withRecent(ctx, given, ""); err == nil {
				take(0, all[len(given):])
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// meant leaves out what pmks does not show.
func (h *Handler) meant(list []*cluster) []*cluster {
	list = slices.DeleteFunc(list, func(c *cluster) bool { return !h.inScope(c) })
	for _, c := range list {
		h.shown.Store(clusterID(c), tea.StringValue(c.Name))
	}
	return list
}

// withRecent adds what this handler has made a moment ago: lists lag behind by up to ten
// seconds, and what was accepted is to be found.
func (h *Handler) withRecent(ctx context.Context, list []*cluster, name string) ([]*cluster, error) {
	for _, id := range h.claims.Recent("", name) {
		if slices.ContainsFunc(list, func(c *cluster) bool { return tea.StringValue(c.ClusterId) == id }) {
			continue
		}
		c, err := h.describe(ctx, id)
		if name == "" && errs.Is(err, pmks.CodePermissionDenied) {
			continue // the list does without what may not be read
		}
		if err := errs.IgnoreNotFound(err); err != nil {
			return nil, err
		}
		if err == nil {
			list = append(list, c)
		}
	}
	return list, nil
}

// list lists the clusters that pmks shows.
func (h *Handler) list(ctx context.Context, name string) ([]*cluster, error) {
	all, err := h.listAll(ctx, name)
	return h.meant(all), err
}

// total is how many items a list has in all, -1 where the answer does not tell.
func total(count *int32) int {
	if count == nil {
		return -1
	}
	return int(*count)
}

// withoutNil leaves out the items that the vendor has written as null.
func withoutNil[T any](list []*T) []*T {
	return slices.DeleteFunc(list, func(item *T) bool { return item == nil })
}

// named returns the one cluster of a name.
func named(list []*cluster, name string) (*cluster, error) {
	var found []*cluster
	var ids []string
	for _, c := range list {
		if tea.StringValue(c.Name) == name {
			found, ids = append(found, c), append(ids, tea.StringValue(c.ClusterId))
		}
	}
	switch len(found) {
	case 0:
		return nil, &pmks.Error{Code: pmks.CodeNotFound, Message: fmt.Sprintf("there is no managed cluster %q in the region", name)}
	case 1:
		return found[0], nil
	}
	return nil, refuse.Invalid("clusterIID", "the name %q is ambiguous: give the SystemId, one of %s", name, strings.Join(ids, ", "))
}

// locate returns the id of the cluster that is meant: a call for one that is given by its
// name, none for an id. Of a name alone what the list shows is returned too.
func (h *Handler) locate(ctx context.Context, r ref) (id string, listed *cluster, err error) {
	if r.id != "" {
		return r.id, nil, h.checkAccount(ctx, r)
	}
	list, err := h.list(ctx, r.name)
	if err != nil {
		return "", nil, err
	}
	if listed, err = named(list, r.name); err != nil {
		return "", nil, err
	}
	return tea.StringValue(listed.ClusterId), listed, nil
}

// describe reads a cluster by its id. The endpoint of a region answers for clusters of
// others as well: only what is read tells where a cluster is.
func (h *Handler) describe(ctx context.Context, id string) (*cluster, error) {
	out, err := read(ctx, h, "DescribeClusterDetail", "cluster "+id, func(c csAPI) (*cs.DescribeClusterDetailResponse, error) {
		return c.DescribeClusterDetail(&id)
	}, func(o *cs.DescribeClusterDetailResponse) bool {
		return o.Body != nil && tea.StringValue(o.Body.ClusterId) == id
	})
	if err != nil {
		return nil, absent(err, noCluster)
	}
	c := out.Body
	switch {
	case tea.StringValue(c.State) == stateDeleted:
		return nil, &pmks.Error{Code: pmks.CodeNotFound, ProviderCode: stateDeleted, Message: "the cluster " + id + " is deleted"}
	case tea.StringValue(c.RegionId) != "":
		if err := ident.Match("clusterIID", id, ident.Part{Name: "region", Got: *c.RegionId, Want: h.cfg.Region}); err != nil {
			return nil, err
		}
	}
	if !h.inScope(c) {
		return nil, refuse.Invalid("clusterIID", "the cluster %s is of the type %s and the profile %q: only managed clusters of the profile Default are meant", id, tea.StringValue(c.ClusterType), tea.StringValue(c.Profile))
	}
	h.shown.Store(id, tea.StringValue(c.Name))
	return c, nil
}

// listLag is how long a list may not show what was made (vendor's notice of November
// 2024: 1 to 10 seconds), with something to spare.
const listLag = 12 * time.Second

// clusterThere and poolThere report whether what has a name, by a list that lags behind or
// by who made it, is not gone by now.
func (h *Handler) clusterThere(ctx context.Context, id string) bool {
	_, err := h.describe(ctx, id)
	return !errs.Is(err, pmks.CodeNotFound)
}

func (h *Handler) poolThere(ctx context.Context, id, poolId string) bool {
	_, err := h.readPool(ctx, id, poolId)
	return !errs.Is(err, pmks.CodeNotFound)
}

// within reads something of a cluster that is given by its id, and beside that the cluster
// itself where this handler has not seen yet that it is one that pmks shows: nothing else
// tells whose a node pool or a task is. The kind and the region of a cluster stay.
func (h *Handler) within(ctx context.Context, id string, read func(context.Context) error) error {
	if _, ok := h.shown.Load(id); ok {
		return read(ctx)
	}
	var refused error
	err := fanout.All(ctx, func(ctx context.Context) error {
		_, refused = h.shown.Get(ctx, id, func(ctx context.Context) (string, error) {
			c, err := h.describe(ctx, id)
			if err != nil {
				return "", err
			}
			return tea.StringValue(c.Name), nil
		})
		return nil
	}, read)
	if refused != nil {
		return refused // what was read is not meant
	}
	return err
}

// find returns the cluster that is meant as its list item shows it, or else whole.
func (h *Handler) find(ctx context.Context, r ref) (*cluster, error) {
	id, listed, err := h.locate(ctx, r)
	if err != nil || listed != nil {
		return listed, err
	}
	return h.describe(ctx, id)
}

// pools lists the node pools of a cluster, which takes one call.
func (h *Handler) pools(ctx context.Context, id string) ([]*pool, error) {
	out, err := read(ctx, h, "DescribeClusterNodePools", "list of node pools", func(c csAPI) (*cs.DescribeClusterNodePoolsResponse, error) {
		return c.DescribeClusterNodePools(&id, &cs.DescribeClusterNodePoolsRequest{})
	}, func(o *cs.DescribeClusterNodePoolsResponse) bool {
		return o.Body != nil && o.Body.Nodepools != nil && !slices.ContainsFunc(o.Body.Nodepools, func(p *pool) bool { return p != nil && poolID(p) == "" })
	})
	if err != nil {
		return nil, absent(err, noCluster)
	}
	return slices.DeleteFunc(withoutNil(out.Body.Nodepools), func(p *pool) bool { return poolState(p) == stateDeleted }), nil
}

// readPool reads one node pool.
func (h *Handler) readPool(ctx context.Context, id, poolId string) (*pool, error) {
	out, err := read(ctx, h, "DescribeClusterNodePoolDetail", "node pool "+poolId, func(c csAPI) (*cs.DescribeClusterNodePoolDetailResponse, error) {
		return c.DescribeClusterNodePoolDetail(&id, &poolId)
	}, func(o *cs.DescribeClusterNodePoolDetailResponse) bool {
		return o.Body != nil && o.Body.NodepoolInfo != nil && tea.StringValue(o.Body.NodepoolInfo.NodepoolId) == poolId
	})
	if err != nil {
		if err = absent(err, noCluster, noPool); errs.ProviderCode(err) == noPool && h.claims.Made(id, poolId) {
			// It is there, and will be shown: absence would be taken for the end of a removal.
			err = errs.With(err, func(e *pmks.Error) {
				e.Code, e.Message = pmks.CodeUnavailable, "the node group was made a moment ago and is not shown yet: "+e.Message
			})
		}
		return nil, err
	}
	p, err := as[pool](out.Body)
	switch {
	case err != nil:
		return nil, errs.LostAnswer(vendor, "node pool "+poolId)
	case poolState(p) == stateDeleted:
		return nil, noPoolError(poolId)
	}
	return p, nil
}

func noPoolError(name string) error {
	return &pmks.Error{Code: pmks.CodeNotFound, Message: fmt.Sprintf("the cluster has no node group %q", name)}
}

// findPool reads the node pool that is meant, with one call either way.
func (h *Handler) findPool(ctx context.Context, id string, iid pmks.IID) (*pool, error) {
	if iid.SystemId != "" {
		return h.readPool(ctx, id, iid.SystemId)
	}
	list, err := h.pools(ctx, id)
	if err != nil {
		return nil, err
	}
	var found []*pool
	var ids []string
	for _, p := range list {
		if poolName(p) == iid.NameId {
			found, ids = append(found, p), append(ids, poolID(p))
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, refuse.Invalid("nodeGroupIID", "the name %q is ambiguous: give the SystemId, one of %s", iid.NameId, strings.Join(ids, ", "))
	}
	for _, poolId := range h.claims.Recent(id, iid.NameId) {
		return h.readPool(ctx, id, poolId)
	}
	return nil, noPoolError(iid.NameId)
}

// currentPool reads the node pool that is meant as it is now: the list, which tells what
// has a name, lags behind, and what has changed a moment ago would be taken for unchanged.
func (h *Handler) currentPool(ctx context.Context, id string, iid pmks.IID) (p *pool, err error) {
	err = h.within(ctx, id, func(ctx context.Context) (err error) {
		if p, err = h.findPool(ctx, id, iid); err == nil && iid.SystemId == "" {
			p, err = h.readPool(ctx, id, poolID(p))
		}
		return err
	})
	return p, err
}

// nodes lists the nodes of a cluster, or of one node pool of it, that are instances of ECS,
// by node pool.
func (h *Handler) nodes(ctx context.Context, id, poolId string) (map[string][]pmks.IID, error) {
	list, err := readPages(pageSize, func(n *node) string {
		return tea.StringValue(n.NodepoolId) + "/" + tea.StringValue(n.InstanceId) + "/" + tea.StringValue(n.NodeName)
	}, func(page int) ([]*node, int, error) {
		in := &cs.DescribeClusterNodesRequest{PageNumber: tea.String(strconv.Itoa(page)), PageSize: tea.String(strconv.Itoa(pageSize))}
		if poolId != "" {
			in.NodepoolId = &poolId
		}
		out, err := read(ctx, h, "DescribeClusterNodes", "list of nodes", func(c csAPI) (*cs.DescribeClusterNodesResponse, error) {
			return c.DescribeClusterNodes(&id, in)
		}, func(o *cs.DescribeClusterNodesResponse) bool { return o.Body != nil && o.Body.Page != nil })
		if err != nil {
			return nil, 0, absent(err, noCluster)
		}
		return withoutNil(out.Body.Nodes), total(out.Body.Page.TotalCount), nil
	})
	if err != nil {
		return nil, err
	}
	byPool := map[string][]pmks.IID{}
	for _, n := range list {
		if instance := tea.StringValue(n.InstanceId); instance != "" && (n.IsAliyunNode == nil || *n.IsAliyunNode) {
			of := tea.StringValue(n.NodepoolId)
			if !slices.ContainsFunc(byPool[of], func(iid pmks.IID) bool { return iid.SystemId == instance }) {
				byPool[of] = append(byPool[of], pmks.IID{NameId: tea.StringValue(n.NodeName), SystemId: instance})
			}
		}
	}
	return byPool, nil
}
