// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// wireTest is one call of a handler with the answers that it gets.
type wireTest struct {
	name      string
	settings  func(*azure.Config)
	exchanges []exchange
	do        func(context.Context, *azure.Handler) (any, error)
}

var (
	devel   = pmks.IID{NameId: "devel"}
	system  = pmks.IID{NameId: "system"}
	batch   = pmks.IID{NameId: "batch"}
	workers = pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: "workers"}, VMSpecName: "Standard_D4s_v5",
		OnAutoScaling: true, DesiredNodeSize: 3, MinNodeSize: 1, MaxNodeSize: 5,
	}
	spares = pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: "spares"}, VMSpecName: "Standard_E8s_v5", ImageIID: pmks.IID{NameId: "AzureLinux"},
		RootDiskType: "Ephemeral", RootDiskSize: "64", MinNodeSize: 0, MaxNodeSize: 4, KeyPairIID: pmks.IID{NameId: "devel-key"},
	}
	develRequest = pmks.ClusterInfo{
		IId: devel, Version: "v1.33",
		Network: pmks.NetworkInfo{
			VpcIID:            pmks.IID{NameId: "main"},
			SubnetIIDs:        []pmks.IID{{NameId: "nodes"}},
			SecurityGroupIIDs: []pmks.IID{{NameId: "nodes-nsg"}},
		},
		NodeGroupList: []pmks.NodeGroupInfo{keyed(workers), spares},
		TagList:       []pmks.KeyValue{{Key: "team", Value: "platform"}},
	}
	plainRequest = pmks.ClusterInfo{
		IId: devel, Version: "default",
		Network:       pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "main"}, SubnetIIDs: []pmks.IID{{NameId: "nodes"}}, SecurityGroupIIDs: []pmks.IID{{NameId: "nodes-nsg"}}},
		NodeGroupList: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "system"}, VMSpecName: "Standard_D4s_v5", DesiredNodeSize: 2, MaxNodeSize: 2}},
	}

	versions = exchange{"GET koreacentral/kubernetesVersions", "200 versions.json"}
	// lookups are what develRequest takes to look up.
	lookups = []exchange{
		{"GET virtualNetworks/main", "200 vnet.json"}, {"GET networkSecurityGroups/nodes-nsg", "200 nsg.json"},
		{"GET sshPublicKeys/devel-key", "200 key.json"}, versions,
	}
)

// keyed is a node group with the key of develRequest.
func keyed(g pmks.NodeGroupInfo) pmks.NodeGroupInfo {
	g.KeyPairIID = pmks.IID{NameId: "devel-key"}
	return g
}

// demandingRequest is develRequest with all that AKS takes beyond V0.6.
func demandingRequest(a pmks.Access) pmks.ClusterInfo {
	req := develRequest.Clone()
	req.Access = a
	first, second := &req.NodeGroupList[0], &req.NodeGroupList[1]
	first.Labels, first.Zones = map[string]string{"team": "a", "example.com/tier": ""}, []string{"3", "1"}
	first.Taints = []pmks.Taint{{Key: "soft", Value: "yes", Effect: pmks.TaintPreferNoSchedule}}
	second.Spot, second.DesiredNodeSize, second.MinNodeSize = true, 2, 1
	second.Taints = []pmks.Taint{{Key: "example.com/spot", Value: "yes", Effect: pmks.TaintNoExecute}}
	return req
}

// and puts exchanges behind those of develRequest.
func and(more ...exchange) []exchange { return append(append([]exchange{}, lookups...), more...) }

// TestWire keeps what every operation sends, where to and in which order, and what
// it makes of the answers. The answers are written by hand after the REST
// references of AKS and Azure, so that a misreading which the simulator might share
// is seen here.
func TestWire(t *testing.T) {
	t.Parallel()
	for _, test := range append(clusterWire, poolWire...) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			result, tape := play(t, test)
			wiretest.Golden(t, "wire/"+test.name+".golden", tape+"== result\n"+result)
		})
	}
}

// play runs one call and returns its result as JSON, and the tape.
func play(t *testing.T, test wireTest) (result, tape string) {
	t.Helper()
	result, tape = providertest.Play(t, dialect, test.exchanges, func(t testing.TB, p *providertest.Replay) (any, error) {
		cfg := replayConfig(p)
		if test.settings != nil {
			test.settings(&cfg)
		}
		return test.do(t.Context(), newHandlerWith(t, cfg))
	})
	return result, mask(tape)
}

// brief is what the goldens of wire keep of a cluster: the whole is in those of the
// conversion.
func brief(info pmks.ClusterInfo, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	var groups []any
	for _, g := range info.NodeGroupList {
		groups = append(groups, map[string]any{"Name": g.IId.NameId, "Status": g.Status, "Version": g.Version})
	}
	return map[string]any{"IId": info.IId, "Status": info.Status, "Version": info.Version, "NodeGroupList": groups}, nil
}

func create(req pmks.ClusterInfo) func(context.Context, *azure.Handler) (any, error) {
	return func(ctx context.Context, h *azure.Handler) (any, error) { return brief(h.CreateCluster(ctx, req)) }
}

func upgrade(version string) func(context.Context, *azure.Handler) (any, error) {
	return func(ctx context.Context, h *azure.Handler) (any, error) {
		return brief(h.UpgradeCluster(ctx, devel, version))
	}
}

var clusterWire = []wireTest{
	{"create-cluster", nil, and(exchange{"PUT clusters/devel", "201 cluster-creating.json"}), create(develRequest)},
	{
		"create-cluster-flat",
		func(c *azure.Config) {
			c.NetworkMode, c.MaxPods, c.SKUTier, c.Zones = "flat", 30, "Premium", []string{"1", "3"}
			c.ServiceCIDR, c.AdminUsername = "192.168.128.0/17", "operator"
			c.IdentityID = "/subscriptions/" + replaySubscription + "/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/aks"
			c.EntraAdmins, c.TenantID, c.DisableLocalAccounts = []string{"33333333-3333-4333-8333-333333333333"}, "00000000-0000-4000-8000-0000000000bb", true
		},
		[]exchange{{"GET virtualNetworks/main", "200 vnet.json"}, {"GET networkSecurityGroups/nodes-nsg", "200 nsg.json"}, versions, {"PUT clusters/devel", "201 cluster-creating.json"}},
		create(plainRequest),
	},
	{
		// The caller may not list versions, so AKS resolves them.
		"create-cluster-no-versions", nil,
		[]exchange{
			{"GET virtualNetworks/main", "200 vnet.json"}, {"GET networkSecurityGroups/nodes-nsg", "200 nsg.json"},
			{"GET koreacentral/kubernetesVersions", "403 denied.json"}, {"PUT clusters/devel", "201 cluster-creating.json"},
		},
		create(plainRequest),
	},
	{"create-cluster-exists", nil, and(exchange{"PUT clusters/devel", "412 precondition.json"}), create(develRequest)},
	{
		// Only after a look: nothing was made, so it is sent again.
		"create-cluster-lost", nil,
		and(exchange{"PUT clusters/devel", "503"}, exchange{"GET clusters/devel", "404 not-found.json"}, exchange{"PUT clusters/devel", "201 cluster-creating.json"}),
		create(develRequest),
	},
	{
		"create-cluster-lost-to-another", nil,
		and(exchange{"PUT clusters/devel", "503"}, exchange{"GET clusters/devel", "200 cluster-of-another.json"}), create(develRequest),
	},
	{"create-cluster-no-network", nil, []exchange{
		{"GET virtualNetworks/main", "404 not-found.json"}, {"GET networkSecurityGroups/nodes-nsg", "404 not-found.json"},
		{"GET sshPublicKeys/devel-key", "404 not-found.json"}, versions,
	}, create(develRequest)},
	{
		"list-cluster", nil,
		[]exchange{
			{"GET clusters", "200 clusters-page1.json"}, {"GET clusters?%24skipToken=cGFnZTI%3D", "200 clusters-page2.json"},
			{"GET clusters/devel/agentPools/system/machines", "200 machines-system.json"},
			{"GET clusters/prod/agentPools/batch/machines", "200 machines-none.json"},
		},
		func(ctx context.Context, h *azure.Handler) (any, error) {
			list, err := h.ListCluster(ctx)
			return len(list), err
		},
	},
	{
		"list-iid", nil,
		[]exchange{{"GET clusters", "200 clusters-page1.json"}, {"GET clusters?%24skipToken=cGFnZTI%3D", "200 clusters-page2.json"}},
		func(ctx context.Context, h *azure.Handler) (any, error) { return h.ListIID(ctx) },
	},
	{
		"get-cluster", nil,
		[]exchange{
			{"GET clusters/devel", "200 cluster.json"}, {"POST clusters/devel/listClusterAdminCredential", "200 credential-admin.json"},
			{"GET clusters/devel/agentPools/system/machines", "200 machines-system.json"}, {"GET clusters/devel/agentPools/batch/machines", "200 machines-none.json"},
		},
		func(ctx context.Context, h *azure.Handler) (any, error) { return brief(h.GetCluster(ctx, devel)) },
	},
	{
		"get-cluster-entra", nil,
		[]exchange{
			{"GET clusters/devel", "200 cluster-entra.json"}, {"POST clusters/devel/listClusterUserCredential", "200 credential-user.json"},
			{"GET clusters/devel/agentPools/system/machines", "200 machines-system.json"}, {"GET clusters/devel/agentPools/batch/machines", "200 machines-none.json"},
		},
		func(ctx context.Context, h *azure.Handler) (any, error) {
			info, err := h.GetCluster(ctx, devel)
			return info.AccessInfo, err
		},
	},
	{"get-cluster-absent", nil, []exchange{{"GET clusters/devel", "404 not-found.json"}}, func(ctx context.Context, h *azure.Handler) (any, error) { return h.GetCluster(ctx, devel) }},
	{"delete-cluster", nil, []exchange{{"GET clusters/devel", "200 cluster.json"}, {"DELETE clusters/devel", "202"}}, func(ctx context.Context, h *azure.Handler) (any, error) { return h.DeleteCluster(ctx, devel) }},
	{"delete-cluster-absent", nil, []exchange{{"GET clusters/devel", "200 cluster.json"}, {"DELETE clusters/devel", "204"}}, func(ctx context.Context, h *azure.Handler) (any, error) { return h.DeleteCluster(ctx, devel) }},
	{
		"upgrade-cluster", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/upgradeProfiles/default", "200 upgrade-profile.json"}, {"PUT clusters/devel", "200 cluster-upgrading.json"}},
		upgrade("1.34"),
	},
	{
		"upgrade-cluster-own-identity", nil,
		[]exchange{{"GET clusters/devel", "200 cluster-own-identity.json"}, {"GET clusters/devel/upgradeProfiles/default", "200 upgrade-profile.json"}, {"PUT clusters/devel", "200 cluster-upgrading.json"}},
		upgrade("v1.34.4"),
	},
	{
		"upgrade-cluster-changed-meanwhile", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/upgradeProfiles/default", "200 upgrade-profile.json"}, {"PUT clusters/devel", "412 precondition.json"}},
		upgrade("1.34"),
	},
	{
		"upgrade-cluster-too-far", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/upgradeProfiles/default", "200 upgrade-profile.json"}, versions},
		upgrade("1.36"),
	},
	{
		"upgrade-cluster-to-default", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/upgradeProfiles/default", "200 upgrade-profile.json"}, versions, {"PUT clusters/devel", "200 cluster-upgrading.json"}},
		upgrade("default"),
	},
	{
		"create-cluster-beyond", nil, and(exchange{"PUT clusters/devel", "201 cluster-creating.json"}), create(demandingRequest(pmks.Access{CIDRs: []string{"198.51.100.0/24", "203.0.113.7/32"}})),
	},
	{
		"create-cluster-private", nil, and(exchange{"PUT clusters/devel", "201 cluster-creating.json"}), create(demandingRequest(pmks.Access{Mode: pmks.AccessPrivate})),
	},
	{
		// The control plane is there; the node groups go by themselves, as one is spot.
		"upgrade-cluster-node-groups", nil,
		[]exchange{{"GET clusters/devel", "200 cluster-pools-lag.json"}, {"GET clusters/devel/upgradeProfiles/default", "200 upgrade-profile.json"},
			{"PUT clusters/devel/agentPools/system", "200 pool-system-updating.json"}, {"PUT clusters/devel/agentPools/batch", "200 pool-batch.json"}},
		upgrade("1.34.4"),
	},
	{
		"set-tags", nil, []exchange{{"GET clusters/devel", "200 cluster.json"}, {"PATCH clusters/devel", "200 cluster.json"}},
		func(ctx context.Context, h *azure.Handler) (any, error) {
			return nil, h.SetTags(ctx, devel, []pmks.KeyValue{{Key: "team", Value: "b"}, {Key: "more", Value: ""}})
		},
	},
	{
		"set-tags-less", nil, []exchange{{"GET clusters/devel", "200 cluster.json"}, {"PUT clusters/devel", "200 cluster.json"}},
		func(ctx context.Context, h *azure.Handler) (any, error) { return nil, h.SetTags(ctx, devel, nil) },
	},
	{"list-versions", nil, []exchange{versions}, func(ctx context.Context, h *azure.Handler) (any, error) { return h.ListVersions(ctx) }},
}

var poolWire = []wireTest{
	{
		"add-node-group", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"PUT clusters/devel/agentPools/workers", "201 pool-workers-creating.json"}},
		func(ctx context.Context, h *azure.Handler) (any, error) { return h.AddNodeGroup(ctx, devel, workers) },
	},
	{
		"add-node-group-empty", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"PUT clusters/devel/agentPools/spares", "409 busy.json"}},
		func(ctx context.Context, h *azure.Handler) (any, error) { return h.AddNodeGroup(ctx, devel, spares) },
	},
	{
		"remove-node-group", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"DELETE clusters/devel/agentPools/batch?ignore-pod-disruption-budget=false", "202"}},
		func(ctx context.Context, h *azure.Handler) (any, error) { return h.RemoveNodeGroup(ctx, devel, batch) },
	},
	{
		"remove-node-group-budgets", func(c *azure.Config) { c.IgnoreDisruptionBudgets = true },
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"DELETE clusters/devel/agentPools/batch?ignore-pod-disruption-budget=true", "202"}},
		func(ctx context.Context, h *azure.Handler) (any, error) { return h.RemoveNodeGroup(ctx, devel, batch) },
	},
	{
		"remove-node-group-last", nil, []exchange{{"GET clusters/devel", "200 cluster-one-pool.json"}},
		func(ctx context.Context, h *azure.Handler) (any, error) { return h.RemoveNodeGroup(ctx, devel, system) },
	},
	{
		"set-autoscaling-off", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/agentPools/system", "200 pool-system.json"}, {"PUT clusters/devel/agentPools/system", "200 pool-system-updating.json"}},
		setAutoScaling(system, false),
	},
	{
		"set-autoscaling-on", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/agentPools/system", "200 pool-system-off.json"}, {"PUT clusters/devel/agentPools/system", "200 pool-system-updating.json"}},
		setAutoScaling(system, true),
	},
	{
		"set-autoscaling-on-empty", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/agentPools/batch", "200 pool-batch.json"}, {"PUT clusters/devel/agentPools/batch", "200 pool-batch.json"}},
		setAutoScaling(batch, true),
	},
	{"set-autoscaling-is-on", nil, []exchange{{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/agentPools/system", "200 pool-system.json"}}, setAutoScaling(system, true)},
	{
		"change-scaling-on", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/agentPools/system", "200 pool-system.json"}, {"GET clusters/devel/agentPools/system/machines", "200 machines-system.json"}, {"PUT clusters/devel/agentPools/system", "200 pool-system-updating.json"}},
		changeScaling(system, 4, 2, 8),
	},
	{
		"change-scaling-off", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/agentPools/batch", "200 pool-batch.json"}, {"GET clusters/devel/agentPools/batch/machines", "200 machines-none.json"}, {"PUT clusters/devel/agentPools/batch", "200 pool-batch.json"}},
		changeScaling(batch, 3, 0, 6),
	},
	{
		// A System pool cannot become empty, a User pool can.
		"change-scaling-to-empty", nil,
		[]exchange{{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/agentPools/system", "200 pool-system-off.json"}, {"GET clusters/devel/agentPools/system/machines", "200 machines-system.json"}, {"PUT clusters/devel/agentPools/system", "200 pool-system-updating.json"}},
		changeScaling(system, 0, 0, 3),
	},
	{
		"change-scaling-lost", nil,
		[]exchange{
			{"GET clusters/devel", "200 cluster.json"}, {"GET clusters/devel/agentPools/batch", "200 pool-batch.json"}, {"GET clusters/devel/agentPools/batch/machines", "200 machines-none.json"},
			{"PUT clusters/devel/agentPools/batch", "500"},
			{"GET clusters/devel/agentPools/batch", "200 pool-batch.json"}, {"PUT clusters/devel/agentPools/batch", "200 pool-batch.json"},
		},
		changeScaling(batch, 3, 0, 6),
	},
}

func setAutoScaling(group pmks.IID, on bool) func(context.Context, *azure.Handler) (any, error) {
	return func(ctx context.Context, h *azure.Handler) (any, error) {
		return h.SetNodeGroupAutoScaling(ctx, devel, group, on)
	}
}

func changeScaling(group pmks.IID, desired, minimum, maximum int) func(context.Context, *azure.Handler) (any, error) {
	return func(ctx context.Context, h *azure.Handler) (any, error) {
		info, err := h.ChangeNodeGroupScaling(ctx, devel, group, desired, minimum, maximum)
		return map[string]any{"IId": info.IId, "Status": info.Status}, err
	}
}
