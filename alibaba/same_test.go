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
		same.Exception{Where: `AccessInfo\.ExpiresAt is "empty" on the fake, "set"`, Reason: "ACK says when its client certificate ends, which is in years"},
		same.Exception{Where: `(DesiredNodeSize|Nodes) is "2" on the fake, "1"|pmks:ignored is "" on the fake, "DesiredNodeSize"`,
			Reason: "a pool of ACK that begins with autoscaling begins at its minimum"},
		same.Exception{Where: `^CheckCluster: error is "InvalidArgument of Network.SecurityGroupIIDs\[0\]" on the fake, "none"`,
			Reason: "ACK itself looks at the security group, when the cluster is created"},
	)
}
