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

// TestFaultMatrix makes every operation fail at every request in every way, those
// for a token of Entra included.
func TestFaultMatrix(t *testing.T) {
	p, _ := profile.Get("azure")
	m := providertest.Matrix{
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
			return providertest.Rig{Handler: handler(wire), Direct: handler(func(rt http.RoundTripper) http.RoundTripper { return rt })}
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
	m.Run(t)
}
