// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/providertest"
)

// TestBudget counts the calls of every operation: the fewest that AKS allows, and
// how many of them come one after the other.
func TestBudget(t *testing.T) {
	t.Parallel()
	cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	create, plain := bench.SampleRequest("new"), bench.SampleNodeGroup("plain")
	plain.KeyPairIID = pmks.IID{}
	bench.Budgets(t, []providertest.Budget{
		{Name: "create-cluster", Call: providertest.CreateCluster(create), Steps: 2,
			Requests: map[string]int{"VirtualNetworks_Get": 1, "NetworkSecurityGroups_Get": 1, "SshPublicKeys_Get": 1, "ManagedClusters_ListKubernetesVersions": 1, "ManagedClusters_CreateOrUpdate": 1}},
		{Name: "get-cluster-of-5-groups", Clusters: 1, Groups: 5, Call: providertest.GetCluster(cluster), Steps: 2,
			Requests: map[string]int{"ManagedClusters_Get": 1, "Machines_List": 5, "ManagedClusters_ListClusterAdminCredentials": 1}},
		{Name: "list-iid-of-100", Clusters: 100, Groups: 1, Call: providertest.ListIID, Steps: 1,
			Requests: map[string]int{"ManagedClusters_ListByResourceGroup": 1}},
		{Name: "add-node-group", Clusters: 1, Groups: 1, Call: providertest.AddNodeGroup(cluster, plain), Steps: 2,
			Requests: map[string]int{"ManagedClusters_Get": 1, "AgentPools_CreateOrUpdate": 1}},
		{Name: "remove-node-group", Clusters: 1, Groups: 2, Call: providertest.RemoveNodeGroup(cluster, group), Steps: 2,
			Requests: map[string]int{"ManagedClusters_Get": 1, "AgentPools_Delete": 1}},
		{Name: "delete-cluster", Clusters: 1, Groups: 3, Call: providertest.DeleteCluster(cluster), Steps: 2,
			Requests: map[string]int{"ManagedClusters_Get": 1, "ManagedClusters_Delete": 1}},
		{Name: "autoscaling-off", Clusters: 1, Groups: 1, Call: providertest.SetNodeGroupAutoScaling(cluster, group, false), Steps: 2,
			Requests: map[string]int{"ManagedClusters_Get": 1, "AgentPools_Get": 1, "AgentPools_CreateOrUpdate": 1}},
		{Name: "autoscaling-that-is-on", Clusters: 1, Groups: 1, Call: providertest.SetNodeGroupAutoScaling(cluster, group, true), Steps: 1,
			Requests: map[string]int{"ManagedClusters_Get": 1, "AgentPools_Get": 1}},
		{Name: "change-scaling", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 3, 1, 4), Steps: 2,
			Requests: map[string]int{"ManagedClusters_Get": 1, "AgentPools_Get": 1, "Machines_List": 1, "AgentPools_CreateOrUpdate": 1}},
		{Name: "change-scaling-to-the-same", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 3), Steps: 1,
			Requests: map[string]int{"ManagedClusters_Get": 1, "AgentPools_Get": 1, "Machines_List": 1}},
		{Name: "state-of-cluster", Clusters: 1, Groups: 5, Call: providertest.ReadState(cluster, pmks.IID{}), Steps: 1,
			Requests: map[string]int{"ManagedClusters_Get": 1}},
		{Name: "state-of-node-group", Clusters: 1, Groups: 5, Call: providertest.ReadState(cluster, group), Steps: 1,
			Requests: map[string]int{"ManagedClusters_Get": 1}},
		{Name: "last-operation-of-cluster", Clusters: 1, Groups: 5, Call: providertest.LastOperation(cluster, pmks.IID{}), Steps: 1,
			Requests: map[string]int{"ManagedClusters_Get": 1}},
		{Name: "last-operation-of-node-group", Clusters: 1, Groups: 5, Call: providertest.LastOperation(cluster, group), Steps: 1,
			Requests: map[string]int{"ManagedClusters_Get": 1}},
		{Name: "upgrade-of-5-groups", Clusters: 1, Groups: 5, Call: providertest.UpgradeCluster(cluster, "1.34"), Steps: 2,
			Requests: map[string]int{"ManagedClusters_Get": 1, "ManagedClusters_GetUpgradeProfile": 1, "ManagedClusters_CreateOrUpdate": 1}},
		{Name: "node-group-of-5", Clusters: 1, Groups: 5, Call: call(func(ctx context.Context, h *azure.Handler) error {
			_, err := h.GetNodeGroup(ctx, cluster, group)
			return err
		}), Steps: 1, Requests: map[string]int{"ManagedClusters_Get": 1, "Machines_List": 1}},
		{Name: "set-tags", Clusters: 1, Groups: 1, Call: setTags(cluster, pmks.KeyValue{Key: "a", Value: "b"}), Steps: 2,
			Requests: map[string]int{"ManagedClusters_Get": 1, "ManagedClusters_UpdateTags": 1}},
		{Name: "set-tags-that-are-so", Clusters: 1, Groups: 1, Call: setTags(cluster), Steps: 1,
			Requests: map[string]int{"ManagedClusters_Get": 1}},
		{Name: "upgrade-findings", Clusters: 1, Groups: 5, Call: call(func(ctx context.Context, h *azure.Handler) error {
			_, err := h.UpgradeFindings(ctx, cluster, "1.34.4")
			return err
		}), Steps: 2, Requests: map[string]int{"ManagedClusters_Get": 1, "ManagedClusters_GetUpgradeProfile": 1, "VirtualNetworks_Get": 1}},
		{Name: "demanding-node-group", Clusters: 1, Groups: 1, Call: providertest.AddNodeGroup(cluster, demanding("more")), Steps: 2,
			Requests: map[string]int{"ManagedClusters_Get": 1, "AgentPools_CreateOrUpdate": 1}},
		{Name: "list-versions", Call: providertest.ListVersions, Steps: 1,
			Requests: map[string]int{"ManagedClusters_ListKubernetesVersions": 1}},
		{Name: "check-cluster", Call: providertest.CheckCluster(create), Steps: 1,
			Requests: map[string]int{"VirtualNetworks_Get": 1, "NetworkSecurityGroups_Get": 1, "SshPublicKeys_Get": 1, "ManagedClusters_ListKubernetesVersions": 1, "ManagedClusters_Get": 1}},
		{Name: "bad-request", Call: providertest.Fails(pmks.CodeInvalidArgument, providertest.CreateCluster(pmks.ClusterInfo{}))},
	})
}

// call is a call of what only some handlers have.
func call(f func(context.Context, *azure.Handler) error) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error { return f(ctx, h.(*azure.Handler)) }
}

func setTags(cluster pmks.IID, tags ...pmks.KeyValue) providertest.Call {
	return call(func(ctx context.Context, h *azure.Handler) error { return h.SetTags(ctx, cluster, tags) })
}
