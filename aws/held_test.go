// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// TestHandler_holdsNoWholeClient: a handler leads the linker to no client of the SDK
// of which it would keep every method; what Vendor returns goes with the build tag.
func TestHandler_holdsNoWholeClient(t *testing.T) {
	t.Parallel()
	providertest.Held{
		Packages: []string{"github.com/aws/aws-sdk-go-v2/service/"},
		Names:    []string{"Client"},
		Apart:    []string{"Handler.Vendor"},
	}.Test(t, newHandler(t, eks.New(eks.Options{})))
}
