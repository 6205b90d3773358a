// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// briefly writes findings down: the code, an exclamation mark where it blocks, and the
// group that it is about.
func briefly(list []pmks.UpgradeFinding) string {
	var words []string
	for _, f := range list {
		word := f.Code
		if f.Blocks {
			word += "!"
		}
		if !f.NodeGroup.IsZero() {
			word += " of " + f.NodeGroup.NameId
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// TestHandler_UpgradeFindings has one cluster for each thing that is found.
func TestHandler_UpgradeFindings(t *testing.T) {
	t.Parallel()
	groups := []pmks.NodeGroupInfo{bench.SampleNodeGroup("default-worker"), bench.SampleNodeGroup("extra")}
	plain := core.Seed{Name: "demo", Version: "v1.32.3", Groups: groups}
	behind := core.Seed{Name: "demo", Version: "v1.32.3", Groups: slices.Clone(groups)}
	behind.Groups[1].Version = "v1.31.4"
	for _, test := range []struct {
		name    string
		seed    nks.Seed
		prepare func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.IID)
		target  string
		want    string
		says    string
	}{
		{"nothing", nks.Seed{Seed: plain}, nil, "v1.33.4", "", ""},
		{"minor", nks.Seed{Seed: plain}, nil, "1.33", "", ""},
		{"two-minors-ahead", nks.Seed{Seed: plain}, nil, "v1.34.3", "", ""},
		{"same", nks.Seed{Seed: plain}, nil, "v1.32.3", "", ""},
		{"behind", nks.Seed{Seed: behind}, nil, "v1.33.4", "NodeGroupBehind of extra", "v1.31.4"},
		{"behind-and-catching-up", nks.Seed{Seed: behind}, nil, "v1.32.3", "", ""},
		{"stopped", nks.Seed{Seed: plain, Stopped: map[string]int{"extra": 1}}, nil, "v1.33.4", "StoppedNodes! of extra", "start demo-"},
		{"flannel", nks.Seed{Seed: plain, Labels: map[string]any{"cni_driver": "flannel"}}, nil, "v1.33.4", "Flannel!", "Calico"},
		{"calico", nks.Seed{Seed: plain, Labels: map[string]any{"cni_driver": "calico"}}, nil, "v1.33.4", "", ""},
		{"busy", nks.Seed{Seed: plain}, func(t *testing.T, _ *nks.Server, h *nhn.Handler, demo pmks.IID) {
			t.Helper()
			if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, groups[0].IId, 3, 1, 3); err != nil {
				t.Fatal(err)
			}
		}, "v1.33.4", "CLUSTER_RESIZE!", "under way"},
		{"machines-unread", nks.Seed{Seed: plain, Stopped: map[string]int{"extra": 1}}, func(_ *testing.T, s *nks.Server, _ *nhn.Handler, _ pmks.IID) {
			s.Deny("servers.list")
		}, "v1.33.4", pmks.KeyUnread, "whether nodes are stopped"},
		{"record-unread", nks.Seed{Seed: plain}, func(_ *testing.T, s *nks.Server, _ *nhn.Handler, _ pmks.IID) {
			s.Deny("events.list")
		}, "v1.33.4", pmks.KeyUnread, "under way"},
		{"group-unread", nks.Seed{Seed: plain}, func(_ *testing.T, s *nks.Server, _ *nhn.Handler, _ pmks.IID) {
			f := providertest.Answer(403, `{"errors":[{"code":"client","status":403,"detail":"not you"}]}`)
			f.Op, f.NodeGroup, f.Times = "nodegroups.get", "extra", -1
			s.Inject(f)
		}, "v1.33.4", pmks.KeyUnread + " of extra", "not you"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := nks.New(nks.Options{Quota: noQuota})
				if err := s.PutCluster(test.seed); err != nil {
					t.Fatal(err)
				}
				h := newHandler(t, s)
				demo := get(t, h, pmks.IID{NameId: "demo"}).IId
				if test.prepare != nil {
					test.prepare(t, s, h, demo)
				}
				before := len(s.Calls())
				got, err := h.UpgradeFindings(t.Context(), demo, test.target)
				if err != nil || briefly(got) != test.want {
					t.Fatalf("got %+v, %v, want %s", got, err, test.want)
				}
				if test.says != "" && !strings.Contains(got[0].Message, test.says) {
					t.Errorf("it says %q and not %q", got[0].Message, test.says)
				}
				for _, call := range s.Calls()[before:] {
					if slices.Contains(bench.Mutating, call.Op) {
						t.Errorf("%s was sent", call.Op)
					}
				}
			})
		})
	}
}

// TestHandler_UpgradeFindings_addons: an add-on that is not for the version is a warning
// that names the one that is.
func TestHandler_UpgradeFindings_addons(t *testing.T) {
	t.Parallel()
	const path = "/addons/"
	for name, test := range map[string]struct{ installed, offered, want string }{
		"none":           {``, `{"name":"calico","version":"v3.29.1"}`, ""},
		"offered":        {`{"name":"calico","version":"v3.28.2"}`, `{"name":"calico","version":"v3.29.1"},{"name":"calico","version":"v3.28.2"}`, ""},
		"not-offered":    {`{"name":"calico","version":"v3.24.1"}`, `{"name":"calico","version":"v3.28.2"},{"name":"calico","version":"v3.29.1"}`, "NKS offers v3.29.1"},
		"too-old":        {`{"name":"calico","version":"v3.24.1","k8s_max_version":"v1.32.3"}`, ``, "calico v3.24.1 is not for Kubernetes v1.33.4"},
		"minor-is-whole": {`{"name":"calico","version":"v3.24.1","k8s_min_version":"v1.30","k8s_max_version":"v1.33"}`, ``, ""},
		"too-new":        {`{"name":"calico","version":"v3.30.1","k8s_min_version":"v1.34.0"}`, ``, "calico v3.30.1 is not"},
		"unknown":        {`{"name":"mine","version":"1"}`, `{"name":"calico","version":"v3.29.1"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
				h := answered(t, s, map[string]string{
					"/clusters/" + demo.IId.SystemId + path: fmt.Sprintf(`{"addons":[%s]}`, test.installed), "/v1" + path: fmt.Sprintf(`{"addons":[%s]}`, test.offered),
				})
				got, err := h.UpgradeFindings(t.Context(), demo.IId, "1.33")
				if err != nil || (test.want == "") != (len(got) == 0) {
					t.Fatalf("got %+v, %v", got, err)
				}
				if test.want != "" && (got[0].Blocks || got[0].Code != "AddonVersion" || !strings.Contains(got[0].Message, test.want)) {
					t.Errorf("got %+v, want it to say %q", got[0], test.want)
				}
			})
		})
	}
}

// TestHandler_UpgradeFindings_refused: what there is no answer to.
func TestHandler_UpgradeFindings_refused(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, _ *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		for name, test := range map[string]struct {
			cluster pmks.IID
			version string
			want    pmks.Code
		}{
			"no-cluster":  {pmks.IID{NameId: "nobody"}, "1.33", pmks.CodeNotFound},
			"no-version":  {demo.IId, "latest", pmks.CodeInvalidArgument},
			"not-offered": {demo.IId, "1.99", pmks.CodeInvalidArgument},
			"no-iid":      {pmks.IID{}, "1.33", pmks.CodeInvalidArgument},
		} {
			if _, err := h.UpgradeFindings(t.Context(), test.cluster, test.version); pmks.CodeOf(err) != test.want {
				t.Errorf("%s: %v, want %s", name, err, test.want)
			}
		}
	})
}

// TestPlanUpgrade: the plan is what an upgrade does, and a stopped node stands at the step
// of its group.
func TestPlanUpgrade(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		if err := s.StopNodes("demo", "extra", 1); err != nil {
			t.Fatal(err)
		}
		plan, err := pmks.PlanUpgrade(t.Context(), h, demo.IId, "1.33")
		if err != nil || len(plan.Steps) != 3 || plan.To != "v1.33.4" || len(plan.Blocked()) != 1 {
			t.Fatalf("got %+v, %v", plan, err)
		}
		if step := plan.Steps[2]; step.NodeGroup.NameId != "extra" || briefly(step.Findings) != "StoppedNodes! of extra" {
			t.Errorf("the last step is %+v", step)
		}
	})
}
