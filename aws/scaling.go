// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

// readGroup reads a node group beside its Auto Scaling groups.
func (h *Handler) readGroup(ctx context.Context, cluster, name string) (*types.Nodegroup, []asgtypes.AutoScalingGroup, error) {
	var n *types.Nodegroup
	var groups []asgtypes.AutoScalingGroup
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		n, err = h.describeNodegroup(gctx, cluster, name)
		return err
	})
	g.Go(func() error {
		out, err := h.api.asg.DescribeAutoScalingGroups(gctx, &autoscaling.DescribeAutoScalingGroupsInput{
			MaxRecords: aws.Int32(pageSize),
			Filters: []asgtypes.Filter{
				{Name: aws.String("tag:eks:cluster-name"), Values: []string{cluster}},
				{Name: aws.String("tag:eks:nodegroup-name"), Values: []string{name}},
			}})
		if err == nil {
			groups = out.AutoScalingGroups
		}
		return fail(err)
	})
	err := g.Wait()
	return n, groups, err
}

// SetNodeGroupAutoScaling implements [pmks.ClusterHandler]. EKS groups never scale
// by themselves; what can be switched is whether the Kubernetes cluster autoscaler
// finds the group, by the tags of its Auto Scaling group. The tags come first, the
// record on the node group second, so that a half-done change is seen and can be
// repeated.
func (h *Handler) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, on bool) (_ bool, err error) {
	defer place(&err, "SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	cluster, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	n, groups, err := h.readGroup(ctx, cluster, name)
	if err != nil {
		return false, err
	}
	if err := settled(n); err != nil {
		return false, err
	}
	if len(groups) == 0 {
		return false, refuse.Precondition("the node group has no Auto Scaling group yet: wait until it is Active")
	}
	if discoverable(groups) != on {
		err := once.Do(ctx, once.Mutation{
			Send: func(ctx context.Context) error { return h.setDiscovery(ctx, cluster, groups, on) },
			Happened: func(ctx context.Context) (bool, error) {
				_, now, err := h.readGroup(ctx, cluster, name)
				return err == nil && discoverable(now) == on, err
			},
		})
		if err != nil {
			return false, err
		}
	}
	if n.Tags[tagAutoScaling] == onOff(on) {
		return true, nil
	}
	err = once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			_, err := h.api.eks.TagResource(ctx, &eks.TagResourceInput{ResourceArn: n.NodegroupArn, Tags: map[string]string{tagAutoScaling: onOff(on)}})
			return fail(err)
		},
		Happened: func(ctx context.Context) (bool, error) {
			now, err := h.describeNodegroup(ctx, cluster, name)
			return err == nil && now.Tags[tagAutoScaling] == onOff(on), err
		},
	})
	return err == nil, err
}

// setDiscovery writes or removes the tags. Both calls are idempotent.
func (h *Handler) setDiscovery(ctx context.Context, cluster string, groups []asgtypes.AutoScalingGroup, on bool) error {
	var tags []asgtypes.Tag
	for _, g := range groups {
		for _, kv := range [][2]string{{discoveryKey, "true"}, {discoveryKeyPrefix + cluster, "owned"}} {
			tags = append(tags, asgtypes.Tag{
				ResourceId: g.AutoScalingGroupName, ResourceType: aws.String("auto-scaling-group"),
				Key: aws.String(kv[0]), Value: aws.String(kv[1]), PropagateAtLaunch: aws.Bool(true)})
		}
	}
	var err error
	if on {
		_, err = h.api.asg.CreateOrUpdateTags(ctx, &autoscaling.CreateOrUpdateTagsInput{Tags: tags})
	} else {
		_, err = h.api.asg.DeleteTags(ctx, &autoscaling.DeleteTagsInput{Tags: tags})
	}
	return fail(err)
}

// settled says why a node group takes no changes now.
func settled(n *types.Nodegroup) error {
	status, why, final := nodegroupStatus(n)
	switch {
	case status == pmks.NodeGroupDeleting:
		return refuse.Precondition("the node group is being removed")
	case status == pmks.NodeGroupCreating, status == pmks.NodeGroupUpdating:
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: string(n.Status), Message: "the node group is " + string(status) + ": wait until it is Active"}
	case final:
		return refuse.Precondition("the node group is Inactive: %s", why)
	}
	return nil
}

// ChangeNodeGroupScaling implements [pmks.ClusterHandler]. All three sizes are
// sent, because EKS refuses bounds that the present size does not fit. The Auto
// Scaling group is never written: EKS owns it.
func (h *Handler) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID,
	desired, minSize, maxSize int) (_ pmks.NodeGroupInfo, err error) {
	defer place(&err, "ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	cluster, name, err := h.names(clusterIID, nodeGroupIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckScaling(desired, minSize, maxSize))
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	n, groups, err := h.readGroup(ctx, cluster, name)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if err := settled(n); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if desired == 0 && autoScaling(n, groups) {
		// Left to the autoscaler, within the new bounds.
		desired = min(max(currentSize(n), minSize), maxSize)
	}
	if desired < minSize {
		return pmks.NodeGroupInfo{}, refuse.Invalid("DesiredNodeSize", "must lie between MinNodeSize %d and MaxNodeSize %d, got %d: only autoscaling can be left to choose", minSize, maxSize, desired)
	}
	want := scaling(desired, minSize, maxSize)
	if !sameSizes(n.ScalingConfig, want) {
		if err := h.updateScaling(ctx, cluster, name, want); err != nil {
			return pmks.NodeGroupInfo{}, err
		}
		// A read may show the old sizes for a while; the change is accepted.
		n.ScalingConfig, n.Status = want, types.NodegroupStatusUpdating
	}
	return nodegroupInfo(n, groups), nil
}

func (h *Handler) updateScaling(ctx context.Context, cluster, name string, want *types.NodegroupScalingConfig) error {
	token := requestToken()
	err := once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			var lost bool
			_, err := h.api.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{
				ClusterName: &cluster, NodegroupName: &name, ScalingConfig: want, ClientRequestToken: &token}, attempts(&lost))
			return settledBy(lost, err)
		},
		Happened: func(ctx context.Context) (bool, error) {
			n, err := h.describeNodegroup(ctx, cluster, name)
			return err == nil && sameSizes(n.ScalingConfig, want), err
		},
	})
	if has(err, pmks.CodeBusy) {
		// EKS says "in use" of a failed cluster too, for which nobody need wait.
		if c, lookErr := h.describeCluster(ctx, cluster); lookErr == nil && has(accepts(c), pmks.CodeFailedPrecondition) {
			return accepts(c)
		}
	}
	return err
}

func currentSize(n *types.Nodegroup) int {
	if n.ScalingConfig == nil {
		return 0
	}
	return int(aws.ToInt32(n.ScalingConfig.DesiredSize))
}

func sameSizes(a, b *types.NodegroupScalingConfig) bool {
	return a != nil && b != nil &&
		aws.ToInt32(a.DesiredSize) == aws.ToInt32(b.DesiredSize) &&
		aws.ToInt32(a.MinSize) == aws.ToInt32(b.MinSize) &&
		aws.ToInt32(a.MaxSize) == aws.ToInt32(b.MaxSize)
}
