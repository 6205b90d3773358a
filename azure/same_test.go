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
		same.Exception{Where: `ImageIID is "(Ubuntu)?" on the fake, "AKSUbuntu-`, Reason: "AKS tells the image that it took, not the name that was asked for"},
		same.Exception{Where: `Endpoint is "empty" on the fake, "set"`, Reason: "AKS names the address of a cluster that it is still creating"},
		same.Exception{Where: `^ListVersions: .* Deprecated:true}" on the fake, "{.* Deprecated:false}"`,
			Reason: "AKS marks no version that is near the end of its support"},
		same.Exception{Where: `^(Create|Check)Cluster: error is "none" on the fake, "InvalidArgument of NodeGroupList"`,
			Reason: "AKS wants a system pool, which a group with taints is not"},
		same.Exception{Where: `^ChangeNodeGroupScaling: error is "none" on the fake, "InvalidArgument"`, Reason: "a system pool of AKS has a node"},
		same.Exception{Where: `^UpgradeCluster: error is "none" on the fake, "FailedPrecondition"`, Amid: []string{"DeleteCluster"},
			Reason: "of a cluster that goes away it is not asked whether all is there"},
		same.Exception{Where: `Status is "Active" on the fake, "Updating"|^LastOperation: Done is "true" on the fake, "false"|error is "none" on the fake, "Busy"`, Amid: []string{"SetTags"},
			Reason: "on AKS a change of tags is an update that takes a while"},
	)
}
