// SPDX-License-Identifier: Apache-2.0

package main

// Sources: the API references of ACK, ECS and VPC.

// ackPage is the largest page of the lists of ACK.
const ackPage = 100

var leastAlibaba = map[string]least{
	opList: {
		calls: leastAlibabaList,
		steps: func(f fleet) int {
			return listSteps(leastAlibabaList(f), pages(f.clusters, ackPage)+pages(f.groups*nodes, ackPage))
		},
		why:   "The list of clusters, 100 a page, tells neither endpoints, nor pools, nor nodes: of each cluster DescribeClusterDetail, DescribeClusterNodePools, which tells the pools whole, and DescribeClusterNodes, 100 a page.",
		above: "A listing has six requests under way, which leaves room for others. " + turns,
	},
	"ListIID": {
		calls: func(f fleet) int { return pages(f.clusters, ackPage) },
		steps: func(f fleet) int { return pages(f.clusters, ackPage) },
		why:   "DescribeClustersForRegion, 100 a page.",
	},
	"GetCluster": {
		calls: func(f fleet) int { return 3 + pages(f.groups*nodes, ackPage) },
		steps: func(f fleet) int { return pages(f.groups*nodes, ackPage) },
		why:   "DescribeClusterDetail, DescribeClusterNodePools, DescribeClusterNodes and DescribeClusterUserKubeconfig: none tells what another tells.",
	},
	"GetNodeGroup": exactly(2, 1, "DescribeClusterNodePoolDetail, and DescribeClusterNodes of the pool.",
		"DescribeClusterDetail, beside: an id may be that of a kind of cluster that pmks does not show."),
	"ReadState":            exactly(1, 1, "DescribeClusterDetail.", ""),
	"ReadState of a group": exactly(1, 1, "DescribeClusterNodePoolDetail.", ""),
	"CreateCluster": exactly(3, 2, "CreateCluster. ACK takes a name twice, so that the list of clusters has to be read; and a range for pods that does not overlap with the network's, which DescribeVpcAttribute tells.",
		"DescribeVSwitches and the list of versions, beside the others: a subnet of another network and a version that is not offered are refused by field."),
	"AddNodeGroup":           exactly(3, 2, "CreateClusterNodePool. ACK takes a name twice: DescribeClusterNodePools. Subnets and security group must be sent: DescribeClusterDetail.", ""),
	"ChangeNodeGroupScaling": exactly(2, 2, "ModifyClusterNodePool carries size and bounds. It replaces the tags, in which the bounds are, so the pool is read first.", ""),
	"SetNodeGroupAutoScaling": exactly(4, 3, "ModifyClusterNodePool, which replaces the tags: the pool is read first. It has no effect without the autoscaler of the cluster: ListClusterAddonInstances tells it, CreateAutoscalingConfig sets it up.",
		"The add-ons are asked for after the pool, which may be automatic already."),
	"UpgradeCluster": exactly(2, 2, "UpgradeCluster, of what DescribeClusterDetail says is due.",
		"Pools, nodes, tasks and versions: whether nodes lag behind, and what goes on, is told by nothing else, and a step that ACK would refuse is refused with the versions that are next."),
	"RemoveNodeGroup": exactly(4, 4, "A pool that is automatic makes nodes while it is deleted, so it is switched off first: the pool is read, modified, seen to be at rest, deleted.",
		"The pool is looked at until it rests, which takes 20 seconds here."),
	"DeleteCluster": exactly(1, 1, "DeleteCluster, which takes the pools with it.", "DescribeClusterDetail, before: a cluster of a kind that pmks does not show is not deleted."),
}

func leastAlibabaList(f fleet) int {
	return pages(f.clusters, ackPage) + f.clusters*(2+pages(f.groups*nodes, ackPage))
}
