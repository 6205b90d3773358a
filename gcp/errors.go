// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/pmks-go/pmks"
)

// errorTable maps the canonical codes of Google's APIs (google.rpc.Code).
var errorTable = map[string]pmks.Code{
	"ABORTED":             pmks.CodeBusy,
	"ALREADY_EXISTS":      pmks.CodeAlreadyExists,
	"CANCELED":            pmks.CodeCanceled,
	"CANCELLED":           pmks.CodeCanceled,
	"DATA_LOSS":           pmks.CodeInternal,
	"DEADLINE_EXCEEDED":   pmks.CodeUnavailable,
	"FAILED_PRECONDITION": pmks.CodeFailedPrecondition,
	"INTERNAL":            pmks.CodeInternal,
	"INVALID_ARGUMENT":    pmks.CodeInvalidArgument,
	"NOT_FOUND":           pmks.CodeNotFound,
	"OUT_OF_RANGE":        pmks.CodeInvalidArgument,
	"PERMISSION_DENIED":   pmks.CodePermissionDenied,
	"RESOURCE_EXHAUSTED":  pmks.CodeThrottled,
	"UNAUTHENTICATED":     pmks.CodeUnauthenticated,
	"UNAVAILABLE":         pmks.CodeUnavailable,
	"UNIMPLEMENTED":       pmks.CodeUnsupported,
	"UNKNOWN":             pmks.CodeInternal,
}

// reasonTable maps reasons, which say more than the code that they come with.
var reasonTable = map[string]pmks.Code{
	"CLUSTER_ALREADY_HAS_OPERATION": pmks.CodeBusy,
	"RATE_LIMIT_EXCEEDED":           pmks.CodeThrottled,
	"SERVICE_DISABLED":              pmks.CodeFailedPrecondition,
	"accessNotConfigured":           pmks.CodeFailedPrecondition,
	"rateLimitExceeded":             pmks.CodeThrottled,
	"userRateLimitExceeded":         pmks.CodeThrottled,
}

// textTable holds what Google says in words only. The first that matches counts.
var textTable = []struct {
	pattern *regexp.Regexp
	code    pmks.Code
	hint    string
}{
	{regexp.MustCompile(`(?i)running incompatible operation|please wait and try again once it is done|currently being created, deleted, updated or repaired|concurrent operations quota`), pmks.CodeBusy, ""},
	{regexp.MustCompile(`(?i)fingerprint mismatch`), pmks.CodeBusy, ""},
	{regexp.MustCompile(`(?i)insufficient (regional|project) quota`), pmks.CodeQuotaExceeded, ""},
	{regexp.MustCompile(`(?i)does not have access to service account`), pmks.CodePermissionDenied, "grant the caller roles/iam.serviceAccountUser on it"},
	{regexp.MustCompile(`(?i)service account .* does not exist`), pmks.CodeFailedPrecondition, "create it, or name another in nodeServiceAccount"},
}

// statusTable maps HTTP statuses where a body says nothing.
var statusTable = map[int]pmks.Code{
	http.StatusBadGateway:          pmks.CodeUnavailable,
	http.StatusBadRequest:          pmks.CodeInvalidArgument,
	http.StatusConflict:            pmks.CodeAlreadyExists,
	http.StatusForbidden:           pmks.CodePermissionDenied,
	http.StatusGatewayTimeout:      pmks.CodeUnavailable,
	http.StatusInternalServerError: pmks.CodeInternal,
	http.StatusNotFound:            pmks.CodeNotFound,
	http.StatusServiceUnavailable:  pmks.CodeUnavailable,
	http.StatusTooManyRequests:     pmks.CodeThrottled,
	http.StatusUnauthorized:        pmks.CodeUnauthenticated,
}

// fail turns an error of the client libraries into a *pmks.Error. One that is
// inside already is returned as it is.
func fail(err error) error {
	if err == nil {
		return nil
	}
	var known *pmks.Error
	if errors.As(err, &known) {
		return known
	}
	r, refused := normalize(err)
	if ended := endOf(r); ended != nil {
		err = errors.Join(ended, err)
	}
	e := &pmks.Error{Code: pmks.CodeOf(err), Err: err}
	if e.Code == pmks.CodeCanceled || e.Code == pmks.CodeTimeout {
		e.Message = "the context ended during a request"
		return e
	}
	if refused {
		e.ProviderCode, e.HTTPStatus, e.RequestID, e.RetryAfter = r.status, r.http, r.requestID, r.retryAfter
		if r.reason != "" {
			e.ProviderCode = strings.TrimPrefix(r.status+"/"+r.reason, "/")
		}
		var hint string
		e.Code, hint = classify(r)
		if e.Message = strings.Join(strings.Fields(r.message), " "); e.Message == "" {
			e.Message = "Google answered without a word"
		}
		if strings.Contains(r.message, "per-RPC creds failed") { // it never left this machine
			e.Message, hint = refusedCredentials, ""
		}
		if hint != "" {
			e.Message += ": " + hint
		}
		return e
	}
	if isNetworkFailure(err) {
		e.Code, e.Message = pmks.CodeUnavailable, "Google Cloud could not be reached, or its answer was lost"
	}
	return e
}

// endOf returns the end of a context that gRPC has turned into a code of its own.
// A server whose time is up says so in other words.
func endOf(r refusal) error {
	switch {
	case r.status == "CANCELED" && r.message == context.Canceled.Error():
		return context.Canceled
	case r.status == "DEADLINE_EXCEEDED" && strings.Contains(r.message, context.DeadlineExceeded.Error()):
		return context.DeadlineExceeded
	}
	return nil
}

// classify says what a refusal means, and the way out where Google names none.
func classify(r refusal) (pmks.Code, string) {
	if r.status == "UNAUTHENTICATED" {
		return pmks.CodeUnauthenticated, "check the credentials of the connection"
	}
	if code, ok := reasonTable[r.reason]; ok {
		hint := ""
		if code == pmks.CodeFailedPrecondition {
			hint = "enable the API for the project first"
		}
		return code, hint
	}
	for _, row := range textTable {
		if row.pattern.MatchString(r.message) {
			return row.code, row.hint
		}
	}
	if r.quota {
		return pmks.CodeQuotaExceeded, ""
	}
	if code, ok := errorTable[r.status]; ok {
		return code, ""
	}
	if code, ok := statusTable[r.http]; ok {
		return code, ""
	}
	return pmks.CodeUnknown, ""
}

func isNetworkFailure(err error) bool {
	var netErr net.Error
	var opErr *net.OpError
	var urlErr *url.Error
	return errors.As(err, &netErr) || errors.As(err, &opErr) || errors.As(err, &urlErr)
}

func has(err error, code pmks.Code) bool { return err != nil && pmks.CodeOf(err) == code }

// missing reports whether err says that the cluster or node pool is not there.
func missing(err error) bool { return has(err, pmks.CodeNotFound) }

func ignoreMissing(err error) error {
	if missing(err) {
		return nil
	}
	return err
}

// place says where an error happened, once for each method of the handler.
func place(err *error, op string, cluster, nodeGroup pmks.IID) {
	*err = pmks.Annotate(*err, pmks.Error{Provider: Name, Op: op, Cluster: cluster, NodeGroup: nodeGroup})
}
