// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"errors"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/pmks-go/pmks"
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
	"Throttled":                             pmks.CodeThrottled,
	"TooManyRequests":                       pmks.CodeThrottled,
	"VirtualNetworkNotInSucceededState":     pmks.CodeFailedPrecondition,
	"ZonalAllocationFailed":                 pmks.CodeUnavailable,
}

// hintTable holds the way out where Azure's own sentence names none.
var hintTable = map[string]string{
	"LinkedAuthorizationFailed":       "the caller needs Microsoft.Network/virtualNetworks/subnets/join/action on the subnet",
	"MissingSubscriptionRegistration": "register the subscription: az provider register --namespace Microsoft.ContainerService",
	"PreconditionFailed":              "somebody changed it meanwhile; read it again and repeat the call",
	"ResourceGroupNotFound":           "create the resource group first, or name another in resourceGroup",
	"ScopeLocked":                     "remove the management lock first",
	"SubscriptionNotFound":            "check subscriptionId and the tenant of the credentials",
}

// fail turns an error of the SDK into a *pmks.Error. Errors that are one already
// are returned as they are.
func fail(err error) error {
	var known *pmks.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	e := &pmks.Error{Code: pmks.CodeOf(err), Err: err}
	var response *azcore.ResponseError
	var refused *azidentity.AuthenticationFailedError
	switch {
	case e.Code == pmks.CodeCanceled || e.Code == pmks.CodeTimeout:
		e.Message = "the context ended during a request"
	case errors.As(err, &refused):
		e.Code, e.ProviderCode = entraFailure(refused), entraCode(err.Error())
		e.Message = "Microsoft Entra refused the credentials: check tenantId, clientId and the secret, certificate or token"
		if e.Code != pmks.CodeUnauthenticated {
			e.Message = "Microsoft Entra could not be asked for a token, or failed to give one"
		}
		if r := refused.RawResponse; r != nil {
			e.HTTPStatus, e.RetryAfter = r.StatusCode, retryAfter(r.Header)
		}
	case errors.As(err, &response):
		e.ProviderCode, e.HTTPStatus = strings.Join(strings.Fields(response.ErrorCode), " "), response.StatusCode
		e.Message = message(response)
		e.Code = classify(e.ProviderCode, e.Message, e.HTTPStatus)
		if hint := hintTable[e.ProviderCode]; hint != "" {
			e.Message = strings.TrimSuffix(e.Message, ".") + ": " + hint
		}
		if r := response.RawResponse; r != nil {
			e.RequestID, e.RetryAfter = r.Header.Get("x-ms-request-id"), retryAfter(r.Header)
		}
	case isCredentialFailure(err):
		e.Code, e.Message = pmks.CodeUnauthenticated,
			"no usable Azure credentials: give tenantId, clientId and clientSecret, a certificate or a federated token, or set up the default chain"
	case isNetworkFailure(err):
		e.Code, e.Message = pmks.CodeUnavailable, "Azure could not be reached, or its answer was lost"
	}
	return e
}

// place says where an error happened, once for each method of the handler.
func place(err *error, op string, cluster, nodeGroup pmks.IID) {
	*err = pmks.Annotate(*err, pmks.Error{Provider: Name, Op: op, Cluster: cluster, NodeGroup: nodeGroup})
}
