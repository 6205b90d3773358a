// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/pmks-go/pmks"
)

func classify(code, text string, status int) pmks.Code {
	if isQuota(code, text) {
		return pmks.CodeQuotaExceeded
	}
	switch code {
	case "OperationNotAllowed":
		return notAllowed(text, status)
	case "PreconditionFailed":
		// Of If-Match; the callers that send If-None-Match know better.
		return pmks.CodeBusy
	}
	if c, ok := errorTable[code]; ok {
		return c
	}
	switch {
	case status == http.StatusUnauthorized:
		return pmks.CodeUnauthenticated
	case status == http.StatusForbidden:
		return pmks.CodePermissionDenied
	case status == http.StatusNotFound:
		return pmks.CodeNotFound
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return pmks.CodeBusy
	case status == http.StatusTooManyRequests:
		return pmks.CodeThrottled
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return pmks.CodeUnavailable
	case status >= http.StatusInternalServerError:
		return pmks.CodeInternal
	}
	return pmks.CodeUnknown
}

// notAllowed tells the meanings of OperationNotAllowed apart, which AKS answers to
// nearly everything that depends on the state.
func notAllowed(text string, status int) pmks.Code {
	lower := strings.ToLower(text)
	for _, busy := range []string{"another operation", "in progress", "aks-pending-operation"} {
		if strings.Contains(lower, busy) && !strings.Contains(lower, "stopped") {
			return pmks.CodeBusy
		}
	}
	if status == http.StatusConflict && !strings.Contains(lower, "stopped") {
		return pmks.CodeBusy
	}
	return pmks.CodeFailedPrecondition
}

// quotaPattern matches what AKS says of quotas under several codes.
var quotaPattern = regexp.MustCompile(`(?i)\bquota\b`)

// isQuota reports whether a limit of the subscription is meant, whatever the code.
func isQuota(code, text string) bool {
	return strings.Contains(code, "Quota") || strings.HasSuffix(code, "CountLimitReached") ||
		code == "OperationNotAllowed" && quotaPattern.MatchString(text)
}

// message returns the sentence in the body of an error: AKS sends a flat object,
// Azure Resource Manager one within "error". ResponseError has no field for it,
// and its text is the whole exchange.
func message(r *azcore.ResponseError) string {
	fallback := "Azure answered " + http.StatusText(r.StatusCode)
	if r.RawResponse == nil {
		return fallback
	}
	body, err := runtime.Payload(r.RawResponse)
	if err != nil {
		return fallback
	}
	type detail struct {
		Message string `json:"message"`
		Target  string `json:"target"`
	}
	var said struct {
		detail
		Error *detail `json:"error"`
	}
	if json.Unmarshal(body, &said) != nil {
		return fallback
	}
	if said.Error != nil {
		said.detail = *said.Error
	}
	if text := strings.Join(strings.Fields(said.Message), " "); text != "" {
		return text
	}
	return fallback
}

// retryAfter reads how long Azure asks to wait: seconds, or a date.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// aadsts is the code of an error of Entra.
var aadsts = regexp.MustCompile(`AADSTS\d+`)

func entraCode(text string) string { return aadsts.FindString(text) }

// entraFailure tells apart that Entra refused credentials and that it could not be
// asked: where no answer came the SDK keeps the cause as text alone.
func entraFailure(f *azidentity.AuthenticationFailedError) pmks.Code {
	if f.RawResponse == nil {
		text := f.Error()
		if strings.Contains(text, "server response error") || strings.Contains(text, "could not read the body") {
			return pmks.CodeUnavailable
		}
		return pmks.CodeUnauthenticated
	}
	switch c := classify("", "", f.RawResponse.StatusCode); c {
	case pmks.CodeThrottled, pmks.CodeUnavailable, pmks.CodeInternal:
		return c
	}
	return pmks.CodeUnauthenticated
}

// isCredentialFailure recognises credentials that yielded nothing: the type is not
// exported.
func isCredentialFailure(err error) bool {
	var refused interface{ NonRetriable() }
	text := err.Error()
	return strings.Contains(text, "Credential") && (errors.As(err, &refused) || strings.Contains(text, "failed to acquire a token"))
}

func isNetworkFailure(err error) bool {
	var netErr net.Error
	var opErr *net.OpError
	var urlErr *url.Error
	return errors.As(err, &netErr) || errors.As(err, &opErr) || errors.As(err, &urlErr) || errors.Is(err, io.ErrUnexpectedEOF)
}

func has(err error, code pmks.Code) bool { return err != nil && pmks.CodeOf(err) == code }

// missing reports whether err says that the cluster or agent pool is not there.
func missing(err error) bool { return has(err, pmks.CodeNotFound) }

func ignoreMissing(err error) error {
	if missing(err) {
		return nil
	}
	return err
}
