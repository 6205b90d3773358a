// SPDX-License-Identifier: Apache-2.0

package aks

import "slices"

// skuAutomatic is the SKU of clusters whose nodes AKS provides by itself.
const skuAutomatic = "Automatic"

// automatic makes a cluster one of the SKU Automatic, with what goes with it.
func (s *Server) automatic(in *clusterObject) {
	in.SKU = &skuObject{skuAutomatic, "Standard"}
	p := in.Properties
	p.NodeProvisioningProfile = &nodeProvisioning{Mode: provisioningAuto, DefaultNodePools: provisioningAuto}
	p.AADProfile = &aadProfile{Managed: true, EnableAzureRBAC: true, TenantID: s.tenant}
	p.DisableLocalAccounts = new(true)
	p.AutoUpgradeProfile = &autoUpgrade{UpgradeChannel: "stable", NodeOSUpgradeChannel: "NodeImage"}
	p.NetworkProfile.NetworkDataplane, p.NetworkProfile.NetworkPolicy = "cilium", "cilium"
	p.NetworkProfile.OutboundType = "managedNATGateway"
}

// checkProvisioning: nodes come from node provisioning or from the autoscaler of the
// agent pools, never from both.
func checkProvisioning(p *clusterProperties, pools []poolProfile) *apiError {
	if b := p.BootstrapProfile; b != nil && b.ArtifactSource != "" && b.ArtifactSource != "Direct" {
		return notSimulated("artifactSource %.64s", b.ArtifactSource)
	}
	n := p.NodeProvisioningProfile
	if n == nil {
		return nil
	}
	for _, field := range []struct{ name, value, other string }{
		{"mode", n.Mode, provisioningManual}, {"defaultNodePools", n.DefaultNodePools, "None"},
	} {
		if field.value != "" && field.value != provisioningAuto && field.value != field.other {
			return invalid("nodeProvisioningProfile."+field.name, "%.64q is not one of %s and %s", field.value, provisioningAuto, field.other)
		}
	}
	if n.Mode == provisioningAuto && slices.ContainsFunc(pools, func(p poolProfile) bool { return yes(p.EnableAutoScaling) }) {
		return invalid("agentPoolProfile.enableAutoScaling", "the cluster autoscaler cannot be enabled while node provisioning is in the mode Auto")
	}
	return nil
}
