// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"net/http"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/eks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// matrix is what the fault matrix and the jobs run on.
func matrix(change func(*aws.Config)) providertest.Matrix {
	p, _ := profile.Get("aws")
	return providertest.Matrix{
		Open: func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) providertest.Rig {
			s := eks.New(eks.Options{})
			handler := func(wire func(http.RoundTripper) http.RoundTripper) pmks.ClusterHandler {
				cfg := configFor(s)
				cfg.Transport = wire(cfg.Transport)
				change(&cfg)
				h, err := aws.New(t.Context(), cfg)
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
		Secrets: []string{eks.DefaultSecret},
	}
}

// TestFaultMatrix makes every operation fail at every request in every way.
func TestFaultMatrix(t *testing.T) {
	m := matrix(func(*aws.Config) {})
	m.Run(t)
}

// TestJobs_resume stops every job at its requests and runs it again, with a handler
// that knows nothing of the first run.
func TestJobs_resume(t *testing.T) {
	m := matrix(func(*aws.Config) {})
	m.RunJobs(t)
}

// TestFaultMatrix_tokens is the same for the requests for the credentials of a role.
func TestFaultMatrix_tokens(t *testing.T) {
	m := matrix(func(cfg *aws.Config) { cfg.RoleARN = operatorRole })
	m.Token = func(call string) bool { return call == "AssumeRole" }
	m.Exceptions = []providertest.Exception{
		{Call: "AssumeRole", Fault: "cancel-in-hang", Reason: "the SDK asks once for all who wait, whoever leaves; the request ends by its own bound of 30 s"},
	}
	m.Struck, m.Only = m.Token, []string{"CreateCluster", "GetCluster", "GenerateClusterToken"}
	m.Run(t)
}
