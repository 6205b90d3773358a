// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
)

// Snapshot returns a copy of the world that goes on by itself: what happens to
// one does not touch the other, and the same commands lead to the same ends.
func (w *World) Snapshot() *World {
	source := *w.source
	c := &World{
		profile:    w.profile, // profiles and stocks are never modified
		options:    w.options,
		ids:        w.ids,
		stock:      w.stock,
		source:     &source,
		random:     rand.New(&source),
		now:        w.now,
		counter:    w.counter,
		byID:       make(map[string]*Cluster, len(w.byID)),
		byName:     make(map[string][]*Cluster, len(w.byName)),
		operations: make(map[string]*operation, len(w.operations)),
	}
	ops := make(map[*operation]*operation, len(w.operations))
	for _, cluster := range w.clusters {
		if cluster.removed {
			continue
		}
		cluster = cluster.clone(ops)
		c.clusters = append(c.clusters, cluster)
		c.byID[cluster.ID] = cluster
		c.byName[cluster.Name] = append(c.byName[cluster.Name], cluster)
	}
	for _, op := range w.past {
		c.past = append(c.past, op.clone(ops))
	}
	for _, op := range w.schedule {
		c.schedule = append(c.schedule, ops[op])
	}
	for id, op := range w.operations {
		c.operations[id] = ops[op]
	}
	c.lag = w.lag.clone()
	return c
}

// clone copies a cluster. With ops, which collects the copies of operations, the
// copy is fit to go on; without, it is only for reading.
func (c *Cluster) clone(ops map[*operation]*operation) *Cluster {
	d := *c
	copied := pmks.ClusterInfo{Network: c.Network, Access: c.Access}.Clone()
	d.Network, d.Access = copied.Network, copied.Access
	d.Tags, d.Attr = maps.Clone(c.Tags), maps.Clone(c.Attr)
	d.running, d.history = c.running.still(), nil
	groups := make(map[*NodeGroup]*NodeGroup, len(c.Groups))
	d.Groups = slices.Clone(c.Groups)
	for i, g := range c.Groups {
		e := *g
		e.Spec, e.Nodes, e.Attr = g.Spec.Clone(), slices.Clone(g.Nodes), maps.Clone(g.Attr)
		e.running = g.running.still()
		d.Groups[i], groups[g] = &e, &e
	}
	if ops == nil {
		return &d
	}
	d.running = nil
	for _, g := range d.Groups {
		g.running = nil
	}
	for _, op := range c.history {
		p := op.clone(ops)
		d.history = append(d.history, p)
		if op.Done {
			continue
		}
		p.cluster = &d
		p.group = groups[op.group]
		switch {
		case p.aside():
		case p.group != nil:
			p.group.running = p
		default:
			d.running = p
		}
	}
	return &d
}

// still copies an operation for reading.
func (op *operation) still() *operation {
	if op == nil {
		return nil
	}
	return &operation{OperationRecord: op.OperationRecord, before: op.before}
}

// clone copies an operation; its caller sets the targets.
func (op *operation) clone(ops map[*operation]*operation) *operation {
	p := *op
	p.cluster, p.group, p.effect = nil, nil, nil
	ops[op] = &p
	return &p
}

// clone copies a lag. The clusters in it are never modified, so both share them.
func (l *lag) clone() lag {
	c := lag{ending: slices.Clone(l.ending)}
	if l.byID == nil {
		return c
	}
	c.byID, c.byName = map[string]*shadow{}, map[string][]*shadow{}
	for name, shadows := range l.byName {
		for _, s := range shadows {
			d := &shadow{id: s.id, name: s.name, views: slices.Clone(s.views)}
			c.byID[s.id] = d
			c.byName[name] = append(c.byName[name], d)
		}
	}
	return c
}

// Dump writes the whole world as text, the position of the random stream
// included. Two worlds with the same text behave the same.
func (w *World) Dump() string {
	var b strings.Builder
	stream, _ := w.source.MarshalBinary() // PCG's never fails
	fmt.Fprintf(&b, "%s in %s at %s, counter %d, stream %x\n", w.profile.Name, w.Region(), stamp(w.now), w.counter, stream)
	for _, c := range w.clusters {
		if !c.removed {
			c.dump(&b, "")
		}
	}
	for _, op := range w.past {
		fmt.Fprintf(&b, "past %s\n", op)
	}
	for _, id := range slices.Sorted(maps.Keys(w.lag.byID)) {
		for _, v := range w.lag.byID[id].views {
			fmt.Fprintf(&b, "shown for %s until %s\n", id, stamp(v.until))
			if v.cluster != nil {
				v.cluster.dump(&b, "  ")
			}
		}
	}
	return b.String()
}

func (c *Cluster) dump(b *strings.Builder, indent string) {
	fmt.Fprintf(b, "%scluster %d %q id %s version %s %s by %q own %s by %q reason %q created %s\n",
		indent, c.seq, c.Name, c.ID, c.Version, c.State, c.By, c.own, c.ownBy, c.Reason, stamp(c.Created))
	fmt.Fprintf(b, "%s  up %t endpoint %q open %t protected %t token %q tags %v attr %v network %v access %v\n",
		indent, c.ControlPlaneUp, c.Endpoint, c.AccessOpen, c.Protected, c.Token, c.Tags, c.Attr, c.Network, c.Access)
	for _, g := range c.Groups {
		fmt.Fprintf(b, "%s  group %q id %s version %s %s by %q follows %t reason %q created %s token %q attr %v\n",
			indent, g.Name, g.ID, g.Version, g.State, g.By, g.follows, g.Reason, stamp(g.Created), g.Token, g.Attr)
		fmt.Fprintf(b, "%s    auto %t %d in %d-%d known %t nodes %v spec %+v\n",
			indent, g.Auto, g.Desired, g.Min, g.Max, g.BoundsKnown, g.Nodes, g.Spec)
	}
	for _, op := range c.history {
		fmt.Fprintf(b, "%s  %s\n", indent, op)
	}
}

// String is a line of Dump.
func (op *operation) String() string {
	return fmt.Sprintf("operation %d %s %s on %q of %q to %q %s-%s done %t failure %q fails with %q before %+v word %q begins %s work %+v",
		op.seq, op.ID, op.Kind, op.GroupID, op.ClusterID, op.Target, stamp(op.Start), stamp(op.End), op.Done, op.Failure, op.fail, op.before,
		op.Word, stamp(op.Begins), op.asked())
}

// stamp shows an instant without its time zone, which changes nothing.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
