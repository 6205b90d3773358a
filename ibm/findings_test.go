// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// TestUpgradeFindings: what the reads of IKS tell of an upgrade beforehand, with nothing
// sent that changes anything.
func TestUpgradeFindings(t *testing.T) {
	t.Parallel()
	const ranged = `{"name":"cluster-autoscaler","version":"1.2.3","supportedKubeRange":">=1.30.0 <1.35.0","allowed_upgrade_versions":["2.0.0"],"healthState":"normal"}`
	for _, test := range []struct {
		name, addons string
		before       func(s *iks.Server) error
		code, says   string
		blocks       bool
	}{
		{name: "nothing", addons: "[]"},
		{name: "autoscaler", addons: "[" + ranged + "]", code: "AddOn", says: "cluster-autoscaler 1.2.3 supports Kubernetes >=1.30.0 <1.35.0 only: update the add-on first, to 2.0.0", blocks: true},
		{name: "add-on", addons: strings.ReplaceAll("["+ranged+"]", "cluster-autoscaler", "istio"), code: "AddOn", says: "istio"},
		{name: "least-version", addons: `[{"name":"istio","version":"1","minKubeVersion":"1.36.0"}]`, code: "AddOn", says: "from 1.36.0 on"},
		{name: "deprecated", addons: `[{"name":"istio","version":"1","deprecated":true}]`, code: "AddOn", says: "deprecated"},
		{name: "sick-add-on", addons: `[{"name":"istio","version":"1","healthState":"critical","healthStatus":"no pods"}]`, code: "AddOn", says: "no pods"},
		{name: "skew", addons: "[]", before: func(s *iks.Server) error {
			return s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{ActualVersion: "1.32.9_1400"})
		}, code: "WorkerSkew", says: "more than 2 minors behind 1.35", blocks: true},
		{name: "failed-worker", addons: "[]", before: func(s *iks.Server) error {
			return s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{ActualState: "provision_failed", Message: "no capacity"})
		}, code: "Worker", says: "no capacity", blocks: true},
		{name: "unread", addons: "", before: func(s *iks.Server) error { s.Deny("getClusterAddons"); return nil }, code: pmks.KeyUnread, says: "add-ons"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T) {
				s := iks.New(iks.Options{})
				put(t, s, seed("plain", "ng1"))
				if test.before != nil {
					if err := test.before(s); err != nil {
						t.Fatal(err)
					}
				}
				cfg := configFor(s)
				next := cfg.Transport
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if test.addons != "" && strings.HasSuffix(r.URL.Path, "/addons") {
						return providertest.Respond(r, 200, test.addons), nil
					}
					return next.RoundTrip(r)
				})
				list, err := newHandlerWith(t, cfg).UpgradeFindings(t.Context(), pmks.IID{NameId: "plain"}, "1.35")
				if err != nil {
					t.Fatal(err)
				}
				if test.code == "" {
					if len(list) > 0 {
						t.Errorf("got %+v", list)
					}
					return
				}
				if len(list) != 1 || list[0].Code != test.code || list[0].Blocks != test.blocks || !strings.Contains(list[0].Message, test.says) {
					t.Errorf("got %+v", list)
				}
				for _, op := range bench.Mutating {
					if n := s.Count(op); n > 0 {
						t.Errorf("%d times %s", n, op)
					}
				}
			})
		})
	}
}

// TestUpgradeFindings_plan: the plan of an upgrade has the findings at their steps.
func TestUpgradeFindings_plan(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{ActualState: "provision_failed", Message: "no capacity"}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		plan, err := pmks.PlanUpgrade(t.Context(), h, pmks.IID{NameId: "plain"}, "1.35")
		if err != nil || len(plan.Steps) != 2 || len(plan.Blocked()) == 0 || plan.Steps[1].NodeGroup.NameId != "ng1" {
			t.Errorf("got %+v, %v", plan, err)
		}
		if _, err := h.UpgradeFindings(t.Context(), pmks.IID{NameId: "plain"}, "1.99"); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
			t.Errorf("got %v", err)
		}
	})
}
