// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"maps"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// living finds the cluster of a command that takes effect at once. It is taken in
// every state but Deleting.
func (w *World) living(clusterID string) (*Cluster, error) {
	c, _, err := w.lookup(clusterID, "")
	if err == nil && c.own == profile.Deleting {
		err = refuse(BadState, "", "cluster %q is %s", c.Name, c.own)
	}
	return c, err
}

func (w *World) setTags(cmd SetTags) (step, error) {
	c, err := w.living(cmd.ClusterID)
	if err != nil {
		return nil, err
	}
	if maps.Equal(c.Tags, cmd.Tags) {
		return unchanged(c), nil
	}
	return w.change(c, func() { c.Tags = maps.Clone(cmd.Tags) }), nil
}

func (w *World) setAccess(cmd SetAccess) (step, error) {
	c, err := w.living(cmd.ClusterID)
	switch {
	case err != nil:
		return nil, err
	case !w.profile.Caps.Access.OpenCall:
		return nil, refuse(Unsupported, "", "the endpoint is not opened and closed by calls")
	case !c.ControlPlaneUp && c.own == profile.Creating:
		return nil, refuse(Busy, "", "cluster %q is %s", c.Name, c.own)
	case !c.ControlPlaneUp:
		return nil, refuse(BadState, "", "cluster %q is %s", c.Name, c.own)
	case c.AccessOpen == cmd.Open:
		return unchanged(c), nil
	}
	return w.change(c, func() { c.AccessOpen = cmd.Open }), nil
}

func (w *World) setProtection(cmd SetProtection) (step, error) {
	c, err := w.living(cmd.ClusterID)
	if err != nil {
		return nil, err
	}
	if c.Protected == cmd.On {
		return unchanged(c), nil
	}
	return w.change(c, func() { c.Protected = cmd.On }), nil
}

// unchanged answers a command that asks for what is already so.
func unchanged(c *Cluster) step {
	return func(Outcome) Result { return Result{Cluster: c, Repeated: true} }
}

// change is a step without an operation.
func (w *World) change(c *Cluster, do func()) step {
	return func(Outcome) Result {
		w.hideChange(c)
		do()
		return Result{Cluster: c}
	}
}

func (w *World) force(cmd Force) (step, error) {
	c, g, err := w.lookup(cmd.ClusterID, cmd.GroupID)
	if err != nil {
		return nil, err
	}
	if cmd.State < profile.Gone || cmd.State > profile.Stopped {
		return nil, refuse(InvalidArgument, "", "%s is not a state", cmd.State)
	}
	return func(Outcome) Result {
		if cmd.AtOnce {
			w.lag.drop(c.ID)
		} else {
			w.hideChange(c)
		}
		if g != nil {
			w.forceGroup(c, g, cmd.State, cmd.Reason)
		} else {
			w.forceCluster(c, cmd.State, cmd.Reason)
		}
		c.show(w.profile)
		return Result{Cluster: c, Group: g}
	}, nil
}

// explain gives a reason to a state that needs one.
func explain(s profile.State, reason string) string {
	if s == profile.Active || inTransition(s) {
		return reason
	}
	return cmp.Or(reason, noWord)
}

func (w *World) forceCluster(c *Cluster, s profile.State, reason string) {
	if s == profile.Gone {
		w.remove(c)
		return
	}
	w.cancel(c.running, "the cluster was put into state "+s.String())
	if s == profile.Deleting {
		w.cancelAll(c, "the cluster is being deleted")
		for _, g := range c.Groups {
			g.follows = true
		}
	}
	c.own, c.ownBy, c.Reason = s, "", explain(s, reason)
	if inTransition(s) {
		c.ownBy = byState[s]
		for _, g := range c.Groups {
			if g.follows {
				g.set(s, c.ownBy)
			}
		}
		return
	}
	switch s {
	case profile.CreateFailed, profile.DeleteFailed:
		w.settle(c, s, c.Reason)
	default: // the cluster is there, and so are its groups
		w.raise(c)
		w.settle(c, profile.Active, "")
	}
}

func (w *World) forceGroup(c *Cluster, g *NodeGroup, s profile.State, reason string) {
	w.cancel(g.running, "the node group was put into state "+s.String())
	g.follows = false
	if s == profile.Gone {
		g.State = s
		w.dropGroup(c, g)
		return
	}
	g.State, g.By, g.Reason = s, "", explain(s, reason)
	switch {
	case inTransition(s):
		g.By = groupByState[s]
	case s != profile.CreateFailed && s != profile.DeleteFailed:
		w.fill(c, g)
	}
}

// byState says what a cluster that is forced into a state shows as its reason
// for being in transition; groupByState does the same for groups.
var (
	byState = map[profile.State]profile.Operation{
		profile.Creating: profile.CreateCluster,
		profile.Updating: profile.UpdateCluster,
		profile.Deleting: profile.DeleteCluster,
	}
	groupByState = map[profile.State]profile.Operation{
		profile.Creating: profile.AddNodeGroup,
		profile.Updating: profile.ScaleNodeGroup,
		profile.Deleting: profile.RemoveNodeGroup,
	}
)
