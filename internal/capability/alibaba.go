// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"time"

	"github.com/pmks-go/pmks"
)

// Alibaba is what Alibaba Cloud ACK can do. Sources: the SDK module cs-20151215/v5 v5.9.1 and the ACK developer
// reference. What no
// source settles is said in the profile of the simulator (internal/sim/profile).
var Alibaba = pmks.Capabilities{
	Provider:      "alibaba",
	ClusterType:   pmks.TypeI,
	ClusterName:   pmks.NameRule{Pattern: `[A-Za-z0-9][A-Za-z0-9-]{0,62}`, MaxLength: 63},
	NodeGroupName: pmks.NameRule{Pattern: `[A-Za-z0-9][A-Za-z0-9-]{0,62}`, MaxLength: 63},
	Subnets:       pmks.SubnetRule{Min: 1},
	Fields: pmks.FieldRules{
		VPC: pmks.FieldRequired,
		// The cluster takes the first, the pools take all.
		SecurityGroups:  pmks.FieldOptional,
		Tags:            pmks.FieldOptional,
		TagsLater:       true,
		MaxTags:         14, // ACK takes 20; pmks keeps a few for its own
		Image:           pmks.FieldOptional,
		VMSpec:          pmks.FieldRequired,
		RootDiskType:    pmks.FieldOptional,
		RootDiskSize:    pmks.FieldOptional,
		MinRootDiskSize: 40,
		MaxRootDiskSize: 2048,
		KeyPair:         pmks.FieldRequired,
	},
	Scaling: pmks.ScalingRule{
		ToZero:     true,
		RemoveLast: true,
		// The flag of a pool does nothing without the cluster's autoscaler,
		// which is configured by a call of its own.
		AutoScaling:      pmks.AutoScalingAddOn,
		DesiredWhileAuto: false,
	},
	Versions: pmks.VersionRule{Patch: true, LargestStep: 1},
	// Tokens are taken where the cluster has the add-on ack-ram-authenticator, which the
	// provider installs if it is told to.
	Access: pmks.AccessRule{
		Certificate: true, Token: true, TokenLifetime: 10 * time.Minute,
		// The private address is always there; what is chosen is a public one beside it.
		Modes:       []pmks.AccessMode{pmks.AccessPublicAndPrivate, pmks.AccessPrivate},
		CIDRs:       pmks.FieldRefused,
		CIDRsWayOut: "give the listener on port 6443 of the API server's load balancer an access control list, which binds both addresses",
	},
	NodeGroups: pmks.NodeGroupRule{
		Labels:          pmks.FieldOptional,
		MaxLabels:       20,
		MaxLabelKey:     64,
		EmptyLabelValue: true,
		ReservedKeys:    []string{"ack.aliyun.com", "acs:", "alibabacloud.com/nodepool-id", "aliyun", "k8s.aliyun.com"},
		Taints:          pmks.FieldOptional, // no bound of their number is published
		EmptyTaintValue: true,
		Spot:            pmks.FieldOptional,
		SpotFirst:       true,
		Zones:           pmks.FieldOptional, // those of the cluster's vSwitches
		MaxZones:        8,
	},
	Typical: pmks.Durations{
		CreateCluster:       10 * time.Minute,
		DeleteCluster:       6 * time.Minute,
		AddNodeGroup:        3 * time.Minute,
		RemoveNodeGroup:     4 * time.Minute,
		ScaleNodeGroup:      90 * time.Second,
		UpgradeControlPlane: 15 * time.Minute,
		UpgradeNodeGroup:    15 * time.Minute,
	},
}
