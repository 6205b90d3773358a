// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"net/http"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	sdkeks "github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// rawClients are the SDK's own clients on a simulator.
func rawClients(s *eks.Server) (*sdkeks.Client, *autoscaling.Client) {
	cfg := sdk.Config{
		Region:       "us-east-2",
		Credentials:  credentials.NewStaticCredentialsProvider(eks.DefaultAccessKey, eks.DefaultSecret, ""),
		HTTPClient:   &http.Client{Transport: s.Transport()},
		BaseEndpoint: sdk.String("https://eks.simulated"),
	}
	return sdkeks.NewFromConfig(cfg), autoscaling.NewFromConfig(cfg)
}

// BenchmarkListCluster lists 100 clusters with 5 node groups each while every call
// takes 40 ms, by the handler and one call after the other.
func BenchmarkListCluster(b *testing.B) {
	b.Run("handler", func(b *testing.B) {
		s := fleet(b, 100, 5, eks.Options{Latency: providertest.Latency})
		h := newHandler(b, s)
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
		s := fleet(b, 100, 5, eks.Options{Latency: providertest.Latency})
		clusters, scaling := rawClients(s)
		for b.Loop() {
			s.Reset()
			list, err := clusters.ListClusters(b.Context(), &sdkeks.ListClustersInput{MaxResults: sdk.Int32(100)})
			if err != nil {
				b.Fatal(err)
			}
			for _, name := range list.Clusters {
				if err := rawGet(b.Context(), clusters, nil, name); err != nil {
					b.Fatal(err)
				}
			}
			pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(scaling, &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: sdk.Int32(100)})
			for pages.HasMorePages() {
				if _, err := pages.NextPage(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(s.Count("")), "calls")
		b.ReportMetric(float64(s.MaxConcurrent()), "at-once")
	})
}

// rawGet makes the calls of a listing, or with scaling those of GetCluster, with
// the bare SDK.
func rawGet(ctx context.Context, clusters *sdkeks.Client, scaling *autoscaling.Client, name string) error {
	if _, err := clusters.DescribeCluster(ctx, &sdkeks.DescribeClusterInput{Name: &name}); err != nil {
		return err
	}
	groups, err := clusters.ListNodegroups(ctx, &sdkeks.ListNodegroupsInput{ClusterName: &name, MaxResults: sdk.Int32(100)})
	if err != nil {
		return err
	}
	var names []string
	for _, group := range groups.Nodegroups {
		found, err := rawScalingGroups(ctx, clusters, name, group)
		if err != nil {
			return err
		}
		names = append(names, found...)
	}
	if scaling == nil {
		return nil
	}
	if _, err := clusters.ListAddons(ctx, &sdkeks.ListAddonsInput{ClusterName: &name, MaxResults: sdk.Int32(100)}); err != nil {
		return err
	}
	_, err = scaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: names, MaxRecords: sdk.Int32(100)})
	return err
}

// BenchmarkToken makes a cluster token: one call, which tells that there is such a
// cluster, and one signature.
func BenchmarkToken(b *testing.B) {
	h := newHandler(b, fleet(b, 1, 0, eks.Options{}))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.GenerateClusterToken(b.Context(), pmks.IID{NameId: "c000"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}
