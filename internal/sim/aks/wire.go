// SPDX-License-Identifier: Apache-2.0

package aks

// The JSON of clusters and agent pools (REST version 2025-10-01). A member tagged
// `sim:"no"` exists at Azure and is not simulated; one tagged `sim:"read"` is set
// by AKS alone and ignored in requests, as AKS ignores it.

// clusterObject is a managed cluster.
type clusterObject struct {
	ID         *string            `json:"id,omitempty" sim:"read"`
	Name       *string            `json:"name,omitempty" sim:"read"`
	Type       *string            `json:"type,omitempty" sim:"read"`
	ETag       *string            `json:"eTag,omitempty" sim:"read"`
	SystemData *systemData        `json:"systemData,omitempty" sim:"read"`
	Location   *string            `json:"location,omitempty"`
	Tags       map[string]string  `json:"tags,omitempty"`
	SKU        *skuObject         `json:"sku,omitempty"`
	Identity   *identityObject    `json:"identity,omitempty"`
	Properties *clusterProperties `json:"properties,omitempty"`

	Kind             any `json:"kind,omitempty" sim:"no"`
	ExtendedLocation any `json:"extendedLocation,omitempty" sim:"no"`
}

// tagsObject is what a PATCH of a cluster can change.
type tagsObject struct {
	Tags map[string]string `json:"tags"`
}

type systemData struct {
	CreatedAt      string `json:"createdAt"`
	CreatedBy      string `json:"createdBy"`
	CreatedByType  string `json:"createdByType"`
	LastModifiedAt string `json:"lastModifiedAt"`
}

type skuObject struct {
	Name string `json:"name,omitempty"`
	Tier string `json:"tier,omitempty"`
}

type identityObject struct {
	Type                   string                       `json:"type,omitempty"`
	PrincipalID            string                       `json:"principalId,omitempty" sim:"read"`
	TenantID               string                       `json:"tenantId,omitempty" sim:"read"`
	UserAssignedIdentities map[string]*assignedIdentity `json:"userAssignedIdentities,omitempty"`

	DelegatedResources any `json:"delegatedResources,omitempty" sim:"no"`
}

type assignedIdentity struct {
	PrincipalID string `json:"principalId,omitempty" sim:"read"`
	ClientID    string `json:"clientId,omitempty" sim:"read"`
}

type clusterProperties struct {
	ProvisioningState        string       `json:"provisioningState,omitempty" sim:"read"`
	PowerState               *powerObject `json:"powerState,omitempty" sim:"read"`
	CurrentKubernetesVersion string       `json:"currentKubernetesVersion,omitempty" sim:"read"`
	FQDN                     string       `json:"fqdn,omitempty" sim:"read"`
	AzurePortalFQDN          string       `json:"azurePortalFQDN,omitempty" sim:"read"`
	PrivateFQDN              string       `json:"privateFQDN,omitempty" sim:"read"`
	MaxAgentPools            int32        `json:"maxAgentPools,omitempty" sim:"read"`
	ResourceUID              string       `json:"resourceUID,omitempty" sim:"read"`
	Status                   *status      `json:"status,omitempty" sim:"read"`

	KubernetesVersion       *string                `json:"kubernetesVersion,omitempty"`
	DNSPrefix               *string                `json:"dnsPrefix,omitempty"`
	AgentPoolProfiles       []poolProfile          `json:"agentPoolProfiles,omitempty"`
	LinuxProfile            *linuxProfile          `json:"linuxProfile,omitempty"`
	NetworkProfile          *networkProfile        `json:"networkProfile,omitempty"`
	NodeResourceGroup       *string                `json:"nodeResourceGroup,omitempty"`
	EnableRBAC              *bool                  `json:"enableRBAC,omitempty"`
	AADProfile              *aadProfile            `json:"aadProfile,omitempty"`
	DisableLocalAccounts    *bool                  `json:"disableLocalAccounts,omitempty"`
	APIServerAccessProfile  *apiAccess             `json:"apiServerAccessProfile,omitempty"`
	AddonProfiles           map[string]addonObject `json:"addonProfiles,omitempty"`
	SupportPlan             *string                `json:"supportPlan,omitempty"`
	ServicePrincipalProfile *principalProfile      `json:"servicePrincipalProfile,omitempty"`
	AutoUpgradeProfile      *autoUpgrade           `json:"autoUpgradeProfile,omitempty"`
	WindowsProfile          *windowsProfile        `json:"windowsProfile,omitempty"`
	NodeProvisioningProfile *nodeProvisioning      `json:"nodeProvisioningProfile,omitempty"`
	StorageProfile          *storageProfile        `json:"storageProfile,omitempty"`
	BootstrapProfile        *bootstrapProfile      `json:"bootstrapProfile,omitempty"`

	IdentityProfile map[string]kubeletIdentity `json:"identityProfile,omitempty"`

	features

	AIToolchainOperatorProfile any `json:"aiToolchainOperatorProfile,omitempty" sim:"no"`
	AzureMonitorProfile        any `json:"azureMonitorProfile,omitempty" sim:"no"`
	DiskEncryptionSetID        any `json:"diskEncryptionSetID,omitempty" sim:"no"`
	FQDNSubdomain              any `json:"fqdnSubdomain,omitempty" sim:"no"`
	HTTPProxyConfig            any `json:"httpProxyConfig,omitempty" sim:"no"`
	IngressProfile             any `json:"ingressProfile,omitempty" sim:"no"`
	NodeResourceGroupProfile   any `json:"nodeResourceGroupProfile,omitempty" sim:"no"`
	PodIdentityProfile         any `json:"podIdentityProfile,omitempty" sim:"no"`
	PrivateLinkResources       any `json:"privateLinkResources,omitempty" sim:"no"`
	PublicNetworkAccess        any `json:"publicNetworkAccess,omitempty" sim:"no"`
	ServiceMeshProfile         any `json:"serviceMeshProfile,omitempty" sim:"no"`
}

type powerObject struct {
	Code string `json:"code,omitempty"`
}

// status says why a resource has failed.
type status struct {
	ProvisioningError *errorDetail `json:"provisioningError,omitempty"`
}

type errorDetail struct {
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Target  string        `json:"target,omitempty"`
	Details []errorDetail `json:"details,omitempty"`
}

type linuxProfile struct {
	AdminUsername string     `json:"adminUsername"`
	SSH           *sshObject `json:"ssh"`
}

type sshObject struct {
	PublicKeys []publicKey `json:"publicKeys"`
}

type publicKey struct {
	KeyData string `json:"keyData"`
}

type networkProfile struct {
	NetworkPlugin     string   `json:"networkPlugin,omitempty"`
	NetworkPluginMode string   `json:"networkPluginMode,omitempty"`
	NetworkPolicy     string   `json:"networkPolicy,omitempty"`
	NetworkDataplane  string   `json:"networkDataplane,omitempty"`
	LoadBalancerSKU   string   `json:"loadBalancerSku,omitempty"`
	OutboundType      string   `json:"outboundType,omitempty"`
	PodCIDR           string   `json:"podCidr,omitempty"`
	ServiceCIDR       string   `json:"serviceCidr,omitempty"`
	DNSServiceIP      string   `json:"dnsServiceIP,omitempty"`
	PodCIDRs          []string `json:"podCidrs,omitempty"`
	ServiceCIDRs      []string `json:"serviceCidrs,omitempty"`
	IPFamilies        []string `json:"ipFamilies,omitempty"`

	AdvancedNetworking         any `json:"advancedNetworking,omitempty" sim:"no"`
	LoadBalancerProfile        any `json:"loadBalancerProfile,omitempty" sim:"no"`
	NATGatewayProfile          any `json:"natGatewayProfile,omitempty" sim:"no"`
	NetworkMode                any `json:"networkMode,omitempty" sim:"no"`
	StaticEgressGatewayProfile any `json:"staticEgressGatewayProfile,omitempty" sim:"no"`
}

type aadProfile struct {
	Managed             bool     `json:"managed,omitempty"`
	EnableAzureRBAC     bool     `json:"enableAzureRBAC,omitempty"`
	AdminGroupObjectIDs []string `json:"adminGroupObjectIDs,omitempty"`
	TenantID            string   `json:"tenantID,omitempty"`

	ClientAppID     any `json:"clientAppID,omitempty" sim:"no"`
	ServerAppID     any `json:"serverAppID,omitempty" sim:"no"`
	ServerAppSecret any `json:"serverAppSecret,omitempty" sim:"no"`
}

type apiAccess struct {
	AuthorizedIPRanges             []string `json:"authorizedIPRanges,omitempty"`
	EnablePrivateCluster           bool     `json:"enablePrivateCluster,omitempty"`
	EnablePrivateClusterPublicFQDN *bool    `json:"enablePrivateClusterPublicFQDN,omitempty"`
	PrivateDNSZone                 string   `json:"privateDNSZone,omitempty"`
	DisableRunCommand              *bool    `json:"disableRunCommand,omitempty"`

	EnableVnetIntegration any `json:"enableVnetIntegration,omitempty" sim:"no"`
	SubnetID              any `json:"subnetId,omitempty" sim:"no"`
}

type addonObject struct {
	Enabled  bool              `json:"enabled"`
	Config   map[string]string `json:"config,omitempty"`
	Identity any               `json:"identity,omitempty" sim:"read"`
}

type principalProfile struct {
	ClientID string `json:"clientId"`
	Secret   string `json:"secret,omitempty"`
}

// managedPrincipal stands for the client id where an identity has taken the place of
// the service principal.
const managedPrincipal = "msi"

type windowsProfile struct {
	AdminUsername  string `json:"adminUsername"`
	AdminPassword  string `json:"adminPassword,omitempty"`
	EnableCSIProxy *bool  `json:"enableCSIProxy,omitempty"`

	GMSAProfile any `json:"gmsaProfile,omitempty" sim:"no"`
	LicenseType any `json:"licenseType,omitempty" sim:"no"`
}

// The modes of node provisioning; Auto makes nodes that are in no agent pool.
const (
	provisioningAuto   = "Auto"
	provisioningManual = "Manual"
)

type nodeProvisioning struct {
	Mode             string `json:"mode,omitempty"`
	DefaultNodePools string `json:"defaultNodePools,omitempty"`
}

// storageProfile switches storage drivers, which no API of AKS shows the effect of.
type storageProfile struct {
	BlobCSIDriver      *switchObject `json:"blobCSIDriver,omitempty"`
	DiskCSIDriver      *switchObject `json:"diskCSIDriver,omitempty"`
	FileCSIDriver      *switchObject `json:"fileCSIDriver,omitempty"`
	SnapshotController *switchObject `json:"snapshotController,omitempty"`
}

// bootstrapProfile says from where nodes get their software; only Direct, the
// default, is simulated.
type bootstrapProfile struct {
	ArtifactSource string `json:"artifactSource,omitempty"`

	ContainerRegistryID any `json:"containerRegistryId,omitempty" sim:"no"`
}

type switchObject struct {
	Enabled *bool `json:"enabled,omitempty"`
}

// kubeletIdentity is the identity that nodes have.
type kubeletIdentity struct {
	ResourceID string `json:"resourceId"`
	ClientID   string `json:"clientId"`
	ObjectID   string `json:"objectId"`
}

// autoUpgrade says what AKS upgrades by itself, which is not simulated: it is kept
// and shown.
type autoUpgrade struct {
	UpgradeChannel       string `json:"upgradeChannel,omitempty"`
	NodeOSUpgradeChannel string `json:"nodeOSUpgradeChannel,omitempty"`
}
