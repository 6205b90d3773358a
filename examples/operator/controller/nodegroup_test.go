// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
	"github.com/pmks-go/pmks/examples/operator/internal/objects"
	cloud "github.com/pmks-go/pmks/fake"
)

// onCloud returns the node group as the cloud has it.
func (w *world) onCloud(group string) pmks.NodeGroupInfo {
	w.t.Helper()
	info, err := w.cloud.GetNodeGroup(w.ctx, pmks.IID{NameId: "demo"}, pmks.IID{NameId: group})
	if err != nil {
		w.t.Fatal(err)
	}
	return info
}

// TestScale: sizes, bounds and autoscaling follow the spec, and come back when other hands
// change them.
func TestScale(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"aws", "azure", "gcp", "alibaba", "tencent", "nhn", "ibm"} {
		t.Run(profile, func(t *testing.T) {
			inWorld(t, profile, func(t *testing.T, w *world) {
				c, groups := w.request("demo", profile)
				g := groups[0]
				g.Spec.AutoScaling, g.Spec.Desired, g.Spec.Min, g.Spec.Max = false, 2, 1, 4
				w.create(c, g)
				w.until("ready", w.allReady)
				group, name := g.CloudName(), g.Name

				change(w, g, func(g *v1alpha1.NodeGroup) { g.Spec.Desired, g.Spec.Max = 3, 5 })
				w.until("scaled", func() bool {
					return w.groupReady(name) && w.onCloud(group).DesiredNodeSize == 3 && w.onCloud(group).MaxNodeSize == 5
				})

				if _, err := w.cloud.ChangeNodeGroupScaling(t.Context(), pmks.IID{NameId: "demo"}, pmks.IID{NameId: group}, 1, 1, 2); err != nil {
					t.Fatal(err)
				}
				w.until("as before", func() bool {
					return w.groupReady(name) && w.onCloud(group).DesiredNodeSize == 3 && w.onCloud(group).MaxNodeSize == 5
				})

				change(w, g, func(g *v1alpha1.NodeGroup) { g.Spec.AutoScaling, g.Spec.Max = true, 6 })
				w.until("automatic", func() bool {
					return w.groupReady(name) && w.onCloud(group).OnAutoScaling && w.onCloud(group).MaxNodeSize == 6
				})
				if status := w.group(name).Status; status.Max != 6 || status.Nodes == 0 {
					t.Errorf("the status is %+v", status)
				}
				changes := w.mutations()
				w.pass(24 * time.Hour)
				if n := w.mutations() - changes; n != 0 {
					t.Errorf("%d changes were made in a day in which nothing happened", n)
				}
			})
		})
	}
}

// TestGroup_comesAndGoes: node groups are added to a running cluster and removed from it.
func TestGroup_comesAndGoes(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"aws", "azure"} {
		t.Run(profile, func(t *testing.T) {
			inWorld(t, profile, func(t *testing.T, w *world) {
				_, groups := w.ask("demo", profile)
				w.until("ready", w.allReady)
				req := groupRequest(groups[0])
				req.IId.NameId = "more"
				more := objects.Group(namespace, "demo", req)
				w.create(more)
				w.until("ready", w.allReady)
				w.remove(more)
				w.until("gone", func() bool { return w.group(more.Name) == nil })
				info, err := w.cloud.GetCluster(t.Context(), pmks.IID{NameId: "demo"})
				if err != nil || len(info.NodeGroupList) != len(groups) {
					t.Errorf("the cloud has %d node groups, not %d: %v", len(info.NodeGroupList), len(groups), err)
				}
			})
		})
	}
}

// TestGroup_vanished: a node group that other hands deleted comes back.
func TestGroup_vanished(t *testing.T) {
	inWorld(t, "aws", func(t *testing.T, w *world) {
		w.ask("demo", "aws")
		w.until("ready", w.allReady)
		if err := w.cloud.Break(pmks.IID{NameId: "demo"}, pmks.IID{NameId: "workers"}, cloud.Vanished, ""); err != nil {
			t.Fatal(err)
		}
		w.until("made anew", func() bool { return w.applied("AddNodeGroup") == 3 && w.groupReady("demo-workers") })
		if !w.events.told("Warning Vanished Look the node group is gone") {
			t.Errorf("there was no event: %q", w.events.all())
		}
	})
}

// TestGroup_drift: what cannot be changed is shown.
func TestGroup_drift(t *testing.T) {
	inWorld(t, "aws", func(t *testing.T, w *world) {
		_, groups := w.ask("demo", "aws")
		w.until("ready", w.allReady)
		changes := w.mutations()
		change(w, groups[0], func(g *v1alpha1.NodeGroup) { g.Spec.VMSpec = "m5.24xlarge" })
		w.until("drift", func() bool {
			_, reason := is(w.group(groups[0].Name).Status.Conditions, v1alpha1.ConditionSynced)
			return reason == v1alpha1.ReasonDrift
		})
		if n := w.mutations() - changes; n != 0 {
			t.Errorf("%d changes were made", n)
		}
	})
}

// TestGroup_failed: a group that failed for good says so, and the way out.
func TestGroup_failed(t *testing.T) {
	inWorld(t, "aws", func(t *testing.T, w *world) {
		w.cloud.Inject(cloud.Fault{Op: "AddNodeGroup", NodeGroup: "workers", Kind: cloud.FailLater, Reason: "NodeCreationFailure: no capacity"})
		_, groups := w.ask("demo", "aws")
		workers := groups[0]
		w.until("failed", func() bool {
			ready, reason := is(w.group(workers.Name).Status.Conditions, v1alpha1.ConditionReady)
			return !ready && reason == string(pmks.NodeGroupInactive)
		})
		w.remove(workers)
		w.until("gone", func() bool { return w.group(workers.Name) == nil })
	})
}
