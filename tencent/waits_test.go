// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// TestWaits: a call looks at a hundred clusters, or at all pools of one: a thousand waits
// whose schedules have come to half a minute cost about twenty calls a minute, and the
// shortest time from one look of all of them to the next, which is five seconds, bounds
// what a hundred waits for pools cost.
func TestWaits(t *testing.T) {
	t.Parallel()
	bench.Waits(t, []providertest.Waits{
		{Name: "clusters", Clusters: 1000, EachMinute: 40},
		{Name: "groups", Groups: 100, EachMinute: 12},
	})
}

// ofMany reports whether a request is one that looks at several clusters, or pools.
func ofMany(r *http.Request) bool {
	body := bodyOf(r)
	switch actionOf(r) {
	case "DescribeClusters":
		return strings.Contains(body, `","cls-`) || !strings.Contains(body, "ClusterIds") && !strings.Contains(body, "Filters")
	case "DescribeClusterNodePools":
		return !strings.Contains(body, "Filters")
	}
	return false
}

// TestWaits_badLists: where the shared look leaves some out, is denied or fails, each wait
// looks for itself, and none of them ends before its time.
func TestWaits_badLists(t *testing.T) {
	t.Parallel()
	omit := func(list, key string) func(*tke.Server, *atomic.Bool) http.RoundTripper {
		return func(s *tke.Server, healed *atomic.Bool) http.RoundTripper {
			action := map[string]string{"Clusters": "DescribeClusters", "NodePoolSet": "DescribeClusterNodePools"}[list]
			return rewritten(s, action, func(_ int, answer map[string]any, _ string) {
				items, _ := answer[list].([]any)
				if len(items) > 1 && !healed.Load() {
					answer[list] = slices.DeleteFunc(items, func(item any) bool {
						name, _ := item.(map[string]any)[key].(string)
						return strings.HasSuffix(name, "1") || strings.HasSuffix(name, "7")
					})
				}
			})
		}
	}
	refuse := func(status int, code string) func(*tke.Server, *atomic.Bool) http.RoundTripper {
		return func(s *tke.Server, healed *atomic.Bool) http.RoundTripper {
			return providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if !healed.Load() && ofMany(r) {
					return refusalOf(r, status, code, "no"), nil
				}
				return s.Transport().RoundTrip(r)
			})
		}
	}
	for _, test := range []struct {
		name           string
		through        func(*tke.Server, *atomic.Bool) http.RoundTripper
		clusters, pool bool
	}{
		{"clusters-left-out", omit("Clusters", "ClusterName"), true, false},
		{"pools-left-out", omit("NodePoolSet", "Name"), false, true},
		{"denied", refuse(http.StatusOK, "UnauthorizedOperation.CamNoAuth"), true, true},
		{"403", refuse(http.StatusForbidden, ""), true, true},
		{"failing", refuse(http.StatusOK, "InternalError.UnexpectedInternal"), true, true},
		{"throttled", refuse(http.StatusOK, "RequestLimitExceeded"), true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const waits = 10
				var healed atomic.Bool // GetCluster, which ends a wait, lists the pools too
				s := tke.New(tke.Options{Latency: providertest.Latency})
				grouped := core.Seed{Name: "grouped"}
				for i := range waits {
					putCluster(t, s, core.Seed{Name: fmt.Sprintf("c%d", i), State: profile.Creating})
					g := bench.SampleNodeGroup(fmt.Sprintf("g%d", i))
					g.Status = pmks.NodeGroupCreating
					grouped.Groups = append(grouped.Groups, g)
				}
				putCluster(t, s, grouped)
				h := newHandlerOn(t, test.through(s, &healed))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var all sync.WaitGroup
				var mu sync.Mutex
				ended := 0
				wait := func(f func() error) {
					all.Go(func() {
						err := f()
						mu.Lock()
						defer mu.Unlock()
						if ended++; err != nil {
							t.Errorf("a wait ended: %v", err)
						}
					})
				}
				for i := range waits {
					if test.clusters {
						wait(func() error {
							_, err := pmks.WaitClusterActive(ctx, h, pmks.IID{NameId: fmt.Sprintf("c%d", i)})
							return err
						})
					}
					if test.pool {
						wait(func() error {
							_, err := pmks.WaitNodeGroupActive(ctx, h, pmks.IID{NameId: "grouped"}, pmks.IID{NameId: fmt.Sprintf("g%d", i)})
							return err
						})
					}
				}
				pass(5 * time.Minute)
				mu.Lock()
				if ended > 0 {
					t.Errorf("%d waits ended while nothing was ready", ended)
				}
				mu.Unlock()
				healed.Store(true)
				for i := range waits {
					if err := errors.Join(s.Force(fmt.Sprintf("c%d", i), "", profile.Active, ""), s.Force("grouped", fmt.Sprintf("g%d", i), profile.Active, "")); err != nil {
						t.Fatal(err)
					}
				}
				all.Wait()
			})
		})
	}
}

// TestHandler_ReadState_shared: looks that are answered together tell what a look alone
// tells: of what runs, scales, has failed with and without a reason, of what is gone or of
// another kind, and of names that two have.
func TestHandler_ReadState_shared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{Latency: providertest.Latency})
		var groups []pmks.NodeGroupInfo
		for _, name := range []string{"well", "fewer", "broken", "going"} {
			groups = append(groups, bench.SampleNodeGroup(name))
		}
		for _, seed := range []core.Seed{{Name: "well", Groups: groups}, {Name: "new", State: profile.Creating}, {Name: "failed"}, {Name: "bad"}, {Name: "gone"}, {Name: "twice"}, {Name: "twice"},
			{Name: "other", Attr: map[string]string{tke.AttrType: "INDEPENDENT_CLUSTER"}}} {
			putCluster(t, s, seed)
		}
		ids := map[string]string{}
		list, err := newHandlerOn(t, rewritten(s, "DescribeClusters", func(_ int, answer map[string]any, _ string) {
			for _, item := range answer["Clusters"].([]any) {
				item.(map[string]any)["ClusterType"] = "MANAGED_CLUSTER"
			}
		})).ListIID(t.Context())
		for _, iid := range list {
			ids[iid.NameId] = iid.SystemId
		}
		if err = errors.Join(err, s.Force("failed", "", profile.CreateFailed, "ResourceInsufficient: none left"), s.Force("bad", "", profile.Degraded, ""),
			s.Force("gone", "", profile.Gone, ""), s.Force("well", "fewer", profile.Degraded, ""), s.Force("well", "broken", profile.CreateFailed, "ResourcesSoldOut: none left"),
			s.Force("well", "going", profile.Gone, "")); err != nil {
			t.Fatal(err)
		}
		var targets [][2]pmks.IID
		for _, name := range []string{"well", "new", "failed", "bad", "gone", "twice", "other", "never"} {
			targets = append(targets, [2]pmks.IID{{NameId: name}, {}})
			if id := ids[name]; id != "" {
				targets = append(targets, [2]pmks.IID{{SystemId: id}, {}})
			}
		}
		for _, name := range []string{"well", "fewer", "broken", "going", "never"} {
			targets = append(targets, [2]pmks.IID{{SystemId: ids["well"]}, {NameId: name}})
		}
		type result struct {
			state pmks.State
			code  pmks.Code
		}
		readers := func(ctx context.Context, h *tencent.Handler, n int) [][]result {
			results := make([][]result, len(targets))
			var all sync.WaitGroup
			for i, target := range targets {
				results[i] = make([]result, n)
				for k := range n {
					all.Go(func() {
						wait := poll.Loop{BackOff: backoff.NewConstantBackOff(15 * time.Second)}
						_ = wait.Run(ctx, func(ctx context.Context) (bool, error) {
							state, err := h.ReadState(ctx, target[0], target[1])
							results[i][k] = result{state, pmks.CodeOf(err)}
							return true, nil
						})
					})
				}
			}
			all.Wait()
			return results
		}
		alone := readers(t.Context(), newHandler(t, s), 1)
		s.Reset()
		const each = 20
		for i, results := range readers(poll.Waiting(t.Context()), newHandler(t, s), each) {
			for _, got := range results {
				if got != alone[i][0] {
					t.Errorf("%s is %+v, and alone %+v", targets[i], got, alone[i][0])
				}
			}
		}
		// Three are not many yet. A list answers the rest but for what it does not tell, of
		// which all who look at the same share a look.
		if n := s.Count(""); n > 2*3+2+2*len(targets) {
			t.Errorf("%d looks at %d targets made %d requests: %v", each*len(targets), len(targets), n, s.Counts())
		}
		t.Logf("%d looks: %v", each*len(targets), s.Counts())
	})
}
