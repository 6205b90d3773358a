// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// aside: the operation leaves its target alone.
func (op *operation) aside() bool { return op.work != nil && op.work.Aside }

// asked is the command of an operation that only the vendor knows, for Dump.
func (op *operation) asked() Work {
	if op.work == nil {
		return Work{}
	}
	return *op.work
}

func (w *World) work(cmd Work) (step, error) {
	c, g, err := w.lookup(cmd.ClusterID, cmd.GroupID)
	if err != nil {
		return nil, err
	}
	cmd.To = cmp.Or(cmd.To, profile.Active)
	if inTransition(cmd.To) || cmd.To < profile.Gone || cmd.To > profile.Stopped || cmd.Took < 0 {
		return nil, refuse(InvalidArgument, "", "no operation takes %s or leads to %s", cmd.Took, cmd.To)
	}
	return func(out Outcome) Result {
		if !cmd.Aside {
			w.hideChange(c)
			w.makeRoom(c, g)
		}
		if out.ID == "" {
			out.ID = w.unique(operationID, place{}, func(id string) bool { return w.operations[id] != nil })
		}
		op := w.begin(cmd.kind(), c, g, "", cmd.Took, out)
		op.work = &cmd
		if !cmd.Aside && g != nil {
			g.running = op
		} else if !cmd.Aside {
			c.running = op
		}
		c.show(w.profile)
		return Result{Cluster: c, Group: g, Operation: op.OperationRecord}
	}, nil
}

// makeRoom ends what the target of Work was doing and makes it Updating.
func (w *World) makeRoom(c *Cluster, g *NodeGroup) {
	const why = "another operation took its place"
	if g != nil {
		w.cancel(g.running, why)
		g.follows = false
		g.set(profile.Updating, profile.UpdateCluster)
		return
	}
	w.cancel(c.running, why)
	c.setOwn(profile.Updating, profile.UpdateCluster)
	for _, g := range c.Groups {
		if g.follows {
			g.set(profile.Updating, profile.UpdateCluster)
		}
	}
}

// endWork gives the target the state that the operation leads to.
func (w *World) endWork(op *operation, c *Cluster, g *NodeGroup) {
	to, reason := op.work.To, op.work.Reason
	if op.fail != "" {
		to, reason = w.profile.UpdateFails, op.fail
	}
	switch {
	case op.work.Aside:
	case g != nil:
		w.forceGroup(c, g, to, reason)
	default:
		w.forceCluster(c, to, reason)
	}
	if op.work.Then == nil || op.fail != "" {
		return
	}
	if do, err := w.prepare(op.work.Then); err == nil {
		do(Outcome{})
	}
}

// cancelAside cuts the operations short that run beside others in a cluster, or on
// one group of it.
func (w *World) cancelAside(c *Cluster, g *NodeGroup, why string) {
	for _, op := range c.history {
		if !op.Done && op.aside() && (g == nil || op.group == g) {
			w.cancel(op, why)
		}
	}
}

func (w *World) cancelOperation(cmd CancelOperation) (step, error) {
	op := w.operations[cmd.OperationID]
	switch {
	case op == nil:
		return nil, refuse(InvalidArgument, "", "there is no operation %q", cmd.OperationID)
	case op.Done:
		return nil, refuse(BadState, "", "operation %s is over", op.ID)
	case !op.aside() && (op.group == nil || op.group.State != profile.Updating):
		return nil, refuse(Unsupported, "", "operation %s cannot be canceled", op.ID)
	}
	c, g := op.cluster, op.group
	return func(Outcome) Result {
		w.hideChange(c)
		w.cancel(op, cmp.Or(cmd.Why, noWord))
		if !op.aside() {
			w.forceGroup(c, g, profile.Active, "")
		}
		c.show(w.profile)
		return Result{Cluster: c, Group: g, Operation: op.OperationRecord}
	}, nil
}

// Running returns the operation on the cluster itself, or the last that was when
// this was read.
func (c *Cluster) Running() (OperationRecord, bool) { return c.running.record() }

// Running returns the operation on the group alone.
func (g *NodeGroup) Running() (OperationRecord, bool) { return g.running.record() }

func (op *operation) record() (OperationRecord, bool) {
	if op == nil {
		return OperationRecord{}, false
	}
	return op.OperationRecord, true
}
