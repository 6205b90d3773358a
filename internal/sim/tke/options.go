// SPDX-License-Identifier: Apache-2.0

package tke

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
	DefaultAccountID = "100012345678"
	DefaultSecretID  = "AKIDpmksSimulated0000000000000000001"
	DefaultSecretKey = "pmksSimulatedSecretKey0000000001"
)

// Options configures a Server.
type Options struct {
	// AccountID is the number (UIN) of the main account; empty means DefaultAccountID.
	AccountID string
	// Region is where the resources are; empty means the profile's.
	Region string
	// Keys holds the keys by their SecretId. Nil means DefaultSecretID with
	// DefaultSecretKey.
	Keys map[string]Key
	// OIDCTokens lists the tokens that AssumeRoleWithWebIdentity accepts.
	OIDCTokens []string
	// Denied lists what no policy allows, such as "tke:DescribeClusterInstances" or
	// "as:DescribeLaunchConfigurations"; see Server.Deny.
	Denied []string

	// Seed starts the random stream of identifiers and durations.
	Seed uint64
	// Scale multiplies every duration; 0 means 1.
	Scale float64
	// Durations replaces the typical duration of single operations. Those on node pools
	// are without the time that nodes take to join.
	Durations map[profile.Operation]time.Duration
	// Latency is how long each call takes.
	Latency time.Duration
	// ReadLag is how long reads of clusters and node pools go on showing what was before
	// an accepted call: a new cluster is not listed, a deleted one is.
	ReadLag time.Duration
	// JoinTime is how long a node takes from its request until it runs; 0 means 130
	// seconds, below 0 none.
	JoinTime time.Duration
	// NodeLag is how long CheckInstancesUpgradeAble lists no node that is older than the
	// control plane after that was upgraded.
	NodeLag time.Duration
	// Now is the clock; nil means time.Now, which inside a testing/synctest bubble is
	// the bubble's.
	Now func() time.Time

	// Resources is what the account holds; nil means DefaultResources.
	Resources *Resources
	// Faults are injected before the first call; see Server.Inject.
	Faults []core.Fault
	// Logger gets a line for each call with its verdict; nil means none.
	Logger *slog.Logger

	// Kubernetes says whether, and how, there is a Kubernetes API behind the endpoints.
	Kubernetes kubeapi.Mode

	// Assumptions chooses where no source settles what Tencent Cloud does.
	Assumptions Assumptions

	// Buckets are the rate limits; nil means DefaultBuckets. Unlimited: there are
	// none.
	Buckets   []simkit.Bucket
	Unlimited bool
}

// perCaller is the Per of a Bucket that each action has for each user.
const perCaller = "caller"

// DefaultBuckets returns what limits the calls as Tencent Cloud publishes it: so many in
// each second of its clock, for each action and user.
func DefaultBuckets() []simkit.Bucket {
	bucket := func(burst int, ops ...string) simkit.Bucket {
		return simkit.Bucket{Ops: ops, Per: perCaller, Burst: burst, Window: time.Second}
	}
	return []simkit.Bucket{bucket(50, "DeleteCluster"), bucket(40, "DescribeInstances"), bucket(20)}
}

// Assumptions holds choices between behaviours that no source settles. The zero value
// is the stricter choice each time, or that of the vendor's newer texts.
type Assumptions struct {
	// ActivitiesOldestFirst: DescribeAutoScalingActivities begins with the oldest.
	ActivitiesOldestFirst bool
	// ClosedEndpointShown: the status of an endpoint that was closed is Deleted, and not
	// NotFound.
	ClosedEndpointShown bool
	// CreationTasks: DescribeTasks has records of creations and deletions too, of the
	// types cluster_create and cluster_delete.
	CreationTasks bool
	// DesiredRefusedWhileAuto: ModifyNodePoolDesiredCapacityAboutAsg is refused while
	// autoscaling is enabled.
	DesiredRefusedWhileAuto bool
	// Endpoint is how the address of a public endpoint looks.
	Endpoint EndpointShape
	// IDsCurrent: Options.ReadLag does not hold for what is asked for by its id.
	IDsCurrent bool
	// LongLabelKeys: the key of a label or a taint may have 63 characters beside its
	// prefix, and not with it.
	LongLabelKeys bool
	// NodesHideUpgrade: a cluster stays Running while its nodes are upgraded, and is not
	// NodeUpgrading; their node pools are updating.
	NodesHideUpgrade bool
	// OtherCodes: refusals whose codes differ between the sources have the other one:
	// bad parameters of Auto Scaling, a limit above 100, docker on versions without it,
	// an endpoint without a node, what a policy denies, a missing service role and
	// networks that overlap.
	OtherCodes bool
	// PoolProtectionIgnored: a node pool that is protected can be deleted.
	PoolProtectionIgnored bool
	// RepeatedDeletionOK: deleting a cluster or a node pool that is being deleted is
	// accepted.
	RepeatedDeletionOK bool
	// SubreadsRefused: node pools, nodes and endpoints of a cluster that is being made or
	// deleted cannot be read.
	SubreadsRefused bool
	// SubstringFilters: the filters by name find every name that has the text in it.
	SubstringFilters bool
	// TagTasksOverlap: the tags of a cluster can be changed while they are changed.
	TagTasksOverlap bool
	// TagsAtOnce: a cluster shows new tags at once, and not when the change is done.
	TagsAtOnce bool
	// TasksNotFound: DescribeTasks refuses where there is no record.
	TasksNotFound bool
	// ThrottlingCode is the code of a throttled call; empty means
	// "RequestLimitExceeded". Others are "RequestLimitExceeded.UinLimitExceeded",
	// "RequestLimitExceeded.IPLimitExceeded" and
	// "RequestLimitExceeded.GlobalRegionUinLimitExceeded".
	ThrottlingCode string
	// UniquePoolNames: CreateClusterNodePool refuses a name that is taken.
	UniquePoolNames bool
}

// EndpointShape is how the address of a public endpoint looks.
type EndpointShape int

// The shapes that have been seen.
const (
	// EndpointIP is an address alone.
	EndpointIP EndpointShape = iota
	// EndpointIPPort has a port behind it.
	EndpointIPPort
	// EndpointDomain is the name of a load balancer, with a port.
	EndpointDomain
)

// Call is a call as the journal holds it. Service is "tke", "as", "vpc", "cvm" or "sts".
type Call = simkit.Call
