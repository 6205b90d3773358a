// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// TestHandler_holdsNoWholeClient: a handler leads the linker to no client of the SDK
// of which it would keep every method; what Vendor returns goes with the build tag.
func TestHandler_holdsNoWholeClient(t *testing.T) {
	t.Parallel()
	providertest.Held{
		Packages: []string{"cloud.google.com/go/container/", "google.golang.org/api/compute/"},
		Names:    []string{"Client", "Service"},
		Apart:    []string{"Handler.Vendor", "Handler.GKE", "clients.vendor"},
	}.Test(t, newHandler(t, gke.New(gke.Options{})))
}
