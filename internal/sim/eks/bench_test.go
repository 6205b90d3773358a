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
	"github.com/pmks-go/pmks/internal/sim/wiretest"
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
		wiretest.Must(b, s.Put(seed))
	}
	cfg := aws.Config{
		Region:      s.region,
		Credentials: credentials.NewStaticCredentialsProvider(DefaultAccessKey, DefaultSecret, ""),
		HTTPClient:  &http.Client{Transport: s.Transport()},
	}
	clusters, groups := eks.NewFromConfig(cfg), autoscaling.NewFromConfig(cfg)
	wiretest.Bench(b, map[string]func() error{
		"DescribeCluster": func() error {
			return wiretest.Err(clusters.DescribeCluster(b.Context(), &eks.DescribeClusterInput{Name: aws.String("c50")}))
		},
		"DescribeAutoScalingGroups/100-of-500": func() error {
			return wiretest.Err(groups.DescribeAutoScalingGroups(b.Context(), &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: aws.Int32(100)}))
		},
	})
}
