// SPDX-License-Identifier: Apache-2.0

// Package aws manages Amazon EKS clusters, through the AWS SDK for Go v2.
//
// # What it manages
//
// EKS clusters with managed node groups: a Type-I cloud, so node groups are added
// to a running cluster. What pmks did not make is shown as it is: Auto Mode
// clusters, whose nodes belong to no node group, node groups with launch templates
// or images of their own, external clusters that are registered with EKS. What would
// be wrong or half done for them is refused: a cluster with Fargate profiles is not
// deleted, one with node groups of CUSTOM images is not upgraded, an external one is
// not changed. Self-managed nodes are not known to EKS, so they are neither shown nor
// removed.
//
// # Prerequisites
//
// pmks makes none of these. What it finds missing it names: ErrFailedPrecondition, or
// ErrInvalidArgument with the field of the request.
//
//   - A VPC with DNS support and DNS host names turned on, without which nodes do not
//     join, and in it at least two subnets in two availability zones, each with six
//     free addresses. Nodes need a way out: a NAT gateway, or a route to an internet
//     gateway in subnets that give machines a public address by themselves
//     (MapPublicIpOnLaunch).
//   - The role of the control plane, Config.ClusterRole: trusted by eks.amazonaws.com,
//     with the policy AmazonEKSClusterPolicy. Its default name is that of V0.6,
//     cloud-barista-spider-eks-cluster-role.
//   - The role of the nodes, Config.NodeRole: trusted by ec2.amazonaws.com, with
//     AmazonEKSWorkerNodePolicy, AmazonEC2ContainerRegistryPullOnly and
//     AmazonEKS_CNI_Policy; V0.6 adds AmazonEBSCSIDriverPolicy for volumes. Its default
//     name is cloud-barista-spider-eks-nodegroup-role. [Handler.CreateRoles] makes both
//     roles, when it is called and not before.
//   - Security groups of that VPC, at most 4, and a key pair of EC2 in the region,
//     where a request names them.
//   - Room in the quotas, which AWS raises on request: 100 clusters a region, 30 node
//     groups a cluster, 450 nodes a group (EKS service quotas, read in November 2026).
//
// # Authentication
//
// With no credentials given, the SDK's default chain applies: environment, web
// identity, shared profile, container and instance roles. Static keys, a profile,
// a role to assume and a web identity token can be given instead.
//
// The caller needs, on the clusters, node groups, add-ons and updates of EKS:
//
//   - to read: eks:ListClusters, DescribeCluster, ListNodegroups, DescribeNodegroup,
//     ListUpdates, DescribeUpdate, DescribeClusterVersions and, before a deletion,
//     ListFargateProfiles;
//   - to change: eks:CreateCluster, DeleteCluster, UpdateClusterVersion,
//     CreateNodegroup, DeleteNodegroup, UpdateNodegroupConfig, UpdateNodegroupVersion,
//     TagResource and UntagResource;
//   - for what holds an upgrade up: eks:ListInsights, DescribeInsight, ListAddons,
//     DescribeAddon and DescribeAddonVersions.
//
// Beside that iam:GetRole (for roles that are given by name) and iam:PassRole on both
// roles; ec2:DescribeSubnets, DescribeSecurityGroups, DescribeVpcs,
// DescribeInstanceTypes and DescribeKeyPairs; for root disk types
// ec2:CreateLaunchTemplate, DescribeLaunchTemplates, DeleteLaunchTemplate, RunInstances
// and CreateTags; and for autoscaling autoscaling:DescribeAutoScalingGroups,
// CreateOrUpdateTags and DeleteTags. The first node group of an account, and its first
// with Spot, need iam:CreateServiceLinkedRole; [Handler.CreateRoles] needs
// iam:CreateRole and AttachRolePolicy. Tokens need no permission. Reads go on without
// what they may not see, and name it under pmks:unread.
//
// # Settings
//
// See [Config]; the names and defaults of the registered provider are listed in
// docs/settings.md.
//
// # Identifiers
//
// The SystemId of a cluster and of a node group is its EKS name, which is also
// its NameId; ARNs are accepted, and compared whole with the resource of that name.
// A node's ids are its EC2 instance id.
//
// # Capabilities
//
// See [Handler.Capabilities] and the matrix in docs/capabilities.md.
//
// # Kubeconfig
//
// With KubeconfigKind "token", the default, it holds a token and needs nothing
// installed. It ends after 14 minutes, or with the temporary credentials that signed
// it, as AccessInfo.ExpiresAt says; GetCluster makes a new one each time, which costs
// no request of its own. With "exec" it holds no secret and calls pmks-credential,
// which mints a token of 14 minutes on the machine of its user, from the credentials
// that are found there: the profile, the role and the region are its arguments, keys
// are not.
//
// A token says who its bearer is, and not that the cluster lets them in: EKS lets in
// who made the cluster, and others by access entries or the ConfigMap aws-auth, as
// AuthenticationMode says. Anybody else is told 401 by the cluster. A cluster without a
// public endpoint is reached from within its VPC only.
//
// # Storage classes
//
// pmks neither makes nor changes storage classes. A new cluster has gp2
// (kubernetes.io/aws-ebs), which since Kubernetes 1.30 is no default class any more,
// and provisions nothing until the add-on aws-ebs-csi-driver is installed, which pmks
// does not do. The driver needs the policy AmazonEBSCSIDriverPolicy in the role of the
// nodes, or a role of its own by Pod Identity. A class for gp3 names the provisioner
// ebs.csi.aws.com; volumes stay in the zone of their first pod, so volumeBindingMode
// should be WaitForFirstConsumer.
//
// # Rate limits
//
// At most 8 requests of an account and region are under way, whoever calls which
// handler of it; handlers of the same credentials, or of roles of one account, count as
// of one account. AWS publishes rates for EC2 only, which are kept unless
// Config.RateLimits says otherwise; when another service throttles, all its callers
// pause together. Reads are repeated when they fail in passing; the SDK's own retries
// are off. Waits for the same cluster or node group look at it together, every five
// seconds at most: EKS tells no state of several at once.
//
// # Differences from other providers
//
//   - EKS refuses to delete a cluster that has node groups, so DeleteCluster
//     removes them and waits for that.
//   - Autoscaling is the discovery of a group's Auto Scaling group by the
//     Kubernetes cluster autoscaler, which the user installs. A group added with
//     OnAutoScaling false is closed to it by SetNodeGroupAutoScaling once the
//     group is Active; [pmks.Provision] does that.
//   - A root disk type needs an EC2 launch template. It is tagged, and removed by
//     the next DeleteCluster or [Handler.Sweep] that finds its node group gone.
//   - Labels, taints and spot machines are EKS's own. EKS sets labels and taints half a
//     minute after a node has joined, so that pods may land there before. Zones are those
//     of the cluster's subnets: a group gets the subnets that lie in the zones asked for.
//   - With Access.CIDRs and the public endpoint alone, the nodes reach the API from the
//     addresses of their NAT gateways, which must be among the CIDRs; with
//     [pmks.AccessPublicAndPrivate] they go the private way.
//   - Security groups are attached to the control plane, not to the nodes. With a
//     key pair, SSH to the nodes is open to them only, never to the world.
//   - EKS keeps records of updates, not of creations and deletions: LastOperation
//     takes those from the state and the health of the cluster or node group.
//
// # Hooks
//
// Fields of [Config] that are given the vendor's request last, and may change it:
// BeforeCreateCluster, BeforeAddNodeGroup, BeforeUpgrade and BeforeUpgradeNodeGroup.
// The example of Config turns on the logs of the control plane.
//
// # Example
//
// See examples/realcloud for the whole life of a cluster.
package aws

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ident"
	"github.com/pmks-go/pmks/internal/provider/look"
	"github.com/pmks-go/pmks/internal/redact"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/setting"
)

// Name is the name under which the provider is registered.
const Name = "aws"

// Config configures a Handler. It prints with its secrets redacted.
type Config struct {
	// Region is required unless the default chain names one.
	Region string

	// AccessKeyID, SecretAccessKey and SessionToken are static credentials.
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	// Profile names a profile of the shared configuration files.
	Profile string
	// RoleARN is a role to assume with the credentials found otherwise, or, with
	// WebIdentityTokenFile, with the token in that file.
	RoleARN              string
	ExternalID           string
	SessionName          string
	WebIdentityTokenFile string

	// ClusterRole and NodeRole are IAM roles, by name or ARN.
	ClusterRole string
	NodeRole    string

	// AuthenticationMode is API, API_AND_CONFIG_MAP or CONFIG_MAP.
	AuthenticationMode string
	// PublicEndpoint and PrivateEndpoint say from where the API can be reached;
	// nil leaves it to EKS, which means public only. Access.Mode of a request counts
	// before them.
	PublicEndpoint  *bool
	PrivateEndpoint *bool
	// PublicAccessCIDRs limits the public endpoint, where a request has no Access.CIDRs.
	PublicAccessCIDRs []string
	// SupportType is STANDARD, or EXTENDED, which costs more after the standard
	// support of a version has ended. Empty leaves it to EKS (EXTENDED).
	SupportType string
	// DeletionProtection makes EKS refuse to delete new clusters.
	DeletionProtection bool

	// RoleWait is how long a create is repeated while IAM has not spread a new
	// role yet. Zero means the default, a negative value never.
	RoleWait time.Duration
	// PollInterval is how often DeleteCluster looks whether the node groups are
	// gone.
	PollInterval time.Duration
	// KubeconfigKind is "token", which works with nothing else installed and ends
	// after 14 minutes, or "exec", which calls CredentialHelper.
	KubeconfigKind   string
	CredentialHelper string

	// RateLimits is "published", the default, which keeps requests to the rates that AWS publishes;
	// a part of that such as "50%", from 1% to 1000%, where others draw from the same account or
	// its limits have been raised; or "none", for a simulated cloud without limits.
	RateLimits string

	// The hooks have the last word on a request of EKS, for what pmks has no field for. Each
	// is called once for a call that sends the request, before the first try: all tries send
	// the same. The request is complete but for one thing: a launch template that pmks makes
	// for a RootDiskType bears its name, and is sent by its id. The names, the versions of
	// upgrades, the token and that template must stay. A hook that changes them, fails or
	// panics ends the call with ErrInvalidArgument, which names it, and nothing is sent.
	// What a hook adds stays in later changes: EKS changes nothing that a request leaves
	// out. Hooks may be called by several goroutines at once.
	BeforeCreateCluster func(ctx context.Context, req pmks.ClusterInfo, in *eks.CreateClusterInput) error
	BeforeAddNodeGroup  func(ctx context.Context, req pmks.NodeGroupInfo, in *eks.CreateNodegroupInput) error
	// BeforeUpgrade is called for the control plane, BeforeUpgradeNodeGroup for each node
	// group, before the upgrade of the first of them is sent.
	BeforeUpgrade          func(ctx context.Context, step pmks.UpgradeStep, in *eks.UpdateClusterVersionInput) error
	BeforeUpgradeNodeGroup func(ctx context.Context, step pmks.UpgradeStep, in *eks.UpdateNodegroupVersionInput) error

	// Endpoint replaces the URL of all services, STSEndpoint that of STS alone,
	// which is also part of every cluster token: https, or http to this machine.
	Endpoint    string
	STSEndpoint string
	// Transport carries all requests but those that the SDK's default chain makes
	// to find credentials. Redirects are not followed.
	Transport http.RoundTripper
	Logger    *slog.Logger
}

// Defaults of Config.
const (
	DefaultClusterRole      = "cloud-barista-spider-eks-cluster-role"
	DefaultNodeRole         = "cloud-barista-spider-eks-nodegroup-role"
	DefaultCredentialHelper = "pmks-credential"

	defaultRoleWait     = 30 * time.Second
	defaultPollInterval = 15 * time.Second
	defaultAuthMode     = "API_AND_CONFIG_MAP"

	ratesPublished = "published"
	ratesNone      = "none"
)

// credentialTable and settingTable are sorted by name.
var credentialTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "accessKeyId", Help: "access key id of static credentials"},
		Set: setting.Text(func(c *Config) *string { return &c.AccessKeyID })},
	{Setting: pmks.Setting{Name: "secretAccessKey", Help: "secret access key of static credentials"},
		Set: setting.Text(func(c *Config) *string { return &c.SecretAccessKey })},
	{Setting: pmks.Setting{Name: "sessionToken", Help: "session token of temporary credentials"},
		Set: setting.Text(func(c *Config) *string { return &c.SessionToken })},
}

var settingTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "authenticationMode", Default: defaultAuthMode, Help: "who may log in: API, API_AND_CONFIG_MAP or CONFIG_MAP"},
		Set: setting.OneOf(func(c *Config) *string { return &c.AuthenticationMode }, "API", "API_AND_CONFIG_MAP", "CONFIG_MAP")},
	{Setting: pmks.Setting{Name: "clusterRole", Default: DefaultClusterRole, Help: "IAM role of the control plane, by name or ARN"},
		Set: setting.Text(func(c *Config) *string { return &c.ClusterRole })},
	{Setting: pmks.Setting{Name: "credentialHelper", Default: DefaultCredentialHelper, Help: "command that an exec kubeconfig calls"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialHelper })},
	{Setting: pmks.Setting{Name: "deletionProtection", Default: "false", Help: "true makes EKS refuse to delete new clusters"},
		Set: setting.Bool(func(c *Config) *bool { return &c.DeletionProtection })},
	{Setting: pmks.Setting{Name: "externalId", Help: "external id for roleArn"},
		Set: setting.Text(func(c *Config) *string { return &c.ExternalID })},
	{Setting: pmks.Setting{Name: "kubeconfigKind", Default: "token", Help: "token: works alone for 14 minutes; exec: calls credentialHelper and never goes stale"},
		Set: setting.OneOf(func(c *Config) *string { return &c.KubeconfigKind }, "token", "exec")},
	{Setting: pmks.Setting{Name: "nodeRole", Default: DefaultNodeRole, Help: "IAM role of the nodes, by name or ARN"},
		Set: setting.Text(func(c *Config) *string { return &c.NodeRole })},
	{Setting: pmks.Setting{Name: "pollInterval", Default: defaultPollInterval.String(), Help: "how often DeleteCluster looks whether the node groups are gone"},
		Set: setting.Duration(func(c *Config) *time.Duration { return &c.PollInterval })},
	{Setting: pmks.Setting{Name: "privateEndpoint", Help: "true opens the API inside the VPC; EKS's default is false"},
		Set: setting.OptionalBool(func(c *Config) **bool { return &c.PrivateEndpoint })},
	{Setting: pmks.Setting{Name: "profile", Help: "profile of the shared configuration files"},
		Set: setting.Text(func(c *Config) *string { return &c.Profile })},
	{Setting: pmks.Setting{Name: "publicAccessCidrs", Help: "comma-separated CIDRs that may reach the public endpoint"},
		Set: setting.List(func(c *Config) *[]string { return &c.PublicAccessCIDRs })},
	{Setting: pmks.Setting{Name: "publicEndpoint", Help: "false closes the API to the outside; EKS's default is true"},
		Set: setting.OptionalBool(func(c *Config) **bool { return &c.PublicEndpoint })},
	{Setting: pmks.Setting{Name: "rateLimits", Default: ratesPublished, Help: "published: keep the rates that AWS publishes; a percentage, from 1% to 1000%: that part of it; none: for a simulated cloud without them"},
		Set: setting.Text(func(c *Config) *string { return &c.RateLimits })},
	{Setting: pmks.Setting{Name: "roleArn", Help: "role to assume"},
		Set: setting.Text(func(c *Config) *string { return &c.RoleARN })},
	{Setting: pmks.Setting{Name: "roleWait", Default: defaultRoleWait.String(), Help: "how long to wait for a new IAM role to spread; negative: not at all"},
		Set: setting.Duration(func(c *Config) *time.Duration { return &c.RoleWait })},
	{Setting: pmks.Setting{Name: "sessionName", Default: "pmks", Help: "session name for roleArn"},
		Set: setting.Text(func(c *Config) *string { return &c.SessionName })},
	{Setting: pmks.Setting{Name: "stsEndpoint", Help: "URL of STS, also in cluster tokens"},
		Set: setting.Text(func(c *Config) *string { return &c.STSEndpoint })},
	{Setting: pmks.Setting{Name: "supportType", Default: "EKS's own (EXTENDED)", Help: "STANDARD, or EXTENDED, which costs more after the end of standard support"},
		Set: setting.OneOf(func(c *Config) *string { return &c.SupportType }, "STANDARD", "EXTENDED")},
	{Setting: pmks.Setting{Name: "webIdentityTokenFile", Help: "file with a web identity token for roleArn"},
		Set: setting.Text(func(c *Config) *string { return &c.WebIdentityTokenFile })},
}

func init() {
	pmks.Register(pmks.Provider{
		Name:         Name,
		Title:        "Amazon Web Services EKS",
		Credentials:  setting.Describe(credentialTable),
		Settings:     setting.Describe(settingTable),
		Capabilities: capabilities,
		Open: func(ctx context.Context, cfg pmks.Config) (pmks.ClusterHandler, error) {
			c, err := fromPortable(cfg)
			if err != nil {
				return nil, err
			}
			return New(ctx, c)
		},
	})
}

// fromPortable reads the entries of a pmks.Config.
func fromPortable(cfg pmks.Config) (Config, error) {
	c := Config{Region: cfg.Region, Endpoint: cfg.Endpoint, Transport: cfg.Transport, Logger: cfg.Logger}
	return c, setting.Read(&c, cfg, credentialTable, settingTable)
}

// normalize fills the defaults in and refuses what cannot work.
func (c *Config) normalize() error {
	var faults refuse.List
	if (c.AccessKeyID == "") != (c.SecretAccessKey == "") {
		faults.Add("Credentials", "accessKeyId and secretAccessKey go together: give both or none")
	}
	if c.SessionToken != "" && c.AccessKeyID == "" {
		faults.Add("Credentials.sessionToken", "goes with accessKeyId and secretAccessKey")
	}
	if c.WebIdentityTokenFile != "" && c.RoleARN == "" {
		faults.Add("Settings.roleArn", "webIdentityTokenFile needs it")
	}
	for _, d := range []struct {
		field, fallback string
		value           *string
	}{
		{"clusterRole", DefaultClusterRole, &c.ClusterRole},
		{"nodeRole", DefaultNodeRole, &c.NodeRole},
		{"authenticationMode", defaultAuthMode, &c.AuthenticationMode},
		{"rateLimits", ratesPublished, &c.RateLimits},
		{"sessionName", "pmks", &c.SessionName},
		{"kubeconfigKind", "token", &c.KubeconfigKind},
		{"credentialHelper", DefaultCredentialHelper, &c.CredentialHelper},
	} {
		if *d.value == "" {
			*d.value = d.fallback
		}
	}
	for field, role := range map[string]string{"clusterRole": c.ClusterRole, "nodeRole": c.NodeRole} {
		if !isRoleARN(role) && !rolePattern.MatchString(role) {
			faults.Add("Settings."+field, "%q is neither a role name nor a role ARN", role)
		}
	}
	faults.Join(endpoint.Check("Endpoint", c.Endpoint, false))
	faults.Join(endpoint.Check("Settings.stsEndpoint", c.STSEndpoint, false))
	faults.Join(fanout.CheckRates(c.RateLimits))
	if c.RoleWait == 0 {
		c.RoleWait = defaultRoleWait
	}
	if c.PollInterval <= 0 {
		c.PollInterval = defaultPollInterval
	}
	return faults.Err()
}

// Format prints c with its secrets redacted, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{Region:%s AccessKeyID:%s Profile:%s RoleARN:%s ClusterRole:%s NodeRole:%s Endpoint:%s}",
		c.Region, c.AccessKeyID, c.Profile, c.RoleARN, c.ClusterRole, c.NodeRole, redact.URL(c.Endpoint))
}

// MarshalText gives JSON, and whatever else writes text, what Format prints.
func (c Config) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// LogValue logs c with its secrets redacted.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Handler is a [pmks.ClusterHandler] for one region of EKS. It is safe for
// concurrent use.
type Handler struct {
	// Behind pointers fmt does not look, whatever holds the handler.
	cfg *Config
	api *clients

	rolesMu sync.Mutex
	roles   map[string]string // name to ARN

	clusterLooks   look.Shared[*types.Cluster]
	nodegroupLooks look.Shared[*types.Nodegroup]
}

var (
	_ pmks.ClusterHandler     = (*Handler)(nil)
	_ pmks.CapabilityReporter = (*Handler)(nil)
	_ pmks.IIDLister          = (*Handler)(nil)
	_ pmks.TokenIssuer        = (*Handler)(nil)
	_ pmks.VersionLister      = (*Handler)(nil)
	_ pmks.RequestChecker     = (*Handler)(nil)
	_ pmks.StateReader        = (*Handler)(nil)
	_ pmks.OperationReader    = (*Handler)(nil)
	_ pmks.NodeGroupReader    = (*Handler)(nil)
	_ pmks.ClusterStreamer    = (*Handler)(nil)
	_ pmks.TagSetter          = (*Handler)(nil)
	_ pmks.UpgradeAdvisor     = (*Handler)(nil)
)

// New makes a handler. It reads the SDK's configuration files and environment,
// and makes no network call. ErrInvalidArgument names what is wrong with cfg.
func New(ctx context.Context, cfg Config) (*Handler, error) {
	if err := cfg.normalize(); err != nil {
		return nil, err
	}
	api, err := newClients(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := cfg.checkPartition(api.region); err != nil {
		return nil, err
	}
	return &Handler{cfg: &cfg, api: &api, roles: map[string]string{}}, nil
}

// checkPartition refuses roles that no account of the region's partition can have.
func (c *Config) checkPartition(region string) error {
	var faults refuse.List
	for _, r := range []struct{ field, role string }{{"clusterRole", c.ClusterRole}, {"nodeRole", c.NodeRole}, {"roleArn", c.RoleARN}} {
		if parts := strings.SplitN(r.role, ":", 3); len(parts) == 3 && parts[0] == "arn" {
			faults.Join(ident.Match("Settings."+r.field, r.role, ident.Part{Name: "partition", Got: parts[1], Want: partition(region)}))
		}
	}
	return faults.Err()
}

// Format prints h without its secrets, whatever the verb: fmt would walk into its
// configuration, where the methods of Config do not count.
func (h *Handler) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "aws.Handler%v", h.cfg) }

// LogValue logs h as Format prints it.
func (h *Handler) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(h)) }

// Capabilities implements [pmks.CapabilityReporter].
func (h *Handler) Capabilities() pmks.Capabilities { return capabilities.Clone() }
