// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// readScalable reads a node pool that may be changed now. What is not well TKE decides
// about; a pool whose nodes are coming takes changes too.
func (h *Handler) readScalable(ctx context.Context, r ref, nodeGroupIID pmks.IID) (id string, p *tke.NodePool, err error) {
	p, cluster, err := h.poolAndCluster(ctx, r, nodeGroupIID)
	if err != nil {
		return "", nil, err
	}
	return cluster.SystemId, p, ready.CheckMend("the node group", deref(p.LifeState), poolMeaning(deref(p.LifeState)))
}

// SetNodeGroupAutoScaling implements [pmks.ClusterHandler] with the flag of the pool,
// which tells the autoscaler of the cluster to move its size. The scaling group keeps its
// size and its bounds either way.
func (h *Handler) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, on bool) (_ bool, err error) {
	defer annotate(&err, "SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	r, err := h.refs(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	p, cluster, err := h.poolAndCluster(ctx, r, nodeGroupIID)
	if err != nil {
		return false, err
	}
	if isAuto(p) == on {
		return true, nil
	}
	if isSwitching(p) {
		return false, &pmks.Error{Code: pmks.CodeBusy, ProviderCode: deref(p.AutoscalingGroupStatus), Message: "autoscaling of the node group is being switched the other way: wait until that is done"}
	}
	if err := ready.CheckMend("the node group", deref(p.LifeState), poolMeaning(deref(p.LifeState))); err != nil {
		return false, err
	}
	id, poolId := cluster.SystemId, deref(p.NodePoolId)
	in := tke.NewModifyClusterNodePoolRequest() // what is left out stays as it is
	in.ClusterId, in.NodePoolId, in.EnableAutoscale = &id, &poolId, &on
	err = assign(ctx, !on, on, func(ctx context.Context) error { return h.modify(ctx, in) }, func(ctx context.Context) (bool, error) {
		p, err := h.readPool(ctx, id, poolId)
		return err == nil && isAuto(p), err
	})
	if err == nil {
		h.moved(poolId, move{auto: &on})
	}
	return err == nil, h.explain(ctx, err, id, poolId)
}

func (h *Handler) modify(ctx context.Context, in *tke.ModifyClusterNodePoolRequest) error {
	_, err := send(ctx, h, in, tke.NewModifyClusterNodePoolResponse, "answer to ModifyClusterNodePool", func(o *tke.ModifyClusterNodePoolResponse) bool {
		return o.Response != nil && deref(o.Response.RequestId) != ""
	})
	return unfound(err)
}

// scale is the size of a pool with its bounds.
type scale struct{ desired, minimum, maximum int }

func scaleOf(p *tke.NodePool) scale {
	s := scale{desired: size(p)}
	s.minimum, s.maximum = bounds(p)
	return s
}

// steps are the scales on the way from one to another, each of which TKE takes with one
// request: it sets the bounds, or the size, and refuses a size out of bounds at any time.
func (s scale) steps(to scale) []scale {
	var list []scale
	add := func(next scale) {
		if next != s {
			list, s = append(list, next), next
		}
	}
	switch {
	case to.minimum <= s.desired && s.desired <= to.maximum: // the bounds first
		add(scale{s.desired, to.minimum, to.maximum})
	case s.minimum <= to.desired && to.desired <= s.maximum: // the size first
		add(scale{to.desired, s.minimum, s.maximum})
	default:
		add(scale{s.desired, min(s.minimum, to.minimum), max(s.maximum, to.maximum)})
		add(scale{to.desired, s.minimum, s.maximum})
	}
	add(scale{to.desired, s.minimum, s.maximum})
	add(to)
	return list
}

// settleTime is how long the next write of a change waits for the one before it.
const settleTime = time.Minute

// ChangeNodeGroupScaling implements [pmks.ClusterHandler]: the pool is read, then what
// differs is written in at most three requests, in an order in which each is legal. While
// autoscaling is on a size is taken too, and the autoscaler may move it at once.
func (h *Handler) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID,
	desired, minSize, maxSize int) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	r, err := h.refs(clusterIID, nodeGroupIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckScaling(desired, minSize, maxSize))
	if maxSize > maxNodes {
		f.Add("MaxNodeSize", "TKE takes at most %d, got %d", maxNodes, maxSize)
	}
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	id, p, err := h.readScalable(ctx, r, nodeGroupIID)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	was, want := scaleOf(p), scale{desired, minSize, maxSize}
	switch on := isAuto(p); {
	case desired < minSize && !(on && desired == 0):
		return pmks.NodeGroupInfo{}, refuse.Invalid("DesiredNodeSize", "must lie between MinNodeSize %d and MaxNodeSize %d, got %d: only autoscaling can be left to choose", minSize, maxSize, desired)
	case was.desired < 0:
		return pmks.NodeGroupInfo{}, errs.LostAnswer(vendor, "size of the node pool")
	case on && desired == 0:
		want.desired = min(max(was.desired, minSize), maxSize) // the autoscaler's, within the bounds
	}
	now, err := h.rescale(ctx, id, deref(p.NodePoolId), was, want, isAuto(p))
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	next := *p
	next.DesiredNodesNum, next.MinNodesNum, next.MaxNodesNum = new(int64(now.desired)), new(int64(now.minimum)), new(int64(now.maximum))
	one := poolRead{pool: &next}
	if now == was {
		h.readLast(ctx, &one)
		return one.info(), errs.Over(ctx)
	}
	next.LifeState = new("updating")
	return one.info(), nil // it was answered, whatever has become of ctx since
}

// rescale takes the steps from one scale to another. Whether TKE takes a size while
// autoscaling is on is not known: one that it refuses then is left to the autoscaler.
func (h *Handler) rescale(ctx context.Context, id, poolId string, was, want scale, on bool) (now scale, err error) {
	now = was
	for steps := was.steps(want); len(steps) > 0; {
		next := steps[0]
		err := h.writeScale(ctx, id, poolId, now, next, now != was)
		left := scale{now.desired, want.minimum, want.maximum}
		switch {
		case err == nil:
			now, steps = next, steps[1:]
		case on && next.desired != now.desired && want.minimum <= now.desired && now.desired <= want.maximum &&
			ofSize(err):
			steps = now.steps(left)
		default:
			err = h.explain(ctx, err, id, poolId)
			if now != was {
				err = errs.HalfDone(err, fmt.Sprintf("the size is %d and the bounds are %d and %d, which is half of the change", now.desired, now.minimum, now.maximum))
			}
			return now, err
		}
	}
	return now, nil
}

// ofSize reports whether TKE refuses a size as such.
func ofSize(err error) bool {
	var e *pmks.Error
	if !errors.As(err, &e) || e.HTTPStatus != http.StatusOK || once.Open(err) {
		return false
	}
	group, _ := parts(e.ProviderCode)
	return strings.HasPrefix(group, "InvalidParameter") || group == "UnsupportedOperation" || group == "OperationDenied"
}

// writeScale sends one step. One that follows another waits for it a while, as long as the
// pool is busy with that.
func (h *Handler) writeScale(ctx context.Context, id, poolId string, was, next scale, follows bool) error {
	one := func(ctx context.Context) error {
		err := assign(ctx, was, next, func(ctx context.Context) error {
			if was.desired != next.desired {
				in := tke.NewModifyNodePoolDesiredCapacityAboutAsgRequest()
				in.ClusterId, in.NodePoolId, in.DesiredCapacity = &id, &poolId, new(int64(next.desired))
				_, err := send(ctx, h, in, tke.NewModifyNodePoolDesiredCapacityAboutAsgResponse, "answer to ModifyNodePoolDesiredCapacityAboutAsg",
					func(o *tke.ModifyNodePoolDesiredCapacityAboutAsgResponse) bool {
						return o.Response != nil && deref(o.Response.RequestId) != ""
					})
				return unfound(err)
			}
			in := tke.NewModifyClusterNodePoolRequest()
			in.ClusterId, in.NodePoolId = &id, &poolId
			in.MinNodesNum, in.MaxNodesNum = new(int64(next.minimum)), new(int64(next.maximum))
			return h.modify(ctx, in)
		}, func(ctx context.Context) (scale, error) {
			p, err := h.readPool(ctx, id, poolId)
			if err != nil {
				return scale{}, err
			}
			return scaleOf(p), nil
		})
		if err == nil {
			h.moved(poolId, move{was: &was})
		}
		return err
	}
	if !follows {
		return one(ctx)
	}
	var err error
	end := time.Now().Add(settleTime)
	loopErr := await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
		late := !time.Now().Before(end)
		p, lookErr := h.readPool(ctx, id, poolId)
		if lookErr != nil || !late && poolMeaning(deref(p.LifeState)).Status == pmks.ClusterUpdating {
			return false, lookErr
		}
		err = one(ctx)
		return late || !errs.Is(err, pmks.CodeBusy), nil
	})
	return cmp.Or(loopErr, err)
}
