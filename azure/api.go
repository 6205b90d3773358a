// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// The calls of the SDK that are used. A field of the SDK's own type would keep every
// call of it in the program.
type (
	clusterClient interface {
		Get(ctx context.Context, group, name string, o *aks.ManagedClustersClientGetOptions) (aks.ManagedClustersClientGetResponse, error)
		NewListByResourceGroupPager(group string, o *aks.ManagedClustersClientListByResourceGroupOptions) *runtime.Pager[aks.ManagedClustersClientListByResourceGroupResponse]
		ListKubernetesVersions(ctx context.Context, location string, o *aks.ManagedClustersClientListKubernetesVersionsOptions) (aks.ManagedClustersClientListKubernetesVersionsResponse, error)
		GetUpgradeProfile(ctx context.Context, group, name string, o *aks.ManagedClustersClientGetUpgradeProfileOptions) (aks.ManagedClustersClientGetUpgradeProfileResponse, error)
		ListClusterAdminCredentials(ctx context.Context, group, name string, o *aks.ManagedClustersClientListClusterAdminCredentialsOptions) (aks.ManagedClustersClientListClusterAdminCredentialsResponse, error)
		ListClusterUserCredentials(ctx context.Context, group, name string, o *aks.ManagedClustersClientListClusterUserCredentialsOptions) (aks.ManagedClustersClientListClusterUserCredentialsResponse, error)
		BeginCreateOrUpdate(ctx context.Context, group, name string, in aks.ManagedCluster, o *aks.ManagedClustersClientBeginCreateOrUpdateOptions) (*runtime.Poller[aks.ManagedClustersClientCreateOrUpdateResponse], error)
		BeginDelete(ctx context.Context, group, name string, o *aks.ManagedClustersClientBeginDeleteOptions) (*runtime.Poller[aks.ManagedClustersClientDeleteResponse], error)
	}
	poolClient interface {
		Get(ctx context.Context, group, cluster, name string, o *aks.AgentPoolsClientGetOptions) (aks.AgentPoolsClientGetResponse, error)
		BeginCreateOrUpdate(ctx context.Context, group, cluster, name string, in aks.AgentPool, o *aks.AgentPoolsClientBeginCreateOrUpdateOptions) (*runtime.Poller[aks.AgentPoolsClientCreateOrUpdateResponse], error)
		BeginDelete(ctx context.Context, group, cluster, name string, o *aks.AgentPoolsClientBeginDeleteOptions) (*runtime.Poller[aks.AgentPoolsClientDeleteResponse], error)
	}
	machineClient interface {
		NewListPager(group, cluster, pool string, o *aks.MachinesClientListOptions) *runtime.Pager[aks.MachinesClientListResponse]
	}
	networkClient interface {
		Get(ctx context.Context, group, name string, o *armnetwork.VirtualNetworksClientGetOptions) (armnetwork.VirtualNetworksClientGetResponse, error)
	}
	securityGroupClient interface {
		Get(ctx context.Context, group, name string, o *armnetwork.SecurityGroupsClientGetOptions) (armnetwork.SecurityGroupsClientGetResponse, error)
	}
	keyClient interface {
		Get(ctx context.Context, group, name string, o *armcompute.SSHPublicKeysClientGetOptions) (armcompute.SSHPublicKeysClientGetResponse, error)
	}
)

// clients holds one client for each kind of resource, what they share, and the one
// limiter of the handler. The SDK repeats nothing by itself.
type clients struct {
	clusters       clusterClient
	pools          poolClient
	machines       machineClient
	networks       networkClient
	securityGroups securityGroupClient
	keys           keyClient
	graph          *arm.Client

	limiter *fanout.Limiter
	gate    gate
	options *arm.ClientOptions
}

// SDK returns the credential and the options of the SDK's clients as the handler
// uses them, for what pmks does not cover. They repeat no request; options.Retry
// changes that.
func (h *Handler) SDK() (azcore.TokenCredential, *arm.ClientOptions) {
	options := *h.api.options
	return h.api.gate.token, &options
}

// logging writes a line for each try of a request, without its query, headers and
// bodies.
type logging struct{ logger *slog.Logger }

// Do implements [policy.Policy].
func (l logging) Do(r *policy.Request) (*http.Response, error) {
	start := time.Now()
	response, err := r.Next()
	status := 0
	if response != nil {
		status = response.StatusCode
	}
	l.logger.DebugContext(r.Raw().Context(), "azure: request", "method", r.Raw().Method, "path", r.Raw().URL.Path,
		"status", status, "failed", err != nil, "took", time.Since(start))
	return response, err
}

// cloudTable holds the clouds by their name in Config.
var cloudTable = map[string]cloud.Configuration{
	"china":      cloud.AzureChina,
	"government": cloud.AzureGovernment,
	"public":     cloud.AzurePublic,
}

// defaultTransport carries requests where no Transport is given. A connection that
// died unnoticed, as Azure Resource Manager lets them, is found by its silence.
var defaultTransport = func() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = fanout.Slots
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
	return t
}()

func newClients(cfg Config) (clients, error) {
	transport := cfg.Transport
	if transport == nil {
		transport = defaultTransport
	}
	options := &arm.ClientOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud:     configuration(cfg),
			Telemetry: policy.TelemetryOptions{ApplicationID: "pmks"},
			Transport: &http.Client{Transport: endpoint.Guard(transport)},
			// Azure logs the id, which makes support possible.
			PerCallPolicies: []policy.Policy{runtime.NewRequestIDPolicy()},
			// What is repeated decides package fanout for reads, and once for what
			// changes something.
			Retry: policy.RetryOptions{MaxRetries: -1},
		},
		// It would register the subscription within a call, for minutes, on its own.
		DisableRPRegistration: true,
	}
	if cfg.Logger != nil {
		options.PerRetryPolicies = []policy.Policy{logging{cfg.Logger}}
	}
	sdk, err := credentials(cfg, options.ClientOptions)
	if err != nil {
		return clients{}, err
	}
	manager := options.Cloud.Services[cloud.ResourceManager]
	base, err := url.Parse(manager.Endpoint)
	if err != nil {
		return clients{}, refuse.Invalid("Endpoint", "is not a URL")
	}
	// Config allows http to this very machine only.
	options.InsecureAllowCredentialWithHTTP = base.Scheme == "http"
	c := clients{options: options, limiter: fanout.NewLimiter(rateOf),
		gate: gate{scheme: base.Scheme, host: base.Host, token: newSignIn(sdk, cfg), scope: manager.Audience + "/.default"}}
	if cfg.RateLimits == limitsNone {
		c.limiter = fanout.NewLimiter(nil)
	}
	options.PerCallPolicies = append(options.PerCallPolicies, c.gate, replaceBody{}, checkList{})
	return c, c.build(cfg.SubscriptionID)
}

// build makes the clients of the SDK.
func (c *clients) build(subscription string) error {
	services, err := aks.NewClientFactory(subscription, c.gate.token, c.options)
	if err != nil {
		return fail(err)
	}
	c.clusters, c.pools, c.machines = services.NewManagedClustersClient(), services.NewAgentPoolsClient(), services.NewMachinesClient()
	networks, err := armnetwork.NewClientFactory(subscription, c.gate.token, c.options)
	if err != nil {
		return fail(err)
	}
	c.networks, c.securityGroups = networks.NewVirtualNetworksClient(), networks.NewSecurityGroupsClient()
	if c.keys, err = armcompute.NewSSHPublicKeysClient(subscription, c.gate.token, c.options); err != nil {
		return fail(err)
	}
	c.graph, err = arm.NewClient("pmks", "v1.0.0", c.gate.token, c.options)
	return fail(err)
}

// configuration is the cloud, at the endpoints that replace its own.
func configuration(cfg Config) cloud.Configuration {
	base := cloudTable[cfg.Cloud]
	c := cloud.Configuration{ActiveDirectoryAuthorityHost: base.ActiveDirectoryAuthorityHost,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: base.Services[cloud.ResourceManager]}}
	if cfg.AuthorityHost != "" {
		c.ActiveDirectoryAuthorityHost = cfg.AuthorityHost
	}
	if cfg.Endpoint != "" {
		c.Services[cloud.ResourceManager] = cloud.ServiceConfiguration{
			Endpoint: cfg.Endpoint, Audience: base.Services[cloud.ResourceManager].Audience}
	}
	return c
}

// credentials makes the way to get tokens. None is got yet.
func credentials(cfg Config, options azcore.ClientOptions) (credential azcore.TokenCredential, err error) {
	// Entra's own list of its hosts does not have a host that replaces it.
	replaced := cfg.AuthorityHost != ""
	switch {
	case cfg.Credential != nil:
		return cfg.Credential, nil
	case cfg.ClientSecret != "":
		credential, err = azidentity.NewClientSecretCredential(cfg.TenantID, cfg.ClientID, cfg.ClientSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: replaced})
	case cfg.CertificateFile != "":
		return certificateCredential(cfg, options)
	case cfg.FederatedTokenFile != "":
		credential, err = azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: replaced,
			TenantID: cfg.TenantID, ClientID: cfg.ClientID, TokenFilePath: cfg.FederatedTokenFile})
	default:
		credential, err = azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: replaced, TenantID: cfg.TenantID})
	}
	if err != nil {
		return nil, refuse.Invalid("Credentials", "are not of a form that Entra knows: check tenantId and clientId")
	}
	return credential, nil
}

func certificateCredential(cfg Config, options azcore.ClientOptions) (azcore.TokenCredential, error) {
	const field = "Settings.certificateFile"
	data, err := os.ReadFile(cfg.CertificateFile)
	if err != nil {
		return nil, refuse.Invalid(field, "cannot be read: %v", err)
	}
	var password []byte
	if cfg.CertificatePassword != "" {
		password = []byte(cfg.CertificatePassword)
	}
	certificates, key, err := azidentity.ParseCertificates(data, password)
	if err != nil {
		return nil, refuse.Invalid(field, "%q holds no certificate with its key, or certificatePassword is not its password", cfg.CertificateFile)
	}
	credential, err := azidentity.NewClientCertificateCredential(cfg.TenantID, cfg.ClientID, certificates, key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: cfg.AuthorityHost != ""})
	if err != nil {
		return nil, refuse.Invalid("Credentials", "are not of a form that Entra knows: check tenantId and clientId")
	}
	return credential, nil
}
