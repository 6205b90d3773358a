// SPDX-License-Identifier: Apache-2.0

package core

import (
	"container/heap"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// World is one region of one account of a simulated cloud. It is not safe for
// concurrent use.
type World struct {
	profile *profile.Profile
	options Options
	ids     idTemplates
	stock   *stock

	source *rand.PCG
	random *rand.Rand

	// now never goes back.
	now time.Time
	// counter numbers clusters and operations.
	counter uint64

	// clusters is in the order of creation. Removed ones stay in it until there
	// are too many of them.
	clusters []*Cluster
	dead     int
	byID     map[string]*Cluster
	byName   map[string][]*Cluster

	schedule   schedule
	operations map[string]*operation
	// past holds the operations of clusters that are gone, oldest first.
	past []*operation
	// ended holds operations that are over and whose effects have not been told.
	ended []*operation

	lag lag
	// memory is what was there when remembers was set; reads show it while recalls is.
	memory             lag
	remembers, recalls bool

	// changed, unless nil, is called after each change.
	changed func()
}

// New returns an empty world that behaves as p says. p is not modified, and must
// not be as long as the world is used.
func New(p *profile.Profile, o Options) *World {
	if o.Scale == 0 {
		o.Scale = 1
	}
	o.Durations = maps.Clone(o.Durations)
	source := rand.NewPCG(o.Seed, 0x706d6b73) // the second half only has to be fixed
	stock := newStock(o.Inventory)
	o.Inventory = nil // copied; the caller's is the caller's to change
	return &World{
		profile:    p,
		options:    o,
		ids:        parseIDs(p.IDs),
		stock:      stock,
		source:     source,
		random:     rand.New(source),
		byID:       map[string]*Cluster{},
		byName:     map[string][]*Cluster{},
		operations: map[string]*operation{},
	}
}

// Profile returns what the world behaves as.
func (w *World) Profile() *profile.Profile { return w.profile }

// Region returns the region of the world.
func (w *World) Region() string {
	if w.options.Region != "" {
		return w.options.Region
	}
	return w.profile.Region
}

// Advance lets everything happen that happens until now, in the order of time.
// The other methods call it first. A now before that of an earlier call changes
// nothing.
func (w *World) Advance(now time.Time) {
	for len(w.schedule) > 0 && !w.schedule[0].End.After(now) {
		op := heap.Pop(&w.schedule).(*operation) //nolint:errcheck,forcetypeassert // it holds nothing else
		if op.End.After(w.now) {
			w.now = op.End
		}
		w.end(op)
		w.tell()
		w.note()
	}
	if now.After(w.now) {
		w.now = now
	}
	w.lag.expire(w.now)
}

// NextEvent returns when the next operation ends, and false when none is under
// way that will.
func (w *World) NextEvent() (time.Time, bool) {
	if len(w.schedule) == 0 {
		return time.Time{}, false
	}
	return w.schedule[0].End, true
}

// Apply accepts cmd whole or refuses it whole. out shapes the operation that
// starts.
//
// The error is a *Refusal, or several of them joined when more than one thing is
// wrong with the request; Refusals lists them. A target that does not exist
// comes before the faults of the request, and these before what the state of the
// world speaks against.
func (w *World) Apply(now time.Time, cmd Command, out Outcome) (Result, error) {
	w.Advance(now)
	do, err := w.prepare(cmd)
	if err != nil {
		return Result{}, err
	}
	result := do(out)
	w.tell()
	w.note()
	return result, nil
}

// OnChange has f called after everything that may have changed a cluster: a command
// that was accepted, an operation that ended, a cluster put there. f must not call the
// world. Nil takes it away; a Snapshot goes on without it.
func (w *World) OnChange(f func()) { w.changed = f }

func (w *World) note() {
	if w.changed != nil {
		w.changed()
	}
}

// Check says what Apply would refuse, changing nothing.
func (w *World) Check(now time.Time, cmd Command) error {
	w.Advance(now)
	_, err := w.prepare(cmd)
	return err
}

// step carries an accepted command out.
type step func(Outcome) Result

// prepare decides on a command without changing anything, the random stream
// included.
func (w *World) prepare(cmd Command) (step, error) {
	switch cmd := cmd.(type) {
	case CreateCluster:
		return w.createCluster(cmd)
	case DeleteCluster:
		return w.deleteCluster(cmd)
	case AddNodeGroup:
		return w.addNodeGroup(cmd)
	case RemoveNodeGroup:
		return w.removeNodeGroup(cmd)
	case SetAutoScaling:
		return w.setAutoScaling(cmd)
	case Scale:
		return w.scale(cmd)
	case UpgradeControlPlane:
		return w.upgradeControlPlane(cmd)
	case UpgradeNodeGroup:
		return w.upgradeNodeGroup(cmd)
	case SetTags:
		return w.setTags(cmd)
	case SetAccess:
		return w.setAccess(cmd)
	case SetProtection:
		return w.setProtection(cmd)
	case Force:
		return w.force(cmd)
	case Work:
		return w.work(cmd)
	case CancelOperation:
		return w.cancelOperation(cmd)
	}
	return nil, refuse(Unsupported, "", "no such command")
}

// faults collects what is wrong with a request.
type faults []error

func (f *faults) add(reason Reason, field, format string, args ...any) {
	*f = append(*f, refuse(reason, field, format, args...))
}

func (f faults) err() error {
	if len(f) == 1 {
		return f[0]
	}
	return errors.Join(f...)
}

// next numbers clusters and operations.
func (w *World) next() uint64 {
	w.counter++
	return w.counter
}

// insert puts a new cluster into the indexes.
func (w *World) insert(c *Cluster) {
	c.seq = w.next()
	w.clusters = append(w.clusters, c)
	w.byID[c.ID] = c
	w.byName[c.Name] = append(w.byName[c.Name], c)
}

// remove takes a cluster out of the world.
func (w *World) remove(c *Cluster) {
	const why = "the cluster is gone"
	w.cancelAll(c, why)
	w.cancelAside(c, nil, why)
	c.own, c.removed = profile.Gone, true
	delete(w.byID, c.ID)
	// A new slice: a reader may still hold the old one.
	if rest := without(w.byName[c.Name], c); len(rest) > 0 {
		w.byName[c.Name] = rest
	} else {
		delete(w.byName, c.Name)
	}
	w.past = append(w.past, c.history...)
	c.history = nil
	if over := len(w.past) - pastLimit; over > 0 {
		for _, op := range w.past[:over] {
			delete(w.operations, op.ID)
		}
		w.past = slices.Delete(w.past, 0, over)
	}
	// Sweeping only when half is dead makes a removal cheap, however many
	// clusters there are.
	if w.dead++; w.dead > len(w.clusters)/2 {
		w.clusters = slices.DeleteFunc(w.clusters, func(c *Cluster) bool { return c.removed })
		w.dead = 0
	}
}

func without(list []*Cluster, c *Cluster) []*Cluster {
	var rest []*Cluster
	for _, other := range list {
		if other != c {
			rest = append(rest, other)
		}
	}
	return rest
}
