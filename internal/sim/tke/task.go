// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// The types of tasks. That creations and deletions have any is an assumption.
const (
	taskCreate  = "cluster_create"
	taskDelete  = "cluster_delete"
	taskUpgrade = "master_upgrade"
	taskNodes   = "node_upgrade"
)

// taskRecord is a record of work on a cluster.
type taskRecord struct {
	id, kind         string
	rec              *clusterRecord
	created, updated time.Time
	// state is process, paused, done or aborted.
	state string
	// failure is why it failed.
	failure string
}

// newTask makes a task that begins now.
func (s *Server) newTask(now time.Time, kind string, rec *clusterRecord) *taskRecord {
	return &taskRecord{id: s.Random.UUID(), kind: kind, rec: rec, created: now, updated: now, state: "process"}
}

// finish ends a task with the core's record of its operation.
func (t *taskRecord) finish(end core.OperationRecord) {
	t.updated, t.state, t.failure = end.End, "done", end.Failure
	if t.failure != "" {
		t.state = "aborted"
	}
}

type (
	describeTasksRequest struct {
		Filter []filter `json:"Filter"`
		Latest bool     `json:"Latest"`
	}
	describeTasksResponse struct {
		Tasks []taskObject `json:"Tasks"`
	}
	taskObject struct {
		LifeState string  `json:"LifeState"`
		TargetObj string  `json:"TargetObj"`
		Param     *string `json:"Param"`
		TaskType  string  `json:"TaskType"`
		LastError *string `json:"LastError"`
		ClusterID string  `json:"ClusterID"`
		CreatedAt string  `json:"CreatedAt"`
		UpdatedAt string  `json:"UpdatedAt"`
		TaskID    string  `json:"TaskID"`
	}
)

// describeTasks shows the newest first. It wants the type of the tasks.
func (s *Server) describeTasks(c *call, in *describeTasksRequest) (any, *apiError) {
	by, e := filters(in.Filter, "ClusterId", "TaskType")
	switch {
	case e != nil:
		return nil, e
	case len(by["TaskType"]) == 0:
		return nil, invalid("TaskType is empty")
	case len(by["ClusterId"]) == 0:
		return nil, invalid("ClusterId is empty")
	}
	out := describeTasksResponse{[]taskObject{}}
	for _, id := range by["ClusterId"] {
		rec, ok := s.clusters[id]
		if !ok || rec.region != c.region {
			continue
		}
		for _, t := range slices.Backward(rec.tasks) {
			hidden := !s.assumptions.CreationTasks && (t.kind == taskCreate || t.kind == taskDelete)
			if hidden || !slices.Contains(by["TaskType"], t.kind) || in.Latest && len(out.Tasks) > 0 {
				continue
			}
			o := taskObject{
				LifeState: t.state, TargetObj: id, TaskType: t.kind, ClusterID: id, CreatedAt: stamp(t.created), UpdatedAt: stamp(t.updated), TaskID: t.id,
			}
			if t.failure != "" {
				o.LastError = &t.failure
			}
			out.Tasks = append(out.Tasks, o)
		}
	}
	if len(out.Tasks) == 0 && s.assumptions.TasksNotFound {
		return nil, fail("FailedOperation.TaskNotFound", "TASK_NOT_FOUND(there is no task of the type %s)", by["TaskType"][0])
	}
	return out, nil
}
