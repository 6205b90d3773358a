// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// matrix is what the fault matrix and the jobs run on.
func matrix(change func(*gke.Server, *gcp.Config)) providertest.Matrix {
	p, _ := profile.Get("gcp")
	return providertest.Matrix{
		Open: func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) providertest.Rig {
			s := gke.New(gke.Options{})
			handler := func(wire func(http.RoundTripper) http.RoundTripper) pmks.ClusterHandler {
				cfg := configFor(s)
				cfg.Transport = wire(cfg.Transport)
				change(s, &cfg)
				h, err := gcp.New(t.Context(), cfg)
				if err != nil {
					t.Fatalf("New: %v", err)
				}
				return h
			}
			another := func() pmks.ClusterHandler {
				return handler(func(rt http.RoundTripper) http.RoundTripper { return rt })
			}
			return providertest.Rig{Handler: handler(wire), Direct: another(), Another: another}
		},
		Request: p.SampleRequest,
		Group:   p.SampleNodeGroup,
		Refusal: func(_ *http.Request, status int) (string, string) {
			return "application/json", fmt.Sprintf(`{"error":{"code":%d,"message":"it does not go","status":"SOMETHING_NOBODY_KNOWS"}}`, status)
		},
		Secrets: []string{gke.DefaultToken},
		Exceptions: []providertest.Exception{
			{Call: "GET /v1/projects/pmks-sim/locations/-/clusters", Fault: "empty-object*", Reason: "it is how GKE says that there are no clusters"},
			{Call: "GET /v1/projects/pmks-sim/locations/-/operations", Fault: "empty-object*", Reason: "it is how GKE says that there are no operations"},
			{Call: "POST /compute/v1/*", Fault: "empty-object*", Reason: "it is how Compute Engine says that a group has no instances"},
		},
	}
}

// TestFaultMatrix makes every operation fail at every request in every way, over
// REST.
func TestFaultMatrix(t *testing.T) {
	m := matrix(func(*gke.Server, *gcp.Config) {})
	m.Run(t)
}

// TestJobs_resume stops every job at its requests and runs it again, with a handler
// that knows nothing of the first run.
func TestJobs_resume(t *testing.T) {
	m := matrix(func(*gke.Server, *gcp.Config) {})
	m.RunJobs(t)
}

// TestFaultMatrix_tokens is the same for the requests for the token of a service
// account.
func TestFaultMatrix_tokens(t *testing.T) {
	m := matrix(func(s *gke.Server, cfg *gcp.Config) {
		cfg.TokenSource, cfg.CredentialsJSON = nil, string(s.ServiceAccountJSON(""))
	})
	m.Token = func(call string) bool { return call == "POST /token" }
	m.Struck, m.Only = m.Token, []string{"CreateCluster", "GetCluster", "GenerateClusterToken"}
	m.Secrets = append(m.Secrets, gke.PrivateKey())
	m.Run(t)
}
