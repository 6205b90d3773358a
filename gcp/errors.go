// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/redact"
)

// errorTable maps the canonical codes of Google's APIs (google.rpc.Code).
var errorTable = map[string]pmks.Code{
	"ABORTED":             pmks.CodeBusy,
	"ALREADY_EXISTS":      pmks.CodeAlreadyExists,
	"CANCELED":            pmks.CodeUnavailable,
	"CANCELLED":           pmks.CodeUnavailable,
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

// reasonTable maps reasons, which say more than the code that they come with, or
// instead of one: Compute Engine sends none.
var reasonTable = map[string]pmks.Code{
	"CLUSTER_ALREADY_HAS_OPERATION": pmks.CodeBusy,
	"RATE_LIMIT_EXCEEDED":           pmks.CodeThrottled,
	"SERVICE_DISABLED":              pmks.CodeFailedPrecondition,
	"accessNotConfigured":           pmks.CodeFailedPrecondition,
	"notFound":                      pmks.CodeNotFound,
	"quotaExceeded":                 pmks.CodeQuotaExceeded,
	"rateLimitExceeded":             pmks.CodeThrottled,
	"userRateLimitExceeded":         pmks.CodeThrottled,
}

// textTable holds what Google says in words only, or what the words say more
// truly than the code and the reason. The first that matches counts.
var textTable = []struct {
	pattern *regexp.Regexp
	code    pmks.Code
	hint    string
}{
	{regexp.MustCompile(`(?i)running incompatible operation|please wait and try again once it is done|currently being created, deleted, updated or repaired|concurrent operations quota`), pmks.CodeBusy, ""},
	{fingerprintText, pmks.CodeBusy, ""},
	{regexp.MustCompile(`(?i)insufficient (regional|project) quota`), pmks.CodeQuotaExceeded, ""},
	{regexp.MustCompile(`(?i)does not have access to service account`), pmks.CodePermissionDenied, "grant the caller roles/iam.serviceAccountUser on it"},
	{regexp.MustCompile(`(?i)service account .* does not exist|gaia id not found|service account .* (was )?not found`), pmks.CodeFailedPrecondition, hintServiceAccount},
}

// fingerprintText: somebody else has written labels since they were read.
var fingerprintText = regexp.MustCompile(`(?i)fingerprint mismatch`)

const hintServiceAccount = "the service account of the nodes is missing: create it, or name another in nodeServiceAccount"

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
	r, answered := normalize(err)
	if ended := endOf(r); ended != nil {
		err = errors.Join(ended, err)
	}
	e := &pmks.Error{Code: pmks.CodeOf(err), Err: err}
	if e.Code == pmks.CodeCanceled || e.Code == pmks.CodeTimeout {
		e.Message = "the context ended during a request"
		return e
	}
	if !answered {
		e.Code, e.Message = pmks.CodeUnavailable, "the answer of Google cannot be read: it counts as lost"
		if cause, ok := errs.Transport(err); ok {
			e.Message = "Google Cloud could not be reached, or its answer was lost: " + cause
		}
		return e
	}
	e.ProviderCode, e.HTTPStatus, e.RequestID, e.RetryAfter = r.status, r.http, r.requestID, r.retryAfter
	if r.reason != "" {
		e.ProviderCode = strings.TrimPrefix(r.status+"/"+r.reason, "/")
	}
	if r.foreign {
		e.Code, e.Message = errs.ByStatus(r.http), errs.ForeignText("Google Cloud", r.http)
		return e
	}
	var hint string
	e.Code, hint = classify(r)
	if e.Message = strings.Join(strings.Fields(r.message), " "); e.Message == "" {
		e.Message = "Google answered without a word"
	}
	if hint != "" {
		e.Message += ": " + hint
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
	for _, row := range textTable {
		if row.pattern.MatchString(r.message) {
			return row.code, row.hint
		}
	}
	if code, ok := reasonTable[r.reason]; ok {
		hint := ""
		if code == pmks.CodeFailedPrecondition {
			hint = "enable the API for the project first"
		}
		return code, hint
	}
	if r.quota {
		return pmks.CodeQuotaExceeded, ""
	}
	if r.http == http.StatusTooManyRequests {
		return pmks.CodeThrottled, ""
	}
	if code, ok := errorTable[r.status]; ok {
		return code, ""
	}
	if r.http == http.StatusConflict && strings.Contains(strings.ToLower(r.message), "already exists") {
		return pmks.CodeAlreadyExists, ""
	}
	return errs.ByStatus(r.http), ""
}

// fail is the function of that name, with what the answer may quote of the
// credentials cut out.
func (h *Handler) fail(err error) error {
	if err == nil {
		return nil
	}
	return errs.With(fail(err), func(e *pmks.Error) {
		const longest = 4096 // more than any message of Google has
		e.Message = redact.Text(strings.ToValidUTF8(e.Message[:min(len(e.Message), longest)], ""), h.api.secrets()...)
	})
}

// resourceInText matches the path of a resource in a message of Google.
var resourceInText = regexp.MustCompile(`projects/[^\s"',]+`)

// notFoundAs returns err, a NotFound only if it speaks of something whose path
// ends so, or names nothing. That the project or another resource is not found says
// nothing about what was asked for.
func notFoundAs(err error, tails ...string) error {
	if !errs.Is(err, pmks.CodeNotFound) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) {
		path := strings.TrimRight(resourceInText.FindString(e.Message), ".")
		if path == "" {
			return
		}
		for _, tail := range tails {
			if strings.HasSuffix(path, tail) {
				return
			}
		}
		e.Code = pmks.CodeUnavailable
	})
}

// missingPrerequisite returns err of a creation, in which NotFound can only mean
// what the request needs: a service account, or a network. Where tail is given, what
// ends so is the parent, which is what the caller named.
func missingPrerequisite(err error, tail string) error {
	if !errs.Is(err, pmks.CodeNotFound) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) {
		if path := strings.TrimRight(resourceInText.FindString(e.Message), "."); tail == "" || !strings.HasSuffix(path, tail) {
			e.Code = pmks.CodeFailedPrecondition
			if strings.Contains(e.Message, "gserviceaccount.com") && !strings.Contains(e.Message, hintServiceAccount) {
				e.Message += ": " + hintServiceAccount
			}
		}
	})
}

// existing says of a refusal that something has the name already which field it is
// about.
func existing(err error) error {
	if !errs.Is(err, pmks.CodeAlreadyExists) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Field = "IId.NameId" })
}

// annotate says where an error happened, once for each method of the handler.
func annotate(err *error, op string, cluster, nodeGroup pmks.IID) {
	errs.Annotate(err, Name, op, cluster, nodeGroup)
}
