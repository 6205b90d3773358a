// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"maps"
	"slices"
	"strings"
)

// describeInstances shows the nodes of all clusters.
func (s *Server) describeInstances(c *call) (any, *apiError) {
	if e := s.inRegion(c); e != nil {
		return nil, e
	}
	number, size, e := c.rpcPage(100)
	if e != nil {
		return nil, e
	}
	ids, e := c.decodeText("InstanceIds")
	if e == nil && len(ids) > 100 {
		e = invalid("", "InstanceIds may hold 100 ids, got %d", len(ids))
	}
	if e != nil {
		return nil, e
	}
	list := []instanceObject{}
	for _, id := range slices.Sorted(maps.Keys(s.clusters)) {
		rec := s.clusters[id]
		for _, g := range rec.live.Groups {
			known := rec.pools[g.ID]
			for _, iid := range g.Nodes {
				n := known.nodes[iid.SystemId]
				if n == nil || len(ids) > 0 && !slices.Contains(ids, iid.SystemId) || c.query.Get("VpcId") != "" && c.query.Get("VpcId") != rec.vpc {
					continue
				}
				o := instanceObject{
					InstanceID: iid.SystemId, InstanceName: "worker-k8s-for-cs-" + rec.id, InstanceType: known.spec.InstanceTypes[0],
					Status: "Running", RegionID: rec.region, KeyPairName: known.spec.KeyPair, CreationTime: n.created.UTC().Format("2006-01-02T15:04Z"),
				}
				v, _ := s.resources.vswitch(n.vswitch)
				o.ZoneID = v.Zone
				o.VpcAttributes.VpcID, o.VpcAttributes.VSwitchID, o.VpcAttributes.PrivateIPAddress.IPAddress = rec.vpc, n.vswitch, []string{n.ip}
				o.SecurityGroupIDs.SecurityGroupID = known.spec.SecurityGroupIDs
				o.Tags.Tag = []instanceTag{{"ack.aliyun.com", rec.id}}
				list = append(list, o)
			}
		}
	}
	var out instancesResponse
	out.RequestID, out.PageNumber, out.PageSize = c.requestID, number, size
	out.Instances.Instance, out.TotalCount = pageOf(c, number, size, list)
	return out, nil
}

func (s *Server) describeKeyPairs(c *call) (any, *apiError) {
	if e := s.inRegion(c); e != nil {
		return nil, e
	}
	number, size, e := c.rpcPage(50)
	if e != nil {
		return nil, e
	}
	list := []keyPairObject{}
	for _, name := range s.resources.KeyPairs {
		if wildcard(c.query.Get("KeyPairName"), name) {
			list = append(list, keyPairObject{name, hexSum([]byte(name))[:32]})
		}
	}
	var out keyPairsResponse
	out.RequestID, out.PageNumber, out.PageSize = c.requestID, number, size
	out.KeyPairs.KeyPair, out.TotalCount = pageOf(c, number, size, list)
	return out, nil
}

// wildcard compares with a pattern that may begin or end with "*"; an empty one takes
// everything.
func wildcard(pattern, name string) bool {
	switch {
	case pattern == "":
		return true
	case strings.HasPrefix(pattern, "*") && strings.HasSuffix(pattern, "*"):
		return strings.Contains(name, strings.Trim(pattern, "*"))
	case strings.HasPrefix(pattern, "*"):
		return strings.HasSuffix(name, pattern[1:])
	case strings.HasSuffix(pattern, "*"):
		return strings.HasPrefix(name, pattern[:len(pattern)-1])
	}
	return name == pattern
}

func (s *Server) describeSecurityGroups(c *call) (any, *apiError) {
	if e := s.inRegion(c); e != nil {
		return nil, e
	}
	number, size, e := c.rpcPage(100)
	if e != nil {
		return nil, e
	}
	ids, e := c.decodeText("SecurityGroupIds")
	if e != nil {
		return nil, e
	}
	q := c.query
	list := []securityGroupObject{}
	for _, g := range s.resources.SecurityGroups {
		if q.Get("VpcId") != "" && q.Get("VpcId") != g.VPC || q.Get("SecurityGroupId") != "" && q.Get("SecurityGroupId") != g.ID || q.Get("SecurityGroupName") != "" && q.Get("SecurityGroupName") != g.Name ||
			len(ids) > 0 && !slices.Contains(ids, g.ID) {
			continue
		}
		list = append(list, securityGroupObject{g.ID, g.Name, g.VPC, "normal"})
	}
	var out securityGroupsResponse
	out.RequestID, out.PageNumber, out.PageSize, out.RegionID = c.requestID, number, size, s.region
	out.SecurityGroups.SecurityGroup, out.TotalCount = pageOf(c, number, size, list)
	return out, nil
}

// The answers of ECS.
type (
	instancesResponse struct {
		pagedResponse
		Instances struct {
			Instance []instanceObject `json:"Instance"`
		} `json:"Instances"`
	}
	instanceObject struct {
		InstanceID    string `json:"InstanceId"`
		InstanceName  string `json:"InstanceName"`
		InstanceType  string `json:"InstanceType"`
		Status        string `json:"Status"`
		RegionID      string `json:"RegionId"`
		ZoneID        string `json:"ZoneId"`
		KeyPairName   string `json:"KeyPairName"`
		CreationTime  string `json:"CreationTime"`
		VpcAttributes struct {
			VpcID            string `json:"VpcId"`
			VSwitchID        string `json:"VSwitchId"`
			PrivateIPAddress struct {
				IPAddress []string `json:"IpAddress"`
			} `json:"PrivateIpAddress"`
		} `json:"VpcAttributes"`
		SecurityGroupIDs struct {
			SecurityGroupID []string `json:"SecurityGroupId"`
		} `json:"SecurityGroupIds"`
		Tags struct {
			Tag []instanceTag `json:"Tag"`
		} `json:"Tags"`
	}
	instanceTag struct {
		TagKey   string `json:"TagKey"`
		TagValue string `json:"TagValue"`
	}
	keyPairsResponse struct {
		pagedResponse
		KeyPairs struct {
			KeyPair []keyPairObject `json:"KeyPair"`
		} `json:"KeyPairs"`
	}
	keyPairObject struct {
		KeyPairName        string `json:"KeyPairName"`
		KeyPairFingerPrint string `json:"KeyPairFingerPrint"`
	}
	securityGroupsResponse struct {
		pagedResponse
		RegionID       string `json:"RegionId"`
		SecurityGroups struct {
			SecurityGroup []securityGroupObject `json:"SecurityGroup"`
		} `json:"SecurityGroups"`
	}
	securityGroupObject struct {
		SecurityGroupID   string `json:"SecurityGroupId"`
		SecurityGroupName string `json:"SecurityGroupName"`
		VpcID             string `json:"VpcId"`
		SecurityGroupType string `json:"SecurityGroupType"`
	}
)
