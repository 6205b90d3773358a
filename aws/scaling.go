// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// readGroup reads a node group beside its Auto Scaling groups. It fails only when
// the node group cannot be read: groupsErr is of the others.
func (h *Handler) readGroup(ctx context.Context, t target) (n *types.Nodegroup, groups []asgtypes.AutoScalingGroup, groupsErr, err error) {
	fault := fanout.All(ctx, // both keep their own errors
		func(ctx context.Context) error { n, err = h.describeNodegroup(ctx, t); return nil },
		func(ctx context.Context) error {
			groups, groupsErr = h.describeScalingGroups(ctx, autoscaling.DescribeAutoScalingGroupsInput{Filters: []asgtypes.Filter{
				tagFilter("tag:eks:cluster-name", t.cluster), tagFilter("tag:eks:nodegroup-name", t.nodegroup)}})
			return nil
		})
	if err = cmp.Or(fault, err); err != nil {
		return nil, nil, nil, err
	}
	// That of a removed node group of the same name may still be there.
	own := groupNames(n)
	groups = slices.DeleteFunc(groups, func(g asgtypes.AutoScalingGroup) bool {
		return !slices.Contains(own, aws.ToString(g.AutoScalingGroupName))
	})
	return n, groups, groupsErr, errs.Over(ctx)
}

// GetNodeGroup implements [pmks.NodeGroupReader] with two requests at once: EKS knows the
// group, and EC2 Auto Scaling its nodes and whether the autoscaler finds it.
func (h *Handler) GetNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "GetNodeGroup", clusterIID, nodeGroupIID)
	t, err := h.nodegroupTarget(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	n, groups, groupsErr, err := h.readGroup(ctx, t)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	return nodegroupInfo(n, groups, groupsErr), nil
}

// SetNodeGroupAutoScaling implements [pmks.ClusterHandler]. EKS groups never scale
// by themselves; what can be switched is whether the Kubernetes cluster autoscaler
// finds the group, by the tags of its Auto Scaling group. The tags come first, the
// record on the node group second, so that a half-done change is seen and can be
// repeated.
func (h *Handler) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, on bool) (_ bool, err error) {
	defer annotate(&err, "SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	t, err := h.nodegroupTarget(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	n, groups, groupsErr, err := h.readGroup(ctx, t)
	if err != nil {
		return false, err
	}
	if err := checkGroupReady(n); err != nil {
		return false, err
	}
	if groupsErr != nil {
		return false, groupsErr
	}
	if len(groups) == 0 {
		return false, refuse.Precondition("the node group has no Auto Scaling group yet: wait until it is Active")
	}
	if discoverable(groups) != on {
		err := once.Do(ctx, once.Mutation{
			Send: func(ctx context.Context) error { return h.setDiscovery(ctx, t.cluster, groups, on) },
			Happened: func(ctx context.Context) (bool, error) {
				_, now, groupsErr, err := h.readGroup(ctx, t)
				return err == nil && groupsErr == nil && discoverable(now) == on, errs.Join(err, groupsErr)
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
			return h.tagResource(ctx, n.NodegroupArn, map[string]string{tagAutoScaling: onOff(on)})
		},
		Happened: func(ctx context.Context) (bool, error) {
			now, err := h.describeNodegroup(ctx, t)
			return err == nil && now.Tags[tagAutoScaling] == onOff(on), err
		},
	})
	if err != nil {
		return false, errs.With(err, func(e *pmks.Error) {
			e.Message = "the Auto Scaling group is switched " + onOff(on) + " already, the record on the node group is not: call again: " + e.Message
		})
	}
	return true, nil
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
	if on {
		_, err := send(ctx, h, bucketASG, h.api.asg.CreateOrUpdateTags, &autoscaling.CreateOrUpdateTagsInput{Tags: tags},
			"result", func(*autoscaling.CreateOrUpdateTagsOutput) bool { return true })
		return err
	}
	_, err := send(ctx, h, bucketASG, h.api.asg.DeleteTags, &autoscaling.DeleteTagsInput{Tags: tags},
		"result", func(*autoscaling.DeleteTagsOutput) bool { return true })
	return err
}

// ChangeNodeGroupScaling implements [pmks.ClusterHandler]. All three sizes are
// sent, because EKS refuses bounds that the present size does not fit. The Auto
// Scaling group is never written: EKS owns it.
func (h *Handler) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID,
	desired, minSize, maxSize int) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	t, err := h.nodegroupTarget(clusterIID, nodeGroupIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckScaling(desired, minSize, maxSize))
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	n, groups, groupsErr, err := h.readGroup(ctx, t)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if err := checkGroupReady(n); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if desired == 0 && !recorded(n) && groupsErr != nil {
		return pmks.NodeGroupInfo{}, groupsErr // whether 0 means "leave it" is not known
	}
	if desired == 0 && autoScaling(n, groups) {
		if n.ScalingConfig == nil {
			return pmks.NodeGroupInfo{}, errs.LostAnswer("AWS", "size of the node group")
		}
		// Left to the autoscaler, within the new bounds.
		desired = min(max(int(aws.ToInt32(n.ScalingConfig.DesiredSize)), minSize), maxSize)
	}
	if desired < minSize {
		return pmks.NodeGroupInfo{}, refuse.Invalid("DesiredNodeSize", "must lie between MinNodeSize %d and MaxNodeSize %d, got %d: only autoscaling can be left to choose", minSize, maxSize, desired)
	}
	want := scaling(desired, minSize, maxSize)
	update := ""
	if !sameSizes(n.ScalingConfig, want) {
		if update, err = h.updateScaling(ctx, t, want); err != nil {
			return pmks.NodeGroupInfo{}, err
		}
		// A read may show the old sizes for a while; the change is accepted.
		n.ScalingConfig, n.Status = want, types.NodegroupStatusUpdating
	}
	info := nodegroupInfo(n, groups, groupsErr)
	addUpdate(&info.KeyValueList, update)
	return info, nil
}

// addUpdate shows the id of the update that a call has begun; "" for none.
func addUpdate(list *[]pmks.KeyValue, id string) {
	if id != "" {
		*list = append(*list, pmks.KeyValue{Key: "UpdateId", Value: id})
	}
}

// updateScaling returns the id of the update; "" where its answer was lost.
func (h *Handler) updateScaling(ctx context.Context, t target, want *types.NodegroupScalingConfig) (id string, err error) {
	token := requestToken()
	err = repeatable(ctx, func(ctx context.Context) error {
		out, err := send(ctx, h, bucketEKS, h.api.eks.UpdateNodegroupConfig, &eks.UpdateNodegroupConfigInput{
			ClusterName: &t.cluster, NodegroupName: &t.nodegroup, ScalingConfig: want, ClientRequestToken: &token},
			"update", func(o *eks.UpdateNodegroupConfigOutput) bool {
				return o.Update != nil && aws.ToString(o.Update.Id) != ""
			})
		if err == nil {
			id = *out.Update.Id
		}
		return err
	}, func(ctx context.Context) (bool, error) {
		n, err := h.describeNodegroup(ctx, t)
		return err == nil && sameSizes(n.ScalingConfig, want), err
	})
	return id, h.explainBusy(ctx, err, t)
}

// repeatable makes a request that carries a token: the same request again tells what
// became of the first, and makes no second one. Where that is not answered either,
// done looks whether what was asked for is there.
func repeatable(ctx context.Context, request func(context.Context) error, done func(context.Context) (bool, error)) error {
	return once.Do(ctx, once.Mutation{
		Send: request,
		Happened: func(ctx context.Context) (bool, error) {
			if request(ctx) == nil {
				return true, nil
			}
			return done(ctx)
		},
	})
}

func sameSizes(a, b *types.NodegroupScalingConfig) bool {
	return a != nil && b != nil &&
		aws.ToInt32(a.DesiredSize) == aws.ToInt32(b.DesiredSize) &&
		aws.ToInt32(a.MinSize) == aws.ToInt32(b.MinSize) &&
		aws.ToInt32(a.MaxSize) == aws.ToInt32(b.MaxSize)
}
