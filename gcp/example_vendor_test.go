// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package gcp_test

import (
	"context"
	"fmt"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// Vendor gives Google's own clients, with the credentials of the handler, for what pmks
// does not cover.
func ExampleHandler_Vendor() {
	ctx := context.Background()
	h, err := gcp.New(ctx, simulated())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	if _, err := h.CreateCluster(ctx, request()); err != nil {
		fmt.Println(err)
		return
	}
	clients := h.Vendor()
	c, err := clients.GKE.GetCluster(ctx, &containerpb.GetClusterRequest{Name: "projects/" + gke.DefaultProject + "/locations/asia-northeast3-a/clusters/demo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.GetStatus(), c.GetReleaseChannel().GetChannel(), len(clients.Compute) > 0)
	// Output:
	// PROVISIONING REGULAR true
}
