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
		same.Exception{Where: `error is "none" on the fake, "Busy"|Status is "Active" on the fake, "Updating"`, Amid: []string{"ChangeNodeGroupScaling"},
			Reason: "on NKS bounds and size are two updates, one after the other, so that the second may run still"},
		same.Exception{Where: `^ChangeNodeGroupScaling: error is "none" on the fake, "InvalidArgument"`,
			Reason: "while its autoscaler is on, NKS takes no bounds that the present size lies outside of"},
		same.Exception{Where: `^RemoveNodeGroup: error is "FailedPrecondition" on the fake, "none"`,
			Reason: "whether NKS gives default-worker up while there is another group is not known: the fake keeps it"},
		same.Exception{Where: `^RemoveNodeGroup: error is "Busy" on the fake, "NotFound"`, Amid: []string{"CreateCluster"},
			Reason: "a node group of NKS is there when its cluster is"},
	)
}
