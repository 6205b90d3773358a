// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// clustersOf puts clusters into a project, of so many groups of so many nodes.
func clustersOf(t testing.TB, o gke.Options, clusters, groups, nodes int) *gke.Server {
	t.Helper()
	s := gke.New(o)
	for i := range clusters {
		seed := core.Seed{Name: fmt.Sprintf("c%03d", i), Version: bench.Version}
		for j := range groups {
			seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("g%d", j)}, VMSpecName: "e2-standard-4",
				DesiredNodeSize: nodes, MinNodeSize: 1, MaxNodeSize: 100})
		}
		if err := s.Put(seed); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// asRead compares a listing with a read of each of its clusters.
func asRead(t *testing.T, h *gcp.Handler, list []*pmks.ClusterInfo) {
	t.Helper()
	for _, info := range list {
		want, err := h.GetCluster(t.Context(), info.IId)
		if err != nil {
			t.Fatal(err)
		}
		want.AccessInfo = info.AccessInfo
		if got := text(*info); got != text(want) {
			t.Errorf("%s is listed as\n%s\nand read as\n%s", info.IId, got, text(want))
		}
	}
}

// TestEverywhere_fleet: the nodes of five hundred groups come from a dozen pages, and are
// those that a read of each cluster shows; once that is known the lists are asked for
// beside the list of the clusters.
func TestEverywhere_fleet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := clustersOf(t, gke.Options{Latency: providertest.Latency}, 100, 5, 10)
		h := newHandler(t, s)
		for _, steps := range []int{11, 10} {
			start := time.Now()
			list, err := h.ListCluster(t.Context())
			if took := int(time.Since(start) / providertest.Latency); err != nil || len(list) != 100 || took != steps {
				t.Fatalf("%d clusters in %d steps, want %d: %v", len(list), took, steps, err)
			}
			if got, want := s.Counts(), (map[string]int{"ListClusters": 1, "ListOperations": 1, listVMs: 10, listManagers: 1}); !maps.Equal(got, want) {
				t.Errorf("calls %v, want %v", got, want)
			}
			s.Reset()
			time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
			asRead(t, h, []*pmks.ClusterInfo{list[0], list[57]})
			if n := list[99].NodeGroupList[4]; len(n.Nodes) != 10 || n.DesiredNodeSize != 10 {
				t.Errorf("the last group has %d nodes of %d", len(n.Nodes), n.DesiredNodeSize)
			}
			s.Reset()
		}
	})
}

// TestEverywhere_few: where the groups are read in one step anyhow, the lists are not
// asked for.
func TestEverywhere_few(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := clustersOf(t, gke.Options{}, 3, 2, 2)
		h := newHandler(t, s)
		for range 2 {
			s.Reset()
			if _, err := h.ListCluster(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, want := s.Counts(), (map[string]int{"ListClusters": 1, "ListOperations": 1, listInstances: 6}); !maps.Equal(got, want) {
				t.Errorf("calls %v, want %v", got, want)
			}
		}
	})
}

// TestEverywhere_late: lists that are one step late, and groups that change, cost a read of
// each of those groups, and what is shown is true.
func TestEverywhere_late(t *testing.T) {
	t.Parallel()
	for _, methods := range [][]string{{listVMs}, {listManagers}, nil} {
		t.Run(strings.Join(methods, "+"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := clustersOf(t, gke.Options{}, 6, 3, 2)
				h := newHandler(t, s)
				scale := func(name string, size int) pmks.IID {
					iid := pmks.IID{SystemId: name}
					if _, err := h.ChangeNodeGroupScaling(t.Context(), iid, pmks.IID{NameId: "g1"}, size, 1, 9); err != nil {
						t.Fatal(err)
					}
					return iid
				}
				release := s.HoldLists(methods...)
				if _, err := pmks.WaitNodeGroupActive(t.Context(), h, scale("c001", 5), pmks.IID{NameId: "g1"}); err != nil {
					t.Fatal(err)
				}
				scale("c002", 1)
				s.Reset()
				list, err := h.ListCluster(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]int{"ListClusters": 1, "ListOperations": 1, listVMs: 1, listManagers: 1, listInstances: 2, "instanceGroupManagers.get": 1}
				if len(methods) == 0 {
					// They agree with each other about c001, and only with each other: as late as
					// both is what they may be.
					want[listInstances] = 1
				}
				if got := s.Counts(); !maps.Equal(got, want) {
					t.Errorf("calls %v, want %v", got, want)
				}
				if len(methods) > 0 {
					asRead(t, h, list)
				}
				release()
			})
		})
	}
}

// TestEverywhere_unreachable: groups of zones that the lists cannot reach are read singly.
func TestEverywhere_unreachable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := clustersOf(t, gke.Options{}, 4, 2, 2)
		put(t, s, region, "wide")
		put(t, s, region+"-b", "c000") // a name that is there already
		h := newHandler(t, s)
		back := s.LoseZones(region + "-b")
		list, err := h.ListCluster(t.Context())
		if got, want := s.Counts(), (map[string]int{"ListClusters": 1, "ListOperations": 1, listVMs: 1, listManagers: 1, listInstances: 2}); err != nil || !maps.Equal(got, want) {
			t.Errorf("calls %v, want %v: %v", got, want, err)
		}
		asRead(t, h, list)
		back()
		s.Reset()
		if list, err = h.ListCluster(t.Context()); err != nil || s.Count(listInstances) != 0 {
			t.Errorf("calls %v: %v", s.Counts(), err)
		}
		asRead(t, h, list)
	})
}

// TestEverywhere_refused: lists that cannot be had cost a call for each group, as before
// there were lists, and are not asked for again at once.
func TestEverywhere_refused(t *testing.T) {
	t.Parallel()
	respond := func(status int, body string) func(*http.Request) *http.Response {
		return func(r *http.Request) *http.Response { return providertest.Respond(r, status, body) }
	}
	const many = `{"items":{"zones/asia-northeast3-a":{"instances":[{"name":"x","status":"RUNNING"}]}},"nextPageToken":"%s"}`
	pages := 0
	for name, answer := range map[string]func(*http.Request) *http.Response{
		"forbidden":    respond(403, `{"error":{"code":403,"message":"Required 'compute.instances.list'","errors":[{"reason":"forbidden"}]}}`),
		"page":         respond(404, "<html>"),
		"internal":     respond(500, "{}"),
		"null":         respond(200, "null"),
		"another-kind": respond(200, `{"items":[]}`),
		"repeated":     respond(200, fmt.Sprintf(many, "again")),
		"without-end": func(r *http.Request) *http.Response {
			pages++
			return providertest.Respond(r, 200, fmt.Sprintf(many, fmt.Sprint(pages)))
		},
		"nothing":       respond(200, "{}"),
		"without-names": respond(200, `{"items":{"zones/asia-northeast3-a":{"instances":[{}]}}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := clustersOf(t, gke.Options{}, 4, 2, 2)
				cfg := configFor(s)
				through := cfg.Transport
				var mu sync.Mutex
				asked := 0
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/aggregated/instances") {
						mu.Lock()
						defer mu.Unlock()
						asked++
						return answer(r), nil
					}
					return through.RoundTrip(r)
				})
				h := newHandlerWith(t, cfg)
				look := func(what string, lists bool) {
					t.Helper()
					asked = 0
					s.Reset()
					list, err := h.ListCluster(t.Context())
					if err != nil || len(list) != 4 || s.Count(listInstances) != 8 || (asked > 0) != lists || asked > 8 {
						t.Errorf("%s: %d clusters, calls %v and %d of the list: %v", what, len(list), s.Counts(), asked, err)
					}
					asRead(t, h, list)
				}
				look("the first", true)
				look("the next", false)
				time.Sleep(11 * time.Minute) //nolint:forbidigo // inside a synctest bubble
				look("later", true)
			})
		})
	}
}

// TestEverywhere_filter: of a project full of other VMs only those of these clusters are
// asked for, 500 at a time, and a zone that cannot be reached is no failure.
func TestEverywhere_filter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := clustersOf(t, gke.Options{}, 4, 2, 2)
		cfg := configFor(s)
		through := cfg.Transport
		var mu sync.Mutex
		var filters []string
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if q := r.URL.Query(); strings.HasSuffix(r.URL.Path, "/aggregated/instances") {
				mu.Lock()
				defer mu.Unlock()
				filters = append(filters, q.Get("filter"))
				if q.Get("maxResults") != "500" || q.Get("returnPartialSuccess") != "true" || !strings.Contains(q.Get("fields"), "instances(name,status,labels)") {
					t.Errorf("the list is asked for by %v", q)
				}
			}
			return through.RoundTrip(r)
		})
		h := newHandlerWith(t, cfg)
		for range 2 {
			if list, err := h.ListCluster(t.Context()); err != nil || len(list) != 4 {
				t.Errorf("%d clusters, %v", len(list), err)
			}
		}
		put(t, s, region, "wide")
		if list, err := h.ListCluster(t.Context()); err != nil || len(list) != 5 {
			t.Errorf("%d clusters, %v", len(list), err)
		}
		if _, err := h.ListCluster(t.Context()); err != nil {
			t.Error(err)
		}
		const all, one = "labels.goog-k8s-cluster-name:*", "labels.goog-k8s-cluster-name:* AND labels.goog-k8s-cluster-location=asia-northeast3-a"
		if got, want := strings.Join(filters, "\n"), strings.Join([]string{one, one, one, all}, "\n"); got != want {
			t.Errorf("the filters are\n%s\nwant\n%s", got, want)
		}
	})
}
