// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"time"

	"github.com/pmks-go/pmks"
)

// AWS is what Amazon EKS can do. Sources: EKS API reference (CreateCluster,
// CreateNodegroup), EKS user guide (network requirements, service quotas, node taints,
// cluster endpoint, update cluster), read in November 2026.
var AWS = pmks.Capabilities{
	Provider:      "aws",
	ClusterType:   pmks.TypeI,
	ClusterName:   pmks.NameRule{Pattern: `[0-9A-Za-z][0-9A-Za-z_-]*`, MaxLength: 100},
	NodeGroupName: pmks.NameRule{Pattern: `[0-9A-Za-z][0-9A-Za-z_-]*`, MaxLength: 63},
	// At least six free addresses in each; a /28 is the smallest AWS has.
	Subnets: pmks.SubnetRule{Min: 2, DistinctZones: 2, SmallestPrefix: 28},
	Fields: pmks.FieldRules{
		// EKS takes the VPC from the subnets; one that is given is compared.
		VPC:               pmks.FieldOptional,
		SecurityGroups:    pmks.FieldOptional,
		MaxSecurityGroups: 4,
		Tags:              pmks.FieldOptional,
		TagsLater:         true,
		MaxTags:           45, // EKS takes 50; pmks keeps a few for its own
		Image:             pmks.FieldOptional,
		VMSpec:            pmks.FieldOptional, // empty: t3.medium
		RootDiskType:      pmks.FieldOptional,
		RootDiskSize:      pmks.FieldOptional,
		MinRootDiskSize:   1,
		MaxRootDiskSize:   16384,
		KeyPair:           pmks.FieldOptional,
	},
	NodeGroups: pmks.NodeGroupRule{
		Labels:          pmks.FieldOptional,
		MaxLabelKey:     63, // EKS counts the prefix too
		ReservedKeys:    []string{"eks.amazonaws.com/", ".eks.amazonaws.com/"},
		Taints:          pmks.FieldOptional,
		MaxTaints:       50,
		EmptyTaintValue: true,
		Spot:            pmks.FieldOptional,
		SpotFirst:       true,
		Zones:           pmks.FieldOptional, // those in which the cluster has subnets
	},
	Scaling: pmks.ScalingRule{
		ToZero:     true,
		RemoveLast: true,
		// A managed node group never scales by itself: the group is opened to
		// the cluster autoscaler by the discovery tags of its ASG.
		AutoScaling:      pmks.AutoScalingExternal,
		DesiredWhileAuto: true,
	},
	Versions: pmks.VersionRule{Patch: false, LargestStep: 1},
	// The API server takes a token for 15 minutes; one is kept in hand.
	Access: pmks.AccessRule{
		Token: true, TokenLifetime: 14 * time.Minute,
		Modes: []pmks.AccessMode{pmks.AccessPublic, pmks.AccessPrivate, pmks.AccessPublicAndPrivate},
		CIDRs: pmks.FieldOptional, MaxCIDRs: 40, CIDRsIPv4Only: true,
	},
	Typical: pmks.Durations{
		CreateCluster:       10 * time.Minute,
		DeleteCluster:       10 * time.Minute,
		AddNodeGroup:        3 * time.Minute,
		RemoveNodeGroup:     4 * time.Minute,
		ScaleNodeGroup:      2 * time.Minute,
		UpgradeControlPlane: 12 * time.Minute,
		UpgradeNodeGroup:    10 * time.Minute,
	},
}
