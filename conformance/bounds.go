// SPDX-License-Identifier: Apache-2.0

package conformance

import "github.com/pmks-go/pmks"

var boundChecks = []check{
	{"bounds/left-out", boundsLeftOut},
	{"bounds/written-back", boundsWrittenBack},
}

// boundsLeftOut: a request without bounds means the same on every cloud.
func boundsLeftOut(t T, c *Cloud) {
	ctx := t.Context()
	req := c.ClusterRequest("bare")
	req.NodeGroupList[0].MinNodeSize, req.NodeGroupList[0].MaxNodeSize = 0, 0
	info := c.upWith(t, req)
	g := info.NodeGroupList[0]
	sizes(t, "a group made with the cluster", g, false, 2, 1, 2)

	add := c.NodeGroupRequest("extra")
	add.DesiredNodeSize, add.MinNodeSize, add.MaxNodeSize = 3, 0, 0
	got, err := c.Handler.AddNodeGroup(ctx, info.IId, add)
	if err != nil {
		t.Fatalf("AddNodeGroup without bounds: %v", err)
	}
	sizes(t, "the answer of AddNodeGroup", got, false, 3, 1, 3)
	got = c.groupActive(t, info.IId, got.IId)
	sizes(t, "a group added", got, false, 3, 1, 3)
	if !c.caps(t).Scaling.ToZero {
		return
	}
	c.active(t, info.IId)
	none := c.NodeGroupRequest("none")
	none.DesiredNodeSize, none.MinNodeSize, none.MaxNodeSize = 0, 0, 0
	if got, err = c.Handler.AddNodeGroup(ctx, info.IId, none); err != nil {
		t.Fatalf("AddNodeGroup of no nodes: %v", err)
	}
	sizes(t, "a group of no nodes", c.groupActive(t, info.IId, got.IId), false, 0, 0, 1)
}

// boundsWrittenBack: the sizes that a read shows are sizes that a call takes, and
// nothing changes by it. Groups that other hands made are no exception.
func boundsWrittenBack(t T, c *Cloud) {
	req := c.twoGroups("same")
	req.NodeGroupList[1].MinNodeSize, req.NodeGroupList[1].MaxNodeSize = 0, 0
	info := c.upWith(t, req)
	c.setAuto(t, info.IId, info.NodeGroupList[0].IId, true)
	infos := []pmks.ClusterInfo{c.get(t, info.IId)}
	if c.Put != nil {
		if err := c.Put("foreign"); err != nil {
			t.Fatalf("Put: %v", err)
		}
		infos = append(infos, c.get(t, pmks.IID{NameId: "foreign"}))
	}
	for _, info := range infos {
		for _, g := range info.NodeGroupList {
			c.unchanged(t, "what was read of "+g.IId.String()+", written back", func() {
				got, err := c.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, g.IId, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
				if err != nil {
					t.Errorf("desired %d min %d max %d, as read of %s in %s: %v", g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize, g.IId, info.IId, err)
					return
				}
				sizes(t, "the answer", got, g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
			})
		}
		sameInfo(t, info, c.get(t, info.IId))
	}
}
