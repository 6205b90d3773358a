// SPDX-License-Identifier: Apache-2.0

package upgrade_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/upgrade"
)

func groups(versions ...string) []upgrade.Group {
	list := make([]upgrade.Group, len(versions))
	for i, v := range versions {
		list[i] = upgrade.Group{Name: "ng" + string(rune('1'+i)), Version: v}
	}
	return list
}

func TestPlan(t *testing.T) {
	t.Parallel()
	offered := []string{"1.33", "1.34", "1.35"}
	patches := []string{"1.33.4-gke.1", "1.33.5-gke.2", "1.34.1-gke.7"}
	for _, test := range []struct {
		name  string
		facts upgrade.Facts
		plane string
		lag   []string
		kind  upgrade.Kind
		says  string
	}{
		{"control-plane-first", upgrade.Facts{Current: "1.33", Target: "1.34", Offered: offered, Groups: groups("1.33")}, "1.34", nil, 0, ""},
		{"then-groups", upgrade.Facts{Current: "1.34", Target: "1.34", Offered: offered, Groups: groups("1.33", "1.34", "1.33")}, "", []string{"ng1", "ng3"}, 0, ""},
		{"nothing-left", upgrade.Facts{Current: "1.34", Target: "v1.34", Offered: offered, Groups: groups("1.34")}, "", nil, 0, ""},
		{"unknown-versions-do-not-lag", upgrade.Facts{Current: "1.34", Target: "1.34", Groups: groups("", "latest")}, "", nil, 0, ""},
		{"newer-groups-do-not-lag", upgrade.Facts{Current: "1.34", Target: "1.34", Groups: groups("1.35")}, "", nil, 0, ""},
		{"downgrade", upgrade.Facts{Current: "1.34", Target: "1.33", Offered: offered}, "", nil, upgrade.Downgrade, "cannot be downgraded to 1.33"},
		{"downgrade-blind", upgrade.Facts{Current: "1.34", Target: "1.33"}, "", nil, upgrade.Downgrade, "cannot be downgraded to 1.33"},
		{"not-offered", upgrade.Facts{Current: "1.34", Target: "1.39", Offered: offered}, "", nil, upgrade.NotOffered, "1.35"},
		{"too-far", upgrade.Facts{Cloud: "EKS", Current: "1.33", Target: "1.35", Offered: offered}, "", nil, upgrade.TooFar, "EKS upgrades one minor at a time: from 1.33 to 1.34 comes next"},
		{"too-far-blind", upgrade.Facts{Cloud: "EKS", Current: "1.33", Target: "1.35"}, "", nil, upgrade.TooFar, "from 1.33 to 1.34 comes next"},
		{"two-at-a-time", upgrade.Facts{Current: "1.33", Target: "1.35", Offered: offered, LargestStep: 2}, "1.35", nil, 0, ""},
		{"groups-lag", upgrade.Facts{Current: "1.34", Target: "1.35", Offered: offered, Groups: groups("1.34", "1.33", "1.33")}, "", nil, upgrade.GroupsLag, "node groups ng2, ng3 must be at 1.34"},
		{"within-the-skew", upgrade.Facts{Current: "1.34", Target: "1.35", Offered: offered, Groups: groups("1.33"), Skew: 2}, "1.35", nil, 0, ""},
		{"in-step", upgrade.Facts{Current: "1.33.5-gke.2", Target: "1.34", Offered: patches, Groups: groups("1.33.5-gke.2", "1.33.4-gke.1"), InStep: true}, "", nil, upgrade.GroupsLag, "node groups ng2 must be at 1.33.5"},
		{"all-in-step", upgrade.Facts{Current: "1.33.5-gke.2", Target: "1.34", Offered: patches, Groups: groups("1.33.5-gke.2"), InStep: true}, "1.34.1-gke.7", nil, 0, ""},
		{"a-leaving-group-holds-nothing-up", upgrade.Facts{Current: "1.34", Target: "1.35", Offered: offered,
			Groups: []upgrade.Group{{Name: "ng", Version: "1.30", Leaving: true}}}, "1.35", nil, 0, ""},
		{"a-minor-means-its-newest-patch", upgrade.Facts{Current: "1.33.5-gke.2", Target: "1.34", Offered: patches}, "1.34.1-gke.7", nil, 0, ""},
		{"a-patch", upgrade.Facts{Current: "1.33.4-gke.1", Target: "1.33.5-gke.2", Offered: patches}, "1.33.5-gke.2", nil, 0, ""},
		{"groups-lag-by-a-patch", upgrade.Facts{Current: "1.33.5-gke.2", Target: "1.33", Offered: patches, Groups: groups("1.33.4-gke.1")}, "", []string{"ng1"}, 0, ""},
		{"a-patch-blind", upgrade.Facts{Current: "1.33.4", Target: "v1.33.5"}, "1.33.5", nil, 0, ""},
		{"rubbish", upgrade.Facts{Current: "1.33", Target: "new", Offered: offered}, "", nil, upgrade.Unreadable, `"new"`},
		{"rubbish-of-the-cloud", upgrade.Facts{Cloud: "EKS", Target: "1.33"}, "", nil, upgrade.Unreadable, "EKS reports"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			step, err := upgrade.Plan(test.facts)
			var lag []string
			for _, g := range step.Groups {
				lag = append(lag, g.Name)
			}
			if step.ControlPlane != test.plane || !slices.Equal(lag, test.lag) {
				t.Errorf("got %+v, want %q and %v", step, test.plane, test.lag)
			}
			var refused *upgrade.Error
			if errors.As(err, &refused) != (test.kind != 0) || err != nil && (refused.Kind != test.kind || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v, want kind %d and %q", err, test.kind, test.says)
			}
			if done := step.Done(); done != (err == nil && test.plane == "" && test.lag == nil || err != nil) {
				t.Errorf("done: %v", done)
			}
		})
	}
}

// TestHop: the way to a far target is taken in steps that the cloud has.
func TestHop(t *testing.T) {
	t.Parallel()
	offered := []string{"1.30", "1.32", "1.34"}
	for _, test := range []struct {
		current, target string
		step            int
		want            string
		kind            upgrade.Kind
	}{
		{"1.30", "1.34", 2, "1.32", 0},
		{"1.32", "1.34", 2, "1.34", 0},
		{"1.34", "1.34", 2, "", 0},
		{"1.30", "1.34", 1, "", upgrade.TooFar},
		{"1.34", "1.30", 2, "", upgrade.Downgrade},
		{"1.30", "1.33", 2, "", upgrade.NotOffered},
	} {
		got, err := upgrade.Hop(test.current, test.target, offered, test.step)
		var refused *upgrade.Error
		if got != test.want || errors.As(err, &refused) != (test.kind != 0) || err != nil && refused.Kind != test.kind {
			t.Errorf("%s to %s: got %q, %v", test.current, test.target, got, err)
		}
	}
}

func TestBlindHop(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		current, target string
		step            int
		want            string
	}{
		{"1.30", "1.34", 1, "1.31"},
		{"1.30.4", "1.34", 2, "1.32"},
		{"1.33", "1.34", 1, "1.34"},
		{"1.34", "1.30", 1, "1.30"}, // the cloud says no
		{"1.30", "newest", 1, "newest"},
		{"1.30", "1.34", 0, "1.34"}, // no step is known
	} {
		if got := upgrade.BlindHop(test.current, test.target, test.step); got != test.want {
			t.Errorf("%s to %s by %d: got %q, want %q", test.current, test.target, test.step, got, test.want)
		}
	}
}
