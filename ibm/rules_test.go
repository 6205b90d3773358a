// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

func inBubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// put adds clusters to an account.
func put(t *testing.T, s *iks.Server, seeds ...core.Seed) {
	t.Helper()
	for _, seed := range seeds {
		if err := s.Put(seed); err != nil {
			t.Fatal(err)
		}
	}
}

// with is a seed with an attribute.
func with(s core.Seed, key, value string) core.Seed {
	s.Attr = map[string]string{key: value}
	return s
}

// youthOfClusters is for how long a cluster may be too new to be read.
const youthOfClusters = time.Hour

// TestLostCreate: a creation that answers 500 and happens is found by the label that only
// this request carries, and never sent twice; that of somebody else is not taken for it.
func TestLostCreate(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{ReadLag: 10 * time.Second})
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err == nil && strings.HasSuffix(r.URL.Path, "/createCluster") {
				_ = resp.Body.Close()
				return providertest.Respond(r, 500, `{"incidentID":"x","code":"G0002","description":"The request could not be processed."}`), nil
			}
			return resp, err
		})
		h := newHandlerWith(t, cfg)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("lost"))
		if err != nil || info.IId.SystemId != rawIDs(t, s)["lost"] || s.Count("createCluster") != 1 {
			t.Errorf("got %s after %d requests, %v", info.IId, s.Count("createCluster"), err)
		}
	})
	// Only another request's label proves that it is somebody else's.
	for _, labelled := range []bool{true, false} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			cfg, rival := configFor(s), newHandler(t, s)
			next := cfg.Transport
			cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, "/createCluster") {
					return next.RoundTrip(r)
				}
				if !labelled {
					put(t, s, seed("rival", "ng1"))
				} else if _, err := rival.CreateCluster(r.Context(), bench.SampleRequest("rival")); err != nil {
					t.Error(err)
				}
				return providertest.Respond(r, 500, `{}`), nil
			})
			_, err := newHandlerWith(t, cfg).CreateCluster(t.Context(), bench.SampleRequest("rival"))
			if e := asError(t, err); labelled != (e.Code == pmks.CodeAlreadyExists) || labelled == e.MayHaveHappened {
				t.Errorf("labelled %t: %v", labelled, err)
			}
		})
	}
}

// TestLostAdd: the same for a node group.
func TestLostAdd(t *testing.T) {
	t.Parallel()
	for _, a := range []iks.Assumptions{{}, {LabelsLate: true}} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{Assumptions: a})
			put(t, s, seed("plain", "ng1"))
			s.Inject(core.Fault{Op: "createWorkerPool", Kind: core.FaultLoseReply, Times: 1})
			g, err := newHandler(t, s).AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, bench.SampleNodeGroup("lost"))
			if err == nil && g.IId.SystemId == "" || err != nil && !asError(t, err).MayHaveHappened || s.Count("createWorkerPool") != 1 {
				t.Errorf("%+v: %s after %d requests, %v", a, g.IId, s.Count("createWorkerPool"), err)
			}
		})
	}
}

// TestFirstPool: whether IBM keeps the name of the first pool or calls it default, the
// group has the name that was asked for, and is there once.
func TestFirstPool(t *testing.T) {
	t.Parallel()
	for _, a := range []iks.Assumptions{{}, {FirstPoolIsDefault: true}} {
		inBubble(t, func(t *testing.T) {
			h := newHandler(t, iks.New(iks.Options{Assumptions: a}))
			req := bench.SampleRequest("named")
			req.NodeGroupList[0].OnAutoScaling = true
			info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
			if err != nil || len(info.NodeGroupList) != 1 {
				t.Fatalf("%d groups, %v", len(info.NodeGroupList), err)
			}
			if g := info.NodeGroupList[0]; g.IId.NameId != "ng1" || !g.OnAutoScaling || g.MaxNodeSize != 3 {
				t.Errorf("got %+v", g)
			}
		})
	}
}

// TestUnreachableConfigMap: without the autoscaler's ConfigMap its bounds are unread where
// the pool remembers none, and never 0 for true.
func TestUnreachableConfigMap(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		fault := core.Fault{Op: "getConfigMap", Kind: core.FaultHang, Times: -1}
		s.Inject(fault)
		start := time.Now()
		info, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "c000"})
		if err != nil || time.Since(start) > time.Minute {
			t.Fatalf("%v after %s", err, time.Since(start))
		}
		g := info.NodeGroupList[0]
		got, _ := pmks.Lookup(g.KeyValueList, pmks.KeyUnread)
		if !g.OnAutoScaling || got == "" && (g.MinNodeSize == 0 || g.MaxNodeSize == 0) {
			t.Errorf("got %+v", g)
		}
	})
}

// TestAddOnCritical: an add-on that does not work ends the switch with IBM's words.
func TestAddOnCritical(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, with(seed("plain", "ng1"), iks.AttrAutoscaler, "true"))
		if err := s.ShowAddon("plain", "cluster-autoscaler", "critical"); err != nil {
			t.Fatal(err)
		}
		_, err := newHandler(t, s).SetNodeGroupAutoScaling(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, true)
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "cluster-autoscaler") {
			t.Errorf("got %v", err)
		}
	})
}

// TestRemove_entry: the entry of a pool goes with it, and comes back when the removal is
// refused.
func TestRemove_entry(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		h := newHandler(t, s)
		fault := providertest.Answer(400, `{"code":"E1437","description":"The minimum number of workers must be kept."}`)
		fault.Op, fault.Times = "removeWorkerPool", 1
		s.Inject(fault)
		cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
		_, err := h.RemoveNodeGroup(t.Context(), cluster, group)
		if e := asError(t, err); e.Code != pmks.CodeFailedPrecondition || e.ProviderCode != "E1437" {
			t.Errorf("RemoveNodeGroup: %v", err)
		}
		if puts := s.Count("putConfigMap"); puts != 2 {
			t.Errorf("the ConfigMap was written %d times, want the entry out and in again", puts)
		}
		info, err := h.GetCluster(t.Context(), cluster)
		if g, _ := info.NodeGroup(group); err != nil || !g.OnAutoScaling || g.MaxNodeSize != 3 {
			t.Errorf("got %+v, %v", g, err)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), cluster, group); err != nil {
			t.Errorf("RemoveNodeGroup: %v", err)
		}
	})
}

// TestBusyOrMinimum: the refusal to go below the least number of workers is Busy while
// workers are worked on, by IBM's own words.
func TestBusyOrMinimum(t *testing.T) {
	t.Parallel()
	for pending, want := range map[string]pmks.Code{"": pmks.CodeFailedPrecondition, "replace": pmks.CodeBusy} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, seed("plain", "ng1", "ng2"))
			if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{PendingOperation: pending}); err != nil {
				t.Fatal(err)
			}
			fault := providertest.Answer(400, `{"code":"E1437","description":"below the minimum"}`)
			fault.Op, fault.Times = "removeWorkerPool", -1
			s.Inject(fault)
			_, err := newHandler(t, s).RemoveNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng2"})
			if pmks.CodeOf(err) != want {
				t.Errorf("pending %q: %v, want %s", pending, err, want)
			}
		})
	}
}

// TestUpgrade_workers: workers are replaced one at a time in each pool, and a fix pack
// that IBM has for them is a reason as well.
func TestUpgrade_workers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1", "ng2"))
		h := newHandler(t, s)
		cluster := pmks.IID{NameId: "plain"}
		for _, pool := range []string{"ng1", "ng2"} {
			if err := s.ShowWorkers("plain", pool, 0, iks.WorkerShown{ActualVersion: "1.34.4_1400"}); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			info, err := h.UpgradeCluster(t.Context(), cluster, "1.34")
			if err != nil || info.Status != pmks.ClusterUpdating {
				t.Fatalf("UpgradeCluster: %s, %v", info.Status, err)
			}
			if n := s.Count("replaceWorker"); n != 2 {
				t.Errorf("%d workers are replaced, want one of each pool", n)
			}
		}
	})
}

// TestUpgrade_failedWorker: while a worker of a pool has failed to come no other is given
// up, and the upgrade says why.
func TestUpgrade_failedWorker(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{ActualVersion: "1.34.4_1400"}); err != nil {
			t.Fatal(err)
		}
		if err := s.ShowWorkers("plain", "ng1", 1, iks.WorkerShown{ActualState: "provision_failed", Message: "no capacity"}); err != nil {
			t.Fatal(err)
		}
		_, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "no capacity") || s.Count("replaceWorker") != 0 {
			t.Errorf("got %v", err)
		}
	})
}

// TestUpgrade_addOn: an autoscaler that does not follow is told before anything is sent.
func TestUpgrade_addOn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		old := seed("plain", "ng1")
		put(t, s, with(old, iks.AttrAutoscaler, "true"))
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/addons") {
				return providertest.Respond(r, 200, `[{"name":"cluster-autoscaler","version":"1.2.3","supportedKubeRange":">=1.30.0 <1.35.0","healthState":"normal"}]`), nil
			}
			return next.RoundTrip(r)
		})
		_, err := newHandlerWith(t, cfg).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.35")
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "<1.35.0") || s.Count("updateMaster") != 0 {
			t.Errorf("got %v", err)
		}
	})
}

// TestRepair: what IBM lets mend a cluster is let through: the upgrade of one whose version
// is not supported any more, and the removal of any.
func TestRepair(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		for _, state := range []string{"unsupported", "warning"} {
			s := iks.New(iks.Options{})
			put(t, s, seed("plain", "ng1"))
			if err := s.Show("plain", iks.Shown{State: state}); err != nil {
				t.Fatal(err)
			}
			info, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.35")
			if err != nil || info.Status != pmks.ClusterUpdating {
				t.Errorf("%s: %s, %v", state, info.Status, err)
			}
		}
	})
}

// TestCreate_role: a creation that lacks the role says which one it may be, and a read
// says what IBM says.
func TestCreate_role(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		for _, op := range []string{"createCluster", "getWorkerPools"} {
			fault := providertest.Answer(403, `{"code":"A0656","description":"The role is missing."}`)
			fault.Op, fault.Times = op, -1
			s.Inject(fault)
		}
		h := newHandler(t, s)
		_, err := h.CreateCluster(t.Context(), bench.SampleRequest("new"))
		_, readErr := h.GetCluster(t.Context(), pmks.IID{NameId: "plain"})
		const hint = "Operator on the IAM Identity Service"
		if pmks.CodeOf(err) != pmks.CodePermissionDenied || !strings.Contains(err.Error(), hint) || pmks.CodeOf(readErr) != pmks.CodePermissionDenied || strings.Contains(readErr.Error(), hint) {
			t.Errorf("got %v and %v", err, readErr)
		}
	})
}
