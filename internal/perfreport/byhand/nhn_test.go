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
	"github.com/pmks-go/pmks/internal/sim/nks"
)

// TestNHN: both ways see the whole account, with the requests that they stand for.
func TestNHN(t *testing.T) {
	t.Parallel()
	const clusters, groups, nodes = 21, 2, 3
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Latency: 40 * time.Millisecond, Unlimited: true, Quota: nks.Quota{Clusters: -1, NodeGroups: -1, Nodes: 100}})
		for i := range clusters {
			seed := core.Seed{Name: fmt.Sprintf("c%03d", i)}
			for g := range groups {
				seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("g%d", g)}, VMSpecName: "m2.c4m8",
					DesiredNodeSize: nodes, MinNodeSize: 1, MaxNodeSize: nodes})
			}
			if err := s.Put(seed); err != nil {
				t.Fatal(err)
			}
		}
		l, err := New(t.Context(), "nhn", pmks.Config{Region: "kr1", Endpoint: "http://127.0.0.1:1/v2.0", Transport: s.Transport(),
			Credentials: map[string]string{"username": nks.DefaultUser, "password": nks.DefaultPassword, "tenantId": nks.DefaultTenantID}})
		if err != nil {
			t.Fatal(err)
		}
		for name, way := range map[string]struct {
			list    func(context.Context) (Seen, error)
			servers int
		}{"serial": {l.Serial, clusters}, "at-once": {l.AtOnce, 1}} {
			s.Reset()
			seen, err := way.list(t.Context())
			if err != nil || seen != (Seen{clusters, clusters * groups, clusters * groups * nodes}) {
				t.Errorf("%s saw %+v, %v", name, seen, err)
			}
			want := map[string]int{"flavors.list": 1, "images.list": 1, "vpcs.list": 1, "clusters.list": 1, "clusters.get": clusters,
				"nodegroups.list": clusters, "nodegroups.get": clusters * groups, "servers.list": way.servers}
			if got := s.Counts(); !maps.Equal(got, want) {
				t.Errorf("%s made the requests %v, want %v", name, got, want)
			}
		}
	})
}
