// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// checkIndexes fails the test when a world contradicts itself.
func checkIndexes(t testing.TB, w *World) {
	t.Helper()
	p, ops, scheduled, nodes := w.profile, len(w.past), 0, map[string]bool{}
	last, alive := uint64(0), 0
	if len(w.ended) > 0 {
		t.Errorf("%d operations are over and nobody was told", len(w.ended))
	}
	for _, c := range w.clusters {
		if c.seq <= last {
			t.Errorf("cluster %s is out of order", c.ID)
		}
		if last = c.seq; c.removed {
			continue
		}
		alive++
		if w.byID[c.ID] != c || !slices.Contains(w.byName[c.Name], c) {
			t.Errorf("cluster %s is not in the indexes", c.ID)
		}
		if c.running != nil && (c.running.Done || c.running.cluster != c || c.running.group != nil) {
			t.Errorf("cluster %s runs %s", c.ID, c.running)
		}
		if c.running != nil && !inTransition(c.own) || c.ownBy != "" != inTransition(c.own) {
			t.Errorf("cluster %s is %s by %q and runs %v", c.ID, c.own, c.ownBy, c.running)
		}
		if _, final := c.State.Portable(); (final || c.State == profile.Degraded) && c.Reason == "" {
			t.Errorf("cluster %s is %s without a reason", c.ID, c.State)
		}
		if len(c.history) > historyLimit {
			t.Errorf("cluster %s remembers %d operations", c.ID, len(c.history))
		}
		ops += len(c.history)
		ids := map[string]bool{}
		for _, g := range c.Groups {
			if ids[g.ID] || ids["name "+g.Name] || g.ID == "" || g.State == profile.Gone {
				t.Errorf("group %s of %s is there twice, or gone", g.ID, c.ID)
			}
			ids[g.ID], ids["name "+g.Name] = true, true
			checkGroupState(t, p, c, g)
			for _, n := range g.Nodes {
				if nodes[n.SystemId] {
					t.Errorf("node %s is there twice", n.SystemId)
				}
				nodes[n.SystemId] = true
			}
		}
		for _, op := range c.history {
			if w.operations[op.ID] != op {
				t.Errorf("operation %s cannot be found", op)
			}
			if op.Done {
				continue
			}
			if target := c.running; !op.aside() && (op.group == nil && target != op || op.group != nil && (op.group.running != op || !slices.Contains(c.Groups, op.group))) {
				t.Errorf("operation %s goes on on a target that is gone", op)
			}
			if op.aside() && (op.cluster != c || op.group != nil && !slices.Contains(c.Groups, op.group)) {
				t.Errorf("operation %s goes on beside what is gone", op)
			}
			if op.index >= 0 {
				scheduled++
				if w.schedule[op.index] != op {
					t.Errorf("operation %s is not in its place", op)
				}
			}
		}
	}
	if alive != len(w.byID) || alive+w.dead != len(w.clusters) || scheduled != len(w.schedule) || ops != len(w.operations) {
		t.Errorf("%d clusters and %d dead of %d, %d by id; %d of %d scheduled; %d of %d operations",
			alive, w.dead, len(w.clusters), len(w.byID), scheduled, len(w.schedule), ops, len(w.operations))
	}
	named := 0
	for _, list := range w.byName {
		named += len(list)
	}
	if named != alive {
		t.Errorf("%d clusters by name, %d in all", named, alive)
	}
}

func checkGroupState(t testing.TB, p *profile.Profile, c *Cluster, g *NodeGroup) {
	t.Helper()
	if g.running != nil && (g.running.Done || g.running.group != g || g.follows) {
		t.Errorf("group %s runs %s", g.ID, g.running)
	}
	if g.running != nil && !inTransition(g.State) || (g.By != "") != inTransition(g.State) {
		t.Errorf("group %s is %s by %q and runs %v", g.ID, g.State, g.By, g.running)
	}
	if g.follows && !inTransition(c.own) {
		t.Errorf("group %s follows a cluster that is %s", g.ID, c.own)
	}
	if _, final := g.State.Portable(); (final || g.State == profile.Degraded) && g.Reason == "" {
		t.Errorf("group %s is %s without a reason", g.ID, g.State)
	}
	s, limit := g.sizes(), p.Limits.NodesPerGroup
	if limit > 0 && (s.desired > limit || s.max > limit) || s.desired < 0 || s.min < 0 || s.min > s.max && s.boundsKnown ||
		s.auto && (s.desired < s.min || s.desired > s.max) || s.desired == 0 && !p.Caps.Scaling.ToZero {
		t.Errorf("group %s has sizes %+v", g.ID, s)
	}
}
