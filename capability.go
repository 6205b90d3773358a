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
	// Provider is the registered name, ClusterType what CreateCluster takes of node groups.
	Provider    string
	ClusterType ClusterType

	// ClusterName and NodeGroupName are the cloud's rules for names.
	ClusterName   NameRule
	NodeGroupName NameRule

	// Subnets, GroupsAtCreate, Fields and NodeGroups are what a request may hold; Scaling,
	// Versions and Access what can be done later; Typical is how long it takes.
	Subnets        SubnetRule
	GroupsAtCreate GroupsAtCreate
	Fields         FieldRules
	NodeGroups     NodeGroupRule
	Scaling        ScalingRule
	Versions       VersionRule
	Access         AccessRule
	Typical        Durations
}

// Clone returns a copy that shares no memory with c.
func (c Capabilities) Clone() Capabilities {
	c.ClusterName.Reserved = slices.Clone(c.ClusterName.Reserved)
	c.NodeGroupName.Reserved = slices.Clone(c.NodeGroupName.Reserved)
	c.NodeGroups.ReservedKeys = slices.Clone(c.NodeGroups.ReservedKeys)
	c.Access.Modes = slices.Clone(c.Access.Modes)
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
	// VPC and the others of type FieldUse say what becomes of that field of a request.
	VPC            FieldUse
	SecurityGroups FieldUse
	// MaxSecurityGroups is the largest number of them; 0 means no bound.
	MaxSecurityGroups int
	Tags              FieldUse
	// MaxTags is the largest number of tags; 0 means no bound.
	MaxTags int
	// TagsLater is true where SetTags changes the tags of a cluster.
	TagsLater bool

	Image        FieldUse
	VMSpec       FieldUse
	RootDiskType FieldUse
	RootDiskSize FieldUse
	// MinRootDiskSize and MaxRootDiskSize bound it, in GiB; 0 means no bound.
	MinRootDiskSize, MaxRootDiskSize int
	KeyPair                          FieldUse
}

// NodeGroupRule says what may be asked of the nodes of a group beyond V0.6. A use that
// is "" counts as FieldRefused: what a provider does not know it cannot honour.
type NodeGroupRule struct {
	// Labels, Taints, Spot and Zones say what becomes of that field of a request; "" is
	// refused.
	Labels FieldUse
	// MaxLabels is the largest number of labels; 0 means no bound.
	MaxLabels int
	// MaxLabelKey is the longest key with its prefix, in characters, where the cloud is
	// stricter than Kubernetes (253 for the prefix, 63 for the name); 0 where it is not.
	MaxLabelKey int
	// EmptyLabelValue is true where a label may have no value.
	EmptyLabelValue bool
	// ReservedKeys lists beginnings of label and taint keys that the cloud keeps for
	// itself, such as "eks.amazonaws.com/"; one that begins with a dot is the end of a
	// prefix, such as ".eks.amazonaws.com/". Those of Kubernetes (all prefixes that end in
	// kubernetes.io or k8s.io) and "pmks.io/" are refused everywhere.
	ReservedKeys []string

	Taints FieldUse
	// MaxTaints is the largest number of taints; 0 means no bound.
	MaxTaints int
	// OneEffectPerKey is true where two taints may not share a key.
	OneEffectPerKey bool
	// EmptyTaintValue is true where a taint may have no value.
	EmptyTaintValue bool

	Spot FieldUse
	// SpotFirst is true where all node groups of a cluster may be spot.
	SpotFirst bool

	Zones FieldUse
	// MaxZones is the largest number of zones of one group; 0 means no bound.
	MaxZones int
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

	// Modes lists what Access.Mode of a request may be, first what the default settings of
	// the provider mean; none where it cannot be chosen.
	Modes []AccessMode
	// CIDRs says what becomes of Access.CIDRs; "" counts as FieldRefused.
	CIDRs FieldUse
	// MaxCIDRs is the largest number of them; 0 means no bound.
	MaxCIDRs int
	// CIDRsIPv4Only is true where networks of IPv6 are refused.
	CIDRsIPv4Only bool
	// CIDRsWhenPrivate is true where they bind the private endpoint too, so that a
	// cluster without a public one may have them.
	CIDRsWhenPrivate bool
	// CIDRsWayOut says what to do instead where CIDRs are refused, after the words
	// "leave it out, and".
	CIDRsWayOut string
}

// Durations holds how long the long operations of a cloud typically take. They
// inform a progress display; nothing is decided by them.
type Durations struct {
	// Each is by the vendor's documents or by reports, and none was measured by pmks; 0 means
	// that nothing is known. UpgradeNodeGroup is for one group.
	CreateCluster       time.Duration
	DeleteCluster       time.Duration
	AddNodeGroup        time.Duration
	RemoveNodeGroup     time.Duration
	ScaleNodeGroup      time.Duration
	UpgradeControlPlane time.Duration
	UpgradeNodeGroup    time.Duration
}
