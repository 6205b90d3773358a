// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
)

// TestBudget counts the calls of every operation: the fewest that the API of EKS
// allows, and how many of them come one after the other.
func TestBudget(t *testing.T) {
	t.Parallel()
	cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	plain := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "plain"}, VMSpecName: "t3.medium", DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 2}
	create, full := bench.CreateRequest("new"), bench.SampleNodeGroup("full")
	bench.Budgets(t, []providertest.Budget{
		{Name: "create-cluster", Call: providertest.CreateCluster(create), Steps: 2,
			Requests: map[string]int{"GetRole": 1, "DescribeSubnets": 1, "DescribeSecurityGroups": 1, "CreateCluster": 1}},
		{Name: "get-cluster-of-5-groups", Clusters: 1, Groups: 5, Call: providertest.GetCluster(cluster), Steps: 3,
			Requests: map[string]int{"DescribeCluster": 1, "ListNodegroups": 1, "ListAddons": 1, "DescribeNodegroup": 5, "DescribeAutoScalingGroups": 1}},
		{Name: "get-cluster-of-no-groups", Clusters: 1, Call: providertest.GetCluster(cluster), Steps: 1,
			Requests: map[string]int{"DescribeCluster": 1, "ListNodegroups": 1, "ListAddons": 1}},
		{Name: "list-iid-of-100", Clusters: 100, Call: providertest.ListIID, Steps: 1,
			Requests: map[string]int{"ListClusters": 1}},
		{Name: "add-node-group", Clusters: 1, Call: providertest.AddNodeGroup(cluster, plain), Steps: 2,
			Requests: map[string]int{"DescribeCluster": 1, "GetRole": 1, "DescribeInstanceTypes": 1, "CreateNodegroup": 1}},
		{Name: "add-node-group-with-disk-type", Clusters: 1, Call: providertest.AddNodeGroup(cluster, full), Steps: 3,
			Requests: map[string]int{"DescribeCluster": 1, "GetRole": 1, "DescribeKeyPairs": 1, "CreateLaunchTemplate": 1, "CreateNodegroup": 1}},
		{Name: "remove-node-group", Clusters: 1, Groups: 1, Call: providertest.RemoveNodeGroup(cluster, group), Steps: 1,
			Requests: map[string]int{"DeleteNodegroup": 1}},
		// The Fargate profiles are looked for before anything is destroyed.
		{Name: "delete-empty-cluster", Clusters: 1, Call: providertest.DeleteCluster(cluster), Steps: 2,
			Requests: map[string]int{"DescribeCluster": 1, "ListNodegroups": 1, "ListFargateProfiles": 1, "DescribeLaunchTemplates": 1, "DeleteCluster": 1}},
		{Name: "autoscaling-off", Clusters: 1, Groups: 1, Call: providertest.SetNodeGroupAutoScaling(cluster, group, false), Steps: 3,
			Requests: map[string]int{"DescribeNodegroup": 1, "DescribeAutoScalingGroups": 1, "DeleteTags": 1, "TagResource": 1}},
		{Name: "change-scaling", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 3, 1, 4), Steps: 2,
			Requests: map[string]int{"DescribeNodegroup": 1, "DescribeAutoScalingGroups": 1, "UpdateNodegroupConfig": 1}},
		{Name: "change-scaling-to-the-same", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 3), Steps: 1,
			Requests: map[string]int{"DescribeNodegroup": 1, "DescribeAutoScalingGroups": 1}},
		{Name: "upgrade-of-5-groups", Clusters: 1, Groups: 5, Call: providertest.UpgradeCluster(cluster, "1.34"), Steps: 3,
			Requests: map[string]int{"DescribeCluster": 1, "ListNodegroups": 1, "DescribeNodegroup": 5, "UpdateClusterVersion": 1}},
		{Name: "list-versions", Call: providertest.ListVersions, Steps: 1,
			Requests: map[string]int{"DescribeClusterVersions": 1}},
		// it is signed here
		{Name: "token", Clusters: 1, Call: providertest.GenerateClusterToken(cluster)},
		{Name: "read-state", Clusters: 1, Groups: 1, Call: providertest.ReadState(cluster, pmks.IID{}), Steps: 1,
			Requests: map[string]int{"DescribeCluster": 1}},
		{Name: "read-state-of-a-node-group", Clusters: 1, Groups: 1, Call: providertest.ReadState(cluster, group), Steps: 1,
			Requests: map[string]int{"DescribeNodegroup": 1}},
		{Name: "last-operation-without-an-update", Clusters: 1, Groups: 1, Call: providertest.LastOperation(cluster, pmks.IID{}), Steps: 1,
			Requests: map[string]int{"DescribeCluster": 1, "ListUpdates": 1}},
		{Name: "change-scaling-and-its-record", Clusters: 1, Groups: 1, Call: providertest.Then(providertest.ChangeNodeGroupScaling(cluster, group, 3, 1, 4), providertest.LastOperation(cluster, group)), Steps: 4,
			Requests: map[string]int{"DescribeNodegroup": 2, "DescribeAutoScalingGroups": 1, "UpdateNodegroupConfig": 1, "ListUpdates": 1, "DescribeUpdate": 1}},
		{Name: "bad-request", Call: providertest.Fails(pmks.CodeInvalidArgument, providertest.CreateCluster(pmks.ClusterInfo{}))},
	})
}

// TestBudget_ListCluster lists 100 clusters with 5 node groups each: two calls for
// each cluster, one for each group, and the Auto Scaling groups a hundred at a time.
func TestBudget_ListCluster(t *testing.T) {
	t.Parallel()
	bench.List(t, providertest.Listing{Clusters: 100, AtOnce: 8, Requests: map[string]int{
		"ListClusters": 1, "DescribeCluster": 100, "ListNodegroups": 100, "DescribeNodegroup": 500, "DescribeAutoScalingGroups": 5}})
}
