// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// AddNodeGroup implements [pmks.ClusterHandler].
func (h *Handler) AddNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
	r := mutation("AddNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	var f refuse.List
	f.Join(pmks.CheckIID("clusterIID", clusterIID))
	f.Join(h.caps.CheckNodeGroup(req))
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, h.failed(r, err)
	}
	cmd := h.addGroup("", req, rand.Text())
	var info pmks.NodeGroupInfo
	err := h.mutate(ctx, r, func(now time.Time, out core.Outcome) error {
		c, err := h.cluster(now, clusterIID)
		if err != nil {
			return err
		}
		cmd.ClusterID = c.ID
		if err := h.wrongGroup(now, cmd, req); err != nil {
			return err
		}
		made, err := h.world.Apply(now, cmd, out)
		if err == nil {
			info = h.groupInfo(made.Group)
		}
		return err
	}, func(now time.Time) (bool, error) {
		c, err := h.cluster(now, clusterIID)
		if err != nil {
			return false, err
		}
		g, ok := c.GroupByName(req.IId.NameId)
		if !ok {
			return false, nil
		}
		if g.Token != cmd.Token {
			return false, exists("node group", g.Name)
		}
		info = h.groupInfo(g)
		return true, nil
	})
	if err == nil {
		h.tellTaken(&info, req)
	}
	return info, err
}

// CheckNodeGroup implements [pmks.RequestChecker].
func (h *Handler) CheckNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) error {
	r := read("CheckNodeGroup", clusterIID)
	r.nodeGroup = pmks.IID{NameId: req.IId.NameId}
	var f refuse.List
	f.Join(pmks.CheckIID("clusterIID", clusterIID))
	f.Join(h.caps.CheckNodeGroup(req))
	if err := f.Err(); err != nil {
		return h.failed(r, err)
	}
	return h.send(ctx, r, func(now time.Time, _ core.Outcome) error {
		c, err := h.cluster(now, clusterIID)
		if err != nil {
			return err
		}
		return h.wrongGroup(now, h.addGroup(c.ID, req, ""), req)
	})
}

// wrongGroup is what the cloud has against a request. Its zones are looked at when
// nothing else is wrong.
func (h *Handler) wrongGroup(now time.Time, cmd core.AddNodeGroup, req pmks.NodeGroupInfo) error {
	var f refuse.List
	if f.Join(h.world.Check(now, cmd)); f.Err() == nil {
		if c, err := h.cluster(now, pmks.IID{SystemId: cmd.ClusterID}); err == nil {
			f.Join(h.alone(c))
		}
	}
	if f.Err() == nil {
		h.checkZones(&f, "", req)
	}
	return f.Err()
}

// RemoveNodeGroup implements [pmks.ClusterHandler].
func (h *Handler) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (bool, error) {
	r := mutation("RemoveNodeGroup", clusterIID, nodeGroupIID)
	if err := checkBoth(clusterIID, nodeGroupIID); err != nil {
		return false, h.failed(r, err)
	}
	if err := h.removeGroup(ctx, r); err != nil {
		return false, err
	}
	return true, nil
}

func (h *Handler) removeGroup(ctx context.Context, r request) error {
	g, err := h.lookGroup(ctx, &r)
	if err != nil || g.Status == pmks.NodeGroupDeleting { // on its way out already
		return err
	}
	return h.mutate(ctx, r, func(now time.Time, out core.Outcome) error {
		_, err := h.world.Apply(now, core.RemoveNodeGroup{ClusterID: r.cluster.SystemId, GroupID: r.nodeGroup.SystemId}, out)
		return err
	}, func(now time.Time) (bool, error) {
		c, err := h.cluster(now, r.cluster)
		if err != nil {
			return false, err
		}
		g, ok := c.Group(r.nodeGroup.SystemId)
		return !ok || g.State == profile.Deleting, nil
	})
}

// lookGroup reads a node group, and makes r name it and its cluster by id: from
// here on these very ones are meant, not others that get their names later.
func (h *Handler) lookGroup(ctx context.Context, r *request) (pmks.NodeGroupInfo, error) {
	var info pmks.NodeGroupInfo
	err := h.send(ctx, r.look(), func(now time.Time, _ core.Outcome) error {
		c, g, err := h.both(now, r.cluster, r.nodeGroup)
		if err != nil {
			return err
		}
		r.cluster, r.nodeGroup, r.underWay, info = idOf(c), groupIDOf(g), g.By, h.groupInfo(g)
		return nil
	})
	return info, h.finish(err, *r, "")
}

// SetNodeGroupAutoScaling implements [pmks.ClusterHandler].
func (h *Handler) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, on bool) (bool, error) {
	r := mutation("SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	if err := checkBoth(clusterIID, nodeGroupIID); err != nil {
		return false, h.failed(r, err)
	}
	g, err := h.lookGroup(ctx, &r)
	if err != nil {
		return false, err
	}
	if g.OnAutoScaling == on && g.Status != pmks.NodeGroupCreating && g.Status != pmks.NodeGroupDeleting && !h.switching(r) {
		return true, nil
	}
	cmd := core.SetAutoScaling{ClusterID: r.cluster.SystemId, GroupID: r.nodeGroup.SystemId, On: on, AtOnce: h.profile.Manner.SwitchAtOnce}
	if on { // where nobody gave bounds, those that are shown keep the group from growing
		cmd.Min, cmd.Max = g.MinNodeSize, g.MaxNodeSize
	}
	err = h.mutate(ctx, r, func(now time.Time, out core.Outcome) error {
		_, err := h.world.Apply(now, cmd, out)
		return err
	}, func(now time.Time) (bool, error) {
		_, g, err := h.both(now, r.cluster, r.nodeGroup)
		return err == nil && g.Auto == on, err
	})
	return err == nil, err
}

// switching reports whether autoscaling of a group may be on its way to what reads do not
// show yet. Where a cluster takes one change at a time, it is asked nothing meanwhile.
func (h *Handler) switching(r request) bool {
	return r.underWay != "" && h.profile.Exclusive.PerCluster || r.underWay == profile.SetAutoScaling && h.profile.Manner.ShownWhenDone
}

// ChangeNodeGroupScaling implements [pmks.ClusterHandler].
func (h *Handler) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
	r := mutation("ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	var f refuse.List
	f.Join(checkBoth(clusterIID, nodeGroupIID))
	f.Join(h.caps.CheckScaling(desired, minSize, maxSize))
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, h.failed(r, err)
	}
	info, err := h.lookGroup(ctx, &r)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	keep := desired == 0 && info.OnAutoScaling
	if !keep && desired < minSize {
		return pmks.NodeGroupInfo{}, h.failed(r, refuse.Invalid("DesiredNodeSize",
			"must lie between MinNodeSize %d and MaxNodeSize %d, got %d: only autoscaling can be left to choose", minSize, maxSize, desired))
	}
	// A size that cannot be read is set, whatever it is.
	sameSize := keep || info.DesiredNodeSize == desired && h.sizeTold(r)
	asAsked := info.MinNodeSize == minSize && info.MaxNodeSize == maxSize && sameSize
	if asAsked && (info.Status == pmks.NodeGroupActive || info.Status == pmks.NodeGroupUpdating && h.profile.Manner.SwitchApart) {
		return info, nil
	}
	cmd := core.Scale{ClusterID: r.cluster.SystemId, GroupID: r.nodeGroup.SystemId, Desired: desired, Min: minSize, Max: maxSize, KeepDesired: keep}
	recorded, mark := h.recordsAlone(info, sameSize, minSize, maxSize), rand.Text()
	err = h.mutate(ctx, r, func(now time.Time, out core.Outcome) error {
		if recorded {
			out.Word = mark
			return h.applyBounds(now, cmd, out)
		}
		if info.MinNodeSize != minSize || info.MaxNodeSize != maxSize {
			if err := h.checkBounds(now, cmd, info); err != nil {
				return err
			}
		}
		done, err := h.world.Apply(now, cmd, out)
		if err == nil {
			info = h.groupInfo(done.Group)
		}
		return err
	}, func(now time.Time) (bool, error) {
		_, g, err := h.both(now, r.cluster, r.nodeGroup)
		if err != nil { // it may be gone by now
			return false, err
		}
		if recorded && h.hasRecord(now, r.cluster.SystemId, mark) {
			return true, nil
		}
		sized := keep || g.Desired == desired || g.Auto && !h.caps.Scaling.DesiredWhileAuto
		if g.Min != minSize || g.Max != maxSize || !sized {
			return false, nil
		}
		info = h.groupInfo(g)
		return true, nil
	})
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	return h.accepted(info, recorded, minSize, maxSize), nil
}
