// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"strconv"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

type (
	mc = armcontainerservice.ManagedCluster
	ap = armcontainerservice.ManagedClusterAgentPoolProfile
)

var (
	badParameter = refusal{400, "InvalidParameter"}
	notAllowed4  = refusal{400, "OperationNotAllowed"}
	busy         = refusal{409, "OperationNotAllowed"}
	precondition = refusal{412, "PreconditionFailed"}
	unsimulated5 = refusal{501, CodeNotSimulated}
)

// subnetID names a subnet of the sample network.
func subnetID(name string) *string {
	vnet, _, _ := sample()
	return new(vnet + "/subnets/" + name)
}

func flat(in *mc) {
	in.Properties.NetworkProfile.NetworkPluginMode, in.Properties.NetworkProfile.PodCidr = nil, nil
}

func tags(n int) map[string]*string {
	list := map[string]*string{}
	for i := range n {
		list["k"+strconv.Itoa(i)] = new("v")
	}
	return list
}

func TestServer_createCluster_refusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(in *mc, pool *ap)
		want   refusal
		text   string
	}{
		{"accepted", func(*mc, *ap) {}, refusal{}, ""},
		{"no-location", func(in *mc, _ *ap) { in.Location = nil }, refusal{400, "LocationRequired"}, "location"},
		{"location-elsewhere", func(in *mc, _ *ap) { in.Location = new("westus") }, refusal{400, "LocationNotAvailableForResourceType"}, "westus"},
		{"location-display-name", func(in *mc, _ *ap) { in.Location = new("Korea Central") }, refusal{}, ""},
		{"no-dns-prefix", func(in *mc, _ *ap) { in.Properties.DNSPrefix = nil }, badParameter, "dnsPrefix"},
		{"dns-prefix-pattern", func(in *mc, _ *ap) { in.Properties.DNSPrefix = new("a_b") }, badParameter, "dnsPrefix"},
		{"no-identity", func(in *mc, _ *ap) { in.Identity = nil }, badParameter, "servicePrincipalProfile"},
		{"identity-unknown", func(in *mc, _ *ap) {
			in.Identity.Type = new(armcontainerservice.ResourceIdentityTypeUserAssigned)
			in.Identity.UserAssignedIdentities = map[string]*armcontainerservice.ManagedServiceIdentityUserAssignedIdentitiesValue{
				"/subscriptions/" + DefaultSubscriptionID + "/resourceGroups/pmks/providers/Microsoft.ManagedIdentity/userAssignedIdentities/x": {}}
		}, refusal{400, "FailedIdentityOperation"}, "not found"},
		{"identity-assigned", func(in *mc, _ *ap) {
			in.Identity.Type = new(armcontainerservice.ResourceIdentityTypeUserAssigned)
			in.Identity.UserAssignedIdentities = map[string]*armcontainerservice.ManagedServiceIdentityUserAssignedIdentitiesValue{
				"/subscriptions/" + DefaultSubscriptionID + "/resourcegroups/PMKS/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + DefaultIdentity: {}}
		}, refusal{}, ""},
		{"principal-without-secret", func(in *mc, _ *ap) {
			in.Identity, in.Properties.ServicePrincipalProfile = nil, &armcontainerservice.ManagedClusterServicePrincipalProfile{ClientID: new(DefaultClientID)}
		}, refusal{400, "ServicePrincipalValidationClientError"}, "credentials"},
		{"no-pools", func(in *mc, _ *ap) { in.Properties.AgentPoolProfiles = nil }, badParameter, "agentPoolProfiles"},
		{"only-user-pools", func(_ *mc, p *ap) { p.Mode = new(armcontainerservice.AgentPoolModeUser) }, refusal{400, "MustDefineAtLeastOneSystemPool"}, "system"},
		{"two-pools-of-one-name", func(in *mc, p *ap) { in.Properties.AgentPoolProfiles = append(in.Properties.AgentPoolProfiles, p) }, badParameter, "twice"},
		{"sku-unknown", func(in *mc, _ *ap) { in.SKU.Tier = new(armcontainerservice.ManagedClusterSKUTier("Paid")) }, badParameter, "sku.tier"},
		{"51-tags", func(in *mc, _ *ap) { in.Tags = tags(51) }, refusal{400, "TooManyTags"}, "50"},
		{"tag-name", func(in *mc, _ *ap) { in.Tags = map[string]*string{"a/b": new("")} }, refusal{400, "InvalidTagNameCharacters"}, "a/b"},
		{"tag-of-spider", func(in *mc, _ *ap) {
			in.Tags = map[string]*string{"#CB-SPIDER:PMKS:SECURITYGROUP:sg-01": new("x")}
		}, refusal{}, ""},
		{"tag-value", func(in *mc, _ *ap) { in.Tags = map[string]*string{"a": new(strings.Repeat("x", 257))} }, refusal{400, "InvalidTagValue"}, "256"},
		{"tags-in-two-cases", func(in *mc, _ *ap) { in.Tags = map[string]*string{"Team": new(""), "team": new("")} }, refusal{400, "InvalidRequestContent"}, "same key"},
		{"tag-of-256-characters", func(in *mc, _ *ap) { in.Tags = map[string]*string{"a": new(strings.Repeat("字", 256))} }, refusal{}, ""},
		{"node-group-length", func(in *mc, _ *ap) { in.Properties.NodeResourceGroup = new(strings.Repeat("x", 81)) }, badParameter, "node resource group name is too long"},
		{"node-group-exists", func(in *mc, _ *ap) { in.Properties.NodeResourceGroup = new("OTHER") }, refusal{409, "NodeResourceGroupAlreadyExists"}, "exists"},
		{"admin-name", func(in *mc, _ *ap) { in.Properties.LinuxProfile.AdminUsername = new("1a") }, badParameter, "adminUsername"},
		{"admin-reserved", func(in *mc, _ *ap) { in.Properties.LinuxProfile.AdminUsername = new("root") }, badParameter, "reserved"},
		{"key-is-none", func(in *mc, _ *ap) { in.Properties.LinuxProfile.SSH.PublicKeys[0].KeyData = new("keypair-01") }, badParameter, "keyData"},
		{"version-unknown", func(in *mc, _ *ap) { in.Properties.KubernetesVersion = new("1.29.0") }, refusal{400, "K8sVersionNotSupported"}, "1.29.0"},
		{"version-lts", func(in *mc, _ *ap) { in.Properties.KubernetesVersion = new(LTSVersion) }, refusal{400, "K8sVersionNotSupported"}, "Long-Term Support"},
		{"version-lts-premium", func(in *mc, _ *ap) {
			in.Properties.KubernetesVersion, in.SKU.Tier = new(LTSVersion), new(armcontainerservice.ManagedClusterSKUTierPremium)
			in.Properties.SupportPlan = new(armcontainerservice.KubernetesSupportPlanAKSLongTermSupport)
		}, refusal{}, ""},
		{"version-minor", func(in *mc, _ *ap) { in.Properties.KubernetesVersion = new("1.33") }, refusal{}, ""},
		{"version-default", func(in *mc, _ *ap) { in.Properties.KubernetesVersion = nil }, refusal{}, ""},
		{"pool-ahead", func(_ *mc, p *ap) { p.OrchestratorVersion = new("1.35.4") }, refusal{400, "NodePoolMcVersionIncompatible"}, "1.35.4"},
		{"pool-version-unknown", func(_ *mc, p *ap) { p.OrchestratorVersion = new("1.2") }, refusal{400, "AgentPoolK8sVersionNotSupported"}, "1.2"},
		{"service-net-of-vnet", func(in *mc, _ *ap) {
			in.Properties.NetworkProfile.ServiceCidr, in.Properties.NetworkProfile.DNSServiceIP = nil, nil
		}, refusal{400, "ServiceCidrOverlapExistingSubnetsCidr"}, "10.0.0.0/16"},
		{"service-net-too-large", func(in *mc, _ *ap) { in.Properties.NetworkProfile.ServiceCidr = new("172.16.0.0/12") }, badParameter, "/12"},
		{"service-net-reserved", func(in *mc, _ *ap) {
			in.Properties.NetworkProfile.ServiceCidr, in.Properties.NetworkProfile.DNSServiceIP = new("172.31.0.0/20"), new("172.31.0.10")
		}, badParameter, "172.31.0.0/16"},
		{"service-net-of-pods", func(in *mc, _ *ap) {
			in.Properties.NetworkProfile.ServiceCidr, in.Properties.NetworkProfile.DNSServiceIP = new("10.244.8.0/24"), new("10.244.8.10")
		}, badParameter, "10.244.0.0/16"},
		{"dns-outside", func(in *mc, _ *ap) { in.Properties.NetworkProfile.DNSServiceIP = nil }, refusal{400, "DnsServiceIpOutOfServiceCidr"}, "10.0.0.10"},
		{"dns-first", func(in *mc, _ *ap) { in.Properties.NetworkProfile.DNSServiceIP = new("172.16.0.1") }, badParameter, "first address"},
		{"pod-net-of-vnet", func(in *mc, _ *ap) { in.Properties.NetworkProfile.PodCidr = new("10.0.0.0/14") }, badParameter, "podCidr"},
		{"pod-net-full", func(in *mc, _ *ap) { in.Properties.NetworkProfile.PodCidr = new("10.244.0.0/24") }, badParameter, "room for 1"},
		{"pod-net-in-flat", func(in *mc, _ *ap) { in.Properties.NetworkProfile.NetworkPluginMode = nil }, badParameter, "podCidr"},
		{"kubenet", func(in *mc, _ *ap) {
			in.Properties.NetworkProfile.NetworkPlugin = new(armcontainerservice.NetworkPluginKubenet)
		}, unsimulated5, "kubenet"},
		{"mesh-profile", func(in *mc, _ *ap) {
			in.Properties.ServiceMeshProfile = &armcontainerservice.ServiceMeshProfile{}
		}, unsimulated5, "properties.serviceMeshProfile"},
		{"flat-fits", func(in *mc, p *ap) { flat(in); p.VnetSubnetID, p.Count = subnetID(BareSubnet), new(int32(3)) }, refusal{}, ""},
		{"flat-too-small", func(in *mc, p *ap) { flat(in); p.VnetSubnetID = subnetID(SmallSubnet) }, refusal{400, "InsufficientSubnetSize"}, "333 exceeds IPs available 251"},
		{"flat-autoscaled", func(in *mc, p *ap) {
			flat(in)
			p.VnetSubnetID, p.EnableAutoScaling, p.MinCount, p.MaxCount = subnetID(BareSubnet), new(true), new(int32(1)), new(int32(4))
		}, refusal{400, "InsufficientSubnetSize"}, "555 exceeds IPs available 507"},
		{"overlay-too-small", func(_ *mc, p *ap) { p.VnetSubnetID, p.Count = subnetID(TinySubnet), new(int32(3)) }, refusal{400, "InsufficientSubnetSize"}, "4 exceeds"},
		{"overlay-fits", func(_ *mc, p *ap) { p.VnetSubnetID = subnetID(TinySubnet) }, refusal{}, ""},
		{"subnet-unknown", func(_ *mc, p *ap) { p.VnetSubnetID = subnetID("none") }, refusal{400, "InvalidResourceReference"}, "none"},
		{"subnet-name", func(_ *mc, p *ap) { p.VnetSubnetID = new("subnet-01") }, refusal{400, "LinkedInvalidPropertyId"}, "vnetSubnetID"},
		{"subnet-delegated", func(_ *mc, p *ap) { p.VnetSubnetID = subnetID(DelegatedSubnet) }, refusal{400, "SubnetIsDelegated"}, "Microsoft.Web"},
		{"no-subnet", func(_ *mc, p *ap) { p.VnetSubnetID = nil }, refusal{}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := clusterInput()
			test.change(&in, in.Properties.AgentPoolProfiles[0])
			_, err := w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", in, nil)
			check(t, err, test.want, test.text)
			if _, known := w.latest[keyOf(testGroup, "a")]; known != (test.want == refusal{}) {
				t.Errorf("the cluster is there: %t", known)
			}
		})
	}
}

func TestServer_createCluster_names(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		want refusal
	}{
		{"a", refusal{}},
		{"A-b_9", refusal{}},
		{strings.Repeat("a", 40), refusal{}},
		{strings.Repeat("a", 64), badParameter},
		{"-a", badParameter},
		{"a-", badParameter},
		{"a.b", badParameter},
		{"ünicode", badParameter},
		{"azure", refusal{400, "ReservedResourceName"}},
		{"my-Windows-box", refusal{400, "ReservedResourceName"}},
		{"login1", refusal{400, "ReservedResourceName"}},
		// MC_{group}_{name}_{location} is then longer than 80.
		{strings.Repeat("a", 60), badParameter},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, err := w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, test.name, clusterInput(), nil)
			check(t, err, test.want, "")
		})
	}
}

func TestServer_createCluster_quotas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.VCPUQuota = 12 })
	w.create(t, "a")
	check(t, wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "b", clusterInput(), nil)), refusal{400, "ErrCode_InsufficientVCPUQuota"}, "")
	w = newWorld(t)
	for i := range 100 {
		wiretest.Must(t, w.Put(core.Seed{Name: "c" + strconv.Itoa(i)}))
	}
	check(t, wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "b", clusterInput(), nil)), refusal{400, "ManagedClusterCountExceedsQuotaLimit"}, "")
}

// TestServer_resourceGroup: a name belongs to its resource group, and its case
// does not matter.
func TestServer_resourceGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "Demo")
	ctx := t.Context()
	got, err := w.clusters.Get(ctx, "PMKS", "dEMO", nil)
	if err != nil || *got.Name != "Demo" || !strings.HasSuffix(*got.ID, "/resourcegroups/pmks/providers/Microsoft.ContainerService/managedClusters/Demo") {
		t.Fatalf("in another case: %v\n%s", err, wiretest.JSON(t, got))
	}
	_, err = w.clusters.BeginCreateOrUpdate(ctx, testGroup, "DEMO", clusterInput(), &armcontainerservice.ManagedClustersClientBeginCreateOrUpdateOptions{IfNoneMatch: new("*")})
	check(t, err, precondition, "")
	check(t, wiretest.Err(w.clusters.Get(ctx, "other", "Demo", nil)), refusal{404, "ResourceNotFound"}, "")
	if _, err := w.clusters.BeginCreateOrUpdate(ctx, "other", "Demo", clusterInput(), nil); err != nil {
		t.Errorf("of the same name in another group: %v", err)
	}
	check(t, wiretest.Err(w.clusters.BeginCreateOrUpdate(ctx, "none", "Demo", clusterInput(), nil)), refusal{404, "ResourceGroupNotFound"}, "")
	check(t, wiretest.Err(w.clusters.BeginDelete(ctx, "none", "Demo", nil)), refusal{404, "ResourceGroupNotFound"}, "")
}

func TestServer_updateCluster_refusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(*testing.T, *world)
		change func(in *mc, pool *ap)
		want   refusal
		text   string
	}{
		{"accepted", nil, func(in *mc, _ *ap) { in.Tags["x"] = new("y") }, refusal{}, ""},
		{"location", nil, func(in *mc, _ *ap) { in.Location = new("westus") }, refusal{409, "InvalidResourceLocation"}, "westus"},
		{"dns-prefix", nil, func(in *mc, _ *ap) { in.Properties.DNSPrefix = new("x") }, refusal{400, "PropertyChangeNotAllowed"}, "dnsPrefix"},
		{"node-group", nil, func(in *mc, _ *ap) { in.Properties.NodeResourceGroup = new("x") }, refusal{400, "PropertyChangeNotAllowed"}, "nodeResourceGroup"},
		{"service-net", nil, func(in *mc, _ *ap) { in.Properties.NetworkProfile.ServiceCidr = new("172.17.0.0/16") }, refusal{400, "PropertyChangeNotAllowed"}, "serviceCidr"},
		{"key", nil, func(in *mc, _ *ap) { in.Properties.LinuxProfile.SSH.PublicKeys[0].KeyData = new("ssh-rsa AAAA") }, refusal{400, "PropertyChangeNotAllowed"}, "linuxProfile"},
		{"vm-size", nil, func(_ *mc, p *ap) { p.VMSize = new("Standard_D8s_v5") }, refusal{400, "PropertyChangeNotAllowed"}, "vmSize"},
		{"new-pool", nil, func(in *mc, p *ap) {
			in.Properties.AgentPoolProfiles = append(in.Properties.AgentPoolProfiles, &ap{Name: new("ng2"), Count: p.Count, VMSize: p.VMSize})
		}, refusal{400, "BadRequest"}, "A new agent pool was introduced"},
		{"pool-missing", func(t *testing.T, w *world) { w.addPool(t, "a", "ng2") }, func(in *mc, _ *ap) {
			in.Properties.AgentPoolProfiles = in.Properties.AgentPoolProfiles[:1]
		}, refusal{400, "BadRequest"}, "is missing"},
		{"last-system", nil, func(_ *mc, p *ap) { p.Mode = new(armcontainerservice.AgentPoolModeUser) }, refusal{400, "MustDefineAtLeastOneSystemPool"}, "system"},
		{"skip-minor", nil, func(in *mc, p *ap) {
			in.Properties.KubernetesVersion, p.OrchestratorVersion = new("1.36.1"), new("1.36.1")
		}, notAllowed4, "Available upgrades: [1.35.1 1.35.4]"},
		{"downgrade", nil, func(in *mc, p *ap) {
			in.Properties.KubernetesVersion, p.OrchestratorVersion = new("1.33.6"), new("1.33.6")
		}, notAllowed4, "Downgrading"},
		{"version-unknown", nil, func(in *mc, p *ap) {
			in.Properties.KubernetesVersion, p.OrchestratorVersion = new("1.34.9"), new("1.34.9")
		}, refusal{400, "K8sVersionNotSupported"}, "1.34.9"},
		{"mixed-versions", func(t *testing.T, w *world) { w.addPool(t, "a", "ng2") }, func(in *mc, p *ap) {
			in.Properties.KubernetesVersion, p.OrchestratorVersion = new("1.35.4"), new("1.35.4")
		}, refusal{400, "NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged"}, "OrchestratorVersion"},
		{"pool-other-version", nil, func(in *mc, p *ap) {
			in.Properties.KubernetesVersion, p.OrchestratorVersion = new("1.35.4"), new("1.35.1")
		}, refusal{400, "NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged"}, "OrchestratorVersion"},
		{"control-plane-alone", nil, func(in *mc, _ *ap) { in.Properties.KubernetesVersion = new("1.35.4") }, refusal{}, ""},
		{"pool-busy", func(t *testing.T, w *world) {
			wiretest.OK(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", "ng2", armcontainerservice.AgentPool{Properties: poolInput()}, nil))(t)
		}, func(in *mc, _ *ap) { in.Tags["x"] = new("y") }, busy, "ng2"},
		{"updating", func(t *testing.T, w *world) {
			wiretest.OK(w.clusters.BeginUpdateTags(t.Context(), testGroup, "a", armcontainerservice.TagsObject{}, nil))(t)
		}, func(*mc, *ap) {}, busy, "aka.ms/aks-pending-operation"},
		{"stopped", func(t *testing.T, w *world) {
			wiretest.Must(t, w.Force("a", "", profile.Stopped, ""))
		}, func(*mc, *ap) {}, notAllowed4, "stopped"},
		{"failed", func(t *testing.T, w *world) {
			wiretest.Must(t, w.Force("a", "", profile.UpdateFailed, "X: y"))
		}, func(*mc, *ap) {}, refusal{}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create(t, "a")
			if test.before != nil {
				test.before(t, w)
			}
			in := w.get(t, "a")
			test.change(in, in.Properties.AgentPoolProfiles[0])
			before := w.Dump()
			_, err := w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil)
			check(t, err, test.want, test.text)
			if err != nil && w.Dump() != before {
				t.Errorf("a refused request has changed something:\n%s\n%s", before, w.Dump())
			}
		})
	}
}

// Dump shows the world of the core; the records follow it.
func (w *world) Dump() string {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return w.world.Dump()
}

// addPool makes a pool and lets it become active.
func (w *world) addPool(t *testing.T, cluster, name string) {
	t.Helper()
	wiretest.OK(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, cluster, name, armcontainerservice.AgentPool{Properties: poolInput()}, nil))(t)
	w.pass()
}
