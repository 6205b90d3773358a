// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// CodeNotSimulated is the code, under HTTP status 501, of everything that IBM can do
// and the simulator cannot.
const CodeNotSimulated = "NotSimulated"

// apiError is a refusal in the words of IBM.
type apiError struct {
	status int
	// code is the Kubernetes Service's, or that of the service that was called.
	code        string
	description string
	kind        string // the type of an error of the Kubernetes Service
	recovery    string
	// text is the body of an answer that is no JSON.
	text       string
	retryAfter time.Duration
}

// Verdict is what the journal holds.
func (e *apiError) Verdict() (status int, code string) { return e.status, e.code }

func (e *apiError) after(d time.Duration) *apiError {
	if d > 0 {
		e.retryAfter = d
	}
	return e
}

func (e *apiError) of(kind string) *apiError {
	e.kind = kind
	return e
}

func (e *apiError) recover(cli string) *apiError {
	e.recovery = cli
	return e
}

func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, description: fmt.Sprintf(format, args...), kind: "General"}
}

// The types of errors.
const (
	kindAuthentication = "Authentication"
	kindBadRequest     = "BadRequest"
	kindProvisioning   = "Provisioning"
	kindVersions       = "Versions"
	kindCluster        = "Cluster"
)

func badRequest(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "E0020", format, args...).of(kindBadRequest)
}

// noCluster is the answer for a cluster that is not there, or not to be seen. The
// service has three codes for it.
func noCluster(code string) *apiError {
	e := fail(http.StatusNotFound, code, "The specified cluster could not be found.")
	e.recovery = "Run 'ibmcloud ks clusters' to list all clusters you have access to."
	switch code {
	case "A0006":
		return e.of(kindAuthentication)
	case "E0008":
		return e.of(kindProvisioning)
	}
	return e
}

func (s *Server) noPool() *apiError {
	code := "E0d30"
	if s.assume.MissingPoolIsGeneral {
		code = "G0004"
	}
	return fail(http.StatusNotFound, code, "The specified worker pool could not be found.").of(kindProvisioning).
		recover("Run 'ibmcloud ks worker-pool ls --cluster <cluster_name_or_ID>' to list the worker pools of the cluster.")
}

// noRoute is what the gateway says.
func noRoute() *apiError {
	return &apiError{status: http.StatusNotFound, text: "404 page not found\n"}
}

// notSimulated answers what IBM has and this package has not.
func notSimulated(format string, args ...any) *apiError {
	return fail(http.StatusNotImplemented, CodeNotSimulated, "not simulated: "+format, args...)
}

// conflict refuses for what is under way or for the state of the target.
func conflict(format string, args ...any) *apiError {
	return fail(http.StatusConflict, "E0d61", format, args...).of(kindProvisioning)
}

// masterBusy refuses an update of a master that is not in the state deployed.
func masterBusy() *apiError {
	return fail(http.StatusBadRequest, "Ef9cc", "The cluster master must be in the 'deployed' state before it can be updated.").of(kindBadRequest)
}

// refusalTable maps the core's reasons to the errors of the Kubernetes Service, where
// the operation has nothing better to say.
var refusalTable = map[core.Reason]struct {
	status     int
	code, kind string
}{
	core.InvalidArgument: {http.StatusBadRequest, "E0020", kindBadRequest},
	core.ClusterNotFound: {http.StatusNotFound, "G0004", "General"},
	core.GroupNotFound:   {http.StatusNotFound, "E0d30", kindProvisioning},
	core.ClusterExists:   {http.StatusConflict, "E0007", kindProvisioning},
	core.GroupExists:     {http.StatusConflict, "E0d39", kindProvisioning},
	core.Busy:            {http.StatusConflict, "E0d61", kindProvisioning},
	core.BadState:        {http.StatusConflict, "E0d61", kindProvisioning},
	core.QuotaExceeded:   {http.StatusForbidden, "E60b6", kindProvisioning},
	core.VersionUnknown:  {http.StatusBadRequest, "E0149", kindVersions},
	core.Downgrade:       {http.StatusBadRequest, "E0147", kindVersions},
	core.StepTooLarge:    {http.StatusBadRequest, "E0148", kindVersions},
	core.NothingToDo:     {http.StatusConflict, "E0120", kindVersions},
}

// refused turns an error of the core into one of the service, which names one fault
// at a time.
func refused(err error) *apiError {
	list := core.Refusals(err)
	if len(list) == 0 {
		return fail(http.StatusInternalServerError, "G0002", "%v", err)
	}
	row, ok := refusalTable[list[0].Reason]
	if list[0].Reason == core.LastGroup {
		return belowMinimum()
	}
	if !ok {
		return badRequest("%s.", list[0].Message)
	}
	return fail(row.status, row.code, "%s.", list[0].Message).of(row.kind)
}

// injected is the error that a fault of the plan, or the rate limit, asks for.
func (s *Server) injected(c *call, code pmks.Code, reason string, retryAfter time.Duration) *apiError {
	var e *apiError
	switch code {
	case pmks.CodeThrottled:
		status := s.assume.ThrottledStatus
		if status == 0 {
			status = http.StatusTooManyRequests
		}
		e = fail(status, "G0015", "You have exceeded the rate limit of 200 requests per 10 seconds.").after(time.Second)
	case pmks.CodeInvalidArgument:
		e = badRequest("The request is not valid.")
	case pmks.CodeNotFound:
		e = noCluster("A0006")
	case pmks.CodeAlreadyExists:
		e = fail(http.StatusConflict, "E0007", "A cluster with the same name already exists. Choose another name.").of(kindProvisioning)
	case pmks.CodeBusy:
		e = conflict("The operation cannot be performed while the cluster is being worked on.")
	case pmks.CodeFailedPrecondition:
		e = belowMinimum()
	case pmks.CodeUnauthenticated:
		e = fail(http.StatusUnauthorized, "A0003", "The IAM token is not valid or has expired.").of(kindAuthentication)
	case pmks.CodePermissionDenied:
		e = s.noRole(c)
	case pmks.CodeQuotaExceeded:
		e = quotaExceeded("clusters", s.clusterQuota())
	case pmks.CodeUnavailable:
		e = fail(http.StatusServiceUnavailable, "A0002", "The back end of the service could not be reached. Try again later.")
	default:
		e = fail(http.StatusInternalServerError, "G0002", "An internal error occurred. Try again later.")
	}
	if c.service == serviceIAM && code == pmks.CodeUnauthenticated {
		e = iamError("BXNIM0415E", "Provided API key could not be found.")
	}
	if reason != "" {
		e.description = reason
	}
	if s.assume.NoRetryAfter {
		e.retryAfter = 0
		return e
	}
	return e.after(retryAfter)
}

// belowMinimum refuses to give up the last pool, or workers that others wait for.
func belowMinimum() *apiError {
	return fail(http.StatusBadRequest, "E1437", "The cluster would go below the minimum number of worker nodes, or worker node operations are pending.").of(kindBadRequest)
}

func quotaExceeded(what string, limit int) *apiError {
	return fail(http.StatusForbidden, "E60b6", "The request exceeds the quota of %d %s in the region.", limit, what).of(kindProvisioning)
}

// iksError is the body of an error of the Kubernetes Service.
type iksError struct {
	IncidentID  string `json:"incidentID"`
	Code        string `json:"code"`
	Description string `json:"description"`
	Type        string `json:"type"`
	RecoveryCLI string `json:"recoveryCLI,omitempty"`
}

// listedError is the body of an error of the VPC service, of tagging and of the
// resource controller.
type listedError struct {
	Errors     []listedItem `json:"errors"`
	Trace      string       `json:"trace"`
	StatusCode int          `json:"status_code,omitempty"`
}

type listedItem struct {
	Code     string `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info,omitempty"`
}

// listedCodes are the codes of those services by HTTP status.
var listedCodes = map[int]string{
	400: "bad_request", 401: "not_authorized", 403: "forbidden", 404: "not_found", 429: "rate_limit_exceeded",
	500: "internal_error", 501: CodeNotSimulated, 503: "service_unavailable",
}

// refusal is the reply of a call that was not answered.
func (s *Server) refusal(c *call, e *apiError) simkit.Reply {
	h := c.headers()
	simkit.SetRetryAfter(h, e.retryAfter)
	if e.text != "" {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		return simkit.Reply{Status: e.status, Header: h, Body: []byte(e.text)}
	}
	var body any
	switch c.service {
	case serviceIAM:
		body = iamErrorBody(c, e)
	case serviceKube:
		body = kubeStatus(e)
	case serviceIKS:
		body = iksError{c.requestID, e.code, e.description, e.kind, e.recovery}
	default:
		out := listedError{[]listedItem{{cmp.Or(listedCodes[e.status], e.code), e.description, ""}}, c.requestID, 0}
		if c.service != serviceVPC {
			out.StatusCode = e.status
		}
		body = out
	}
	h.Set("Content-Type", jsonType)
	data, _ := json.Marshal(body) // texts and numbers only
	return simkit.Reply{Status: e.status, Header: h, Body: data}
}

// decode reads the body of a call strictly.
func (c *call) decode(into any) *apiError {
	err := simkit.Decode(c.body, into)
	wrong := &simkit.DecodeError{}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong) && wrong.Fault == simkit.NotSimulated:
		return notSimulated("%s", wrong.Path)
	}
	return badRequest("The request body is not valid: %v.", err)
}
