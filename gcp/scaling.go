// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/limit"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

// sized is a node pool of a cluster with the nodes that it has.
type sized struct {
	*containerpb.NodePool
	cluster *containerpb.Cluster
	zones   int
	nodes   []pmks.IID
	known   bool // the nodes could be read
}

func (s sized) size() int {
	if s.known {
		return len(s.nodes)
	}
	return int(s.GetInitialNodeCount()) * s.zones
}

// readSized reads a cluster, which has its pools and their recorded bounds, and then
// the instance groups of one.
func (h *Handler) readSized(ctx context.Context, r ref, name string) (sized, error) {
	c, err := h.readCluster(ctx, r)
	if err != nil {
		return sized{}, err
	}
	p := findPool(c, name)
	if p == nil {
		return sized{}, &pmks.Error{Code: pmks.CodeNotFound, Message: "the cluster has no node group " + strconv.Quote(name)}
	}
	s := sized{NodePool: p, cluster: c, zones: zonesOf(p, c), known: true}
	if c.GetAutopilot().GetEnabled() {
		return s, accepts(c)
	}
	got, err := h.instances(ctx, limit.New(), p.GetInstanceGroupUrls(), false)
	switch {
	case has(err, pmks.CodePermissionDenied), missing(err):
		s.known = false
	case err != nil:
		return s, errors.Join(limit.Ended(ctx), err)
	}
	s.nodes = got.nodes
	return s, settled(p)
}

// settled says why a pool takes no changes now.
func settled(p *containerpb.NodePool) error {
	w := poolWord(p)
	switch {
	case w.status == pmks.ClusterDeleting:
		return refuse.Precondition("the node group is being removed")
	case w.status == pmks.ClusterCreating, w.status == pmks.ClusterUpdating:
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: p.GetStatus().String(), Message: "the node group is " + string(w.status) + ": wait until it is Active"}
	case w.final:
		return refuse.Precondition("the node group is Inactive: %s", w.reason)
	}
	return nil
}

// SetNodeGroupAutoScaling implements [pmks.ClusterHandler] with GKE's own cluster
// autoscaler. GKE forgets the bounds when it is turned off, so they are recorded in
// labels first, unless they are there already.
func (h *Handler) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, on bool) (_ bool, err error) {
	defer place(&err, "SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	p, err := h.readSized(ctx, r, name)
	if err != nil {
		return false, err
	}
	if p.GetAutoscaling().GetEnabled() == on {
		return true, nil
	}
	minimum, maximum := bounds(p.NodePool, p.cluster)
	if !on {
		if _, err := h.record(ctx, r, p, minimum, maximum, true); err != nil {
			return false, err
		}
		_, err = h.setAutoscaling(ctx, r, name, &containerpb.NodePoolAutoscaling{})
		return err == nil, err
	}
	if maximum < 1 {
		minimum, maximum = min(1, p.size()), max(1, p.size())
	}
	_, err = h.setAutoscaling(ctx, r, name, autoscaling(p.GetAutoscaling(), minimum, maximum, p.zones))
	return err == nil, err
}

// setAutoscaling sends bounds.
func (h *Handler) setAutoscaling(ctx context.Context, r ref, name string, want *containerpb.NodePoolAutoscaling) (op *containerpb.Operation, err error) {
	err = once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) (err error) {
			op, err = h.api.gke.SetNodePoolAutoscaling(ctx, &containerpb.SetNodePoolAutoscalingRequest{Name: r.pool(name), Autoscaling: want})
			return fail(err)
		},
		Happened: func(ctx context.Context) (bool, error) {
			if err := h.settle(ctx, r, name, nil); err != nil {
				return false, err
			}
			p, err := h.readPool(ctx, r, name)
			got := p.GetAutoscaling()
			return err == nil && got.GetEnabled() == want.GetEnabled() &&
				got.GetMinNodeCount() == want.GetMinNodeCount() && got.GetMaxNodeCount() == want.GetMaxNodeCount() &&
				got.GetTotalMinNodeCount() == want.GetTotalMinNodeCount() && got.GetTotalMaxNodeCount() == want.GetTotalMaxNodeCount(), err
		},
	})
	return op, err
}

// record writes the bounds into a label of the cluster, if they are not recorded so.
// With more to come it waits for the operation: GKE works on one at a time.
func (h *Handler) record(ctx context.Context, r ref, p sized, minimum, maximum int, more bool) (wrote bool, err error) {
	off := proto.CloneOf(p.NodePool)
	off.Autoscaling = nil
	if oldMin, oldMax := bounds(off, p.cluster); oldMin == minimum && oldMax == maximum {
		return false, nil
	}
	labels := maps.Clone(p.cluster.GetResourceLabels())
	if labels == nil {
		labels = map[string]string{}
	}
	// Those of pools that are gone go with this write, which replaces all labels.
	maps.DeleteFunc(labels, func(key, _ string) bool {
		pool, ok := strings.CutPrefix(key, labelBounds)
		return ok && findPool(p.cluster, pool) == nil
	})
	labels[labelBounds+p.GetName()] = record(p.NodePool, minimum, maximum)
	var op *containerpb.Operation
	err = once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) (err error) {
			op, err = h.api.gke.SetLabels(ctx, &containerpb.SetLabelsRequest{
				Name: r.path(), ResourceLabels: labels, LabelFingerprint: p.cluster.GetLabelFingerprint()})
			return fail(err)
		},
		Happened: func(ctx context.Context) (bool, error) {
			if err := h.settle(ctx, r, p.GetName(), nil); err != nil {
				return false, err
			}
			c, err := h.readCluster(ctx, r)
			return err == nil && maps.Equal(c.GetResourceLabels(), labels), err
		},
	})
	if err != nil || !more {
		return true, err
	}
	return true, h.settle(ctx, r, p.GetName(), op)
}

// settle waits for an operation on a pool or its cluster. One whose reply was lost is
// found among those under way.
func (h *Handler) settle(ctx context.Context, r ref, pool string, op *containerpb.Operation) error {
	if op == nil {
		ops, err := h.operations(ctx, r.location)
		if err != nil {
			return err
		}
		for _, found := range ops {
			if _, cluster, name := target(found); cluster == r.name && (name == pool || name == "") && found.GetStatus() != containerpb.Operation_DONE {
				op = found
			}
		}
		if op == nil {
			return nil
		}
	}
	return h.finish(ctx, r, op)
}

// ChangeNodeGroupScaling implements [pmks.ClusterHandler]. Bounds and size are two
// operations of GKE, which works on one at a time: where both change, it waits for
// the first, seconds as a rule. An error after that says that the bounds are set.
func (h *Handler) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID,
	desired, minSize, maxSize int) (_ pmks.NodeGroupInfo, err error) {
	defer place(&err, "ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckScaling(desired, minSize, maxSize))
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	p, err := h.readSized(ctx, r, name)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	on := p.GetAutoscaling().GetEnabled()
	if on && desired == 0 {
		// Left to the autoscaler, within the new bounds.
		desired = min(max(p.size(), minSize), maxSize)
	}
	if desired < minSize {
		return pmks.NodeGroupInfo{}, refuse.Invalid("DesiredNodeSize", "must lie between MinNodeSize %d and MaxNodeSize %d, got %d: only autoscaling can be left to choose", minSize, maxSize, desired)
	}
	each, err := h.perZone("DesiredNodeSize", desired, p.zones)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	resize := desired != p.size()
	wrote, err := h.setBounds(ctx, r, p, minSize, maxSize, resize)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if resize {
		err := h.setSize(ctx, r, name, each)
		if on && has(err, pmks.CodeFailedPrecondition) {
			// GKE leaves the size of such a pool to the autoscaler.
			return changed(p, p.size(), minSize, maxSize, wrote), nil
		}
		if err != nil {
			if wrote {
				err = half(err, minSize, maxSize)
			}
			return pmks.NodeGroupInfo{}, err
		}
	}
	return changed(p, desired, minSize, maxSize, wrote || resize), nil
}

// half says that the bounds are set and the size is not.
func half(err error, minSize, maxSize int) error {
	var e *pmks.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Message = "the bounds are set to " + strconv.Itoa(minSize) + " and " + strconv.Itoa(maxSize) + ", the size is not changed: " + c.Message
	return &c
}

// changed is the pool as it was accepted.
func changed(p sized, desired, minSize, maxSize int, wrote bool) pmks.NodeGroupInfo {
	pool := proto.CloneOf(p.NodePool)
	info := poolInfo(pool, p.cluster)
	info.Nodes, info.DesiredNodeSize, info.MinNodeSize, info.MaxNodeSize = p.nodes, desired, minSize, maxSize
	if wrote {
		info.Status = pmks.NodeGroupUpdating
	}
	return info
}

// setBounds sets those of the autoscaler, or records them while it is off.
func (h *Handler) setBounds(ctx context.Context, r ref, p sized, minimum, maximum int, more bool) (wrote bool, err error) {
	if !p.GetAutoscaling().GetEnabled() {
		return h.record(ctx, r, p, minimum, maximum, more)
	}
	if oldMin, oldMax := bounds(p.NodePool, p.cluster); oldMin == minimum && oldMax == maximum {
		return false, nil
	}
	op, err := h.setAutoscaling(ctx, r, p.GetName(), autoscaling(p.GetAutoscaling(), minimum, maximum, p.zones))
	if err != nil || !more {
		return true, err
	}
	return true, h.settle(ctx, r, p.GetName(), op)
}

// setSize sends the number of nodes in each zone. GKE writes it where the size at
// creation was.
func (h *Handler) setSize(ctx context.Context, r ref, name string, each int32) error {
	return once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			_, err := h.api.gke.SetNodePoolSize(ctx, &containerpb.SetNodePoolSizeRequest{Name: r.pool(name), NodeCount: each})
			return fail(err)
		},
		Happened: func(ctx context.Context) (bool, error) {
			ops, err := h.operations(ctx, r.location)
			if err != nil {
				return false, err
			}
			for _, op := range ops {
				if _, cluster, pool := target(op); cluster == r.name && pool == name && op.GetStatus() != containerpb.Operation_DONE &&
					op.GetOperationType() == containerpb.Operation_SET_NODE_POOL_SIZE {
					return true, nil
				}
			}
			p, err := h.readPool(ctx, r, name)
			return err == nil && p.GetInitialNodeCount() == each, err
		},
	})
}
