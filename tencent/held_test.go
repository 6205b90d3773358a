// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/tke"
)

// TestHandler_holdsNoWholeClient: a handler leads the linker to no client of the SDK
// of which it would keep every method; what Vendor returns goes with the build tag.
func TestHandler_holdsNoWholeClient(t *testing.T) {
	t.Parallel()
	providertest.Held{
		Packages: []string{"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/", "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/as/",
			"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cvm/", "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/vpc/"},
		Names: []string{"Client"},
		Apart: []string{"Handler.Vendor"},
	}.Test(t, newHandler(t, tke.New(tke.Options{})))
}
