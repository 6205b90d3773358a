// SPDX-License-Identifier: Apache-2.0

package main

// Sources: the EKS, EC2, IAM and Auto Scaling API references.

// eksPage is the largest page of the lists of EKS and of Auto Scaling.
const eksPage = 100

var leastAWS = map[string]least{
	opList: {
		calls: leastAWSList,
		steps: func(f fleet) int {
			// The groups of the last cluster are named after the last page.
			return listSteps(leastAWSList(f), pages(f.clusters, eksPage)+2, pages(f.allGroups(), eksPage))
		},
		why: "Lists tell names alone: each cluster and each group has its own Describe call, each cluster its own ListNodegroups. " +
			"Instances are told by Auto Scaling, 100 groups a page, for the whole region and beside the rest.",
		above: turns,
	},
	"ListIID": {
		calls: func(f fleet) int { return pages(f.clusters, eksPage) },
		steps: func(f fleet) int { return pages(f.clusters, eksPage) },
		why:   "ListClusters, 100 names a page.",
	},
	"GetCluster": {
		calls: func(f fleet) int { return 4 + f.groups },
		steps: func(fleet) int { return 2 },
		why: "DescribeCluster, ListNodegroups and ListAddons; then DescribeNodegroup of each group, which alone tells it. " +
			"DescribeAutoScalingGroups tells the instances of all; a filter by the tag of the cluster needs nothing read before.",
	},
	"GetNodeGroup": exactly(2, 1, "DescribeNodegroup tells the group, DescribeAutoScalingGroups its instances, by the tags of cluster and group at once.", ""),
	"ReadState":    exactly(1, 1, "DescribeCluster.", ""),
	"ReadState of a group": exactly(1, 1,
		"DescribeNodegroup.", ""),
	"CreateCluster": exactly(3, 2, "CreateCluster takes the ARN of a role, and GetRole alone tells it of a name. It takes no VPC: whether the subnets are of the one that was asked for is told by DescribeSubnets.",
		"DescribeSecurityGroups, beside the others: a security group that does not exist is refused by its field before anything is sent."),
	"AddNodeGroup": exactly(5, 3, "A disk type and a key pair go into a launch template: CreateLaunchTemplate, before CreateNodegroup. The template takes the name of a key pair that does not exist, so DescribeKeyPairs; "+
		"the subnets must be sent, and DescribeCluster tells them; GetRole as above.", ""),
	"ChangeNodeGroupScaling": exactly(2, 2, "UpdateNodegroupConfig. Its answer is not the group, and the bounds that stay have to be sent with it: DescribeNodegroup.",
		"DescribeAutoScalingGroups, beside DescribeNodegroup: the answer names the nodes."),
	"SetNodeGroupAutoScaling": exactly(3, 2, "Whether the group is found by an autoscaler is a tag of its Auto Scaling group, and DescribeAutoScalingGroups tells it. What was asked for is a tag of the node group, which TagResource sets by an ARN that DescribeNodegroup alone tells.", ""),
	"UpgradeCluster": exactly(2, 2, "UpdateClusterVersion, of what DescribeCluster says is due.",
		"ListNodegroups and DescribeNodegroup: a group that is too old for the step is refused with what to do, and the answer tells which groups will follow."),
	"RemoveNodeGroup": exactly(1, 1, "DeleteNodegroup, which answers with the group.", ""),
	"DeleteCluster": exactly(4, 2, "EKS deletes no cluster that has groups, and ListNodegroups tells them. The launch template that pmks made goes with the cluster: DescribeLaunchTemplates, DeleteLaunchTemplate. DeleteCluster.",
		"DescribeCluster and ListFargateProfiles, beside: protection and profiles, which block the deletion, are looked for before anything is destroyed. The launch template goes first, while the call can still be made again."),
}

func leastAWSList(f fleet) int {
	return pages(f.clusters, eksPage) + 2*f.clusters + f.allGroups() + pages(f.allGroups(), eksPage)
}
