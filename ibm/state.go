// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
)

// ReadState implements [pmks.StateReader]: of a cluster with one call, and one more for
// its workers where it is not well, as in every creation for a while; of a node group
// with its pool and its workers, and once for the name of the cluster.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	if !nodeGroupIID.IsZero() {
		return h.readGroupState(ctx, clusterIID, nodeGroupIID)
	}
	r, err := h.clusterRef(ctx, clusterIID)
	if err != nil {
		return pmks.State{}, err
	}
	id, err := h.identify(ctx, r)
	if err != nil {
		return pmks.State{}, err
	}
	c, err := h.readCluster(ctx, id)
	if err != nil {
		return pmks.State{}, err
	}
	m := clusterMeaning(c, nil)
	if m.Status == pmks.ClusterInactive || strings.EqualFold(c.State, "warning") {
		// Without its workers the cluster is told as it is.
		if workers, err := h.readWorkers(ctx, c.ID, ""); err == nil {
			m = clusterMeaning(c, workers)
		}
	}
	return pmks.State{Cluster: pmks.IID{NameId: c.Name, SystemId: c.ID}, Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		Version: version(c.MasterKubeVersion), DesiredNodeSize: -1, NodeCount: -1}, ctx.Err()
}

func (h *Handler) readGroupState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (pmks.State, error) {
	v, p, name, err := h.readGroup(ctx, clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	g := v.group(p)
	return pmks.State{Cluster: pmks.IID{NameId: name, SystemId: v.c.ID}, NodeGroup: g.IId, Status: pmks.ClusterStatus(g.Status),
		StatusReason: g.StatusReason, StatusFinal: g.StatusFinal, Version: g.Version, DesiredNodeSize: g.DesiredNodeSize, NodeCount: len(g.Nodes)}, nil
}

// readGroup reads a pool with its workers, without which nothing can be said of it, and
// the name of its cluster. Of the cluster the view holds the id alone.
func (h *Handler) readGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (v view, p poolObject, name string, err error) {
	r, pool, err := h.refs(ctx, clusterIID, nodeGroupIID)
	if err != nil {
		return v, p, "", err
	}
	if v.c.ID, err = h.identify(ctx, r); err != nil {
		return v, p, "", err
	}
	if err := checkPoolOf(pool, v.c.ID); err != nil {
		return v, p, "", err
	}
	if name, err = h.nameOf(ctx, v.c.ID); err != nil {
		return v, p, "", err
	}
	if v.pools, err = h.readPools(ctx, v.c.ID); err != nil {
		return v, p, "", err
	}
	if p, err = findPool(v.pools, pool); err != nil {
		return v, p, "", err
	}
	v.workers, err = h.readWorkers(ctx, v.c.ID, p.ID)
	return v, p, name, h.ofCluster(ctx, err, v.c.ID)
}

// LastOperation implements [pmks.OperationReader]. IBM keeps no record: what was done
// last to a cluster is told by the state of its master, with one call, and to a node
// group by its workers, with two.
func (h *Handler) LastOperation(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.Operation, err error) {
	defer annotate(&err, "LastOperation", clusterIID, nodeGroupIID)
	if !nodeGroupIID.IsZero() {
		v, p, _, err := h.readGroup(ctx, clusterIID, nodeGroupIID)
		if err != nil {
			return pmks.Operation{}, err
		}
		return groupOperation(p, v.of(p)), nil
	}
	r, err := h.clusterRef(ctx, clusterIID)
	if err != nil {
		return pmks.Operation{}, err
	}
	id, err := h.identify(ctx, r)
	if err != nil {
		return pmks.Operation{}, err
	}
	c, err := h.readCluster(ctx, id)
	if err != nil {
		return pmks.Operation{}, err
	}
	return clusterOperation(c), nil
}

// clusterOperation tells what was done last to a cluster from what its master says. Its
// prose names an update that failed also where the state does not.
func clusterOperation(c clusterObject) pmks.Operation {
	l := c.Lifecycle
	at := stamp(l.MasterStatusModifiedDate)
	op := pmks.Operation{Kind: strings.TrimSuffix(strings.ToLower(firstOf(l.MasterState, c.State)), "_failed"), Start: at}
	m := clusterMeaning(c, nil)
	if m.Status.Transitional() {
		return op
	}
	op.Done, op.End = true, at
	said := strings.ToLower(l.MasterStatus)
	if m.Final || masterFailureTable[strings.ToLower(l.MasterState)] != "" || strings.Contains(said, "fail") || strings.Contains(said, "cancel") {
		op.Err = operationError(firstOf(m.Reason, l.MasterStatus), firstOf(l.MasterState, c.State))
	}
	return op
}

// groupOperation tells what was done last to a pool from the newest worker that failed,
// or from what IBM says of its zones.
func groupOperation(p poolObject, workers []workerObject) pmks.Operation {
	var op pmks.Operation
	for _, w := range workers {
		if at := stamp(w.Lifecycle.MessageDate); kindOf(w) == failedWorker && (op.ID == "" || at.After(op.Start)) {
			kind, _, _ := strings.Cut(strings.ToLower(w.Lifecycle.ActualState), "_")
			op = pmks.Operation{ID: w.ID, Kind: kind, Start: at, End: at, Done: true, Err: operationError(workerMessage(w), w.Lifecycle.ActualState)}
		}
	}
	m := poolMeaning(p, workers, true)
	switch {
	case op.ID != "" && !m.Status.Transitional():
		return op
	case m.Status.Transitional():
		return pmks.Operation{Kind: strings.ToLower(string(m.Status))}
	}
	op = pmks.Operation{Kind: strings.ToLower(p.Lifecycle.ActualState), Done: true, Start: newest(workers), End: newest(workers)}
	said := zoneMessage(p)
	if m.Status == pmks.ClusterInactive {
		said = firstOf(said, m.Reason)
	}
	if said != "" {
		op.Err = operationError(said, p.Lifecycle.ActualState)
	}
	return op
}

// newest is when the last message of a worker came.
func newest(workers []workerObject) (at time.Time) {
	for _, w := range workers {
		if t := stamp(w.Lifecycle.MessageDate); t.After(at) {
			at = t
		}
	}
	return at
}

// operationError is why something failed, in IBM's words.
func operationError(said, native string) error {
	code := pmks.CodeFailedPrecondition
	if strings.Contains(strings.ToLower(said), "quota") {
		code = pmks.CodeQuotaExceeded
	}
	return &pmks.Error{Code: code, ProviderCode: native, Message: said}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
