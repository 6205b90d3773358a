// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

type (
	modifyTagsRequest struct {
		ClusterID        string       `json:"ClusterId" need:"yes"`
		Tags             *[]tagObject `json:"Tags"`
		SyncSubresource  bool         `json:"SyncSubresource"`
		SyncNodePoolTags bool         `json:"SyncNodePoolTags"`
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

// The states of a change of tags.
const (
	tagsRunning = "running"
	tagsFailed  = "failed"
	tagsDone    = "done"
)

// tagTask is a change of the tags of a cluster.
type tagTask struct {
	tags   []tagObject
	status string
	words  string // of a failure
}

// modifyTags begins to replace the tags of a cluster, which shows the old ones until that is
// done.
func (s *Server) modifyTags(c *call, in *modifyTagsRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "InternalError")
	if e != nil {
		e.code = "InternalError.Param"
		return nil, e
	}
	switch {
	case rec.live.State == profile.Deleting:
		return nil, clusterState("FailedOperation", rec.id, s.stateOf(rec, rec.live))
	case in.SyncSubresource:
		return nil, notSimulated("SyncSubresource of ModifyClusterTags")
	case in.Tags == nil:
		return nil, invalid("Tags is empty")
	case rec.tagging != nil && rec.tagging.status == tagsRunning && !s.assumptions.TagTasksOverlap:
		return nil, fail("FailedOperation.TaskAlreadyRunning", "TASK_ALREADY_RUNNING(the tags of the cluster %s are changed already)", rec.id)
	}
	tags := append([]tagObject{}, *in.Tags...)
	if e := checkTags([]tagSpecification{{"cluster", tags}}); e != nil {
		return nil, e
	}
	task := &tagTask{tags: tags, status: tagsRunning}
	if _, e := s.apply(c, core.Work{ClusterID: rec.id, Took: s.scaled(taggingTime), Aside: true}, func(end core.OperationRecord) {
		if task.status, task.words = tagsDone, end.Failure; end.Failure != "" {
			task.status = tagsFailed
			return
		}
		if rec.tagging == task { // the last one asked for wins
			s.tag(end.End, rec, task, in.SyncNodePoolTags)
		}
	}); e != nil {
		return nil, e
	}
	if s.assumptions.TagsAtOnce && c.Outcome.Fail == "" {
		s.tag(c.Now, rec, task, in.SyncNodePoolTags)
	}
	rec.tagging = task
	return modifyTagsResponse{tags}, nil
}

// tag gives a cluster its tags, and its node pools too where they are to have them.
func (s *Server) tag(at time.Time, rec *clusterRecord, task *tagTask, pools bool) {
	_ = s.must(at, core.SetTags{ClusterID: rec.id, Tags: tagMap(task.tags)}) // the cluster is being deleted otherwise
	if !pools {
		return
	}
	for _, known := range rec.pools {
		known.inherited = tagList(rec.live.Tags)
	}
}

func (s *Server) describeTagsStatus(c *call, in *clusterIDRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "FailedOperation")
	if e != nil || rec.tagging == nil {
		return nil, fail("FailedOperation.TaskNotFound", "TASK_NOT_FOUND(no tags of the cluster %s were changed)", in.ClusterID)
	}
	task := rec.tagging
	out := tagsStatusResponse{FailedResources: []failedResource{}, Status: task.status, Tags: task.tags}
	if task.status == tagsFailed {
		out.FailedResources = append(out.FailedResources, failedResource{"qcs::ccs:" + rec.region + ":uin/" + s.account + ":cluster/" + rec.id, task.words})
	}
	return out, nil
}
