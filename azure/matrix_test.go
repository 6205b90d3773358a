// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// matrix is what the fault matrix and the jobs run on.
func matrix() providertest.Matrix {
	p, _ := profile.Get("azure")
	return providertest.Matrix{
		Open: func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) providertest.Rig {
			s := aks.New(aks.Options{})
			handler := func(wire func(http.RoundTripper) http.RoundTripper) pmks.ClusterHandler {
				cfg := configFor(s)
				cfg.Transport = wire(cfg.Transport)
				h, err := azure.New(t.Context(), cfg)
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
		Token: func(call string) bool {
			return strings.Contains(call, "/oauth2/") || strings.Contains(call, "openid-configuration")
		},
		Refusal: func(*http.Request, int) (string, string) {
			return "application/json", `{"error":{"code":"SomethingNobodyKnows","message":"it does not go"}}`
		},
		Secrets: []string{aks.DefaultClientSecret},
	}
}

// TestFaultMatrix makes every operation fail at every request in every way, those
// for a token of Entra included.
func TestFaultMatrix(t *testing.T) {
	m := matrix()
	m.Run(t)
}

// TestJobs_resume stops every job at its requests and runs it again, with a handler
// that knows nothing of the first run.
func TestJobs_resume(t *testing.T) {
	m := matrix()
	m.RunJobs(t)
}
