// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/pmks-go/pmks/internal/provider/errs"
)

// refusal is what Google says, whichever way: gRPC and REST of GKE, and Compute
// Engine, each have an envelope of their own.
type refusal struct {
	// status is the canonical word, such as NOT_FOUND; empty where there is none.
	status string
	// reason is that of google.rpc.ErrorInfo, or the older one of the REST errors.
	reason     string
	message    string
	requestID  string
	http       int
	retryAfter time.Duration
	// quota: the details name a quota.
	quota bool
	// foreign: something on the way answered, not Google.
	foreign bool
}

// normalize reads an answer of Google; false when err is none.
func normalize(err error) (refusal, bool) {
	// Over REST the library tells the code from the HTTP status alone, and the
	// details not at all, so the body is read first.
	var web *googleapi.Error
	if errors.As(err, &web) {
		return fromREST(web), true
	}
	var api *apierror.APIError
	if errors.As(err, &api) && api.GRPCStatus() != nil {
		return fromGRPC(api), true
	}
	if s, ok := status.FromError(err); ok && s.Code() != codes.OK {
		return withHTTP(refusal{status: canonicalWord(s.Code()), message: s.Message()}), true
	}
	return refusal{}, false
}

// canonicalWord is the spelling of a code in Google's APIs: NotFound is NOT_FOUND.
func canonicalWord(c codes.Code) string {
	var b strings.Builder
	for i, r := range c.String() {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

func fromGRPC(api *apierror.APIError) refusal {
	s := api.GRPCStatus()
	r := refusal{status: canonicalWord(s.Code()), message: s.Message(), reason: api.Reason()}
	d := api.Details()
	r.quota = d.QuotaFailure != nil
	if d.RetryInfo != nil {
		r.retryAfter = errs.BoundedWait(d.RetryInfo.GetRetryDelay().AsDuration())
	}
	if d.RequestInfo != nil {
		r.requestID = d.RequestInfo.GetRequestId()
	}
	return withHTTP(r)
}

// httpInText matches what the library of gRPC says of an answer that is none of
// gRPC.
var httpInText = regexp.MustCompile(`unexpected HTTP status code received from server: (\d{3})`)

// withHTTP sees through a code of gRPC that stands for the answer of something on
// the way, which knows nothing of gRPC.
func withHTTP(r refusal) refusal {
	if m := httpInText.FindStringSubmatch(r.message); m != nil {
		r.http, _ = strconv.Atoi(m[1])
		r.status, r.reason, r.foreign = "", "", true
	}
	return r
}

// restBody is the body of an error over REST.
type restBody struct {
	Error struct {
		Message string `json:"message"`
		Status  string `json:"status"`
		Errors  []struct {
			Reason string `json:"reason"`
		} `json:"errors"`
		Details []struct {
			Type       string `json:"@type"`
			Reason     string `json:"reason"`
			RequestID  string `json:"requestId"`
			RetryDelay string `json:"retryDelay"`
		} `json:"details"`
	} `json:"error"`
}

func fromREST(web *googleapi.Error) refusal {
	r := refusal{http: web.Code, message: web.Message, retryAfter: errs.RetryAfter(web.Header)}
	var body restBody
	if json.Unmarshal([]byte(web.Body), &body) != nil {
		r.foreign = errs.Foreign(web.Header, []byte(web.Body)) || web.Code < 400
		return r
	}
	r.status = body.Error.Status
	r.foreign = web.Code < 400
	if body.Error.Message != "" {
		r.message = body.Error.Message
	}
	if len(body.Error.Errors) > 0 {
		r.reason = body.Error.Errors[0].Reason
	}
	for _, d := range body.Error.Details {
		switch {
		case strings.HasSuffix(d.Type, "google.rpc.ErrorInfo"):
			r.reason = d.Reason
		case strings.HasSuffix(d.Type, "google.rpc.RequestInfo"):
			r.requestID = d.RequestID
		case strings.HasSuffix(d.Type, "google.rpc.QuotaFailure"):
			r.quota = true
		case strings.HasSuffix(d.Type, "google.rpc.RetryInfo") && r.retryAfter == 0:
			if delay, err := time.ParseDuration(d.RetryDelay); err == nil {
				r.retryAfter = errs.BoundedWait(delay)
			}
		}
	}
	return r
}
