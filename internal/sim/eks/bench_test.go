// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// BenchmarkServer measures calls through the SDK in process: signing, sending,
// verifying and decoding.
func BenchmarkServer(b *testing.B) {
	s := New(Options{Seed: 1})
	for i := range 100 {
		seed := core.Seed{Name: fmt.Sprintf("c%d", i)}
		for j := range 5 {
			seed.Groups = append(seed.Groups, groupInfo(fmt.Sprintf("g%d", j)))
		}
		if err := s.Put(seed); err != nil {
			b.Fatal(err)
		}
	}
	cfg := aws.Config{
		Region:      s.region,
		Credentials: credentials.NewStaticCredentialsProvider(DefaultAccessKey, DefaultSecret, ""),
		HTTPClient:  &http.Client{Transport: s.Transport()},
	}
	clusters, groups := eks.NewFromConfig(cfg), autoscaling.NewFromConfig(cfg)
	b.Run("DescribeCluster", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := clusters.DescribeCluster(b.Context(), &eks.DescribeClusterInput{Name: aws.String("c50")}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("DescribeAutoScalingGroups/100-of-500", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := groups.DescribeAutoScalingGroups(b.Context(), &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: aws.Int32(100)}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
