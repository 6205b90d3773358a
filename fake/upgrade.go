// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// UpgradeCluster implements [pmks.ClusterHandler]: the control plane first, then
// the node groups that lag, together or in turn as the cloud does it.
func (h *Handler) UpgradeCluster(ctx context.Context, clusterIID pmks.IID, newVersion string) (pmks.ClusterInfo, error) {
	r := mutation("UpgradeCluster", clusterIID, pmks.IID{})
	if err := pmks.CheckIID("clusterIID", clusterIID); err != nil {
		return pmks.ClusterInfo{}, h.failed(r, err)
	}
	if _, err := kver.Parse(newVersion); err != nil && !kver.IsDefault(newVersion) {
		return pmks.ClusterInfo{}, h.failed(r, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", refuse.Clip(newVersion)))
	}
	var s step
	var info pmks.ClusterInfo
	err := h.send(ctx, r.look(), func(now time.Time, _ core.Outcome) error {
		c, err := h.cluster(now, clusterIID)
		if err != nil {
			return err
		}
		r.cluster, info = idOf(c), h.changed(c)
		// Which groups lag must be known, or it would not be known what is left to do.
		if h.profile.Manner.Has("Status") {
			if err := h.without("Version", r.cluster, pmks.IID{}); err != nil {
				return err
			}
		}
		s, err = h.nextStep(now, c, newVersion)
		return err
	})
	if err != nil {
		return pmks.ClusterInfo{}, h.finish(err, r, "")
	}
	for _, cmd := range s.commands {
		if err := h.upgradeOne(ctx, r, cmd, s.target, &info); err != nil {
			return pmks.ClusterInfo{}, err
		}
	}
	if s.remaining {
		info.Status, info.StatusReason, info.StatusFinal = pmks.ClusterUpdating, "", false
	}
	return info, nil
}

// step is what an upgrade does next.
type step struct {
	target   string
	commands []core.Command
	// remaining is false when everything is at the target already.
	remaining bool
}

// nextStep decides it. The caller holds the lock.
func (h *Handler) nextStep(now time.Time, c *core.Cluster, wanted string) (step, error) {
	target, err := h.upgradeTarget(c.Version, wanted)
	if err != nil {
		return step{}, err
	}
	s := step{target: target, remaining: true}
	current, _ := kver.Parse(c.Version)
	goal, _ := kver.Parse(target)
	if goal.Compare(current) < 0 {
		return step{}, refuse.Invalid("newVersion", "the cluster runs %s; Kubernetes cannot be downgraded to %s", c.Version, target)
	}
	if h.underWay(now, c, target) {
		return s, nil
	}
	if err := h.alone(c); err != nil {
		return step{}, err
	}
	if err := h.blocked(c); err != nil && (goal.Compare(current) > 0 || len(lagging(c)) > 0) {
		return step{}, err
	}
	if goal.Compare(current) > 0 {
		cmd := core.UpgradeControlPlane{ClusterID: c.ID, Version: target, Groups: h.profile.Upgrade.Mode == profile.OneOperation}
		s.commands = []core.Command{cmd}
		return s, h.world.Check(now, cmd)
	}
	s.remaining = false
	for _, g := range lagging(c) {
		cmd := core.UpgradeNodeGroup{ClusterID: c.ID, GroupID: g.ID}
		if err := h.world.Check(now, cmd); err != nil {
			return step{}, err
		}
		s.remaining = true
		s.commands = append(s.commands, cmd)
		if h.profile.Upgrade.Mode == profile.GroupsInTurn {
			break
		}
	}
	return s, nil
}

// lagging returns the node groups that run an older version than the control plane.
func lagging(c *core.Cluster) []*core.NodeGroup {
	current, _ := kver.Parse(c.Version)
	return slices.DeleteFunc(slices.Clone(c.Groups), func(g *core.NodeGroup) bool {
		version, err := kver.Parse(g.Version)
		return err != nil || version.Compare(current) >= 0 || g.State == profile.Deleting
	})
}

// upgradeTarget resolves a version. One that the cluster runs already needs no
// offer, and a bare minor is reached by every patch of it.
func (h *Handler) upgradeTarget(current, wanted string) (string, error) {
	if !kver.IsDefault(wanted) {
		want, err := kver.Parse(wanted)
		if err != nil {
			return "", refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", refuse.Clip(wanted))
		}
		running, err := kver.Parse(current)
		if err == nil && (want.Compare(running) == 0 || !want.HasPatch && want.SameMinor(running)) {
			return current, nil
		}
		if err == nil && want.MinorDistance(running) > 0 {
			return "", refuse.Invalid("newVersion", "the cluster runs %s; Kubernetes cannot be downgraded to %s", current, wanted)
		}
	}
	return h.resolve("newVersion", wanted)
}

// underWay reports whether an upgrade to the target is running: a caller that
// asks again meanwhile is told Updating, and nothing is sent.
func (h *Handler) underWay(now time.Time, c *core.Cluster, target string) bool {
	for _, op := range h.world.Operations(now, c.ID) {
		if op.Done {
			continue
		}
		switch op.Kind {
		case profile.UpgradeControlPlane, profile.UpgradeAll:
			return op.Target == target
		case profile.UpgradeNodeGroup:
			if c.Version == target {
				return true
			}
		}
	}
	return false
}

// upgradeOne sends one command of a step.
func (h *Handler) upgradeOne(ctx context.Context, r request, cmd core.Command, target string, info *pmks.ClusterInfo) error {
	if group, ok := cmd.(core.UpgradeNodeGroup); ok {
		r.nodeGroup = pmks.IID{SystemId: group.GroupID}
	}
	show := func(now time.Time) error {
		c, err := h.cluster(now, r.cluster)
		if err == nil {
			*info = h.changed(c)
		}
		return err
	}
	return h.mutate(ctx, r, func(now time.Time, out core.Outcome) error {
		done, err := h.world.Apply(now, cmd, out)
		if err == nil {
			*info = h.changed(done.Cluster)
		}
		return err
	}, func(now time.Time) (bool, error) {
		if err := show(now); err != nil {
			return false, err
		}
		c, err := h.cluster(now, r.cluster)
		if err != nil {
			return false, err
		}
		if r.nodeGroup.SystemId != "" {
			g, ok := c.Group(r.nodeGroup.SystemId)
			return ok && (g.State == profile.Updating || g.Version == c.Version), nil
		}
		return c.State == profile.Updating || c.Version == target, nil
	})
}

// changed is a cluster as the answer to a change shows it, which reads no nodes: sizes that
// come with those are what was last asked for. The caller holds the lock.
func (h *Handler) changed(c *core.Cluster) pmks.ClusterInfo {
	info := h.clusterInfo(c)
	if h.profile.Manner.Has("DesiredNodeSize") {
		for i, g := range c.Groups {
			info.NodeGroupList[i].DesiredNodeSize = g.Desired
		}
	}
	return info
}
