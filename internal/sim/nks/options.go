// SPDX-License-Identifier: Apache-2.0

package nks

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
	DefaultTenantID = "1ffeaca9bbf94ab1aa9cffdec29a258a"
	DefaultUser     = "pmks@example.com"
	DefaultUserID   = "12ba32bebc414c4992a2c9be3952a64c"
	DefaultPassword = "pmks-simulated-api-password"
)

// defaultReadLag is how long a call that was accepted does not show yet.
const defaultReadLag = 2 * time.Second

// Options configures a Server.
type Options struct {
	// TenantID is the project; empty means DefaultTenantID. Tenants are other ones,
	// which hold nothing but what is public.
	TenantID string
	Tenants  []string
	// Users may get tokens for every project. Nil means DefaultUser.
	Users []User
	// Region is where the service is; empty means the profile's.
	Region string
	// Catalog lists the services of a token, for a caller that reached the server at
	// base; nil means DefaultCatalog.
	Catalog func(base, region, tenant string) []CatalogService
	// TokenLifetime is how long tokens are good; 0 means 12 hours.
	TokenLifetime time.Duration

	// Seed starts the random stream of identifiers and durations.
	Seed uint64
	// Scale multiplies every duration; 0 means 1.
	Scale float64
	// Durations replaces the typical duration of single operations.
	Durations map[profile.Operation]time.Duration
	// Latency is how long each call takes.
	Latency time.Duration
	// ReadLag is how long reads of clusters and node groups go on showing what was
	// before an accepted call, so that a new cluster is not found and an old
	// *_COMPLETE stays; it is multiplied by Scale. 0 means two seconds, negative none.
	ReadLag time.Duration
	// Now is the clock; nil means time.Now, which inside a testing/synctest bubble
	// is the bubble's.
	Now func() time.Time
	// PageSize is how many items a list holds at most; 0 means 1000.
	PageSize int

	// Quota is that of a project.
	Quota Quota
	// Resources is what the first project holds; nil means DefaultResources.
	Resources *Resources
	// Buckets are the rate limits; nil means DefaultBuckets. Unlimited: there are
	// none.
	Buckets   []simkit.Bucket
	Unlimited bool
	// Denied lists services and operations that nobody may use; see Server.Deny.
	Denied []string
	// Faults are injected before the first call; see Server.Inject.
	Faults []core.Fault
	// Logger gets a line for each call with its verdict; nil means none.
	Logger *slog.Logger

	// Kubernetes says whether, and how, there is a Kubernetes API behind the clusters.
	Kubernetes kubeapi.Mode

	// Assumptions chooses where no source settles what NHN does.
	Assumptions Assumptions
}

// User is a user of the API.
type User struct {
	// Name is what tokens are asked for with, and Password is the one for the API.
	Name, Password, ID string
	// ReadOnly: a role such as MEMBER, which may read clusters and not write.
	ReadOnly bool
	// Denied lists services and operations that the user has no role for.
	Denied []string
}

// Quota holds the limits of a project; 0 means the published one, negative none.
type Quota struct{ Clusters, NodeGroups, Nodes int }

// DefaultBuckets returns the rate limits. NHN publishes none: these are twice what
// pmks allows itself, so that a caller who asks without bounds is refused.
func DefaultBuckets() []simkit.Bucket {
	return []simkit.Bucket{
		{Level: "service", Ops: []string{classWrite}, Per: "service", Burst: 10, Every: 500 * time.Millisecond},
		{Level: "service", Per: "service", Burst: 20, Every: 100 * time.Millisecond},
	}
}

// Texts says how refusals of NKS are worded. Nobody has recorded its words.
type Texts int

// The values of Texts.
const (
	// TextsUpstream: as Magnum words them.
	TextsUpstream Texts = iota
	// TextsOther: in words of which a client knows none.
	TextsOther
	// TextsEmpty: title and detail are empty.
	TextsEmpty
)

// Echo says how a label that is a list comes back.
type Echo int

// The values of Echo.
const (
	// EchoList: as it was sent.
	EchoList Echo = iota
	// EchoText: as JSON in a text.
	EchoText
	// EchoNone: not at all.
	EchoNone
)

// Assumptions chooses between behaviours that no source settles. The zero value is
// the stricter choice each time, or what the public guide shows.
//
// What cannot be seen over these protocols has no switch: what becomes of load
// balancers and volumes of a cluster that is deleted, and the least flavor.
type Assumptions struct {
	// ACLShowsSubnet: an access list of ALLOW shows the subnet of the cluster too, which
	// NKS adds to it.
	ACLShowsSubnet bool
	// AddonsRequired: a create without calico and coredns is refused.
	AddonsRequired bool
	// AddressesOfAllNICs: node_addresses holds those of additional subnets too.
	AddressesOfAllNICs bool
	// AuthorityKept: a renewal of the certificates keeps the authority.
	AuthorityKept bool
	// AutoscaleImage: autoscaling has a member ca_image, as in a sample of the guide,
	// which a POST may carry.
	AutoscaleImage bool
	// BusyIsConflict: what is refused because of an operation under way answers 409
	// and not 400.
	BusyIsConflict bool
	// ChangesFromFailed: upgrades and autoscaling are accepted in UPDATE_FAILED.
	ChangesFromFailed bool
	// ConfigForReaders: users that may only read get a kubeconfig.
	ConfigForReaders bool
	// CreatingIsNotDeleted: DELETE of a cluster in CREATE_IN_PROGRESS is refused.
	CreatingIsNotDeleted bool
	// DefaultGroupKept: default-worker cannot be deleted, as in Magnum.
	DefaultGroupKept bool
	// Discovery: the roots of the services answer with a version document.
	Discovery bool
	// EarlyConfigStatus is that of a kubeconfig before there is a control plane; 0
	// means 400.
	EarlyConfigStatus int
	// EventsOldestFirst: the records of a cluster come in the order of their ids.
	EventsOldestFirst bool
	// ExtraSecurityGroups is how that label comes back, of clusters and groups.
	ExtraSecurityGroups Echo
	// GroupLabelsHidden: a cluster does not show the labels that are of its first
	// group, such as boot_volume_size.
	GroupLabelsHidden bool
	// GroupsUnreadable: the node groups of a cluster that has failed to be created,
	// or is being deleted, answer 404.
	GroupsUnreadable bool
	// GroupsWhileCreating: the first group shows while its cluster is created.
	GroupsWhileCreating bool
	// LastGroupRemovable: the last node group can be deleted.
	LastGroupRemovable bool
	// MicroversionEverywhere: every route of NKS, and not only those of node groups,
	// answers 406 without the microversion.
	MicroversionEverywhere bool
	// NativeLabels: labels come back as JSON numbers and truth values where they are
	// such, and not as texts.
	NativeLabels bool
	// NestedEventTypes: supported_event_type is divided into cluster_events and
	// nodegroup_events.
	NestedEventTypes bool
	// NodeLabelsFixedWhileAuto: PATCH of k8s_node_labels is refused while the autoscaler
	// of the group is on.
	NodeLabelsFixedWhileAuto bool
	// NodeLabelsForm is how k8s_node_labels may be sent at a creation.
	NodeLabelsForm NodeLabelsForm
	// NodeLabelsHidden: k8s_node_labels does not come back.
	NodeLabelsHidden bool
	// NodeLabelsMerged: PATCH of k8s_node_labels adds to what is there.
	NodeLabelsMerged bool
	// NodeLabelsText: k8s_node_labels comes back as JSON in a text, however it was sent.
	NodeLabelsText bool
	// NumberLabels: labels may be sent as JSON numbers where texts are documented.
	NumberLabels bool
	// OmittedAutoscaleKept: what a POST of autoscale leaves out stays as it is, and
	// does not return to its default.
	OmittedAutoscaleKept bool
	// OwnersOnly: only the user who made a cluster may add node groups to it.
	OwnersOnly bool
	// QuotaIsBadRequest: what exceeds a quota answers 400 and not 403.
	QuotaIsBadRequest bool
	// ResizeEvents: the record of a resize is NODEGROUP_SCALE_OUT or
	// NODEGROUP_SCALE_IN and not CLUSTER_RESIZE.
	ResizeEvents bool
	// SizeMayLeaveBounds: the size of a group need not lie within the bounds that
	// autoscaling is set to.
	SizeMayLeaveBounds bool
	// TextAutoscale: GET autoscale answers texts such as "True" and "10", and not JSON
	// truth values and numbers; TextVersions does the same for supported_k8s.
	TextAutoscale, TextVersions bool
	// Texts is how refusals are worded.
	Texts Texts
	// UniqueNames: a second cluster of one name answers 409.
	UniqueNames bool
	// UpgradeWords: while something of a cluster is upgraded it shows
	// UPGRADE_IN_PROGRESS, and then UPGRADE_COMPLETE or UPGRADE_FAILED.
	UpgradeWords bool
}

// Call is a call as the journal holds it. Service is the type that the catalog has,
// such as "container-infra", or "identity". Op is such as "clusters.create". Code is
// the word of the fault in the body, or the name of Magnum's exception.
type Call = simkit.Call
