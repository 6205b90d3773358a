// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
)

type (
	modifyTagsRequest struct {
		ClusterID        string      `json:"ClusterId" need:"yes"`
		Tags             []tagObject `json:"Tags"`
		SyncSubresource  bool        `json:"SyncSubresource"`
		SyncNodePoolTags bool        `json:"SyncNodePoolTags"`
	}
	modifyTagsResponse struct {
		Tags []tagObject `json:"Tags"`
	}
	tagsStatusResponse struct {
		FailedResources []failedResource `json:"FailedResources"`
		Status          string           `json:"Status"`
		SyncSubresource bool             `json:"SyncSubresource"`
		Tags            []tagObject      `json:"Tags"`
	}
	failedResource struct {
		Resource string `json:"Resource"`
		Error    string `json:"Error"`
	}
)

// taggingTime is how long a change of tags is under way.
const taggingTime = 5 * time.Second

// modifyTags replaces the tags of a cluster.
func (s *Server) modifyTags(c *call, in *modifyTagsRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "InternalError")
	if e != nil {
		e.code = "InternalError.Param"
		return nil, e
	}
	if in.SyncSubresource {
		return nil, notSimulated("SyncSubresource of ModifyClusterTags")
	}
	if e := checkTags([]tagSpecification{{"cluster", in.Tags}}); e != nil {
		return nil, e
	}
	if e := s.must(c.Now, core.SetTags{ClusterID: rec.id, Tags: tagMap(in.Tags)}); e != nil {
		return nil, e
	}
	rec.tagging = c.Now.Add(s.scaled(taggingTime))
	return modifyTagsResponse{append([]tagObject{}, in.Tags...)}, nil
}

func (s *Server) describeTagsStatus(c *call, in *clusterIDRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "FailedOperation")
	if e != nil || rec.tagging.IsZero() {
		return nil, fail("FailedOperation.TaskNotFound", "TASK_NOT_FOUND(no tags of the cluster %s were changed)", in.ClusterID)
	}
	out := tagsStatusResponse{FailedResources: []failedResource{}, Status: "done", Tags: tagList(rec.live.Tags)}
	if c.Now.Before(rec.tagging) {
		out.Status = "running"
	}
	return out, nil
}

type (
	describeAsGroupsRequest struct {
		ClusterID           string   `json:"ClusterId" need:"yes"`
		AutoScalingGroupIDs []string `json:"AutoScalingGroupIds"`
		Offset              *int64   `json:"Offset"`
		Limit               *int64   `json:"Limit"`
	}
	describeAsGroupsResponse struct {
		TotalCount        int64           `json:"TotalCount"`
		ClusterAsGroupSet []asGroupObject `json:"ClusterAsGroupSet"`
	}
	asGroupObject struct {
		AutoScalingGroupID string        `json:"AutoScalingGroupId"`
		Status             string        `json:"Status"`
		IsUnschedulable    bool          `json:"IsUnschedulable"`
		Labels             []labelObject `json:"Labels"`
		CreatedTime        string        `json:"CreatedTime"`
	}
)

// describeAsGroups shows the scaling groups of a cluster.
func (s *Server) describeAsGroups(c *call, in *describeAsGroupsRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "InternalError")
	if e != nil {
		return nil, e
	}
	by := map[string][]string{}
	if len(in.AutoScalingGroupIDs) > 0 {
		by["id"] = in.AutoScalingGroupIDs
	}
	list := []asGroupObject{}
	for _, g := range rec.live.Groups {
		known := rec.pools[g.ID]
		if is(by, "id", known.group) {
			list = append(list, asGroupObject{
				known.group, s.poolObject(c, rec, g, known).AutoscalingGroupStatus, known.unschedulable != 0, append([]labelObject{}, known.labels...), localTime(known.created),
			})
		}
	}
	items, total, e := page(s, c, in.Offset, in.Limit, list)
	return describeAsGroupsResponse{total, items}, e
}

type (
	describeImagesRequest struct {
		Filters absent `json:"Filters" sim:"no"`
	}
	describeImagesResponse struct {
		TotalCount       int64         `json:"TotalCount"`
		OSImageSeriesSet []imageObject `json:"OSImageSeriesSet"`
	}
	imageObject struct {
		SeriesName      string `json:"SeriesName"`
		Alias           string `json:"Alias"`
		OSName          string `json:"OsName"`
		OSCustomizeType string `json:"OsCustomizeType"`
		Status          string `json:"Status"`
		ImageID         string `json:"ImageId"`
		Arch            string `json:"Arch"`
	}
)

func (s *Server) describeImages(*call, *describeImagesRequest) (any, *apiError) {
	list := []imageObject{}
	for _, i := range s.resources.Images {
		status := "online"
		if i.Offline {
			status = "offline"
		}
		list = append(list, imageObject{i.Series, i.Alias, i.OSName, "GENERAL", status, i.ID, "amd64"})
	}
	return describeImagesResponse{int64(len(list)), list}, nil
}
