// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// Words of findings that are not Google's.
const (
	findingChannel = "RELEASE_CHANNEL"
	findingSupport = "END_OF_STANDARD_SUPPORT"
	findingFailed  = "LAST_UPGRADE_FAILED"
)

// UpgradeFindings implements [pmks.UpgradeAdvisor]: what the release channel has, and what
// GKE tells of the upgrades of the cluster and of each of its pools. GKE speaks of its own
// upgrades, which a maintenance window or exclusion holds up; one that is asked for is not
// held up by them (GKE, "Maintenance windows and exclusions"), so they are warnings. Use of
// deprecated APIs and disruption budgets it does not tell.
func (h *Handler) UpgradeFindings(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ []pmks.UpgradeFinding, err error) {
	defer annotate(&err, "UpgradeFindings", clusterIID, pmks.IID{})
	var f refuse.List
	r, err := h.clusterRef(clusterIID)
	f.Join(err)
	f.Join(checkVersion(newVersion))
	if err := f.Err(); err != nil {
		return nil, err
	}
	c, err := h.cluster(ctx, r)
	if err != nil {
		return nil, err
	}
	r = h.refOf(c)
	pools := poolsToAsk(c)
	infos := make([]upgradeInfo, 1+len(pools))
	var o offer
	var offerErr error
	err = fanout.All(ctx, func(ctx context.Context) error {
		o, offerErr = h.offered(ctx, r.location)
		return nil
	}, func(ctx context.Context) error {
		return fanout.Each(ctx, len(infos), func(ctx context.Context, i int) error {
			if i == 0 {
				infos[0] = h.clusterUpgradeInfo(ctx, r)
			} else {
				infos[i] = h.poolUpgradeInfo(ctx, r, pools[i-1])
			}
			return nil
		})
	})
	if err = cmp.Or(err, errs.Over(ctx)); err != nil {
		return nil, err
	}
	list, err := channelFindings(c, o, offerErr, newVersion)
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		list = append(list, info.findings(time.Now())...)
	}
	return list, nil
}

// checkVersion refuses what is no version.
func checkVersion(version string) error {
	if _, err := kver.Parse(version); err != nil && !kver.IsDefault(version) {
		return refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", refuse.Clip(version))
	}
	return nil
}

// poolsToAsk are the pools that are upgraded for themselves.
func poolsToAsk(c *containerpb.Cluster) (names []string) {
	for _, p := range c.GetNodePools() {
		if !c.GetAutopilot().GetEnabled() && p.GetStatus() != containerpb.NodePool_STOPPING {
			names = append(names, p.GetName())
		}
	}
	return names
}

// channelFindings tells whether the channel of the cluster has a version, or the cluster
// has it already. One that no channel has is a fault of the request.
func channelFindings(c *containerpb.Cluster, o offer, offerErr error, version string) ([]pmks.UpgradeFinding, error) {
	if offerErr != nil {
		return []pmks.UpgradeFinding{unreadFinding("the versions on offer", pmks.IID{}, offerErr)}, nil
	}
	version = o.orDefault(c, version)
	if _, err := kver.Choose(version, append(slices.Clone(o.of(c)), c.GetCurrentMasterVersion()), ""); err == nil {
		return nil, nil
	}
	if elsewhere := o.elsewhere(c, version); elsewhere != nil {
		return []pmks.UpgradeFinding{{Blocks: true, Code: findingChannel, Message: message(elsewhere)}}, nil
	}
	return nil, refuse.Invalid("newVersion", "GKE does not offer %q; there are %s", refuse.Clip(version), strings.Join(o.all(), ", "))
}

func unreadFinding(what string, pool pmks.IID, err error) pmks.UpgradeFinding {
	return pmks.UpgradeFinding{NodeGroup: pool, Code: pmks.KeyUnread, Message: what + " could not be read: " + cmp.Or(message(err), err.Error())}
}

// upgradeInfo is what GKE tells of the upgrades of a cluster, or of a pool of it, in two
// messages that are alike.
type upgradeInfo struct {
	pool    pmks.IID
	paused  []string
	details []*containerpb.UpgradeDetails
	support string // when standard support ends, as GKE writes it
	err     error
}

// findings puts it into words.
func (u upgradeInfo) findings(now time.Time) (list []pmks.UpgradeFinding) {
	if u.err != nil {
		return []pmks.UpgradeFinding{unreadFinding("what GKE tells of upgrades", u.pool, u.err)}
	}
	for _, reason := range u.paused {
		list = append(list, pmks.UpgradeFinding{NodeGroup: u.pool, Code: reason,
			Message: "GKE has paused its own upgrades; one that is asked for goes on all the same"})
	}
	if end := stamp(u.support); !end.IsZero() && end.Before(now) {
		list = append(list, pmks.UpgradeFinding{NodeGroup: u.pool, Code: findingSupport,
			Message: "standard support of the present version ended on " + end.Format(time.DateOnly) + ": GKE upgrades it by itself, or bills extended support"})
	}
	if last := lastUpgrade(u.details); last.GetState() == containerpb.UpgradeDetails_FAILED {
		list = append(list, pmks.UpgradeFinding{NodeGroup: u.pool, Code: findingFailed,
			Message: fmt.Sprintf("the last upgrade, from %s to %s, failed: see LastOperation for its error", last.GetInitialVersion(), last.GetTargetVersion())})
	}
	return list
}

// lastUpgrade is the one that began last; nil if there is none.
func lastUpgrade(list []*containerpb.UpgradeDetails) *containerpb.UpgradeDetails {
	if len(list) == 0 {
		return nil
	}
	return slices.MaxFunc(list, func(a, b *containerpb.UpgradeDetails) int {
		return a.GetStartTime().AsTime().Compare(b.GetStartTime().AsTime())
	})
}

func (h *Handler) clusterUpgradeInfo(ctx context.Context, r ref) upgradeInfo {
	out, err := read(ctx, h, h.api.gke.FetchClusterUpgradeInfo, &containerpb.FetchClusterUpgradeInfoRequest{Name: r.path()}, tellsNothing[*containerpb.ClusterUpgradeInfo])
	info := upgradeInfo{err: err, details: out.GetUpgradeDetails(), support: out.GetEndOfStandardSupportTimestamp()}
	for _, reason := range out.GetPausedReason() {
		info.paused = append(info.paused, reason.String())
	}
	return info
}

func (h *Handler) poolUpgradeInfo(ctx context.Context, r ref, name string) upgradeInfo {
	out, err := read(ctx, h, h.api.gke.FetchNodePoolUpgradeInfo, &containerpb.FetchNodePoolUpgradeInfoRequest{Name: r.pool(name)}, tellsNothing[*containerpb.NodePoolUpgradeInfo])
	info := upgradeInfo{pool: poolIID(name), err: err, details: out.GetUpgradeDetails(), support: out.GetEndOfStandardSupportTimestamp()}
	for _, reason := range out.GetPausedReason() {
		info.paused = append(info.paused, reason.String())
	}
	return info
}

// tellsNothing accepts every answer: an empty one says that there is nothing to tell.
func tellsNothing[T any](T) error { return nil }
