// SPDX-License-Identifier: Apache-2.0

package main

// Sources: the REST references of GKE and Compute Engine.

// computePage is the largest page of the lists of Compute Engine.
const computePage = 500

var leastGCP = map[string]least{
	opList: {
		calls: leastGCPList,
		steps: func(f fleet) int {
			// Of groups that are read singly the names are told by the list.
			lists := pages(f.allNodes(), computePage)
			if leastGCPList(f) == 1+f.allGroups() {
				lists = min(lists, 2)
			}
			return listSteps(leastGCPList(f), 1, lists)
		},
		why: "ListClusters tells clusters and pools whole and has no pages. Nodes are told by listManagedInstances of each group or, 500 a page, by the aggregated list of instances; current sizes then by that of instance group managers. They need nothing read before.",
		above: "ListOperations, beside: a cluster at work shows as Updating and says with what, which its own state does not. The aggregated lists are asked where a count proves them and where they save calls; " +
			"else each group is read, after the list that names it. " + turns,
	},
	"ListIID": exactly(1, 1, "ListClusters.", ""),
	"GetCluster": {
		calls: func(f fleet) int { return 1 + min(f.groups, 2) },
		steps: func(fleet) int { return 1 },
		why:   "GetCluster tells the pools and the certificate. Nodes are told by listManagedInstances of each group, or of all by two lists of the zone with the label of the cluster, which need nothing read before.",
		above: "ListOperations, beside, as in a listing. Each group is asked for its instances, after the call that names it: lists by label do not show machines that are being made.",
	},
	"GetNodeGroup": exactly(2, 1, "GetNodePool, and the instances by a list with the labels of cluster and pool.",
		"ListOperations, beside, tells what goes on; the group is asked for its instances by the name that the pool tells."),
	"ReadState":            exactly(1, 1, "GetCluster.", ""),
	"ReadState of a group": exactly(1, 1, "GetNodePool.", ""),
	"CreateCluster": exactly(3, 2, "CreateCluster. A version is one of a release channel, which must be sent and which GetServerConfig tells. A name that another zone has is one that a listing shows already, and GKE does not refuse it: ListClusters.",
		"networks.get and subnetworks.get, beside: a network that does not exist is refused by its field before anything is sent."),
	"AddNodeGroup": exactly(2, 2, "CreateNodePool. The network tags of the cluster's groups must be sent, and GetCluster tells them.", ""),
	"ChangeNodeGroupScaling": exactly(4, 4, "GKE forgets the bounds of a pool that is not automatic: they are labels, whose whole set and fingerprint GetCluster tells and SetLabels replaces. One operation at a time: GetOperation once, then SetNodePoolSize.",
		"GetOperation is asked again until the operation is done, which takes 20 seconds here; listManagedInstances, before: the size of now."),
	"SetNodeGroupAutoScaling": exactly(2, 2, "SetNodePoolAutoscaling needs the bounds, which are labels of the cluster: GetCluster.", ""),
	"UpgradeCluster": exactly(2, 2, "UpdateMaster, of what GetCluster says is due.",
		"GetServerConfig and ListOperations, beside: a step that GKE would refuse is refused with the versions that are next, and a cluster at work is Busy."),
	"RemoveNodeGroup": exactly(1, 1, "DeleteNodePool.", ""),
	"DeleteCluster":   exactly(1, 1, "DeleteCluster, which takes the pools with it.", ""),
}

func leastGCPList(f fleet) int {
	return 1 + min(f.allGroups(), pages(f.allNodes(), computePage)+pages(f.allGroups(), computePage))
}
