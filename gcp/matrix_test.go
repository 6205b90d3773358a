// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// TestFaultMatrix makes every operation fail at every request in every way.
func TestFaultMatrix(t *testing.T) { matrix(bench).Run(t) }

// TestJobs_resume stops every job at its requests and runs it again, with a handler
// that knows nothing of the first run.
func TestJobs_resume(t *testing.T) { matrix(bench).RunJobs(t) }

// TestFaultMatrix_tokens is the same for the requests for the token of a service
// account.
func TestFaultMatrix_tokens(t *testing.T) {
	b := bench
	b.Open = func(ctx context.Context, s *gke.Server, c providertest.Connection) (providertest.Handler, error) {
		cfg := connected(s, c)
		cfg.TokenSource, cfg.CredentialsJSON = nil, string(s.ServiceAccountJSON(""))
		return gcp.New(ctx, cfg)
	}
	m := matrix(b)
	m.Token = func(call string) bool { return call == "POST /token" }
	m.Struck, m.Only = m.Token, []string{"CreateCluster", "GetCluster", "GenerateClusterToken"}
	m.Secrets = append(m.Secrets, gke.PrivateKey())
	m.Run(t)
}

func matrix(b providertest.Bench[*gke.Server]) *providertest.Matrix {
	m := b.Matrix()
	m.Exceptions = []providertest.Exception{
		{Call: "GET /v1/projects/pmks-sim/locations/-/clusters", Fault: "empty-object*", Reason: "it is how GKE says that there are no clusters"},
		{Call: "GET /v1/projects/pmks-sim/locations/-/operations", Fault: "empty-object*", Reason: "it is how GKE says that there are no operations"},
		{Call: "POST /compute/v1/*", Fault: "empty-object*", Reason: "it is how Compute Engine says that a group has no instances"},
	}
	return m
}

// TestCrowd: many jobs and many readers at once, under the published rates.
func TestCrowd(t *testing.T) {
	t.Parallel()
	c := bench.Crowd("1.35")
	// Compute Engine says it with a 403.
	c.Throttled = func(resp *http.Response) bool {
		return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusForbidden
	}
	c.Run(t)
}
