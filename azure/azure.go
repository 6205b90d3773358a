// SPDX-License-Identifier: Apache-2.0

// Package azure manages Azure Kubernetes Service clusters, through the Azure SDK
// for Go.
//
// # What it manages
//
// AKS clusters with their agent pools: a Type-II cloud, so at least one node group
// comes with the cluster. The resource group, virtual network, subnets and security
// groups are the user's. What pmks did not make is shown as it is: AKS Automatic and
// node auto-provisioning, whose nodes partly belong to no node group, stopped and
// private clusters, pools of spot machines, of Windows, and of single virtual
// machines. The last, and gateways, have no one size, so changing it is refused.
//
// # Prerequisites
//
// pmks makes none of these. What it finds missing it names: ErrFailedPrecondition, or
// ErrInvalidArgument with the field of the request.
//
//   - The resource provider Microsoft.ContainerService registered in the subscription,
//     and the resource group Config.ResourceGroup. AKS makes a second one for the
//     nodes, MC_GROUP_CLUSTER_LOCATION, and removes it with the cluster.
//   - A virtual network in the same location and one subnet of it. With NetworkMode
//     overlay, the default, nodes alone take its addresses: a /26 does for 50 nodes.
//     With flat each node takes MaxPods+1 addresses, and each node group one node more
//     for upgrades: with 110 pods, 3 nodes and the surge are 444, so that a /24 is too
//     small and a /23 (507) does, which is what V0.6 asks for. CheckCluster counts it.
//   - Where a request names a security group, it is associated with that subnet
//     already.
//   - Where it names a key pair, an SSH public key resource in the resource group, or
//     given by its ARM id.
//   - For load balancers of workloads in a subnet of one's own, Network Contributor on
//     it for the identity of the cluster, which exists beforehand only if
//     Config.IdentityID names it.
//
// # Authentication
//
// With no credentials given, the SDK's default chain applies: environment,
// workload identity, managed identity and the developer tools. A client secret, a
// certificate or a federated token can be given instead, or any TokenCredential.
//
// The caller needs Azure Kubernetes Service Contributor Role on the resource
// group, Reader on the virtual network and
// Microsoft.Network/virtualNetworks/subnets/join/action on the subnet; Reader on the
// resource groups of the nodes (MC_...), or on the subscription, for the index that
// listings use (virtualMachineScaleSets/virtualMachines/read): without it they are
// complete and slow. The role covers the tags of
// clusters (managedClusters/write) and what UpgradeFindings reads
// (managedClusters/upgradeProfiles/read, locations/kubernetesVersions/read); whether
// there is room for an upgrade is read from the virtual network. Spot machines need a
// quota of their own. Reads go on without what they may not see, and name it under
// pmks:unread.
//
// # Settings
//
// See [Config]; the names and defaults of the registered provider are listed in
// docs/settings.md.
//
// # Identifiers
//
// The SystemId of a cluster and of a node group is its ARM id, compared in all its
// parts; a cluster may lie in another resource group than the handler's. A node's
// SystemId is the ARM id of its virtual machine, its NameId the name of the
// Kubernetes node.
//
// # Capabilities
//
// See [Handler.Capabilities] and the matrix in docs/capabilities.md.
//
// # Kubeconfig
//
// With KubeconfigKind "admin", the default, it is that of the cluster's administrator:
// a client certificate that works with nothing installed and lives for years, until AKS
// rotates it. Who has it may do everything. Where local accounts are disabled there is
// none: the kubeconfig then holds a token of Entra for the caller, which ends after
// about an hour, as AccessInfo.ExpiresAt says. With "exec" it holds no secret and calls
// pmks-credential, which gets a token of Entra, or on a cluster without Entra the
// certificate of the administrator, from the credentials of the machine it runs on.
//
// The caller needs listClusterAdminCredential/action for the first and
// listClusterUserCredential/action for the others (Azure Kubernetes Service Cluster
// Admin Role, Cluster User Role); what the bearer of a token may do is for the cluster
// to say. Clusters of Entra are made with Config.EntraAdmins.
//
// # Storage classes
//
// pmks neither makes nor changes storage classes. AKS has some in every cluster (AKS,
// storage concepts, read in November 2026): default and managed-csi (Azure Disks,
// Standard SSD; the first is the default class), managed-csi-premium, and azurefile-csi
// and azurefile-csi-premium for volumes that several nodes write. A disk stays in the
// zone of its first pod; all of these wait for it.
//
// # Rate limits
//
// At most 8 requests of all handlers of a subscription and region are under way, whoever
// calls them, paced by the limits that Azure publishes: of Azure Resource Manager, of
// AKS for each cluster and for the subscription, and of Azure Resource Graph.
// Config.RateLimits turns the pace off. Reads are repeated when they fail in passing; the
// SDK's own retries are off.
//
// A list of clusters holds their pools, but no nodes, and AKS lets the machines of a pool
// be listed 60 times at once and once a second from there on: those of 500 pools take
// more than seven minutes. So ListCluster and Clusters ask Azure Resource Graph, an index
// of the subscription, as soon as there are more than 4 pools: a thousand machines in a
// request, side by side with the list of clusters from the second listing of a handler on.
// The index trails changes, by seconds as a rule; Azure promises no more than that it is
// bounded. So it counts only for pools at rest of which it has as many machines as AKS
// says; a machine that was replaced within the same seconds may still be shown as the one
// before it. Other pools are read singly, at most 40 in a listing, and beyond that named
// under pmks:unread as Nodes(Throttled). Where the index refuses the caller, cannot be
// reached, or shows none of the nodes, all pools are read singly at the pace of AKS, or
// named likewise when that would outlast the caller's deadline. GetCluster, GetNodeGroup,
// ReadState and waits never ask the index.
//
// Waits on many clusters of a resource group share its list every few seconds, which is
// taken for no more than that something is still under way; what rests is read itself.
//
// # Differences from other providers
//
//   - One SSH key serves the whole cluster, so all node groups name the same.
//   - AKS keeps the security group of the nodes to itself. Those of a request must
//     be associated with the subnet; none are attached to nodes.
//   - A node group whose least size is zero, that is spot, or whose taints keep the
//     pods of the system off, is a pool of mode User, any other is of mode System, and
//     the last of those cannot be removed. A cluster begins with one of mode System.
//   - Labels, taints, spot and zones are those of an agent pool. What AKS adds
//     (kubernetes.azure.com/...) is not shown and not taken away. Zones are 1, 2 and 3,
//     and each subscription has its own order of them.
//   - A cluster is public, with authorized ranges if any are given, or private, in a DNS
//     zone of AKS's own: then there are no ranges, and at most 15 tags. That is decided
//     at creation.
//   - SetTags writes the whole cluster when it takes a tag away, and AKS's tags alone
//     when it does not. AKS spreads tags to the resources of a cluster.
//   - One operation upgrades the control plane and all node groups. On a cluster
//     that failed it is also what mends it. Where a node group is spot, AKS wants the
//     control plane and the node groups one after the other.
//   - UpgradeFindings tells versions, room in the subnets, and settings that stop an
//     upgrade. AKS's own check of deprecated APIs, disruption budgets and quotas comes
//     with the upgrade.
//   - AKS keeps the outcome of the last operation with the resource: LastOperation
//     has no id and no times.
//
// # Hooks
//
// Fields of [Config] that are given the vendor's request last, and may change it:
// BeforeCreateCluster, BeforeAddNodeGroup, BeforeUpgrade and BeforeUpgradeNodeGroup.
// The example of Config turns on the upgrades that AKS makes by itself.
//
// # Example
//
// See examples/realcloud for the whole life of a cluster, and the examples of
// [Handler.Vendor] and of the hooks of [Config] for what pmks does not cover.
package azure

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/setting"
)

// Name is the name under which the provider is registered.
const Name = "azure"

// Config configures a Handler. It prints with its secrets redacted.
type Config struct {
	// SubscriptionID is required; AZURE_SUBSCRIPTION_ID is used when it is empty.
	SubscriptionID string
	// ResourceGroup is where clusters are made. It must exist.
	ResourceGroup string
	// Location is the region, such as koreacentral.
	Location string

	// TenantID, ClientID and ClientSecret are those of an application in Entra.
	TenantID     string
	ClientID     string
	ClientSecret string
	// CertificateFile is a PEM or PKCS#12 file with the application's certificate
	// and key, in place of ClientSecret.
	CertificateFile     string
	CertificatePassword string
	// FederatedTokenFile is a file with a token of a workload identity, in place of
	// ClientSecret.
	FederatedTokenFile string
	// Credential replaces all of these.
	Credential azcore.TokenCredential

	// NetworkResourceGroup holds the virtual network and its security groups; empty
	// means ResourceGroup.
	NetworkResourceGroup string
	// IdentityID is the ARM id of a user-assigned managed identity for clusters;
	// empty means an identity of the cluster's own.
	IdentityID string
	// SKUTier is Free, Standard or Premium.
	SKUTier string
	// NetworkMode is overlay, in which pods take no addresses of the subnet, or
	// flat, in which each does.
	NetworkMode string
	// PodCIDR is the range of pods in overlay mode, ServiceCIDR that of services.
	PodCIDR     string
	ServiceCIDR string
	// MaxPods is how many pods a node of a new cluster takes, 10 to 250.
	MaxPods int
	// AdminUsername is the user of the SSH key on the nodes.
	AdminUsername string
	// Zones are the availability zones of the node groups of new clusters, such as "1"
	// and "2"; nil leaves it to AKS. A group that is added later goes where the first
	// one of its cluster is.
	Zones []string
	// EntraAdmins are the object ids of the Entra groups that administer new
	// clusters; giving any makes them Entra clusters.
	EntraAdmins []string
	// DisableLocalAccounts makes new clusters accept Entra tokens only.
	DisableLocalAccounts bool
	// IgnoreDisruptionBudgets lets RemoveNodeGroup go on although a pod disruption
	// budget forbids to drain a node.
	IgnoreDisruptionBudgets bool

	// KubeconfigKind is "admin", the certificate of the cluster's administrator
	// where it has one and else a token, or "exec", which calls CredentialHelper.
	KubeconfigKind   string
	CredentialHelper string

	// RateLimits is "published", the default, which keeps requests to the rates that Azure publishes;
	// a part of that such as "50%", from 1% to 1000%, where others draw from the same account or
	// its limits have been raised; or "none", for a simulated cloud without limits.
	RateLimits string

	// The hooks have the last word on a request before it is sent, for what pmks has no
	// field for. Each is called once for each request, before the first try and with the
	// portable request as it was given; all tries send the same. Later writes of pmks
	// keep what a hook has set. A hook that fails, panics, or changes the location, the
	// version or the tag of the request ends the call with ErrInvalidArgument, and
	// nothing is sent. CheckCluster and CheckNodeGroup call none.
	BeforeCreateCluster func(ctx context.Context, req pmks.ClusterInfo, native *armcontainerservice.ManagedCluster) error
	BeforeAddNodeGroup  func(ctx context.Context, req pmks.NodeGroupInfo, native *armcontainerservice.AgentPool) error
	// BeforeUpgrade sees the cluster as it was read, with the new version of the control
	// plane and, unless a node group is spot, of all node groups; the step's NodeGroup is
	// zero. Node groups of a cluster with spot ones are upgraded by requests of their
	// own, which BeforeUpgradeNodeGroup sees.
	BeforeUpgrade          func(ctx context.Context, step pmks.UpgradeStep, native *armcontainerservice.ManagedCluster) error
	BeforeUpgradeNodeGroup func(ctx context.Context, step pmks.UpgradeStep, native *armcontainerservice.AgentPool) error

	// Cloud is public, china or government.
	Cloud string
	// Endpoint replaces the URL of Azure Resource Manager: https, or http to this
	// very machine. AuthorityHost replaces that of Entra, which must be https.
	Endpoint      string
	AuthorityHost string
	// Transport carries all requests.
	Transport http.RoundTripper
	Logger    *slog.Logger
}

// Defaults of Config.
const (
	DefaultCredentialHelper = "pmks-credential"
	DefaultAdminUsername    = "azureuser"
	DefaultMaxPods          = 110

	modeOverlay = "overlay"
	modeFlat    = "flat"
	kindAdmin   = "admin"
	kindExec    = "exec"

	limitsPublished = "published"
	limitsNone      = "none"

	defaultPodCIDR     = "10.244.0.0/16"
	defaultServiceCIDR = "172.16.0.0/16"
)

// credentialTable and settingTable are sorted by name.
var credentialTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "certificatePassword", Help: "password of certificateFile"},
		Set: setting.Text(func(c *Config) *string { return &c.CertificatePassword })},
	{Setting: pmks.Setting{Name: "clientId", Help: "id of the application in Entra"},
		Set: setting.Text(func(c *Config) *string { return &c.ClientID })},
	{Setting: pmks.Setting{Name: "clientSecret", Help: "secret of the application"},
		Set: setting.Text(func(c *Config) *string { return &c.ClientSecret })},
	{Setting: pmks.Setting{Name: "subscriptionId", Default: "AZURE_SUBSCRIPTION_ID", Help: "id of the subscription"},
		Set: setting.Text(func(c *Config) *string { return &c.SubscriptionID })},
	{Setting: pmks.Setting{Name: "tenantId", Help: "id of the Entra tenant"},
		Set: setting.Text(func(c *Config) *string { return &c.TenantID })},
}

var settingTable = []setting.Setting[Config]{
	{Setting: pmks.Setting{Name: "adminUsername", Default: DefaultAdminUsername, Help: "user of the SSH key on the nodes"},
		Set: setting.Text(func(c *Config) *string { return &c.AdminUsername })},
	{Setting: pmks.Setting{Name: "authorityHost", Help: "URL of Entra, where it is not the cloud's own"},
		Set: setting.Text(func(c *Config) *string { return &c.AuthorityHost })},
	{Setting: pmks.Setting{Name: "certificateFile", Help: "PEM or PKCS#12 file with the application's certificate and key, in place of clientSecret"},
		Set: setting.Text(func(c *Config) *string { return &c.CertificateFile })},
	{Setting: pmks.Setting{Name: "clientId", Help: "id of the application in Entra, where it is not among the credentials"},
		Set: setting.Text(func(c *Config) *string { return &c.ClientID })},
	{Setting: pmks.Setting{Name: "cloud", Default: "public", Help: "public, china or government"},
		Set: setting.OneOf(func(c *Config) *string { return &c.Cloud }, "public", "china", "government")},
	{Setting: pmks.Setting{Name: "credentialHelper", Default: DefaultCredentialHelper, Help: "command that an exec kubeconfig calls"},
		Set: setting.Text(func(c *Config) *string { return &c.CredentialHelper })},
	{Setting: pmks.Setting{Name: "disableLocalAccounts", Default: "false", Help: "true makes new clusters accept Entra tokens only; needs entraAdmins"},
		Set: setting.Bool(func(c *Config) *bool { return &c.DisableLocalAccounts })},
	{Setting: pmks.Setting{Name: "entraAdmins", Help: "comma-separated object ids of the Entra groups that administer new clusters"},
		Set: setting.List(func(c *Config) *[]string { return &c.EntraAdmins })},
	{Setting: pmks.Setting{Name: "federatedTokenFile", Help: "file with a token of a workload identity, in place of clientSecret"},
		Set: setting.Text(func(c *Config) *string { return &c.FederatedTokenFile })},
	{Setting: pmks.Setting{Name: "identityId", Help: "ARM id of a user-assigned managed identity for clusters"},
		Set: setting.Text(func(c *Config) *string { return &c.IdentityID })},
	{Setting: pmks.Setting{Name: "ignoreDisruptionBudgets", Default: "false", Help: "true removes node groups although a pod disruption budget forbids to drain a node"},
		Set: setting.Bool(func(c *Config) *bool { return &c.IgnoreDisruptionBudgets })},
	{Setting: pmks.Setting{Name: "kubeconfigKind", Default: kindAdmin, Help: "admin: a client certificate, or a token where the cluster has no local accounts; exec: calls credentialHelper"},
		Set: setting.OneOf(func(c *Config) *string { return &c.KubeconfigKind }, kindAdmin, kindExec)},
	{Setting: pmks.Setting{Name: "maxPods", Default: "110", Help: "how many pods a node takes, 10 to 250"},
		Set: setting.Number(func(c *Config) *int { return &c.MaxPods }, 10)},
	{Setting: pmks.Setting{Name: "networkMode", Default: modeOverlay, Help: "overlay: pods take no addresses of the subnet; flat: each does"},
		Set: setting.OneOf(func(c *Config) *string { return &c.NetworkMode }, modeOverlay, modeFlat)},
	{Setting: pmks.Setting{Name: "networkResourceGroup", Default: "that of resourceGroup", Help: "resource group of the virtual network"},
		Set: setting.Text(func(c *Config) *string { return &c.NetworkResourceGroup })},
	{Setting: pmks.Setting{Name: "podCidr", Default: defaultPodCIDR, Help: "range of pods in overlay mode; a node takes a /24 of it"},
		Set: setting.Text(func(c *Config) *string { return &c.PodCIDR })},
	{Setting: pmks.Setting{Name: "rateLimits", Default: limitsPublished, Help: "published: requests are paced by the limits that Azure publishes; a percentage, from 1% to 1000%: that part of it; none: they are not, for a simulator whose hours are short"},
		Set: setting.Text(func(c *Config) *string { return &c.RateLimits })},
	{Setting: pmks.Setting{Name: "resourceGroup", Required: true, Help: "resource group of the clusters, which must exist"},
		Set: setting.Text(func(c *Config) *string { return &c.ResourceGroup })},
	{Setting: pmks.Setting{Name: "serviceCidr", Default: "the first free of 172.16.0.0/16, 10.0.0.0/16 and others", Help: "range of services"},
		Set: setting.Text(func(c *Config) *string { return &c.ServiceCIDR })},
	{Setting: pmks.Setting{Name: "skuTier", Default: "Free", Help: "Free, Standard (paid, with an SLA) or Premium (paid, with long-term support)"},
		Set: setting.OneOf(func(c *Config) *string { return &c.SKUTier }, "Free", "Standard", "Premium")},
	{Setting: pmks.Setting{Name: "subscriptionId", Default: "AZURE_SUBSCRIPTION_ID", Help: "id of the subscription, where it is not among the credentials"},
		Set: setting.Text(func(c *Config) *string { return &c.SubscriptionID })},
	{Setting: pmks.Setting{Name: "tenantId", Help: "id of the Entra tenant, where it is not among the credentials"},
		Set: setting.Text(func(c *Config) *string { return &c.TenantID })},
	{Setting: pmks.Setting{Name: "zones", Help: "comma-separated availability zones of the node groups of new clusters, such as 1,2,3"},
		Set: setting.List(func(c *Config) *[]string { return &c.Zones })},
}

func init() {
	pmks.Register(pmks.Provider{
		Name:         Name,
		Title:        "Microsoft Azure AKS",
		Credentials:  setting.Describe(credentialTable),
		Settings:     setting.Describe(settingTable),
		Capabilities: capabilities,
		Open: func(ctx context.Context, cfg pmks.Config) (pmks.ClusterHandler, error) {
			c := Config{Location: cfg.Region, Endpoint: cfg.Endpoint, Transport: cfg.Transport, Logger: cfg.Logger}
			if err := setting.Read(&c, cfg, credentialTable, settingTable); err != nil {
				return nil, err
			}
			return New(ctx, c)
		},
	})
}
