// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// clients holds one client for each kind of resource. Those that change something
// are apart: the SDK repeats nothing that they send.
type clients struct {
	clusters, clustersWrite *armcontainerservice.ManagedClustersClient
	pools, poolsWrite       *armcontainerservice.AgentPoolsClient
	machines                *armcontainerservice.MachinesClient
	networks                *armnetwork.VirtualNetworksClient
	groups                  *armnetwork.SecurityGroupsClient
	keys                    *armcompute.SSHPublicKeysClient

	credential azcore.TokenCredential
	options    *arm.ClientOptions
}

// SDK returns the credential and the options of the SDK's clients as the handler
// uses them, for what pmks does not cover.
func (h *Handler) SDK() (azcore.TokenCredential, *arm.ClientOptions) {
	options := *h.api.options
	return h.api.credential, &options
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

func newClients(cfg Config) (clients, error) {
	options := &arm.ClientOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud:     configuration(cfg),
			Telemetry: policy.TelemetryOptions{ApplicationID: "pmks"},
			// Azure logs the id, which makes support possible.
			PerCallPolicies: []policy.Policy{runtime.NewRequestIDPolicy()},
		},
		// It would register the subscription within a call, for minutes, on its own.
		DisableRPRegistration: true,
	}
	if cfg.Logger != nil {
		options.PerRetryPolicies = []policy.Policy{logging{cfg.Logger}}
	}
	if cfg.Transport != nil {
		options.Transport = &http.Client{Transport: cfg.Transport}
	}
	credential, err := credentials(cfg, options.ClientOptions)
	if err != nil {
		return clients{}, err
	}
	// A mutation is repeated only after a look: without a token a second PUT may
	// undo what somebody did meanwhile.
	once := *options
	once.Retry = policy.RetryOptions{MaxRetries: -1}

	c := clients{credential: credential, options: options}
	for _, build := range []func() error{
		func() error {
			f, err := armcontainerservice.NewClientFactory(cfg.SubscriptionID, credential, options)
			if err == nil {
				c.clusters, c.pools, c.machines = f.NewManagedClustersClient(), f.NewAgentPoolsClient(), f.NewMachinesClient()
			}
			return err
		},
		func() error {
			f, err := armcontainerservice.NewClientFactory(cfg.SubscriptionID, credential, &once)
			if err == nil {
				c.clustersWrite, c.poolsWrite = f.NewManagedClustersClient(), f.NewAgentPoolsClient()
			}
			return err
		},
		func() (err error) {
			c.networks, err = armnetwork.NewVirtualNetworksClient(cfg.SubscriptionID, credential, options)
			return err
		},
		func() (err error) {
			c.groups, err = armnetwork.NewSecurityGroupsClient(cfg.SubscriptionID, credential, options)
			return err
		},
		func() (err error) {
			c.keys, err = armcompute.NewSSHPublicKeysClient(cfg.SubscriptionID, credential, options)
			return err
		},
	} {
		if err := build(); err != nil {
			return clients{}, fail(err)
		}
	}
	return c, nil
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

// answer is what Azure says at once to a request that it goes on working on.
type answer struct {
	status int
	body   []byte
}

// accepted runs a Begin call of the SDK and returns what Azure answered at once.
// The poller is dropped: waiting is the caller's, and reads the resource itself.
func accepted(ctx context.Context, begin func(context.Context) error) (answer, error) {
	var raw *http.Response
	if err := begin(policy.WithCaptureResponse(ctx, &raw)); err != nil {
		return answer{}, fail(err)
	}
	body, err := runtime.Payload(raw) // the SDK has read it, and keeps it
	if err != nil {
		return answer{}, fail(err)
	}
	return answer{raw.StatusCode, body}, nil
}

// read decodes a resource; an answer that was cut short says nothing of what has
// happened.
func (a answer) read(into any) error {
	if err := json.Unmarshal(a.body, into); err != nil {
		return &pmks.Error{Code: pmks.CodeUnavailable, HTTPStatus: a.status, Message: "the answer of Azure was cut short", Err: err}
	}
	return nil
}
