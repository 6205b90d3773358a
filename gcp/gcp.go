// SPDX-License-Identifier: Apache-2.0

// Package gcp manages Google Kubernetes Engine clusters, through Google's client
// libraries for Go.
//
// # What it manages
//
// GKE Standard clusters with their node pools: a Type-II cloud, so at least one
// node group comes with the cluster. Zonal by the connection's zone, regional by
// setting. What pmks did not make is shown as it is: regional clusters and such with
// nodes in several zones, spot, preemptible and Windows pools, pools of node
// auto-provisioning, Autopilot clusters. What would be wrong or half done for them is
// refused: the pools of an Autopilot cluster are not changed, and autoscaling of an
// auto-provisioned pool is not turned off.
//
// # Prerequisites
//
// pmks makes none of these. What it finds missing it names: ErrFailedPrecondition, or
// ErrInvalidArgument with the field of the request.
//
//   - A project with billing, and the APIs container.googleapis.com and
//     compute.googleapis.com turned on.
//   - A VPC network and one subnetwork of it in the region of the connection's zone:
//     one address for each node. GKE adds two secondary ranges, a /14 for pods and a
//     /20 for services unless told otherwise; Config.PodRange and ServiceRange name
//     ranges that are there, which a shared network needs.
//   - The service account of the nodes, Config.NodeServiceAccount, with
//     roles/container.defaultNodeServiceAccount; else the default one of Compute
//     Engine.
//   - For each security group of a request, a firewall rule whose target tag bears that
//     name.
//   - For private nodes, Cloud NAT or Private Google Access. pmks asks for neither.
//
// # Authentication
//
// With no credentials given, Application Default Credentials apply. The key of a
// service account can be given as its JSON, as a file, or as project, e-mail and
// private key, or any token source. A token is replaced ten minutes before its end,
// and used to its end while no new one can be had.
//
// The caller needs roles/container.admin, roles/iam.serviceAccountUser on the
// service account of the nodes, and compute.instanceGroupManagers.get and list;
// without the last two the nodes and sizes of node groups stay unknown, which
// pmks:unread says. With compute.instances.list as well, ListCluster reads the nodes of
// many clusters together; without, it reads each instance group, which costs a fleet of
// five hundred groups forty seconds. In a network of another project it needs compute.networkUser
// there. Of container.admin these are used: container.clusters.create, delete, get, list
// and update, container.operations.get and list; compute.networks.get and
// compute.subnetworks.get check a request beforehand, where they are granted.
//
// # Settings
//
// See [Config]; the names and defaults of the registered provider are listed in
// docs/settings.md.
//
// # Identifiers
//
// The SystemId of a cluster is its name, or its path where its location is not the
// connection's; paths and self links are understood, and compared whole with the
// connection. A NameId alone is that of any cluster which ListCluster shows, in the
// region or a zone of it; one that several have is ambiguous. The ids of a node group
// are its name, those of a node the name of its VM. Networks, subnetworks and firewall
// rules are given by name, by path or by self link, those of a host project whole.
//
// # Capabilities
//
// See [Handler.Capabilities] and the matrix in docs/capabilities.md.
//
// # Kubeconfig
//
// With KubeconfigKind "token", the default, it holds an access token of Google for the
// caller and works with nothing installed. It ends within an hour, and has ten minutes
// left as a rule when it is handed out; AccessInfo.ExpiresAt says when it ends. With
// "exec" it holds no secret and calls pmks-credential, which gets a token on the
// machine of its user, from the credentials that are found there: no gcloud and no
// gke-gcloud-auth-plugin.
//
// What the bearer may do is decided by IAM (roles/container.developer,
// roles/container.admin) or by role bindings to the e-mail. The same token is good for
// the rest of Google Cloud, as far as the caller's rights go: hand out kubeconfigs of
// the kind exec to others.
//
// # Storage classes
//
// pmks neither makes nor changes storage classes. GKE has three in every cluster, on
// Persistent Disk (pd.csi.storage.gke.io): standard-rwo, the default, premium-rwo, and
// standard, which binds at once and is the older one (GKE, persistent volumes, read in
// November 2026). Machine types that take Hyperdisk alone, such as n4, need a class of
// one's own with type hyperdisk-balanced.
//
// # Rate limits
//
// At most 8 requests of a project are under way, whoever calls which handler of it. They
// keep to 70 % of what Google publishes of its quotas, unless Config.RateLimits says otherwise:
// 35 requests of GKE a second, 10 a second and region that read the instances of
// a group, and 2 a second of the lists over all zones, of which no figure is published.
// A listing of 100 clusters with 500 node groups and 5,000 nodes is 13 requests, and one
// more for each group that changes meanwhile; waits share their looks, so a thousand of
// them list the clusters once in five seconds. Reads are repeated when they fail in passing; the client libraries' own
// retries are off.
//
// # Differences from other providers
//
//   - One operation is under way in a cluster at a time, or one in each of its pools:
//     anything else is ErrBusy, at times because of an operation that Google began.
//   - Security groups become network tags of the nodes; firewall rules name those.
//   - Sizes are totals: in a cluster or a node group of several zones they must divide
//     evenly.
//   - The private address of a control plane is always there: Access.Mode is
//     public-and-private or private. Access.CIDRs become authorized networks, up to 50;
//     other machines of Google Cloud are not among them. A private cluster takes private
//     networks alone. Where Access says anything the DNS name is closed to the outside.
//   - Labels and taints that GKE puts on nodes by itself are not shown.
//   - Bounds of autoscaling that is off, the key pair and the security groups are
//     kept in labels.
//   - SetTags replaces labels, and waits for GKE, which takes some seconds.
//   - A failed node pool takes changes of its size and bounds, which may mend it.
//   - GKE upgrades clusters of a release channel by itself as well.
//
// # Hooks
//
// Fields of [Config] that are given the vendor's request last, and may change it:
// BeforeCreateCluster, BeforeAddNodeGroup, BeforeUpgrade and BeforeUpgradeNodeGroup.
// The example of Config sets a maintenance window and the logs of the control plane.
//
// # Example
//
// See examples/realcloud for the whole life of a cluster. What pmks has no field for is
// up to the hooks of [Config] and to [Handler.Vendor].
package gcp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"golang.org/x/oauth2"
	"google.golang.org/grpc"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/setting"
)

// Name is the name under which the provider is registered.
const Name = "gcp"

// Config configures a Handler. It prints with its secrets redacted.
type Config struct {
	// ProjectID is the id of the project, not its number. Empty means that of the
	// credentials.
	ProjectID string
	// Zone is where zonal clusters are, such as asia-northeast3-a.
	Zone string
	// Region is where regional clusters are, with Regional; empty means that of
	// Zone.
	Region string
	// Regional makes clusters with control planes and nodes in all zones of the
	// region.
	Regional bool

	// CredentialsJSON is the key of a service account.
	CredentialsJSON string
	// CredentialsFile is a file with such a key.
	CredentialsFile string
	// ClientEmail and PrivateKey are what matters of such a key.
	ClientEmail string
	PrivateKey  string
	// TokenSource replaces all of these.
	TokenSource oauth2.TokenSource

	// ReleaseChannel is RAPID, REGULAR, STABLE or EXTENDED, which costs more; empty
	// takes the most mature one that has the version.
	ReleaseChannel string
	// NodeServiceAccount is the e-mail of the service account of nodes; empty means
	// the project's default.
	NodeServiceAccount string
	// PodRange and ServiceRange name secondary ranges of the subnet; empty lets GKE
	// add ranges.
	PodRange     string
	ServiceRange string

	// RateLimits is "published", the default, which keeps requests to the rates that Google publishes;
	// a part of that such as "50%", from 1% to 1000%, where others draw from the same account or
	// its limits have been raised; or "none", for a simulated cloud without limits.
	RateLimits string
	// PollInterval is how often a change that takes two operations looks whether the
	// first one is done; GKE works on one at a time.
	PollInterval time.Duration
	// KubeconfigKind is "token", which works with nothing else installed and ends
	// within an hour, or "exec", which calls CredentialHelper.
	KubeconfigKind   string
	CredentialHelper string

	// Protocol is grpc or rest; empty means grpc, or rest where a Transport is
	// given.
	Protocol string
	// Endpoint replaces the URLs of GKE and Compute Engine.
	Endpoint string
	// Transport carries all requests; with the Protocol grpc those of tokens and of
	// Compute Engine only.
	Transport http.RoundTripper
	// DialOptions are for gRPC, such as a dialer that goes through a proxy.
	DialOptions []grpc.DialOption
	Logger      *slog.Logger

	// The hooks have the last word on requests, for what pmks has no field for, such as
	// maintenance windows, dual stack or logging: they are given the request as it was
	// asked for, and Google's as it is about to be sent, which they may change but for
	// its names, its versions and the label by which pmks finds what it made. Each is
	// called once for a request, before the first try; all tries send the same. With an
	// error, or a panic, nothing is sent, and the method fails with ErrInvalidArgument.
	// They may be called by several goroutines at once.

	// BeforeCreateCluster is called before a cluster is made, with its node pools.
	BeforeCreateCluster func(ctx context.Context, req pmks.ClusterInfo, native *containerpb.CreateClusterRequest) error
	// BeforeAddNodeGroup is called before a node pool is added to a cluster.
	BeforeAddNodeGroup func(ctx context.Context, req pmks.NodeGroupInfo, native *containerpb.CreateNodePoolRequest) error
	// BeforeUpgrade is called before a control plane is upgraded.
	BeforeUpgrade func(ctx context.Context, step pmks.UpgradeStep, native *containerpb.UpdateMasterRequest) error
	// BeforeUpgradeNodeGroup is called for each node pool that is to be upgraded, before
	// the first of them is.
	BeforeUpgradeNodeGroup func(ctx context.Context, step pmks.UpgradeStep, native *containerpb.UpdateNodePoolRequest) error
}

// Defaults of Config.
const (
	DefaultCredentialHelper = "pmks-credential"

	protocolGRPC = "grpc"
	protocolREST = "rest"
	kindToken    = "token"
	kindExec     = "exec"

	ratesPublished = "published"
	ratesNone      = "none"

	defaultPollInterval = 2 * time.Second
)

// credentialTable and settingTable are sorted by name.
var credentialTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "clientEmail", Help: "e-mail of the service account; goes with privateKey"},
		Set: setting.Text(func(c *Config) *string { return &c.ClientEmail })},
	{Setting: pmks.Setting{Name: "credentialsJson", Help: "key of a service account, as JSON"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialsJSON })},
	{Setting: pmks.Setting{Name: "privateKey", Help: "private key of the service account, as PEM"},
		Set: setting.Text(func(c *Config) *string { return &c.PrivateKey })},
	{Setting: pmks.Setting{Name: "projectId", Help: "id of the project; the credentials' own if empty"},
		Set: setting.Text(func(c *Config) *string { return &c.ProjectID })},
}

var settingTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "credentialHelper", Default: DefaultCredentialHelper, Help: "command that an exec kubeconfig calls"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialHelper })},
	{Setting: pmks.Setting{Name: "credentialsFile", Help: "file with the key of a service account"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialsFile })},
	{Setting: pmks.Setting{Name: "kubeconfigKind", Default: kindToken, Help: "token: works alone for up to an hour; exec: calls credentialHelper and never goes stale"},
		Set: setting.OneOf(func(c *Config) *string { return &c.KubeconfigKind }, kindToken, kindExec)},
	{Setting: pmks.Setting{Name: "nodeServiceAccount", Default: "the project's own", Help: "e-mail of the service account of nodes"},
		Set: setting.Text(func(c *Config) *string { return &c.NodeServiceAccount })},
	{Setting: pmks.Setting{Name: "podRange", Help: "secondary range of the subnet for pods; empty lets GKE add one"},
		Set: setting.Text(func(c *Config) *string { return &c.PodRange })},
	{Setting: pmks.Setting{Name: "pollInterval", Default: defaultPollInterval.String(), Help: "how often a change that takes two operations looks whether the first is done"},
		Set: setting.Duration(func(c *Config) *time.Duration { return &c.PollInterval })},
	{Setting: pmks.Setting{Name: "project", Help: "id of the project, as projectId of the credentials; for kubeconfigs, which hold no credentials"},
		Set: projectSetting},
	{Setting: pmks.Setting{Name: "protocol", Default: protocolGRPC, Help: "grpc or rest"},
		Set: setting.OneOf(func(c *Config) *string { return &c.Protocol }, protocolGRPC, protocolREST)},
	{Setting: pmks.Setting{Name: "rateLimits", Default: ratesPublished, Help: "published: keep the rates that Google publishes; a percentage, from 1% to 1000%: that part of it; none: for a simulated cloud without them"},
		Set: setting.Text(func(c *Config) *string { return &c.RateLimits })},
	{Setting: pmks.Setting{Name: "regional", Default: "false", Help: "true makes clusters in all zones of the region, with three times the nodes"},
		Set: setting.Bool(func(c *Config) *bool { return &c.Regional })},
	{Setting: pmks.Setting{Name: "releaseChannel", Default: "the most mature one that has the version", Help: "RAPID, REGULAR, STABLE, or EXTENDED, which costs more"},
		Set: setting.OneOf(func(c *Config) *string { return &c.ReleaseChannel }, "RAPID", "REGULAR", "STABLE", "EXTENDED")},
	{Setting: pmks.Setting{Name: "serviceRange", Help: "secondary range of the subnet for services; empty lets GKE add one"},
		Set: setting.Text(func(c *Config) *string { return &c.ServiceRange })},
}

// projectSetting sets the project where the credentials do not name the same.
func projectSetting(c *Config, text string) error {
	if c.ProjectID != "" && c.ProjectID != text {
		return fmt.Errorf("%q is another project than that of the credentials, %q", text, c.ProjectID)
	}
	c.ProjectID = text
	return nil
}

func init() {
	pmks.Register(pmks.Provider{
		Name:         Name,
		Title:        "Google Cloud GKE",
		Credentials:  setting.Describe(credentialTable),
		Settings:     setting.Describe(settingTable),
		Capabilities: capabilities,
		Open: func(ctx context.Context, cfg pmks.Config) (pmks.ClusterHandler, error) {
			c := Config{Region: cfg.Region, Zone: cfg.Zone, Endpoint: cfg.Endpoint, Transport: cfg.Transport, Logger: cfg.Logger}
			if err := setting.Read(&c, cfg, credentialTable, settingTable); err != nil {
				return nil, err
			}
			return New(ctx, c)
		},
	})
}
