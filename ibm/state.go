// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/look"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// ReadState implements [pmks.StateReader]: of a cluster with one call, and one more for
// its workers where it is not well, as in every creation for a while; of a node group
// with its pool and its workers, and once for the name of the cluster. Where many wait,
// one list answers all whose cluster is on its way, and the pools and workers of a cluster
// all who look at its node groups.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	if nodeGroupIID.IsZero() {
		r, err := h.clusterRef(ctx, clusterIID)
		if err != nil {
			return pmks.State{}, err
		}
		return h.looks.Read(ctx, r.key(), look.Way[pmks.State]{
			One: func(ctx context.Context) (pmks.State, error) { return h.clusterState(ctx, r) },
			Set: "clusters", All: h.clusterStates,
		})
	}
	r, pool, err := h.refs(ctx, clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	return h.looks.Read(ctx, pool.key(), look.Way[pmks.State]{
		One: func(ctx context.Context) (pmks.State, error) { return h.groupState(ctx, r, pool) },
		Set: "pools of " + r.key(), All: func(ctx context.Context, keys []string) (map[string]pmks.State, int, error) {
			return h.groupStates(ctx, r, keys)
		},
	})
}

// key tells an id from a name that looks like one, and refOf is what it stands for.
func (r ref) key() string {
	if r.id != "" {
		return "id/" + r.id
	}
	return "name/" + r.name
}

func refOf(key string) ref {
	if id, ok := strings.CutPrefix(key, "id/"); ok {
		return ref{id: id}
	}
	return ref{name: strings.TrimPrefix(key, "name/")}
}

func (h *Handler) clusterState(ctx context.Context, r ref) (pmks.State, error) {
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
	return clusterStateOf(c, m), ctx.Err()
}

func clusterStateOf(c clusterObject, m ready.Meaning) pmks.State {
	return pmks.State{Cluster: clusterIID(c), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		Version: version(c.MasterKubeVersion), DesiredNodeSize: -1, NodeCount: -1}
}

// trustedFor is how long a list is believed that a cluster is being made. It does not show
// what becomes of the master, whose failure the state of the cluster is to show too.
const trustedFor = 10 * time.Minute

// clusterStates looks at many clusters with one list, which shows a part of each: enough
// of those that are made, updated or deleted. How one rests, and whether it has failed, the
// cluster itself tells, and whether one that is not in the list is gone.
func (h *Handler) clusterStates(ctx context.Context, keys []string) (states map[string]pmks.State, requests int, err error) {
	list, err := h.list(ctx)
	if err != nil {
		return nil, 1, err
	}
	list = h.ours(list)
	byID, byName := make(map[string]clusterObject, len(list)), make(map[string]clusterObject, len(list))
	for _, c := range list {
		if _, twice := byName[c.Name]; twice {
			byName[c.Name] = clusterObject{} // who is meant is not told
		} else {
			byName[c.Name] = c
		}
		byID[c.ID] = c
	}
	states = make(map[string]pmks.State, len(keys))
	for _, key := range keys {
		r := refOf(key)
		c := byName[r.name]
		if r.id != "" {
			c = byID[r.id]
		}
		m := clusterMeaning(c, nil)
		if c.ID != "" && m.Status.Transitional() && !h.isDue(c.ID, m.Status) && h.accept(c) == nil {
			states[key] = clusterStateOf(c, m)
		}
	}
	return states, 1, nil
}

// isDue reports whether it is time to look at a cluster itself that lists show being made.
func (h *Handler) isDue(id string, status pmks.ClusterStatus) bool {
	if status != pmks.ClusterCreating {
		h.listedSince.Delete(id)
		return false
	}
	since, _ := h.listedSince.LoadOrStore(id, time.Now())
	at, _ := since.(time.Time)
	if time.Since(at) < trustedFor {
		return false
	}
	h.listedSince.Delete(id)
	return true
}

func (h *Handler) groupState(ctx context.Context, r, pool ref) (pmks.State, error) {
	v, p, name, err := h.readGroupOf(ctx, r, pool)
	if err != nil {
		return pmks.State{}, err
	}
	return v.stateOf(p, name), nil
}

func (v view) stateOf(p poolObject, cluster string) pmks.State {
	g := v.group(p)
	return pmks.State{Cluster: pmks.IID{NameId: cluster, SystemId: v.c.ID}, NodeGroup: g.IId, Status: pmks.ClusterStatus(g.Status),
		StatusReason: g.StatusReason, StatusFinal: g.StatusFinal, Version: g.Version, DesiredNodeSize: g.DesiredNodeSize, NodeCount: len(g.Nodes)}
}

// groupStates looks at many node groups of a cluster with what one takes: its pools, and
// the workers of all of them. One that is not among them is asked for by itself.
func (h *Handler) groupStates(ctx context.Context, r ref, keys []string) (states map[string]pmks.State, requests int, err error) {
	requests = 2
	var v view
	if v.c.ID, err = h.identify(ctx, r); r.id == "" {
		requests++
	}
	if err != nil {
		return nil, requests, err
	}
	name, err := h.nameOf(ctx, v.c.ID)
	if err == nil {
		v.pools, err = h.lookPools(ctx, v.c.ID)
	}
	if err == nil {
		v.workers, err = h.readWorkers(ctx, v.c.ID, "")
	}
	if err != nil {
		return nil, requests, err
	}
	states = make(map[string]pmks.State, len(keys))
	for _, key := range keys {
		if p, err := findPool(v.pools, refOf(key)); err == nil {
			states[key] = v.stateOf(p, name)
		}
	}
	return states, requests, nil
}

// readGroup reads a pool with its workers, without which nothing can be said of it, and
// the name of its cluster. Of the cluster the view holds the id alone.
func (h *Handler) readGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (v view, p poolObject, name string, err error) {
	r, pool, err := h.refs(ctx, clusterIID, nodeGroupIID)
	if err != nil {
		return v, p, "", err
	}
	return h.readGroupOf(ctx, r, pool)
}

// readGroupOf makes all its reads side by side where the pool has an id: of a name the
// pools tell it first.
func (h *Handler) readGroupOf(ctx context.Context, r, pool ref) (v view, p poolObject, name string, err error) {
	if v.c.ID, err = h.identify(ctx, r); err != nil {
		return v, p, "", err
	}
	if err := checkPoolOf(pool, v.c.ID); err != nil {
		return v, p, "", err
	}
	var nameErr, poolsErr, workersErr error // each read keeps its own fault
	reads := []func(context.Context) error{
		func(ctx context.Context) error { name, nameErr = h.nameOf(ctx, v.c.ID); return nil },
		func(ctx context.Context) error { v.pools, poolsErr = h.readPools(ctx, v.c.ID); return nil },
	}
	if pool.id != "" {
		reads = append(reads, func(ctx context.Context) error {
			v.workers, workersErr = h.readWorkers(ctx, v.c.ID, pool.id)
			return nil
		})
	}
	if err := cmp.Or(fanout.All(ctx, reads...), nameErr, poolsErr); err != nil {
		return v, p, "", err
	}
	if p, err = findPool(v.pools, pool); err != nil {
		return v, p, "", err
	}
	if pool.id == "" {
		v.workers, workersErr = h.readWorkers(ctx, v.c.ID, p.ID)
	}
	return v, p, name, h.ofCluster(ctx, workersErr, v.c.ID)
}

// GetNodeGroup implements [pmks.NodeGroupReader] with two calls, its pool and its workers,
// and once the cluster for an id that this handler has not seen. The bounds of a pool that
// is autoscaled are asked for in the cluster.
func (h *Handler) GetNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "GetNodeGroup", clusterIID, nodeGroupIID)
	v, p, _, err := h.readGroup(ctx, clusterIID, nodeGroupIID)
	if v.workersErr = err; err != nil && (p.ID == "" || errs.Is(err, pmks.CodeNotFound)) {
		return pmks.NodeGroupInfo{}, err
	}
	info := pmks.ClusterInfo{NodeGroupList: []pmks.NodeGroupInfo{v.group(p)}}
	if p.AutoscaleEnabled {
		v.pools = []poolObject{p}
		if v.c, err = h.readCluster(ctx, v.c.ID); err != nil {
			return pmks.NodeGroupInfo{}, err
		}
		h.addBounds(ctx, v, nil, &info)
	}
	return info.NodeGroupList[0], errs.Over(ctx)
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
