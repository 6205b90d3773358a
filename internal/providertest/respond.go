// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"net/http"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// Words are the message of a refusal with a code that nobody knows.
const Words = "it does not go"

// Answer is a fault that answers with a body, JSON unless it is a page or XML.
func Answer(status int, body string) core.Fault {
	return core.Fault{Kind: core.FaultAnswer, Answer: &core.Answer{Status: status, Header: map[string]string{"Content-Type": contentType(body)}, Body: body}}
}

// Respond is such an answer to a request.
func Respond(r *http.Request, status int, body string) *http.Response {
	return Reply(r, status, http.Header{"Content-Type": {contentType(body)}}, []byte(body))
}

func contentType(body string) string {
	switch {
	case strings.HasPrefix(body, "<html"), strings.HasPrefix(body, "<!DOCTYPE"):
		return "text/html"
	case strings.HasPrefix(body, "<"):
		return "text/xml"
	}
	return "application/json"
}

// Hang gives no answer before the caller gives up.
func Hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// RoundTripper is a transport that is a function.
type RoundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f RoundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
