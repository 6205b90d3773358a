// SPDX-License-Identifier: Apache-2.0

package core

import "github.com/pmks-go/pmks/internal/sim/profile"

func (w *World) deleteCluster(cmd DeleteCluster) (step, error) {
	c, _, err := w.lookup(cmd.ClusterID, "")
	if err != nil {
		return nil, err
	}
	if c.own == profile.Deleting {
		return repeated(c, nil), nil
	}
	if c.Protected {
		return nil, refuse(Protected, "", "cluster %q is protected from deletion", c.Name)
	}
	anytime := w.profile.Exclusive.DeleteAnytime
	unfinished := w.profile.Exclusive.DeleteUnfinished && c.own == profile.Creating
	if !anytime && !unfinished && inTransition(c.own) {
		r := refuse(Busy, "", "cluster %q is %s", c.Name, c.own)
		if c.running != nil {
			r.Blocker = c.running.ID
		}
		return nil, r
	}
	if w.profile.GroupsFirst && len(c.Groups) > 0 {
		r := refuse(GroupsPresent, "", "cluster %q still has node group %q", c.Name, c.Groups[0].Name)
		r.Blocker = c.Groups[0].Name
		return nil, r
	}
	if !anytime {
		if err := groupsIdle(c); err != nil {
			return nil, err
		}
	}
	return func(out Outcome) Result {
		w.hideChange(c)
		w.cancelAll(c, "the cluster is being deleted")
		c.setOwn(profile.Deleting, cmd.kind())
		for _, g := range c.Groups {
			g.set(profile.Deleting, cmd.kind())
			g.follows = true
		}
		op := w.start(cmd.kind(), c, nil, "", out)
		c.show(w.profile)
		return Result{Cluster: c, Operation: op.OperationRecord}
	}, nil
}

// cancelAll cuts every operation in a cluster short.
func (w *World) cancelAll(c *Cluster, why string) {
	w.cancel(c.running, why)
	for _, g := range c.Groups {
		w.cancel(g.running, why)
	}
}

func (w *World) removeNodeGroup(cmd RemoveNodeGroup) (step, error) {
	c, g, err := w.lookupGroup(cmd.ClusterID, cmd.GroupID)
	if err != nil {
		return nil, err
	}
	if err := w.admit(cmd.kind(), c, g); err != nil {
		return nil, err
	}
	if w.keeps(c, g) {
		r := refuse(LastGroup, "", "cluster %q does not give node group %q up", c.Name, g.Name)
		r.Blocker = g.Name
		return nil, r
	}
	return func(out Outcome) Result {
		w.hideChange(c)
		return w.startOnGroup(cmd.kind(), profile.Deleting, c, g, "", out)
	}, nil
}

// keeps reports whether the cloud does not give g up: it is the one that came
// with the cluster under a name of the cloud's own, or no other would remain.
func (w *World) keeps(c *Cluster, g *NodeGroup) bool {
	if fixed := w.profile.Caps.GroupsAtCreate.FixedFirstName; fixed != "" && g.Name == fixed {
		return true
	}
	if w.profile.Caps.Scaling.RemoveLast {
		return false
	}
	for _, other := range c.Groups {
		if other != g && other.State != profile.Deleting {
			return false
		}
	}
	return true
}
