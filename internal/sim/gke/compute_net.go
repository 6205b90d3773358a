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
	out := networkObject{resource: s.resource("network", "global/networks/"+n.Name, n.Name), AutoCreateSubnetworks: n.Name == "default"}
	for _, sub := range s.resources.Subnetworks {
		if sub.Network == n.Name {
			out.Subnetworks = append(out.Subnetworks, s.computeLink("regions/"+sub.Region+"/subnetworks/"+sub.Name))
		}
	}
	return out
}

func (s *Server) getNetwork(in computeCallInfo) (any, *apiError) {
	name := in.labels["network"]
	if !s.resources.network(name) {
		return nil, s.noResource("global/networks/" + name)
	}
	return s.networkObject(Network{name}), nil
}

func (s *Server) listNetworks(in computeCallInfo) (any, *apiError) {
	var all []networkObject
	for _, n := range s.resources.Networks {
		all = append(all, s.networkObject(n))
	}
	return pageOf(s, in, "networkList", "global/networks", all)
}

func (s *Server) subnetworkObject(sub Subnetwork) subnetworkObject {
	out := subnetworkObject{
		resource: s.resource("subnetwork", "regions/"+sub.Region+"/subnetworks/"+sub.Name, sub.Name),
		Network:  s.computeLink("global/networks/" + sub.Network), IPCidrRange: sub.CIDR,
		Region: s.computeLink("regions/" + sub.Region), Purpose: "PRIVATE", StackType: "IPV4_ONLY",
	}
	for _, name := range slices.Sorted(maps.Keys(sub.Secondary)) {
		out.SecondaryIPRanges = append(out.SecondaryIPRanges, rangeObject{name, sub.Secondary[name]})
	}
	return out
}

// regions returns the regions that there are something in.
func (s *Server) regions() []string {
	list := []string{s.region}
	for _, sub := range s.resources.Subnetworks {
		if !slices.Contains(list, sub.Region) {
			list = append(list, sub.Region)
		}
	}
	return list
}

func (s *Server) getSubnetwork(in computeCallInfo) (any, *apiError) {
	region, name := in.labels["region"], in.labels["subnetwork"]
	if !slices.Contains(s.regions(), region) {
		return nil, invalidCompute("Invalid value for field 'region': '%s'. Unknown region.", region)
	}
	sub, ok := s.resources.subnetwork(region, name)
	if !ok {
		return nil, s.noResource("regions/" + region + "/subnetworks/" + name)
	}
	return s.subnetworkObject(sub), nil
}

func (s *Server) listSubnetworks(in computeCallInfo) (any, *apiError) {
	region := in.labels["region"]
	if !slices.Contains(s.regions(), region) {
		return nil, invalidCompute("Invalid value for field 'region': '%s'. Unknown region.", region)
	}
	var all []subnetworkObject
	for _, sub := range s.resources.Subnetworks {
		if sub.Region == region {
			all = append(all, s.subnetworkObject(sub))
		}
	}
	return pageOf(s, in, "subnetworkList", "regions/"+region+"/subnetworks", all)
}

func (s *Server) getRegion(in computeCallInfo) (any, *apiError) {
	name := in.labels["region"]
	if name != s.region {
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
	if !slices.Contains(s.zones(), zone) {
		return "", invalidCompute("Invalid value for field 'zone': '%s'. Unknown zone.", zone)
	}
	return zone, nil
}

func (s *Server) getZone(in computeCallInfo) (any, *apiError) {
	if zone := in.labels["zone"]; !slices.Contains(s.zones(), zone) {
		return nil, s.noResource("zones/" + zone)
	}
	return s.zoneObject(in.labels["zone"]), nil
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
