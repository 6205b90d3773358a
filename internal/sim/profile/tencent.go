// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"time"

	"github.com/pmks-go/pmks"
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

	Caps: pmks.Capabilities{
		Provider:      "tencent",
		ClusterType:   pmks.TypeI,
		ClusterName:   pmks.NameRule{Pattern: `[A-Za-z0-9][A-Za-z0-9._-]{0,49}`, MaxLength: 50},
		NodeGroupName: pmks.NameRule{Pattern: `[a-z]([a-z0-9-]{0,23}[a-z0-9])?`, MaxLength: 25},
		Subnets:       pmks.SubnetRule{Min: 1, Max: 15},
		Fields: pmks.FieldRules{
			VPC:               pmks.FieldRequired,
			SecurityGroups:    pmks.FieldRequired,
			MaxSecurityGroups: 5,
			Tags:              pmks.FieldOptional,
			MaxTags:           50,
			Image:             pmks.FieldOptional, // an OS name, or an image id
			VMSpec:            pmks.FieldRequired,
			RootDiskType:      pmks.FieldOptional,
			RootDiskSize:      pmks.FieldOptional,
			MinRootDiskSize:   20,
			MaxRootDiskSize:   2048,
			KeyPair:           pmks.FieldOptional,
		},
		Scaling: pmks.ScalingRule{
			ToZero:           true,
			RemoveLast:       true,
			AutoScaling:      pmks.AutoScalingNative,
			DesiredWhileAuto: true,
		},
		// TKE publishes even minors only, so that the next one is two away.
		Versions: pmks.VersionRule{Patch: true, LargestStep: 2},
		Access:   pmks.AccessRule{Certificate: true, OpenCall: true},
		Typical: pmks.Durations{
			CreateCluster:       6 * time.Minute,
			DeleteCluster:       3 * time.Minute,
			AddNodeGroup:        3 * time.Minute,
			RemoveNodeGroup:     2 * time.Minute,
			ScaleNodeGroup:      2 * time.Minute,
			UpgradeControlPlane: 8 * time.Minute,
			UpgradeNodeGroup:    10 * time.Minute,
		},
	},

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
}
