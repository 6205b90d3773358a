// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/pmks-go/pmks/simtest"
)

// BenchmarkListCluster lists 20 clusters of five node groups over answers from memory: by
// pmks, and by the same requests made side by side with the vendor's SDK alone.
//
//	go test -run '^$' -bench ListCluster -count 10 ./internal/perfreport | tee new
//	benchstat -col /by new
func BenchmarkListCluster(b *testing.B) {
	for _, cloud := range simtest.Clouds() {
		b.Run("cloud="+cloud, func(b *testing.B) {
			l, err := newCannedListing(b, cloud)
			if err != nil {
				b.Fatal(err)
			}
			for _, way := range []struct {
				by   string
				list func() error
			}{{"pmks", l.pmks}, {"sdk", l.sdk}} {
				b.Run("by="+way.by, func(b *testing.B) {
					b.ReportAllocs()
					asked := l.transport.Asked()
					for b.Loop() {
						if err := way.list(); err != nil {
							b.Fatal(err)
						}
					}
					if l.transport.Asked() != asked {
						b.Fatal("the simulator was asked in what is measured")
					}
				})
			}
		})
	}
}
