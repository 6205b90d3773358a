// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/inventory"
	"github.com/pmks-go/pmks/simtest"
)

// fullInventory is the environment variable that lists the whole fleet, where it is
// "full". Without it a small one is listed.
const fullInventory = "PMKS_INVENTORY"

// inFlight is how many requests of one connection a listing has under way at most.
const inFlight = 8

// early is when the first cluster of a handler that streams is there: after the list and
// what belongs to one cluster, however many follow.
const early = 2 * time.Second

// TestInventory lists 10,000 clusters in 50 connections to all seven clouds at once,
// through the SDKs, under the rates that the clouds publish: complete, none refused, and
// no more under way than the bounds say. One more connection to each cloud is refused by
// it, which is told and costs the others nothing.
func TestInventory(t *testing.T) {
	t.Parallel()
	connections, clusters := 14, 4
	if os.Getenv(fullInventory) == "full" {
		connections, clusters = 50, 200
	}
	synctest.Test(t, func(t *testing.T) {
		var sources, refused []inventory.Source
		accounts := map[string]*simtest.Account{}
		for i, cloud := range simtest.Clouds() {
			a := simtest.Start(t, cloud, simtest.Options{Seed: uint64(i)})
			a.Inject(simtest.Fault{Kind: simtest.Refuse, Code: pmks.CodePermissionDenied, Times: -1})
			refused = append(refused, inventory.Source{Name: "refused-" + cloud, Handler: open(t, cloud, a.Config())})
		}
		for i := range connections {
			cloud := simtest.Clouds()[i%len(simtest.Clouds())]
			name := fmt.Sprintf("%s-%02d", cloud, i)
			a := simtest.Start(t, cloud, simtest.Options{Seed: uint64(i), Latency: 40 * time.Millisecond})
			for j := range clusters {
				if err := a.Put(a.ClusterRequest(fmt.Sprintf("c%03d", j))); err != nil {
					t.Fatal(err)
				}
			}
			accounts[name] = a
			sources = append(sources, inventory.Source{Name: name, Handler: open(t, cloud, a.Config())})
		}

		listings, failed := map[string]*arrival{}, map[string]bool{}
		begin := time.Now()
		for item, err := range inventory.List(t.Context(), slices.Concat(refused, sources)) {
			if cloud, ok := strings.CutPrefix(item.Source, "refused-"); ok {
				// The code is that of the service that it meets first, which may be for tokens.
				if want := fmt.Sprintf("inventory: source %q: pmks: %s: ", item.Source, cloud); err == nil || !strings.HasPrefix(err.Error(), want) {
					t.Errorf("%s: got %v", item.Source, err)
				}
				failed[item.Source] = true
				continue
			}
			l := listings[item.Source]
			if l == nil {
				l = &arrival{first: time.Since(begin), names: map[string]bool{}}
				listings[item.Source] = l
			}
			l.last = time.Since(begin)
			l.names[item.Cluster.IId.NameId] = true
			if unread := pmks.Unread(item.Cluster.KeyValueList); err != nil || len(unread) > 0 || item.Cluster.Status != pmks.ClusterActive ||
				len(item.Cluster.NodeGroupList) != 1 || len(item.Cluster.NodeGroupList[0].Nodes) != 2 {
				t.Errorf("%s: %s with %d groups, unread %v, %v", item.Source, item.Cluster.IId, len(item.Cluster.NodeGroupList), unread, err)
			}
		}

		if len(failed) != len(refused) {
			t.Errorf("of %d connections that are refused, %d failed", len(refused), len(failed))
		}
		var all []simtest.Call
		for _, s := range sources {
			calls, l := accounts[s.Name].Calls(), listings[s.Name]
			if l == nil || len(l.names) != clusters {
				t.Fatalf("%s: got %+v of %d clusters", s.Name, l, clusters)
			}
			faults := 0
			for _, c := range calls {
				if c.Status >= 400 || c.Code != "" || c.Lost {
					faults++
					t.Logf("%s: after %s, %s %s was answered with %d %s", s.Name, c.Start.Sub(begin), c.Service, c.Request, c.Status, c.Code)
				}
			}
			if faults > 0 {
				t.Errorf("%s: %d calls were refused", s.Name, faults)
			}
			if _, ok := s.Handler.(*pmks.Client).Unwrap().(pmks.ClusterStreamer); ok && l.first > early {
				t.Errorf("%s: the first cluster came after %s", s.Name, l.first)
			}
			most := underWay(calls)
			if most > inFlight {
				t.Errorf("%s: %d requests were under way", s.Name, most)
			}
			t.Logf("%s: %d clusters in %d calls, at most %d at a time, from %s to %s", s.Name, len(l.names), len(calls), most, l.first, l.last)
			all = append(all, calls...)
		}
		if most := underWay(all); most > inFlight*connections {
			t.Errorf("%d requests were under way", most)
		}
		t.Logf("%d clusters in %d calls, at most %d at a time, in %s", connections*clusters, len(all), underWay(all), time.Since(begin))
	})
}

// arrival is when the clusters of a source came.
type arrival struct {
	first, last time.Duration
	names       map[string]bool
}

// underWay returns how many of the calls were under way at the same time at most.
func underWay(calls []simtest.Call) int {
	type edge struct {
		at     time.Time
		change int
	}
	var edges []edge
	for _, c := range calls {
		edges = append(edges, edge{c.Start, 1}, edge{c.End, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(a.at.Compare(b.at), a.change-b.change) })
	now, most := 0, 0
	for _, e := range edges {
		now += e.change
		most = max(most, now)
	}
	return most
}
