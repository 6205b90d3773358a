// SPDX-License-Identifier: Apache-2.0

package core

import (
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestWorld_Sizes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                string
		auto, known         bool // how the group is: 2 nodes, bounds 1-5 if known
		desired, lower, top int
		noZero, leave       bool // ToZero and DesiredWhileAuto turned off
		keep                bool
		want                int    // the size in the end
		refused             string // or the fields at fault, joined
	}{
		{name: "up", known: true, desired: 4, lower: 1, top: 5, want: 4},
		{name: "down", known: true, desired: 1, lower: 1, top: 5, want: 1},
		{name: "to-zero", known: true, desired: 0, lower: 0, top: 5, want: 0},
		{name: "to-zero-where-there-is-none", known: true, desired: 0, lower: 0, top: 5, noZero: true, refused: "MinNodeSize DesiredNodeSize"},
		{name: "beyond-max", known: true, desired: 6, lower: 1, top: 5, refused: "DesiredNodeSize"},
		{name: "below-min", known: true, desired: 1, lower: 2, top: 5, refused: "DesiredNodeSize"},
		{name: "negative", known: true, desired: -1, lower: -1, top: -1, refused: "MinNodeSize MaxNodeSize DesiredNodeSize"},
		{name: "max-below-min", known: true, desired: 3, lower: 4, top: 2, refused: "MaxNodeSize DesiredNodeSize"},
		{name: "over-quota", known: true, desired: 11, lower: 1, top: 11, refused: "MaxNodeSize DesiredNodeSize"},
		{name: "alone", known: true, desired: 7, want: 7},
		{name: "alone-without-bounds", desired: 7, want: 7},
		{name: "alone-over-quota", desired: 11, refused: "DesiredNodeSize"},
		{name: "keep-outside-recorded-bounds", known: true, keep: true, lower: 4, top: 5, want: 2},
		{name: "auto-desired", auto: true, known: true, desired: 4, lower: 1, top: 5, want: 4},
		{name: "auto-desired-not-taken", auto: true, known: true, desired: 4, lower: 1, top: 5, leave: true, want: 2},
		{name: "auto-desired-not-taken-but-bounded", auto: true, known: true, desired: 4, lower: 3, top: 5, leave: true, want: 3},
		{name: "auto-alone-in-bounds", auto: true, known: true, desired: 4, want: 4},
		{name: "auto-alone-out-of-bounds", auto: true, known: true, desired: 7, refused: "DesiredNodeSize"},
		{name: "auto-keep-raised", auto: true, known: true, keep: true, lower: 3, top: 5, want: 3},
		{name: "auto-keep-lowered", auto: true, known: true, keep: true, lower: 1, top: 1, want: 1},
		{name: "auto-keep", auto: true, known: true, keep: true, lower: 1, top: 5, want: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := neutralWith(t, func(p *profile.Profile) {
				p.Limits.NodesPerGroup = 10
				p.Caps.Scaling.ToZero = !tt.noZero
				p.Caps.Scaling.DesiredWhileAuto = !tt.leave
			})
			s := newStand(t, p, Options{})
			c, _ := s.active("alpha")
			g := spec("ng2", 2, 0, 0)
			if tt.known {
				g = spec("ng2", 2, 1, 5)
			}
			g.OnAutoScaling = tt.auto
			group := s.apply(AddNodeGroup{ClusterID: c.ID, Spec: g}).Group
			s.run()
			if group.BoundsKnown != tt.known {
				t.Errorf("BoundsKnown is %t", group.BoundsKnown)
			}
			cmd := Scale{ClusterID: c.ID, GroupID: group.ID, Desired: tt.desired, Min: tt.lower, Max: tt.top, KeepDesired: tt.keep}
			if tt.refused != "" {
				var fields []string
				for _, r := range s.refusals(cmd) {
					fields = append(fields, r.Field)
				}
				if got := strings.Join(fields, " "); got != tt.refused {
					t.Errorf("faults in %q, want %q", got, tt.refused)
				}
				return
			}
			s.apply(cmd)
			if group.State != profile.Updating || len(group.Nodes) != 2 {
				t.Errorf("the group is %s with %d nodes before the operation ends", group.State, len(group.Nodes))
			}
			s.run()
			wantSize(t, group, tt.want)
			if (tt.lower != 0 || tt.top != 0) && (group.Min != tt.lower || group.Max != tt.top || !group.BoundsKnown) {
				t.Errorf("bounds %d-%d, want %d-%d", group.Min, group.Max, tt.lower, tt.top)
			}
			if group.Auto != tt.auto {
				t.Errorf("scaling turned autoscaling %t", group.Auto)
			}
		})
	}
}

func TestWorld_SetAutoScaling(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c, g := s.active("alpha")
	set := func(on bool, lower, upper int) {
		t.Helper()
		s.apply(SetAutoScaling{ClusterID: c.ID, GroupID: g.ID, On: on, Min: lower, Max: upper})
		s.run()
	}
	check := func(want sizes) {
		t.Helper()
		if got := g.sizes(); got != want || len(g.Nodes) != want.desired {
			t.Errorf("sizes %+v with %d nodes, want %+v", got, len(g.Nodes), want)
		}
	}
	check(sizes{false, true, 2, 1, 3})
	set(true, 0, 0) // the bounds it has
	check(sizes{true, true, 2, 1, 3})
	set(true, 4, 6) // the autoscaler moves it in
	check(sizes{true, true, 4, 4, 6})
	set(false, 0, 0) // off keeps size and bounds
	check(sizes{false, true, 4, 4, 6})
	set(false, 1, 2) // recorded only
	check(sizes{false, true, 4, 1, 2})
	set(true, 0, 0)
	check(sizes{true, true, 2, 1, 2})
	if all := s.refusals(SetAutoScaling{ClusterID: c.ID, GroupID: g.ID, On: true, Min: 3, Max: 2}); all[0].Field != "MaxNodeSize" {
		t.Errorf("refused as %s", describe(all))
	}
}

// TestWorld_Scale_remove: the nodes that are named go, and nothing that was read before
// changes.
func TestWorld_Scale_remove(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c, g := s.active("alpha")
	s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 4})
	s.run()
	before := g.Nodes
	a, b, last := before[0], before[1], before[3]
	s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 2, Remove: []string{before[2].SystemId, a.SystemId}})
	s.run()
	if len(g.Nodes) != 2 || g.Nodes[0] != b || g.Nodes[1] != last || before[0] != a {
		t.Errorf("left are %v of %v", g.Nodes, before)
	}
}
