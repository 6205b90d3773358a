// SPDX-License-Identifier: Apache-2.0

package main

// Sources: the API references of TKE, Auto Scaling and VPC.

// tkePage is the largest page of the lists of TKE and of Auto Scaling.
const tkePage = 100

var leastTencent = map[string]least{
	opList: {
		calls: leastTencentList,
		steps: func(f fleet) int {
			// The last cluster's pools name the launch configurations.
			return listSteps(leastTencentList(f), pages(f.clusters, tkePage)+1+1, pages(f.clusters, tkePage)+pages(f.groups*nodes, tkePage))
		},
		why: "DescribeClusters, 100 a page, tells neither pools, nor nodes, nor the endpoint: of each cluster DescribeClusterNodePools, DescribeClusterInstances, 100 a page, and DescribeClusterEndpoints. " +
			"Machine type, disk and key of a pool are in its launch configuration, 100 of them a page.",
		above: "CheckInstancesUpgradeAble, where there are groups whose version nothing else tells. " + turns,
	},
	"ListIID": {
		calls: func(f fleet) int { return pages(f.clusters, tkePage) },
		steps: func(f fleet) int { return pages(f.clusters, tkePage) },
		why:   "DescribeClusters, 100 a page.",
	},
	"GetCluster":           exactly(5, 2, "DescribeClusters, DescribeClusterNodePools, DescribeClusterInstances and DescribeClusterEndpoints; then DescribeLaunchConfigurations of all pools at once.", ""),
	"GetNodeGroup":         exactly(3, 2, "DescribeClusterNodePools and DescribeClusterInstances; then DescribeLaunchConfigurations.", "DescribeClusters, beside: the calls of a cluster that does not exist have an empty list for an answer."),
	"ReadState":            exactly(1, 1, "DescribeClusters.", ""),
	"ReadState of a group": exactly(1, 1, "DescribeClusterNodePools.", ""),
	"CreateCluster": exactly(3, 2, "CreateCluster. TKE takes a name twice, and refuses a range for pods that overlaps with the network's or another cluster's: DescribeClusters and DescribeVpcs tell them.",
		"Subnets, security groups and versions, beside: what does not exist is refused by its field."),
	"AddNodeGroup": exactly(3, 2, "CreateClusterNodePool. Its network and subnets are told by DescribeClusters, whether the name is taken by DescribeClusterNodePools: TKE takes it twice.", ""),
	"ChangeNodeGroupScaling": exactly(3, 3, "Bounds and size are two requests, in an order that the size of now decides: the pool is read first.",
		"Between the two the pool is looked at until it rests, which takes 15 seconds here: TKE changes no pool that is being changed."),
	"SetNodeGroupAutoScaling": exactly(2, 2, "ModifyClusterNodePool; that it is not so already, and its bounds, are told by the pool.", ""),
	"UpgradeCluster": exactly(2, 2, "UpdateClusterVersion, of what DescribeClusters says is due.",
		"Pools, nodes, endpoint and launch configurations are what the answer shows; a step that TKE would refuse is refused with the versions that are next."),
	"RemoveNodeGroup": exactly(1, 1, "DeleteClusterNodePool.", "DescribeClusterNodePools, before: TKE answers the deletion of a pool that is not there with success."),
	"DeleteCluster": exactly(1, 1, "DeleteCluster.",
		"DescribeClusters, before: TKE says of a protected cluster only that it cannot be deleted. The state of both endpoints, beside: one that is being opened blocks the deletion halfway."),
}

func leastTencentList(f fleet) int {
	return pages(f.clusters, tkePage) + f.clusters*(2+pages(f.groups*nodes, tkePage)) + pages(f.allGroups(), tkePage)
}
