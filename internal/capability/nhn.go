// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"time"

	"github.com/pmks-go/pmks"
)

// NHN is what NHN Kubernetes Service can do. Sources: the NKS documentation (public API guide, user guide, resource
// policy) and openstack/magnum, of which NKS is a fork. What no
// source settles is said in the profile of the simulator (internal/sim/profile).
var NHN = pmks.Capabilities{
	Provider:    "nhn",
	ClusterType: pmks.TypeII,
	ClusterName: pmks.NameRule{Pattern: `[a-z]([a-z0-9-]{0,30}[a-z0-9])?`, MaxLength: 32},
	NodeGroupName: pmks.NameRule{
		Pattern:   `[a-z]([a-z0-9-]{0,30}[a-z0-9])?`,
		MaxLength: 32,
		Reserved:  []string{"default-master", "default-worker"},
	},
	// Further subnets give every node a further network card.
	Subnets:        pmks.SubnetRule{Min: 1, SmallestPrefix: 24},
	GroupsAtCreate: pmks.GroupsAtCreate{Min: 1, Max: 1, FixedFirstName: "default-worker"},
	Fields: pmks.FieldRules{
		VPC:               pmks.FieldRequired,
		SecurityGroups:    pmks.FieldOptional,
		MaxSecurityGroups: 8,
		Tags:              pmks.FieldRefused, // NKS stores none
		Image:             pmks.FieldOptional,
		VMSpec:            pmks.FieldRequired,
		RootDiskType:      pmks.FieldOptional,
		RootDiskSize:      pmks.FieldOptional,
		MinRootDiskSize:   30,
		MaxRootDiskSize:   2048,
		KeyPair:           pmks.FieldRequired,
	},
	Scaling: pmks.ScalingRule{
		ToZero:           false,
		RemoveLast:       false,
		AutoScaling:      pmks.AutoScalingNative,
		DesiredWhileAuto: false,
	},
	Versions: pmks.VersionRule{Patch: true, LargestStep: 1},
	Access: pmks.AccessRule{
		Certificate: true,
		Modes:       []pmks.AccessMode{pmks.AccessPublic, pmks.AccessPrivate},
		CIDRs:       pmks.FieldRefused, // a call of its own once the cluster is there
		CIDRsWayOut: "when the cluster is Active, give them to POST /v1/clusters/{cluster}/api_ep_ipacl, in the console or through Handler.Vendor",
	},
	NodeGroups: pmks.NodeGroupRule{
		Labels:          pmks.FieldOptional,
		MaxLabels:       20,
		EmptyLabelValue: true,
		ReservedKeys:    []string{"magnum.openstack.org", ".magnum.openstack.org/"},
		Taints:          pmks.FieldRefused, // of the console alone
		Spot:            pmks.FieldRefused,
		Zones:           pmks.FieldOptional,
		MaxZones:        1,
	},
	Typical: pmks.Durations{
		CreateCluster:       12 * time.Minute,
		DeleteCluster:       5 * time.Minute,
		AddNodeGroup:        6 * time.Minute,
		RemoveNodeGroup:     4 * time.Minute,
		ScaleNodeGroup:      4 * time.Minute,
		UpgradeControlPlane: 10 * time.Minute,
		UpgradeNodeGroup:    15 * time.Minute,
	},
}
