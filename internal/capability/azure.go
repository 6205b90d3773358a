// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"time"

	"github.com/pmks-go/pmks"
)

// Azure is what Azure AKS can do. Sources: REST API 2025-10-01 (managedClusters, agentPools) and the AKS
// documentation (quotas, SKUs and regions; use system node pools; supported
// Kubernetes versions; upgrade a cluster; concepts: storage), read in November
// 2026. The durations are estimates: AKS publishes none.
var Azure = pmks.Capabilities{
	Provider:    "azure",
	ClusterType: pmks.TypeII,
	ClusterName: pmks.NameRule{
		Pattern:   `[a-zA-Z0-9]([-_a-zA-Z0-9]{0,61}[a-zA-Z0-9])?`,
		MaxLength: 63,
		Reserved:  []string{"azure", "login", "microsoft", "windows", "xbox"},
	},
	NodeGroupName: pmks.NameRule{Pattern: `[a-z][a-z0-9]{0,11}`, MaxLength: 12},
	// In overlay mode, the default, only nodes take addresses: what a subnet
	// needs depends on the sizes asked for, not on its prefix alone.
	Subnets:        pmks.SubnetRule{Min: 1, Max: 1},
	GroupsAtCreate: pmks.GroupsAtCreate{Min: 1, Max: 100},
	Fields: pmks.FieldRules{
		VPC:               pmks.FieldRequired,
		SecurityGroups:    pmks.FieldOptional,
		MaxSecurityGroups: 1,
		Tags:              pmks.FieldOptional,
		TagsLater:         true,
		MaxTags:           45,                 // Azure takes 50; some are needed for what Azure has no place for
		Image:             pmks.FieldOptional, // an OS SKU
		VMSpec:            pmks.FieldRequired,
		RootDiskType:      pmks.FieldOptional, // Managed or Ephemeral
		RootDiskSize:      pmks.FieldOptional,
		MinRootDiskSize:   30,
		MaxRootDiskSize:   2048,
		KeyPair:           pmks.FieldOptional, // one for the whole cluster
	},
	// Labels and taints are checked by AKS alone; its command line takes no taint without
	// a value. What is left of the reserved names has no prefix, and the provider
	// refuses it.
	NodeGroups: pmks.NodeGroupRule{
		Labels:          pmks.FieldOptional,
		EmptyLabelValue: true,
		ReservedKeys:    []string{"kubernetes.azure.com/"},
		Taints:          pmks.FieldOptional, // but for CriticalAddonsOnly they make a pool one of mode User
		Spot:            pmks.FieldOptional, // in pools of mode User
		Zones:           pmks.FieldOptional,
	},
	Scaling: pmks.ScalingRule{
		ToZero:           true, // pools of mode User
		RemoveLast:       false,
		AutoScaling:      pmks.AutoScalingNative,
		DesiredWhileAuto: true,
	},
	Versions: pmks.VersionRule{Patch: true, LargestStep: 1},
	// Tokens are those of Entra, for clusters that were made with it.
	Access: pmks.AccessRule{Certificate: true, Token: true, TokenLifetime: 90 * time.Minute,
		Modes: []pmks.AccessMode{pmks.AccessPublic, pmks.AccessPrivate}, CIDRs: pmks.FieldOptional, MaxCIDRs: 200, CIDRsIPv4Only: true},
	Typical: pmks.Durations{
		CreateCluster:       6 * time.Minute,
		DeleteCluster:       5 * time.Minute,
		AddNodeGroup:        3 * time.Minute,
		RemoveNodeGroup:     3 * time.Minute,
		ScaleNodeGroup:      2 * time.Minute,
		UpgradeControlPlane: 8 * time.Minute,
		UpgradeNodeGroup:    10 * time.Minute,
	},
}
