// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestAssumptions takes a cluster through its life with either answer to each
// question that no source settles, and with all the other answers at once.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	answers := map[string]gke.Assumptions{"none": {}, "all": {
		SizeRefusedWhileAutoscaling: true, FirstPoolMayBeEmpty: true, OtherTexts: true, EarlyAccess: true, BoundsWhileOff: gke.BoundsKept,
		MaxPoolOperations: 1, DeletionWhileCreating: true, RunningWhileAutoscaling: true, ImageTypeOptional: true, SecondDeletionAccepted: true,
	}, "BoundsForgotten": {BoundsWhileOff: gke.BoundsForgotten}}
	kind := reflect.TypeFor[gke.Assumptions]()
	for i := range kind.NumField() {
		var u gke.Assumptions
		switch field := reflect.ValueOf(&u).Elem().Field(i); field.Kind() {
		case reflect.Bool:
			field.SetBool(true)
		default:
			field.SetInt(2)
		}
		answers[kind.Field(i).Name] = u
	}
	for name, u := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { life(t, u) })
		})
	}
}

// life does everything that there is to do with a cluster.
func life(t *testing.T, u gke.Assumptions) {
	ctx := t.Context()
	p, _ := profile.Get("gcp")
	h := newHandler(t, gke.New(gke.Options{Assumptions: u}))
	patience := pmks.WithInterval(time.Minute)
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	req := p.SampleRequest("life")
	req.Version = "1.33"
	info, err := pmks.Provision(ctx, h, req, patience)
	must("Provision", err)
	if info.AccessInfo.Kubeconfig == "" {
		t.Error("there is no kubeconfig")
	}
	group := p.SampleNodeGroup("extra")
	group.OnAutoScaling, group.DesiredNodeSize, group.MinNodeSize, group.MaxNodeSize = false, 1, 0, 3
	_, err = h.AddNodeGroup(ctx, info.IId, group)
	must("AddNodeGroup", err)
	rest := func() pmks.NodeGroupInfo {
		t.Helper()
		_, err := pmks.WaitClusterActive(ctx, h, info.IId, patience)
		must("WaitClusterActive", err)
		g, err := pmks.WaitNodeGroupActive(ctx, h, info.IId, group.IId, patience)
		must("WaitNodeGroupActive", err)
		return g
	}
	rest()
	_, err = h.ChangeNodeGroupScaling(ctx, info.IId, group.IId, 2, 1, 5)
	must("ChangeNodeGroupScaling", err)
	if g := rest(); g.DesiredNodeSize != 2 || g.MinNodeSize != 1 || g.MaxNodeSize != 5 {
		t.Errorf("after scaling: %d of %d to %d", g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
	}
	for _, on := range []bool{true, false, true} {
		_, err = h.SetNodeGroupAutoScaling(ctx, info.IId, group.IId, on)
		must("SetNodeGroupAutoScaling", err)
		if g := rest(); g.OnAutoScaling != on || g.MinNodeSize != 1 || g.MaxNodeSize != 5 {
			t.Errorf("autoscaling %t: got %t with %d to %d", on, g.OnAutoScaling, g.MinNodeSize, g.MaxNodeSize)
		}
	}
	changed, err := h.ChangeNodeGroupScaling(ctx, info.IId, group.IId, 3, 2, 6)
	must("ChangeNodeGroupScaling while autoscaling", err)
	if g := rest(); g.MinNodeSize != 2 || g.MaxNodeSize != 6 || !u.SizeRefusedWhileAutoscaling && (g.DesiredNodeSize != 3 || changed.DesiredNodeSize != 3) {
		t.Errorf("while autoscaling: %d of %d to %d", g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
	}
	upgraded, err := pmks.Upgrade(ctx, h, info.IId, newerPatch(ctx, t, h, info.Version), patience)
	must("Upgrade", err)
	for _, g := range upgraded.NodeGroupList {
		if g.Version != upgraded.Version {
			t.Errorf("%s runs %s, the control plane %s", g.IId, g.Version, upgraded.Version)
		}
	}
	_, err = h.RemoveNodeGroup(ctx, info.IId, group.IId)
	must("RemoveNodeGroup", err)
	must("WaitNodeGroupDeleted", pmks.WaitNodeGroupDeleted(ctx, h, info.IId, group.IId, patience))
	rest2, err := pmks.WaitClusterActive(ctx, h, info.IId, patience)
	must("WaitClusterActive", err)
	for range 2 {
		_, err = h.DeleteCluster(ctx, rest2.IId)
		must("DeleteCluster", err)
	}
	must("WaitClusterDeleted", pmks.WaitClusterDeleted(ctx, h, info.IId, patience))
	deletedWhileCreating(t, h, req, u.DeletionWhileCreating)
}

// newerPatch is the next version that the location offers.
func newerPatch(ctx context.Context, t *testing.T, h *gcp.Handler, current string) string {
	t.Helper()
	versions, err := h.ListVersions(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range versions {
		if v.Name == current && i > 0 {
			return versions[i-1].Name
		}
	}
	t.Fatalf("nothing is newer than %s in %v", current, versions)
	return ""
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
