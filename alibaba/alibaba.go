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
// # Authentication
//
// With no credentials given, the vendor's default chain applies: environment, OIDC
// (RRSA), profile of the command line, shared file, credentials URI. The role of an
// ECS instance, which is asked for over plain http, is used only where it is named.
// Keys, a security token, a bearer token, a role to assume and a profile can be given
// instead.
//
// The caller needs cs:*, vpc:DescribeVpcs, vpc:DescribeVpcAttribute,
// vpc:DescribeVSwitches and ecs:DescribeSecurityGroups. ACK itself needs its service
// roles: where one is missing, its message holds the address at which an operator
// grants it. The SDK prints headers, credentials among them, where the environment
// variable DEBUG names tea, dara or credential.
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
// # Rate limits
//
// At most 8 requests of a handler are under way, whoever calls it. Alibaba Cloud
// publishes no rates for ACK; each action is kept to 10 requests a second, 2 where it
// changes something, unless Config.RateLimits says otherwise. What the answers ask for
// is kept. Reads are repeated when they fail in passing; the SDK's own retries are off.
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
//   - Tokens need the add-on ack-ram-authenticator; the setting ramAuthenticator
//     installs it in new clusters.
//
// # Example
//
// See examples/realcloud for the whole life of a cluster.
package alibaba

import (
	"context"
	"log/slog"
	"net/http"
	"time"

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

	// RateLimits is "published", the default, or "none", for a cloud that has none.
	RateLimits string
	// PollInterval is how often a change that takes two requests looks whether the
	// first is done.
	PollInterval time.Duration
	// KubeconfigKind is "certificate", which works with nothing else installed and ends
	// after three days, or "exec", which calls CredentialHelper and needs the add-on of
	// RAMAuthenticator.
	KubeconfigKind   string
	CredentialHelper string

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
	{Setting: pmks.Setting{Name: "rateLimits", Default: ratesPublished, Help: "published: keep to what Alibaba Cloud takes; none: for a simulated cloud without limits"},
		Set: setting.OneOf(func(c *Config) *string { return &c.RateLimits }, ratesPublished, ratesNone)},
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
