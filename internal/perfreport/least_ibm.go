// SPDX-License-Identifier: Apache-2.0

package main

// Sources: the API references of IKS and of VPC.

var leastIBM = map[string]least{
	opList: {
		calls: leastIBMList,
		steps: func(f fleet) int { return listSteps(leastIBMList(f), 2) },
		why:   "getClusters tells a part of each cluster: the rest is told by getCluster, the pools by getWorkerPools, the nodes by getWorkers, none of which has pages.",
		above: "Of many clusters the three reads of each go one after the other, beside those of seven others. " + turns,
	},
	"ListIID":              exactly(1, 1, "getClusters.", ""),
	"GetCluster":           exactly(5, 1, "getCluster, getWorkerPools, getWorkers, getSecurityGroups and getKubeconfig: none tells what another tells.", "The kubeconfig is asked for when the cluster is known to have one: before, the call is an error."),
	"GetNodeGroup":         exactly(2, 1, "The pool, and getWorkers of it.", ""),
	"ReadState":            exactly(1, 1, "getCluster.", ""),
	"ReadState of a group": exactly(2, 1, "The pool tells its size, getWorkers how many there are and their versions.", ""),
	"CreateCluster": exactly(2, 2, "createCluster takes each subnet with its zone, and getSubnet alone tells that.",
		"getClusters, versions and getSecurityGroup, beside: a name that another region has, a version that is not offered and a group that does not exist are refused before anything is sent."),
	"AddNodeGroup": exactly(3, 2, "createWorkerPool takes network and subnets: getCluster tells the one, getWorkerPools the others.", ""),
	"ChangeNodeGroupScaling": exactly(3, 2, "Bounds are labels of the pool, which setWorkerPoolLabels replaces, so the pool is read first. resizeWorkerPool sets the size.",
		"getCluster and getWorkers, beside: a cluster at work is Busy, and the answer names the nodes. The record comes before the size, so that a call that is cut off can be made again."),
	"SetNodeGroupAutoScaling": exactly(7, 5, "Autoscaling is an add-on of the cluster, which is configured inside of it: the pool, getClusterAddons, patchClusterAddons and one look at what became of it; applyRBACAndGetKubeconfig, getConfigMap, putConfigMap.",
		"The add-on takes minutes to be ready, the rights in the cluster seconds, and until the autoscaler has taken the bounds the pool says no: all three are looked at until they are there."),
	"UpgradeCluster": exactly(2, 2, "updateMaster, of what getCluster says is due.",
		"Pools, workers, versions and add-ons: workers that lag too far behind and a step that IKS would refuse are refused with what to do."),
	"RemoveNodeGroup": exactly(3, 3, "A pool that is automatic is in the autoscaler's configuration, which would miss it: getConfigMap, putConfigMap, removeWorkerPool.",
		"getCluster and getWorkerPools, before: the last pool is refused with what to do."),
	"DeleteCluster": exactly(1, 1, "deleteCluster, which takes the pools with it.", "getCluster, before: a cluster of another region, or of a kind that pmks does not show, is not deleted."),
}

func leastIBMList(f fleet) int { return 1 + 3*f.clusters }
