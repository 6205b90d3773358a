// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/trust/same"
)

// TestTrust_same: the provider on its simulator answers as the fake with the profile of
// IKS does.
func TestTrust_same(t *testing.T) {
	const version = "IKS tells the version of a pool with its workers"
	const bounds = "on IKS bounds are labels of a pool, whose change is done at once"
	bench.Same(t, 6,
		same.Exception{Where: `(^GetNodeGroup: |\.)Version is "[^"]+" on the fake, ""`, Reason: version},
		same.Exception{Where: `pmks:unread is "Nodes\(\w+\)" on the fake, "Nodes\(\w+\),Version\(\w+\)`, Reason: version},
		same.Exception{Where: `OnAutoScaling is "true" on the fake, "false"|pmks:ignored is ".*" on the fake, ".*OnAutoScaling`, Ends: true,
			Reason: "the autoscaler of IKS is an add-on of a cluster that is up: a request that asks for it is told that it is a switch of its own"},
		same.Exception{Where: `Status is "Creating" on the fake, "Active"`, Reason: "IKS tells with its workers whether a pool is there"},
		same.Exception{Where: `^UpgradeFindings: error is "none" on the fake, "(PermissionDenied|Unavailable)"`, Reason: "what holds an upgrade up on IKS is read of the workers"},
		same.Exception{Where: `^ChangeNodeGroupScaling: (.*DesiredNodeSize is|pmks:ignored is "" on the fake, "DesiredNodeSize")`,
			Ends: true, Reason: "the autoscaler of IKS is an add-on, which moves the size when it comes to it"},
		same.Exception{Where: `^ReadState of a group: error is "none" on the fake, "(PermissionDenied|Unavailable)"`, Reason: "IKS tells the state of a pool with its workers"},
		same.Exception{Where: `^UpgradeCluster: error is .*, "(PermissionDenied|Unavailable)" on the provider`, Reason: version + ", without which no upgrade is planned"},
		same.Exception{Where: `^ChangeNodeGroupScaling: .*Status is "Updating" on the fake, "Active"`, Reason: bounds},
		same.Exception{Where: `error is "Busy" on the fake, "none"|Status is "Updating" on the fake, "Active"`, Amid: []string{"ChangeNodeGroupScaling"}, Reason: bounds},
		same.Exception{Where: `^UpgradeCluster: error is "Busy" on the fake, "none"`, Amid: []string{"AddNodeGroup", "RemoveNodeGroup"},
			Reason: "IKS updates the master whatever the pools are doing"},
		same.Exception{Where: `^UpgradeCluster: Status is "Active" on the fake, "Updating"|Version is "1\.3[56]\.\d" on the fake, "1\.3`, Reason: "IKS replaces one worker after the other, one of a pool with each call"},
	)
}
