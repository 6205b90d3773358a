// SPDX-License-Identifier: Apache-2.0

// Package tencent manages Tencent Kubernetes Engine (TKE) of Tencent Cloud, through the
// vendor's SDK for Go.
//
// # What it manages
//
// Managed clusters (MANAGED_CLUSTER) with their regular node pools, whose nodes are CVM
// instances of a scaling group: a Type-I cloud, so node groups are added to a running
// cluster. Independent, serverless, edge and registered clusters are neither shown nor
// found; native, super and external node pools are not shown. What pmks did not make is
// shown as it is, the markers of CB-Spider in descriptions included.
//
// # Prerequisites
//
// pmks makes none of these. What it finds missing it names: ErrFailedPrecondition, or
// ErrInvalidArgument with the field of the request.
//
//   - TKE activated once in the console, which makes the service role TKE_QCSRole:
//     without it creations fail with AccountUserNotAuthenticated or CamNoAuth.
//   - A balance: everything is billed by use.
//   - A VPC, and one subnet or more, in whose zones the nodes will be. A private
//     endpoint lies in the first of them.
//   - A security group at least, which V0.6 requires too: the first guards the public
//     endpoint and must let the callers in on TCP 443; nodes get all of them. A CVM
//     instance takes 5.
//   - A key pair of CVM (skey-), if any: without one a password is made and sent to the
//     owner of the account.
//   - A node that is ready before an endpoint can be opened: Provision does both in
//     order.
//
// # Authentication
//
// With no credentials given, the vendor's default chain applies: environment and shared
// file, and before them the token that TKE gives to pods. The role of a CVM instance,
// which is asked for over plain http, is used only where it is named. Keys, a security
// token, a role to assume and a profile of the command line can be given instead.
//
// The caller needs, of tke:
//
//   - to read: DescribeClusters, DescribeClusterNodePools, DescribeClusterInstances,
//     DescribeClusterEndpoints, DescribeClusterEndpointStatus, DescribeClusterKubeconfig,
//     DescribeVersions, DescribeAvailableClusterVersion, CheckInstancesUpgradeAble,
//     GetUpgradeInstanceProgress, DescribeTasks, DescribeAddon (for UpgradeFindings) and
//     DescribeBatchModifyTagsStatus (for SetTags);
//   - to change: CreateCluster, DeleteCluster, UpdateClusterVersion,
//     UpgradeClusterInstances, CreateClusterNodePool, ModifyClusterNodePool,
//     ModifyNodePoolDesiredCapacityAboutAsg, DeleteClusterNodePool, CreateClusterEndpoint,
//     DeleteClusterEndpoint and ModifyClusterTags.
//
// Beside that as:DescribeLaunchConfigurations, as:DescribeAutoScalingActivities and, for
// node groups whose zones were asked for, as:DescribeAutoScalingGroups;
// vpc:DescribeVpcs, vpc:DescribeSubnets and vpc:DescribeSecurityGroups;
// cvm:DescribeKeyPairs for key pairs that are given by name. TKE itself needs its service
// role TKE_QCSRole, which is granted once when TKE is first opened in the console.
//
// # Settings
//
// See [Config]; the names and defaults of the registered provider are listed in
// docs/settings.md.
//
// # Identifiers
//
// The SystemId of a cluster is its id (cls-), that of a node group the id of its node
// pool (np-), that of a node the id of its CVM instance (ins-). The six-part form of a
// cluster (qcs::tke:REGION:uin/ACCOUNT:cluster/ID) is understood, and compared whole with
// the connection. Names are not unique on TKE: one that several clusters have is
// ambiguous. A VPC, subnets, security groups and a key pair may be given by name.
//
// # Capabilities
//
// See [Handler.Capabilities] and the matrix in docs/capabilities.md.
//
// # Kubeconfig
//
// It holds a client certificate of the calling account or sub-account, which lives for
// 20 years and works with nothing installed: keep it as a secret. It is there once an
// endpoint is open, which is a call of its own (OpenAccess, or Provision). With
// KubeconfigKind "exec" it holds no secret and calls pmks-credential, which gets that
// certificate on the machine of its user; TKE has no tokens.
//
// The root account, and who made the cluster, may do everything in it; other
// sub-accounts nothing until somebody grants it, and may not even get a certificate
// (NoRBACPermissions). pmks never asks for the role of the administrator.
//
// # Storage classes
//
// pmks neither makes nor changes storage classes. TKE has cbs in every cluster, on
// Cloud Block Storage (com.tencent.cloud.csi.cbs; TKE, StorageClass for CBS, read in
// November 2026). A volume has 10 GB at least, in steps of 10, so that a claim of 1Gi
// stays Pending. Disks stay in their zone: a class of one's own for node groups of
// several zones wants volumeBindingMode WaitForFirstConsumer.
//
// # Rate limits
//
// At most 8 requests of a handler are under way, whoever calls it. Tencent Cloud takes 20
// requests a second of each action, region and user (read in November 2026); each action
// is kept to 18, and to 5 where it changes something, unless Config.RateLimits says
// otherwise. Reads are repeated when they fail in passing; the SDK's own retries are off.
//
// # Differences from other providers
//
//   - The API takes no idempotency token: what is created carries a tag that only this
//     request has, by which a lost answer is resolved.
//   - A new cluster has no address. OpenAccess opens the endpoints that Access.Mode of its
//     request names, or else the one of the settings, each a load balancer that is billed,
//     and needs a node that is ready; DeleteCluster closes them before. Networks cannot be
//     named: the first security group of the cluster guards the public endpoint.
//   - Zones of a node group are those of subnets of the cluster. They are shown of groups
//     whose zones were asked for, which carry a tag for it.
//   - Spot nodes have a ceiling of their price, Config.SpotMaxPrice; the market's is billed.
//   - Tags are changed after the call was answered: SetTags waits until they are.
//   - TKE keeps neither subnets nor security groups of a cluster. They stand in tags, and
//     the first security group guards the endpoint.
//   - Pods and services get a range of their own that overlaps with nothing in the VPC,
//     unless it is set.
//   - A pool reads normal although nodes fail. Where nodes are missing the newest activity
//     of its scaling group tells whether they are to come.
//   - Nodes are upgraded in place, all that lag at once. The next version of a control
//     plane is the one that TKE offers, mostly two minors further.
//   - There are no tokens: kubeconfigs hold a certificate of the calling user.
//
// # Hooks
//
// Fields of [Config] that are given the vendor's request last, and may change it:
// BeforeCreateCluster, BeforeAddNodeGroup, BeforeUpgrade and BeforeUpgradeNodeGroup.
// The example of Config lets nodes start cordoned, with an annotation and protection
// from deletion.
//
// # Example
//
// See examples/realcloud for the whole life of a cluster, and the examples below for a hook
// and for the vendor's own clients.
package tencent

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/setting"
)

// Name is the name under which the provider is registered.
const Name = "tencent"

// Config configures a Handler. It prints with its secrets redacted.
type Config struct {
	// Region is required, such as ap-seoul.
	Region string

	// SecretID, SecretKey and Token are static credentials.
	SecretID  string
	SecretKey string
	Token     string
	// RoleARN is a role to assume with what else is given or found, or, with
	// OIDCProviderID, with the token in OIDCTokenFile.
	RoleARN         string
	RoleSessionName string
	OIDCProviderID  string
	OIDCTokenFile   string
	// Profile names a profile of the vendor's command line.
	Profile string
	// CVMRole is the role of the CVM instance that the program runs on.
	CVMRole string
	// Credential replaces all of these.
	Credential common.CredentialIface

	// ClusterLevel is the size of new control planes, L5 to L5000, which is billed. TKE
	// raises it when the cluster outgrows it.
	ClusterLevel string
	// PodCIDR and ServiceCIDR are the ranges of pods and services. Empty chooses a free
	// one for pods, of which the end is for services.
	PodCIDR     string
	ServiceCIDR string
	// NodePublicIP gives new nodes an address of their own, which is billed by traffic.
	NodePublicIP bool
	// DeletionProtection makes TKE refuse to delete new clusters.
	DeletionProtection bool
	// EndpointAccess is "public" or "private": which endpoint OpenAccess opens and
	// kubeconfigs are for.
	EndpointAccess string

	// SpotMaxPrice is the most that a spot node may cost an hour, in the currency of the
	// account; Tencent Cloud wants one, and bills the price of the market.
	SpotMaxPrice string

	// The hooks are called with the vendor's request when it is whole, just before it is
	// sent: the last word on it, for what pmks has no field for. One is called once for
	// each request of a caller, and what it leaves is sent again as it is where an answer
	// was lost. An error of it, or a panic, ends the call with ErrInvalidArgument, which
	// names the hook, and nothing is sent. The name, the scope and pmks' own tags must
	// stay. A hook must be safe for concurrent use if the handler is used so.

	// BeforeCreateCluster is called by CreateCluster. Another range for the pods in
	// ClusterCIDRSettings counts as one that was asked for: TKE's refusal of it is final.
	BeforeCreateCluster func(ctx context.Context, req pmks.ClusterInfo, native *tke.CreateClusterRequest) error
	// BeforeAddNodeGroup is called by AddNodeGroup. AutoScalingGroupPara and
	// LaunchConfigurePara are JSON in the words of Auto Scaling.
	BeforeAddNodeGroup func(ctx context.Context, req pmks.NodeGroupInfo, native *tke.CreateClusterNodePoolRequest) error
	// BeforeUpgrade is called by UpgradeCluster where the control plane is next.
	BeforeUpgrade func(ctx context.Context, step pmks.UpgradeStep, native *tke.UpdateClusterVersionRequest) error
	// BeforeUpgradeNodeGroup is called by UpgradeCluster where nodes are next. One request
	// is for all groups that lag: step.NodeGroup is zero where they are several.
	BeforeUpgradeNodeGroup func(ctx context.Context, step pmks.UpgradeStep, native *tke.UpgradeClusterInstancesRequest) error

	// RateLimits is "published", the default, which keeps requests to the rates that Tencent Cloud publishes;
	// a part of that such as "50%", from 1% to 1000%, where others draw from the same account or
	// its limits have been raised; or "none", for a simulated cloud without limits.
	RateLimits string
	// PollInterval is how often a change that takes two requests looks whether the
	// first is done.
	PollInterval time.Duration
	// KubeconfigKind is "certificate", which works with nothing else installed, or
	// "exec", which calls CredentialHelper.
	KubeconfigKind   string
	CredentialHelper string

	// RootDomain is that of another site, such as intl.tencentcloudapi.com.
	RootDomain string
	// Endpoint replaces the URLs of all services, the others that of one.
	Endpoint    string
	ASEndpoint  string
	CVMEndpoint string
	STSEndpoint string
	VPCEndpoint string
	// Transport carries all requests but those for the role of an instance. Redirects
	// are not followed.
	Transport http.RoundTripper
	Logger    *slog.Logger
}

// Defaults of Config.
const (
	DefaultCredentialHelper = "pmks-credential"

	defaultClusterLevel = "L5"
	defaultPollInterval = 5 * time.Second
	defaultSession      = "pmks"
	defaultRootDomain   = "tencentcloudapi.com"
	// defaultSpotPrice is above that of every machine, so that the market decides alone; the
	// vendor's own examples name it.
	defaultSpotPrice = "1000"

	accessPublic  = "public"
	accessPrivate = "private"

	kindCertificate = "certificate"
	kindExec        = "exec"

	ratesPublished = "published"
	ratesNone      = "none"
)

// credentialTable and settingTable are sorted by name.
var credentialTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "secretId", Help: "id of the API key"},
		Set: setting.Text(func(c *Config) *string { return &c.SecretID })},
	{Setting: pmks.Setting{Name: "secretKey", Help: "secret of the API key"},
		Set: setting.Text(func(c *Config) *string { return &c.SecretKey })},
	{Setting: pmks.Setting{Name: "token", Help: "security token of temporary keys (STS)"},
		Set: setting.Text(func(c *Config) *string { return &c.Token })},
}

var settingTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "asEndpoint", Help: "URL of Auto Scaling"},
		Set: setting.Text(func(c *Config) *string { return &c.ASEndpoint })},
	{Setting: pmks.Setting{Name: "clusterLevel", Default: defaultClusterLevel, Help: "size of new control planes, L5 to L5000, which is billed"},
		Set: setting.Text(func(c *Config) *string { return &c.ClusterLevel })},
	{Setting: pmks.Setting{Name: "credentialHelper", Default: DefaultCredentialHelper, Help: "command that an exec kubeconfig calls"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialHelper })},
	{Setting: pmks.Setting{Name: "cvmEndpoint", Help: "URL of CVM"},
		Set: setting.Text(func(c *Config) *string { return &c.CVMEndpoint })},
	{Setting: pmks.Setting{Name: "cvmRole", Help: "role of the CVM instance that the program runs on, asked for over plain http"},
		Set: setting.Text(func(c *Config) *string { return &c.CVMRole })},
	{Setting: pmks.Setting{Name: "deletionProtection", Default: "false", Help: "true makes TKE refuse to delete new clusters"},
		Set: setting.Bool(func(c *Config) *bool { return &c.DeletionProtection })},
	{Setting: pmks.Setting{Name: "endpointAccess", Default: accessPublic, Help: "public or private: which endpoint OpenAccess opens and kubeconfigs are for"},
		Set: setting.OneOf(func(c *Config) *string { return &c.EndpointAccess }, accessPublic, accessPrivate)},
	{Setting: pmks.Setting{Name: "kubeconfigKind", Default: kindCertificate, Help: "certificate: works alone; exec: calls credentialHelper"},
		Set: setting.OneOf(func(c *Config) *string { return &c.KubeconfigKind }, kindCertificate, kindExec)},
	{Setting: pmks.Setting{Name: "nodePublicIp", Default: "false", Help: "true gives new nodes an address of their own, billed by traffic"},
		Set: setting.Bool(func(c *Config) *bool { return &c.NodePublicIP })},
	{Setting: pmks.Setting{Name: "oidcProviderId", Help: "OIDC provider whose token assumes roleArn"},
		Set: setting.Text(func(c *Config) *string { return &c.OIDCProviderID })},
	{Setting: pmks.Setting{Name: "oidcTokenFile", Help: "file with the token for oidcProviderId"},
		Set: setting.Text(func(c *Config) *string { return &c.OIDCTokenFile })},
	{Setting: pmks.Setting{Name: "podCidr", Help: "range of the pods of new clusters; empty chooses a free one"},
		Set: setting.Text(func(c *Config) *string { return &c.PodCIDR })},
	{Setting: pmks.Setting{Name: "pollInterval", Default: defaultPollInterval.String(), Help: "how often a change that takes two requests looks whether the first is done"},
		Set: setting.Duration(func(c *Config) *time.Duration { return &c.PollInterval })},
	{Setting: pmks.Setting{Name: "profile", Help: "profile of the vendor's command line"},
		Set: setting.Text(func(c *Config) *string { return &c.Profile })},
	{Setting: pmks.Setting{Name: "rateLimits", Default: ratesPublished, Help: "published: keep to what Tencent Cloud takes; a percentage, from 1% to 1000%: that part of it; none: for a simulated cloud without limits"},
		Set: setting.Text(func(c *Config) *string { return &c.RateLimits })},
	{Setting: pmks.Setting{Name: "roleArn", Help: "role to assume"},
		Set: setting.Text(func(c *Config) *string { return &c.RoleARN })},
	{Setting: pmks.Setting{Name: "roleSessionName", Default: defaultSession, Help: "session name for roleArn"},
		Set: setting.Text(func(c *Config) *string { return &c.RoleSessionName })},
	{Setting: pmks.Setting{Name: "rootDomain", Default: defaultRootDomain, Help: "domain of the services of another site, such as intl.tencentcloudapi.com"},
		Set: setting.Text(func(c *Config) *string { return &c.RootDomain })},
	{Setting: pmks.Setting{Name: "serviceCidr", Help: "range of the services of new clusters; empty takes the end of that of the pods"},
		Set: setting.Text(func(c *Config) *string { return &c.ServiceCIDR })},
	{Setting: pmks.Setting{Name: "spotMaxPrice", Default: defaultSpotPrice, Help: "the most that a spot node may cost an hour; that of the market is billed"},
		Set: setting.Text(func(c *Config) *string { return &c.SpotMaxPrice })},
	{Setting: pmks.Setting{Name: "stsEndpoint", Help: "URL of STS"},
		Set: setting.Text(func(c *Config) *string { return &c.STSEndpoint })},
	{Setting: pmks.Setting{Name: "vpcEndpoint", Help: "URL of VPC"},
		Set: setting.Text(func(c *Config) *string { return &c.VPCEndpoint })},
}

func init() {
	pmks.Register(pmks.Provider{
		Name:         Name,
		Title:        "Tencent Cloud TKE",
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
