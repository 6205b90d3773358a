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
// pmks:unread says. In a network of another project it needs compute.networkUser
// there.
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
// # Rate limits
//
// At most 8 requests of a handler are under way, whoever calls it. They keep to 70 %
// of what Google publishes of its quotas, unless Config.RateLimits says otherwise:
// 35 requests of GKE a second, and 10 a second and region that read the instances of
// a group. Reads are repeated when they fail in passing; the client libraries' own
// retries are off.
//
// # Differences from other providers
//
//   - One operation is under way in a cluster at a time, or one in each of its pools:
//     anything else is ErrBusy, at times because of an operation that Google began.
//   - Security groups become network tags of the nodes; firewall rules name those.
//   - Sizes are totals: in a cluster of several zones they must divide evenly.
//   - Bounds of autoscaling that is off, the key pair and the security groups are
//     kept in labels.
//   - A failed node pool takes changes of its size and bounds, which may mend it.
//   - GKE upgrades clusters of a release channel by itself as well.
//
// # Example
//
// See examples/realcloud for the whole life of a cluster.
package gcp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

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

	// RateLimits is "published", which keeps requests to the rates that Google
	// publishes, or "none", for a simulated cloud without them.
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
	{Setting: pmks.Setting{Name: "rateLimits", Default: ratesPublished, Help: "published: keep the rates that Google publishes; none: for a simulated cloud without them"},
		Set: setting.OneOf(func(c *Config) *string { return &c.RateLimits }, ratesPublished, ratesNone)},
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
