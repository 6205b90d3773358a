// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// CodeNotSimulated is the code, under HTTP status 501, of everything that Alibaba
// Cloud can do and the simulator cannot.
const CodeNotSimulated = "NotSimulated"

// apiError is a refusal in the words of Alibaba Cloud.
type apiError struct {
	status        int
	code, message string
	// gateway: the API gateway answers, not ACK. Their bodies differ.
	gateway bool
	// denied is the action that no policy allows.
	denied     string
	retryAfter time.Duration
}

// Verdict is what the journal holds.
func (e *apiError) Verdict() (status int, code string) { return e.status, e.code }

// fail is an error of the service.
func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// gateway is an error of the API gateway.
func gateway(status int, code, format string, args ...any) *apiError {
	e := fail(status, code, format, args...)
	e.gateway = true
	return e
}

func (e *apiError) after(d time.Duration) *apiError {
	e.retryAfter = d
	return e
}

// invalid refuses a value; field names it in the code, such as "ServiceCIDR".
func invalid(field, format string, args ...any) *apiError {
	code := "InvalidParameter"
	if field != "" {
		code += "." + field
	}
	return fail(http.StatusBadRequest, code, format, args...)
}

func missing(field string) *apiError {
	return fail(http.StatusBadRequest, "MissingParameter."+field, "The parameter %s is required.", field)
}

func noCluster(id string) *apiError {
	return fail(http.StatusNotFound, "ErrorClusterNotFound", "cluster %s not found", id)
}

func noNodePool(id string) *apiError {
	return fail(http.StatusNotFound, "ErrorNodePoolNotFound", "nodepool %s not found", id)
}

// noAction is what is answered where there is no such call, or not any more.
func noAction() *apiError {
	return gateway(http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
}

// notSimulated answers what Alibaba Cloud has and this package has not.
func notSimulated(format string, args ...any) *apiError {
	return fail(http.StatusNotImplemented, CodeNotSimulated, "not simulated: "+format, args...)
}

// clusterState refuses what the state of a cluster does not allow.
func (s *Server) clusterState(name, state string) *apiError {
	if s.assumptions.OtherCodes {
		return fail(http.StatusConflict, "OperationConflict", "The operation is not supported by cluster %s now: %s", name, state)
	}
	return fail(http.StatusBadRequest, "ErrorClusterState", "The cluster %s is in state %s, which does not support the operation", name, state)
}

// poolState refuses what the state of a node pool does not allow.
func poolState(id, state string) *apiError {
	return fail(http.StatusBadRequest, "InvalidNodePoolStatus.Forbidden", "The operation is forbidden when the nodepool %s is in status %s", id, state)
}

// protected refuses a deletion.
func (s *Server) protected(name string) *apiError {
	if s.assumptions.OtherCodes {
		return fail(http.StatusForbidden, "OperationDenied.DeletionProtection", "The cluster %s has deletion protection enabled", name)
	}
	return fail(http.StatusBadRequest, "ErrorDeletionProtection", "The cluster %s cannot be deleted, deletion protection is enabled", name)
}

// conflictingCIDR refuses a network that overlaps another one.
func (s *Server) conflictingCIDR(format string, args ...any) *apiError {
	e := invalid("CIDRConflict", format, args...)
	if s.assumptions.OtherCodes {
		e.code = "VpcCidrConflict"
	}
	return e
}

// refusalTable maps the core's reasons to codes, where the operation has nothing better to
// say.
var refusalTable = map[core.Reason]struct {
	code   string
	status int
}{
	core.InvalidArgument: {"InvalidParameter", http.StatusBadRequest},
	core.ClusterNotFound: {"ErrorClusterNotFound", http.StatusNotFound},
	core.GroupNotFound:   {"ErrorNodePoolNotFound", http.StatusNotFound},
	core.ClusterExists:   {"ClusterNameAlreadyExist", http.StatusBadRequest},
	core.GroupExists:     {"NodePoolNameAlreadyExist", http.StatusBadRequest},
	core.Busy:            {"InvalidNodePoolStatus.Forbidden", http.StatusBadRequest},
	core.BadState:        {"InvalidNodePoolStatus.Forbidden", http.StatusBadRequest},
	core.Unsupported:     {"InvalidParameter", http.StatusBadRequest},
	core.QuotaExceeded:   {"QuotaExceeded.Cluster", http.StatusBadRequest},
	core.LastGroup:       {"LastNodePool", http.StatusBadRequest},
	core.GroupsPresent:   {"DependencyResourceExist", http.StatusBadRequest},
	core.Protected:       {"ErrorDeletionProtection", http.StatusBadRequest},
	core.VersionUnknown:  {"InvalidParameter.KubernetesVersion", http.StatusBadRequest},
	core.Downgrade:       {"InvalidParameter.KubernetesVersion", http.StatusBadRequest},
	core.StepTooLarge:    {"InvalidParameter.KubernetesVersion", http.StatusBadRequest},
	core.GroupsLag:       {"InvalidParameter.KubernetesVersion", http.StatusBadRequest},
	core.NothingToDo:     {"InvalidParameter.KubernetesVersion", http.StatusBadRequest},
	core.NotInInventory:  {"InvalidParameter", http.StatusBadRequest},
}

// refused turns an error of the core into one of ACK, which names one fault at a time:
// the first counts.
func refused(err error) (*apiError, core.Reason) {
	list := core.Refusals(err)
	if len(list) == 0 {
		return fail(http.StatusInternalServerError, "InternalError", "%v", err), -1
	}
	row := refusalTable[list[0].Reason]
	return fail(row.status, row.code, "%s", list[0].Message), list[0].Reason
}

// injectedTable holds the errors that a fault of the plan asks for: of ACK, and of the
// services of the RPC style.
var injectedTable = map[pmks.Code]struct{ cs, rpc apiError }{
	pmks.CodeInvalidArgument: {
		apiError{status: 400, code: "InvalidParameter", message: "The parameter is not valid"},
		apiError{status: 400, code: "InvalidParameter", message: "The specified parameter is not valid."}},
	pmks.CodeNotFound: {
		apiError{status: 404, code: "ErrorClusterNotFound", message: "cluster not found"},
		apiError{status: 404, code: "InvalidVpcId.NotFound", message: "The specified VPC does not exist."}},
	pmks.CodeAlreadyExists: {
		apiError{status: 400, code: "ClusterNameAlreadyExist", message: "The name is taken"},
		apiError{status: 400, code: "InvalidName.Duplicate", message: "The name is taken."}},
	pmks.CodeBusy: {
		apiError{status: 400, code: "InvalidNodePoolStatus.Forbidden", message: "The operation is forbidden when the nodepool is in status updating"},
		apiError{status: 400, code: "IncorrectStatus", message: "The current status does not support this operation."}},
	pmks.CodeFailedPrecondition: {
		apiError{status: 400, code: "DependencyViolation.Resource", message: "The resource is in use"},
		apiError{status: 400, code: "DependencyViolation", message: "The resource is in use."}},
	pmks.CodeUnauthenticated: {
		apiError{status: 404, code: "InvalidAccessKeyId.NotFound", message: "Specified access key is not found.", gateway: true},
		apiError{status: 404, code: "InvalidAccessKeyId.NotFound", message: "Specified access key is not found."}},
	pmks.CodePermissionDenied: {
		apiError{status: 403, code: "StatusForbidden", message: "RAM policy Forbidden for the action"},
		apiError{status: 403, code: "Forbidden.RAM", message: "User not authorized to operate on the specified resource."}},
	pmks.CodeQuotaExceeded: {
		apiError{status: 400, code: "QuotaExceeded.Cluster", message: "The quota is used up"},
		apiError{status: 400, code: "QuotaExceeded", message: "The quota is used up."}},
	pmks.CodeUnavailable: {
		apiError{status: 503, code: "ServiceUnavailable", message: "The request has failed due to a temporary failure of the server.", gateway: true},
		apiError{status: 503, code: "ServiceUnavailable", message: "The request has failed due to a temporary failure of the server."}},
	pmks.CodeInternal: {
		apiError{status: 500, code: "InternalError", message: "Internal error"},
		apiError{status: 500, code: "InternalError", message: "The request processing has failed due to some unknown error."}},
}

// injected is the error that a fault of the plan, or a rate limit, asks for.
func (s *Server) injected(c *call, code pmks.Code, reason string) *apiError {
	if code == pmks.CodeThrottled {
		e := gateway(s.assumptions.ThrottlingStatus, "Throttling.User", "Request was denied due to user flow control.")
		e.message = cmp.Or(reason, e.message)
		return e
	}
	row, ok := injectedTable[code]
	if !ok {
		row = injectedTable[pmks.CodeInternal]
	}
	e := row.rpc
	if c.service == serviceCS {
		e = row.cs
	}
	e.message = cmp.Or(reason, e.message)
	return &e
}

// splitReason takes "Code: message" apart; a reason without a code gets the other one.
func splitReason(reason, otherwise string) (code, message string) {
	code, message, found := strings.Cut(reason, ": ")
	if !found || code == "" || strings.ContainsAny(code, " \t\n") {
		return otherwise, reason
	}
	return code, message
}

// The bodies of errors.
type (
	serviceError struct {
		Code           string `json:"code"`
		Message        string `json:"message"`
		RequestID      string `json:"requestId,omitempty"`
		SnakeRequestID string `json:"request_id,omitempty"`
		Status         int    `json:"status"`
	}
	gatewayError struct {
		RequestID          string        `json:"RequestId"`
		HostID             string        `json:"HostId"`
		Code               string        `json:"Code"`
		Message            string        `json:"Message"`
		Recommend          string        `json:"Recommend"`
		AccessDeniedDetail *accessDenied `json:"AccessDeniedDetail,omitempty"`
	}
	accessDenied struct {
		AuthAction           string `json:"AuthAction"`
		AuthPrincipalType    string `json:"AuthPrincipalType"`
		AuthPrincipalOwnerID string `json:"AuthPrincipalOwnerId"`
		NoPermissionType     string `json:"NoPermissionType"`
		PolicyType           string `json:"PolicyType"`
	}
)

func (c *call) errorBody(e *apiError) any {
	if c.service == serviceCS && !e.gateway {
		body := serviceError{Code: e.code, Message: e.message, RequestID: c.requestID, Status: e.status}
		if c.snakeRequestID {
			body.RequestID, body.SnakeRequestID = "", c.requestID
		}
		return body
	}
	body := gatewayError{
		RequestID: c.requestID, HostID: c.host, Code: e.code, Message: e.message,
		Recommend: "https://next.api.aliyun.com/troubleshoot?q=" + e.code,
	}
	if e.denied != "" {
		body.AccessDeniedDetail = &accessDenied{e.denied, "SubUser", c.who.account, "ImplicitDeny", "AccountLevelIdentityBasedPolicy"}
	}
	return body
}
