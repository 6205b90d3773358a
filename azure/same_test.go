// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/trust/same"
)

// TestTrust_same: the provider on its simulator answers as the fake with the profile of
// AKS does.
func TestTrust_same(t *testing.T) {
	bench.Same(t, 6,
		same.Exception{Where: `^(Create|Check)Cluster: error is "none" on the fake, "InvalidArgument of NodeGroupList"`,
			Reason: "AKS wants a system pool, which a group with taints is not"},
		same.Exception{Where: `^ChangeNodeGroupScaling: error is "none" on the fake, "InvalidArgument"`, Reason: "a system pool of AKS has a node"},
		same.Exception{Where: `^UpgradeCluster: error is "none" on the fake, "FailedPrecondition"`, Amid: []string{"DeleteCluster"},
			Reason: "of a cluster that goes away it is not asked whether all is there"},
	)
}
