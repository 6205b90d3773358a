// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"slices"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// newSizes reads the sizes of a request. Bounds count as not given when both are
// zero and autoscaling is off.
func newSizes(spec pmks.NodeGroupInfo) sizes {
	return sizes{
		auto:        spec.OnAutoScaling,
		boundsKnown: spec.OnAutoScaling || spec.MinNodeSize != 0 || spec.MaxNodeSize != 0,
		desired:     spec.DesiredNodeSize,
		min:         spec.MinNodeSize,
		max:         spec.MaxNodeSize,
	}
}

// checkBounds: 0 <= min <= max <= the quota, max >= 1, and zero only where the
// cloud has empty groups.
func (w *World) checkBounds(f *faults, path string, s sizes) {
	if !s.boundsKnown {
		return
	}
	switch {
	case s.min < 0:
		f.add(InvalidArgument, path+"MinNodeSize", "must not be negative, got %d", s.min)
	case s.min == 0 && !w.profile.Caps.Scaling.ToZero:
		f.add(InvalidArgument, path+"MinNodeSize", "must be at least 1")
	}
	switch limit := w.profile.Limits.NodesPerGroup; {
	case s.max < 1:
		f.add(InvalidArgument, path+"MaxNodeSize", "must be at least 1, got %d", s.max)
	case s.max < s.min:
		f.add(InvalidArgument, path+"MaxNodeSize", "must not be below MinNodeSize %d, got %d", s.min, s.max)
	case limit > 0 && s.max > limit:
		f.add(QuotaExceeded, path+"MaxNodeSize", "a node group may have %d nodes, got %d", limit, s.max)
	}
}

// checkDesired: min <= desired <= max where there are bounds, desired <= the
// quota, and zero only where the cloud has empty groups.
func (w *World) checkDesired(f *faults, path string, s sizes) {
	switch limit := w.profile.Limits.NodesPerGroup; {
	case s.desired < 0:
		f.add(InvalidArgument, path+"DesiredNodeSize", "must not be negative, got %d", s.desired)
	case s.desired == 0 && !w.profile.Caps.Scaling.ToZero:
		f.add(InvalidArgument, path+"DesiredNodeSize", "must be at least 1")
	case s.boundsKnown && (s.desired < s.min || s.desired > s.max):
		f.add(InvalidArgument, path+"DesiredNodeSize", "must lie between MinNodeSize %d and MaxNodeSize %d, got %d", s.min, s.max, s.desired)
	case limit > 0 && s.desired > limit:
		f.add(QuotaExceeded, path+"DesiredNodeSize", "a node group may have %d nodes, got %d", limit, s.desired)
	}
}

// bound is what the autoscaler makes of a size.
func (s sizes) bound() sizes {
	if s.auto && s.boundsKnown {
		s.desired = min(max(s.desired, s.min), s.max)
	}
	return s
}

// withBounds sets bounds unless both are zero.
func (s sizes) withBounds(lower, upper int) sizes {
	if lower != 0 || upper != 0 {
		s.min, s.max, s.boundsKnown = lower, upper, true
	}
	return s
}

func (w *World) setAutoScaling(cmd SetAutoScaling) (step, error) {
	c, g, err := w.lookupGroup(cmd.ClusterID, cmd.GroupID)
	if err != nil {
		return nil, err
	}
	s := g.sizes().withBounds(cmd.Min, cmd.Max)
	s.auto = cmd.On
	var f faults
	if cmd.Min != 0 || cmd.Max != 0 {
		w.checkBounds(&f, "", s)
	} else if s.auto && !s.boundsKnown {
		f.add(InvalidArgument, "MaxNodeSize", "the autoscaler needs bounds")
	}
	return w.resize(c, g, s.bound(), cmd.kind(), f, cmd.AtOnce)
}

func (w *World) scale(cmd Scale) (step, error) {
	c, g, err := w.lookupGroup(cmd.ClusterID, cmd.GroupID)
	if err != nil {
		return nil, err
	}
	s := g.sizes().withBounds(cmd.Min, cmd.Max)
	var f faults
	if cmd.Min != 0 || cmd.Max != 0 {
		w.checkBounds(&f, "", s)
	}
	if !cmd.KeepDesired {
		asked := s
		asked.desired = cmd.Desired
		// Bounds that are only recorded do not bind a size that comes alone.
		asked.boundsKnown = s.auto || cmd.Min != 0 || cmd.Max != 0
		w.checkDesired(&f, "", asked)
		if !s.auto || w.profile.Caps.Scaling.DesiredWhileAuto {
			s.desired = cmd.Desired
		}
	}
	do, err := w.resize(c, g, s.bound(), cmd.kind(), f, cmd.AtOnce && cmd.KeepDesired)
	if err != nil || len(cmd.Remove) == 0 {
		return do, err
	}
	return func(out Outcome) Result {
		r := do(out)
		// A new array: a reader may still hold the old one.
		g.Nodes = slices.SortedStableFunc(slices.Values(g.Nodes), func(a, b pmks.IID) int {
			return cmp.Compare(slices.Index(cmd.Remove, a.SystemId), slices.Index(cmd.Remove, b.SystemId))
		})
		return r
	}, nil
}

// resize is how both commands end: with an operation, or at once where what changes is a
// mark beside the group.
func (w *World) resize(c *Cluster, g *NodeGroup, s sizes, kind profile.Operation, f faults, atOnce bool) (step, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	// Bounds beside a group are changed whatever that is doing.
	beside := atOnce && kind == profile.ScaleNodeGroup && g.State == profile.Updating && c.own == profile.Active
	if err := w.admit(kind, c, g); err != nil && !beside {
		return nil, err
	}
	if atOnce {
		return func(Outcome) Result {
			w.hideChange(c)
			g.setSizes(s)
			return Result{Cluster: c, Group: g}
		}, nil
	}
	return func(out Outcome) Result {
		w.hideChange(c)
		r := w.startOnGroup(kind, profile.Updating, c, g, "", out)
		g.setSizes(s)
		return r
	}, nil
}
