// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/trust/same"
)

// TestTrust_same: the provider on its simulator answers as the fake with the profile of
// EKS does.
func TestTrust_same(t *testing.T) {
	bench.Same(t, 6,
		same.Exception{Where: `^\w+NodeGroup: error is "NotFound" on the fake, "InvalidArgument of KeyPairIID, NotFound"`,
			Reason: "EC2 is asked for the key pair while EKS is asked for the cluster"},
		same.Exception{Where: `pmks:unread is "Addons\(\w+\)" on the fake, ""`, Reason: "a listing asks EKS for no add-ons, and tells none"},
	)
}
