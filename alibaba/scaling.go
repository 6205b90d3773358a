// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"strings"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// scalingType is the kind of instances that an autoscaled pool has, unless it says
// otherwise; ACK lets nobody change it.
const scalingType = "cpu"

// autoscalers are the add-ons of which a cluster has one when somebody has configured it.
var autoscalers = []string{"ack-goatscaler", "cluster-autoscaler"}

// readScalable reads a node pool that may be changed now, with one call; a name takes a
// list before it. What has failed ACK decides about.
func (h *Handler) readScalable(ctx context.Context, r ref, nodeGroupIID pmks.IID) (id string, p *pool, err error) {
	if id, _, err = h.locate(ctx, r); err != nil {
		return "", nil, err
	}
	if p, err = h.currentPool(ctx, id, nodeGroupIID); err != nil {
		return "", nil, err
	}
	return id, p, ready.CheckMend("the node group", poolState(p), poolMeaning(poolState(p)))
}

// SetNodeGroupAutoScaling implements [pmks.ClusterHandler] with the flag of the pool. It
// does nothing without the autoscaler of the cluster, which is configured first where
// nobody has. ACK forgets the bounds while it is off, so they are kept in a tag.
func (h *Handler) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, on bool) (_ bool, err error) {
	defer annotate(&err, "SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	r, err := h.refs(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	id, p, err := h.readScalable(ctx, r, nodeGroupIID)
	if err != nil {
		return false, err
	}
	if isAuto(p) == on {
		return true, nil
	}
	minimum, maximum := bounds(p)
	if !on {
		_, err := h.modify(ctx, id, p, change{auto: tea.Bool(false), minimum: minimum, maximum: maximum, desired: -1})
		return err == nil, err
	}
	if _, _, ok := recordedBounds(p); !ok && size(p) < 0 {
		return false, errs.LostAnswer(vendor, "bounds of the node pool, and no size to make them of")
	}
	// One that has failed takes no flag: the autoscaler would be configured for nothing.
	if err := ready.Check("the node group", poolState(p), poolMeaning(poolState(p))); err != nil {
		return false, err
	}
	if err := h.ensureAutoscaler(ctx, id); err != nil {
		return false, err
	}
	_, err = h.modify(ctx, id, p, change{auto: tea.Bool(true), minimum: minimum, maximum: maximum, desired: -1})
	return err == nil, err
}

// ensureAutoscaler configures the autoscaler of a cluster, unless it has one or the
// operator does it: the settings of somebody else would be written over.
func (h *Handler) ensureAutoscaler(ctx context.Context, id string) error {
	if h.cfg.Autoscaler == scalerNone {
		return nil
	}
	there := func(ctx context.Context) (bool, error) {
		out, err := read(ctx, h, "ListClusterAddonInstances", "list of add-ons", func(c csAPI) (*cs.ListClusterAddonInstancesResponse, error) { return c.ListClusterAddonInstances(&id) },
			func(o *cs.ListClusterAddonInstancesResponse) bool { return o.Body != nil && o.Body.Addons != nil })
		if err != nil {
			return false, absent(err, noCluster)
		}
		return slices.ContainsFunc(withoutNil(out.Body.Addons), func(a *cs.ListClusterAddonInstancesResponseBodyAddons) bool {
			return slices.Contains(autoscalers, tea.StringValue(a.Name))
		}), nil
	}
	done, err := there(ctx)
	if done || err != nil {
		return err
	}
	in := &cs.CreateAutoscalingConfigRequest{
		ScalerType: &h.cfg.Autoscaler, Expander: tea.String("least-waste"), ScaleDownEnabled: tea.Bool(true), ScanInterval: tea.String("30s"),
		CoolDownDuration: tea.String("10m"), UnneededDuration: tea.String("10m"), UtilizationThreshold: tea.String("0.5"), GpuUtilizationThreshold: tea.String("0.5"),
	}
	err = once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			// Its answer is empty in some regions; that it came is all there is to it.
			_, err := send(ctx, h, "CreateAutoscalingConfig", "answer", func(c csAPI) (*cs.CreateAutoscalingConfigResponse, error) {
				return c.CreateAutoscalingConfig(&id, in)
			}, func(o *cs.CreateAutoscalingConfigResponse) bool { return o.Body != nil })
			return absent(err, noCluster)
		},
		Happened: there, // it creates or updates: a second one changes nothing
	})
	return h.explain(ctx, err, id, "")
}

// change is what is to become of a pool. Values below zero, and nil, stay as they are.
type change struct {
	auto             *bool
	minimum, maximum int
	desired          int
}

// sections are the blocks of a pool as they are read, for a write: whether ACK keeps or
// forgets what a block leaves out is nowhere said, and Terraform's users have lost user data
// to half a block (aliyun/terraform-provider-alicloud issue 4230, read in November 2026). The
// group is always sent, because its tags are; how Kubernetes has the nodes goes along where
// somebody has set something of it. What a write does not take is
// left out: a size while autoscaling is on, the image, which reads show twice and writes
// take once, and a password, which is not shown.
func sections(p *pool) (*cs.ModifyClusterNodePoolRequest, error) {
	in := &cs.ModifyClusterNodePoolRequest{ScalingGroup: &cs.ModifyClusterNodePoolRequestScalingGroup{}}
	var err error
	if p.ScalingGroup != nil {
		if in.ScalingGroup, err = filled[cs.ModifyClusterNodePoolRequestScalingGroup](p.ScalingGroup); err != nil {
			return nil, err
		}
		g := in.ScalingGroup
		g.DesiredSize, g.ImageId, g.ImageType, g.Platform, g.LoginPassword = nil, nil, nil, nil, nil
	}
	if hasOwn(p.KubernetesConfig) {
		in.KubernetesConfig, err = filled[cs.ModifyClusterNodePoolRequestKubernetesConfig](p.KubernetesConfig)
	}
	return in, err
}

// hasOwn reports whether somebody has set how Kubernetes has the nodes of a pool: the runtime
// ACK chooses by itself.
func hasOwn(c *cs.DescribeClusterNodePoolsResponseBodyNodepoolsKubernetesConfig) bool {
	return c != nil && (len(c.Labels)+len(c.Taints) > 0 || tea.StringValue(c.UserData)+tea.StringValue(c.PreUserData) != "" ||
		tea.BoolValue(c.CmsEnabled) || tea.BoolValue(c.Unschedulable) || strings.TrimPrefix(tea.StringValue(c.CpuPolicy), "none") != "")
}

// modify sends a change of a pool. The tags are sent with each change, because one of them is
// what only this request has, by which a lost answer is resolved.
func (h *Handler) modify(ctx context.Context, id string, p *pool, want change) (*pool, error) {
	poolId, request := poolID(p), rand.Text()
	in, err := sections(p)
	if err != nil {
		return nil, errs.LostAnswer(vendor, "node pool "+poolId)
	}
	in.ScalingGroup.Tags = mergeTags(p, map[string]string{tagRequest: request, tagBounds: boundsText(want.minimum, want.maximum)})
	if want.desired >= 0 {
		in.ScalingGroup.DesiredSize = tea.Int64(int64(want.desired))
	}
	if want.auto != nil {
		in.AutoScaling = &cs.ModifyClusterNodePoolRequestAutoScaling{Enable: want.auto}
		if *want.auto {
			in.AutoScaling.MinInstances, in.AutoScaling.MaxInstances = tea.Int64(int64(want.minimum)), tea.Int64(int64(want.maximum))
			in.AutoScaling.Type = scalingKind(isSpot(p))
			if was := p.AutoScaling; was != nil {
				in.AutoScaling.IsBondEip, in.AutoScaling.EipBandwidth, in.AutoScaling.EipInternetChargeType = was.IsBondEip, was.EipBandwidth, was.EipInternetChargeType
				if tea.StringValue(was.Type) != "" {
					in.AutoScaling.Type = was.Type
				}
			}
		}
	}
	_, err = settle(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			_, err := send(ctx, h, "ModifyClusterNodePool", "node pool "+poolId, func(c csAPI) (*cs.ModifyClusterNodePoolResponse, error) {
				return c.ModifyClusterNodePool(&id, &poolId, in)
			}, func(o *cs.ModifyClusterNodePoolResponse) bool {
				return o.Body != nil && tea.StringValue(o.Body.NodepoolId) == poolId
			})
			return absent(err, noCluster, noPool)
		},
		Happened: func(ctx context.Context) (bool, error) {
			now, err := h.readPool(ctx, id, poolId)
			return err == nil && poolTag(now, tagRequest) == request, err
		},
	})
	if err != nil {
		return nil, h.explain(ctx, err, id, poolId)
	}
	return want.accepted(p, in), nil
}

// mergeTags are all tags of a pool, with some of them set: a list that is written takes
// the place of what was there.
func mergeTags(p *pool, set map[string]string) []*cs.Tag {
	var tags []*cs.Tag
	if p.ScalingGroup != nil {
		for _, t := range withoutNil(p.ScalingGroup.Tags) {
			if _, own := set[tea.StringValue(t.Key)]; !own {
				tags = append(tags, t)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		tags = append(tags, &cs.Tag{Key: tea.String(key), Value: tea.String(set[key])})
	}
	return tags
}

// accepted is the pool as it is to be.
func (want change) accepted(p *pool, in *cs.ModifyClusterNodePoolRequest) *pool {
	next := *p
	group := cs.DescribeClusterNodePoolsResponseBodyNodepoolsScalingGroup{}
	if p.ScalingGroup != nil {
		group = *p.ScalingGroup
	}
	group.Tags = in.ScalingGroup.Tags
	if in.ScalingGroup.DesiredSize != nil {
		group.DesiredSize = in.ScalingGroup.DesiredSize
	}
	status := cs.DescribeClusterNodePoolsResponseBodyNodepoolsStatus{}
	if p.Status != nil {
		status = *p.Status
	}
	status.State = tea.String("updating")
	if a := in.AutoScaling; a != nil {
		next.AutoScaling = &cs.DescribeClusterNodePoolsResponseBodyNodepoolsAutoScaling{Enable: a.Enable, MinInstances: a.MinInstances, MaxInstances: a.MaxInstances, Type: a.Type}
	}
	next.ScalingGroup, next.Status = &group, &status
	return &next
}

// switchOff turns autoscaling off and waits until the pool rests: ACK takes nothing else
// before that.
func (h *Handler) switchOff(ctx context.Context, id string, p *pool, minimum, maximum int) error {
	if _, err := h.modify(ctx, id, p, change{auto: tea.Bool(false), minimum: minimum, maximum: maximum, desired: -1}); err != nil {
		return err
	}
	poolId := poolID(p)
	err := await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
		now, err := h.readPool(ctx, id, poolId)
		if err != nil {
			return false, err
		}
		return !isAuto(now) && !poolMeaning(poolState(now)).Status.Transitional(), nil
	})
	return errs.HalfDone(err, "autoscaling was switched off, whether that is done could not be learned, and nothing more was sent")
}

// ChangeNodeGroupScaling implements [pmks.ClusterHandler]. While autoscaling is off the
// size is set and the bounds are recorded, with one request; while it is on the bounds are
// set, and the size is the autoscaler's: ACK refuses one then.
func (h *Handler) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID,
	desired, minSize, maxSize int) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	r, err := h.refs(clusterIID, nodeGroupIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckScaling(desired, minSize, maxSize))
	if maxSize > maxNodes {
		f.Add("MaxNodeSize", "ACK takes at most %d, got %d", maxNodes, maxSize)
	}
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	id, p, err := h.readScalable(ctx, r, nodeGroupIID)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	on := isAuto(p)
	if desired < minSize && !(on && desired == 0) {
		return pmks.NodeGroupInfo{}, refuse.Invalid("DesiredNodeSize", "must lie between MinNodeSize %d and MaxNodeSize %d, got %d: only autoscaling can be left to choose", minSize, maxSize, desired)
	}
	want := change{minimum: minSize, maximum: maxSize, desired: -1}
	oldMin, oldMax := bounds(p)
	same := oldMin == minSize && oldMax == maxSize
	if on {
		want.auto = tea.Bool(true)
	} else if desired != size(p) {
		want.desired, same = desired, false
	}
	if !same {
		if p, err = h.modify(ctx, id, p, want); err != nil {
			if !on && errs.ProviderCode(err) == "InvalidDesiredSizeOrCount.NotNull" {
				// The pool shows itself without; what ACK judges by comes after.
				err = errs.With(err, func(e *pmks.Error) {
					e.Code, e.Message = pmks.CodeBusy, e.Message+": autoscaling was switched off a moment ago: try again"
				})
			}
			return pmks.NodeGroupInfo{}, err
		}
	}
	info := poolInfo(p, "")
	h.addZones(ctx, id, nil, p, &info)
	if on && desired != 0 && desired != info.DesiredNodeSize {
		info.KeyValueList = append(info.KeyValueList, pmks.KeyValue{Key: "DesiredManagedBy", Value: "autoscaler"})
	}
	return info, nil
}
