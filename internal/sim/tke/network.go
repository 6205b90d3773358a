// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// networkPage is the paging of the actions of VPC, whose numbers are texts.
type networkPage struct {
	Offset string `json:"Offset"`
	Limit  string `json:"Limit"`
}

func (p networkPage) numbers() (offset, limit *int64, e *apiError) {
	for _, part := range []struct {
		text string
		into **int64
	}{{p.Offset, &offset}, {p.Limit, &limit}} {
		if part.text == "" {
			continue
		}
		n, err := strconv.ParseInt(part.text, 10, 32)
		if err != nil {
			return nil, nil, fail("InvalidParameterValue.Malformed", "the value %q is not a number", part.text)
		}
		*part.into = &n
	}
	return offset, limit, nil
}

// chosen reads the conditions of a list of VPC or CVM: ids or filters, and not both. That
// by the name of a VPC finds every name that has the text in it, as the vendor says.
func (s *Server) chosen(ids []string, list []filter, idName string, known ...string) (func(id string, facts map[string]string) bool, *apiError) {
	if len(ids) > 0 && len(list) > 0 {
		return nil, fail("InvalidParameter.Coexist", "ids and Filters cannot be given at the same time")
	}
	if len(ids) > 100 {
		return nil, fail("InvalidParameterValue.LimitExceeded", "at most 100 ids may be given, got %d", len(ids))
	}
	by, e := filters(list, append(known, idName)...)
	if e != nil {
		e.code = "InvalidParameterValue.Filter"
		return nil, e
	}
	if len(ids) > 0 {
		by[idName] = ids
	}
	return func(id string, facts map[string]string) bool {
		facts[idName] = id
		for name, values := range by {
			fuzzy := name == "vpc-name" || s.assumptions.SubstringFilters && strings.HasSuffix(name, "-name")
			if !slices.ContainsFunc(values, func(v string) bool { return v == facts[name] || fuzzy && strings.Contains(facts[name], v) }) {
				return false
			}
		}
		return true
	}, nil
}

// foundedOn is when everything that is not a cluster was made.
var foundedOn = time.Date(2026, 1, 5, 2, 3, 4, 0, time.UTC)

// localTime is how VPC shows times.
func localTime(t time.Time) string { return t.In(beijing).Format(time.DateTime) }

var beijing = time.FixedZone("CST", 8*60*60)

type (
	describeVPCsRequest struct {
		VPCIDs  []string `json:"VpcIds"`
		Filters []filter `json:"Filters"`
		networkPage
	}
	describeVPCsResponse struct {
		TotalCount int64       `json:"TotalCount"`
		VPCSet     []vpcObject `json:"VpcSet"`
	}
	vpcObject struct {
		VPCName               string            `json:"VpcName"`
		VPCID                 string            `json:"VpcId"`
		CidrBlock             string            `json:"CidrBlock"`
		IsDefault             bool              `json:"IsDefault"`
		EnableMulticast       bool              `json:"EnableMulticast"`
		CreatedTime           string            `json:"CreatedTime"`
		DNSServerSet          []string          `json:"DnsServerSet"`
		DomainName            string            `json:"DomainName"`
		DHCPOptionsID         string            `json:"DhcpOptionsId"`
		EnableDHCP            bool              `json:"EnableDhcp"`
		IPv6CidrBlock         string            `json:"Ipv6CidrBlock"`
		TagSet                []tagObject       `json:"TagSet"`
		AssistantCidrSet      []assistantObject `json:"AssistantCidrSet"`
		EnableRouteVPCPublish bool              `json:"EnableRouteVpcPublish"`
		IPv6CidrBlockSet      []absent          `json:"Ipv6CidrBlockSet"`
	}
	assistantObject struct {
		VPCID         string   `json:"VpcId"`
		CidrBlock     string   `json:"CidrBlock"`
		AssistantType int64    `json:"AssistantType"`
		SubnetSet     []absent `json:"SubnetSet"`
	}
)

func (s *Server) describeVPCs(c *call, in *describeVPCsRequest) (any, *apiError) {
	is, e := s.chosen(in.VPCIDs, in.Filters, "vpc-id", "vpc-name", "cidr-block")
	if e != nil {
		return nil, e
	}
	var list []vpcObject
	for _, v := range s.here(c).VPCs {
		if !is(v.ID, map[string]string{"vpc-name": v.Name, "cidr-block": v.CIDR}) {
			continue
		}
		o := vpcObject{
			VPCName: v.Name, VPCID: v.ID, CidrBlock: v.CIDR, CreatedTime: localTime(foundedOn), DNSServerSet: []string{"183.60.83.19", "183.60.82.98"},
			EnableDHCP: true, TagSet: []tagObject{}, AssistantCidrSet: []assistantObject{}, IPv6CidrBlockSet: []absent{},
		}
		for _, cidr := range v.Assistant {
			o.AssistantCidrSet = append(o.AssistantCidrSet, assistantObject{v.ID, cidr, 0, []absent{}})
		}
		list = append(list, o)
	}
	for _, id := range in.VPCIDs {
		if _, ok := s.here(c).vpc(id); !ok {
			return nil, fail("ResourceNotFound", "The VPC %s does not exist.", id)
		}
	}
	items, total, e := networkItems(s, c, in.networkPage, list)
	return describeVPCsResponse{total, items}, e
}

// networkItems is page for VPC.
func networkItems[T any](s *Server, c *call, p networkPage, list []T) ([]T, int64, *apiError) {
	offset, limit, e := p.numbers()
	if e != nil {
		return nil, 0, e
	}
	return page(s, c, offset, limit, list)
}

type (
	describeSubnetsRequest struct {
		SubnetIDs []string `json:"SubnetIds"`
		Filters   []filter `json:"Filters"`
		networkPage
		MaxResults absent `json:"MaxResults" sim:"no"`
		NextToken  absent `json:"NextToken" sim:"no"`
	}
	describeSubnetsResponse struct {
		TotalCount int64          `json:"TotalCount"`
		SubnetSet  []subnetObject `json:"SubnetSet"`
	}
	subnetObject struct {
		VPCID                   string      `json:"VpcId"`
		SubnetID                string      `json:"SubnetId"`
		SubnetName              string      `json:"SubnetName"`
		CidrBlock               string      `json:"CidrBlock"`
		IsDefault               bool        `json:"IsDefault"`
		EnableBroadcast         bool        `json:"EnableBroadcast"`
		Zone                    string      `json:"Zone"`
		RouteTableID            string      `json:"RouteTableId"`
		CreatedTime             string      `json:"CreatedTime"`
		AvailableIPAddressCount int64       `json:"AvailableIpAddressCount"`
		IPv6CidrBlock           string      `json:"Ipv6CidrBlock"`
		NetworkACLID            string      `json:"NetworkAclId"`
		IsRemoteVPCSNAT         bool        `json:"IsRemoteVpcSnat"`
		TotalIPAddressCount     int64       `json:"TotalIpAddressCount"`
		TagSet                  []tagObject `json:"TagSet"`
		CDCID                   string      `json:"CdcId"`
		IsCDCSubnet             int64       `json:"IsCdcSubnet"`
	}
)

func (s *Server) describeSubnets(c *call, in *describeSubnetsRequest) (any, *apiError) {
	is, e := s.chosen(in.SubnetIDs, in.Filters, "subnet-id", "subnet-name", "vpc-id", "zone", "cidr-block")
	if e != nil {
		return nil, e
	}
	var list []subnetObject
	for _, v := range s.here(c).Subnets {
		if is(v.ID, map[string]string{"subnet-name": v.Name, "vpc-id": v.VPC, "zone": v.Zone, "cidr-block": v.CIDR}) {
			list = append(list, subnetObject{
				VPCID: v.VPC, SubnetID: v.ID, SubnetName: v.Name, CidrBlock: v.CIDR, Zone: v.Zone, RouteTableID: "rtb-l2h8d7c2", CreatedTime: localTime(foundedOn),
				AvailableIPAddressCount: int64(v.FreeIPs), TotalIPAddressCount: 253, TagSet: []tagObject{},
			})
		}
	}
	for _, id := range in.SubnetIDs {
		if _, ok := s.here(c).subnet(id); !ok {
			return nil, fail("ResourceNotFound", "The subnet %s does not exist.", id)
		}
	}
	items, total, e := networkItems(s, c, in.networkPage, list)
	return describeSubnetsResponse{total, items}, e
}

type (
	describeSecurityGroupsRequest struct {
		SecurityGroupIDs []string `json:"SecurityGroupIds"`
		Filters          []filter `json:"Filters"`
		networkPage
		OrderField     absent `json:"OrderField" sim:"no"`
		OrderDirection absent `json:"OrderDirection" sim:"no"`
	}
	describeSecurityGroupsResponse struct {
		TotalCount       int64                 `json:"TotalCount"`
		SecurityGroupSet []securityGroupObject `json:"SecurityGroupSet"`
	}
	securityGroupObject struct {
		SecurityGroupID   string      `json:"SecurityGroupId"`
		SecurityGroupName string      `json:"SecurityGroupName"`
		SecurityGroupDesc string      `json:"SecurityGroupDesc"`
		ProjectID         string      `json:"ProjectId"`
		IsDefault         bool        `json:"IsDefault"`
		CreatedTime       string      `json:"CreatedTime"`
		TagSet            []tagObject `json:"TagSet"`
		UpdateTime        string      `json:"UpdateTime"`
	}
)

func (s *Server) describeSecurityGroups(c *call, in *describeSecurityGroupsRequest) (any, *apiError) {
	is, e := s.chosen(in.SecurityGroupIDs, in.Filters, "security-group-id", "security-group-name", "project-id")
	if e != nil {
		return nil, e
	}
	var list []securityGroupObject
	for _, g := range s.here(c).SecurityGroups {
		if is(g.ID, map[string]string{"security-group-name": g.Name, "project-id": "0"}) {
			list = append(list, securityGroupObject{
				SecurityGroupID: g.ID, SecurityGroupName: g.Name, ProjectID: "0", CreatedTime: localTime(foundedOn), TagSet: []tagObject{}, UpdateTime: localTime(foundedOn),
			})
		}
	}
	for _, id := range in.SecurityGroupIDs {
		if _, ok := s.here(c).securityGroup(id); !ok {
			return nil, fail("ResourceNotFound", "The security group %s does not exist.", id)
		}
	}
	items, total, e := networkItems(s, c, in.networkPage, list)
	return describeSecurityGroupsResponse{total, items}, e
}
