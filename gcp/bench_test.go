// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/api/compute/v1"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// benchLatency is how long each call takes; the time is real.
const benchLatency = 10 * time.Millisecond

// BenchmarkListCluster lists 90 clusters with 5 node groups each while every call
// takes 10 ms, by the handler and one call after the other.
func BenchmarkListCluster(b *testing.B) {
	b.Run("handler", func(b *testing.B) {
		s := fleet(b, 90, 5, gke.Options{Latency: benchLatency, Unlimited: true})
		cfg := configFor(s)
		cfg.RateLimits = "none" // how fast the handler is, not how patient
		h := newHandlerWith(b, cfg)
		for b.Loop() {
			s.Reset()
			if list, err := h.ListCluster(b.Context()); err != nil || len(list) != 90 {
				b.Fatal(len(list), err)
			}
		}
		b.ReportMetric(float64(s.Count("")), "calls")
		b.ReportMetric(float64(s.MaxConcurrent()), "at-once")
	})
	b.Run("serial", func(b *testing.B) {
		s := fleet(b, 90, 5, gke.Options{Latency: benchLatency, Unlimited: true})
		clusters := otherHand(b, s)
		vms, err := compute.NewService(b.Context(), signedInto(s, "/compute/v1/")...)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			s.Reset()
			out, err := clusters.ListClusters(b.Context(), &containerpb.ListClustersRequest{Parent: "projects/" + gke.DefaultProject + "/locations/-"})
			if err != nil {
				b.Fatal(err)
			}
			for _, c := range out.GetClusters() {
				rawInstances(b, vms, c)
			}
		}
		b.ReportMetric(float64(s.Count("")), "calls")
		b.ReportMetric(float64(s.MaxConcurrent()), "at-once")
	})
}

// rawInstances lists the instances of every pool of a cluster, one after the other.
func rawInstances(b *testing.B, vms *compute.Service, c *containerpb.Cluster) {
	b.Helper()
	for _, p := range c.GetNodePools() {
		for _, url := range p.GetInstanceGroupUrls() {
			name := url[len(url)-len("gke-c000-g0-00000000-grp"):]
			if _, err := vms.InstanceGroupManagers.ListManagedInstances(gke.DefaultProject, "asia-northeast3-a", name).Context(b.Context()).Do(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkGetCluster reads a cluster of 5 node groups over both protocols.
func BenchmarkGetCluster(b *testing.B) {
	for _, protocol := range []string{"rest", "grpc"} {
		b.Run(protocol, func(b *testing.B) {
			s := fleet(b, 1, 5, gke.Options{Unlimited: true})
			cfg := configFor(s)
			if protocol == "grpc" {
				overGRPC(s)(&cfg)
			}
			h := newHandlerWith(b, cfg)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.GetCluster(b.Context(), pmks.IID{NameId: "c000"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
