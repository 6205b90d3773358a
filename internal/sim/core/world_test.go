// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestWorld_Failures(t *testing.T) {
	t.Parallel()
	const why = "ERR1: no luck"
	tests := []struct {
		name  string
		fails profile.State // UpdateFails
		cmd   func(*Cluster, *NodeGroup) Command
		// what is left in the end
		cluster, group profile.State
	}{
		{"delete", profile.Active, func(c *Cluster, _ *NodeGroup) Command { return DeleteCluster{c.ID} }, profile.DeleteFailed, profile.DeleteFailed},
		{"remove", profile.Active, func(c *Cluster, g *NodeGroup) Command { return RemoveNodeGroup{c.ID, g.ID} }, profile.Active, profile.DeleteFailed},
		{"scale", profile.Active, func(c *Cluster, g *NodeGroup) Command {
			return Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 3, Min: 2, Max: 9}
		}, profile.Active, profile.Active},
		{"auto", profile.UpdateFailed, func(c *Cluster, g *NodeGroup) Command {
			return SetAutoScaling{ClusterID: c.ID, GroupID: g.ID, On: true, Min: 5, Max: 9}
		}, profile.Active, profile.UpdateFailed},
		{"upgrade", profile.UpdateFailed, func(c *Cluster, _ *NodeGroup) Command {
			return UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4"}
		}, profile.UpdateFailed, profile.Active},
		{"upgrade-that-leaves-no-mark", profile.Active, func(c *Cluster, _ *NodeGroup) Command {
			return UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4"}
		}, profile.Active, profile.Active},
		{"upgrade-all", profile.UpdateFailed, func(c *Cluster, _ *NodeGroup) Command {
			return UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4", Groups: true}
		}, profile.UpdateFailed, profile.UpdateFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, neutralWith(t, func(p *profile.Profile) {
				p.UpdateFails = tt.fails
				if tt.name == "upgrade-all" {
					p.Upgrade.Mode = profile.OneOperation
				}
			}), Options{})
			c, g := s.active("alpha")
			version, before := c.Version, g.sizes()
			cmd := tt.cmd(c, g)
			id := s.applyWith(cmd, Outcome{Fail: why}).Operation.ID
			s.run()
			if c.State != tt.cluster || g.State != tt.group {
				t.Errorf("cluster %s, group %s, want %s and %s", c.State, g.State, tt.cluster, tt.group)
			}
			if op, _ := s.w.Operation(s.now, id); !op.Done || op.Failure != why {
				t.Errorf("operation %+v", op)
			}
			if c.Reason != why && g.Reason != why {
				t.Errorf("reasons %q and %q, want %q in one", c.Reason, g.Reason, why)
			}
			if c.Version != version || g.Version != version || g.sizes() != before || len(g.Nodes) != 2 {
				t.Errorf("something moved: %s, %s, %+v, %d nodes", c.Version, g.Version, g.sizes(), len(g.Nodes))
			}
			// Whatever failed can be tried again, and then nothing is left of it.
			s.apply(cmd)
			s.run()
			if _, ok := s.w.Cluster(s.now, c.ID); ok && (c.State != profile.Active || c.Reason != "" || g.Reason != "" && len(c.Groups) > 0) {
				t.Errorf("tried again: %s %q, group %s %q", c.State, c.Reason, g.State, g.Reason)
			}
		})
	}
}

func TestWorld_CreateFails(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c := s.applyWith(request(s.w.Profile(), "alpha"), Outcome{Fail: "no capacity"}).Cluster
	s.run()
	g := c.Groups[0]
	if c.State != profile.CreateFailed || c.Reason != "no capacity" || c.ControlPlaneUp || c.Endpoint != "" ||
		g.State != profile.CreateFailed || g.Reason == "" || len(g.Nodes) != 0 {
		t.Errorf("after a failed creation:\n%s", s.w.Dump())
	}
	s.apply(DeleteCluster{c.ID})
	s.run()

	c, _ = s.active("alpha")
	g = s.applyWith(AddNodeGroup{ClusterID: c.ID, Spec: spec("ng2", 1, 1, 1)}, Outcome{Fail: "no capacity"}).Group
	s.run()
	if g.State != profile.CreateFailed || g.Reason != "no capacity" || len(g.Nodes) != 0 || c.State != profile.Active {
		t.Errorf("after a failed group:\n%s", s.w.Dump())
	}
	s.apply(RemoveNodeGroup{c.ID, g.ID})
	s.run()
	if len(c.Groups) != 1 {
		t.Errorf("the failed group is still there")
	}
}

func TestWorld_Stick(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	r := s.applyWith(request(s.w.Profile(), "alpha"), Outcome{Stick: true})
	if _, ok := s.w.NextEvent(); ok {
		t.Error("something is to end")
	}
	s.wait(1000 * time.Hour)
	c := s.cluster(r.Cluster.ID)
	op, _ := s.w.Operation(s.now, r.Operation.ID)
	if c.State != profile.Creating || op.Done || !op.End.IsZero() {
		t.Errorf("the cluster is %s, its operation %+v", c.State, op)
	}
	s.apply(Force{ClusterID: c.ID, State: profile.Active})
	op, _ = s.w.Operation(s.now, r.Operation.ID)
	if c.State != profile.Active || !c.ControlPlaneUp || !op.Done || op.Failure == "" {
		t.Errorf("forced: %s, operation %+v", c.State, op)
	}
	wantSize(t, c.Groups[0], 2)
	s.applyWith(UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4"}, Outcome{Stick: true})
	s.wait(time.Hour)
	wantState(t, c, profile.Updating)
	s.apply(DeleteCluster{c.ID})
	s.run()
	if s.w.Len(s.now) != 0 {
		t.Error("a stuck cluster could not be deleted")
	}
}

func TestWorld_Force(t *testing.T) {
	t.Parallel()
	for _, state := range profile.States {
		t.Run(state.String(), func(t *testing.T) {
			t.Parallel()
			s := newStand(t, neutralWith(t, nil), Options{})
			c, g := s.active("alpha")
			s.apply(Force{ClusterID: c.ID, GroupID: g.ID, State: state})
			_, final := state.Portable()
			if g.State != state || (final || state == profile.Degraded) && g.Reason == "" {
				t.Errorf("the group is %s, reason %q", g.State, g.Reason)
			}
			s.apply(Force{ClusterID: c.ID, State: state, Reason: "said so"})
			if c.State != state || c.Reason != "said so" || inTransition(state) != (c.By != "") {
				t.Errorf("the cluster is %s by %q, reason %q", c.State, c.By, c.Reason)
			}
			s.wait(1000 * time.Hour)
			wantState(t, c, state)
			s.apply(Force{ClusterID: c.ID, GroupID: g.ID, State: profile.Active})
			s.apply(Force{ClusterID: c.ID, State: profile.Active})
			wantSize(t, g, 2)
			s.apply(Force{ClusterID: c.ID, GroupID: g.ID, State: profile.Gone})
			s.apply(Force{ClusterID: c.ID, State: profile.Gone})
			if len(c.Groups) != 0 || s.w.Len(s.now) != 0 {
				t.Error("what was forced to be gone is there")
			}
		})
	}
}

// TestWorld_ForceGroup: a group that is forced no longer follows what goes on
// around it.
func TestWorld_ForceGroup(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c, g := s.active("alpha")
	op := s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 1, Min: 1, Max: 3}).Operation
	s.apply(Force{ClusterID: c.ID, GroupID: g.ID, State: profile.Degraded, Reason: "disk full"})
	s.wait(time.Hour)
	if op, _ = s.w.Operation(s.now, op.ID); g.State != profile.Degraded || g.Reason != "disk full" || !op.Done || op.Failure == "" {
		t.Errorf("the group is %s, its operation %+v", g.State, op)
	}

	c = s.apply(request(s.w.Profile(), "beta")).Cluster
	g = c.Groups[0]
	s.apply(Force{ClusterID: c.ID, GroupID: g.ID, State: profile.CreateFailed, Reason: "no capacity"})
	s.run()
	if c.State != profile.Active || g.State != profile.CreateFailed || g.Reason != "no capacity" {
		t.Errorf("the cluster is %s, its group %s", c.State, g.State)
	}
}

func TestWorld_UpgradeAllLeavesFailedGroups(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, func(p *profile.Profile) { p.Upgrade.Mode = profile.OneOperation }), Options{})
	c, g := s.active("alpha")
	failed := s.group(c, "ng2")
	s.apply(Force{ClusterID: c.ID, GroupID: failed.ID, State: profile.CreateFailed})
	s.apply(UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4"}) // alone
	s.run()
	s.apply(UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4", Groups: true}) // the groups catch up
	s.run()
	if g.Version != "1.35.4" || failed.Version != "1.34.5" || failed.State != profile.CreateFailed {
		t.Errorf("groups at %s and %s, the second %s", g.Version, failed.Version, failed.State)
	}
	s.refused(UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4", Groups: true}, NothingToDo)
}

func TestWorld_IDsAreUnique(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, func(p *profile.Profile) {
		p.IDs.Cluster, p.IDs.NodeGroup, p.IDs.Node = "c{hex1}", "g{hex1}", "n"
	}), Options{})
	for i := range 20 { // more than the template can tell apart
		c := s.apply(request(s.w.Profile(), fmt.Sprintf("c%d", i))).Cluster
		s.run()
		for j := range 20 {
			s.apply(AddNodeGroup{ClusterID: c.ID, Spec: spec(fmt.Sprintf("g%d", j), 1, 1, 3)})
		}
		s.run()
		seen := map[string]bool{}
		for _, g := range c.Groups {
			if seen[g.ID] || len(g.Nodes) > 1 && g.Nodes[0].SystemId == g.Nodes[1].SystemId {
				t.Fatalf("%s is there twice, or its nodes %v", g.ID, g.Nodes)
			}
			seen[g.ID] = true
		}
	}
	if n := s.w.Len(s.now); n != 20 {
		t.Errorf("%d clusters", n)
	}
}

func TestWorld_Set(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, func(p *profile.Profile) { p.Caps.Access.OpenCall = true }), Options{})
	c, _ := s.active("alpha")
	if c.AccessOpen {
		t.Error("the endpoint is open before the call")
	}
	tags := map[string]string{"a": "b"}
	for range 2 {
		for _, cmd := range []Command{SetAccess{c.ID, true}, SetProtection{c.ID, true}, SetTags{c.ID, tags}} {
			repeated := c.AccessOpen && c.Protected && c.Tags["a"] == "b"
			if r := s.apply(cmd); r.Repeated != repeated || r.Operation != (OperationRecord{}) {
				t.Errorf("%#v: %+v", cmd, r)
			}
		}
	}
	tags["a"] = "changed"
	if c.Tags["a"] != "b" {
		t.Error("the world keeps the caller's map")
	}
	s.apply(SetProtection{c.ID, false})
	s.apply(DeleteCluster{c.ID})
}

func TestWorld_Durations(t *testing.T) {
	t.Parallel()
	p := neutralWith(t, func(p *profile.Profile) { p.Spread = 0.5 })
	s := newStand(t, p, Options{Scale: 0.1, Durations: map[profile.Operation]time.Duration{profile.CreateCluster: 100 * time.Second}})
	var took []time.Duration
	for i := range 200 {
		op := s.apply(request(p, fmt.Sprintf("c%d", i))).Operation
		took = append(took, op.End.Sub(op.Start))
	}
	if low, high := slices.Min(took), slices.Max(took); low < 5*time.Second || low > 6*time.Second || high > 15*time.Second || high < 14*time.Second {
		t.Errorf("from %v to %v, want from 5s to 15s", low, high)
	}
	var last time.Time
	for {
		at, ok := s.w.NextEvent()
		if !ok {
			break
		}
		if at.Before(last) {
			t.Fatalf("ends at %v after %v", at, last)
		}
		last, s.now = at, at
		s.w.Advance(at)
	}
}

func TestWorld_TiesInOrder(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	var want, got []string
	for i := range 10 {
		c, err := s.w.Put(s.now, Seed{Name: fmt.Sprintf("c%d", i)})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, c.ID)
	}
	for _, id := range want {
		s.apply(DeleteCluster{id})
	}
	s.run()
	for _, op := range s.w.past {
		got = append(got, op.ClusterID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("what ends together ends in the order\n     %v\nwant %v", got, want)
	}
}

func TestWorld_TimeGoesForward(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c, _ := s.active("alpha")
	before := s.w.Dump()
	s.w.Advance(epoch)
	if _, ok := s.w.Cluster(time.Time{}, c.ID); !ok || s.w.Dump() != before {
		t.Error("an earlier time changed the world")
	}
	s.apply(DeleteCluster{c.ID})
	s.now = s.now.Add(24 * time.Hour)
	if _, ok := s.w.Cluster(s.now, c.ID); ok {
		t.Error("a read did not let time pass")
	}
}

// TestWorld_OneJump proves that it does not matter how often one looks.
func TestWorld_OneJump(t *testing.T) {
	t.Parallel()
	drive := func(look bool) string {
		s := newStand(t, neutralWith(t, func(p *profile.Profile) { p.Spread = 0.5 }), Options{})
		var ids []string
		for i := range 20 {
			ids = append(ids, s.apply(request(s.w.Profile(), fmt.Sprintf("c%d", i))).Cluster.ID)
		}
		end := s.now.Add(time.Hour)
		for look && s.now.Before(end) {
			s.wait(time.Second)
			s.w.Cluster(s.now, ids[3])
		}
		s.now = end
		s.w.Advance(end)
		return s.w.Dump()
	}
	if a, b := drive(false), drive(true); a != b {
		t.Errorf("looking changes the world:\n%s", diff(a, b))
	}
}

func TestWorld_History(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c, g := s.active("alpha")
	first := s.w.Operations(s.now, c.ID)[0].ID
	var last string
	for i := range 3 * historyLimit {
		last = s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 1 + i%2, Min: 1, Max: 3}).Operation.ID
		s.run()
	}
	ops := s.w.Operations(s.now, c.ID)
	if len(ops) != historyLimit || ops[0].ID != last || ops[0].GroupID != g.ID {
		t.Errorf("%d operations, the newest %+v, want %d and %s", len(ops), ops[0], historyLimit, last)
	}
	if _, ok := s.w.Operation(s.now, first); ok || len(s.w.operations) != historyLimit {
		t.Errorf("old operations are kept: %d", len(s.w.operations))
	}
	// What goes on is never forgotten, however much came after it.
	stuck := s.applyWith(AddNodeGroup{ClusterID: c.ID, Spec: spec("ng2", 1, 1, 1)}, Outcome{Stick: true}).Operation.ID
	for range 2 * historyLimit {
		s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 1, Min: 1, Max: 3})
		s.run()
	}
	if op, ok := s.w.Operation(s.now, stuck); !ok || op.Done || len(s.w.Operations(s.now, c.ID)) != historyLimit {
		t.Errorf("what goes on is forgotten: %+v, %t", op, ok)
	}
	for i := range pastLimit {
		c := s.apply(request(s.w.Profile(), fmt.Sprintf("c%d", i))).Cluster
		s.apply(DeleteCluster{c.ID})
		s.run()
	}
	if len(s.w.past) != pastLimit || len(s.w.operations) != historyLimit+pastLimit || len(s.w.clusters) > 3 {
		t.Errorf("%d past, %d operations, %d clusters", len(s.w.past), len(s.w.operations), len(s.w.clusters))
	}
}

func TestRefusals_Others(t *testing.T) {
	t.Parallel()
	if got := Refusals(fmt.Errorf("other")); got != nil {
		t.Errorf("got %v", got)
	}
	if got := Reason(99).String(); got != "Reason(99)" {
		t.Errorf("got %q", got)
	}
}
