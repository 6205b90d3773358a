// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/pmks-go/pmks"
)

// filled makes a cloud with n clusters of three node groups of two nodes.
func filled(tb testing.TB, n int) *Handler {
	tb.Helper()
	p := mustProfile(tb, "neutral")
	req := p.SampleRequest("demo")
	seeds := make([]Cluster, n)
	for i := range seeds {
		seeds[i] = Cluster{Name: clusterName(i), Network: req.Network, TagList: req.TagList,
			NodeGroups: []pmks.NodeGroupInfo{p.SampleNodeGroup("a"), p.SampleNodeGroup("b"), p.SampleNodeGroup("c")}}
	}
	return New(WithClusters(seeds...))
}

func clusterName(i int) string { return fmt.Sprintf("cluster-%06d", i) }

// BenchmarkHandler_GetCluster shows that a read does not get slower with the
// number of clusters.
func BenchmarkHandler_GetCluster(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		h := filled(b, n)
		iid := mustGet(b, h, pmks.IID{NameId: clusterName(n / 2)}).IId
		for name, iid := range map[string]pmks.IID{"id": {SystemId: iid.SystemId}, "name": {NameId: iid.NameId}} {
			b.Run(fmt.Sprintf("by-%s/of-%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := h.GetCluster(b.Context(), iid); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkHandler_ListCluster shows that a listing takes time linear in the
// number of clusters: ns/cluster stays.
func BenchmarkHandler_ListCluster(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		h := filled(b, n)
		b.Run(fmt.Sprintf("of-%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				list, err := h.ListCluster(b.Context())
				if err != nil || len(list) != n {
					b.Fatalf("got %d clusters, %v", len(list), err)
				}
				h.ResetCalls()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/cluster")
		})
	}
}

// BenchmarkHandler_memory reports what a cluster of three groups takes.
func BenchmarkHandler_memory(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		before := heap()
		h := filled(b, n)
		b.ReportMetric(float64(heap()-before)/n, "bytes/cluster")
		runtime.KeepAlive(h)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestHandler_GetCluster_allocations: what a read allocates does not depend on
// how many clusters there are.
func TestHandler_GetCluster_allocations(t *testing.T) {
	// Not parallel: allocations are counted for the whole process.
	var counts []float64
	for _, n := range []int{10, 10_000} {
		h := filled(t, n)
		iid := pmks.IID{NameId: clusterName(n / 2)}
		counts = append(counts, testing.AllocsPerRun(100, func() {
			if _, err := h.GetCluster(t.Context(), iid); err != nil {
				t.Fatal(err)
			}
			h.ResetCalls()
		}))
	}
	// A runtime that empties its pools meanwhile, as the race detector does at random,
	// costs a few; growth would cost thousands.
	if counts[1] > counts[0]*1.5 {
		t.Errorf("a read allocates %.0f times among 10 clusters and %.0f times among 10,000", counts[0], counts[1])
	}
}
