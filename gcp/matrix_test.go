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

// TestFaultMatrix makes every operation fail at every request in every way, over
// REST.
func TestFaultMatrix(t *testing.T) {
	p, _ := profile.Get("gcp")
	m := providertest.Matrix{
		Open: func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) providertest.Rig {
			s := gke.New(gke.Options{})
			handler := func(wire func(http.RoundTripper) http.RoundTripper) pmks.ClusterHandler {
				cfg := configFor(s)
				cfg.Transport = wire(cfg.Transport)
				h, err := gcp.New(t.Context(), cfg)
				if err != nil {
					t.Fatalf("New: %v", err)
				}
				return h
			}
			return providertest.Rig{Handler: handler(wire), Direct: handler(func(rt http.RoundTripper) http.RoundTripper { return rt })}
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
	m.Run(t)
}
