// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/redact"
)

// errorTable maps the error codes of AKS and Azure Resource Manager. The code
// decides, the HTTP status only where a code is unknown. OperationNotAllowed is
// not here: it alone decides nothing.
var errorTable = map[string]pmks.Code{
	"AKSCapacityError":                                        pmks.CodeUnavailable,
	"AKSOperationPreempted":                                   pmks.CodeBusy,
	"AKSOperationPreemptedByDelete":                           pmks.CodeBusy,
	"AgentPoolK8sVersionNotSupported":                         pmks.CodeInvalidArgument,
	"AksCapacityHeavyUsage":                                   pmks.CodeUnavailable,
	"AllocationFailed":                                        pmks.CodeUnavailable,
	"AnotherOperationInProgress":                              pmks.CodeBusy,
	"AuthenticationFailed":                                    pmks.CodeUnauthenticated,
	"AuthorizationFailed":                                     pmks.CodePermissionDenied,
	"BadRequest":                                              pmks.CodeInvalidArgument,
	"Conflict":                                                pmks.CodeBusy,
	"DnsServiceIpOutOfServiceCidr":                            pmks.CodeInvalidArgument,
	"ErrCode_InsufficientVCPUQuota":                           pmks.CodeQuotaExceeded,
	"ExpiredAuthenticationToken":                              pmks.CodeUnauthenticated,
	"InsufficientSubnetSize":                                  pmks.CodeInvalidArgument,
	"InternalServerError":                                     pmks.CodeInternal,
	"InvalidAuthenticationToken":                              pmks.CodeUnauthenticated,
	"InvalidAuthenticationTokenTenant":                        pmks.CodeUnauthenticated,
	"InvalidParameter":                                        pmks.CodeInvalidArgument,
	"InvalidResourceLocation":                                 pmks.CodeInvalidArgument,
	"InvalidResourceReference":                                pmks.CodeFailedPrecondition,
	"InvalidTagNameCharacters":                                pmks.CodeInvalidArgument,
	"K8sVersionNotSupported":                                  pmks.CodeInvalidArgument,
	"LinkedAuthorizationFailed":                               pmks.CodePermissionDenied,
	"ManagedClusterCountExceedsQuotaLimit":                    pmks.CodeQuotaExceeded,
	"MissingSubscriptionRegistration":                         pmks.CodeFailedPrecondition,
	"MustDefineAtLeastOneSystemPool":                          pmks.CodeInvalidArgument,
	"NodePoolMcVersionIncompatible":                           pmks.CodeInvalidArgument,
	"NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged": pmks.CodeInvalidArgument,
	"NotFound":                              pmks.CodeNotFound,
	"ParentResourceNotFound":                pmks.CodeNotFound,
	"PropertyChangeNotAllowed":              pmks.CodeInvalidArgument,
	"PublicIPCountLimitReached":             pmks.CodeQuotaExceeded,
	"QuotaExceeded":                         pmks.CodeQuotaExceeded,
	"ReadOnlyDisabledSubscription":          pmks.CodeFailedPrecondition,
	"RequestDisallowedByPolicy":             pmks.CodePermissionDenied,
	"ReservedResourceName":                  pmks.CodeInvalidArgument,
	"ResourceGroupNotFound":                 pmks.CodeFailedPrecondition,
	"ResourceNotFound":                      pmks.CodeNotFound,
	"ScopeLocked":                           pmks.CodeFailedPrecondition,
	"ServiceCidrOverlapExistingSubnetsCidr": pmks.CodeInvalidArgument,
	"ServicePrincipalValidationClientError": pmks.CodeFailedPrecondition,
	"SkuNotAvailable":                       pmks.CodeUnavailable,
	"SubnetIsFull":                          pmks.CodeInvalidArgument,
	"SubscriptionNotFound":                  pmks.CodeFailedPrecondition,
	"SubscriptionRequestsThrottled":         pmks.CodeThrottled,
	"SystemPoolHasRestrictedTaint":          pmks.CodeInvalidArgument,
	"Throttled":                             pmks.CodeThrottled,
	"TooManyRequests":                       pmks.CodeThrottled,
	"UpgradeBlockedOnDeprecatedAPIUsage":    pmks.CodeFailedPrecondition,
	"VirtualNetworkNotInSucceededState":     pmks.CodeFailedPrecondition,
	"ZonalAllocationFailed":                 pmks.CodeUnavailable,
}

// hintTable holds the way out where Azure's own sentence names none.
var hintTable = map[string]string{
	"LinkedAuthorizationFailed":       "the caller needs Microsoft.Network/virtualNetworks/subnets/join/action on the subnet",
	"MissingSubscriptionRegistration": "register the subscription: az provider register --namespace Microsoft.ContainerService",
	"ResourceGroupNotFound":           "create the resource group first, or name another in resourceGroup",
	"ScopeLocked":                     "remove the management lock first",
	"SubscriptionNotFound":            "check subscriptionId and the tenant of the credentials",
}

// fail turns an error of the SDK into a *pmks.Error. One that is there already is
// the result, without what the SDK has put around it.
func fail(err error) error {
	var known *pmks.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	}
	e := &pmks.Error{Code: pmks.CodeOf(err), Err: err}
	cause, failed := errs.Transport(err)
	var response *azcore.ResponseError
	var refused *azidentity.AuthenticationFailedError
	switch {
	case e.Code == pmks.CodeCanceled || e.Code == pmks.CodeTimeout:
		e.Message = "the context ended during a request"
	case errors.As(err, &refused):
		entraFault(e, refused)
	case errors.As(err, &response):
		answerFault(e, response)
	case isCredentialFailure(err):
		e.Code, e.Message = pmks.CodeUnauthenticated,
			"no usable Azure credentials: give tenantId, clientId and clientSecret, a certificate or a federated token, or set up the default chain"
	case failed:
		e.Code, e.Message = pmks.CodeUnavailable, "Azure could not be reached, or its answer was lost: "+cause
	case strings.HasPrefix(err.Error(), "unmarshalling type"): // of the SDK, which keeps the cause as text alone
		e.Code, e.Message = pmks.CodeUnavailable, "the answer of Azure was cut short, or is not one of Azure"
	}
	return e
}

// answerFault fills e in from an answer of Azure that is an error.
func answerFault(e *pmks.Error, response *azcore.ResponseError) {
	top, foreign := bodyOf(response)
	if code := oneLine(response.ErrorCode); code != "" {
		top.Code = code
	}
	decisive := top.reason()
	e.ProviderCode, e.HTTPStatus = decisive.Code, response.StatusCode
	e.Code = classify(decisive.Code, decisive.Message, e.HTTPStatus)
	if e.Message = top.text(); e.Message == "" {
		e.Message = statusText(e.HTTPStatus, foreign)
	}
	if hint := hintTable[e.ProviderCode]; hint != "" {
		e.Message = strings.TrimSuffix(e.Message, ".") + ": " + hint
	}
	if r := response.RawResponse; r != nil {
		e.RequestID, e.RetryAfter = r.Header.Get("x-ms-request-id"), retryAfter(r.Header)
		if r.Request != nil {
			_, token, _ := strings.Cut(r.Request.Header.Get("Authorization"), " ")
			e.Message = redact.Text(e.Message, token)
		}
	}
}

// retryAfter is how long an answer asks to wait. Azure Resource Graph says it in hours,
// minutes and seconds of a header of its own ("Guidance for throttled requests in Azure
// Resource Graph"), which goes with every answer: it counts where nothing is left.
func retryAfter(h http.Header) time.Duration {
	if d := errs.RetryAfter(h); d > 0 || h.Get("x-ms-user-quota-remaining") != "0" {
		return d
	}
	var hours, minutes, seconds uint16
	if _, err := fmt.Sscanf(h.Get("x-ms-user-quota-resets-after"), "%d:%d:%d", &hours, &minutes, &seconds); err != nil {
		return 0
	}
	return errs.BoundedWait(time.Duration(int(hours)*3600+int(minutes)*60+int(seconds)) * time.Second)
}
