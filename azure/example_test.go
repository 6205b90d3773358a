// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/sim/aks"
)

// A hook has the last word on the request, for what pmks has no field for: this one lets
// AKS upgrade the cluster to new patches by itself, and put the images of its nodes in
// order. Later writes of pmks keep that.
func ExampleConfig_beforeCreateCluster() {
	cfg := configFor(aks.New(aks.Options{})) // a simulated subscription
	cfg.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, native *armcontainerservice.ManagedCluster) error {
		patch, image := armcontainerservice.UpgradeChannelPatch, armcontainerservice.NodeOSUpgradeChannelNodeImage
		native.Properties.AutoUpgradeProfile = &armcontainerservice.ManagedClusterAutoUpgradeProfile{UpgradeChannel: &patch, NodeOSUpgradeChannel: &image}
		return nil
	}
	ctx := context.Background()
	h, err := azure.New(ctx, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := h.CreateCluster(ctx, bench.SampleRequest("demo")); err != nil {
		fmt.Println(err)
		return
	}
	credential, options := h.SDK() // of the handler, for clients of one's own
	clusters, err := armcontainerservice.NewManagedClustersClient(cfg.SubscriptionID, credential, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	made, err := clusters.Get(ctx, cfg.ResourceGroup, "demo", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*made.Properties.AutoUpgradeProfile.UpgradeChannel, *made.Properties.AutoUpgradeProfile.NodeOSUpgradeChannel)
	// Output: patch NodeImage
}
