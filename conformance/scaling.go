// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"github.com/pmks-go/pmks"
)

var scalingChecks = []check{
	{"scaling/off-resizes", scaleOff},
	{"scaling/on-sets-bounds", scaleOn},
	{"scaling/bounds-kept-over-off-and-on", boundsKept},
	{"scaling/autoscaling-already-so", autoAlreadySo},
	{"scaling/nothing-to-change", scaleSame},
	{"scaling/desired-zero-leaves-it", desiredZero},
	{"scaling/bad-sizes", badSizes},
	{"scaling/to-zero", scaleToZero},
	{"scaling/last-group", lastGroup},
}

func (c *Cloud) scale(t T, cluster, group pmks.IID, desired, minSize, maxSize int) pmks.NodeGroupInfo {
	t.Helper()
	if _, err := c.Handler.ChangeNodeGroupScaling(t.Context(), cluster, group, desired, minSize, maxSize); err != nil {
		t.Fatalf("ChangeNodeGroupScaling(%d, %d, %d): %v", desired, minSize, maxSize, err)
	}
	g := c.groupActive(t, cluster, group)
	c.active(t, cluster)
	return g
}

func (c *Cloud) setAuto(t T, cluster, group pmks.IID, on bool) pmks.NodeGroupInfo {
	t.Helper()
	if _, err := c.Handler.SetNodeGroupAutoScaling(t.Context(), cluster, group, on); err != nil {
		t.Fatalf("SetNodeGroupAutoScaling(%t): %v", on, err)
	}
	g := c.groupActive(t, cluster, group)
	c.active(t, cluster)
	return g
}

func sizes(t T, what string, g pmks.NodeGroupInfo, auto bool, desired, minSize, maxSize int) {
	t.Helper()
	if g.OnAutoScaling != auto || g.DesiredNodeSize != desired || g.MinNodeSize != minSize || g.MaxNodeSize != maxSize {
		t.Errorf("%s: auto=%t desired=%d min=%d max=%d, want auto=%t desired=%d min=%d max=%d", what,
			g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize, auto, desired, minSize, maxSize)
	}
}

func scaleOff(t T, c *Cloud) {
	info := c.up(t, "off")
	g := c.scale(t, info.IId, first(t, info), 3, 1, 4)
	sizes(t, "after growing", g, false, 3, 1, 4)
	if len(g.Nodes) != 3 {
		t.Errorf("%d nodes, want 3", len(g.Nodes))
	}
	g = c.scale(t, info.IId, g.IId, 1, 1, 2)
	sizes(t, "after shrinking", g, false, 1, 1, 2)
	if len(g.Nodes) != 1 {
		t.Errorf("%d nodes, want 1", len(g.Nodes))
	}
}

func scaleOn(t T, c *Cloud) {
	info := c.up(t, "on")
	g := first(t, info)
	c.setAuto(t, info.IId, g, true)
	got := c.scale(t, info.IId, g, 3, 2, 5)
	if !got.OnAutoScaling {
		t.Errorf("changing sizes switched autoscaling off")
	}
	if got.MinNodeSize != 2 || got.MaxNodeSize != 5 {
		t.Errorf("bounds are %d and %d, want 2 and 5", got.MinNodeSize, got.MaxNodeSize)
	}
	if c.caps(t).Scaling.DesiredWhileAuto && got.DesiredNodeSize != 3 {
		t.Errorf("desired is %d, want 3: the capabilities promise it", got.DesiredNodeSize)
	}
	if got.DesiredNodeSize < 2 || got.DesiredNodeSize > 5 {
		t.Errorf("desired %d is outside the bounds", got.DesiredNodeSize)
	}
}

func boundsKept(t T, c *Cloud) {
	info := c.up(t, "bounds")
	g := first(t, info)
	c.scale(t, info.IId, g, 2, 1, 5)
	for _, on := range []bool{true, false, true} {
		got := c.setAuto(t, info.IId, g, on)
		sizes(t, "after a switch", got, on, 2, 1, 5)
		if len(got.Nodes) != 2 {
			t.Errorf("a switch changed the size: %d nodes, want 2", len(got.Nodes))
		}
	}
}

func autoAlreadySo(t T, c *Cloud) {
	info := c.up(t, "already")
	g := first(t, info)
	for _, on := range []bool{true, false} {
		before := c.setAuto(t, info.IId, g, on)
		c.unchanged(t, "SetNodeGroupAutoScaling when it is so already", func() {
			ok, err := c.Handler.SetNodeGroupAutoScaling(t.Context(), info.IId, g, on)
			if !ok || err != nil {
				t.Errorf("SetNodeGroupAutoScaling(%t) again: %t, %v", on, ok, err)
			}
		})
		after, _ := c.get(t, info.IId).NodeGroup(g)
		if after.Status != before.Status || after.OnAutoScaling != before.OnAutoScaling {
			t.Errorf("it changed from %s to %s", before.Status, after.Status)
		}
	}
}

func scaleSame(t T, c *Cloud) {
	info := c.up(t, "same")
	g := first(t, info)
	c.scale(t, info.IId, g, 2, 1, 3)
	c.unchanged(t, "ChangeNodeGroupScaling to what is so already", func() {
		if _, err := c.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, g, 2, 1, 3); err != nil {
			t.Errorf("ChangeNodeGroupScaling: %v", err)
		}
	})
}

func desiredZero(t T, c *Cloud) {
	info := c.up(t, "leave")
	g := first(t, info)
	c.unchanged(t, "desired 0 below min while off", func() {
		_, err := c.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, g, 0, 1, 4)
		want(t, "desired 0 below min while off", err, pmks.CodeInvalidArgument)
	})
	c.setAuto(t, info.IId, g, true)
	got := c.scale(t, info.IId, g, 0, 1, 4)
	sizes(t, "desired 0 while on", got, true, 2, 1, 4)
}

func badSizes(t T, c *Cloud) {
	info := c.up(t, "sizes")
	g := first(t, info)
	for _, s := range [][3]int{{-1, 0, 3}, {2, -1, 3}, {2, 1, 0}, {2, 1, -1}, {5, 1, 3}, {1, 2, 3}, {2, 4, 3}} {
		c.unchanged(t, "bad sizes", func() {
			_, err := c.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, g, s[0], s[1], s[2])
			want(t, "bad sizes", err, pmks.CodeInvalidArgument)
			if len(fieldsOf(err)) == 0 || fieldsOf(err)[0] == "" {
				t.Errorf("desired %d min %d max %d: no field is named: %v", s[0], s[1], s[2], err)
			}
		})
	}
}

func scaleToZero(t T, c *Cloud) {
	info := c.up(t, "zero")
	added, err := c.Handler.AddNodeGroup(t.Context(), info.IId, c.NodeGroupRequest("spare"))
	if err != nil {
		t.Fatalf("AddNodeGroup: %v", err)
	}
	c.groupActive(t, info.IId, added.IId)
	c.active(t, info.IId)
	if !c.caps(t).Scaling.ToZero {
		c.unchanged(t, "scale to zero", func() {
			_, err := c.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, added.IId, 0, 0, 3)
			want(t, "scale to zero where the cloud has no empty groups", err, pmks.CodeInvalidArgument, pmks.CodeFailedPrecondition)
		})
		return
	}
	g := c.scale(t, info.IId, added.IId, 0, 0, 3)
	if len(g.Nodes) != 0 || g.DesiredNodeSize != 0 {
		t.Errorf("desired %d with %d nodes, want none", g.DesiredNodeSize, len(g.Nodes))
	}
	if g = c.scale(t, info.IId, added.IId, 1, 0, 3); len(g.Nodes) != 1 {
		t.Errorf("%d nodes after growing from zero, want 1", len(g.Nodes))
	}
}

func lastGroup(t T, c *Cloud) {
	info := c.up(t, "last")
	g := first(t, info)
	if !c.caps(t).Scaling.RemoveLast {
		c.unchanged(t, "RemoveNodeGroup of the last one", func() {
			_, err := c.Handler.RemoveNodeGroup(t.Context(), info.IId, g)
			want(t, "RemoveNodeGroup of the last one", err, pmks.CodeFailedPrecondition)
		})
		return
	}
	if _, err := c.Handler.RemoveNodeGroup(t.Context(), info.IId, g); err != nil {
		t.Fatalf("RemoveNodeGroup of the last one, which the capabilities allow: %v", err)
	}
	if err := pmks.WaitNodeGroupDeleted(t.Context(), c.Handler, info.IId, g, c.Wait...); err != nil {
		t.Fatalf("WaitNodeGroupDeleted: %v", err)
	}
	if got := c.active(t, info.IId); len(got.NodeGroupList) != 0 {
		t.Errorf("%d node groups are left", len(got.NodeGroupList))
	}
}
