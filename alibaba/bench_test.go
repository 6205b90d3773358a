// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"testing"
	"time"

	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
)

// BenchmarkListCluster lists the clusters of a full account with 5 node groups each while
// every request takes 10 ms. The time is real.
func BenchmarkListCluster(b *testing.B) {
	b.ReportAllocs()
	s := bench.Fleet(b, bench.Simulate(providertest.Options{Latency: 10 * time.Millisecond, Unlimited: true}), 20, 5)
	h := newHandler(b, s, func(c *alibaba.Config) { c.RateLimits = "none" }) // how fast it is, not how patient
	for b.Loop() {
		s.Reset()
		if list, err := h.ListCluster(b.Context()); err != nil || len(list) != 20 {
			b.Fatal(len(list), err)
		}
	}
	b.ReportMetric(float64(s.Count("")), "calls")
	b.ReportMetric(float64(s.MaxConcurrent()), "at-once")
}
