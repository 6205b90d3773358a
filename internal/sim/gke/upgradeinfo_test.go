// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"fmt"
	"testing"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_upgradeInfo: what GKE is about to do, what it has done, and why it does
// not.
func TestServer_upgradeInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Support = map[string]Support{"1.32": {Standard: "2026-04-11T00:00:00Z"}} })
	w.create(t, "demo", func(c *containerpb.Cluster) {
		c.InitialClusterVersion = "1.32"
		c.ReleaseChannel = &containerpb.ReleaseChannel{Channel: regular}
	})
	look := func(c *container.ClusterManagerClient) (whole, pool string) {
		t.Helper()
		up := wiretest.OK(c.FetchClusterUpgradeInfo(t.Context(), &containerpb.FetchClusterUpgradeInfoRequest{Name: clusterName("demo")}))(t)
		of := wiretest.OK(c.FetchNodePoolUpgradeInfo(t.Context(), &containerpb.FetchNodePoolUpgradeInfoRequest{Name: poolName("demo", "ng1")}))(t)
		history := func(list []*containerpb.UpgradeDetails) (text string) {
			for _, d := range list {
				text += fmt.Sprint(" ", d.GetState(), " ", d.GetInitialVersion(), ">", d.GetTargetVersion(), " ", d.GetStartType(), " ", d.GetEndTime() != nil)
			}
			return text
		}
		return fmt.Sprint(up.GetMinorTargetVersion(), "/", up.GetPatchTargetVersion(), up.GetAutoUpgradeStatus(), up.GetPausedReason(), up.GetEndOfStandardSupportTimestamp(), history(up.GetUpgradeDetails())),
			fmt.Sprint(of.GetMinorTargetVersion(), "/", of.GetPatchTargetVersion(), of.GetAutoUpgradeStatus(), of.GetPausedReason(), history(of.GetUpgradeDetails()))
	}
	expect := func(whole, pool string) {
		t.Helper()
		for transport, c := range map[string]*container.ClusterManagerClient{"grpc": w.gke, "rest": w.rest} {
			if a, b := look(c); a != whole || b != pool {
				t.Errorf("%s:\ngot  %s | %s\nwant %s | %s", transport, a, b, whole, pool)
			}
		}
	}
	const v32, v33, old = "1.32.11-gke.1038000", "1.33.5-gke.1956000", "2026-04-11T00:00:00Z"
	expect("1.33.5-gke.2072000/[ACTIVE] []"+old, "/[ACTIVE] []")
	wiretest.Must(t, w.PauseUpgrades("demo", "", "MAINTENANCE_EXCLUSION_NO_MINOR_UPGRADES"))
	wiretest.Must(t, w.PauseUpgrades("demo", "ng1", "MAINTENANCE_WINDOW"))
	expect("1.33.5-gke.2072000/[MINOR_UPGRADE_PAUSED] [MAINTENANCE_EXCLUSION_NO_MINOR_UPGRADES]"+old, "/[UPGRADE_PAUSED] [MAINTENANCE_WINDOW]")
	wiretest.Must(t, w.PauseUpgrades("demo", ""))
	wiretest.Must(t, w.PauseUpgrades("demo", "ng1"))
	wiretest.OK(master(v33)(t.Context(), w.gke))(t)
	expect("1.33.5-gke.2072000/[ACTIVE] []"+old+" RUNNING "+v32+">"+v33+" MANUAL false", "/[ACTIVE] []")
	w.pass()
	expect("/1.33.5-gke.2072000[ACTIVE] [] SUCCEEDED "+v32+">"+v33+" MANUAL true", v33+"/[ACTIVE] []")
	w.Inject(faultLater("UpdateNodePool", "no"))
	wiretest.OK(nodes("ng1", "-", "COS_CONTAINERD")(t.Context(), w.gke))(t)
	w.pass()
	expect("/1.33.5-gke.2072000[ACTIVE] [] SUCCEEDED "+v32+">"+v33+" MANUAL true", v33+"/[ACTIVE] [] FAILED "+v32+">"+v33+" MANUAL true")

	for name, fault := range map[string]error{
		"no-cluster": w.PauseUpgrades("none", ""), "no-pool": w.PauseUpgrades("demo", "none"), "no-reason": w.PauseUpgrades("demo", "", "WHIM"),
	} {
		if fault == nil {
			t.Errorf("%s: it was paused", name)
		}
	}
	wiretest.Must(t, w.Put(core.Seed{Name: "auto", Attr: map[string]string{AttrAutopilot: "true"}}))
	for name, want := range map[string]codes.Code{
		poolName("demo", "none"): codes.NotFound, poolName("none", "ng1"): codes.NotFound, poolName("auto", "ng1"): codes.InvalidArgument, clusterName("demo"): codes.InvalidArgument,
	} {
		_, err := w.gke.FetchNodePoolUpgradeInfo(t.Context(), &containerpb.FetchNodePoolUpgradeInfoRequest{Name: name})
		if codeOf(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.gke.FetchClusterUpgradeInfo(t.Context(), &containerpb.FetchClusterUpgradeInfoRequest{Name: clusterName("none")})
	if codeOf(err) != codes.NotFound {
		t.Errorf("none: %v", err)
	}
}
