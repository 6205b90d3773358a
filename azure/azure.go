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
// # Authentication
//
// With no credentials given, the SDK's default chain applies: environment,
// workload identity, managed identity and the developer tools. A client secret, a
// certificate or a federated token can be given instead, or any TokenCredential.
//
// The caller needs Azure Kubernetes Service Contributor Role on the resource
// group, Reader on the virtual network and
// Microsoft.Network/virtualNetworks/subnets/join/action on the subnet; Reader on the
// subscription for the index that large listings use. Reads go on without what they
// may not see, and name it under pmks:unread.
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
// # Rate limits
//
// At most 8 requests of a handler are under way, whoever calls it, paced by the
// limits that Azure publishes: of Azure Resource Manager, and of AKS for each cluster
// and for the subscription. Config.RateLimits turns the pace off. ListCluster reads
// the machines of up to 40 pools singly, beyond that with Azure Resource Graph where
// its count is right. Reads are repeated when they fail in passing; the SDK's own
// retries are off.
//
// # Differences from other providers
//
//   - One SSH key serves the whole cluster, so all node groups name the same.
//   - AKS keeps the security group of the nodes to itself. Those of a request must
//     be associated with the subnet; none are attached to nodes.
//   - A node group whose least size is zero is a pool of mode User, any other is of
//     mode System, and the last of those cannot be removed.
//   - One operation upgrades the control plane and all node groups. On a cluster
//     that failed it is also what mends it.
//   - AKS keeps the outcome of the last operation with the resource: LastOperation
//     has no id and no times.
//
// # Example
//
// See examples/realcloud for the whole life of a cluster.
package azure

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

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

	// RateLimits is published, which paces requests by the limits that Azure
	// publishes, or none, for a simulator whose hours are short.
	RateLimits string

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
	{Setting: pmks.Setting{Name: "rateLimits", Default: limitsPublished, Help: "published: requests are paced by the limits that Azure publishes; none: they are not, for a simulator whose hours are short"},
		Set: setting.OneOf(func(c *Config) *string { return &c.RateLimits }, limitsPublished, limitsNone)},
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
