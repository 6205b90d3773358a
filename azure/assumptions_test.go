// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestAssumptions takes a cluster through its life with either answer to each
// question that no source settles, and with all the other answers at once.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	answers := map[string]aks.Assumptions{"none": {}}
	all := reflect.ValueOf(&aks.Assumptions{}).Elem()
	kind := all.Type()
	for i := range kind.NumField() {
		var a aks.Assumptions
		for _, v := range []reflect.Value{all, reflect.ValueOf(&a).Elem()} {
			if field := v.Field(i); field.Kind() == reflect.Bool {
				field.SetBool(true)
			} else {
				field.SetInt(2)
			}
		}
		answers[kind.Field(i).Name] = a
	}
	answers["all"] = all.Interface().(aks.Assumptions)
	for name, assumed := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { life(t, assumed) })
		})
	}
}

// life does everything that there is to do with a cluster.
func life(t *testing.T, a aks.Assumptions) {
	ctx := t.Context()
	p, _ := profile.Get("azure")
	h := newHandler(t, aks.New(aks.Options{Assumptions: a}))
	patience := pmks.WithInterval(time.Minute)
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	req := p.SampleRequest("life")
	req.Version = "1.33"
	req.NodeGroupList[0].MinNodeSize, req.NodeGroupList[0].DesiredNodeSize, req.NodeGroupList[0].MaxNodeSize = 2, 2, 4
	info, err := pmks.Provision(ctx, h, req, patience)
	must("Provision", err)
	if info.AccessInfo.Kubeconfig == "" {
		t.Error("there is no kubeconfig")
	}
	group := p.SampleNodeGroup("extra")
	group.OnAutoScaling, group.DesiredNodeSize, group.MinNodeSize, group.MaxNodeSize = false, 2, 2, 3
	group.KeyPairIID = pmks.IID{}
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
	_, err = h.ChangeNodeGroupScaling(ctx, info.IId, group.IId, 3, 2, 5)
	must("ChangeNodeGroupScaling", err)
	if g := rest(); g.DesiredNodeSize != 3 || g.MinNodeSize != 2 || g.MaxNodeSize != 5 {
		t.Errorf("after scaling: %d of %d to %d", g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
	}
	for _, on := range []bool{true, false, true} {
		_, err = h.SetNodeGroupAutoScaling(ctx, info.IId, group.IId, on)
		must("SetNodeGroupAutoScaling", err)
		if g := rest(); g.OnAutoScaling != on || g.MinNodeSize != 2 || g.MaxNodeSize != 5 {
			t.Errorf("autoscaling %t: got %t with %d to %d", on, g.OnAutoScaling, g.MinNodeSize, g.MaxNodeSize)
		}
	}
	changed, err := h.ChangeNodeGroupScaling(ctx, info.IId, group.IId, 4, 2, 6)
	must("ChangeNodeGroupScaling while autoscaling", err)
	if g := rest(); g.MinNodeSize != 2 || g.MaxNodeSize != 6 || g.DesiredNodeSize != 4 || changed.DesiredNodeSize != 4 {
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
	last, err := pmks.WaitClusterActive(ctx, h, info.IId, patience)
	must("WaitClusterActive", err)
	for range 2 {
		_, err = h.DeleteCluster(ctx, last.IId)
		must("DeleteCluster", err)
	}
	must("WaitClusterDeleted", pmks.WaitClusterDeleted(ctx, h, info.IId, patience))
}

// newerPatch is the next version that the location offers.
func newerPatch(ctx context.Context, t *testing.T, h *azure.Handler, current string) string {
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
