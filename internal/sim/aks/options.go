// SPDX-License-Identifier: Apache-2.0

package aks

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
	DefaultTenantID       = "11111111-1111-4111-8111-111111111111"
	DefaultSubscriptionID = "00000000-0000-0000-0000-000000000000"
	DefaultResourceGroup  = "pmks"
	DefaultClientID       = "22222222-2222-4222-8222-222222222222"
	DefaultClientSecret   = "pmks-simulated-client-secret-0000000001"
)

// Options configures a Server.
type Options struct {
	// TenantID is the Entra tenant of the apps; empty means DefaultTenantID.
	TenantID string
	// SubscriptionID is the subscription of the Server; empty means
	// DefaultSubscriptionID.
	SubscriptionID string
	// Subscriptions are others, of the same tenant or of another one.
	Subscriptions []Subscription
	// Location is the only region; empty means the profile's.
	Location string
	// Apps holds the application registrations by client id. Nil means
	// DefaultClientID with DefaultClientSecret, which may do everything.
	Apps map[string]App
	// TokenLifetime is how long issued tokens are good; 0 means 75 minutes.
	TokenLifetime time.Duration
	// Unregistered: the subscription is not registered for
	// Microsoft.ContainerService.
	Unregistered bool
	// VCPUQuota is how many vCPUs all nodes may have together; 0 means no limit.
	VCPUQuota int

	// Seed starts the random stream of identifiers and durations.
	Seed uint64
	// Scale multiplies every duration; 0 means 1.
	Scale float64
	// Durations replaces the typical duration of single operations. UpdateCluster
	// is any change of a cluster that moves no version, and a start or a stop
	// takes six times as long.
	Durations map[profile.Operation]time.Duration
	// Latency is how long each call takes.
	Latency time.Duration
	// ReadLag is how long reads of clusters and agent pools go on showing what was
	// before an accepted call.
	ReadLag time.Duration
	// Now is the clock; nil means time.Now, which inside a testing/synctest
	// bubble is the bubble's.
	Now func() time.Time
	// PageSize is how many items a list call returns at most; 0 means 100.
	PageSize int
	// GraphPageSize is how many rows a page of Resource Graph has at most; 0 means 1,000,
	// which is the most that can be asked for.
	GraphPageSize int
	// Buckets are the rate limits; nil means DefaultBuckets. Unlimited: there are
	// none.
	Buckets   []simkit.Bucket
	Unlimited bool

	// Resources is what the subscription holds; nil means DefaultResources.
	Resources *Resources
	// Faults are injected before the first call; see Server.Inject.
	Faults []core.Fault
	// Logger gets a line for each call with its verdict; nil means none.
	Logger *slog.Logger

	// Kubernetes says whether, and how, there is a Kubernetes API behind the clusters.
	Kubernetes kubeapi.Mode

	// Assumptions chooses where no source settles what Azure does.
	Assumptions Assumptions
}

// Subscription is a subscription beside the Server's own.
type Subscription struct {
	ID string
	// TenantID is its Entra tenant; empty means that of the Server. Tokens of one
	// tenant are worth nothing in another.
	TenantID string
	// Denied: the principals of the Server's tenant have no rights on it.
	Denied bool
	// Resources is what it holds; nil means DefaultResources under its id.
	Resources *Resources
}

// Assumptions holds choices between behaviours that no source settles. The zero
// value is the stricter choice each time, but for OnePoolAtATime and
// MinSystemNodes: what they would refuse is known to be common. For what Resource Graph
// shows it is what the documents of the compute provider say.
type Assumptions struct {
	// AbsentAccessKept: apiServerAccessProfile stays if a PUT of a cluster leaves it
	// out, and is not read as one without ranges and without a private API server.
	AbsentAccessKept bool
	// AbsentMembersKept: zones, priority and price of an agent pool stay if a PUT of
	// it leaves them out, and that is not read as a change.
	AbsentMembersKept bool
	// AnyAdminUsername: linuxProfile.adminUsername may be a reserved word such as
	// "root".
	AnyAdminUsername bool
	// BoundsRefusedAsBadRequest: minCount or maxCount with autoscaling off answers
	// the code BadRequest and not InvalidParameter.
	BoundsRefusedAsBadRequest bool
	// CancelingHidden: a cluster whose operation is being aborted shows Updating
	// and not Canceling.
	CancelingHidden bool
	// ClusterFollows: a cluster shows Updating while one of its pools is worked
	// on, and does not stay Succeeded.
	ClusterFollows bool
	// CountMayLeaveBounds: count may lie outside of minCount and maxCount; the
	// autoscaler moves it inside.
	CountMayLeaveBounds bool
	// EarlyCredentialsConflict: credentials of a cluster whose control plane does
	// not exist yet answer 409 OperationNotAllowed and not 404 ResourceNotFound.
	EarlyCredentialsConflict bool
	// Ed25519Keys: linuxProfile takes keys of type ssh-ed25519.
	Ed25519Keys bool
	// EmptyTaintValues: the taint of a node may have an empty value.
	EmptyTaintValues bool
	// ExistingPoolConflict: If-None-Match on an existing agent pool answers 409
	// Conflict and not 412 PreconditionFailed.
	ExistingPoolConflict bool
	// GraphIDsInLowerCase: Resource Graph shows the ids of machines in lower case, and
	// not as the compute provider writes them.
	GraphIDsInLowerCase bool
	// GraphScrubbed: Resource Graph shows neither the computer names of machines nor
	// their tags.
	GraphScrubbed bool
	// LateFQDN: a cluster shows its fqdn only when the control plane exists, and
	// not at once.
	LateFQDN bool
	// LooseDiskSize: osDiskSizeGB may be any positive number, and not only 30 to
	// 2048.
	LooseDiskSize bool
	// MinSystemNodes is the least size of a System pool; 0 means 1.
	MinSystemNodes int
	// OldOperationURLs: the URLs of operations carry api-version 2017-08-31 and
	// not the one of the call.
	OldOperationURLs bool
	// OnePoolAtATime: while one pool is worked on the others cannot be.
	OnePoolAtATime bool
	// PoolNotFoundWrapped: an agent pool that does not exist answers the gateway's
	// ResourceNotFound and not the flat NotFound of AKS.
	PoolNotFoundWrapped bool
	// PrivateTagsUnlimited: a private cluster may have more than 15 tags, although
	// AKS copies them to the private DNS zone.
	PrivateTagsUnlimited bool
	// RepeatedDeletionOK: deleting a cluster that is being deleted answers 202 and
	// not 409 OperationNotAllowed.
	RepeatedDeletionOK bool
	// RetryAfterOnAccept: accepted operations come with a Retry-After.
	RetryAfterOnAccept bool
	// SmallSystemPools: System pools take machines of 2 vCPUs, and not only of 4.
	SmallSystemPools bool
	// SpotMarksRestored: the label and the taint that AKS gives to spot pools come
	// back if a PUT leaves them out, and are not taken away with the user's.
	SpotMarksRestored bool
	// SpotPriorityLabel: spot pools get the label kubernetes.azure.com/priority too.
	SpotPriorityLabel bool
	// SpotUpgradeNotAllowed: an upgrade of control plane and pools at once, where one
	// has spot machines, answers OperationNotAllowed and not BadRequest.
	SpotUpgradeNotAllowed bool
	// StaticTokens: the admin kubeconfig has a static token beside the client
	// certificate.
	StaticTokens bool
	// StoppedConflict: a write to a stopped cluster answers 409 and not 400.
	StoppedConflict bool
	// StoppedPoolsIgnored: a stopped pool does not keep the cluster from being
	// upgraded.
	StoppedPoolsIgnored bool
	// SystemData: clusters show systemData.
	SystemData bool
	// TagsMerged: the tags of a PATCH are added to those of the cluster, and do not
	// replace them.
	TagsMerged bool
	// TagsRefusedAsParameter: a tag with a bad name answers InvalidParameter and
	// not InvalidTagNameCharacters.
	TagsRefusedAsParameter bool
}

// Call is a call as the journal holds it. Its Service is "entra" or the last word
// of the resource provider, such as "ContainerService".
type Call = simkit.Call
