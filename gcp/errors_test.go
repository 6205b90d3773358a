// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/pmks-go/pmks"
)

// overGRPC is an answer over gRPC.
func overGRPC(t *testing.T, code codes.Code, message string, details ...protoadapt.MessageV1) error {
	t.Helper()
	s, err := status.New(code, message).WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	api, ok := apierror.FromError(s.Err())
	if !ok {
		t.Fatal("the library does not take it for an answer")
	}
	return api
}

// overREST is an answer over REST, with the older list of errors and the details.
func overREST(code int, word, reason, message, details string) error {
	body := fmt.Sprintf(`{"error":{"code":%d,"message":%q,"status":%q,"errors":[{"message":%q,"domain":"global","reason":%q}],"details":[%s]}}`,
		code, message, word, message, reason, details)
	return &googleapi.Error{Code: code, Message: message, Body: body, Header: http.Header{}}
}

const busyText = `Cluster is running incompatible operation operation-1-2.`

// TestFail says every error of Google in each of its envelopes.
func TestFail(t *testing.T) {
	t.Parallel()
	busy := &errdetails.ErrorInfo{Reason: "CLUSTER_ALREADY_HAS_OPERATION", Domain: "container.googleapis.com"}
	limit := &errdetails.ErrorInfo{Reason: "RATE_LIMIT_EXCEEDED", Domain: "googleapis.com"}
	for _, test := range []struct {
		name string
		err  error
		want pmks.Code
	}{
		{"not-found", overGRPC(t, codes.NotFound, "Not found"), pmks.CodeNotFound},
		{"exists", overGRPC(t, codes.AlreadyExists, "Already exists"), pmks.CodeAlreadyExists},
		{"invalid", overGRPC(t, codes.InvalidArgument, "bad"), pmks.CodeInvalidArgument},
		{"precondition", overGRPC(t, codes.FailedPrecondition, "first do this"), pmks.CodeFailedPrecondition},
		{"busy-by-reason", overGRPC(t, codes.FailedPrecondition, "wait", busy), pmks.CodeBusy},
		{"busy-by-text", overGRPC(t, codes.FailedPrecondition, busyText), pmks.CodeBusy},
		{"busy-by-older-text", overGRPC(t, codes.FailedPrecondition, "Please wait and try again once it is done."), pmks.CodeBusy},
		{"busy-by-count", overGRPC(t, codes.ResourceExhausted, `Too many operations: cluster "c" hits the concurrent operations quota 5`), pmks.CodeBusy},
		{"aborted", overGRPC(t, codes.Aborted, "etag"), pmks.CodeBusy},
		{"denied", overGRPC(t, codes.PermissionDenied, "Required \"container.clusters.get\" permission"), pmks.CodePermissionDenied},
		{"quota-as-denied", overGRPC(t, codes.PermissionDenied, "Insufficient regional quota to satisfy request: resource \"CPUS\""), pmks.CodeQuotaExceeded},
		{"service-disabled", overGRPC(t, codes.PermissionDenied, "not enabled", &errdetails.ErrorInfo{Reason: "SERVICE_DISABLED"}), pmks.CodeFailedPrecondition},
		{"throttled", overGRPC(t, codes.ResourceExhausted, "Quota exceeded for quota metric", limit), pmks.CodeThrottled},
		{"quota", overGRPC(t, codes.ResourceExhausted, "no more", &errdetails.QuotaFailure{}), pmks.CodeQuotaExceeded},
		{"unauthenticated", overGRPC(t, codes.Unauthenticated, "no"), pmks.CodeUnauthenticated},
		{"unavailable", overGRPC(t, codes.Unavailable, "later"), pmks.CodeUnavailable},
		{"server-deadline", overGRPC(t, codes.DeadlineExceeded, "Deadline expired before operation could complete."), pmks.CodeUnavailable},
		{"own-deadline", overGRPC(t, codes.DeadlineExceeded, "context deadline exceeded"), pmks.CodeTimeout},
		{"own-cancel", overGRPC(t, codes.Canceled, "context canceled"), pmks.CodeCanceled},
		{"internal", overGRPC(t, codes.Internal, "oops"), pmks.CodeInternal},
		{"unimplemented", overGRPC(t, codes.Unimplemented, "no"), pmks.CodeUnsupported},
		{"service-account-denied", overGRPC(t, codes.InvalidArgument, `The user does not have access to service account "default".`), pmks.CodePermissionDenied},
		{"service-account-missing", overGRPC(t, codes.InvalidArgument, `Service account "x" does not exist.`), pmks.CodeFailedPrecondition},

		// Over REST the HTTP statuses lie.
		{"rest-precondition-400", overREST(400, "FAILED_PRECONDITION", "failedPrecondition", "first", ""), pmks.CodeFailedPrecondition},
		{"rest-exists-409", overREST(409, "ALREADY_EXISTS", "alreadyExists", "there", ""), pmks.CodeAlreadyExists},
		{"rest-busy", overREST(400, "FAILED_PRECONDITION", "failedPrecondition", "wait",
			`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CLUSTER_ALREADY_HAS_OPERATION"}`), pmks.CodeBusy},
		{"rest-busy-by-count", overREST(429, "RESOURCE_EXHAUSTED", "rateLimitExceeded", `Too many operations: cluster "c" hits the concurrent operations quota 5, please try again later.`, ""), pmks.CodeBusy},
		{"rest-rate", overREST(429, "RESOURCE_EXHAUSTED", "rateLimitExceeded", "Quota exceeded for quota metric", ""), pmks.CodeThrottled},
		{"rest-not-found-without-word", &googleapi.Error{Code: 404, Body: `{"error":{"code":404,"message":"Not found"}}`}, pmks.CodeUnavailable},
		{"rest-redirect", &googleapi.Error{Code: 302}, pmks.CodeUnavailable},
		{"gaia", overGRPC(t, codes.NotFound, "Gaia id not found for email x@p.iam.gserviceaccount.com"), pmks.CodeFailedPrecondition},
		{"proxy-404", overGRPC(t, codes.Unimplemented, `unexpected HTTP status code received from server: 404 (Not Found)`), pmks.CodeUnavailable},
		{"proxy-403", overGRPC(t, codes.PermissionDenied, `unexpected HTTP status code received from server: 403 (Forbidden); transport: received unexpected content-type "text/html"`), pmks.CodePermissionDenied},
		{"server-cancels", overGRPC(t, codes.Canceled, "The operation was cancelled."), pmks.CodeUnavailable},
		{"compute-rate", overREST(403, "", "rateLimitExceeded", "slow down", ""), pmks.CodeThrottled},
		{"compute-denied", overREST(403, "", "forbidden", "Required 'compute.networks.get' permission", ""), pmks.CodePermissionDenied},
		{"compute-not-found", overREST(404, "", "notFound", "The resource was not found", ""), pmks.CodeNotFound},
		{"html", &googleapi.Error{Code: 502, Body: "<html>"}, pmks.CodeUnavailable},
		{"nothing-known", &googleapi.Error{Code: 418, Body: "{}"}, pmks.CodeFailedPrecondition},

		{"network", &url.Error{Op: "Post", URL: "https://x", Err: errors.New("connection refused")}, pmks.CodeUnavailable},
		{"cut", fmt.Errorf("proto: %w", io.ErrUnexpectedEOF), pmks.CodeUnavailable},
		{"unreadable", errors.New("proto: syntax error (line 1:1): unexpected token"), pmks.CodeUnavailable},
		{"canceled", context.Canceled, pmks.CodeCanceled},
		{"deadline", fmt.Errorf("x: %w", context.DeadlineExceeded), pmks.CodeTimeout},
		{"inside", &url.Error{Op: "Get", URL: "https://x", Err: &pmks.Error{Code: pmks.CodeUnauthenticated}}, pmks.CodeUnauthenticated},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := fail(test.err)
			if pmks.CodeOf(got) != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
	if fail(nil) != nil {
		t.Error("nil became an error")
	}
}

// TestFail_details: what Google says beside the code.
func TestFail_details(t *testing.T) {
	t.Parallel()
	grpc := fail(overGRPC(t, codes.ResourceExhausted, "slow\ndown", &errdetails.ErrorInfo{Reason: "RATE_LIMIT_EXCEEDED"},
		&errdetails.RequestInfo{RequestId: "0x1"}, &errdetails.RetryInfo{RetryDelay: durationpb.New(7 * time.Second)}))
	rest := fail(overREST(429, "RESOURCE_EXHAUSTED", "rateLimitExceeded", "slow\\ndown",
		`{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"0x1"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}`))
	for name, err := range map[string]error{"grpc": grpc, "rest": rest} {
		var e *pmks.Error
		if !errors.As(err, &e) || e.RequestID != "0x1" || e.RetryAfter != 7*time.Second || strings.Contains(e.Error(), "\n") ||
			!strings.HasPrefix(e.ProviderCode, "RESOURCE_EXHAUSTED/") || !pmks.Retryable(err) {
			t.Errorf("%s: got %+v, retry after %s, request %q, %s", name, err, e.RetryAfter, e.RequestID, e.ProviderCode)
		}
	}
}

// TestFail_retryAfter: what is asked is never negative, and a date counts from now.
func TestFail_retryAfter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"7": 7 * time.Second, "-5": 0, "1m": 0, "": 0, "2.5": 2500 * time.Millisecond, "99999999": time.Hour} {
		err := fail(&googleapi.Error{Code: 429, Body: "{}", Header: http.Header{"Retry-After": {text}}})
		var e *pmks.Error
		if !errors.As(err, &e) || e.RetryAfter != want {
			t.Errorf("%q: got %s, want %s", text, e.RetryAfter, want)
		}
	}
	for text, want := range map[string]time.Duration{"5s": 5 * time.Second, "-5s": 0, "99999h": time.Hour, "soon": 0} {
		err := fail(overREST(429, "RESOURCE_EXHAUSTED", "", "x", fmt.Sprintf(`{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":%q}`, text)))
		var e *pmks.Error
		if !errors.As(err, &e) || e.RetryAfter != want {
			t.Errorf("RetryInfo %q: got %s, want %s", text, e.RetryAfter, want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		at := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
		var e *pmks.Error
		if err := fail(&googleapi.Error{Code: 429, Body: "{}", Header: http.Header{"Retry-After": {at}}}); !errors.As(err, &e) || e.RetryAfter != time.Minute {
			t.Errorf("a date: got %s", e.RetryAfter)
		}
	})
}

// FuzzFail: whatever a server sends, there is a code and no panic.
func FuzzFail(f *testing.F) {
	f.Add(400, `{"error":{"status":"FAILED_PRECONDITION","details":[{"@type":"x"}]}}`)
	f.Add(403, "<html>")
	f.Add(0, `{"error":null}`)
	f.Fuzz(func(t *testing.T, code int, body string) {
		err := fail(&googleapi.Error{Code: code, Body: body})
		if c := pmks.CodeOf(err); c == pmks.CodeOK || strings.HasPrefix(c.String(), "Code(") {
			t.Errorf("the code is %s", c)
		}
		if _, err := json.Marshal(err); err != nil {
			t.Error(err)
		}
	})
}

// FuzzIDs: what passes could not bend a URL.
func FuzzIDs(f *testing.F) {
	h := &Handler{cfg: &Config{ProjectID: "project-1", Zone: "asia-northeast3-a", Region: "asia-northeast3"}}
	for _, seed := range []string{"demo", "projects/project-1/locations/asia-northeast3/clusters/demo", "../x", "a/b", "https://www.googleapis.com/compute/v1/projects/p/global/networks/n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := h.clusterRef(pmks.IID{SystemId: text}); err == nil && (strings.Contains(r.path(), "..") || strings.Count(r.path(), "/") != 5) {
			t.Errorf("%q becomes %q", text, r.path())
		}
		if name, err := poolName(pmks.IID{NameId: text}); err == nil && !namePattern.MatchString(name) {
			t.Errorf("%q becomes %q", text, name)
		}
		if r, err := readResource("f", pmks.IID{SystemId: text}, "networks", "project-1", ""); err == nil && (strings.Contains(r.path(), "..") || strings.Count(r.path(), "/") != 4) {
			t.Errorf("%q becomes %q", text, r.path())
		}
		if g, err := parseGroup(text); err == nil && (g.name == "" || strings.Contains(g.name, "/")) {
			t.Errorf("%q becomes %+v", text, g)
		}
	})
}
