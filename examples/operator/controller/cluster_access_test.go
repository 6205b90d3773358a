// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"

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

// TestOpenAccess_noGroups: where no NodeGroup will tell of nodes the cloud is asked.
func TestOpenAccess_noGroups(t *testing.T) {
	inWorld(t, "tencent", func(t *testing.T, w *world) {
		c, _ := w.request("demo", "tencent")
		w.create(c)
		w.until("ready", w.allReady)
		if list := w.opened(); len(list) != 1 || !list[0].Applied {
			t.Errorf("asked for was %+v", list)
		}
	})
}
