// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/capability"
)

// azure is Azure Kubernetes Service.
//
// Sources: armcontainerservice/v8 v8.2.0 (REST 2025-10-01) and the examples of
// azure-rest-api-specs; AKS documentation (quotas, SKUs and regions; use system
// node pools; supported Kubernetes versions; upgrade the control plane; cluster
// autoscaler; concepts: storage; start and stop a cluster; use tags).
//
// A name may also not contain "microsoft" or "windows", nor start with "login" or
// "xbox"; the rules here hold the exact words, the provider checks the rest.
//
// Decided where no source settles it:
//   - The OS disk is 30 to 2048 GiB.
//   - Pools are worked on side by side, and the cluster stays Succeeded meanwhile;
//     Updating has been seen as well.
//   - Security groups: one, since AKS leaves the nodes' own group to itself and a
//     subnet carries at most one.
//   - A request needs its VNet, which names the subnet when only a name is given.
//   - Token is true, although an Entra token is accepted only where the cluster
//     was made with Entra. It lives for 60 to 90 minutes.
//   - A deletion failure, and any other that AKS has no word for, shows Failed. A
//     stopped cluster shows the code of its power state, as Succeeded alone would
//     not tell it from a running one.
//   - 100 clusters a page. The quota is that of a region; a subscription has 5000.
//   - The durations are estimates: AKS publishes none. The versions only look like
//     those of autumn 2026.
var azure = &Profile{
	Name:   "azure",
	Title:  "Microsoft Azure AKS",
	Region: "koreacentral",
	Zones:  []string{"1", "2", "3"},

	Caps: capability.Azure,

	Words: Words{
		Cluster:   azureWords,
		NodeGroup: azureWords,
		UpdatingBy: map[Operation]string{
			ScaleNodeGroup:      "Scaling",
			UpgradeAll:          "Upgrading",
			UpgradeControlPlane: "Upgrading",
			UpgradeNodeGroup:    "Upgrading",
		},
	},

	Offer: []pmks.Version{
		{Name: "1.36.1"},
		{Name: "1.35.4"},
		{Name: "1.35.1"},
		{Name: "1.34.4", Default: true},
		{Name: "1.34.2"},
		{Name: "1.33.6"},
		{Name: "1.33.2"},
	},
	Upgrade:   UpgradeRule{Mode: OneOperation, MaxSkew: 3},
	Exclusive: Exclusivity{DeleteAnytime: true},
	Limits:    Limits{Clusters: 100, NodeGroups: 100, NodesPerGroup: 1000},
	IDs: IDs{
		Cluster: "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/pmks" +
			"/providers/Microsoft.ContainerService/managedClusters/{name}",
		NodeGroup: "{cluster}/agentPools/{name}",
		Node: "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/MC_pmks_{clusterName}_{region}" +
			"/providers/Microsoft.Compute/virtualMachineScaleSets/aks-{group}-31415926-vmss/virtualMachines/{hex8}",
		NodeName: "aks-{group}-31415926-vmss{alnum6}",
		Endpoint: "https://dns-{hex8}.hcp.{region}.azmk8s.io:443",
	},
	PageSize:    100,
	UniqueNames: true,
	UpdateFails: UpdateFailed,
	Spread:      0.3,
	// Tags are changed by an update of the cluster.
	Manner: Manner{TagsTakeTime: true},
}

// azureWords serve both kinds: clusters and agent pools share provisioningState
// and powerState.
var azureWords = map[State]string{
	Creating:     "Creating",
	Active:       "Succeeded",
	Updating:     "Updating",
	Deleting:     "Deleting",
	CreateFailed: "Failed",
	UpdateFailed: "Failed",
	DeleteFailed: "Failed",
	Degraded:     "Failed",
	Stopped:      "Stopped",
}
