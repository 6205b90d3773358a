// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

func findingTexts(list []pmks.UpgradeFinding) (texts []string) {
	for _, f := range list {
		texts = append(texts, strings.TrimSpace(fmt.Sprintf("%s %t %s", f.Code, f.Blocks, f.NodeGroup.NameId)))
	}
	return texts
}

// TestHandler_UpgradeFindings: what GKE tells of the cluster, its channel and its pools.
func TestHandler_UpgradeFindings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		put := func(name, channel, pilot string) {
			t.Helper()
			if err := s.Put(core.Seed{Name: name, Version: bench.Version, Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("g0"), bench.SampleNodeGroup("g1")},
				Attr: map[string]string{gke.AttrChannel: channel, gke.AttrAutopilot: pilot}}); err != nil {
				t.Fatal(err)
			}
		}
		put("regular", "REGULAR", "")
		put("pilot", "REGULAR", "true")
		h := newHandler(t, s)
		find := func(name, version string) []string {
			t.Helper()
			list, err := h.UpgradeFindings(t.Context(), pmks.IID{NameId: name}, version)
			if err != nil {
				t.Fatal(err)
			}
			return findingTexts(list)
		}
		s.Reset()
		if got := find("regular", "1.34"); len(got) != 0 {
			t.Errorf("at rest: %v", got)
		}
		for _, op := range bench.Mutating {
			if s.Count(op) != 0 {
				t.Errorf("%s was sent", op)
			}
		}
		if err := s.PauseUpgrades("regular", "", "MAINTENANCE_EXCLUSION_NO_UPGRADES"); err != nil {
			t.Fatal(err)
		}
		if err := s.PauseUpgrades("regular", "g1", "MAINTENANCE_WINDOW"); err != nil {
			t.Fatal(err)
		}
		want := []string{"MAINTENANCE_EXCLUSION_NO_UPGRADES false", "MAINTENANCE_WINDOW false g1"}
		if got := find("regular", "1.34"); !slices.Equal(got, want) {
			t.Errorf("paused: %v", got)
		}
		// A version of another channel, and one of the next step but one.
		if got := find("regular", "1.35"); !slices.Equal(got, append([]string{"RELEASE_CHANNEL true"}, want...)) {
			t.Errorf("another channel: %v", got)
		}
		if got := find("pilot", "default"); len(got) != 0 || s.Count("FetchNodePoolUpgradeInfo") != 6 {
			t.Errorf("Autopilot: %v", got)
		}
		for version, code := range map[string]pmks.Code{"1.99": pmks.CodeInvalidArgument, "x": pmks.CodeInvalidArgument} {
			if _, err := h.UpgradeFindings(t.Context(), pmks.IID{NameId: "regular"}, version); pmks.CodeOf(err) != code || asError(t, err).Field != "newVersion" {
				t.Errorf("%s: %v", version, err)
			}
		}
		// What cannot be read is said, and hides nothing else.
		s.Inject(core.Fault{Op: "FetchClusterUpgradeInfo", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied, Times: -1})
		s.Inject(core.Fault{Op: "GetServerConfig", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied, Times: -1})
		if got := find("regular", "1.34"); !slices.Equal(got, []string{pmks.KeyUnread + " false", pmks.KeyUnread + " false", "MAINTENANCE_WINDOW false g1"}) {
			t.Errorf("unread: %v", got)
		}
	})
}

// TestHandler_PlanUpgrade: a plan of several versions asks for each, and a version that
// comes after the next one is no obstacle.
func TestHandler_PlanUpgrade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		if err := s.Put(core.Seed{Name: "demo", Version: bench.Version, Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("g0")}, Attr: map[string]string{gke.AttrChannel: "RAPID"}}); err != nil {
			t.Fatal(err)
		}
		plan, err := pmks.PlanUpgrade(t.Context(), newHandler(t, s), pmks.IID{NameId: "demo"}, "1.35")
		if err != nil || len(plan.Steps) != 4 || len(plan.Blocked()) != 0 {
			t.Errorf("got %+v, %v", plan, err)
		}
	})
}
