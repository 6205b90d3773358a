// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"time"

	"github.com/pmks-go/pmks"
)

// IBM is what IBM Cloud Kubernetes Service on VPC Gen 2 can do. Sources: the IBM Cloud documentation and the
// vendor's Terraform provider. What no
// source settles is said in the profile of the simulator (internal/sim/profile).
var IBM = pmks.Capabilities{
	Provider:       "ibm",
	ClusterType:    pmks.TypeII,
	ClusterName:    pmks.NameRule{Pattern: `[A-Za-z][A-Za-z0-9.-]{0,34}`, MaxLength: 35},
	NodeGroupName:  pmks.NameRule{Pattern: `[A-Za-z][A-Za-z0-9-]{0,31}`, MaxLength: 32},
	Subnets:        pmks.SubnetRule{Min: 1},
	GroupsAtCreate: pmks.GroupsAtCreate{Min: 1, Max: 1},
	Fields: pmks.FieldRules{
		VPC:               pmks.FieldRequired,
		SecurityGroups:    pmks.FieldOptional,
		MaxSecurityGroups: 4,
		Tags:              pmks.FieldOptional, // labels of the worker pools
		TagsLater:         true,
		Image:             pmks.FieldOptional, // an operating system
		VMSpec:            pmks.FieldRequired,
		RootDiskType:      pmks.FieldRefused, // the flavor decides
		RootDiskSize:      pmks.FieldRefused,
		KeyPair:           pmks.FieldIgnored, // nobody logs in to a worker
	},
	NodeGroups: pmks.NodeGroupRule{
		Labels:          pmks.FieldOptional,
		EmptyLabelValue: true,
		ReservedKeys:    []string{"ibm-cloud.kubernetes.io/"},
		Taints:          pmks.FieldOptional, // by a call of its own, after that which makes the pool
		OneEffectPerKey: true,
		Zones:           pmks.FieldOptional,
	},
	Scaling: pmks.ScalingRule{
		ToZero:           false,
		RemoveLast:       false,
		AutoScaling:      pmks.AutoScalingAddOn,
		DesiredWhileAuto: false,
	},
	Versions: pmks.VersionRule{Patch: true, LargestStep: 1},
	Access: pmks.AccessRule{
		Certificate: true, Token: true, TokenLifetime: time.Hour,
		// The private endpoint is always there. Who may reach either is a matter of another service.
		Modes:       []pmks.AccessMode{pmks.AccessPublicAndPrivate, pmks.AccessPrivate},
		CIDRsWayOut: "say who may reach the endpoints by rules of IBM's context-based restrictions for the account",
	},
	Typical: pmks.Durations{
		CreateCluster:       45 * time.Minute,
		DeleteCluster:       15 * time.Minute,
		AddNodeGroup:        15 * time.Minute,
		RemoveNodeGroup:     8 * time.Minute,
		ScaleNodeGroup:      12 * time.Minute,
		UpgradeControlPlane: 20 * time.Minute,
		UpgradeNodeGroup:    45 * time.Minute,
	},
}
