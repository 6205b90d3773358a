// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"context"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
)

// fleetIDs are the ids of the first cluster of a fleet and of its first node group, which
// are the same in every simulated account.
func fleetIDs(t testing.TB) (cluster, group pmks.IID) {
	t.Helper()
	s := bench.Fleet(t, bench.Simulate(providertest.Options{}), 1, 1)
	list, err := newHandler(t, s).ListCluster(t.Context())
	if err != nil || len(list) != 1 || len(list[0].NodeGroupList) != 1 {
		t.Fatalf("the fleet: %d clusters, %v", len(list), err)
	}
	return pmks.IID{SystemId: list[0].IId.SystemId}, pmks.IID{SystemId: list[0].NodeGroupList[0].IId.SystemId}
}

// TestBudget counts the requests of every operation: the fewest that ACK allows, and how
// many of them come one after the other. A name takes the list before what an id needs, and
// the id of a cluster that the handler has not seen a look at what it is, beside the rest.
func TestBudget(t *testing.T) {
	t.Parallel()
	const (
		list, detail, pools, pool, nodes = "DescribeClustersForRegion", "DescribeClusterDetail", "DescribeClusterNodePools", "DescribeClusterNodePoolDetail", "DescribeClusterNodes"
		config, versions, vpc, vswitches = "DescribeClusterUserKubeconfig", "DescribeKubernetesVersionMetadata", "DescribeVpcAttribute", "DescribeVSwitches"
		addon, addons, modify            = "GetClusterAddonInstance", "ListClusterAddonInstances", "ModifyClusterNodePool"
	)
	cluster, group := fleetIDs(t)
	named, namedGroup := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	bounded := bench.SampleNodeGroup("auto")
	bounded.OnAutoScaling = true
	plain := bench.SampleRequest("new")
	plain.NodeGroupList = nil
	inZone, tags := bench.SampleNodeGroup("zoned"), []pmks.KeyValue{{Key: "team", Value: "a"}}
	inZone.Zones = []string{region + "a"}
	readGroup := func(cluster, group pmks.IID) providertest.Call {
		return func(ctx context.Context, h providertest.Handler) error {
			return failure(pmks.GetNodeGroup(ctx, h, cluster, group))
		}
	}
	setTags := func(ctx context.Context, h providertest.Handler) error {
		return pmks.New(h).SetTags(ctx, cluster, tags)
	}
	findings := func(ctx context.Context, h providertest.Handler) error {
		return failure(pmks.New(h).UpgradeFindings(ctx, cluster, "1.36.2-aliyun.1"))
	}
	newest := plain.Clone()
	newest.Version = ""
	bench.Budgets(t, []providertest.Budget{
		{Name: "create-cluster", Call: providertest.CreateCluster(plain),
			Requests: map[string]int{list: 1, vpc: 1, vswitches: 1, versions: 1, "CreateCluster": 1}, Steps: 2},
		{Name: "create-cluster-of-the-default-version", Call: providertest.CreateCluster(newest),
			Requests: map[string]int{list: 1, vpc: 1, vswitches: 1, "CreateCluster": 1}, Steps: 2},
		{Name: "check-cluster", Call: providertest.CheckCluster(plain), Requests: map[string]int{list: 1, vpc: 1, vswitches: 1, versions: 1}, Steps: 1},
		{Name: "get-cluster-of-5-groups", Clusters: 1, Groups: 5, Call: providertest.GetCluster(cluster),
			Requests: map[string]int{detail: 1, pools: 1, nodes: 1, config: 1}, Steps: 1},
		{Name: "get-cluster-by-name", Clusters: 1, Groups: 5, Call: providertest.GetCluster(named),
			Requests: map[string]int{list: 1, detail: 1, pools: 1, nodes: 1, config: 1}, Steps: 2},
		{Name: "read-state", Clusters: 1, Groups: 1, Call: providertest.ReadState(cluster, pmks.IID{}), Requests: map[string]int{detail: 1}, Steps: 1},
		{Name: "read-state-by-name", Clusters: 1, Groups: 1, Call: providertest.ReadState(named, pmks.IID{}), Requests: map[string]int{list: 1, detail: 1}, Steps: 2},
		{Name: "read-state-of-group", Clusters: 1, Groups: 2, Call: providertest.ReadState(cluster, group), Requests: map[string]int{detail: 1, pool: 1}, Steps: 1},
		{Name: "read-state-of-group-again", Clusters: 1, Groups: 2, Call: providertest.Then(providertest.ReadState(cluster, group), providertest.ReadState(cluster, group)),
			Requests: map[string]int{detail: 1, pool: 2}, Steps: 2},
		{Name: "read-state-of-group-by-name", Clusters: 1, Groups: 2, Call: providertest.ReadState(named, namedGroup), Requests: map[string]int{list: 1, pools: 1, pool: 1}, Steps: 3},
		{Name: "list-iid-of-100", Clusters: 20, Groups: 1, Call: providertest.ListIID, Requests: map[string]int{list: 1}, Steps: 1},
		{Name: "add-node-group", Clusters: 1, Groups: 1, Call: providertest.AddNodeGroup(cluster, bench.SampleNodeGroup("plain")),
			Requests: map[string]int{detail: 1, pools: 1, "CreateClusterNodePool": 1}, Steps: 2},
		{Name: "add-node-group-by-name", Clusters: 1, Groups: 1, Call: providertest.AddNodeGroup(named, bench.SampleNodeGroup("plain")),
			Requests: map[string]int{list: 1, pools: 1, "CreateClusterNodePool": 1}, Steps: 3},
		{Name: "add-node-group-that-scales", Clusters: 1, Groups: 0, Call: providertest.AddNodeGroup(cluster, bounded),
			Requests: map[string]int{detail: 1, pools: 1, addons: 1, "CreateAutoscalingConfig": 1, "CreateClusterNodePool": 1}, Steps: 4},
		{Name: "add-node-group-in-a-zone", Clusters: 1, Groups: 1, Call: providertest.AddNodeGroup(cluster, inZone),
			Requests: map[string]int{detail: 1, pools: 1, vswitches: 1, "CreateClusterNodePool": 1}, Steps: 3},
		{Name: "get-node-group", Clusters: 1, Groups: 5, Call: readGroup(cluster, group), Requests: map[string]int{detail: 1, pool: 1, nodes: 1}, Steps: 1},
		{Name: "get-node-group-by-name", Clusters: 1, Groups: 5, Call: readGroup(named, namedGroup), Requests: map[string]int{list: 1, pools: 1, detail: 1, pool: 1, nodes: 1}, Steps: 3},
		{Name: "set-tags", Clusters: 1, Call: setTags, Requests: map[string]int{detail: 2, "ModifyClusterTags": 1}, Steps: 3},
		{Name: "set-tags-that-are-there", Clusters: 1, Call: providertest.Then(setTags, setTags), Requests: map[string]int{detail: 3, "ModifyClusterTags": 1}, Steps: 4},
		{Name: "upgrade-findings-where-nothing-was-checked", Clusters: 1, Groups: 2, Call: findings,
			Requests: map[string]int{detail: 1, pools: 1, versions: 1, "ListClusterChecks": 3}, Steps: 2},
		{Name: "check-node-group", Clusters: 1, Groups: 1, Call: providertest.CheckNodeGroup(cluster, bench.SampleNodeGroup("plain")),
			Requests: map[string]int{detail: 1, pools: 1, "DescribeKeyPairs": 1}, Steps: 1},
		{Name: "delete-cluster", Clusters: 1, Groups: 3, Call: providertest.DeleteCluster(cluster), Requests: map[string]int{detail: 1, "DeleteCluster": 1}, Steps: 2},
		{Name: "delete-cluster-by-name", Clusters: 1, Groups: 3, Call: providertest.DeleteCluster(named), Requests: map[string]int{list: 1, "DeleteCluster": 1}, Steps: 2},
		{Name: "autoscaling-that-is-on", Clusters: 1, Groups: 1, Call: providertest.SetNodeGroupAutoScaling(cluster, group, true), Requests: map[string]int{detail: 1, pool: 1}, Steps: 1},
		{Name: "autoscaling-off", Clusters: 1, Groups: 1, Call: providertest.SetNodeGroupAutoScaling(cluster, group, false), Requests: map[string]int{detail: 1, pool: 1, modify: 1}, Steps: 2},
		{Name: "autoscaling-off-of-a-cluster-that-was-seen", Clusters: 1, Groups: 1, Call: providertest.Then(providertest.ReadState(cluster, pmks.IID{}), providertest.SetNodeGroupAutoScaling(cluster, group, false)),
			Requests: map[string]int{detail: 1, pool: 1, modify: 1}, Steps: 3},
		{Name: "change-bounds", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 0, 1, 4), Requests: map[string]int{detail: 1, pool: 1, modify: 1}, Steps: 2},
		{Name: "change-scaling-to-the-same", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 3), Requests: map[string]int{detail: 1, pool: 1}, Steps: 1},
		{Name: "upgrade-that-is-there", Clusters: 1, Groups: 5, Call: providertest.UpgradeCluster(cluster, bench.Version),
			Requests: map[string]int{detail: 1, pools: 1, nodes: 1, versions: 1}, Steps: 1},
		{Name: "upgrade", Clusters: 1, Groups: 5, Call: providertest.UpgradeCluster(cluster, "1.36"),
			Requests: map[string]int{detail: 1, pools: 1, nodes: 1, versions: 1, "DescribeClusterTasks": 1, "UpgradeCluster": 1}, Steps: 3},
		{Name: "list-versions", Call: providertest.ListVersions, Requests: map[string]int{versions: 1}, Steps: 1},
		{Name: "token", Clusters: 1, Groups: 1, Call: providertest.Fails(pmks.CodeFailedPrecondition, providertest.GenerateClusterToken(cluster)), Requests: map[string]int{detail: 1, addon: 1}, Steps: 1},
		{Name: "no-record", Clusters: 1, Groups: 1, Call: providertest.Fails(pmks.CodeNotFound, providertest.LastOperation(cluster, pmks.IID{})),
			Requests: map[string]int{detail: 1, "DescribeClusterTasks": 1}, Steps: 1},
		{Name: "bad-request", Call: providertest.Fails(pmks.CodeInvalidArgument, providertest.CreateCluster(pmks.ClusterInfo{})), Requests: map[string]int{}, Steps: 0},
	})
}

// TestBudget_ListCluster lists a hundred clusters: one request for all of them and three for
// each, never a kubeconfig, at most six at once, which leaves room for others. No list of ACK
// tells what the three do: the address of the API, the pools and their nodes. Each action
// takes 20 requests at once and then 10 a second, side by side.
func TestBudget_ListCluster(t *testing.T) {
	t.Parallel()
	const n = 100
	large().List(t, providertest.Listing{Clusters: n, AtOnce: 6, Within: 8500 * time.Millisecond, Requests: map[string]int{
		"DescribeClustersForRegion": 1, "DescribeClusterDetail": n, "DescribeClusterNodePools": n, "DescribeClusterNodes": n}})
}

// TestBudget_emptyClusters: nodes are asked for only of clusters that have some.
func TestBudget_emptyClusters(t *testing.T) {
	t.Parallel()
	empty := bench
	const n = 3
	empty.Budgets(t, []providertest.Budget{{Name: "list-of-clusters-without-groups", Clusters: n, Call: providertest.ListCluster,
		Requests: map[string]int{"DescribeClustersForRegion": 1, "DescribeClusterDetail": n, "DescribeClusterNodePools": n}, Steps: 2}})
}
