// SPDX-License-Identifier: Apache-2.0

package main

// Sources: the API guides of NKS and of the compute, network and image services of NHN.

// nhnPage is the largest page of the lists of NKS and of the compute service.
const nhnPage = 1000

var leastNHN = map[string]least{
	opList: {
		calls: leastNHNList,
		steps: func(f fleet) int {
			return listSteps(leastNHNList(f), pages(f.clusters, nhnPage)+2, pages(f.allNodes(), nhnPage))
		},
		why: "The list of clusters tells neither endpoints nor groups, and the list of groups neither labels nor nodes: a Get of each cluster, the list of its groups, a Get of each group. " +
			"Servers of all are told by one list; flavors and images go by ids, and their lists tell the names.",
		above: "vpcs.list, once: the name of the network. NHN publishes no limits: pmks keeps to five requests a second, and what waits for its turn is in a row with what it waited for.",
	},
	"ListIID": exactly(1, 1, "The list of clusters.", ""),
	"GetCluster": {
		calls: func(f fleet) int { return 6 + f.groups },
		steps: func(fleet) int { return 2 },
		why:   "The Get of the cluster, the list of its groups, a Get of each, the servers, the kubeconfig, and the names of flavors and images.",
		above: "events.list and vpcs.list, beside: what goes on and why something failed is told by events alone, and the name of the network by its list.",
	},
	"GetNodeGroup": exactly(4, 1, "The Get of the group, the servers, and the names of flavors and images.",
		"clusters.get, events.list and vpcs.list, beside, for the zone and network of the servers and what goes on."),
	"ReadState":            exactly(1, 1, "clusters.get.", ""),
	"ReadState of a group": exactly(1, 1, "nodegroups.get.", ""),
	"CreateCluster": exactly(5, 2, "clusters.create takes ids: flavors.list and images.list tell them of names, networks.list the network to the outside, which must be sent. NKS takes a name twice: clusters.list.",
		"Subnet, security group, key pair, zone, versions and add-ons, beside: what does not exist is refused by its field. The add-ons depend on the version; and as a read right after the call has to find the cluster, the list is read until it shows it."),
	"AddNodeGroup": exactly(3, 2, "nodegroups.create takes ids: flavors.list and images.list tell them of names.",
		"clusters.get, events.list, nodegroups.list and then the Get of the first group: a name that is taken and a cluster at work are told before, and the zone, if none is asked for, is that of the first group."),
	"ChangeNodeGroupScaling": exactly(4, 4, "Bounds and size are two requests, autoscale.set and clusters.resize, of which the second is refused until the first is done: the group is read, set, looked at once, resized.",
		"autoscale.get and events.list, beside the read: bounds that are there already are not set. What was set is looked at until it is done, which takes 20 seconds here."),
	"SetNodeGroupAutoScaling": exactly(2, 2, "autoscale.set needs the bounds that are held: autoscale.get.", "clusters.get, nodegroups.get and events.list, beside: a cluster at work is Busy, and the answer shows the group."),
	"UpgradeCluster": exactly(2, 2, "nodegroups.upgrade of the control plane, if clusters.get says that it is due.",
		"The groups, each with its Get, before: their version is told by nothing else, and NKS upgrades no control plane whose groups lag. supports.get, beside: a step that NKS would refuse is refused with the versions that are next."),
	"RemoveNodeGroup": exactly(1, 1, "nodegroups.delete.", ""),
	"DeleteCluster":   exactly(1, 1, "clusters.delete.", "clusters.get and events.list, before: a cluster at work is Busy, and one that is being deleted is done."),
}

func leastNHNList(f fleet) int {
	return pages(f.clusters, nhnPage) + 2*f.clusters + f.allGroups() + pages(f.allNodes(), nhnPage) + 2
}
