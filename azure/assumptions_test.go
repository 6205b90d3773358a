// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
)

// TestAssumptions takes a cluster through its life with either answer to each
// question that no source settles.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	providertest.EitherAnswer(t, func(t *testing.T, a aks.Assumptions) {
		req, group := bench.SampleRequest("life"), bench.SampleNodeGroup("extra")
		req.Version = "1.33"
		first := &req.NodeGroupList[0]
		first.MinNodeSize, first.DesiredNodeSize, first.MaxNodeSize = 2, 2, 4
		group.OnAutoScaling, group.DesiredNodeSize, group.MinNodeSize, group.MaxNodeSize = false, 2, 2, 3
		group.KeyPairIID = pmks.IID{}
		providertest.Life{Handler: newHandler(t, aks.New(aks.Options{Assumptions: a})), Request: req, Group: group,
			Scaled: [3]int{3, 2, 5}, Desired: 4}.Run(t)
	}, nil)
}
