// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"fmt"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// BenchmarkServer measures calls in process: signing, sending and verifying.
func BenchmarkServer(b *testing.B) {
	w := newWorld(b)
	for i := range 100 {
		wiretest.Must(b, w.Put(core.Seed{Name: fmt.Sprintf("c%d", i), Groups: seedGroups("g0", "g1", "g2", "g3", "g4")}))
	}
	cluster := w.seeded("c50", -1)
	get := func(target string) func() error {
		return func() error { return w.do(b.Context(), w.request("GET", target, nil)) }
	}
	wiretest.Bench(b, map[string]func() error{
		"DescribeClusterDetail":         get(cluster),
		"DescribeClusterNodePools/5":    get(cluster + "/nodepools"),
		"DescribeClusterNodes/10":       get(cluster + "/nodes?pageSize=100"),
		"DescribeClustersForRegion/100": get("/regions/ap-northeast-1/clusters?page_size=100"),
	})
}
