// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"math"
	"time"

	"github.com/pmks-go/pmks"
)

// onePage is the PageSize of a cloud whose list comes whole.
const onePage = math.MaxInt32

// neutral is no cloud: a friendly one to learn on and to test portable code with.
// It takes every optional field, has no quotas, is quick, and refuses only what
// the contract of pmks refuses everywhere.
var neutral = &Profile{
	Name:   "neutral",
	Title:  "Neutral simulated cloud",
	Region: "sim-1",
	Zones:  []string{"sim-1a", "sim-1b", "sim-1c"},

	Caps: pmks.Capabilities{
		Provider:       "neutral",
		ClusterType:    pmks.TypeII,
		ClusterName:    pmks.NameRule{Pattern: `[A-Za-z0-9][A-Za-z0-9._-]*`, MaxLength: 63},
		NodeGroupName:  pmks.NameRule{Pattern: `[A-Za-z0-9][A-Za-z0-9._-]*`, MaxLength: 63},
		Subnets:        pmks.SubnetRule{Min: 1},
		GroupsAtCreate: pmks.GroupsAtCreate{Min: 1, Max: -1},
		Fields: pmks.FieldRules{
			VPC:            pmks.FieldOptional,
			SecurityGroups: pmks.FieldOptional,
			Tags:           pmks.FieldOptional,
			TagsLater:      true,
			Image:          pmks.FieldOptional,
			VMSpec:         pmks.FieldOptional,
			RootDiskType:   pmks.FieldOptional,
			RootDiskSize:   pmks.FieldOptional,
			KeyPair:        pmks.FieldOptional,
		},
		NodeGroups: pmks.NodeGroupRule{
			Labels: pmks.FieldOptional, EmptyLabelValue: true,
			Taints: pmks.FieldOptional, EmptyTaintValue: true,
			Spot: pmks.FieldOptional, SpotFirst: true,
			Zones: pmks.FieldOptional,
		},
		Scaling: pmks.ScalingRule{
			ToZero:           true,
			RemoveLast:       true,
			AutoScaling:      pmks.AutoScalingNative,
			DesiredWhileAuto: true,
		},
		Versions: pmks.VersionRule{Patch: true, LargestStep: 1},
		Access: pmks.AccessRule{
			Certificate: true, Token: true, TokenLifetime: time.Hour,
			Modes: []pmks.AccessMode{pmks.AccessPublic, pmks.AccessPrivate, pmks.AccessPublicAndPrivate},
			CIDRs: pmks.FieldOptional,
		},
		Typical: pmks.Durations{
			CreateCluster:       3 * time.Minute,
			DeleteCluster:       2 * time.Minute,
			AddNodeGroup:        time.Minute,
			RemoveNodeGroup:     time.Minute,
			ScaleNodeGroup:      30 * time.Second,
			UpgradeControlPlane: 2 * time.Minute,
			UpgradeNodeGroup:    2 * time.Minute,
		},
	},

	Words: Words{
		Cluster:   neutralWords,
		NodeGroup: neutralWords,
		UpdatingBy: map[Operation]string{
			ScaleNodeGroup:      "scaling",
			UpgradeAll:          "upgrading",
			UpgradeControlPlane: "upgrading",
			UpgradeNodeGroup:    "upgrading",
		},
	},

	Offer: []pmks.Version{
		{Name: "1.36.1"},
		{Name: "1.35.4"},
		{Name: "1.34.5", Default: true},
		{Name: "1.34.2"},
		{Name: "1.33.7"},
		{Name: "1.32.11", Deprecated: true},
	},
	// Three minors is how far a kubelet may lag in Kubernetes itself.
	Upgrade:   UpgradeRule{Mode: GroupsTogether, MaxSkew: 3},
	Exclusive: Exclusivity{DeleteAnytime: true},
	IDs: IDs{
		Cluster:   "cluster-{hex16}",
		NodeGroup: "nodegroup-{hex16}",
		Node:      "vm-{hex16}",
		NodeName:  "{clusterName}-{group}-{alnum5}",
		Endpoint:  "https://{hex16}.{region}.pmks.example",
	},
	PageSize:    50,
	UniqueNames: true,
	UpdateFails: UpdateFailed,
	Spread:      0.1,
}

// neutralWords serve clusters and node groups alike.
var neutralWords = map[State]string{
	Creating:     "creating",
	Active:       "active",
	Updating:     "updating",
	Deleting:     "deleting",
	CreateFailed: "create-failed",
	UpdateFailed: "update-failed",
	DeleteFailed: "delete-failed",
	Degraded:     "degraded",
	Stopped:      "stopped",
}
