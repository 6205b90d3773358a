// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"time"

	"github.com/pmks-go/pmks"
)

// nameRule is that of clusters and of node pools.
const nameRule = `[a-z]([-a-z0-9]{0,38}[a-z0-9])?`

// capabilities of GKE. Sources: the definition of the API (containerpb), GKE
// documentation (cluster labels, release channels, upgrading a cluster, API server
// authentication), Compute Engine documentation (network tags, persistent disks),
// read in November 2026.
var capabilities = pmks.Capabilities{
	Provider:       Name,
	ClusterType:    pmks.TypeII,
	ClusterName:    pmks.NameRule{Pattern: nameRule, MaxLength: 40},
	NodeGroupName:  pmks.NameRule{Pattern: nameRule, MaxLength: 40},
	Subnets:        pmks.SubnetRule{Min: 1, Max: 1},
	GroupsAtCreate: pmks.GroupsAtCreate{Min: 1, Max: -1},
	Fields: pmks.FieldRules{
		VPC:               pmks.FieldRequired,
		SecurityGroups:    pmks.FieldOptional, // network tags, 64 to a VM
		MaxSecurityGroups: 64,
		Tags:              pmks.FieldOptional, // labels
		MaxTags:           64,
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
	Versions: pmks.VersionRule{Patch: true, LargestStep: 1},
	Access:   pmks.AccessRule{Token: true, TokenLifetime: time.Hour},
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
