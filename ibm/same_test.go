// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/trust/same"
)

// TestTrust_same: the provider on its simulator answers as the fake with the profile of
// IKS does.
func TestTrust_same(t *testing.T) {
	bench.Same(t, 6,
		same.Exception{Where: `^ChangeNodeGroupScaling: (.*DesiredNodeSize is|.*Status is "Updating" on the fake, "Active"|pmks:ignored is "" on the fake, "DesiredNodeSize")`,
			Ends: true, Reason: "the autoscaler of IKS is an add-on, which moves the size when it comes to it"},
		same.Exception{Where: `^UpgradeCluster: Status is "Active" on the fake, "Updating"|Version is "1\.3[56]\.\d" on the fake, "1\.3`, Reason: "IKS replaces one worker after the other, one of a pool with each call"},
		same.Exception{Where: `^UpgradeCluster: error is "Busy" on the fake, "none"`, Amid: []string{"AddNodeGroup", "RemoveNodeGroup"},
			Reason: "IKS updates the master whatever the pools are doing"},
	)
}
