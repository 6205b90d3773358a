// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// fleetIID is the identity of the first cluster of a fleet, which is drawn from the same
// seed each time.
func fleetIID(t *testing.T, clusters, groups int) pmks.IID {
	t.Helper()
	list, err := newHandler(t, fleet(t, clusters, groups, iks.Options{})).ListIID(t.Context())
	if err != nil || len(list) != clusters {
		t.Fatalf("%d clusters, %v", len(list), err)
	}
	return *list[0]
}

// groupIID is the identity of the first group of that cluster, by its id alone.
func groupIID(t *testing.T, cluster pmks.IID) pmks.IID {
	t.Helper()
	info, err := newHandler(t, fleet(t, 1, 2, iks.Options{})).GetCluster(t.Context(), cluster)
	if err != nil {
		t.Fatal(err)
	}
	return pmks.IID{SystemId: info.NodeGroupList[0].IId.SystemId}
}

// Calls of the optional interfaces.
func setTags(cluster pmks.IID) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		return pmks.New(h).SetTags(ctx, cluster, []pmks.KeyValue{{Key: "team", Value: "green"}})
	}
}

func findings(cluster pmks.IID) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		_, err := pmks.New(h).UpgradeFindings(ctx, cluster, "1.35")
		return err
	}
}

func getGroup(cluster, group pmks.IID) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		_, err := pmks.GetNodeGroup(ctx, h, cluster, group)
		return err
	}
}

// TestBudget counts the calls of every operation: the fewest that IKS allows, and how
// many of them come one after the other. A name is resolved by the list, one call more; a
// creation lists the clusters beside its other look-ups, because a name must be free in
// the region.
func TestBudget(t *testing.T) {
	t.Parallel()
	one, two, five := fleetIID(t, 1, 1), fleetIID(t, 1, 2), fleetIID(t, 1, 5)
	byName, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	groupID := groupIID(t, two)
	create, plain := bench.SampleRequest("new"), bench.SampleNodeGroup("plain")
	unversioned := create.Clone()
	unversioned.Version, unversioned.Network.SecurityGroupIIDs = "", nil
	whole := create.Clone()
	whole.NodeGroupList = []pmks.NodeGroupInfo{beyond("ng1")}
	// A handler knows the name of an id after one read of it.
	twice := func(call providertest.Call) providertest.Call {
		return func(ctx context.Context, h providertest.Handler) error {
			if err := call(ctx, h); err != nil {
				return err
			}
			return call(ctx, h)
		}
	}
	target := func(more map[string]int) map[string]int {
		more["getCluster"], more["getWorkerPools"] = 1, 1
		return more
	}
	bench.Budgets(t, []providertest.Budget{
		{Name: "create-cluster", Call: providertest.CreateCluster(create), Steps: 2,
			Requests: map[string]int{"versions": 1, "getSubnet": 1, "getSecurityGroup": 1, "getClusters": 1, "createCluster": 1}},
		{Name: "create-cluster-of-the-default-version", Call: providertest.CreateCluster(unversioned), Steps: 2,
			Requests: map[string]int{"getSubnet": 1, "getClusters": 1, "createCluster": 1}},
		{Name: "read-state", Clusters: 1, Groups: 1, Call: providertest.ReadState(one, pmks.IID{}), Steps: 1,
			Requests: map[string]int{"getCluster": 1}},
		{Name: "read-state-by-name", Clusters: 1, Groups: 1, Call: providertest.ReadState(byName, pmks.IID{}), Steps: 2,
			Requests: map[string]int{"getClusters": 1, "getCluster": 1}},
		{Name: "read-state-of-group-twice", Clusters: 1, Groups: 2, Call: twice(providertest.ReadState(two, group)), Steps: 4,
			Requests: map[string]int{"getCluster": 1, "getWorkerPools": 2, "getWorkers": 2}},
		{Name: "read-state-of-group-by-name", Clusters: 1, Groups: 2, Call: providertest.ReadState(byName, group), Steps: 3,
			Requests: map[string]int{"getClusters": 1, "getWorkerPools": 1, "getWorkers": 1}},
		{Name: "read-state-of-group-by-id", Clusters: 1, Groups: 2, Call: providertest.ReadState(two, groupID), Steps: 1,
			Requests: map[string]int{"getCluster": 1, "getWorkerPools": 1, "getWorkers": 1}},
		{Name: "list-of-one-cluster", Clusters: 1, Groups: 2, Call: providertest.ListCluster, Steps: 2,
			Requests: map[string]int{"getClusters": 1, "getCluster": 1, "getWorkerPools": 1, "getWorkers": 1}},
		{Name: "last-operation", Clusters: 1, Groups: 1, Call: providertest.LastOperation(one, pmks.IID{}), Steps: 1,
			Requests: map[string]int{"getCluster": 1}},
		{Name: "list-iid-of-100", Clusters: 100, Groups: 1, Call: providertest.ListIID, Steps: 1,
			Requests: map[string]int{"getClusters": 1}},
		{Name: "add-node-group", Clusters: 1, Groups: 1, Call: providertest.AddNodeGroup(one, plain), Steps: 2,
			Requests: target(map[string]int{"createWorkerPool": 1})},
		{Name: "create-cluster-with-taints", Call: providertest.CreateCluster(whole), Steps: 4,
			Requests: map[string]int{"versions": 1, "getSubnet": 1, "getSecurityGroup": 1, "getClusters": 1, "createCluster": 1, "getWorkerPools": 1, "setWorkerPoolTaints": 1}},
		{Name: "add-node-group-with-taints", Clusters: 1, Groups: 1, Call: providertest.AddNodeGroup(one, beyond("whole")), Steps: 3,
			Requests: target(map[string]int{"createWorkerPool": 1, "setWorkerPoolTaints": 1})},
		{Name: "set-tags", Clusters: 1, Groups: 5, Call: setTags(five), Steps: 6,
			Requests: target(map[string]int{"setWorkerPoolLabels": 5})},
		{Name: "upgrade-findings", Clusters: 1, Groups: 5, Call: findings(five), Steps: 1,
			Requests: target(map[string]int{"getWorkers": 1, "versions": 1, "getClusterAddons": 1})},
		{Name: "delete-cluster", Clusters: 1, Groups: 5, Call: providertest.DeleteCluster(five), Steps: 2,
			Requests: map[string]int{"getCluster": 1, "deleteCluster": 1}},
		{Name: "delete-cluster-by-name", Clusters: 1, Groups: 5, Call: providertest.DeleteCluster(byName), Steps: 2,
			Requests: map[string]int{"getClusters": 1, "deleteCluster": 1}},
		{Name: "upgrade-to-the-same", Clusters: 1, Groups: 5, Call: providertest.UpgradeCluster(five, "1.34"), Steps: 1,
			Requests: target(map[string]int{"getWorkers": 1, "versions": 1})},
		{Name: "upgrade-control-plane", Clusters: 1, Groups: 5, Call: providertest.UpgradeCluster(five, "1.35"), Steps: 3,
			Requests: target(map[string]int{"getWorkers": 1, "versions": 1, "getClusterAddons": 1, "updateMaster": 1})},
		{Name: "list-versions", Call: providertest.ListVersions, Steps: 1,
			Requests: map[string]int{"versions": 1}},
		{Name: "bad-request", Call: providertest.Fails(pmks.CodeInvalidArgument, providertest.CreateCluster(pmks.ClusterInfo{}))},
	})
}

// TestBudget_fixedGroups are those that need groups without autoscaling.
func TestBudget_fixedGroups(t *testing.T) {
	t.Parallel()
	b := bench
	b.Simulate = func(o providertest.Options) *iks.Server {
		s := bench.Simulate(o)
		if err := s.Put(seed("plain", "ng1", "ng2")); err != nil {
			t.Fatal(err)
		}
		return s
	}
	byName, group := pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng2"}
	read := func(more map[string]int) map[string]int {
		more["getClusters"], more["getCluster"], more["getWorkerPools"], more["getWorkers"] = 1, 1, 1, 1
		return more
	}
	b.Budgets(t, []providertest.Budget{
		{Name: "get-cluster", Call: providertest.GetCluster(byName), Steps: 3,
			Requests: read(map[string]int{"getSecurityGroups": 1, "getKubeconfig": 1})},
		{Name: "get-node-group", Call: getGroup(byName, group), Steps: 3,
			Requests: map[string]int{"getClusters": 1, "getWorkerPools": 1, "getWorkers": 1}},
		{Name: "change-size", Call: providertest.ChangeNodeGroupScaling(byName, group, 3, 1, 2+1), Steps: 4,
			Requests: read(map[string]int{"setWorkerPoolLabels": 1, "resizeWorkerPool": 1})},
		{Name: "change-scaling-to-the-same", Call: providertest.ChangeNodeGroupScaling(byName, group, 2, 1, 2), Steps: 2,
			Requests: read(map[string]int{})},
		{Name: "autoscaling-that-is-off", Call: providertest.SetNodeGroupAutoScaling(byName, group, false), Steps: 2,
			Requests: read(map[string]int{})},
		{Name: "remove-node-group", Call: providertest.RemoveNodeGroup(byName, group), Steps: 3,
			Requests: map[string]int{"getClusters": 1, "getCluster": 1, "getWorkerPools": 1, "removeWorkerPool": 1}},
	})
}

// TestBudget_ListCluster lists 100 clusters with 5 node groups each: one call for the
// list and three for each cluster, of which no list tells enough, no faster than 60 at once
// and 12 a second, which is 180 in any 10 seconds of the 200 that IKS takes. All 180 at once
// would end it in 11 seconds instead of 20, and leave whoever calls meanwhile, or uses IBM's
// command line, without a request for 8 of them.
func TestBudget_ListCluster(t *testing.T) {
	t.Parallel()
	bench.List(t, providertest.Listing{Clusters: 100, AtOnce: 6, Within: (301 - 60) * time.Second / 12 * 11 / 10,
		Requests: map[string]int{"getClusters": 1, "getCluster": 100, "getWorkerPools": 100, "getWorkers": 100}})
}
