// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/inventory"
)

const (
	fleetConnections = 50
	fleetClusters    = 200 // of each connection
	fleetLatency     = 40 * time.Millisecond
	// fleetReads is how many reads of a listing the providers have under way.
	fleetReads = fanout.Slots - 2
)

// gauge counts what is under way, or held, of each connection and of all.
type gauge struct {
	mu              sync.Mutex
	all, most       int
	mostOfOne, seen int
	of              map[string]int
}

func (g *gauge) add(name string, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.of == nil {
		g.of = map[string]int{}
	}
	g.all += n
	g.of[name] += n
	g.seen += max(0, n)
	g.most, g.mostOfOne = max(g.most, g.all), max(g.mostOfOne, g.of[name])
}

// driver lists as the providers do: the names first, and then each cluster, some ahead.
type driver struct {
	*fake.Handler
	name            string
	requests, reads *gauge // requests under way, and clusters that were read
}

func (d driver) Clusters(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	limiter := fanout.NewLimiter(nil)
	pages := func(yield func([]*pmks.IID, error) bool) {
		d.requests.add(d.name, 1)
		iids, err := d.ListIID(ctx)
		d.requests.add(d.name, -1)
		yield(iids, err)
	}
	read := func(ctx context.Context, iid *pmks.IID) (pmks.ClusterInfo, error) {
		return fanout.Do(ctx, limiter, "", func(ctx context.Context) (pmks.ClusterInfo, error) {
			d.requests.add(d.name, 1)
			defer d.requests.add(d.name, -1)
			info, err := d.GetCluster(ctx, *iid)
			d.reads.add(d.name, 1)
			return info, err
		})
	}
	return fanout.Stream(ctx, pages, func(iid *pmks.IID) pmks.IID { return *iid }, read,
		func(iid *pmks.IID) pmks.ClusterInfo { return pmks.ClusterInfo{IId: *iid} })
}

// fleet is 10,000 clusters in 50 connections to seven clouds, of which a few cannot be
// read: two clusters, and one connection as a whole.
func fleet(tb testing.TB, requests, reads *gauge) []inventory.Source {
	tb.Helper()
	profiles := slices.DeleteFunc(fake.Profiles(), func(name string) bool { return name == "neutral" })
	if len(profiles) != 7 {
		tb.Fatalf("there are the profiles %q", profiles)
	}
	var sources []inventory.Source
	for i := range fleetConnections {
		var clusters []fake.Cluster
		for j := range fleetClusters {
			clusters = append(clusters, fake.Cluster{Name: fmt.Sprintf("c%03d", j), NodeGroups: []pmks.NodeGroupInfo{
				{IId: pmks.IID{NameId: "pool"}, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3},
			}})
		}
		h := fake.New(fake.WithProfile(profiles[i%len(profiles)]), fake.WithLatency(fleetLatency), fake.WithClusters(clusters...))
		switch i {
		case 7:
			for _, name := range []string{"c003", "c150"} {
				h.Inject(fake.Fault{Op: "GetCluster", Cluster: name, Kind: fake.Refuse, Code: pmks.CodePermissionDenied, Times: -1})
			}
		case 33:
			h.Inject(fake.Fault{Kind: fake.Refuse, Code: pmks.CodeUnauthenticated, Times: -1})
		}
		name := fmt.Sprintf("connection-%02d", i)
		sources = append(sources, inventory.Source{Name: name, Handler: driver{h, name, requests, reads}})
	}
	return sources
}

// TestFleet: ten thousand clusters, the first at once, no more under way and held than the
// bounds say, in the order of each connection and in the time that the slowest takes.
func TestFleet(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		concurrency int
		rounds      int // of connections
	}{
		{"all-at-once", inventory.DefaultConcurrency, 1},
		{"ten-at-a-time", 10, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var requests, reads, held gauge
				sources := fleet(t, &requests, &reads)
				begin := time.Now()
				var first time.Duration
				next := map[string]int{}
				failures := map[string]int{}
				taken := 0
				for item, err := range inventory.List(t.Context(), sources, inventory.WithConcurrency(test.concurrency)) {
					if taken == 0 {
						first = time.Since(begin)
					}
					if !item.Cluster.IId.IsZero() {
						if want := fmt.Sprintf("c%03d", next[item.Source]); item.Cluster.IId.NameId != want {
							t.Fatalf("%s: %s comes where %s is next", item.Source, item.Cluster.IId.NameId, want)
						}
						next[item.Source]++
						taken++
						reads.mu.Lock()
						held.most = max(held.most, reads.seen-taken)
						reads.mu.Unlock()
					}
					if err != nil {
						failures[fmt.Sprint(item.Source, " ", item.Cluster.IId.NameId, " ", pmks.CodeOf(err))]++
						var e *pmks.Error
						if !errors.As(err, &e) || e.Provider == "" {
							t.Errorf("%v", err)
						}
					}
				}
				took := time.Since(begin)
				want := map[string]int{
					"connection-07 c003 PermissionDenied": 1, "connection-07 c150 PermissionDenied": 1, "connection-33  Unauthenticated": 1,
				}
				if fmt.Sprint(failures) != fmt.Sprint(want) {
					t.Errorf("failures %v, want %v", failures, want)
				}
				if taken != fleetClusters*(fleetConnections-1) {
					t.Errorf("%d clusters", taken)
				}
				atOnce := min(test.concurrency, fleetConnections)
				if requests.most > atOnce*fleetReads || requests.mostOfOne > fleetReads || requests.all != 0 {
					t.Errorf("%d requests under way at most, %d of a connection, and %d after the end", requests.most, requests.mostOfOne, requests.all)
				}
				// Those read ahead, and the one that is handed over.
				if held.most > atOnce*(fleetReads+1) {
					t.Errorf("%d clusters were held at once", held.most)
				}
				// The names, the clusters by sixes, and a round for the seam between.
				slowest := fleetLatency * (2 + (fleetClusters+fleetReads-1)/fleetReads)
				if first != 2*fleetLatency || took > slowest*time.Duration(test.rounds) {
					t.Errorf("the first after %s, all after %s; a connection may take %s", first, took, slowest)
				}
			})
		})
	}
}

// TestFleet_slowLoop: a loop that takes its time slows the reading down.
func TestFleet_slowLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var requests, reads gauge
		sources := fleet(t, &requests, &reads)[:10]
		taken := 0
		for item := range inventory.List(t.Context(), sources) {
			if !item.Cluster.IId.IsZero() {
				taken++
			}
			time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
			synctest.Wait()
			if ahead := reads.seen - taken; ahead > len(sources)*(fleetReads+1) {
				t.Fatalf("%d clusters are read ahead", ahead)
			}
			if taken == 500 {
				break
			}
		}
		if requests.all != 0 {
			t.Errorf("%d requests after the end", requests.all)
		}
	})
}
