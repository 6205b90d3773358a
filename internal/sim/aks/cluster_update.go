// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// updateCluster is a PUT on a cluster that exists: an upgrade, or any other
// change.
func (s *Server) updateCluster(c *call, rec *clusterRecord, in *clusterObject) (*answer, *apiError) {
	if e := checkPreconditions(c.header, s.clusterTag(rec.live, rec)); e != nil {
		return nil, e
	}
	if !sameLocation(*in.Location, s.location) {
		return nil, gateway(http.StatusConflict, "InvalidResourceLocation", "The resource '%s' already exists in location '%s' in resource group '%s'. "+
			"A resource with the same name cannot be created in location '%.64s'. Please select a new resource name.", rec.name, s.location, rec.group, *in.Location)
	}
	if e := s.planClusterUpdate(rec, in); e != nil {
		return nil, e
	}
	if e := s.matchPools(rec, in.Properties.AgentPoolProfiles); e != nil {
		return nil, e
	}
	target, pools, e := s.upgradeTarget(rec, in.Properties)
	if e != nil {
		return nil, e
	}
	if e := s.writable(rec, true); e != nil {
		return nil, e
	}
	changed, e := s.changedPools(rec, in.Properties.AgentPoolProfiles)
	switch {
	case e != nil:
		return nil, e
	case target != "" && len(changed) > 0:
		return nil, notSimulated("an upgrade together with a change of agent pools")
	case target != "":
		return s.upgradeCluster(c, rec, in, target, pools)
	}
	return s.reconcile(c, rec, in, changed)
}

// reconcile is a PUT that moves no version. Pools that change do so in operations
// of their own, side by side with the cluster's.
func (s *Server) reconcile(c *call, rec *clusterRecord, in *clusterObject, changed []*core.NodeGroup) (*answer, *apiError) {
	for _, g := range changed {
		inner := *c
		inner.Outcome = core.Outcome{}
		result, e := s.applyPool(&inner, rec, g, profileOf(in.Properties.AgentPoolProfiles, g.Name), "")
		if e != nil {
			return nil, e
		}
		rec.pools[g.Name].operation = result.Operation.ID
	}
	s.keepCluster(rec, in)
	id, e := s.changeCluster(c, rec, in.Tags)
	if e != nil {
		return nil, e
	}
	return &answer{status: http.StatusOK, body: s.clusterObject(rec.live, rec, false), operation: id}, nil
}

func (s *Server) upgradeCluster(c *call, rec *clusterRecord, in *clusterObject, target string, pools bool) (*answer, *apiError) {
	if e := checkDeprecatedUse(c, rec, in.Properties, target); e != nil {
		return nil, e
	}
	if rec.live.State == profile.Degraded || rec.live.State == profile.CreateFailed || rec.live.State == profile.DeleteFailed {
		if e := s.force(c.Now, rec, profile.UpdateFailed, rec.live.Reason); e != nil {
			return nil, e
		}
	}
	if e := s.must(c.Now, core.SetTags{ClusterID: rec.live.ID, Tags: in.Tags}); e != nil {
		return nil, e
	}
	result, err := s.world.Apply(c.Now, core.UpgradeControlPlane{ClusterID: rec.live.ID, Version: target, Groups: pools}, c.Outcome)
	if err != nil {
		return nil, s.badStep(rec, target, err)
	}
	s.keepCluster(rec, in)
	rec.requested, rec.canceled = cmp.Or(text(in.Properties.KubernetesVersion), rec.requested), false
	s.touch(rec)
	return &answer{status: http.StatusOK, body: s.clusterObject(rec.live, rec, false), operation: result.Operation.ID}, nil
}

// badStep is the refusal of an upgrade, with what is allowed.
func (s *Server) badStep(rec *clusterRecord, target string, err error) *apiError {
	list := core.Refusals(err)
	if len(list) == 0 {
		return refused(err)
	}
	switch list[0].Reason {
	case core.StepTooLarge:
		return notAllowed(http.StatusBadRequest, "Upgrading Kubernetes version %s to %s is not allowed. Available upgrades: [%s]. "+
			"Please see https://aka.ms/aks-supported-k8s-ver for version details.", rec.live.Version, target, strings.Join(s.upgradesFrom(rec.live.Version), " "))
	case core.Downgrade:
		return notAllowed(http.StatusBadRequest, "Downgrading cluster from version %s to %s is not allowed. Available upgrades: [%s]. "+
			"Please see https://aka.ms/aks-supported-k8s-ver for version details.", rec.live.Version, target, strings.Join(s.upgradesFrom(rec.live.Version), " "))
	default:
		return refused(err)
	}
}

// planClusterUpdate refuses what cannot be changed.
func (s *Server) planClusterUpdate(rec *clusterRecord, in *clusterObject) *apiError {
	p, is := in.Properties, rec.spec.Properties
	for _, field := range []struct {
		name string
		same bool
	}{
		{"dnsPrefix", p.DNSPrefix == nil || *p.DNSPrefix == text(is.DNSPrefix)},
		{"nodeResourceGroup", p.NodeResourceGroup == nil || strings.EqualFold(*p.NodeResourceGroup, rec.nodeGroup)},
		{"enableRBAC", p.EnableRBAC == nil || yes(p.EnableRBAC) == yes(is.EnableRBAC)},
	} {
		if !field.same {
			return unchangeable("properties." + field.name)
		}
	}
	if e := sameNetwork(p.NetworkProfile, is.NetworkProfile); e != nil {
		return e
	}
	if e := sameLinux(p.LinuxProfile, is.LinuxProfile); e != nil {
		return e
	}
	if in.Identity != nil && rec.spec.Identity != nil && in.Identity.Type != rec.spec.Identity.Type {
		return notSimulated("a change of the identity")
	}
	if e := s.checkEchoes(rec, p); e != nil {
		return e
	}
	if e := checkAutoUpgrade(p.AutoUpgradeProfile); e != nil {
		return e
	}
	if in.SKU == nil {
		in.SKU = rec.spec.SKU
	}
	if p.SupportPlan == nil {
		p.SupportPlan = is.SupportPlan
	}
	if e := checkSKU(in, rec.spec.SKU); e != nil {
		return e
	}
	if e := checkProvisioning(p, p.AgentPoolProfiles); e != nil {
		return e
	}
	if e := s.checkAccess(p); e != nil {
		return e
	}
	if e := checkFeatures(p, is); e != nil {
		return e
	}
	return s.checkServerAccess(p, is)
}

// checkEchoes refuses what a client reads of a cluster and must not send back: a
// service principal, whose secret no read shows, and what a pool was made from. The
// identity of the nodes and the account of Windows come back as they are.
func (s *Server) checkEchoes(rec *clusterRecord, p *clusterProperties) *apiError {
	switch {
	case p.IdentityProfile != nil && !maps.Equal(p.IdentityProfile, s.identityProfile(rec)):
		return notSimulated("a change of identityProfile")
	case p.WindowsProfile != nil && p.WindowsProfile.AdminUsername == "":
		return required("windowsProfile.adminUsername")
	}
	if principal := p.ServicePrincipalProfile; principal != nil && principal.Secret == "" && (principal.ClientID != managedPrincipal || rec.spec.Identity == nil) {
		return required("servicePrincipalProfile.secret")
	}
	for _, pool := range p.AgentPoolProfiles {
		if pool.CreationData != nil {
			return invalid("agentPoolProfile.creationData", "it can be given only when the agent pool is created")
		}
	}
	return nil
}

func sameNetwork(asked, is *networkProfile) *apiError {
	if asked == nil {
		return nil
	}
	for _, field := range []struct{ name, asked, is string }{
		{"networkPlugin", asked.NetworkPlugin, is.NetworkPlugin},
		{"networkPluginMode", asked.NetworkPluginMode, is.NetworkPluginMode},
		{"networkPolicy", asked.NetworkPolicy, is.NetworkPolicy},
		{"networkDataplane", asked.NetworkDataplane, is.NetworkDataplane},
		{"loadBalancerSku", asked.LoadBalancerSKU, is.LoadBalancerSKU},
		{"outboundType", asked.OutboundType, is.OutboundType},
		{"podCidr", asked.PodCIDR, is.PodCIDR},
		{"serviceCidr", asked.ServiceCIDR, is.ServiceCIDR},
		{"dnsServiceIP", asked.DNSServiceIP, is.DNSServiceIP},
	} {
		if field.asked != "" && !strings.EqualFold(field.asked, field.is) {
			return unchangeable("properties.networkProfile." + field.name)
		}
	}
	return nil
}

func sameLinux(asked, is *linuxProfile) *apiError {
	if asked == nil {
		return nil
	}
	same := is != nil && asked.AdminUsername == is.AdminUsername && asked.SSH != nil && slices.Equal(asked.SSH.PublicKeys, is.SSH.PublicKeys)
	if !same {
		return unchangeable("properties.linuxProfile")
	}
	return nil
}

// matchPools: a PUT on a cluster names every pool that there is and no other.
func (s *Server) matchPools(rec *clusterRecord, pools []poolProfile) *apiError {
	if pools == nil {
		return required("agentPoolProfiles")
	}
	seen := map[string]bool{}
	for _, p := range pools {
		name := text(p.Name)
		if _, ok := rec.live.GroupByName(name); !ok {
			return badRequest("A new agent pool was introduced. Adding agent pools to an existing cluster is not allowed through managed cluster operations. " +
				"For agent pool specific change, please use per agent pool operations: https://aka.ms/agent-pool-rest-api").at("agentPoolProfiles")
		}
		if seen[name] {
			return invalid("agentPoolProfile.name", "%q is given twice", name)
		}
		seen[name] = true
	}
	if len(seen) < len(rec.live.Groups) {
		return badRequest("An agent pool is missing. Deleting agent pools of an existing cluster is not allowed through managed cluster operations. " +
			"For agent pool specific change, please use per agent pool operations: https://aka.ms/agent-pool-rest-api").at("agentPoolProfiles")
	}
	return nil
}

// profileOf returns the pool of that name in a request.
func profileOf(pools []poolProfile, name string) *poolProperties {
	p, _ := simkit.FindIn(pools, func(p *poolProfile) bool { return text(p.Name) == name })
	return &p.poolProperties
}

// upgradeTarget says to which version a PUT moves a cluster, and whether its pools
// go with it; the version is empty if nothing moves. Asking for the minor that
// runs already changes nothing.
func (s *Server) upgradeTarget(rec *clusterRecord, p *clusterProperties) (target string, pools bool, e *apiError) {
	live := rec.live
	asked := cmp.Or(text(p.KubernetesVersion), live.Version)
	target = live.Version
	if asked != minorOf(live.Version) {
		target = s.resolveVersion(asked)
	}
	if target != live.Version {
		if e := s.checkVersion(asked, target, text(p.SupportPlan) == planLTS, "K8sVersionNotSupported"); e != nil {
			return "", false, e
		}
	}
	absent, unchanged, moved := 0, 0, 0
	for _, g := range live.Groups {
		own := rec.pools[g.Name]
		version := text(profileOf(p.AgentPoolProfiles, g.Name).OrchestratorVersion)
		switch {
		case version == "":
			absent++
		case version == target && g.Version != target:
			moved++
		case version == own.requested || version == g.Version || version == minorOf(g.Version):
			unchanged++
			if g.Version == target {
				moved++ // it is where the others go
			}
		default:
			return "", false, mixedVersions()
		}
	}
	n := len(live.Groups)
	switch {
	case moved == n && unchanged < n:
		pools = true
	case absent != n && unchanged != n:
		return "", false, mixedVersions()
	case target == live.Version:
		return "", false, nil
	}
	if pools {
		if e := s.stoppedPools(rec); e != nil {
			return "", false, e
		}
		if e := s.spotPools(rec, target); e != nil {
			return "", false, e
		}
	}
	return target, pools, nil
}

func mixedVersions() *apiError {
	return fail(http.StatusBadRequest, "NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged", "Using managed cluster api, all Agent pools' OrchestratorVersion "+
		"must be all specified or all unspecified. If all specified, they must be stay unchanged or the same with control plane. "+
		"For agent pool specific change, please use per agent pool operations: https://aka.ms/agent-pool-rest-api").at("agentPoolProfiles")
}

// stoppedPools refuses an upgrade of all pools while one is stopped.
func (s *Server) stoppedPools(rec *clusterRecord) *apiError {
	for _, g := range rec.live.Groups {
		if g.State == profile.Stopped && !s.assumed.StoppedPoolsIgnored {
			return notAllowed(http.StatusBadRequest, "The agent pool '%s' is stopped and cannot be upgraded. Start it first.", g.Name)
		}
	}
	return nil
}

// spotPools refuses to upgrade control plane and pools at once while one of the
// pools has spot machines.
func (s *Server) spotPools(rec *clusterRecord, target string) *apiError {
	for _, g := range rec.live.Groups {
		if !rec.pools[g.Name].spec.spot() || target == rec.live.Version {
			continue
		}
		const message = "The control plane and the agent pools of a cluster with the spot pool '%s' cannot be upgraded at the same time. Upgrade the control plane first."
		if s.assumed.SpotUpgradeNotAllowed {
			return notAllowed(http.StatusBadRequest, message, g.Name)
		}
		return badRequest(message, g.Name).at("agentPoolProfiles")
	}
	return nil
}

// changedPools returns the pools of which a PUT on the cluster changes more than
// the version.
func (s *Server) changedPools(rec *clusterRecord, pools []poolProfile) ([]*core.NodeGroup, *apiError) {
	var changed []*core.NodeGroup
	system := false
	for _, g := range rec.live.Groups {
		own, p := rec.pools[g.Name], profileOf(pools, g.Name)
		if p.Count == nil {
			p.Count = new(int32(g.Desired))
		}
		if e := s.planPoolUpdate(rec, g, own, p); e != nil {
			return nil, e
		}
		system = system || *p.Mode == modeSystem
		is := s.sized(g, own)
		same := number(p.Count) == number(is.Count) && yes(p.EnableAutoScaling) == yes(is.EnableAutoScaling) &&
			number(p.MinCount) == number(is.MinCount) && number(p.MaxCount) == number(is.MaxCount)
		if !same {
			changed = append(changed, g)
		}
	}
	if !system {
		return nil, fail(http.StatusBadRequest, "MustDefineAtLeastOneSystemPool", "Must define at least one system pool.").at("agentPoolProfiles")
	}
	after := *rec.spec.Properties
	after.AgentPoolProfiles = pools
	if e := checkProvisioning(&after, pools); e != nil {
		return nil, e
	}
	if e := s.checkRoom(&after, rec.key); e != nil {
		return nil, e
	}
	return changed, s.checkVCPUs(rec, pools)
}

// keepCluster takes over what a request changes and the core has no place for.
func (s *Server) keepCluster(rec *clusterRecord, in *clusterObject) {
	p, is := in.Properties, *rec.spec.Properties
	rec.spec.SKU, is.SupportPlan = in.SKU, p.SupportPlan
	if p.AADProfile != nil {
		is.AADProfile = p.AADProfile
	}
	if p.DisableLocalAccounts != nil {
		is.DisableLocalAccounts = p.DisableLocalAccounts
	}
	if p.APIServerAccessProfile != nil {
		is.APIServerAccessProfile = p.APIServerAccessProfile
	}
	if p.AddonProfiles != nil {
		is.AddonProfiles = p.AddonProfiles
	}
	if p.AutoUpgradeProfile != nil {
		is.AutoUpgradeProfile = p.AutoUpgradeProfile
	}
	if p.WindowsProfile != nil && is.WindowsProfile != nil {
		is.WindowsProfile.EnableCSIProxy = p.WindowsProfile.EnableCSIProxy
	}
	if p.StorageProfile != nil {
		is.StorageProfile = p.StorageProfile
	}
	if p.NodeProvisioningProfile != nil {
		is.NodeProvisioningProfile = p.NodeProvisioningProfile
	}
	keepFeatures(p, &is)
	rec.spec.Properties = &is
	for _, g := range rec.live.Groups {
		s.keepPool(rec.pools[g.Name], profileOf(p.AgentPoolProfiles, g.Name))
	}
}
