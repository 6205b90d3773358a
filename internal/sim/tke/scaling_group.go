// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"slices"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

type (
	describeGroupsRequest struct {
		AutoScalingGroupIDs []string `json:"AutoScalingGroupIds"`
		Filters             []filter `json:"Filters"`
		asPage
	}
	describeGroupsResponse struct {
		TotalCount          int64         `json:"TotalCount"`
		AutoScalingGroupSet []groupObject `json:"AutoScalingGroupSet"`
	}
	groupObject struct {
		AutoScalingGroupID                 string          `json:"AutoScalingGroupId"`
		AutoScalingGroupName               string          `json:"AutoScalingGroupName"`
		AutoScalingGroupStatus             string          `json:"AutoScalingGroupStatus"`
		CreatedTime                        string          `json:"CreatedTime"`
		DefaultCooldown                    int64           `json:"DefaultCooldown"`
		DesiredCapacity                    int64           `json:"DesiredCapacity"`
		EnabledStatus                      string          `json:"EnabledStatus"`
		ForwardLoadBalancerSet             []absent        `json:"ForwardLoadBalancerSet"`
		InstanceCount                      int64           `json:"InstanceCount"`
		InServiceInstanceCount             int64           `json:"InServiceInstanceCount"`
		LaunchConfigurationID              string          `json:"LaunchConfigurationId"`
		LaunchConfigurationName            string          `json:"LaunchConfigurationName"`
		LoadBalancerIDSet                  []string        `json:"LoadBalancerIdSet"`
		MaxSize                            int64           `json:"MaxSize"`
		MinSize                            int64           `json:"MinSize"`
		ProjectID                          int64           `json:"ProjectId"`
		SubnetIDSet                        []string        `json:"SubnetIdSet"`
		TerminationPolicySet               []string        `json:"TerminationPolicySet"`
		VPCID                              string          `json:"VpcId"`
		ZoneSet                            []string        `json:"ZoneSet"`
		RetryPolicy                        string          `json:"RetryPolicy"`
		InActivityStatus                   string          `json:"InActivityStatus"`
		Tags                               []absent        `json:"Tags"`
		ServiceSettings                    serviceSettings `json:"ServiceSettings"`
		IPv6AddressCount                   int64           `json:"Ipv6AddressCount"`
		MultiZoneSubnetPolicy              string          `json:"MultiZoneSubnetPolicy"`
		HealthCheckType                    string          `json:"HealthCheckType"`
		LoadBalancerHealthCheckGracePeriod int64           `json:"LoadBalancerHealthCheckGracePeriod"`
		InstanceAllocationPolicy           string          `json:"InstanceAllocationPolicy"`
		SpotMixedAllocationPolicy          spotMixed       `json:"SpotMixedAllocationPolicy"`
		CapacityRebalance                  bool            `json:"CapacityRebalance"`
		InstanceNameIndexSettings          struct{}        `json:"InstanceNameIndexSettings"`
	}
)

func (s *Server) describeGroups(c *call, in *describeGroupsRequest) (any, *apiError) {
	by, e := s.asFilters(in.AutoScalingGroupIDs, in.Filters, "auto-scaling-group-id", "auto-scaling-group-name", "vpc-id")
	if e != nil {
		return nil, e
	}
	list := []groupObject{}
	for _, known := range s.poolsByGroup(c, by["auto-scaling-group-id"]) {
		g, ok := known.inCore()
		name := "tke-" + known.id
		if !ok || !is(by, "auto-scaling-group-id", known.group) || !is(by, "auto-scaling-group-name", name) || !is(by, "vpc-id", known.cluster.vpc) {
			continue
		}
		o := groupObject{
			AutoScalingGroupID: known.group, AutoScalingGroupName: name, AutoScalingGroupStatus: "NORMAL", CreatedTime: stamp(known.created), DefaultCooldown: 300,
			DesiredCapacity: int64(g.Desired), EnabledStatus: "ENABLED", ForwardLoadBalancerSet: []absent{},
			LaunchConfigurationID: known.config, LaunchConfigurationName: name, LoadBalancerIDSet: []string{}, MaxSize: int64(g.Max), MinSize: int64(g.Min),
			SubnetIDSet: known.scaling.SubnetIDs, TerminationPolicySet: []string{"OLDEST_INSTANCE"}, VPCID: known.cluster.vpc, ZoneSet: s.zonesOf(known),
			RetryPolicy: cmp.Or(known.scaling.RetryPolicy, "IMMEDIATE_RETRY"), InActivityStatus: "NOT_IN_ACTIVITY", Tags: []absent{},
			ServiceSettings: serviceSettings{ScalingMode: "CLASSIC_SCALING"}, MultiZoneSubnetPolicy: cmp.Or(known.scaling.MultiZoneSubnetPolicy, "PRIORITY"),
			HealthCheckType: "CVM", InstanceAllocationPolicy: cmp.Or(known.scaling.InstanceAllocationPolicy, allocateConfigured), CapacityRebalance: known.scaling.CapacityRebalance,
		}
		if mixed := known.scaling.SpotMixedAllocationPolicy; mixed != nil {
			o.SpotMixedAllocationPolicy = *mixed
		}
		n := known.counts(c.Now)
		o.InstanceCount, o.InServiceInstanceCount = n.Total, n.Normal
		if known.disabled {
			o.EnabledStatus = "DISABLED"
		}
		if i := len(known.activities); i > 0 {
			if status, _ := known.activities[i-1].now(c.Now); status == activityRunning {
				o.InActivityStatus = "IN_ACTIVITY"
			}
		}
		list = append(list, o)
	}
	items, total, e := asItems(s, c, in.asPage, list)
	return describeGroupsResponse{total, items}, e
}

// zonesOf are the zones of the subnets of a scaling group, each of them once.
func (s *Server) zonesOf(known *poolRecord) []string {
	zones := []string{}
	for _, id := range known.scaling.SubnetIDs {
		if v, ok := s.resources.subnet(id); ok && !slices.Contains(zones, v.Zone) {
			zones = append(zones, v.Zone)
		}
	}
	return zones
}

type modifyGroupRequest struct {
	AutoScalingGroupID                   string  `json:"AutoScalingGroupId" need:"yes"`
	DesiredCapacity                      *uint64 `json:"DesiredCapacity"`
	MaxSize                              *uint64 `json:"MaxSize"`
	MinSize                              *uint64 `json:"MinSize"`
	AutoScalingGroupName                 absent  `json:"AutoScalingGroupName" sim:"no"`
	CapacityRebalance                    absent  `json:"CapacityRebalance" sim:"no"`
	ConcurrentScaleOutForDesiredCapacity absent  `json:"ConcurrentScaleOutForDesiredCapacity" sim:"no"`
	DefaultCooldown                      absent  `json:"DefaultCooldown" sim:"no"`
	HealthCheckType                      absent  `json:"HealthCheckType" sim:"no"`
	HostNameIndexSettings                absent  `json:"HostNameIndexSettings" sim:"no"`
	InstanceAllocationPolicy             absent  `json:"InstanceAllocationPolicy" sim:"no"`
	InstanceNameIndexSettings            absent  `json:"InstanceNameIndexSettings" sim:"no"`
	IPv6AddressCount                     absent  `json:"Ipv6AddressCount" sim:"no"`
	LaunchConfigurationID                absent  `json:"LaunchConfigurationId" sim:"no"`
	LoadBalancerHealthCheckGracePeriod   absent  `json:"LoadBalancerHealthCheckGracePeriod" sim:"no"`
	MultiZoneSubnetPolicy                absent  `json:"MultiZoneSubnetPolicy" sim:"no"`
	ProjectID                            absent  `json:"ProjectId" sim:"no"`
	RetryPolicy                          absent  `json:"RetryPolicy" sim:"no"`
	ServiceSettings                      absent  `json:"ServiceSettings" sim:"no"`
	SpotMixedAllocationPolicy            absent  `json:"SpotMixedAllocationPolicy" sim:"no"`
	SubnetIDs                            absent  `json:"SubnetIds" sim:"no"`
	TerminationPolicies                  absent  `json:"TerminationPolicies" sim:"no"`
	VPCID                                absent  `json:"VpcId" sim:"no"`
	Zones                                absent  `json:"Zones" sim:"no"`
	ZonesCheckPolicy                     absent  `json:"ZonesCheckPolicy" sim:"no"`
}

// modifyGroup changes the sizes of a scaling group, which are checked together.
func (s *Server) modifyGroup(c *call, in *modifyGroupRequest) (any, *apiError) {
	known := s.groups[in.AutoScalingGroupID]
	if known == nil || known.group != in.AutoScalingGroupID || known.cluster.region != c.region {
		return nil, fail("ResourceNotFound.AutoScalingGroupNotFound", "the scaling group %s is not found", in.AutoScalingGroupID)
	}
	g, ok := known.inCore()
	switch {
	case !ok:
		return nil, fail("ResourceNotFound.AutoScalingGroupNotFound", "the scaling group %s is not found", in.AutoScalingGroupID)
	case g.State != profile.Active:
		return nil, fail("ResourceUnavailable.AutoScalingGroupInActivity", "the scaling group %s is in activity", in.AutoScalingGroupID)
	}
	known.sweep(c.Now)
	desired, least, most := valueOf(in.DesiredCapacity, uint64(g.Desired)), valueOf(in.MinSize, uint64(g.Min)), valueOf(in.MaxSize, uint64(g.Max))
	if e := s.checkSizes(int64(min(desired, maxNodes+1)), int64(min(least, maxNodes+1)), int64(min(most, maxNodes+1))); e != nil {
		return nil, e
	}
	return nil, s.resize(c, known.cluster, g, known, int(desired), int(least), int(most))
}
