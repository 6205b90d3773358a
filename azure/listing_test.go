// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestListing is a fleet of 100 clusters with 5 node groups: the list of clusters, and
// beside it a page of the index for each thousand nodes, in the time of one request.
func TestListing(t *testing.T) {
	t.Parallel()
	bench.List(t, providertest.Listing{Clusters: 100, AtOnce: 2, Within: providertest.Latency,
		Requests: map[string]int{"ManagedClusters_ListByResourceGroup": 1, "ResourceGraph_Resources": 1}})
}

// TestListing_withoutIndex: where the index is refused, the machines of each pool are
// listed, as many as AKS takes at once; room is left for other calls.
func TestListing_withoutIndex(t *testing.T) {
	t.Parallel()
	denied := bench
	denied.Open = func(ctx context.Context, s *aks.Server, c providertest.Connection) (providertest.Handler, error) {
		c.Transport = &tap{next: c.Transport, answer: func(r *http.Request) *http.Response {
			if isIndex(r) {
				return replyWith(403, `{"error":{"code":"Forbidden","message":"x","details":[{"code":"AccessDenied","message":"x"}]}}`)
			}
			return nil
		}}
		return bench.Open(ctx, s, c)
	}
	denied.List(t, providertest.Listing{Clusters: 8, AtOnce: 6,
		Requests: map[string]int{"ManagedClusters_ListByResourceGroup": 1, "Machines_List": 40}})
}

func isIndex(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/providers/Microsoft.ResourceGraph/resources")
}

// largeFleet is a subscription with clusters of five pools of so many nodes, and the nodes
// as the plain list of machines names them, by the ids of the pools.
func largeFleet(t testing.TB, clusters, nodes int, o aks.Options) *aks.Server {
	t.Helper()
	s := aks.New(o)
	for i := range clusters {
		seed := core.Seed{Name: fmt.Sprintf("c%03d", i), Version: "1.33.6"}
		for j := range 5 {
			seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("g%d", j)}, VMSpecName: "Standard_D4s_v5",
				DesiredNodeSize: nodes, MinNodeSize: 1, MaxNodeSize: nodes + 1})
		}
		if err := s.Put(seed); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestListing_pages: 5,000 nodes are five pages of the index, four of which are read side
// by side as soon as the first has said how many there are: 6 requests, 2 after each
// other. Read pool by pool they would be 501, and take AKS's quota for minutes.
func TestListing_pages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		o     aks.Options
		index int
	}{
		"thousands":     {aks.Options{}, 5},
		"short-pages":   {aks.Options{GraphPageSize: 600}, 9},
		"in-lower-case": {aks.Options{Assumptions: aks.Assumptions{GraphIDsInLowerCase: true}}, 5},
		"scrubbed":      {aks.Options{Assumptions: aks.Assumptions{GraphScrubbed: true}}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt.o.Latency, tt.o.PageSize = providertest.Latency, 1000
				s := largeFleet(t, 100, 10, tt.o)
				h := signedIn(t, s)
				start := time.Now()
				list, err := h.ListCluster(t.Context())
				if err != nil || len(list) != 100 {
					t.Fatalf("%d clusters, %v", len(list), err)
				}
				took := time.Since(start)
				if got, want := s.Counts(), map[string]int{"ManagedClusters_ListByResourceGroup": 1, "ResourceGraph_Resources": tt.index}; !maps.Equal(got, want) {
					t.Errorf("requests %v, want %v", got, want)
				}
				if tt.index == 5 && took != 2*providertest.Latency {
					t.Errorf("it took %s, want two requests after each other", took)
				}
				whole, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c042"})
				if err != nil {
					t.Fatal(err)
				}
				for i, g := range list[42].NodeGroupList {
					if got, want := fmt.Sprint(g.Nodes), fmt.Sprint(whole.NodeGroupList[i].Nodes); got != want || len(g.Nodes) != 10 {
						t.Errorf("%s has\n%s, want as GetCluster says\n%s", g.IId.NameId, got, want)
					}
				}
				for _, info := range list {
					for _, g := range info.NodeGroupList {
						if len(g.Nodes) != 10 || unreadOf(g.KeyValueList) != "" {
							t.Errorf("%s of %s has %d nodes, unread %q", g.IId.NameId, info.IId.NameId, len(g.Nodes), unreadOf(g.KeyValueList))
						}
					}
				}
			})
		})
	}
}

// TestListing_crowd: many callers who list at once on two handlers of an account stay
// within what the index grants a user, and none is refused.
func TestListing_crowd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const callers = 60
		s := largeFleet(t, 2, 2, aks.Options{Latency: providertest.Latency})
		cfg := configFor(s) // handlers of one account go one way
		handlers := []*azure.Handler{newHandlerWith(t, cfg), newHandlerWith(t, cfg)}
		for _, h := range handlers {
			if _, err := h.ListIID(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		s.Reset()
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble: the buckets fill
		start := time.Now()
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				list, err := handlers[i%2].ListCluster(t.Context())
				if err != nil || len(list) != 2 || len(list[1].NodeGroupList[4].Nodes) != 2 {
					t.Errorf("%d clusters, %v", len(list), err)
				}
			})
		}
		all.Wait()
		if got, want := counts(s), map[string]int{"ManagedClusters_ListByResourceGroup": callers, "ResourceGraph_Resources": callers}; !maps.Equal(got, want) {
			t.Errorf("requests %v, want %v", got, want)
		}
		for _, call := range s.Calls() {
			if call.Status != http.StatusOK {
				t.Errorf("%s: %d", call.Op, call.Status)
			}
		}
		t.Logf("%d listings in %s", callers, time.Since(start))
	})
}

// TestListing_few: up to four pools are read singly, and the index is not asked.
func TestListing_few(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bench.Fleet(t, aks.New(aks.Options{}), 2, 2)
		h := signedIn(t, s)
		for range 2 {
			if list, err := h.ListCluster(t.Context()); err != nil || len(list) != 2 {
				t.Fatalf("%d clusters, %v", len(list), err)
			}
			for _, err := range h.Clusters(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if got, want := counts(s), map[string]int{"ManagedClusters_ListByResourceGroup": 4, "Machines_List": 16}; !maps.Equal(got, want) {
			t.Errorf("requests %v, want %v", got, want)
		}
	})
}

// listings are the two ways to list a fleet: the whole one, and the stream.
var listings = map[string]func(context.Context, *azure.Handler) ([]*pmks.ClusterInfo, error){
	"list": func(ctx context.Context, h *azure.Handler) ([]*pmks.ClusterInfo, error) { return h.ListCluster(ctx) },
	"stream": func(ctx context.Context, h *azure.Handler) (list []*pmks.ClusterInfo, err error) {
		for info, err := range h.Clusters(ctx) {
			if err != nil {
				return nil, err
			}
			list = append(list, &info)
		}
		return list, nil
	},
}

// TestListing_lateIndex: an index that is one step late shows no node that has gone and
// hides none that has come: pools whose number differs, or that are not at rest, are read
// singly. Beyond 40 of them the others are named as unread, and nothing is guessed.
func TestListing_lateIndex(t *testing.T) {
	t.Parallel()
	for name, listing := range listings {
		for _, changed := range []int{3, 60} {
			t.Run(fmt.Sprint(name, "/", changed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { lateIndex(t, listing, changed) })
			})
		}
	}
}

func lateIndex(t *testing.T, listing func(context.Context, *azure.Handler) ([]*pmks.ClusterInfo, error), changed int) {
	t.Helper()
	const clusters = 20
	s := largeFleet(t, clusters, 2, aks.Options{})
	h := signedIn(t, s)
	s.HoldIndex(true)
	unhurried := configFor(s)
	unhurried.RateLimits = "none"
	other := newHandlerWith(t, unhurried)
	sizes := map[string]int{}
	for i := range changed {
		// The first pools of the fleet are not among them: a stream reads those singly.
		cluster, pool := pmks.IID{NameId: fmt.Sprintf("c%03d", 1+i%(clusters-1))}, pmks.IID{NameId: fmt.Sprintf("g%d", i/(clusters-1))}
		want := 3
		if i%2 == 0 {
			want = 1
		}
		if _, err := other.ChangeNodeGroupScaling(t.Context(), cluster, pool, want, 1, 3); err != nil {
			t.Fatal(err)
		}
		sizes[cluster.NameId+"/"+pool.NameId] = want
		time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
	}
	s.Reset()
	list, err := listing(t.Context(), h)
	if err != nil || len(list) != clusters {
		t.Fatalf("%d clusters, %v", len(list), err)
	}
	unread := 0
	for _, info := range list {
		for _, g := range info.NodeGroupList {
			want, ok := sizes[info.IId.NameId+"/"+g.IId.NameId]
			if !ok {
				want = 2
			}
			if unreadOf(g.KeyValueList) == "Nodes(Throttled)" && ok && len(g.Nodes) == 0 {
				unread++
				continue
			}
			if len(g.Nodes) != want || unreadOf(g.KeyValueList) != "" {
				t.Errorf("%s/%s has %d nodes, want %d; unread %q", info.IId.NameId, g.IId.NameId, len(g.Nodes), want, unreadOf(g.KeyValueList))
			}
		}
	}
	// A stream reads four pools singly before it asks the index, whatever they are.
	singly := s.Count("Machines_List")
	if most := min(changed, 40); singly < most || singly > most+4 || unread > max(0, changed-40) || unread < changed-44 {
		t.Errorf("of %d pools that changed %d were read singly, and %d are named as unread", changed, singly, unread)
	}
}

// TestListing_transition: a pool that is changing is read singly, although the number of
// its nodes is right at the moment.
func TestListing_transition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := largeFleet(t, 10, 2, aks.Options{})
		h := signedIn(t, s)
		if err := s.Force("c005", "g3", profile.Updating, ""); err != nil {
			t.Fatal(err)
		}
		if list, err := h.ListCluster(t.Context()); err != nil || len(list) != 10 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		if got := counts(s); got["Machines_List"] != 1 {
			t.Errorf("requests %v", got)
		}
	})
}

// TestListing_hidden: nodes that the caller may not read are missing in the index without
// a word. Where some are, their pools are read singly; where all are, that is no index, and
// all pools are, at the pace that AKS allows.
func TestListing_hidden(t *testing.T) {
	t.Parallel()
	for name, listing := range listings {
		for _, hidden := range []int{2, 20} {
			t.Run(fmt.Sprint(name, "/", hidden), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					const clusters = 20
					s := largeFleet(t, clusters, 2, aks.Options{})
					h := signedIn(t, s)
					for i := range hidden {
						if err := s.HideNodes(fmt.Sprintf("c%03d", clusters-1-i), true); err != nil {
							t.Fatal(err)
						}
					}
					list, err := listing(t.Context(), h)
					if err != nil || len(list) != clusters {
						t.Fatalf("%d clusters, %v", len(list), err)
					}
					for _, info := range list {
						for _, g := range info.NodeGroupList {
							if len(g.Nodes) != 2 || unreadOf(g.KeyValueList) != "" {
								t.Errorf("%s/%s has %d nodes, unread %q", info.IId.NameId, g.IId.NameId, len(g.Nodes), unreadOf(g.KeyValueList))
							}
						}
					}
					got := counts(s)
					if n := got["Machines_List"]; n < 5*hidden || n > 5*hidden+4 || got["ResourceGraph_Resources"] != 1 {
						t.Errorf("requests %v", got)
					}
				})
			})
		}
	}
}

// TestListing_refusedIndex: an index that is refused is not asked again for a while.
func TestListing_refusedIndex(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, graph, s, nodes := indexed(t, 6)
		graph.fail = func() *http.Response {
			return replyWith(403, `{"error":{"code":"Forbidden","message":"x"}}`)
		}
		for range 3 {
			list, err := h.ListCluster(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			checkNodes(t, list, nodes)
		}
		if graph.calls != 1 || s.Count("Machines_List") != 90 {
			t.Errorf("%d calls of the index, %v", graph.calls, s.Counts())
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		graph.fail = nil
		s.Reset()
		list, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		checkNodes(t, list, nodes)
		if graph.calls != 2 || s.Count("Machines_List") != 0 {
			t.Errorf("%d calls of the index, %v", graph.calls, s.Counts())
		}
	})
}

// TestListing_throttledIndex: an index that throttles is asked again when its window has
// passed, as its own header tells.
func TestListing_throttledIndex(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, graph, s, nodes := indexed(t, 6)
		refusals := 2
		graph.fail = func() *http.Response {
			if refusals--; refusals == 0 {
				graph.fail = nil
			}
			return replyWith(429, `{"error":{"code":"RateLimiting","message":"x"}}`, "x-ms-user-quota-remaining", "0", "x-ms-user-quota-resets-after", "00:00:03")
		}
		start := time.Now()
		list, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		checkNodes(t, list, nodes)
		if took := time.Since(start); graph.calls != 3 || s.Count("Machines_List") != 0 || took < 6*time.Second || took > 10*time.Second {
			t.Errorf("%d calls of the index in %s, %v", graph.calls, took, s.Counts())
		}
	})
}
