// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
)

// TestHandler_holdsNoWholeClient: a handler leads the linker to no client of ACK,
// of which it would keep every method; what Vendor returns goes with the build tag.
func TestHandler_holdsNoWholeClient(t *testing.T) {
	t.Parallel()
	providertest.Held{
		Packages: []string{"github.com/alibabacloud-go/cs-"},
		Names:    []string{"Client"},
		Apart:    []string{"Handler.Vendor"},
	}.Test(t, newHandler(t, ack.New(ack.Options{})))
}
