// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestWorld_Put(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, func(p *profile.Profile) { p.Limits.Clusters = 1 }), Options{})
	seed := Seed{
		Name: "alpha", Version: "1.20.3", State: profile.Stopped, Created: epoch.Add(-time.Hour), Protected: true,
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "v"}},
		Tags:    map[string]string{"a": "b"}, Attr: map[string]string{"c": "d"},
		Groups: []pmks.NodeGroupInfo{
			{IId: pmks.IID{NameId: "g1", SystemId: "id1"}, DesiredNodeSize: 1, Nodes: []pmks.IID{{SystemId: "n1"}}},
			{IId: pmks.IID{NameId: "g2"}, DesiredNodeSize: 3, Version: "1.19.1", Status: pmks.NodeGroupInactive},
		},
	}
	a, err := s.w.Put(s.now, seed)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.w.Put(s.now, seed)
	if err != nil {
		t.Fatal(err)
	}
	if list := s.w.ClustersByName(s.now, "alpha"); !slices.Equal(list, []*Cluster{a, b}) || a.ID == b.ID {
		t.Errorf("by name: %v", list)
	}
	if a.State != profile.Stopped || a.Reason == "" || !a.Protected || !a.Created.Equal(seed.Created) || a.Network.VpcIID.SystemId != "v" ||
		a.Tags["a"] != "b" || a.Attr["c"] != "d" || a.Version != "1.20.3" {
		t.Errorf("put as %+v", a)
	}
	g1, g2 := a.Groups[0], a.Groups[1]
	if g1.ID != "id1" || g1.Version != "1.20.3" || !slices.Equal(g1.Nodes, []pmks.IID{{SystemId: "n1"}}) || g1.State != profile.Active {
		t.Errorf("the first group is %+v", g1)
	}
	if g2.ID == "" || g2.Version != "1.19.1" || len(g2.Nodes) != 3 || g2.State != profile.Degraded || g2.Reason == "" {
		t.Errorf("the second group is %+v", g2)
	}

	half, err := s.w.Put(s.now, Seed{Name: "half", State: profile.Creating, Groups: seed.Groups})
	if err != nil {
		t.Fatal(err)
	}
	if half.ControlPlaneUp || half.Groups[0].State != profile.Creating || len(half.Groups[1].Nodes) != 0 {
		t.Errorf("half made: %+v", half)
	}
	s.apply(Force{ClusterID: half.ID, State: profile.Active})
	wantSize(t, half.Groups[1], 3)

	before := s.w.Dump()
	_, err = s.w.Put(s.now, Seed{State: 99, Version: "x", Groups: []pmks.NodeGroupInfo{
		{IId: pmks.IID{NameId: "g", SystemId: "i"}, DesiredNodeSize: -1, Version: "1.20"},
		{IId: pmks.IID{NameId: "g", SystemId: "i"}, Version: "y", Status: "Odd"}, {Version: "1.20"},
	}})
	if all := Refusals(err); len(all) != 9 || s.w.Dump() != before {
		t.Errorf("a senseless seed: %d refusals, %s", len(all), describe(all))
	}
	fixed := newStand(t, neutralWith(t, func(p *profile.Profile) { p.IDs.Cluster = "{name}" }), Options{})
	fixed.active("alpha")
	if _, err := fixed.w.Put(fixed.now, seed); len(Refusals(err)) != 1 || Refusals(err)[0].Reason != ClusterExists {
		t.Errorf("the id is taken: %v", err)
	}
}

func TestWorld_Page(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	var want []string
	for i := range 10 {
		c, err := s.w.Put(s.now, Seed{Name: fmt.Sprintf("c%d", i)})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, c.ID)
	}
	read := func(limit int, between func(page int)) (ids []string, pages int) {
		t.Helper()
		for token := ""; ; {
			page, next, err := s.w.Page(s.now, token, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				ids = append(ids, c.ID)
			}
			if pages++; next == "" {
				return ids, pages
			}
			between(pages)
			token = next
		}
	}
	for _, tt := range []struct{ limit, pages int }{{1, 10}, {3, 4}, {5, 2}, {10, 1}, {0, 1}} {
		if got, pages := read(tt.limit, func(int) {}); !slices.Equal(got, want) || pages != tt.pages {
			t.Errorf("limit %d: %d pages of %v", tt.limit, pages, got)
		}
	}
	// The last of the first page and one further on vanish, and one appears.
	got, _ := read(3, func(page int) {
		if page == 1 {
			s.apply(Force{ClusterID: want[2], State: profile.Gone})
			s.apply(Force{ClusterID: want[6], State: profile.Gone})
			c, err := s.w.Put(s.now, Seed{Name: "new"})
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, c.ID)
		}
	})
	if want = slices.Delete(want, 6, 7); !slices.Equal(got, want) {
		t.Errorf("with changes between\n got %v\nwant %v", got, want)
	}
	_, token, _ := s.w.Page(s.now, "", 2)
	for _, bad := range []string{"x", "0123456789abcdef", "0123456789abcdef3", token + "0", token[1:], "\x00"} {
		if _, _, err := s.w.Page(s.now, bad, 2); len(Refusals(err)) != 1 || Refusals(err)[0].Reason != InvalidArgument {
			t.Errorf("token %q: %v", bad, err)
		}
	}
}
