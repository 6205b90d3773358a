// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/providertest"
)

// login is how the kit calls the request for a token.
const login = "POST /v2.0/tokens"

// matrix is what the fault matrix and the jobs run on.
func matrix() *providertest.Matrix {
	m := bench.Matrix()
	m.Token = func(call string) bool { return call == login }
	m.Refusal = func(r *http.Request, status int) (kind, body string) {
		form := `{"errors":[{"code":"SomethingNobodyKnows","status":%d,"title":"","detail":"it does not go","links":[]}]}`
		switch path := r.URL.Path; {
		case strings.HasSuffix(path, "/tokens"):
			form = `{"error":{"code":%d,"title":"SomethingNobodyKnows","message":"it does not go"}}`
		case strings.Contains(path, "/compute/"):
			form = `{"somethingNobodyKnows":{"code":%d,"message":"it does not go"}}`
		case strings.Contains(path, "/network/"):
			return "application/json", `{"NeutronError":{"type":"SomethingNobodyKnows","message":"it does not go","detail":""}}`
		}
		return "application/json", fmt.Sprintf(form, status)
	}
	m.Exceptions = []providertest.Exception{
		{Op: "CreateCluster", Call: "POST /v1/clusters", Fault: "twice", Reason: "NKS takes a name as often as it comes: what delivers a creation twice makes two clusters, and both are listed"},
		{Op: "LastOperation", Call: "GET /v1/clusters/*", Fault: "403", Reason: "where the events may not be read, the status tells what it can"},
	}
	return m
}

// TestFaultMatrix makes every operation fail at every request in every way.
func TestFaultMatrix(t *testing.T) { matrix().Run(t) }

// TestJobs_resume stops every job at its requests and runs it again, with a handler that
// knows nothing of the first run.
func TestJobs_resume(t *testing.T) { matrix().RunJobs(t) }

// TestCrowd is many callers of one handler.
func TestCrowd(t *testing.T) {
	t.Parallel()
	bench.Crowd("v1.34.3").Run(t)
}
