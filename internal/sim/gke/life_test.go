// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"testing"
	"testing/synctest"
	"time"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/api/option"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_bubble runs the vendor's client over gRPC in virtual time: everything
// that the connection starts ends with it.
func TestServer_bubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1})
		opts := []option.ClientOption{static(DefaultToken), option.WithEndpoint("passthrough:///gke.simulated")}
		for _, dial := range s.DialOptions() {
			opts = append(opts, option.WithGRPCDialOption(dial))
		}
		client := wiretest.OK(container.NewClusterManagerClient(t.Context(), opts...))(t)
		op := wiretest.OK(client.CreateCluster(t.Context(), clusterRequest("demo")))(t)
		began := time.Now()
		for op.GetStatus() != containerpb.Operation_DONE {
			if time.Since(began) > time.Hour {
				t.Fatalf("after an hour the operation is %s", op.GetStatus())
			}
			time.Sleep(15 * time.Second) //nolint:forbidigo // inside a synctest bubble
			op = wiretest.OK(client.GetOperation(t.Context(), &containerpb.GetOperationRequest{Name: opName(op)}))(t)
		}
		got, err := client.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterName("demo")})
		if err != nil || got.GetStatus() != containerpb.Cluster_RUNNING || got.GetEndpoint() == "" {
			t.Errorf("the cluster is %s at %q, %v", got.GetStatus(), got.GetEndpoint(), err)
		}
		if took := time.Since(began); took < 4*time.Minute {
			t.Errorf("it took %s", took)
		}
		time.Sleep(5 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		if _, err := client.ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: inZone}); err != nil {
			t.Errorf("after hours of rest: %v", err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
}
