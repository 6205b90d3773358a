// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"fmt"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// ReadState implements [pmks.StateReader] with one call: of the cluster, or of the
// node pool; by the name of the cluster alone, of the list. How many nodes there are
// is not in it. A pool that is not well is looked at together with its operations,
// which tell whether it stays so.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	if nodeGroupIID.IsZero() {
		r, err := h.clusterRef(clusterIID)
		if err != nil {
			return pmks.State{}, err
		}
		c, err := h.cluster(ctx, r)
		if err != nil {
			return pmks.State{}, err
		}
		m := clusterMeaning(c)
		return pmks.State{Cluster: h.clusterIID(h.refOf(c)), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
			Version: c.GetCurrentMasterVersion(), DesiredNodeSize: -1, NodeCount: -1}, nil
	}
	r, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	p, r, err := h.poolOf(ctx, r, name)
	if err != nil {
		return pmks.State{}, err
	}
	m := poolMeaning(p)
	s := pmks.State{Cluster: h.clusterIID(r), NodeGroup: poolIID(name), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		Version: p.GetVersion(), DesiredNodeSize: -1, NodeCount: -1}
	if m.Status == pmks.ClusterInactive && !m.Final {
		// Without its operations the pool is told as it is.
		if ops, err := h.operations(ctx, r); err == nil {
			s.StatusFinal, s.StatusReason = poolVerdict(view{ref: r, ops: ops}, name, m.Reason)
		}
	}
	return s, errs.Over(ctx)
}

// poolOf reads a node pool with one call. Those of Autopilot are only to be seen in
// their cluster.
func (h *Handler) poolOf(ctx context.Context, r ref, name string) (*containerpb.NodePool, ref, error) {
	if r.location != "" {
		p, err := h.readPool(ctx, r, name)
		if !errs.Is(err, pmks.CodeInvalidArgument) {
			return p, r, err
		}
	}
	c, err := h.cluster(ctx, r)
	if err != nil {
		return nil, r, err
	}
	if p := findPool(c, name); p != nil {
		return p, h.refOf(c), nil
	}
	return nil, r, noPool(name)
}

func noPool(name string) error {
	return &pmks.Error{Code: pmks.CodeNotFound, Message: fmt.Sprintf("the cluster has no node group %q", name)}
}

// LastOperation implements [pmks.OperationReader] with one call: GKE keeps what was
// done for some days. Of a pool that came with its cluster it is the creation of
// that. Where a name alone had clusters in several locations, the list tells which is
// meant.
func (h *Handler) LastOperation(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.Operation, err error) {
	defer annotate(&err, "LastOperation", clusterIID, nodeGroupIID)
	r, err := h.clusterRef(clusterIID)
	pool := ""
	if err == nil && !nodeGroupIID.IsZero() {
		pool, err = poolName(nodeGroupIID)
	}
	if err != nil {
		return pmks.Operation{}, err
	}
	ops, err := h.operations(ctx, r)
	if err != nil {
		return pmks.Operation{}, err
	}
	if r.location == "" {
		if r, err = h.onlyLocation(ctx, r, ops); err != nil {
			return pmks.Operation{}, err
		}
	}
	op := newest(r, ops, pool)
	if op == nil {
		return pmks.Operation{}, &pmks.Error{Code: pmks.CodeNotFound, Message: "GKE has no record of an operation on it"}
	}
	return pmks.Operation{ID: op.GetName(), Kind: op.GetOperationType().String(), Start: stamp(op.GetStartTime()), End: stamp(op.GetEndTime()),
		Done: isDone(op), Err: operationError(op)}, nil
}

// onlyLocation is the location of the operations on the clusters of a name in the
// region.
func (h *Handler) onlyLocation(ctx context.Context, r ref, ops []*containerpb.Operation) (ref, error) {
	places := map[string]bool{}
	for _, op := range on(r, ops) {
		if location, _, _ := target(op); regionOf(location) == h.cfg.Region {
			places[location] = true
			r.location = location
		}
	}
	switch len(places) {
	case 0:
		r.location = h.cfg.location() // where there is none either
	case 1:
	default:
		r.location = ""
		return h.locate(ctx, r)
	}
	return r, nil
}
