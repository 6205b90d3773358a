// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
)

// TestHandler_holdsNoWholeClient: a handler leads the linker to no client of the SDK
// of which it would keep every method; what Vendor returns goes with the build tag.
func TestHandler_holdsNoWholeClient(t *testing.T) {
	t.Parallel()
	providertest.Held{
		Packages: []string{"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/"},
		Names:    []string{"Client", "ClientFactory"},
		Apart:    []string{"Handler.Vendor"},
	}.Test(t, newHandler(t, aks.New(aks.Options{})))
}
