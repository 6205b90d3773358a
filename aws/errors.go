// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"errors"
	"net"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/pmks-go/pmks"
)

// errorTable maps the error codes of EKS, EC2, IAM, STS and Auto Scaling. The
// code decides, the HTTP status only where a code is unknown: AWS answers 400 to
// refused credentials, and 503 to throttling.
var errorTable = map[string]pmks.Code{
	"AccessDenied":                         pmks.CodePermissionDenied,
	"AccessDeniedException":                pmks.CodePermissionDenied,
	"AuthFailure":                          pmks.CodeUnauthenticated,
	"BadRequestException":                  pmks.CodeInvalidArgument,
	"ClientException":                      pmks.CodeInvalidArgument,
	"EC2ThrottledException":                pmks.CodeThrottled,
	"ExpiredToken":                         pmks.CodeUnauthenticated,
	"ExpiredTokenException":                pmks.CodeUnauthenticated,
	"IncompleteSignature":                  pmks.CodeUnauthenticated,
	"IncompleteSignatureException":         pmks.CodeUnauthenticated,
	"InternalError":                        pmks.CodeInternal,
	"InternalFailure":                      pmks.CodeInternal,
	"InternalServerError":                  pmks.CodeInternal,
	"InvalidClientTokenId":                 pmks.CodeUnauthenticated,
	"InvalidGroup.NotFound":                pmks.CodeInvalidArgument,
	"InvalidGroupId.Malformed":             pmks.CodeInvalidArgument,
	"InvalidInstanceType":                  pmks.CodeInvalidArgument,
	"InvalidKeyPair.NotFound":              pmks.CodeInvalidArgument,
	"InvalidParameterException":            pmks.CodeInvalidArgument,
	"InvalidParameterValue":                pmks.CodeInvalidArgument,
	"InvalidRequestException":              pmks.CodeFailedPrecondition,
	"InvalidSignatureException":            pmks.CodeUnauthenticated,
	"InvalidStateException":                pmks.CodeFailedPrecondition,
	"InvalidSubnetID.NotFound":             pmks.CodeInvalidArgument,
	"LimitExceeded":                        pmks.CodeQuotaExceeded,
	"LimitExceededException":               pmks.CodeThrottled,
	"MissingAuthenticationToken":           pmks.CodeUnauthenticated,
	"MissingAuthenticationTokenException":  pmks.CodeUnauthenticated,
	"NoSuchEntity":                         pmks.CodeFailedPrecondition,
	"NotFoundException":                    pmks.CodeNotFound,
	"OptInRequired":                        pmks.CodePermissionDenied,
	"PriorRequestNotComplete":              pmks.CodeThrottled,
	"RequestExpired":                       pmks.CodeUnauthenticated,
	"RequestLimitExceeded":                 pmks.CodeThrottled,
	"RequestThrottled":                     pmks.CodeThrottled,
	"RequestThrottledException":            pmks.CodeThrottled,
	"ResourceContention":                   pmks.CodeUnavailable,
	"ResourceInUseException":               pmks.CodeBusy,
	"ResourceLimitExceededException":       pmks.CodeQuotaExceeded,
	"ResourceNotFoundException":            pmks.CodeNotFound,
	"ServerException":                      pmks.CodeInternal,
	"ServiceUnavailable":                   pmks.CodeUnavailable,
	"ServiceUnavailableException":          pmks.CodeUnavailable,
	"SignatureDoesNotMatch":                pmks.CodeUnauthenticated,
	"SlowDown":                             pmks.CodeThrottled,
	"ThrottledException":                   pmks.CodeThrottled,
	"Throttling":                           pmks.CodeThrottled,
	"ThrottlingException":                  pmks.CodeThrottled,
	"TooManyRequestsException":             pmks.CodeThrottled,
	"UnauthorizedOperation":                pmks.CodePermissionDenied,
	"UnrecognizedClientException":          pmks.CodeUnauthenticated,
	"UnsupportedAvailabilityZoneException": pmks.CodeInvalidArgument,
	"ValidationError":                      pmks.CodeInvalidArgument,
}

// propagationTexts are what EKS says while IAM has not spread a new role yet;
// Terraform's provider repeats creates on the same ones.
var propagationTexts = []string{
	"could not be assumed because it does not exist or the trusted entity is not correct",
	"Role could not be assumed because the trusted entity is not correct",
	"Error in role params",
	"doesn't have the Amazon EKS Managed Policies associated with it",
	"IAM role's policy must include",
}

// fail turns an error of the SDK into a *pmks.Error. Errors that are one already
// are returned as they are.
func fail(err error) error {
	var known *pmks.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	e := &pmks.Error{Code: pmks.CodeOf(err), Err: err}
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		e.HTTPStatus = response.HTTPStatusCode()
		e.RequestID = response.ServiceRequestID()
	}
	var api smithy.APIError
	switch {
	case e.Code == pmks.CodeCanceled || e.Code == pmks.CodeTimeout:
		e.Message = "the context ended during a request"
	case errors.As(err, &api):
		e.ProviderCode, e.Message = api.ErrorCode(), api.ErrorMessage()
		e.Code = classify(e.ProviderCode, e.Message, e.HTTPStatus)
	case isCredentialFailure(err):
		e.Code, e.Message = pmks.CodeUnauthenticated,
			"no usable AWS credentials: give accessKeyId and secretAccessKey, a profile, or set up the default chain"
	case isSigningFailure(err):
		e.Code, e.Message = pmks.CodeInternal, "the request could not be signed"
	case isNetworkFailure(err), e.HTTPStatus >= 500:
		e.Code, e.Message = pmks.CodeUnavailable, "AWS could not be reached, or its answer was lost"
	}
	return e
}

func classify(code, message string, status int) pmks.Code {
	if isPropagation(code, message) {
		return pmks.CodeFailedPrecondition
	}
	if code == "ResourceInUseException" && strings.Contains(message, "already exists") {
		return pmks.CodeAlreadyExists
	}
	if code == "InvalidRequestException" && strings.Contains(message, "is not in ACTIVE status") {
		return pmks.CodeBusy
	}
	if c, ok := errorTable[code]; ok {
		return c
	}
	switch {
	case strings.HasSuffix(code, "LimitExceeded"):
		return pmks.CodeQuotaExceeded
	case strings.HasSuffix(code, ".NotFound") || strings.HasSuffix(code, ".Malformed"):
		return pmks.CodeInvalidArgument
	case status == 401:
		return pmks.CodeUnauthenticated
	case status == 403:
		return pmks.CodePermissionDenied
	case status == 429:
		return pmks.CodeThrottled
	case status == 503:
		return pmks.CodeUnavailable
	case status >= 500:
		return pmks.CodeInternal
	}
	return pmks.CodeUnknown
}

// isPropagation reports whether EKS may say otherwise in a few seconds.
func isPropagation(code, message string) bool {
	if code == "ResourcePropagationDelayException" {
		return true
	}
	if code != "InvalidParameterException" {
		return false
	}
	for _, text := range propagationTexts {
		if strings.Contains(message, text) {
			return true
		}
	}
	return false
}

// isCredentialFailure recognises a chain that yielded nothing: it has no type.
func isCredentialFailure(err error) bool {
	s := err.Error()
	return strings.Contains(s, "get identity") || strings.Contains(s, "failed to refresh cached credentials") ||
		strings.Contains(s, "failed to retrieve credentials")
}

func isSigningFailure(err error) bool { return strings.Contains(err.Error(), "failed to sign request") }

func isNetworkFailure(err error) bool {
	var netErr net.Error
	var opErr *net.OpError
	return errors.As(err, &netErr) || errors.As(err, &opErr) ||
		strings.Contains(err.Error(), "request send failed") || strings.Contains(err.Error(), "deserialization failed")
}

func has(err error, code pmks.Code) bool { return err != nil && pmks.CodeOf(err) == code }

// providerCode returns AWS's own code of err.
func providerCode(err error) string {
	var e *pmks.Error
	if errors.As(err, &e) {
		return e.ProviderCode
	}
	return ""
}

// place says where an error happened, once for each method of the handler.
func place(err *error, op string, cluster, nodeGroup pmks.IID) {
	*err = pmks.Annotate(*err, pmks.Error{Provider: Name, Op: op, Cluster: cluster, NodeGroup: nodeGroup})
}
