// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"slices"
	"strings"
)

// providerVPC is the only provider whose clusters are simulated.
const providerVPC = "vpc-gen2"

type (
	flavorObject struct {
		Name                      string `json:"name"`
		ID                        string `json:"id"`
		Provider                  string `json:"provider"`
		Architecture              string `json:"architecture"`
		Storage                   string `json:"storage"`
		SecondaryStorage          string `json:"secondaryStorage"`
		SecondaryStorageEncrypted bool   `json:"secondaryStorageEncrypted"`
		CorrespondingFlavor       string `json:"correspondingFlavor"`
		IsTrusted                 bool   `json:"isTrusted"`
		Deprecated                bool   `json:"deprecated"`
	}
	quotaObject struct {
		Type           string        `json:"type"`
		Infrastructure string        `json:"infrastructure"`
		Regions        []quotaRegion `json:"regions"`
	}
	quotaRegion struct {
		ID    string `json:"id"`
		Quota int    `json:"quota"`
	}
	iksVPC struct {
		ID            string   `json:"id"`
		Name          string   `json:"name"`
		Provider      string   `json:"provider"`
		ResourceGroup string   `json:"resourceGroup"`
		Zones         []string `json:"zones"`
	}
	iksSubnet struct {
		ID                string `json:"id"`
		Name              string `json:"name"`
		VPCID             string `json:"vpcID"`
		VPCName           string `json:"vpcName"`
		Zone              string `json:"zone"`
		CIDR              string `json:"ipv4CIDRBlock"`
		Available         int    `json:"availableIPv4AddressCount"`
		PublicGatewayID   string `json:"publicGatewayID"`
		PublicGatewayName string `json:"publicGatewayName"`
	}
)

// checkProvider refuses the provider of a query that is not simulated.
func checkProvider(c *call) *apiError {
	if p := c.query.Get("provider"); p != "" && p != providerVPC {
		return notSimulated("the provider %.40q", p)
	}
	return nil
}

func (s *Server) getFlavors(c *call) (*answer, *apiError) {
	if e := checkProvider(c); e != nil {
		return nil, e
	}
	zone := c.query.Get("zone")
	if !s.isZone(zone) {
		return nil, badRequest("The specified zone %q could not be found.", zone)
	}
	out := []flavorObject{}
	for _, f := range s.resources.Flavors {
		if f.in(zone) {
			out = append(out, flavorObject{Name: f.Name, ID: f.Name, Provider: providerVPC, Architecture: "amd64", Storage: "100GB", Deprecated: f.Deprecated})
		}
	}
	return body(out)
}

// isZone reports whether a zone is one of the region.
func (s *Server) isZone(zone string) bool {
	return slices.Contains(s.zones(), zone)
}

func (s *Server) zones() []string { return []string{s.region + "-1", s.region + "-2", s.region + "-3"} }

func (s *Server) clusterQuota() int {
	if s.options.ClusterQuota > 0 {
		return s.options.ClusterQuota
	}
	return 100
}

func (s *Server) workerQuota() int {
	if s.options.WorkerQuota > 0 {
		return s.options.WorkerQuota
	}
	return 500
}

func (s *Server) getQuota(*call) (*answer, *apiError) {
	return body([]quotaObject{
		{"cluster", providerVPC, []quotaRegion{{s.region, s.clusterQuota()}}},
		{"worker", providerVPC, []quotaRegion{{s.region, s.workerQuota()}}},
	})
}

func (s *Server) iksVPC(v VPC) iksVPC {
	out := iksVPC{v.ID, v.Name, providerVPC, s.resources.defaultGroup().ID, []string{}}
	for _, n := range s.resources.Subnets {
		if n.VPC == v.ID && !slices.Contains(out.Zones, n.Zone) {
			out.Zones = append(out.Zones, n.Zone)
		}
	}
	return out
}

func (s *Server) getVPCs(c *call) (*answer, *apiError) {
	if e := checkProvider(c); e != nil {
		return nil, e
	}
	return body(mapped(s.resources.VPCs, s.iksVPC))
}

func (s *Server) getVPC(c *call) (*answer, *apiError) {
	if e := checkProvider(c); e != nil {
		return nil, e
	}
	v, found := s.resources.vpc(c.query.Get("vpcID"))
	if !found {
		return nil, badRequest("The specified VPC could not be found.")
	}
	return body(s.iksVPC(v))
}

func (s *Server) getSubnets(c *call) (*answer, *apiError) {
	if e := checkProvider(c); e != nil {
		return nil, e
	}
	v, found := s.resources.vpc(c.query.Get("vpc"))
	if !found {
		return nil, badRequest("The specified VPC could not be found.")
	}
	out := []iksSubnet{}
	for _, n := range s.resources.Subnets {
		if n.VPC != v.ID || n.Zone != c.query.Get("zone") {
			continue
		}
		shown := iksSubnet{n.ID, n.Name, v.ID, v.Name, n.Zone, n.CIDR, s.free(n), "", ""}
		if n.Gateway {
			shown.PublicGatewayName = "gateway-" + n.Zone
			shown.PublicGatewayID = strings.Replace(n.ID, n.ID[:4], "r006", 1)
		}
		out = append(out, shown)
	}
	return body(out)
}
