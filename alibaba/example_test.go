// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package alibaba_test

import (
	"context"
	"fmt"
	"strings"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// A hook has the last word on a request: here it has ACK write the logs of the control
// plane, for which pmks has no field.
func ExampleConfig_beforeCreateCluster() {
	ctx := context.Background()
	s := ack.New(ack.Options{Unlimited: true}) // a simulated account, in place of a real one
	h, err := alibaba.New(ctx, alibaba.Config{
		Region: "ap-northeast-1", AccessKeyID: ack.DefaultAccessKeyID, AccessKeySecret: ack.DefaultAccessKeySecret, Transport: s.Transport(), RateLimits: "none",
		BeforeCreateCluster: func(_ context.Context, req pmks.ClusterInfo, native *cs.CreateClusterRequest) error {
			native.ControlplaneLogComponents = tea.StringSlice([]string{"apiserver", "kcm", "scheduler"})
			native.ControlplaneLogTtl = tea.String("30")
			fmt.Println("logs for", req.IId.NameId)
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	made, err := h.CreateCluster(ctx, pmks.ClusterInfo{
		IId: pmks.IID{NameId: "demo"},
		Network: pmks.NetworkInfo{
			VpcIID: pmks.IID{NameId: "vpc-01"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}, {NameId: "subnet-02"}}, SecurityGroupIIDs: []pmks.IID{{NameId: "sg-01"}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// What pmks does not show, the vendor's own client does.
	client, err := h.Vendor().ACK(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	logs, err := client.CheckControlPlaneLogEnable(&made.IId.SystemId)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Join(tea.StringSliceValue(logs.Body.Components), ", "), "for", tea.StringValue(logs.Body.LogTtl), "days")
	// Output:
	// logs for demo
	// apiserver, kcm, scheduler for 30 days
}

// What pmks does not cover is a call of the vendor's client, with the credentials and the
// transport of the handler: here ACK is asked to check a cluster before an upgrade, whose
// findings PlanUpgrade shows when it is done.
func ExampleHandler_Vendor() {
	ctx := context.Background()
	s := ack.New(ack.Options{Unlimited: true}) // a simulated account, in place of a real one
	if err := s.Put(core.Seed{Name: "demo"}); err != nil {
		fmt.Println(err)
		return
	}
	h, err := alibaba.New(ctx, alibaba.Config{
		Region: "ap-northeast-1", AccessKeyID: ack.DefaultAccessKeyID, AccessKeySecret: ack.DefaultAccessKeySecret, Transport: s.Transport(), RateLimits: "none",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	cluster, err := h.GetCluster(ctx, pmks.IID{NameId: "demo"})
	if err != nil {
		fmt.Println(err)
		return
	}

	client, err := h.Vendor().ACK(ctx) // its calls end with ctx
	if err != nil {
		fmt.Println(err)
		return
	}
	begun, err := client.RunClusterCheck(&cluster.IId.SystemId, &cs.RunClusterCheckRequest{Type: tea.String("MasterUpgrade")})
	if err != nil {
		fmt.Println(err)
		return
	}
	check, err := client.GetClusterCheck(&cluster.IId.SystemId, begun.Body.CheckId)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tea.StringValue(check.Body.Type), "is", tea.StringValue(check.Body.Status))
	// Output: MasterUpgrade is Running
}
