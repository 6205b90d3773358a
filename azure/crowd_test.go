// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"net/http"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestCrowd: many jobs and many readers at once, under the published rates.
func TestCrowd(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("azure")
	providertest.Crowd{
		Open: func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) pmks.ClusterHandler {
			cfg := configFor(aks.New(aks.Options{}))
			cfg.Transport = wire(cfg.Transport)
			h, err := azure.New(t.Context(), cfg)
			if err != nil {
				t.Fatalf("New: %v", err)
			}
			return h
		},
		Request: p.SampleRequest,
		Group:   p.SampleNodeGroup,
		Version: "1.35",
	}.Run(t)
}
