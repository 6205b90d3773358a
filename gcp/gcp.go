// SPDX-License-Identifier: Apache-2.0

// Package gcp manages Google Kubernetes Engine clusters, through Google's client
// libraries for Go.
//
// # What it manages
//
// GKE Standard clusters with their node pools: a Type-II cloud, so at least one
// node group comes with the cluster. Clusters are zonal, in the zone of the
// connection, unless the setting regional makes them regional. Autopilot clusters
// are listed, read, upgraded and deleted, never made; their node pools are GKE's.
// The network and the subnetwork are the user's.
//
// # Authentication
//
// With no credentials given, Application Default Credentials apply: the file that
// GOOGLE_APPLICATION_CREDENTIALS names, gcloud's own, or the metadata server. The
// parts of a service account's key, its whole JSON, a file, an access token or any
// token source can be given instead, and a service account to impersonate. Neither
// gcloud nor its plugin is needed, for the API or for a cluster.
//
// The caller needs roles/container.admin, roles/iam.serviceAccountUser on the
// service account of the nodes, and compute.instanceGroupManagers.get: without
// that nodes are not shown, and the size of a group is the one it began with.
//
// # Identifiers
//
// The SystemId of a cluster in the handler's own zone (or region, if it is
// regional) is its name; of any other cluster it is
// projects/P/locations/L/clusters/C. A name alone means the cluster in the
// handler's own location. The ids of a node group and of a node are their names.
//
// # Rate limits
//
// At most 8 requests are under way at a time for one call of a handler. Reads that
// were not answered are made three times in all; mutations are never repeated by
// the client library.
//
// # Differences from other providers
//
//   - GKE works on one thing at a time in a cluster: anything else is ErrBusy.
//     Upgrades by GKE itself count too.
//   - Security groups become network tags of the nodes, which firewall rules refer
//     to. GKE does not check them.
//   - A key pair is a note, unless the setting sshPublicKey gives the key itself.
//   - While autoscaling is off GKE keeps no bounds. They are in labels of the
//     cluster, so to change them is an operation of its own, which
//     ChangeNodeGroupScaling and SetNodeGroupAutoScaling wait for.
//   - A cluster is enrolled in a release channel, REGULAR unless the setting
//     releaseChannel says otherwise, and may have its versions.
//   - DeleteCluster leaves what controllers inside the cluster have made: load
//     balancers, their firewall rules and persistent disks.
//
// See examples/quickstart for the whole life of a cluster.
package gcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"cloud.google.com/go/auth"
	container "cloud.google.com/go/container/apiv1"
	"golang.org/x/oauth2"
	"google.golang.org/api/compute/v1"
	"google.golang.org/grpc"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/setting"
)

// Name is the name under which the provider is registered.
const Name = "gcp"

// Config configures a Handler. It prints with its secrets redacted.
type Config struct {
	// ProjectID is the id of the project; empty means that of the credentials, or of
	// GOOGLE_CLOUD_PROJECT.
	ProjectID string
	// Zone is where clusters are made, such as asia-northeast3-a. Region may be left
	// out then.
	Zone   string
	Region string
	// Regional makes clusters regional: the control plane, and each node group, in
	// several zones of Region.
	Regional bool
	// NodeZones are the zones of the nodes of regional clusters; nil means the first
	// three of the region.
	NodeZones []string

	// ClientEmail and PrivateKey (PEM) are parts of a service account's key.
	ClientEmail string
	PrivateKey  string
	// TokenURI is where tokens for them come from; empty means Google.
	TokenURI string
	// CredentialsJSON is the key of a service account, or what gcloud stores of a
	// user. Other kinds go into CredentialsFile: they name programs and URLs, which
	// must not come from just anywhere.
	CredentialsJSON string
	// CredentialsFile is a file with credentials of any kind.
	CredentialsFile string
	// AccessToken is used as it is until it ends.
	AccessToken string
	// TokenSource or Credentials replace all of these.
	TokenSource oauth2.TokenSource
	Credentials *auth.Credentials
	// ImpersonateServiceAccount is the e-mail of a service account to act as.
	ImpersonateServiceAccount string
	// QuotaProject is the project that requests count for.
	QuotaProject string

	// ReleaseChannel is RAPID, REGULAR, STABLE, EXTENDED (which costs more) or NONE.
	ReleaseChannel string
	// NodeServiceAccount is the e-mail of the service account of nodes; empty means
	// Compute Engine's default one.
	NodeServiceAccount string
	// PodRange and ServiceRange name secondary ranges of the subnetwork; empty lets
	// GKE add its own.
	PodRange     string
	ServiceRange string
	// SSHPublicKey is put on the nodes of groups that name a key pair, for SSHUser.
	SSHPublicKey string
	SSHUser      string
	// PrivateEndpoint shows the address of a cluster inside its network.
	PrivateEndpoint bool

	// PollInterval is how often an operation is looked at that must end before the
	// next may begin, and OperationWait for how long at most.
	PollInterval  time.Duration
	OperationWait time.Duration
	// KubeconfigKind is "token", which works with nothing else installed and ends
	// within the hour, or "exec", which calls CredentialHelper.
	KubeconfigKind   string
	CredentialHelper string

	// Endpoint replaces the URL of both services. It must be https unless it is on
	// this machine.
	Endpoint string
	// Protocol is "grpc" or "rest", for GKE; Compute Engine has REST only. Empty
	// means gRPC unless there is a Transport.
	Protocol string
	// Transport carries all requests over REST, those for tokens included.
	Transport http.RoundTripper
	// DialOptions are added to those of the gRPC connection.
	DialOptions []grpc.DialOption
	Logger      *slog.Logger
}

// Defaults of Config.
const (
	DefaultReleaseChannel   = "REGULAR"
	DefaultSSHUser          = "cb-user"
	DefaultCredentialHelper = "pmks-credential"

	defaultPollInterval  = 3 * time.Second
	defaultOperationWait = 10 * time.Minute

	protocolGRPC = "grpc"
	protocolREST = "rest"
	kindToken    = "token"
	kindExec     = "exec"
	noChannel    = "NONE"
)

// credentialTable and settingTable are sorted by name.
var credentialTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "accessToken", Help: "access token, used until it ends"},
		Set: setting.Text(func(c *Config) *string { return &c.AccessToken })},
	{Setting: pmks.Setting{Name: "clientEmail", Help: "e-mail of the service account; goes with privateKey"},
		Set: setting.Text(func(c *Config) *string { return &c.ClientEmail })},
	{Setting: pmks.Setting{Name: "credentialsJson", Help: "key file of a service account, or gcloud's file of a user, as text"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialsJSON })},
	{Setting: pmks.Setting{Name: "privateKey", Help: "private key of the service account, PEM; line ends may be written as \\n"},
		Set: setting.Text(func(c *Config) *string { return &c.PrivateKey })},
	{Setting: pmks.Setting{Name: "projectId", Default: "that of the credentials, or GOOGLE_CLOUD_PROJECT", Help: "id of the project"},
		Set: setting.Text(func(c *Config) *string { return &c.ProjectID })},
}

var settingTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "credentialHelper", Default: DefaultCredentialHelper, Help: "command that an exec kubeconfig calls"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialHelper })},
	{Setting: pmks.Setting{Name: "credentialsFile", Help: "file with credentials of any kind"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialsFile })},
	{Setting: pmks.Setting{Name: "impersonateServiceAccount", Help: "e-mail of a service account to act as"},
		Set: setting.Text(func(c *Config) *string { return &c.ImpersonateServiceAccount })},
	{Setting: pmks.Setting{Name: "kubeconfigKind", Default: kindToken, Help: "token: works alone for up to an hour; exec: calls credentialHelper and never goes stale"},
		Set: setting.OneOf(func(c *Config) *string { return &c.KubeconfigKind }, kindToken, kindExec)},
	{Setting: pmks.Setting{Name: "nodeServiceAccount", Default: "Compute Engine's default one", Help: "e-mail of the service account of nodes"},
		Set: setting.Text(func(c *Config) *string { return &c.NodeServiceAccount })},
	{Setting: pmks.Setting{Name: "nodeZones", Default: "the first three of the region", Help: "comma-separated zones of the nodes of regional clusters"},
		Set: setting.List(func(c *Config) *[]string { return &c.NodeZones })},
	{Setting: pmks.Setting{Name: "operationWait", Default: defaultOperationWait.String(), Help: "how long to wait at most for a change that must come before another"},
		Set: setting.Duration(func(c *Config) *time.Duration { return &c.OperationWait })},
	{Setting: pmks.Setting{Name: "podRange", Default: "one that GKE adds", Help: "secondary range of the subnetwork for pods"},
		Set: setting.Text(func(c *Config) *string { return &c.PodRange })},
	{Setting: pmks.Setting{Name: "pollInterval", Default: defaultPollInterval.String(), Help: "how often to look whether such a change is done"},
		Set: setting.Duration(func(c *Config) *time.Duration { return &c.PollInterval })},
	{Setting: pmks.Setting{Name: "privateEndpoint", Default: "false", Help: "true shows the address of a cluster inside its network"},
		Set: setting.Bool(func(c *Config) *bool { return &c.PrivateEndpoint })},
	{Setting: pmks.Setting{Name: "protocol", Default: "grpc; rest with a transport", Help: "grpc or rest, for the GKE API"},
		Set: setting.OneOf(func(c *Config) *string { return &c.Protocol }, protocolGRPC, protocolREST)},
	{Setting: pmks.Setting{Name: "quotaProject", Help: "project that requests count for"},
		Set: setting.Text(func(c *Config) *string { return &c.QuotaProject })},
	{Setting: pmks.Setting{Name: "regional", Default: "false", Help: "true makes regional clusters, with nodes in several zones"},
		Set: setting.Bool(func(c *Config) *bool { return &c.Regional })},
	{Setting: pmks.Setting{Name: "releaseChannel", Default: DefaultReleaseChannel, Help: "RAPID, REGULAR, STABLE, EXTENDED (which costs more) or NONE"},
		Set: setting.OneOf(func(c *Config) *string { return &c.ReleaseChannel }, "RAPID", "REGULAR", "STABLE", "EXTENDED", noChannel)},
	{Setting: pmks.Setting{Name: "serviceRange", Default: "one that GKE adds", Help: "secondary range of the subnetwork for services"},
		Set: setting.Text(func(c *Config) *string { return &c.ServiceRange })},
	{Setting: pmks.Setting{Name: "sshPublicKey", Help: "OpenSSH public key for the nodes of groups that name a key pair"},
		Set: setting.Text(func(c *Config) *string { return &c.SSHPublicKey })},
	{Setting: pmks.Setting{Name: "sshUser", Default: DefaultSSHUser, Help: "user of sshPublicKey"},
		Set: setting.Text(func(c *Config) *string { return &c.SSHUser })},
	{Setting: pmks.Setting{Name: "tokenUri", Default: "Google's", Help: "where tokens for clientEmail and privateKey come from"},
		Set: setting.Text(func(c *Config) *string { return &c.TokenURI })},
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

// Format prints c with its secrets redacted, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{ProjectID:%s Region:%s Zone:%s Regional:%t ClientEmail:%s CredentialsFile:%s ImpersonateServiceAccount:%s ReleaseChannel:%s Protocol:%s Endpoint:%s}",
		c.ProjectID, c.Region, c.Zone, c.Regional, c.ClientEmail, c.CredentialsFile, c.ImpersonateServiceAccount, c.ReleaseChannel, c.Protocol, shown(c.Endpoint))
}

// MarshalText gives JSON, and whatever else writes text, what Format prints.
func (c Config) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// LogValue logs c with its secrets redacted.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Handler is a [pmks.ClusterHandler] for one region of one project. It is safe for
// concurrent use. Close ends its connections.
type Handler struct {
	cfg Config
	api clients
	// home is the location of new clusters: a zone, or the region.
	home string
}

var (
	_ pmks.ClusterHandler     = (*Handler)(nil)
	_ pmks.CapabilityReporter = (*Handler)(nil)
	_ pmks.IIDLister          = (*Handler)(nil)
	_ pmks.TokenIssuer        = (*Handler)(nil)
	_ pmks.VersionLister      = (*Handler)(nil)
	_ pmks.RequestChecker     = (*Handler)(nil)
)

// New makes a handler. It reads the credentials that are given, and makes no
// network call. ErrInvalidArgument names what is wrong with cfg.
func New(ctx context.Context, cfg Config) (*Handler, error) {
	if err := cfg.normalize(); err != nil {
		return nil, err
	}
	creds, err := newCredentials(&cfg)
	if err != nil {
		return nil, err
	}
	if err := cfg.checkProject(); err != nil {
		return nil, err
	}
	api, err := newClients(ctx, cfg, creds)
	if err != nil {
		return nil, err
	}
	h := &Handler{cfg: cfg, api: api, home: cfg.Zone}
	if cfg.Regional {
		h.home = cfg.Region
	}
	return h, nil
}

// Close ends the connections. The handler is of no use after it.
func (h *Handler) Close() error {
	var err error
	if h.api.connection != nil {
		err = h.api.connection.Close()
	}
	if h.api.idle != nil {
		h.api.idle()
	}
	if err != nil {
		return errors.Join(fail(context.Background(), err))
	}
	return nil
}

// SDK returns the clients that the handler uses, for what pmks does not cover.
// They end with the handler.
func (h *Handler) SDK() (*container.ClusterManagerClient, *compute.Service) {
	return h.api.connection, h.api.compute
}

// Format prints h without its secrets, whatever the verb: fmt would walk into its
// configuration, where the methods of Config do not count.
func (h *Handler) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "gcp.Handler%v", h.cfg) }

// LogValue logs h as Format prints it.
func (h *Handler) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(h)) }

// Capabilities implements [pmks.CapabilityReporter].
func (h *Handler) Capabilities() pmks.Capabilities { return capabilities }
