// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package azure_test

import (
	"context"
	"fmt"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// Vendor gives the SDK's own clients for what pmks does not cover, such as stopping a
// cluster for the night.
func ExampleHandler_Vendor() {
	s := aks.New(aks.Options{}) // a simulated subscription with a cluster
	group := bench.SampleNodeGroup("pool")
	if err := s.Put(core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{group}}); err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	h, err := azure.New(ctx, configFor(s))
	if err != nil {
		fmt.Println(err)
		return
	}
	clusters := h.Vendor().ContainerService.NewManagedClustersClient()
	if _, err := clusters.BeginStop(ctx, aks.DefaultResourceGroup, "demo", nil); err != nil {
		fmt.Println(err)
		return
	}
	info, err := h.GetCluster(ctx, pmks.IID{NameId: "demo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, kv := range info.KeyValueList {
		if kv.Key == pmks.KeyNativeStatus {
			fmt.Println(info.IId.NameId, "is", kv.Value)
		}
	}
	// Output: demo is Stopping
}
