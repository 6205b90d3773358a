// SPDX-License-Identifier: Apache-2.0

package iks

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
	DefaultAccount = "0123456789abcdef0123456789abcdef"
	// DefaultAPIKey belongs to a user who may do everything.
	DefaultAPIKey = "pmks-simulated-api-key-000000000000000000001"
	// DefaultResourceGroup is the default resource group of the account, and
	// OtherResourceGroup is another one.
	DefaultResourceGroup = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	OtherResourceGroup   = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// Options configures a Server.
type Options struct {
	// Account is the only account; empty means DefaultAccount.
	Account string
	// Region is where clusters can be made; empty means the profile's. Its zones end
	// in -1, -2 and -3.
	Region string
	// APIKeys are accepted by IAM, by their text. Nil means DefaultAPIKey.
	APIKeys map[string]APIKey
	// TokenLifetime is how long access tokens are good; 0 means an hour.
	TokenLifetime time.Duration

	// Seed starts the random stream of identifiers and durations.
	Seed uint64
	// Scale multiplies every duration; 0 means 1.
	Scale float64
	// Durations replaces the typical duration of single operations. A worker that is
	// replaced, added or taken away takes what a group of them does; UpdateCluster is
	// how long the autoscaler takes to read its ConfigMap, and an add-on takes nine
	// times as long to be installed.
	Durations map[profile.Operation]time.Duration
	// Latency is how long each call takes.
	Latency time.Duration
	// ReadLag is how long reads of clusters and pools go on showing what was before
	// an accepted call: a new cluster is in no list and answers 404.
	ReadLag time.Duration
	// TagLag is the same for the list of user tags.
	TagLag time.Duration
	// Fresh is how long a new cluster answers 404 to everything but the list.
	Fresh time.Duration
	// Linger is how long a deleted cluster stays in the list with the state deleted.
	Linger time.Duration
	// Now is the clock; nil means time.Now, which inside a testing/synctest bubble
	// is the bubble's.
	Now func() time.Time

	// Resources is what the account holds; nil means DefaultResources.
	Resources *Resources
	// ClusterQuota and WorkerQuota are those of the region; 0 means 100 and 500.
	ClusterQuota, WorkerQuota int
	// Buckets are the rate limits; nil means DefaultBuckets. Unlimited: there are
	// none.
	Buckets   []simkit.Bucket
	Unlimited bool
	// Denied lists operations that nobody has the role for, as Call has them.
	Denied []string
	// Faults are injected before the first call; see Server.Inject.
	Faults []core.Fault
	// Logger gets a line for each call with its verdict; nil means none.
	Logger *slog.Logger

	// Kubernetes says whether, and how, there is a Kubernetes API behind the clusters.
	Kubernetes kubeapi.Mode

	// Assumptions chooses where no source settles what IBM does.
	Assumptions Assumptions
}

// APIKey is a key that IAM knows.
type APIKey struct {
	// Locked: IAM refuses it although it is right.
	Locked bool
	// Account is that of its owner; empty means the Server's. Another account sees
	// none of the clusters.
	Account string
	// ServiceID: it belongs to a service ID and not to a user.
	ServiceID bool
}

// DefaultBuckets returns the published limit: 200 calls in ten seconds from one
// source address, of which there is one here. The other services publish none.
func DefaultBuckets() []simkit.Bucket {
	return []simkit.Bucket{{Service: serviceIKS, Burst: 200, Window: 10 * time.Second}}
}

// Assumptions chooses between behaviours that no source settles. The zero value is
// the stricter choice each time, or the one that clients in production rely on.
//
// What does not show in these protocols has no switch: where the permissions of a
// service ID come from, and what an add-on does inside of a cluster.
type Assumptions struct {
	// AdminToken: the admin kubeconfig has a token beside the certificate.
	AdminToken bool
	// AnyPoolName: a pool may have any name, and not only letters, digits and
	// hyphens, 32 at most.
	AnyPoolName bool
	// BadRequestTexts: refusals whose codes nobody has recorded have others: an
	// unknown version, an update over two minors, a zone that is not the subnet's, a
	// taint that is none.
	BadRequestTexts bool
	// CreateFailedWord: a creation that failed shows create_failed and not
	// deploy_failed.
	CreateFailedWord bool
	// EarlyKubeconfigUnavailable: the kubeconfig of a cluster without a master
	// answers 500 and not 400.
	EarlyKubeconfigUnavailable bool
	// EarlyWorker: the first worker is normal while a new cluster shows warning.
	EarlyWorker bool
	// EmptyPools: a pool may have no workers.
	EmptyPools bool
	// EndpointAtOnce: the public endpoint comes and goes with the call that asks for it,
	// and not with the refresh of the master.
	EndpointAtOnce bool
	// FailedUpdateForgotten: after a failed update the master is deployed in the old
	// version, and not update_failed.
	FailedUpdateForgotten bool
	// FirstPoolIsDefault: the pool that comes with a cluster is named "default",
	// whatever the request says.
	FirstPoolIsDefault bool
	// FreshIsEmpty: a new cluster is found for as long as Options.Fresh says, but its
	// lists of pools and workers are empty; it does not answer 404.
	FreshIsEmpty bool
	// GroupOptionalOnWrites: a write to a cluster outside of the default resource
	// group needs no X-Auth-Resource-Group.
	GroupOptionalOnWrites bool
	// KubeGrantOfKeys: IAM gives the client "kube" an id_token for an API key.
	KubeGrantOfKeys bool
	// KubernetesLabels: reads of pools show labels of Kubernetes beside those of the
	// service.
	KubernetesLabels bool
	// LabelsLate: custom labels of a pool show only when it has a worker.
	LabelsLate bool
	// MissingPoolIsGeneral: a pool that does not exist answers the code G0004, with
	// the words of a pool.
	MissingPoolIsGeneral bool
	// NamesPerRegion: a name may be taken once in each region, and not in the
	// account.
	NamesPerRegion bool
	// NoRetryAfter: a call too many is not told when to come back.
	NoRetryAfter bool
	// OptionsSurvive: an update of an add-on without options keeps them.
	OptionsSurvive bool
	// PoolsFollowWorkers: the lifecycle of a pool shows what its workers do, and does
	// not say active from the first second.
	PoolsFollowWorkers bool
	// ProviderIgnored: getClusters shows clusters of every provider, whatever is
	// asked.
	ProviderIgnored bool
	// RemovalWaitsForWorkers: a pool is not given up while workers of the cluster are
	// in transition.
	RemovalWaitsForWorkers bool
	// ResizeRefusedAsBadRequest: the size of a pool with autoscaling answers 400 and
	// not 409.
	ResizeRefusedAsBadRequest bool
	// SecondDeletionAccepted: deleting what is being deleted answers 204 and not 404.
	SecondDeletionAccepted bool
	// TagsKeepCase: user tags are not put in lower case.
	TagsKeepCase bool
	// TaintsAccepted: setWorkerPoolTaints answers 202 and not 204.
	TaintsAccepted bool
	// TaintsMerge: setWorkerPoolTaints adds to the taints that are there, and does not
	// replace them.
	TaintsMerge bool
	// ThrottledStatus is that of a call too many; 0 means 429.
	ThrottledStatus int
	// UnforcedUpdateRefused: updateMaster without force is refused.
	UnforcedUpdateRefused bool
	// UpdatingState: a cluster whose master is updated shows updating and not what its
	// workers are.
	UpdatingState bool
	// VersionsAsList: getVersions answers with a list and not with a map.
	VersionsAsList bool
}

// Call is a call as the journal holds it. Service is "iks", "iam", "vpc", "tags",
// "resources" or "kube"; Op is the last word of the path, such as "createCluster", or
// one that describes it, such as "deleteCluster", "getAddons" or "token". Code is the
// code in the body of a refusal.
type Call = simkit.Call
