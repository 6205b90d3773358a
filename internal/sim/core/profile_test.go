// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestWorld_EveryProfile takes a cluster through its life on every cloud; what a
// cloud refuses on the way is expected of it.
func TestWorld_EveryProfile(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, p, Options{})
			cmd := request(p, "alpha")
			offered := slices.Clone(p.OfferedNames())
			cmd.Version = offered[len(offered)-1]
			c := s.apply(cmd).Cluster
			wantState(t, c, profile.Creating)
			if c.ControlPlaneUp || c.Endpoint != "" {
				t.Errorf("the control plane is up while the cluster is being created")
			}
			for _, g := range c.Groups {
				if g.State != profile.Creating || len(g.Nodes) != 0 {
					t.Errorf("group %q is %s with %d nodes while its cluster is being created", g.Name, g.State, len(g.Nodes))
				}
			}
			s.run()
			wantState(t, c, profile.Active)
			if !c.ControlPlaneUp || c.Endpoint == "" || c.AccessOpen == p.Caps.Access.OpenCall {
				t.Errorf("up %t, endpoint %q, open %t", c.ControlPlaneUp, c.Endpoint, c.AccessOpen)
			}
			first := c.Groups
			if fixed := p.Caps.GroupsAtCreate.FixedFirstName; fixed != "" && first[0].Name != fixed {
				t.Errorf("the first group is called %q, want %q", first[0].Name, fixed)
			}
			if (p.Caps.ClusterType == pmks.TypeII) != (len(first) > 0) {
				t.Errorf("a %s cluster came with %d groups", p.Caps.ClusterType, len(first))
			}

			g := s.group(c, "second")
			wantSize(t, g, 2)
			s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 3, Min: 1, Max: 5})
			s.run()
			wantSize(t, g, 3)
			s.apply(SetAutoScaling{ClusterID: c.ID, GroupID: g.ID, On: true, Min: 1, Max: 5})
			s.run()
			s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 5, Min: 1, Max: 5})
			s.run()
			if p.Caps.Scaling.DesiredWhileAuto {
				wantSize(t, g, 5)
			} else {
				wantSize(t, g, 3)
			}
			s.apply(SetAutoScaling{ClusterID: c.ID, GroupID: g.ID})
			s.run()
			if g.Auto || g.Min != 1 || g.Max != 5 {
				t.Errorf("after switching off: auto %t, bounds %d-%d", g.Auto, g.Min, g.Max)
			}
			zero := Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 0, Min: 0, Max: 2}
			if p.Caps.Scaling.ToZero {
				s.apply(zero)
				s.run()
				wantSize(t, g, 0)
			} else if all := s.refusals(zero); len(all) != 2 {
				t.Errorf("scaling to zero: %s", describe(all))
			}

			upgradeToNewest(t, s, c)
			removeAll(t, s, c, g)
		})
	}
}

// upgradeToNewest climbs as a provider would.
func upgradeToNewest(t *testing.T, s *stand, c *Cluster) {
	t.Helper()
	p := s.w.Profile()
	newest := p.Offer[0].Name
	for range 4 * len(p.Offer) {
		next, err := kver.Next(c.Version, newest, p.OfferedNames(), p.Caps.Versions.LargestStep)
		if err != nil {
			t.Fatal(err)
		}
		if next == "" {
			break
		}
		s.apply(UpgradeControlPlane{ClusterID: c.ID, Version: next, Groups: p.Upgrade.Mode == profile.OneOperation})
		s.run()
		for _, g := range c.Groups {
			if p.Upgrade.Mode == profile.OneOperation {
				s.refused(UpgradeNodeGroup{ClusterID: c.ID, GroupID: g.ID}, NothingToDo)
				continue
			}
			s.apply(UpgradeNodeGroup{ClusterID: c.ID, GroupID: g.ID})
			s.run()
		}
	}
	for _, g := range c.Groups {
		if g.Version != newest || c.Version != newest {
			t.Errorf("cluster at %s, group %q at %s, want %s", c.Version, g.Name, g.Version, newest)
		}
	}
}

func removeAll(t *testing.T, s *stand, c *Cluster, g *NodeGroup) {
	t.Helper()
	p := s.w.Profile()
	if p.GroupsFirst {
		if r := s.refused(DeleteCluster{c.ID}, GroupsPresent); r.Blocker != g.Name {
			t.Errorf("the blocker is %q, want %q", r.Blocker, g.Name)
		}
	}
	last := len(c.Groups) == 1
	s.apply(RemoveNodeGroup{c.ID, c.Groups[len(c.Groups)-1].ID})
	s.run()
	if !last && !p.Caps.Scaling.RemoveLast {
		s.refused(RemoveNodeGroup{c.ID, c.Groups[0].ID}, LastGroup)
	}
	s.apply(DeleteCluster{c.ID})
	wantState(t, c, profile.Deleting)
	s.run()
	if _, ok := s.w.Cluster(s.now, c.ID); ok || s.w.Len(s.now) != 0 || len(s.w.ClustersByName(s.now, c.Name)) != 0 {
		t.Errorf("the deleted cluster is still there:\n%s", s.w.Dump())
	}
}

func wantState(t *testing.T, c *Cluster, want profile.State) {
	t.Helper()
	if c.State != want {
		t.Fatalf("cluster %q is %s, want %s", c.Name, c.State, want)
	}
}

func wantSize(t *testing.T, g *NodeGroup, want int) {
	t.Helper()
	if g.Desired != want || len(g.Nodes) != want || g.State != profile.Active {
		t.Errorf("group %q is %s with desired %d and %d nodes, want %d", g.Name, g.State, g.Desired, len(g.Nodes), want)
	}
}

// TestWorld_Names checks the ids that profiles make out of templates.
func TestWorld_Names(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, p, Options{})
			c, g := s.active("alpha")
			ids := []string{c.ID, g.ID, c.Endpoint}
			for _, n := range g.Nodes {
				ids = append(ids, n.SystemId)
				if (n.NameId == "") != (p.IDs.NodeName == "") {
					t.Errorf("node name %q, template %q", n.NameId, p.IDs.NodeName)
				}
			}
			seen := map[string]bool{}
			for i, id := range ids {
				if id == "" || seen[id] && i != 1 || slices.Contains([]byte(id), '{') {
					t.Errorf("bad or repeated id %q in %q", id, ids)
				}
				seen[id] = true
			}
			s.run()
			if p.GroupsFirst {
				s.apply(RemoveNodeGroup{c.ID, g.ID})
				s.run()
			}
			s.apply(DeleteCluster{c.ID})
			s.run()
			again, _ := s.active("alpha")
			if same := again.ID == c.ID; same == New(p, Options{}).ids.cluster.random() {
				t.Errorf("made again, the cluster's id is %q after %q", again.ID, c.ID)
			}
		})
	}
}
