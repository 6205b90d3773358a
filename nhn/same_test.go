// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/trust/same"
)

// TestTrust_same: the provider on its simulator answers as the fake with the profile of
// NKS does.
func TestTrust_same(t *testing.T) {
	bench.Same(t, 6,
		same.Exception{Where: `^ChangeNodeGroupScaling: VMSpecName is "m2\.c4m8" on the fake, "[0-9a-f-]{36}"`,
			Reason: "NKS tells the id of a flavor; its name would be a call more in a change of sizes"},
		same.Exception{Where: `error is "none" on the fake, "Busy"|Status is "Active" on the fake, "Updating"`, Amid: []string{"ChangeNodeGroupScaling"},
			Reason: "on NKS bounds and size are two updates, one after the other, so that the second may run still"},
		same.Exception{Where: `^ChangeNodeGroupScaling: error is "none" on the fake, "InvalidArgument"`,
			Reason: "while its autoscaler is on, NKS takes no bounds that the present size lies outside of"},
		same.Exception{Where: `^UpgradeCluster: error is "Busy" on the fake, "FailedPrecondition"`, Amid: []string{"AddNodeGroup", "RemoveNodeGroup", "ChangeNodeGroupScaling"},
			Reason: "the version is looked at before the state, and both are wrong"},
	)
}
