// SPDX-License-Identifier: Apache-2.0

package aks

const (
	pathSub  = "/subscriptions/{sub}"
	pathRG   = pathSub + "/resourceGroups/{rg}"
	pathLoc  = pathSub + "/providers/Microsoft.ContainerService/locations/{loc}"
	pathMCs  = pathRG + "/providers/Microsoft.ContainerService/managedClusters"
	pathMC   = pathMCs + "/{cluster}"
	pathPool = pathMC + "/agentPools/{pool}"
	pathNet  = pathRG + "/providers/Microsoft.Network"
	pathCom  = pathRG + "/providers/Microsoft.Compute"

	actionMC   = "Microsoft.ContainerService/managedClusters"
	actionPool = actionMC + "/agentPools"
	actionLoc  = "Microsoft.ContainerService/locations"
	actionNet  = "Microsoft.Network/"
	actionCom  = "Microsoft.Compute/"
	actionRG   = "Microsoft.Resources/subscriptions/resourceGroups"
	// actionGraph is for the query; what it shows needs the rights to read that.
	actionGraph = "Microsoft.ResourceGraph/resources/read"

	// opEndpoints is asked for before there is a token.
	opEndpoints = "Metadata_Endpoints"
)

// armTable lists the operations of Azure Resource Manager. Those without a handler
// are known and not simulated.
var armTable []armRoute

// The handlers refer to the table only through requests, but the compiler cannot
// know that.
func init() {
	const read, write, remove = "/read", "/write", "/delete"
	pages := []string{"$skipToken"}
	armTable = []armRoute{
		{"GET", pathSub + "/providers/Microsoft.ContainerService/managedClusters", "ManagedClusters_List", actionMC + read, pages, (*Server).listClusters},
		{"GET", pathMCs, "ManagedClusters_ListByResourceGroup", actionMC + read, pages, (*Server).listClusters},
		{"GET", pathMC, "ManagedClusters_Get", actionMC + read, nil, (*Server).getCluster},
		{"PUT", pathMC, "ManagedClusters_CreateOrUpdate", actionMC + write, nil, (*Server).putCluster},
		{"PATCH", pathMC, "ManagedClusters_UpdateTags", actionMC + write, nil, (*Server).patchCluster},
		{"DELETE", pathMC, "ManagedClusters_Delete", actionMC + remove, nil, (*Server).deleteCluster},
		{"POST", pathMC + "/start", "ManagedClusters_Start", actionMC + "/start/action", nil, (*Server).startCluster},
		{"POST", pathMC + "/stop", "ManagedClusters_Stop", actionMC + "/stop/action", nil, (*Server).stopCluster},
		{"POST", pathMC + "/abort", "ManagedClusters_AbortLatestOperation", actionMC + "/abort/action", nil, (*Server).abortCluster},
		{"POST", pathMC + "/listClusterAdminCredential", "ManagedClusters_ListClusterAdminCredentials",
			actionMC + "/listClusterAdminCredential/action", []string{"server-fqdn"}, (*Server).adminCredential},
		{"POST", pathMC + "/listClusterUserCredential", "ManagedClusters_ListClusterUserCredentials",
			actionMC + "/listClusterUserCredential/action", []string{"server-fqdn", "format"}, (*Server).userCredential},
		{"GET", pathMC + "/upgradeProfiles/default", "ManagedClusters_GetUpgradeProfile", actionMC + "/upgradeProfiles" + read, nil, (*Server).upgradeProfile},
		{"GET", pathMC + "/availableAgentPoolVersions", "AgentPools_GetAvailableAgentPoolVersions",
			actionMC + "/availableAgentPoolVersions" + read, nil, (*Server).poolVersions},
		{"GET", pathMC + "/agentPools", "AgentPools_List", actionPool + read, pages, (*Server).listPools},
		{"GET", pathPool, "AgentPools_Get", actionPool + read, nil, (*Server).getPool},
		{"PUT", pathPool, "AgentPools_CreateOrUpdate", actionPool + write, nil, (*Server).putPool},
		{"GET", pathPool + "/upgradeProfiles/default", "AgentPools_GetUpgradeProfile", actionPool + "/upgradeProfiles" + read, nil, (*Server).poolUpgradeProfile},
		{"DELETE", pathPool, "AgentPools_Delete", actionPool + remove, []string{"ignore-pod-disruption-budget"}, (*Server).deletePool},
		{"GET", pathPool + "/machines", "Machines_List", actionPool + "/machines" + read, pages, (*Server).listMachines},
		{"GET", pathPool + "/machines/{machine}", "Machines_Get", actionPool + "/machines" + read, nil, (*Server).getMachine},
		{"GET", pathLoc + "/kubernetesVersions", "ManagedClusters_ListKubernetesVersions", actionLoc + "/kubernetesVersions" + read, nil, (*Server).listVersions},
		{"GET", pathLoc + "/operations/{operation}", "Operations_GetStatus", actionLoc + "/operations" + read, nil, (*Server).operationStatus},
		{"GET", pathLoc + "/operationresults/{operation}", "Operations_GetResult", actionLoc + "/operationresults" + read, nil, (*Server).operationResult},

		{"GET", "/metadata/endpoints", opEndpoints, "", nil, (*Server).cloudEndpoints},
		{"GET", "/tenants", "Tenants_List", "", nil, (*Server).listTenants},
		{"GET", "/subscriptions", "Subscriptions_List", "", nil, (*Server).listSubscriptions},
		{"GET", pathSub, "Subscriptions_Get", "Microsoft.Resources/subscriptions" + read, nil, (*Server).getSubscription},
		{"GET", pathSub + "/locations", "Subscriptions_ListLocations", "Microsoft.Resources/subscriptions/locations" + read, nil, (*Server).listLocations},
		{"GET", pathSub + "/resourceGroups", "ResourceGroups_List", actionRG + read, append([]string{"$filter", "$top"}, pages...), (*Server).listResourceGroups},
		{"GET", pathRG, "ResourceGroups_Get", actionRG + read, nil, (*Server).getResourceGroup},
		{"GET", pathSub + "/providers/Microsoft.ContainerService", "Providers_Get", "Microsoft.Resources/subscriptions/providers" + read, nil, (*Server).getProvider},
		{"POST", "/providers/Microsoft.ResourceGraph/resources", "ResourceGraph_Resources", actionGraph, nil, (*Server).askGraph},

		{"GET", pathNet + "/virtualNetworks", "VirtualNetworks_List", actionNet + "virtualNetworks" + read, pages, (*Server).listVNets},
		{"GET", pathNet + "/virtualNetworks/{name}", "VirtualNetworks_Get", actionNet + "virtualNetworks" + read, []string{"$expand"}, (*Server).getVNet},
		{"GET", pathNet + "/virtualNetworks/{name}/subnets", "Subnets_List", actionNet + "virtualNetworks/subnets" + read, pages, (*Server).listSubnets},
		{"GET", pathNet + "/virtualNetworks/{name}/subnets/{child}", "Subnets_Get", actionNet + "virtualNetworks/subnets" + read, []string{"$expand"}, (*Server).getSubnet},
		{"PUT", pathNet + "/virtualNetworks/{name}/subnets/{child}", "Subnets_CreateOrUpdate", actionNet + "virtualNetworks/subnets" + write, nil, (*Server).putSubnet},
		{"GET", pathNet + "/networkSecurityGroups", "NetworkSecurityGroups_List", actionNet + "networkSecurityGroups" + read, pages, (*Server).listSecurityGroups},
		{"GET", pathNet + "/networkSecurityGroups/{name}", "NetworkSecurityGroups_Get", actionNet + "networkSecurityGroups" + read, []string{"$expand"}, (*Server).getSecurityGroup},
		{"GET", pathCom + "/sshPublicKeys", "SshPublicKeys_ListByResourceGroup", actionCom + "sshPublicKeys" + read, pages, (*Server).listSSHKeys},
		{"GET", pathCom + "/sshPublicKeys/{name}", "SshPublicKeys_Get", actionCom + "sshPublicKeys" + read, nil, (*Server).getSSHKey},
		{"GET", pathCom + "/virtualMachineScaleSets", "VirtualMachineScaleSets_List", actionCom + "virtualMachineScaleSets" + read, pages, (*Server).listScaleSets},
		{"GET", pathCom + "/virtualMachineScaleSets/{name}/virtualMachines", "VirtualMachineScaleSetVMs_List",
			actionCom + "virtualMachineScaleSets/virtualMachines" + read, pages, (*Server).listScaleSetVMs},
	}
	armTable = append(armTable, unsimulated...)
}

// unsimulated lists what clients of AKS may call and this package has not. The
// list need not be complete: any other path is refused too.
var unsimulated = []armRoute{
	{method: "POST", path: pathSub + "/providers/Microsoft.ContainerService/register", op: "Providers_Register"},
	{method: "PUT", path: pathRG, op: "ResourceGroups_CreateOrUpdate"},
	{method: "DELETE", path: pathRG, op: "ResourceGroups_Delete"},
	{method: "POST", path: pathMC + "/accessProfiles/{name}/listCredential", op: "ManagedClusters_GetAccessProfile"},
	{method: "GET", path: pathMC + "/accessProfiles/{name}", op: "ManagedClusters_GetAccessProfile"},
	{method: "POST", path: pathMC + "/listClusterMonitoringUserCredential", op: "ManagedClusters_ListClusterMonitoringUserCredentials"},
	{method: "POST", path: pathMC + "/resetAADProfile", op: "ManagedClusters_ResetAADProfile"},
	{method: "POST", path: pathMC + "/resetServicePrincipalProfile", op: "ManagedClusters_ResetServicePrincipalProfile"},
	{method: "POST", path: pathMC + "/rotateClusterCertificates", op: "ManagedClusters_RotateClusterCertificates"},
	{method: "POST", path: pathMC + "/rotateServiceAccountSigningKeys", op: "ManagedClusters_RotateServiceAccountSigningKeys"},
	{method: "POST", path: pathMC + "/runCommand", op: "ManagedClusters_RunCommand"},
	{method: "GET", path: pathMC + "/commandResults/{name}", op: "ManagedClusters_GetCommandResult"},
	{method: "GET", path: pathMC + "/outboundNetworkDependenciesEndpoints", op: "ManagedClusters_ListOutboundNetworkDependenciesEndpoints"},
	{method: "GET", path: pathMC + "/privateEndpointConnections", op: "PrivateEndpointConnections_List"},
	{method: "GET", path: pathMC + "/maintenanceConfigurations", op: "MaintenanceConfigurations_ListByManagedCluster"},
	{method: "POST", path: pathPool + "/abort", op: "AgentPools_AbortLatestOperation"},
	{method: "POST", path: pathPool + "/deleteMachines", op: "AgentPools_DeleteMachines"},
	{method: "GET", path: pathPool + "/upgradeProfiles/default", op: "AgentPools_GetUpgradeProfile"},
	{method: "POST", path: pathPool + "/upgradeNodeImageVersion", op: "AgentPools_UpgradeNodeImageVersion"},
	{method: "GET", path: pathSub + "/providers/Microsoft.Network/virtualNetworks", op: "VirtualNetworks_ListAll"},
	{method: "PUT", path: pathNet + "/virtualNetworks/{name}", op: "VirtualNetworks_CreateOrUpdate"},
	{method: "DELETE", path: pathNet + "/virtualNetworks/{name}", op: "VirtualNetworks_Delete"},
	{method: "DELETE", path: pathNet + "/virtualNetworks/{name}/subnets/{child}", op: "Subnets_Delete"},
	{method: "PUT", path: pathNet + "/networkSecurityGroups/{name}", op: "NetworkSecurityGroups_CreateOrUpdate"},
	{method: "DELETE", path: pathNet + "/networkSecurityGroups/{name}", op: "NetworkSecurityGroups_Delete"},
	{method: "GET", path: pathSub + "/providers/Microsoft.Network/networkSecurityGroups", op: "NetworkSecurityGroups_ListAll"},
	{method: "GET", path: pathSub + "/providers/Microsoft.Compute/skus", op: "ResourceSkus_List"},
	{method: "GET", path: pathSub + "/providers/Microsoft.Compute/locations/{loc}/vmSizes", op: "VirtualMachineSizes_List"},
	{method: "GET", path: pathSub + "/providers/Microsoft.Compute/sshPublicKeys", op: "SshPublicKeys_ListBySubscription"},
	{method: "PUT", path: pathCom + "/sshPublicKeys/{name}", op: "SshPublicKeys_Create"},
	{method: "DELETE", path: pathCom + "/sshPublicKeys/{name}", op: "SshPublicKeys_Delete"},
	{method: "GET", path: pathCom + "/virtualMachineScaleSets/{name}", op: "VirtualMachineScaleSets_Get"},
}
