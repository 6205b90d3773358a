// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// pageSize is the largest page of the list calls of EKS and Auto Scaling.
const pageSize = 100

// GetCluster implements [pmks.ClusterHandler] in two steps, however many node groups there
// are: the cluster beside the names of its groups and add-ons, then the groups beside all
// their Auto Scaling groups. A cluster without groups takes the first alone.
func (h *Handler) GetCluster(ctx context.Context, clusterIID pmks.IID) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "GetCluster", clusterIID, pmks.IID{})
	t, err := h.clusterTarget(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var addons []string
	var addonsErr error
	var found clusterRead
	var scaling scalingIndex
	err = fanout.All(ctx,
		func(ctx context.Context) (err error) {
			found, err = h.readCluster(ctx, t, fanout.Each, func(ctx context.Context) { scaling = h.scalingGroupsOf(ctx, t.cluster) })
			return err
		},
		func(ctx context.Context) error {
			addons, addonsErr = h.listAddons(ctx, t.cluster)
			return nil
		})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := h.assemble(ctx, found, h.withMissing(ctx, scaling, found.scalingNames()), true)
	for _, addon := range addons {
		info.Addons.KeyValueList = append(info.Addons.KeyValueList, pmks.KeyValue{Key: addon})
	}
	unread(&info.KeyValueList, addonsErr, "Addons")
	return info, errs.Over(ctx)
}

// clusterRead is a cluster with its node groups.
type clusterRead struct {
	cluster *types.Cluster
	groups  []nodegroupRead
}

// scalingNames are the names of the Auto Scaling groups of its node groups.
func (r clusterRead) scalingNames() (names []string) {
	for _, g := range r.groups {
		names = append(names, groupNames(g.nodegroup)...)
	}
	return names
}

// nodegroupRead is a node group that exists, or why no more is known of it.
type nodegroupRead struct {
	name      string
	nodegroup *types.Nodegroup
	err       error
}

// eachFunc runs f for 0 to n-1 as [fanout.Each] does: side by side, or [inTurn].
type eachFunc func(ctx context.Context, n int, f func(ctx context.Context, i int) error) error

// inTurn is for the clusters of a listing whose neighbours keep all slots busy: a goroutine
// more would wait in line, and grow a stack for the SDK, which is a tenth of what the
// listing costs.
func inTurn(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	faults := make([]error, n)
	for i := range n {
		if faults[i] = errs.Over(ctx); faults[i] == nil {
			faults[i] = fanout.Guarded(func() error { return f(ctx, i) })
		}
	}
	return errs.Join(faults...)
}

// readCluster reads a cluster beside its node groups, and beside them, if it has some,
// what else there is to read of groups; nil: nothing. It fails only when the cluster or the
// list of the groups cannot be read.
func (h *Handler) readCluster(ctx context.Context, t target, each eachFunc, beside func(context.Context)) (clusterRead, error) {
	var r clusterRead
	var err, groupsErr error
	fault := each(ctx, 2, func(ctx context.Context, i int) error { // both keep their own errors: one of them is enough
		if i == 0 {
			r.cluster, err = h.describeCluster(ctx, t)
		} else {
			r.groups, groupsErr = h.readNodegroups(ctx, t.cluster, each, beside)
		}
		return nil
	})
	for _, err := range []error{fault, err, groupsErr} {
		if err != nil {
			return clusterRead{}, err
		}
	}
	return r, nil
}

// readNodegroups reads all node groups of a cluster, and beside them, if there are some,
// what else there is to read of groups; nil: nothing. One that vanishes between the list
// and its description is left out.
func (h *Handler) readNodegroups(ctx context.Context, cluster string, each eachFunc, beside func(context.Context)) ([]nodegroupRead, error) {
	names, err := h.listNodegroups(ctx, cluster)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	groups := make([]nodegroupRead, len(names))
	first := 0
	if beside != nil {
		first = 1
	}
	// The errors stay with their groups; what is left is the end of ctx.
	err = each(ctx, first+len(names), func(ctx context.Context, i int) error {
		if i < first {
			beside(ctx)
			return nil
		}
		i -= first
		g := &groups[i]
		g.name = names[i]
		g.nodegroup, g.err = h.describeNodegroup(ctx, target{cluster: cluster, nodegroup: g.name})
		return nil
	})
	if err = errs.Join(err, errs.Over(ctx)); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(groups, func(g nodegroupRead) bool { return errs.Is(g.err, pmks.CodeNotFound) }), nil
}

// allRead returns the node groups, for what must know every one of them.
func allRead(groups []nodegroupRead) ([]*types.Nodegroup, error) {
	list := make([]*types.Nodegroup, len(groups))
	faults := make([]error, len(groups))
	for i, g := range groups {
		list[i], faults[i] = g.nodegroup, errs.OfNodeGroup(g.err, iid(g.name))
	}
	return list, errs.Join(faults...)
}

// assemble puts together what was read.
func (h *Handler) assemble(ctx context.Context, r clusterRead, scaling scalingIndex, withKubeconfig bool) pmks.ClusterInfo {
	info := clusterInfo(r.cluster)
	if len(r.groups) > 0 {
		info.NodeGroupList = make([]pmks.NodeGroupInfo, 0, len(r.groups))
	}
	for _, g := range r.groups {
		group := unreadNodegroup(g.name, g.err)
		if g.err == nil {
			found, err := scaling.pick(groupNames(g.nodegroup))
			group = nodegroupInfo(g.nodegroup, found, err)
		}
		info.NodeGroupList = append(info.NodeGroupList, group)
	}
	var err error
	info.AccessInfo, err = h.access(ctx, r.cluster, withKubeconfig)
	unread(&info.KeyValueList, err, "Kubeconfig")
	return info
}

// ListCluster implements [pmks.ClusterHandler]: two calls for each cluster, one
// for each node group, and the Auto Scaling groups of the whole region a hundred
// at a time beside them. Those that are missing there are read by name.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer annotate(&err, "ListCluster", pmks.IID{}, pmks.IID{})
	names, err := h.listNames(ctx)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	last := names[max(0, len(names)-2*fanout.Slots):] // behind them slots become free
	var scaling scalingIndex
	var clusters []clusterRead
	err = fanout.All(ctx,
		func(ctx context.Context) error {
			scaling = h.regionScalingGroups(ctx)
			return nil
		},
		func(ctx context.Context) (err error) {
			clusters, err = fanout.List(ctx, names, iid, func(ctx context.Context, name string) (clusterRead, error) {
				each := inTurn
				if slices.Contains(last, name) {
					each = fanout.Each
				}
				return h.readCluster(ctx, target{cluster: name}, each, nil)
			})
			return err
		})
	var scalingNames []string
	for _, c := range clusters {
		scalingNames = append(scalingNames, c.scalingNames()...)
	}
	scaling = h.withMissing(ctx, scaling, scalingNames)
	if end := errs.Over(ctx); end != nil {
		return nil, end
	}
	list := make([]*pmks.ClusterInfo, len(clusters))
	for i, c := range clusters {
		info := h.assemble(ctx, c, scaling, false)
		list[i] = &info
	}
	return list, err
}

// Clusters implements [pmks.ClusterStreamer] with the requests of ListCluster: the Auto
// Scaling groups of the region are read beside the clusters, and a cluster is handed over
// when those of its own have come in.
func (h *Handler) Clusters(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	return func(yield func(pmks.ClusterInfo, error) bool) {
		reading, cancel := context.WithCancel(ctx)
		var work sync.WaitGroup
		defer work.Wait()
		defer cancel()
		feed := newScalingFeed()
		begin := sync.OnceFunc(func() { work.Go(func() { feed.fill(h.regionScalingPages(reading)) }) })
		for info, err := range fanout.Stream(ctx, h.namePages(ctx), iid, func(ctx context.Context, name string) (pmks.ClusterInfo, error) {
			begin() // without clusters there is nothing to read
			found, err := h.readCluster(ctx, target{cluster: name}, fanout.Each, nil)
			if err != nil {
				return pmks.ClusterInfo{}, err
			}
			names := found.scalingNames()
			return h.assemble(ctx, found, h.withMissing(ctx, feed.wait(ctx, names), names), false), errs.Over(ctx)
		}, func(name string) pmks.ClusterInfo { return pmks.ClusterInfo{IId: iid(name)} }) {
			annotate(&err, "Clusters", info.IId, pmks.IID{})
			if !yield(info, err) {
				return
			}
		}
	}
}

// ListIID implements [pmks.IIDLister] with one call for a hundred clusters.
func (h *Handler) ListIID(ctx context.Context) (_ []*pmks.IID, err error) {
	defer annotate(&err, "ListIID", pmks.IID{}, pmks.IID{})
	names, err := h.listNames(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]*pmks.IID, len(names))
	for i, name := range names {
		id := iid(name)
		list[i] = &id
	}
	return list, nil
}

func (h *Handler) listNames(ctx context.Context) ([]string, error) {
	all := []string{}
	for names, err := range h.namePages(ctx) {
		if err != nil {
			return all, err
		}
		all = append(all, names...)
	}
	return all, nil
}

// namePages are the names page by page. A name is one cluster of the region, however often
// the pages, which move while they are read, have it.
func (h *Handler) namePages(ctx context.Context) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		seen := map[string]bool{}
		for names, err := range h.namePagesAsTold(ctx) {
			names = slices.DeleteFunc(names, func(name string) bool {
				again := seen[name]
				seen[name] = true
				return again
			})
			if !yield(names, err) {
				return
			}
		}
	}
}

func (h *Handler) namePagesAsTold(ctx context.Context) iter.Seq2[[]string, error] {
	return readPages(ctx, h, bucketEKS, h.api.eks.ListClusters, "list of clusters", func(token *string) *eks.ListClustersInput {
		return &eks.ListClustersInput{MaxResults: aws.Int32(pageSize), NextToken: token}
	}, func(o *eks.ListClustersOutput) ([]string, *string) { return o.Clusters, o.NextToken })
}

func (h *Handler) listAddons(ctx context.Context, name string) ([]string, error) {
	return readList(ctx, h, bucketEKS, h.api.eks.ListAddons, "list of add-ons", func(token *string) *eks.ListAddonsInput {
		return &eks.ListAddonsInput{ClusterName: &name, MaxResults: aws.Int32(pageSize), NextToken: token}
	}, func(o *eks.ListAddonsOutput) ([]string, *string) { return o.Addons, o.NextToken })
}

func (h *Handler) listNodegroups(ctx context.Context, name string) ([]string, error) {
	list, err := readList(ctx, h, bucketEKS, h.api.eks.ListNodegroups, "list of node groups", func(token *string) *eks.ListNodegroupsInput {
		return &eks.ListNodegroupsInput{ClusterName: &name, MaxResults: aws.Int32(pageSize), NextToken: token}
	}, func(o *eks.ListNodegroupsOutput) ([]string, *string) { return o.Nodegroups, o.NextToken })
	return list, notFoundOf(err, name)
}

func (h *Handler) listFargateProfiles(ctx context.Context, name string) ([]string, error) {
	return readList(ctx, h, bucketEKS, h.api.eks.ListFargateProfiles, "list of Fargate profiles", func(token *string) *eks.ListFargateProfilesInput {
		return &eks.ListFargateProfilesInput{ClusterName: &name, MaxResults: aws.Int32(pageSize), NextToken: token}
	}, func(o *eks.ListFargateProfilesOutput) ([]string, *string) { return o.FargateProfileNames, o.NextToken })
}

func (h *Handler) describeCluster(ctx context.Context, t target) (*types.Cluster, error) {
	out, err := read(ctx, h, bucketEKS, h.api.eks.DescribeCluster, &eks.DescribeClusterInput{Name: &t.cluster},
		"cluster of that name", func(o *eks.DescribeClusterOutput) bool {
			return o.Cluster != nil && aws.ToString(o.Cluster.Name) == t.cluster
		})
	if err != nil {
		return nil, notFoundOf(err, t.cluster)
	}
	if err := t.checkCluster(out.Cluster); err != nil {
		return nil, err
	}
	return out.Cluster, nil
}

func (h *Handler) describeNodegroup(ctx context.Context, t target) (*types.Nodegroup, error) {
	out, err := read(ctx, h, bucketEKS, h.api.eks.DescribeNodegroup, &eks.DescribeNodegroupInput{ClusterName: &t.cluster, NodegroupName: &t.nodegroup},
		"node group of that name", func(o *eks.DescribeNodegroupOutput) bool {
			return o.Nodegroup != nil && aws.ToString(o.Nodegroup.NodegroupName) == t.nodegroup
		})
	if err != nil {
		return nil, notFoundOf(err, t.cluster, t.nodegroup)
	}
	if err := t.checkNodegroup(out.Nodegroup); err != nil {
		return nil, err
	}
	return out.Nodegroup, nil
}
