// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// demoRequest asks for a cluster with one node group.
var demoRequest = pmks.ClusterInfo{
	IId: pmks.IID{NameId: "demo"},
	Network: pmks.NetworkInfo{
		VpcIID:     pmks.IID{NameId: "vpc-01"},
		SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}, {NameId: "subnet-02"}},
	},
	NodeGroupList: []pmks.NodeGroupInfo{{
		IId: pmks.IID{NameId: "workers"}, VMSpecName: "small", DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3,
	}},
}

// demoClient is a client of a cloud where the cluster of demoRequest is running.
// The cloud is in memory, and a minute of it takes less than a millisecond.
func demoClient() *pmks.Client {
	return pmks.New(fake.New(fake.WithSpeed(1e5), fake.WithClusters(fake.Cluster{
		Name: "demo", Version: "1.33.7", Network: demoRequest.Network, NodeGroups: demoRequest.NodeGroupList,
	})))
}

var (
	demo    = pmks.IID{NameId: "demo"}
	workers = pmks.IID{NameId: "workers"}
	quickly = pmks.WithInterval(time.Millisecond)
)

func Example() {
	ctx := context.Background()
	client, err := pmks.Open(ctx, "fake", pmks.Config{Region: "sim-1", Settings: map[string]string{"speed": "100000"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	info, err := pmks.Provision(ctx, client, demoRequest, quickly)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.IId.NameId, info.Status, len(info.NodeGroupList[0].Nodes), "nodes")
	if err := pmks.Teardown(ctx, client, info.IId, quickly); err != nil {
		fmt.Println(err)
		return
	}
	// Output: demo Active 2 nodes
}

func ExampleNew() {
	client := pmks.New(fake.New(fake.WithProfile("aws")), pmks.WithObserver(pmks.ObserverFunc(func(_ context.Context, e pmks.Event) {
		fmt.Println(e.Provider, e.Op, pmks.CodeOf(e.Err))
	})))
	_, err := client.GetCluster(context.Background(), pmks.IID{NameId: "nowhere"})
	fmt.Println(errors.Is(err, pmks.ErrNotFound))
	// Output:
	// aws GetCluster NotFound
	// true
}

func ExampleOpen() {
	client, err := pmks.Open(context.Background(), "fake", pmks.Config{
		Region:   "sim-1",
		Settings: map[string]string{"profile": "gcp"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	fmt.Println(client.Capabilities().ClusterType)
	// Output: Type-II
}

func ExampleOpen_faults() {
	_, err := pmks.Open(context.Background(), "fake", pmks.Config{Settings: map[string]string{"color": "blue"}})
	var e *pmks.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.Field)
	}
	// Output: InvalidArgument Settings.color
}

func ExampleParseRequest() {
	req, err := pmks.ParseRequest([]byte(`{"ConnectionName": "aws-ohio", "ReqInfo": {
	  "Name": "demo", "VPCName": "vpc-01", "SubnetNames": ["subnet-01", "subnet-02"],
	  "NodeGroupList": [{"Name": "workers", "DesiredNodeSize": "2", "OnAutoScaling": "true"}]
	}}`))
	fmt.Println(req.IId, len(req.Network.SubnetIIDs), req.NodeGroupList[0].DesiredNodeSize, err)
	_, err = pmks.ParseRequest([]byte(`{"Name": "demo", "NodeGroupList": [{"MinNodeSize": 1.5}]}`))
	fmt.Println(err)
	// Output:
	// demo 2 2 <nil>
	// pmks: InvalidArgument: Name: is not a field of a request; known are IId, Version, Network, NodeGroupList, TagList, Access
	// pmks: InvalidArgument: NodeGroupList[0].MinNodeSize: must be a whole number, such as 2, not "1.5"
}

func ExampleProviders() {
	for _, p := range pmks.Providers() {
		if p.Name == "fake" {
			fmt.Println(p.Name, "is registered")
		}
	}
	// Output: fake is registered
}

func ExampleConfig() {
	cfg := pmks.Config{Region: "us-east-2", Credentials: map[string]string{"secret_key": "do not print"}}
	fmt.Println(cfg)
	// Output: {Region:us-east-2 Zone: Credentials:map[secret_key:[redacted]] Settings:map[] Endpoint:}
}

func ExampleParseIID() {
	for _, text := range []string{"demo", "demo:c-0123", ":arn:aws:eks:us-east-2:1:cluster/demo"} {
		iid, err := pmks.ParseIID(text)
		fmt.Printf("%q %q %v\n", iid.NameId, iid.SystemId, err)
	}
	// Output:
	// "demo" "" <nil>
	// "demo" "c-0123" <nil>
	// "" "arn:aws:eks:us-east-2:1:cluster/demo" <nil>
}

func ExampleCheckIID() {
	fmt.Println(pmks.CheckIID("clusterIID", pmks.IID{NameId: "../demo"}))
	// Output: pmks: InvalidArgument: clusterIID.NameId: "../demo" has an empty or relative path segment
}

func ExampleLookup() {
	info, err := demoClient().GetCluster(context.Background(), demo)
	if err != nil {
		fmt.Println(err)
		return
	}
	word, ok := pmks.Lookup(info.KeyValueList, pmks.KeyNativeStatus)
	fmt.Println(info.Status, word, ok)
	// Output: Active active true
}

func ExampleCodeOf() {
	_, err := demoClient().CreateCluster(context.Background(), demoRequest)
	switch pmks.CodeOf(err) {
	case pmks.CodeOK:
		fmt.Println("created")
	case pmks.CodeAlreadyExists:
		fmt.Println("the name is taken")
	default:
		fmt.Println(err)
	}
	// Output: the name is taken
}

func ExampleRetryable() {
	cloud := fake.New(fake.WithFaults(fake.Fault{Op: "ListCluster", Kind: fake.Throttle, RetryAfter: time.Millisecond}))
	client := pmks.New(cloud)
	for {
		_, err := client.ListCluster(context.Background())
		fmt.Println(pmks.CodeOf(err))
		if !pmks.Retryable(err) {
			break
		}
	}
	// Output:
	// Throttled
	// OK
}

func ExampleError() {
	req := demoRequest.Clone()
	req.NodeGroupList[0].MaxNodeSize = 1
	_, err := pmks.New(fake.New()).CreateCluster(context.Background(), req)
	var e *pmks.Error
	if errors.As(err, &e) {
		fmt.Println(e.Field, e.Message)
	}
	// Output: NodeGroupList[0].DesiredNodeSize must lie between MinNodeSize 1 and MaxNodeSize 1, got 2
}

func ExampleCapabilities_CheckCluster() {
	caps := fake.New(fake.WithProfile("aws")).Capabilities()
	err := caps.CheckCluster(pmks.ClusterInfo{
		IId:     pmks.IID{NameId: "demo"},
		Network: pmks.NetworkInfo{SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}}},
	})
	fmt.Println(err)
	// Output: pmks: InvalidArgument: Network.SubnetIIDs: aws needs at least 2, got 1
}

func ExampleCapabilities_CheckScaling() {
	caps := fake.New().Capabilities()
	fmt.Println(caps.CheckScaling(5, 1, 3))
	// Output: pmks: InvalidArgument: DesiredNodeSize: must lie between MinNodeSize 1 and MaxNodeSize 3, got 5
}

func ExampleCapabilities_CheckNodeGroup() {
	caps := fake.New().Capabilities()
	fmt.Println(caps.CheckNodeGroup(pmks.NodeGroupInfo{IId: workers, RootDiskSize: "50GB"}))
	// Output: pmks: InvalidArgument: RootDiskSize: "50GB" is not a number of GiB; leave it empty for the cloud's default
}

func ExampleCapabilities_Ignored() {
	caps := pmks.Capabilities{Fields: pmks.FieldRules{KeyPair: pmks.FieldIgnored}}
	fmt.Println(caps.Ignored(pmks.NodeGroupInfo{KeyPairIID: pmks.IID{NameId: "key-01"}}))
	// Output: [KeyPairIID]
}

func ExampleClusterStatus_MayBecome() {
	fmt.Println(pmks.ClusterCreating.MayBecome(pmks.ClusterActive), pmks.ClusterActive.MayBecome(pmks.ClusterCreating))
	// Output: true false
}

func ExampleClusterInfo_NodeGroup() {
	g, ok := demoRequest.NodeGroup(workers)
	fmt.Println(g.DesiredNodeSize, ok)
	// Output: 2 true
}

func ExampleWithLogger() {
	// Every call is logged, without secrets; silence is the default.
	client := pmks.New(fake.New(), pmks.WithLogger(stdoutLogger()))
	_, _ = client.GetCluster(context.Background(), demo)
	// Output: level=WARN msg="pmks: call failed" provider=neutral op=GetCluster cluster=demo
}

func ExampleWithBackOff() {
	policy := func() backoff.BackOff {
		return backoff.NewExponentialBackOff(backoff.WithInitialInterval(time.Millisecond), backoff.WithMaxElapsedTime(0))
	}
	info, err := pmks.WaitClusterActive(context.Background(), demoClient(), demo, pmks.WithBackOff(policy))
	fmt.Println(info.Status, err)
	// Output: Active <nil>
}

func ExampleWithProgress() {
	ctx, client := context.Background(), pmks.New(fake.New(fake.WithSpeed(1e3)))
	created, err := client.CreateCluster(ctx, demoRequest)
	if err != nil {
		fmt.Println(err)
		return
	}
	var seen []string
	_, err = pmks.WaitClusterActive(ctx, client, created.IId, quickly, pmks.WithProgress(func(p pmks.Progress) {
		seen = append(seen, fmt.Sprint(p.Goal, ": ", p.Status, ", usually ", p.Typical))
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range slices.Compact(seen) {
		fmt.Println(line)
	}
	// Output:
	// cluster Active: Creating, usually 3m0s
	// cluster Active: Active, usually 3m0s
}

func ExampleWithMaxWait() {
	cloud := fake.New(fake.WithFaults(fake.Fault{Op: "CreateCluster", Kind: fake.Stick}))
	created, err := cloud.CreateCluster(context.Background(), demoRequest)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = pmks.WaitClusterActive(context.Background(), cloud, created.IId, quickly, pmks.WithMaxWait(20*time.Millisecond))
	var w *pmks.WaitError
	if errors.As(err, &w) {
		fmt.Println(pmks.CodeOf(err), "waiting for:", w.Goal) // w.Last is what was seen last
	}
	// Output: Timeout waiting for: cluster Active
}
