// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"fmt"
	"net/http"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// apiError is a refusal in the words of Google.
type apiError struct {
	code    codes.Code
	message string
	// status and reason are the HTTP status and the reason in the errors of REST,
	// where they are not those of the code.
	status  int
	reason  string
	details []proto.Message
	// compute: it is one of Compute Engine; oauth is the word of the token endpoint.
	compute bool
	oauth   string
	// retryAfter is shown in the details, and in a header of REST.
	retryAfter time.Duration
}

func fail(code codes.Code, format string, args ...any) *apiError {
	return &apiError{code: code, message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *apiError {
	return fail(codes.InvalidArgument, format, args...)
}

func notFound(format string, args ...any) *apiError { return fail(codes.NotFound, format, args...) }

func precondition(format string, args ...any) *apiError {
	return fail(codes.FailedPrecondition, format, args...)
}

// notSimulated answers what Google has and this package has not.
func notSimulated(format string, args ...any) *apiError {
	return fail(codes.Unimplemented, "not simulated: "+format, args...)
}

// with adds details.
func (e *apiError) with(details ...proto.Message) *apiError {
	e.details = append(e.details, details...)
	return e
}

// because adds an ErrorInfo; metadata are pairs of key and value.
func (e *apiError) because(reason, domain string, metadata ...string) *apiError {
	info := &errdetails.ErrorInfo{Reason: reason, Domain: domain}
	for i := 0; i+1 < len(metadata); i += 2 {
		if info.Metadata == nil {
			info.Metadata = map[string]string{}
		}
		info.Metadata[metadata[i]] = metadata[i+1]
	}
	return e.with(info)
}

// after says when to come back.
func (e *apiError) after(d time.Duration) *apiError {
	if d > 0 {
		e.retryAfter = d
		e.with(&errdetails.RetryInfo{RetryDelay: durationpb.New(d)})
	}
	return e
}

// badField adds a BadRequest that names a field.
func (e *apiError) badField(field string) *apiError {
	return e.with(&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: field, Description: e.message},
	}})
}

// The domains of ErrorInfo.
const (
	domainGoogle    = "googleapis.com"
	domainIAM       = "iam.googleapis.com"
	domainContainer = serviceContainer
)

// statusTable maps the codes to the status and the reason of REST.
var statusTable = map[codes.Code]struct {
	status       int
	word, reason string
}{
	codes.Aborted:            {http.StatusConflict, "ABORTED", "aborted"},
	codes.AlreadyExists:      {http.StatusConflict, "ALREADY_EXISTS", "alreadyExists"},
	codes.Canceled:           {499, "CANCELLED", "cancelled"},
	codes.DeadlineExceeded:   {http.StatusGatewayTimeout, "DEADLINE_EXCEEDED", "deadlineExceeded"},
	codes.FailedPrecondition: {http.StatusBadRequest, "FAILED_PRECONDITION", "failedPrecondition"},
	codes.Internal:           {http.StatusInternalServerError, "INTERNAL", "backendError"},
	codes.InvalidArgument:    {http.StatusBadRequest, "INVALID_ARGUMENT", "badRequest"},
	codes.NotFound:           {http.StatusNotFound, "NOT_FOUND", "notFound"},
	codes.PermissionDenied:   {http.StatusForbidden, "PERMISSION_DENIED", "forbidden"},
	codes.ResourceExhausted:  {http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "rateLimitExceeded"},
	codes.Unauthenticated:    {http.StatusUnauthorized, "UNAUTHENTICATED", "authError"},
	codes.Unavailable:        {http.StatusServiceUnavailable, "UNAVAILABLE", "backendError"},
	codes.Unimplemented:      {http.StatusNotImplemented, "UNIMPLEMENTED", "notImplemented"},
	codes.Unknown:            {http.StatusInternalServerError, "UNKNOWN", "unknown"},
}

func (e *apiError) httpStatus() int {
	if e.status != 0 {
		return e.status
	}
	return statusTable[e.code].status
}

func (e *apiError) restReason() string {
	if e.reason != "" {
		return e.reason
	}
	return statusTable[e.code].reason
}

// Verdict returns the status, and the word of the code or, of Compute Engine, the
// reason.
func (e *apiError) Verdict() (status int, code string) {
	if e.compute {
		return e.httpStatus(), e.restReason()
	}
	return e.httpStatus(), statusTable[e.code].word
}

// v1 returns the details as status.WithDetails wants them.
func (e *apiError) v1() []protoadapt.MessageV1 {
	list := make([]protoadapt.MessageV1, len(e.details))
	for i, d := range e.details {
		list[i] = protoadapt.MessageV1Of(d)
	}
	return list
}

// refusalTable maps the core's reasons to codes, where the method has nothing
// better to say.
var refusalTable = map[core.Reason]codes.Code{
	core.InvalidArgument: codes.InvalidArgument,
	core.ClusterNotFound: codes.NotFound,
	core.GroupNotFound:   codes.NotFound,
	core.ClusterExists:   codes.AlreadyExists,
	core.GroupExists:     codes.AlreadyExists,
	core.Busy:            codes.FailedPrecondition,
	core.BadState:        codes.FailedPrecondition,
	core.Unsupported:     codes.Unimplemented,
	core.QuotaExceeded:   codes.PermissionDenied, // GKE speaks of quotas so
	core.LastGroup:       codes.FailedPrecondition,
	core.GroupsPresent:   codes.FailedPrecondition,
	core.Protected:       codes.FailedPrecondition,
	core.VersionUnknown:  codes.InvalidArgument,
	core.Downgrade:       codes.InvalidArgument,
	core.StepTooLarge:    codes.InvalidArgument,
	core.GroupsLag:       codes.FailedPrecondition,
	core.NothingToDo:     codes.FailedPrecondition,
	core.NotInInventory:  codes.InvalidArgument,
}

// refused turns an error of the core into one of GKE, which names one fault at a
// time.
func refused(err error) *apiError {
	list := core.Refusals(err)
	if len(list) == 0 {
		return fail(codes.Internal, "%v", err)
	}
	r := list[0]
	if r.Reason == core.QuotaExceeded {
		return insufficientQuota("%s", r.Message)
	}
	return fail(refusalTable[r.Reason], "%s", r.Message)
}

// insufficientQuota is how GKE says that Compute Engine's quota is not enough: as
// PERMISSION_DENIED.
func insufficientQuota(format string, args ...any) *apiError {
	return fail(codes.PermissionDenied, "Insufficient regional quota to satisfy request: "+format+".", args...)
}

// rateLimited says that there were too many calls to a service.
func (s *Server) rateLimited(service string, limit int) *apiError {
	e := fail(codes.ResourceExhausted, "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute' of service '%s' for consumer 'project_number:%s'.", service, s.number)
	e.because("RATE_LIMIT_EXCEEDED", domainGoogle, "consumer", "projects/"+s.number, "quota_limit", "RequestsPerMinutePerProject",
		"quota_limit_value", fmt.Sprint(limit), "quota_metric", service+"/requests", "service", service)
	if service == serviceCompute {
		e.code, e.status, e.reason = codes.PermissionDenied, http.StatusForbidden, "rateLimitExceeded"
	}
	return e
}

// injected is the error that a fault of the plan, or a rate limit, asks for. Google
// does not say when a minute is over.
func (s *Server) injected(c *call, code pmks.Code, reason string, retryAfter time.Duration) *apiError {
	if c.Exhausted != nil {
		return s.rateLimited(c.service, c.Exhausted.Burst)
	}
	var e *apiError
	switch code {
	case pmks.CodeThrottled:
		e = s.rateLimited(c.service, 60)
	case pmks.CodeInvalidArgument:
		e = invalid("Request contains an invalid argument.")
	case pmks.CodeNotFound:
		e = notFound("Not found: %s.", c.target)
	case pmks.CodeAlreadyExists:
		e = fail(codes.AlreadyExists, "Already exists: %s.", c.target)
	case pmks.CodeBusy:
		e = s.busyWith("operation-0000000000000-00000000-0000-0000-0000-000000000000", c.Entry.Cluster)
	case pmks.CodeFailedPrecondition:
		e = precondition("The state does not allow it.")
	case pmks.CodeUnauthenticated:
		e = unauthenticated(c, "CREDENTIALS_MISSING")
	case pmks.CodePermissionDenied:
		e = s.refusePermission(c, c.permission)
	case pmks.CodeQuotaExceeded:
		e = insufficientQuota(`resource "CPUS": request requires '8.0' and is short '8.0'`)
	case pmks.CodeUnavailable:
		e = fail(codes.Unavailable, "The service is currently unavailable.")
	case pmks.CodeTimeout:
		e = fail(codes.DeadlineExceeded, "Deadline expired before operation could complete.")
	default:
		e = fail(codes.Internal, "Internal error encountered.")
	}
	if reason != "" {
		e.message = reason
	}
	return e.after(retryAfter)
}
