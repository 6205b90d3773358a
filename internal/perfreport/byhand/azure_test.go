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
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// TestAzure: both ways see the whole subscription, with the requests that they stand for.
func TestAzure(t *testing.T) {
	t.Parallel()
	const clusters, groups, nodes = 103, 2, 5
	synctest.Test(t, func(t *testing.T) {
		s := aks.New(aks.Options{Latency: 40 * time.Millisecond})
		for i := range clusters {
			seed := core.Seed{Name: fmt.Sprintf("c%03d", i), Version: "1.33.6"}
			for g := range groups {
				seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("g%d", g)}, VMSpecName: "Standard_D4s_v5",
					DesiredNodeSize: nodes, MinNodeSize: 1, MaxNodeSize: nodes})
			}
			if err := s.Put(seed); err != nil {
				t.Fatal(err)
			}
		}
		l, err := New(t.Context(), "azure", pmks.Config{Region: "koreacentral", Endpoint: "https://aks.simulated", Transport: s.Transport(),
			Credentials: map[string]string{"subscriptionId": aks.DefaultSubscriptionID, "tenantId": aks.DefaultTenantID,
				"clientId": aks.DefaultClientID, "clientSecret": aks.DefaultClientSecret},
			Settings: map[string]string{"resourceGroup": aks.DefaultResourceGroup, "authorityHost": "https://aks.simulated"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, way := range []struct {
			name string
			list func(context.Context) (Seen, error)
			want map[string]int
		}{
			{"at-once", l.AtOnce, map[string]int{"ResourceGraph_Resources": 2}},
			{"serial", l.Serial, map[string]int{"ManagedClusters_Get": clusters, "AgentPools_List": clusters, "Machines_List": clusters * groups}},
		} {
			seen, err := way.list(t.Context())
			if err != nil || seen != (Seen{clusters, clusters * groups, clusters * groups * nodes}) {
				t.Errorf("%s saw %+v, %v", way.name, seen, err)
			}
			got := map[string]int{} // of the answers: what is throttled is asked again
			for _, call := range s.Calls() {
				if call.Status == 200 {
					got[call.Op]++
				}
			}
			way.want["ManagedClusters_ListByResourceGroup"] = 2
			for op := range got {
				if way.want[op] == 0 { // signing in
					delete(got, op)
				}
			}
			if !maps.Equal(got, way.want) {
				t.Errorf("%s made the requests %v, want %v", way.name, got, way.want)
			}
			s.Reset()
		}
	})
}
