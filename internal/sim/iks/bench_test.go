// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"fmt"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// BenchmarkServer measures calls in process: sending, verifying and answering.
func BenchmarkServer(b *testing.B) {
	w := newWorld(b, func(o *Options) { o.Unlimited = true })
	for i := range 100 {
		seed := core.Seed{Name: fmt.Sprintf("c%d", i)}
		for j := range 5 {
			seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("g%d", j)}, DesiredNodeSize: 2})
		}
		wiretest.Must(b, w.Put(seed))
	}
	call := func(path string) func() error {
		return func() error {
			r := w.get(b, path)
			if w.Reset(); r.status != 200 {
				return refusedError(r.refusal())
			}
			return nil
		}
	}
	wiretest.Bench(b, map[string]func() error{
		"getCluster": call("/v2/vpc/getCluster?cluster=c50"), "getWorkers": call("/v2/vpc/getWorkers?cluster=c50"), "getClusters-of-100": call("/v2/vpc/getClusters"),
	})
}
