// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// counts are the numbers of clusters that benchmarks run on.
var counts = []int{1_000, 10_000, 100_000}

// crowd returns a world of n clusters with three groups of two nodes each, and
// the ids of the clusters.
func crowd(tb testing.TB, n int) (*World, []string) {
	tb.Helper()
	p, _ := profile.Get("neutral")
	w := New(p, Options{Seed: 1})
	ids := make([]string, n)
	var groups []pmks.NodeGroupInfo
	for i := range 3 {
		groups = append(groups, p.SampleNodeGroup(fmt.Sprintf("ng%d", i)))
	}
	for i := range ids {
		c, err := w.Put(epoch, Seed{Name: fmt.Sprintf("cluster-%d", i), Network: p.SampleRequest("").Network, Groups: groups})
		if err != nil {
			tb.Fatal(err)
		}
		ids[i] = c.ID
	}
	return w, ids
}

func BenchmarkWorld_Cluster(b *testing.B) {
	for _, n := range counts {
		w, ids := crowd(b, n)
		b.Run(fmt.Sprintf("by-id/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i += 7919 {
				if _, ok := w.Cluster(epoch, ids[i%n]); !ok {
					b.Fatal("not found")
				}
			}
		})
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("cluster-%d", i)
		}
		b.Run(fmt.Sprintf("by-name/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i += 7919 {
				if len(w.ClustersByName(epoch, names[i%n])) != 1 {
					b.Fatal("not found")
				}
			}
		})
	}
}

func BenchmarkWorld_All(b *testing.B) {
	for _, n := range counts {
		w, _ := crowd(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				seen := 0
				for range w.All(epoch) {
					seen++
				}
				if seen != n {
					b.Fatalf("%d clusters", seen)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/cluster")
		})
	}
}

func BenchmarkWorld_Page(b *testing.B) {
	for _, n := range counts {
		w, _ := crowd(b, n)
		page, next, err := w.Page(epoch, "", n/2)
		if err != nil || len(page) != n/2 {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if page, _, err := w.Page(epoch, next, 50); err != nil || len(page) != 50 {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWorld_Memory reports what a cluster with three groups takes.
func BenchmarkWorld_Memory(b *testing.B) {
	for _, n := range counts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var used uint64
			for b.Loop() {
				before := heapInUse()
				w, ids := crowd(b, n)
				used = heapInUse() - before
				runtime.KeepAlive(w)
				runtime.KeepAlive(ids)
			}
			b.ReportMetric(float64(used)/float64(n), "bytes/cluster")
		})
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkWorld_Life takes clusters from creation to their end in a world that
// holds many others.
func BenchmarkWorld_Life(b *testing.B) {
	for _, n := range counts {
		w, _ := crowd(b, n)
		cmd := request(w.Profile(), "passing")
		now := epoch
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := w.Apply(now, cmd, Outcome{})
				if err != nil {
					b.Fatal(err)
				}
				now, _ = w.NextEvent()
				if _, err := w.Apply(now, DeleteCluster{r.Cluster.ID}, Outcome{}); err != nil {
					b.Fatal(err)
				}
				now, _ = w.NextEvent()
				w.Advance(now)
			}
		})
	}
}

// TestWorld_ReadsAllocateNothing holds the benchmarks to their promise.
func TestWorld_ReadsAllocateNothing(t *testing.T) {
	w, ids := crowd(t, 100)
	for name, read := range map[string]func(){
		"by-id":   func() { w.Cluster(epoch, ids[50]) },
		"by-name": func() { w.ClustersByName(epoch, "cluster-50") },
		"len":     func() { w.Len(epoch) },
	} {
		t.Run(name, func(t *testing.T) {
			if n := testing.AllocsPerRun(100, read); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}
