// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"
)

// Budget is what one call costs: the fewest requests that the cloud's API allows.
type Budget struct {
	Name string
	// Clusters and Groups are the [Bench.Fleet] that there is before.
	Clusters, Groups int
	Call             Call
	// Requests are all that it makes, and Steps how many of them come one after the
	// other.
	Requests map[string]int
	Steps    int
}

// Latency is how long each request takes where steps are counted.
const Latency = 40 * time.Millisecond

// Budgets counts the requests of each call of a table, in subtests.
func (b Bench[S]) Budgets(t *testing.T, table []Budget) {
	t.Helper()
	for _, row := range table {
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { b.spend(t, row) })
		})
	}
}

// spend makes one call, in a bubble.
func (b Bench[S]) spend(t testing.TB, row Budget) {
	t.Helper()
	s, h := b.counted(t, row.Clusters, row.Groups)
	start := time.Now()
	if err := row.Call(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if got := s.Counts(); !maps.Equal(got, row.Requests) {
		t.Errorf("requests %v, want %v", got, row.Requests)
	}
	if steps := int(time.Since(start) / Latency); steps != row.Steps {
		t.Errorf("%d requests one after the other, want %d", steps, row.Steps)
	}
}

// counted is a fleet and a handler whose requests are counted from here.
func (b Bench[S]) counted(t testing.TB, clusters, groups int) (S, Handler) {
	t.Helper()
	s := b.Fleet(t, b.Simulate(Options{Latency: Latency}), clusters, groups)
	h := b.connect(t, s, nil)
	if b.SignsIn {
		if _, err := h.ListIID(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Reset()
	}
	return s, h
}

// Listing is what a listing of clusters with five node groups each costs.
type Listing struct {
	Clusters int
	Requests map[string]int
	// AtOnce is how many requests may be under way together. A listing leaves room for
	// others.
	AtOnce int
	// Within is how long it may take, in virtual time; 0 means half as long again as the
	// requests take, AtOnce at a time.
	Within time.Duration
}

// List lists them, in a bubble of its own.
func (b Bench[S]) List(t *testing.T, l Listing) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { b.list(t, l) })
}

func (b Bench[S]) list(t testing.TB, l Listing) {
	t.Helper()
	s, h := b.counted(t, l.Clusters, 5)
	start := time.Now()
	list, err := h.ListCluster(t.Context())
	took := time.Since(start)
	if err != nil || len(list) != l.Clusters {
		t.Fatalf("%d clusters, %v", len(list), err)
	}
	if got := s.Counts(); !maps.Equal(got, l.Requests) {
		t.Errorf("requests %v, want %v", got, l.Requests)
	}
	if n := s.MaxConcurrent(); n > l.AtOnce {
		t.Errorf("%d requests at once, want at most %d", n, l.AtOnce)
	}
	most := l.Within
	if most == 0 {
		most = time.Duration(float64(s.Count("")) / float64(l.AtOnce) * 1.5 * float64(Latency))
	}
	if took > most {
		t.Errorf("%d requests took %s, want at most %s", s.Count(""), took, most)
	}
	t.Logf("%d requests, at most %d at once, %s with %s each", s.Count(""), s.MaxConcurrent(), took, Latency)
	for _, info := range list {
		if len(info.NodeGroupList) != 5 || len(info.NodeGroupList[0].Nodes) != 2 {
			t.Fatalf("%s has %d groups", info.IId, len(info.NodeGroupList))
		}
	}
}
