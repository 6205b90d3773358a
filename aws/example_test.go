// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package aws_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkeks "github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// simulated is the configuration of a handler on a simulated account, where hours are
// milliseconds. With credentials of your own it is a real one.
func simulated() aws.Config {
	cfg := configFor(eks.New(eks.Options{Scale: 1e-6, Unlimited: true}))
	cfg.RateLimits, cfg.PollInterval = "none", time.Millisecond
	return cfg
}

// A hook has the last word on what is sent: here it turns the logs of the control plane
// on. They stay on, because EKS changes nothing that a later request leaves out.
func ExampleConfig_beforeCreateCluster() {
	ctx := context.Background()
	cfg := simulated()
	cfg.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, in *sdkeks.CreateClusterInput) error {
		in.Logging = &types.Logging{ClusterLogging: []types.LogSetup{{
			Enabled: sdk.Bool(true), Types: []types.LogType{types.LogTypeApi, types.LogTypeAudit},
		}}}
		return nil
	}
	h, err := aws.New(ctx, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	info, err := pmks.Provision(ctx, h, bench.SampleRequest("demo"), pmks.WithInterval(time.Millisecond))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := h.Vendor().EKS.DescribeCluster(ctx, &sdkeks.DescribeClusterInput{Name: &info.IId.SystemId})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, logs := range out.Cluster.Logging.ClusterLogging {
		fmt.Println(logs.Types, *logs.Enabled)
	}
	// Output:
	// [api audit] true
}

// What the handler does not cover, the SDK's own clients do, with its credentials and
// transport: here EKS is asked which updates of a cluster it remembers.
func ExampleHandler_Vendor() {
	ctx := context.Background()
	h, err := aws.New(ctx, simulated())
	if err != nil {
		fmt.Println(err)
		return
	}
	req := bench.SampleRequest("demo")
	req.Version, req.NodeGroupList = "1.33", nil
	demo, err := pmks.Provision(ctx, h, req, pmks.WithInterval(time.Millisecond))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := h.UpgradeCluster(ctx, demo.IId, "1.34"); err != nil {
		fmt.Println(err)
		return
	}

	updates, err := h.Vendor().EKS.ListUpdates(ctx, &sdkeks.ListUpdatesInput{Name: &demo.IId.SystemId})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range updates.UpdateIds {
		out, err := h.Vendor().EKS.DescribeUpdate(ctx, &sdkeks.DescribeUpdateInput{Name: &demo.IId.SystemId, UpdateId: &updates.UpdateIds[i]})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(out.Update.Type, *out.Update.Params[0].Value)
	}
	// Output:
	// VersionUpdate 1.34
}

// The vendor's own error is kept below the portable one.
func Example_vendorError() {
	ctx := context.Background()
	h, err := aws.New(ctx, simulated())
	if err != nil {
		fmt.Println(err)
		return
	}
	req := bench.SampleRequest("demo")
	req.NodeGroupList = nil
	if _, err = h.CreateCluster(ctx, req); err != nil {
		fmt.Println(err)
		return
	}
	_, err = h.CreateCluster(ctx, req)
	fmt.Println(errors.Is(err, pmks.ErrAlreadyExists))

	var e *pmks.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.ProviderCode, e.HTTPStatus, e.RequestID != "")
	}
	var inUse *types.ResourceInUseException
	if errors.As(err, &inUse) {
		fmt.Println(*inUse.Message)
	}
	// Output:
	// true
	// AlreadyExists ResourceInUseException 409 true
	// Cluster already exists with name: demo
}
