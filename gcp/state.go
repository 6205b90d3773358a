// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"fmt"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/look"
)

// ReadState implements [pmks.StateReader] with one call: of the cluster, or of the
// node pool; by the name of the cluster alone, of the list. How many nodes there are
// is not in it. A pool that is not well is looked at together with its operations,
// which tell whether it stays so. Waits share their looks: from three targets on, clusters
// and node groups of any of them, one list of all clusters answers all.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	key := lookedAt{}
	if nodeGroupIID.IsZero() {
		key.ref, err = h.clusterRef(clusterIID)
	} else {
		key.ref, key.pool, err = h.names(clusterIID, nodeGroupIID)
	}
	if err != nil {
		return pmks.State{}, err
	}
	return h.looks.Read(ctx, key.text(), look.Way[pmks.State]{
		One: func(ctx context.Context) (pmks.State, error) { return h.readState(ctx, key) },
		Set: "clusters", All: h.readStates,
	})
}

// lookedAt is a cluster, or a node pool of it.
type lookedAt struct {
	ref
	pool string
}

// text is unlike that of any other; no name has a slash.
func (k lookedAt) text() string { return k.location + "/" + k.name + "/" + k.pool }

// readState reads the state of one target.
func (h *Handler) readState(ctx context.Context, of lookedAt) (pmks.State, error) {
	if of.pool == "" {
		c, err := h.cluster(ctx, of.ref)
		if err != nil {
			return pmks.State{}, err
		}
		return h.clusterState(c), nil
	}
	p, r, err := h.poolOf(ctx, of.ref, of.pool)
	if err != nil {
		return pmks.State{}, err
	}
	s := h.poolState(p, r)
	if s.Status == pmks.ClusterInactive && !s.StatusFinal {
		// Without its operations the pool is told as it is.
		if ops, err := h.operations(ctx, r); err == nil {
			s.StatusFinal, s.StatusReason = poolVerdict(view{ref: r, ops: ops}, of.pool, s.StatusReason)
		}
	}
	return s, errs.Over(ctx)
}

// readStates reads the states of targets by their texts, with one list of all clusters.
// What it does not show, or shows twice, and a pool that is not well, are left to a read
// of their own.
func (h *Handler) readStates(ctx context.Context, texts []string) (map[string]pmks.State, int, error) {
	l, err := h.list(ctx)
	if err != nil {
		return nil, 1, err
	}
	byName := map[string][]*containerpb.Cluster{}
	for _, c := range l.clusters {
		byName[c.GetName()] = append(byName[c.GetName()], c)
	}
	states := make(map[string]pmks.State, len(texts))
	for _, text := range texts {
		parts := strings.SplitN(text, "/", 3)
		var found []*containerpb.Cluster
		for _, c := range byName[parts[1]] {
			if parts[0] == "" || parts[0] == h.refOf(c).location {
				found = append(found, c)
			}
		}
		if len(found) != 1 {
			continue
		}
		s := h.clusterState(found[0])
		if parts[2] != "" {
			p := findPool(found[0], parts[2])
			if p == nil {
				continue
			}
			if s = h.poolState(p, h.refOf(found[0])); s.Status == pmks.ClusterInactive && !s.StatusFinal {
				continue
			}
		}
		states[text] = s
	}
	return states, 1, nil
}

func (h *Handler) clusterState(c *containerpb.Cluster) pmks.State {
	m := clusterMeaning(c)
	return pmks.State{Cluster: h.clusterIID(h.refOf(c)), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		Version: c.GetCurrentMasterVersion(), DesiredNodeSize: -1, NodeCount: -1}
}

func (h *Handler) poolState(p *containerpb.NodePool, r ref) pmks.State {
	m := poolMeaning(p)
	return pmks.State{Cluster: h.clusterIID(r), NodeGroup: poolIID(p.GetName()), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		Version: p.GetVersion(), DesiredNodeSize: -1, NodeCount: -1}
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
