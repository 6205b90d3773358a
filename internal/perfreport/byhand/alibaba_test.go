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
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// TestAlibaba: both ways see the whole account, with the requests that they stand for.
func TestAlibaba(t *testing.T) {
	t.Parallel()
	const region, clusters, groups, nodes = "ap-northeast-1", 103, 2, 3
	synctest.Test(t, func(t *testing.T) {
		resources := ack.DefaultResources(region)
		resources.Quota = ack.Quota{}
		s := ack.New(ack.Options{Latency: 40 * time.Millisecond, Resources: &resources, Unlimited: true})
		for i := range clusters {
			seed := core.Seed{Name: fmt.Sprintf("c%03d", i)}
			for g := range groups {
				seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("g%d", g)}, VMSpecName: "ecs.g7.xlarge",
					OnAutoScaling: true, DesiredNodeSize: nodes, MinNodeSize: 1, MaxNodeSize: nodes})
			}
			if err := s.Put(seed); err != nil {
				t.Fatal(err)
			}
		}
		l, err := New(t.Context(), "alibaba", pmks.Config{Region: region, Transport: s.Transport(),
			Credentials: map[string]string{"accessKeyId": ack.DefaultAccessKeyID, "accessKeySecret": ack.DefaultAccessKeySecret}})
		if err != nil {
			t.Fatal(err)
		}
		const list, detail, pools, pool, listNodes = "DescribeClustersForRegion", "DescribeClusterDetail", "DescribeClusterNodePools", "DescribeClusterNodePoolDetail", "DescribeClusterNodes"
		for name, way := range map[string]struct {
			list func(context.Context) (Seen, error)
			want map[string]int
		}{
			"serial":  {l.Serial, map[string]int{list: 2, detail: clusters, pools: clusters, pool: clusters * groups, listNodes: clusters * groups}},
			"at-once": {l.AtOnce, map[string]int{list: 2, detail: clusters, pools: clusters, listNodes: clusters}},
		} {
			s.Reset()
			seen, err := way.list(t.Context())
			if err != nil || seen != (Seen{clusters, clusters * groups, clusters * groups * nodes}) {
				t.Errorf("%s saw %+v, %v", name, seen, err)
			}
			if got := s.Counts(); !maps.Equal(got, way.want) {
				t.Errorf("%s made the requests %v, want %v", name, got, way.want)
			}
		}
	})
}
