// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
)

var repairChecks = []check{
	{"repair/failed-cluster", repairCluster},
	{"repair/failed-node-group", repairGroup},
}

// repairCluster: whatever the cloud takes of a failed cluster, pmks lets through;
// and the way that every cloud has, to delete it and make it again, is open.
func repairCluster(t T, c *Cloud) {
	need(t, "Break", c.Break != nil)
	for _, m := range calls {
		if !slices.Contains(c.ClusterRepairs, m.op) {
			continue
		}
		info, _ := c.oldest(t, "mend-"+strings.ToLower(m.op[:3]))
		c.mustBreak(t, info.IId, pmks.IID{})
		if err := m.do(t.Context(), c, info.IId, first(t, info)); err != nil {
			t.Errorf("%s, by which this cloud mends a failed cluster: %v", m.op, err)
			continue
		}
		c.active(t, info.IId)
	}
	info := c.up(t, "again")
	c.mustBreak(t, info.IId, pmks.IID{})
	if err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
		t.Fatalf("a failed cluster cannot be deleted: %v", err)
	}
	c.up(t, "again")
}

// repairGroup does the same for a node group.
func repairGroup(t T, c *Cloud) {
	need(t, "Break", c.Break != nil)
	extra := pmks.IID{NameId: "extra"}
	for _, m := range calls {
		if !m.onGroup || !slices.Contains(c.GroupRepairs, m.op) {
			continue
		}
		info := c.upWith(t, c.twoGroups("mend-"+strings.ToLower(m.op[:3])))
		c.mustBreak(t, info.IId, extra)
		if err := m.do(t.Context(), c, info.IId, extra); err != nil {
			t.Errorf("%s, by which this cloud mends a failed node group: %v", m.op, err)
			continue
		}
		c.groupActive(t, info.IId, extra)
	}
	info := c.upWith(t, c.twoGroups("again"))
	c.mustBreak(t, info.IId, extra)
	if _, err := c.Handler.RemoveNodeGroup(t.Context(), info.IId, extra); err != nil {
		t.Fatalf("a failed node group cannot be removed: %v", err)
	}
	if err := pmks.WaitNodeGroupDeleted(t.Context(), c.Handler, info.IId, extra, c.Wait...); err != nil {
		t.Fatalf("WaitNodeGroupDeleted: %v", err)
	}
	c.active(t, info.IId)
	if _, err := c.Handler.AddNodeGroup(t.Context(), info.IId, c.NodeGroupRequest("extra")); err != nil {
		t.Fatalf("AddNodeGroup in place of a failed one: %v", err)
	}
	c.groupActive(t, info.IId, extra)
}

func (c *Cloud) mustBreak(t T, cluster, group pmks.IID) {
	t.Helper()
	err := c.Break(cluster, group, Failed)
	capable(t, "the cloud has no such state", !errors.Is(err, errors.ErrUnsupported))
	if err != nil {
		t.Fatalf("Break: %v", err)
	}
}
