// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"maps"
	"slices"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

type (
	asPage struct {
		Limit  *uint64 `json:"Limit"`
		Offset *uint64 `json:"Offset"`
	}
	describeConfigsRequest struct {
		LaunchConfigurationIDs []string `json:"LaunchConfigurationIds"`
		Filters                []filter `json:"Filters"`
		asPage
	}
	describeConfigsResponse struct {
		TotalCount             int64          `json:"TotalCount"`
		LaunchConfigurationSet []configObject `json:"LaunchConfigurationSet"`
	}
	configObject struct {
		ProjectID                   int64                 `json:"ProjectId"`
		LaunchConfigurationID       string                `json:"LaunchConfigurationId"`
		LaunchConfigurationName     string                `json:"LaunchConfigurationName"`
		InstanceType                string                `json:"InstanceType"`
		SystemDisk                  systemDisk            `json:"SystemDisk"`
		DataDisks                   []absent              `json:"DataDisks"`
		LoginSettings               keyIDs                `json:"LoginSettings"`
		InternetAccessible          internetAccessible    `json:"InternetAccessible"`
		SecurityGroupIDs            []string              `json:"SecurityGroupIds"`
		AutoScalingGroupAbstractSet []groupAbstract       `json:"AutoScalingGroupAbstractSet"`
		UserData                    *string               `json:"UserData"`
		CreatedTime                 string                `json:"CreatedTime"`
		EnhancedService             enhancedService       `json:"EnhancedService"`
		ImageID                     string                `json:"ImageId"`
		LaunchConfigurationStatus   string                `json:"LaunchConfigurationStatus"`
		InstanceChargeType          string                `json:"InstanceChargeType"`
		InstanceMarketOptions       *marketOptions        `json:"InstanceMarketOptions"`
		InstanceTypes               []string              `json:"InstanceTypes"`
		InstanceTags                []tagObject           `json:"InstanceTags"`
		Tags                        []absent              `json:"Tags"`
		VersionNumber               int64                 `json:"VersionNumber"`
		UpdatedTime                 string                `json:"UpdatedTime"`
		CAMRoleName                 string                `json:"CamRoleName"`
		LastInstanceTypesCheck      string                `json:"LastOperationInstanceTypesCheckPolicy"`
		HostNameSettings            hostNameSettings      `json:"HostNameSettings"`
		InstanceNameSettings        instanceNameSettings  `json:"InstanceNameSettings"`
		InstanceChargePrepaid       instanceChargePrepaid `json:"InstanceChargePrepaid"`
		DiskTypePolicy              string                `json:"DiskTypePolicy"`
		HPCClusterID                string                `json:"HpcClusterId"`
		IPv6InternetAccessible      ipv6Accessible        `json:"IPv6InternetAccessible"`
		DisasterRecoverGroupIDs     []string              `json:"DisasterRecoverGroupIds"`
		ImageFamily                 string                `json:"ImageFamily"`
		DedicatedClusterID          string                `json:"DedicatedClusterId"`
	}
	keyIDs struct {
		KeyIDs []string `json:"KeyIds"`
	}
	groupAbstract struct {
		AutoScalingGroupID   string `json:"AutoScalingGroupId"`
		AutoScalingGroupName string `json:"AutoScalingGroupName"`
	}
	hostNameSettings struct {
		HostName       *string `json:"HostName"`
		HostNameStyle  *string `json:"HostNameStyle"`
		HostNameSuffix *string `json:"HostNameSuffix"`
	}
	instanceNameSettings struct {
		InstanceName       string  `json:"InstanceName"`
		InstanceNameStyle  string  `json:"InstanceNameStyle"`
		InstanceNameSuffix *string `json:"InstanceNameSuffix"`
	}
	instanceChargePrepaid struct {
		Period    int64  `json:"Period"`
		RenewFlag string `json:"RenewFlag"`
	}
	ipv6Accessible struct {
		InternetChargeType      *string `json:"InternetChargeType"`
		InternetMaxBandwidthOut *uint64 `json:"InternetMaxBandwidthOut"`
		BandwidthPackageID      *string `json:"BandwidthPackageId"`
	}
)

// asItems is page for Auto Scaling.
func asItems[T any](s *Server, c *call, p asPage, list []T) ([]T, int64, *apiError) {
	signed := func(n *uint64) *int64 {
		if n == nil {
			return nil
		}
		v := int64(min(*n, 1<<32))
		return &v
	}
	return page(s, c, signed(p.Offset), signed(p.Limit), list)
}

// asFilters reads ids or conditions, and not both.
func (s *Server) asFilters(ids []string, list []filter, known ...string) (map[string][]string, *apiError) {
	switch {
	case len(ids) > 0 && len(list) > 0:
		return nil, fail("InvalidParameterConflict", "ids and Filters cannot be given at the same time")
	case len(ids) > 100:
		return nil, fail("InvalidParameterValue.LimitExceeded", "at most 100 ids may be given, got %d", len(ids))
	}
	by, e := filters(list, known...)
	if e != nil {
		e.code = "InvalidParameterValue.Filter"
		return nil, e
	}
	if len(ids) > 0 {
		by[known[0]] = ids
	}
	return by, nil
}

// poolsByGroup returns the node pools of a region in the order of their scaling groups: all,
// or those of some ids of groups or launch configurations.
func (s *Server) poolsByGroup(c *call, ids []string) []*poolRecord {
	found := map[string]*poolRecord{}
	for _, id := range ids {
		if known := s.groups[id]; known != nil {
			found[known.group] = known
		}
	}
	if ids == nil {
		for _, known := range s.groups {
			found[known.group] = known
		}
	}
	var list []*poolRecord
	for _, group := range slices.Sorted(maps.Keys(found)) {
		if known := found[group]; known.cluster.region == c.region {
			list = append(list, known)
		}
	}
	return list
}

// is says whether the values of a condition have one; without values there is none.
func is(by map[string][]string, name, value string) bool {
	return by[name] == nil || slices.Contains(by[name], value)
}

// inCore returns the node pool as the core has it; ok is false when it is gone.
func (known *poolRecord) inCore() (g *core.NodeGroup, ok bool) {
	if known.cluster.live.State == profile.Gone {
		return nil, false
	}
	return known.cluster.live.Group(known.id)
}

// describeConfigs leaves out what is not there. The launch configuration of a node pool that
// is being deleted goes first.
func (s *Server) describeConfigs(c *call, in *describeConfigsRequest) (any, *apiError) {
	by, e := s.asFilters(in.LaunchConfigurationIDs, in.Filters, "launch-configuration-id", "launch-configuration-name")
	if e != nil {
		return nil, e
	}
	var list []*poolRecord
	for _, known := range s.poolsByGroup(c, by["launch-configuration-id"]) {
		g, ok := known.inCore()
		name := "tke-" + known.id
		if !ok || g.State == profile.Deleting || !is(by, "launch-configuration-id", known.config) || !is(by, "launch-configuration-name", name) {
			continue
		}
		list = append(list, known)
	}
	items, total, e := asItems(s, c, in.asPage, list)
	out := describeConfigsResponse{total, make([]configObject, len(items))}
	for i, known := range items {
		out.LaunchConfigurationSet[i] = s.configObject(known, "tke-"+known.id)
	}
	return out, e
}

func (s *Server) configObject(known *poolRecord, name string) configObject {
	launch := known.launch
	o := configObject{
		LaunchConfigurationID: known.config, LaunchConfigurationName: name, InstanceType: launch.InstanceType, SystemDisk: launch.SystemDisk.systemDisk,
		DataDisks: []absent{}, LoginSettings: keyIDs{append([]string{}, launch.LoginSettings.KeyIDs...)},
		InternetAccessible: internetAccessible{InternetChargeType: "TRAFFIC_POSTPAID_BY_HOUR"}, SecurityGroupIDs: launch.SecurityGroupIDs,
		AutoScalingGroupAbstractSet: []groupAbstract{{known.group, name}}, CreatedTime: stamp(known.created), ImageID: known.imageID,
		EnhancedService:           enhancedService{&enabledService{true}, &enabledService{true}},
		LaunchConfigurationStatus: "NORMAL", InstanceChargeType: launch.charge(), InstanceMarketOptions: launch.InstanceMarketOptions, InstanceTypes: launch.InstanceTypes,
		InstanceTags: append([]tagObject{}, launch.InstanceTags...), Tags: []absent{}, VersionNumber: 1, UpdatedTime: stamp(known.created),
		LastInstanceTypesCheck: "ANY", InstanceNameSettings: instanceNameSettings{InstanceName: "tke_" + known.cluster.id + "_worker", InstanceNameStyle: "ORIGINAL"},
		InstanceChargePrepaid: instanceChargePrepaid{RenewFlag: "NOTIFY_AND_MANUAL_RENEW"}, DiskTypePolicy: "ORIGINAL", DisasterRecoverGroupIDs: []string{},
	}
	if launch.InternetAccessible != nil {
		o.InternetAccessible = launch.InternetAccessible.internetAccessible
	}
	if image, ok := s.resources.image(known.os); ok {
		o.ImageID = image.ID
	}
	return o
}
