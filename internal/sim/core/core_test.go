// SPDX-License-Identifier: Apache-2.0

package core

import (
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// stand drives one world in a test.
type stand struct {
	t   *testing.T
	w   *World
	now time.Time
}

func newStand(t *testing.T, p *profile.Profile, o Options) *stand {
	t.Helper()
	if o.Seed == 0 {
		o.Seed = 1
	}
	return &stand{t, New(p, o), epoch}
}

// neutralWith returns the neutral profile, without spread, after changes.
func neutralWith(t *testing.T, change func(*profile.Profile)) *profile.Profile {
	t.Helper()
	p, ok := profile.Get("neutral")
	if !ok {
		t.Fatal("there is no neutral profile")
	}
	p = p.Clone()
	p.Spread = 0
	if change != nil {
		change(p)
	}
	return p
}

func (s *stand) apply(cmd Command) Result { s.t.Helper(); return s.applyWith(cmd, Outcome{}) }

func (s *stand) applyWith(cmd Command, out Outcome) Result {
	s.t.Helper()
	r, err := s.w.Apply(s.now, cmd, out)
	if err != nil {
		s.t.Fatalf("%T was refused: %v", cmd, err)
	}
	return r
}

// refused expects a single refusal, and a world that it did not change.
func (s *stand) refused(cmd Command, want Reason) *Refusal {
	s.t.Helper()
	all := s.refusals(cmd)
	if len(all) != 1 || all[0].Reason != want {
		s.t.Fatalf("%#v\n got %v\nwant one refusal, %s", cmd, describe(all), want)
	}
	return all[0]
}

func (s *stand) refusals(cmd Command) []*Refusal {
	s.t.Helper()
	s.w.Advance(s.now)
	before := s.w.Dump()
	checked := s.w.Check(s.now, cmd)
	r, err := s.w.Apply(s.now, cmd, Outcome{})
	if err == nil {
		s.t.Fatalf("%#v was accepted: %+v", cmd, r)
	}
	if checked == nil || checked.Error() != err.Error() {
		s.t.Errorf("Check says %v, Apply %v", checked, err)
	}
	if after := s.w.Dump(); after != before {
		s.t.Errorf("a refused %T changed the world:\n%s", cmd, diff(before, after))
	}
	return Refusals(err)
}

func describe(all []*Refusal) string {
	var lines []string
	for _, r := range all {
		lines = append(lines, r.Reason.String()+" "+r.Error())
	}
	return strings.Join(lines, "; ")
}

// run lets everything that is under way end.
func (s *stand) run() {
	for {
		at, ok := s.w.NextEvent()
		if !ok {
			return
		}
		s.now = at
		s.w.Advance(s.now)
	}
}

// wait lets time pass.
func (s *stand) wait(d time.Duration) {
	s.now = s.now.Add(d)
	s.w.Advance(s.now)
}

// cluster reads a cluster that must be there.
func (s *stand) cluster(id string) *Cluster {
	s.t.Helper()
	c, ok := s.w.Cluster(s.now, id)
	if !ok {
		s.t.Fatalf("cluster %q is not there", id)
	}
	return c
}

// request is a create command that every rule of p accepts.
func request(p *profile.Profile, name string) CreateCluster {
	req := p.SampleRequest(name)
	cmd := CreateCluster{Name: name, Version: p.Default(), Network: req.Network, Tags: map[string]string{"env": "test"}}
	if p.Caps.GroupsAtCreate.Max != 0 {
		for _, g := range req.NodeGroupList {
			cmd.Groups = append(cmd.Groups, AddNodeGroup{Spec: g})
		}
	}
	return cmd
}

// active makes a cluster with one group, both Active.
func (s *stand) active(name string) (*Cluster, *NodeGroup) {
	s.t.Helper()
	p := s.w.Profile()
	c := s.apply(request(p, name)).Cluster
	s.run()
	if len(c.Groups) == 0 {
		s.apply(AddNodeGroup{ClusterID: c.ID, Spec: p.SampleNodeGroup("ng1")})
		s.run()
	}
	if c.State != profile.Active || c.Groups[0].State != profile.Active {
		s.t.Fatalf("not active:\n%s", s.w.Dump())
	}
	return c, c.Groups[0]
}

// group adds a group and lets it become Active.
func (s *stand) group(c *Cluster, name string) *NodeGroup {
	s.t.Helper()
	g := s.apply(AddNodeGroup{ClusterID: c.ID, Spec: s.w.Profile().SampleNodeGroup(name)}).Group
	s.run()
	return g
}

// diff shows the lines in which two texts differ.
func diff(a, b string) string {
	before, after := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out []string
	for i := range max(len(before), len(after)) {
		x, y := "", ""
		if i < len(before) {
			x = before[i]
		}
		if i < len(after) {
			y = after[i]
		}
		if x != y {
			out = append(out, "- "+x, "+ "+y)
		}
	}
	return strings.Join(out, "\n")
}

func spec(name string, desired, lower, upper int) pmks.NodeGroupInfo {
	return pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, DesiredNodeSize: desired, MinNodeSize: lower, MaxNodeSize: upper}
}

func autoSpec(name string, desired, lower, upper int) pmks.NodeGroupInfo {
	g := spec(name, desired, lower, upper)
	g.OnAutoScaling = true
	return g
}
