// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// CodeNotSimulated is the code, under HTTP status 501, of everything that Azure
// can do and the simulator cannot.
const CodeNotSimulated = "NotSimulated"

// apiError is a refusal in the words of Azure.
type apiError struct {
	status  int
	code    string
	subcode string
	message string
	target  string
	details []errorDetail
	// gateway: Azure Resource Manager answers, not the AKS resource provider. Their
	// bodies differ.
	gateway    bool
	retryAfter time.Duration
	// challenge goes into WWW-Authenticate.
	challenge string
}

// Verdict is what the journal holds.
func (e *apiError) Verdict() (status int, code string) { return e.status, e.code }

// fail is an error of the AKS resource provider.
func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// gateway is an error of Azure Resource Manager.
func gateway(status int, code, format string, args ...any) *apiError {
	e := fail(status, code, format, args...)
	e.gateway = true
	return e
}

func (e *apiError) after(d time.Duration) *apiError {
	e.retryAfter = d
	return e
}

// at names the faulty member, if there is a fault.
func (e *apiError) at(target string) *apiError {
	if e != nil {
		e.target = target
	}
	return e
}

// invalid refuses one member of a request.
func invalid(target, format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "InvalidParameter", "The value of parameter %s is invalid. Error details: %s. "+
		"Please see https://aka.ms/aks-naming-rules for more details.", target, fmt.Sprintf(format, args...)).at(target)
}

// required refuses a request without a member.
func required(target string) *apiError {
	return fail(http.StatusBadRequest, "InvalidParameter", "Required parameter %s is missing (null).", target).at(target)
}

// badRequest is the resource provider's plain refusal.
func badRequest(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "BadRequest", format, args...)
}

// notAllowed refuses what is not allowed, now or ever.
func notAllowed(status int, format string, args ...any) *apiError {
	return fail(status, "OperationNotAllowed", format, args...)
}

// pending refuses while something is under way.
func pending(format string, args ...any) *apiError {
	return notAllowed(http.StatusConflict, "Operation is not allowed: Another operation is in progress: %s. "+
		"Please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details.",
		fmt.Sprintf(format, args...))
}

// notFound is the gateway's answer for a resource that does not exist.
func notFound(kind, name, group string) *apiError {
	return gateway(http.StatusNotFound, "ResourceNotFound", "The Resource '%s/%s' under resource group '%s' was not found. "+
		"For more details please go to https://aka.ms/ARMResourceNotFoundFix", kind, name, group)
}

// notSimulated answers what Azure has and this package has not.
func notSimulated(format string, args ...any) *apiError {
	return gateway(http.StatusNotImplemented, CodeNotSimulated, "not simulated: "+format, args...)
}

// refusalTable maps the core's reasons to the errors of AKS, where the operation
// has nothing better to say.
var refusalTable = map[core.Reason]struct {
	code   string
	status int
}{
	core.InvalidArgument: {"InvalidParameter", http.StatusBadRequest},
	core.ClusterNotFound: {"ResourceNotFound", http.StatusNotFound},
	core.GroupNotFound:   {"NotFound", http.StatusNotFound},
	core.ClusterExists:   {"PreconditionFailed", http.StatusPreconditionFailed},
	core.GroupExists:     {"PreconditionFailed", http.StatusPreconditionFailed},
	core.Busy:            {"OperationNotAllowed", http.StatusConflict},
	core.BadState:        {"OperationNotAllowed", http.StatusBadRequest},
	core.Unsupported:     {"BadRequest", http.StatusBadRequest},
	core.QuotaExceeded:   {"QuotaExceeded", http.StatusBadRequest},
	core.LastGroup:       {"OperationNotAllowed", http.StatusBadRequest},
	core.GroupsPresent:   {"OperationNotAllowed", http.StatusBadRequest},
	core.Protected:       {"ScopeLocked", http.StatusConflict},
	core.VersionUnknown:  {"K8sVersionNotSupported", http.StatusBadRequest},
	core.Downgrade:       {"OperationNotAllowed", http.StatusBadRequest},
	core.StepTooLarge:    {"OperationNotAllowed", http.StatusBadRequest},
	core.GroupsLag:       {"NodePoolMcVersionIncompatible", http.StatusBadRequest},
	core.NothingToDo:     {"BadRequest", http.StatusBadRequest},
	core.NotInInventory:  {"InvalidResourceReference", http.StatusBadRequest},
}

// refused turns an error of the core into one of AKS. AKS names one fault at a
// time, so the first counts.
func refused(err error) *apiError {
	list := core.Refusals(err)
	if len(list) == 0 {
		return fail(http.StatusInternalServerError, "InternalOperationError", "%v", err)
	}
	row := refusalTable[list[0].Reason]
	if list[0].Reason == core.Busy {
		return pending("%s", list[0].Message)
	}
	return fail(row.status, row.code, "%s", list[0].Message)
}

// injected is the error that a fault of the plan asks for.
func injected(c *call, code pmks.Code, reason string) *apiError {
	if c.service == entra {
		return injectedEntra(code, reason)
	}
	if c.service == resourceGraph {
		return injectedGraph(c, code, reason)
	}
	var e *apiError
	switch code {
	case pmks.CodeThrottled:
		e = throttled(c)
	case pmks.CodeInvalidArgument:
		e = invalid("properties", "the value is not valid")
	case pmks.CodeNotFound:
		e = notFound(c.kind(), c.resource(), c.group())
	case pmks.CodeAlreadyExists:
		e = preconditionFailed("the resource exists")
	case pmks.CodeBusy:
		e = pending("the resource is being updated")
	case pmks.CodeFailedPrecondition:
		e = notAllowed(http.StatusBadRequest, "The operation is not allowed in the present state of the resource")
	case pmks.CodeUnauthenticated:
		e = gateway(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid.")
	case pmks.CodePermissionDenied:
		e = gateway(http.StatusForbidden, "AuthorizationFailed", "The client does not have authorization to perform action '%s'.", c.action)
	case pmks.CodeQuotaExceeded:
		e = fail(http.StatusBadRequest, "ErrCode_InsufficientVCPUQuota", "Insufficient regional vcpu quota left")
	case pmks.CodeUnavailable:
		e = gateway(http.StatusServiceUnavailable, "ServiceUnavailable", "The service is unavailable.")
	default:
		e = fail(http.StatusInternalServerError, "InternalOperationError", "Internal server error")
	}
	if reason != "" {
		e.message = reason
	}
	return e
}

// throttled is the refusal of a call too many, in the words of the level that
// counted it; without one, in those of the service that was called.
func throttled(c *call) *apiError {
	level := map[string]string{containerService: "aks", compute: "compute", resourceGraph: "graph"}[c.service]
	if c.Exhausted != nil {
		level = c.Exhausted.Level
	}
	var e *apiError
	switch level {
	case "aks":
		e = fail(http.StatusTooManyRequests, "Throttled", "The request has been throttled. "+
			"Please see https://aka.ms/aks/throttled for more details.")
	case "compute", "compute-set":
		// The code alone reads like a refusal by state or quota: the detail tells.
		e = gateway(http.StatusTooManyRequests, "OperationNotAllowed", "The server has received too many requests for this subscription.")
		e.details = []errorDetail{{Code: "TooManyRequests", Message: "The limit of " + c.op + " is used up."}}
	case "graph":
		e = graphFault(c, http.StatusTooManyRequests, "RateLimiting", errorDetail{Code: "RateLimiting", Message: "Client application has been throttled and should not attempt " +
			"to repeat the request until an amount of time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help."})
	default:
		e = gateway(http.StatusTooManyRequests, "SubscriptionRequestsThrottled", "Number of requests for subscription '%s' "+
			"exceeded the limit. Please try again later.", c.vars["sub"])
	}
	return e.after(time.Second)
}

func preconditionFailed(format string, args ...any) *apiError {
	return fail(http.StatusPreconditionFailed, "PreconditionFailed", "The precondition was not met: "+format, args...)
}

// defaultFailure is the code of an operation that fails for a reason without one.
const defaultFailure = "InternalOperationError"

// splitReason takes "Code: message" apart; a reason without a code gets the
// default one.
func splitReason(reason string) (code, message string) {
	if reason == "" {
		return "", ""
	}
	code, message, found := strings.Cut(reason, ": ")
	if !found || code == "" || strings.ContainsAny(code, " \t\n") {
		return defaultFailure, reason
	}
	return code, message
}

// failureDetail is the record of a failure. The first line of a reason is the error
// itself and every other one a detail of it, each as "Code: message".
func failureDetail(reason string) errorDetail {
	first, rest, _ := strings.Cut(reason, "\n")
	code, message := splitReason(first)
	d := errorDetail{Code: cmp.Or(code, defaultFailure), Message: message}
	for line := range strings.Lines(rest) {
		code, message := splitReason(strings.TrimSpace(line))
		d.Details = append(d.Details, errorDetail{Code: code, Message: message})
	}
	return d
}

// The bodies of errors.
type (
	gatewayBody struct {
		Error struct {
			Code    string        `json:"code"`
			Message string        `json:"message"`
			Target  string        `json:"target,omitempty"`
			Details []errorDetail `json:"details,omitempty"`
		} `json:"error"`
	}
	providerBody struct {
		Code    string  `json:"code"`
		Details *string `json:"details"` // always null
		Message string  `json:"message"`
		Subcode string  `json:"subcode"`
		Target  string  `json:"target,omitempty"`
	}
)

func (e *apiError) body() any {
	if !e.gateway {
		return providerBody{Code: e.code, Subcode: e.subcode, Message: e.message, Target: e.target}
	}
	var b gatewayBody
	b.Error.Code, b.Error.Message, b.Error.Target, b.Error.Details = e.code, e.message, e.target, e.details
	return b
}
