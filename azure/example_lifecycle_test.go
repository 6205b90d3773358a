// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/sim/aks"
)

// hurried is the configuration of a handler on a simulated subscription, where hours are
// milliseconds. Yours has a subscription, a resource group and a location.
func hurried() azure.Config {
	cfg := configFor(aks.New(aks.Options{Scale: 1e-6, Unlimited: true}))
	cfg.RateLimits = "none"
	return cfg
}

// The life of a cluster. Calls return when the cloud has accepted them; waiting is a call
// of its own. On a Type-II cloud the first node group comes with the cluster.
func Example() {
	ctx := context.Background()
	h, err := azure.New(ctx, hurried())
	if err != nil {
		fmt.Println(err)
		return
	}
	client := pmks.New(h)
	defer client.Close()

	quick := pmks.WithInterval(time.Millisecond) // for a cloud whose hours are milliseconds
	demo, err := client.CreateCluster(ctx, pmks.ClusterInfo{
		IId: pmks.IID{NameId: "demo"}, Version: "1.33",
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "vpc-01"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}}},
		NodeGroupList: []pmks.NodeGroupInfo{{
			IId: pmks.IID{NameId: "workers"}, VMSpecName: "Standard_D4s_v5",
			DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4,
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err = pmks.WaitClusterActive(ctx, client, demo.IId, quick); err != nil {
		fmt.Println(err)
		return
	}

	list, err := client.ListCluster(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range list {
		for _, g := range c.NodeGroupList {
			fmt.Println(c.IId.NameId, c.Status, c.Version, g.IId.NameId, g.Status, len(g.Nodes))
		}
	}

	deleting, err := client.DeleteCluster(ctx, demo.IId)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = pmks.WaitClusterDeleted(ctx, client, demo.IId, quick)
	fmt.Println(deleting, err)
	// Output:
	// demo Active 1.33.6 workers Active 2
	// true <nil>
}

// What an upgrade would do, step by step, before anything is sent that changes anything.
func Example_planUpgrade() {
	ctx := context.Background()
	h, err := azure.New(ctx, hurried())
	if err != nil {
		fmt.Println(err)
		return
	}
	client := pmks.New(h)
	defer client.Close()
	demo, err := pmks.Provision(ctx, client, pmks.ClusterInfo{
		IId: pmks.IID{NameId: "demo"}, Version: "1.33",
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "vpc-01"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}}},
		NodeGroupList: []pmks.NodeGroupInfo{{
			IId: pmks.IID{NameId: "workers"}, VMSpecName: "Standard_D4s_v5",
			DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4,
		}},
	}, pmks.WithInterval(time.Millisecond))
	if err != nil {
		fmt.Println(err)
		return
	}

	plan, err := pmks.PlanUpgrade(ctx, client, demo.IId, "1.35")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range plan.Steps {
		what := "control plane"
		if !step.NodeGroup.IsZero() {
			what = step.NodeGroup.NameId
		}
		fmt.Println(what, step.From, "to", step.To)
	}
	fmt.Println(len(plan.Blocked()), "findings hold it up")
	// Output:
	// control plane 1.33.6 to 1.34.4
	// workers 1.33.6 to 1.34.4
	// control plane 1.34.4 to 1.35.4
	// workers 1.34.4 to 1.35.4
	// 0 findings hold it up
}
