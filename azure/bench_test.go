// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/aks"
)

// benchLatency is how long each call takes; the time is real.
const benchLatency = 10 * time.Millisecond

// BenchmarkListCluster lists 100 clusters with 5 node groups each while every call
// takes 10 ms, by the handler and one call after the other.
func BenchmarkListCluster(b *testing.B) {
	b.Run("handler", func(b *testing.B) {
		s := fleet(b, 100, 5, aks.Options{Latency: benchLatency, Unlimited: true})
		h := signedIn(b, s)
		for b.Loop() {
			s.Reset()
			if list, err := h.ListCluster(b.Context()); err != nil || len(list) != 100 {
				b.Fatal(len(list), err)
			}
		}
		b.ReportMetric(float64(s.Count("")), "calls")
		b.ReportMetric(float64(s.MaxConcurrent()), "at-once")
	})
	b.Run("serial", func(b *testing.B) {
		s := fleet(b, 100, 5, aks.Options{Latency: benchLatency, Unlimited: true})
		factory := rawClients(b, s)
		for b.Loop() {
			s.Reset()
			pages := factory.NewManagedClustersClient().NewListByResourceGroupPager(aks.DefaultResourceGroup, nil)
			for pages.More() {
				page, err := pages.NextPage(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				for _, c := range page.Value {
					rawMachines(b, factory, c)
				}
			}
		}
		b.ReportMetric(float64(s.Count("")), "calls")
		b.ReportMetric(float64(s.MaxConcurrent()), "at-once")
	})
}

// BenchmarkOverhead is GetCluster beside the same calls of the bare SDK.
func BenchmarkOverhead(b *testing.B) {
	b.Run("handler", func(b *testing.B) {
		h := signedIn(b, fleet(b, 1, 5, aks.Options{Unlimited: true}))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := h.GetCluster(b.Context(), pmks.IID{NameId: "c000"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare-sdk", func(b *testing.B) {
		factory := rawClients(b, fleet(b, 1, 5, aks.Options{Unlimited: true}))
		clusters := factory.NewManagedClustersClient()
		b.ReportAllocs()
		for b.Loop() {
			out, err := clusters.Get(b.Context(), aks.DefaultResourceGroup, "c000", nil)
			if err != nil {
				b.Fatal(err)
			}
			rawMachines(b, factory, &out.ManagedCluster)
			if _, err := clusters.ListClusterAdminCredentials(b.Context(), aks.DefaultResourceGroup, "c000", nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// rawClients makes the SDK's own clients, signed in.
func rawClients(b *testing.B, s *aks.Server) *armcontainerservice.ClientFactory {
	b.Helper()
	credential, options := signedIn(b, s).SDK()
	// Their own pipeline, without what pmks adds.
	plain := &arm.ClientOptions{ClientOptions: options.ClientOptions, DisableRPRegistration: true}
	plain.PerCallPolicies = nil
	factory, err := armcontainerservice.NewClientFactory(aks.DefaultSubscriptionID, credential, plain)
	if err != nil {
		b.Fatal(err)
	}
	return factory
}

// rawMachines lists the machines of every pool of a cluster, one after the other.
func rawMachines(b *testing.B, factory *armcontainerservice.ClientFactory, c *armcontainerservice.ManagedCluster) {
	b.Helper()
	for _, p := range c.Properties.AgentPoolProfiles {
		pages := factory.NewMachinesClient().NewListPager(aks.DefaultResourceGroup, *c.Name, *p.Name, nil)
		for pages.More() {
			if _, err := pages.NextPage(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
}
