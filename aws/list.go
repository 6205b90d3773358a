// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/limit"
)

// pageSize is the largest page of the list calls of EKS and Auto Scaling.
const pageSize = 100

// GetCluster implements [pmks.ClusterHandler] in three steps, however many node
// groups there are: the cluster beside the names of its groups and add-ons, then
// the groups, then all their Auto Scaling groups.
func (h *Handler) GetCluster(ctx context.Context, clusterIID pmks.IID) (_ pmks.ClusterInfo, err error) {
	defer place(&err, "GetCluster", clusterIID, pmks.IID{})
	name, err := h.clusterName(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	return h.getCluster(ctx, name)
}

func (h *Handler) getCluster(ctx context.Context, name string) (pmks.ClusterInfo, error) {
	var cluster *types.Cluster
	var addons []string
	room := limit.New()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return room.Do(gctx, func() (err error) {
			cluster, err = h.describeCluster(gctx, name)
			return err
		})
	})
	g.Go(func() error {
		return room.Do(gctx, func() (err error) {
			addons, err = h.listAddons(gctx, name)
			return err
		})
	})
	groups, err := h.nodegroups(gctx, room, name)
	if err != nil {
		g.Go(func() error { return err }) // it ends the others
	}
	if err := g.Wait(); err != nil {
		return pmks.ClusterInfo{}, errors.Join(limit.Ended(ctx), err)
	}
	var names []string
	for _, n := range groups {
		names = append(names, groupNames(n)...)
	}
	scaling, err := h.scalingGroups(ctx, room, names)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info, err := h.assemble(ctx, cluster, groups, scaling, true)
	for _, addon := range addons {
		info.Addons.KeyValueList = append(info.Addons.KeyValueList, pmks.KeyValue{Key: addon})
	}
	return info, err
}

// assemble puts together what was read.
func (h *Handler) assemble(ctx context.Context, c *types.Cluster, groups []*types.Nodegroup,
	scaling scalingIndex, withKubeconfig bool) (pmks.ClusterInfo, error) {
	info := clusterInfo(c)
	if len(groups) > 0 {
		info.NodeGroupList = make([]pmks.NodeGroupInfo, 0, len(groups))
	}
	for _, n := range groups {
		info.NodeGroupList = append(info.NodeGroupList, nodegroupInfo(n, scaling.pick(groupNames(n))))
	}
	var err error
	info.AccessInfo, err = h.access(ctx, c, withKubeconfig)
	return info, err
}

// scalingIndex holds Auto Scaling groups by name, each as a part of the slice that
// it came in: the structs are large, and most node groups have one.
type scalingIndex map[string][]asgtypes.AutoScalingGroup

func (x scalingIndex) pick(names []string) []asgtypes.AutoScalingGroup {
	if len(names) == 1 {
		return x[names[0]]
	}
	var list []asgtypes.AutoScalingGroup
	for _, name := range names {
		list = append(list, x[name]...)
	}
	return list
}

func (x scalingIndex) add(groups []asgtypes.AutoScalingGroup) {
	for i := range groups {
		x[aws.ToString(groups[i].AutoScalingGroupName)] = groups[i : i+1 : i+1]
	}
}

// ListCluster implements [pmks.ClusterHandler]: two calls for each cluster, one
// for each node group, and the Auto Scaling groups of the whole region a hundred
// at a time beside them.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer place(&err, "ListCluster", pmks.IID{}, pmks.IID{})
	names, err := h.listNames(ctx)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, nil
	}
	room := limit.New()
	var scaling scalingIndex
	var scalingErr error
	clusters := make([]*types.Cluster, len(names))
	groups := make([][]*types.Nodegroup, len(names))
	faults := make([]error, len(names))

	// Failures are kept for each cluster, so no goroutine returns an error.
	var g errgroup.Group
	g.Go(func() error {
		scaling, scalingErr = h.regionScalingGroups(ctx, room)
		return nil
	})
	for i, name := range names {
		g.Go(func() error {
			var both errgroup.Group
			both.Go(func() error {
				return room.Do(ctx, func() (err error) {
					clusters[i], err = h.describeCluster(ctx, name)
					return err
				})
			})
			var err error
			groups[i], err = h.nodegroups(ctx, room, name)
			faults[i] = cmp.Or(both.Wait(), err)
			return nil
		})
	}
	_ = g.Wait()
	if err := errors.Join(limit.Ended(ctx), scalingErr); err != nil {
		return nil, err
	}

	var list []*pmks.ClusterInfo
	var failed []error
	for i, name := range names {
		err := faults[i]
		if missing(err) {
			continue // it vanished meanwhile
		}
		if err == nil {
			var info pmks.ClusterInfo
			if info, err = h.assemble(ctx, clusters[i], groups[i], scaling, false); err == nil {
				list = append(list, &info)
				continue
			}
		}
		failed = append(failed, about(err, iid(name)))
	}
	return list, errors.Join(failed...)
}

// about says which cluster an error speaks of.
func about(err error, cluster pmks.IID) error {
	var e *pmks.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Cluster = cluster
	return &c
}

// ListIID implements [pmks.IIDLister] with one call for a hundred clusters.
func (h *Handler) ListIID(ctx context.Context) (_ []*pmks.IID, err error) {
	defer place(&err, "ListIID", pmks.IID{}, pmks.IID{})
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
	var names []string
	pages := eks.NewListClustersPaginator(h.api.eks, &eks.ListClustersInput{MaxResults: aws.Int32(pageSize)}, func(o *eks.ListClustersPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail(err)
		}
		names = append(names, page.Clusters...)
	}
	return names, nil
}

func (h *Handler) listAddons(ctx context.Context, name string) ([]string, error) {
	var names []string
	pages := eks.NewListAddonsPaginator(h.api.eks, &eks.ListAddonsInput{ClusterName: &name, MaxResults: aws.Int32(pageSize)}, func(o *eks.ListAddonsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail(err)
		}
		names = append(names, page.Addons...)
	}
	return names, nil
}

func (h *Handler) listNodegroups(ctx context.Context, name string) ([]string, error) {
	var names []string
	pages := eks.NewListNodegroupsPaginator(h.api.eks, &eks.ListNodegroupsInput{ClusterName: &name, MaxResults: aws.Int32(pageSize)}, func(o *eks.ListNodegroupsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail(err)
		}
		names = append(names, page.Nodegroups...)
	}
	return names, nil
}

// nodegroups reads all node groups of a cluster. One that vanishes between the
// list and its description is left out; any other failure fails the whole.
func (h *Handler) nodegroups(ctx context.Context, room limit.Limiter, cluster string) ([]*types.Nodegroup, error) {
	var names []string
	err := room.Do(ctx, func() (err error) {
		names, err = h.listNodegroups(ctx, cluster)
		return err
	})
	if err != nil {
		return nil, err
	}
	groups := make([]*types.Nodegroup, len(names))
	err = together(len(names), func(i int) error {
		return room.Do(ctx, func() error {
			n, err := h.describeNodegroup(ctx, cluster, names[i])
			if err == nil {
				groups[i] = n
			}
			return ignoreMissing(err)
		})
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(groups, func(n *types.Nodegroup) bool { return n == nil }), nil
}

// together runs f for 0 to n-1 at the same time and returns one of the errors. The
// first runs on the goroutine of the caller: the SDK needs a deep stack, which has
// grown there already, and growing one costs a tenth of a request.
func together(n int, f func(i int) error) error {
	if n == 0 {
		return nil
	}
	var g errgroup.Group
	for i := 1; i < n; i++ {
		g.Go(func() error { return f(i) })
	}
	return cmp.Or(f(0), g.Wait())
}

func ignoreMissing(err error) error {
	if missing(err) {
		return nil
	}
	return err
}

// scalingGroups reads Auto Scaling groups by name, a hundred at a time. One that
// is not found has no nodes yet, or no more.
func (h *Handler) scalingGroups(ctx context.Context, room limit.Limiter, names []string) (scalingIndex, error) {
	chunks := slices.Collect(slices.Chunk(names, pageSize))
	found := make([][]asgtypes.AutoScalingGroup, len(chunks))
	err := together(len(chunks), func(i int) error {
		return room.Do(ctx, func() error {
			out, err := h.api.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
				AutoScalingGroupNames: chunks[i], MaxRecords: aws.Int32(pageSize)})
			if err == nil {
				found[i] = out.AutoScalingGroups
			}
			return fail(err)
		})
	})
	index := scalingIndex{}
	for _, groups := range found {
		index.add(groups)
	}
	return index, err
}

// regionScalingGroups reads the Auto Scaling groups of all EKS node groups.
func (h *Handler) regionScalingGroups(ctx context.Context, room limit.Limiter) (scalingIndex, error) {
	index := scalingIndex{}
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(h.api.asg, &autoscaling.DescribeAutoScalingGroupsInput{
		MaxRecords: aws.Int32(pageSize),
		Filters:    []asgtypes.Filter{{Name: aws.String("tag-key"), Values: []string{"eks:cluster-name"}}},
	}, func(o *autoscaling.DescribeAutoScalingGroupsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		err := room.Do(ctx, func() error {
			page, err := pages.NextPage(ctx)
			if err == nil {
				index.add(page.AutoScalingGroups)
			}
			return fail(err)
		})
		if err != nil {
			return nil, err
		}
	}
	return index, nil
}

func (h *Handler) describeCluster(ctx context.Context, name string) (*types.Cluster, error) {
	out, err := h.api.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
	if err != nil {
		return nil, fail(err)
	}
	return answered(out.Cluster, "cluster")
}

func (h *Handler) describeNodegroup(ctx context.Context, cluster, name string) (*types.Nodegroup, error) {
	out, err := h.api.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: &cluster, NodegroupName: &name})
	if err != nil {
		return nil, fail(err)
	}
	return answered(out.Nodegroup, "node group")
}
