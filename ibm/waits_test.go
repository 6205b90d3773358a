// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestWaits: waits that look at the same list look at it together, every five seconds. IKS
// lists all clusters in one answer, and takes 200 requests in ten seconds from an address.
func TestWaits(t *testing.T) {
	t.Parallel()
	const rounds = 12
	const alone = 2 // looks that come when no others do
	bench.Waits(t, []providertest.Waits{
		{Name: "hundred-clusters", Clusters: 100, EachMinute: rounds + alone},
		{Name: "thousand-clusters", Clusters: 1000, EachMinute: rounds + alone},
		{Name: "hundred-groups", Groups: 100, EachMinute: 2 * (rounds + alone)}, // the pools, and their workers
	})
}

// TestWaits_badList: a list that leaves out, is ahead or behind, is denied or broken ends
// no wait: each target is looked at by itself then, and what that says counts.
func TestWaits_badList(t *testing.T) {
	t.Parallel()
	state := regexp.MustCompile(`"state":"(requested|deploying|pending)"`)
	saying := func(with string) func(string) string {
		return func(said string) string { return state.ReplaceAllString(said, with) }
	}
	is := func(body string) func(string) string { return func(string) string { return body } }
	for _, test := range []struct {
		name   string
		groups bool // it is the list of workers of a cluster, not that of clusters
		status int
		body   func(said string) string
		once   bool // it is not asked again within ten minutes
	}{
		{name: "empty", body: is("[]")},
		{name: "at-rest-already", body: saying(`"state":"normal"`)},
		{name: "failed", body: saying(`"state":"deploy_failed"`)},
		{name: "gone", body: saying(`"state":"deleted"`)},
		{name: "word-that-nobody-knows", body: saying(`"state":"pondering"`)},
		{name: "of-another-region", body: func(said string) string { return strings.ReplaceAll(said, `"region":"us-south"`, `"region":"eu-de"`) }},
		{name: "nameless", body: func(said string) string {
			return regexp.MustCompile(`"id":"[^"]*"`).ReplaceAllString(said, `"id":""`)
		}},
		{name: "denied", status: 403, body: is(`{"code":"A0656","description":"no","incidentID":"1"}`), once: true},
		{name: "down", status: 503, body: is(`{"code":"A0002","description":"later","incidentID":"1"}`)},
		{name: "page-of-a-proxy", body: is("<html>hello</html>")},
		{name: "denied-workers", groups: true, status: 403, body: is(`{"code":"A0656","description":"no","incidentID":"1"}`), once: true},
		{name: "workers-down", groups: true, status: 503, body: is(`{"code":"A0002","description":"later","incidentID":"1"}`)},
		{name: "workers-of-a-proxy", groups: true, body: is("<html>hello</html>")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const n = 8
				s := iks.New(iks.Options{})
				var mu sync.Mutex
				lists, lying, ended := 0, false, 0
				cfg := configFor(s)
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := s.Transport().RoundTrip(r)
					mu.Lock()
					defer mu.Unlock()
					is := strings.HasSuffix(r.URL.Path, "/getClusters")
					if test.groups {
						is = strings.HasSuffix(r.URL.Path, "/getWorkers") && !r.URL.Query().Has("pool")
					}
					if err != nil || !lying || !is {
						return resp, err
					}
					lists++
					body, err := io.ReadAll(resp.Body)
					return providertest.Respond(r, cmp.Or(test.status, 200), test.body(string(body))), errors.Join(err, resp.Body.Close())
				})
				h := newHandlerWith(t, cfg)
				targets := putCreating(t, s, h, n, test.groups)
				lying = true
				s.Reset()
				var waits sync.WaitGroup
				for _, target := range targets {
					waits.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
						defer cancel()
						var err error
						if target[1].IsZero() {
							_, err = pmks.WaitClusterActive(ctx, h, target[0])
						} else {
							_, err = pmks.WaitNodeGroupActive(ctx, h, target[0], target[1])
						}
						mu.Lock()
						defer mu.Unlock()
						if ended++; err != nil {
							t.Errorf("%s: %v", target, err)
						}
					})
				}
				time.Sleep(5 * time.Minute) //nolint:forbidigo // inside a synctest bubble
				mu.Lock()
				if ended > 0 || lists == 0 || test.once && lists != 1 {
					t.Errorf("%d waits have ended, %d lists were read", ended, lists)
				}
				lying = false // a wait reads the whole cluster at its end
				mu.Unlock()
				if single := s.Count("getCluster") + s.Count("getWorkers"); single < 5*n {
					t.Errorf("%d looks at single targets in five minutes", single)
				}
				for _, target := range targets {
					if err := s.Force(target[0].NameId, target[1].NameId, profile.Active, ""); err != nil {
						t.Error(err)
					}
				}
				waits.Wait()
			})
		})
	}
}

// TestWaits_hiddenFailure: a list shows nothing of a master, so that one that fails while
// the cluster is shown being made is found by a look at the cluster itself, now and then.
func TestWaits_hiddenFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 8
		s := iks.New(iks.Options{})
		var mu sync.Mutex
		failed := false
		cfg := configFor(s)
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := s.Transport().RoundTrip(r)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || !failed || !strings.HasSuffix(r.URL.Path, "/getCluster") {
				return resp, err
			}
			body, err := io.ReadAll(resp.Body)
			said := strings.ReplaceAll(string(body), `"masterState":"deploying"`, `"masterState":"deploy_failed"`)
			return providertest.Respond(r, http.StatusOK, said), errors.Join(err, resp.Body.Close())
		})
		h := newHandlerWith(t, cfg)
		targets := putCreating(t, s, h, n, false)
		start := time.Now()
		var waits sync.WaitGroup
		for _, target := range targets {
			waits.Go(func() {
				if _, err := pmks.WaitClusterActive(t.Context(), h, target[0]); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
					t.Errorf("%s: %v", target, err)
				}
			})
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		mu.Lock()
		failed = true
		mu.Unlock()
		waits.Wait()
		if took := time.Since(start); took > 12*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// putCreating puts n clusters, or node groups of one, into an account that are being made.
func putCreating(t *testing.T, s *iks.Server, h pmks.ClusterHandler, n int, groups bool) (targets [][2]pmks.IID) {
	t.Helper()
	put := core.Seed{Name: "grouped"}
	for i := range n {
		name := fmt.Sprintf("x%02d", i)
		g := bench.SampleNodeGroup(name)
		g.Status = pmks.NodeGroupCreating
		put.Groups = append(put.Groups, g)
		if !groups {
			if err := s.Put(core.Seed{Name: name, State: profile.Creating, Groups: []pmks.NodeGroupInfo{g}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if groups {
		if err := s.Put(put); err != nil {
			t.Fatal(err)
		}
	}
	list, err := h.ListCluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if !groups {
			targets = append(targets, [2]pmks.IID{c.IId})
			continue
		}
		for _, g := range c.NodeGroupList {
			targets = append(targets, [2]pmks.IID{c.IId, g.IId})
		}
	}
	if len(targets) != n {
		t.Fatalf("%d targets", len(targets))
	}
	return targets
}
