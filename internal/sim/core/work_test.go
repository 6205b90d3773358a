// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// told collects the records that effects get.
type told []OperationRecord

func (o *told) effect(r OperationRecord) { *o = append(*o, r) }

func (o *told) failures() []string {
	var list []string
	for _, r := range *o {
		list = append(list, r.ID+": "+r.Failure)
	}
	return list
}

// TestWork: the target is Updating under the vendor's word, and then as asked.
func TestWork(t *testing.T) {
	t.Parallel()
	const took = 5 * time.Minute
	tests := []struct {
		name string
		cmd  Work
		fail string
		want profile.State
		why  string
	}{
		{"succeeds", Work{}, "", profile.Active, ""},
		{"leads-elsewhere", Work{To: profile.Stopped, Reason: "stopped"}, "", profile.Stopped, "stopped"},
		{"fails", Work{To: profile.Stopped}, "no luck", profile.UpdateFailed, "no luck"},
	}
	for _, tt := range tests {
		for _, onGroup := range []bool{false, true} {
			t.Run(tt.name+map[bool]string{true: "-on-group"}[onGroup], func(t *testing.T) {
				t.Parallel()
				s := newStand(t, neutralWith(t, func(p *profile.Profile) { p.UpdateFails = profile.UpdateFailed }), Options{})
				c, g := s.active("alpha")
				cmd := tt.cmd
				cmd.ClusterID, cmd.Took = c.ID, took
				if onGroup {
					cmd.GroupID = g.ID
				}
				target := func() (profile.State, string, OperationRecord) {
					if onGroup {
						op, _ := g.Running()
						return g.State, g.Reason, op
					}
					op, _ := c.Running()
					return c.State, c.Reason, op
				}
				var over told
				r := s.applyWith(cmd, Outcome{ID: "op-1", Word: "Stopping", Pending: time.Minute, Fail: tt.fail, Effect: over.effect})
				if state, _, op := target(); state != profile.Updating || op != r.Operation || op.ID != "op-1" || op.Word != "Stopping" ||
					!op.Pending(s.now) || op.Pending(s.now.Add(time.Minute)) || op.End != s.now.Add(took) || len(over) != 0 {
					t.Errorf("it is %s by %+v, told %v", state, op, over)
				}
				s.run()
				if state, why, op := target(); state != tt.want || why != tt.why || op != (OperationRecord{}) {
					t.Errorf("then it is %s %q by %+v, want %s %q", state, why, op, tt.want, tt.why)
				}
				if len(over) != 1 || !over[0].Done || over[0].Failure != tt.fail || over[0].Pending(epoch) {
					t.Errorf("told %+v", over)
				}
				checkIndexes(t, s.w)
			})
		}
	}
}

// TestWork_cuts: it takes the place of what its target was doing, and another one
// takes its place.
func TestWork_cuts(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c, g := s.active("alpha")
	other, _ := s.active("beta")
	var over told
	named := func(id string) Outcome { return Outcome{ID: id, Effect: over.effect} }
	s.applyWith(UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4"}, named("upgrade"))
	s.applyWith(Scale{ClusterID: other.ID, GroupID: other.Groups[0].ID, Desired: 1}, named("elsewhere"))
	s.applyWith(Work{ClusterID: c.ID, Took: time.Hour, To: profile.Stopped}, named("stop"))
	s.applyWith(Work{ClusterID: c.ID, Took: time.Hour}, named("start"))
	s.applyWith(Work{ClusterID: c.ID, GroupID: g.ID, Took: time.Hour}, named("group"))
	s.applyWith(DeleteCluster{ClusterID: c.ID}, named("delete"))
	s.run()
	const place = "canceled: another operation took its place"
	want := []string{"upgrade: " + place, "stop: " + place, "start: canceled: the cluster is being deleted",
		"group: canceled: the cluster is being deleted", "elsewhere: ", "delete: "}
	got := over.failures()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	checkIndexes(t, s.w)
}

// TestWork_aside: it shows nowhere, runs beside others, and ends with its target.
func TestWork_aside(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c, g := s.active("alpha")
	var over told
	start := func(id, group string, took time.Duration, fail string) {
		t.Helper()
		s.applyWith(Work{ClusterID: c.ID, GroupID: group, Took: took, Aside: true}, Outcome{ID: id, Fail: fail, Effect: over.effect})
	}
	start("short", "", time.Second, "")
	start("fails", g.ID, 2*time.Second, "no luck")
	start("with-group", g.ID, 100*time.Hour, "")
	start("with-cluster", "", 100*time.Hour, "")
	if c.State != profile.Active || g.State != profile.Active {
		t.Errorf("cluster %s, group %s", c.State, g.State)
	}
	s.now = s.now.Add(3 * time.Second)
	s.w.Advance(s.now)
	s.apply(Force{ClusterID: c.ID, GroupID: g.ID, State: profile.Gone})
	s.apply(Force{ClusterID: c.ID, State: profile.Gone})
	want := []string{"short: ", "fails: no luck", "with-group: canceled: the node group is gone", "with-cluster: canceled: the cluster is gone"}
	if got := over.failures(); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	checkIndexes(t, s.w)
}

// TestOutcome_Effect: it may apply commands, which the operation that is told next
// finds done.
func TestOutcome_Effect(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c, g := s.active("alpha")
	var tagged, after bool
	s.applyWith(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 3}, Outcome{Effect: func(r OperationRecord) {
		_, err := s.w.Apply(r.End, SetTags{ClusterID: c.ID, Tags: map[string]string{"size": "3"}}, Outcome{})
		tagged = err == nil && g.Desired == 3 && len(g.Nodes) == 3 && g.State == profile.Active
		_, err = s.w.Apply(r.End, Work{ClusterID: c.ID, Took: time.Minute, Aside: true}, Outcome{Effect: func(OperationRecord) { after = true }})
		tagged = tagged && err == nil
	}})
	twin := s.w.Snapshot()
	s.run()
	if !tagged || !after || c.Tags["size"] != "3" {
		t.Errorf("tagged %t, then %t, tags %v", tagged, after, c.Tags)
	}
	tagged, after = false, false
	twin.Advance(s.now)
	if d, _ := twin.Cluster(s.now, c.ID); tagged || after || len(d.Groups[0].Nodes) != 3 || d.Tags["size"] != "" {
		t.Errorf("the effect went with the snapshot: %t %t, %d nodes", tagged, after, len(d.Groups[0].Nodes))
	}
}

// TestCancelOperation: an upgrade of nodes and what runs aside can be cut short.
func TestCancelOperation(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c, g := s.active("alpha")
	scaling := s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 3}).Operation.ID
	aside := s.apply(Work{ClusterID: c.ID, Took: time.Hour, Aside: true}).Operation.ID
	s.apply(CancelOperation{OperationID: scaling, Why: "by the user"})
	s.apply(CancelOperation{OperationID: aside, Why: "by the user"})
	for _, id := range []string{scaling, aside} {
		if op, _ := s.w.Operation(s.now, id); !op.Done || op.Failure != "canceled: by the user" {
			t.Errorf("%+v", op)
		}
	}
	if g.State != profile.Active || c.State != profile.Active {
		t.Errorf("group %s, cluster %s", g.State, c.State)
	}
	s.refused(CancelOperation{OperationID: "none"}, InvalidArgument)
	s.refused(CancelOperation{OperationID: scaling}, BadState)
	s.refused(CancelOperation{OperationID: s.apply(UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4"}).Operation.ID}, Unsupported)
	s.refused(Work{ClusterID: c.ID, To: profile.Deleting}, InvalidArgument)
	s.refused(Work{ClusterID: "none"}, ClusterNotFound)
	checkIndexes(t, s.w)
}
