// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// GetNodeGroup implements [pmks.NodeGroupReader].
func (h *Handler) GetNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (pmks.NodeGroupInfo, error) {
	r := read("GetNodeGroup", clusterIID)
	r.nodeGroup = nodeGroupIID
	if err := checkBoth(clusterIID, nodeGroupIID); err != nil {
		return pmks.NodeGroupInfo{}, h.failed(r, err)
	}
	var info pmks.NodeGroupInfo
	err := h.send(ctx, r, func(now time.Time, _ core.Outcome) error {
		c, g, err := h.both(now, clusterIID, nodeGroupIID)
		if err != nil {
			return err
		}
		// What is hidden is hidden of the whole cluster's groups.
		info, _ = h.clusterInfo(c).NodeGroup(groupIDOf(g))
		return nil
	})
	return info, err
}

// Clusters implements [pmks.ClusterStreamer]: each cluster is read when the loop comes
// to it.
func (h *Handler) Clusters(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	return func(yield func(pmks.ClusterInfo, error) bool) {
		iids, err := h.list(ctx, "Clusters")
		if err != nil {
			yield(pmks.ClusterInfo{}, err)
			return
		}
		for _, iid := range iids {
			info := pmks.ClusterInfo{IId: iid}
			r := read("Clusters", iid).look()
			err := h.send(ctx, r, func(now time.Time, _ core.Outcome) error {
				c, err := h.cluster(now, iid)
				if err == nil {
					info = h.clusterInfo(c)
				}
				return err
			})
			if errors.Is(err, pmks.ErrNotFound) { // it vanished meanwhile
				continue
			}
			if err != nil && ctx.Err() != nil {
				yield(pmks.ClusterInfo{}, err)
				return
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

// SetFindings says what stands in the way of an upgrade of a cluster, until the next
// call: UpgradeFindings returns it, and an upgrade is refused while one of them blocks.
func (h *Handler) SetFindings(cluster pmks.IID, findings ...pmks.UpgradeFinding) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, err := h.cluster(time.Now(), cluster)
	if err != nil {
		return h.failed(request{op: "SetFindings", cluster: cluster}, err)
	}
	if h.findings == nil {
		h.findings = map[string][]pmks.UpgradeFinding{}
	}
	h.findings[c.ID] = slices.Clone(findings)
	return nil
}

// UpgradeFindings implements [pmks.UpgradeAdvisor] with those of SetFindings.
func (h *Handler) UpgradeFindings(ctx context.Context, clusterIID pmks.IID, newVersion string) ([]pmks.UpgradeFinding, error) {
	r := read("UpgradeFindings", clusterIID)
	if err := pmks.CheckIID("clusterIID", clusterIID); err != nil {
		return nil, h.failed(r, err)
	}
	var found []pmks.UpgradeFinding
	err := h.send(ctx, r, func(now time.Time, _ core.Outcome) error {
		c, err := h.cluster(now, clusterIID)
		if err != nil {
			return err
		}
		if _, err := h.upgradeTarget(c.Version, newVersion); err != nil {
			return err
		}
		if err := h.without("Status", idOf(c), pmks.IID{}); err != nil {
			return err
		}
		found = slices.Clone(h.findings[c.ID])
		return nil
	})
	return found, err
}

// blocked refuses an upgrade that a finding blocks. The caller holds the lock.
func (h *Handler) blocked(c *core.Cluster) error {
	for _, f := range h.findings[c.ID] {
		if f.Blocks {
			return refuse.Precondition("the upgrade is blocked: %s", f.Message)
		}
	}
	return nil
}

// checkZones refuses zones that the region does not have. Of regions other than the
// profile's nothing is known.
func (h *Handler) checkZones(f *refuse.List, path string, req pmks.NodeGroupInfo) {
	if h.world.Region() != h.profile.Region {
		return
	}
	for i, zone := range req.Zones {
		if !slices.Contains(h.profile.Zones, zone) {
			f.Add(path+"Zones["+strconv.Itoa(i)+"]", "there is no zone %q in %s; there are %v", zone, h.profile.Region, h.profile.Zones)
		}
	}
}
