// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"time"

	"github.com/pmks-go/pmks"
)

var deleteChecks = []check{
	{"delete/with-node-groups", deleteWithGroups},
	{"delete/twice", deleteTwice},
	{"delete/while-creating", deleteWhileCreating},
	{"delete/protected", deleteProtected},
	{"delete/interrupted", deleteInterrupted},
	{"delete/node-group-twice", deleteGroupTwice},
}

func deleteWithGroups(t T, c *Cloud) {
	req := c.ClusterRequest("full")
	req.NodeGroupList = append(req.NodeGroupList, c.NodeGroupRequest("extra"))
	info := c.upWith(t, req)
	if err := c.deleteAccepted(t, info.IId); err != nil {
		t.Fatalf("DeleteCluster with node groups: %v", err)
	}
	if err := pmks.WaitClusterDeleted(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
		t.Fatalf("WaitClusterDeleted: %v", err)
	}
	if n := c.count(t, "full"); n != 0 {
		t.Errorf("%d clusters are left", n)
	}
}

func deleteTwice(t T, c *Cloud) {
	info := c.up(t, "twice")
	if err := c.deleteAccepted(t, info.IId); err != nil {
		t.Fatalf("DeleteCluster: %v", err)
	}
	c.unchanged(t, "DeleteCluster again", func() {
		if err := c.deleteAccepted(t, info.IId); err != nil {
			t.Errorf("DeleteCluster of a cluster that is being deleted: %v", err)
		}
	})
	if err := pmks.WaitClusterDeleted(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
		t.Fatalf("WaitClusterDeleted: %v", err)
	}
	want(t, "DeleteCluster of a deleted cluster", c.deleteAccepted(t, info.IId), pmks.CodeNotFound)
}

func deleteWhileCreating(t T, c *Cloud) {
	info, err := c.Handler.CreateCluster(t.Context(), c.createRequest(t, "young"))
	if err != nil {
		t.Fatalf("CreateCluster: %v", err)
	}
	// Clouds differ in whether they accept it; all must end without the cluster.
	want(t, "DeleteCluster while Creating", c.deleteAccepted(t, info.IId), pmks.CodeOK, pmks.CodeBusy)
	if err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
		t.Errorf("Teardown: %v", err)
	}
	if n := c.count(t, "young"); n != 0 {
		t.Errorf("%d clusters are left", n)
	}
}

func deleteProtected(t T, c *Cloud) {
	need(t, "Protect", c.Protect != nil)
	info := c.up(t, "safe")
	if err := c.Protect(info.IId); err != nil {
		t.Fatalf("Protect: %v", err)
	}
	before := c.get(t, info.IId)
	c.unchanged(t, "DeleteCluster of a protected cluster", func() {
		want(t, "DeleteCluster of a protected cluster", c.deleteAccepted(t, info.IId), pmks.CodeFailedPrecondition)
	})
	// The node groups must not go first.
	sameInfo(t, before, c.get(t, info.IId))
}

func deleteInterrupted(t T, c *Cloud) {
	info := c.up(t, "stop")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	_, err := c.Handler.DeleteCluster(ctx, info.IId)
	cancel()
	want(t, "DeleteCluster with a second to spare", err, pmks.CodeOK, pmks.CodeTimeout)
	if err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
		t.Errorf("DeleteCluster was interrupted and cannot be called again: %v", err)
	}
	if n := c.count(t, "stop"); n != 0 {
		t.Errorf("%d clusters are left", n)
	}
}

func deleteGroupTwice(t T, c *Cloud) {
	info := c.up(t, "groups")
	g, err := c.Handler.AddNodeGroup(t.Context(), info.IId, c.NodeGroupRequest("extra"))
	if err != nil {
		t.Fatalf("AddNodeGroup: %v", err)
	}
	c.groupActive(t, info.IId, g.IId)
	c.active(t, info.IId)
	if _, err := c.Handler.RemoveNodeGroup(t.Context(), info.IId, g.IId); err != nil {
		t.Fatalf("RemoveNodeGroup: %v", err)
	}
	// A read right after shows the removal, not the past.
	if got, ok := c.get(t, info.IId).NodeGroup(g.IId); ok && got.Status != pmks.NodeGroupDeleting {
		t.Errorf("after RemoveNodeGroup the group is %s", got.Status)
	}
	_, err = c.Handler.RemoveNodeGroup(t.Context(), info.IId, g.IId)
	want(t, "RemoveNodeGroup again", err, pmks.CodeOK, pmks.CodeBusy, pmks.CodeFailedPrecondition, pmks.CodeNotFound)
	if err := pmks.WaitNodeGroupDeleted(t.Context(), c.Handler, info.IId, g.IId, c.Wait...); err != nil {
		t.Fatalf("WaitNodeGroupDeleted: %v", err)
	}
	_, err = c.Handler.RemoveNodeGroup(t.Context(), info.IId, g.IId)
	want(t, "RemoveNodeGroup of a removed group", err, pmks.CodeNotFound)
}
