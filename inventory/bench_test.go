// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/inventory"
)

// ready is a source with clusters that cost nothing to read, so that what is measured is
// the list's own.
func ready(name string, clusters int) inventory.Source {
	info := pmks.ClusterInfo{IId: pmks.IID{NameId: "c", SystemId: "c"}, Version: "1.33", Status: pmks.ClusterActive}
	return inventory.Source{Name: name, Group: name, Handler: streamer{clusters: func(_ context.Context, yield func(pmks.ClusterInfo, error) bool) {
		for range clusters {
			if !yield(info, nil) {
				return
			}
		}
	}}}
}

func drain(tb testing.TB, sources []inventory.Source) (n int) {
	tb.Helper()
	for _, err := range inventory.List(tb.Context(), sources, inventory.WithTimeout(1<<40)) {
		if err != nil {
			tb.Fatal(err)
		}
		n++
	}
	return n
}

// TestList_allocations: a source costs a little, and a cluster nothing.
func TestList_allocations(t *testing.T) {
	measure := func(sources, clusters int) float64 {
		var list []inventory.Source
		for i := range sources {
			list = append(list, ready(fmt.Sprint(i), clusters))
		}
		return testing.AllocsPerRun(10, func() { drain(t, list) })
	}
	base := measure(1, 1)
	if base > 60 {
		t.Errorf("%.0f allocations for one source with one cluster", base)
	}
	if more := measure(1, 10_001) - base; more > 10 {
		t.Errorf("%.0f allocations for 10,000 clusters", more)
	}
	if more := (measure(101, 1) - base) / 100; more > 40 {
		t.Errorf("%.1f allocations for each source", more)
	}
}

// BenchmarkList hands over 10,000 clusters of 50 sources.
func BenchmarkList(b *testing.B) {
	var sources []inventory.Source
	for i := range 50 {
		sources = append(sources, ready(fmt.Sprint(i), 200))
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n += drain(b, sources)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/cluster")
}
