// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// refusal is the Status of a request that was not carried out.
type refusal struct {
	Kind       string   `json:"kind"`
	APIVersion string   `json:"apiVersion"`
	Metadata   struct{} `json:"metadata"`
	Status     string   `json:"status"`
	Message    string   `json:"message"`
	Reason     string   `json:"reason,omitempty"`
	Details    *details `json:"details,omitempty"`
	Code       int      `json:"code"`
}

// details say what a refusal is about.
type details struct {
	Name              string  `json:"name,omitempty"`
	Group             string  `json:"group,omitempty"`
	Kind              string  `json:"kind,omitempty"` // the resource, in fact
	UID               string  `json:"uid,omitempty"`
	Causes            []cause `json:"causes,omitempty"`
	RetryAfterSeconds int     `json:"retryAfterSeconds,omitempty"`
}

type cause struct {
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	Field   string `json:"field,omitempty"`
}

func refuse(code int, reason, format string, args ...any) *refusal {
	return &refusal{Kind: "Status", APIVersion: "v1", Status: "Failure", Message: fmt.Sprintf(format, args...), Reason: reason, Code: code}
}

// about adds what the refusal is about.
func (e *refusal) about(r *resource, name string) *refusal {
	e.Details = &details{Name: name, Group: r.group, Kind: r.name}
	return e
}

func badRequest(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "BadRequest", format, args...)
}

var unauthorized = refuse(http.StatusUnauthorized, "Unauthorized", "Unauthorized")

// noPath is the answer for what this server does not have.
func noPath() *refusal {
	e := refuse(http.StatusNotFound, "NotFound", "the server could not find the requested resource")
	e.Details = &details{}
	return e
}

func notFound(r *resource, name string) *refusal {
	return refuse(http.StatusNotFound, "NotFound", "%s %q not found", r.qualified(), name).about(r, name)
}

func conflict(r *resource, name, why string) *refusal {
	return refuse(http.StatusConflict, "Conflict", "Operation cannot be fulfilled on %s %q: %s", r.qualified(), name, why).about(r, name)
}

const modifiedMeanwhile = "the object has been modified; please apply your changes to the latest version and try again"

func invalid(r *resource, name, field, message string) *refusal {
	e := refuse(http.StatusUnprocessableEntity, "Invalid", "%s %q is invalid: %s: %s", r.kind, name, field, message).about(r, name)
	e.Details.Kind = r.kind
	e.Details.Causes = []cause{{"FieldValueInvalid", message, field}}
	return e
}

func gone(err error) *refusal {
	return refuse(http.StatusGone, "Expired", "%s", err)
}

// tooNew is for a version that is not there yet.
func tooNew(asked, current uint64) *refusal {
	e := refuse(http.StatusGatewayTimeout, "Timeout", "Timeout: Too large resource version: %d, current: %d", asked, current)
	e.Details = &details{RetryAfterSeconds: 1, Causes: []cause{{Reason: "ResourceVersionTooLarge", Message: "Too large resource version"}}}
	return e
}

func wrongMethod() *refusal {
	return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "the server does not allow this method on the requested resource")
}

// success is the Status of a deletion.
func success(r *resource, o object) object {
	return object{
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Success",
		"details": map[string]any{"name": o.name(), "group": r.group, "kind": r.name, "uid": o.meta("uid")},
	}
}

// writeJSON answers with a body.
func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","code":500}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // a caller that is gone reads nothing
}
