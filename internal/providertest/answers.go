// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
)

// EitherAnswer runs life in a bubble of its own with either answer to each question
// that no source settles, and with all the other answers at once. A is the struct
// of a simulator that holds the answers: its zero value is the one that is taken
// for true, a bool is turned, a number becomes 2, a text stays empty. more are further
// combinations.
func EitherAnswer[A any](t *testing.T, life func(*testing.T, A), more map[string]A) {
	answers := map[string]A{"none": *new(A)}
	var all A
	kind := reflect.TypeFor[A]()
	for i := range kind.NumField() {
		var one A
		for _, a := range []*A{&all, &one} {
			switch field := reflect.ValueOf(a).Elem().Field(i); field.Kind() {
			case reflect.Bool:
				field.SetBool(true)
			case reflect.String: // what it may be only more says
			default:
				field.SetInt(2)
			}
		}
		answers[kind.Field(i).Name] = one
	}
	answers["all"] = all
	for name, a := range more {
		answers[name] = a
	}
	for name, a := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { life(t, a) })
		})
	}
}

// Life is everything that there is to do with a cluster of a Type-II cloud.
type Life struct {
	Handler pmks.ClusterHandler
	// Request is a full request; Group a further group, of fixed size.
	Request pmks.ClusterInfo
	Group   pmks.NodeGroupInfo
	// Scaled are desired, least and largest size that the group is given.
	Scaled [3]int
	// Desired is the size given while autoscaling is on; 0 where the cloud leaves it
	// to the autoscaler.
	Desired int
}

// Run lives it, in a bubble.
func (l Life) Run(t *testing.T) {
	t.Helper()
	ctx, h, patience := t.Context(), l.Handler, pmks.WithInterval(time.Minute)
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	info, err := pmks.Provision(ctx, h, l.Request, patience)
	must("Provision", err)
	if info.AccessInfo.Kubeconfig == "" {
		t.Error("there is no kubeconfig")
	}
	group := l.Group.IId
	_, err = h.AddNodeGroup(ctx, info.IId, l.Group)
	must("AddNodeGroup", err)
	atRest := func() pmks.NodeGroupInfo {
		t.Helper()
		_, err := pmks.WaitClusterActive(ctx, h, info.IId, patience)
		must("WaitClusterActive", err)
		g, err := pmks.WaitNodeGroupActive(ctx, h, info.IId, group, patience)
		must("WaitNodeGroupActive", err)
		return g
	}
	atRest()
	desired, least, largest := l.Scaled[0], l.Scaled[1], l.Scaled[2]
	_, err = h.ChangeNodeGroupScaling(ctx, info.IId, group, desired, least, largest)
	must("ChangeNodeGroupScaling", err)
	if g := atRest(); g.DesiredNodeSize != desired || g.MinNodeSize != least || g.MaxNodeSize != largest {
		t.Errorf("after scaling: %d of %d to %d", g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
	}
	for _, on := range []bool{true, false, true} {
		_, err = h.SetNodeGroupAutoScaling(ctx, info.IId, group, on)
		must("SetNodeGroupAutoScaling", err)
		if g := atRest(); g.OnAutoScaling != on || g.MinNodeSize != least || g.MaxNodeSize != largest {
			t.Errorf("autoscaling %t: got %t with %d to %d", on, g.OnAutoScaling, g.MinNodeSize, g.MaxNodeSize)
		}
	}
	changed, err := h.ChangeNodeGroupScaling(ctx, info.IId, group, desired+1, 2, largest+1)
	must("ChangeNodeGroupScaling while autoscaling", err)
	if g := atRest(); g.MinNodeSize != 2 || g.MaxNodeSize != largest+1 || l.Desired != 0 && (g.DesiredNodeSize != l.Desired || changed.DesiredNodeSize != l.Desired) {
		t.Errorf("while autoscaling: %d of %d to %d", g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
	}
	upgraded, err := pmks.Upgrade(ctx, h, info.IId, nextVersion(ctx, t, h, info.Version), patience)
	must("Upgrade", err)
	for _, g := range upgraded.NodeGroupList {
		if g.Version != upgraded.Version {
			t.Errorf("%s runs %s, the control plane %s", g.IId, g.Version, upgraded.Version)
		}
	}
	_, err = h.RemoveNodeGroup(ctx, info.IId, group)
	must("RemoveNodeGroup", err)
	must("WaitNodeGroupDeleted", pmks.WaitNodeGroupDeleted(ctx, h, info.IId, group, patience))
	last, err := pmks.WaitClusterActive(ctx, h, info.IId, patience)
	must("WaitClusterActive", err)
	for range 2 {
		_, err = h.DeleteCluster(ctx, last.IId)
		must("DeleteCluster", err)
	}
	must("WaitClusterDeleted", pmks.WaitClusterDeleted(ctx, h, info.IId, patience))
}

// nextVersion is the one that follows the current among those on offer.
func nextVersion(ctx context.Context, t *testing.T, h pmks.ClusterHandler, current string) string {
	t.Helper()
	lister, ok := h.(pmks.VersionLister)
	if !ok {
		t.Fatalf("%T lists no versions", h)
	}
	versions, err := lister.ListVersions(ctx)
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
