// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/capability"
)

// aws is Amazon EKS.
//
// Sources: EKS API reference (CreateCluster, CreateNodegroup, UpdateClusterVersion,
// UpdateNodegroupVersion, DeleteCluster, DescribeClusterVersions); EKS user guide
// (network requirements, service quotas, update cluster, managed node groups);
// the EKS service model in aws-sdk-go-v2/service/eks v1.105.4; the token rules of
// aws-iam-authenticator.
//
// Decided where no source settles it:
//   - Security groups: 4, as the quota page says; the API text says 5.
//   - A control plane may not move on while a node group lags (the API refused it
//     in every report seen); the user guide now speaks of a skew of three minors.
//   - An update of a control plane or of a group excludes DeleteCluster; deletion
//     while CREATING, which EKS accepts, is therefore refused here.
//   - EKS has one word for a cluster that went wrong, and shows ACTIVE again after
//     a failed update. A state that it has no word for shows FAILED, or DEGRADED
//     for a group, so that the word never says Active of what is not.
//   - The durations of deletion, scaling and a group's upgrade are estimates.
//   - The patch of the versions on offer is not shown by EKS; which minors are on
//     offer, and in which support, is as of autumn 2026 and moves every few months.
var aws = &Profile{
	Name:   "aws",
	Title:  "Amazon Web Services EKS",
	Region: "us-east-2",
	Zones:  []string{"us-east-2a", "us-east-2b", "us-east-2c"},

	Caps: capability.AWS,

	Words: Words{
		Cluster: map[State]string{
			Creating:     "CREATING",
			Active:       "ACTIVE",
			Updating:     "UPDATING",
			Deleting:     "DELETING",
			CreateFailed: "FAILED",
			UpdateFailed: "FAILED",
			DeleteFailed: "FAILED",
			Degraded:     "FAILED",
			Stopped:      "FAILED",
		},
		NodeGroup: map[State]string{
			Creating:     "CREATING",
			Active:       "ACTIVE",
			Updating:     "UPDATING",
			Deleting:     "DELETING",
			CreateFailed: "CREATE_FAILED",
			UpdateFailed: "DEGRADED",
			DeleteFailed: "DELETE_FAILED",
			Degraded:     "DEGRADED",
			Stopped:      "DEGRADED",
		},
	},

	Offer: []pmks.Version{
		{Name: "1.36"},
		{Name: "1.35"},
		{Name: "1.34", Default: true},
		{Name: "1.33", Deprecated: true},
		{Name: "1.32", Deprecated: true},
	},
	Upgrade: UpgradeRule{Mode: GroupsTogether, MatchFirst: true, MaxSkew: 3},
	// Groups are worked on side by side; what touches the cluster needs it idle.
	Exclusive: Exclusivity{DeleteUnfinished: true},
	Limits:    Limits{Clusters: 100, NodeGroups: 30, NodesPerGroup: 450},
	IDs: IDs{
		Cluster:   "{name}",
		NodeGroup: "{name}",
		Node:      "i-0{hex16}",
		Endpoint:  "https://{hex32}.gr7.{region}.eks.amazonaws.com",
	},
	PageSize:    100,
	GroupsFirst: true,
	UniqueNames: true,
	UpdateFails: Active,
	Spread:      0.3,
	// The switch is a tag of EC2 Auto Scaling; tokens are signed here.
	Manner: Manner{SwitchAtOnce: true, SignsTokens: true},
}
