// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// operationObject is the status of an operation.
type operationObject struct {
	Name      string       `json:"name"`
	Status    string       `json:"status"`
	StartTime string       `json:"startTime"`
	EndTime   string       `json:"endTime,omitempty"`
	Error     *errorDetail `json:"error,omitempty"`
}

// operationURL is where the status, or the result, of an operation is found.
func (s *Server) operationURL(c *call, kind, id string) string {
	version := c.query.Get("api-version")
	if s.assumed.OldOperationURLs {
		version = operationVersion
	}
	return c.base + "/subscriptions/" + s.subscription + "/providers/Microsoft.ContainerService/locations/" + s.location +
		"/" + kind + "/" + id + "?api-version=" + version
}

// operationState is an operation of the core, or a phase.
type operationState struct {
	start, end time.Time
	done       bool
	failure    string
	deletion   bool
}

func (s *Server) operationState(c *call) (operationState, *apiError) {
	id := c.vars["operation"]
	for _, p := range s.phases {
		if p.id == id {
			return operationState{start: p.start}, nil
		}
	}
	if p, ok := s.past[id]; ok {
		return operationState{p.start, p.end, true, p.failure, false}, nil
	}
	op, ok := s.world.Operation(c.now, id)
	if !ok {
		return operationState{}, fail(http.StatusNotFound, "NotFound", "The entity was not found.")
	}
	deletion := op.Kind == profile.DeleteCluster || op.Kind == profile.RemoveNodeGroup
	return operationState{op.Start, op.End, op.Done, op.Failure, deletion}, nil
}

// failed returns the error of an operation that is over; nil if it went well.
func (o operationState) failed() *errorDetail {
	if o.failure == "" {
		return nil
	}
	if reason, canceled := strings.CutPrefix(o.failure, "canceled: "); canceled {
		code := "AKSOperationPreempted"
		if strings.Contains(reason, "deleted") {
			code = "AKSOperationPreemptedByDelete"
		}
		return &errorDetail{Code: code, Message: reason}
	}
	detail := failureDetail(o.failure)
	return &detail
}

func (s *Server) operationStatus(c *call) (*answer, *apiError) {
	state, e := s.operationState(c)
	if e != nil {
		return nil, e
	}
	o := operationObject{Name: c.vars["operation"], Status: "InProgress", StartTime: stamp(state.start)}
	if state.done {
		o.Status, o.EndTime = "Succeeded", stamp(state.end)
		if o.Error = state.failed(); o.Error != nil {
			o.Status = "Failed"
			if strings.HasPrefix(o.Error.Code, "AKSOperationPreempted") {
				o.Status = "Canceled"
			}
		}
	}
	return ok(o)
}

// operationResult answers 202 until the operation is over.
func (s *Server) operationResult(c *call) (*answer, *apiError) {
	state, e := s.operationState(c)
	if e != nil {
		return nil, e
	}
	if !state.done {
		return &answer{status: http.StatusAccepted, operation: c.vars["operation"], location: true}, nil
	}
	if detail := state.failed(); detail != nil {
		return nil, fail(http.StatusConflict, detail.Code, "%s", detail.Message)
	}
	return &answer{status: http.StatusNoContent}, nil
}

// stamp writes an instant as Azure does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }
