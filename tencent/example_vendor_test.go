// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package tencent_test

import (
	"context"
	"fmt"

	sdk "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/tencent"
)

// The vendor's own clients come with the credentials, the endpoints and the transport of
// the handler.
func ExampleHandler_Vendor() {
	ctx := context.Background()
	h, err := tencent.New(ctx, simulated())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	out, err := h.Vendor().TKE.DescribeOSImagesWithContext(ctx, sdk.NewDescribeOSImagesRequest())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, image := range out.Response.OSImageSeriesSet {
		if *image.Status == "online" {
			fmt.Println(*image.OsName)
			break
		}
	}
	// Output:
	// tlinux3.1x86_64
}

// A hook sees the request for a cluster last: here TKE forwards the traffic of services by
// IPVS, for which pmks has no field.
func ExampleConfig_beforeCreateCluster() {
	ctx := context.Background()
	cfg := simulated()
	cfg.BeforeCreateCluster = func(_ context.Context, req pmks.ClusterInfo, native *sdk.CreateClusterRequest) error {
		native.ClusterAdvancedSettings.IPVS = new(true)
		fmt.Println(req.IId.NameId, *native.ClusterBasicSettings.ClusterVersion)
		return nil
	}
	h, err := tencent.New(ctx, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	made, err := h.CreateCluster(ctx, request("demo"))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := h.Vendor().TKE.DescribeClustersWithContext(ctx, &sdk.DescribeClustersRequest{ClusterIds: []*string{&made.IId.SystemId}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*out.Response.Clusters[0].ClusterNetworkSettings.Ipvs)
	// Output:
	// demo 1.34.1
	// true
}
