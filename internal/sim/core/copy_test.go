// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// busyHours does some hundred random things to a world and returns the journal of
// what came of them.
func busyHours(s *stand, seed uint64) []string {
	random := rand.New(rand.NewPCG(seed, 7))
	p := s.w.Profile()
	var journal []string
	for i := range 300 {
		var cmd Command
		var ids [][2]string
		for c := range s.w.All(s.now) {
			ids = append(ids, [2]string{c.ID, ""})
			for _, g := range c.Groups {
				ids = append(ids, [2]string{c.ID, g.ID})
			}
		}
		at := [2]string{"none", "none"}
		if len(ids) > 0 {
			at = ids[random.IntN(len(ids))]
		}
		switch random.IntN(9) {
		case 0, 1:
			cmd = request(p, fmt.Sprintf("c%d", random.IntN(20)))
		case 2, 3:
			cmd = AddNodeGroup{ClusterID: at[0], Spec: p.SampleNodeGroup(fmt.Sprintf("g%d", i))}
		case 4:
			cmd = Scale{ClusterID: at[0], GroupID: at[1], Desired: 1 + random.IntN(4), Min: 1, Max: 5}
		case 5:
			cmd = SetAutoScaling{ClusterID: at[0], GroupID: at[1], On: i%2 == 0, Min: 1, Max: 3}
		case 6:
			cmd = UpgradeControlPlane{ClusterID: at[0], Version: p.Offer[0].Name}
		case 7:
			cmd = RemoveNodeGroup{at[0], at[1]}
		case 8:
			cmd = DeleteCluster{at[0]}
		}
		out := Outcome{Stick: random.IntN(10) == 0}
		if random.IntN(10) == 0 {
			out.Fail = "no luck"
		}
		r, err := s.w.Apply(s.now, cmd, out)
		journal = append(journal, fmt.Sprintf("%T %+v %v", cmd, r.Operation, err))
		s.wait(time.Duration(random.IntN(400)) * time.Second)
	}
	return append(journal, s.w.Dump())
}

func TestWorld_Deterministic(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			first := busyHours(newStand(t, p, Options{Seed: 42, ReadLag: 5 * time.Second}), 1)
			second := busyHours(newStand(t, p, Options{Seed: 42, ReadLag: 5 * time.Second}), 1)
			if i := firstDifference(first, second); i >= 0 {
				t.Errorf("entry %d differs:\n%s", i, diff(first[i], second[i]))
			}
			other := busyHours(newStand(t, p, Options{Seed: 43, ReadLag: 5 * time.Second}), 1)
			if slices.Equal(first, other) {
				t.Error("another seed gives the same world")
			}
		})
	}
}

func firstDifference(a, b []string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b)) - 1
	}
	return -1
}

// TestWorld_FaultsStayApart: a fault in one cluster does not change what another
// one gets.
func TestWorld_FaultsStayApart(t *testing.T) {
	t.Parallel()
	second := func(out Outcome) OperationRecord {
		s := newStand(t, neutralWith(t, func(p *profile.Profile) { p.Spread = 0.5 }), Options{})
		s.applyWith(request(s.w.Profile(), "alpha"), out)
		return s.apply(request(s.w.Profile(), "beta")).Operation
	}
	plain := second(Outcome{})
	for _, out := range []Outcome{{Stick: true}, {Fail: "no luck"}} {
		if got := second(out); got != plain {
			t.Errorf("%+v\n got %+v\nwant %+v", out, got, plain)
		}
	}
}

func TestWorld_Snapshot(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, time.Hour} {
		t.Run("lag-"+lag.String(), func(t *testing.T) {
			t.Parallel()
			s := newStand(t, neutralWith(t, func(p *profile.Profile) { p.Spread = 0.5 }), Options{ReadLag: lag})
			busyHours(s, 3)
			before := s.w.Dump()
			copied := &stand{t, s.w.Snapshot(), s.now}
			third := s.w.Snapshot()
			if got := copied.w.Dump(); got != before {
				t.Fatalf("the copy differs:\n%s", diff(before, got))
			}
			checkIndexes(t, copied.w)
			ended := busyHours(s, 4)
			if got := copied.w.Dump(); got != before {
				t.Fatalf("the copy moved with the original:\n%s", diff(before, got))
			}
			again := busyHours(copied, 4)
			if i := firstDifference(ended, again); i >= 0 {
				t.Errorf("entry %d differs:\n%s", i, diff(ended[i], again[i]))
			}
			scribble(third)
			if got := s.w.Dump(); got != ended[len(ended)-1] {
				t.Errorf("writing to a copy changed the original:\n%s", diff(ended[len(ended)-1], got))
			}
		})
	}
}

// scribble writes into everything that a world's clusters point to.
func scribble(w *World) {
	for _, c := range w.clusters {
		for k := range c.Tags {
			c.Tags[k] = "scribbled"
		}
		for i := range c.Network.SubnetIIDs {
			c.Network.SubnetIIDs[i].NameId = "scribbled"
		}
		for _, g := range c.Groups {
			g.Name = "scribbled"
			for i := range g.Nodes {
				g.Nodes[i].NameId = "scribbled"
			}
		}
		for _, op := range c.history {
			op.Failure = "scribbled"
		}
	}
}

func TestWorld_InputNotKept(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	cmd := request(s.w.Profile(), "alpha")
	cmd.Attr = map[string]string{"role": "r"}
	want := request(s.w.Profile(), "alpha")
	want.Attr = map[string]string{"role": "r"}
	s.apply(cmd)
	if !reflect.DeepEqual(cmd, want) {
		t.Errorf("the command was changed\n got %+v\nwant %+v", cmd, want)
	}
	before := s.w.Dump()
	cmd.Tags["env"], cmd.Attr["role"], cmd.Network.SubnetIIDs[0] = "x", "x", pmks.IID{}
	cmd.Groups[0].Spec.IId.NameId = "x"
	if got := s.w.Dump(); got != before {
		t.Errorf("the world keeps the command's memory:\n%s", diff(before, got))
	}
}
