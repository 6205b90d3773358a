// SPDX-License-Identifier: Apache-2.0

package tke

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
	id, _ := w.seeded("c50", 0)
	call := func(service, action string, body object) func() error {
		return func() error { return w.do(b.Context(), w.client.request(service, action, body)) }
	}
	wiretest.Bench(b, map[string]func() error{
		"DescribeClusters/1":               call("tke", "DescribeClusters", object{"ClusterIds": []any{id}}),
		"DescribeClusters/100":             call("tke", "DescribeClusters", object{"Limit": 100}),
		"DescribeClusterNodePools/5":       call("tke", "DescribeClusterNodePools", object{"ClusterId": id}),
		"DescribeClusterInstances/10":      call("tke", "DescribeClusterInstances", object{"ClusterId": id, "Limit": 100}),
		"DescribeLaunchConfigurations/100": call("as", "DescribeLaunchConfigurations", object{"Limit": 100}),
	})
}
