// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"strings"

	"github.com/pmks-go/pmks"
)

var transitionChecks = []check{
	{"states/updating", stateUpdating},
	{"states/degraded", stateDegraded},
	{"states/node-group-updating", stateGroupUpdating},
	{"states/node-group-deleting", stateGroupDeleting},
	{"states/node-group-failed", stateGroupFailed},
	{"states/deletion-fails-later", stateDeletionFails},
}

// overlap checks a mutation that the cloud may accept or refuse while something is
// under way: refused as busy, it has changed nothing.
func (c *Cloud) overlap(t T, what string, do func() error, codes ...pmks.Code) {
	t.Helper()
	before := 0
	if c.Mutations != nil {
		before = c.Mutations()
	}
	err := do()
	want(t, what, err, append(codes, pmks.CodeBusy)...)
	if err != nil && c.Mutations != nil && c.Mutations() != before {
		t.Errorf("%s: refused, and yet %d requests changed something", what, c.Mutations()-before)
	}
}

// stateUpdating: while the control plane is upgraded nothing else is.
func stateUpdating(t T, c *Cloud) {
	info, _ := c.oldest(t, "updating")
	g := first(t, info)
	target := c.nextVersion(t.Context(), info.IId)
	got, err := c.Handler.UpgradeCluster(t.Context(), info.IId, target)
	if err != nil || got.Status != pmks.ClusterUpdating {
		t.Fatalf("UpgradeCluster: %s, %v", got.Status, err)
	}
	if read := c.get(t, info.IId); read.Status != pmks.ClusterUpdating {
		t.Errorf("a read after UpgradeCluster shows %s, want Updating", read.Status)
	}
	for _, m := range calls {
		if m.op == "SetNodeGroupAutoScaling" && c.AutoScalingAnytime {
			continue
		}
		switch m.op {
		case "AddNodeGroup", "ChangeNodeGroupScaling", "RemoveNodeGroup", "SetNodeGroupAutoScaling":
			c.unchanged(t, m.op, func() {
				want(t, m.op+" while Updating", m.do(t.Context(), c, info.IId, g), pmks.CodeBusy)
			})
		}
	}
	// The same upgrade is safe to ask for again.
	c.unchanged(t, "UpgradeCluster again", func() {
		again, err := c.Handler.UpgradeCluster(t.Context(), info.IId, target)
		if err == nil && again.Status != pmks.ClusterUpdating {
			t.Errorf("UpgradeCluster again: %s, want Updating", again.Status)
		}
		want(t, "UpgradeCluster again", err, pmks.CodeOK, pmks.CodeBusy)
	})
	c.active(t, info.IId)
}

// stateDegraded: a cluster that is not Active takes no node groups, and is not
// given up by a wait.
func stateDegraded(t T, c *Cloud) {
	need(t, "Break", c.Break != nil)
	info := c.up(t, "degraded")
	err := c.Break(info.IId, pmks.IID{}, Degraded)
	capable(t, "clusters are never degraded", !errors.Is(err, errors.ErrUnsupported))
	if err != nil {
		t.Fatalf("Break: %v", err)
	}
	got := c.get(t, info.IId)
	if got.Status != pmks.ClusterInactive || got.StatusFinal || got.StatusReason == "" {
		t.Errorf("a degraded cluster is %s, final %t, reason %q", got.Status, got.StatusFinal, got.StatusReason)
	}
	c.unchanged(t, "AddNodeGroup while degraded", func() {
		_, err := c.Handler.AddNodeGroup(t.Context(), info.IId, c.NodeGroupRequest("extra"))
		want(t, "AddNodeGroup while degraded", err, pmks.CodeFailedPrecondition)
	})
	if err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
		t.Errorf("a degraded cluster cannot be deleted: %v", err)
	}
}

func stateGroupUpdating(t T, c *Cloud) {
	info := c.up(t, "resizing")
	g := first(t, info)
	if _, err := c.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, g, 3, 1, 4); err != nil {
		t.Fatalf("ChangeNodeGroupScaling: %v", err)
	}
	got, _ := c.get(t, info.IId).NodeGroup(g)
	if got.DesiredNodeSize != 3 || got.MaxNodeSize != 4 {
		t.Errorf("a read after ChangeNodeGroupScaling shows desired %d, max %d; want 3, 4", got.DesiredNodeSize, got.MaxNodeSize)
	}
	c.overlap(t, "ChangeNodeGroupScaling while Updating", func() error {
		_, err := c.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, g, 1, 1, 4)
		return err
	}, pmks.CodeOK)
	c.groupActive(t, info.IId, g)
	c.active(t, info.IId)
	if got := c.groupActive(t, info.IId, g); len(got.Nodes) != got.DesiredNodeSize {
		t.Errorf("%d nodes, want %d", len(got.Nodes), got.DesiredNodeSize)
	}
}

func stateGroupDeleting(t T, c *Cloud) {
	info := c.upWith(t, c.twoGroups("leaving"))
	g, ok := info.NodeGroup(pmks.IID{NameId: "extra"})
	if !ok {
		t.Fatalf("the second node group is missing")
	}
	if _, err := c.Handler.RemoveNodeGroup(t.Context(), info.IId, g.IId); err != nil {
		t.Fatalf("RemoveNodeGroup: %v", err)
	}
	for _, m := range calls {
		if m.op == "ChangeNodeGroupScaling" || m.op == "SetNodeGroupAutoScaling" {
			c.overlap(t, m.op+" of a group that is being removed", func() error {
				return m.do(t.Context(), c, info.IId, g.IId)
			}, pmks.CodeFailedPrecondition, pmks.CodeNotFound)
		}
	}
	if err := pmks.WaitNodeGroupDeleted(t.Context(), c.Handler, info.IId, g.IId, c.Wait...); err != nil {
		t.Errorf("WaitNodeGroupDeleted: %v", err)
	}
}

// stateGroupFailed: a failed group can be removed, and is not worked on unless
// that mends it.
func stateGroupFailed(t T, c *Cloud) {
	need(t, "Break", c.Break != nil)
	info := c.upWith(t, c.twoGroups("limping"))
	g, ok := info.NodeGroup(pmks.IID{NameId: "extra"})
	if !ok {
		t.Fatalf("the second node group is missing")
	}
	if err := c.Break(info.IId, g.IId, Failed); err != nil {
		t.Fatalf("Break: %v", err)
	}
	got, _ := c.get(t, info.IId).NodeGroup(g.IId)
	if got.Status != pmks.NodeGroupInactive || !got.StatusFinal || got.StatusReason == "" {
		t.Errorf("a failed node group is %s, final %t, reason %q", got.Status, got.StatusFinal, got.StatusReason)
	}
	_, err := pmks.WaitNodeGroupActive(t.Context(), c.Handler, info.IId, g.IId, c.Wait...)
	want(t, "WaitNodeGroupActive of a failed group", err, pmks.CodeFailedPrecondition)
	for _, m := range calls {
		if !c.Mendable && (m.op == "ChangeNodeGroupScaling" || m.op == "SetNodeGroupAutoScaling") {
			c.unchanged(t, m.op, func() {
				want(t, m.op+" of a failed group", m.do(t.Context(), c, info.IId, g.IId), pmks.CodeFailedPrecondition)
			})
		}
	}
	if _, err := c.Handler.RemoveNodeGroup(t.Context(), info.IId, g.IId); err != nil {
		t.Fatalf("a failed node group cannot be removed: %v", err)
	}
	if err := pmks.WaitNodeGroupDeleted(t.Context(), c.Handler, info.IId, g.IId, c.Wait...); err != nil {
		t.Errorf("WaitNodeGroupDeleted: %v", err)
	}
}

// stateDeletionFails: a deletion that fails ends the wait with what blocks it, and
// can be asked for again.
func stateDeletionFails(t T, c *Cloud) {
	need(t, "Inject", c.Inject != nil)
	info := c.up(t, "stuck")
	cancel := c.inject("DeleteCluster", "", FailLater, 1)
	err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...)
	cancel()
	want(t, "Teardown when the deletion fails", err, pmks.CodeFailedPrecondition)
	if err != nil && !strings.Contains(err.Error(), Reason) {
		t.Errorf("the reason of the cloud is lost: %v", err)
	}
	got := c.get(t, info.IId)
	if got.Status != pmks.ClusterInactive || !strings.Contains(got.StatusReason, Reason) {
		t.Errorf("after a failed deletion the cluster is %s (%s)", got.Status, got.StatusReason)
	}
	if err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
		t.Errorf("a failed deletion cannot be repeated: %v", err)
	}
}
