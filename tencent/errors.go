// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	tcerr "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// vendor is how messages call the other side.
const vendor = "Tencent Cloud"

// Every refusal comes with the status 200, and the same failure under several groups: what
// follows the dot of a code says more than what stands before it.

// codeTable maps whole codes that mean something else than their parts.
var codeTable = map[string]pmks.Code{
	"AuthFailure.UnauthorizedOperation":      pmks.CodePermissionDenied,
	"InvalidParameter.ResourceNotFound":      pmks.CodeFailedPrecondition,
	"InvalidParameterValue.LimitExceeded":    pmks.CodeQuotaExceeded,
	"OperationDenied.InstanceOperationInUse": pmks.CodeBusy,
	"ResourceNotFound":                       pmks.CodeNotFound, // the list tells
	"ResourceNotFound.NotFound":              pmks.CodeNotFound, // the list tells
}

// detailTable maps what follows the first dot of a code, as it is spelled, the vendor's
// slips included.
var detailTable = map[string]pmks.Code{
	"AccountCommon":               pmks.CodeFailedPrecondition,
	"AccountUserNotAuthenticated": pmks.CodeFailedPrecondition,
	"AsAsgNotExist":               pmks.CodeFailedPrecondition,
	"CIDRMaskSizeOutOfRange":      pmks.CodeInvalidArgument,
	"CaEnableFailed":              pmks.CodeFailedPrecondition,
	"CamNoAuth":                   pmks.CodePermissionDenied,
	"CidrInvali":                  pmks.CodeInvalidArgument,
	"CidrInvalid":                 pmks.CodeInvalidArgument,
	"CidrMaskSizeOutOfRange":      pmks.CodeInvalidArgument,
	"ClusterForbiddenToDelete":    pmks.CodeFailedPrecondition,
	"ClusterInAbnormalStat":       pmks.CodeFailedPrecondition,
	"ClusterInDeletionProtection": pmks.CodeFailedPrecondition,
	"ClusterNotFound":             pmks.CodeNotFound,
	"ClusterState":                pmks.CodeBusy, // by the state read next
	"ClusterUpgradeNodeVersion":   pmks.CodeFailedPrecondition,
	"ClusterVersionNotSupport":    pmks.CodeFailedPrecondition,
	"CvmDeletionProtection":       pmks.CodeFailedPrecondition,
	"DbRecordNotFound":            pmks.CodeNotFound, // the list tells
	"DeprecatedAPI":               pmks.CodeUnsupported,
	"EmptyClusterNotSupport":      pmks.CodeFailedPrecondition,
	"GroupNameDuplicated":         pmks.CodeAlreadyExists,
	"ImageIdNotFound":             pmks.CodeInvalidArgument,
	"ImageNotFound":               pmks.CodeInvalidArgument,
	"InsufficientBalance":         pmks.CodeFailedPrecondition,
	"KubeClientConnection":        pmks.CodeFailedPrecondition,
	"KubeResourceNotFound":        pmks.CodeFailedPrecondition,
	"NoPaymentAccess":             pmks.CodePermissionDenied,
	"NoRBACPermissions":           pmks.CodePermissionDenied,
	"NodePoolStateNotNormal":      pmks.CodeBusy, // by the state read next
	"NotInWhitelist":              pmks.CodeFailedPrecondition,
	"NotVerified":                 pmks.CodeFailedPrecondition,
	"OsNotSupport":                pmks.CodeInvalidArgument,
	"Param":                       pmks.CodeInvalidArgument,
	"QuotaMaxClsLimit":            pmks.CodeQuotaExceeded,
	"QuotaMaxNodLimit":            pmks.CodeQuotaExceeded,
	"QuotaMaxRtLimit":             pmks.CodeQuotaExceeded,
	"QuotaUSGLimit":               pmks.CodeQuotaExceeded,
	"RBACForbidden":               pmks.CodePermissionDenied,
	"RecordNotFound":              pmks.CodeNotFound, // the list tells
	"ResourceExistAlready":        pmks.CodeAlreadyExists,
	"RouteTableNotFound":          pmks.CodeFailedPrecondition,
	"Size":                        pmks.CodeInvalidArgument,
	"TaskAlreadyRunning":          pmks.CodeBusy,
	"TaskLifeStateError":          pmks.CodeFailedPrecondition,
	"TaskNotFound":                pmks.CodeFailedPrecondition,
	"TradeInsufficientBalance":    pmks.CodeFailedPrecondition,
	"VpcRecodrNotFound":           pmks.CodeInvalidArgument,
	"WhitelistUnexpectedError":    pmks.CodeFailedPrecondition,
}

// groupTable maps what stands before the first dot, where the rest is not known.
var groupTable = map[string]pmks.Code{
	"ActionOffline":         pmks.CodeUnsupported,
	"AuthFailure":           pmks.CodeUnauthenticated,
	"FailedOperation":       pmks.CodeInternal,
	"InternalError":         pmks.CodeInternal,
	"InvalidAction":         pmks.CodeInvalidArgument,
	"InvalidParameter":      pmks.CodeInvalidArgument,
	"InvalidParameterValue": pmks.CodeInvalidArgument,
	"LimitExceeded":         pmks.CodeQuotaExceeded,
	"MissingParameter":      pmks.CodeInvalidArgument,
	"NoSuchVersion":         pmks.CodeInvalidArgument,
	"OperationDenied":       pmks.CodeFailedPrecondition,
	"RequestLimitExceeded":  pmks.CodeThrottled,
	"ResourceInUse":         pmks.CodeFailedPrecondition,
	"ResourceInsufficient":  pmks.CodeQuotaExceeded,
	"ResourceNotFound":      pmks.CodeFailedPrecondition, // another thing than was asked for
	"ResourceUnavailable":   pmks.CodeFailedPrecondition,
	"ResourcesSoldOut":      pmks.CodeQuotaExceeded,
	"ServiceUnavailable":    pmks.CodeUnavailable,
	"UnauthorizedOperation": pmks.CodePermissionDenied,
	"UnknownParameter":      pmks.CodeInvalidArgument,
	"UnsupportedOperation":  pmks.CodeUnsupported,
	"UnsupportedRegion":     pmks.CodeInvalidArgument,
}

// wordTable maps what the text of some refusals says more exactly than their codes, in
// small letters.
var wordTable = []struct {
	words string
	code  pmks.Code
}{
	{"same type task", pmks.CodeBusy},
	{"no normal node", pmks.CodeFailedPrecondition},
	{"cam deny", pmks.CodePermissionDenied},
	{"cluster_state_error", pmks.CodeBusy}, // by the state read next
}

// fieldTable says which field of a request a detail speaks of.
var fieldTable = map[string]string{
	"ImageIdNotFound":   "ImageIID",
	"ImageNotFound":     "ImageIID",
	"OsNotSupport":      "ImageIID",
	"VpcRecodrNotFound": "Network.VpcIID",
}

// adviceTable holds the way out where the vendor names none, by whole codes and by details.
var adviceTable = map[string]string{
	"AccountUserNotAuthenticated":  "open TKE once in the console and grant its service role TKE_QCSRole",
	"AsAsgNotExist":                "the scaling group of the node group was removed by other hands: remove the node group",
	"AuthFailure.SecretIdNotFound": "check secretId, and token, which belongs to temporary keys",
	"AuthFailure.SignatureExpire":  "check the clock of this machine",
	"AuthFailure.SignatureFailure": "check secretKey",
	"AuthFailure.TokenFailure":     "check token, which ends after some hours",
	"CaEnableFailed":               "the scaling group is switched off in Auto Scaling: switch it on there",
	"EmptyClusterNotSupport":       "add a node group, and wait until a node of it is ready",
	"InsufficientBalance":          "settle the account",
	"TradeInsufficientBalance":     "settle the account",
}

// parts are what stands before and behind the first dot of a code.
func parts(code string) (group, detail string) {
	group, detail, _ = strings.Cut(code, ".")
	return group, detail
}

// classify returns the code of a refusal; known is false where only its group, or the
// status, tells.
func classify(code, message string, status int) (_ pmks.Code, known bool) {
	group, detail := parts(code)
	if status == http.StatusTooManyRequests || group == "RequestLimitExceeded" {
		return pmks.CodeThrottled, true
	}
	if status >= 500 { // a fault inside settles nothing, whatever it quotes
		return errs.ByStatus(status), false
	}
	lower := strings.ToLower(message)
	if group != "AuthFailure" {
		for _, w := range wordTable {
			if strings.Contains(lower, w.words) {
				return w.code, true
			}
		}
	}
	if c, ok := codeTable[code]; ok {
		return c, true
	}
	switch {
	case strings.HasPrefix(detail, "CidrConflict"), strings.HasPrefix(detail, "InvalidPrivateNetworkC"):
		return pmks.CodeInvalidArgument, true
	case detail == "Param" && strings.Contains(strings.NewReplacer(" ", "", "_", "").Replace(lower), "notfound"),
		detail == "NodePoolQueryFailed" && strings.Contains(lower, "dbrecordnotfound"):
		return pmks.CodeNotFound, true // the list tells
	case detail == "TagCommon" && strings.Contains(lower, "reserved"):
		return pmks.CodeInvalidArgument, true
	}
	if c, ok := detailTable[detail]; ok {
		return c, true
	}
	if c, ok := nested(message); ok && isWrapper(group, detail) {
		return c, true
	}
	if c, ok := groupTable[group]; ok {
		return c, group != "InternalError" && group != "FailedOperation"
	}
	if status >= 400 {
		return errs.ByStatus(status), false
	}
	return pmks.CodeFailedPrecondition, false
}

// isWrapper reports whether a code only says which service has failed, or nothing.
func isWrapper(group, detail string) bool {
	return strings.HasSuffix(detail, "Common") || strings.HasSuffix(detail, "CommonError") || groupTable[group] == pmks.CodeInternal
}

// codeInText matches what may be a code of another service in a message of TKE.
var codeInText = regexp.MustCompile(`\b[A-Z][A-Za-z]+(?:\.[A-Z][A-Za-z]+)*\b`)

// nested finds a code in the text of another.
func nested(message string) (pmks.Code, bool) {
	for _, word := range codeInText.FindAllString(message, -1) {
		group, detail := parts(word)
		if c, ok := codeTable[word]; ok {
			return c, true
		}
		if c, ok := detailTable[detail]; ok {
			return c, true
		}
		if c, ok := groupTable[group]; ok && c != pmks.CodeInternal {
			return c, true
		}
	}
	if strings.Contains(message, "PARAM_ERROR") {
		return pmks.CodeInvalidArgument, true
	}
	return pmks.CodeUnknown, false
}

// fail turns an error of the SDK into a *pmks.Error.
func (x *exchange) fail(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if x.err != nil {
		return x.err
	}
	var answer *tcerr.TencentCloudSDKError
	if !errors.As(err, &answer) || strings.HasPrefix(answer.Code, "ClientError.") {
		// Its text quotes the whole answer, with what that may hold.
		if ctx.Err() != nil {
			return errs.Ended(ctx, &pmks.Error{Code: pmks.CodeUnavailable, Err: ctx.Err()})
		}
		return x.foreign(false)
	}
	return x.refused(answer)
}

// refused is the error of an answer that says why.
func (x *exchange) refused(answer *tcerr.TencentCloudSDKError) *pmks.Error {
	_, detail := parts(answer.Code)
	e := &pmks.Error{ProviderCode: answer.Code, HTTPStatus: x.status, RequestID: answer.RequestId, RetryAfter: errs.RetryAfter(x.header),
		Message: strings.Join(strings.Fields(answer.Message), " "), Err: answer}
	e.Code, _ = classify(answer.Code, answer.Message, x.status)
	if e.Message == "" {
		e.Message = vendor + " refused the request without a word"
	}
	advice := adviceTable[answer.Code]
	if advice == "" {
		advice = adviceTable[detail]
	}
	if advice != "" {
		e.Message = strings.TrimSuffix(e.Message, ".") + ": " + advice
	}
	if e.Code == pmks.CodeInvalidArgument {
		e.Field = fieldTable[detail]
	}
	return e
}

// isRefusal reports whether err is an answer that settles a request: it was understood
// and not done.
func isRefusal(err error) bool {
	var e *pmks.Error
	return errors.As(err, &e) && e.HTTPStatus > 0 && !once.Open(err) && !errs.Is(err, pmks.CodeThrottled)
}

// byState reports whether what a refusal means depends on the state of its target.
func byState(err error) bool {
	var e *pmks.Error
	if !errors.As(err, &e) || !isRefusal(err) {
		return false
	}
	_, detail := parts(e.ProviderCode)
	return detail == "ClusterState" || detail == "NodePoolStateNotNormal" || strings.Contains(strings.ToLower(e.Message), "cluster_state_error")
}

// ofCluster reports whether a refusal says that the very cluster is not there.
func ofCluster(err error) bool {
	_, detail := parts(errs.ProviderCode(err))
	return errs.Is(err, pmks.CodeNotFound) && (detail == "ClusterNotFound" || errs.ProviderCode(err) == "")
}

// missing says of a creation that what TKE did not find is what the request refers to; its
// own cluster aside.
func missing(err error) error {
	if !errs.Is(err, pmks.CodeNotFound) || ofCluster(err) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeInvalidArgument })
}

// hinted is a NotFound of TKE that says nothing of what was asked for, as an error that
// ends no wait: the list tells.
func hinted(err error) error {
	if !errs.Is(err, pmks.CodeNotFound) || ofCluster(err) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeUnavailable })
}

// unfound is a NotFound that TKE gives of a change and that says nothing of what was to be
// changed: a refusal, and no absence.
func unfound(err error) error {
	if !errs.Is(err, pmks.CodeNotFound) || ofCluster(err) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeFailedPrecondition })
}

// annotate says where an error happened, once for each method of the handler.
func annotate(err *error, op string, cluster, nodeGroup pmks.IID) {
	errs.Annotate(err, Name, op, cluster, nodeGroup)
}
