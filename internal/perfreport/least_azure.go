// SPDX-License-Identifier: Apache-2.0

package main

// Sources: the REST references of AKS, Compute, Network and Resource Graph.

// aksPage is how many clusters the simulator puts on a page, which AKS does not say;
// graphPage is the largest of Resource Graph.
const aksPage, graphPage = 100, 1000

var leastAzure = map[string]least{
	opList: {
		calls: leastAzureList,
		steps: func(f fleet) int {
			// The first page tells how many there are, and the others can be asked for side by
			// side.
			return listSteps(leastAzureList(f), pages(f.clusters, aksPage), min(2, pages(f.allNodes(), graphPage)))
		},
		why: "The list of clusters tells them whole, pools, sizes and states; their machines are told by Machines_List of each pool or, 1,000 a page, by one query of Resource Graph beside the list.",
		above: "The index lags behind AKS: pmks takes from it what the count of a pool proves, and only where that saves calls. A small listing, and a pool that is not at rest, is read with Machines_List. " +
			"What the index is asked for depends on the list, which comes first.",
	},
	"ListIID": exactly(1, 1, "The list of clusters.", ""),
	"GetCluster": {
		calls: func(f fleet) int { return 2 + f.groups },
		steps: func(fleet) int { return 2 },
		why:   "ManagedClusters_Get tells cluster and pools, ListClusterAdminCredentials the kubeconfig, Machines_List the nodes of one pool, by a name that the cluster tells.",
	},
	"GetNodeGroup":         exactly(2, 1, "A pool by its Get, its nodes by Machines_List.", ""),
	"ReadState":            exactly(1, 1, "ManagedClusters_Get.", ""),
	"ReadState of a group": exactly(1, 1, "ManagedClusters_Get tells the pools too, and has a budget of its own.", ""),
	"CreateCluster": exactly(3, 2, "The PUT. The public key of a key pair must be sent: SshPublicKeys_Get. AKS has no field for security groups, so that VirtualNetworks_Get has to tell which one the subnet has.",
		"NetworkSecurityGroups_Get and the list of versions, beside the others: a group that does not exist and a version that is not offered are refused by field, with those that are."),
	"AddNodeGroup": exactly(2, 2, "The PUT of the pool needs the subnet, and the key has to be that of the cluster: ManagedClusters_Get.", ""),
	"ChangeNodeGroupScaling": exactly(2, 2, "A PUT replaces the pool, so it is read first.",
		"ManagedClusters_Get and Machines_List, beside: a cluster that is stopped or busy is told as such, and the answer names the nodes."),
	"SetNodeGroupAutoScaling": exactly(2, 2, "A PUT replaces the pool, so it is read first.", "ManagedClusters_Get, beside: a cluster that is stopped or busy is told as such."),
	"UpgradeCluster":          exactly(2, 2, "A PUT replaces the cluster, so it is read first.", "GetUpgradeProfile, beside: a step that AKS would refuse is refused with the versions that are next."),
	"RemoveNodeGroup": exactly(1, 1, "The DELETE of the pool; AKS itself refuses to remove the last one.",
		"ManagedClusters_Get, before: the last pool for system pods is refused with what to do, and a pool that belongs to another region's cluster is not touched."),
	"DeleteCluster": exactly(1, 1, "The DELETE.", "ManagedClusters_Get, before: AKS answers a DELETE of what does not exist with success, and a cluster of the name in another region is not the one that was listed."),
}

func leastAzureList(f fleet) int { return pages(f.clusters, aksPage) + pages(f.allNodes(), graphPage) }
