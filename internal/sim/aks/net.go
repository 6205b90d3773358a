// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"slices"
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
		ID         string           `json:"id"`
		Name       string           `json:"name"`
		Type       string           `json:"type"`
		ETag       string           `json:"etag" sim:"read"`
		Properties subnetProperties `json:"properties"`
	}
	subnetProperties struct {
		ProvisioningState    string         `json:"provisioningState,omitempty" sim:"read"`
		AddressPrefix        string         `json:"addressPrefix"`
		NetworkSecurityGroup *securityGuard `json:"networkSecurityGroup,omitempty"`
		IPConfigurations     []reference    `json:"ipConfigurations,omitempty" sim:"read"`
		Delegations          []any          `json:"delegations"`
		PrivateEndpoint      string         `json:"privateEndpointNetworkPolicies,omitempty"`
		PrivateLink          string         `json:"privateLinkServiceNetworkPolicies,omitempty"`

		AddressPrefixes           any `json:"addressPrefixes,omitempty" sim:"no"`
		ApplicationGateways       any `json:"applicationGatewayIPConfigurations,omitempty" sim:"no"`
		DefaultOutboundAccess     any `json:"defaultOutboundAccess,omitempty" sim:"no"`
		IPAllocations             any `json:"ipAllocations,omitempty" sim:"no"`
		IPConfigurationProfiles   any `json:"ipConfigurationProfiles,omitempty" sim:"read"`
		IPAMPoolPrefixAllocations any `json:"ipamPoolPrefixAllocations,omitempty" sim:"no"`
		NATGateway                any `json:"natGateway,omitempty" sim:"no"`
		PrivateEndpoints          any `json:"privateEndpoints,omitempty" sim:"read"`
		Purpose                   any `json:"purpose,omitempty" sim:"read"`
		ResourceNavigationLinks   any `json:"resourceNavigationLinks,omitempty" sim:"read"`
		RouteTable                any `json:"routeTable,omitempty" sim:"no"`
		ServiceAssociationLinks   any `json:"serviceAssociationLinks,omitempty" sim:"read"`
		ServiceEndpointPolicies   any `json:"serviceEndpointPolicies,omitempty" sim:"no"`
		ServiceEndpoints          any `json:"serviceEndpoints,omitempty" sim:"no"`
		SharingScope              any `json:"sharingScope,omitempty" sim:"no"`
	}
	// securityGuard is the security group of a subnet: a reference, beside which a
	// request may say all that a security group has.
	securityGuard struct {
		ID         string `json:"id"`
		ETag       any    `json:"etag,omitempty" sim:"read"`
		Location   any    `json:"location,omitempty" sim:"no"`
		Name       any    `json:"name,omitempty" sim:"read"`
		Properties any    `json:"properties,omitempty" sim:"no"`
		Tags       any    `json:"tags,omitempty" sim:"no"`
		Type       any    `json:"type,omitempty" sim:"read"`
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
		o.Properties.NetworkSecurityGroup = &securityGuard{ID: sub.SecurityGroup}
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
	if e := sameSubnet(in.Properties, s.subnetObject(v, sub).Properties); e != nil {
		return nil, e
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

// sameSubnet: the security group is all of a subnet that can be changed here.
func sameSubnet(asked, is subnetProperties) *apiError {
	for _, field := range []struct {
		name, asked, is string
		known           []string
	}{
		{"privateEndpointNetworkPolicies", asked.PrivateEndpoint, is.PrivateEndpoint,
			[]string{"", "Enabled", "Disabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"}},
		{"privateLinkServiceNetworkPolicies", asked.PrivateLink, is.PrivateLink, []string{"", "Enabled", "Disabled"}},
	} {
		switch {
		case !slices.Contains(field.known, field.asked):
			return gateway(http.StatusBadRequest, "InvalidRequestFormat", "Cannot parse the request: %.64q is not a value of %s.", field.asked, field.name)
		case field.asked != "" && field.asked != field.is:
			return notSimulated("a change of %s", field.name)
		}
	}
	switch {
	case asked.AddressPrefix != is.AddressPrefix:
		return notSimulated("a change of addressPrefix")
	case asked.Delegations != nil && len(asked.Delegations) != len(is.Delegations):
		return notSimulated("a change of delegations")
	}
	return nil
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
