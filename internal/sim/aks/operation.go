// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
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

func (s *Server) operationOf(c *call) (core.OperationRecord, *apiError) {
	op, found := s.world.Operation(c.Now, c.vars["operation"])
	if !found {
		return op, fail(http.StatusNotFound, "NotFound", "The entity was not found.")
	}
	return op, nil
}

// failureOf returns the error of an operation that is over; nil if it went well.
func failureOf(op core.OperationRecord) *errorDetail {
	if op.Failure == "" {
		return nil
	}
	if reason, canceled := strings.CutPrefix(op.Failure, "canceled: "); canceled {
		code := "AKSOperationPreempted"
		if strings.Contains(reason, "deleted") {
			code = "AKSOperationPreemptedByDelete"
		}
		return &errorDetail{Code: code, Message: reason}
	}
	detail := failureDetail(op.Failure)
	return &detail
}

func (s *Server) operationStatus(c *call) (*answer, *apiError) {
	op, e := s.operationOf(c)
	if e != nil {
		return nil, e
	}
	return ok(statusOf(op))
}

// statusOf shows an operation.
func statusOf(op core.OperationRecord) operationObject {
	o := operationObject{Name: op.ID, Status: "InProgress", StartTime: stamp(op.Start)}
	if !op.Done {
		return o
	}
	o.Status, o.EndTime, o.Error = "Succeeded", stamp(op.End), failureOf(op)
	switch {
	case o.Error == nil:
	case strings.HasPrefix(o.Error.Code, "AKSOperationPreempted"):
		o.Status = "Canceled"
	default:
		o.Status = "Failed"
	}
	return o
}

// operationResult answers 202 until the operation is over.
func (s *Server) operationResult(c *call) (*answer, *apiError) {
	op, e := s.operationOf(c)
	if e != nil {
		return nil, e
	}
	if !op.Done {
		return &answer{status: http.StatusAccepted, operation: op.ID, location: true}, nil
	}
	if detail := failureOf(op); detail != nil {
		return nil, fail(http.StatusConflict, detail.Code, "%s", detail.Message)
	}
	return &answer{status: http.StatusNoContent}, nil
}

// stamp writes an instant as Azure does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }
