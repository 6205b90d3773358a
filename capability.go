// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"slices"
	"time"
)

// ClusterType says whether node groups come with a cluster or after it.
type ClusterType string

// The two cluster types of the PMKS API.
const (
	// TypeI: the cluster is created first, node groups are added to a running
	// cluster.
	TypeI ClusterType = "Type-I"
	// TypeII: at least one node group is part of the create request.
	TypeII ClusterType = "Type-II"
)

// FieldUse says what a cloud does with an optional request field.
type FieldUse string

// What may become of a request field. A value of "" or "default", or an empty
// list, always counts as not given.
const (
	// FieldOptional: used when given.
	FieldOptional FieldUse = "optional"
	// FieldRequired: must be given.
	FieldRequired FieldUse = "required"
	// FieldIgnored: has no meaning on this cloud and no harm comes of leaving it
	// out; reported in the KeyValueList under [KeyIgnored].
	FieldIgnored FieldUse = "ignored"
	// FieldRefused: cannot be honoured; giving it is ErrUnsupported.
	FieldRefused FieldUse = "refused"
)

// AutoScalingKind says who moves the size of a group while autoscaling is on.
type AutoScalingKind string

// The kinds of autoscaling.
const (
	// AutoScalingNative: the cloud's own autoscaler.
	AutoScalingNative AutoScalingKind = "native"
	// AutoScalingAddOn: a cluster add-on that the provider switches on.
	AutoScalingAddOn AutoScalingKind = "add-on"
	// AutoScalingExternal: the Kubernetes cluster autoscaler, which the user
	// installs in the cluster; the provider opens the group to it.
	AutoScalingExternal AutoScalingKind = "external"
)

// Capabilities is what a cloud can do, as data. A request is checked against it
// before the network is touched, and the provider matrix in the documentation is
// made from it.
type Capabilities struct {
	Provider    string
	ClusterType ClusterType

	ClusterName   NameRule
	NodeGroupName NameRule

	Subnets        SubnetRule
	GroupsAtCreate GroupsAtCreate
	Fields         FieldRules
	Scaling        ScalingRule
	Versions       VersionRule
	Access         AccessRule
	Typical        Durations
}

// clone returns a copy that shares no memory with c.
func (c Capabilities) clone() Capabilities {
	c.ClusterName.Reserved = slices.Clone(c.ClusterName.Reserved)
	c.NodeGroupName.Reserved = slices.Clone(c.NodeGroupName.Reserved)
	return c
}

// NameRule says which names a cloud accepts.
type NameRule struct {
	// Pattern is a regular expression that the whole name matches.
	Pattern string
	// MaxLength is the longest name, in characters.
	MaxLength int
	// Reserved lists names the cloud keeps for itself.
	Reserved []string
}

// SubnetRule says what a cloud wants of the subnets of a cluster.
type SubnetRule struct {
	// Min and Max bound their number; a Max of 0 means no bound.
	Min, Max int
	// DistinctZones is how many zones they must lie in.
	DistinctZones int
	// SmallestPrefix is the longest prefix length of a usable subnet, such as 24
	// for a /24; 0 means the cloud sets no such rule.
	SmallestPrefix int
}

// GroupsAtCreate says how many node groups a create request may hold.
type GroupsAtCreate struct {
	// Min and Max bound their number; Max is 0 on a Type-I cloud, and -1 means
	// no bound.
	Min, Max int
	// FixedFirstName is the name the cloud gives the first group whatever the
	// request says; empty where the request decides.
	FixedFirstName string
}

// FieldRules says what becomes of each optional field of a request.
type FieldRules struct {
	VPC            FieldUse
	SecurityGroups FieldUse
	// MaxSecurityGroups is the largest number of them; 0 means no bound.
	MaxSecurityGroups int
	Tags              FieldUse
	// MaxTags is the largest number of tags; 0 means no bound.
	MaxTags int

	Image        FieldUse
	VMSpec       FieldUse
	RootDiskType FieldUse
	RootDiskSize FieldUse
	// MinRootDiskSize and MaxRootDiskSize bound it, in GiB; 0 means no bound.
	MinRootDiskSize, MaxRootDiskSize int
	KeyPair                          FieldUse
}

// ScalingRule says how node groups may be sized.
type ScalingRule struct {
	// ToZero is true where a group may have no nodes.
	ToZero bool
	// RemoveLast is true where the last group of a cluster may be removed.
	RemoveLast bool
	// AutoScaling says who moves the size while autoscaling is on.
	AutoScaling AutoScalingKind
	// DesiredWhileAuto is true where a desired size takes effect while
	// autoscaling is on; the autoscaler may move it again.
	DesiredWhileAuto bool
}

// VersionRule says how versions are written and how far one upgrade goes.
type VersionRule struct {
	// Patch is true where the cloud's versions have a patch level, false where it
	// knows minors only.
	Patch bool
	// LargestStep is how many minors one upgrade may climb.
	LargestStep int
}

// AccessRule says how a cluster is reached.
type AccessRule struct {
	// Certificate is true where the kubeconfig holds a client certificate that
	// does not end soon; false where it holds a bearer token.
	Certificate bool
	// Token is true where GenerateClusterToken works.
	Token bool
	// TokenLifetime is how long a token lives; 0 where there is none.
	TokenLifetime time.Duration
	// OpenCall is true where the public endpoint is opened by a call of its own.
	OpenCall bool
}

// Durations holds how long the long operations of a cloud typically take. They
// inform a progress display; nothing is decided by them.
type Durations struct {
	CreateCluster       time.Duration
	DeleteCluster       time.Duration
	AddNodeGroup        time.Duration
	RemoveNodeGroup     time.Duration
	ScaleNodeGroup      time.Duration
	UpgradeControlPlane time.Duration
	UpgradeNodeGroup    time.Duration
}
