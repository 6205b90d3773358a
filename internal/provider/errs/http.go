// SPDX-License-Identifier: Apache-2.0

package errs

import (
	"bytes"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
)

// longestRetryAfter bounds what a server may ask for. The longest that is known,
// of Azure's compute service, is 20 minutes.
const longestRetryAfter = time.Hour

// RetryAfter reads how long an answer asks to wait: a number of seconds, which may
// have a fraction, or an HTTP date. What is neither, or lies in the past, is 0. A date is
// by the clock of the server, which may be another than this one's: so is the answer's.
func RetryAfter(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if math.IsNaN(seconds) || seconds <= 0 {
			return 0
		}
		if seconds >= longestRetryAfter.Seconds() {
			return longestRetryAfter
		}
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		if sent, err := http.ParseTime(h.Get("Date")); err == nil {
			return BoundedWait(at.Sub(sent))
		}
		return BoundedWait(time.Until(at))
	}
	return 0
}

// BoundedWait is RetryAfter for clouds that say it otherwise: never negative, and no
// longer than a server may ask for.
func BoundedWait(d time.Duration) time.Duration { return min(max(0, d), longestRetryAfter) }

// ByStatus is the code of an answer whose own code is missing or not known. Every
// 4xx is a refusal: nothing happened. A bare 404 says nothing of the resource that
// was asked for, so it is never NotFound: a proxy, another service or a wrong
// endpoint answers it too.
func ByStatus(status int) pmks.Code {
	switch status {
	case http.StatusUnauthorized:
		return pmks.CodeUnauthenticated
	case http.StatusForbidden, http.StatusUnavailableForLegalReasons:
		return pmks.CodePermissionDenied
	case http.StatusNotFound:
		return pmks.CodeUnavailable
	case http.StatusConflict:
		return pmks.CodeBusy
	case http.StatusTooManyRequests:
		return pmks.CodeThrottled
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusLengthRequired, http.StatusRequestEntityTooLarge,
		http.StatusRequestURITooLong, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return pmks.CodeInvalidArgument
	case http.StatusNotImplemented:
		return pmks.CodeUnsupported
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return pmks.CodeUnavailable
	}
	switch {
	case status >= 500:
		return pmks.CodeInternal
	case status >= 400:
		return pmks.CodeFailedPrecondition
	case status >= 200: // a redirect, which is never followed, or a success that is none of the call's
		return pmks.CodeUnavailable
	}
	return pmks.CodeUnknown
}

// Foreign reports whether an answer cannot be of a cloud that speaks JSON or XML:
// the page of a proxy, a gateway or a login portal.
func Foreign(h http.Header, body []byte) bool {
	if kind := h.Get("Content-Type"); strings.Contains(strings.ToLower(kind), "html") {
		if kind, _, err := mime.ParseMediaType(kind); err == nil && kind == "text/html" {
			return true
		}
	}
	start := bytes.TrimSpace(body[:min(len(body), 64)])
	if !bytes.HasPrefix(start, []byte("<")) {
		return false // as most answers; every answer comes by here
	}
	text := strings.ToLower(string(start))
	return strings.HasPrefix(text, "<!doctype html") || strings.HasPrefix(text, "<html")
}

// ForeignText says that an answer is not the cloud's.
func ForeignText(cloud string, status int) string {
	text := "the answer (HTTP " + strconv.Itoa(status) + ") is not from " + cloud + ": something on the way sent it, such as a proxy or a gateway"
	if status >= 300 && status < 400 {
		text = cloud + "'s endpoint answered with a redirect (HTTP " + strconv.Itoa(status) + "), which is not followed: check the endpoint"
	}
	return text
}
