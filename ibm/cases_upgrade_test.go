// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// An upgrade goes on although no replacement comes: worker after worker of a pool that
// worked is given up.
func TestCase_upgradeOverFailures(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := cOld(t, iks.Options{}, 4)
		s.Inject(core.Fault{Op: "replaceWorker", Kind: core.FaultFailLater, Times: -1, Reason: "the quota of vCPU is used up"})
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		h := newHandler(t, s)
		for range 20 {
			_, err := h.UpgradeCluster(ctx, pmks.IID{NameId: "plain"}, "1.34")
			t.Logf("after %d: %v", s.Count("replaceWorker"), err)
			time.Sleep(30 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		}
		if n := s.Count("replaceWorker"); n > 1 {
			t.Errorf("%d workers were given up, and none came for the first", n)
		}
		t.Logf("%+v", cGet(t, h, pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}))
	})
}

// The same through the job.
func TestCase_upgradeJobOverFailures(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := cOld(t, iks.Options{}, 4)
		s.Inject(core.Fault{Op: "replaceWorker", Kind: core.FaultFailLater, Times: -1, Reason: "the quota of vCPU is used up"})
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		_, err := pmks.Upgrade(ctx, newHandler(t, s), pmks.IID{NameId: "plain"}, "1.34")
		if n := s.Count("replaceWorker"); n > 1 {
			t.Errorf("%d workers were given up, and none came for the first: %v", n, err)
		}
	})
}

// A pool that lacks a worker (its old one is gone, the new one not listed yet) loses
// another one.
func TestCase_upgradeWhileOneIsMissing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := cOld(t, iks.Options{}, 3)
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err != nil || !strings.HasSuffix(r.URL.Path, "/getWorkers") {
				return resp, err
			}
			var list []json.RawMessage
			if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
				return nil, err
			}
			_ = resp.Body.Close()
			text, err := json.Marshal(list[1:])
			return providertest.Respond(r, 200, string(text)), err
		})
		info, err := newHandlerWith(t, cfg).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
		if n := s.Count("replaceWorker"); n > 0 {
			t.Errorf("a worker of a pool that lacks one was replaced: %s %v", info.Status, err)
		}
	})
}

// FAILED of bounds of long ago condemns a switch with others.
func TestCase_staleFailure(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		inBubble(t, func(t *testing.T) {
			s := fleet(t, 1, 1, iks.Options{})
			h := newHandler(t, s)
			if on {
				if _, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, false); err != nil {
					t.Fatal(err)
				}
				s.Inject(core.Fault{Op: "putConfigMap", Kind: core.FaultFailLater, Reason: "broken"})
				_, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, true)
				t.Logf("first: %v", err)
				_, err = h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 4)
				t.Logf("change: %v", err)
			} else {
				s.Inject(core.Fault{Op: "putConfigMap", Kind: core.FaultFailLater, Reason: "broken"})
				_, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 4)
				t.Logf("first: %v", err)
			}
			time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
			if _, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, on); err != nil {
				time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
				t.Errorf("on %t: %v; ten minutes later it is %t", on, err, cGet(t, h, cCluster, cGroup).OnAutoScaling)
			}
		})
	}
}

// A pool with one worker that failed and one that is not heard of for a while is no lost
// pool.
func TestCase_finalWithSick(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{ActualState: "provision_failed"}); err != nil {
			t.Fatal(err)
		}
		if err := s.ShowWorkers("plain", "ng1", 1, iks.WorkerShown{Health: "unknown"}); err != nil {
			t.Fatal(err)
		}
		if g := cGet(t, newHandler(t, s), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}); g.StatusFinal {
			t.Errorf("final: %s", g.StatusReason)
		}
	})
}

// Workers are listed late: the next step must not name one that was replaced.
func TestCase_upgradeLag(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := cOld(t, iks.Options{ReadLag: 30 * time.Second}, 3)
		h := newHandler(t, s)
		for range 4 {
			_, err := h.UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
			if err != nil {
				t.Error(err)
			}
			time.Sleep(5 * time.Second) //nolint:forbidigo // inside a synctest bubble
		}
		if n := s.Count("replaceWorker"); n > 1 {
			t.Errorf("%d replacements", n)
		}
	})
}

// A worker is replaced while the master is not well.
func TestCase_upgradeWhileSick(t *testing.T) {
	t.Parallel()
	for _, shown := range []iks.WorkerShown{{Health: "critical", ActualVersion: "1.34.4_1400"}} {
		inBubble(t, func(t *testing.T) {
			s := cOld(t, iks.Options{}, 3)
			if err := s.ShowWorkers("plain", "ng1", 2, shown); err != nil {
				t.Fatal(err)
			}
			if _, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34"); err != nil {
				t.Log(err)
			}
			t.Logf("%d", s.Count("replaceWorker"))
		})
	}
}

// The worker that is not well goes first: of three that lag, two stay well.
func TestCase_upgradeSickFirst(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := cOld(t, iks.Options{}, 3)
		if err := s.ShowWorkers("plain", "ng1", 2, iks.WorkerShown{Health: "critical", ActualVersion: "1.34.4_1400"}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		before := cGet(t, h, pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"})
		var replaced string
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/replaceWorker") {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				replaced = string(body)
				r.Body = io.NopCloser(strings.NewReader(replaced))
			}
			return next.RoundTrip(r)
		})
		if _, err := newHandlerWith(t, cfg).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34"); err != nil {
			t.Fatal(err)
		}
		if sick := before.Nodes[2].SystemId; !strings.Contains(replaced, sick) {
			t.Errorf("%s is sick, and the request is %s: two of three are down", sick, replaced)
		}
	})
}

// A worker of the new version that is not well stops the next one.
func TestCase_upgradeAfterSick(t *testing.T) {
	t.Parallel()
	for _, health := range []string{"critical", "unknown", "warning"} {
		t.Run(health, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := cOld(t, iks.Options{}, 3)
				if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{Health: health}); err != nil {
					t.Fatal(err)
				}
				info, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
				if n := s.Count("replaceWorker"); n > 0 {
					t.Errorf("%s: the new worker is not well, and another is replaced: %s %v", health, info.Status, err)
				}
			})
		})
	}
}

// An upgrade whose workers are listed as none is not done.
func TestCase_upgradeNoWorkers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := cOld(t, iks.Options{}, 3)
		cfg := configFor(s)
		cfg.Transport = cBody(s, "/getWorkers", func(string) string { return "[]" })
		info, err := newHandlerWith(t, cfg).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
		if err == nil && info.Status == pmks.ClusterActive {
			t.Errorf("told as done: %+v", info.NodeGroupList)
		}
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

// An update of the master that fails ends the job with IBM's words, and is sent once.
func TestCase_masterFails(t *testing.T) {
	t.Parallel()
	for _, a := range []iks.Assumptions{{}, {FailedUpdateForgotten: true}, {UpdatingState: true}} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{Assumptions: a})
			put(t, s, seed("plain", "ng1"))
			s.Inject(core.Fault{Op: "updateMaster", Kind: core.FaultFailLater, Reason: "a webhook refuses", Times: -1})
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			defer cancel()
			_, err := pmks.Upgrade(ctx, newHandler(t, s), pmks.IID{NameId: "plain"}, "1.35")
			if err == nil || ctx.Err() != nil || s.Count("updateMaster") != 1 || s.Count("replaceWorker") > 0 {
				t.Errorf("%+v: after %d: %v", a, s.Count("updateMaster"), err)
			}
		})
	}
}

// A worker that failed and tells no version holds an upgrade up, or is told; it is not
// passed over.
func TestCase_upgradeFailedWorker(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{ActualState: "provision_failed", ActualVersion: "-", Health: "critical"}); err != nil {
			t.Fatal(err)
		}
		if err := s.ShowWorkers("plain", "ng1", 1, iks.WorkerShown{ActualVersion: "1.34.4_1400"}); err != nil {
			t.Fatal(err)
		}
		info, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
		if s.Count("replaceWorker") > 0 {
			t.Errorf("the only worker that works is replaced: %s %v", info.Status, err)
		}
	})
}
