// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
	"go.uber.org/goleak"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	simURL    = "https://aks.simulated"
	testGroup = DefaultResourceGroup
)

// world is a server with the vendor's own clients in front of it.
type world struct {
	*Server
	clock    *wiretest.Clock
	clusters *armcontainerservice.ManagedClustersClient
	pools    *armcontainerservice.AgentPoolsClient
	machine  *armcontainerservice.MachinesClient
	vnets    *armnetwork.VirtualNetworksClient
	subnets  *armnetwork.SubnetsClient
	groups   *armnetwork.SecurityGroupsClient
	keys     *armcompute.SSHPublicKeysClient
	sets     *armcompute.VirtualMachineScaleSetsClient
	vms      *armcompute.VirtualMachineScaleSetVMsClient
}

// newWorld starts a server on a clock of its own.
func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	o := Options{Seed: 1}
	c := wiretest.NewClock()
	o.Now = c.Now
	for _, f := range change {
		f(&o)
	}
	w := &world{Server: New(o), clock: c}
	w.connect(t, simURL, w.Transport())
	return w
}

// connect makes clients that send over a transport.
func (w *world) connect(t *testing.T, base string, transport http.RoundTripper) {
	t.Helper()
	client := &http.Client{Transport: transport}
	options := clientOptions(base, client)
	credential := &login{base: base, client: client, id: DefaultClientID, secret: DefaultClientSecret, clock: w.clock}
	service := wiretest.OK(armcontainerservice.NewClientFactory(DefaultSubscriptionID, credential, options))(t)
	network := wiretest.OK(armnetwork.NewClientFactory(DefaultSubscriptionID, credential, options))(t)
	compute := wiretest.OK(armcompute.NewClientFactory(DefaultSubscriptionID, credential, options))(t)
	w.clusters, w.pools, w.machine = service.NewManagedClustersClient(), service.NewAgentPoolsClient(), service.NewMachinesClient()
	w.vnets, w.subnets, w.groups = network.NewVirtualNetworksClient(), network.NewSubnetsClient(), network.NewSecurityGroupsClient()
	w.keys, w.sets, w.vms = compute.NewSSHPublicKeysClient(), compute.NewVirtualMachineScaleSetsClient(), compute.NewVirtualMachineScaleSetVMsClient()
}

func clientOptions(base string, client *http.Client) *arm.ClientOptions {
	return &arm.ClientOptions{DisableRPRegistration: true, ClientOptions: azcore.ClientOptions{
		Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: base + "/", Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: base, Audience: "https://management.core.windows.net/"},
		}},
		Transport: client, InsecureAllowCredentialWithHTTP: true, Retry: policy.RetryOptions{MaxRetries: -1},
	}}
}

// login gets tokens from the simulator. Unlike those of azidentity they end by the
// clock of the test.
type login struct {
	base, id, secret string
	client           *http.Client
	clock            *wiretest.Clock
}

func (l *login) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {l.id}, "client_secret": {l.secret}, "scope": {strings.Join(o.Scopes, " ")}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+"/"+DefaultTenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return azcore.AccessToken{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := l.client.Do(r)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	defer response.Body.Close()
	var out tokenReply
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil || response.StatusCode != http.StatusOK {
		return azcore.AccessToken{}, fmt.Errorf("no token: %s: %v", response.Status, err)
	}
	// A time in the past makes the SDK ask again for each call.
	return azcore.AccessToken{Token: out.AccessToken, ExpiresOn: time.Unix(1, 0)}, nil
}

// pass lets every operation that is under way end.
func (w *world) pass() { w.clock.Pass() }

func sample() (vnet, subnet, key string) {
	azure, _ := profile.Get("azure")
	request := azure.SampleRequest("x")
	return request.Network.VpcIID.SystemId, request.Network.SubnetIIDs[0].SystemId, request.NodeGroupList[0].KeyPairIID.NameId
}

// clusterInput is a request that is accepted.
func clusterInput() armcontainerservice.ManagedCluster {
	p := poolInput()
	return armcontainerservice.ManagedCluster{
		Location: new("koreacentral"),
		Tags:     map[string]*string{"env": new("test")},
		SKU:      &armcontainerservice.ManagedClusterSKU{Name: new(armcontainerservice.ManagedClusterSKUNameBase), Tier: new(armcontainerservice.ManagedClusterSKUTierFree)},
		Identity: &armcontainerservice.ManagedClusterIdentity{Type: new(armcontainerservice.ResourceIdentityTypeSystemAssigned)},
		Properties: &armcontainerservice.ManagedClusterProperties{
			KubernetesVersion: new("1.34.4"), DNSPrefix: new("demo"), EnableRBAC: new(true),
			AgentPoolProfiles: []*armcontainerservice.ManagedClusterAgentPoolProfile{{
				Name: new("ng1"), Count: p.Count, VMSize: p.VMSize, Mode: p.Mode, MaxPods: p.MaxPods, VnetSubnetID: p.VnetSubnetID, Type: p.Type, OSType: p.OSType,
			}},
			NetworkProfile: &armcontainerservice.NetworkProfile{
				NetworkPlugin: new(armcontainerservice.NetworkPluginAzure), NetworkPluginMode: new(armcontainerservice.NetworkPluginModeOverlay),
				PodCidr: new("10.244.0.0/16"), ServiceCidr: new("172.16.0.0/16"), DNSServiceIP: new("172.16.0.10"),
			},
			LinuxProfile: &armcontainerservice.LinuxProfile{AdminUsername: new("azureuser"), SSH: &armcontainerservice.SSHConfiguration{
				PublicKeys: []*armcontainerservice.SSHPublicKey{{KeyData: new(sampleRSA)}},
			}},
		},
	}
}

// poolInput is a pool that is accepted.
func poolInput() *armcontainerservice.ManagedClusterAgentPoolProfileProperties {
	_, subnet, _ := sample()
	return &armcontainerservice.ManagedClusterAgentPoolProfileProperties{
		Count: new(int32(2)), VMSize: new("Standard_D4s_v5"), Mode: new(armcontainerservice.AgentPoolModeSystem), MaxPods: new(int32(110)),
		VnetSubnetID: &subnet, Type: new(armcontainerservice.AgentPoolTypeVirtualMachineScaleSets), OSType: new(armcontainerservice.OSTypeLinux),
	}
}

// create makes a cluster and lets it become active.
func (w *world) create(t *testing.T, name string) {
	t.Helper()
	wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, name, clusterInput(), nil))(t)
	w.pass()
}

// get reads a cluster.
func (w *world) get(t *testing.T, name string) *armcontainerservice.ManagedCluster {
	t.Helper()
	got := wiretest.OK(w.clusters.Get(t.Context(), testGroup, name, nil))(t)
	return &got.ManagedCluster
}

// getPool reads an agent pool.
func (w *world) getPool(t *testing.T, cluster, name string) *armcontainerservice.AgentPool {
	t.Helper()
	got := wiretest.OK(w.pools.Get(t.Context(), testGroup, cluster, name, nil))(t)
	return &got.AgentPool
}

// putPool changes an agent pool as clients do: what was read, changed and sent
// back whole.
func (w *world) putPool(t *testing.T, cluster, name string, change func(*armcontainerservice.ManagedClusterAgentPoolProfileProperties)) error {
	t.Helper()
	p := w.getPool(t, cluster, name)
	change(p.Properties)
	return wiretest.Err(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, cluster, name, armcontainerservice.AgentPool{Properties: p.Properties}, nil))
}

// states reads the provisioning and the power state of a cluster.
func (w *world) states(t *testing.T, name string) string {
	t.Helper()
	p := w.get(t, name).Properties
	return *p.ProvisioningState + "/" + string(*p.PowerState.Code)
}

// refusal is what a test looks at of an error.
type refusal struct {
	status int
	code   string
}

func refusalOf(err error) refusal {
	var e *azcore.ResponseError
	if errors.As(err, &e) {
		return refusal{e.StatusCode, e.ErrorCode}
	}
	return refusal{}
}

// check compares the refusal of a call with what is wanted of it.
func check(t *testing.T, err error, want refusal, text string) {
	t.Helper()
	if got := refusalOf(err); got != want || err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("got %v: %v, want %v with %q", got, err, want, text)
	}
}
