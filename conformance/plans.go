// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"github.com/pmks-go/pmks"
)

var planChecks = []check{
	{"plan/says-what-upgrade-does", planFollowed},
	{"plan/refusals", planRefusals},
	{"plan/busy", planBusy},
}

// planFollowed: the plan changes nothing, names every version on the way, and is empty
// when all is there.
func planFollowed(t T, c *Cloud) {
	ctx := t.Context()
	info, offered := c.oldest(t, "planned")
	newest := offered[len(offered)-1]
	var plan pmks.UpgradePlan
	c.unchanged(t, "PlanUpgrade", func() {
		var err error
		if plan, err = pmks.PlanUpgrade(ctx, c.Handler, info.IId, newest); err != nil {
			t.Fatalf("PlanUpgrade to %s: %v", newest, err)
		}
	})
	if len(plan.Steps) == 0 || plan.To != newest || plan.Cluster != info.IId || plan.From != info.Version {
		t.Fatalf("the plan of %s from %s to %s is %+v", info.IId, info.Version, newest, plan)
	}
	if blocked := plan.Blocked(); len(blocked) > 0 {
		t.Errorf("a cluster at rest is blocked: %+v", blocked)
	}
	// Step by step, each of the control plane's hops is one that UpgradeCluster takes.
	for _, step := range plan.Steps {
		if !step.NodeGroup.IsZero() {
			continue
		}
		got, err := pmks.Upgrade(ctx, c.Handler, info.IId, step.To, c.Wait...)
		if err != nil {
			t.Fatalf("Upgrade to %s, as planned: %v", step.To, err)
		}
		if got.Version != step.To {
			t.Errorf("the step to %s led to %s", step.To, got.Version)
		}
	}
	done, err := pmks.PlanUpgrade(ctx, c.Handler, info.IId, newest)
	if err != nil || len(done.Steps) > 0 {
		t.Errorf("after the last step the plan is %+v, %v", done, err)
	}
}

func planRefusals(t T, c *Cloud) {
	ctx := t.Context()
	info := c.up(t, "unplannable")
	c.unchanged(t, "refused plans", func() {
		_, err := pmks.PlanUpgrade(ctx, c.Handler, info.IId, "1.1")
		want(t, "PlanUpgrade to 1.1", err, pmks.CodeInvalidArgument)
		_, err = pmks.PlanUpgrade(ctx, c.Handler, pmks.IID{NameId: "unknown"}, info.Version)
		want(t, "PlanUpgrade of an unknown cluster", err, pmks.CodeNotFound)
		_, err = pmks.PlanUpgrade(ctx, c.Handler, pmks.IID{}, info.Version)
		want(t, "PlanUpgrade of no cluster", err, pmks.CodeInvalidArgument)
	})
}

// planBusy: what is under way is named as what blocks the first step.
func planBusy(t T, c *Cloud) {
	capable(t, "the cloud is hurried: what is under way may be over", !c.Hurried)
	ctx := t.Context()
	info, offered := c.oldest(t, "moving")
	if len(offered) < 3 {
		capable(t, "fewer than three versions", false)
	}
	next := c.nextVersion(ctx, info.IId)
	if next == offered[len(offered)-1] {
		capable(t, "one step reaches the newest version", false)
	}
	if _, err := c.Handler.UpgradeCluster(ctx, info.IId, next); err != nil {
		t.Fatalf("UpgradeCluster: %v", err)
	}
	plan, err := pmks.PlanUpgrade(ctx, c.Handler, info.IId, offered[len(offered)-1])
	if err != nil {
		t.Fatalf("PlanUpgrade of a cluster that is being upgraded: %v", err)
	}
	busy := false
	for _, f := range plan.Blocked() {
		busy = busy || f.Code == pmks.CodeBusy.String()
	}
	if !busy {
		t.Errorf("the plan of a cluster that is being upgraded is not blocked: %+v", plan)
	}
}
