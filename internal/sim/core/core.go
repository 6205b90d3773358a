// SPDX-License-Identifier: Apache-2.0

// Package core is one deterministic machine that behaves like a managed
// Kubernetes service: clusters, node groups and the operations that move them.
// The fake and the wire simulators are skins over it.
//
// It is pure. Commands and the time come in, results come out; it has no clock,
// no random source but one seeded stream, and no I/O. Time passes when a method
// is called with a later now: operations that ended in between take effect in
// the order of their end. The same seed, commands and times give the same world.
//
// A World is not safe for concurrent use; its skin holds a lock. Pointers that
// it returns are for reading while that lock is held.
package core

import (
	"fmt"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Options configures a World.
type Options struct {
	// Seed starts the random stream.
	Seed uint64
	// Scale multiplies every duration; 0 means 1.
	Scale float64
	// Durations replaces the typical duration of single operations.
	Durations map[profile.Operation]time.Duration
	// Inventory holds what exists beside clusters. Nil: every reference in a
	// request exists.
	Inventory *Inventory
	// Region is the connection's region; empty means the profile's.
	Region string
	// ReadLag is how long reads of clusters go on showing what was before an
	// accepted command: a new cluster is absent, one being deleted is Active.
	// Commands, and reads of operations, always see the truth.
	ReadLag time.Duration
}

// Cluster is a cluster as the cloud holds it.
type Cluster struct {
	ID      string
	Name    string
	Version string
	State   profile.State
	// By is the operation that State speaks of, while in transition.
	By profile.Operation
	// Reason says why the state is what it is; set for every failed state.
	Reason  string
	Created time.Time
	Network pmks.NetworkInfo
	// Access holds what was asked for; its endpoints are not used.
	Access    pmks.Access
	Tags      map[string]string
	Groups    []*NodeGroup // in the order of creation
	Protected bool
	// AccessOpen: the public endpoint is open. Always true where opening is not
	// a call of its own.
	AccessOpen bool
	// ControlPlaneUp: the API answers, so that a kubeconfig can be had.
	ControlPlaneUp bool
	Endpoint       string
	// Token is the idempotency token or request tag of the creation.
	Token string
	// Attr holds what only a skin knows, such as a role. The core keeps it.
	Attr map[string]string

	// own is the cluster's own state; State shows Updating instead where the
	// cloud lets a cluster follow its groups.
	own     profile.State
	ownBy   profile.Operation
	seq     uint64       // the order of creation
	running *operation   // the operation on the cluster itself
	history []*operation // oldest first, at most historyLimit
	removed bool         // no longer in the world, not yet swept out of its list
}

// NodeGroup is a node group as the cloud holds it.
type NodeGroup struct {
	ID      string
	Name    string
	Version string
	State   profile.State
	By      profile.Operation
	Reason  string
	Created time.Time

	// Spec is the request: image, machine, disk and key. Its sizes are not used.
	Spec pmks.NodeGroupInfo

	Auto              bool
	Desired, Min, Max int
	// BoundsKnown is false while nobody has given Min and Max.
	BoundsKnown bool
	// Nodes follow Desired when a scaling operation ends.
	Nodes []pmks.IID

	Token string
	Attr  map[string]string

	running *operation // the operation on this group alone
	// follows: State comes from the operation on the cluster, which will settle it.
	follows bool
}

// OperationRecord is work under way, or done, as clouds with operation resources
// show it.
type OperationRecord struct {
	ID        string
	Kind      profile.Operation
	ClusterID string
	GroupID   string // empty: the cluster itself
	// Target is the version an upgrade goes to.
	Target string
	// Word is the vendor's word for it, if the skin gave one.
	Word string
	// End is when it ended, or will end; zero if it never will. Until Begins it is
	// accepted and has not begun: what it is about may show as it was.
	Start, Begins, End time.Time
	Done               bool
	// Failure is the reason when it failed or was cut short.
	Failure string
}

// Pending reports whether the operation is accepted and has not begun.
func (r OperationRecord) Pending(now time.Time) bool { return !r.Done && now.Before(r.Begins) }

// Reason says why a command was refused.
type Reason int

// The reasons. Skins turn them into their vendor's codes and statuses.
const (
	InvalidArgument Reason = iota
	ClusterNotFound
	GroupNotFound
	ClusterExists
	GroupExists
	// Busy: something is under way that excludes the command.
	Busy
	// BadState: the target has failed, is stopped or is being deleted.
	BadState
	Unsupported
	QuotaExceeded
	// LastGroup: the cloud does not give the last group up.
	LastGroup
	// GroupsPresent: the cloud does not delete a cluster with groups.
	GroupsPresent
	Protected
	// VersionUnknown: not on offer. Allowed lists what is.
	VersionUnknown
	Downgrade
	// StepTooLarge: Allowed lists the versions that come next.
	StepTooLarge
	// GroupsLag: the control plane may not move before the groups have.
	GroupsLag
	// NothingToDo: the command would change nothing.
	NothingToDo
	// NotInInventory: a reference of the request does not exist.
	NotInInventory
)

// reasonTable holds the word of each reason, by its number.
var reasonTable = [...]string{
	InvalidArgument: "InvalidArgument",
	ClusterNotFound: "ClusterNotFound",
	GroupNotFound:   "GroupNotFound",
	ClusterExists:   "ClusterExists",
	GroupExists:     "GroupExists",
	Busy:            "Busy",
	BadState:        "BadState",
	Unsupported:     "Unsupported",
	QuotaExceeded:   "QuotaExceeded",
	LastGroup:       "LastGroup",
	GroupsPresent:   "GroupsPresent",
	Protected:       "Protected",
	VersionUnknown:  "VersionUnknown",
	Downgrade:       "Downgrade",
	StepTooLarge:    "StepTooLarge",
	GroupsLag:       "GroupsLag",
	NothingToDo:     "NothingToDo",
	NotInInventory:  "NotInInventory",
}

// String returns the reason's name, such as "ClusterNotFound".
func (r Reason) String() string {
	if r < 0 || int(r) >= len(reasonTable) {
		return fmt.Sprintf("Reason(%d)", int(r))
	}
	return reasonTable[r]
}

// Refusal is the error of a command that changed nothing. A request with several
// faults gets one Refusal for each, joined; see Refusals.
type Refusal struct {
	Reason Reason
	// Field is the path of the faulty field in the request as pmks has it, such
	// as "Network.SubnetIIDs[1]" or "NodeGroupList[0].MaxNodeSize".
	Field   string
	Message string
	Allowed []string
	// Blocker is what is in the way: the name of a group, or an operation's id.
	Blocker string
}

// Error returns the message with its field.
func (r *Refusal) Error() string {
	if r.Field == "" {
		return r.Message
	}
	return r.Field + ": " + r.Message
}

// Refusals returns every Refusal in an error of Apply, Check, Put or Page.
func Refusals(err error) []*Refusal {
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case *Refusal:
		return []*Refusal{e}
	case interface{ Unwrap() []error }:
		var all []*Refusal
		for _, part := range e.Unwrap() {
			all = append(all, Refusals(part)...)
		}
		return all
	}
	return nil
}

func refuse(reason Reason, field, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Command is something that is asked of the cloud. Each is accepted whole or
// refused whole.
type Command interface {
	// kind is the operation that starts when the command is accepted.
	kind() profile.Operation
}

// The commands. Clusters and groups are named by id, never by name: skins
// resolve names first, as the clouds' own clients must.
type (
	// CreateCluster makes a cluster with its groups, each Creating. The same
	// Token with the same Name gives the cluster that exists already.
	CreateCluster struct {
		Name    string
		Version string // as offered, exactly; "" means the default
		Network pmks.NetworkInfo
		Access  pmks.Access
		Tags    map[string]string
		Groups  []AddNodeGroup // ClusterID is not used
		Token   string
		Attr    map[string]string
	}
	// DeleteCluster removes a cluster, and its groups unless the cloud wants them
	// gone first.
	DeleteCluster struct{ ClusterID string }
	// AddNodeGroup makes a group in a cluster.
	AddNodeGroup struct {
		ClusterID string
		Spec      pmks.NodeGroupInfo // its IId.NameId is the name
		Version   string             // "" means the control plane's
		Token     string
		Attr      map[string]string
	}
	// RemoveNodeGroup removes a group.
	RemoveNodeGroup struct{ ClusterID, GroupID string }
	// SetAutoScaling switches autoscaling and sets the bounds that go with it; a
	// Min and Max of 0 leave the bounds as they are. The size stays, but for the
	// autoscaler, which moves it into the bounds. AtOnce: the switch is a mark beside
	// the group, and no operation begins.
	SetAutoScaling struct {
		ClusterID, GroupID string
		On                 bool
		Min, Max           int
		AtOnce             bool
	}
	// Scale sets sizes. KeepDesired leaves the size as it is, clamped into the
	// bounds if autoscaling is on; so does any size on a cloud that leaves it to
	// the autoscaler. A Min and Max of 0 leave the bounds as they are. Remove names
	// nodes that go before others when there are to be fewer. AtOnce, with KeepDesired:
	// the bounds are marks beside the group, and no operation begins.
	Scale struct {
		ClusterID, GroupID string
		Desired, Min, Max  int
		KeepDesired        bool
		Remove             []string
		AtOnce             bool
	}
	// UpgradeControlPlane moves the control plane to an offered version; with
	// Groups, every group with it in the same operation.
	UpgradeControlPlane struct {
		ClusterID, Version string
		Groups             bool
	}
	// UpgradeNodeGroup moves a group to the control plane's version.
	UpgradeNodeGroup struct{ ClusterID, GroupID string }
	// SetTags replaces the tags of a cluster; it takes effect at once.
	SetTags struct {
		ClusterID string
		Tags      map[string]string
	}
	// SetAccess opens or closes the public endpoint; it takes effect at once.
	SetAccess struct {
		ClusterID string
		Open      bool
	}
	// SetProtection switches deletion protection; it takes effect at once.
	SetProtection struct {
		ClusterID string
		On        bool
	}
	// Force puts a cluster, or a group of it, into a state, whatever it was
	// doing, as a test or a failure of the vendor does. A state in
	// transition stays until it is forced again or deleted. Gone removes. AtOnce: reads
	// show it, whatever their lag, and what they have been keeping back with it.
	Force struct {
		ClusterID, GroupID string
		State              profile.State
		Reason             string
		AtOnce             bool
	}
	// Work is an operation that only the vendor knows: a change of labels, a stop, a
	// repair. It is never refused for a state: the skin decides on that. The target
	// is Updating and then in the state To, Active if it is not given, with Reason;
	// what it was doing is cut short. Aside, it leaves the target alone and runs
	// beside whatever else there is; so may several. Then is a command that takes effect
	// at once, and does so when the operation has succeeded, if it is taken then.
	Work struct {
		ClusterID, GroupID string
		Took               time.Duration // exactly: nothing is drawn, and Options.Scale is not looked at
		Aside              bool
		To                 profile.State
		Reason             string
		Then               Command
	}
	// CancelOperation cuts an operation short that was started Aside, or that is
	// Updating a group, which is Active then.
	CancelOperation struct{ OperationID, Why string }
)

func (CreateCluster) kind() profile.Operation    { return profile.CreateCluster }
func (DeleteCluster) kind() profile.Operation    { return profile.DeleteCluster }
func (AddNodeGroup) kind() profile.Operation     { return profile.AddNodeGroup }
func (RemoveNodeGroup) kind() profile.Operation  { return profile.RemoveNodeGroup }
func (SetAutoScaling) kind() profile.Operation   { return profile.SetAutoScaling }
func (Scale) kind() profile.Operation            { return profile.ScaleNodeGroup }
func (UpgradeNodeGroup) kind() profile.Operation { return profile.UpgradeNodeGroup }
func (SetTags) kind() profile.Operation          { return profile.UpdateCluster }
func (SetAccess) kind() profile.Operation        { return profile.UpdateCluster }
func (SetProtection) kind() profile.Operation    { return profile.UpdateCluster }
func (Force) kind() profile.Operation            { return profile.UpdateCluster }
func (Work) kind() profile.Operation             { return profile.UpdateCluster }
func (CancelOperation) kind() profile.Operation  { return profile.UpdateCluster }
func (u UpgradeControlPlane) kind() profile.Operation {
	if u.Groups {
		return profile.UpgradeAll
	}
	return profile.UpgradeControlPlane
}

// Outcome shapes the operation that an accepted command starts: Fail and Stick come
// from the fault plan, the rest is what the skin's vendor has operations be.
type Outcome struct {
	// Fail makes the operation end in failure, with this reason.
	Fail string
	// Stick makes the operation never end.
	Stick bool
	// ID names the operation; empty draws one.
	ID string
	// Word is the vendor's word for the operation.
	Word string
	// Pending is how long it has not begun.
	Pending time.Duration
	// Effect is called when the operation is over, however it ended, with the record
	// of it: a success has taken effect, a failure has a Failure. It may apply
	// commands at the time of the record's End. A Snapshot goes on without it.
	Effect func(OperationRecord)
}

// Result is what an accepted command returns. Its pointers are for reading.
type Result struct {
	Cluster *Cluster
	Group   *NodeGroup
	// Operation is zero for commands that take effect at once.
	Operation OperationRecord
	// Repeated: the token was known, or the target is as asked already (being
	// deleted, open, protected), and nothing new happened.
	Repeated bool
}
