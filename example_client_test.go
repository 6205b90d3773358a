// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// stdoutLogger logs without the attributes that change from run to run.
func stdoutLogger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" || a.Key == "error" {
			return slog.Attr{}
		}
		return a
	}}))
}

func ExampleClient_CreateCluster() {
	ctx, client := context.Background(), pmks.New(fake.New(fake.WithSpeed(1e5)))
	created, err := client.CreateCluster(ctx, demoRequest)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(created.Status)
	ready, err := pmks.WaitClusterActive(ctx, client, created.IId, quickly)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ready.Status, ready.AccessInfo.Endpoint != "")
	// Output:
	// Creating
	// Active true
}

func ExampleClient_ListCluster() {
	clusters, err := demoClient().ListCluster(context.Background())
	for _, c := range clusters { // those that could be read, even if err is not nil
		fmt.Println(c.IId.NameId, c.Version, c.Status)
	}
	fmt.Println(err)
	// Output:
	// demo 1.33.7 Active
	// <nil>
}

func ExampleClient_ListIID() {
	iids, err := demoClient().ListIID(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, iid := range iids {
		fmt.Println(iid.NameId, iid.SystemId != "")
	}
	// Output: demo true
}

func ExampleClient_GetCluster() {
	info, err := demoClient().GetCluster(context.Background(), pmks.IID{NameId: "demo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.Status, info.NodeGroupList[0].IId.NameId, strings.HasPrefix(info.AccessInfo.Kubeconfig, "apiVersion: v1"))
	fmt.Println(strings.Contains(fmt.Sprint(info), "apiVersion"))
	// Output:
	// Active workers true
	// false
}

func ExampleClient_DeleteCluster() {
	ctx, client := context.Background(), demoClient()
	ok, err := client.DeleteCluster(ctx, demo)
	fmt.Println(ok, err)
	fmt.Println(pmks.WaitClusterDeleted(ctx, client, demo, quickly))
	// Output:
	// true <nil>
	// <nil>
}

func ExampleClient_AddNodeGroup() {
	ctx, client := context.Background(), demoClient()
	added, err := client.AddNodeGroup(ctx, demo, pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: "gpu"}, VMSpecName: "gpu-large", OnAutoScaling: true, DesiredNodeSize: 1, MinNodeSize: 0, MaxNodeSize: 4,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ready, err := pmks.WaitNodeGroupActive(ctx, client, demo, added.IId, quickly)
	fmt.Println(added.Status, ready.Status, len(ready.Nodes), err)
	// Output: Creating Active 1 <nil>
}

func ExampleClient_SetNodeGroupAutoScaling() {
	ctx, client := context.Background(), demoClient()
	ok, err := client.SetNodeGroupAutoScaling(ctx, demo, workers, true)
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := pmks.WaitNodeGroupActive(ctx, client, demo, workers, quickly)
	fmt.Println(ok, g.OnAutoScaling, g.MinNodeSize, g.MaxNodeSize, err)
	// Output: true true 1 3 <nil>
}

func ExampleClient_ChangeNodeGroupScaling() {
	ctx, client := context.Background(), demoClient()
	if _, err := client.ChangeNodeGroupScaling(ctx, demo, workers, 5, 1, 6); err != nil {
		fmt.Println(err)
		return
	}
	g, err := pmks.WaitNodeCount(ctx, client, demo, workers, 5, quickly)
	fmt.Println(len(g.Nodes), g.OnAutoScaling, err)
	// Output: 5 false <nil>
}

func ExampleClient_RemoveNodeGroup() {
	ctx, client := context.Background(), demoClient()
	ok, err := client.RemoveNodeGroup(ctx, demo, workers)
	fmt.Println(ok, err)
	fmt.Println(pmks.WaitNodeGroupDeleted(ctx, client, demo, workers, quickly))
	// Output:
	// true <nil>
	// <nil>
}

func ExampleClient_UpgradeCluster() {
	ctx, client := context.Background(), demoClient()
	info, err := client.UpgradeCluster(ctx, demo, "1.34")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.Status)
	info, err = pmks.WaitClusterVersion(ctx, client, demo, "1.34", quickly)
	fmt.Println(info.Version, err)
	// Output:
	// Updating
	// 1.34.5 <nil>
}

func ExampleClient_GenerateClusterToken() {
	token, err := demoClient().GenerateClusterToken(context.Background(), demo)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Value != "", time.Until(token.ExpiresAt) > 0)
	// Output: true true
}

func ExampleClient_ListVersions() {
	versions, err := pmks.New(fake.New()).ListVersions(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range versions {
		if v.Default {
			fmt.Println("default", v.Name)
		}
	}
	// Output: default 1.34.5
}

func ExampleClient_CheckCluster() {
	cloud := fake.New(fake.WithInventory(fake.Inventory{VPCs: []pmks.IID{{NameId: "other-vpc", SystemId: "vpc-9"}}}))
	err := pmks.New(cloud).CheckCluster(context.Background(), demoRequest)
	var e *pmks.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.Field)
	}
	// Output: InvalidArgument Network.VpcIID
}

func ExampleClient_CheckNodeGroup() {
	fmt.Println(demoClient().CheckNodeGroup(context.Background(), demo, pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: "more"}, VMSpecName: "small", DesiredNodeSize: 1,
	}))
	// Output: <nil>
}

func ExampleClient_OpenAccess() {
	ctx := context.Background()
	fmt.Println(errors.Is(demoClient().OpenAccess(ctx, demo), pmks.ErrUnsupported))

	// On some clouds the public endpoint is a call of its own, for clusters with nodes.
	client := pmks.New(fake.New(fake.WithProfile("tencent"), fake.WithClusters(fake.Cluster{Name: "demo", NodeGroups: []pmks.NodeGroupInfo{
		{IId: pmks.IID{NameId: "workers"}, DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 3},
	}})))
	fmt.Println(client.Capabilities().Access.OpenCall, client.OpenAccess(ctx, demo))
	// Output:
	// true
	// true <nil>
}

func ExampleClient_CloseAccess() {
	client := pmks.New(fake.New(fake.WithProfile("tencent"), fake.WithClusters(fake.Cluster{Name: "demo"})))
	fmt.Println(client.CloseAccess(context.Background(), demo))
	// Output: <nil>
}

func ExampleClient_Capabilities() {
	for _, profile := range []string{"aws", "azure"} {
		c := pmks.New(fake.New(fake.WithProfile(profile))).Capabilities()
		fmt.Println(c.Provider, c.ClusterType, c.Scaling.ToZero, c.Access.Certificate)
	}
	// Output:
	// aws Type-I true false
	// azure Type-II true true
}

func ExampleClient_Unwrap() {
	client := demoClient()
	if cloud, ok := client.Unwrap().(*fake.Handler); ok {
		_ = cloud.Protect(demo, true) // what only this provider can do
	}
	_, err := client.DeleteCluster(context.Background(), demo)
	fmt.Println(pmks.CodeOf(err))
	// Output: FailedPrecondition
}

func ExampleClient_Close() {
	client := pmks.New(fake.New())
	fmt.Println(client.Close())
	// Output: <nil>
}
