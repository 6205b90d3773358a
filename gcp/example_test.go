// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"golang.org/x/oauth2"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// simulated is a configuration that reaches a simulated project. Yours has a zone and
// credentials alone.
func simulated() gcp.Config {
	s := gke.New(gke.Options{Unlimited: true})
	return gcp.Config{
		ProjectID:   gke.DefaultProject,
		Zone:        "asia-northeast3-a",
		TokenSource: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: gke.DefaultToken, Expiry: time.Now().Add(time.Hour)}),
		Transport:   s.Transport(),
		RateLimits:  "none",
	}
}

// request is one for a cluster whose control plane the office alone may reach, with a
// node group of spot machines in two zones.
func request() pmks.ClusterInfo {
	return pmks.ClusterInfo{
		IId:     pmks.IID{NameId: "demo"},
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "vpc-01"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}}},
		Access:  pmks.Access{Mode: pmks.AccessPublicAndPrivate, CIDRs: []string{"198.51.100.0/24"}},
		NodeGroupList: []pmks.NodeGroupInfo{{
			IId: pmks.IID{NameId: "batch"}, VMSpecName: "e2-standard-4", DesiredNodeSize: 2,
			Labels: map[string]string{"tier": "batch"},
			Taints: []pmks.Taint{{Key: "dedicated", Value: "batch", Effect: pmks.TaintNoSchedule}},
			Spot:   true,
			Zones:  []string{"asia-northeast3-a", "asia-northeast3-b"},
		}},
	}
}

// A hook has the last word on what is sent, for what pmks has no field for: here a
// maintenance window, and the logs of the API server. GKE keeps both when pmks changes the
// cluster later.
func ExampleConfig_beforeCreateCluster() {
	cfg := simulated()
	cfg.BeforeCreateCluster = func(_ context.Context, req pmks.ClusterInfo, native *containerpb.CreateClusterRequest) error {
		if req.IId.NameId == "" {
			return fmt.Errorf("every cluster has a name")
		}
		native.Cluster.MaintenancePolicy = &containerpb.MaintenancePolicy{Window: &containerpb.MaintenanceWindow{
			Policy: &containerpb.MaintenanceWindow_DailyMaintenanceWindow{DailyMaintenanceWindow: &containerpb.DailyMaintenanceWindow{StartTime: "19:00"}},
		}}
		native.Cluster.LoggingConfig = &containerpb.LoggingConfig{ComponentConfig: &containerpb.LoggingComponentConfig{
			EnableComponents: []containerpb.LoggingComponentConfig_Component{
				containerpb.LoggingComponentConfig_SYSTEM_COMPONENTS, containerpb.LoggingComponentConfig_APISERVER,
			},
		}}
		return nil
	}
	ctx := context.Background()
	h, err := gcp.New(ctx, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	info, err := h.CreateCluster(ctx, request())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.IId.NameId, info.Status, info.Access.CIDRs)
	for _, g := range info.NodeGroupList {
		fmt.Println(g.IId.NameId, g.Labels, g.Taints, g.Spot, g.Zones)
	}
	// Output:
	// demo Creating [198.51.100.0/24]
	// batch map[tier:batch] [dedicated=batch:NoSchedule] true [asia-northeast3-a asia-northeast3-b]
}
