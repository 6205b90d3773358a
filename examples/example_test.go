// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// The bodies of these functions are shown in the README of the project, word for
// word: TestReadme compares them.

func Example_open() {
	ctx := context.Background()
	client, err := pmks.Open(ctx, "fake", pmks.Config{
		Region:   "us-east-2",
		Settings: map[string]string{"profile": "aws", "speed": "100000x"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	req := pmks.ClusterInfo{
		IId:     pmks.IID{NameId: "demo"},
		Version: "1.33", // or "default"
		Network: pmks.NetworkInfo{
			VpcIID:     pmks.IID{SystemId: "vpc-0a1b2c3d"},
			SubnetIIDs: []pmks.IID{{SystemId: "subnet-a"}, {SystemId: "subnet-b"}},
		},
	}
	info, err := client.CreateCluster(ctx, req) // accepted, not finished
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.IId, info.Status)

	quick := pmks.WithInterval(time.Millisecond) // for a cloud that is 100,000 times faster
	info, err = pmks.WaitClusterActive(ctx, client, info.IId, quick)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Status, info.Version, info.AccessInfo.Kubeconfig != "")

	workers := pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: "workers"}, VMSpecName: "t3.medium",
		DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4,
	}
	if _, err := client.AddNodeGroup(ctx, info.IId, workers); err != nil {
		log.Fatal(err)
	}
	group, err := pmks.WaitNodeCount(ctx, client, info.IId, workers.IId, 2, quick)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(group.IId.NameId, group.Status, len(group.Nodes))
	// Output:
	// demo:demo Creating
	// Active 1.33 true
	// workers Active 2
}

func Example_jobs() {
	ctx := context.Background()
	quick := pmks.WithInterval(time.Millisecond)
	for _, cloud := range []string{"aws", "ibm"} {
		client := pmks.New(fake.New(fake.WithProfile(cloud), fake.WithSpeed(100_000)))
		req := pmks.ClusterInfo{
			IId: pmks.IID{NameId: "demo"},
			Network: pmks.NetworkInfo{
				VpcIID:     pmks.IID{SystemId: "vpc-1"},
				SubnetIIDs: []pmks.IID{{SystemId: "subnet-a"}, {SystemId: "subnet-b"}},
			},
			NodeGroupList: []pmks.NodeGroupInfo{{
				IId: pmks.IID{NameId: "workers"}, VMSpecName: "medium",
				DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4,
			}},
		}
		info, err := pmks.Provision(ctx, client, req, quick)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(cloud, client.Capabilities().ClusterType, info.Status, len(info.NodeGroupList))
		if info, err = pmks.Upgrade(ctx, client, info.IId, "1.35", quick); err != nil {
			log.Fatal(err)
		}
		if err = pmks.Teardown(ctx, client, info.IId, quick); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// aws Type-I Active 1
	// ibm Type-II Active 1
}

func Example_errors() {
	ctx := context.Background()
	client := pmks.New(fake.New(fake.WithProfile("azure")))

	_, err := client.GetCluster(ctx, pmks.IID{NameId: "absent"})
	fmt.Println(errors.Is(err, pmks.ErrNotFound), pmks.Retryable(err))

	_, err = client.CreateCluster(ctx, pmks.ClusterInfo{IId: pmks.IID{NameId: "no spaces"}})
	fmt.Println(err) // every fault at once, and nothing was sent
	var e *pmks.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.Field)
	}
	// Output:
	// true false
	// pmks: azure: CreateCluster: cluster "no spaces": InvalidArgument: IId.NameId: "no spaces" must match [a-zA-Z0-9]([-_a-zA-Z0-9]{0,61}[a-zA-Z0-9])?
	// pmks: azure: CreateCluster: cluster "no spaces": InvalidArgument: Network.VpcIID: azure requires it
	// pmks: azure: CreateCluster: cluster "no spaces": InvalidArgument: Network.SubnetIIDs: azure needs at least 1, got 0
	// pmks: azure: CreateCluster: cluster "no spaces": InvalidArgument: NodeGroupList: azure needs at least 1 in the create request, got 0
	// InvalidArgument IId.NameId
}

func Example_capabilities() {
	for _, cloud := range []string{"aws", "nhn"} {
		caps := fake.New(fake.WithProfile(cloud)).Capabilities()
		fmt.Println(cloud, caps.ClusterType, caps.Subnets.Min, caps.Scaling.ToZero, caps.Fields.KeyPair)
	}
	// Output:
	// aws Type-I 2 true optional
	// nhn Type-II 1 false required
}

func Example_testing() {
	ctx := context.Background()
	cloud := fake.New(fake.WithProfile("gcp"), fake.WithFaults(
		fake.Fault{Op: "GetCluster", Kind: fake.Throttle, RetryAfter: 30 * time.Second},
	))
	client := pmks.New(cloud)

	_, err := client.GetCluster(ctx, pmks.IID{NameId: "demo"})
	fmt.Println(errors.Is(err, pmks.ErrThrottled), pmks.Retryable(err))
	_, err = client.GetCluster(ctx, pmks.IID{NameId: "demo"}) // the fault struck once
	fmt.Println(errors.Is(err, pmks.ErrNotFound))
	fmt.Println(len(cloud.Calls()))
	// Output:
	// true true
	// true
	// 2
}

func Example_nodes() {
	ctx := context.Background()
	quick := pmks.WithInterval(time.Millisecond)
	client := pmks.New(fake.New(fake.WithSpeed(100_000)))
	req := pmks.ClusterInfo{
		IId:     pmks.IID{NameId: "demo"},
		Network: pmks.NetworkInfo{SubnetIIDs: []pmks.IID{{SystemId: "subnet-a"}}},
		Access:  pmks.Access{Mode: pmks.AccessPublicAndPrivate, CIDRs: []string{"198.51.100.0/24"}},
		NodeGroupList: []pmks.NodeGroupInfo{
			{IId: pmks.IID{NameId: "workers"}, DesiredNodeSize: 2},
			{
				IId: pmks.IID{NameId: "batch"}, DesiredNodeSize: 3,
				Labels: map[string]string{"team": "blue"},
				Taints: []pmks.Taint{{Key: "dedicated", Value: "batch", Effect: pmks.TaintNoSchedule}},
				Spot:   true,
				Zones:  []string{"sim-1a", "sim-1b"},
			},
		},
	}
	info, err := pmks.Provision(ctx, client, req, quick)
	if err != nil {
		log.Fatal(err)
	}
	group, err := pmks.GetNodeGroup(ctx, client, info.IId, pmks.IID{NameId: "batch"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(group.Labels["team"], group.Taints[0], group.Spot, group.Zones)
	fmt.Println(info.Access.Mode, info.Access.CIDRs, info.Access.PrivateEndpoint != "")

	// The user's tags become exactly these.
	if err := client.SetTags(ctx, info.IId, []pmks.KeyValue{{Key: "env", Value: "prod"}}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// blue dedicated=batch:NoSchedule true [sim-1a sim-1b]
	// public-and-private [198.51.100.0/24] true
}

func Example_plan() {
	ctx := context.Background()
	cloud := fake.New(fake.WithProfile("aws"), fake.WithClusters(fake.Cluster{
		Name: "demo", Version: "1.33", NodeGroups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "workers"}, DesiredNodeSize: 2}},
	}))
	demo := pmks.IID{NameId: "demo"}
	err := cloud.SetFindings(demo, pmks.UpgradeFinding{Blocks: true, Code: "DeprecatedAPI", Message: "flowcontrol v1beta3 is in use"})
	if err != nil {
		log.Fatal(err)
	}
	plan, err := pmks.PlanUpgrade(ctx, pmks.New(cloud), demo, "1.35") // nothing is sent
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range plan.Steps {
		what := "control plane"
		if !step.NodeGroup.IsZero() {
			what = step.NodeGroup.NameId
		}
		fmt.Printf("%s %s > %s, about %s\n", what, step.From, step.To, step.Typical)
	}
	fmt.Println(plan.Blocked()[0].Message)
	// Output:
	// control plane 1.33 > 1.34, about 12m0s
	// workers 1.33 > 1.34, about 10m0s
	// control plane 1.34 > 1.35, about 12m0s
	// workers 1.34 > 1.35, about 10m0s
	// flowcontrol v1beta3 is in use
}

func Example_clusters() {
	ctx := context.Background()
	client := pmks.New(fake.New(fake.WithClusters(fake.Cluster{Name: "one"}, fake.Cluster{Name: "two"})))
	for info, err := range pmks.Clusters(ctx, client) {
		if err != nil {
			log.Print(err) // one that could not be read; the others follow
			continue
		}
		fmt.Println(info.IId.NameId, info.Status)
	}
	// Output:
	// one Active
	// two Active
}
