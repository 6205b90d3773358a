// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
)

// oldAccount is an account with a cluster of 1.30 and two node groups.
func oldAccount(t testing.TB) *tke.Server {
	t.Helper()
	s := tke.New(tke.Options{})
	putCluster(t, s, core.Seed{Name: "demo", Version: "1.30.0", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1"), bench.SampleNodeGroup("ng2")}})
	return s
}

func findingsText(list []pmks.UpgradeFinding) string {
	var lines []string
	for _, f := range list {
		lines = append(lines, strings.TrimSpace(fmt.Sprint(f.NodeGroup.NameId, " ", f.Code, " ", f.Blocks)))
	}
	return strings.Join(lines, ", ")
}

// TestHandler_UpgradeFindings: what holds an upgrade up is told, and nothing is changed.
func TestHandler_UpgradeFindings(t *testing.T) {
	t.Parallel()
	notUpgradable := func(_ int, a map[string]any, _ string) {
		var reasons []any
		for _, x := range a["UpgradeAbleInstances"].([]any) {
			reasons = append(reasons, map[string]any{"InstanceId": x.(map[string]any)["InstanceId"], "Reason": "the node is not ready"})
		}
		a["UpgradeAbleInstances"], a["Total"], a["UnavailableVersionReason"] = []any{}, 0, reasons
	}
	for _, test := range []struct {
		name, version string
		alter         string
		change        func(n int, answer map[string]any, request string)
		prepare       func(t *testing.T, s *tke.Server)
		want          string
		code          pmks.Code
	}{
		{name: "nothing", version: "1.32"},
		{name: "there-already", version: "1.30"},
		{name: "behind-the-next", version: "1.34", prepare: func(t *testing.T, s *tke.Server) { must(t, s.FailAddon("demo", "cbs", "x")) }},
		{name: "not-offered", version: "1.99", code: pmks.CodeInvalidArgument},
		{name: "no-version", version: "soon", code: pmks.CodeInvalidArgument},
		{name: "none-offered-now", version: "1.32", alter: "DescribeAvailableClusterVersion",
			change: func(_ int, a map[string]any, _ string) { a["Versions"], a["Clusters"] = nil, nil }, want: "VersionNotOffered true"},
		{name: "another-first", version: "1.32", alter: "DescribeAvailableClusterVersion",
			change: func(_ int, a map[string]any, _ string) { a["Versions"], a["Clusters"] = []any{"1.34.1"}, nil }, want: "VersionNotOffered true"},
		{name: "add-on", version: "1.32", prepare: func(t *testing.T, s *tke.Server) { must(t, s.FailAddon("demo", "cbs", "the image cannot be pulled")) }, want: "UpgradFailed false"},
		{name: "add-on-under-way", version: "1.32", alter: "DescribeAddon", change: func(_ int, a map[string]any, _ string) {
			a["Addons"].([]any)[0].(map[string]any)["Phase"] = "Upgrading"
		}, want: "Upgrading false"},
		{name: "add-ons-unread", version: "1.32", prepare: func(_ *testing.T, s *tke.Server) { s.Deny("tke:DescribeAddon") }, want: "pmks:unread false"},
		{name: "versions-unread", version: "1.32", prepare: func(_ *testing.T, s *tke.Server) { s.Deny("tke:DescribeAvailableClusterVersion") }, want: "pmks:unread false"},
		{name: "failed-node", version: "1.32", prepare: func(t *testing.T, s *tke.Server) { must(t, s.FailNodes("demo", "ng1", "the disk is broken")) }, want: "ng1 NodeFailed false, ng1 NodeFailed false"},
		{name: "stuck-nodes", version: "1.30", prepare: func(t *testing.T, s *tke.Server) {
			h := newHandler(t, s)
			if _, err := h.UpgradeCluster(t.Context(), demo, "1.32"); err != nil {
				t.Fatal(err)
			}
			pass(time.Hour)
		}, alter: "CheckInstancesUpgradeAble", change: notUpgradable, want: "ng1 UnavailableVersionReason true, ng2 UnavailableVersionReason true"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := oldAccount(t)
				if test.prepare != nil {
					test.prepare(t, s)
				}
				h := newHandlerOn(t, rewritten(s, test.alter, func(n int, a map[string]any, sent string) { test.change(n, a, sent) }))
				s.Reset()
				version := test.version
				if test.name == "stuck-nodes" {
					version = "1.32"
				}
				list, err := h.UpgradeFindings(t.Context(), demo, version)
				if pmks.CodeOf(err) != test.code || findingsText(list) != test.want || writesOf(s) > 0 {
					t.Errorf("%v, %v, %d writes", list, err, writesOf(s))
				}
				for _, f := range list {
					if f.Message == "" {
						t.Errorf("%+v says nothing", f)
					}
				}
			})
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestPlanUpgrade: the plan is the way that Upgrade goes, with what the cloud says of it.
func TestPlanUpgrade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := oldAccount(t)
		must(t, s.FailAddon("demo", "cbs", "the image cannot be pulled"))
		plan, err := pmks.PlanUpgrade(t.Context(), newHandler(t, s), demo, "1.34")
		if err != nil || len(plan.Steps) != 6 || plan.Steps[0].To != "1.32.2" || findingsText(plan.Steps[0].Findings) != "UpgradFailed false" || len(plan.Blocked()) > 0 {
			t.Errorf("%+v, %v", plan, err)
		}
		if writesOf(s) > 0 {
			t.Errorf("%v", s.Counts())
		}
	})
}

// TestHandler_LastOperation_ofOthers: an upgrade of the nodes of another group is none of
// this one, and of its own nodes what became of them counts.
func TestHandler_LastOperation_ofOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := oldAccount(t)
		h := newHandler(t, s)
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.32"); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		must(t, s.Show("demo", "ng2", "updating")) // so that its nodes are left out
		cancel := s.Inject(core.Fault{Op: "UpgradeClusterInstances", Kind: core.FaultFailLater, Reason: "FailedOperation.NodeUpgrade: the node does not drain"})
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.32"); err != nil {
			t.Fatal(err)
		}
		cancel()
		must(t, s.Show("demo", "ng2", ""))
		pass(5 * time.Hour)
		s.Reset()
		op, err := h.LastOperation(t.Context(), demo, first)
		if err != nil || op.Kind != "node_upgrade" || op.Err == nil || !strings.Contains(op.Err.Error(), "does not drain") {
			t.Errorf("of the group that failed: %+v, %v", op, err)
		}
		op, err = h.LastOperation(t.Context(), demo, pmks.IID{NameId: "ng2"})
		if op.Kind == "node_upgrade" || err != nil && pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("of another group: %+v, %v", op, err)
		}
		if n := s.Count("GetUpgradeInstanceProgress"); n != 2 {
			t.Errorf("%d looks at the progress", n)
		}
		s.Deny("tke:GetUpgradeInstanceProgress")
		if op, err = h.LastOperation(t.Context(), demo, first); err != nil || op.Kind != "node_upgrade" {
			t.Errorf("without a look at the progress: %+v, %v", op, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		h := newHandler(t, s)
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 3, 1, 5); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		if op, err := h.LastOperation(t.Context(), demo, first); err != nil || op.Err != nil || s.Count("GetUpgradeInstanceProgress") > 0 {
			t.Errorf("%+v, %v, %v", op, err, s.Counts())
		}
	})
}
