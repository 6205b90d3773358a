// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// hurried is the configuration of a handler on a simulated project, where hours are
// milliseconds. Yours has a region, a tenant and an API user.
func hurried() nhn.Config {
	cfg := configFor(nks.New(nks.Options{Scale: 1e-6, Unlimited: true}))
	cfg.RateLimits, cfg.PollInterval = "none", time.Millisecond
	return cfg
}

// The life of a cluster. Calls return when the cloud has accepted them; waiting is a call
// of its own. On a Type-II cloud the first node group comes with the cluster.
func Example() {
	ctx := context.Background()
	h, err := nhn.New(ctx, hurried())
	if err != nil {
		fmt.Println(err)
		return
	}
	client := pmks.New(h)
	defer client.Close()

	quick := pmks.WithInterval(time.Millisecond) // for a cloud whose hours are milliseconds
	demo, err := client.CreateCluster(ctx, pmks.ClusterInfo{
		IId: pmks.IID{NameId: "demo"}, Version: "1.32",
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "vpc-01"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}}},
		NodeGroupList: []pmks.NodeGroupInfo{{
			IId: pmks.IID{NameId: "default-worker"}, VMSpecName: "m2.c4m8", KeyPairIID: pmks.IID{NameId: "keypair-01"},
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
	// demo Active v1.32.3 default-worker Active 2
	// true <nil>
}

// What an upgrade would do, step by step, before anything is sent that changes anything.
func Example_planUpgrade() {
	ctx := context.Background()
	h, err := nhn.New(ctx, hurried())
	if err != nil {
		fmt.Println(err)
		return
	}
	client := pmks.New(h)
	defer client.Close()
	demo, err := pmks.Provision(ctx, client, pmks.ClusterInfo{
		IId: pmks.IID{NameId: "demo"}, Version: "1.32",
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "vpc-01"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}}},
		NodeGroupList: []pmks.NodeGroupInfo{{
			IId: pmks.IID{NameId: "default-worker"}, VMSpecName: "m2.c4m8", KeyPairIID: pmks.IID{NameId: "keypair-01"},
			DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4,
		}},
	}, pmks.WithInterval(time.Millisecond))
	if err != nil {
		fmt.Println(err)
		return
	}

	plan, err := pmks.PlanUpgrade(ctx, client, demo.IId, "1.33")
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
	// control plane v1.32.3 to v1.33.4
	// default-worker v1.32.3 to v1.33.4
	// 0 findings hold it up
}
