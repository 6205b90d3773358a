// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"net/http"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestCrowd: many jobs and many readers at once, under the published rates.
func TestCrowd(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("gcp")
	providertest.Crowd{
		Open: func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) pmks.ClusterHandler {
			cfg := configFor(gke.New(gke.Options{}))
			cfg.Transport = wire(cfg.Transport)
			h, err := gcp.New(t.Context(), cfg)
			if err != nil {
				t.Fatalf("New: %v", err)
			}
			return h
		},
		Request: p.SampleRequest,
		Group:   p.SampleNodeGroup,
		// Compute Engine says it with a 403.
		Throttled: func(resp *http.Response) bool {
			return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusForbidden
		},
		Version: "1.35",
	}.Run(t)
}
