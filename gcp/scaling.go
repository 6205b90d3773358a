// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// scalable is a node pool that may be changed now, with its cluster and the nodes
// that it has.
type scalable struct {
	ref
	pool    *containerpb.NodePool
	cluster *containerpb.Cluster
	zones   int
	nodes   poolNodes
}

func (s scalable) name() string { return s.pool.GetName() }

// readScalable reads a cluster, which has its pools and their recorded bounds. What size
// one has is not in it.
func (h *Handler) readScalable(ctx context.Context, r ref, name string) (scalable, error) {
	c, err := h.cluster(ctx, r)
	if err != nil {
		return scalable{}, err
	}
	p := findPool(c, name)
	if p == nil {
		return scalable{}, noPool(name)
	}
	s := scalable{ref: h.refOf(c), pool: p, cluster: c, zones: zonesOf(p, c)}
	if err := checkStandard(c); err != nil {
		return s, err
	}
	// A pool that has failed may be mended by another size: GKE decides.
	if err := ready.CheckMend("the node group", p.GetStatus().String(), poolMeaning(p)); err != nil {
		return s, err
	}
	return s, nil
}

// readSize reads the instance groups of the pool, which alone tell its size.
func (h *Handler) readSize(ctx context.Context, s *scalable) error {
	var groups []*groupRead
	for _, url := range s.pool.GetInstanceGroupUrls() {
		groups = append(groups, newGroupRead(s.name(), url))
	}
	err := fanout.Each(ctx, len(groups), func(ctx context.Context, i int) error {
		h.readGroup(ctx, groups[i])
		return nil
	})
	s.nodes = nodesOf(s.pool, groups)
	return cmp.Or(errs.Over(ctx), err)
}

// SetNodeGroupAutoScaling implements [pmks.ClusterHandler] with GKE's own cluster
// autoscaler. GKE forgets the bounds when it is turned off, so they are recorded in
// labels first, unless they are there already. The size is read only where no bounds are.
func (h *Handler) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, on bool) (_ bool, err error) {
	defer annotate(&err, "SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	s, err := h.readScalable(ctx, r, name)
	if err != nil {
		return false, err
	}
	auto := s.pool.GetAutoscaling()
	if auto.GetEnabled() == on {
		err := h.checkSettled(ctx, s)
		return err == nil, err
	}
	minimum, maximum := bounds(s.pool, s.cluster)
	if !on {
		if auto.GetAutoprovisioned() {
			return false, refuse.Unsupported("nodeGroupIID", "GKE's node auto-provisioning has made it, sizes it and removes it: it ends where that is turned off for the cluster")
		}
		wrote, err := h.recordBounds(ctx, s, minimum, maximum, true)
		if err != nil {
			return false, err
		}
		_, err = h.setAutoscaling(ctx, s, &containerpb.NodePoolAutoscaling{})
		if wrote {
			err = errs.HalfDone(err, "the bounds are recorded, autoscaling is not turned off")
		}
		return err == nil, err
	}
	if maximum < 1 {
		if err := h.readSize(ctx, &s); err != nil {
			return false, err
		}
		if s.nodes.sizeErr != nil {
			return false, errs.HalfDone(s.nodes.sizeErr, "no bounds are recorded, and the size that they would be made of cannot be read")
		}
		minimum, maximum = min(1, s.nodes.size), max(1, s.nodes.size)
	}
	_, err = h.setAutoscaling(ctx, s, autoscaling(auto, minimum, maximum, s.zones))
	return err == nil, err
}

// checkSettled refuses to say that autoscaling is as it is to be while it is being changed:
// GKE shows what an operation changes when that has ended.
func (h *Handler) checkSettled(ctx context.Context, s scalable) error {
	ops, err := h.operations(ctx, s.ref)
	if err != nil {
		return err
	}
	for _, op := range on(s.ref, ops) {
		if _, _, pool := target(op); pool == s.name() && !isDone(op) && op.GetOperationType() == containerpb.Operation_UPDATE_CLUSTER {
			return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: op.GetOperationType().String(),
				Message: fmt.Sprintf("%s is under way, which may switch autoscaling: wait until the node group is Active", op.GetName())}
		}
	}
	return nil
}

// setAutoscaling sends bounds.
func (h *Handler) setAutoscaling(ctx context.Context, s scalable, want *containerpb.NodePoolAutoscaling) (*containerpb.Operation, error) {
	own := ownOperation{ref: s.ref, pool: s.name(), kinds: []containerpb.Operation_Type{containerpb.Operation_UPDATE_CLUSTER}}
	err := once.Do(ctx, once.Mutation{
		Send: own.sent(func(ctx context.Context) (*containerpb.Operation, error) {
			op, err := mutate(ctx, h, h.api.gke.SetNodePoolAutoscaling, &containerpb.SetNodePoolAutoscalingRequest{Name: s.ref.pool(s.name()), Autoscaling: want})
			return op, notFoundAs(err, s.tail(), "/nodePools/"+s.name())
		}),
		Happened: func(ctx context.Context) (bool, error) { return own.find(ctx, h) },
	})
	return own.op, err
}

// recordBounds writes the bounds into a label of the cluster, if they are not
// recorded so. With more to come it waits for the operation: GKE works on one at a
// time.
func (h *Handler) recordBounds(ctx context.Context, s scalable, minimum, maximum int, more bool) (wrote bool, err error) {
	off := proto.CloneOf(s.pool)
	off.Autoscaling = nil
	if oldMin, oldMax := bounds(off, s.cluster); oldMin == minimum && oldMax == maximum {
		return false, nil
	}
	labels := maps.Clone(s.cluster.GetResourceLabels())
	if labels == nil {
		labels = map[string]string{}
	}
	// Those of pools that are gone go with this write, which replaces all labels.
	maps.DeleteFunc(labels, func(key, _ string) bool {
		pool, ok := strings.CutPrefix(key, labelBounds)
		return ok && findPool(s.cluster, pool) == nil
	})
	labels[labelBounds+s.name()] = record(s.pool, minimum, maximum)
	op, err := h.writeLabels(ctx, s.ref, s.cluster.GetLabelFingerprint(), labels)
	if err != nil || !more {
		return true, err
	}
	return true, h.awaitFirst(ctx, s.ref, op, "the recording of the bounds")
}

// awaitFirst waits for the first of two writes. Where that cannot be learned to its
// end, the first may be done, and the second has not been sent.
func (h *Handler) awaitFirst(ctx context.Context, r ref, op *containerpb.Operation, what string) error {
	op, err := h.awaitOperation(ctx, r, op)
	if err != nil {
		return errs.With(err, func(e *pmks.Error) {
			e.Message, e.MayHaveHappened = what+" was accepted, whether it is done could not be learned, and nothing more was sent: "+e.Message, true
		})
	}
	return errs.HalfDone(operationError(op), what+" failed, and nothing more was sent")
}

// ChangeNodeGroupScaling implements [pmks.ClusterHandler]. Bounds and size are two
// operations of GKE, which works on one at a time: where both change, it waits for
// the first, seconds as a rule. An error after that says that the bounds are set.
func (h *Handler) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID,
	desired, minSize, maxSize int) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckScaling(desired, minSize, maxSize))
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	s, err := h.readScalable(ctx, r, name)
	if err == nil {
		err = h.readSize(ctx, &s)
	}
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	on := s.pool.GetAutoscaling().GetEnabled()
	known := s.nodes.sizeErr == nil
	// A size that is not known is set, whatever it is; the autoscaler's is left to it.
	resize := !known || desired != s.nodes.size
	if on && desired == 0 {
		if resize = false; known {
			desired = min(max(s.nodes.size, minSize), maxSize)
			resize = desired != s.nodes.size
		} else {
			desired = minSize
		}
	}
	if desired < minSize {
		return pmks.NodeGroupInfo{}, refuse.Invalid("DesiredNodeSize", "must lie between MinNodeSize %d and MaxNodeSize %d, got %d: only autoscaling can be left to choose", minSize, maxSize, desired)
	}
	each := int32(0)
	if resize {
		if each, err = perZone("DesiredNodeSize", desired, s.zones); err != nil {
			return pmks.NodeGroupInfo{}, err
		}
	}
	wrote, err := h.setBounds(ctx, s, minSize, maxSize, resize)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if resize {
		err := h.setSize(ctx, s, each)
		if on && refusedByState(err) {
			// GKE leaves the size of such a pool to the autoscaler.
			return s.accepted(s.nodes.size, minSize, maxSize, wrote), nil
		}
		if err != nil {
			if wrote {
				err = errs.HalfDone(err, fmt.Sprintf("the bounds are set to %d and %d, the size is not changed", minSize, maxSize))
			}
			return pmks.NodeGroupInfo{}, err
		}
		return s.accepted(desired, minSize, maxSize, true), nil
	}
	return s.accepted(s.nodes.size, minSize, maxSize, wrote), nil
}

// refusedByState reports whether GKE itself says that a state forbids it. Any other 4xx,
// such as that of a proxy, means no more than that.
func refusedByState(err error) bool {
	var e *pmks.Error
	return errors.As(err, &e) && e.Code == pmks.CodeFailedPrecondition && strings.HasPrefix(e.ProviderCode, "FAILED_PRECONDITION")
}

// accepted is the pool as it is to be.
func (s scalable) accepted(desired, minSize, maxSize int, wrote bool) pmks.NodeGroupInfo {
	info := poolInfo(s.pool, s.cluster)
	info.Nodes, info.DesiredNodeSize, info.MinNodeSize, info.MaxNodeSize = slices.Clone(s.nodes.nodes), desired, minSize, maxSize
	if s.nodes.nodesErr != nil {
		unread(&info.KeyValueList, "Nodes", s.nodes.nodesErr)
	}
	if wrote {
		info.Status = pmks.NodeGroupUpdating
	}
	return info
}

// setBounds sets those of the autoscaler, or records them while it is off.
func (h *Handler) setBounds(ctx context.Context, s scalable, minimum, maximum int, more bool) (wrote bool, err error) {
	if !s.pool.GetAutoscaling().GetEnabled() {
		return h.recordBounds(ctx, s, minimum, maximum, more)
	}
	if oldMin, oldMax := bounds(s.pool, s.cluster); oldMin == minimum && oldMax == maximum {
		return false, nil
	}
	op, err := h.setAutoscaling(ctx, s, autoscaling(s.pool.GetAutoscaling(), minimum, maximum, s.zones))
	if err != nil || !more {
		return true, err
	}
	return true, h.awaitFirst(ctx, s.ref, op, "the change of the bounds")
}

// setSize sends the number of nodes in each zone.
func (h *Handler) setSize(ctx context.Context, s scalable, each int32) error {
	own := ownOperation{ref: s.ref, pool: s.name(), kinds: []containerpb.Operation_Type{containerpb.Operation_SET_NODE_POOL_SIZE}}
	return once.Do(ctx, once.Mutation{
		Send: own.sent(func(ctx context.Context) (*containerpb.Operation, error) {
			op, err := mutate(ctx, h, h.api.gke.SetNodePoolSize, &containerpb.SetNodePoolSizeRequest{Name: s.ref.pool(s.name()), NodeCount: each})
			return op, notFoundAs(err, s.tail(), "/nodePools/"+s.name())
		}),
		Happened: func(ctx context.Context) (bool, error) { return own.find(ctx, h) },
	})
}
