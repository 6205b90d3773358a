// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// updatePool is a PUT on a pool that exists.
func (s *Server) updatePool(c *call, rec *clusterRecord, g *core.NodeGroup, own *poolRecord, p *poolProperties) (*answer, *apiError) {
	if e := s.planPoolUpdate(rec, g, own, p); e != nil {
		return nil, e
	}
	version, e := s.poolTarget(rec, g, own, p)
	if e != nil {
		return nil, e
	}
	after := s.withPool(rec, own.name, *p)
	if e := checkProvisioning(&after, after.AgentPoolProfiles); e != nil {
		return nil, e
	}
	if e := s.checkRoom(&after, rec.key); e != nil {
		return nil, e
	}
	if e := s.checkVCPUs(rec, after.AgentPoolProfiles); e != nil {
		return nil, e
	}
	if e := s.writablePool(rec, g, own); e != nil {
		return nil, e
	}
	if text(p.Mode) == modeUser && lastSystem(rec, g) {
		return nil, fail(http.StatusBadRequest, "MustDefineAtLeastOneSystemPool", "Must define at least one system pool.").at("agentPoolProfiles")
	}
	result, e := s.applyPool(c, rec, g, p, version)
	if e != nil {
		return nil, e
	}
	s.keepPool(own, p)
	own.rev, own.operation = s.Random.Next(), result.Operation.ID
	return &answer{status: http.StatusOK, body: s.poolObject(rec.live, rec, g, own, false), operation: result.Operation.ID}, nil
}

// planPoolUpdate checks a request against what is there, and fills in what it may
// leave out.
func (s *Server) planPoolUpdate(rec *clusterRecord, g *core.NodeGroup, own *poolRecord, p *poolProperties) *apiError {
	is, kept := own.spec, s.assumed.AbsentMembersKept
	if is.machinesPool() {
		if e := planMachinesUpdate(own, g.Desired, p); e != nil {
			return e
		}
	}
	p.Mode = new(cmp.Or(text(p.Mode), text(is.Mode)))
	if p.OSDiskSizeGB != nil && *p.OSDiskSizeGB == 0 {
		p.OSDiskSizeGB = nil // the default that was taken at creation
	}
	for _, field := range []struct {
		name string
		same bool
	}{
		{"vmSize", sameText(p.VMSize, is.VMSize)},
		{"osDiskSizeGB", p.OSDiskSizeGB == nil || number(p.OSDiskSizeGB) == number(is.OSDiskSizeGB)},
		{"osDiskType", sameText(p.OSDiskType, is.OSDiskType)},
		{"osType", sameText(p.OSType, is.OSType)},
		{"type", sameText(p.Type, is.Type)},
		{"vnetSubnetID", sameText(p.VnetSubnetID, is.VnetSubnetID)},
		{"maxPods", p.MaxPods == nil || number(p.MaxPods) == number(is.MaxPods)},
		{"availabilityZones", p.AvailabilityZones == nil && kept || slices.Equal(p.AvailabilityZones, is.AvailabilityZones)},
		{"enableNodePublicIP", p.EnableNodePublicIP == nil || yes(p.EnableNodePublicIP) == yes(is.EnableNodePublicIP)},
		{"enableEncryptionAtHost", p.EnableEncryptionAtHost == nil || yes(p.EnableEncryptionAtHost) == yes(is.EnableEncryptionAtHost)},
		{"enableUltraSSD", p.EnableUltraSSD == nil || yes(p.EnableUltraSSD) == yes(is.EnableUltraSSD)},
		{"scaleSetPriority", p.ScaleSetPriority == nil && kept || priority(p) == priority(&is)},
		{"scaleSetEvictionPolicy", sameText(p.ScaleSetEvictionPolicy, is.ScaleSetEvictionPolicy)},
		{"spotMaxPrice", p.SpotMaxPrice == nil && (kept || !is.spot()) || p.SpotMaxPrice != nil && is.SpotMaxPrice != nil && *p.SpotMaxPrice == *is.SpotMaxPrice},
	} {
		if !field.same {
			return unchangeable("properties." + field.name)
		}
	}
	if p.OSSKU != nil && *p.OSSKU != text(is.OSSKU) {
		return notSimulated("a change of osSKU")
	}
	p.VMSize, p.OSDiskSizeGB, p.OSDiskType, p.MaxPods, p.VnetSubnetID = is.VMSize, is.OSDiskSizeGB, is.OSDiskType, is.MaxPods, is.VnetSubnetID
	if p.UpgradeSettings == nil {
		p.UpgradeSettings = is.UpgradeSettings
	}
	p.ScaleSetPriority = is.ScaleSetPriority
	if p.spot() && *p.Mode == modeSystem {
		return spotOfSystem()
	}
	if p.spot() && s.assumed.SpotMarksRestored {
		s.markSpot(p)
	}
	keepPower(rec, g, p)
	if e := checkEnums(p); e != nil {
		return e
	}
	if e := s.checkSizes(p); e != nil {
		return e
	}
	if e := s.checkNodeWords(p); e != nil {
		return e
	}
	return s.checkTagNames(p.Tags, false)
}

// priority is that of the machines of a pool; without a word they are regular ones.
func priority(p *poolProperties) string { return cmp.Or(text(p.ScaleSetPriority), priorityRegular) }

// keepPower lets the power state that a pool has come back in a request; another
// one is to start or stop it, which is not simulated.
func keepPower(rec *clusterRecord, g *core.NodeGroup, p *poolProperties) {
	stopped := g.State == profile.Stopped || rec.live.State == profile.Stopped
	if p.PowerState != nil && p.PowerState.Code == "Stopped" && stopped {
		p.PowerState = nil
	}
}

func unchangeable(field string) *apiError {
	return fail(http.StatusBadRequest, "PropertyChangeNotAllowed", "Changing property '%s' is not allowed.", field).at(field)
}

// poolTarget is the version that a pool is to move to; empty if it stays.
func (s *Server) poolTarget(rec *clusterRecord, g *core.NodeGroup, own *poolRecord, p *poolProperties) (string, *apiError) {
	asked := text(p.OrchestratorVersion)
	if asked == "" || asked == own.requested || asked == minorOf(g.Version) {
		return "", nil
	}
	if e := s.checkPoolVersion(p, rec.live.Version); e != nil {
		return "", e
	}
	switch target := *p.OrchestratorVersion; {
	case target == g.Version:
		return "", nil
	case newer(g.Version, target):
		return "", notAllowed(http.StatusBadRequest, "Downgrading agent pool '%s' from version %s to %s is not allowed.", own.name, g.Version, target)
	case target != rec.live.Version:
		return "", notSimulated("an agent pool that moves to another version than the control plane's")
	default:
		return target, nil
	}
}

// applyPool starts the operation that a PUT on a pool is.
func (s *Server) applyPool(c *call, rec *clusterRecord, g *core.NodeGroup, p *poolProperties, version string) (core.Result, *apiError) {
	auto, n := yes(p.EnableAutoScaling), number(p.Count)
	toggled, sized := auto != g.Auto, n != g.Desired
	bounded := auto && (number(p.MinCount) != g.Min || number(p.MaxCount) != g.Max)
	if version != "" && (toggled || sized || bounded) {
		return core.Result{}, notSimulated("an upgrade of an agent pool together with a change of its size")
	}
	if g.State == profile.CreateFailed || g.State == profile.DeleteFailed || g.State == profile.Stopped {
		// AKS tries again; the core wants a pool that is there.
		if e := s.must(c.Now, core.Force{ClusterID: rec.live.ID, GroupID: g.ID, State: profile.UpdateFailed, Reason: g.Reason}); e != nil {
			return core.Result{}, e
		}
	}
	switching := core.SetAutoScaling{ClusterID: rec.live.ID, GroupID: g.ID, On: auto, Min: number(p.MinCount), Max: number(p.MaxCount)}
	switch {
	case version != "":
		return s.onCluster(c, rec, core.UpgradeNodeGroup{ClusterID: rec.live.ID, GroupID: g.ID})
	case !sized:
		return s.onCluster(c, rec, switching)
	case toggled:
		// Two commands of the core in one call: the first takes effect at once.
		outcome := c.Outcome
		c.Outcome = core.Outcome{}
		if _, e := s.onCluster(c, rec, switching); e != nil {
			return core.Result{}, e
		}
		c.Outcome = outcome
		if e := s.must(c.Now, core.Force{ClusterID: rec.live.ID, GroupID: g.ID, State: profile.Active}); e != nil {
			return core.Result{}, e
		}
	}
	return s.onCluster(c, rec, core.Scale{
		ClusterID: rec.live.ID, GroupID: g.ID, Desired: clamp(p), Min: number(p.MinCount), Max: number(p.MaxCount),
	})
}

// clamp is the size that the autoscaler leaves.
func clamp(p *poolProperties) int {
	n := number(p.Count)
	if yes(p.EnableAutoScaling) {
		n = min(max(n, number(p.MinCount)), number(p.MaxCount))
	}
	return n
}

// keepPool takes over what a request changes and the core has no place for.
func (s *Server) keepPool(own *poolRecord, p *poolProperties) {
	own.spec.Mode, own.spec.UpgradeSettings = p.Mode, p.UpgradeSettings
	own.spec.Tags, own.spec.NodeLabels, own.spec.NodeTaints = p.Tags, p.NodeLabels, p.NodeTaints
	own.spec.VirtualMachinesProfile, own.spec.KubeletConfig = p.VirtualMachinesProfile, p.KubeletConfig
	own.requested = cmp.Or(text(p.OrchestratorVersion), own.requested)
}
