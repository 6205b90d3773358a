// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// listLag is how long a list may not show what was made. The vendor names no figure.
const listLag = 30 * time.Second

// managed is the type of the clusters that pmks shows.
const managed = "MANAGED_CLUSTER"

func filter(name string, values ...string) []*tke.Filter {
	return []*tke.Filter{{Name: &name, Values: pointers(values)}}
}

// inScope reports whether a cluster is one that pmks shows. That it is in the region of
// the connection the list says.
func inScope(c *tke.Cluster) bool { return strings.EqualFold(deref(c.ClusterType), managed) }

// listAll lists the clusters of the region, of whatever type. A name makes the list
// shorter, no more: whether the vendor finds names that are only alike is not known.
func (h *Handler) listAll(ctx context.Context, name string) ([]*tke.Cluster, error) {
	list, err := readPages(func(c *tke.Cluster) string { return deref(c.ClusterId) }, func(offset int) ([]*tke.Cluster, int, error) {
		in := tke.NewDescribeClustersRequest()
		in.Offset, in.Limit = new(int64(offset)), new(int64(pageSize))
		if name != "" {
			in.Filters = filter("ClusterName", name)
		}
		return h.describeClusters(ctx, in)
	})
	if err != nil {
		return nil, err
	}
	for _, id := range h.claims.Recent("", name) { // what was accepted is to be found
		if slices.ContainsFunc(list, func(c *tke.Cluster) bool { return deref(c.ClusterId) == id }) {
			continue
		}
		c, err := h.describe(ctx, id)
		if err := errs.IgnoreNotFound(err); err != nil {
			return nil, err
		}
		if err == nil {
			list = append(list, c)
		}
	}
	for _, c := range list {
		h.note(c)
	}
	return list, nil
}

// note remembers how a cluster that pmks covers is called.
func (h *Handler) note(c *tke.Cluster) {
	if inScope(c) {
		h.names.Store(deref(c.ClusterId), deref(c.ClusterName))
		h.forgetUpgrade(c)
		h.noteVersion(deref(c.ClusterId), deref(c.ClusterVersion))
		if hasOwnTags(c) {
			h.tagged.Store(deref(c.ClusterId), true)
		}
	}
}

func (h *Handler) describeClusters(ctx context.Context, in *tke.DescribeClustersRequest) ([]*tke.Cluster, int, error) {
	out, err := read(ctx, h, in, tke.NewDescribeClustersResponse, "list of clusters", func(o *tke.DescribeClustersResponse) bool {
		return o.Response != nil && o.Response.TotalCount != nil &&
			!slices.ContainsFunc(o.Response.Clusters, func(c *tke.Cluster) bool { return c != nil && deref(c.ClusterId) == "" })
	})
	if errs.Is(err, pmks.CodeNotFound) { // a list says so by what it does not hold
		err = errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeUnavailable })
	}
	if err != nil {
		return nil, 0, err
	}
	return withoutNil(out.Response.Clusters), int(*out.Response.TotalCount), nil
}

// list lists the clusters that pmks shows.
func (h *Handler) list(ctx context.Context, name string) ([]*tke.Cluster, error) {
	all, err := h.listAll(ctx, name)
	return slices.DeleteFunc(all, func(c *tke.Cluster) bool { return !inScope(c) }), err
}

// named returns the one cluster of a name.
func named(list []*tke.Cluster, name string) (*tke.Cluster, error) {
	var found []*tke.Cluster
	var ids []string
	for _, c := range list {
		if deref(c.ClusterName) == name {
			found, ids = append(found, c), append(ids, deref(c.ClusterId))
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
// name, none for an id. Of a name what the list shows is returned too, which is all.
func (h *Handler) locate(ctx context.Context, r ref) (id string, listed *tke.Cluster, err error) {
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
	return deref(listed.ClusterId), listed, nil
}

// describe reads a cluster by its id. TKE answers for one that is not there, or in another
// region, with an empty list.
func (h *Handler) describe(ctx context.Context, id string) (*tke.Cluster, error) {
	in := tke.NewDescribeClustersRequest()
	in.ClusterIds, in.Limit = pointers([]string{id}), new(int64(pageSize))
	list, total, err := h.describeClusters(ctx, in)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(c *tke.Cluster) bool { return deref(c.ClusterId) == id })
	switch {
	case i < 0 && total > 0:
		return nil, errs.LostAnswer(vendor, "cluster "+id)
	case i < 0 && h.claims.Made("", id):
		return nil, &pmks.Error{Code: pmks.CodeUnavailable, Message: "the cluster " + id + " was made a moment ago and is not shown yet"}
	case i < 0:
		return nil, &pmks.Error{Code: pmks.CodeNotFound, Message: "there is no cluster " + id + " in the region"}
	case !inScope(list[i]):
		return nil, refuse.Invalid("clusterIID", "the cluster %s is of the type %s: only managed clusters are meant", id, deref(list[i].ClusterType))
	}
	h.note(list[i])
	return list[i], nil
}

// find returns the cluster that is meant.
func (h *Handler) find(ctx context.Context, r ref) (*tke.Cluster, error) {
	id, listed, err := h.locate(ctx, r)
	if err != nil || listed != nil {
		return listed, err
	}
	return h.describe(ctx, id)
}

// pools lists the node pools of a cluster, which takes one call, or those that a filter
// finds. Pools that are gone and still listed are left out.
func (h *Handler) pools(ctx context.Context, id string, filters []*tke.Filter) ([]*tke.NodePool, error) {
	list, err := h.poolsAlone(ctx, id, filters)
	return list, h.ofAbsent(ctx, err, id)
}

// poolsAlone is pools for who reads the cluster beside them.
func (h *Handler) poolsAlone(ctx context.Context, id string, filters []*tke.Filter) ([]*tke.NodePool, error) {
	in := tke.NewDescribeClusterNodePoolsRequest()
	in.ClusterId, in.Filters = &id, filters
	out, err := read(ctx, h, in, tke.NewDescribeClusterNodePoolsResponse, "list of node pools", func(o *tke.DescribeClusterNodePoolsResponse) bool {
		if o.Response == nil || o.Response.TotalCount == nil {
			return false
		}
		set := o.Response.NodePoolSet // by a filter an empty one may stand beside the number of all
		hollow := *o.Response.TotalCount > 0 && len(withoutNil(set)) == 0 && (set == nil || len(set) > 0 || len(filters) == 0)
		return !hollow && !slices.ContainsFunc(o.Response.NodePoolSet, func(p *tke.NodePool) bool { return p != nil && deref(p.NodePoolId) == "" })
	})
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(withoutNil(out.Response.NodePoolSet), func(p *tke.NodePool) bool { return deref(p.LifeState) == stateDeleted })
	for _, p := range list {
		h.showMove(p)
	}
	return list, nil
}

// ofAbsent says whether a cluster is gone of which another read says so: that its own
// read tells alone.
func (h *Handler) ofAbsent(ctx context.Context, err error, id string) error {
	if !errs.Is(err, pmks.CodeNotFound) {
		return err
	}
	if _, lookErr := h.describe(ctx, id); lookErr != nil {
		return lookErr
	}
	return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeUnavailable })
}

// readPool reads one node pool by its id.
func (h *Handler) readPool(ctx context.Context, id, poolId string) (*tke.NodePool, error) {
	list, err := h.pools(ctx, id, filter("NodePoolsId", poolId))
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if deref(p.NodePoolId) == poolId {
			return p, nil
		}
	}
	if h.claims.Made(id, poolId) {
		// It is there, and will be shown: absence would be taken for the end of a removal.
		return nil, &pmks.Error{Code: pmks.CodeUnavailable, Message: "the node group " + poolId + " was made a moment ago and is not shown yet"}
	}
	return nil, noPoolError(poolId)
}

func noPoolError(name string) error {
	return &pmks.Error{Code: pmks.CodeNotFound, Message: fmt.Sprintf("the cluster has no node group %q", name)}
}

// findPool reads the node pool that is meant.
func (h *Handler) findPool(ctx context.Context, id string, iid pmks.IID) (*tke.NodePool, error) {
	if iid.SystemId != "" {
		return h.readPool(ctx, id, iid.SystemId)
	}
	list, err := h.pools(ctx, id, filter("NodePoolsName", iid.NameId))
	if err != nil {
		return nil, err
	}
	var found []*tke.NodePool
	var ids []string
	for _, p := range list {
		if deref(p.Name) == iid.NameId {
			found, ids = append(found, p), append(ids, deref(p.NodePoolId))
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

// poolAndCluster reads a node pool, and beside it its cluster where this handler has not
// seen yet that pmks covers it, and how it is called: a pool does not tell.
func (h *Handler) poolAndCluster(ctx context.Context, r ref, nodeGroupIID pmks.IID) (p *tke.NodePool, iid pmks.IID, err error) {
	id, listed, err := h.locate(ctx, r)
	if err != nil {
		return nil, iid, err
	}
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		p, err = h.findPool(ctx, id, nodeGroupIID)
		return err
	}, func(ctx context.Context) (err error) {
		iid, err = h.identity(ctx, id, listed)
		return err
	})
	return p, iid, err
}

// identity is that of a cluster which pmks covers: it is read where neither a list that
// was just read nor anything before it has told.
func (h *Handler) identity(ctx context.Context, id string, listed *tke.Cluster) (pmks.IID, error) {
	if listed != nil {
		return clusterIID(listed), nil
	}
	name, err := h.names.Get(ctx, id, func(ctx context.Context) (string, error) {
		c, err := h.describe(ctx, id)
		return deref(deref(c).ClusterName), err
	})
	return pmks.IID{NameId: name, SystemId: id}, err
}

// instances lists the nodes of a cluster that are CVM instances of a node pool; of one
// pool where its id is given.
func (h *Handler) instances(ctx context.Context, id, poolId string) ([]*tke.Instance, error) {
	list, err := readPages(func(n *tke.Instance) string { return deref(n.InstanceId) }, func(offset int) ([]*tke.Instance, int, error) {
		in := tke.NewDescribeClusterInstancesRequest()
		in.ClusterId, in.Offset, in.Limit = &id, new(int64(offset)), new(int64(pageSize))
		if poolId != "" {
			in.Filters = filter("nodepool-id", poolId)
		}
		out, err := read(ctx, h, in, tke.NewDescribeClusterInstancesResponse, "list of nodes", func(o *tke.DescribeClusterInstancesResponse) bool {
			return o.Response != nil && o.Response.TotalCount != nil
		})
		if err != nil {
			return nil, 0, err
		}
		return withoutNil(out.Response.InstanceSet), int(*out.Response.TotalCount), nil
	})
	return slices.DeleteFunc(list, func(n *tke.Instance) bool {
		return deref(n.InstanceId) == "" || deref(n.NodePoolId) == "" || strings.HasPrefix(*n.InstanceId, "np-")
	}), err
}

// nodesByPool are the nodes of the pools of a cluster, by the ids of those.
func nodesByPool(list []*tke.Instance) map[string][]pmks.IID {
	nodes := map[string][]pmks.IID{}
	for _, n := range list {
		pool := deref(n.NodePoolId)
		nodes[pool] = append(nodes[pool], pmks.IID{SystemId: *n.InstanceId})
	}
	return nodes
}
