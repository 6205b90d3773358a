// SPDX-License-Identifier: Apache-2.0

// Package ibm manages clusters of the IBM Cloud Kubernetes Service on VPC Gen 2,
// through the core of IBM's SDK for Go.
//
// # What it manages
//
// Community Kubernetes clusters with their worker pools: a Type-II cloud, the first
// node group comes with the cluster. VPC, subnets and security groups are the user's.
// OpenShift clusters, and those on Satellite or classic infrastructure, are neither
// listed nor touched. What pmks did not make is shown as it is.
//
// # Prerequisites
//
// pmks makes none of these. What it finds missing it names: ErrFailedPrecondition, or
// ErrInvalidArgument with the field of the request.
//
//   - A VPC of generation 2 and a subnet in each zone that is to have nodes, one subnet
//     a zone, available, with an address for each node and for each load balancer: 256
//     are advised. It must not overlap 172.16.0.0/16 and 172.18.0.0/16 to
//     172.20.0.0/16, nor the ranges of pods and services (172.17.0.0/18 and
//     172.21.0.0/16 unless set).
//   - A public gateway at those subnets, and Config.OutboundTraffic, if nodes are to
//     reach the public internet: since version 1.30 they do not otherwise.
//   - Security groups of that VPC, at most 4; they stay for the life of the cluster.
//   - An API key whose owner has the roles below: the Kubernetes service makes one of
//     its own with it for each region and resource group.
//   - Room in the quotas: 100 clusters and 500 nodes a region.
//
// # Authentication
//
// With no credentials given, IC_API_KEY or IBMCLOUD_API_KEY is used, and else what the
// SDK finds for KUBERNETES_SERVICE_API in its credentials file, the environment or
// VCAP_SERVICES. An API key can be given, or any Authenticator of the SDK. Tokens are
// got beside the requests that wait for them, replaced early, and used to their end
// while no new one can be had.
//
// The caller needs these roles:
//
//   - on the Kubernetes service, as a platform role, Viewer to read clusters, pools,
//     workers, versions and add-ons; Operator to add, size, label, taint and remove pools,
//     and to upgrade; Administrator to create and delete clusters, and to install the
//     autoscaler;
//   - on the Kubernetes service, as a service role, Manager, for the certificate of the
//     administrator and the ConfigMap of the autoscaler;
//   - on VPC infrastructure Viewer, for the VPC, the subnets and the security groups of a
//     request;
//   - on the resource group Viewer, where Config names it;
//   - on the IAM Identity Service Operator, for a service ID that creates clusters: the
//     Kubernetes service makes an API key of its own with it.
//
// Reads go on without what they may not see, and name it under pmks:unread. What a caller
// does with [Handler.Vendor] needs more, such as Editor on a cluster for its user tags.
//
// # Settings
//
// See [Config]; the names and defaults of the registered provider are listed in
// docs/settings.md.
//
// # Identifiers
//
// The SystemId of a cluster is its id; its CRN is understood, and compared whole with
// the connection. That of a node group is the id of its worker pool, that of a node the
// id of its worker: the machines are in IBM's account. A NameId is looked up in the
// list, never sent where IBM would take an id as well. VPC, subnets and security groups
// are given by id, CRN or name, and shown by id.
//
// # Capabilities
//
// See [Handler.Capabilities] and the matrix in docs/capabilities.md.
//
// # Kubeconfig
//
// With KubeconfigKind "admin", the default, it holds the client certificate of the
// administrator, which works with nothing installed, lives long and may do everything.
// With "token" it holds a token of IAM for the caller, which ends within an hour, as
// AccessInfo.ExpiresAt says. With "exec" it holds no secret and calls pmks-credential,
// which gets such a token on the machine of its user, and sees to it that the roles of
// IAM have reached the cluster first. Tokens need an API key: a trusted profile has no
// way to them.
//
// What the bearer of a token may do is what the service roles of IAM say (Reader,
// Writer, Manager). A cluster without a public endpoint has a kubeconfig for its
// private one.
//
// # Storage classes
//
// pmks neither makes nor changes storage classes. The add-on for Block Storage for VPC
// is in every VPC cluster and brings classes such as ibmc-vpc-block-5iops-tier and
// ibmc-vpc-block-10iops-tier, of which one is the default: kubectl get storageclass
// shows which (IBM Cloud, Block Storage for VPC, read in November 2026). A volume has
// 10 GB at least. A deletion of the cluster leaves the volumes unless
// Config.DeleteStorage is set.
//
// # Rate limits
//
// IBM counts 200 requests in 10 seconds for each source address. All handlers of a
// process keep to 180 of them together, at most 8 under way, unless Config.RateLimits
// says otherwise. Where many wait, one list every few seconds tells all of clusters that
// are on their way, and two reads all who wait for node groups of one cluster. Reads are
// repeated when they fail in passing; the SDK's own retries are off.
//
// # Differences from other providers
//
//   - Sizes are totals: IBM counts workers in each zone, so they must divide evenly.
//   - Autoscaling is an add-on of the cluster, which the first node group that is
//     switched on installs, and which reads its bounds from a ConfigMap in the cluster:
//     the switch waits until all of it has taken effect, minutes the first time.
//   - Tags, and the bounds of autoscaling, are kept in labels of the worker pools, which
//     nodes show as well; SetTags writes those labels. IBM's user tags belong to the account
//     and are not touched.
//   - Taints are set by a second call, right after that which makes a pool. When it fails
//     the error says what is made, and the same request again sets them. A key has one
//     effect, and a value.
//   - The zones of a node group are among those that the cluster has a subnet in. A cluster
//     remembers a subnet that its first node group does not use in a label.
//   - The private endpoint of a cluster is always there, and IKS holds no list of networks
//     for the public one: Access has the modes public-and-private and private, and no CIDRs.
//     Rules of context-based restrictions, for the account, say who may reach either.
//   - There are no spot machines.
//   - Each UpgradeCluster after that of the control plane replaces one worker of every
//     pool that lags; the job Upgrade calls it until all are replaced.
//   - A deletion leaves the storage that pods have claimed, and the gateways that the
//     VPC's clusters share, which keep the VPC from being deleted.
//   - IBM keeps no record of operations: LastOperation is made of what the cluster and
//     its workers say of themselves.
//
// # Hooks
//
// Fields of [Config] that are given the vendor's request last, and may change it:
// BeforeCreateCluster, BeforeAddNodeGroup, BeforeUpgrade and BeforeUpgradeNodeGroup.
// The example of Config sets the range of pods.
//
// # Example
//
// See examples/realcloud for the whole life of a cluster, and [Config] for a hook that
// changes the request itself.
package ibm

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/setting"
)

// Name is the name under which the provider is registered.
const Name = "ibm"

// Config configures a Handler. It prints with its secrets redacted.
type Config struct {
	// Region is where clusters are, such as us-south.
	Region string
	// ResourceGroup is the id or the name of the group that new clusters belong to;
	// empty means the account's default. It cannot be changed later.
	ResourceGroup string

	// APIKey is that of a user or a service ID.
	APIKey string
	// Authenticator replaces it: any of the SDK's.
	Authenticator core.Authenticator

	// PodSubnet and ServiceSubnet are the ranges of pods and services of new clusters;
	// empty leaves them to IBM.
	PodSubnet     string
	ServiceSubnet string
	// PrivateOnly makes clusters without a public endpoint.
	PrivateOnly bool
	// OutboundTraffic lets the nodes of new clusters reach the public internet, by a
	// public gateway that the subnets must have.
	OutboundTraffic bool
	// DeleteStorage makes DeleteCluster destroy the storage that pods have claimed.
	DeleteStorage bool
	// ForceUpdate makes UpgradeCluster go on where IBM warns, of what the new version has
	// no more for one.
	ForceUpdate bool

	// EndpointType is the endpoint of the Kubernetes API that is shown: public, or
	// private or vpe, which are reached from within IBM Cloud or the VPC only. A cluster
	// without a public one shows its private one.
	EndpointType string
	// KubeconfigKind is admin, the certificate of the administrator, token, which ends
	// within an hour, or exec, which calls CredentialHelper.
	KubeconfigKind   string
	CredentialHelper string

	// RateLimits is "published", the default, which keeps requests to the rates that IBM publishes;
	// a part of that such as "50%", from 1% to 1000%, where others draw from the same account or
	// its limits have been raised; or "none", for a simulated cloud without limits.
	RateLimits string
	// PollInterval is how often a call that waits for the autoscaler looks.
	PollInterval time.Duration

	// Endpoint replaces the URL of the Kubernetes service, /global included. One on
	// this very machine stands for all services, as a simulated cloud serves them.
	Endpoint string
	// IAMEndpoint, VPCEndpoint and ResourceManagerEndpoint replace those of the others.
	IAMEndpoint             string
	VPCEndpoint             string
	ResourceManagerEndpoint string
	// Transport carries all requests. One that is no *http.Transport can carry no client
	// certificate to the API of a cluster; a token goes with those requests then.
	Transport http.RoundTripper
	Logger    *slog.Logger

	// The hooks are the last word on a request, for what pmks has no field for: they are
	// given what was asked for and the request as it is about to be sent, which they may
	// change, but for the name, the scope and the labels by which pmks finds it again. Each
	// runs once for a request, before its first try, and what it leaves is sent in every
	// try. A hook that fails or panics ends the call with ErrInvalidArgument, and nothing is
	// sent.

	// BeforeCreateCluster runs before a cluster is made, with its first worker pool.
	BeforeCreateCluster func(ctx context.Context, req pmks.ClusterInfo, native *CreateClusterRequest) error
	// BeforeAddNodeGroup runs before a further worker pool is made.
	BeforeAddNodeGroup func(ctx context.Context, req pmks.NodeGroupInfo, native *WorkerPoolRequest) error
	// BeforeUpgrade runs before the control plane is upgraded, and BeforeUpgradeNodeGroup
	// before each worker that is replaced; those of several pools may run side by side.
	BeforeUpgrade          func(ctx context.Context, step pmks.UpgradeStep, native *UpdateMasterRequest) error
	BeforeUpgradeNodeGroup func(ctx context.Context, step pmks.UpgradeStep, native *ReplaceWorkerRequest) error
}

// Defaults of Config.
const (
	DefaultCredentialHelper = "pmks-credential"

	kindAdmin = "admin"
	kindToken = "token"
	kindExec  = "exec"

	endpointPublic  = "public"
	endpointPrivate = "private"
	endpointVPE     = "vpe"

	ratesPublished = "published"

	defaultPollInterval = 15 * time.Second
)

// credentialTable and settingTable are sorted by name.
var credentialTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "apiKey", Default: "IC_API_KEY or IBMCLOUD_API_KEY", Help: "API key of a user or a service ID"},
		Set: setting.Text(func(c *Config) *string { return &c.APIKey })},
}

var settingTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "credentialHelper", Default: DefaultCredentialHelper, Help: "command that an exec kubeconfig calls"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialHelper })},
	{Setting: pmks.Setting{Name: "deleteStorage", Default: "false", Help: "true destroys the storage that pods have claimed when a cluster is deleted"},
		Set: setting.Bool(func(c *Config) *bool { return &c.DeleteStorage })},
	{Setting: pmks.Setting{Name: "endpointType", Default: endpointPublic, Help: "endpoint of the Kubernetes API: public, or private or vpe, which only IBM Cloud or the VPC reaches"},
		Set: setting.OneOf(func(c *Config) *string { return &c.EndpointType }, endpointPublic, endpointPrivate, endpointVPE)},
	{Setting: pmks.Setting{Name: "forceUpdate", Default: "false", Help: "true upgrades although IBM warns, of what the new version has no more for one"},
		Set: setting.Bool(func(c *Config) *bool { return &c.ForceUpdate })},
	{Setting: pmks.Setting{Name: "iamEndpoint", Help: "URL of IAM, where it is not https://iam.cloud.ibm.com"},
		Set: setting.Text(func(c *Config) *string { return &c.IAMEndpoint })},
	{Setting: pmks.Setting{Name: "kubeconfigKind", Default: kindAdmin, Help: "admin: a client certificate; token: works alone for up to an hour; exec: calls credentialHelper and never goes stale"},
		Set: setting.OneOf(func(c *Config) *string { return &c.KubeconfigKind }, kindAdmin, kindToken, kindExec)},
	{Setting: pmks.Setting{Name: "outboundTraffic", Default: "false", Help: "true lets the nodes of new clusters reach the public internet, where their subnets have a public gateway"},
		Set: setting.Bool(func(c *Config) *bool { return &c.OutboundTraffic })},
	{Setting: pmks.Setting{Name: "podSubnet", Help: "range of pods of new clusters; empty leaves it to IBM"},
		Set: setting.Text(func(c *Config) *string { return &c.PodSubnet })},
	{Setting: pmks.Setting{Name: "pollInterval", Default: defaultPollInterval.String(), Help: "how often a call that waits for the autoscaler looks"},
		Set: setting.Duration(func(c *Config) *time.Duration { return &c.PollInterval })},
	{Setting: pmks.Setting{Name: "privateOnly", Default: "false", Help: "true makes clusters without a public endpoint"},
		Set: setting.Bool(func(c *Config) *bool { return &c.PrivateOnly })},
	{Setting: pmks.Setting{Name: "rateLimits", Default: ratesPublished, Help: "published: keep the rate that IBM publishes; a percentage, from 1% to 1000%: that part of it; none: for a simulated cloud without it"},
		Set: setting.Text(func(c *Config) *string { return &c.RateLimits })},
	{Setting: pmks.Setting{Name: "resourceGroup", Default: "the account's default", Help: "id or name of the resource group of new clusters"},
		Set: setting.Text(func(c *Config) *string { return &c.ResourceGroup })},
	{Setting: pmks.Setting{Name: "resourceManagerEndpoint", Help: "URL of the resource manager, where it is not https://resource-controller.cloud.ibm.com"},
		Set: setting.Text(func(c *Config) *string { return &c.ResourceManagerEndpoint })},
	{Setting: pmks.Setting{Name: "serviceSubnet", Help: "range of services of new clusters; empty leaves it to IBM"},
		Set: setting.Text(func(c *Config) *string { return &c.ServiceSubnet })},
	{Setting: pmks.Setting{Name: "vpcEndpoint", Help: "URL of the VPC API, /v1 included, where it is not https://REGION.iaas.cloud.ibm.com/v1"},
		Set: setting.Text(func(c *Config) *string { return &c.VPCEndpoint })},
}

func init() {
	pmks.Register(pmks.Provider{
		Name:         Name,
		Title:        "IBM Cloud Kubernetes Service",
		Credentials:  setting.Describe(credentialTable),
		Settings:     setting.Describe(settingTable),
		Capabilities: capabilities,
		Open: func(ctx context.Context, cfg pmks.Config) (pmks.ClusterHandler, error) {
			c := Config{Region: cfg.Region, Endpoint: cfg.Endpoint, Transport: cfg.Transport, Logger: cfg.Logger}
			if c.Region == "" {
				c.Region = regionOf(cfg.Zone)
			}
			if err := setting.Read(&c, cfg, credentialTable, settingTable); err != nil {
				return nil, err
			}
			return New(ctx, c)
		},
	})
}
