// SPDX-License-Identifier: Apache-2.0

// Package profile describes seven clouds, and a neutral one, as data: status
// words, name rules, limits, subnets, versions and upgrade rules, autoscaling
// rules, what may overlap, identifiers and typical durations.
//
// sim/core runs on a profile. The numbers and words come from the vendors'
// documents and SDKs; each profile file names them.
package profile

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
)

// State is where a simulated cluster or node group is in its life. It is finer
// than the five portable words: each vendor has words of its own for each.
type State int

// The states. Gone is never shown: a resource that is Gone is not found.
const (
	Gone State = iota
	Creating
	Active
	Updating
	Deleting
	CreateFailed
	UpdateFailed
	DeleteFailed
	Degraded
	Stopped
)

// States lists every state that can be shown.
var States = []State{Creating, Active, Updating, Deleting, CreateFailed, UpdateFailed, DeleteFailed, Degraded, Stopped}

// String returns the state's name, such as "CreateFailed".
func (s State) String() string {
	names := [...]string{"Gone", "Creating", "Active", "Updating", "Deleting",
		"CreateFailed", "UpdateFailed", "DeleteFailed", "Degraded", "Stopped"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return names[s]
}

// Portable returns the word that pmks shows for s, and whether the cloud will
// not leave the state by itself.
func (s State) Portable() (status pmks.ClusterStatus, final bool) {
	switch s {
	case Creating:
		return pmks.ClusterCreating, false
	case Active:
		return pmks.ClusterActive, false
	case Updating:
		return pmks.ClusterUpdating, false
	case Deleting:
		return pmks.ClusterDeleting, false
	case Degraded:
		return pmks.ClusterInactive, false
	}
	return pmks.ClusterInactive, true
}

// Operation is a kind of work that takes time.
type Operation string

// The operations.
const (
	CreateCluster       Operation = "CreateCluster"
	DeleteCluster       Operation = "DeleteCluster"
	AddNodeGroup        Operation = "AddNodeGroup"
	RemoveNodeGroup     Operation = "RemoveNodeGroup"
	ScaleNodeGroup      Operation = "ScaleNodeGroup"
	SetAutoScaling      Operation = "SetAutoScaling"
	UpgradeControlPlane Operation = "UpgradeControlPlane"
	UpgradeNodeGroup    Operation = "UpgradeNodeGroup"
	// UpgradeAll moves the control plane and every group in one operation.
	UpgradeAll Operation = "UpgradeAll"
	// UpdateCluster is any other change of a cluster, such as its tags.
	UpdateCluster Operation = "UpdateCluster"
)

// Profile is one cloud as data. A Profile is never modified after init; use
// Clone to derive one.
type Profile struct {
	// Name is the provider name, such as "aws", or "neutral".
	Name string
	// Title is the cloud and its service.
	Title string
	// Region and Zones are where a simulated connection lives unless told
	// otherwise.
	Region string
	Zones  []string

	// Caps is what pmks publishes for this cloud.
	Caps pmks.Capabilities
	// Words are the vendor's status words.
	Words Words
	// Offer lists the versions on offer, newest first, one of them the default.
	Offer []pmks.Version
	// MarksNone: the cloud's list of versions says neither which is the default nor which
	// end soon. Then the newest stands for "" and "default", and the Default of Offer is
	// what an account was given before that came.
	MarksNone bool
	Upgrade   UpgradeRule
	Exclusive Exclusivity
	Limits    Limits
	IDs       IDs
	// PageSize is how many clusters one list call returns at most.
	PageSize int
	// GroupsFirst: the cloud refuses to delete a cluster that has node groups.
	GroupsFirst bool
	// UniqueNames: the cloud itself refuses a second cluster of the same name.
	// Where it does not, the provider looks first.
	UniqueNames bool
	// UpdateFails is the state after a failed update: UpdateFailed where the
	// cloud has a word for it, Active where it returns to what it was.
	UpdateFails State
	// Spread is how far a duration strays from the typical one, as a fraction:
	// 0.2 means from 80% to 120%.
	Spread float64
	// Manner is what pmks can tell and do there, and when.
	Manner Manner
}

// Words holds the vendor's words. UpdatingBy refines Updating by what is going
// on, where the vendor has a word of its own for it.
type Words struct {
	Cluster    map[State]string
	NodeGroup  map[State]string
	UpdatingBy map[Operation]string
}

// UpgradeRule says how a cloud upgrades.
type UpgradeRule struct {
	Mode UpgradeMode
	// MatchFirst: the control plane may move on only when every node group is at
	// its version.
	MatchFirst bool
	// MaxSkew is how many minors a node group may lag; 0 means no rule.
	MaxSkew int
}

// UpgradeMode says in what operations an upgrade comes.
type UpgradeMode int

// The upgrade modes.
const (
	// OneOperation moves the control plane and all groups together (AKS).
	OneOperation UpgradeMode = iota
	// GroupsTogether moves the control plane, then all groups in parallel.
	GroupsTogether
	// GroupsInTurn moves the control plane, then one group after the other.
	GroupsInTurn
)

// Exclusivity says what a cloud refuses while something is under way.
type Exclusivity struct {
	// PerCluster: one operation at a time in a cluster, groups included. Else
	// one per group, while the cluster itself is idle.
	PerCluster bool
	// ClusterFollows: the cluster shows Updating while one of its groups is
	// worked on.
	ClusterFollows bool
	// GroupsApart: node groups and the control plane are worked on whatever the
	// other is doing. What begins on a group takes the place of what is under way
	// there. Only a cluster that has failed or is being deleted refuses.
	GroupsApart bool
	// DeleteUnfinished: a deletion is accepted while the cluster is created, and cuts that
	// short.
	DeleteUnfinished bool
	// DeleteAnytime: a deletion is accepted whatever is under way.
	DeleteAnytime bool
}

// Manner is what the provider of a cloud can tell and do there, and when, as far as neither
// the capabilities nor the states say it. The fake does the same; the core and the
// simulators do not look at it.
type Manner struct {
	// CertificateLife is how long the client certificate of a kubeconfig is good for,
	// where the cloud says so.
	CertificateLife time.Duration
	// SignsTokens: a token is signed without a question to the cloud, of any cluster.
	SignsTokens bool
	// OpensWithNodes: the endpoint is opened of a cluster that has nodes.
	OpensWithNodes bool

	// ClusterAlone: what is done to the cluster itself, such as a change of its tags,
	// does not begin while a group is worked on, nor a group is added then.
	ClusterAlone bool
	// TagsTakeTime: a change of tags is an operation, and not done at once.
	TagsTakeTime bool

	// SwitchAtOnce: autoscaling is switched by a mark beside the group, at once.
	SwitchAtOnce bool
	// BoundsAtOnce: bounds alone are changed by such a mark while autoscaling is off.
	BoundsAtOnce bool
	// SwitchApart: autoscaling is no part of the request for a group.
	SwitchApart bool
	// StartsAtMin: a group that begins with autoscaling begins with its smallest size.
	StartsAtMin bool
	// ShownWhenDone: reads show autoscaling as it was until the operation that switches
	// it has ended.
	ShownWhenDone bool
	// WithNodes are the facts of a group that are told with its nodes, and unread where
	// those are: "Version", "DesiredNodeSize", "Status".
	WithNodes []string
}

// Has reports whether a fact of a group is told with its nodes.
func (m Manner) Has(fact string) bool { return slices.Contains(m.WithNodes, fact) }

// Limits are the default quotas; exceeding one is QuotaExceeded. 0 means none.
type Limits struct {
	Clusters      int
	NodeGroups    int
	NodesPerGroup int
}

// IDs says how identifiers look. In a template, {name} is the resource's name,
// {cluster} its cluster's SystemId, {clusterName} its cluster's name, {group} its group's name, {region} the region,
// {uuid} a random UUID, and {hexN} and {alnumN} are N random characters. A
// SystemId made of names only is the same again after a delete and create.
type IDs struct {
	Cluster   string
	NodeGroup string
	// Node is the id of a VM; NodeName its Kubernetes name, empty where it does
	// not come for free.
	Node     string
	NodeName string
	Endpoint string
}

// Clone returns a copy that may be changed.
func (p *Profile) Clone() *Profile {
	c := *p
	c.Zones = slices.Clone(p.Zones)
	c.Offer = slices.Clone(p.Offer)
	c.Words.Cluster = maps.Clone(p.Words.Cluster)
	c.Words.NodeGroup = maps.Clone(p.Words.NodeGroup)
	c.Words.UpdatingBy = maps.Clone(p.Words.UpdatingBy)
	c.Caps = p.Caps.Clone()
	c.Manner.WithNodes = slices.Clone(p.Manner.WithNodes)
	return &c
}

// ClusterWord returns the vendor's word for a cluster in state s; by is what is
// going on, for states in transition.
func (p *Profile) ClusterWord(s State, by Operation) string {
	return p.word(p.Words.Cluster, s, by)
}

// NodeGroupWord returns the vendor's word for a node group in state s.
func (p *Profile) NodeGroupWord(s State, by Operation) string {
	return p.word(p.Words.NodeGroup, s, by)
}

func (p *Profile) word(words map[State]string, s State, by Operation) string {
	if s == Updating {
		if w, ok := p.Words.UpdatingBy[by]; ok {
			return w
		}
	}
	return words[s]
}

// Typical returns how long an operation takes on this cloud.
func (p *Profile) Typical(op Operation) time.Duration {
	t := p.Caps.Typical
	switch op {
	case CreateCluster:
		return t.CreateCluster
	case DeleteCluster:
		return t.DeleteCluster
	case AddNodeGroup:
		return t.AddNodeGroup
	case RemoveNodeGroup:
		return t.RemoveNodeGroup
	case ScaleNodeGroup:
		return t.ScaleNodeGroup
	case UpgradeControlPlane:
		return t.UpgradeControlPlane
	case UpgradeNodeGroup:
		return t.UpgradeNodeGroup
	case UpgradeAll:
		return t.UpgradeControlPlane + t.UpgradeNodeGroup
	case SetAutoScaling, UpdateCluster:
		return 20 * time.Second
	}
	return 0
}

// Default returns the version that "" and "default" stand for.
func (p *Profile) Default() string {
	for _, v := range p.Offer {
		if v.Default {
			return v.Name
		}
	}
	return ""
}

// Listed returns the versions on offer as the cloud's list tells them, newest first.
func (p *Profile) Listed() []pmks.Version {
	list := slices.Clone(p.Offer)
	if p.MarksNone {
		for i := range list {
			list[i].Default, list[i].Deprecated = i == 0, false
		}
	}
	return list
}

// Standard returns the name of the version that "" and "default" stand for, as Listed marks it.
func (p *Profile) Standard() string {
	if p.MarksNone && len(p.Offer) > 0 {
		return p.Offer[0].Name
	}
	return p.Default()
}

// OfferedNames returns the names of the versions on offer, newest first.
func (p *Profile) OfferedNames() []string {
	names := make([]string, len(p.Offer))
	for i, v := range p.Offer {
		names[i] = v.Name
	}
	return names
}

// all holds the profiles in the order of the contract's table, neutral last.
var all = []*Profile{aws, azure, gcp, alibaba, tencent, nhn, ibm, neutral}

// All returns every profile.
func All() []*Profile { return slices.Clone(all) }

// Names returns the names of All.
func Names() []string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Name
	}
	return names
}

// Get returns the profile of that name.
func Get(name string) (*Profile, bool) {
	for _, p := range all {
		if p.Name == name {
			return p, true
		}
	}
	return nil, false
}
