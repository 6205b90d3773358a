// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"log/slog"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Defaults of Options.
const (
	DefaultProject       = "pmks-sim"
	DefaultProjectNumber = "123456789012"
	// DefaultHostProject shares a network with the project.
	DefaultHostProject = "pmks-sim-host"
	// DefaultToken is an access token that never expires.
	DefaultToken = "ya29.pmks-simulated-access-token-0000001"
)

// Options configures a Server.
type Options struct {
	// Project and ProjectNumber name the only project; empty means the defaults.
	Project, ProjectNumber string
	// KeyProject is the project of the service account, where that is another one.
	KeyProject string
	// Region is the only region there is; empty means the profile's. Its zones end
	// in -a, -b and -c.
	Region string
	// Tokens holds access tokens that are accepted from the start, by their text.
	// Nil means DefaultToken. The token endpoint issues others.
	Tokens map[string]Token

	// Seed starts the random stream of identifiers and durations.
	Seed uint64
	// Scale multiplies every duration; 0 means 1.
	Scale float64
	// Durations replaces the typical duration of single operations.
	Durations map[profile.Operation]time.Duration
	// Latency is how long each call takes.
	Latency time.Duration
	// ReadLag is how long reads of clusters and node pools go on showing what was
	// before an accepted call: a new cluster is NOT_FOUND.
	ReadLag time.Duration
	// Pending is how long an accepted operation is PENDING, with its target as it
	// was; it is multiplied by Scale. 0 means two seconds, negative none.
	Pending time.Duration
	// RemoveFailed is after what time GKE removes a cluster whose creation has
	// failed; 0 means never.
	RemoveFailed time.Duration
	// Upkeep is the share, from 0 to 1, of created clusters on which GKE starts an
	// operation of its own as soon as they run.
	Upkeep float64
	// Now is the clock; nil means time.Now, which inside a testing/synctest bubble
	// is the bubble's.
	Now func() time.Time

	// Projects are other projects that there are, in which the caller has no rights.
	Projects []string
	// Resources is what the project holds; nil means DefaultResources.
	Resources *Resources
	// Channels are the release channels; nil means DefaultChannels. They may only
	// name versions that the profile offers.
	Channels []Channel
	// Support is until when minor versions such as "1.33" are supported; of others
	// nothing is said.
	Support map[string]Support
	// CPUs is the quota of virtual CPUs of the region; 0 means none.
	CPUs int
	// Buckets are the rate limits; nil means DefaultBuckets. Unlimited: there are
	// none.
	Buckets   []simkit.Bucket
	Unlimited bool
	// Disabled lists services that the project has not enabled, of
	// "container.googleapis.com" and "compute.googleapis.com".
	Disabled []string
	// Denied lists permissions that nobody has, such as
	// "compute.instanceGroupManagers.get".
	Denied []string
	// MissingZones are locations that lists over all locations cannot reach.
	MissingZones []string
	// PagedGroups: instance groups page the lists of their instances. Else they
	// ignore paging, as Compute Engine's do unless they are told otherwise.
	PagedGroups bool
	// Faults are injected before the first call; see Server.Inject.
	Faults []core.Fault
	// Logger gets a line for each call with its verdict; nil means none.
	Logger *slog.Logger

	// Kubernetes says whether, and how, there is a Kubernetes API behind the clusters.
	Kubernetes kubeapi.Mode

	// Assumptions chooses where no source settles what Google does.
	Assumptions Assumptions
}

// The classes of the methods of Compute Engine, by the quotas that count them.
const (
	classGlobal   = "global_reads"
	classHeavy    = "heavy_weight_read_requests"
	classRegional = "reads_per_region"
	// classDefault counts the making of instances, too.
	classDefault = "default_per_region"
)

// DefaultBuckets returns the quotas of a project. GKE's is published for a minute.
// Compute Engine publishes its groups and no longer their figures, which are those
// of older texts. All of a minute's come back when the next one begins.
func DefaultBuckets() []simkit.Bucket {
	list := []simkit.Bucket{{Service: "container", Burst: 3000, Window: time.Minute}}
	for class, burst := range map[string]int{classGlobal: 1500, classHeavy: 750, classRegional: 1500, classDefault: 1500} {
		list = append(list, simkit.Bucket{Service: "compute", Ops: []string{class}, Burst: burst, Window: time.Minute})
	}
	return list
}

// Bounds says what becomes of the bounds in an autoscaling that is not enabled.
type Bounds int

// The values of Bounds.
const (
	// BoundsRefused answers INVALID_ARGUMENT.
	BoundsRefused Bounds = iota
	// BoundsForgotten accepts them, and does not show them again.
	BoundsForgotten
	// BoundsKept accepts and shows them, and an autoscaling that is enabled without
	// bounds takes them up.
	BoundsKept
)

// Assumptions chooses between behaviours that no source settles. The zero
// value is the stricter choice each time, but for SizeRefusedWhileAutoscaling:
// there it is the one that the profile has settled for.
//
// What does not show in these protocols has no switch: whether SSH keys in the
// metadata reach the nodes of every image type, whether the DNS endpoint takes a
// static token, and which labels VMs carry.
type Assumptions struct {
	// SizeRefusedWhileAutoscaling: SetNodePoolSize on a pool with autoscaling
	// answers FAILED_PRECONDITION.
	SizeRefusedWhileAutoscaling bool
	// FirstPoolMayBeEmpty: CreateCluster accepts a first pool without nodes.
	FirstPoolMayBeEmpty bool
	// OtherTexts: refusals whose texts nobody has recorded are worded in another
	// way: disks, machine types, networks, subnetworks and version skew. That a
	// cluster is busy is said in the older words, without ErrorInfo.
	OtherTexts bool
	// EarlyAccess: the endpoint and the certificate authority are there from the
	// second half of the creation on, and not only when the cluster runs.
	EarlyAccess bool
	// BoundsWhileOff: what {enabled: false, min, max} leads to.
	BoundsWhileOff Bounds
	// MaxPoolOperations is how many operations on node pools of one cluster may be
	// under way at once; 0 means 5, negative any number.
	MaxPoolOperations int
	// DeletionWhileCreating: a cluster may be deleted while it is PROVISIONING,
	// which cuts the creation short.
	DeletionWhileCreating bool
	// RunningWhileAutoscaling: the cluster stays RUNNING while autoscaling is set on
	// one of its pools.
	RunningWhileAutoscaling bool
	// ImageTypeOptional: UpdateNodePool with a nodeVersion needs no imageType, as
	// some clients have it, although the definition marks it as required.
	ImageTypeOptional bool
	// SecondDeletionAccepted: deleting what is being deleted returns the operation
	// that is under way, and does not answer FAILED_PRECONDITION.
	SecondDeletionAccepted bool
	// EndpointsMerged: members that an update of the endpoints of a control plane
	// leaves out stay as they are, and do not take their defaults.
	EndpointsMerged bool
	// OwnTaintsStay: taints that GKE itself has put on a pool stay also when an
	// update of the taints leaves them out.
	OwnTaintsStay bool
	// SpotWithPreemptible: a pool may be asked for as both.
	SpotWithPreemptible bool
	// SpotLabelShown: the label of nodes that are spot VMs shows among those of the
	// pool.
	SpotLabelShown bool
	// ReservedLabelsTaken: node labels below kubernetes.io and k8s.io are taken, with
	// results that are undefined, as the definition has it.
	ReservedLabelsTaken bool
}

// Call is a call as the journal holds it. Service is "container", "compute",
// "oauth2" or "metadata". Op is the method of ClusterManager, such as
// "CreateCluster", or in the words of the discovery documents, such as
// "instanceGroupManagers.listManagedInstances". Status is the HTTP status also of
// calls over gRPC, and Code the word of the gRPC code, or the reason of an error of
// Compute Engine.
type Call = simkit.Call
