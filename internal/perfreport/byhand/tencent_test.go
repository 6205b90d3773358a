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
	"github.com/pmks-go/pmks/internal/sim/tke"
)

// TestTencent: both ways see the whole account, with the requests that they stand for.
func TestTencent(t *testing.T) {
	t.Parallel()
	const clusters, groups, nodes = 103, 2, 3
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{Latency: 40 * time.Millisecond, Unlimited: true})
		for i := range clusters {
			seed := core.Seed{Name: fmt.Sprintf("c%03d", i)}
			for g := range groups {
				seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("g%d", g)}, VMSpecName: "S5.MEDIUM4",
					OnAutoScaling: true, DesiredNodeSize: nodes, MinNodeSize: 1, MaxNodeSize: nodes})
			}
			if err := s.Put(seed); err != nil {
				t.Fatal(err)
			}
		}
		l, err := New(t.Context(), "tencent", pmks.Config{Region: "ap-seoul", Transport: s.Transport(),
			Credentials: map[string]string{"secretId": tke.DefaultSecretID, "secretKey": tke.DefaultSecretKey}})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{"DescribeClusters": 2, "DescribeClusterNodePools": clusters, "DescribeClusterEndpoints": clusters}
		for name, way := range map[string]struct {
			list func(context.Context) (Seen, error)
			more map[string]int
		}{
			"serial": {l.Serial, map[string]int{"DescribeClusterNodePoolDetail": clusters * groups, "DescribeClusterInstances": clusters * groups,
				"DescribeLaunchConfigurations": clusters * groups}},
			"at-once": {l.AtOnce, map[string]int{"DescribeClusterInstances": clusters, "CheckInstancesUpgradeAble": clusters, "DescribeLaunchConfigurations": 3}},
		} {
			s.Reset()
			seen, err := way.list(t.Context())
			if err != nil || seen != (Seen{clusters, clusters * groups, clusters * groups * nodes}) {
				t.Errorf("%s saw %+v, %v", name, seen, err)
			}
			all := maps.Clone(want)
			maps.Copy(all, way.more)
			if got := s.Counts(); !maps.Equal(got, all) {
				t.Errorf("%s made the requests %v, want %v", name, got, all)
			}
		}
	})
}
