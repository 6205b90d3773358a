// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
	cloud "github.com/pmks-go/pmks/fake"
)

// opened are the requests to open an endpoint.
func (w *world) opened() (list []cloud.Call) {
	for _, c := range w.cloud.Calls() {
		if c.Op == "OpenAccess" {
			list = append(list, c)
		}
	}
	return list
}

// TestOpenAccess: the endpoint is opened once, when a node group has nodes: before that the
// cloud would refuse it, again and again.
func TestOpenAccess(t *testing.T) {
	inWorld(t, "tencent", func(t *testing.T, w *world) {
		_, groups := w.ask("demo", "tencent")
		w.until("ready", w.allReady)
		ready := apimeta.FindStatusCondition(w.group(groups[0].Name).Status.Conditions, v1alpha1.ConditionReady)
		list := w.opened()
		if len(list) != 1 || !list[0].Applied || list[0].Time.Before(ready.LastTransitionTime.Time) {
			t.Errorf("the node group was Ready at %v; asked for was %+v", ready.LastTransitionTime, list)
		}
		if took := list[0].Time.Sub(ready.LastTransitionTime.Time); took > 10*time.Second {
			t.Errorf("the endpoint was opened %v after there were nodes", took)
		}
		if c := w.cluster("demo"); !c.Status.AccessOpened || c.Status.Endpoint == "" {
			t.Errorf("the status is %+v", c.Status)
		}
	})
}

// TestOpenAccess_noNodes: while the node group does not come the cloud is not asked.
func TestOpenAccess_noNodes(t *testing.T) {
	inWorld(t, "tencent", func(t *testing.T, w *world) {
		w.ask("demo", "tencent")
		w.untilReason("demo", v1alpha1.ReasonWaiting)
		w.pass(2 * time.Hour)
		if list := w.opened(); len(list) > 0 {
			t.Errorf("asked for was %+v", list)
		}
		if ok, why := w.synced("demo"); ok || why != v1alpha1.ReasonWaiting {
			t.Errorf("it is Synced: %v, %s", ok, why)
		}
	}, cloud.WithFaults(cloud.Fault{Op: "AddNodeGroup", Kind: cloud.Stick}))
}

// TestOpenAccess_noGroups: where no NodeGroup will tell of nodes the cloud is asked, until
// other hands have made some.
func TestOpenAccess_noGroups(t *testing.T) {
	inWorld(t, "tencent", func(t *testing.T, w *world) {
		c, _ := w.request("demo", "tencent")
		w.create(c)
		w.untilReason("demo", "FailedPrecondition")
		group := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "by-hand"}, VMSpecName: "S5.MEDIUM4", DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 3}
		if _, err := w.cloud.AddNodeGroup(t.Context(), pmks.IID{NameId: "demo"}, group); err != nil {
			t.Fatal(err)
		}
		w.until("ready", w.allReady)
		list := w.opened()
		for i, call := range list {
			if last := i == len(list)-1; call.Applied != last {
				t.Errorf("asked for was %+v", list)
			}
		}
	})
}
