// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func (w *World) upgradeControlPlane(cmd UpgradeControlPlane) (step, error) {
	c, _, err := w.lookup(cmd.ClusterID, "")
	if err != nil {
		return nil, err
	}
	if cmd.Groups && w.profile.Upgrade.Mode != profile.OneOperation {
		return nil, refuse(Unsupported, "", "the control plane and the node groups are upgraded one by one")
	}
	var f faults
	w.checkOffered(&f, "newVersion", cmd.Version)
	if err := f.err(); err != nil {
		return nil, err
	}
	if err := w.admit(cmd.kind(), c, nil); err != nil {
		return nil, err
	}
	if err := w.checkStep(c, cmd); err != nil {
		return nil, err
	}
	return func(out Outcome) Result {
		w.hideChange(c)
		c.setOwn(profile.Updating, cmd.kind())
		for _, g := range c.Groups {
			// Groups that have failed for good stay as they are.
			if cmd.Groups && upgradable(g) {
				g.set(profile.Updating, cmd.kind())
				g.follows = true
			}
		}
		op := w.start(cmd.kind(), c, nil, cmd.Version, out)
		c.show(w.profile)
		return Result{Cluster: c, Operation: op.OperationRecord}
	}, nil
}

func upgradable(g *NodeGroup) bool {
	return g.State == profile.Active || g.State == profile.Degraded || g.State == profile.UpdateFailed
}

// checkStep says whether the cluster may go to an offered version now.
func (w *World) checkStep(c *Cluster, cmd UpgradeControlPlane) error {
	from, err := kver.Parse(c.Version)
	if err != nil {
		return refuse(BadState, "", "cluster %q has version %q, which cannot be compared", c.Name, c.Version)
	}
	to, err := kver.Parse(cmd.Version)
	if err != nil {
		return refuse(VersionUnknown, "newVersion", "version %q cannot be compared", cmd.Version)
	}
	ahead := to.Compare(from)
	switch {
	case ahead < 0:
		return refuse(Downgrade, "newVersion", "cluster %q is at %s already, which is newer than %s", c.Name, c.Version, cmd.Version)
	case ahead == 0 && cmd.Groups && lagging(c, cmd.Version) != nil:
		return nil // the groups alone move
	case ahead == 0:
		return refuse(NothingToDo, "newVersion", "cluster %q is at %s already", c.Name, c.Version)
	}
	step := max(1, w.profile.Caps.Versions.LargestStep)
	if from.MinorDistance(to) > step {
		r := refuse(StepTooLarge, "newVersion", "cluster %q cannot go from %s to %s in one step", c.Name, c.Version, cmd.Version)
		r.Allowed = w.reachable(from, step)
		return r
	}
	if cmd.Groups {
		return nil
	}
	return w.checkLag(c, to)
}

// lagging returns the first group that an upgrade to a version would move.
func lagging(c *Cluster, version string) *NodeGroup {
	for _, g := range c.Groups {
		if g.Version != version && upgradable(g) {
			return g
		}
	}
	return nil
}

// reachable lists the offered versions that one upgrade can go to, newest first.
func (w *World) reachable(from kver.Version, step int) []string {
	var names []string
	for _, name := range w.profile.OfferedNames() {
		if v, err := kver.Parse(name); err == nil && v.Compare(from) > 0 && from.MinorDistance(v) <= step {
			names = append(names, name)
		}
	}
	return names
}

// checkLag refuses to move the control plane further ahead of a group than the
// cloud lets it.
func (w *World) checkLag(c *Cluster, to kver.Version) error {
	rule := w.profile.Upgrade
	for _, g := range c.Groups {
		at, err := kver.Parse(g.Version)
		if err != nil || g.State == profile.Deleting {
			continue
		}
		var r *Refusal
		switch {
		case rule.MatchFirst && g.Version != c.Version:
			r = refuse(GroupsLag, "newVersion", "node group %q is at %s and must be at the control plane's %s first", g.Name, g.Version, c.Version)
		case rule.MaxSkew > 0 && at.MinorDistance(to) > rule.MaxSkew:
			r = refuse(GroupsLag, "newVersion", "node group %q is at %s and would be more than %d minors behind %s", g.Name, g.Version, rule.MaxSkew, to)
		default:
			continue
		}
		r.Blocker = g.Name
		return r
	}
	return nil
}

func (w *World) upgradeNodeGroup(cmd UpgradeNodeGroup) (step, error) {
	c, g, err := w.lookupGroup(cmd.ClusterID, cmd.GroupID)
	if err != nil {
		return nil, err
	}
	if err := w.admit(cmd.kind(), c, g); err != nil {
		return nil, err
	}
	if g.Version == c.Version {
		return nil, refuse(NothingToDo, "", "node group %q is at %s already", g.Name, g.Version)
	}
	return func(out Outcome) Result {
		w.hideChange(c)
		return w.startOnGroup(cmd.kind(), profile.Updating, c, g, c.Version, out)
	}, nil
}
