// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// TestAssumptions takes a cluster through its life with either answer to each
// question that no source settles.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	providertest.EitherAnswer(t, func(t *testing.T, a gke.Assumptions) {
		h := newHandler(t, gke.New(gke.Options{Assumptions: a}))
		req, group := bench.SampleRequest("life"), bench.SampleNodeGroup("extra")
		req.Version = "1.33"
		group.OnAutoScaling, group.DesiredNodeSize, group.MinNodeSize, group.MaxNodeSize = false, 1, 0, 3
		life := providertest.Life{Handler: h, Request: req, Group: group, Scaled: [3]int{2, 1, 5}, Desired: 3}
		if a.SizeRefusedWhileAutoscaling {
			life.Desired = 0
		}
		life.Run(t)
		deletedWhileCreating(t, h, req, a.DeletionWhileCreating)
	}, map[string]gke.Assumptions{"BoundsForgotten": {BoundsWhileOff: gke.BoundsForgotten}})
}

// deletedWhileCreating: GKE takes it or is busy; Teardown manages either way.
func deletedWhileCreating(t *testing.T, h *gcp.Handler, req pmks.ClusterInfo, accepted bool) {
	t.Helper()
	info, err := h.CreateCluster(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
	_, err = h.DeleteCluster(t.Context(), info.IId)
	if accepted != (err == nil) || err != nil && pmks.CodeOf(err) != pmks.CodeBusy {
		t.Errorf("DeleteCluster while Creating: %v", err)
	}
	if err := pmks.Teardown(t.Context(), h, info.IId, pmks.WithInterval(time.Minute)); err != nil {
		t.Errorf("Teardown while Creating: %v", err)
	}
}
