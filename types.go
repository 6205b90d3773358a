// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/redact"
)

// IID names a resource: NameId is the name its user gave it, SystemId the
// identifier the cloud gave it.
type IID struct {
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
// A request uses IId.NameId, Version, Network, NodeGroupList and TagList; the
// other fields are filled on output and ignored on input.
type ClusterInfo struct {
	IId IID

	// Version is the Kubernetes version of the control plane. In a request ""
	// and "default" mean the cloud's default; "1.30" and "1.30.2" are resolved
	// against what the cloud offers.
	Version string

	Network       NetworkInfo
	NodeGroupList []NodeGroupInfo
	AccessInfo    AccessInfo
	Addons        AddonsInfo

	Status ClusterStatus
	// StatusReason says why a cluster is Inactive, in the vendor's words. It may
	// be set in other states.
	StatusReason string
	// StatusFinal is true when the cluster is Inactive and the cloud will not
	// change that by itself: it failed for good, or it is stopped.
	StatusFinal bool

	CreatedTime  time.Time
	TagList      []KeyValue
	KeyValueList []KeyValue
}

// NetworkInfo says where a cluster lives. The user brings these resources; pmks
// never creates them.
type NetworkInfo struct {
	VpcIID            IID
	SubnetIIDs        []IID
	SecurityGroupIIDs []IID

	KeyValueList []KeyValue
}

// NodeGroupInfo describes a node group, both as a request and as read.
//
// A request uses the fields up to MaxNodeSize; the others are filled on output
// and ignored on input. All sizes are totals for the whole group.
type NodeGroupInfo struct {
	IId IID

	ImageIID   IID
	VMSpecName string
	// RootDiskType is the vendor's disk type; "" and "default" leave it to the
	// cloud.
	RootDiskType string
	// RootDiskSize is a number of GiB; "" and "default" leave it to the cloud.
	RootDiskSize string
	KeyPairIID   IID

	OnAutoScaling   bool
	DesiredNodeSize int
	MinNodeSize     int
	MaxNodeSize     int

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
}

// AccessInfo is the way into a cluster. Both texts are empty until the control
// plane is up, and ListCluster leaves Kubeconfig out.
//
// It prints redacted under every fmt verb, in slog and in JSON, alone and inside
// other values; read Kubeconfig to use or to store it.
type AccessInfo struct {
	// Endpoint is the URL of the Kubernetes API.
	Endpoint string
	// Kubeconfig works in kubectl with nothing else installed, unless the
	// provider's settings ask for another kind. It is a secret.
	Kubeconfig string
	// ExpiresAt is when the credential in Kubeconfig ends; zero if it does not
	// end soon.
	ExpiresAt time.Time
}

// AddonsInfo holds what the cloud says of the cluster's add-ons.
type AddonsInfo struct {
	KeyValueList []KeyValue
}

// Token is a bearer token for the Kubernetes API of a cluster. It prints
// redacted everywhere, JSON included; read Value to use it.
type Token struct {
	Value     string
	ExpiresAt time.Time
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

func (a AccessInfo) redacted() string {
	kubeconfig := ""
	if a.Kubeconfig != "" {
		kubeconfig = redact.Placeholder
	}
	return fmt.Sprintf("{Endpoint:%s Kubeconfig:%s ExpiresAt:%s}", a.Endpoint, kubeconfig, formatTime(a.ExpiresAt))
}

// String returns the endpoint and the expiry; the kubeconfig is redacted.
func (a AccessInfo) String() string { return a.redacted() }

// Format prints a redacted, whatever the verb.
func (a AccessInfo) Format(f fmt.State, _ rune) { fmt.Fprint(f, a.redacted()) }

// LogValue logs a redacted.
func (a AccessInfo) LogValue() slog.Value { return slog.StringValue(a.redacted()) }

// MarshalJSON encodes a with its kubeconfig redacted: slog's JSON handler would
// write whatever holds an AccessInfo with it.
func (a AccessInfo) MarshalJSON() ([]byte, error) {
	type plain AccessInfo // without this method
	if a.Kubeconfig != "" {
		a.Kubeconfig = redact.Placeholder
	}
	return json.Marshal(plain(a))
}

func (t Token) redacted() string {
	value := ""
	if t.Value != "" {
		value = redact.Placeholder
	}
	return fmt.Sprintf("{Value:%s ExpiresAt:%s}", value, formatTime(t.ExpiresAt))
}

// String returns the expiry; the value is redacted.
func (t Token) String() string { return t.redacted() }

// Format prints t redacted, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { fmt.Fprint(f, t.redacted()) }

// LogValue logs t redacted.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.redacted()) }

// MarshalJSON encodes the expiry only.
func (t Token) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Value     string
		ExpiresAt time.Time
	}{redact.Placeholder, t.ExpiresAt})
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
