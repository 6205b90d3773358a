// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// respond is an answer to a request, JSON unless it looks like a page.
func respond(r *http.Request, status int, body string) *http.Response {
	kind := "application/json"
	if strings.HasPrefix(body, "<") {
		kind = "text/html"
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// hang gives no answer before the caller gives up.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// asError returns the pmks.Error of err.
func asError(t *testing.T, err error) *pmks.Error {
	t.Helper()
	var e *pmks.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of pmks", err)
	}
	return e
}

// sample is a request for a cluster.
func sample(name string) pmks.ClusterInfo {
	p, _ := profile.Get("gcp")
	return p.SampleRequest(name)
}
