// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
)

// TestAssumptions takes a cluster through its life with either answer to each question that
// no source settles.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	providertest.EitherAnswer(t, func(t *testing.T, a ack.Assumptions) {
		// Numbers that mean something.
		if a.MaxSystemDisk != 0 {
			a.MaxSystemDisk = 500
		}
		if a.MaxVSwitches != 0 {
			a.MaxVSwitches = 20
		}
		if a.ThrottlingStatus != 0 {
			a.ThrottlingStatus = 429
		}
		if a.DeletedShown != 0 {
			a.DeletedShown = 10 * time.Minute
		}
		h := newHandler(t, ack.New(ack.Options{Assumptions: a}))
		req, group := bench.SampleRequest("life"), bench.SampleNodeGroup("extra")
		req.Version = "1.33"
		group.DesiredNodeSize, group.MinNodeSize, group.MaxNodeSize = 1, 0, 3
		providertest.Life{Handler: h, Request: req, Group: group, Scaled: [3]int{2, 1, 5}}.Run(t)
		deletedTwice(t, h, req)
	}, map[string]ack.Assumptions{
		"ThrottlingStatus503": {ThrottlingStatus: 503},
		"DefaultPoolGoes":     {DefaultNodePool: true},
	})
}

// deletedTwice: a deletion and a removal that are asked for again end well, whatever ACK
// says of a second one.
func deletedTwice(t *testing.T, h *alibaba.Handler, req pmks.ClusterInfo) {
	t.Helper()
	req.Version = ""
	info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	group := pmks.IID{NameId: "ng1"}
	for range 2 {
		if _, err := h.RemoveNodeGroup(t.Context(), info.IId, group); err != nil {
			t.Errorf("RemoveNodeGroup: %v", err)
		}
	}
	if err := pmks.WaitNodeGroupDeleted(t.Context(), h, info.IId, group); err != nil {
		t.Error(err)
	}
	for range 2 {
		if _, err := h.DeleteCluster(t.Context(), info.IId); err != nil {
			t.Errorf("DeleteCluster: %v", err)
		}
	}
	if err := pmks.WaitClusterDeleted(t.Context(), h, info.IId); err != nil {
		t.Error(err)
	}
}
