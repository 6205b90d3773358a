// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"strconv"
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
	zonal := plain
	zonal.Zones = []string{"us-east-2a"}
	create, full := bench.CreateRequest("new"), bench.SampleNodeGroup("full")
	bench.Budgets(t, []providertest.Budget{
		{Name: "create-cluster", Call: providertest.CreateCluster(create), Steps: 2,
			Requests: map[string]int{"GetRole": 1, "DescribeSubnets": 1, "DescribeSecurityGroups": 1, "CreateCluster": 1}},
		{Name: "get-cluster-of-5-groups", Clusters: 1, Groups: 5, Call: providertest.GetCluster(cluster), Steps: 2,
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
		// The subnets are looked at only where zones are asked for.
		{Name: "add-node-group-in-zones", Clusters: 1, Call: providertest.AddNodeGroup(cluster, zonal), Steps: 3,
			Requests: map[string]int{"DescribeCluster": 1, "DescribeSubnets": 1, "GetRole": 1, "DescribeInstanceTypes": 1, "CreateNodegroup": 1}},
		{Name: "get-node-group", Clusters: 1, Groups: 5, Call: getNodeGroup(cluster, group), Steps: 1,
			Requests: map[string]int{"DescribeNodegroup": 1, "DescribeAutoScalingGroups": 1}},
		{Name: "set-tags", Clusters: 1, Call: setTags(cluster, pmks.KeyValue{Key: "team", Value: "a"}), Steps: 2,
			Requests: map[string]int{"DescribeCluster": 1, "TagResource": 1}},
		{Name: "set-other-tags", Clusters: 1, Call: providertest.Then(setTags(cluster, pmks.KeyValue{Key: "team", Value: "a"}), setTags(cluster, pmks.KeyValue{Key: "cost", Value: "b"})), Steps: 5,
			Requests: map[string]int{"DescribeCluster": 2, "UntagResource": 1, "TagResource": 2}},
		{Name: "set-no-tags-where-there-are-none", Clusters: 1, Call: setTags(cluster), Steps: 1,
			Requests: map[string]int{"DescribeCluster": 1}},
		{Name: "upgrade-findings-of-5-groups", Clusters: 1, Groups: 5, Call: upgradeFindings(cluster, "1.34"), Steps: 2,
			Requests: map[string]int{"DescribeCluster": 1, "ListNodegroups": 1, "DescribeNodegroup": 5, "DescribeSubnets": 1, "ListInsights": 1, "ListAddons": 1, "DescribeClusterVersions": 1}},
		{Name: "bad-request", Call: providertest.Fails(pmks.CodeInvalidArgument, providertest.CreateCluster(pmks.ClusterInfo{}))},
	})
}

func getNodeGroup(cluster, group pmks.IID) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		_, err := pmks.GetNodeGroup(ctx, h, cluster, group)
		return err
	}
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

// TestBudget_ListCluster lists clusters with 5 node groups each: two calls for each
// cluster, one for each group, and the Auto Scaling groups a hundred at a time. EKS has no
// call that tells of several, so fewer there cannot be. A listing has six under way at
// most, and is hardly longer than that takes: nothing comes behind it one after the other,
// nor with one cluster more than are read at once.
func TestBudget_ListCluster(t *testing.T) {
	t.Parallel()
	for _, l := range []providertest.Listing{
		{Clusters: 9, AtOnce: 8, Within: 13 * providertest.Latency, Requests: map[string]int{
			"ListClusters": 1, "DescribeCluster": 9, "ListNodegroups": 9, "DescribeNodegroup": 45, "DescribeAutoScalingGroups": 1}},
		{Clusters: 17, AtOnce: 8, Within: 23 * providertest.Latency, Requests: map[string]int{
			"ListClusters": 1, "DescribeCluster": 17, "ListNodegroups": 17, "DescribeNodegroup": 85, "DescribeAutoScalingGroups": 1}},
		{Clusters: 100, AtOnce: 8, Within: 120 * providertest.Latency, Requests: map[string]int{
			"ListClusters": 1, "DescribeCluster": 100, "ListNodegroups": 100, "DescribeNodegroup": 500, "DescribeAutoScalingGroups": 5}},
	} {
		t.Run(strconv.Itoa(l.Clusters), func(t *testing.T) {
			t.Parallel()
			bench.List(t, l)
		})
	}
}
