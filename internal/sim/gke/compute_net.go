// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"maps"
	"slices"
)

func (s *Server) getProject(computeCallInfo) (any, *apiError) {
	out := projectObject{resource: s.resource("project", "", s.project)}
	out.SelfLink = out.SelfLink[:len(out.SelfLink)-1] // there is nothing behind the project
	if len(s.resources.ServiceAccounts) > 0 {
		out.DefaultServiceAccount = s.resources.ServiceAccounts[0]
	}
	return out, nil
}

func (s *Server) networkObject(n Network) networkObject {
	out := networkObject{resource: s.resourceOf(n.Project, "network", "global/networks/"+n.Name, n.Name), AutoCreateSubnetworks: n.Name == "default"}
	for _, sub := range s.resources.Subnetworks {
		if sub.Network == n.Name && sub.Project == n.Project {
			out.Subnetworks = append(out.Subnetworks, s.linkIn(n.Project, "regions/"+sub.Region+"/subnetworks/"+sub.Name))
		}
	}
	return out
}

func (s *Server) getNetwork(in computeCallInfo) (any, *apiError) {
	name := in.labels["network"]
	if !s.resources.network(in.host, name) {
		return nil, s.noResourceIn(in.host, "global/networks/"+name)
	}
	return s.networkObject(Network{name, in.host}), nil
}

func (s *Server) listNetworks(in computeCallInfo) (any, *apiError) {
	var all []networkObject
	for _, n := range s.resources.Networks {
		if n.Project == in.host {
			all = append(all, s.networkObject(n))
		}
	}
	return pageOf(s, in, "networkList", "global/networks", all)
}

func (s *Server) subnetworkObject(sub Subnetwork) subnetworkObject {
	out := subnetworkObject{
		resource: s.resourceOf(sub.Project, "subnetwork", "regions/"+sub.Region+"/subnetworks/"+sub.Name, sub.Name),
		Network:  s.linkIn(sub.Project, "global/networks/"+sub.Network), IPCidrRange: sub.CIDR,
		Region: s.linkIn(sub.Project, "regions/"+sub.Region), Purpose: "PRIVATE", StackType: "IPV4_ONLY",
	}
	for _, name := range slices.Sorted(maps.Keys(sub.Secondary)) {
		out.SecondaryIPRanges = append(out.SecondaryIPRanges, rangeObject{name, sub.Secondary[name]})
	}
	return out
}

// inRegion wants a region that there is; what it holds is what Resources say.
func (s *Server) inRegion(in computeCallInfo) (string, *apiError) {
	region := in.labels["region"]
	if region != s.region && !realRegion(region) {
		return "", invalidCompute("Invalid value for field 'region': '%s'. Unknown region.", region)
	}
	return region, nil
}

func (s *Server) getSubnetwork(in computeCallInfo) (any, *apiError) {
	region, e := s.inRegion(in)
	if e != nil {
		return nil, e
	}
	name := in.labels["subnetwork"]
	sub, ok := s.resources.subnetwork(in.host, region, name)
	if !ok {
		return nil, s.noResourceIn(in.host, "regions/"+region+"/subnetworks/"+name)
	}
	return s.subnetworkObject(sub), nil
}

func (s *Server) listSubnetworks(in computeCallInfo) (any, *apiError) {
	region, e := s.inRegion(in)
	if e != nil {
		return nil, e
	}
	var all []subnetworkObject
	for _, sub := range s.resources.Subnetworks {
		if sub.Region == region && sub.Project == in.host {
			all = append(all, s.subnetworkObject(sub))
		}
	}
	return pageOf(s, in, "subnetworkList", "regions/"+region+"/subnetworks", all)
}

func (s *Server) getRegion(in computeCallInfo) (any, *apiError) {
	name := in.labels["region"]
	switch {
	case name == s.region:
	case realRegion(name):
		return nil, noLocation(name)
	default:
		return nil, s.noResource("regions/" + name)
	}
	out := regionObject{resource: s.resource("region", "regions/"+name, name), Status: "UP"}
	for _, zone := range s.zones() {
		out.Zones = append(out.Zones, s.computeLink("zones/"+zone))
	}
	return out, nil
}

func (s *Server) zoneObject(name string) zoneObject {
	return zoneObject{s.resource("zone", "zones/"+name, name), s.computeLink("regions/" + s.region), "UP"}
}

// inZone wants a zone that there is.
func (s *Server) inZone(in computeCallInfo) (string, *apiError) {
	zone := in.labels["zone"]
	switch {
	case slices.Contains(s.zones(), zone):
	case realZone(zone):
		return "", noLocation(zone)
	default:
		return "", invalidCompute("Invalid value for field 'zone': '%s'. Unknown zone.", zone)
	}
	return zone, nil
}

func (s *Server) getZone(in computeCallInfo) (any, *apiError) {
	zone := in.labels["zone"]
	switch {
	case slices.Contains(s.zones(), zone):
		return s.zoneObject(zone), nil
	case realZone(zone):
		return nil, noLocation(zone)
	}
	return nil, s.noResource("zones/" + zone)
}

func (s *Server) listZones(in computeCallInfo) (any, *apiError) {
	var all []zoneObject
	for _, zone := range s.zones() {
		all = append(all, s.zoneObject(zone))
	}
	return pageOf(s, in, "zoneList", "zones", all)
}

func (s *Server) machineTypeObject(zone string, m MachineType) machineTypeObject {
	return machineTypeObject{s.resource("machineType", "zones/"+zone+"/machineTypes/"+m.Name, m.Name), m.CPUs, m.MemoryMiB, zone}
}

func (s *Server) getMachineType(in computeCallInfo) (any, *apiError) {
	zone, e := s.inZone(in)
	if e != nil {
		return nil, e
	}
	m, ok := s.resources.machineType(in.labels["machineType"], zone)
	if !ok {
		return nil, s.noResource("zones/" + zone + "/machineTypes/" + in.labels["machineType"])
	}
	return s.machineTypeObject(zone, m), nil
}

func (s *Server) listMachineTypes(in computeCallInfo) (any, *apiError) {
	zone, e := s.inZone(in)
	if e != nil {
		return nil, e
	}
	var all []machineTypeObject
	for _, m := range s.resources.MachineTypes {
		if _, ok := s.resources.machineType(m.Name, zone); ok {
			all = append(all, s.machineTypeObject(zone, m))
		}
	}
	return pageOf(s, in, "machineTypeList", "zones/"+zone+"/machineTypes", all)
}

func (s *Server) getDiskType(in computeCallInfo) (any, *apiError) {
	zone, e := s.inZone(in)
	if e != nil {
		return nil, e
	}
	name := in.labels["diskType"]
	if !slices.Contains(s.resources.DiskTypes, name) {
		return nil, s.noResource("zones/" + zone + "/diskTypes/" + name)
	}
	return diskTypeObject{s.resource("diskType", "zones/"+zone+"/diskTypes/"+name, name), s.computeLink("zones/" + zone)}, nil
}
