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

// TestFaultMatrix makes every operation fail at every request in every way.
func TestFaultMatrix(t *testing.T) {
	p, _ := profile.Get("aws")
	m := providertest.Matrix{
		Open: func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) providertest.Rig {
			s := eks.New(eks.Options{})
			handler := func(wire func(http.RoundTripper) http.RoundTripper) pmks.ClusterHandler {
				cfg := configFor(s)
				cfg.Transport = wire(cfg.Transport)
				h, err := aws.New(t.Context(), cfg)
				if err != nil {
					t.Fatalf("New: %v", err)
				}
				return h
			}
			return providertest.Rig{Handler: handler(wire), Direct: handler(func(rt http.RoundTripper) http.RoundTripper { return rt })}
		},
		Request: p.SampleRequest,
		Group:   p.SampleNodeGroup,
		Secrets: []string{eks.DefaultSecret},
	}
	m.Run(t)
}
