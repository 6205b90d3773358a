// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/trust/same"
)

// TestTrust_same: the provider on its simulator answers as the fake with the profile of
// ACK does.
func TestTrust_same(t *testing.T) {
	bench.Same(t, 6,
		same.Exception{Where: `^CheckCluster: error is "InvalidArgument of Network.SecurityGroupIIDs\[0\]" on the fake, "none"`,
			Reason: "ACK itself looks at the security group, when the cluster is created"},
	)
}
