// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// stepsRecorder notes the versions that UpgradeCluster is called with.
type stepsRecorder struct {
	*fake.Handler
	sent []string
}

func (r *stepsRecorder) UpgradeCluster(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
	r.sent = append(r.sent, version)
	return r.Handler.UpgradeCluster(ctx, iid, version)
}

// mustParse parses a version of a profile.
func mustParse(t *testing.T, s string) kver.Version {
	t.Helper()
	v, err := kver.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// fewestHops searches breadth first for the fewest control plane upgrades from one
// version on offer to another; -1 where no way leads there.
func fewestHops(t *testing.T, from, to string, offered []string, largest int) int {
	t.Helper()
	depth := map[string]int{from: 0}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		at := mustParse(t, queue[0])
		if queue[0] == to {
			return depth[to]
		}
		for _, next := range offered {
			v := mustParse(t, next)
			if _, seen := depth[next]; !seen && v.Compare(at) > 0 && at.MinorDistance(v) <= largest {
				depth[next] = depth[queue[0]] + 1
				queue = append(queue, next)
			}
		}
	}
	return -1
}

// TestPlanUpgrade_search holds the plan from every version of every profile to every
// other, with a node group that lags and one that does not, against a search over the
// versions on offer: the steps are possible, lead there, and are the fewest.
func TestPlanUpgrade_search(t *testing.T) {
	t.Parallel()
	plans := 0
	for _, p := range profile.All() {
		largest := p.Caps.Versions.LargestStep
		offered := p.OfferedNames()
		for _, from := range offered {
			for _, lag := range offered {
				if behind := mustParse(t, lag).MinorDistance(mustParse(t, from)); mustParse(t, lag).Compare(mustParse(t, from)) > 0 || behind > max(1, p.Upgrade.MaxSkew) {
					continue
				}
				h := fake.New(fake.WithProfile(p.Name), fake.WithClusters(fake.Cluster{Name: "demo", Version: from, NodeGroups: []pmks.NodeGroupInfo{
					{IId: pmks.IID{NameId: "old"}, Version: lag, DesiredNodeSize: 1}, {IId: pmks.IID{NameId: "new"}, Version: from, DesiredNodeSize: 1},
				}}))
				for _, to := range offered {
					plans++
					plan, err := pmks.PlanUpgrade(t.Context(), h, pmks.IID{NameId: "demo"}, to)
					want := fewestHops(t, from, to, offered, largest)
					if (err == nil) != (want >= 0) {
						t.Errorf("%s: from %s to %s: %v, the search finds %d hops", p.Name, from, to, err, want)
					}
					if err != nil {
						continue
					}
					if fault := walk(t, plan, from, lag, largest, want); fault != "" {
						t.Errorf("%s: from %s (group %s) to %s: %s: %+v", p.Name, from, lag, to, fault, plan.Steps)
					}
				}
			}
		}
	}
	if plans < 500 {
		t.Errorf("only %d plans were made", plans)
	}
}

// walk takes the steps of a plan, and returns what is wrong with them.
func walk(t *testing.T, plan pmks.UpgradePlan, from, lag string, largest, fewest int) string {
	t.Helper()
	at, groups, hops := from, map[string]string{"old": lag, "new": from}, 0
	for _, s := range plan.Steps {
		if s.Typical <= 0 {
			return "a step without a typical duration"
		}
		if s.NodeGroup.IsZero() {
			if a, b := mustParse(t, s.From), mustParse(t, s.To); s.From != at || b.Compare(a) <= 0 || a.MinorDistance(b) > largest {
				return "an impossible step of the control plane"
			}
			for name, version := range groups {
				if mustParse(t, version).MinorDistance(mustParse(t, at)) > 0 {
					return "the control plane leaves " + name + " behind"
				}
			}
			at = s.To
			hops++
			continue
		}
		if groups[s.NodeGroup.NameId] != s.From || s.To != at {
			return "a node group goes elsewhere than to its control plane"
		}
		groups[s.NodeGroup.NameId] = s.To
	}
	switch {
	case at != plan.To:
		return "it does not arrive"
	case hops != fewest:
		return fmt.Sprintf("%d hops, the search needs %d", hops, fewest)
	}
	for name, version := range groups {
		v, to := mustParse(t, version), mustParse(t, at)
		if v.MinorDistance(to) > 0 || v.SameMinor(to) && v.HasPatch && to.HasPatch && v.Compare(to) < 0 {
			return name + " lags in the end"
		}
	}
	return ""
}

// TestPlanUpgrade_followed: what Upgrade sends is what the plan says.
func TestPlanUpgrade_followed(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				offered := p.OfferedNames() // newest first
				oldest, newest := offered[len(offered)-1], offered[0]
				r := &stepsRecorder{Handler: fake.New(fake.WithProfile(p.Name), fake.WithClusters(fake.Cluster{Name: "demo", Version: oldest,
					NodeGroups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng"}, DesiredNodeSize: 2}}}))}
				iid := pmks.IID{NameId: "demo"}
				plan, err := pmks.PlanUpgrade(t.Context(), r, iid, newest)
				if err != nil {
					t.Fatal(err)
				}
				if len(r.sent) > 0 || slices.ContainsFunc(r.Calls(), func(c fake.Call) bool { return c.Mutation }) {
					t.Errorf("the plan has sent %v", r.Calls())
				}
				if _, err := pmks.Upgrade(t.Context(), r, iid, newest); err != nil {
					t.Fatal(err)
				}
				var planned []string
				for _, s := range plan.Steps {
					planned = append(planned, s.To)
				}
				if planned, sent := slices.Compact(planned), slices.Compact(r.sent); !slices.Equal(planned, sent) {
					t.Errorf("planned %v, sent %v", planned, sent)
				}
			})
		})
	}
}

// TestPlanUpgrade_unread: what can be said of a request without the network is.
func TestPlanUpgrade_unread(t *testing.T) {
	t.Parallel()
	h := fake.New(fake.WithClusters(fake.Cluster{Name: "demo"}))
	for _, version := range []string{"latest", "1", "1.33.\x1b", "-1.2"} {
		for op, call := range map[string]func(pmks.IID) error{
			"PlanUpgrade": func(iid pmks.IID) error {
				_, err := pmks.PlanUpgrade(t.Context(), h, iid, version)
				return err
			},
			"Upgrade": func(iid pmks.IID) error {
				_, err := pmks.Upgrade(t.Context(), h, iid, version)
				return err
			},
		} {
			checkFields(t, call(pmks.IID{NameId: "demo"}), map[string]pmks.Code{"version": pmks.CodeInvalidArgument})
			err := call(pmks.IID{})
			checkFields(t, err, map[string]pmks.Code{"clusterIID": pmks.CodeInvalidArgument, "version": pmks.CodeInvalidArgument})
			if n := len(h.Calls()); n > 0 {
				t.Fatalf("%s to %q: %d calls, %v", op, version, n, err)
			}
		}
	}
}

// twins shows two node groups that nothing tells apart, and both lag.
type twins struct{ pmks.ClusterHandler }

func (twins) GetCluster(context.Context, pmks.IID) (pmks.ClusterInfo, error) {
	g := pmks.NodeGroupInfo{Version: "1.32", Status: pmks.NodeGroupActive}
	return pmks.ClusterInfo{IId: clusterIID, Version: "1.33", Status: pmks.ClusterActive, NodeGroupList: []pmks.NodeGroupInfo{g, g}}, nil
}

// TestPlanUpgrade_twins: the plan of them has an end.
func TestPlanUpgrade_twins(t *testing.T) {
	t.Parallel()
	plan, err := pmks.PlanUpgrade(t.Context(), twins{}, clusterIID, "1.34")
	if err != nil || len(plan.Steps) != 5 {
		t.Errorf("%d steps, %v: %+v", len(plan.Steps), err, plan)
	}
}

// versionless cannot read the version of the last node group.
type versionless struct{ *fake.Handler }

func (h versionless) GetCluster(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	info, err := h.Handler.GetCluster(ctx, iid)
	if n := len(info.NodeGroupList); n > 0 {
		g := &info.NodeGroupList[n-1]
		g.Version, g.KeyValueList = "", pmks.AddUnread(g.KeyValueList, "Version", &pmks.Error{Code: pmks.CodePermissionDenied})
	}
	return info, err
}

func TestPlanUpgrade_findings(t *testing.T) {
	t.Parallel()
	h := fake.New(fake.WithProfile("aws"), fake.WithClusters(fake.Cluster{Name: "demo", Version: "1.32", NodeGroups: []pmks.NodeGroupInfo{
		{IId: pmks.IID{NameId: "a", SystemId: "a"}, DesiredNodeSize: 1}, {IId: pmks.IID{NameId: "b", SystemId: "b"}, DesiredNodeSize: 1},
	}}))
	iid := pmks.IID{NameId: "demo"}
	set := func(findings ...pmks.UpgradeFinding) {
		t.Helper()
		if err := h.SetFindings(iid, findings...); err != nil {
			t.Fatal(err)
		}
	}
	plan := func(h pmks.ClusterHandler) pmks.UpgradePlan {
		t.Helper()
		plan, err := pmks.PlanUpgrade(t.Context(), h, iid, "1.33")
		if err != nil {
			t.Fatal(err)
		}
		return plan
	}
	if p := plan(h); len(p.Steps) != 3 || len(p.Blocked()) != 0 {
		t.Errorf("got %+v", p)
	}
	set(pmks.UpgradeFinding{Code: "Old", Message: "an API that goes", Blocks: true},
		pmks.UpgradeFinding{NodeGroup: pmks.IID{SystemId: "b"}, Code: "Subnet", Message: "few addresses"})
	p := plan(h)
	if b := p.Blocked(); len(b) != 1 || b[0].Code != "Old" || len(p.Steps[0].Findings) != 1 {
		t.Errorf("blocked by %+v", b)
	}
	if f := p.Steps[2].Findings; p.Steps[2].NodeGroup.NameId != "b" || len(f) != 1 || f[0].Code != "Subnet" {
		t.Errorf("the last step is %+v", p.Steps[2])
	}
	if _, err := h.UpgradeCluster(t.Context(), iid, "1.33"); !errors.Is(err, pmks.ErrFailedPrecondition) || !strings.Contains(err.Error(), "an API that goes") {
		t.Errorf("the upgrade: %v", err)
	}
	set()
	if err := h.Break(iid, pmks.IID{NameId: "a"}, fake.Degraded, "the disk is full"); err != nil {
		t.Fatal(err)
	}
	// What UpgradeCluster takes is a warning, and no block.
	if p := plan(h); len(p.Blocked()) != 0 || len(p.Steps[0].Findings) != 1 || p.Steps[0].Findings[0].NodeGroup.NameId != "a" ||
		!strings.Contains(p.Steps[0].Findings[0].Message, "the disk is full") {
		t.Errorf("got %+v", p)
	}
	if err := h.Break(iid, pmks.IID{NameId: "a"}, fake.Healthy, ""); err != nil {
		t.Fatal(err)
	}
	// What the cloud does not tell is said, and is no failure of the plan.
	cancel := h.Inject(fake.Fault{Op: "UpgradeFindings", Kind: fake.Refuse, Code: pmks.CodePermissionDenied, Times: -1})
	if f := plan(h).Steps[0].Findings; len(f) != 1 || f[0].Blocks || f[0].Code != pmks.KeyUnread || !strings.Contains(f[0].Message, "PermissionDenied") {
		t.Errorf("unread findings are %+v", f)
	}
	cancel()
	// A group whose version is unknown would be left out.
	var e *pmks.Error
	if _, err := pmks.PlanUpgrade(t.Context(), versionless{h}, iid, "1.33"); !errors.As(err, &e) || e.Code != pmks.CodePermissionDenied || e.NodeGroup.NameId != "b" {
		t.Errorf("with an unread version: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := pmks.PlanUpgrade(ctx, h, iid, "1.33"); !errors.Is(err, pmks.ErrCanceled) {
		t.Errorf("got %v", err)
	}
}

// TestPlanUpgrade_deleting: what is being deleted is no busy cluster, for which one waits.
func TestPlanUpgrade_deleting(t *testing.T) {
	t.Parallel()
	h := fake.New(fake.WithProfile("aws"), fake.WithClusters(fake.Cluster{Name: "demo", Version: "1.32"}))
	iid := pmks.IID{NameId: "demo"}
	if _, err := h.DeleteCluster(t.Context(), iid); err != nil {
		t.Fatal(err)
	}
	plan, err := pmks.PlanUpgrade(t.Context(), h, iid, "1.33")
	if b := plan.Blocked(); err != nil || len(b) != 1 || b[0].Code != pmks.CodeFailedPrecondition.String() || !strings.Contains(b[0].Message, "is being deleted") {
		t.Errorf("blocked by %+v, %v", b, err)
	}
}

// TestPlanUpgrade_degraded: of a node group that is not healthy, plan and upgrade say the
// same on every cloud.
func TestPlanUpgrade_degraded(t *testing.T) {
	t.Parallel()
	for _, cloud := range []string{"alibaba", "aws", "azure", "gcp", "ibm", "nhn", "tencent"} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			h := fake.New(fake.WithProfile(cloud))
			versions, err := h.ListVersions(t.Context())
			if err != nil || len(versions) < 2 {
				t.Fatalf("%v, %v", versions, err)
			}
			from, to := versions[1].Name, versions[0].Name
			if strings.Compare(from, to) > 0 {
				from, to = to, from
			}
			h = fake.New(fake.WithProfile(cloud), fake.WithClusters(fake.Cluster{Name: "demo", Version: from, NodeGroups: []pmks.NodeGroupInfo{
				{IId: pmks.IID{NameId: "a"}, DesiredNodeSize: 1}, {IId: pmks.IID{NameId: "b"}, DesiredNodeSize: 1},
			}}))
			iid := pmks.IID{NameId: "demo"}
			if err := h.Break(iid, pmks.IID{NameId: "a"}, fake.Degraded, "the disk is full"); err != nil {
				t.Fatal(err)
			}
			plan, err := pmks.PlanUpgrade(t.Context(), h, iid, to)
			if err != nil || len(plan.Steps) == 0 || len(plan.Steps[0].Findings) == 0 {
				t.Fatalf("%+v, %v", plan, err)
			}
			_, err = h.UpgradeCluster(t.Context(), iid, to)
			if blocked := len(plan.Blocked()) > 0; blocked != (err != nil) {
				t.Errorf("from %s to %s: the plan is blocked: %t; the upgrade: %v", from, to, blocked, err)
			}
		})
	}
}
