// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/pmks-go/pmks/internal/kver"
)

// Support says until when Google supports a minor version; the dates are as GKE
// writes them, such as "2026-08-03T00:00:00Z".
type Support struct{ Standard, Extended string }

// FetchClusterUpgradeInfo says what GKE is about to do to a control plane by itself,
// and what has been done.
func (v *service) FetchClusterUpgradeInfo(ctx context.Context, req *containerpb.FetchClusterUpgradeInfoRequest) (*containerpb.ClusterUpgradeInfo, error) {
	return answer(ctx, v, func(s *Server, c *call) (*containerpb.ClusterUpgradeInfo, *apiError) {
		shown, rec, e := s.shownCluster(c, req.GetName())
		if e != nil {
			return nil, e
		}
		if req.GetVersion() != "" {
			return nil, notSimulated("the version %q of the request", req.GetVersion())
		}
		minor, patch := s.autoTargets(rec, shown.Version)
		support := s.supportOf(shown.Version)
		out := &containerpb.ClusterUpgradeInfo{
			MinorTargetVersion: minor, PatchTargetVersion: patch,
			EndOfStandardSupportTimestamp: optional(support.Standard), EndOfExtendedSupportTimestamp: optional(support.Extended),
			UpgradeDetails: upgradesOf(rec, "", containerpb.Operation_UPGRADE_MASTER),
		}
		for _, word := range rec.pauses[""] {
			out.PausedReason = append(out.PausedReason, containerpb.ClusterUpgradeInfo_AutoUpgradePausedReason(containerpb.ClusterUpgradeInfo_AutoUpgradePausedReason_value[word]))
		}
		for _, word := range pauseStatus(rec.pauses[""]) {
			out.AutoUpgradeStatus = append(out.AutoUpgradeStatus, containerpb.ClusterUpgradeInfo_AutoUpgradeStatus(containerpb.ClusterUpgradeInfo_AutoUpgradeStatus_value[word]))
		}
		return out, nil
	})
}

// FetchNodePoolUpgradeInfo is FetchClusterUpgradeInfo for the nodes of a pool, which
// follow the control plane.
func (v *service) FetchNodePoolUpgradeInfo(ctx context.Context, req *containerpb.FetchNodePoolUpgradeInfoRequest) (*containerpb.NodePoolUpgradeInfo, error) {
	return answer(ctx, v, func(s *Server, c *call) (*containerpb.NodePoolUpgradeInfo, *apiError) {
		p, e := s.locate(c, req.GetName(), "clusters/nodePools")
		if e != nil {
			return nil, e
		}
		shown, rec, e := s.asRead(c.Now, p)
		if e != nil {
			return nil, e
		}
		g, ok := shown.GroupByName(p.pool)
		switch {
		case rec.autopilot:
			return nil, autopilotPools()
		case !ok:
			return nil, notFound("Not found: %s.", s.inWords(p.path))
		}
		if req.GetVersion() != "" {
			return nil, notSimulated("the version %q of the request", req.GetVersion())
		}
		support := s.supportOf(g.Version)
		out := &containerpb.NodePoolUpgradeInfo{
			EndOfStandardSupportTimestamp: optional(support.Standard), EndOfExtendedSupportTimestamp: optional(support.Extended),
			UpgradeDetails: upgradesOf(rec, g.Name, containerpb.Operation_UPGRADE_NODES),
		}
		switch {
		case minorsBehind(g.Version, shown.Version) > 0:
			out.MinorTargetVersion = optional(shown.Version)
		case g.Version != shown.Version:
			out.PatchTargetVersion = optional(shown.Version)
		}
		for _, word := range rec.pauses[g.Name] {
			out.PausedReason = append(out.PausedReason, containerpb.NodePoolUpgradeInfo_AutoUpgradePausedReason(containerpb.NodePoolUpgradeInfo_AutoUpgradePausedReason_value[word]))
		}
		if m := rec.pools[g.Name].base.GetManagement(); m != nil && !m.GetAutoUpgrade() {
			return out, nil // GKE does not upgrade it by itself
		}
		for _, word := range pauseStatus(rec.pauses[g.Name]) {
			out.AutoUpgradeStatus = append(out.AutoUpgradeStatus, containerpb.NodePoolUpgradeInfo_AutoUpgradeStatus(containerpb.NodePoolUpgradeInfo_AutoUpgradeStatus_value[word]))
		}
		return out, nil
	})
}

// pauseStatus is the status of automatic upgrades that are paused for such reasons:
// some of them hold up minor versions only.
func pauseStatus(reasons []string) []string {
	minorOnly := func(word string) bool { return strings.Contains(word, "MINOR_UPGRADE") }
	switch {
	case len(reasons) == 0:
		return []string{"ACTIVE"}
	case slices.ContainsFunc(reasons, func(word string) bool { return !minorOnly(word) }):
		return []string{"UPGRADE_PAUSED"}
	}
	return []string{"MINOR_UPGRADE_PAUSED"}
}

// autoTargets are the versions to which GKE moves a control plane by itself: of the
// next minor as far as its channel has come, and the newest patch of its own.
func (s *Server) autoTargets(rec *clusterRecord, at string) (minor, patch *string) {
	versions, upTo := s.offered(), s.profile.Default()
	if c, ok := s.channel(rec.channel); ok {
		versions, upTo = c.Versions, c.UpgradeTarget
	}
	for _, v := range kver.Sort(versions) { // the newest goes first
		switch {
		case !newer(v, at):
		case minorsBehind(at, v) == 0 && patch == nil:
			patch = &v
		case minorsBehind(at, v) == 1 && !newer(v, upTo) && minor == nil:
			minor = &v
		}
	}
	return minor, patch
}

// supportOf is the support of the minor of a version.
func (s *Server) supportOf(version string) Support {
	v, err := kver.Parse(version)
	if err != nil {
		return Support{}
	}
	return s.options.Support[fmt.Sprintf("%d.%d", v.Major, v.Minor)]
}

// upgradesOf lists the upgrades of a control plane, or of the nodes of a pool, the
// latest first.
func upgradesOf(rec *clusterRecord, pool string, kind containerpb.Operation_Type) []*containerpb.UpgradeDetails {
	var list []*containerpb.UpgradeDetails
	for _, op := range slices.Backward(slices.Concat(rec.location.past, rec.open)) {
		if op.rec != rec || op.pool != pool || op.kind != kind {
			continue
		}
		d := &containerpb.UpgradeDetails{State: containerpb.UpgradeDetails_RUNNING, StartType: containerpb.UpgradeDetails_MANUAL,
			InitialVersion: op.from, TargetVersion: op.to, StartTime: timestamppb.New(op.Start)}
		if op.Done {
			d.State, d.EndTime = containerpb.UpgradeDetails_SUCCEEDED, timestamppb.New(op.End)
			if op.Failure != "" {
				d.State = containerpb.UpgradeDetails_FAILED
			}
		}
		list = append(list, d)
	}
	return list
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// PauseUpgrades lets the automatic upgrades of a cluster, or of a pool of it, be
// paused for reasons in the words of GKE, such as "MAINTENANCE_WINDOW"; none ends it.
// It is in the way of nothing else.
func (s *Server) PauseUpgrades(cluster, pool string, reasons ...string) error {
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		words := containerpb.ClusterUpgradeInfo_AutoUpgradePausedReason_value
		if pool != "" {
			words = containerpb.NodePoolUpgradeInfo_AutoUpgradePausedReason_value
		}
		if i := slices.IndexFunc(reasons, func(word string) bool { return words[word] == 0 }); i >= 0 {
			return fmt.Errorf("gke: %q is none of the reasons %v", reasons[i], slices.Sorted(maps.Keys(words)))
		}
		if _, ok := rec.live.GroupByName(pool); pool != "" && !ok {
			return fmt.Errorf("gke: cluster %q has no node pool %q", cluster, pool)
		}
		rec.pauses[pool] = slices.Clone(reasons)
		return nil
	})
}
