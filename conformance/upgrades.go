// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"fmt"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
)

var upgradeChecks = []check{
	{"versions/listed", versionsListed},
	{"versions/forms", versionForms},
	{"versions/unknown-lists-offered", versionUnknown},
	{"upgrade/step-by-step", upgradeSteps},
	{"upgrade/same-version-sends-nothing", upgradeSame},
	{"upgrade/downgrade", upgradeDown},
	{"upgrade/too-large-a-step", upgradeTooFar},
	{"upgrade/fails-later", upgradeFails},
}

// offered returns the versions on offer, oldest first.
func (c *Cloud) offered(t T) []string {
	t.Helper()
	lister, ok := c.Handler.(pmks.VersionLister)
	capable(t, "no VersionLister", ok)
	versions, err := lister.ListVersions(t.Context())
	if err != nil {
		t.Fatalf("ListVersions: %v", err)
	}
	var names []string
	for _, v := range versions {
		names = append([]string{v.Name}, names...)
	}
	return names
}

// nextVersion is what a cluster could be upgraded to; its own version, or any, if
// that cannot be told.
func (c *Cloud) nextVersion(ctx context.Context, iid pmks.IID) string {
	info, err := c.Handler.GetCluster(ctx, iid)
	lister, ok := c.Handler.(pmks.VersionLister)
	if err != nil || !ok {
		return "1.33"
	}
	versions, err := lister.ListVersions(ctx)
	if err != nil || len(versions) == 0 {
		return info.Version
	}
	var names []string
	for _, v := range versions {
		names = append(names, v.Name)
	}
	step := 1
	if r, ok := c.Handler.(pmks.CapabilityReporter); ok {
		step = r.Capabilities().Versions.LargestStep
	}
	next, err := kver.Next(info.Version, names[0], names, step)
	if err != nil || next == "" {
		return info.Version
	}
	return next
}

// oldest makes a cluster with the oldest version on offer.
func (c *Cloud) oldest(t T, name string) (info pmks.ClusterInfo, offered []string) {
	t.Helper()
	offered = c.offered(t)
	req := c.ClusterRequest(name)
	req.Version = offered[0]
	return c.upWith(t, req), offered
}

func versionsListed(t T, c *Cloud) {
	lister, ok := c.Handler.(pmks.VersionLister)
	capable(t, "no VersionLister", ok)
	versions, err := lister.ListVersions(t.Context())
	if err != nil || len(versions) == 0 {
		t.Fatalf("ListVersions: %v, %v", versions, err)
	}
	defaults := 0
	for i, v := range versions {
		parsed, err := kver.Parse(v.Name)
		if err != nil {
			t.Errorf("%q: %v", v.Name, err)
			continue
		}
		if v.Default {
			defaults++
		}
		if i > 0 {
			if before, _ := kver.Parse(versions[i-1].Name); before.Compare(parsed) <= 0 {
				t.Errorf("%s comes before %s: newest first", versions[i-1].Name, v.Name)
			}
		}
	}
	if defaults != 1 {
		t.Errorf("%d versions are the default, want 1", defaults)
	}
}

func versionForms(t T, c *Cloud) {
	offered := c.offered(t)
	lister, _ := c.Handler.(pmks.VersionLister)
	versions, err := lister.ListVersions(t.Context())
	if err != nil {
		t.Fatalf("ListVersions: %v", err)
	}
	standard := ""
	for _, v := range versions {
		if v.Default {
			standard = v.Name
		}
	}
	some, err := kver.Parse(offered[len(offered)/2])
	if err != nil {
		t.Fatalf("%v", err)
	}
	newest := "" // of the minor of some
	for _, v := range offered {
		if sameMinor(v, some.MinorString()) {
			newest = v
		}
	}
	forms := map[string]string{
		"": standard, "default": standard, "Default": standard,
		offered[0]:               offered[0],
		some.MinorString():       newest,
		"v" + some.MinorString(): newest,
		// A patch that nobody offers is resolved to the newest of its minor.
		some.MinorString() + ".99": newest,
	}
	i := 0
	for form, expected := range forms {
		i++
		name := fmt.Sprint("form", i)
		req := c.createRequest(t, name)
		req.Version = form
		info, err := c.Handler.CreateCluster(t.Context(), req)
		if err != nil {
			t.Errorf("CreateCluster with version %q: %v", form, err)
			continue
		}
		if got := c.active(t, info.IId); !sameMinor(got.Version, expected) || c.caps(t).Versions.Patch && got.Version != expected {
			t.Errorf("version %q became %s, want %s", form, got.Version, expected)
		}
		if err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
			t.Fatalf("Teardown: %v", err)
		}
	}
}

func sameMinor(a, b string) bool {
	va, errA := kver.Parse(a)
	vb, errB := kver.Parse(b)
	return errA == nil && errB == nil && va.SameMinor(vb)
}

func versionUnknown(t T, c *Cloud) {
	offered := c.offered(t)
	for _, version := range []string{"1.99", "1.3", "v0.1.2"} {
		req := c.createRequest(t, "never")
		req.Version = version
		c.unchanged(t, "CreateCluster with "+version, func() {
			_, err := c.Handler.CreateCluster(t.Context(), req)
			want(t, "CreateCluster with "+version, err, pmks.CodeInvalidArgument)
			newest, _ := kver.Parse(offered[len(offered)-1])
			if err != nil && !strings.Contains(err.Error(), newest.MinorString()) {
				t.Errorf("the error does not list what is offered: %v", err)
			}
		})
	}
}

// upgradeSteps takes the steps one by one and looks at each.
func upgradeSteps(t T, c *Cloud) {
	ctx := t.Context()
	info, _ := c.oldest(t, "steps")
	if _, err := c.Handler.AddNodeGroup(ctx, info.IId, c.NodeGroupRequest("extra")); err != nil {
		t.Fatalf("AddNodeGroup: %v", err)
	}
	c.groupActive(t, info.IId, pmks.IID{NameId: "extra"})
	info = c.active(t, info.IId)
	target := c.nextVersion(ctx, info.IId)
	if target == info.Version {
		t.Fatalf("there is nothing to upgrade %s to", info.Version)
	}
	for step := 0; ; step++ {
		got, err := c.Handler.UpgradeCluster(ctx, info.IId, target)
		if pmks.CodeOf(err) == pmks.CodeBusy {
			c.active(t, info.IId)
			continue
		}
		if err != nil {
			t.Fatalf("UpgradeCluster, step %d: %v", step, err)
		}
		if got.Status == pmks.ClusterActive {
			break
		}
		if got.Status != pmks.ClusterUpdating {
			t.Fatalf("UpgradeCluster returned %s, want Updating or Active", got.Status)
		}
		if step > 20 {
			t.Fatalf("the upgrade does not end: %s", show(got))
		}
		got, err = pmks.WaitCluster(ctx, c.Handler, info.IId, atRest, c.Wait...)
		if err != nil {
			t.Fatalf("waiting for step %d: %v", step, err)
		}
		if !atLeast(got.Version, target) {
			// The control plane comes first: nothing else may have moved.
			for _, g := range got.NodeGroupList {
				if atLeast(g.Version, target) {
					t.Errorf("node group %s is ahead of the control plane", g.IId)
				}
			}
		}
	}
	got := c.get(t, info.IId)
	if got.Version != target {
		t.Errorf("the cluster is at %s, want %s", got.Version, target)
	}
	for _, g := range got.NodeGroupList {
		if !atLeast(g.Version, target) {
			t.Errorf("node group %s is at %s, want %s", g.IId, g.Version, target)
		}
		if len(g.Nodes) != g.DesiredNodeSize {
			t.Errorf("node group %s has %d nodes, want %d", g.IId, len(g.Nodes), g.DesiredNodeSize)
		}
	}
}

// atRest is the end of one step.
func atRest(info pmks.ClusterInfo) (bool, error) {
	for _, g := range info.NodeGroupList {
		if g.Status.Transitional() {
			return false, nil
		}
	}
	return info.Status == pmks.ClusterActive, nil
}

func atLeast(version, than string) bool {
	v, err1 := kver.Parse(version)
	w, err2 := kver.Parse(than)
	return err1 == nil && err2 == nil && v.Compare(w) >= 0
}

func upgradeSame(t T, c *Cloud) {
	info := c.up(t, "same")
	v, err := kver.Parse(info.Version)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, form := range []string{info.Version, v.MinorString(), "v" + v.String()} {
		c.unchanged(t, "UpgradeCluster to "+form, func() {
			got, err := c.Handler.UpgradeCluster(t.Context(), info.IId, form)
			if err != nil || got.Status != pmks.ClusterActive {
				t.Errorf("UpgradeCluster to %q, which it runs: %s, %v", form, got.Status, err)
			}
		})
	}
}

func upgradeDown(t T, c *Cloud) {
	offered := c.offered(t)
	req := c.ClusterRequest("down")
	req.Version = offered[len(offered)-1]
	info := c.upWith(t, req)
	c.unchanged(t, "downgrade", func() {
		_, err := c.Handler.UpgradeCluster(t.Context(), info.IId, offered[0])
		want(t, "downgrade", err, pmks.CodeInvalidArgument)
	})
	_, err := pmks.Upgrade(t.Context(), c.Handler, info.IId, offered[0], c.Wait...)
	want(t, "Upgrade to an older version", err, pmks.CodeInvalidArgument)
}

func upgradeTooFar(t T, c *Cloud) {
	info, offered := c.oldest(t, "far")
	newest := offered[len(offered)-1]
	if next := c.nextVersion(t.Context(), info.IId); sameMinor(next, newest) {
		capable(t, "one step reaches the newest version", false)
	}
	c.unchanged(t, "too large a step", func() {
		_, err := c.Handler.UpgradeCluster(t.Context(), info.IId, newest)
		want(t, "too large a step", err, pmks.CodeFailedPrecondition)
		next, _ := kver.Parse(c.nextVersion(t.Context(), info.IId))
		if err != nil && !strings.Contains(err.Error(), next.MinorString()) {
			t.Errorf("the error does not name %s, which comes next: %v", next.MinorString(), err)
		}
	})
}

// upgradeFails: a failed update ends the job with an error, not with a lie.
func upgradeFails(t T, c *Cloud) {
	need(t, "Inject", c.Inject != nil)
	info, _ := c.oldest(t, "fails")
	target := c.nextVersion(t.Context(), info.IId)
	cancel := c.inject("UpgradeCluster", "", FailLater, 1)
	_, err := pmks.Upgrade(t.Context(), c.Handler, info.IId, target, c.Wait...)
	cancel()
	want(t, "Upgrade that fails", err, pmks.CodeFailedPrecondition)
	if got := c.get(t, info.IId); got.Version != info.Version {
		t.Errorf("after a failed upgrade the version is %s, want %s", got.Version, info.Version)
	}
}
