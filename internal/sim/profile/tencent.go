// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/capability"
)

// tencent is Tencent Kubernetes Engine, managed clusters with regular node pools.
//
// Sources: tencentcloud-sdk-go tke v1.3.136 (2018-05-25) and as v1.3.128; TKE
// documentation (cluster upgrade, node pools, cluster endpoints, kubeconfig, tag
// limits); the API examples in the vendor's command line tool.
//
// Decided where no source settles it:
//   - Security groups: 5, the limit of a CVM. Subnets: 15, which is what fits into
//     the tag that records them.
//   - A pool's name has at most 25 characters (Terraform provider documentation;
//     one API page says 63).
//   - A size given while autoscaling is on takes effect once.
//   - A cluster stays Running while a pool is worked on: NodeUpgrading, its word
//     while nodes are upgraded, is not shown.
//   - No quota was found for clusters or pools; none is applied. A pool has at most
//     2000 nodes.
//   - The default is the last minor but one; TKE marks none, and the one that its
//     API document names is years old.
//   - A cluster that went wrong is Abnormal, whatever it was doing. A pool stays
//     normal whatever happens to its nodes: that it is not well shows only in the
//     activities of its scaling group. So normal is its word for every such state.
//   - TKE gives 5 to 10 minutes for an upgrade of the control plane; the other
//     durations are estimates. 1.32.2 only looks like a version of theirs.
var tencent = &Profile{
	Name:   "tencent",
	Title:  "Tencent Cloud TKE",
	Region: "ap-seoul",
	Zones:  []string{"ap-seoul-1", "ap-seoul-2"},

	Caps: capability.Tencent,

	Words: Words{
		Cluster: map[State]string{
			Creating:     "Creating",
			Active:       "Running",
			Updating:     "Upgrading",
			Deleting:     "Deleting",
			CreateFailed: "Abnormal",
			UpdateFailed: "Abnormal",
			DeleteFailed: "Abnormal",
			Degraded:     "Abnormal",
			Stopped:      "Idling",
		},
		NodeGroup: map[State]string{
			Creating:     "creating",
			Active:       "normal",
			Updating:     "updating",
			Deleting:     "deleting",
			CreateFailed: "normal",
			UpdateFailed: "normal",
			DeleteFailed: "normal",
			Degraded:     "normal",
			Stopped:      "normal",
		},
	},

	Offer: []pmks.Version{
		{Name: "1.34.1"},
		{Name: "1.32.2", Default: true},
		{Name: "1.30.0"},
		{Name: "1.28.3", Deprecated: true},
	},
	MarksNone: true,
	Upgrade:   UpgradeRule{Mode: GroupsInTurn, MatchFirst: true},
	Exclusive: Exclusivity{},
	Limits:    Limits{NodesPerGroup: 2000},
	IDs: IDs{
		Cluster:   "cls-{alnum8}",
		NodeGroup: "np-{alnum8}",
		Node:      "ins-{alnum8}",
		Endpoint:  "https://lb-{alnum8}.clb.{region}-tencentclb.com",
	},
	PageSize:    100,
	UpdateFails: Active,
	Spread:      0.3,
	Manner:      Manner{OpensWithNodes: true, WithNodes: []string{"Version"}},
}
