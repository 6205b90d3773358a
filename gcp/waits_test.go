// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// TestWaits: however many wait, for clusters or for node groups, one list answers all of
// them every five seconds.
func TestWaits(t *testing.T) {
	t.Parallel()
	bench.Waits(t, []providertest.Waits{
		{Name: "clusters", Clusters: 1000, EachMinute: 12},
		{Name: "groups", Groups: 200, EachMinute: 12},
		// Two are read one by one.
		{Name: "two", Clusters: 2, EachMinute: 8},
	})
}

// TestWaits_withoutList: a list that is denied, fails, or does not show a cluster ends no
// wait: the clusters are read one by one.
func TestWaits_withoutList(t *testing.T) {
	t.Parallel()
	const lists = "/v1/projects/" + gke.DefaultProject + "/locations/-/clusters"
	for name, answer := range map[string]func(*http.Request) *http.Response{
		"denied": func(r *http.Request) *http.Response {
			return providertest.Respond(r, 403, `{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}`)
		},
		"fails": func(r *http.Request) *http.Response {
			return providertest.Respond(r, 500, `{"error":{"code":500,"message":"no","status":"INTERNAL"}}`)
		},
		"is-empty": func(r *http.Request) *http.Response { return providertest.Respond(r, 200, `{}`) },
		"is-half": func(r *http.Request) *http.Response {
			return providertest.Respond(r, 200, `{"clusters":[{"name":"c000","location":"asia-northeast3-a","status":2}]}`)
		},
		"is-elsewhere": func(r *http.Request) *http.Response {
			return providertest.Respond(r, 200, `{"clusters":[{"name":"c000","location":"asia-northeast3","status":2},{"name":"c000","location":"asia-northeast3-b","status":2}]}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const clusters = 6
				s := fleet(t, clusters, 1, gke.Options{})
				cfg := configFor(s)
				through := cfg.Transport
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if r.URL.Path == lists {
						return answer(r), nil
					}
					return through.RoundTrip(r)
				})
				h := newHandlerWith(t, cfg)
				var waits sync.WaitGroup
				for i := range clusters {
					iid := pmks.IID{SystemId: "c00" + string(rune('0'+i))}
					if _, err := h.ChangeNodeGroupScaling(t.Context(), iid, pmks.IID{NameId: "g0"}, 5, 0, 9); err != nil {
						t.Fatal(err)
					}
					waits.Go(func() {
						g, err := pmks.WaitNodeGroupActive(t.Context(), h, iid, pmks.IID{NameId: "g0"})
						if err != nil || g.DesiredNodeSize != 5 {
							t.Errorf("%s: %d nodes, %v", iid, g.DesiredNodeSize, err)
						}
					})
				}
				waits.Wait()
			})
		})
	}
}

// TestWaits_final: a pool that stays as it is, is told so by a read of its own, for the
// list does not know the operations, and a cluster that is gone by its own absence.
func TestWaits_final(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 4, 1, gke.Options{})
		h := newHandler(t, s)
		s.Inject(core.Fault{Op: "SetNodePoolSize", Cluster: "c000", Kind: core.FaultFailLater, Reason: "GCE_STOCKOUT: no machines in the zone"})
		var waits sync.WaitGroup
		for _, name := range []string{"c000", "c001", "c002", "c003"} {
			iid := pmks.IID{SystemId: name}
			if name == "c003" {
				if _, err := h.DeleteCluster(t.Context(), iid); err != nil {
					t.Fatal(err)
				}
				waits.Go(func() {
					if err := pmks.WaitClusterDeleted(t.Context(), h, iid); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				})
				continue
			}
			if _, err := h.ChangeNodeGroupScaling(t.Context(), iid, pmks.IID{NameId: "g0"}, 7, 0, 9); err != nil {
				t.Fatal(err)
			}
			if name == "c000" {
				if err := s.Alter(name, func(c *containerpb.Cluster) {
					c.NodePools[0].Status = containerpb.NodePool_RUNNING_WITH_ERROR
				}); err != nil {
					t.Fatal(err)
				}
			}
			waits.Go(func() {
				start := time.Now()
				_, err := pmks.WaitNodeGroupActive(t.Context(), h, iid, pmks.IID{NameId: "g0"})
				if name == "c000" && (err == nil || !strings.Contains(err.Error(), "no machines in the zone")) || name != "c000" && err != nil || time.Since(start) > time.Hour {
					t.Errorf("%s after %s: %v", name, time.Since(start), err)
				}
			})
		}
		waits.Wait()
	})
}
