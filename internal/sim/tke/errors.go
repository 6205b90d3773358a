// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// CodeNotSimulated is the code, under HTTP status 501, of everything that Tencent
// Cloud can do and the simulator cannot.
const CodeNotSimulated = "NotSimulated"

// apiError is a refusal in the words of Tencent Cloud.
type apiError struct {
	code, message string
	// status is 200 unless it is given: that is how errors come.
	status int
}

// The answer of a refusal.
type (
	errorAnswer struct {
		Error errorObject `json:"Error"`
	}
	errorObject struct {
		Code    string `json:"Code"`
		Message string `json:"Message"`
	}
)

// Verdict is what the journal holds.
func (e *apiError) Verdict() (status int, code string) {
	return cmp.Or(e.status, http.StatusOK), e.code
}

// fail is an error.
func fail(code, format string, args ...any) *apiError {
	return &apiError{code: code, message: fmt.Sprintf(format, args...)}
}

// invalid is how TKE refuses a value.
func invalid(format string, args ...any) *apiError {
	return fail("InvalidParameter.Param", "PARAM_ERROR("+format+")", args...)
}

func missing(member string) *apiError {
	return fail("MissingParameter", "The request is missing a required parameter `%s`.", member)
}

// notSimulated answers what Tencent Cloud has and this package has not.
func notSimulated(format string, args ...any) *apiError {
	e := fail(CodeNotSimulated, "not simulated: "+format, args...)
	e.status = http.StatusNotImplemented
	return e
}

// clusterState refuses what the state of a cluster does not allow; the group of the code
// differs between the actions.
func clusterState(group string, name, state string) *apiError {
	return fail(group+".ClusterState", "CLUSTER_STATE_ERROR(the cluster %s is %s, which does not support the operation)", name, state)
}

// poolState refuses what the state of a node pool does not allow.
func poolState(id, state string) *apiError {
	return fail("ResourceUnavailable.NodePoolStateNotNormal", "the node pool %s is %s, not normal", id, state)
}

// refusalTable maps the core's reasons to codes, where the operation has nothing better to
// say.
var refusalTable = map[core.Reason]string{
	core.InvalidArgument: "InvalidParameter.Param",
	core.ClusterNotFound: "InternalError.ClusterNotFound",
	core.GroupNotFound:   "FailedOperation.RecordNotFound",
	core.Busy:            "ResourceUnavailable.NodePoolStateNotNormal",
	core.BadState:        "ResourceUnavailable.NodePoolStateNotNormal",
	core.QuotaExceeded:   "FailedOperation.QuotaMaxNodLimit",
	core.Protected:       "OperationDenied.ClusterInDeletionProtection",
	core.VersionUnknown:  "InvalidParameter.Param",
	core.Downgrade:       "InvalidParameter.Param",
	core.StepTooLarge:    "InvalidParameter.Param",
	core.NothingToDo:     "InvalidParameter.Param",
}

// refused puts the first reason of the core into words.
func refused(err error) *apiError {
	var r *core.Refusal
	if !errors.As(err, &r) {
		return fail("InternalError.UnexpectedInternal", "%v", err)
	}
	return fail(cmp.Or(refusalTable[r.Reason], "InternalError.UnexpectedInternal"), "%s", r.Error())
}

// injectedTable holds what is said for a fault that asks for a code.
var injectedTable = map[pmks.Code]errorObject{
	pmks.CodeInvalidArgument:    {"InvalidParameter.Param", "PARAM_ERROR(the parameter is not valid)"},
	pmks.CodeNotFound:           {"InternalError.ClusterNotFound", "the cluster is not found"},
	pmks.CodeAlreadyExists:      {"ResourceInUse.ResourceExistAlready", "the resource exists already"},
	pmks.CodeBusy:               {"FailedOperation.TaskAlreadyRunning", "a task is running already"},
	pmks.CodeFailedPrecondition: {"OperationDenied", "the operation is denied"},
	pmks.CodeUnsupported:        {"UnsupportedOperation", "the operation is not supported"},
	pmks.CodeUnauthenticated:    {"AuthFailure.SecretIdNotFound", "The SecretId is not found, please ensure that your SecretId is correct."},
	pmks.CodePermissionDenied:   {"AuthFailure.UnauthorizedOperation", "you are not authorized to perform the operation"},
	pmks.CodeQuotaExceeded:      {"LimitExceeded", "the quota is used up"},
	pmks.CodeUnavailable:        {"ServiceUnavailable", "The service is temporarily unavailable."},
	pmks.CodeInternal:           {"InternalError", "An internal error has occurred."},
}

// codePattern is what the vendor's codes look like.
var codePattern = regexp.MustCompile(`^[A-Z][A-Za-z]+(\.[A-Z][A-Za-z]+)?$`)

// injected is the error that a fault of the plan, or a rate limit, asks for. A reason that
// begins with a code has that code.
func (s *Server) injected(c *call, code pmks.Code, reason string) *apiError {
	said, ok := injectedTable[code]
	switch {
	case code == pmks.CodeThrottled:
		limit := 0
		if c.Exhausted != nil {
			limit = c.Exhausted.Burst
		}
		said.Code = cmp.Or(s.assumptions.ThrottlingCode, "RequestLimitExceeded")
		said.Message = fmt.Sprintf("Your current request times equals to `%d` in a second, which exceeds the frequency limit `%d` for a second. "+
			"Please reduce the frequency of calls.", limit+1, limit)
	case !ok:
		said = injectedTable[pmks.CodeInternal]
	}
	if own, message := splitReason(reason, ""); own != "" {
		return fail(own, "%s", message)
	}
	return fail(said.Code, "%s", cmp.Or(reason, said.Message))
}

// splitReason takes "Code: message" apart; a reason without a code gets the other one.
func splitReason(reason, otherwise string) (code, message string) {
	code, message, found := strings.Cut(reason, ": ")
	if !found || !codePattern.MatchString(code) {
		return otherwise, reason
	}
	return code, message
}
