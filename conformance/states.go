// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
)

var stateChecks = []check{
	{"states/creating", stateCreating},
	{"states/node-group-creating", stateGroupCreating},
	{"states/deleting", stateDeleting},
	{"states/failed-and-stopped", stateBroken},
	{"states/fails-later", stateFailsLater},
}

// refused checks that the upgrade and the methods on node groups are refused with
// one of the codes and change nothing. Removing a group is left out: it cleans up.
func refused(t T, c *Cloud, state string, info pmks.ClusterInfo, group pmks.IID, codes ...pmks.Code) {
	t.Helper()
	for _, m := range calls {
		if !m.mutation || m.op == "DeleteCluster" || m.op == "RemoveNodeGroup" ||
			m.op == "SetNodeGroupAutoScaling" && c.AutoScalingAnytime ||
			state == string(Failed) && slices.Contains(c.ClusterRepairs, m.op) {
			continue
		}
		c.unchanged(t, m.op+" while "+state, func() {
			want(t, m.op+" while "+state, m.do(t.Context(), c, info.IId, group), codes...)
		})
	}
}

func stateCreating(t T, c *Cloud) {
	info, err := c.Handler.CreateCluster(t.Context(), c.createRequest(t, "creating"))
	if err != nil {
		t.Fatalf("CreateCluster: %v", err)
	}
	for _, m := range calls {
		if m.op != "AddNodeGroup" && m.op != "UpgradeCluster" {
			continue
		}
		c.unchanged(t, m.op+" while Creating", func() {
			want(t, m.op+" while Creating", m.do(t.Context(), c, info.IId, pmks.IID{}), pmks.CodeBusy)
		})
	}
	c.active(t, info.IId)
}

func stateGroupCreating(t T, c *Cloud) {
	info := c.up(t, "adding")
	g, err := c.Handler.AddNodeGroup(t.Context(), info.IId, c.NodeGroupRequest("new"))
	if err != nil {
		t.Fatalf("AddNodeGroup: %v", err)
	}
	c.unchanged(t, "ChangeNodeGroupScaling while Creating", func() {
		_, err := c.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, g.IId, 3, 1, 4)
		want(t, "ChangeNodeGroupScaling while Creating", err, pmks.CodeBusy)
	})
	c.groupActive(t, info.IId, g.IId)
}

func stateDeleting(t T, c *Cloud) {
	info := c.up(t, "deleting")
	g := first(t, info)
	if err := c.deleteAccepted(t, info.IId); err != nil {
		t.Fatalf("DeleteCluster: %v", err)
	}
	got, err := c.Handler.GetCluster(t.Context(), info.IId)
	if err != nil || got.Status != pmks.ClusterDeleting {
		t.Fatalf("after DeleteCluster: %s, %v", got.Status, err)
	}
	refused(t, c, "Deleting", info, g, pmks.CodeFailedPrecondition, pmks.CodeBusy, pmks.CodeNotFound)
	_, err = c.Handler.CreateCluster(t.Context(), c.createRequest(t, "deleting"))
	want(t, "CreateCluster of a name that is being deleted", err, pmks.CodeAlreadyExists, pmks.CodeBusy)
	if err := pmks.WaitClusterDeleted(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
		t.Errorf("WaitClusterDeleted: %v", err)
	}
}

// deleteAccepted returns when the deletion of the cluster itself is accepted.
func (c *Cloud) deleteAccepted(t T, iid pmks.IID) error {
	t.Helper()
	ok, err := c.Handler.DeleteCluster(t.Context(), iid)
	if ok != (err == nil) {
		t.Errorf("DeleteCluster: %t with error %v", ok, err)
	}
	return err
}

func stateBroken(t T, c *Cloud) {
	need(t, "Break", c.Break != nil)
	for _, s := range []State{Failed, Stopped} {
		info := c.up(t, "broken-"+string(s))
		err := c.Break(info.IId, pmks.IID{}, s)
		if errors.Is(err, errors.ErrUnsupported) {
			continue // the cloud has no such state
		}
		if err != nil {
			t.Fatalf("Break: %v", err)
		}
		refused(t, c, string(s), info, first(t, info), pmks.CodeFailedPrecondition)
		_, err = pmks.WaitClusterActive(t.Context(), c.Handler, info.IId, c.Wait...)
		want(t, "WaitClusterActive of a "+string(s)+" cluster", err, pmks.CodeFailedPrecondition)
		if err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
			t.Errorf("a %s cluster cannot be deleted: %v", s, err)
		}
	}
}

func stateFailsLater(t T, c *Cloud) {
	need(t, "Inject", c.Inject != nil)
	cancel := c.inject("CreateCluster", "", FailLater, 1)
	info, err := c.Handler.CreateCluster(t.Context(), c.createRequest(t, "late"))
	cancel()
	if err != nil {
		t.Fatalf("CreateCluster: %v", err)
	}
	_, err = pmks.WaitClusterActive(t.Context(), c.Handler, info.IId, c.Wait...)
	// Some clouds remove what could not be made.
	want(t, "WaitClusterActive of a creation that fails", err, pmks.CodeFailedPrecondition, pmks.CodeNotFound)
	if err != nil && !strings.Contains(err.Error(), Reason) {
		t.Errorf("the reason of the cloud is lost: %v", err)
	}

	other := c.up(t, "later")
	cancel = c.inject("AddNodeGroup", "", FailLater, 1)
	g, err := c.Handler.AddNodeGroup(t.Context(), other.IId, c.NodeGroupRequest("extra"))
	cancel()
	if err != nil {
		t.Fatalf("AddNodeGroup: %v", err)
	}
	_, err = pmks.WaitNodeGroupActive(t.Context(), c.Handler, other.IId, g.IId, c.Wait...)
	want(t, "WaitNodeGroupActive of a creation that fails", err, pmks.CodeFailedPrecondition)
	if err != nil && !strings.Contains(err.Error(), Reason) {
		t.Errorf("the reason of the cloud is lost: %v", err)
	}
	got, ok := c.get(t, other.IId).NodeGroup(g.IId)
	if !ok || got.Status != pmks.NodeGroupInactive || !strings.Contains(got.StatusReason, Reason) {
		t.Errorf("a failed node group is %s (%s)", got.Status, got.StatusReason)
	}
}
