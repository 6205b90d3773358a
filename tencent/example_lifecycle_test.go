// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/tencent"
)

// The life of a cluster. Calls return when the cloud has accepted them; waiting is a call
// of its own. On a Type-I cloud node groups are added when the cluster is up.
func Example() {
	ctx := context.Background()
	h, err := tencent.New(ctx, simulated())
	if err != nil {
		fmt.Println(err)
		return
	}
	client := pmks.New(h)
	defer client.Close()

	quick := pmks.WithInterval(time.Millisecond) // for a cloud whose hours are milliseconds
	demo, err := client.CreateCluster(ctx, pmks.ClusterInfo{
		IId: pmks.IID{NameId: "demo"}, Version: "1.30",
		Network: pmks.NetworkInfo{
			VpcIID: pmks.IID{NameId: "vpc-01"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}},
			SecurityGroupIIDs: []pmks.IID{{NameId: "sg-01"}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err = pmks.WaitClusterActive(ctx, client, demo.IId, quick); err != nil {
		fmt.Println(err)
		return
	}
	workers := pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: "workers"}, VMSpecName: "S5.MEDIUM4",
		DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4,
	}
	if _, err = client.AddNodeGroup(ctx, demo.IId, workers); err != nil {
		fmt.Println(err)
		return
	}
	if _, err = pmks.WaitNodeCount(ctx, client, demo.IId, workers.IId, 2, quick); err != nil {
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
	// demo Active 1.30.0 workers Active 2
	// true <nil>
}

// What an upgrade would do, step by step, before anything is sent that changes anything.
func Example_planUpgrade() {
	ctx := context.Background()
	h, err := tencent.New(ctx, simulated())
	if err != nil {
		fmt.Println(err)
		return
	}
	client := pmks.New(h)
	defer client.Close()
	demo, err := pmks.Provision(ctx, client, pmks.ClusterInfo{
		IId: pmks.IID{NameId: "demo"}, Version: "1.30",
		Network: pmks.NetworkInfo{
			VpcIID: pmks.IID{NameId: "vpc-01"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}},
			SecurityGroupIIDs: []pmks.IID{{NameId: "sg-01"}},
		},
		NodeGroupList: []pmks.NodeGroupInfo{{
			IId: pmks.IID{NameId: "workers"}, VMSpecName: "S5.MEDIUM4",
			DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4,
		}},
	}, pmks.WithInterval(time.Millisecond))
	if err != nil {
		fmt.Println(err)
		return
	}

	plan, err := pmks.PlanUpgrade(ctx, client, demo.IId, "1.34")
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
	// control plane 1.30.0 to 1.32.2
	// workers 1.30.0 to 1.32.2
	// control plane 1.32.2 to 1.34.1
	// workers 1.32.2 to 1.34.1
	// 0 findings hold it up
}
