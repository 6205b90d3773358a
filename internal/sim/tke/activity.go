// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"slices"
	"strings"
	"time"
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
	for _, known := range s.poolsByGroup(c, by["auto-scaling-group-id"]) {
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
		o.DetailedStatusMessageSet = append(o.DetailedStatusMessageSet, statusMessage{Code: code, Message: text, InstanceType: known.launch.InstanceType, InstanceChargeType: known.launch.charge()})
	}
	return o
}
