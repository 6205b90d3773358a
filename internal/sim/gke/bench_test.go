// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"fmt"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// BenchmarkServer_group reads one instance group among those of ever more clusters: the
// time does not grow with them.
func BenchmarkServer_group(b *testing.B) {
	for _, clusters := range []int{30, 300, 3000} {
		b.Run(fmt.Sprint(clusters), func(b *testing.B) {
			s := New(Options{Seed: 1, Unlimited: true})
			for i := range clusters {
				wiretest.Must(b, s.Put(core.Seed{Name: fmt.Sprintf("c%d", i), Groups: []pmks.NodeGroupInfo{seedGroup("g")}}))
			}
			_, vm := newREST(b, simURL, s.Transport(), DefaultToken)
			rec := wiretest.OK(s.named("c7"))(b)
			group := rec.pools["g"].groupName(rec, rec.pools["g"].hashes[0])
			for b.Loop() {
				wiretest.OK(vm.InstanceGroupManagers.ListManagedInstances(DefaultProject, zoneA, group).Context(b.Context()).Do())(b)
			}
		})
	}
}

// BenchmarkServer measures calls through the vendor's clients in process.
func BenchmarkServer(b *testing.B) {
	s := New(Options{Seed: 1, Unlimited: true})
	for i := range 90 {
		seed := core.Seed{Name: fmt.Sprintf("c%d", i)}
		for j := range 5 {
			seed.Groups = append(seed.Groups, seedGroup(fmt.Sprintf("g%d", j)))
		}
		wiretest.Must(b, s.Put(seed))
	}
	rpc := newGRPC(b, s, static(DefaultToken))
	rest, vm := newREST(b, simURL, s.Transport(), DefaultToken)
	one, all := &containerpb.GetClusterRequest{Name: clusterName("c50")}, &containerpb.ListClustersRequest{Parent: inZone}
	group := wiretest.OK(rpc.GetCluster(b.Context(), one))(b).GetNodePools()[0].GetInstanceGroupUrls()[0]
	group = group[len(s.computeLink("zones/"+zoneA+"/instanceGroupManagers/")):]
	wiretest.Bench(b, map[string]func() error{
		"GetCluster/grpc":      func() error { return wiretest.Err(rpc.GetCluster(b.Context(), one)) },
		"GetCluster/rest":      func() error { return wiretest.Err(rest.GetCluster(b.Context(), one)) },
		"ListClusters-90/grpc": func() error { return wiretest.Err(rpc.ListClusters(b.Context(), all)) },
		"ListClusters-90/rest": func() error { return wiretest.Err(rest.ListClusters(b.Context(), all)) },
		"listManagedInstances-2": func() error {
			return wiretest.Err(vm.InstanceGroupManagers.ListManagedInstances(DefaultProject, zoneA, group).Do())
		},
	})
}
