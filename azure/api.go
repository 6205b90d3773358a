// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
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

// clients holds the requests for each kind of resource, what they share, and the one
// limiter of the handler. The SDK repeats nothing by itself.
type clients struct {
	clusters       clusterCalls
	pools          poolCalls
	machines       machineCalls
	networks       networkCalls
	securityGroups securityGroupCalls
	keys           keyCalls
	graph          *arm.Client

	limiter *fanout.Limiter
	gate    gate
	options *arm.ClientOptions
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
	t.HTTP2 = endpoint.Pings()
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
	c := clients{options: options, limiter: limiterOf(cfg),
		gate: gate{scheme: base.Scheme, host: base.Host, token: newSignIn(sdk, cfg), scope: manager.Audience + "/.default"}}
	options.PerCallPolicies = append(options.PerCallPolicies, c.gate, replaceBody{}, checkList{})
	return c, c.build(cfg.SubscriptionID)
}

// build makes the clients of the SDK.
func (c *clients) build(subscription string) error {
	services, err := aks.NewClientFactory(subscription, c.gate.token, c.options)
	if err != nil {
		return fail(err)
	}
	c.clusters, c.pools = newClusterCalls(services.NewManagedClustersClient()), newPoolCalls(services.NewAgentPoolsClient())
	c.machines = machineCalls{services.NewMachinesClient().NewListPager}
	networks, err := armnetwork.NewClientFactory(subscription, c.gate.token, c.options)
	if err != nil {
		return fail(err)
	}
	c.networks = networkCalls{networks.NewVirtualNetworksClient().Get}
	c.securityGroups = securityGroupCalls{networks.NewSecurityGroupsClient().Get}
	keys, err := armcompute.NewSSHPublicKeysClient(subscription, c.gate.token, c.options)
	if err != nil {
		return fail(err)
	}
	c.keys = keyCalls{keys.Get}
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

// SDK returns the credential and the options of the SDK's clients as the handler uses
// them, for clients that the caller makes. They repeat no request; options.Retry changes that.
func (h *Handler) SDK() (azcore.TokenCredential, *arm.ClientOptions) {
	options := *h.api.options
	// What is appended to them is the caller's alone.
	options.PerCallPolicies, options.PerRetryPolicies = slices.Clone(options.PerCallPolicies), slices.Clone(options.PerRetryPolicies)
	return h.api.gate.token, &options
}
