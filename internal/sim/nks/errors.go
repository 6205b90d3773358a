// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// apiError is a refusal. Each service writes it in its own shape.
type apiError struct {
	status int
	// code is the name of Magnum's exception, or the type of a Neutron error.
	code       string
	message    string
	retryAfter time.Duration
}

// Verdict is what the journal holds.
func (e *apiError) Verdict() (status int, code string) { return e.status, e.code }

func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// badRequest refuses a value.
func badRequest(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "InvalidParameterValue", format, args...)
}

// missing refuses a reference to what does not exist. Magnum's own 404s of these are
// turned into 400.
func missing(what, name string) *apiError {
	return fail(http.StatusBadRequest, "ResourceNotFound", "Unable to find %s %s.", what, name)
}

// notSimulated answers what NHN has and this package has not.
func notSimulated(format string, args ...any) *apiError {
	return fail(http.StatusNotImplemented, "NotSimulated", "not simulated: "+format, args...)
}

// unsupported refuses what the state does not allow; doing is such as "Resizing a cluster".
func (s *Server) unsupported(doing, status string) *apiError {
	e := fail(http.StatusBadRequest, "NotSupported", `%s when status is "%s" is not supported.`, doing, status)
	if s.assume.BusyIsConflict && strings.HasSuffix(status, "_IN_PROGRESS") {
		e.status = http.StatusConflict
	}
	return e
}

// overQuota is how Magnum says that a limit of the project is reached.
func (s *Server) overQuota(format string, args ...any) *apiError {
	e := fail(http.StatusForbidden, "ResourceLimitExceeded", "Resource limit exceeded: "+format+".", args...)
	if s.assume.QuotaIsBadRequest {
		e.status = http.StatusBadRequest
	}
	return e
}

func forbidden(action string) *apiError {
	return fail(http.StatusForbidden, "PolicyNotAuthorized", "Policy doesn't allow %s to be performed.", action)
}

func noCluster(name string) *apiError {
	return fail(http.StatusNotFound, "ClusterNotFound", "Cluster %s could not be found.", name)
}

func noGroup(name string) *apiError {
	return fail(http.StatusNotFound, "NodeGroupNotFound", "Nodegroup %s could not be found.", name)
}

// invalidGroup refuses an attribute of a node group.
func invalidGroup(group, attribute, format string, args ...any) *apiError {
	return fail(http.StatusConflict, "NodeGroupInvalidInput", "%s for %s is invalid (%s).", attribute, group, fmt.Sprintf(format, args...))
}

// refused turns an error of the core into one of Magnum, which names one fault at a
// time. What a route knows better it has refused before.
func (s *Server) refused(err error) *apiError {
	list := core.Refusals(err)
	if len(list) == 0 {
		return fail(http.StatusInternalServerError, "Internal", "%v", err)
	}
	r := list[0]
	switch r.Reason {
	case core.ClusterNotFound:
		return noCluster("")
	case core.GroupNotFound:
		return noGroup("")
	case core.ClusterExists:
		return fail(http.StatusConflict, "ClusterAlreadyExists", "A cluster with that name already exists.")
	case core.GroupExists:
		return fail(http.StatusConflict, "NodeGroupAlreadyExists", "A node group with name %s already exists.", r.Blocker)
	case core.QuotaExceeded:
		return s.overQuota("%s", r.Message)
	case core.Busy:
		return s.unsupported("Changing a cluster", "UPDATE_IN_PROGRESS")
	case core.BadState:
		return fail(http.StatusBadRequest, "NotSupported", "%s: this is not supported.", r.Message)
	default:
		return badRequest("%s", r.Message)
	}
}

// injectedTable says what each code that a fault may ask for is in NKS.
var injectedTable = map[pmks.Code]apiError{
	pmks.CodeAlreadyExists:      {status: http.StatusConflict, code: "NodeGroupAlreadyExists", message: "A node group with that name already exists."},
	pmks.CodeBusy:               {status: http.StatusBadRequest, code: "NotSupported", message: `Updating a cluster when status is "UPDATE_IN_PROGRESS" is not supported.`},
	pmks.CodeFailedPrecondition: {status: http.StatusBadRequest, code: "NotSupported", message: `Updating a cluster when status is "CREATE_FAILED" is not supported.`},
	pmks.CodeInternal:           {status: http.StatusInternalServerError, code: "Internal", message: "The server has run into an error."},
	pmks.CodeInvalidArgument:    {status: http.StatusBadRequest, code: "InvalidParameterValue", message: "The value is not valid."},
	pmks.CodeNotFound:           {status: http.StatusNotFound, code: "ResourceNotFound", message: "The resource could not be found."},
	pmks.CodePermissionDenied:   {status: http.StatusForbidden, code: "PolicyNotAuthorized", message: "Policy doesn't allow this to be performed."},
	pmks.CodeQuotaExceeded:      {status: http.StatusForbidden, code: "ResourceLimitExceeded", message: "Resource limit exceeded: the project has too many of them."},
	pmks.CodeThrottled:          {status: http.StatusTooManyRequests, code: "OverLimit", message: "This request was rate-limited.", retryAfter: time.Second},
	pmks.CodeTimeout:            {status: http.StatusGatewayTimeout, code: "GatewayTimeout", message: "The server did not answer in time."},
	pmks.CodeUnauthenticated:    {status: http.StatusUnauthorized, code: "Unauthorized", message: textUnauthorized},
	pmks.CodeUnavailable:        {status: http.StatusServiceUnavailable, code: "ServiceUnavailable", message: "The service is unavailable."},
}

// injected is the error that a fault of the plan, or a rate limit, asks for.
func injected(c *call, code pmks.Code, reason string) *apiError {
	e, ok := injectedTable[code]
	if !ok {
		e = injectedTable[pmks.CodeInternal]
	}
	if code == pmks.CodeThrottled && (c.service == serviceCompute || c.service == serviceVolume) {
		e.status = http.StatusRequestEntityTooLarge // the older OpenStack's way
	}
	if c.Exhausted != nil {
		e.retryAfter = c.Exhausted.Every
	}
	if reason != "" {
		e.message = reason
	}
	return &e
}

// The bodies of errors.
type (
	magnumErrors struct {
		Errors []magnumError `json:"errors"`
	}
	magnumError struct {
		RequestID  string   `json:"request_id"`
		Code       string   `json:"code"`
		Status     int      `json:"status"`
		Title      string   `json:"title"`
		Detail     string   `json:"detail"`
		Links      []string `json:"links"`
		MinVersion string   `json:"min_version,omitempty"`
		MaxVersion string   `json:"max_version,omitempty"`
	}
	keystoneError struct {
		Error struct {
			Code    int    `json:"code"`
			Title   string `json:"title"`
			Message string `json:"message"`
		} `json:"error"`
	}
	novaFault struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	neutronError struct {
		Type    string `json:"type"`
		Message string `json:"message"`
		Detail  string `json:"detail"`
	}
)

// novaFaults are the names of faults by their status.
var novaFaults = map[int]string{
	http.StatusBadRequest:            "badRequest",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "itemNotFound",
	http.StatusConflict:              "conflictingRequest",
	http.StatusRequestEntityTooLarge: "overLimit",
	http.StatusTooManyRequests:       "overLimit",
	http.StatusNotImplemented:        "notImplemented",
	http.StatusServiceUnavailable:    "serviceUnavailable",
}

// body is a refusal as the service of a call writes it. What is behind no service,
// and Glance, answer with HTML.
func (e *apiError) body(c *call, texts Texts) (data []byte, html bool) {
	var body any
	switch {
	case e.status == http.StatusUnauthorized || c.service == serviceIdentity:
		var k keystoneError
		k.Error.Code, k.Error.Title, k.Error.Message = e.status, http.StatusText(e.status), e.message
		body = k
	case c.service == serviceNKS:
		body = e.magnum(texts)
	case c.service == serviceCompute || c.service == serviceVolume:
		body = map[string]novaFault{cmp.Or(novaFaults[e.status], "computeFault"): {e.status, e.message}}
	case c.service == serviceNetwork:
		body = map[string]neutronError{"NeutronError": {e.code, e.message, ""}}
	default:
		text := fmt.Sprintf("%d %s", e.status, http.StatusText(e.status))
		return fmt.Appendf(nil, "<html>\n <head>\n  <title>%s</title>\n </head>\n <body>\n  <h1>%s</h1>\n  %s<br /><br />\n </body>\n</html>", text, text, e.message), true
	}
	data, _ = json.Marshal(body) // texts and numbers only
	return data, false
}

func (e *apiError) magnum(texts Texts) magnumErrors {
	m := magnumError{Code: "client", Status: e.status, Detail: e.message, Links: []string{}}
	if e.status >= http.StatusInternalServerError {
		m.Code = "server"
	}
	if e.status == http.StatusNotAcceptable {
		m.Code, m.MinVersion, m.MaxVersion = "", minVersion, maxVersion
	}
	if e.status < http.StatusInternalServerError {
		switch texts {
		case TextsOther:
			m.Detail = "NKS could not do this (E-4711). Ask the support for help."
		case TextsEmpty:
			m.Detail = ""
		default:
		}
	}
	m.Title, _, _ = strings.Cut(m.Detail, ".")
	return magnumErrors{[]magnumError{m}}
}
