// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"slices"
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
		nodesAndAccess(t, h)
		deletedWhileCreating(t, h, req, a.DeletionWhileCreating)
	}, map[string]gke.Assumptions{"BoundsForgotten": {BoundsWhileOff: gke.BoundsForgotten}})
}

// nodesAndAccess: what is asked of the nodes and of the endpoints is read back as it was
// asked for.
func nodesAndAccess(t *testing.T, h *gcp.Handler) {
	t.Helper()
	req := everything()
	info, err := pmks.Provision(t.Context(), h, req, patience)
	if err != nil {
		t.Fatal(err)
	}
	sameNodes(t, "made", info.NodeGroupList[0], full(""))
	if !slices.Equal(info.Access.CIDRs, req.Access.CIDRs) || info.Access.Mode != req.Access.Mode {
		t.Errorf("the access is %+v", info.Access)
	}
	if err := h.SetTags(t.Context(), info.IId, nil); err != nil {
		t.Error(err)
	}
	if err := pmks.Teardown(t.Context(), h, info.IId, patience); err != nil {
		t.Error(err)
	}
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
