// SPDX-License-Identifier: Apache-2.0

// Package nhn manages clusters of NHN Kubernetes Service (NKS), on gophercloud: NKS is
// a fork of OpenStack Magnum with calls of its own.
//
// # What it manages
//
// NKS clusters with their worker node groups: a Type-II cloud, whose first node group
// is made with the cluster and is always called default-worker. What pmks did not make
// is shown as it is: clusters of older versions without some labels, groups that a
// metric-based autoscaler sizes, private endpoints.
//
// # Prerequisites
//
// pmks makes none of these. What it finds missing it names: ErrFailedPrecondition, or
// ErrInvalidArgument with the field of the request.
//
//   - The services NKS, Instance, Network and Image turned on in the project, an API
//     password set for the user, and the roles below.
//   - A VPC and a subnet of /24 or larger, with a routing table that has an internet
//     gateway; a subnet without one needs service gateways to the registry and to the
//     object storage in the same VPC (Config.NCRGateway, OBSGateway). That must not
//     change while the cluster lives.
//   - A key pair of that very API user: key pairs are personal on NHN Cloud. It is
//     required.
//   - Security groups, at most 8, beside the one that NKS makes.
//   - Room in the quotas of project and region, which NHN raises on request: 3
//     clusters, 3 node groups in each, 10 nodes a group (NKS user guide of March 2026).
//
// # Authentication
//
// With the name of an API user, its API password (which is not that of the console)
// and the id of the tenant; what is not given is read from OS_USERNAME, OS_PASSWORD,
// OS_TENANT_ID or OS_PROJECT_ID, OS_AUTH_URL and OS_REGION_NAME. A token is asked of
// Keystone v2.0 and replaced when it ends or is refused, by one request for all who
// wait.
//
// The API user needs these roles of the project. What may not be read of a cluster, but
// for itself and its node groups, is left out, which pmks:unread says:
//
//   - For every change, and for what Handler.Vendor changes: NKS ADMIN, LoadBalancer ADMIN
//     or Infrastructure ADMIN. Node groups of an older cluster are added by the user who
//     made it alone.
//   - To read clusters, node groups, events, versions and add-ons: a role that may read NKS,
//     such as Infrastructure MEMBER. Whether it is shown kubeconfigs is not documented.
//   - Compute, reading: flavors, key pairs and availability zones for a creation; servers
//     for the nodes of a group, and for what stands against an upgrade.
//   - Image, reading: the images that a node group can have.
//   - Network, reading: VPCs, subnets, security groups, and the external network of a
//     cluster whose endpoint is public.
//
// # Settings
//
// See [Config]; the names and defaults of the registered provider are listed in
// docs/settings.md.
//
// # Identifiers
//
// The SystemId of a cluster and of a node group is a UUID, which is compared with the
// tenant and the cluster that the answer names. A NameId alone is that of any cluster of
// the tenant in the region; one that several have is ambiguous. VPCs, subnets, security
// groups, images and flavors are given by UUID or by name; a key pair is a name in the
// API user's own list.
//
// # Capabilities
//
// See [Handler.Capabilities] and the matrix in docs/capabilities.md.
//
// # Kubeconfig
//
// With KubeconfigKind "certificate", the default, it holds the client certificate of
// the administrator, NKS's own, which works with nothing installed. It lives as long as
// the certificates of the cluster, five years at first; in its last 90 days
// AccessInfo.ExpiresAt is set, and renewing the certificates of the cluster ends all
// that were handed out. With "exec" it holds no secret and calls pmks-credential, which
// gets that certificate on the machine of its user, and notices that a kubeconfig is
// older than a renewal. There are no tokens.
//
// Who has the certificate may do everything in the cluster.
//
// # Storage classes
//
// pmks neither makes nor changes storage classes. NKS has none, a default class
// neither: claims stay Pending until one is made. Its provisioner is
// cinder.csi.openstack.org, its type General HDD or General SSD, and its availability
// the zone of the nodes, since a volume stays there (NKS user guide of March 2026, as
// far as it was read: unverified). Volumes outlive their cluster.
//
// # Rate limits
//
// NHN publishes none. At most 8 requests of the handlers of a tenant in a region are under
// way in a process, whoever calls them; of each service they ask 5 reads and 1 change a
// second, unless Config.RateLimits says otherwise. Reads are repeated when they fail in
// passing.
//
// # Differences from other providers
//
//   - Every change puts the whole cluster into transition: a second one is ErrBusy, and
//     names what is under way.
//   - A change of bounds and size is two changes, so ChangeNodeGroupScaling waits for
//     the first.
//   - Further subnets give every node a further network card, not a further zone.
//   - Upgrades go control plane first, then one node group after the other; each call
//     of UpgradeCluster takes one of these steps.
//   - Volumes that workloads made outlive the cluster, and cost; load balancers that do
//     not go make its deletion fail.
//   - NKS has no tags and no bearer tokens. Its kubeconfig holds a client certificate.
//   - Labels of nodes come with a group alone: a later change of them reaches new nodes
//     only. Taints are of the console, and there are no spot machines.
//   - A node group is in one zone: Zones has one.
//   - Access is chosen at creation: public or private, one address in either case; without
//     an internet gateway in the subnet it is private. Who may reach it is a call of its
//     own once the cluster is Active, which reads do not make either: Access.CIDRs is never
//     filled, and the example of Handler.Vendor sets the list.
//
// # Hooks
//
// Fields of [Config] that are given the vendor's request last, and may change it:
// BeforeCreateCluster, BeforeAddNodeGroup and BeforeUpgrade. The example of Config says
// how many nodes an upgrade takes away at a time.
//
// # Example
//
// See examples/realcloud for the whole life of a cluster, and [Handler.Vendor] and
// [Config] for what pmks has no field for.
package nhn

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/setting"
)

// Name is the name under which the provider is registered.
const Name = "nhn"

// Config configures a Handler. It prints with its secrets redacted.
type Config struct {
	// Region is where the clusters are: KR1, KR2 or KR3, in any case.
	Region string
	// Zone is where the nodes of a new cluster are, such as kr-pub-a; empty means the
	// first that is available.
	Zone string

	// IdentityEndpoint is the URL of Keystone; empty means the public cloud's. That of
	// the government's cloud is another.
	IdentityEndpoint string
	// Username and Password are those of an API user.
	Username string
	Password string
	// TenantID is the id of the project, 32 hexadecimal digits.
	TenantID string

	// KubernetesEndpoint, ComputeEndpoint, NetworkEndpoint and ImageEndpoint replace
	// the URLs of Keystone's catalog.
	KubernetesEndpoint string
	ComputeEndpoint    string
	NetworkEndpoint    string
	ImageEndpoint      string

	// PrivateEndpoint makes clusters whose API is reached from the VPC only. Where the
	// subnet has no way to the internet they are so anyway.
	PrivateEndpoint bool
	// NCRGateway and OBSGateway are the ids of the service gateways that a cluster in a
	// subnet without a way to the internet pulls its images through.
	NCRGateway string
	OBSGateway string
	// ServiceCIDR, PodCIDR and PodSubnetSize are the networks inside new clusters;
	// empty leaves them to NKS.
	ServiceCIDR   string
	PodCIDR       string
	PodSubnetSize int

	// RateLimits is "published", the default, which keeps requests to a rate that NHN, which publishes none, should bear;
	// a part of that such as "50%", from 1% to 1000%, where others draw from the same account or
	// its limits have been raised; or "none", for a simulated cloud without limits.
	RateLimits string
	// PollInterval is how often a change that takes two steps looks whether the first
	// one is done.
	PollInterval time.Duration
	// KubeconfigKind is "certificate", which is NKS's own and works with nothing else
	// installed, or "exec", which holds no secret and calls CredentialHelper.
	KubeconfigKind   string
	CredentialHelper string

	// BeforeCreateCluster, BeforeAddNodeGroup and BeforeUpgrade are the last word on what
	// pmks is about to send, for what it has no field for: a hook is called once for each
	// cluster, node group or step of an upgrade, when the request has been checked and
	// before it is sent, and may change it. What is sent again is the same. Names and
	// versions must stay. A hook that fails, or panics, ends the call with
	// ErrInvalidArgument before anything is sent; the error names it. CheckCluster and
	// CheckNodeGroup call none.
	//
	// BeforeUpgrade is called for the control plane and for each node group, whose request
	// is the same.
	BeforeCreateCluster func(ctx context.Context, req pmks.ClusterInfo, native *CreateClusterRequest) error
	BeforeAddNodeGroup  func(ctx context.Context, req pmks.NodeGroupInfo, native *CreateNodeGroupRequest) error
	BeforeUpgrade       func(ctx context.Context, step pmks.UpgradeStep, native *UpgradeRequest) error

	// Transport carries all requests.
	Transport http.RoundTripper
	Logger    *slog.Logger
}

// Defaults of Config.
const (
	DefaultIdentityEndpoint = "https://api-identity-infrastructure.nhncloudservice.com/v2.0"
	DefaultCredentialHelper = "pmks-credential"

	kindCertificate = "certificate"
	kindExec        = "exec"

	ratesPublished = "published"

	defaultPollInterval = 10 * time.Second
)

// credentialTable and settingTable are sorted by name.
var credentialTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "password", Help: "API password of the user, which is not that of the console; OS_PASSWORD if empty"},
		Set: setting.Text(func(c *Config) *string { return &c.Password })},
	{Setting: pmks.Setting{Name: "tenantId", Help: "id of the tenant (project); OS_TENANT_ID if empty"},
		Set: setting.Text(func(c *Config) *string { return &c.TenantID })},
	{Setting: pmks.Setting{Name: "username", Help: "e-mail or IAM id of the API user; OS_USERNAME if empty"},
		Set: setting.Text(func(c *Config) *string { return &c.Username })},
}

var settingTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "computeEndpoint", Help: "URL of Compute in place of the catalog's"},
		Set: setting.Text(func(c *Config) *string { return &c.ComputeEndpoint })},
	{Setting: pmks.Setting{Name: "credentialHelper", Default: DefaultCredentialHelper, Help: "command that an exec kubeconfig calls"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialHelper })},
	{Setting: pmks.Setting{Name: "imageEndpoint", Help: "URL of Image in place of the catalog's"},
		Set: setting.Text(func(c *Config) *string { return &c.ImageEndpoint })},
	{Setting: pmks.Setting{Name: "kubeconfigKind", Default: kindCertificate, Help: "certificate: works alone; exec: holds no secret and calls credentialHelper"},
		Set: setting.OneOf(func(c *Config) *string { return &c.KubeconfigKind }, kindCertificate, kindExec)},
	{Setting: pmks.Setting{Name: "kubernetesEndpoint", Help: "URL of NKS in place of the catalog's"},
		Set: setting.Text(func(c *Config) *string { return &c.KubernetesEndpoint })},
	{Setting: pmks.Setting{Name: "ncrGateway", Help: "id of the service gateway to the container registry, for subnets without internet"},
		Set: setting.Text(func(c *Config) *string { return &c.NCRGateway })},
	{Setting: pmks.Setting{Name: "networkEndpoint", Help: "URL of Network in place of the catalog's"},
		Set: setting.Text(func(c *Config) *string { return &c.NetworkEndpoint })},
	{Setting: pmks.Setting{Name: "obsGateway", Help: "id of the service gateway to the object storage, for subnets without internet"},
		Set: setting.Text(func(c *Config) *string { return &c.OBSGateway })},
	{Setting: pmks.Setting{Name: "podCidr", Default: "NKS's own", Help: "network of the pods of new clusters"},
		Set: setting.Text(func(c *Config) *string { return &c.PodCIDR })},
	{Setting: pmks.Setting{Name: "podSubnetSize", Default: "NKS's own", Help: "prefix length of the part of podCidr that each node gets, 20 to 28"},
		Set: setting.Number(func(c *Config) *int { return &c.PodSubnetSize }, smallestPodSubnet)},
	{Setting: pmks.Setting{Name: "pollInterval", Default: defaultPollInterval.String(), Help: "how often a change that takes two steps looks whether the first is done"},
		Set: setting.Duration(func(c *Config) *time.Duration { return &c.PollInterval })},
	{Setting: pmks.Setting{Name: "privateEndpoint", Default: "false", Help: "true makes clusters whose API is reached from the VPC only"},
		Set: setting.Bool(func(c *Config) *bool { return &c.PrivateEndpoint })},
	{Setting: pmks.Setting{Name: "rateLimits", Default: ratesPublished, Help: "published: keep to a rate that NHN should bear; a percentage, from 1% to 1000%: that part of it; none: for a simulated cloud without limits"},
		Set: setting.Text(func(c *Config) *string { return &c.RateLimits })},
	{Setting: pmks.Setting{Name: "serviceCidr", Default: "NKS's own", Help: "network of the services of new clusters"},
		Set: setting.Text(func(c *Config) *string { return &c.ServiceCIDR })},
	{Setting: pmks.Setting{Name: "tenantId", Help: "id of the tenant, as that of the credentials; for kubeconfigs, which hold no credentials"},
		Set: tenantSetting},
}

func init() {
	pmks.Register(pmks.Provider{
		Name:         Name,
		Title:        "NHN Cloud NKS",
		Credentials:  setting.Describe(credentialTable),
		Settings:     setting.Describe(settingTable),
		Capabilities: capabilities,
		Open: func(ctx context.Context, cfg pmks.Config) (pmks.ClusterHandler, error) {
			c := Config{Region: cfg.Region, Zone: cfg.Zone, IdentityEndpoint: cfg.Endpoint, Transport: cfg.Transport, Logger: cfg.Logger}
			if err := setting.Read(&c, cfg, credentialTable, settingTable); err != nil {
				return nil, err
			}
			return New(ctx, c)
		},
	})
}
