// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

var (
	cCluster = pmks.IID{NameId: "c000"}
	cGroup   = pmks.IID{NameId: "g0"}
)

// cGet is a group as GetCluster shows it.
func cGet(t *testing.T, h pmks.ClusterHandler, cluster, group pmks.IID) pmks.NodeGroupInfo {
	t.Helper()
	info, err := h.GetCluster(t.Context(), cluster)
	if err != nil {
		t.Fatal(err)
	}
	g, _ := info.NodeGroup(group)
	return g
}

// cWarm makes the caller's roles known to the cluster, and waits for what it changes.
func cWarm(t *testing.T, h pmks.ClusterHandler) {
	t.Helper()
	if _, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 4); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
}

// cOld is a cluster whose only pool has n workers of an older fix pack.
func cOld(t *testing.T, o iks.Options, n int) *iks.Server {
	t.Helper()
	s := iks.New(o)
	c := seed("plain", "ng1")
	c.Groups[0].DesiredNodeSize = n
	put(t, s, c)
	for i := range n {
		if err := s.ShowWorkers("plain", "ng1", i, iks.WorkerShown{ActualVersion: "1.34.4_1400"}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

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

// After a failure in passing the switch cannot be made any more: what is so already is
// not written, and the old FAILED is believed.
func TestCase_switchAfterFailure(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, with(seed("plain", "ng1"), iks.AttrAutoscaler, "true"))
		h := newHandler(t, s)
		cluster, group := pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}
		s.Inject(core.Fault{Op: "putConfigMap", Kind: core.FaultFailLater, Reason: "the autoscaler was restarted"})
		_, err := h.SetNodeGroupAutoScaling(t.Context(), cluster, group, true)
		t.Logf("first: %v", err)
		for range 3 {
			time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
			_, err = h.SetNodeGroupAutoScaling(t.Context(), cluster, group, true)
		}
		if err != nil {
			t.Errorf("after %d writes: %v", s.Count("putConfigMap"), err)
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

// On right after an off that its caller did not wait for: told as success, and off a
// minute later.
func TestCase_onAfterUnfinishedOff(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := h.SetNodeGroupAutoScaling(ctx, cCluster, cGroup, false)
		t.Logf("off: %v", err)
		ok, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, true)
		if err != nil || !ok {
			t.Fatalf("on: %v", err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if g := cGet(t, h, cCluster, cGroup); !g.OnAutoScaling {
			t.Error("it was told as switched on, and is off")
		}
	})
}

// A removal that its caller gives up after the entry is taken says so, and what follows
// does not take the pool for one without autoscaling.
func TestCase_interruptedRemoval(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		s.Inject(core.Fault{Op: "putConfigMap", Kind: core.FaultHangReply, Times: -1})
		before := s.Count("putConfigMap")
		_, err := h.RemoveNodeGroup(ctx, cCluster, cGroup)
		if s.Count("putConfigMap") == before {
			t.Fatal("nothing was written")
		}
		if err == nil || !strings.Contains(err.Error(), "autoscaler") {
			t.Errorf("the entry is gone, and the error does not say so: %v", err)
		}
	})
}

// Off of a pool without an entry that IBM shows as autoscaled still: told as done.
func TestCase_offWithoutEntry(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		s.Inject(core.Fault{Op: "removeWorkerPool", Kind: core.FaultHang, Times: 1})
		_, err := h.RemoveNodeGroup(ctx, cCluster, cGroup)
		t.Logf("removal: %v", err)
		ok, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, false)
		if g := cGet(t, h, cCluster, cGroup); ok && g.OnAutoScaling {
			t.Errorf("off is told as done (%v), and it is on", err)
		}
	})
}

// A pool that somebody else removes meanwhile: its entry is put back, and the next pool
// of that name is autoscaled at once.
func TestCase_entryOfNobody(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		rival := newHandler(t, s)
		cfg := configFor(s)
		next := cfg.Transport
		done := false
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/removeWorkerPool") && !done {
				done = true
				if _, err := rival.RemoveNodeGroup(r.Context(), cCluster, cGroup); err != nil {
					t.Error(err)
				}
			}
			return next.RoundTrip(r)
		})
		h := newHandlerWith(t, cfg)
		cWarm(t, rival)
		ok, err := h.RemoveNodeGroup(t.Context(), cCluster, cGroup)
		t.Logf("removal: %t %v", ok, err)
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.AddNodeGroup(t.Context(), cCluster, bench.SampleNodeGroup("g0")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, pmks.IID{NameId: "g1"}, 2, 1, 2); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if cGet(t, h, cCluster, cGroup).OnAutoScaling {
			t.Error("a new pool is autoscaled by the entry of the one before")
		}
	})
}

// The state of a node group of a cluster in another region is refused the first time, and
// told from then on.
func TestCase_foreignState(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Assumptions: iks.Assumptions{NamesPerRegion: true}})
		put(t, s, seed("mine", "ng1"), with(seed("far", "ng1"), iks.AttrRegion, "eu-de"))
		h := newHandler(t, s)
		far := pmks.IID{SystemId: rawIDs(t, s)["far"]}
		for range 2 {
			if state, err := h.ReadState(t.Context(), far, pmks.IID{NameId: "ng1"}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("got %+v, %v", state, err)
			}
			if op, err := h.LastOperation(t.Context(), far, pmks.IID{NameId: "ng1"}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("got %+v, %v", op, err)
			}
		}
	})
}

// A node group whose answer is lost and that shows late is called somebody else's.
func TestCase_lateGroup(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{ReadLag: 10 * time.Second})
		put(t, s, seed("plain", "ng1"))
		s.Inject(core.Fault{Op: "createWorkerPool", Kind: core.FaultLoseReply, Times: 1})
		g, err := newHandler(t, s).AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, bench.SampleNodeGroup("late"))
		if err != nil && !asError(t, err).MayHaveHappened {
			t.Errorf("it was made by this very request, after %d: %s %v", s.Count("createWorkerPool"), g.IId, err)
		}
	})
}

// What IAM answers to the steps towards a cluster's token may quote what they carry.
func TestCase_quotedTokens(t *testing.T) {
	t.Parallel()
	for _, grant := range []string{"refresh_token", "urn:ibm:params:oauth:grant-type:delegated-refresh-token"} {
		inBubble(t, func(t *testing.T) {
			s := fleet(t, 1, 1, iks.Options{})
			cfg := configFor(s)
			next := cfg.Transport
			var secret string
			cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, "/identity/token") {
					return next.RoundTrip(r)
				}
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				form, err := url.ParseQuery(string(body))
				if err != nil {
					return nil, err
				}
				if form.Get("grant_type") == grant {
					secret = form.Get("refresh_token")
					return providertest.Respond(r, 400, `{"errorCode":"BXNIM0408E","errorMessage":"Provided refresh_token `+secret+` is expired"}`), nil
				}
				r.Body = io.NopCloser(strings.NewReader(string(body)))
				return next.RoundTrip(r)
			})
			_, err := newHandlerWith(t, cfg).GenerateClusterToken(t.Context(), cCluster)
			if err == nil || secret == "" || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", grant, err)
			}
		})
	}
}

// A cluster's token that is refused is not replaced, as those for the services are.
func TestCase_revokedClusterToken(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 4); err != nil {
			t.Fatal(err)
		}
		s.RevokeTokens()
		time.Sleep(15 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 5); err != nil {
			t.Errorf("got %v", err)
		}
	})
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

// Bounds that do not divide are replaced in silence when a pool is switched on.
func TestCase_silentBounds(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		c := with(seed("plain", "ng1"), iks.AttrAutoscaler, "true")
		c.Groups[0].DesiredNodeSize, c.Groups[0].MinNodeSize, c.Groups[0].MaxNodeSize = 3, 1, 10
		r := iks.DefaultResources("us-south")
		for _, n := range r.Subnets[:3] {
			c.Network.SubnetIIDs = append(c.Network.SubnetIIDs, pmks.IID{SystemId: n.ID})
		}
		put(t, s, c)
		h := newHandler(t, s)
		cluster, group := pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}
		ok, err := h.SetNodeGroupAutoScaling(t.Context(), cluster, group, true)
		if g := cGet(t, h, cluster, group); ok && (g.MinNodeSize != 1 || g.MaxNodeSize != 10) {
			t.Errorf("asked for 1 to 10, got %d to %d, told as success: %v", g.MinNodeSize, g.MaxNodeSize, err)
		}
	})
}

// A ConfigMap without its version is written over whatever others wrote.
