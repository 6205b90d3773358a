// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/capability"
)

// alibaba is Alibaba Cloud Container Service for Kubernetes, managed clusters.
//
// Sources: the SDK module cs-20151215/v5 v5.9.1; ACK developer reference
// (CreateCluster, CreateClusterNodePool, ModifyClusterNodePool, UpgradeCluster,
// DeleteClusterNodepool, DescribeUserQuota); ACK release notes for Kubernetes
// versions; ACK user guide (upgrade clusters).
//
// Decided where no source settles it:
//   - Two clusters may have one name: the API documents no rule against it.
//   - The number of vSwitches and of security groups is left to the cloud: sources
//     disagree, and the latter is an adjustable quota of ECS.
//   - The system disk is 40 to 2048 GiB; the API says from 20, but no Linux image
//     is smaller than 40. A key pair is required, as ContainerOS wants one.
//   - The cluster stays running while a pool is worked on, and can be deleted
//     whatever goes on.
//   - Quotas are 20 clusters and 10 pools; 100 nodes is the quota of a cluster,
//     held here against each pool.
//   - The last pool may be removed.
//   - The default is the last minor but one; ACK marks none and takes the newest.
//   - A token of the RAM authenticator is accepted only where that add-on was
//     installed, which a plain request does not do.
//   - A pool has one word for everything that went wrong beside delete_failed.
//   - The durations of adding and removing a pool, and of its upgrade, are
//     estimates.
//   - The patch of the versions other than 1.36 and 1.34 only looks like theirs.
var alibaba = &Profile{
	Name:   "alibaba",
	Title:  "Alibaba Cloud ACK",
	Region: "ap-northeast-1",
	Zones:  []string{"ap-northeast-1a", "ap-northeast-1b", "ap-northeast-1c"},

	Caps: capability.Alibaba,

	Words: Words{
		Cluster: map[State]string{
			Creating:     "initial",
			Active:       "running",
			Updating:     "updating",
			Deleting:     "deleting",
			CreateFailed: "failed",
			UpdateFailed: "updating_failed",
			DeleteFailed: "delete_failed",
			Degraded:     "unavailable",
			Stopped:      "stopped",
		},
		NodeGroup: map[State]string{
			Creating:     "initial",
			Active:       "active",
			Updating:     "updating",
			Deleting:     "deleting",
			CreateFailed: "failed",
			UpdateFailed: "failed",
			DeleteFailed: "delete_failed",
			Degraded:     "failed",
			Stopped:      "failed",
		},
		UpdatingBy: map[Operation]string{
			ScaleNodeGroup:      "scaling",
			UpgradeControlPlane: "upgrading",
			UpgradeNodeGroup:    "upgrading",
		},
	},

	Offer: []pmks.Version{
		{Name: "1.36.2-aliyun.1"},
		{Name: "1.35.3-aliyun.1", Default: true},
		{Name: "1.35.2-aliyun.1"},
		{Name: "1.34.3-aliyun.1", Deprecated: true},
		{Name: "1.33.3-aliyun.1", Deprecated: true},
	},
	MarksNone: true,
	Upgrade:   UpgradeRule{Mode: GroupsInTurn, MatchFirst: true},
	Exclusive: Exclusivity{DeleteAnytime: true},
	Limits:    Limits{Clusters: 20, NodeGroups: 10, NodesPerGroup: 100},
	IDs: IDs{
		Cluster:   "c{hex32}",
		NodeGroup: "np{hex32}",
		Node:      "i-{alnum20}",
		// A public endpoint is an address; this is the name beside it.
		Endpoint: "https://apiserver.c{hex32}.{region}.cs.aliyuncs.com:6443",
	},
	PageSize:    100,
	UpdateFails: UpdateFailed,
	Spread:      0.5,
	Manner: Manner{
		CertificateLife: 3 * 365 * 24 * time.Hour,
		StartsAtMin:     true,
	},
}
