// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"fmt"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// BenchmarkServer measures calls through the vendor's clients in process.
func BenchmarkServer(b *testing.B) {
	s := New(Options{Seed: 1})
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
