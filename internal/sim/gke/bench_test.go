// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"fmt"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// BenchmarkServer_group reads one instance group among those of ever more clusters: the
// time does not grow with them.
func BenchmarkServer_group(b *testing.B) {
	for _, clusters := range []int{30, 300, 3000} {
		b.Run(fmt.Sprint(clusters), func(b *testing.B) {
			s := New(Options{Seed: 1, Unlimited: true})
			for i := range clusters {
				if err := s.Put(core.Seed{Name: fmt.Sprintf("c%d", i), Groups: []pmks.NodeGroupInfo{seedGroup("g")}}); err != nil {
					b.Fatal(err)
				}
			}
			_, vm := newREST(b, s.Transport(), DefaultToken)
			rec, err := s.named("c7")
			if err != nil {
				b.Fatal(err)
			}
			group := rec.pools["g"].groupName(rec, rec.pools["g"].hashes[0])
			for b.Loop() {
				if _, err := vm.InstanceGroupManagers.ListManagedInstances(DefaultProject, zoneA, group).Context(b.Context()).Do(); err != nil {
					b.Fatal(err)
				}
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
		if err := s.Put(seed); err != nil {
			b.Fatal(err)
		}
	}
	rpc := newGRPC(b, s, static(DefaultToken))
	rest, vm := newREST(b, s.Transport(), DefaultToken)
	one, all := &containerpb.GetClusterRequest{Name: clusterName("c50")}, &containerpb.ListClustersRequest{Parent: inZone}
	c, err := rpc.GetCluster(b.Context(), one)
	if err != nil {
		b.Fatal(err)
	}
	group := c.GetNodePools()[0].GetInstanceGroupUrls()[0]
	group = group[len(s.computeLink("zones/"+zoneA+"/instanceGroupManagers/")):]
	for name, call := range map[string]func() error{
		"GetCluster/grpc":      func() error { _, err := rpc.GetCluster(b.Context(), one); return err },
		"GetCluster/rest":      func() error { _, err := rest.GetCluster(b.Context(), one); return err },
		"ListClusters-90/grpc": func() error { _, err := rpc.ListClusters(b.Context(), all); return err },
		"ListClusters-90/rest": func() error { _, err := rest.ListClusters(b.Context(), all); return err },
		"listManagedInstances-2": func() error {
			_, err := vm.InstanceGroupManagers.ListManagedInstances(DefaultProject, zoneA, group).Do()
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
