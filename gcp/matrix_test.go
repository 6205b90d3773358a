// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/sim/simkit"
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

// TestRates: as many callers as there are of all handlers of a project are served at the
// rates that Google publishes, and none is throttled.
func TestRates(t *testing.T) {
	t.Parallel()
	// Compute Engine says it with a 403.
	throttled := func(c simkit.Call) bool {
		return c.Status == http.StatusTooManyRequests || c.Code == "rateLimitExceeded"
	}
	bench.Rates(t, []providertest.Pace{
		{Name: "gke", Call: providertest.ListIID, PerSecond: 35, Burst: 100, Throttled: throttled},
		{Name: "instances", Call: providertest.GetCluster(pmks.IID{SystemId: "c000"}), PerSecond: 10, Burst: 100, Throttled: throttled},
	})
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
