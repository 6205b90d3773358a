// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/trust/same"
)

// TestTrust_same: the provider on its simulator answers as the fake with the profile of
// GKE does.
func TestTrust_same(t *testing.T) {
	const size = "GKE tells the size of a pool in its instance groups, with the nodes"
	bench.Same(t, 6,
		same.Exception{Where: `pmks:unread is "Nodes\((\w+)\)" on the fake, "Nodes\(\w+\),DesiredNodeSize\(\w+\)`, Reason: size},
		same.Exception{Where: `DesiredNodeSize is "\d+" on the fake, "0"`, Reason: size},
		same.Exception{Where: `^ChangeNodeGroupScaling: (.*Status is "Active" on the fake, "Updating"|.*pmks:unread is "")`, Reason: size + ": where they are unread it is set again"},
		same.Exception{Where: `Access\.Mode is "public-and-private" on the fake, ""`, Reason: "GKE tells who may reach a cluster when its endpoints are there"},
		same.Exception{Where: `^ListVersions: .*(Default|Deprecated):true`, Reason: "the default of a release channel is another than that of none, and GKE marks no version that ends soon"},
		same.Exception{Where: `error is "none" on the fake, "Busy"`, Amid: []string{"AddNodeGroup", "RemoveNodeGroup", "ChangeNodeGroupScaling", "SetNodeGroupAutoScaling", "UpgradeCluster"},
			Reason: "an operation of a cluster of GKE, such as the addition of a pool, stands alone; the profile lets it run beside those of pools"},
		same.Exception{Where: `^LastOperation: error is "NotFound" on the fake, "none"`, Reason: "GKE keeps the records of a cluster that is gone"},
		same.Exception{Where: `Status is "Updating" on the fake, "Active"`, Amid: []string{"ChangeNodeGroupScaling"}, Reason: "while autoscaling is off, bounds are labels of a cluster of GKE, whose change is done at once"},
		same.Exception{Where: `^SetTags: error is "(none|FailedPrecondition)" on the fake, "Busy"`, Reason: "GKE takes no labels while an operation of the cluster is under way"},
		same.Exception{Where: `(OnAutoScaling|MinNodeSize|MaxNodeSize|DesiredNodeSize) is`, Amid: []string{"SetNodeGroupAutoScaling", "ChangeNodeGroupScaling"},
			Reason: "GKE shows what an operation changes when it has ended"},
		same.Exception{Where: `^SetNodeGroupAutoScaling: error is "Busy" on the fake, "none"`, Reason: "what is so already is not asked for again, also while the pool is changed"},
	)
}
