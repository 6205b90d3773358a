// SPDX-License-Identifier: Apache-2.0

// Package pmks creates, lists, reads, scales, upgrades and deletes managed
// Kubernetes clusters on many clouds through one interface: the Provider
// Managed Kubernetes (PMKS) driver API V0.6 of CB-Spider, with contexts, typed
// errors and waiters added.
//
// # Opening a cloud
//
// Providers register themselves when they are imported, as database/sql drivers
// do:
//
//	import _ "github.com/pmks-go/pmks/fake"
//
//	client, err := pmks.Open(ctx, "fake", pmks.Config{Region: "sim-1"})
//
// [Open] returns a [Client], which is itself a [ClusterHandler] and adds what is
// the same on every cloud: requests are copied and checked before the network is
// touched, errors are wrapped once, and an optional observer sees every call.
// [New] puts a Client around any handler, without the registry.
//
// # The contract of a handler
//
// A call returns when the cloud has accepted the request; nothing waits except
// where a cloud makes the steps of one operation depend on each other
// (DeleteCluster on EKS). The returned info is true and readable at once. Use the
// waiters ([WaitClusterActive] and its kin) or the whole jobs ([Provision],
// [Upgrade], [Teardown]) to see the work done.
//
// A handler is safe for concurrent use. It never modifies its input, and its
// output shares no memory with it. Reads have no side effects. A mutation that
// was accepted happens exactly once: a lost reply is resolved by looking for the
// resource, never by sending the request again blindly. If even that fails, the
// error has [Error.MayHaveHappened] set.
//
// Either half of an [IID] may be empty on input: SystemId wins when both are
// given, and both empty is [ErrInvalidArgument]. Both halves are filled on
// output.
//
// # Waits
//
// Each looks at once and then every few seconds, as cheaply as the cloud allows, until the
// goal is reached, the target has failed for good, or the context ends. They take a handler
// or a Client, and options: [WithProgress], [WithInterval], [WithBackOff], [WithMaxWait],
// [WithGrace], [WithReadErrors], [WithReadTimeout]. They fail with a [*WaitError].
//
//   - [WaitClusterActive]: a cluster is Active
//   - [WaitClusterDeleted]: a cluster is gone
//   - [WaitClusterVersion]: a cluster is Active and its control plane runs a version
//   - [WaitCluster]: a condition of the caller's is true of a cluster
//   - [WaitNodeGroupActive]: a node group is Active
//   - [WaitNodeGroupDeleted]: a node group is gone
//   - [WaitNodeCount]: a node group is Active with so many nodes
//   - [WaitNodeGroup]: a condition of the caller's is true of a node group
//
// # Whole jobs
//
// Each is the same call on every cloud, and can be interrupted anywhere and called again: it
// goes on where things are.
//
//   - [Provision]: creates a cluster with all its node groups and waits until all is Active
//   - [Upgrade]: climbs to a version through every minor, control plane first
//   - [Teardown]: deletes a cluster with its node groups and waits until it is gone
//
// Reads that are more than one call of the interface: [Clusters] hands over each cluster as
// soon as it is read, [GetNodeGroup] reads one group, [PlanUpgrade] says what Upgrade would do.
//
// # Errors
//
// Every call fails with an [*Error], or several joined. [errors.Is] with a sentinel, such as
// [ErrNotFound], tells the kind, [CodeOf] its [Code]; [Retryable] says whether later is
// better. docs/errors.md says what to do about each.
//
// # Beyond V0.6
//
// What a cloud offers beside the nine methods are optional interfaces, which a [Client] has
// all of, and answers with [ErrUnsupported] where its handler has not: [CapabilityReporter],
// [IIDLister], [TokenIssuer], [VersionLister], [RequestChecker], [AccessOpener],
// [StateReader], [OperationReader], [NodeGroupReader], [TagSetter], [ClusterStreamer] and
// [UpgradeAdvisor].
//
// # Cluster types
//
// On a Type-I cloud (EKS, ACK, TKE) a cluster is created without node groups,
// which are added once it is Active. On a Type-II cloud (AKS, GKE, NKS, IKS) at
// least one node group is part of the create request. [Provision] takes the same
// request on both.
package pmks

import (
	"context"
	"iter"
)

// ClusterHandler is the PMKS driver API V0.6 with a context on every method. A
// provider implements it; [Client] wraps it.
//
// The bool of the methods that return one is true exactly when the error is nil.
// Errors are, or wrap, [*Error]. The codes named below are those a caller would
// act on; any method may also fail with ErrUnauthenticated, ErrPermissionDenied,
// ErrThrottled, ErrUnavailable, ErrTimeout, ErrCanceled and ErrInternal.
type ClusterHandler interface {
	// CreateCluster starts the creation of a cluster and returns it as Creating.
	//
	// ErrInvalidArgument: a field is missing or wrong, each named by its Field.
	// ErrAlreadyExists: the name is taken; the existing cluster is unchanged.
	// ErrFailedPrecondition: something outside the request is missing, such as a
	// role. ErrUnsupported: the cloud cannot honour a field. ErrQuotaExceeded.
	CreateCluster(ctx context.Context, clusterReqInfo ClusterInfo) (ClusterInfo, error)

	// ListCluster returns every cluster of the connection's region as GetCluster
	// does, without Kubeconfig. If some could not be read, the others are
	// returned together with an error that joins the failures.
	ListCluster(ctx context.Context) ([]*ClusterInfo, error)

	// GetCluster returns one cluster, with its Kubeconfig once the control plane
	// is up.
	//
	// ErrNotFound: no such cluster. ErrInvalidArgument: the name is ambiguous.
	GetCluster(ctx context.Context, clusterIID IID) (ClusterInfo, error)

	// DeleteCluster removes a cluster with its node groups. On a cloud that
	// refuses while node groups exist it removes them and waits for that, bounded
	// by ctx; interrupted, it is safe to call again. A cluster that is already
	// being deleted is success.
	//
	// ErrNotFound: no such cluster. ErrFailedPrecondition: it is protected.
	// ErrBusy: the cloud is working on it.
	DeleteCluster(ctx context.Context, clusterIID IID) (bool, error)

	// AddNodeGroup starts the creation of a node group in an Active cluster.
	//
	// ErrAlreadyExists: the name is taken. ErrBusy: the cluster is in transition.
	// ErrFailedPrecondition: it has failed or is stopped.
	AddNodeGroup(ctx context.Context, clusterIID IID, nodeGroupReqInfo NodeGroupInfo) (NodeGroupInfo, error)

	// SetNodeGroupAutoScaling switches the autoscaling of a node group. Switching
	// off keeps the size and records the bounds; switching on uses them again.
	// Already so is success without a write.
	SetNodeGroupAutoScaling(ctx context.Context, clusterIID IID, nodeGroupIID IID, on bool) (bool, error)

	// ChangeNodeGroupScaling sets the sizes of a node group, in nodes of the whole
	// group: 0 <= min <= desired <= max, max >= 1. It never switches autoscaling.
	// While autoscaling is on, a desired size of 0 leaves the size to the
	// autoscaler.
	ChangeNodeGroupScaling(ctx context.Context, clusterIID IID, nodeGroupIID IID,
		desiredNodeSize int, minNodeSize int, maxNodeSize int) (NodeGroupInfo, error)

	// RemoveNodeGroup starts the removal of a node group.
	//
	// ErrFailedPrecondition: the cloud does not give this group up, for example
	// because it is the last one.
	RemoveNodeGroup(ctx context.Context, clusterIID IID, nodeGroupIID IID) (bool, error)

	// UpgradeCluster takes one step towards newVersion: the control plane first,
	// then node groups that lag. It returns the cluster as Updating while steps
	// remain, and as Active, with nothing sent, when all is there. [Upgrade] takes
	// all the steps.
	//
	// ErrInvalidArgument: a downgrade, or a version that is not offered.
	// ErrFailedPrecondition: a jump the cloud refuses, naming those it allows.
	UpgradeCluster(ctx context.Context, clusterIID IID, newVersion string) (ClusterInfo, error)
}

// CapabilityReporter is implemented by handlers that publish what they can do.
// It makes no network call.
type CapabilityReporter interface {
	Capabilities() Capabilities
}

// IIDLister is implemented by handlers with a listing cheaper than ListCluster.
type IIDLister interface {
	ListIID(ctx context.Context) ([]*IID, error)
}

// TokenIssuer is implemented by handlers that can mint a bearer token for the
// Kubernetes API of a cluster.
type TokenIssuer interface {
	GenerateClusterToken(ctx context.Context, clusterIID IID) (Token, error)
}

// VersionLister is implemented by handlers that can list the versions a cluster
// can be created with, newest first, the default marked.
type VersionLister interface {
	ListVersions(ctx context.Context) ([]Version, error)
}

// RequestChecker is implemented by handlers that can check a request against the
// cloud without changing anything. All faults are reported at once.
type RequestChecker interface {
	// CheckCluster says what CreateCluster would refuse, every fault at once.
	CheckCluster(ctx context.Context, clusterReqInfo ClusterInfo) error
	// CheckNodeGroup says what AddNodeGroup would refuse. ErrNotFound: no such cluster.
	CheckNodeGroup(ctx context.Context, clusterIID IID, nodeGroupReqInfo NodeGroupInfo) error
}

// AccessOpener is implemented by handlers of clouds where the public endpoint of
// a cluster is opened and closed by calls of their own (TKE). Both are
// idempotent: already so is success.
type AccessOpener interface {
	// OpenAccess opens the endpoint and returns when the cloud has accepted that. One that is
	// open already is success. ErrFailedPrecondition: something is missing, such as a node.
	OpenAccess(ctx context.Context, clusterIID IID) error
	// CloseAccess closes what OpenAccess opens. One that is closed already is success.
	CloseAccess(ctx context.Context, clusterIID IID) error
}

// StateReader is implemented by handlers with a look at one cluster, or at one of
// its node groups, that is cheaper than GetCluster: one call on most clouds. The
// waiters poll with it. A zero nodeGroupIID means the cluster.
//
// ErrNotFound: no such cluster, or no such node group.
type StateReader interface {
	ReadState(ctx context.Context, clusterIID, nodeGroupIID IID) (State, error)
}

// NodeGroupReader is implemented by handlers that read one node group in fewer calls
// than its whole cluster, as complete as GetCluster shows it.
//
// ErrNotFound: no such cluster, or no such node group.
type NodeGroupReader interface {
	GetNodeGroup(ctx context.Context, clusterIID, nodeGroupIID IID) (NodeGroupInfo, error)
}

// OperationReader is implemented by handlers of clouds that keep a record of what
// was done to a cluster or node group. It is asked when something rests and the
// goal is not reached: the record tells why. A zero nodeGroupIID means the
// cluster.
//
// ErrNotFound: the cloud has no record of an operation on that target.
type OperationReader interface {
	LastOperation(ctx context.Context, clusterIID, nodeGroupIID IID) (Operation, error)
}

// TagSetter is implemented by handlers of clouds where the tags of a cluster can be
// changed after its creation. The user's tags become exactly those that are given, those
// that pmks keeps its own notes in stay; already so is success without a write.
//
// ErrInvalidArgument: a tag is wrong, or there are too many. ErrNotFound: no such cluster.
// ErrBusy: the cloud is working on the cluster and takes no tags meanwhile.
type TagSetter interface {
	SetTags(ctx context.Context, clusterIID IID, tags []KeyValue) error
}

// ClusterStreamer is implemented by handlers that can hand over the clusters of a listing
// one after another, before all are read. What it yields is what ListCluster returns: a
// cluster that could not be read is yielded with its error and the IId alone, in its
// place, and the others follow. When the loop ends early, no request is left under way.
type ClusterStreamer interface {
	Clusters(ctx context.Context) iter.Seq2[ClusterInfo, error]
}

// UpgradeAdvisor is implemented by handlers of clouds that tell beforehand what would
// hold an upgrade up. It makes no change; newVersion is one that the cluster can be
// upgraded to in one step.
//
// ErrNotFound: no such cluster. ErrInvalidArgument: newVersion is not offered.
type UpgradeAdvisor interface {
	UpgradeFindings(ctx context.Context, clusterIID IID, newVersion string) ([]UpgradeFinding, error)
}
