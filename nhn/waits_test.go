// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"encoding/json"
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
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/nhn"
)

// TestWaits: the list of the clusters, whose pages hold a thousand, and that of the groups
// of a cluster answer all waits, every five seconds at most.
func TestWaits(t *testing.T) {
	t.Parallel()
	bench.Waits(t, []providertest.Waits{
		{Name: "clusters", Clusters: 1000, EachMinute: 2 * 12},
		{Name: "groups", Groups: 100, EachMinute: 12},
	})
}

// TestWaits_badLists: where a list leaves some out, is denied or fails, each wait looks for
// itself, and none of them ends before its time.
func TestWaits_badLists(t *testing.T) {
	t.Parallel()
	const waits = 8 // each looks for itself, at five requests a second
	omit := func(r *http.Request, resp *http.Response, list string) *http.Response {
		var v map[string][]map[string]any
		_ = json.NewDecoder(resp.Body).Decode(&v)
		v[list] = slices.DeleteFunc(v[list], func(item map[string]any) bool {
			name, _ := item["name"].(string)
			return strings.HasSuffix(name, "1") || strings.HasSuffix(name, "7")
		})
		out, _ := json.Marshal(v)
		return providertest.Respond(r, http.StatusOK, string(out))
	}
	for _, test := range []struct {
		name   string
		status int // 0: some are left out
	}{{"left-out", 0}, {"denied", http.StatusForbidden}, {"failing", http.StatusInternalServerError}, {"throttled", http.StatusTooManyRequests}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := nks.New(nks.Options{Latency: providertest.Latency, Quota: noQuota})
				grouped := core.Seed{Name: "grouped", Version: bench.Version}
				for i := range waits {
					g := bench.SampleNodeGroup(fmt.Sprintf("g%d", i))
					g.Status = pmks.NodeGroupCreating
					grouped.Groups = append(grouped.Groups, g)
					if err := s.Put(core.Seed{Name: fmt.Sprintf("c%d", i), Version: bench.Version, State: profile.Creating}); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.Put(grouped); err != nil {
					t.Fatal(err)
				}
				ids, err := newHandler(t, s).ListCluster(t.Context())
				if err != nil || len(ids) != waits+1 {
					t.Fatalf("%d clusters, %v", len(ids), err)
				}
				var healed atomic.Bool // GetCluster, which ends a wait, lists the groups too
				cfg := configFor(s)
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					list := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
					if r.Method != http.MethodGet || healed.Load() || list != "clusters" && list != "nodegroups" {
						return s.Transport().RoundTrip(r)
					}
					if test.status != 0 {
						return providertest.Respond(r, test.status, `{"errors":[{"code":"no","status":0,"title":"","detail":"no","links":[]}]}`), nil
					}
					resp, err := s.Transport().RoundTrip(r)
					if err != nil {
						return nil, err
					}
					return omit(r, resp, list), nil
				})
				h := providertest.New(t, nhn.New, cfg)
				var all sync.WaitGroup
				var ended atomic.Int64
				wait := func(f func() error) {
					all.Go(func() {
						err := f()
						if ended.Add(1); err != nil {
							t.Errorf("a wait ended: %v", err)
						}
					})
				}
				for _, info := range ids {
					if info.IId.NameId != "grouped" {
						wait(func() error { _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); return err })
						continue
					}
					for _, g := range info.NodeGroupList {
						wait(func() error {
							_, err := pmks.WaitNodeGroupActive(t.Context(), h, info.IId, g.IId)
							return err
						})
					}
				}
				time.Sleep(5 * time.Minute) //nolint:forbidigo // inside a synctest bubble
				if n := ended.Load(); n > 0 {
					t.Errorf("%d waits ended while nothing was ready", n)
				}
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
// tells: of what runs, has failed or is gone, and of names that two have. Of a group in
// transition they do not tell the version and the number of its nodes.
func TestHandler_ReadState_shared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Latency: providertest.Latency, Quota: noQuota})
		well := core.Seed{Name: "well", Version: bench.Version}
		for _, name := range []string{"still", "moving", "broken", "going", "gone"} {
			well.Groups = append(well.Groups, bench.SampleNodeGroup(name))
		}
		for _, seed := range []core.Seed{well, {Name: "new", State: profile.Creating}, {Name: "failed"}, {Name: "gone"}, {Name: "twice"}, {Name: "twice"}} {
			seed.Version = bench.Version
			if err := s.Put(seed); err != nil {
				t.Fatal(err)
			}
		}
		ids := map[string]string{}
		list, err := newHandler(t, s).ListIID(t.Context())
		for _, iid := range list {
			ids[iid.NameId] = iid.SystemId
		}
		if err = errors.Join(err, s.Force("failed", "", profile.CreateFailed, "none left"), s.Force("gone", "", profile.Gone, ""),
			s.Force("well", "moving", profile.Updating, ""), s.Force("well", "broken", profile.UpdateFailed, "none left"),
			s.Force("well", "going", profile.Deleting, ""), s.Force("well", "gone", profile.Gone, "")); err != nil {
			t.Fatal(err)
		}
		var targets [][2]pmks.IID
		for _, name := range []string{"well", "new", "failed", "gone", "twice", "never"} {
			targets = append(targets, [2]pmks.IID{{NameId: name}, {}})
			if id := ids[name]; id != "" {
				targets = append(targets, [2]pmks.IID{{SystemId: id}, {}})
			}
		}
		for _, name := range []string{"still", "moving", "broken", "going", "gone", "never"} {
			targets = append(targets, [2]pmks.IID{{SystemId: ids["well"]}, {NameId: name}})
		}
		type result struct {
			state pmks.State
			code  pmks.Code
		}
		readers := func(ctx context.Context, h *nhn.Handler, n int) [][]result {
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
			want := alone[i][0]
			less := want
			less.state.Version, less.state.NodeCount = "", -1
			moving := want.state.Status == pmks.ClusterUpdating || want.state.Status == pmks.ClusterDeleting
			for _, got := range results {
				if got != want && (targets[i][1].IsZero() || !moving || got != less) {
					t.Errorf("%s is %+v, and alone %+v", targets[i], got, want)
				}
			}
		}
		// Three are not many yet. A list answers the rest but for what it does not tell, of
		// which all who look at the same share a look, and one more where it is gone.
		if n := s.Count(""); n > 2*3+3+3*len(targets) {
			t.Errorf("%d looks at %d targets made %d requests: %v", each*len(targets), len(targets), n, s.Counts())
		}
		t.Logf("%d looks: %v", each*len(targets), s.Counts())
	})
}
