// SPDX-License-Identifier: Apache-2.0

package alibaba_test

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
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// large is the bench with an account that may hold as many clusters as one likes.
func large() providertest.Bench[*ack.Server] {
	b := bench
	b.Simulate = func(o providertest.Options) *ack.Server {
		resources := ack.DefaultResources(region)
		resources.Quota = ack.Quota{}
		return ack.New(ack.Options{Latency: o.Latency, Scale: o.Scale, Unlimited: o.Unlimited, Resources: &resources})
	}
	return b
}

// TestWaits: waits that look at the same list look at it together, every five seconds.
func TestWaits(t *testing.T) {
	t.Parallel()
	const rounds = 12
	const alone = 2 // looks that come when no others do
	// A page holds a hundred: a thousand clusters were measured at 119 requests a minute,
	// which takes the race detector minutes.
	const many = 300
	large().Waits(t, []providertest.Waits{
		{Name: "hundred-clusters", Clusters: 100, EachMinute: rounds + alone},
		{Name: "many-clusters", Clusters: many, EachMinute: rounds*many/100 + alone},
		{Name: "hundred-groups", Groups: 100, EachMinute: rounds + alone},
	})
}

// TestWaits_badList: a list that leaves out, is ahead or behind, is denied or broken ends
// no wait: each target is looked at by itself then, and what that says counts.
func TestWaits_badList(t *testing.T) {
	t.Parallel()
	const n = 8
	cluster, pool := regexp.MustCompile(`^/regions/[^/]+/clusters$`), regexp.MustCompile(`^/clusters/[^/]+/nodepools$`)
	for _, test := range []struct {
		name   string
		status int
		body   func(said string) string
		once   bool // it is not asked again within ten minutes
	}{
		{name: "empty", body: func(string) string {
			return `{"clusters":[],"page_info":{"page_number":1,"page_size":100,"total_count":0},"nodepools":[]}`
		}},
		{name: "at-rest-already", body: func(s string) string {
			return strings.NewReplacer(`"state":"initial"`, `"state":"running"`).Replace(s)
		}},
		{name: "failed", body: func(s string) string { return strings.ReplaceAll(s, `"state":"initial"`, `"state":"failed"`) }},
		{name: "gone", body: func(s string) string { return strings.ReplaceAll(s, `"state":"initial"`, `"state":"deleted"`) }},
		{name: "word-that-nobody-knows", body: func(s string) string { return strings.ReplaceAll(s, `"state":"initial"`, `"state":"pondering"`) }},
		{name: "nameless", body: func(s string) string {
			return regexp.MustCompile(`"(cluster|nodepool)_id":"[^"]*"`).ReplaceAllString(s, `"${1}_id":""`)
		}},
		{name: "denied", status: 403, body: func(string) string { return `{"code":"Forbidden.RAM","message":"no","requestId":"R"}` }, once: true},
		{name: "down", status: 503, body: func(string) string { return `{"code":"ServiceUnavailable","message":"later","requestId":"R"}` }},
		{name: "page-of-a-proxy", body: func(string) string { return "<html>hello</html>" }},
	} {
		for _, groups := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/groups=%t", test.name, groups), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := large().Simulate(providertest.Options{})
					lists, lying, which := 0, false, cluster
					if groups {
						which = pool
					}
					var mu sync.Mutex
					h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
						resp, err := s.Transport().RoundTrip(r)
						mu.Lock()
						defer mu.Unlock()
						if err != nil || !lying || !which.MatchString(r.URL.Path) {
							return resp, err
						}
						lists++
						body, err := io.ReadAll(resp.Body)
						return providertest.Respond(r, cmp.Or(test.status, 200), test.body(string(body))), errors.Join(err, resp.Body.Close())
					}))
					targets := putCreating(t, s, h, n, groups)
					lying = true
					s.Reset()
					ended := 0
					var waits sync.WaitGroup
					for _, target := range targets {
						waits.Go(func() {
							ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
							defer cancel()
							err := wait(ctx, h, target)
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
					if single := s.Count("DescribeClusterDetail") + s.Count("DescribeClusterNodePoolDetail"); single < 10*n {
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
}

// putCreating puts n clusters, or node groups of one, into an account that are being made.
func putCreating(t *testing.T, s *ack.Server, h *alibaba.Handler, n int, groups bool) (targets [][2]pmks.IID) {
	t.Helper()
	seed := core.Seed{Name: "grouped"}
	for i := range n {
		name := fmt.Sprintf("x%02d", i)
		g := bench.SampleNodeGroup(name)
		g.Status = pmks.NodeGroupCreating
		seed.Groups = append(seed.Groups, g)
		if !groups {
			if err := s.Put(core.Seed{Name: name, State: profile.Creating}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if groups {
		if err := s.Put(seed); err != nil {
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

// wait waits until a cluster, or a node group of it, is Active.
func wait(ctx context.Context, h *alibaba.Handler, target [2]pmks.IID) (err error) {
	if target[1].IsZero() {
		_, err = pmks.WaitClusterActive(ctx, h, target[0])
	} else {
		_, err = pmks.WaitNodeGroupActive(ctx, h, target[0], target[1])
	}
	return err
}
