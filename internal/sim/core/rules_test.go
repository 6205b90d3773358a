// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestWorld_Refusals has one case for each rule. A case brings the world where
// the rule strikes and returns the command that it strikes.
func TestWorld_Refusals(t *testing.T) {
	t.Parallel()
	newer := func(version string) func(*stand) Command {
		return func(s *stand) Command {
			c, _ := s.active("alpha")
			return UpgradeControlPlane{ClusterID: c.ID, Version: version}
		}
	}
	// forced puts the cluster, or its group, into a state before make's command.
	forced := func(state profile.State, group bool, build func(*Cluster, *NodeGroup) Command) func(*stand) Command {
		return func(s *stand) Command {
			c, g := s.active("alpha")
			f := Force{ClusterID: c.ID, State: state}
			if group {
				f.GroupID = g.ID
			}
			s.apply(f)
			return build(c, g)
		}
	}
	add := func(c *Cluster, _ *NodeGroup) Command {
		return AddNodeGroup{ClusterID: c.ID, Spec: spec("ng2", 1, 1, 3)}
	}
	scale := func(c *Cluster, g *NodeGroup) Command {
		return Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 1, Min: 1, Max: 3}
	}
	auto := func(c *Cluster, g *NodeGroup) Command {
		return SetAutoScaling{ClusterID: c.ID, GroupID: g.ID, On: true, Min: 1, Max: 3}
	}
	upgrade := func(c *Cluster, _ *NodeGroup) Command {
		return UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4"}
	}
	upgradeGroup := func(c *Cluster, g *NodeGroup) Command {
		return UpgradeNodeGroup{ClusterID: c.ID, GroupID: g.ID}
	}
	remove := func(c *Cluster, g *NodeGroup) Command { return RemoveNodeGroup{c.ID, g.ID} }
	del := func(c *Cluster, _ *NodeGroup) Command { return DeleteCluster{c.ID} }

	tests := []struct {
		name   string
		change func(*profile.Profile)
		setup  func(*stand) Command
		want   Reason
		field  string
		// blocker and allowed are compared when they are given.
		blocker string
		allowed []string
	}{
		{name: "unknown-cluster", setup: func(*stand) Command { return DeleteCluster{"x"} }, want: ClusterNotFound},
		{name: "unknown-group", setup: func(s *stand) Command {
			c, _ := s.active("alpha")
			return RemoveNodeGroup{c.ID, "x"}
		}, want: GroupNotFound},
		{name: "no-group-named", setup: func(s *stand) Command {
			c, _ := s.active("alpha")
			return RemoveNodeGroup{c.ID, ""}
		}, want: GroupNotFound},

		{name: "create-without-name", setup: func(s *stand) Command { return request(s.w.Profile(), "") }, want: InvalidArgument, field: "IId.NameId"},
		{name: "create-unknown-version", setup: func(s *stand) Command {
			cmd := request(s.w.Profile(), "alpha")
			cmd.Version = "1.34"
			return cmd
		}, want: VersionUnknown, field: "Version", allowed: []string{"1.36.1", "1.35.4", "1.34.5", "1.34.2", "1.33.7", "1.32.11"}},
		{name: "create-same-name", setup: func(s *stand) Command {
			s.active("alpha")
			return request(s.w.Profile(), "alpha")
		}, want: ClusterExists, field: "IId.NameId"},
		{name: "create-same-name-other-token", setup: func(s *stand) Command {
			cmd := request(s.w.Profile(), "alpha")
			cmd.Token = "one"
			s.apply(cmd)
			cmd.Token = "two"
			return cmd
		}, want: ClusterExists, field: "IId.NameId"},
		{name: "create-id-taken", change: func(p *profile.Profile) { p.UniqueNames, p.IDs.Cluster = false, "{name}" }, setup: func(s *stand) Command {
			s.active("alpha")
			return request(s.w.Profile(), "alpha")
		}, want: ClusterExists, field: "IId.NameId"},
		{name: "create-over-quota", change: func(p *profile.Profile) { p.Limits.Clusters = 1 }, setup: func(s *stand) Command {
			s.active("alpha")
			return request(s.w.Profile(), "beta")
		}, want: QuotaExceeded},
		{name: "create-without-groups", setup: func(s *stand) Command {
			cmd := request(s.w.Profile(), "alpha")
			cmd.Groups = nil
			return cmd
		}, want: InvalidArgument, field: "NodeGroupList"},
		{name: "create-with-too-many-groups", change: func(p *profile.Profile) { p.Caps.GroupsAtCreate.Max = 1 }, setup: func(s *stand) Command {
			cmd := request(s.w.Profile(), "alpha")
			cmd.Groups = append(cmd.Groups, AddNodeGroup{Spec: spec("ng2", 1, 1, 1)})
			return cmd
		}, want: InvalidArgument, field: "NodeGroupList"},
		{name: "create-with-groups-on-type-i", change: func(p *profile.Profile) { p.Caps.GroupsAtCreate = pmks.GroupsAtCreate{} }, setup: func(s *stand) Command {
			cmd := request(s.w.Profile(), "alpha")
			cmd.Groups = append(cmd.Groups, AddNodeGroup{Spec: spec("ng2", 1, 1, 1)})
			return cmd
		}, want: InvalidArgument, field: "NodeGroupList"},
		{name: "create-group-twice", setup: func(s *stand) Command {
			cmd := request(s.w.Profile(), "alpha")
			cmd.Groups = append(cmd.Groups, cmd.Groups[0])
			return cmd
		}, want: InvalidArgument, field: "NodeGroupList[1].IId.NameId"},
		{name: "create-first-group-empty", setup: func(s *stand) Command {
			cmd := request(s.w.Profile(), "alpha")
			cmd.Groups[0].Spec = spec("ng1", 0, 0, 1)
			return cmd
		}, want: InvalidArgument, field: "NodeGroupList[0].DesiredNodeSize"},
		{name: "create-with-groups-over-quota", change: func(p *profile.Profile) { p.Limits.NodeGroups = 1 }, setup: func(s *stand) Command {
			cmd := request(s.w.Profile(), "alpha")
			cmd.Groups = append(cmd.Groups, AddNodeGroup{Spec: spec("ng2", 1, 1, 1)})
			return cmd
		}, want: QuotaExceeded, field: "NodeGroupList"},

		{name: "add-same-name", setup: func(s *stand) Command {
			c, g := s.active("alpha")
			return AddNodeGroup{ClusterID: c.ID, Spec: spec(g.Name, 1, 1, 1)}
		}, want: GroupExists, field: "IId.NameId", blocker: "ng1"},
		{name: "add-over-quota", change: func(p *profile.Profile) { p.Limits.NodeGroups = 1 }, setup: forced(profile.Active, false, add), want: QuotaExceeded},
		{name: "add-while-creating", setup: func(s *stand) Command {
			return add(s.apply(request(s.w.Profile(), "alpha")).Cluster, nil)
		}, want: Busy},
		{name: "add-while-updating", setup: forced(profile.Updating, false, add), want: Busy},
		{name: "add-while-deleting", setup: forced(profile.Deleting, false, add), want: BadState},
		{name: "add-to-failed", setup: forced(profile.UpdateFailed, false, add), want: BadState},
		{name: "add-to-degraded", setup: forced(profile.Degraded, false, add), want: BadState},
		{name: "add-to-stopped", setup: forced(profile.Stopped, false, add), want: BadState},
		{name: "add-unknown-version", setup: func(s *stand) Command {
			c, _ := s.active("alpha")
			return AddNodeGroup{ClusterID: c.ID, Spec: spec("ng2", 1, 1, 1), Version: "1.2"}
		}, want: VersionUnknown, field: "Version"},
		{name: "add-version-ahead", setup: func(s *stand) Command {
			c, _ := s.active("alpha")
			return AddNodeGroup{ClusterID: c.ID, Spec: spec("ng2", 1, 1, 1), Version: "1.35.4"}
		}, want: InvalidArgument, field: "Version"},
		{name: "add-version-too-far-behind", change: func(p *profile.Profile) { p.Upgrade.MaxSkew = 1 }, setup: func(s *stand) Command {
			c, _ := s.active("alpha")
			return AddNodeGroup{ClusterID: c.ID, Spec: spec("ng2", 1, 1, 1), Version: "1.32.11"}
		}, want: InvalidArgument, field: "Version"},

		{name: "scale-while-group-creating", setup: func(s *stand) Command {
			c, _ := s.active("alpha")
			return scale(c, s.apply(add(c, nil)).Group)
		}, want: Busy},
		{name: "scale-while-cluster-updating", setup: forced(profile.Updating, false, scale), want: Busy},
		{name: "scale-while-deleting", setup: forced(profile.Deleting, false, scale), want: BadState},
		{name: "scale-in-stopped", setup: forced(profile.Stopped, false, scale), want: BadState},
		{name: "scale-failed-group", setup: forced(profile.CreateFailed, true, scale), want: BadState},
		{name: "auto-while-updating", setup: forced(profile.Updating, true, auto), want: Busy},
		{name: "auto-failed-group", setup: forced(profile.DeleteFailed, true, auto), want: BadState},
		{name: "auto-without-bounds", setup: func(s *stand) Command {
			c, _ := s.active("alpha")
			g := s.apply(AddNodeGroup{ClusterID: c.ID, Spec: spec("ng2", 1, 0, 0)}).Group
			s.run()
			return SetAutoScaling{ClusterID: c.ID, GroupID: g.ID, On: true}
		}, want: InvalidArgument, field: "MaxNodeSize"},

		{name: "upgrade-unknown", setup: newer("1.99"), want: VersionUnknown, field: "newVersion"},
		{name: "upgrade-same", setup: newer("1.34.5"), want: NothingToDo, field: "newVersion"},
		{name: "upgrade-down-a-patch", setup: newer("1.34.2"), want: Downgrade, field: "newVersion"},
		{name: "upgrade-down-a-minor", setup: newer("1.33.7"), want: Downgrade, field: "newVersion"},
		{name: "upgrade-too-far", setup: newer("1.36.1"), want: StepTooLarge, field: "newVersion", allowed: []string{"1.35.4"}},
		{name: "upgrade-too-far-from-older-patch", setup: func(s *stand) Command {
			c, err := s.w.Put(s.now, Seed{Name: "old", Version: "1.33.1"})
			if err != nil {
				s.t.Fatal(err)
			}
			return UpgradeControlPlane{ClusterID: c.ID, Version: "1.36.1"}
		}, want: StepTooLarge, field: "newVersion", allowed: []string{"1.34.5", "1.34.2", "1.33.7"}},
		{name: "upgrade-all-where-there-is-none", setup: func(s *stand) Command {
			c, _ := s.active("alpha")
			return UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4", Groups: true}
		}, want: Unsupported},
		{name: "upgrade-groups-first", change: func(p *profile.Profile) { p.Upgrade.MatchFirst = true }, setup: func(s *stand) Command {
			c, _ := s.active("alpha")
			s.apply(upgrade(c, nil))
			s.run()
			return UpgradeControlPlane{ClusterID: c.ID, Version: "1.36.1"}
		}, want: GroupsLag, field: "newVersion", blocker: "ng1"},
		{name: "upgrade-beyond-skew", change: func(p *profile.Profile) { p.Upgrade.MaxSkew = 1 }, setup: func(s *stand) Command {
			c, _ := s.active("alpha")
			s.apply(upgrade(c, nil))
			s.run()
			return UpgradeControlPlane{ClusterID: c.ID, Version: "1.36.1"}
		}, want: GroupsLag, field: "newVersion", blocker: "ng1"},
		{name: "upgrade-while-group-busy", setup: forced(profile.Updating, true, upgrade), want: Busy, blocker: "ng1"},
		{name: "upgrade-while-updating", setup: forced(profile.Updating, false, upgrade), want: Busy},
		{name: "upgrade-stopped", setup: forced(profile.Stopped, false, upgrade), want: BadState},
		{name: "upgrade-group-same", setup: forced(profile.Active, false, upgradeGroup), want: NothingToDo},
		{name: "upgrade-group-while-updating", setup: forced(profile.Updating, true, upgradeGroup), want: Busy},
		{name: "upgrade-group-in-stopped", setup: forced(profile.Stopped, false, upgradeGroup), want: BadState},

		{name: "remove-last", change: func(p *profile.Profile) { p.Caps.Scaling.RemoveLast = false }, setup: forced(profile.Active, false, remove), want: LastGroup, blocker: "ng1"},
		{name: "remove-last-but-for-one-leaving", change: func(p *profile.Profile) { p.Caps.Scaling.RemoveLast = false }, setup: func(s *stand) Command {
			c, g := s.active("alpha")
			s.apply(RemoveNodeGroup{c.ID, s.group(c, "ng2").ID})
			return remove(c, g)
		}, want: LastGroup, blocker: "ng1"},
		{name: "remove-fixed", change: func(p *profile.Profile) { p.Caps.GroupsAtCreate.FixedFirstName = "theirs" }, setup: func(s *stand) Command {
			c, g := s.active("alpha")
			s.group(c, "ng2")
			return remove(c, g)
		}, want: LastGroup, blocker: "theirs"},
		{name: "remove-while-updating", setup: forced(profile.Updating, true, remove), want: Busy},
		{name: "remove-twice", setup: func(s *stand) Command {
			c, g := s.active("alpha")
			s.apply(remove(c, g))
			return remove(c, g)
		}, want: BadState},

		{name: "delete-protected", setup: func(s *stand) Command {
			c, _ := s.active("alpha")
			s.apply(SetProtection{c.ID, true})
			return DeleteCluster{c.ID}
		}, want: Protected},
		{name: "delete-with-groups", change: func(p *profile.Profile) { p.GroupsFirst = true }, setup: forced(profile.Active, false, del), want: GroupsPresent, blocker: "ng1"},
		{name: "delete-while-creating", change: func(p *profile.Profile) { p.Exclusive.DeleteAnytime = false }, setup: func(s *stand) Command {
			return DeleteCluster{s.apply(request(s.w.Profile(), "alpha")).Cluster.ID}
		}, want: Busy},
		{name: "delete-while-group-busy", change: func(p *profile.Profile) { p.Exclusive.DeleteAnytime = false }, setup: forced(profile.Updating, true, del), want: Busy, blocker: "ng1"},

		{name: "one-at-a-time", change: func(p *profile.Profile) { p.Exclusive.PerCluster = true }, setup: func(s *stand) Command {
			c, g := s.active("alpha")
			s.apply(add(c, nil))
			return scale(c, g)
		}, want: Busy},
		{name: "tags-while-deleting", setup: forced(profile.Deleting, false, func(c *Cluster, _ *NodeGroup) Command { return SetTags{c.ID, nil} }), want: BadState},
		{name: "access-without-call", setup: forced(profile.Active, false, func(c *Cluster, _ *NodeGroup) Command { return SetAccess{c.ID, true} }), want: Unsupported},
		{name: "access-while-creating", change: func(p *profile.Profile) { p.Caps.Access.OpenCall = true }, setup: func(s *stand) Command {
			return SetAccess{s.apply(request(s.w.Profile(), "alpha")).Cluster.ID, true}
		}, want: Busy},
		{name: "access-of-failed", change: func(p *profile.Profile) { p.Caps.Access.OpenCall = true }, setup: func(s *stand) Command {
			c := s.applyWith(request(s.w.Profile(), "alpha"), Outcome{Fail: "no luck"}).Cluster
			s.run()
			return SetAccess{c.ID, true}
		}, want: BadState},
		{name: "force-no-state", setup: forced(profile.Active, false, func(c *Cluster, _ *NodeGroup) Command { return Force{ClusterID: c.ID, State: 77} }), want: InvalidArgument},
		{name: "no-command", setup: func(*stand) Command { return nil }, want: Unsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, neutralWith(t, tt.change), Options{})
			r := s.refused(tt.setup(s), tt.want)
			if r.Field != tt.field || r.Message == "" {
				t.Errorf("field %q, message %q, want field %q and a message", r.Field, r.Message, tt.field)
			}
			if tt.blocker != "" && r.Blocker != tt.blocker {
				t.Errorf("blocker %q, want %q", r.Blocker, tt.blocker)
			}
			if tt.allowed != nil && !slices.Equal(r.Allowed, tt.allowed) {
				t.Errorf("allowed %q, want %q", r.Allowed, tt.allowed)
			}
		})
	}
}

func TestWorld_BusyNamesOperation(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	r := s.apply(request(s.w.Profile(), "alpha"))
	got := s.refused(AddNodeGroup{ClusterID: r.Cluster.ID, Spec: spec("ng2", 1, 1, 1)}, Busy).Blocker
	if got != r.Operation.ID || got == "" {
		t.Errorf("blocker %q, want the operation %q", got, r.Operation.ID)
	}
}

func TestWorld_AllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{Inventory: &Inventory{VPCs: []VPC{{ID: "vpc-1", Name: "one"}}, KeyPairs: []Item{}}})
	cmd := request(s.w.Profile(), "")
	cmd.Version = "9.9"
	cmd.Groups[0].Spec.DesiredNodeSize = 99
	var got []string
	for _, r := range s.refusals(cmd) {
		got = append(got, r.Reason.String()+" "+r.Field)
	}
	want := []string{
		"InvalidArgument IId.NameId",
		"VersionUnknown Version",
		"NotInInventory Network.VpcIID",
		"NotInInventory NodeGroupList[0].KeyPairIID",
		"InvalidArgument NodeGroupList[0].DesiredNodeSize",
	}
	if !slices.Equal(got, want) {
		t.Errorf("faults\n got %q\nwant %q", got, want)
	}
}

func TestWorld_Token(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	cmd := request(s.w.Profile(), "alpha")
	cmd.Token = "t1"
	first := s.apply(cmd)
	again := s.apply(cmd)
	if !again.Repeated || again.Cluster != first.Cluster || again.Operation != first.Operation || s.w.Len(s.now) != 1 {
		t.Errorf("repeated create: %+v, %d clusters", again, s.w.Len(s.now))
	}
	s.run()
	add := AddNodeGroup{ClusterID: first.Cluster.ID, Spec: spec("ng2", 1, 1, 1), Token: "t2"}
	group := s.apply(add)
	if r := s.apply(add); !r.Repeated || r.Group != group.Group || r.Operation.ID != group.Operation.ID {
		t.Errorf("repeated add: %+v", r)
	}
	add.Token = "t3"
	s.refused(add, GroupExists)
}

func TestWorld_DeleteTwice(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c, g := s.active("alpha")
	s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 3, Min: 1, Max: 3})
	first := s.apply(DeleteCluster{c.ID})
	if g.State != profile.Deleting {
		t.Errorf("the group is %s", g.State)
	}
	if ops := s.w.Operations(s.now, c.ID); ops[1].Kind != profile.ScaleNodeGroup || !ops[1].Done || ops[1].Failure == "" || !ops[1].End.Equal(s.now) {
		t.Errorf("the scaling was not cut short: %+v", ops[1])
	}
	if r := s.apply(DeleteCluster{c.ID}); !r.Repeated || r.Operation != first.Operation {
		t.Errorf("the second deletion gave %+v", r)
	}
	s.run()
	s.refused(DeleteCluster{c.ID}, ClusterNotFound)
	if op, ok := s.w.Operation(s.now, first.Operation.ID); !ok || !op.Done || op.Failure != "" {
		t.Errorf("the deletion is not remembered: %+v, %t", op, ok)
	}
	if ops := s.w.Operations(s.now, c.ID); len(ops) != 3 || ops[0].Kind != profile.DeleteCluster {
		t.Errorf("operations of what is gone: %+v", ops)
	}
}

func TestWorld_ClusterFollows(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, func(p *profile.Profile) { p.Exclusive.ClusterFollows = true }), Options{})
	c, g := s.active("alpha")
	h := s.group(c, "ng2")
	s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 1, Min: 1, Max: 3})
	if c.State != profile.Updating || c.By != profile.ScaleNodeGroup {
		t.Errorf("the cluster is %s by %s", c.State, c.By)
	}
	s.wait(time.Second)
	s.apply(RemoveNodeGroup{c.ID, h.ID}) // side by side all the same
	s.run()
	if c.State != profile.Active || c.By != "" || len(c.Groups) != 1 {
		t.Errorf("the cluster is %s by %q with %d groups", c.State, c.By, len(c.Groups))
	}
}

func TestWorld_UpgradeReplacesNodes(t *testing.T) {
	t.Parallel()
	for _, together := range []bool{false, true} {
		t.Run(map[bool]string{false: "one-by-one", true: "together"}[together], func(t *testing.T) {
			t.Parallel()
			s := newStand(t, neutralWith(t, func(p *profile.Profile) {
				p.Upgrade.Mode = profile.GroupsTogether
				if together {
					p.Upgrade.Mode = profile.OneOperation
				}
			}), Options{})
			c, g := s.active("alpha")
			before := slices.Clone(g.Nodes)
			s.apply(UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4", Groups: together})
			if c.State != profile.Updating || (g.State == profile.Updating) != together {
				t.Errorf("the cluster is %s by %s, the group %s", c.State, c.By, g.State)
			}
			s.run()
			if !together {
				if g.Version != "1.34.5" || !slices.Equal(g.Nodes, before) {
					t.Errorf("the group moved with the control plane: %s %v", g.Version, g.Nodes)
				}
				s.apply(UpgradeNodeGroup{ClusterID: c.ID, GroupID: g.ID})
				s.run()
			}
			wantSize(t, g, 2)
			if c.Version != "1.35.4" || g.Version != "1.35.4" {
				t.Errorf("versions %s and %s", c.Version, g.Version)
			}
			for _, n := range before {
				if slices.Contains(g.Nodes, n) {
					t.Errorf("node %v was not replaced", n)
				}
			}
		})
	}
}

// TestWorld_GroupsApart: groups and the control plane do not wait for each other where
// the cloud has it so, and the later of two operations on a group holds.
func TestWorld_GroupsApart(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, func(p *profile.Profile) { p.Exclusive.GroupsApart = true }), Options{})
	r := s.apply(request(s.w.Profile(), "alpha"))
	c, g := r.Cluster, r.Cluster.Groups[0]
	s.apply(AddNodeGroup{ClusterID: c.ID, Spec: spec("ng2", 1, 1, 3)}) // while Creating
	s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 3, Min: 1, Max: 5})
	first := s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 4, Min: 1, Max: 5}).Operation
	s.refused(UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4"}, Busy)
	s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 5, Min: 1, Max: 5})
	s.run()
	if op, _ := s.w.Operation(s.now, first.ID); !op.Done || op.Failure == "" {
		t.Errorf("the operation that was overtaken is %+v", op)
	}
	if c.State != profile.Active || g.State != profile.Active || len(g.Nodes) != 5 || len(c.Groups) != 2 {
		t.Errorf("the cluster is %s, its group %s with %d nodes, of %d groups", c.State, g.State, len(g.Nodes), len(c.Groups))
	}
	s.apply(Scale{ClusterID: c.ID, GroupID: g.ID, Desired: 2, Min: 1, Max: 5})
	s.apply(UpgradeControlPlane{ClusterID: c.ID, Version: "1.35.4"}) // while a group is Updating
	s.apply(RemoveNodeGroup{c.ID, c.Groups[1].ID})
	s.run()
	if c.Version != "1.35.4" || len(c.Groups) != 1 || len(g.Nodes) != 2 {
		t.Errorf("the cluster has %s and %d groups, the first %d nodes", c.Version, len(c.Groups), len(g.Nodes))
	}
	s.apply(DeleteCluster{c.ID})
	s.refused(AddNodeGroup{ClusterID: c.ID, Spec: spec("ng3", 1, 1, 3)}, BadState)
}
