// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

var (
	poolNamePattern = regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`)
	surgePattern    = regexp.MustCompile(`^[0-9]+%?$`)
)

const (
	modeSystem = "System"
	modeUser   = "User"

	diskEphemeral = "Ephemeral"
	diskManaged   = "Managed"

	joinAction = "Microsoft.Network/virtualNetworks/subnets/join/action"
)

// enumTable lists the values that members of a pool may have; "" stands for a
// member that is not given, and those behind a "!" are known and not simulated.
var enumTable = map[string][]string{
	"mode":          {"", modeSystem, modeUser, "!Gateway", "!ManagedSystem"},
	"osDiskType":    {"", diskEphemeral, diskManaged},
	"osSKU":         {"", "AzureLinux", "AzureLinux3", "Ubuntu", "Ubuntu2204", "Ubuntu2404", "Windows2019", "Windows2022", "Windows2025", "!CBLMariner"},
	"osType":        {"", osLinux, osWindows},
	"scaleDownMode": {"", "Delete", "!Deallocate"},
	"type":          {"", typeScaleSet, typeMachines, "!AvailabilitySet"},

	"scaleSetEvictionPolicy":                  {"", "Delete", "!Deallocate"},
	"scaleSetPriority":                        {"", priorityRegular, prioritySpot},
	"upgradeSettings.undrainableNodeBehavior": {"", "Cordon", "Schedule"},
}

// planPools checks the pools of a new cluster and fills their defaults in.
func (s *Server) planPools(c *call, p *clusterProperties) *apiError {
	pools := p.AgentPoolProfiles
	switch {
	case len(pools) == 0:
		return required("agentPoolProfiles")
	case len(pools) > s.world.Profile().Limits.NodeGroups:
		return invalid("agentPoolProfiles", "a cluster may have at most %d agent pools, got %d", s.world.Profile().Limits.NodeGroups, len(pools))
	}
	seen, system := map[string]bool{}, false
	version := s.resolveVersion(text(p.KubernetesVersion))
	for i := range pools {
		name := text(pools[i].Name)
		if seen[name] {
			return invalid("agentPoolProfile.name", "%q is given twice", name)
		}
		seen[name] = true
		pools[i].Mode = new(cmp.Or(text(pools[i].Mode), modeUser))
		if i == 0 && pools[i].spot() {
			return invalid("agentPoolProfile.scaleSetPriority", "the first agent pool of a cluster must have the scaleSetPriority Regular")
		}
		if e := s.planPool(c, name, &pools[i].poolProperties, version, p.NetworkProfile.NetworkPluginMode); e != nil {
			return e
		}
		system = system || *pools[i].Mode == modeSystem
	}
	if !system {
		return fail(http.StatusBadRequest, "MustDefineAtLeastOneSystemPool", "Must define at least one system pool.").at("agentPoolProfiles")
	}
	return nil
}

// planPool checks a new pool and fills its defaults in. version is that of the
// control plane.
func (s *Server) planPool(c *call, name string, p *poolProperties, version, mode string) *apiError {
	if !poolNamePattern.MatchString(name) {
		return invalid("agentPoolProfile.name", "The agent pool name must begin with a lower-case letter and have at most 12 lower-case letters and digits, got %.64q", name)
	}
	if text(p.Mode) == "" {
		return required("properties.mode")
	}
	for _, check := range []func() *apiError{
		func() *apiError { return checkEnums(p) },
		func() *apiError { return s.planKind(name, p) },
		func() *apiError { return s.checkSizes(p) },
		func() *apiError { return s.planMachine(p) },
		func() *apiError { return planPods(p, mode) },
		func() *apiError { return s.checkTagNames(p.Tags, false) },
		func() *apiError { return s.checkNodeWords(p) },
		func() *apiError { return s.checkSubnet(c, text(p.VnetSubnetID)) },
		func() *apiError { return s.checkPoolVersion(p, version) },
		func() *apiError { return s.checkZones(p) },
	} {
		if e := check(); e != nil {
			return e
		}
	}
	p.ScaleDownMode = new("Delete")
	p.EnableNodePublicIP, p.EnableFIPS = new(yes(p.EnableNodePublicIP)), new(yes(p.EnableFIPS))
	p.KubeletDiskType, p.PowerState, p.VirtualMachineNodesStatus = new("OS"), nil, nil
	return nil
}

// checkEnums checks what can be said of a pool without looking at anything else.
func checkEnums(p *poolProperties) *apiError {
	undrainable := ""
	if p.UpgradeSettings != nil {
		undrainable = p.UpgradeSettings.UndrainableNodeBehavior
	}
	for _, field := range []struct{ name, value string }{
		{"mode", text(p.Mode)}, {"osDiskType", text(p.OSDiskType)}, {"osSKU", text(p.OSSKU)},
		{"osType", text(p.OSType)}, {"scaleDownMode", text(p.ScaleDownMode)}, {"type", text(p.Type)},
		{"scaleSetEvictionPolicy", text(p.ScaleSetEvictionPolicy)}, {"scaleSetPriority", text(p.ScaleSetPriority)},
		{"upgradeSettings.undrainableNodeBehavior", undrainable},
	} {
		switch {
		case slices.Contains(enumTable[field.name], field.value):
		case slices.Contains(enumTable[field.name], "!"+field.value):
			return notSimulated("%s %s", field.name, field.value)
		default:
			return invalid("agentPoolProfile."+field.name, "%.64q is not a value of it", field.value)
		}
	}
	if e := checkUpgradeSettings(p.UpgradeSettings); e != nil {
		return e
	}
	if k := p.KubeletConfig; k != nil && k.ContainerLogMaxFiles != nil && *k.ContainerLogMaxFiles < 2 {
		return invalid("agentPoolProfile.kubeletConfig.containerLogMaxFiles", "it must be at least 2, got %d", *k.ContainerLogMaxFiles)
	}
	switch {
	case yes(p.EnableFIPS):
		return notSimulated("enableFIPS")
	case text(p.KubeletDiskType) != "" && *p.KubeletDiskType != "OS":
		return notSimulated("kubeletDiskType %s", *p.KubeletDiskType)
	case p.PowerState != nil && p.PowerState.Code != "" && p.PowerState.Code != "Running":
		return notSimulated("powerState %.64s of an agent pool", p.PowerState.Code)
	}
	return nil
}

func checkUpgradeSettings(u *upgradeSettings) *apiError {
	switch {
	case u == nil:
		return nil
	case u.MaxSurge != "" && (!surgePattern.MatchString(u.MaxSurge) || u.MaxSurge == "0" || len(u.MaxSurge) > 4):
		return invalid("agentPoolProfile.upgradeSettings.maxSurge", "%.64q is neither a positive number nor a percentage", u.MaxSurge)
	}
	for _, field := range []struct {
		name        string
		value       *int32
		least, most int32
	}{{"drainTimeoutInMinutes", u.DrainTimeoutInMinutes, 1, 1440}, {"nodeSoakDurationInMinutes", u.NodeSoakDurationInMinutes, 0, 30}} {
		if field.value != nil && (*field.value < field.least || *field.value > field.most) {
			return invalid("agentPoolProfile.upgradeSettings."+field.name, "it must be between %d and %d, got %d", field.least, field.most, *field.value)
		}
	}
	return nil
}

// checkSizes checks count, bounds and autoscaling.
func (s *Server) checkSizes(p *poolProperties) *apiError {
	least := 0
	if text(p.Mode) == modeSystem {
		least = s.assumed.MinSystemNodes
	}
	limit := s.world.Profile().Limits.NodesPerGroup
	if p.Count == nil {
		return required("properties.count")
	}
	if n := number(p.Count); n < least || n > limit {
		return invalid("agentPoolProfile.count", "The count of an agent pool of mode %s must be between %d and %d, got %d", text(p.Mode), least, limit, n)
	}
	auto := yes(p.EnableAutoScaling)
	for _, bound := range []struct {
		name  string
		value *int32
		least int
	}{{"minCount", p.MinCount, least}, {"maxCount", p.MaxCount, 1}} {
		target := "agentPoolProfile." + bound.name
		switch {
		case !auto && bound.value != nil && s.assumed.BoundsRefusedAsBadRequest:
			return badRequest("%s must not be set when autoscaling is not enabled.", bound.name).at(target)
		case !auto && bound.value != nil:
			return invalid(target, "it must not be set when enableAutoScaling is false")
		case auto && bound.value == nil:
			return invalid(target, "it must be set when enableAutoScaling is true")
		case auto && (number(bound.value) < bound.least || number(bound.value) > limit):
			return invalid(target, "it must be between %d and %d, got %d", bound.least, limit, number(bound.value))
		}
	}
	lower, upper, n := number(p.MinCount), number(p.MaxCount), number(p.Count)
	switch {
	case !auto:
		return nil
	case lower > upper:
		return invalid("agentPoolProfile.minCount", "minCount %d must not be above maxCount %d", lower, upper)
	case s.assumed.CountMayLeaveBounds:
		return nil
	case n < lower:
		return invalid("agentPoolProfile.minCount", "count %d must not be below minCount %d", n, lower)
	case n > upper:
		return invalid("agentPoolProfile.maxCount", "count %d must not be above maxCount %d", n, upper)
	}
	return nil
}

// planMachine checks the size of the machines and of their disks.
func (s *Server) planMachine(p *poolProperties) *apiError {
	if text(p.VMSize) == "" {
		return required("properties.vmSize")
	}
	size, ok := s.resources.vmSize(*p.VMSize)
	if !ok || size.NotAllowed {
		return badRequest("The VM size of %.64s is not allowed in your subscription in location '%s'. The available VM sizes are listed at https://aka.ms/aks/skus.", *p.VMSize, s.location)
	}
	least := 4
	if s.assumed.SmallSystemPools {
		least = 2
	}
	if text(p.Mode) == modeSystem && (size.burstable() || size.VCPUs < least || size.MemoryGiB < 4) {
		return invalid("vmSize", "System node pools need at least %d vCPUs and 4 GB of memory, and no machines of the B series, got %s", least, size.Name)
	}
	return s.planDisk(p, size)
}

func (s *Server) planDisk(p *poolProperties, size VMSize) *apiError {
	n := number(p.OSDiskSizeGB)
	if n < 0 || n > 0 && !s.assumed.LooseDiskSize && (n < 30 || n > 2048) {
		return invalid("agentPoolProfile.osDiskSizeGB", "it must be between 30 and 2048, or 0 for the default, got %d", n)
	}
	kind := text(p.OSDiskType)
	if kind == diskEphemeral && size.TempDiskGB < max(n, 1) {
		return badRequest("The virtual machine size %s has a cache or temporary disk of %d GB, but the OS disk requires %d GB. "+
			"Use a VM size with a larger one or disable ephemeral OS.", size.Name, size.TempDiskGB, n)
	}
	if kind == "" {
		kind = diskManaged
		if size.TempDiskGB >= max(n, 128) {
			kind = diskEphemeral
		}
	}
	if n == 0 {
		switch {
		case kind == diskEphemeral:
			n = size.TempDiskGB
		case size.VCPUs < 8:
			n = 128
		case size.VCPUs < 16:
			n = 256
		case size.VCPUs < 64:
			n = 512
		default:
			n = 1024
		}
	}
	p.OSDiskType, p.OSDiskSizeGB = &kind, new(int32(n))
	return nil
}

// planPods checks how many pods a node takes.
func planPods(p *poolProperties, mode string) *apiError {
	if p.MaxPods == nil || *p.MaxPods == 0 {
		p.MaxPods = new(int32(30))
		if mode == overlay {
			p.MaxPods = new(int32(250))
		}
	}
	switch n := number(p.MaxPods); {
	case n < 10 || n > 250:
		return invalid("agentPoolProfile.maxPods", "it must be between 10 and 250, got %d", n)
	case text(p.Mode) == modeSystem && n*number(p.Count) < 30:
		return invalid("agentPoolProfile.maxPods", "System node pools must have room for 30 pods, got %d", n*number(p.Count))
	}
	return nil
}

// checkSubnet checks the subnet of a pool, and that the caller may join it.
func (s *Server) checkSubnet(c *call, id string) *apiError {
	if id == "" {
		return nil
	}
	_, subnet, ok := s.subnetByID(id)
	switch {
	case !ok:
		return badSubnet(id)
	case c.who.app.denied(joinAction):
		return gateway(http.StatusForbidden, "LinkedAuthorizationFailed", "The client has permission to perform action '%s' on scope '%s', however the current tenant "+
			"is not authorized to access linked subscription, or it does not have permission to perform action '%s' on the linked scope '%s'.", c.action, c.path, joinAction, id)
	case subnet.Delegation != "":
		return fail(http.StatusBadRequest, "SubnetIsDelegated", "Subnet %s is delegated to %s and cannot be used by a managed cluster.", id, subnet.Delegation)
	}
	ref := armID(id)
	for _, name := range append([]string{ref.group}, ref.names...) {
		if len(name) > 63 {
			return invalid("agentPoolProfile.vnetSubnetID", "the names of subnet, network and resource group may have 63 characters, %.80s has %s", name, strconv.Itoa(len(name)))
		}
	}
	return nil
}

// checkPoolVersion: a pool is never ahead of the control plane, and not far behind.
func (s *Server) checkPoolVersion(p *poolProperties, version string) *apiError {
	asked := text(p.OrchestratorVersion)
	if asked == "" {
		return nil
	}
	resolved := s.resolveVersion(asked)
	if minorOf(version) == asked {
		resolved = version
	}
	if e := s.checkVersion(asked, resolved, resolved == version, "AgentPoolK8sVersionNotSupported"); e != nil {
		return e
	}
	if newer(resolved, version) || tooFarBehind(resolved, version, s.world.Profile().Upgrade.MaxSkew) {
		return fail(http.StatusBadRequest, "NodePoolMcVersionIncompatible", "Node pool version %s and control plane version %s are incompatible. "+
			"Minor version of node pool cannot be bigger than control plane version, nor more than %d minors smaller.", resolved, version, s.world.Profile().Upgrade.MaxSkew)
	}
	p.OrchestratorVersion = &resolved
	return nil
}

func (s *Server) checkZones(p *poolProperties) *apiError {
	for i, zone := range p.AvailabilityZones {
		if !slices.Contains(s.world.Profile().Zones, zone) || slices.Contains(p.AvailabilityZones[:i], zone) {
			return fail(http.StatusBadRequest, "AvailabilityZoneNotSupported", "The zone(s) '%.64s' for resource is not supported. The supported zones for location '%s' are '%s'.",
				zone, s.location, strings.Join(s.world.Profile().Zones, ","))
		}
	}
	return nil
}

// checkVCPUs compares the vCPUs of all nodes with the quota; those of the cluster
// that is being changed are counted as they are to be.
func (s *Server) checkVCPUs(changed *clusterRecord, pools []poolProfile) *apiError {
	if s.vcpuQuota == 0 {
		return nil
	}
	sum := 0
	add := func(size string, n int) {
		v, _ := s.resources.vmSize(size)
		sum += v.VCPUs * n
	}
	for _, rec := range s.latest {
		if rec == changed || rec.live.State == profile.Gone {
			continue
		}
		for _, g := range rec.live.Groups {
			add(g.Spec.VMSpecName, g.Desired)
		}
	}
	before := sum
	for _, p := range pools {
		add(text(p.VMSize), number(p.Count))
	}
	if sum > s.vcpuQuota {
		return fail(http.StatusBadRequest, "ErrCode_InsufficientVCPUQuota", "Insufficient vcpu quota requested %d, remaining %d for family in region %s. "+
			"Please request a quota increase.", sum-before, max(0, s.vcpuQuota-before), s.location)
	}
	return nil
}

// lastSystem reports whether a pool is the only one of mode System that is to stay.
func lastSystem(rec *clusterRecord, g *core.NodeGroup) bool {
	if text(rec.pools[g.Name].spec.Mode) != modeSystem {
		return false
	}
	for _, other := range rec.live.Groups {
		if other != g && other.State != profile.Deleting && text(rec.pools[other.Name].spec.Mode) == modeSystem {
			return false
		}
	}
	return true
}
