// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
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
	"IDPCommunicationError":                pmks.CodeUnavailable,
	"IDPRejectedClaim":                     pmks.CodeUnauthenticated,
	"IncompleteSignature":                  pmks.CodeUnauthenticated,
	"IncompleteSignatureException":         pmks.CodeUnauthenticated,
	"InternalError":                        pmks.CodeInternal,
	"InternalFailure":                      pmks.CodeInternal,
	"InternalServerError":                  pmks.CodeInternal,
	"InvalidClientTokenId":                 pmks.CodeUnauthenticated,
	"InvalidGroup.NotFound":                pmks.CodeInvalidArgument,
	"InvalidGroupId.Malformed":             pmks.CodeInvalidArgument,
	"InvalidIdentityToken":                 pmks.CodeUnauthenticated,
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
	"RegionDisabledException":              pmks.CodeFailedPrecondition,
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

// Ways out of what is wrong with an identity; AWS names none.
const (
	checkKey    = "check the access key id, and the session token that belongs to temporary credentials"
	checkSecret = "check the secret access key and the clock of this machine"
	checkToken  = "check the web identity token, and that the role trusts its issuer"
	checkTrust  = "check roleArn, externalId and the trust policy of the role"
	renew       = "the credentials have ended: get new credentials, or check the clock of this machine"
)

// adviceTable holds the way out by error code.
var adviceTable = map[string]string{
	"AuthFailure":                 checkKey,
	"ExpiredToken":                renew,
	"ExpiredTokenException":       renew,
	"IDPRejectedClaim":            checkToken,
	"InvalidClientTokenId":        checkKey,
	"InvalidIdentityToken":        checkToken,
	"InvalidSignatureException":   checkSecret,
	"RequestExpired":              renew,
	"SignatureDoesNotMatch":       checkSecret,
	"UnrecognizedClientException": checkKey,
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

// noCode is what the SDK makes of an error that names none.
const noCode = "UnknownError"

// fail turns an error of the SDK into a *pmks.Error. Errors that are one already
// are returned as they are. ctx is that of the request.
func fail(ctx context.Context, err error) error {
	var known *pmks.Error
	if err == nil {
		return nil
	}
	if errors.As(err, &known) {
		if _, inside := err.(*smithy.OperationError); inside { //nolint:errorlint // the outermost error is meant
			return known // from a part of pmks that the SDK called
		}
		return err
	}
	e := &pmks.Error{Code: pmks.CodeOf(err), Err: err}
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		e.HTTPStatus, e.RequestID = response.HTTPStatusCode(), response.ServiceRequestID()
		if r := response.HTTPResponse(); r != nil && r.Response != nil {
			e.RetryAfter = errs.RetryAfter(r.Header)
		}
	}
	cause, lost := errs.Transport(err)
	var api smithy.APIError
	switch {
	case ctx.Err() != nil && (e.Code == pmks.CodeCanceled || e.Code == pmks.CodeTimeout):
		e.Message = "the context ended during a request"
	case errors.As(err, &api) && api.ErrorCode() != noCode:
		e.ProviderCode, e.Message = api.ErrorCode(), explain(api.ErrorCode(), api.ErrorMessage())
		e.Code = classify(e.ProviderCode, e.Message, e.HTTPStatus)
		if isCredentialFailure(err) && !slices.Contains(credentialCodes, e.Code) {
			// SSO or STS said it of the credentials, not EKS of the cluster.
			e.Code, e.Message = pmks.CodeUnauthenticated, "no usable AWS credentials: "+e.Message
		}
	case isCredentialFailure(err) && e.HTTPStatus < 500 && e.HTTPStatus != http.StatusTooManyRequests && (serviceOf(err) != sts.ServiceID || !lost):
		if e.Code != pmks.CodeUnknown {
			// A time limit of the SDK's own ended the question to a metadata service that
			// is not there. It is not the caller's end, and must not be taken for it.
			e.Err = errors.New(err.Error())
		}
		e.Code = pmks.CodeUnauthenticated
		e.Message = "no usable AWS credentials: give accessKeyId and secretAccessKey, a profile, or set up the default chain (environment, shared files, web identity token file, container or instance role)"
	case errors.As(err, &api):
		e.Code = errs.ByStatus(e.HTTPStatus)
		e.Message = "AWS answered without a code that says what is wrong"
	case isSigningFailure(err):
		e.Code, e.Message = pmks.CodeInternal, "the request could not be signed"
	case lost:
		e.Code, e.Message = pmks.CodeUnavailable, "AWS could not be reached, or its answer was lost: "+cause
	case e.HTTPStatus >= 400 && e.HTTPStatus < 500:
		// The SDK gives an error of EC2 whose XML is broken no type at all.
		e.Code, e.Message = errs.ByStatus(e.HTTPStatus), "AWS refused, and its answer cannot be read"
	case strings.Contains(err.Error(), "deserialization failed"), e.HTTPStatus >= 500:
		e.Code, e.Message = pmks.CodeUnavailable, "the answer of AWS cannot be read: it counts as lost"
	}
	return e
}

// explain adds the way out to what AWS says of an identity. Where a signature does
// not match, AWS may quote the request, with the session token in it: that goes.
func explain(code, message string) string {
	advice := adviceTable[code]
	if strings.Contains(message, "sts:AssumeRole") {
		advice = checkTrust
	}
	if advice == "" {
		return message
	}
	message, _, _ = strings.Cut(message, "\n")
	return strings.TrimSuffix(message, ".") + ": " + advice
}

// serviceOf returns which service was asked in the end: that of the credentials
// is asked in the middle of a request to another.
func serviceOf(err error) string {
	var service string
	var op *smithy.OperationError
	for errors.As(err, &op) {
		service, err = op.ServiceID, op.Err
	}
	return service
}

func classify(code, message string, status int) pmks.Code {
	if isPropagation(code, message) {
		return pmks.CodeFailedPrecondition
	}
	switch {
	case status == http.StatusTooManyRequests:
		return pmks.CodeThrottled
	case code == "ResourceInUseException" && strings.Contains(message, "already exists"):
		return pmks.CodeAlreadyExists
	case code == "ResourceInUseException" && strings.Contains(message, "attached"):
		return pmks.CodeFailedPrecondition // waiting does not detach it
	case code == "InvalidRequestException" && strings.Contains(message, "is not in ACTIVE status"):
		return pmks.CodeBusy
	case code == "ClientException" && strings.Contains(message, "No cluster found"):
		return pmks.CodeNotFound // the words of ResourceNotFoundException under another code
	}
	if c, ok := errorTable[code]; ok {
		return c
	}
	switch {
	case strings.HasSuffix(code, "LimitExceeded"):
		return pmks.CodeQuotaExceeded
	case strings.HasSuffix(code, ".NotFound") || strings.HasSuffix(code, ".Malformed"):
		return pmks.CodeInvalidArgument
	}
	if status == http.StatusConflict && strings.Contains(strings.ToLower(message), "already exist") {
		return pmks.CodeAlreadyExists
	}
	return errs.ByStatus(status)
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

// credentialCodes are what a failure to find credentials may be as it is.
var credentialCodes = []pmks.Code{pmks.CodePermissionDenied, pmks.CodeThrottled, pmks.CodeUnavailable, pmks.CodeInternal, pmks.CodeUnauthenticated}

// isCredentialFailure recognises a chain that yielded nothing: it has no type.
func isCredentialFailure(err error) bool {
	s := err.Error()
	return strings.Contains(s, "get identity") || strings.Contains(s, "failed to refresh cached credentials") ||
		strings.Contains(s, "failed to retrieve credentials")
}

func isSigningFailure(err error) bool { return strings.Contains(err.Error(), "failed to sign request") }

// namelessPattern is what EKS says of absence where it names nothing.
var namelessPattern = regexp.MustCompile(`^\s*((?i:no (cluster|node ?group) found for name)\W*)?$`)

// notFoundOf returns err, a NotFound only if EKS speaks of what was asked for: a node
// group by its name or that of its cluster. That something else is not found, of
// another service on the way for one, says nothing of it.
func notFoundOf(err error, names ...string) error {
	if !errs.Is(err, pmks.CodeNotFound) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) {
		words := strings.FieldsFunc(e.Message, func(r rune) bool { return !strings.ContainsRune(nameCharacters, r) })
		var said *types.ResourceNotFoundException
		if errors.As(e.Err, &said) {
			if said.ClusterName == nil && said.NodegroupName == nil && namelessPattern.MatchString(aws.ToString(said.Message)) {
				return // it can only speak of what was asked for
			}
			words = append(words, aws.ToString(said.ClusterName), aws.ToString(said.NodegroupName))
		} else if e.ProviderCode == "ClientException" && namelessPattern.MatchString(e.Message) {
			return
		}
		if !slices.ContainsFunc(names, func(name string) bool { return name != "" && slices.Contains(words, name) }) {
			e.Code = pmks.CodeUnavailable
		}
	})
}

// nameCharacters are those of the names of EKS.
const nameCharacters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"

// annotate says where an error happened, once for each method of the handler.
func annotate(err *error, op string, cluster, nodeGroup pmks.IID) {
	errs.Annotate(err, Name, op, cluster, nodeGroup)
}
