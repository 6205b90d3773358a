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
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// TestAWS: both ways see the whole account, with the requests that they stand for.
func TestAWS(t *testing.T) {
	t.Parallel()
	const clusters, groups, nodes = 103, 2, 3
	synctest.Test(t, func(t *testing.T) {
		s := eks.New(eks.Options{Latency: 40 * time.Millisecond})
		for i := range clusters {
			seed := core.Seed{Name: fmt.Sprintf("c%03d", i), Version: "1.33"}
			for g := range groups {
				seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("g%d", g)}, VMSpecName: "t3.medium",
					OnAutoScaling: true, DesiredNodeSize: nodes, MinNodeSize: 1, MaxNodeSize: nodes})
			}
			if err := s.Put(seed); err != nil {
				t.Fatal(err)
			}
		}
		l, err := New(t.Context(), "aws", pmks.Config{Region: "us-east-2", Endpoint: "https://eks.simulated", Transport: s.Transport(),
			Credentials: map[string]string{"accessKeyId": eks.DefaultAccessKey, "secretAccessKey": eks.DefaultSecret}})
		if err != nil {
			t.Fatal(err)
		}
		for name, way := range map[string]struct {
			list    func(context.Context) (Seen, error)
			scaling int
		}{"serial": {l.Serial, clusters * groups}, "at-once": {l.AtOnce, 3}} {
			s.Reset()
			seen, err := way.list(t.Context())
			if err != nil || seen != (Seen{clusters, clusters * groups, clusters * groups * nodes}) {
				t.Errorf("%s saw %+v, %v", name, seen, err)
			}
			want := map[string]int{"ListClusters": 2, "DescribeCluster": clusters, "ListNodegroups": clusters,
				"DescribeNodegroup": clusters * groups, "DescribeAutoScalingGroups": way.scaling}
			if got := s.Counts(); !maps.Equal(got, want) {
				t.Errorf("%s made the requests %v, want %v", name, got, want)
			}
		}
	})
}
