// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// pageSize is the largest page of the list calls of EKS and Auto Scaling.
const pageSize = 100

// GetCluster implements [pmks.ClusterHandler] in three steps, however many node
// groups there are: the cluster beside the names of its groups and add-ons, then
// the groups, then all their Auto Scaling groups.
func (h *Handler) GetCluster(ctx context.Context, clusterIID pmks.IID) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "GetCluster", clusterIID, pmks.IID{})
	t, err := h.clusterTarget(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var addons []string
	var addonsErr error
	var found clusterRead
	err = fanout.All(ctx,
		func(ctx context.Context) (err error) {
			found, err = h.readCluster(ctx, t)
			return err
		},
		func(ctx context.Context) error {
			addons, addonsErr = h.listAddons(ctx, t.cluster)
			return nil
		})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var names []string
	for _, g := range found.groups {
		names = append(names, groupNames(g.nodegroup)...)
	}
	info := h.assemble(ctx, found, h.scalingGroups(ctx, names), true)
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

// nodegroupRead is a node group that exists, or why no more is known of it.
type nodegroupRead struct {
	name      string
	nodegroup *types.Nodegroup
	err       error
}

// readCluster reads a cluster beside its node groups. It fails only when the
// cluster or the list of the groups cannot be read.
func (h *Handler) readCluster(ctx context.Context, t target) (clusterRead, error) {
	var r clusterRead
	var err, groupsErr error
	fault := fanout.All(ctx, // both keep their own errors: one of them is enough
		func(ctx context.Context) error {
			r.cluster, err = h.describeCluster(ctx, t)
			return nil
		},
		func(ctx context.Context) error {
			r.groups, groupsErr = h.readNodegroups(ctx, t.cluster)
			return nil
		})
	for _, err := range []error{fault, err, groupsErr} {
		if err != nil {
			return clusterRead{}, err
		}
	}
	return r, nil
}

// readNodegroups reads all node groups of a cluster. One that vanishes between the
// list and its description is left out.
func (h *Handler) readNodegroups(ctx context.Context, cluster string) ([]nodegroupRead, error) {
	names, err := h.listNodegroups(ctx, cluster)
	if err != nil {
		return nil, err
	}
	groups := make([]nodegroupRead, len(names))
	// The errors stay with their groups; what is left is the end of ctx.
	err = fanout.Each(ctx, len(names), func(ctx context.Context, i int) error {
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
// at a time beside them.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer annotate(&err, "ListCluster", pmks.IID{}, pmks.IID{})
	names, err := h.listNames(ctx)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	var scaling scalingIndex
	var clusters []clusterRead
	err = fanout.All(ctx,
		func(ctx context.Context) error {
			scaling = h.regionScalingGroups(ctx)
			return nil
		},
		func(ctx context.Context) (err error) {
			clusters, err = fanout.List(ctx, names, iid, func(ctx context.Context, name string) (clusterRead, error) {
				return h.readCluster(ctx, target{cluster: name})
			})
			return err
		})
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
	return readList(ctx, h, bucketEKS, h.api.eks.ListClusters, "list of clusters", func(token *string) *eks.ListClustersInput {
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

// scalingIndex holds Auto Scaling groups by name, each as a part of the slice that
// it came in: the structs are large, and most node groups have one.
type scalingIndex struct {
	groups map[string][]asgtypes.AutoScalingGroup
	// err is why there may be others.
	err error
}

// pick returns the Auto Scaling groups of a node group. One that is not there has
// no nodes yet, or no more, unless the index is not complete.
func (x scalingIndex) pick(names []string) (list []asgtypes.AutoScalingGroup, err error) {
	if len(names) == 1 {
		list = x.groups[names[0]]
		if len(list) == 0 {
			err = x.err
		}
		return list, err
	}
	for _, name := range names {
		found := x.groups[name]
		if len(found) == 0 {
			err = x.err
		}
		list = append(list, found...)
	}
	return list, err
}

func (x scalingIndex) add(groups []asgtypes.AutoScalingGroup) {
	for i := range groups {
		x.groups[aws.ToString(groups[i].AutoScalingGroupName)] = groups[i : i+1 : i+1]
	}
}

// scalingGroups reads Auto Scaling groups by name, a hundred at a time.
func (h *Handler) scalingGroups(ctx context.Context, names []string) scalingIndex {
	chunks := slices.Collect(slices.Chunk(names, pageSize))
	found := make([][]asgtypes.AutoScalingGroup, len(chunks))
	index := scalingIndex{groups: map[string][]asgtypes.AutoScalingGroup{}}
	index.err = fanout.Each(ctx, len(chunks), func(ctx context.Context, i int) (err error) {
		found[i], err = h.describeScalingGroups(ctx, autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: chunks[i]})
		return err
	})
	for _, groups := range found {
		index.add(groups)
	}
	return index
}

// regionScalingGroups reads the Auto Scaling groups of all EKS node groups.
func (h *Handler) regionScalingGroups(ctx context.Context) scalingIndex {
	index := scalingIndex{groups: map[string][]asgtypes.AutoScalingGroup{}}
	var groups []asgtypes.AutoScalingGroup
	groups, index.err = h.describeScalingGroups(ctx, autoscaling.DescribeAutoScalingGroupsInput{Filters: []asgtypes.Filter{tagFilter("tag-key", "eks:cluster-name")}})
	index.add(groups)
	return index
}

func (h *Handler) describeScalingGroups(ctx context.Context, in autoscaling.DescribeAutoScalingGroupsInput) ([]asgtypes.AutoScalingGroup, error) {
	return readList(ctx, h, bucketASG, h.api.asg.DescribeAutoScalingGroups, "list of Auto Scaling groups", func(token *string) *autoscaling.DescribeAutoScalingGroupsInput {
		in.MaxRecords, in.NextToken = aws.Int32(pageSize), token
		return &in
	}, func(o *autoscaling.DescribeAutoScalingGroupsOutput) ([]asgtypes.AutoScalingGroup, *string) {
		return o.AutoScalingGroups, o.NextToken
	})
}

func tagFilter(name, value string) asgtypes.Filter {
	return asgtypes.Filter{Name: aws.String(name), Values: []string{value}}
}
