// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

func TestCase_waitUnseen(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{ReadLag: time.Minute})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("unseen"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
			t.Errorf("%v", err)
		}
		put(t, s, seed("plain", "ng1"))
		g, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, bench.SampleNodeGroup("ng2"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.RemoveNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, g.IId)
		time.Sleep(2 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		now := cGet(t, h, pmks.IID{NameId: "plain"}, g.IId)
		if pmks.CodeOf(err) == pmks.CodeNotFound && now.IId.SystemId != "" {
			t.Errorf("RemoveNodeGroup said %v, and it runs", err)
		}
	})
}

// A removal whose answer is lost while the pools are listed late is neither repeated nor
// told as refused.
func TestCase_lostRemoval(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"removeWorkerPool", "deleteCluster", "resizeWorkerPool", "updateMaster", "replaceWorker", "patchClusterAddons", "setWorkerPoolLabels"} {
		for _, lag := range []time.Duration{0, 10 * time.Second} {
			t.Run(fmt.Sprint(op, lag), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					s := iks.New(iks.Options{ReadLag: lag})
					put(t, s, seed("plain", "ng1", "ng2"))
					if op == "replaceWorker" {
						if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{ActualVersion: "1.34.4_1400"}); err != nil {
							t.Fatal(err)
						}
					}
					s.Inject(core.Fault{Op: op, Kind: core.FaultLoseReply, Times: 1})
					h, c, g := newHandler(t, s), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}
					err := map[string]func() error{
						"removeWorkerPool":    func() error { _, err := h.RemoveNodeGroup(t.Context(), c, g); return err },
						"deleteCluster":       func() error { _, err := h.DeleteCluster(t.Context(), c); return err },
						"resizeWorkerPool":    func() error { _, err := h.ChangeNodeGroupScaling(t.Context(), c, g, 3, 1, 4); return err },
						"setWorkerPoolLabels": func() error { _, err := h.ChangeNodeGroupScaling(t.Context(), c, g, 2, 1, 9); return err },
						"updateMaster":        func() error { _, err := h.UpgradeCluster(t.Context(), c, "1.35"); return err },
						"replaceWorker":       func() error { _, err := h.UpgradeCluster(t.Context(), c, "1.34"); return err },
						"patchClusterAddons":  func() error { _, err := h.SetNodeGroupAutoScaling(t.Context(), c, g, true); return err },
					}[op]()
					if err != nil && (lag == 0 || !asError(t, err).MayHaveHappened) {
						t.Errorf("it happened, after %d: %v (may have happened: %t)", s.Count(op), err, asError(t, err).MayHaveHappened)
					}
					if n := s.Count(op); n > 1 && (op == "replaceWorker" || lag == 0) {
						t.Errorf("sent %d times", n)
					}
				})
			})
		}
	}
}

// No more than 200 requests of IKS in any ten seconds, listings, polls and changes of one
// handler together, and those of 40 callers at once all succeed.
func TestCase_rate(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 40, 2, iks.Options{Latency: 20 * time.Millisecond})
		cfg := configFor(s)
		next := cfg.Transport
		var mu sync.Mutex
		var at []time.Time
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "/global/") {
				mu.Lock()
				at = append(at, time.Now())
				mu.Unlock()
			}
			return next.RoundTrip(r)
		})
		h := newHandlerWith(t, cfg)
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		done := make(chan error)
		for i := range 40 {
			go func() {
				c := pmks.IID{NameId: fmt.Sprintf("c%03d", i)}
				_, err := h.ChangeNodeGroupScaling(t.Context(), c, cGroup, 2, 1, 5)
				if err == nil {
					_, err = h.GetCluster(t.Context(), c)
				}
				done <- err
			}()
		}
		for range 40 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		for i := range at {
			if i >= 200 && at[i].Sub(at[i-200]) < 10*time.Second {
				t.Fatalf("200 requests in %s", at[i].Sub(at[i-200]))
			}
		}
		t.Log(len(at))
	})
}

// Two callers upgrade at once: both want the same worker replaced, and so it is.
func TestCase_upgradeTwice(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := cOld(t, iks.Options{Latency: time.Second}, 3)
		done := make(chan error)
		for range 2 {
			h := newHandler(t, s)
			go func() {
				_, err := h.UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
				done <- err
			}()
		}
		for range 2 {
			if err := <-done; err != nil && pmks.CodeOf(err) != pmks.CodeBusy {
				t.Errorf("%v", err)
			}
		}
		t.Log(s.Count("replaceWorker"))
	})
}

// A cluster whose version is not supported takes no workers until it is upgraded: waiting
// does not help.
func TestCase_unsupportedIsNotBusy(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		if err := s.Show("plain", iks.Shown{State: "unsupported"}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		_, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, bench.SampleNodeGroup("x"))
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("AddNodeGroup: %v", err)
		}
		_, err = h.ChangeNodeGroupScaling(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, 4, 1, 4)
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("ChangeNodeGroupScaling: %v", err)
		}
	})
}

// Two callers switch two pools of a cluster without the add-on on at once, and remove and
// change others: every entry is right at the end.
func TestCase_switchTogether(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Latency: 200 * time.Millisecond})
		put(t, s, seed("plain", "ng1", "ng2", "ng3", "ng4"))
		done := make(chan error)
		c := pmks.IID{NameId: "plain"}
		for _, g := range []string{"ng1", "ng2", "ng3"} {
			h := newHandler(t, s)
			go func() {
				_, err := h.SetNodeGroupAutoScaling(t.Context(), c, pmks.IID{NameId: g}, true)
				done <- err
			}()
		}
		for range 3 {
			if err := <-done; err != nil {
				t.Errorf("%v", err)
			}
		}
		h := newHandler(t, s)
		go func() { _, err := h.RemoveNodeGroup(t.Context(), c, pmks.IID{NameId: "ng1"}); done <- err }()
		go func() {
			_, err := newHandler(t, s).SetNodeGroupAutoScaling(t.Context(), c, pmks.IID{NameId: "ng4"}, true)
			done <- err
		}()
		for range 2 {
			if err := <-done; err != nil {
				t.Errorf("%v", err)
			}
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		for _, g := range []string{"ng2", "ng3", "ng4"} {
			if !cGet(t, h, c, pmks.IID{NameId: g}).OnAutoScaling {
				t.Errorf("%s is off", g)
			}
		}
	})
}

// A removal of a pool whose switch is under way: the entry must not outlive it.
// The certificate of the administrator never goes to another host than the cluster's.
func TestCase_masterElsewhere(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://c2.example.org:1234", "https://user:pw@c2.us-south.containers.cloud.ibm.com:1", "ftp://x", "::"} {
		t.Run(url, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := fleet(t, 1, 1, iks.Options{})
				cfg := configFor(s)
				asked := ""
				inner := cBody(s, "/getCluster", func(body string) string {
					var m map[string]any
					_ = json.Unmarshal([]byte(body), &m)
					m["serviceEndpoints"].(map[string]any)["publicServiceEndpointURL"] = url
					text, _ := json.Marshal(m)
					return string(text)
				})
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/iks-ca-configmap") {
						asked = r.URL.String()
					}
					return inner.RoundTrip(r)
				})
				h := newHandlerWith(t, cfg)
				_, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 4)
				if err == nil || asked != "" {
					t.Errorf("asked %q: %v", asked, err)
				}
				if info, err := h.GetCluster(t.Context(), cCluster); err == nil && strings.Contains(info.AccessInfo.Kubeconfig, url) {
					t.Errorf("a kubeconfig for %s", url)
				}
			})
		})
	}
}

// A pool whose autoscaling could not be taken back gets its entry back also when IAM has
// no token for the removal, or the removal is refused while somebody writes the entries.
func TestCase_putBackRace(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		rival := newHandler(t, s)
		cWarm(t, rival)
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "/removeWorkerPool") {
				return next.RoundTrip(r)
			}
			if _, err := rival.ChangeNodeGroupScaling(t.Context(), cCluster, pmks.IID{NameId: "g1"}, 2, 1, 8); err != nil {
				t.Error(err)
			}
			return providertest.Respond(r, 409, `{"code":"E9999","description":"busy"}`), nil
		})
		_, err := newHandlerWith(t, cfg).RemoveNodeGroup(t.Context(), cCluster, cGroup)
		t.Log(err)
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if g := cGet(t, rival, cCluster, cGroup); !g.OnAutoScaling || g.MaxNodeSize != 4 {
			t.Errorf("got %+v", g)
		}
		if g := cGet(t, rival, cCluster, pmks.IID{NameId: "g1"}); !g.OnAutoScaling || g.MaxNodeSize != 8 {
			t.Errorf("got %+v", g)
		}
	})
}

// A removal whose outcome is open because the service fails keeps the autoscaler's entry
// or says so, and the second call mends it.
func TestCase_removalFails(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 503} {
		inBubble(t, func(t *testing.T) {
			s := fleet(t, 1, 2, iks.Options{})
			h := newHandler(t, s)
			cWarm(t, h)
			fault := providertest.Answer(status, `{"code":"G0002","description":"internal"}`)
			fault.Op, fault.Times = "removeWorkerPool", -1
			restore := s.Inject(fault)
			_, err := h.RemoveNodeGroup(t.Context(), cCluster, cGroup)
			restore()
			time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
			g := cGet(t, h, cCluster, cGroup)
			if err == nil || !g.OnAutoScaling && !strings.Contains(err.Error(), "autoscaler") {
				t.Errorf("%v, autoscaled %t", err, g.OnAutoScaling)
			}
			t.Log(err, g.OnAutoScaling)
		})
	}
}

// Per-zone sizes: 3 zones, every call in totals.
func TestCase_zonesOfNewGroup(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		c := with(seed("plain", "ng1"), iks.AttrAutoscaler, "true")
		c.Groups[0].DesiredNodeSize, c.Groups[0].MinNodeSize, c.Groups[0].MaxNodeSize = 3, 3, 9
		for _, n := range iks.DefaultResources("us-south").Subnets[:3] {
			c.Network.SubnetIIDs = append(c.Network.SubnetIIDs, pmks.IID{SystemId: n.ID})
		}
		put(t, s, c)
		h := newHandler(t, s)
		cl := pmks.IID{NameId: "plain"}
		req := bench.SampleNodeGroup("wide")
		req.DesiredNodeSize, req.MinNodeSize, req.MaxNodeSize = 6, 3, 12
		g, err := h.AddNodeGroup(t.Context(), cl, req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitNodeCount(t.Context(), h, cl, g.IId, 6); err != nil {
			t.Fatal(err)
		}
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), cl, g.IId, true); err != nil {
			t.Fatal(err)
		}
		if err := s.Autoscale("plain", "wide", 4); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitNodeCount(t.Context(), h, cl, g.IId, 12); err != nil {
			t.Error(err)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cl, g.IId, 0, 6, 15); err != nil {
			t.Error(err)
		}
		now := cGet(t, h, cl, g.IId)
		list, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		listed, _ := list[0].NodeGroup(g.IId)
		for _, x := range []pmks.NodeGroupInfo{now, listed} {
			if x.MinNodeSize != 6 || x.MaxNodeSize != 15 || x.DesiredNodeSize != 12 {
				t.Errorf("%+v", x)
			}
		}
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), cl, g.IId, false); err != nil {
			t.Error(err)
		}
		if x := cGet(t, h, cl, g.IId); x.MinNodeSize != 6 || x.MaxNodeSize != 15 || x.DesiredNodeSize != 12 || x.OnAutoScaling {
			t.Errorf("%+v", x)
		}
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), cl, g.IId, true); err != nil {
			t.Error(err)
		}
		if x := cGet(t, h, cl, g.IId); x.MinNodeSize != 6 || x.MaxNodeSize != 15 {
			t.Errorf("%+v", x)
		}
	})
}

// The job takes all workers of an autoscaled pool, and of several, one at a time, and
// ends.
func TestCase_upgradeWhole(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 3, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		most := 0
		cfg := configFor(s)
		cfg.Transport = cBody(s, "/getWorkers", func(body string) string {
			var list []struct {
				PoolID    string `json:"poolID"`
				Lifecycle struct {
					ActualState string `json:"actualState"`
				} `json:"lifecycle"`
				Health struct {
					State string `json:"state"`
				} `json:"health"`
			}
			_ = json.Unmarshal([]byte(body), &list)
			down := map[string]int{}
			for _, w := range list {
				if w.Health.State != "normal" && w.Lifecycle.ActualState != "deleting" && w.Lifecycle.ActualState != "deleted" {
					down[w.PoolID]++
					most = max(most, down[w.PoolID])
				}
			}
			return body
		})
		info, err := pmks.Upgrade(t.Context(), newHandlerWith(t, cfg), cCluster, "1.35")
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range info.NodeGroupList {
			if !strings.HasPrefix(g.Version, "1.35") || len(g.Nodes) != 2 {
				t.Errorf("%+v", g)
			}
		}
		if n := s.Count("replaceWorker"); n != 6 || most > 1 {
			t.Errorf("%d replacements, %d of a pool at once", n, most)
		}
	})
}

// A name that two pools have, one by IBM's word and one by the label of its request, is
// ambiguous.
