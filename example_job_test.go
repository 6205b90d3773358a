// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

func ExampleProvision() {
	// On aws node groups are added to a running cluster, on ibm they come with it;
	// the call is the same.
	for _, profile := range []string{"aws", "ibm"} {
		client := pmks.New(fake.New(fake.WithProfile(profile), fake.WithSpeed(1e6)))
		info, err := pmks.Provision(context.Background(), client, demoRequest, quickly)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(client.Capabilities().ClusterType, info.Status, info.NodeGroupList[0].Status)
	}
	// Output:
	// Type-I Active Active
	// Type-II Active Active
}

func ExampleUpgrade() {
	// Through every minor on the way, control plane and node groups.
	info, err := pmks.Upgrade(context.Background(), demoClient(), demo, "1.36", quickly)
	fmt.Println(info.Version, info.NodeGroupList[0].Version, err)
	// Output: 1.36.1 1.36.1 <nil>
}

func ExampleTeardown() {
	ctx, client := context.Background(), demoClient()
	fmt.Println(pmks.Teardown(ctx, client, demo, quickly))
	fmt.Println(pmks.Teardown(ctx, client, demo, quickly)) // gone already is success
	// Output:
	// <nil>
	// <nil>
}

func ExampleWaitClusterActive() {
	cloud := fake.New(fake.WithSpeed(1e5), fake.WithFaults(fake.Fault{
		Op: "CreateCluster", Kind: fake.FailLater, Reason: "the subnet has no free addresses",
	}))
	created, err := cloud.CreateCluster(context.Background(), demoRequest)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = pmks.WaitClusterActive(context.Background(), cloud, created.IId, quickly)
	var w *pmks.WaitError
	if errors.As(err, &w) {
		fmt.Println(pmks.CodeOf(err), w.Last.Status, w.Last.StatusReason != "")
	}
	// Output: FailedPrecondition Inactive true
}

func ExampleWaitClusterDeleted() {
	ctx, client := context.Background(), demoClient()
	if _, err := client.DeleteCluster(ctx, demo); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pmks.WaitClusterDeleted(ctx, client, demo, quickly))
	// Output: <nil>
}

func ExampleWaitClusterVersion() {
	ctx, client := context.Background(), demoClient()
	if _, err := client.UpgradeCluster(ctx, demo, "1.34.5"); err != nil {
		fmt.Println(err)
		return
	}
	info, err := pmks.WaitClusterVersion(ctx, client, demo, "1.34", quickly)
	fmt.Println(info.Version, err)
	// Output: 1.34.5 <nil>
}

func ExampleWaitCluster() {
	ctx, client := context.Background(), demoClient()
	info, err := pmks.WaitCluster(ctx, client, demo, func(c pmks.ClusterInfo) (bool, error) {
		g, ok := c.NodeGroup(workers)
		return ok && len(g.Nodes) >= 2, nil
	}, quickly)
	fmt.Println(info.Status, err)
	// Output: Active <nil>
}

func ExampleWaitNodeGroup() {
	g, err := pmks.WaitNodeGroup(context.Background(), demoClient(), demo, workers, func(g pmks.NodeGroupInfo) (bool, error) {
		return g.DesiredNodeSize == len(g.Nodes), nil
	}, quickly)
	fmt.Println(len(g.Nodes), err)
	// Output: 2 <nil>
}

func ExampleGetNodeGroup() {
	g, err := pmks.GetNodeGroup(context.Background(), demoClient(), demo, workers)
	fmt.Println(g.VMSpecName, g.Status, err)
	// Output: small Active <nil>
}

func ExampleWaitNodeGroupActive() {
	g, err := pmks.WaitNodeGroupActive(context.Background(), demoClient(), demo, workers, quickly)
	fmt.Println(g.Status, err)
	// Output: Active <nil>
}

func ExampleWaitNodeGroupDeleted() {
	ctx, client := context.Background(), demoClient()
	if _, err := client.RemoveNodeGroup(ctx, demo, workers); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pmks.WaitNodeGroupDeleted(ctx, client, demo, workers, quickly))
	// Output: <nil>
}

func ExampleWaitNodeCount() {
	ctx, client := context.Background(), demoClient()
	if _, err := client.ChangeNodeGroupScaling(ctx, demo, workers, 3, 1, 3); err != nil {
		fmt.Println(err)
		return
	}
	g, err := pmks.WaitNodeCount(ctx, client, demo, workers, 3, quickly)
	fmt.Println(len(g.Nodes), err)
	// Output: 3 <nil>
}
