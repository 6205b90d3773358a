// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/trust/same"
)

// TestTrust_same: the provider on its simulator answers as the fake with the profile of
// TKE does.
func TestTrust_same(t *testing.T) {
	const unknown = `"(AlreadyExists of IId\.NameId, )?InvalidArgument of Network\.`
	bench.Same(t, 6,
		same.Exception{Where: `^(Create|Check)Cluster: error is ` + unknown + `VpcIID" on the fake, ` + unknown + `SubnetIIDs\[0\], InvalidArgument of Network\.VpcIID"`,
			Reason: "a subnet lies in no VPC that does not exist, which is told too"},
		same.Exception{Where: `VMSpecName is "[^"]+" on the fake, ""`, Amid: []string{"DeleteCluster", "RemoveNodeGroup"},
			Reason: "what the nodes of a pool of TKE are is told by its launch configuration, which goes before the pool"},
	)
}
