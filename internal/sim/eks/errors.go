// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"fmt"
	"net/http"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// apiError is a refusal in the words of AWS.
type apiError struct {
	code    string
	status  int
	message string

	// What EKS adds to the body of its errors.
	cluster, nodegroup, fargate string
	validZones                  []string
	// retryAfter is shown in a header, which the SDK of AWS does not read.
	retryAfter time.Duration
}

// Verdict is what the journal holds.
func (e *apiError) Verdict() (status int, code string) { return e.status, e.code }

func (e *apiError) after(d time.Duration) *apiError {
	e.retryAfter = d
	return e
}

func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{code: code, status: status, message: fmt.Sprintf(format, args...)}
}

// in adds the names that EKS puts into the body of its errors.
func (e *apiError) in(cluster, nodegroup string) *apiError {
	e.cluster, e.nodegroup = cluster, nodegroup
	return e
}

func invalidParameter(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "InvalidParameterException", format, args...)
}

func invalidRequest(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "InvalidRequestException", format, args...)
}

func inUse(format string, args ...any) *apiError {
	return fail(http.StatusConflict, "ResourceInUseException", format, args...)
}

func notFound(format string, args ...any) *apiError {
	return fail(http.StatusNotFound, "ResourceNotFoundException", format, args...)
}

func limitExceeded(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "ResourceLimitExceededException", format, args...)
}

// notSimulated answers what AWS has and this package has not.
func notSimulated(format string, args ...any) *apiError {
	return fail(http.StatusNotImplemented, CodeNotSimulated, "not simulated: "+format, args...)
}

// CodeNotSimulated is the code, under HTTP status 501, of everything that AWS
// can do and the simulator cannot.
const CodeNotSimulated = "NotSimulated"

// refusalTable maps the core's reasons to the errors of EKS, where the operation
// has nothing better to say.
var refusalTable = map[core.Reason]struct {
	code   string
	status int
}{
	core.InvalidArgument: {"InvalidParameterException", http.StatusBadRequest},
	core.ClusterNotFound: {"ResourceNotFoundException", http.StatusNotFound},
	core.GroupNotFound:   {"ResourceNotFoundException", http.StatusNotFound},
	core.ClusterExists:   {"ResourceInUseException", http.StatusConflict},
	core.GroupExists:     {"ResourceInUseException", http.StatusConflict},
	core.Busy:            {"ResourceInUseException", http.StatusConflict},
	core.BadState:        {"ResourceInUseException", http.StatusConflict},
	core.Unsupported:     {"InvalidRequestException", http.StatusBadRequest},
	core.QuotaExceeded:   {"ResourceLimitExceededException", http.StatusBadRequest},
	core.LastGroup:       {"InvalidRequestException", http.StatusBadRequest},
	core.GroupsPresent:   {"ResourceInUseException", http.StatusConflict},
	core.Protected:       {"InvalidRequestException", http.StatusBadRequest},
	core.VersionUnknown:  {"InvalidParameterException", http.StatusBadRequest},
	core.Downgrade:       {"InvalidParameterException", http.StatusBadRequest},
	core.StepTooLarge:    {"InvalidParameterException", http.StatusBadRequest},
	core.GroupsLag:       {"InvalidRequestException", http.StatusBadRequest},
	core.NothingToDo:     {"InvalidParameterException", http.StatusBadRequest},
	core.NotInInventory:  {"InvalidParameterException", http.StatusBadRequest},
}

// refused turns an error of the core into one of EKS. AWS names one fault at a
// time, so the first counts.
func refused(err error) (*apiError, *core.Refusal) {
	list := core.Refusals(err)
	if len(list) == 0 {
		return fail(http.StatusInternalServerError, "ServerException", "%v", err), &core.Refusal{Reason: -1}
	}
	row := refusalTable[list[0].Reason]
	return fail(row.status, row.code, "%s", list[0].Message), list[0]
}

// injected is the error that a fault of the plan asks for, in the words of the
// service.
func injected(service string, code pmks.Code, reason string) *apiError {
	word := func(eks, ec2, query string) string {
		switch service {
		case "eks":
			return eks
		case "ec2":
			return ec2
		}
		return query
	}
	var e *apiError
	switch code {
	case pmks.CodeThrottled:
		status := http.StatusTooManyRequests
		if service == "ec2" {
			status = http.StatusServiceUnavailable
		} else if service != "eks" {
			status = http.StatusBadRequest
		}
		e = fail(status, word("ThrottlingException", "RequestLimitExceeded", "Throttling"), "Rate exceeded")
	case pmks.CodeInvalidArgument:
		e = fail(http.StatusBadRequest, word("InvalidParameterException", "InvalidParameterValue", "ValidationError"), "The parameter is not valid")
	case pmks.CodeNotFound:
		e = fail(http.StatusNotFound, word("ResourceNotFoundException", "InvalidID", "NoSuchEntity"), "The resource was not found")
	case pmks.CodeAlreadyExists, pmks.CodeBusy:
		e = fail(http.StatusConflict, word("ResourceInUseException", "IncorrectState", "ResourceInUse"), "The resource is in use")
	case pmks.CodeFailedPrecondition:
		e = fail(http.StatusBadRequest, word("InvalidRequestException", "IncorrectState", "ValidationError"), "The state does not allow it")
	case pmks.CodeUnauthenticated:
		e = fail(http.StatusForbidden, word("UnrecognizedClientException", "AuthFailure", "InvalidClientTokenId"), "The security token included in the request is invalid.")
	case pmks.CodePermissionDenied:
		e = fail(http.StatusForbidden, word("AccessDeniedException", "UnauthorizedOperation", "AccessDenied"), "The caller is not authorized to perform this operation")
	case pmks.CodeQuotaExceeded:
		e = fail(http.StatusBadRequest, word("ResourceLimitExceededException", "InstanceLimitExceeded", "LimitExceeded"), "The limit is reached")
	case pmks.CodeUnavailable:
		e = fail(http.StatusServiceUnavailable, word("ServiceUnavailableException", "Unavailable", "ServiceUnavailable"), "The service is unavailable")
	default:
		e = fail(http.StatusInternalServerError, word("ServerException", "InternalError", "InternalFailure"), "Internal server error")
	}
	if status, ok := ownStatusTable[service][e.code]; ok {
		e.status = status
	}
	if reason != "" {
		e.message = reason
	}
	return e
}

// ownStatusTable holds the statuses, by service and code, where a service has one
// of its own for what the others say too: EC2 answers 400 to all that the caller
// did wrong, and IAM and Auto Scaling disagree about limits and conflicts (their
// service models).
var ownStatusTable = map[string]map[string]int{
	"autoscaling": {"ResourceInUse": http.StatusBadRequest},
	"ec2":         {"AuthFailure": http.StatusUnauthorized, "IncorrectState": http.StatusBadRequest, "InvalidID": http.StatusBadRequest},
	"iam":         {"LimitExceeded": http.StatusConflict},
}
