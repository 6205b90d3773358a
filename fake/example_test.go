// SPDX-License-Identifier: Apache-2.0

package fake_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// request is a cluster with one node group.
func request(name string) pmks.ClusterInfo {
	return pmks.ClusterInfo{
		IId:     pmks.IID{NameId: name},
		Version: "1.34",
		Network: pmks.NetworkInfo{SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}}},
		NodeGroupList: []pmks.NodeGroupInfo{
			{IId: pmks.IID{NameId: "workers"}, VMSpecName: "standard-4", DesiredNodeSize: 2},
		},
	}
}

func ExampleNew() {
	ctx := context.Background()
	// Minutes become fractions of a millisecond. In tests, a testing/synctest
	// bubble does without.
	h := fake.New(fake.WithSpeed(1e6))

	info, err := h.CreateCluster(ctx, request("demo"))
	fmt.Println(info.IId.NameId, info.Version, info.Status, err)

	info, err = pmks.WaitClusterActive(ctx, h, info.IId, pmks.WithInterval(time.Millisecond))
	fmt.Println(info.IId.NameId, info.Version, info.Status, err)
	fmt.Println(len(info.NodeGroupList[0].Nodes), "nodes")
	// Output:
	// demo 1.34.5 Creating <nil>
	// demo 1.34.5 Active <nil>
	// 2 nodes
}

// A profile refuses what its cloud refuses: EKS wants two subnets, and node groups
// after the cluster.
func ExampleWithProfile() {
	h := fake.New(fake.WithProfile("aws"))
	_, err := h.CreateCluster(context.Background(), request("demo"))
	fmt.Println(err)
	// Output:
	// pmks: aws: CreateCluster: cluster "demo": InvalidArgument: Network.SubnetIIDs: aws needs at least 2, got 1
	// pmks: aws: CreateCluster: cluster "demo": InvalidArgument: NodeGroupList: aws is a Type-I cloud: create the cluster first and add node groups with AddNodeGroup, or let Provision do both
}

// Clusters that exist already, as other hands made them.
func ExampleWithClusters() {
	h := fake.New(fake.WithProfile("alibaba"), fake.WithClusters(
		fake.Cluster{Name: "legacy", Version: "1.28.3", NodeGroups: []pmks.NodeGroupInfo{
			{IId: pmks.IID{NameId: "pool"}, DesiredNodeSize: 1},
		}},
		fake.Cluster{Name: "twin"}, fake.Cluster{Name: "twin"}, // ACK does not mind
	))
	ctx := context.Background()

	info, err := h.GetCluster(ctx, pmks.IID{NameId: "legacy"})
	native, _ := pmks.Lookup(info.KeyValueList, pmks.KeyNativeStatus)
	fmt.Println(info.Version, info.Status, native, len(info.NodeGroupList[0].Nodes), err)

	_, err = h.GetCluster(ctx, pmks.IID{NameId: "twin"})
	fmt.Println(pmks.CodeOf(err))
	// Output:
	// 1.28.3 Active running 1 <nil>
	// InvalidArgument
}

func ExampleHandler_Inject() {
	h := fake.New(fake.WithClusters(fake.Cluster{Name: "demo"}))
	ctx, demo := context.Background(), pmks.IID{NameId: "demo"}

	cancel := h.Inject(fake.Fault{Op: "GetCluster", Times: -1, Kind: fake.Throttle, RetryAfter: 3 * time.Second})
	_, err := h.GetCluster(ctx, demo)
	var e *pmks.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.RetryAfter)
	}

	cancel()
	_, err = h.GetCluster(ctx, demo)
	fmt.Println(err)
	// Output:
	// Throttled 3s
	// <nil>
}

// A cluster that broke by itself.
func ExampleHandler_Break() {
	h := fake.New(fake.WithClusters(fake.Cluster{Name: "demo"}))
	ctx, demo := context.Background(), pmks.IID{NameId: "demo"}
	if err := h.Break(demo, pmks.IID{}, fake.Degraded, "2 of 3 nodes are not ready"); err != nil {
		fmt.Println(err)
	}
	info, err := h.GetCluster(ctx, demo)
	fmt.Println(info.Status, info.StatusReason, info.StatusFinal, err)
	// Output:
	// Inactive 2 of 3 nodes are not ready false <nil>
}

// What was asked of the cloud. A request that changes nothing is not made.
func ExampleHandler_Calls() {
	h := fake.New(fake.WithClusters(fake.Cluster{Name: "demo", NodeGroups: []pmks.NodeGroupInfo{
		{IId: pmks.IID{NameId: "workers"}, DesiredNodeSize: 2},
	}}))
	ctx, demo, workers := context.Background(), pmks.IID{NameId: "demo"}, pmks.IID{NameId: "workers"}
	for range 2 {
		ok, err := h.SetNodeGroupAutoScaling(ctx, demo, workers, false)
		fmt.Println(ok, err)
	}
	for _, call := range h.Calls() {
		fmt.Println(call.Op, call.Mutation)
	}
	// Output:
	// true <nil>
	// true <nil>
	// GetCluster false
	// GetCluster false
}

// A test goes back to the same start for each of its cases.
func ExampleHandler_Snapshot() {
	h := fake.New(fake.WithClusters(fake.Cluster{Name: "demo"}))
	ctx, demo := context.Background(), pmks.IID{NameId: "demo"}

	start := h.Snapshot()
	_, err := h.DeleteCluster(ctx, demo)
	info, _ := h.GetCluster(ctx, demo)
	fmt.Println(info.Status, err)

	h.Restore(start)
	info, _ = h.GetCluster(ctx, demo)
	fmt.Println(info.Status)
	// Output:
	// Deleting <nil>
	// Active
}
