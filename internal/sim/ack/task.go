// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// What tasks are about.
const (
	targetCluster  = "cluster"
	targetNodePool = "nodepool"
)

// taskRecord is a task: what every accepted mutation starts.
type taskRecord struct {
	id, kind string
	// op is the id of the core's operation; empty: the task was over at once.
	op               string
	targetKind       string
	target           string
	rec              *clusterRecord
	created, updated time.Time
	// paused: it waits until it is resumed.
	paused bool
	done   bool
	// failure is why it failed, canceled that it was stopped.
	failure  string
	canceled bool
}

// newTask makes a task that has not begun.
func (s *Server) newTask(kind, targetKind string) *taskRecord {
	id := "T-" + s.Random.Text(24, simkit.LowerHex)
	return &taskRecord{id: id, op: id, kind: kind, targetKind: targetKind}
}

// enlist keeps a task that has begun.
func (s *Server) enlist(now time.Time, rec *clusterRecord, t *taskRecord, target string) {
	t.rec, t.target, t.created = rec, target, now
	if t.updated.IsZero() {
		t.updated = now
	}
	rec.tasks = append(rec.tasks, t)
	s.tasks[t.id] = t
}

// finish ends a task with the core's record of its operation.
func (s *Server) finish(t *taskRecord, end core.OperationRecord) {
	if end.ID != t.op {
		return // another operation has taken its place
	}
	t.updated, t.done, t.failure = end.End, true, end.Failure
	if strings.HasPrefix(end.Failure, "canceled: ") {
		t.canceled = true
	}
}

// lastTask is the newest of a kind.
func (rec *clusterRecord) lastTask(kind string) *taskRecord {
	for _, t := range slices.Backward(rec.tasks) {
		if t.kind == kind {
			return t
		}
	}
	return &taskRecord{}
}

func (t *taskRecord) state() string {
	switch {
	case t.paused:
		return "paused"
	case !t.done:
		return "running"
	case t.canceled:
		return "canceled"
	case t.failure != "":
		return "fail"
	}
	return "success"
}

func (t *taskRecord) err() *taskError {
	if t.failure == "" {
		return nil
	}
	code, message := splitReason(t.failure, "InternalError")
	if t.canceled {
		code = "TaskCanceled"
	}
	return &taskError{code, message}
}

// task finds the task of a call.
func (s *Server) task(c *call) (*taskRecord, *apiError) {
	t, ok := s.tasks[c.labels["task_id"]]
	if !ok {
		return nil, fail(http.StatusNotFound, "ErrTaskNotFound", "task %s not found", c.labels["task_id"])
	}
	return t, nil
}

func (s *Server) describeTask(c *call) (any, *apiError) {
	t, e := s.task(c)
	if e != nil {
		return nil, e
	}
	o := taskObject{
		taskItem:  taskItem{TaskID: t.id, TaskType: t.kind, State: t.state(), Created: stamp(t.created), Updated: stamp(t.updated), Error: t.err()},
		ClusterID: t.rec.id, CurrentStage: t.kind, Target: taskTarget{t.target, t.targetKind}, Parameters: map[string]any{},
		Stages: []taskStage{{State: t.state(), StartTime: stamp(t.created)}}, Events: []taskEvent{}, TaskResult: []taskResult{},
	}
	if t.done {
		o.Stages[0].EndTime = stamp(t.updated)
		o.TaskResult = append(o.TaskResult, taskResult{t.target, t.state()})
	}
	if e := t.err(); e != nil {
		o.Stages[0].Message = e.Message
		o.Events = append(o.Events, taskEvent{Action: t.kind, Level: "error", Message: e.Message, Reason: e.Code, Source: t.target, Timestamp: stamp(t.updated)})
	}
	return o, nil
}

func (s *Server) describeTasks(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	number, e := c.number("page_number", 1, pageLimit, 1)
	if e != nil {
		return nil, e
	}
	size, e := c.number("page_size", 1, 100, 20)
	if e != nil {
		return nil, e
	}
	var list []taskItem
	for _, t := range rec.tasks {
		list = append(list, taskItem{TaskID: t.id, TaskType: t.kind, State: t.state(), Created: stamp(t.created), Updated: stamp(t.updated), Error: t.err()})
	}
	if !s.assumptions.TasksOldestFirst {
		slices.Reverse(list)
	}
	items, total := pageOf(c, number, size, list)
	return tasksResponse{PageInfo: pageObject{number, size, total}, RequestID: c.requestID, Tasks: append([]taskItem{}, items...)}, nil
}

// describeEvents shows an event for the begin and one for the end of each task, the
// newest first.
func (s *Server) describeEvents(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	number, e := c.number("page_number", 1, pageLimit, 1)
	if e != nil {
		return nil, e
	}
	size, e := c.number("page_size", 1, 50, 50)
	if e != nil {
		return nil, e
	}
	var list []eventObject
	for _, t := range slices.Backward(rec.tasks) {
		if id := c.query.Get("task_id"); id != "" && id != t.id {
			continue
		}
		event := func(at time.Time, level, reason, message string) {
			list = append(list, eventObject{
				ClusterID: rec.id, EventID: "A-" + t.id[2:] + "-" + strconv.Itoa(len(list)), Source: "cs.aliyuncs.com", Subject: t.target, Time: stamp(at), Type: t.kind,
				Data: eventData{level, message, reason},
			})
		}
		switch e := t.err(); {
		case e != nil:
			event(t.updated, "error", e.Code, e.Message)
		case t.done:
			event(t.updated, "info", "Success", t.kind+" succeeded")
		}
		event(t.created, "info", "Start", t.kind+" started")
	}
	items, total := pageOf(c, number, size, list)
	return eventsResponse{Events: append([]eventObject{}, items...), PageInfo: pageObject{number, size, total}}, nil
}

func (s *Server) cancelTask(c *call) (any, *apiError) {
	t, e := s.task(c)
	if e != nil {
		return nil, e
	}
	if _, err := s.world.Apply(c.Now, core.CancelOperation{OperationID: t.op, Why: "the task was canceled"}, core.Outcome{}); err != nil {
		return nil, fail(http.StatusBadRequest, "TaskOperationNotSupported", "The task %s in state %s does not support to be canceled", t.id, t.state())
	}
	t.paused = false
	return nil, nil
}

// resumeTask lets a paused upgrade of a node pool go on.
func (s *Server) resumeTask(c *call) (any, *apiError) {
	t, e := s.task(c)
	switch {
	case e != nil:
		return nil, e
	case !t.paused:
		return nil, fail(http.StatusBadRequest, "TaskOperationNotSupported", "The task %s in state %s does not support to be resumed", t.id, t.state())
	}
	old := t.op
	t.op, t.paused = t.id+"-resumed", false
	if e := s.must(c.Now, core.CancelOperation{OperationID: old, Why: "the task was resumed"}); e != nil {
		return nil, e
	}
	_, e = s.start(c, t, core.UpgradeNodeGroup{ClusterID: t.rec.id, GroupID: t.target}, s.upgraded(t.rec, t.target))
	return nil, e
}

// The answers about tasks and events.
type (
	taskError struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	taskItem struct {
		TaskID   string     `json:"task_id"`
		TaskType string     `json:"task_type"`
		State    string     `json:"state"`
		Created  string     `json:"created"`
		Updated  string     `json:"updated"`
		Error    *taskError `json:"error,omitempty"`
	}
	taskObject struct {
		taskItem
		ClusterID    string         `json:"cluster_id"`
		CurrentStage string         `json:"current_stage"`
		Stages       []taskStage    `json:"stages"`
		Events       []taskEvent    `json:"events"`
		Target       taskTarget     `json:"target"`
		Parameters   map[string]any `json:"parameters"`
		TaskResult   []taskResult   `json:"task_result"`
	}
	taskStage struct {
		State     string `json:"state"`
		StartTime string `json:"start_time"`
		EndTime   string `json:"end_time"`
		Message   string `json:"message"`
	}
	taskEvent struct {
		Action    string `json:"action"`
		Level     string `json:"level"`
		Message   string `json:"message"`
		Reason    string `json:"reason"`
		Source    string `json:"source"`
		Timestamp string `json:"timestamp"`
	}
	taskTarget struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	taskResult struct {
		Data   string `json:"data"`
		Status string `json:"status"`
	}
	tasksResponse struct {
		PageInfo  pageObject `json:"page_info"`
		RequestID string     `json:"requestId"`
		Tasks     []taskItem `json:"tasks"`
	}
	eventsResponse struct {
		Events   []eventObject `json:"events"`
		PageInfo pageObject    `json:"page_info"`
	}
	eventObject struct {
		ClusterID string    `json:"cluster_id"`
		EventID   string    `json:"event_id"`
		Source    string    `json:"source"`
		Subject   string    `json:"subject"`
		Time      string    `json:"time"`
		Type      string    `json:"type"`
		Data      eventData `json:"data"`
	}
	eventData struct {
		Level   string `json:"level"`
		Message string `json:"message"`
		Reason  string `json:"reason"`
	}
)
