// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"maps"
	"slices"
)

const (
	pathClusters = nksRoot + "/clusters"
	pathCluster  = pathClusters + "/{cluster}"
	pathGroups   = pathCluster + "/nodegroups"
	pathGroup    = pathGroups + "/{group}"
	pathCompute  = computeRoot + "/{tenant}"

	opToken     = "tokens.create"
	opDiscovery = "discovery"
)

// apiTable lists the operations. Those without a handler are known and not
// simulated.
var apiTable []apiRoute

// The handlers refer to the table only through requests, but the compiler cannot
// know that.
func init() {
	pages := []string{"limit", "marker", "sort_key", "sort_dir"}
	apiTable = []apiRoute{
		{serviceIdentity, "POST", identityRoot + "/tokens", opToken, nil, false, (*Server).createToken},

		{serviceNetwork, "GET", networkRoot, opDiscovery, nil, false, (*Server).discover},
		{serviceImage, "GET", imageRoot, opDiscovery, nil, false, (*Server).discover},

		{serviceNKS, "GET", nksRoot + "/supports", "supports.get", nil, false, (*Server).getSupports},
		{serviceNKS, "GET", nksRoot + "/addon_types", "addonTypes.list", nil, false, (*Server).listAddonTypes},
		{serviceNKS, "GET", nksRoot + "/addons", "addons.list", []string{"k8s_version", "image", "platform_version"}, false, (*Server).listAddons},
		{serviceNKS, "GET", pathClusters, "clusters.list", pages, false, (*Server).listClusters},
		{serviceNKS, "POST", pathClusters, "clusters.create", nil, true, (*Server).createCluster},
		{serviceNKS, "GET", pathCluster, "clusters.get", nil, false, (*Server).getCluster},
		{serviceNKS, "DELETE", pathCluster, "clusters.delete", nil, true, (*Server).deleteCluster},
		{serviceNKS, "POST", pathCluster + "/actions/resize", "clusters.resize", nil, true, (*Server).resize},
		{serviceNKS, "GET", pathCluster + "/config", "clusters.config", nil, false, (*Server).getConfig},
		{serviceNKS, "GET", pathCluster + "/events", "events.list", nil, false, (*Server).listEvents},
		{serviceNKS, "GET", pathCluster + "/events/{event}", "events.get", nil, false, (*Server).getEvent},
		{serviceNKS, "GET", pathCluster + "/addons", "clusterAddons.list", nil, false, (*Server).listClusterAddons},
		{serviceNKS, "GET", pathCluster + "/api_ep_ipacl", "ipacl.get", nil, false, (*Server).getACL},
		{serviceNKS, "POST", pathCluster + "/api_ep_ipacl", "ipacl.set", nil, true, (*Server).setACL},
		{serviceNKS, "PATCH", nksRoot + "/certificates/{cluster}", "certificates.renew", nil, true, (*Server).renewCertificates},
		{serviceNKS, "GET", pathGroups, "nodegroups.list", append([]string{"role"}, pages...), false, (*Server).listGroups},
		{serviceNKS, "POST", pathGroups, "nodegroups.create", nil, true, (*Server).createGroup},
		{serviceNKS, "GET", pathGroup, "nodegroups.get", nil, false, (*Server).getGroup},
		{serviceNKS, "PATCH", pathGroup, "nodegroups.update", nil, true, (*Server).patchGroup},
		{serviceNKS, "DELETE", pathGroup, "nodegroups.delete", nil, true, (*Server).deleteGroup},
		{serviceNKS, "GET", pathGroup + "/autoscale", "autoscale.get", nil, false, (*Server).getAutoscale},
		{serviceNKS, "POST", pathGroup + "/autoscale", "autoscale.set", nil, true, (*Server).setAutoscale},
		{serviceNKS, "POST", pathGroup + "/upgrade", "nodegroups.upgrade", nil, true, (*Server).upgradeGroup},

		{serviceCompute, "GET", pathCompute + "/flavors/detail", "flavors.list", append([]string{"is_public"}, pages...), false, (*Server).listFlavors},
		{serviceCompute, "GET", pathCompute + "/servers/detail", "servers.list", []string{"limit", "marker", "name", "status"}, false, (*Server).listServers},
		{serviceCompute, "GET", pathCompute + "/os-keypairs", "keypairs.list", []string{"limit", "marker"}, false, (*Server).listKeyPairs},
		{serviceCompute, "GET", pathCompute + "/os-keypairs/{name}", "keypairs.get", nil, false, (*Server).getKeyPair},
		{serviceCompute, "GET", pathCompute + "/os-availability-zone", "zones.list", nil, false, (*Server).listZones},
		{serviceImage, "GET", imageRoot + "/v2/images", "images.list", []string{"*"}, false, (*Server).listImages},
		{serviceNetwork, "GET", networkRoot + "/v2.0/networks", "networks.list", []string{"*"}, false, (*Server).listNetworks},
		{serviceNetwork, "GET", networkRoot + "/v2.0/vpcs", "vpcs.list", []string{"*"}, false, (*Server).listVPCs},
		{serviceNetwork, "GET", networkRoot + "/v2.0/vpcs/{id}", "vpcs.get", nil, false, (*Server).getVPC},
		{serviceNetwork, "GET", networkRoot + "/v2.0/vpcsubnets", "vpcsubnets.list", []string{"*"}, false, (*Server).listSubnets},
		{serviceNetwork, "GET", networkRoot + "/v2.0/vpcsubnets/{id}", "vpcsubnets.get", nil, false, (*Server).getSubnet},
		{serviceNetwork, "GET", networkRoot + "/v2.0/security-groups", "securityGroups.list", []string{"*"}, false, (*Server).listSecurityGroups},
		{serviceVolume, "GET", volumeRoot + "/{tenant}/types", "volumeTypes.list", nil, false, (*Server).listVolumeTypes},
	}
	for _, u := range unsimulated {
		apiTable = append(apiTable, apiRoute{service: u.service, method: u.method, path: u.path, op: u.op})
	}
}

// unsimulated lists what clients of NKS may call and this package has not. The list
// need not be complete: any other path is refused too.
var unsimulated = []struct{ service, method, path, op string }{
	{serviceNKS, "PATCH", pathCluster, "clusters.update"},
	{serviceNKS, "POST", pathCluster + "/actions/upgrade", "clusters.upgrade"},
	{serviceNKS, "POST", pathCluster + "/addons", "clusterAddons.install"},
	{serviceNKS, "GET", pathCluster + "/addons/{addon}", "clusterAddons.get"},
	{serviceNKS, "PATCH", pathCluster + "/addons/{addon}", "clusterAddons.update"},
	{serviceNKS, "DELETE", pathCluster + "/addons/{addon}", "clusterAddons.remove"},
	{serviceNKS, "POST", pathGroup + "/stop_node", "nodegroups.stop"},
	{serviceNKS, "POST", pathGroup + "/start_node", "nodegroups.start"},
	{serviceNKS, "POST", pathGroup + "/userscript", "nodegroups.userscript"},
	{serviceNKS, "GET", nksRoot + "/addons/{addon}", "addons.get"},
	{serviceNKS, "GET", nksRoot + "/addon_types/{addon}", "addonTypes.get"},
	{serviceNKS, "GET", nksRoot + "/certificates/{cluster}", "certificates.get"},
	{serviceNKS, "GET", nksRoot + "/mservices", "mservices.list"},
	{serviceNKS, "GET", nksRoot + "/quotas", "quotas.list"},
	{serviceNKS, "GET", nksRoot + "/stats", "stats.get"},
	{serviceCompute, "GET", pathCompute + "/flavors", "flavors.names"},
	{serviceCompute, "GET", pathCompute + "/flavors/{id}", "flavors.get"},
	{serviceCompute, "GET", pathCompute + "/servers", "servers.names"},
	{serviceCompute, "POST", pathCompute + "/servers", "servers.create"},
	{serviceCompute, "GET", pathCompute + "/servers/{id}", "servers.get"},
	{serviceCompute, "DELETE", pathCompute + "/servers/{id}", "servers.delete"},
	{serviceCompute, "POST", pathCompute + "/os-keypairs", "keypairs.create"},
	{serviceCompute, "DELETE", pathCompute + "/os-keypairs/{name}", "keypairs.delete"},
	{serviceImage, "GET", imageRoot + "/v2/images/{id}", "images.get"},
	{serviceNetwork, "GET", networkRoot + "/v2.0/networks/{id}", "networks.get"},
	{serviceNetwork, "GET", networkRoot + "/v2.0/subnets", "subnets.list"},
	{serviceNetwork, "GET", networkRoot + "/v2.0/security-groups/{id}", "securityGroups.get"},
	{serviceNetwork, "GET", networkRoot + "/v2.0/routingtables", "routingtables.list"},
	{serviceNetwork, "GET", networkRoot + "/v2.0/gateways/servicegateways", "serviceGateways.list"},
	{serviceVolume, "GET", volumeRoot + "/{tenant}/volumes/detail", "volumes.list"},
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
