// SPDX-License-Identifier: Apache-2.0

// Package alibaba manages Container Service for Kubernetes (ACK) of Alibaba Cloud,
// through the vendor's SDK for Go.
//
// # What it manages
//
// Managed clusters of the profile Default with their node pools: a Type-I cloud, so
// node groups are added to a running cluster. Serverless, edge, registered and
// dedicated clusters are neither shown nor found. What pmks did not make is shown as
// it is: clusters with Terway, pools with several instance types, a pool called
// default-nodepool.
//
// # Prerequisites
//
// pmks makes none of these. What it finds missing it names: ErrFailedPrecondition, or
// ErrInvalidArgument with the field of the request.
//
//   - Container Service for Kubernetes activated once in the account, and its service
//     roles granted: AliyunCSManagedKubernetesRole, AliyunCSDefaultRole,
//     AliyunCSServerlessKubernetesRole, AliyunCSKubernetesAuditRole, and those for
//     networks, logs, metrics and volumes (AliyunCSManagedNetworkRole,
//     AliyunCSManagedLogRole, AliyunCSManagedCmsRole, AliyunCSManagedCsiRole,
//     AliyunCSManagedCsiPluginRole, AliyunCSManagedCsiProvisionerRole); for autoscaling
//     AliyunCSManagedAutoScalerRole, for the first node group
//     AliyunOOSLifecycleHook4CSRole. ACK checks them when a cluster is made.
//   - A VPC with a vSwitch, better two in two zones, and a way out to the internet:
//     nodes cannot join without. Unless Config.SNAT is false, ACK makes a NAT gateway
//     in a VPC that has none.
//   - A security group of that VPC, if any: ACK takes one for a cluster and makes one
//     otherwise.
//   - A key pair of ECS in the region, which every node group needs.
//   - Room in the quotas: 20 managed clusters, 10 to 20 node groups a cluster, 100
//     nodes a cluster, and with Flannel one route of the VPC for each node, 200 by
//     default.
//
// # Authentication
//
// With no credentials given, the vendor's default chain applies: environment, OIDC
// (RRSA), profile of the command line, shared file, credentials URI. The role of an
// ECS instance, which is asked for over plain http, is used only where it is named.
// Keys, a security token, a bearer token, a role to assume and a profile can be given
// instead.
//
// The caller needs these actions, or cs:* and those of the other services:
//
//   - to read: cs:DescribeClustersForRegion, cs:DescribeClusterDetail,
//     cs:DescribeClusterNodePools, cs:DescribeClusterNodePoolDetail,
//     cs:DescribeClusterNodes, cs:DescribeClusterUserKubeconfig,
//     cs:DescribeClusterTasks, cs:DescribeTaskInfo and
//     cs:DescribeKubernetesVersionMetadata; for the zones of node groups that were made
//     with a choice of them vpc:DescribeVSwitches;
//   - to create clusters: cs:CreateCluster, vpc:DescribeVpcs, vpc:DescribeVpcAttribute,
//     vpc:DescribeVSwitches and ecs:DescribeSecurityGroups; to change and delete them
//     cs:UpgradeCluster, cs:ModifyClusterTags and cs:DeleteCluster;
//   - for node groups: cs:CreateClusterNodePool, cs:ModifyClusterNodePool,
//     cs:UpgradeClusterNodepool and cs:DeleteClusterNodepool, with autoscaling
//     cs:ListClusterAddonInstances and cs:CreateAutoscalingConfig, and to check a request
//     ecs:DescribeKeyPairs;
//   - for what holds an upgrade up: cs:ListClusterChecks and cs:GetClusterCheck; for
//     tokens cs:GetClusterAddonInstance; for clusters that are given by an ARN
//     sts:GetCallerIdentity.
//
// ACK itself needs its service roles: where one is missing, its message holds the address
// at which an operator grants it. The SDK prints headers, credentials among them, where
// the environment variable DEBUG names tea, dara or credential.
//
// # Settings
//
// See [Config]; the names and defaults of the registered provider are listed in
// docs/settings.md.
//
// # Identifiers
//
// The SystemId of a cluster is its cluster_id, that of a node group its nodepool_id,
// that of a node the id of its ECS instance. ARNs (acs:cs:...) of clusters are
// understood, and compared whole with the connection. Names are not unique on ACK: one
// that several clusters have is ambiguous. A VPC, vSwitches and security groups may be
// given by name; a key pair has no id but its name.
//
// # Capabilities
//
// See [Handler.Capabilities] and the matrix in docs/capabilities.md.
//
// # Kubeconfig
//
// With KubeconfigKind "certificate", the default, it holds a client certificate of the
// calling identity that works with nothing installed and ends after three days, as
// AccessInfo.ExpiresAt says. With "exec" it holds no secret and calls pmks-credential,
// which signs a token of ten minutes on the machine of its user. Clusters take such
// tokens with the add-on ack-ram-authenticator alone (Config.RAMAuthenticator), and of
// identities that are mapped in the cluster; without the add-on there is no kubeconfig
// of this kind, which pmks:unread says, and pmks-credential falls back to the
// certificate.
//
// What its bearer may do is what the RAM identity has been granted in the cluster. A
// cluster without a public endpoint has a kubeconfig for its private address, to be
// used from within the VPC.
//
// # Storage classes
//
// pmks neither makes nor changes storage classes. ACK has some on its CSI plug-in
// (diskplugin.csi.alibabacloud.com), none of which is the default class, so a claim
// must name one: alicloud-disk-topology-alltype takes the first of ESSD, SSD and ultra
// disk that the zone and the machine type have; alicloud-disk-essd, -ssd and
// -efficiency are one type each (ACK, StorageClass, read in November 2026). A disk has
// 20 GiB at least, and stays in its zone.
//
// # Rate limits
//
// At most 8 requests are under way, whoever calls: of all handlers of a program with the
// same credentials, region, endpoints and transport together. Alibaba Cloud publishes no
// rates for ACK; each action is kept to 10 requests a second, 2 where it changes
// something, unless Config.RateLimits says otherwise. What the answers ask for is kept.
// Where many wait, one list every few seconds tells all of clusters, or of node groups of
// one cluster, that are on their way. Reads are repeated when they fail in passing; the
// SDK's own retries are off.
//
// # Differences from other providers
//
//   - The API takes no idempotency token: every creation and change carries a tag that
//     only this request has, by which a lost answer is resolved. Lists lag behind by
//     up to ten seconds, and so long is looked. Nor does a name keep another out: two
//     programs that create one in the same seconds, in different VPCs or as node groups
//     of one cluster, both get it, and calls by that name are refused as ambiguous then.
//   - Pods and services get ranges of their own that overlap with nothing in the VPC,
//     unless they are set.
//   - Unless SNAT is set to false, ACK makes a NAT gateway with an address, which are
//     billed, in a VPC that has none: nodes cannot join without a way out.
//   - While autoscaling is on, ACK takes no size: ChangeNodeGroupScaling sets the
//     bounds and leaves the size to the autoscaler.
//   - ACK does not tell which version the nodes of a pool run. It follows from the
//     records of the upgrades.
//   - Zones of a node group are those of the cluster's vSwitches; they are shown of
//     groups that were made with a choice of them. Spot machines cost what the market
//     asks, and never more than others; another price is for a hook to set.
//   - The private address of the API is always there: Access chooses a public one beside
//     it. Who may reach them is for an access control list of the load balancer to say.
//   - A change of a node group sends its blocks whole, as they were read, so that no
//     label, taint, disk or user data is lost; what a hook has set stays. The image is
//     left out, which reads show twice and writes take once.
//   - What holds an upgrade up is read of the newest check that ACK has made, as
//     RunClusterCheck or the console begin one: pmks begins none.
//   - Tokens need the add-on ack-ram-authenticator; the setting ramAuthenticator
//     installs it in new clusters.
//
// # Hooks
//
// Fields of [Config] that are given the vendor's request last, and may change it:
// BeforeCreateCluster, BeforeAddNodeGroup, BeforeUpgrade and BeforeUpgradeNodeGroup.
// The example of Config turns on the logs of the control plane.
//
// # Example
//
// See examples/realcloud for the whole life of a cluster. For what pmks has no field for
// there are the hooks of [Config], and the SDK's own clients: [Handler.Vendor].
package alibaba

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/aliyun/credentials-go/credentials"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/setting"
)

// Name is the name under which the provider is registered.
const Name = "alibaba"

// Config configures a Handler. It prints with its secrets redacted.
type Config struct {
	// Region is required, such as ap-northeast-1.
	Region string

	// AccessKeyID, AccessKeySecret and SecurityToken are static credentials.
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string
	// BearerToken is another kind of static credentials.
	BearerToken string
	// RoleARN is a role to assume with the keys of the other fields, or of the default
	// chain, or, with OIDCProviderARN, with the token in OIDCTokenFile.
	RoleARN         string
	RoleSessionName string
	ExternalID      string
	OIDCProviderARN string
	OIDCTokenFile   string
	// Profile names a profile of the vendor's command line.
	Profile string
	// ECSRole is the role of the ECS instance that the program runs on.
	ECSRole string
	// Credential replaces all of these.
	Credential credentials.Credential

	// ClusterSpec is ack.standard, ack.pro.small or larger; only the first costs
	// nothing.
	ClusterSpec string
	// PodCIDR and ServiceCIDR are the ranges of pods and services; empty chooses free
	// ones.
	PodCIDR     string
	ServiceCIDR string
	// SNAT lets ACK make a NAT gateway in a VPC that has none; nil means true.
	SNAT *bool
	// PublicEndpoint opens the API of new clusters to the outside; nil means true.
	PublicEndpoint *bool
	// DeletionProtection makes ACK refuse to delete new clusters.
	DeletionProtection bool
	// RAMAuthenticator installs the add-on in new clusters that takes tokens.
	RAMAuthenticator bool
	// Autoscaler is what moves the size of groups: goatscaler or cluster-autoscaler,
	// configured for a cluster that has none yet, or none, where the operator does it.
	Autoscaler string

	// RateLimits is "published", the default, which keeps requests to the rates that Alibaba Cloud publishes;
	// a part of that such as "50%", from 1% to 1000%, where others draw from the same account or
	// its limits have been raised; or "none", for a simulated cloud without limits.
	RateLimits string
	// PollInterval is how often a change that takes two requests looks whether the
	// first is done.
	PollInterval time.Duration
	// KubeconfigKind is "certificate", which works with nothing else installed and ends
	// after three days, or "exec", which calls CredentialHelper and needs the add-on of
	// RAMAuthenticator.
	KubeconfigKind   string
	CredentialHelper string

	// The hooks have the last word on the requests that create and upgrade: they are given
	// a copy of what was asked for and the vendor's request as it is about to be sent,
	// which they may change, but for what pmks finds its own by, its names and tags. Each
	// is called once for what was asked for, before the first try; every try sends the
	// same. An error or a panic of a hook is an ErrInvalidArgument that names it, and
	// nothing is sent. Hooks are called by whoever calls the handler, side by side maybe.
	BeforeCreateCluster    func(ctx context.Context, req pmks.ClusterInfo, native *cs.CreateClusterRequest) error
	BeforeAddNodeGroup     func(ctx context.Context, req pmks.NodeGroupInfo, native *cs.CreateClusterNodePoolRequest) error
	BeforeUpgrade          func(ctx context.Context, step pmks.UpgradeStep, native *cs.UpgradeClusterRequest) error
	BeforeUpgradeNodeGroup func(ctx context.Context, step pmks.UpgradeStep, native *cs.UpgradeClusterNodepoolRequest) error

	// Endpoint replaces the URLs of all services, the others that of one.
	Endpoint    string
	VPCEndpoint string
	ECSEndpoint string
	STSEndpoint string
	// Transport carries all requests but those that the SDK makes for a profile, the role
	// of an instance and a credentials URI. Redirects are not followed.
	Transport http.RoundTripper
	Logger    *slog.Logger
}

// Defaults of Config.
const (
	DefaultCredentialHelper = "pmks-credential"

	defaultClusterSpec  = "ack.pro.small"
	defaultDiskType     = "cloud_essd"
	defaultImage        = "AliyunLinux3ContainerOptimized"
	defaultPollInterval = 5 * time.Second
	defaultSession      = "pmks"

	scalerInstant = "goatscaler"
	scalerCluster = "cluster-autoscaler"
	scalerNone    = "none"

	kindCertificate = "certificate"
	kindExec        = "exec"

	ratesPublished = "published"
	ratesNone      = "none"
)

// credentialTable and settingTable are sorted by name.
var credentialTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "accessKeyId", Help: "access key id"},
		Set: setting.Text(func(c *Config) *string { return &c.AccessKeyID })},
	{Setting: pmks.Setting{Name: "accessKeySecret", Help: "access key secret"},
		Set: setting.Text(func(c *Config) *string { return &c.AccessKeySecret })},
	{Setting: pmks.Setting{Name: "bearerToken", Help: "bearer token, in place of keys"},
		Set: setting.Text(func(c *Config) *string { return &c.BearerToken })},
	{Setting: pmks.Setting{Name: "securityToken", Help: "security token of temporary keys (STS)"},
		Set: setting.Text(func(c *Config) *string { return &c.SecurityToken })},
}

var settingTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "autoscaler", Default: scalerInstant, Help: "what moves the size of groups, configured where a cluster has none: goatscaler or cluster-autoscaler; none: the operator does it"},
		Set: setting.OneOf(func(c *Config) *string { return &c.Autoscaler }, scalerInstant, scalerCluster, scalerNone)},
	{Setting: pmks.Setting{Name: "clusterSpec", Default: defaultClusterSpec, Help: "ack.standard, whose control plane costs nothing, ack.pro.small or larger"},
		Set: setting.Text(func(c *Config) *string { return &c.ClusterSpec })},
	{Setting: pmks.Setting{Name: "credentialHelper", Default: DefaultCredentialHelper, Help: "command that an exec kubeconfig calls"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialHelper })},
	{Setting: pmks.Setting{Name: "deletionProtection", Default: "false", Help: "true makes ACK refuse to delete new clusters"},
		Set: setting.Bool(func(c *Config) *bool { return &c.DeletionProtection })},
	{Setting: pmks.Setting{Name: "ecsEndpoint", Help: "URL of ECS"},
		Set: setting.Text(func(c *Config) *string { return &c.ECSEndpoint })},
	{Setting: pmks.Setting{Name: "ecsRole", Help: "role of the ECS instance that the program runs on, asked for over plain http"},
		Set: setting.Text(func(c *Config) *string { return &c.ECSRole })},
	{Setting: pmks.Setting{Name: "externalId", Help: "external id for roleArn"},
		Set: setting.Text(func(c *Config) *string { return &c.ExternalID })},
	{Setting: pmks.Setting{Name: "kubeconfigKind", Default: kindCertificate, Help: "certificate: works alone for three days; exec: calls credentialHelper, never goes stale and needs ramAuthenticator"},
		Set: setting.OneOf(func(c *Config) *string { return &c.KubeconfigKind }, kindCertificate, kindExec)},
	{Setting: pmks.Setting{Name: "oidcProviderArn", Help: "OIDC provider whose token assumes roleArn"},
		Set: setting.Text(func(c *Config) *string { return &c.OIDCProviderARN })},
	{Setting: pmks.Setting{Name: "oidcTokenFile", Help: "file with the token for oidcProviderArn"},
		Set: setting.Text(func(c *Config) *string { return &c.OIDCTokenFile })},
	{Setting: pmks.Setting{Name: "podCidr", Help: "range of the pods of new clusters; empty chooses a free one"},
		Set: setting.Text(func(c *Config) *string { return &c.PodCIDR })},
	{Setting: pmks.Setting{Name: "pollInterval", Default: defaultPollInterval.String(), Help: "how often a change that takes two requests looks whether the first is done"},
		Set: setting.Duration(func(c *Config) *time.Duration { return &c.PollInterval })},
	{Setting: pmks.Setting{Name: "profile", Help: "profile of the vendor's command line"},
		Set: setting.Text(func(c *Config) *string { return &c.Profile })},
	{Setting: pmks.Setting{Name: "publicEndpoint", Default: "true", Help: "false closes the API of new clusters to the outside"},
		Set: setting.OptionalBool(func(c *Config) **bool { return &c.PublicEndpoint })},
	{Setting: pmks.Setting{Name: "ramAuthenticator", Default: "false", Help: "true installs the add-on ack-ram-authenticator in new clusters, without which ACK takes no token"},
		Set: setting.Bool(func(c *Config) *bool { return &c.RAMAuthenticator })},
	{Setting: pmks.Setting{Name: "rateLimits", Default: ratesPublished, Help: "published: keep to what Alibaba Cloud takes; a percentage, from 1% to 1000%: that part of it; none: for a simulated cloud without limits"},
		Set: setting.Text(func(c *Config) *string { return &c.RateLimits })},
	{Setting: pmks.Setting{Name: "roleArn", Help: "role to assume"},
		Set: setting.Text(func(c *Config) *string { return &c.RoleARN })},
	{Setting: pmks.Setting{Name: "roleSessionName", Default: defaultSession, Help: "session name for roleArn"},
		Set: setting.Text(func(c *Config) *string { return &c.RoleSessionName })},
	{Setting: pmks.Setting{Name: "serviceCidr", Help: "range of the services of new clusters; empty chooses a free one"},
		Set: setting.Text(func(c *Config) *string { return &c.ServiceCIDR })},
	{Setting: pmks.Setting{Name: "snat", Default: "true", Help: "false keeps ACK from making a NAT gateway in a VPC that has none"},
		Set: setting.OptionalBool(func(c *Config) **bool { return &c.SNAT })},
	{Setting: pmks.Setting{Name: "stsEndpoint", Help: "URL of STS"},
		Set: setting.Text(func(c *Config) *string { return &c.STSEndpoint })},
	{Setting: pmks.Setting{Name: "vpcEndpoint", Help: "URL of VPC"},
		Set: setting.Text(func(c *Config) *string { return &c.VPCEndpoint })},
}

func init() {
	pmks.Register(pmks.Provider{
		Name:         Name,
		Title:        "Alibaba Cloud ACK",
		Credentials:  setting.Describe(credentialTable),
		Settings:     setting.Describe(settingTable),
		Capabilities: capabilities,
		Open: func(ctx context.Context, cfg pmks.Config) (pmks.ClusterHandler, error) {
			c := Config{Region: cfg.Region, Endpoint: cfg.Endpoint, Transport: cfg.Transport, Logger: cfg.Logger}
			if err := setting.Read(&c, cfg, credentialTable, settingTable); err != nil {
				return nil, err
			}
			return New(ctx, c)
		},
	})
}
