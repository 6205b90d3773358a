// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/capability"
)

// nhn is NHN Kubernetes Service.
//
// Sources: NHN Cloud NKS documentation (public API guide, user guide, version
// guide, release notes, resource policy); the vendor's Terraform provider;
// openstack/magnum, of which NKS is a fork, where NHN is silent.
//
// A name shaped like a UUID without its dashes is refused as well, since NKS takes
// it for an id; the provider checks that.
//
// Decided where no source settles it:
//   - Two clusters may have one name, as in Magnum.
//   - The last group may not be removed, and no group is empty.
//   - Deletion is accepted while the cluster is created, as in Magnum.
//   - The root disk is at least 30 GiB, what the images since late 2024 need, and
//     at most 2048, which the guide says of the extra volumes.
//   - A key pair is required of every group: the cluster must have one, its groups
//     inherit it, and a request may only name that same one.
//   - UPGRADE_IN_PROGRESS is the word while the control plane is upgraded; NHN's
//     documents do not list it, a driver does. While a group is upgraded, the
//     cluster may show it too; here both show UPDATE_IN_PROGRESS.
//   - NKS has no words for stopped and degraded; they show UPDATE_FAILED.
//   - NKS keeps three minors open for creation and marks no default. Here a fourth,
//     the oldest, is open as well, and the default is one with newer ones above
//     it; what is newer than 1.33 only looks like theirs.
//   - 1000 clusters a page, as in Magnum.
//   - Of the durations, those of the control plane's upgrade and of deletion were
//     reported; the others are estimates.
var nhn = &Profile{
	Name:   "nhn",
	Title:  "NHN Cloud NKS",
	Region: "KR1",
	Zones:  []string{"kr-pub-a", "kr-pub-b"},

	Caps: capability.NHN,

	Words: Words{
		Cluster:    nhnWords,
		NodeGroup:  nhnWords,
		UpdatingBy: map[Operation]string{UpgradeControlPlane: "UPGRADE_IN_PROGRESS"},
	},

	Offer: []pmks.Version{
		{Name: "v1.34.3"},
		{Name: "v1.33.4"},
		{Name: "v1.32.3", Default: true},
		{Name: "v1.31.4", Deprecated: true},
	},
	MarksNone: true,
	Upgrade:   UpgradeRule{Mode: GroupsInTurn, MatchFirst: true},
	// Every change of a group puts the whole cluster into *_IN_PROGRESS.
	Exclusive: Exclusivity{PerCluster: true, ClusterFollows: true, DeleteAnytime: true},
	Limits:    Limits{Clusters: 3, NodeGroups: 3, NodesPerGroup: 10},
	IDs: IDs{
		Cluster:   "{uuid}",
		NodeGroup: "{uuid}",
		Node:      "{uuid}",
		NodeName:  "{clusterName}-{group}-{alnum12}-node-0",
		Endpoint:  "https://{hex8}-kr1-k8s.container.cloud.toast.com:6443",
	},
	PageSize:    1000,
	UpdateFails: UpdateFailed,
	Spread:      0.2,
}

// nhnWords serve clusters and node groups alike.
var nhnWords = map[State]string{
	Creating:     "CREATE_IN_PROGRESS",
	Active:       "CREATE_COMPLETE",
	Updating:     "UPDATE_IN_PROGRESS",
	Deleting:     "DELETE_IN_PROGRESS",
	CreateFailed: "CREATE_FAILED",
	UpdateFailed: "UPDATE_FAILED",
	DeleteFailed: "DELETE_FAILED",
	Degraded:     "UPDATE_FAILED",
	Stopped:      "UPDATE_FAILED",
}
