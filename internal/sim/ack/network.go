// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"net/http"
	"slices"
	"strings"
)

// describeVPC answers DescribeVpcAttribute.
func (s *Server) describeVPC(c *call) (any, *apiError) {
	if e := s.inRegion(c); e != nil {
		return nil, e
	}
	id := c.query.Get("VpcId")
	if id == "" {
		return nil, fail(http.StatusBadRequest, "MissingParameter", "The input parameter VpcId that is mandatory for processing this request is not supplied.")
	}
	vpc, ok := s.resources.vpc(id)
	if !ok {
		return nil, fail(http.StatusNotFound, "InvalidVpcId.NotFound", "Specified VPC %s does not exist.", id)
	}
	return vpcResponse{c.requestID, s.vpcObject(vpc)}, nil
}

func (s *Server) vpcObject(vpc VPC) vpcObject {
	o := vpcObject{VpcID: vpc.ID, VpcName: vpc.Name, RegionID: s.region, Status: "Available", CidrBlock: vpc.CIDR}
	o.SecondaryCidrBlocks.SecondaryCidrBlock = append([]string{}, vpc.Secondary...)
	o.UserCidrs.UserCidr = append([]string{}, vpc.User...)
	o.VSwitchIDs.VSwitchID = []string{}
	for _, v := range s.resources.VSwitches {
		if v.VPC == vpc.ID {
			o.VSwitchIDs.VSwitchID = append(o.VSwitchIDs.VSwitchID, v.ID)
		}
	}
	return o
}

func (s *Server) describeVPCs(c *call) (any, *apiError) {
	if e := s.inRegion(c); e != nil {
		return nil, e
	}
	number, size, e := c.rpcPage(50)
	if e != nil {
		return nil, e
	}
	q := c.query
	list := []vpcObject{}
	for _, vpc := range s.resources.VPCs {
		if q.Get("VpcId") != "" && !slices.Contains(strings.Split(q.Get("VpcId"), ","), vpc.ID) || q.Get("VpcName") != "" && q.Get("VpcName") != vpc.Name {
			continue
		}
		list = append(list, s.vpcObject(vpc))
	}
	var out vpcsResponse
	out.RequestID, out.PageNumber, out.PageSize = c.requestID, number, size
	out.Vpcs.Vpc, out.TotalCount = pageOf(c, number, size, list)
	return out, nil
}

func (s *Server) describeVSwitches(c *call) (any, *apiError) {
	if e := s.inRegion(c); e != nil {
		return nil, e
	}
	number, size, e := c.rpcPage(50)
	if e != nil {
		return nil, e
	}
	q := c.query
	list := []vswitchObject{}
	for _, v := range s.resources.VSwitches {
		ids := strings.Split(q.Get("VSwitchId"), ",")
		if q.Get("VpcId") != "" && q.Get("VpcId") != v.VPC || q.Get("ZoneId") != "" && q.Get("ZoneId") != v.Zone ||
			q.Get("VSwitchId") != "" && !slices.Contains(ids, v.ID) {
			continue
		}
		list = append(list, vswitchObject{
			VSwitchID: v.ID, VSwitchName: v.Name, VpcID: v.VPC, ZoneID: v.Zone, CidrBlock: v.CIDR, Status: "Available", AvailableIPAddressCount: v.FreeIPs,
		})
	}
	var out vswitchesResponse
	out.RequestID, out.PageNumber, out.PageSize = c.requestID, number, size
	out.VSwitches.VSwitch, out.TotalCount = pageOf(c, number, size, list)
	return out, nil
}

// rpcPage reads PageNumber and PageSize.
func (c *call) rpcPage(most int) (number, size int, e *apiError) {
	if number, e = c.number("PageNumber", 1, pageLimit, 1); e == nil {
		size, e = c.number("PageSize", 1, most, 10)
	}
	return number, size, e
}

// The answers of VPC.
type (
	vpcResponse struct {
		RequestID string `json:"RequestId"`
		vpcObject
	}
	vpcsResponse struct {
		pagedResponse
		Vpcs struct {
			Vpc []vpcObject `json:"Vpc"`
		} `json:"Vpcs"`
	}
	vpcObject struct {
		VpcID               string `json:"VpcId"`
		VpcName             string `json:"VpcName"`
		RegionID            string `json:"RegionId"`
		Status              string `json:"Status"`
		CidrBlock           string `json:"CidrBlock"`
		SecondaryCidrBlocks struct {
			SecondaryCidrBlock []string `json:"SecondaryCidrBlock"`
		} `json:"SecondaryCidrBlocks"`
		UserCidrs struct {
			UserCidr []string `json:"UserCidr"`
		} `json:"UserCidrs"`
		VSwitchIDs struct {
			VSwitchID []string `json:"VSwitchId"`
		} `json:"VSwitchIds"`
	}
	vswitchesResponse struct {
		pagedResponse
		VSwitches struct {
			VSwitch []vswitchObject `json:"VSwitch"`
		} `json:"VSwitches"`
	}
	pagedResponse struct {
		RequestID  string `json:"RequestId"`
		TotalCount int    `json:"TotalCount"`
		PageNumber int    `json:"PageNumber"`
		PageSize   int    `json:"PageSize"`
	}
	vswitchObject struct {
		VSwitchID               string `json:"VSwitchId"`
		VSwitchName             string `json:"VSwitchName"`
		VpcID                   string `json:"VpcId"`
		ZoneID                  string `json:"ZoneId"`
		CidrBlock               string `json:"CidrBlock"`
		Status                  string `json:"Status"`
		AvailableIPAddressCount int    `json:"AvailableIpAddressCount"`
	}
)
