// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/pmks-go/pmks"
)

// replied is an error as the SDK makes it of an answer with this body. headers are
// names and values in turn.
func replied(status int, body string, headers ...string) error {
	h := http.Header{"X-Ms-Request-Id": {"request-1"}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return runtime.NewResponseError(&http.Response{StatusCode: status, Status: http.StatusText(status), Header: h,
		Body: io.NopCloser(strings.NewReader(body)),
		Request: &http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "https", Host: "management.azure.com", Path: "/subscriptions"},
			Header: http.Header{"Authorization": {"Bearer " + planted}}}})
}

// flat is the body of an error as AKS sends it, wrapped as Azure Resource Manager
// does.
func flat(code, message string) string {
	text, _ := json.Marshal(map[string]any{"code": code, "details": nil, "message": message, "subcode": ""})
	return string(text)
}

func wrapped(code, message string) string {
	text, _ := json.Marshal(map[string]any{"error": map[string]any{"code": code, "message": message}})
	return string(text)
}

// planted is a secret that is put where an error could pick it up.
const planted = "PLANTED-secret~value.0123456789"

// faultOf is err as fail reports it.
func faultOf(t *testing.T, err error) *pmks.Error {
	t.Helper()
	var e *pmks.Error
	if got := fail(err); !errors.As(got, &e) {
		t.Fatalf("fail(%v) is %T", err, got)
	}
	if !errors.Is(e, err) {
		t.Error("the SDK's own error is not reachable")
	}
	return e
}

// TestErrorTable sends every code of the table in both shapes, and in the header
// alone. The expected words are written out here a second time.
func TestErrorTable(t *testing.T) {
	t.Parallel()
	want := map[pmks.Code]string{
		pmks.CodeNotFound:      "NotFound ParentResourceNotFound ResourceNotFound",
		pmks.CodeBusy:          "AKSOperationPreempted AKSOperationPreemptedByDelete AnotherOperationInProgress Conflict",
		pmks.CodeQuotaExceeded: "ErrCode_InsufficientVCPUQuota ManagedClusterCountExceedsQuotaLimit PublicIPCountLimitReached QuotaExceeded",
		pmks.CodeInvalidArgument: "AgentPoolK8sVersionNotSupported BadRequest DnsServiceIpOutOfServiceCidr InsufficientSubnetSize InvalidParameter " +
			"InvalidResourceLocation InvalidTagNameCharacters K8sVersionNotSupported MustDefineAtLeastOneSystemPool NodePoolMcVersionIncompatible " +
			"NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged PropertyChangeNotAllowed ReservedResourceName " +
			"ServiceCidrOverlapExistingSubnetsCidr SubnetIsFull SystemPoolHasRestrictedTaint",
		pmks.CodeFailedPrecondition: "InvalidResourceReference MissingSubscriptionRegistration ReadOnlyDisabledSubscription ResourceGroupNotFound ScopeLocked " +
			"ServicePrincipalValidationClientError SubscriptionNotFound UpgradeBlockedOnDeprecatedAPIUsage VirtualNetworkNotInSucceededState",
		pmks.CodeUnauthenticated:  "AuthenticationFailed ExpiredAuthenticationToken InvalidAuthenticationToken InvalidAuthenticationTokenTenant",
		pmks.CodePermissionDenied: "AuthorizationFailed LinkedAuthorizationFailed RequestDisallowedByPolicy",
		pmks.CodeThrottled:        "SubscriptionRequestsThrottled Throttled TooManyRequests",
		pmks.CodeUnavailable:      "AKSCapacityError AksCapacityHeavyUsage AllocationFailed SkuNotAvailable ZonalAllocationFailed",
		pmks.CodeInternal:         "InternalServerError",
	}
	tested := 0
	for code, words := range want {
		for word := range strings.FieldsSeq(words) {
			tested++
			if errorTable[word] != code {
				t.Errorf("%s is %s, want %s", word, errorTable[word], code)
			}
			t.Run(word, func(t *testing.T) {
				t.Parallel()
				// The code decides, whatever the status.
				for _, err := range []error{
					replied(400, flat(word, "said")), replied(409, wrapped(word, "said")), replied(500, flat(word, "said")),
					replied(404, `{"message":"said"}`, "x-ms-error-code", word),
				} {
					e := faultOf(t, err)
					if e.Code != code || e.ProviderCode != word || !strings.HasPrefix(e.Message, "said") || e.RequestID != "request-1" {
						t.Errorf("got %v", e)
					}
				}
			})
		}
	}
	if tested != len(errorTable) {
		t.Errorf("%d codes are tested, the table has %d", tested, len(errorTable))
	}
}

// TestFail_OperationNotAllowed: the code that means nearly everything.
func TestFail_OperationNotAllowed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		message string
		on400   pmks.Code
		on409   pmks.Code
	}{
		{
			"busy",
			"Operation is not allowed because there's an in progress put managed cluster operation on the managed cluster started at 2026-11-01. Please see https://aka.ms/aks-pending-operation for more details.",
			pmks.CodeBusy, pmks.CodeBusy,
		},
		{"busy-other-words", "Operation is not allowed: Another operation (Upgrading) is in progress, please wait for it to finish before starting a new operation.", pmks.CodeBusy, pmks.CodeBusy},
		{"busy-link-alone", "See aka.ms/AKS-pending-operation", pmks.CodeBusy, pmks.CodeBusy},
		{"last-pool", "There has to be at least one system agent pool.", pmks.CodeFailedPrecondition, pmks.CodeBusy},
		{
			"version",
			"Upgrading Kubernetes version 1.31.8 to 1.33.2 is not allowed. Available upgrades: [1.32.4 1.32.5]. Please see https://aka.ms/aks-supported-k8s-ver.",
			pmks.CodeFailedPrecondition, pmks.CodeBusy,
		},
		{"stopped", "Managed cluster is in (Stopped) state: only the start and delete operations are allowed.", pmks.CodeFailedPrecondition, pmks.CodeFailedPrecondition},
		{"stopped-in-progress", "The cluster is stopped, so no other operation in progress counts.", pmks.CodeFailedPrecondition, pmks.CodeFailedPrecondition},
		{
			"quota",
			"Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Location: koreacentral, Current Limit: 10, Current Usage: 8.",
			pmks.CodeQuotaExceeded, pmks.CodeQuotaExceeded,
		},
		{"quota-while-in-progress", "An operation in progress holds the rest of your Quota.", pmks.CodeQuotaExceeded, pmks.CodeQuotaExceeded},
		{"no-message", "", pmks.CodeFailedPrecondition, pmks.CodeBusy},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for status, want := range map[int]pmks.Code{400: test.on400, 409: test.on409} {
				for _, body := range []string{flat("OperationNotAllowed", test.message), wrapped("OperationNotAllowed", test.message)} {
					if e := faultOf(t, replied(status, body)); e.Code != want {
						t.Errorf("with %d it is %s, want %s", status, e.Code, want)
					}
				}
			}
		})
	}
}

// TestFail_Quota: limits come under many codes.
func TestFail_Quota(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"QuotaExceeded", "ErrCode_InsufficientVCPUQuota", "ManagedClusterCountExceedsQuotaLimit",
		"PublicIPCountLimitReached", "InsufficientVCPUQuota", "NetworkSecurityGroupCountLimitReached"} {
		for _, status := range []int{400, 403, 409, 500} {
			if e := faultOf(t, replied(status, flat(code, "x"))); e.Code != pmks.CodeQuotaExceeded {
				t.Errorf("%s with %d is %s", code, status, e.Code)
			}
		}
	}
	// The word alone, under a code that has another meaning, decides nothing.
	if e := faultOf(t, replied(400, flat("BadRequest", "resource quota objects are not supported"))); e.Code != pmks.CodeInvalidArgument {
		t.Errorf("got %s", e.Code)
	}
}

// TestFail_Status: the status decides where the code is none that is known.
func TestFail_Status(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"unknown-code": flat("SomethingNew", "said"), "empty": "", "html": "<html><head><title>Bad Gateway</title></head><body>\n" + planted + "</body></html>",
		"null": "null", "number": "7", "text": `"oops"`, "list": "[1]", "cut-short": `{"error":{"code":"Conf`,
		"code-of-another-type": `{"code":7,"message":["x"]}`, "error-of-another-type": `{"error":"invalid","message":{}}`, "empty-error": `{"error":{}}`,
	}
	for status, want := range map[int]pmks.Code{
		307: pmks.CodeUnavailable, 400: pmks.CodeInvalidArgument, 401: pmks.CodeUnauthenticated, 403: pmks.CodePermissionDenied, 404: pmks.CodeUnavailable,
		405: pmks.CodeInvalidArgument, 409: pmks.CodeBusy, 411: pmks.CodeInvalidArgument, 412: pmks.CodeBusy, 413: pmks.CodeInvalidArgument,
		414: pmks.CodeInvalidArgument, 415: pmks.CodeInvalidArgument, 418: pmks.CodeFailedPrecondition, 422: pmks.CodeInvalidArgument,
		429: pmks.CodeThrottled, 451: pmks.CodePermissionDenied, 500: pmks.CodeInternal, 501: pmks.CodeUnsupported, 502: pmks.CodeUnavailable, 503: pmks.CodeUnavailable, 504: pmks.CodeUnavailable,
		599: pmks.CodeInternal,
	} {
		for name, body := range bodies {
			t.Run(fmt.Sprintf("%d/%s", status, name), func(t *testing.T) {
				t.Parallel()
				e := faultOf(t, replied(status, body))
				if e.Code != want || e.HTTPStatus != status {
					t.Errorf("got %v, want %s", e, want)
				}
				if e.Message == "" || strings.Contains(e.Message, "<") || strings.Contains(everyText(e), planted) {
					t.Errorf("the message is %q", e.Message)
				}
			})
		}
	}
}

// TestFail_RetryAfter: what Azure asks is kept, whatever else the answer says.
func TestFail_RetryAfter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"7": 7 * time.Second, "1.5": 1500 * time.Millisecond, "0": 0, "-5": 0, "soon": 0, "": 0} {
		for _, status := range []int{409, 429, 503} {
			if e := faultOf(t, replied(status, flat("Throttled", "The request is throttled."), "Retry-After", text)); e.RetryAfter != want {
				t.Errorf("%q with %d is %s", text, status, e.RetryAfter)
			}
		}
	}
}

// TestFail_Precondition: 412 answers If-Match and If-None-Match; only the caller
// knows which it sent.
func TestFail_Precondition(t *testing.T) {
	t.Parallel()
	refused := replied(412, wrapped("PreconditionFailed", "The condition specified using HTTP conditional header(s) is not met."))
	if e := faultOf(t, refused); e.Code != pmks.CodeBusy {
		t.Errorf("If-Match: got %s", e.Code)
	}
	for name, err := range map[string]error{"412": refused, "412-empty": replied(412, ""), "409": replied(409, flat("Conflict", "The resource exists already."))} {
		var e *pmks.Error
		if !errors.As(refusedCreation(fail(err), "cluster"), &e) || e.Code != pmks.CodeAlreadyExists || e.Field != "IId.NameId" || e.ProviderCode == "" && name != "412-empty" {
			t.Errorf("If-None-Match, %s: got %v", name, e)
		}
	}
	for want, err := range map[pmks.Code]error{
		pmks.CodeBusy:               replied(409, flat("Conflict", "Another operation is in progress on the managed cluster.")),
		pmks.CodeFailedPrecondition: replied(404, wrapped("ResourceNotFound", "The Resource 'Microsoft.Network/virtualNetworks/v' under resource group 'g' was not found.")),
		pmks.CodeUnavailable:        replied(404, ""),
		pmks.CodeCanceled:           context.Canceled,
	} {
		if got := refusedCreation(fail(err), "cluster"); pmks.CodeOf(got) != want {
			t.Errorf("%v became %v, want %s", err, got, want)
		}
	}
	if refusedCreation(nil, "cluster") != nil {
		t.Error("nil became an error")
	}
}

// TestFail_Outside: what is no answer of Azure at all.
func TestFail_Outside(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errors.New("connection refused"))}
	for _, test := range []struct {
		name string
		err  error
		want pmks.Code
	}{
		{"canceled", fmt.Errorf("Get \"https://management.azure.com\": %w", context.Canceled), pmks.CodeCanceled},
		{"deadline", fmt.Errorf("Get \"https://management.azure.com\": %w", context.DeadlineExceeded), pmks.CodeTimeout},
		{"url-canceled", &url.Error{Op: "Get", URL: "https://x", Err: context.Canceled}, pmks.CodeCanceled},
		{"url-deadline", &url.Error{Op: "Get", URL: "https://x", Err: context.DeadlineExceeded}, pmks.CodeTimeout},
		{"dial", refused, pmks.CodeUnavailable},
		{"url", &url.Error{Op: "Get", URL: "https://x", Err: refused}, pmks.CodeUnavailable},
		{"dns", &net.DNSError{Err: "no such host", Name: "management.azure.com", IsNotFound: true}, pmks.CodeUnavailable},
		{"socket-timeout", &url.Error{Op: "Get", URL: "https://x", Err: os.ErrDeadlineExceeded}, pmks.CodeUnavailable},
		{"reply-cut-short", fmt.Errorf("body download policy: %w", io.ErrUnexpectedEOF), pmks.CodeUnavailable},
		{"other", errors.New("something else"), pmks.CodeUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := faultOf(t, test.err)
			if e.Code != test.want || e.Error() == "" || e.Message == "" && e.Code != pmks.CodeUnknown {
				t.Errorf("got %v, want %s", e, test.want)
			}
		})
	}
	if fail(nil) != nil {
		t.Error("nil became an error")
	}
	own := error(&pmks.Error{Code: pmks.CodeBusy, Message: "x"})
	if got := fail(own); got != own { //nolint:errorlint // the very same value is meant
		t.Errorf("an error of pmks became %v", got)
	}
}

// TestFail_Response: an answer that came without its raw response, as some pollers
// hand errors on.
func TestFail_Response(t *testing.T) {
	t.Parallel()
	e := faultOf(t, &azcore.ResponseError{ErrorCode: "AllocationFailed", StatusCode: 200})
	if e.Code != pmks.CodeUnavailable || e.Message == "" || e.RequestID != "" {
		t.Errorf("got %v", e)
	}
}

// TestFail_Hints: the way out is told where Azure's own sentence has none.
func TestFail_Hints(t *testing.T) {
	t.Parallel()
	for code, hint := range hintTable {
		if _, known := errorTable[code]; !known || hint == "" {
			t.Errorf("%s: known=%t, hint %q", code, known, hint)
		}
		if e := faultOf(t, replied(403, wrapped(code, "Azure's own sentence."))); e.Message != "Azure's own sentence: "+hint {
			t.Errorf("got %q", e.Message)
		}
	}
}

// everyText is an error in all the ways in which it can be printed.
func everyText(err error) string {
	text, _ := json.Marshal(err)
	return fmt.Sprintf("%v\n%+v\n%#v\n%s\n%q\n%s\n", err, err, err, err, err, text)
}
