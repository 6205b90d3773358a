// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
)

// fleetSystemIDs are the ids of the first cluster of a fleet and of its first node group,
// which are the same in every simulated account.
func fleetSystemIDs(t testing.TB) (cluster, group pmks.IID) {
	t.Helper()
	list, err := newHandler(t, bench.Fleet(t, bench.Simulate(providertest.Options{}), 1, 1)).ListCluster(t.Context())
	if err != nil || len(list) != 1 || len(list[0].NodeGroupList) != 1 {
		t.Fatalf("the fleet: %d clusters, %v", len(list), err)
	}
	return pmks.IID{SystemId: list[0].IId.SystemId}, pmks.IID{SystemId: list[0].NodeGroupList[0].IId.SystemId}
}

func getNodeGroup(cluster, group pmks.IID) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		_, err := pmks.GetNodeGroup(ctx, h, cluster, group)
		return err
	}
}

func streamClusters(ctx context.Context, h providertest.Handler) (err error) {
	for _, fault := range pmks.Clusters(ctx, h) {
		err = errors.Join(err, fault)
	}
	return err
}

func setTags(cluster pmks.IID, tags ...pmks.KeyValue) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		return pmks.New(h).SetTags(ctx, cluster, tags)
	}
}

func upgradeFindings(cluster pmks.IID, version string) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		_, err := pmks.New(h).UpgradeFindings(ctx, cluster, version)
		return err
	}
}

// TestBudget counts the requests of every operation: the fewest that TKE allows, and how
// many of them come one after the other. A name takes the list before what an id needs; a
// pool does not tell whose it is, so a handler that has not seen its cluster reads that
// beside it; and versions of nodes are asked for until they were seen.
func TestBudget(t *testing.T) {
	t.Parallel()
	const (
		clusters, pools, nodes, doors, door = "DescribeClusters", "DescribeClusterNodePools", "DescribeClusterInstances", "DescribeClusterEndpoints", "DescribeClusterEndpointStatus"
		machines, lagging, versions, next   = "DescribeLaunchConfigurations", "CheckInstancesUpgradeAble", "DescribeVersions", "DescribeAvailableClusterVersion"
		modify, resize                      = "ModifyClusterNodePool", "ModifyNodePoolDesiredCapacityAboutAsg"
	)
	cluster, group := fleetSystemIDs(t)
	named := pmks.IID{NameId: "c000"}
	whole := map[string]int{clusters: 1, pools: 1, nodes: 1, doors: 1, machines: 1, lagging: 1}
	with := func(more map[string]int) map[string]int {
		all := map[string]int{}
		for _, m := range []map[string]int{whole, more} {
			for k, n := range m {
				all[k] += n
			}
		}
		return all
	}
	bench.Budgets(t, []providertest.Budget{
		{Name: "get-cluster", Clusters: 1, Groups: 5, Call: providertest.GetCluster(cluster), Requests: with(nil), Steps: 2},
		{Name: "get-cluster-by-name", Clusters: 1, Groups: 5, Call: providertest.GetCluster(named), Requests: with(nil), Steps: 3},
		{Name: "get-cluster-without-groups", Clusters: 1, Call: providertest.GetCluster(cluster), Requests: map[string]int{clusters: 1, pools: 1, nodes: 1, doors: 1}, Steps: 1},
		{Name: "get-node-group", Clusters: 1, Groups: 5, Call: getNodeGroup(cluster, group), Requests: map[string]int{clusters: 1, pools: 1, nodes: 1, machines: 1, lagging: 1}, Steps: 2},
		{Name: "get-node-group-by-name", Clusters: 1, Groups: 5, Call: getNodeGroup(named, pmks.IID{NameId: "g0"}), Requests: map[string]int{clusters: 1, pools: 1, nodes: 1, machines: 1, lagging: 1}, Steps: 4},
		{Name: "stream", Clusters: 2, Groups: 1, Call: streamClusters, Requests: map[string]int{clusters: 1, pools: 2, nodes: 2, doors: 2, machines: 2, lagging: 2}, Steps: 3},
		{Name: "set-tags", Clusters: 1, Call: setTags(cluster, pmks.KeyValue{Key: "a", Value: "b"}), Requests: map[string]int{clusters: 3, "DescribeBatchModifyTagsStatus": 3, "ModifyClusterTags": 1}, Steps: 129},
		{Name: "set-tags-that-are-there", Clusters: 1, Call: setTags(cluster), Requests: map[string]int{clusters: 1, "DescribeBatchModifyTagsStatus": 1}, Steps: 1},
		{Name: "upgrade-findings", Clusters: 1, Groups: 2, Call: upgradeFindings(cluster, "1.34"),
			Requests: map[string]int{clusters: 1, pools: 1, nodes: 1, doors: 1, lagging: 1, next: 1, "DescribeAddon": 1}, Steps: 2},
		{Name: "list-iid", Clusters: 3, Groups: 2, Call: providertest.ListIID, Requests: map[string]int{clusters: 1}, Steps: 1},
		{Name: "read-state", Clusters: 1, Groups: 5, Call: providertest.ReadState(cluster, pmks.IID{}), Requests: map[string]int{clusters: 1}, Steps: 1},
		{Name: "read-state-by-name", Clusters: 1, Groups: 5, Call: providertest.ReadState(named, pmks.IID{}), Requests: map[string]int{clusters: 1}, Steps: 1},
		{Name: "read-state-of-group", Clusters: 1, Groups: 5, Call: providertest.ReadState(cluster, group), Requests: map[string]int{clusters: 1, pools: 1}, Steps: 1},
		{Name: "create-cluster", Call: providertest.CreateCluster(bench.CreateRequest("new")),
			Requests: map[string]int{clusters: 1, versions: 1, "DescribeVpcs": 1, "DescribeSubnets": 1, "DescribeSecurityGroups": 1, "CreateCluster": 1}, Steps: 2},
		{Name: "check-cluster", Call: providertest.CheckCluster(bench.CreateRequest("new")),
			Requests: map[string]int{clusters: 1, versions: 1, "DescribeVpcs": 1, "DescribeSubnets": 1, "DescribeSecurityGroups": 1}, Steps: 1},
		// Clusters of other hands do not tell their subnets.
		{Name: "add-node-group", Clusters: 1, Groups: 1, Call: providertest.Fails(pmks.CodeFailedPrecondition, providertest.AddNodeGroup(cluster, bench.SampleNodeGroup("new"))),
			Requests: map[string]int{clusters: 1, pools: 1}, Steps: 1},
		{Name: "check-node-group", Clusters: 1, Groups: 1, Call: providertest.Fails(pmks.CodeFailedPrecondition, providertest.CheckNodeGroup(cluster, bench.SampleNodeGroup("new"))),
			Requests: map[string]int{clusters: 1, pools: 1, "DescribeKeyPairs": 1}, Steps: 1},
		{Name: "remove-node-group", Clusters: 1, Groups: 1, Call: providertest.RemoveNodeGroup(cluster, group),
			Requests: map[string]int{clusters: 1, pools: 1, "DeleteClusterNodePool": 1}, Steps: 2},
		{Name: "delete-cluster", Clusters: 1, Groups: 3, Call: providertest.DeleteCluster(cluster), Requests: map[string]int{clusters: 1, door: 2, "DeleteCluster": 1}, Steps: 2},
		{Name: "autoscaling-that-is-on", Clusters: 1, Groups: 1, Call: providertest.SetNodeGroupAutoScaling(cluster, group, true), Requests: map[string]int{clusters: 1, pools: 1}, Steps: 1},
		{Name: "autoscaling-off", Clusters: 1, Groups: 1, Call: providertest.SetNodeGroupAutoScaling(cluster, group, false), Requests: map[string]int{clusters: 1, pools: 1, modify: 1}, Steps: 2},
		{Name: "change-bounds", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 0, 1, 4), Requests: map[string]int{clusters: 1, pools: 1, modify: 1}, Steps: 2},
		{Name: "change-size", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 3, 1, 3), Requests: map[string]int{clusters: 1, pools: 1, resize: 1}, Steps: 2},
		{Name: "change-scaling-to-the-same", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 3), Requests: map[string]int{clusters: 1, pools: 1}, Steps: 1},
		{Name: "upgrade-that-is-there", Clusters: 1, Groups: 5, Call: providertest.UpgradeCluster(cluster, bench.Version), Requests: with(map[string]int{next: 1}), Steps: 2},
		{Name: "upgrade", Clusters: 1, Groups: 5, Call: providertest.UpgradeCluster(cluster, "1.34"), Requests: with(map[string]int{next: 1, "UpdateClusterVersion": 1}), Steps: 3},
		{Name: "list-versions", Call: providertest.ListVersions, Requests: map[string]int{versions: 1}, Steps: 1},
		{Name: "no-token", Clusters: 1, Groups: 1, Call: providertest.Fails(pmks.CodeUnsupported, providertest.GenerateClusterToken(cluster)), Requests: map[string]int{}, Steps: 0},
		{Name: "bad-request", Call: providertest.Fails(pmks.CodeInvalidArgument, providertest.CreateCluster(pmks.ClusterInfo{})), Requests: map[string]int{}, Steps: 0},
	})
}

// TestBudget_ListCluster lists a hundred clusters of five node groups: one request for a
// hundred clusters, four for each, and one for the machines of a hundred pools, never a
// kubeconfig. The fourth for each is about the versions of its nodes: TKE tells them in no
// list, neither of nodes nor of pools, nor for several clusters at once. A handler that has
// seen that no node lags does not ask again. Each action is taken twenty times a second,
// the first second too, and the listing uses nearly all of that: a hundred requests take
// five seconds and a half.
func TestBudget_ListCluster(t *testing.T) {
	t.Parallel()
	const n = 100
	requests := map[string]int{"DescribeClusters": 1, "DescribeClusterNodePools": n, "DescribeClusterInstances": n, "DescribeClusterEndpoints": n,
		"CheckInstancesUpgradeAble": n, "DescribeLaunchConfigurations": 5}
	bench.List(t, providertest.Listing{Clusters: n, AtOnce: 8, Within: 6500 * time.Millisecond, Requests: requests})
	synctest.Test(t, func(t *testing.T) {
		s := bench.Fleet(t, bench.Simulate(providertest.Options{Latency: providertest.Latency}), n, 5)
		h := newHandler(t, s)
		for range 2 {
			s.Reset()
			if list, err := h.ListCluster(t.Context()); err != nil || len(list) != n || list[n-1].NodeGroupList[4].Version != bench.Version {
				t.Fatalf("%d clusters, %v", len(list), err)
			}
		}
		again := maps.Clone(requests)
		delete(again, "CheckInstancesUpgradeAble")
		if got := s.Counts(); !maps.Equal(got, again) {
			t.Errorf("the second listing made %v, want %v", got, again)
		}
	})
}
