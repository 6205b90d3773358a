// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// The kinds of activities and how they end.
const (
	scaleOut = "SCALE_OUT"
	scaleIn  = "SCALE_IN"

	activityRunning  = "RUNNING"
	activityDone     = "SUCCESSFUL"
	activityFailed   = "FAILED"
	activityCanceled = "CANCELLED"
)

// activityRecord is an activity of Auto Scaling.
type activityRecord struct {
	id, kind      string
	begun, ended  time.Time // ended is zero while nobody knows when it will be
	status, words string    // at the end
}

// newActivity begins one.
func (s *Server) newActivity(now time.Time, known *poolRecord, kind string) *activityRecord {
	a := &activityRecord{id: s.newID("asa-"), kind: kind, begun: now}
	known.activities = append(known.activities, a)
	if over := len(known.activities) - 100; over > 0 {
		known.activities = slices.Delete(known.activities, 0, over)
	}
	return a
}

// attempts is how often Auto Scaling tries at once, unless it is told not to.
const attempts = 5

// failActivity lets an activity fail, and those that try again: in the end Auto Scaling gives
// up. Nil is none.
func (s *Server) failActivity(at time.Time, known *poolRecord, a *activityRecord, words string) {
	a.end(at, activityFailed, words)
	for range attempts - 1 {
		if a != nil && known.scaling.RetryPolicy != "NO_RETRY" {
			s.newActivity(at, known, a.kind).end(at, activityFailed, words)
		}
	}
}

// end says how an activity ends; nil is none.
func (a *activityRecord) end(at time.Time, status, words string) {
	if a != nil {
		a.ended, a.status, a.words = at, status, words
	}
}

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
		InstanceMarketOptions       absent                `json:"InstanceMarketOptions"`
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

// poolsByGroup goes through the node pools of a region by their scaling groups.
func (s *Server) poolsByGroup(c *call) []*poolRecord {
	var list []*poolRecord
	for _, id := range slices.Sorted(maps.Keys(s.groups)) {
		if known := s.groups[id]; known.group == id && known.cluster.region == c.region {
			list = append(list, known)
		}
	}
	return list
}

// is says whether the values of a condition have one; without values there is none.
func is(by map[string][]string, name, value string) bool {
	return by[name] == nil || slices.Contains(by[name], value)
}

// group returns the node pool in the core; ok is false when it is gone.
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
	list := []configObject{}
	for _, known := range s.poolsByGroup(c) {
		g, ok := known.inCore()
		name := "tke-" + known.id
		if !ok || g.State == profile.Deleting || !is(by, "launch-configuration-id", known.config) || !is(by, "launch-configuration-name", name) {
			continue
		}
		list = append(list, s.configObject(known, name))
	}
	items, total, e := asItems(s, c, in.asPage, list)
	return describeConfigsResponse{total, items}, e
}

func (s *Server) configObject(known *poolRecord, name string) configObject {
	launch := known.launch
	o := configObject{
		LaunchConfigurationID: known.config, LaunchConfigurationName: name, InstanceType: launch.InstanceType, SystemDisk: launch.SystemDisk.systemDisk,
		DataDisks: []absent{}, LoginSettings: keyIDs{append([]string{}, launch.LoginSettings.KeyIDs...)},
		InternetAccessible: internetAccessible{InternetChargeType: "TRAFFIC_POSTPAID_BY_HOUR"}, SecurityGroupIDs: launch.SecurityGroupIDs,
		AutoScalingGroupAbstractSet: []groupAbstract{{known.group, name}}, CreatedTime: stamp(known.created), ImageID: known.imageID,
		EnhancedService:           enhancedService{&enabledService{true}, &enabledService{true}},
		LaunchConfigurationStatus: "NORMAL", InstanceChargeType: cmp.Or(launch.InstanceChargeType, "POSTPAID_BY_HOUR"), InstanceTypes: launch.InstanceTypes,
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

type (
	describeActivitiesRequest struct {
		ActivityIDs []string `json:"ActivityIds"`
		Filters     []filter `json:"Filters"`
		asPage
		StartTime string `json:"StartTime"`
		EndTime   string `json:"EndTime"`
	}
	describeActivitiesResponse struct {
		TotalCount  int64            `json:"TotalCount"`
		ActivitySet []activityObject `json:"ActivitySet"`
	}
	activityObject struct {
		AutoScalingGroupID         string            `json:"AutoScalingGroupId"`
		ActivityID                 string            `json:"ActivityId"`
		ActivityType               string            `json:"ActivityType"`
		StatusCode                 string            `json:"StatusCode"`
		StatusMessage              string            `json:"StatusMessage"`
		Cause                      string            `json:"Cause"`
		Description                string            `json:"Description"`
		StartTime                  string            `json:"StartTime"`
		EndTime                    string            `json:"EndTime"`
		CreatedTime                string            `json:"CreatedTime"`
		ActivityRelatedInstanceSet []relatedInstance `json:"ActivityRelatedInstanceSet"`
		StatusMessageSimplified    string            `json:"StatusMessageSimplified"`
		LifecycleActionResultSet   []absent          `json:"LifecycleActionResultSet"`
		DetailedStatusMessageSet   []statusMessage   `json:"DetailedStatusMessageSet"`
		InvocationResultSet        []absent          `json:"InvocationResultSet"`
		RelatedInstanceSet         []relatedInstance `json:"RelatedInstanceSet"`
	}
	relatedInstance struct {
		InstanceID     string `json:"InstanceId"`
		InstanceStatus string `json:"InstanceStatus"`
	}
	statusMessage struct {
		Code               string `json:"Code"`
		Zone               string `json:"Zone"`
		InstanceID         string `json:"InstanceId"`
		InstanceChargeType string `json:"InstanceChargeType"`
		SubnetID           string `json:"SubnetId"`
		Message            string `json:"Message"`
		InstanceType       string `json:"InstanceType"`
	}
)

// describeActivities shows the newest first. Activities are kept when their group is gone.
func (s *Server) describeActivities(c *call, in *describeActivitiesRequest) (any, *apiError) {
	by, e := s.asFilters(in.ActivityIDs, in.Filters, "activity-id", "auto-scaling-group-id", "activity-status-code", "activity-type")
	var from, to time.Time
	for _, bound := range []struct {
		text string
		into *time.Time
	}{{in.StartTime, &from}, {in.EndTime, &to}} {
		t, err := time.Parse(time.RFC3339, bound.text)
		if bound.text != "" && err != nil && e == nil {
			e = fail("InvalidParameterValue.TimeFormat", "the time %q cannot be read", bound.text)
		}
		*bound.into = t
	}
	if e != nil {
		return nil, e
	}
	type entry struct {
		known *poolRecord
		*activityRecord
	}
	var found []entry
	for _, known := range s.poolsByGroup(c) {
		for _, a := range known.activities {
			status, _ := a.now(c.Now)
			if is(by, "activity-id", a.id) && is(by, "auto-scaling-group-id", known.group) && is(by, "activity-status-code", status) && is(by, "activity-type", a.kind) &&
				!a.begun.Before(from) && (to.IsZero() || a.begun.Before(to)) {
				found = append(found, entry{known, a})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b entry) int { return a.begun.Compare(b.begun) })
	if !s.assumptions.ActivitiesOldestFirst {
		slices.Reverse(found)
	}
	list := []activityObject{}
	for _, f := range found {
		list = append(list, f.object(c.Now, f.known))
	}
	items, total, e := asItems(s, c, in.asPage, list)
	return describeActivitiesResponse{total, items}, e
}

// now is the status of an activity, and its message.
func (a *activityRecord) now(now time.Time) (status, message string) {
	if a.ended.IsZero() || now.Before(a.ended) {
		return activityRunning, ""
	}
	return a.status, a.words
}

func (a *activityRecord) object(now time.Time, known *poolRecord) activityObject {
	status, message := a.now(now)
	what := strings.ToLower(strings.ReplaceAll(a.kind, "_", " "))
	const cause = "Activity was launched in response to a difference between desired capacity and actual capacity"
	o := activityObject{
		AutoScalingGroupID: known.group, ActivityID: a.id, ActivityType: a.kind, StatusCode: status, StatusMessage: message, StatusMessageSimplified: message,
		Cause: cause + ".", Description: cause + ", " + what + ".", StartTime: stamp(a.begun), CreatedTime: stamp(a.begun),
		ActivityRelatedInstanceSet: []relatedInstance{}, LifecycleActionResultSet: []absent{}, DetailedStatusMessageSet: []statusMessage{},
		InvocationResultSet: []absent{}, RelatedInstanceSet: []relatedInstance{},
	}
	if status != activityRunning {
		o.EndTime = stamp(a.ended)
	}
	if status == activityFailed {
		code, text := splitReason(message, "InternalError")
		o.DetailedStatusMessageSet = append(o.DetailedStatusMessageSet, statusMessage{Code: code, Message: text, InstanceType: known.launch.InstanceType, InstanceChargeType: "POSTPAID_BY_HOUR"})
	}
	return o
}

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
		SpotMixedAllocationPolicy          struct{}        `json:"SpotMixedAllocationPolicy"`
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
	for _, known := range s.poolsByGroup(c) {
		g, ok := known.inCore()
		name := "tke-" + known.id
		if !ok || !is(by, "auto-scaling-group-id", known.group) || !is(by, "auto-scaling-group-name", name) || !is(by, "vpc-id", known.cluster.vpc) {
			continue
		}
		o := groupObject{
			AutoScalingGroupID: known.group, AutoScalingGroupName: name, AutoScalingGroupStatus: "NORMAL", CreatedTime: stamp(known.created), DefaultCooldown: 300,
			DesiredCapacity: int64(g.Desired), EnabledStatus: "ENABLED", ForwardLoadBalancerSet: []absent{},
			LaunchConfigurationID: known.config, LaunchConfigurationName: name, LoadBalancerIDSet: []string{}, MaxSize: int64(g.Max), MinSize: int64(g.Min),
			SubnetIDSet: known.scaling.SubnetIDs, TerminationPolicySet: []string{"OLDEST_INSTANCE"}, VPCID: known.cluster.vpc, ZoneSet: []string{},
			RetryPolicy: cmp.Or(known.scaling.RetryPolicy, "IMMEDIATE_RETRY"), InActivityStatus: "NOT_IN_ACTIVITY", Tags: []absent{},
			ServiceSettings: serviceSettings{ScalingMode: "CLASSIC_SCALING"}, MultiZoneSubnetPolicy: cmp.Or(known.scaling.MultiZoneSubnetPolicy, "PRIORITY"),
			HealthCheckType: "CVM", InstanceAllocationPolicy: "LAUNCH_CONFIGURATION",
		}
		n := s.counts(c.Now, known, g)
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
