// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
)

// TestBudget counts the calls of every operation: the fewest that GKE allows, and
// how many of them come one after the other. A read of a cluster lists the
// operations beside it: until an accepted one has begun, the cluster itself does
// not show it. A creation lists the clusters beside its other look-ups: a name must
// be free in the whole region.
func TestBudget(t *testing.T) {
	t.Parallel()
	cluster, group := pmks.IID{NameId: "c000", SystemId: "c000"}, pmks.IID{NameId: "g0"}
	byName := pmks.IID{NameId: "c000"}
	create, plain := bench.SampleRequest("new"), bench.SampleNodeGroup("plain")
	bench.Budgets(t, []providertest.Budget{
		{Name: "create-cluster", Call: providertest.CreateCluster(create), Steps: 2,
			Requests: map[string]int{"GetServerConfig": 1, "networks.get": 1, "subnetworks.get": 1, "ListClusters": 1, "CreateCluster": 1}},
		{Name: "get-cluster-of-5-groups", Clusters: 1, Groups: 5, Call: providertest.GetCluster(cluster), Steps: 2,
			Requests: map[string]int{"GetCluster": 1, "ListOperations": 1, listInstances: 5}},
		{Name: "get-cluster-by-name", Clusters: 1, Groups: 5, Call: providertest.GetCluster(byName), Steps: 2,
			Requests: map[string]int{"ListClusters": 1, "ListOperations": 1, listInstances: 5}},
		{Name: "read-state", Clusters: 1, Groups: 1, Call: providertest.ReadState(cluster, pmks.IID{}), Steps: 1,
			Requests: map[string]int{"GetCluster": 1}},
		{Name: "read-state-by-name", Clusters: 1, Groups: 1, Call: providertest.ReadState(byName, pmks.IID{}), Steps: 1,
			Requests: map[string]int{"ListClusters": 1}},
		{Name: "read-state-of-group", Clusters: 1, Groups: 2, Call: providertest.ReadState(cluster, group), Steps: 1,
			Requests: map[string]int{"GetNodePool": 1}},
		{Name: "read-state-of-group-by-name", Clusters: 1, Groups: 2, Call: providertest.ReadState(byName, group), Steps: 1,
			Requests: map[string]int{"ListClusters": 1}},
		{Name: "last-operation-that-is-none", Clusters: 1, Groups: 1, Call: providertest.Fails(pmks.CodeNotFound, providertest.LastOperation(cluster, pmks.IID{})), Steps: 1,
			Requests: map[string]int{"ListOperations": 1}},
		{Name: "list-iid-of-100", Clusters: 100, Groups: 1, Call: providertest.ListIID, Steps: 1,
			Requests: map[string]int{"ListClusters": 1}},
		{Name: "add-node-group", Clusters: 1, Groups: 1, Call: providertest.AddNodeGroup(cluster, plain), Steps: 2,
			Requests: map[string]int{"GetCluster": 1, "CreateNodePool": 1}},
		{Name: "remove-node-group", Clusters: 1, Groups: 2, Call: providertest.RemoveNodeGroup(cluster, group), Steps: 1,
			Requests: map[string]int{"DeleteNodePool": 1}},
		{Name: "remove-node-group-by-name", Clusters: 1, Groups: 2, Call: providertest.RemoveNodeGroup(byName, group), Steps: 2,
			Requests: map[string]int{"ListClusters": 1, "DeleteNodePool": 1}},
		{Name: "delete-cluster-by-name", Clusters: 1, Groups: 3, Call: providertest.DeleteCluster(byName), Steps: 2,
			Requests: map[string]int{"ListClusters": 1, "DeleteCluster": 1}},
		{Name: "delete-cluster", Clusters: 1, Groups: 3, Call: providertest.DeleteCluster(cluster), Steps: 1,
			Requests: map[string]int{"DeleteCluster": 1}},
		{Name: "autoscaling-that-is-on", Clusters: 1, Groups: 1, Call: providertest.SetNodeGroupAutoScaling(cluster, group, true), Steps: 2,
			Requests: map[string]int{"GetCluster": 1, "ListOperations": 1}},
		{Name: "change-size", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 3, 1, 3), Steps: 3,
			Requests: map[string]int{"GetCluster": 1, listInstances: 1, "SetNodePoolSize": 1}},
		{Name: "change-bounds", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 4), Steps: 3,
			Requests: map[string]int{"GetCluster": 1, listInstances: 1, "SetNodePoolAutoscaling": 1}},
		{Name: "change-scaling-to-the-same", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 3), Steps: 2,
			Requests: map[string]int{"GetCluster": 1, listInstances: 1}},
		{Name: "upgrade-of-5-groups", Clusters: 1, Groups: 5, Call: providertest.UpgradeCluster(cluster, "1.33.5-gke.2072000"), Steps: 1,
			Requests: map[string]int{"GetCluster": 1, "ListOperations": 1, "GetServerConfig": 1}},
		{Name: "get-node-group", Clusters: 1, Groups: 5, Call: getNodeGroup(cluster, group), Steps: 2,
			Requests: map[string]int{"GetCluster": 1, "ListOperations": 1, listInstances: 1}},
		{Name: "set-tags-that-are-there", Clusters: 1, Groups: 1, Call: setTags(cluster), Steps: 1,
			Requests: map[string]int{"GetCluster": 1, "ListOperations": 1}},
		{Name: "upgrade-findings", Clusters: 1, Groups: 3, Call: upgradeFindings(cluster), Steps: 2,
			Requests: map[string]int{"GetCluster": 1, "GetServerConfig": 1, "FetchClusterUpgradeInfo": 1, "FetchNodePoolUpgradeInfo": 3}},
		{Name: "create-with-everything", Call: providertest.CreateCluster(everything()), Steps: 2,
			Requests: map[string]int{"GetServerConfig": 1, "networks.get": 1, "subnetworks.get": 1, "ListClusters": 1, "CreateCluster": 1}},
		{Name: "list-versions", Call: providertest.ListVersions, Steps: 1,
			Requests: map[string]int{"GetServerConfig": 1}},
		{Name: "token", Clusters: 1, Groups: 1, Call: providertest.GenerateClusterToken(cluster), Steps: 1,
			Requests: map[string]int{"GetCluster": 1}},
		{Name: "bad-request", Call: providertest.Fails(pmks.CodeInvalidArgument, providertest.CreateCluster(pmks.ClusterInfo{}))},
	})
}

// everything is a request for a cluster with all that there is to ask for.
func everything() pmks.ClusterInfo {
	req := bench.SampleRequest("new")
	req.NodeGroupList = []pmks.NodeGroupInfo{full("first")}
	req.Access = pmks.Access{Mode: pmks.AccessPublicAndPrivate, CIDRs: []string{"203.0.113.0/24"}}
	return req
}

// TestBudget_ListCluster lists 100 clusters with 5 node groups of two nodes each: one call
// for all clusters beside one for the operations, and two lists of Compute Engine, by 500
// VMs and 500 groups a page, which prove every group.
func TestBudget_ListCluster(t *testing.T) {
	t.Parallel()
	bench.List(t, providertest.Listing{Clusters: 100, AtOnce: 6, Within: 3 * providertest.Latency,
		Requests: map[string]int{"ListClusters": 1, "ListOperations": 1, listVMs: 2, listManagers: 1}})
}
