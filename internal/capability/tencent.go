// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"time"

	"github.com/pmks-go/pmks"
)

// Tencent is what Tencent Kubernetes Engine can do. Sources: tencentcloud-sdk-go tke v1.3.136 and as v1.3.128, and the TKE
// documentation. What no
// source settles is said in the profile of the simulator (internal/sim/profile).
var Tencent = pmks.Capabilities{
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
		MaxTags:           26, // a scaling group takes 30, with those of pmks
		TagsLater:         true,
		Image:             pmks.FieldOptional, // an OS name, or an image id
		VMSpec:            pmks.FieldRequired,
		RootDiskType:      pmks.FieldOptional,
		RootDiskSize:      pmks.FieldOptional,
		MinRootDiskSize:   20,
		MaxRootDiskSize:   2048,
		KeyPair:           pmks.FieldOptional,
	},
	NodeGroups: pmks.NodeGroupRule{
		Labels:          pmks.FieldOptional,
		MaxLabelKey:     63, // with its prefix
		EmptyLabelValue: true,
		ReservedKeys:    []string{"cloud.tencent.com/", "tke.cloud.tencent.com/", "node.tke.cloud.tencent.com/", "eks.tke.cloud.tencent.com/"},
		Taints:          pmks.FieldOptional,
		EmptyTaintValue: true,
		Spot:            pmks.FieldOptional,
		SpotFirst:       true,
		Zones:           pmks.FieldOptional, // those of the subnets of the cluster
	},
	Scaling: pmks.ScalingRule{
		ToZero:           true,
		RemoveLast:       true,
		AutoScaling:      pmks.AutoScalingNative,
		DesiredWhileAuto: true,
	},
	// TKE publishes even minors only, so that the next one is two away.
	Versions: pmks.VersionRule{Patch: true, LargestStep: 2},
	Access: pmks.AccessRule{
		Certificate: true, OpenCall: true,
		Modes:       []pmks.AccessMode{pmks.AccessPublic, pmks.AccessPrivate, pmks.AccessPublicAndPrivate},
		CIDRs:       pmks.FieldRefused,
		CIDRsWayOut: "let the first security group of the cluster, which guards its public endpoint, let in port 443 from these networks alone",
	},
	Typical: pmks.Durations{
		CreateCluster:       6 * time.Minute,
		DeleteCluster:       3 * time.Minute,
		AddNodeGroup:        3 * time.Minute,
		RemoveNodeGroup:     2 * time.Minute,
		ScaleNodeGroup:      2 * time.Minute,
		UpgradeControlPlane: 8 * time.Minute,
		UpgradeNodeGroup:    10 * time.Minute,
	},
}
