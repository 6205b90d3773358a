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
		same.Exception{Where: `^GenerateClusterToken: error is "NotFound" on the fake, "none"`, Reason: "a token of EKS is signed here, without a question to EKS"},
		same.Exception{Where: `^\w+NodeGroup: error is "NotFound" on the fake, "InvalidArgument of KeyPairIID, NotFound"`,
			Reason: "EC2 is asked for the key pair while EKS is asked for the cluster"},
		same.Exception{Where: `pmks:unread is "Addons\(\w+\)" on the fake, ""`, Reason: "a listing asks EKS for no add-ons, and tells none"},
		same.Exception{Where: `Status is "Updating" on the fake, "Active"|error is "Busy" on the fake, "none"`, Amid: []string{"SetNodeGroupAutoScaling"},
			Reason: "the switch is a tag of EC2 Auto Scaling, which is set at once"},
		same.Exception{Where: `^SetTags: error is "FailedPrecondition" on the fake, "InvalidArgument"`, Amid: []string{"DeleteCluster"},
			Reason: "EKS calls a change of tags of a cluster that goes away a bad request"},
	)
}
