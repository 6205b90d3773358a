// SPDX-License-Identifier: Apache-2.0

package eks

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
	DefaultAccountID = "123456789012"
	DefaultAccessKey = "AKIASIMULATED0000001"
	DefaultSecret    = "pmks-simulated-secret-access-key-0000001"
)

// Options configures a Server.
type Options struct {
	// AccountID is the account's number; empty means DefaultAccountID.
	AccountID string
	// Region is the only region there is; empty means the profile's.
	Region string
	// Keys holds the access keys by their id. Nil means DefaultAccessKey with
	// DefaultSecret.
	Keys map[string]Key
	// WebIdentityTokens lists the tokens that AssumeRoleWithWebIdentity accepts.
	WebIdentityTokens []string

	// Seed starts the random stream of identifiers and durations.
	Seed uint64
	// Scale multiplies every duration; 0 means 1.
	Scale float64
	// Durations replaces the typical duration of single operations.
	Durations map[profile.Operation]time.Duration
	// Latency is how long each call takes.
	Latency time.Duration
	// ReadLag is how long reads of clusters and node groups go on showing what
	// was before an accepted call.
	ReadLag time.Duration
	// Now is the clock; nil means time.Now, which inside a testing/synctest
	// bubble is the bubble's.
	Now func() time.Time

	// PageSize is the most that is on a page of any list, whatever the caller asks
	// for; 0 means what the services have.
	PageSize int
	// Resources is what the account holds; nil means DefaultResources.
	Resources *Resources
	// RolePropagation is how many calls of EKS do not see a role yet after
	// CreateRole; negative means none, 0 means 2.
	RolePropagation int
	// Faults are injected before the first call; see Server.Inject.
	Faults []core.Fault
	// Logger gets a line for each call with its verdict; nil means none.
	Logger *slog.Logger

	// Kubernetes says whether, and how, there is a Kubernetes API behind the clusters.
	Kubernetes kubeapi.Mode

	// Assumptions chooses where no source settles what AWS does.
	Assumptions Assumptions

	// Buckets are the rate limits; nil means DefaultBuckets. Unlimited: there are
	// none.
	Buckets   []simkit.Bucket
	Unlimited bool
}

// DefaultBuckets returns what limits the calls: for EC2 and STS what AWS publishes, for
// each reading action and for all together; for EKS, which publishes nothing, what one
// account was seen to be allowed, 500 calls at once and 500 a second. Auto Scaling and
// IAM publish nothing either, and have no limit here.
func DefaultBuckets() []simkit.Bucket {
	return []simkit.Bucket{
		{Service: "eks", Burst: 500, Every: time.Second / 500},
		{Service: "ec2", Ops: []string{"read"}, Per: "op", Burst: 100, Every: time.Second / 20},
		{Service: "sts", Burst: 600, Every: time.Second / 600},
	}
}

// Assumptions holds choices between behaviours that no source settles. The zero
// value is the stricter choice each time.
type Assumptions struct {
	// RepeatedDeletionOK: deleting what is being deleted answers 200 and not 409
	// ResourceInUseException.
	RepeatedDeletionOK bool
	// MaxSecurityGroups is how many security groups a cluster takes; 0 means 4,
	// as the quota page says. The API text says 5.
	MaxSecurityGroups int
	// HashInTagKeys: "#" is allowed in the keys of tags.
	HashInTagKeys bool
	// UpdateDegraded: a node group that is DEGRADED can be updated.
	UpdateDegraded bool
	// NodeGroupsMayLag: the control plane may move on while node groups are up to
	// three minors behind, as the user guide says, and not only when they match.
	NodeGroupsMayLag bool
	// TagOnlyActive: TagResource and UntagResource on a node group that is being
	// created or updated answer 400 InvalidRequestException.
	TagOnlyActive bool
	// UnknownInstanceTypeRefused: CreateNodegroup refuses an instance type that
	// does not exist, and does not accept it and fail later.
	UnknownInstanceTypeRefused bool
	// RestoreDiscoveryTags: EKS puts the autoscaler's discovery tags back onto
	// the Auto Scaling group when it next updates a node group.
	RestoreDiscoveryTags bool
	// AddonsWantActive: ListAddons of a cluster that is being created answers 400
	// InvalidRequestException.
	AddonsWantActive bool
	// NoClusterAsClientException: what is asked of a cluster that does not exist
	// answers 400 ClientException and not 404 ResourceNotFoundException, as some
	// clients have it.
	NoClusterAsClientException bool
	// LaunchTemplateNotWatched: deleting a launch template that a node group uses
	// has no effect on the node group.
	LaunchTemplateNotWatched bool
	// ReservedLabelsAccepted: CreateNodegroup takes labels with the prefixes of
	// Kubernetes and EKS, and the node group fails later, and does not refuse them.
	ReservedLabelsAccepted bool
	// MixedUpdatesOK: one UpdateNodegroupConfig may change sizes, labels and taints.
	MixedUpdatesOK bool
	// RemoveAbsentOK: UpdateNodegroupConfig may remove labels and taints that are not
	// there.
	RemoveAbsentOK bool
	// OmittedEndpointReset: what UpdateClusterConfig leaves out of the access to the
	// endpoint goes back to its default and does not stay; so does an empty list of
	// CIDRs, which is refused otherwise.
	OmittedEndpointReset bool
}

// Call is a call as the journal holds it.
type Call = simkit.Call
