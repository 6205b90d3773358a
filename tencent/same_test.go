// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/trust/same"
)

// TestTrust_same: the provider on its simulator answers as the fake with the profile of
// TKE does.
func TestTrust_same(t *testing.T) {
	const version = "TKE tells the version of a pool with its nodes"
	bench.Same(t, 6,
		same.Exception{Where: `Access\.Mode is "public" on the fake, ""`, Reason: "a cluster of TKE has no mode: its endpoints are opened by calls of their own"},
		same.Exception{Where: `(^GetNodeGroup: |\.)Version is "[^"]+" on the fake, ""`, Reason: version},
		same.Exception{Where: `pmks:unread is "Nodes\(\w+\)" on the fake, "Nodes\(\w+\),Version\(\w+\)`, Reason: version},
		same.Exception{Where: `^OpenAccess: error is "none" on the fake, "FailedPrecondition"`, Reason: "TKE opens the endpoint of a cluster that has nodes"},
		same.Exception{Where: `^SetNodeGroupAutoScaling: error is "Busy" on the fake, "none"`, Amid: []string{"SetNodeGroupAutoScaling"},
			Reason: "what is so already is not asked for again, also while the pool is changed"},
	)
}
