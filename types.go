// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// IID names a resource: NameId is the name its user gave it, SystemId the
// identifier the cloud gave it.
type IID struct {
	// NameId is the name, SystemId what the cloud knows the resource by. Either half is
	// enough in a call.
	NameId   string
	SystemId string
}

// String returns "name", "name:id" or ":id", which [ParseIID] reads back.
func (i IID) String() string {
	if i.SystemId == "" {
		return i.NameId
	}
	return i.NameId + ":" + i.SystemId
}

// IsZero reports whether both halves are empty.
func (i IID) IsZero() bool { return i == IID{} }

// ParseIID reads "name", "name:id" or ":id". Only the first colon separates, so
// ids may contain colons (ARNs do). It fails with ErrInvalidArgument when both
// halves are empty, or when a half holds a control character.
func ParseIID(s string) (IID, error) {
	name, id, _ := strings.Cut(s, ":")
	iid := IID{NameId: strings.TrimSpace(name), SystemId: strings.TrimSpace(id)}
	if err := CheckIID("IId", iid); err != nil {
		return IID{}, err
	}
	return iid, nil
}

// KeyValue is one fact that has no field of its own.
type KeyValue struct {
	// Key and Value are as the cloud has them, within its rules of length and characters.
	Key   string
	Value string
}

// Keys that pmks itself uses in a KeyValueList, on every cloud.
const (
	// KeyNativeStatus holds the vendor's own word for the status.
	KeyNativeStatus = "NativeStatus"
	// KeyIgnored names, separated by commas, the request fields that were
	// ignored because the cloud has no use for them and no harm comes of it.
	KeyIgnored = "pmks:ignored"
	// KeyUnread names, separated by commas, the facts that could not be read, each
	// with the code of its failure, such as "Nodes(PermissionDenied)". They are left
	// empty: unread is unknown, not absent.
	KeyUnread = "pmks:unread"
)

// Lookup returns the value of the first pair with the given key.
func Lookup(list []KeyValue, key string) (string, bool) {
	for _, kv := range list {
		if kv.Key == key {
			return kv.Value, true
		}
	}
	return "", false
}

// UnreadFact is one entry of [KeyUnread].
type UnreadFact struct {
	// Field is the field that is empty, such as "Nodes".
	Field string
	// Code says why it could not be read.
	Code Code
}

// String returns the entry as it stands in the list, such as
// "Nodes(PermissionDenied)".
func (u UnreadFact) String() string { return u.Field + "(" + u.Code.String() + ")" }

// Unread returns what could not be read, from the KeyValueList of a cluster or node
// group.
func Unread(list []KeyValue) []UnreadFact {
	value, _ := Lookup(list, KeyUnread)
	var facts []UnreadFact
	for entry := range strings.SplitSeq(value, ",") {
		field, word, _ := strings.Cut(strings.TrimSpace(entry), "(")
		if field != "" {
			facts = append(facts, UnreadFact{field, codeOfWord(strings.TrimSuffix(word, ")"))})
		}
	}
	return facts
}

// AddUnread returns list with an entry more under [KeyUnread]; list itself stays as
// it is. Nothing is added where err is nil.
func AddUnread(list []KeyValue, field string, err error) []KeyValue {
	if err == nil {
		return list
	}
	list = slices.Clone(list)
	entry := UnreadFact{field, CodeOf(err)}.String()
	for i, kv := range list {
		if kv.Key == KeyUnread {
			list[i].Value = kv.Value + "," + entry
			return list
		}
	}
	return append(list, KeyValue{Key: KeyUnread, Value: entry})
}

// ClusterInfo describes a cluster, both as a request and as read.
//
// A request uses IId.NameId, Version, Network, NodeGroupList, TagList and Access; the
// other fields are filled on output and ignored on input.
type ClusterInfo struct {
	// IId names the cluster: NameId in a request, both halves in what is read.
	IId IID

	// Version is the Kubernetes version of the control plane. In a request ""
	// and "default" mean the cloud's default; "1.30" and "1.30.2" are resolved
	// against what the cloud offers.
	Version string

	// Network is what the cluster lies in, NodeGroupList its node groups, of a request too;
	// AccessInfo and Addons are filled by reads alone.
	Network       NetworkInfo
	NodeGroupList []NodeGroupInfo
	AccessInfo    AccessInfo
	Addons        AddonsInfo

	// Status is one of the five words, of what is read.
	Status ClusterStatus
	// StatusReason says why a cluster is Inactive, in the vendor's words. It may
	// be set in other states.
	StatusReason string
	// StatusFinal is true when the cluster is Inactive and the cloud will not
	// change that by itself: it failed for good, or it is stopped.
	StatusFinal bool

	// CreatedTime is when the cloud began to make the cluster. TagList are the user's tags.
	// KeyValueList is what the vendor says beside, and NativeStatus, pmks:ignored and
	// pmks:unread.
	CreatedTime  time.Time
	TagList      []KeyValue
	KeyValueList []KeyValue

	// Access is not part of V0.6: from where the Kubernetes API can be reached.
	Access Access
}

// NetworkInfo says where a cluster lives. The user brings these resources; pmks
// never creates them.
type NetworkInfo struct {
	// VpcIID is the network, SubnetIIDs are subnets of it, SecurityGroupIIDs what guards
	// nodes or control plane, as the cloud has it; see Capabilities for how many it takes.
	VpcIID            IID
	SubnetIIDs        []IID
	SecurityGroupIIDs []IID

	KeyValueList []KeyValue
}

// NodeGroupInfo describes a node group, both as a request and as read.
//
// A request uses the fields up to MaxNodeSize, and Labels, Taints, Spot and Zones; the
// others are filled on output and ignored on input. All sizes are totals for the whole
// group.
type NodeGroupInfo struct {
	// IId names the node group.
	IId IID

	// ImageIID is the image of the nodes; empty leaves it to the cloud. VMSpecName is the
	// vendor's machine type.
	ImageIID   IID
	VMSpecName string
	// RootDiskType is the vendor's disk type; "" and "default" leave it to the
	// cloud.
	RootDiskType string
	// RootDiskSize is a number of GiB; "" and "default" leave it to the cloud.
	RootDiskSize string
	// KeyPairIID is the key pair for SSH; empty means none, where the cloud allows that.
	KeyPairIID IID

	// OnAutoScaling lets the autoscaler choose the size within the bounds. Sizes are nodes of
	// the whole group, in all zones: 0 <= MinNodeSize <= DesiredNodeSize <= MaxNodeSize.
	OnAutoScaling   bool
	DesiredNodeSize int
	MinNodeSize     int
	MaxNodeSize     int

	// Status is one of the five words, of what is read.
	Status NodeGroupStatus
	// StatusReason and StatusFinal are as in ClusterInfo.
	StatusReason string
	StatusFinal  bool

	// Version is the Kubernetes version of the nodes.
	Version string
	// Nodes holds the VM ids as SystemId, and the node names as NameId where
	// they come for free.
	Nodes []IID

	KeyValueList []KeyValue

	// The fields from here on are not part of V0.6. What a cloud cannot honour is refused
	// with ErrUnsupported, see NodeGroupRule.

	// Labels are the Kubernetes labels that every node of the group gets. On output they
	// are those of the user; what the cloud adds by itself is left out.
	Labels map[string]string
	// Taints are those that every node of the group gets, as for Labels.
	Taints []Taint
	// Spot asks for machines that the cloud may take back at any time, for less money.
	Spot bool
	// Zones are the availability zones that the nodes are spread over, in the cloud's
	// words, such as "us-east-2a"; on Azure "1". None leaves it to the cloud, which
	// takes those of the cluster's subnets where it can.
	Zones []string
}

// AddonsInfo holds what the cloud says of the cluster's add-ons.
type AddonsInfo struct {
	// KeyValueList has the name of each add-on and its version, where the cloud tells them.
	KeyValueList []KeyValue
}

// Version is one Kubernetes version that a cloud offers.
type Version struct {
	// Name is the version in the vendor's form, such as "1.33" or
	// "1.33.5-gke.2072000".
	Name string
	// Default marks the version that "" and "default" stand for.
	Default bool
	// Deprecated marks a version at or near the end of its support.
	Deprecated bool
}

// State is the cheapest look at a cluster, or at one of its node groups.
type State struct {
	// Cluster and NodeGroup name what was looked at; NodeGroup is zero where the
	// cluster was.
	Cluster   IID
	NodeGroup IID

	// Status is the word of the target; those of clusters and of node groups are the
	// same five.
	Status ClusterStatus
	// StatusReason and StatusFinal are as in ClusterInfo.
	StatusReason string
	StatusFinal  bool
	// Version is the Kubernetes version of the control plane, or of the group's
	// nodes; empty where the look does not tell it.
	Version string

	// DesiredNodeSize is the size that the cloud holds for a node group, and
	// NodeCount how many nodes there are, deleted ones left out; each is -1 for a
	// cluster and where the look does not tell it.
	DesiredNodeSize int
	NodeCount       int
}

// Operation is a cloud's record of something that was done to a cluster or node
// group.
type Operation struct {
	// ID and Kind are the vendor's id and word.
	ID   string
	Kind string
	// Start and End are zero where the cloud does not tell them, or has not ended.
	Start time.Time
	End   time.Time
	// Done is true when it has ended, well or not.
	Done bool
	// Err is why it failed, an [*Error] with the vendor's code and sentence; nil
	// while it runs and when it went well.
	Err error
}

// Clone returns a copy that shares no memory with c.
func (c ClusterInfo) Clone() ClusterInfo {
	c.Network.SubnetIIDs = slices.Clone(c.Network.SubnetIIDs)
	c.Network.SecurityGroupIIDs = slices.Clone(c.Network.SecurityGroupIIDs)
	c.Network.KeyValueList = slices.Clone(c.Network.KeyValueList)
	c.Addons.KeyValueList = slices.Clone(c.Addons.KeyValueList)
	c.TagList = slices.Clone(c.TagList)
	c.KeyValueList = slices.Clone(c.KeyValueList)
	c.Access.CIDRs = slices.Clone(c.Access.CIDRs)
	groups := slices.Clone(c.NodeGroupList)
	for i := range groups {
		groups[i] = groups[i].Clone()
	}
	c.NodeGroupList = groups
	return c
}

// Clone returns a copy that shares no memory with n.
func (n NodeGroupInfo) Clone() NodeGroupInfo {
	n.Nodes = slices.Clone(n.Nodes)
	n.KeyValueList = slices.Clone(n.KeyValueList)
	n.Labels = maps.Clone(n.Labels)
	n.Taints = slices.Clone(n.Taints)
	n.Zones = slices.Clone(n.Zones)
	return n
}

// NodeGroup returns the node group that iid names, by SystemId if it has one,
// else by NameId.
func (c ClusterInfo) NodeGroup(iid IID) (NodeGroupInfo, bool) {
	for _, g := range c.NodeGroupList {
		if iid.SystemId != "" && g.IId.SystemId == iid.SystemId ||
			iid.SystemId == "" && iid.NameId != "" && g.IId.NameId == iid.NameId {
			return g, true
		}
	}
	return NodeGroupInfo{}, false
}

// Format prints c as fmt does, with its kubeconfig redacted. Without it a pointer
// inside a slice would show everything under a verb that is not for pointers.
func (c ClusterInfo) Format(f fmt.State, verb rune) {
	type plain ClusterInfo // without methods; its AccessInfo keeps its own
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// LogValue keeps log lines short and the kubeconfig out of them.
func (c ClusterInfo) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("name", c.IId.NameId),
		slog.String("id", c.IId.SystemId),
		slog.String("version", c.Version),
		slog.String("status", string(c.Status)),
		slog.String("reason", c.StatusReason),
		slog.Int("nodeGroups", len(c.NodeGroupList)),
	)
}
