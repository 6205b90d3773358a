// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// runnable lists the states of a cluster in which a command is taken. Creating,
// Updating and Deleting are never among them.
var runnable = map[profile.Operation][]profile.State{
	profile.AddNodeGroup:        {profile.Active},
	profile.ScaleNodeGroup:      {profile.Active, profile.Degraded, profile.UpdateFailed},
	profile.SetAutoScaling:      {profile.Active, profile.Degraded, profile.UpdateFailed},
	profile.UpgradeControlPlane: {profile.Active, profile.UpdateFailed},
	profile.UpgradeAll:          {profile.Active, profile.UpdateFailed},
	profile.UpgradeNodeGroup:    {profile.Active, profile.UpdateFailed},
	// What has failed must be possible to clear away.
	profile.RemoveNodeGroup: {profile.Active, profile.Degraded, profile.Stopped,
		profile.CreateFailed, profile.UpdateFailed, profile.DeleteFailed},
}

// runnableGroup does the same for the states of a group.
var runnableGroup = map[profile.Operation][]profile.State{
	profile.ScaleNodeGroup:   {profile.Active, profile.Degraded, profile.UpdateFailed},
	profile.SetAutoScaling:   {profile.Active, profile.Degraded, profile.UpdateFailed},
	profile.UpgradeNodeGroup: {profile.Active, profile.Degraded, profile.UpdateFailed},
	profile.RemoveNodeGroup:  runnable[profile.RemoveNodeGroup],
}

func inTransition(s profile.State) bool {
	return s == profile.Creating || s == profile.Updating || s == profile.Deleting
}

// lookup finds the target of a command; group is empty for a cluster's.
func (w *World) lookup(clusterID, groupID string) (*Cluster, *NodeGroup, error) {
	c, ok := w.byID[clusterID]
	if !ok {
		return nil, nil, refuse(ClusterNotFound, "", "there is no cluster %q", clusterID)
	}
	if groupID == "" {
		return c, nil, nil
	}
	g, ok := c.Group(groupID)
	if !ok {
		return nil, nil, refuse(GroupNotFound, "", "cluster %q has no node group %q", c.Name, groupID)
	}
	return c, g, nil
}

// lookupGroup is lookup for a command whose target is always a group.
func (w *World) lookupGroup(clusterID, groupID string) (*Cluster, *NodeGroup, error) {
	c, g, err := w.lookup(clusterID, groupID)
	if err == nil && g == nil {
		err = refuse(GroupNotFound, "", "cluster %q: no node group is named", c.Name)
	}
	return c, g, err
}

// admit says whether the states of the cluster and of its groups allow kind. g is
// nil for what concerns the cluster itself, and for a group that is to be added.
func (w *World) admit(kind profile.Operation, c *Cluster, g *NodeGroup) error {
	whole := kind == profile.UpgradeControlPlane || kind == profile.UpgradeAll
	apart := w.profile.Exclusive.GroupsApart
	beside := func(s profile.State) bool {
		return apart && !whole && slices.Contains([]profile.State{profile.Creating, profile.Updating, profile.UpdateFailed}, s)
	}
	if r := busyOrBad(c.own, runnable[kind], "cluster", c.Name, c.running); r != nil && !beside(c.own) {
		return r
	}
	if g != nil && !beside(g.State) {
		if r := busyOrBad(g.State, runnableGroup[kind], "node group", g.Name, g.running); r != nil {
			return r
		}
	}
	if whole && !apart || w.profile.Exclusive.PerCluster {
		return groupsIdle(c)
	}
	return nil
}

func busyOrBad(s profile.State, good []profile.State, what, name string, running *operation) error {
	switch {
	case slices.Contains(good, s):
		return nil
	case s == profile.Creating || s == profile.Updating:
		r := refuse(Busy, "", "%s %q is %s", what, name, s)
		if running != nil {
			r.Blocker = running.ID
		}
		return r
	}
	r := refuse(BadState, "", "%s %q is %s", what, name, s)
	if running != nil {
		r.Blocker = running.ID
	}
	return r
}

// groupsIdle refuses while a group is being worked on.
func groupsIdle(c *Cluster) error {
	for _, g := range c.Groups {
		if inTransition(g.State) {
			r := refuse(Busy, "", "node group %q of cluster %q is %s", g.Name, c.Name, g.State)
			r.Blocker = g.Name
			if g.running != nil {
				r.Blocker = g.running.ID
			}
			return r
		}
	}
	return nil
}

// show derives State from the cluster's own state and, where the cloud has it so,
// from its groups.
func (c *Cluster) show(p *profile.Profile) {
	c.State, c.By = c.own, c.ownBy
	if c.own != profile.Active || !p.Exclusive.ClusterFollows {
		return
	}
	for _, g := range c.Groups {
		if inTransition(g.State) {
			c.State, c.By = profile.Updating, g.By
			return
		}
	}
}

// setOwn gives a cluster a state in transition.
func (c *Cluster) setOwn(s profile.State, by profile.Operation) {
	c.own, c.ownBy, c.Reason = s, by, ""
}

// set gives a group a state in transition.
func (g *NodeGroup) set(s profile.State, by profile.Operation) {
	g.State, g.By, g.Reason = s, by, ""
}
