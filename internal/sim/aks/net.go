// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"strconv"
	"strings"
)

// The JSON of the network provider.
type (
	reference struct {
		ID string `json:"id"`
	}
	vnetObject struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Type       string `json:"type"`
		Location   string `json:"location"`
		ETag       string `json:"etag"`
		Properties struct {
			ProvisioningState string `json:"provisioningState"`
			AddressSpace      struct {
				AddressPrefixes []string `json:"addressPrefixes"`
			} `json:"addressSpace"`
			Subnets []subnetObject `json:"subnets"`
		} `json:"properties"`
	}
	subnetObject struct {
		ID         string           `json:"id" sim:"read"`
		Name       string           `json:"name" sim:"read"`
		Type       string           `json:"type" sim:"read"`
		ETag       string           `json:"etag" sim:"read"`
		Properties subnetProperties `json:"properties"`
	}
	subnetProperties struct {
		ProvisioningState    string      `json:"provisioningState,omitempty" sim:"read"`
		AddressPrefix        string      `json:"addressPrefix"`
		AddressPrefixes      []string    `json:"addressPrefixes,omitempty" sim:"no"`
		NetworkSecurityGroup *reference  `json:"networkSecurityGroup,omitempty"`
		IPConfigurations     []reference `json:"ipConfigurations,omitempty" sim:"read"`
		Delegations          []any       `json:"delegations" sim:"read"`
		PrivateEndpoint      string      `json:"privateEndpointNetworkPolicies,omitempty"`
		PrivateLink          string      `json:"privateLinkServiceNetworkPolicies,omitempty"`
		RouteTable           any         `json:"routeTable,omitempty" sim:"no"`
		NATGateway           any         `json:"natGateway,omitempty" sim:"no"`
	}
	securityGroupObject struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Type       string `json:"type"`
		Location   string `json:"location"`
		ETag       string `json:"etag"`
		Properties struct {
			ProvisioningState string      `json:"provisioningState"`
			SecurityRules     []any       `json:"securityRules"`
			Subnets           []reference `json:"subnets,omitempty"`
		} `json:"properties"`
	}
)

const kindVNet = "Microsoft.Network/virtualNetworks"

func (s *Server) netTag(id string) string { return `W/"` + s.tag(id, 0, "") + `"` }

func (s *Server) vnetObject(v *VirtualNetwork) vnetObject {
	o := vnetObject{ID: s.idOf(v.ResourceGroup, kindVNet, v.Name), Name: v.Name, Type: kindVNet, Location: s.location}
	o.ETag = s.netTag(o.ID)
	o.Properties.ProvisioningState = "Succeeded"
	o.Properties.AddressSpace.AddressPrefixes = v.Prefixes
	o.Properties.Subnets = []subnetObject{}
	for i := range v.Subnets {
		o.Properties.Subnets = append(o.Properties.Subnets, s.subnetObject(v, &v.Subnets[i]))
	}
	return o
}

func (s *Server) subnetObject(v *VirtualNetwork, sub *Subnet) subnetObject {
	o := subnetObject{ID: s.idOf(v.ResourceGroup, kindVNet+"/subnets", v.Name, sub.Name), Name: sub.Name, Type: kindVNet + "/subnets"}
	o.ETag = s.netTag(o.ID)
	o.Properties = subnetProperties{ProvisioningState: "Succeeded", AddressPrefix: sub.Prefix, Delegations: []any{},
		PrivateEndpoint: "Disabled", PrivateLink: "Enabled"}
	if sub.SecurityGroup != "" {
		o.Properties.NetworkSecurityGroup = &reference{sub.SecurityGroup}
	}
	for i := range sub.Used + s.inUse(sub) {
		o.Properties.IPConfigurations = append(o.Properties.IPConfigurations, reference{o.ID + "/ipConfigurations/ipconfig" + strconv.Itoa(i+1)})
	}
	if sub.Delegation != "" {
		o.Properties.Delegations = []any{map[string]any{"name": "delegation", "properties": map[string]any{"serviceName": sub.Delegation}}}
	}
	return o
}

func (s *Server) vnet(c *call) (*VirtualNetwork, *apiError) {
	v, found := s.resources.network(c.group(), c.vars["name"])
	if !found {
		return nil, notFound(kindVNet, c.vars["name"], c.group())
	}
	return v, nil
}

func (s *Server) getVNet(c *call) (*answer, *apiError) {
	v, e := s.vnet(c)
	if e != nil {
		return nil, e
	}
	return ok(s.vnetObject(v))
}

func (s *Server) listVNets(c *call) (*answer, *apiError) {
	all := list[vnetObject]{Value: []vnetObject{}}
	for i := range s.resources.VirtualNetworks {
		if v := &s.resources.VirtualNetworks[i]; strings.EqualFold(v.ResourceGroup, c.group()) {
			all.Value = append(all.Value, s.vnetObject(v))
		}
	}
	return paged(s, c, all)
}

func (s *Server) listSubnets(c *call) (*answer, *apiError) {
	v, e := s.vnet(c)
	if e != nil {
		return nil, e
	}
	return paged(s, c, list[subnetObject]{Value: s.vnetObject(v).Properties.Subnets})
}

func (s *Server) subnet(c *call) (*VirtualNetwork, *Subnet, *apiError) {
	v, e := s.vnet(c)
	if e != nil {
		return nil, nil, e
	}
	sub, found := v.subnet(c.vars["child"])
	if !found {
		return nil, nil, gateway(http.StatusNotFound, "NotFound", "Resource %s not found.", s.idOf(c.group(), kindVNet+"/subnets", v.Name, c.vars["child"]))
	}
	return v, sub, nil
}

func (s *Server) getSubnet(c *call) (*answer, *apiError) {
	v, sub, e := s.subnet(c)
	if e != nil {
		return nil, e
	}
	return ok(s.subnetObject(v, sub))
}

// putSubnet changes the security group of a subnet, and nothing else.
func (s *Server) putSubnet(c *call) (*answer, *apiError) {
	v, sub, e := s.subnet(c)
	if e != nil {
		return nil, notSimulated("a new subnet")
	}
	var in subnetObject
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	if in.Properties.AddressPrefix != sub.Prefix {
		return nil, notSimulated("a change of addressPrefix")
	}
	group := ""
	if ref := in.Properties.NetworkSecurityGroup; ref != nil {
		id := armID(ref.ID)
		if !id.is("Microsoft.Network/networkSecurityGroups") {
			return nil, gateway(http.StatusBadRequest, "LinkedInvalidPropertyId", "Property id '%.256s' at path 'properties.networkSecurityGroup.id' is invalid.", ref.ID)
		}
		if _, found := s.resources.securityGroup(id.group, id.names[0]); !found {
			return nil, gateway(http.StatusBadRequest, "InvalidResourceReference", "Resource %.256s referenced by resource was not found.", ref.ID)
		}
		group = ref.ID
	}
	sub.SecurityGroup = group
	return ok(s.subnetObject(v, sub))
}

func (s *Server) securityGroupObject(g SecurityGroup) securityGroupObject {
	o := securityGroupObject{
		ID:   s.idOf(g.ResourceGroup, "Microsoft.Network/networkSecurityGroups", g.Name),
		Name: g.Name, Type: "Microsoft.Network/networkSecurityGroups", Location: s.location,
	}
	o.ETag = s.netTag(o.ID)
	o.Properties.ProvisioningState = "Succeeded"
	o.Properties.SecurityRules = []any{}
	for _, v := range s.resources.VirtualNetworks {
		for _, sub := range v.Subnets {
			if strings.EqualFold(sub.SecurityGroup, o.ID) {
				o.Properties.Subnets = append(o.Properties.Subnets, reference{s.idOf(v.ResourceGroup, kindVNet+"/subnets", v.Name, sub.Name)})
			}
		}
	}
	return o
}

func (s *Server) getSecurityGroup(c *call) (*answer, *apiError) {
	g, found := s.resources.securityGroup(c.group(), c.vars["name"])
	if !found {
		return nil, notFound(c.kind(), c.resource(), c.group())
	}
	return ok(s.securityGroupObject(g))
}

func (s *Server) listSecurityGroups(c *call) (*answer, *apiError) {
	all := list[securityGroupObject]{Value: []securityGroupObject{}}
	for _, g := range s.resources.SecurityGroups {
		if strings.EqualFold(g.ResourceGroup, c.group()) {
			all.Value = append(all.Value, s.securityGroupObject(g))
		}
	}
	return paged(s, c, all)
}
