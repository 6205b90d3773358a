// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// nameInTable is how the table names an operation.
func nameInTable(service, op string) string {
	if service == containerService {
		return op
	}
	return strings.ToLower(service) + "." + op
}

// TestWire_structs: the structs, written by hand, know every member that a request
// may have, and show none that the vendor has not.
func TestWire_structs(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	requests := map[string]any{
		"ManagedClusters_CreateOrUpdate": clusterObject{}, "ManagedClusters_UpdateTags": tagsObject{}, "AgentPools_CreateOrUpdate": poolObject{},
		"network.Subnets_CreateOrUpdate": subnetObject{},
	}
	answers := map[string]any{
		"ManagedClusters_List": list[clusterObject]{}, "ManagedClusters_ListClusterUserCredentials": credentialObject{}, "ManagedClusters_GetUpgradeProfile": upgradeProfileObject{},
		"AgentPools_GetUpgradeProfile":           poolUpgradeObject{},
		"ManagedClusters_ListKubernetesVersions": versionsObject{}, "AgentPools_List": list[poolObject]{}, "AgentPools_GetAvailableAgentPoolVersions": poolVersionsObject{},
		"Machines_List": list[machineObject]{}, "network.VirtualNetworks_List": list[vnetObject]{}, "network.Subnets_List": list[subnetObject]{},
		"network.NetworkSecurityGroups_List": list[securityGroupObject]{}, "compute.SshPublicKeys_ListByResourceGroup": list[sshKeyObject]{},
		"compute.VirtualMachineScaleSets_List": list[scaleSetObject]{}, "compute.VirtualMachineScaleSetVMs_List": list[virtualMachineObject]{},
	}
	for _, fault := range table.Structs(requests, answers) {
		t.Error(fault)
	}
	for _, route := range armTable {
		service := serviceOf(strings.Split(route.path, "/"))
		simulated := route.handle != nil && slices.Contains([]string{containerService, network, compute}, service) && !strings.HasPrefix(route.op, "Operations_")
		if _, known := table.Operations[nameInTable(service, route.op)]; simulated && !known {
			t.Errorf("%s is simulated and not in the table", nameInTable(service, route.op))
		}
	}
}

// TestWire_requests: a request that breaks any one rule of the vendor's model is
// refused, and one with any member replaced is answered in the vendor's shape, on a
// new resource and on an old one.
func TestWire_requests(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	const (
		clusters = "/subscriptions/" + DefaultSubscriptionID + "/resourceGroups/pmks/providers/Microsoft.ContainerService/managedClusters/"
		version  = "?api-version=2025-10-01"
	)
	subnet := "/subscriptions/" + DefaultSubscriptionID + "/resourceGroups/pmks/providers/Microsoft.Network/virtualNetworks/vpc-01/subnets/subnet-01?api-version=2025-01-01"
	cluster, pool := fullClusterInput(), map[string]any{"properties": fullPoolInput()}
	for name, test := range map[string]struct {
		op, method, target string
		body               any
	}{
		"new-cluster": {"ManagedClusters_CreateOrUpdate", http.MethodPut, clusters + "b" + version, cluster},
		"old-cluster": {"ManagedClusters_CreateOrUpdate", http.MethodPut, clusters + "a" + version, oldClusterInput()},
		"tags":        {"ManagedClusters_UpdateTags", http.MethodPatch, clusters + "a" + version, map[string]any{"tags": map[string]any{"a": "b"}}},
		"new-pool":    {"AgentPools_CreateOrUpdate", http.MethodPut, clusters + "a/agentPools/ng2" + version, pool},
		"old-pool":    {"AgentPools_CreateOrUpdate", http.MethodPut, clusters + "a/agentPools/ng1" + version, map[string]any{"properties": poolInput()}},
		"subnet": {"network.Subnets_CreateOrUpdate", http.MethodPut, subnet, map[string]any{"properties": map[string]any{
			"addressPrefix": "10.0.0.0/20", "privateEndpointNetworkPolicies": "Disabled"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) { o.Unlimited = true })
			header := []string{"Content-Type", "application/json", "Authorization", "Bearer " + w.bearer(t, armScope)}
			wiretest.Request{Op: test.op, Body: test.body, Send: func(t *testing.T, body string) (int, string) {
				for _, name := range []string{"a", "b"} {
					_ = w.Force(name, "", profile.Gone, "") // if it is there
				}
				wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: groups("ng1")}))
				response, answer := w.send(t, test.method, test.target, body, header...)
				checkShape(t, response, []byte(answer))
				if read, _ := w.send(t, http.MethodGet, test.target, "", header[2:]...); response.StatusCode < 300 && read.StatusCode != http.StatusOK {
					t.Errorf("it cannot be read: %s", read.Status)
				}
				return response.StatusCode, answer
			}}.Run(t, table)
		})
	}
}

// oldClusterInput is clusterInput for a cluster that is there already, with what can
// be changed of it.
func oldClusterInput() armcontainerservice.ManagedCluster {
	in := fullClusterInput()
	in.Properties.KubernetesVersion, in.Properties.DNSPrefix, in.Properties.LinuxProfile = nil, nil, nil
	in.Properties.AgentPoolProfiles[0].MaxPods = nil
	return in
}

// fullClusterInput is clusterInput with more of what a request may hold.
func fullClusterInput() armcontainerservice.ManagedCluster {
	in := clusterInput()
	p, first := in.Properties, in.Properties.AgentPoolProfiles[0]
	p.APIServerAccessProfile = &armcontainerservice.ManagedClusterAPIServerAccessProfile{AuthorizedIPRanges: []*string{new("1.2.3.4/32")}}
	p.AADProfile = &armcontainerservice.ManagedClusterAADProfile{Managed: new(true)}
	p.AutoUpgradeProfile = &armcontainerservice.ManagedClusterAutoUpgradeProfile{UpgradeChannel: new(armcontainerservice.UpgradeChannelPatch)}
	p.BootstrapProfile = &armcontainerservice.ManagedClusterBootstrapProfile{ArtifactSource: new(armcontainerservice.ArtifactSourceDirect)}
	p.NodeProvisioningProfile = &armcontainerservice.ManagedClusterNodeProvisioningProfile{Mode: new(armcontainerservice.NodeProvisioningModeManual)}
	p.StorageProfile = &armcontainerservice.ManagedClusterStorageProfile{DiskCSIDriver: &armcontainerservice.ManagedClusterStorageProfileDiskCSIDriver{Enabled: new(true)}}
	p.WindowsProfile = &armcontainerservice.ManagedClusterWindowsProfile{AdminUsername: new("azureuser"), AdminPassword: new("Pa55word-of-tests")}
	p.OidcIssuerProfile = &armcontainerservice.ManagedClusterOIDCIssuerProfile{Enabled: new(true)}
	p.SecurityProfile = &armcontainerservice.ManagedClusterSecurityProfile{ImageCleaner: &armcontainerservice.ManagedClusterSecurityProfileImageCleaner{Enabled: new(true), IntervalHours: new(int32(48))}}
	p.AutoScalerProfile = &armcontainerservice.ManagedClusterPropertiesAutoScalerProfile{Expander: new(armcontainerservice.ExpanderRandom), ScanInterval: new("10s")}
	p.WorkloadAutoScalerProfile = &armcontainerservice.ManagedClusterWorkloadAutoScalerProfile{Keda: &armcontainerservice.ManagedClusterWorkloadAutoScalerProfileKeda{Enabled: new(true)}}
	p.UpgradeSettings = &armcontainerservice.ClusterUpgradeSettings{OverrideSettings: &armcontainerservice.UpgradeOverrideSettings{ForceUpgrade: new(false)}}
	p.AddonProfiles = map[string]*armcontainerservice.ManagedClusterAddonProfile{"azurepolicy": {Enabled: new(true)}}
	first.UpgradeSettings = fullPoolInput().UpgradeSettings
	first.NodeTaints, first.NodeLabels = []*string{new("a=b:PreferNoSchedule")}, map[string]*string{"a": new("b")}
	return in
}

// fullPoolInput is poolInput with more of what a request may hold.
func fullPoolInput() *armcontainerservice.ManagedClusterAgentPoolProfileProperties {
	p := poolInput()
	p.UpgradeSettings = &armcontainerservice.AgentPoolUpgradeSettings{MaxSurge: new("33%"), DrainTimeoutInMinutes: new(int32(30)), NodeSoakDurationInMinutes: new(int32(1))}
	p.OSDiskSizeGB, p.OSDiskType, p.OSSKU = new(int32(64)), new(armcontainerservice.OSDiskTypeManaged), new(armcontainerservice.OSSKUUbuntu)
	p.ScaleSetPriority, p.KubeletDiskType = new(armcontainerservice.ScaleSetPriorityRegular), new(armcontainerservice.KubeletDiskTypeOS)
	p.Tags, p.AvailabilityZones = map[string]*string{"a": new("b")}, []*string{new("1")}
	p.KubeletConfig = &armcontainerservice.KubeletConfig{ContainerLogMaxFiles: new(int32(2)), CPUCfsQuota: new(true)}
	return p
}
