// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"math"
	"strings"
)

// The kinds of pools beside the common one of Linux in a scale set.
const (
	osLinux   = "Linux"
	osWindows = "Windows"

	typeScaleSet = "VirtualMachineScaleSets"
	typeMachines = "VirtualMachines"

	priorityRegular = "Regular"
	prioritySpot    = "Spot"
)

// machinesPool reports whether the nodes of a pool are single machines and no scale
// set. Such a pool has neither a count nor a size of its own.
func (p poolProperties) machinesPool() bool { return text(p.Type) == typeMachines }

func (p poolProperties) windows() bool { return text(p.OSType) == osWindows }

func (p poolProperties) spot() bool { return text(p.ScaleSetPriority) == prioritySpot }

// planKind checks what a new pool of one of those kinds may have, and fills its
// defaults in.
func (s *Server) planKind(name string, p *poolProperties) *apiError {
	for _, kind := range []struct {
		is   bool
		plan func(string, *poolProperties) *apiError
	}{
		{p.windows(), planWindowsPool},
		{!p.windows(), planLinuxPool},
		{p.spot(), s.planSpotPool},
		{!p.spot(), planRegularPool},
		{p.machinesPool(), planMachinesPool},
		{!p.machinesPool(), planScaleSetPool},
	} {
		if !kind.is {
			continue
		}
		if e := kind.plan(name, p); e != nil {
			return e
		}
	}
	return nil
}

func planWindowsPool(name string, p *poolProperties) *apiError {
	switch {
	case len(name) > 6:
		return invalid("agentPoolProfile.name", "Windows agent pool name can not be longer than 6 characters, got %.64q", name)
	case text(p.Mode) == modeSystem:
		return invalid("agentPoolProfile.osType", "System node pools must have the osType Linux")
	}
	p.OSSKU = new(cmp.Or(text(p.OSSKU), "Windows2022"))
	if !strings.HasPrefix(*p.OSSKU, osWindows) {
		return invalid("agentPoolProfile.osSKU", "%q does not go with the osType Windows", *p.OSSKU)
	}
	return nil
}

func planLinuxPool(_ string, p *poolProperties) *apiError {
	p.OSType, p.OSSKU = new(osLinux), new(cmp.Or(text(p.OSSKU), "Ubuntu"))
	if strings.HasPrefix(*p.OSSKU, osWindows) {
		return invalid("agentPoolProfile.osSKU", "%q does not go with the osType Linux", *p.OSSKU)
	}
	return nil
}

func planRegularPool(_ string, p *poolProperties) *apiError {
	switch {
	case text(p.ScaleSetEvictionPolicy) != "":
		return invalid("agentPoolProfile.scaleSetEvictionPolicy", "it needs the scaleSetPriority Spot")
	case p.SpotMaxPrice != nil && *p.SpotMaxPrice != -1:
		return invalid("agentPoolProfile.spotMaxPrice", "it needs the scaleSetPriority Spot")
	}
	p.SpotMaxPrice = nil
	return nil
}

// planSpotPool: machines that may be taken away at any time are no place for the
// pods of the system, and AKS marks them so that others keep off as well.
func (s *Server) planSpotPool(_ string, p *poolProperties) *apiError {
	switch {
	case text(p.Mode) == modeSystem:
		return spotOfSystem()
	case p.machinesPool():
		return notSimulated("spot machines outside of a scale set")
	case p.UpgradeSettings != nil && p.UpgradeSettings.MaxSurge != "":
		return invalid("agentPoolProfile.upgradeSettings.maxSurge", "Spot pools can't set max surge")
	}
	p.ScaleSetEvictionPolicy = new(cmp.Or(text(p.ScaleSetEvictionPolicy), "Delete"))
	if p.SpotMaxPrice == nil {
		p.SpotMaxPrice = new(-1.0)
	}
	// A price has five decimals at most; as a number it may be off by less.
	if price := *p.SpotMaxPrice; price != -1 && (price <= 0 || math.Abs(price*1e5-math.Round(price*1e5)) > 1e-3*max(1, price)) {
		return invalid("agentPoolProfile.spotMaxPrice", "it must be -1 or a positive number of at most five decimals, got %v", price)
	}
	s.markSpot(p)
	return nil
}

func spotOfSystem() *apiError {
	return invalid("agentPoolProfile.scaleSetPriority", "System node pools must have the scaleSetPriority Regular")
}

func planScaleSetPool(_ string, p *poolProperties) *apiError {
	if p.VirtualMachinesProfile != nil {
		return invalid("agentPoolProfile.virtualMachinesProfile", "it needs the type VirtualMachines")
	}
	p.Type = new(typeScaleSet)
	return nil
}

// planMachinesPool takes the make-up of a pool of single machines. The simulator
// keeps its sum as the count and its first size as the size, and shows neither.
func planMachinesPool(_ string, p *poolProperties) *apiError {
	switch {
	case p.Count != nil:
		return invalid("agentPoolProfile.count", "it must not be set for the type VirtualMachines; use virtualMachinesProfile")
	case text(p.VMSize) != "":
		return invalid("agentPoolProfile.vmSize", "it must not be set for the type VirtualMachines; use virtualMachinesProfile")
	case yes(p.EnableAutoScaling) || p.MinCount != nil || p.MaxCount != nil:
		return invalid("agentPoolProfile.enableAutoScaling", "it must not be set for the type VirtualMachines; use virtualMachinesProfile")
	case p.VirtualMachinesProfile == nil || len(p.VirtualMachinesProfile.Scale.Manual) == 0:
		return required("properties.virtualMachinesProfile.scale")
	}
	sum := int32(0)
	for _, m := range p.VirtualMachinesProfile.Scale.Manual {
		if m.Size == "" || m.Count < 0 {
			return invalid("agentPoolProfile.virtualMachinesProfile.scale.manual", "each needs a size and a count")
		}
		sum += m.Count
	}
	p.Count, p.VMSize = &sum, &p.VirtualMachinesProfile.Scale.Manual[0].Size
	return nil
}

// planMachinesUpdate is planMachinesPool for a pool that exists, whose make-up stays
// if none is given. The mix of sizes is not simulated beyond the first one.
func planMachinesUpdate(own *poolRecord, count int, p *poolProperties) *apiError {
	if p.VirtualMachinesProfile == nil {
		p.VirtualMachinesProfile = own.spec.VirtualMachinesProfile
		if p.Count == nil {
			p.Count = new(int32(count))
			return nil
		}
	}
	if e := planMachinesPool(own.name, p); e != nil {
		return e
	}
	if !strings.EqualFold(*p.VMSize, text(own.spec.VMSize)) {
		return notSimulated("a change of the sizes of a pool of machines")
	}
	return nil
}

// showMachines replaces count and size of a pool of single machines by its make-up.
func showMachines(p *poolProperties) {
	p.Count, p.VMSize, p.EnableAutoScaling, p.MinCount, p.MaxCount = nil, nil, nil, nil, nil
	if p.VirtualMachinesProfile != nil {
		p.VirtualMachineNodesStatus = p.VirtualMachinesProfile.Scale.Manual
	}
}
