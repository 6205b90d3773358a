// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Defaults of Options.
const (
	DefaultAccountID       = "1234567890123456"
	DefaultAccessKeyID     = "LTAI5tSimulated00000001"
	DefaultAccessKeySecret = "pmks-simulated-access-key-secret-0000001"
)

// Options configures a Server.
type Options struct {
	// AccountID is the number of the main account; empty means DefaultAccountID.
	AccountID string
	// Region is that of the endpoint; empty means the profile's.
	Region string
	// Keys holds the access keys by their id. Nil means DefaultAccessKeyID with
	// DefaultAccessKeySecret.
	Keys map[string]Key
	// BearerTokens lists the bearer tokens that are accepted in place of a signature.
	BearerTokens []string
	// OIDCTokens lists the tokens that AssumeRoleWithOIDC accepts.
	OIDCTokens []string
	// Denied lists what no policy allows, such as "cs:DescribeClusterNodes" or
	// "vpc:DescribeVSwitches"; see Server.Deny.
	Denied []string

	// Seed starts the random stream of identifiers and durations.
	Seed uint64
	// Scale multiplies every duration; 0 means 1.
	Scale float64
	// Durations replaces the typical duration of single operations.
	Durations map[profile.Operation]time.Duration
	// Latency is how long each call takes.
	Latency time.Duration
	// ReadLag is how long lists of clusters and node pools go on showing what was
	// before an accepted call, and a node pool that was just made is not found. What
	// is read of a cluster by its id is always the truth.
	ReadLag time.Duration
	// FlagLag is how long a node pool whose autoscaling was switched off still counts
	// as autoscaled after it is active again.
	FlagLag time.Duration
	// JoinDelay is how long a node is there before it is Ready.
	JoinDelay time.Duration
	// Now is the clock; nil means time.Now, which inside a testing/synctest bubble is
	// the bubble's.
	Now func() time.Time

	// Resources is what the account holds; nil means DefaultResources.
	Resources *Resources
	// Faults are injected before the first call; see Server.Inject.
	Faults []core.Fault
	// Logger gets a line for each call with its verdict; nil means none.
	Logger *slog.Logger

	// Kubernetes says whether, and how, there is a Kubernetes API behind the clusters.
	Kubernetes kubeapi.Mode

	// Assumptions chooses where no source settles what Alibaba Cloud does.
	Assumptions Assumptions

	// Buckets are the rate limits; nil means DefaultBuckets. Unlimited: there are
	// none.
	Buckets   []simkit.Bucket
	Unlimited bool
}

// The classes of calls that DefaultBuckets counts.
const (
	classRead  = "read"
	classWrite = "write"
)

// DefaultBuckets returns what limits the calls. Limits hold for each action in a
// region, whoever of the account calls. Only that of STS is published; ACK, VPC and
// ECS have what is usual for the products of Alibaba Cloud.
func DefaultBuckets() []simkit.Bucket {
	return []simkit.Bucket{
		{Service: serviceSTS, Per: "op", Burst: 100, Every: time.Second / 100},
		{Ops: []string{classRead}, Per: "op", Burst: 100, Every: time.Second / 100},
		{Ops: []string{classWrite}, Per: "op", Burst: 10, Every: time.Second / 10},
	}
}

// Assumptions holds choices between behaviours that no source settles. The zero value
// is the stricter choice each time, or that of the vendor's newer texts.
type Assumptions struct {
	// AutoscalerInstalled: switching autoscaling on for a node pool installs the
	// autoscaler of the cluster.
	AutoscalerInstalled bool
	// AutoscalerConfiguredOnce: a second CreateAutoscalingConfig is refused.
	AutoscalerConfiguredOnce bool
	// BoundsShownWhileOff: a node pool without autoscaling shows the bounds it had.
	BoundsShownWhileOff bool
	// CheckFailsOnError: a check that found an error is itself failed, and has not
	// succeeded; ChecksOldestFirst: ListClusterChecks begins with the oldest; and
	// OtherCheckWords: checks that run or that failed have other words.
	CheckFailsOnError, ChecksOldestFirst, OtherCheckWords bool
	// DefaultNodePool: CreateCluster makes a node pool "default-nodepool" without
	// nodes, and DefaultNodePoolKept: it cannot be deleted.
	DefaultNodePool, DefaultNodePoolKept bool
	// DefaultFlagHidden: no node pool shows is_default.
	DefaultFlagHidden bool
	// DeletedShown is how long a deleted cluster is still read in the state deleted.
	DeletedShown time.Duration
	// DesiredShownWhileAuto: a node pool with autoscaling shows desired_size.
	DesiredShownWhileAuto bool
	// EmptyAnswers: DeleteCluster and CreateAutoscalingConfig answer without a body.
	EmptyAnswers bool
	// KubernetesConfigKept: members that the kubernetes_config of a PUT leaves out stay
	// as they are, and are not reset.
	KubernetesConfigKept bool
	// LabelsMerged: the labels and taints of a PUT are merged into what is there, and
	// do not replace it.
	LabelsMerged bool
	// LoginOptional: a node pool needs neither key_pair nor login_password.
	LoginOptional bool
	// MasterOnlyByDefault: UpgradeCluster without master_only leaves the nodes alone.
	MasterOnlyByDefault bool
	// MaxSystemDisk is the largest system disk in GiB; 0 means 2048. One page says 500.
	MaxSystemDisk int
	// MaxVSwitches is how many vSwitches a node pool takes; 0 means 8. One page says 20.
	MaxVSwitches int
	// NoPauseByDefault: UpgradeClusterNodepool without pause_policy does not pause
	// after the first batch.
	NoPauseByDefault bool
	// OldVersionMetadata: the list of versions has no creatable, release_date and
	// upgradable_versions, as in the oldest sample.
	OldVersionMetadata bool
	// OtherCodes: refusals whose codes nobody has recorded have other codes, and
	// statuses, than the first guess: a state that does not allow a call, bad labels,
	// deletion protection, and networks that overlap.
	OtherCodes bool
	// OtherSuccess: mutations answer 202 where the texts say 200, and the other way
	// around.
	OtherSuccess bool
	// RepeatedDeletionOK: deleting a cluster or a node pool that is being deleted is
	// accepted.
	RepeatedDeletionOK bool
	// RetiredIgnored: retired members of CreateCluster are read over, and not refused.
	RetiredIgnored bool
	// ScalingGroupReset: members that the scaling_group of a PUT leaves out are reset to
	// their defaults, and do not stay: tags, spot, security groups, data disks.
	ScalingGroupReset bool
	// SkewRefused: UpgradeCluster refuses while a node pool lags, and does not accept
	// it and let the precheck fail in the task.
	SkewRefused bool
	// SmallSystemDisks: system disks may have 20 GiB and not only 40.
	SmallSystemDisks bool
	// SnakeRequestID: the errors of ACK name their request_id, and not requestId.
	SnakeRequestID bool
	// SpotScalingType: a node pool of spot machines is autoscaled with the type spot
	// only.
	SpotScalingType bool
	// TagsMerged: the tags of a node pool in a PUT are merged into what is there, and
	// do not replace it.
	TagsMerged bool
	// TagsUpdateCluster: ModifyClusterTags lets the cluster be updating for a while, and
	// is refused where it is not running.
	TagsUpdateCluster bool
	// TasksForgotten: the tasks of a deleted cluster are gone with it.
	TasksForgotten bool
	// TasksOldestFirst: DescribeClusterTasks begins with the oldest.
	TasksOldestFirst bool
	// ThrottlingStatus is the HTTP status of a throttled call; 0 means 400. Others
	// that are told of are 429 and 503.
	ThrottlingStatus int
	// UniqueNames: CreateCluster refuses a name that is taken.
	UniqueNames bool
	// UniquePoolNames: CreateClusterNodePool does.
	UniquePoolNames bool
}

func (a Assumptions) withDefaults() Assumptions {
	a.MaxSystemDisk = cmp.Or(a.MaxSystemDisk, 2048)
	a.MaxVSwitches = cmp.Or(a.MaxVSwitches, 8)
	a.ThrottlingStatus = cmp.Or(a.ThrottlingStatus, http.StatusBadRequest)
	return a
}

// Call is a call as the journal holds it. Service is "cs", "vpc", "ecs" or "sts".
type Call = simkit.Call
