// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"fmt"
	"time"

	sdk "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// simulated is the configuration of a handler on a simulated account, whose minutes are
// fractions of a millisecond. A program leaves out Transport, RateLimits and PollInterval.
func simulated() tencent.Config {
	account := tke.New(tke.Options{Scale: 1e-6, Unlimited: true})
	return tencent.Config{
		Region: "ap-seoul", SecretID: tke.DefaultSecretID, SecretKey: tke.DefaultSecretKey,
		Transport: account.Transport(), RateLimits: "none", PollInterval: time.Millisecond,
	}
}

// request is one for a cluster in the VPC of the account.
func request(name string) pmks.ClusterInfo {
	net := tke.DefaultResources("ap-seoul")
	return pmks.ClusterInfo{IId: pmks.IID{NameId: name}, Network: pmks.NetworkInfo{
		VpcIID:            pmks.IID{SystemId: net.VPCs[0].ID},
		SubnetIIDs:        []pmks.IID{{SystemId: net.Subnets[0].ID}},
		SecurityGroupIIDs: []pmks.IID{{SystemId: net.SecurityGroups[0].ID}},
	}}
}

// A hook has the last word on the vendor's request, for what pmks has no field for: here
// nodes that start cordoned, with an annotation and a script. TKE keeps all of it when the
// group is scaled or upgraded later.
func ExampleConfig_beforeAddNodeGroup() {
	ctx := context.Background()
	cfg := simulated()
	cfg.BeforeAddNodeGroup = func(_ context.Context, req pmks.NodeGroupInfo, native *sdk.CreateClusterNodePoolRequest) error {
		if req.Labels["team"] == "" {
			return fmt.Errorf("node group %q belongs to no team", req.IId.NameId)
		}
		native.Annotations = []*sdk.AnnotationValue{{Name: new("example.com/owner"), Value: new(req.Labels["team"])}}
		native.InstanceAdvancedSettings.Unschedulable = new(int64(1))
		native.DeletionProtection = new(true)
		return nil
	}
	h, err := tencent.New(ctx, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	demo, err := h.CreateCluster(ctx, request("demo"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := pmks.WaitClusterActive(ctx, h, demo.IId, pmks.WithInterval(time.Millisecond)); err != nil {
		fmt.Println(err)
		return
	}

	group := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "ng1"}, VMSpecName: "S5.MEDIUM4", DesiredNodeSize: 1}
	_, err = h.AddNodeGroup(ctx, demo.IId, group)
	fmt.Println(pmks.CodeOf(err), err != nil)

	group.Labels = map[string]string{"team": "platform"}
	made, err := h.AddNodeGroup(ctx, demo.IId, group)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(made.IId.NameId, made.Labels)
	protected, _ := pmks.Lookup(made.KeyValueList, "DeletionProtection")
	fmt.Println("protected:", protected)
	// Output:
	// InvalidArgument true
	// ng1 map[team:platform]
	// protected: true
}
