// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// taking makes of a request for a group what the cloud takes of it, and returns the paths
// of what it leaves out. Only the answer to the request tells them.
func (h *Handler) taking(g *pmks.NodeGroupInfo) (left []string) {
	manner := h.profile.Manner
	if !g.OnAutoScaling {
		return nil
	}
	if manner.SwitchApart {
		g.OnAutoScaling = false
		return []string{"OnAutoScaling"}
	}
	if manner.StartsAtMin && g.DesiredNodeSize != g.MinNodeSize {
		g.DesiredNodeSize = g.MinNodeSize
		return []string{"DesiredNodeSize"}
	}
	return nil
}

// tellTaken notes in the answer to a request what the cloud has left out of it.
func (h *Handler) tellTaken(info *pmks.NodeGroupInfo, req pmks.NodeGroupInfo) {
	g := h.caps.WithDefaultBounds(req.Clone())
	ignore(info, h.taking(&g)...)
}

// ignore notes fields as ignored.
func ignore(info *pmks.NodeGroupInfo, fields ...string) {
	if len(fields) == 0 {
		return
	}
	text := strings.Join(fields, ",")
	for i := range info.KeyValueList {
		if kv := &info.KeyValueList[i]; kv.Key == pmks.KeyIgnored {
			kv.Value += "," + text
			return
		}
	}
	info.KeyValueList = append(info.KeyValueList, pmks.KeyValue{Key: pmks.KeyIgnored, Value: text})
}

// alone refuses what needs a cluster for itself while anything of it is worked on, on a
// cloud where that is so. The caller holds the lock.
func (h *Handler) alone(c *core.Cluster) error {
	if status, _ := c.State.Portable(); h.profile.Manner.ClusterAlone && status.Transitional() && status != pmks.ClusterDeleting {
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: "OperationInProgress",
			Message: "an operation on the cluster, or on a node group of it, is under way: wait until the cluster is Active"}
	}
	return nil
}

// atRest refuses a change of the cluster itself while that is worked on.
func atRest(c *core.Cluster) error {
	if status, _ := c.State.Portable(); status.Transitional() && status != pmks.ClusterDeleting {
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: "OperationInProgress", Message: "the cluster is being worked on: wait until it is Active"}
	}
	return nil
}

// applyTags is the change of tags, which is an operation where that takes time.
func (h *Handler) applyTags(now time.Time, c *core.Cluster, wanted map[string]string, out core.Outcome) error {
	manner := h.profile.Manner
	if err := h.alone(c); err != nil {
		return err
	}
	if manner.TagsTakeTime {
		if err := atRest(c); err != nil {
			return err
		}
	}
	_, err := h.world.Apply(now, core.SetTags{ClusterID: c.ID, Tags: maps.Clone(wanted)}, out)
	if err == nil && manner.TagsTakeTime {
		_, err = h.world.Apply(now, core.Work{ClusterID: c.ID, Took: h.typical(profile.UpdateCluster)}, out)
	}
	return err
}

// typical is how long an operation takes that the core leaves to its caller.
func (h *Handler) typical(kind profile.Operation) time.Duration {
	return time.Duration(float64(h.profile.Typical(kind)) * h.scale)
}

// recordsAlone reports whether a change of sizes is one of bounds alone, which the cloud
// keeps beside the group.
func (h *Handler) recordsAlone(is pmks.NodeGroupInfo, sameSize bool, minSize, maxSize int) bool {
	manner := h.profile.Manner
	switch {
	case !manner.BoundsAtOnce:
		return false
	case !is.OnAutoScaling:
		return sameSize
	}
	// The autoscaler has nothing to do where the size lies within them.
	return manner.SwitchApart && minSize <= is.DesiredNodeSize && is.DesiredNodeSize <= maxSize
}

// applyBounds changes bounds that are kept beside a group: at once, or where the cluster
// itself keeps them by an operation on that, which stands alone.
func (h *Handler) applyBounds(now time.Time, cmd core.Scale, out core.Outcome) error {
	cmd.KeepDesired, cmd.AtOnce = true, true
	if !h.profile.Manner.ClusterAlone {
		_, err := h.world.Apply(now, cmd, out)
		return err
	}
	if err := h.world.Check(now, cmd); err != nil {
		return err
	}
	c, err := h.cluster(now, pmks.IID{SystemId: cmd.ClusterID})
	if err == nil {
		err = h.alone(c)
	}
	if err != nil {
		return err
	}
	_, err = h.world.Apply(now, core.Work{ClusterID: cmd.ClusterID, Took: h.typical(profile.UpdateCluster), Then: cmd}, out)
	return err
}

// checkBounds refuses bounds that the cluster itself keeps while that is worked on. The
// caller holds the lock.
func (h *Handler) checkBounds(now time.Time, cmd core.Scale, is pmks.NodeGroupInfo) error {
	manner := h.profile.Manner
	if is.OnAutoScaling || !manner.BoundsAtOnce || !manner.ClusterAlone {
		return nil
	}
	if err := h.world.Check(now, cmd); err != nil {
		return err
	}
	c, err := h.cluster(now, pmks.IID{SystemId: cmd.ClusterID})
	if err != nil {
		return err
	}
	return h.alone(c)
}

// sizeTold reports whether the size of the group that a request is about can be read.
func (h *Handler) sizeTold(r request) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.without("DesiredNodeSize", r.cluster, r.nodeGroup) == nil
}

// accepted is the answer to a change of sizes: the group as it is to be.
func (h *Handler) accepted(info pmks.NodeGroupInfo, recorded bool, minSize, maxSize int) pmks.NodeGroupInfo {
	manner := h.profile.Manner
	if recorded {
		info.MinNodeSize, info.MaxNodeSize = minSize, maxSize
	}
	if recorded && manner.ClusterAlone {
		info.Status = pmks.NodeGroupUpdating
	}
	return info
}

// hasRecord reports whether an operation with a word of its own has begun. The caller
// holds the lock.
func (h *Handler) hasRecord(now time.Time, cluster, word string) bool {
	return slices.ContainsFunc(h.world.Operations(now, cluster), func(op core.OperationRecord) bool { return op.Word == word })
}
