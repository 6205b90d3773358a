// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"time"

	"github.com/pmks-go/pmks"
)

// GCP is what Google GKE can do. Sources: cloud.google.com/go/container v1.56.1
// (containerpb) and the GKE documentation (quotas, release channels, upgrading a
// cluster), read in November 2026. The durations of removing, scaling and upgrading
// a group are estimates.
var GCP = pmks.Capabilities{
	Provider:       "gcp",
	ClusterType:    pmks.TypeII,
	ClusterName:    pmks.NameRule{Pattern: `[a-z]([-a-z0-9]{0,38}[a-z0-9])?`, MaxLength: 40},
	NodeGroupName:  pmks.NameRule{Pattern: `[a-z]([-a-z0-9]{0,38}[a-z0-9])?`, MaxLength: 40},
	Subnets:        pmks.SubnetRule{Min: 1, Max: 1}, // regional: a zone is the cluster's
	GroupsAtCreate: pmks.GroupsAtCreate{Min: 1, Max: -1},
	Fields: pmks.FieldRules{
		VPC: pmks.FieldRequired,
		// GKE has none: they become network tags of the nodes, and labels.
		SecurityGroups:    pmks.FieldOptional,
		MaxSecurityGroups: 16,
		Tags:              pmks.FieldOptional, // labels
		TagsLater:         true,
		MaxTags:           32,                 // Google takes 64; the rest is for what it has no place for
		Image:             pmks.FieldOptional, // an image type
		VMSpec:            pmks.FieldRequired,
		RootDiskType:      pmks.FieldOptional,
		RootDiskSize:      pmks.FieldOptional,
		MinRootDiskSize:   10,
		MaxRootDiskSize:   65536,
		KeyPair:           pmks.FieldOptional,
	},
	Scaling: pmks.ScalingRule{
		ToZero:           true,
		RemoveLast:       true,
		AutoScaling:      pmks.AutoScalingNative,
		DesiredWhileAuto: true,
	},
	NodeGroups: pmks.NodeGroupRule{
		Labels:          pmks.FieldOptional, // 1,024 characters in all
		EmptyLabelValue: true,
		// What GKE puts on nodes by itself.
		ReservedKeys:    []string{"cloud.google.com/", "components.gke.io/", "iam.gke.io/", "sandbox.gke.io/"},
		Taints:          pmks.FieldOptional,
		EmptyTaintValue: true,
		Spot:            pmks.FieldOptional,
		SpotFirst:       true,
		Zones:           pmks.FieldOptional,
	},
	Versions: pmks.VersionRule{Patch: true, LargestStep: 1},
	Access: pmks.AccessRule{
		Token: true, TokenLifetime: time.Hour,
		// The private address is always there.
		Modes: []pmks.AccessMode{pmks.AccessPublicAndPrivate, pmks.AccessPrivate},
		// Authorized networks; those of a private cluster must be private themselves.
		CIDRs: pmks.FieldOptional, MaxCIDRs: 50, CIDRsIPv4Only: true, CIDRsWhenPrivate: true,
	},
	Typical: pmks.Durations{
		CreateCluster:       7 * time.Minute,
		DeleteCluster:       4 * time.Minute,
		AddNodeGroup:        2 * time.Minute,
		RemoveNodeGroup:     2 * time.Minute,
		ScaleNodeGroup:      90 * time.Second,
		UpgradeControlPlane: 8 * time.Minute,
		UpgradeNodeGroup:    8 * time.Minute,
	},
}
