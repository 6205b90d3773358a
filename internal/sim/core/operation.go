// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"container/heap"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// historyLimit is how many operations a cluster remembers.
const historyLimit = 50

// pastLimit is how many operations of clusters that are gone are remembered.
const pastLimit = 1000

// operation is an OperationRecord with what is needed to end it.
type operation struct {
	OperationRecord
	seq     uint64
	index   int // in the heap; negative when not in it
	fail    string
	cluster *Cluster   // nil once done
	group   *NodeGroup // nil: the cluster itself
	before  sizes      // what a failed scaling returns to
	// work is the command, for an operation that only the vendor knows.
	work   *Work
	effect func(OperationRecord)
}

// sizes is what ScaleNodeGroup and SetAutoScaling change.
type sizes struct {
	auto, boundsKnown bool
	desired, min, max int
}

func (g *NodeGroup) sizes() sizes {
	return sizes{g.Auto, g.BoundsKnown, g.Desired, g.Min, g.Max}
}

func (g *NodeGroup) setSizes(s sizes) {
	g.Auto, g.BoundsKnown, g.Desired, g.Min, g.Max = s.auto, s.boundsKnown, s.desired, s.min, s.max
}

// Before returns what a group had before the operation that is switching its autoscaling,
// and what it has where there is none.
func (g *NodeGroup) Before() (auto bool, desired, lower, upper int) {
	s := g.sizes()
	if op := g.running; op != nil && op.Kind == profile.SetAutoScaling {
		s = op.before
	}
	return s.auto, s.desired, s.min, s.max
}

// schedule is a heap of the operations that will end, the next one first. Those
// that end together do so in the order they started.
type schedule []*operation

func (s schedule) Len() int { return len(s) }

func (s schedule) Less(i, j int) bool {
	return cmp.Or(s[i].End.Compare(s[j].End), cmp.Compare(s[i].seq, s[j].seq)) < 0
}

func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

func (s *schedule) Push(x any) {
	op := x.(*operation) //nolint:errcheck,forcetypeassert // container/heap passes nothing else
	op.index = len(*s)
	*s = append(*s, op)
}

func (s *schedule) Pop() any {
	last := len(*s) - 1
	op := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	op.index = -1
	return op
}

// start begins an operation on c, or on g if there is one, at the world's time.
func (w *World) start(kind profile.Operation, c *Cluster, g *NodeGroup, target string, out Outcome) *operation {
	// Drawn even for an operation that never ends or has its name, so that neither
	// a fault nor a name changes what happens to others.
	id := w.unique(operationID, place{}, func(id string) bool { return w.operations[id] != nil })
	out.ID = cmp.Or(out.ID, id)
	op := w.begin(kind, c, g, target, w.duration(kind), out)
	if g != nil {
		op.before = g.sizes()
		g.running, g.follows = op, false
	} else {
		c.running = op
	}
	return op
}

// begin notes an operation that takes so long.
func (w *World) begin(kind profile.Operation, c *Cluster, g *NodeGroup, target string, took time.Duration, out Outcome) *operation {
	op := &operation{seq: w.next(), index: -1, fail: out.Fail, cluster: c, group: g, effect: out.Effect}
	op.OperationRecord = OperationRecord{
		ID: out.ID, Kind: kind, ClusterID: c.ID, Target: target, Word: out.Word, Start: w.now, Begins: w.now.Add(max(0, out.Pending)),
	}
	if g != nil {
		op.GroupID = g.ID
	}
	if !out.Stick {
		op.End = w.now.Add(took)
		heap.Push(&w.schedule, op)
	}
	w.operations[op.ID] = op
	c.history = append(c.history, op)
	w.trim(c)
	return op
}

// trim forgets the oldest operations that are done.
func (w *World) trim(c *Cluster) {
	for i := 0; len(c.history) > historyLimit && i < len(c.history); {
		if !c.history[i].Done {
			i++
			continue
		}
		delete(w.operations, c.history[i].ID)
		c.history = append(c.history[:i], c.history[i+1:]...)
	}
}

// duration returns how long an operation takes this time.
func (w *World) duration(kind profile.Operation) time.Duration {
	typical, ok := w.options.Durations[kind]
	if !ok {
		typical = w.profile.Typical(kind)
	}
	spread := 1 + w.profile.Spread*(2*w.random.Float64()-1)
	return max(0, time.Duration(float64(typical)*w.options.Scale*spread))
}

// close marks op as over. What it leads to is the caller's business.
func (w *World) close(op *operation, failure string) {
	if op.index >= 0 {
		heap.Remove(&w.schedule, op.index)
	}
	op.Done, op.End, op.Failure = true, w.now, failure
	if g := op.group; g != nil {
		if g.running == op {
			g.running = nil
		}
	} else if op.cluster.running == op {
		op.cluster.running = nil
	}
	op.cluster, op.group = nil, nil
	if op.effect != nil {
		w.ended = append(w.ended, op)
	}
}

// tell calls the effects of the operations that are over. They come last, when the
// world is at rest again, as they may apply commands.
func (w *World) tell() {
	for len(w.ended) > 0 {
		op := w.ended[0]
		w.ended = w.ended[1:]
		effect := op.effect
		op.effect = nil
		effect(op.OperationRecord)
	}
}

// cancel cuts op short; nil is no operation.
func (w *World) cancel(op *operation, why string) {
	if op != nil {
		w.close(op, "canceled: "+why)
	}
}

// end lets op take effect at the world's time.
func (w *World) end(op *operation) {
	c, g := op.cluster, op.group
	w.close(op, op.fail)
	switch {
	case op.work != nil:
		w.endWork(op, c, g)
	case g != nil:
		w.endOnGroup(op, c, g)
	default:
		w.endOnCluster(op, c)
	}
	c.show(w.profile)
	w.trim(c)
}

func (w *World) endOnCluster(op *operation, c *Cluster) {
	failed := op.fail != ""
	c.ownBy, c.Reason = "", op.fail
	switch {
	case op.Kind == profile.CreateCluster && failed:
		c.own = profile.CreateFailed
		w.settle(c, profile.CreateFailed, op.fail)
	case op.Kind == profile.CreateCluster:
		w.raise(c)
		c.own = profile.Active
		w.settle(c, profile.Active, "")
	case op.Kind == profile.DeleteCluster && failed:
		c.own = profile.DeleteFailed
		w.settle(c, profile.DeleteFailed, op.fail)
	case op.Kind == profile.DeleteCluster:
		w.remove(c)
	case failed:
		c.own = w.profile.UpdateFails
		w.settle(c, w.profile.UpdateFails, op.fail)
	default: // UpgradeControlPlane, UpgradeAll
		c.own, c.Version = profile.Active, op.Target
		for _, g := range c.Groups {
			if g.follows {
				w.upgradeNodes(c, g)
			}
		}
		w.settle(c, profile.Active, "")
	}
}

func (w *World) endOnGroup(op *operation, c *Cluster, g *NodeGroup) {
	failed := op.fail != ""
	g.By, g.Reason = "", op.fail
	switch {
	case op.Kind == profile.AddNodeGroup && failed:
		g.State = profile.CreateFailed
	case op.Kind == profile.RemoveNodeGroup && failed:
		g.State = profile.DeleteFailed
	case op.Kind == profile.RemoveNodeGroup:
		w.dropGroup(c, g)
	case failed:
		g.setSizes(op.before)
		g.State = w.profile.UpdateFails
	case op.Kind == profile.UpgradeNodeGroup:
		g.State = profile.Active
		w.upgradeNodes(c, g)
	default: // AddNodeGroup, ScaleNodeGroup, SetAutoScaling
		g.State = profile.Active
		w.fill(c, g)
	}
}

// raise brings the control plane up.
func (w *World) raise(c *Cluster) {
	if !c.ControlPlaneUp {
		c.ControlPlaneUp = true
		c.Endpoint = w.ids.endpoint.expand(w.random, place{region: w.Region(), name: c.Name, cluster: c.ID, clusterName: c.Name})
	}
}

// settle gives the groups that followed the operation on the cluster the state
// that it ended in.
func (w *World) settle(c *Cluster, state profile.State, reason string) {
	for _, g := range c.Groups {
		if !g.follows {
			continue
		}
		g.follows, g.State, g.By, g.Reason = false, state, "", reason
		if state == profile.Active {
			w.fill(c, g)
		}
	}
}

// upgradeNodes replaces every node of g by one of the control plane's version.
func (w *World) upgradeNodes(c *Cluster, g *NodeGroup) {
	g.Version, g.Nodes = c.Version, nil
	w.fill(c, g)
}

// dropGroup takes g out of the cluster.
func (w *World) dropGroup(c *Cluster, g *NodeGroup) {
	w.cancelAside(c, g, "the node group is gone")
	for i, other := range c.Groups {
		if other == g {
			c.Groups = append(c.Groups[:i:i], c.Groups[i+1:]...)
			return
		}
	}
}
