// SPDX-License-Identifier: Apache-2.0

package byhand

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// TestIBM: both ways see the whole account, with the requests that they stand for, and the
// SDK comes back later where too many were made.
func TestIBM(t *testing.T) {
	t.Parallel()
	const clusters, groups, nodes = 103, 2, 3
	for _, unlimited := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := iks.New(iks.Options{Latency: 40 * time.Millisecond, Unlimited: unlimited})
			for i := range clusters {
				seed := core.Seed{Name: fmt.Sprintf("c%03d", i)}
				for g := range groups {
					seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("g%d", g)}, VMSpecName: "bx2.4x16",
						DesiredNodeSize: nodes, MinNodeSize: 1, MaxNodeSize: nodes})
				}
				if err := s.Put(seed); err != nil {
					t.Fatal(err)
				}
			}
			l, err := New(t.Context(), "ibm", pmks.Config{Region: "us-south", Transport: s.Transport(), Credentials: map[string]string{"apiKey": iks.DefaultAPIKey}})
			if err != nil {
				t.Fatal(err)
			}
			const list, cluster, pools, pool, workers = "getClusters", "getCluster", "getWorkerPools", "getWorkerPool", "getWorkers"
			for name, way := range map[string]struct {
				list func(context.Context) (Seen, error)
				want map[string]int
			}{
				"serial":  {l.Serial, map[string]int{list: 1, cluster: clusters, pools: clusters, pool: clusters * groups, workers: clusters * groups}},
				"at-once": {l.AtOnce, map[string]int{list: 1, cluster: clusters, pools: clusters, workers: clusters}},
			} {
				s.Reset()
				start := time.Now()
				seen, err := way.list(t.Context())
				if err != nil || seen != (Seen{clusters, clusters * groups, clusters * groups * nodes}) {
					t.Errorf("%s saw %+v, %v", name, seen, err)
				}
				got := s.Counts()
				delete(got, "token")
				if unlimited && !maps.Equal(got, way.want) {
					t.Errorf("%s made the requests %v, want %v", name, got, way.want)
				}
				t.Logf("%s, unlimited %t: %s, %v", name, unlimited, time.Since(start), got)
			}
		})
	}
}
