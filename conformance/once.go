// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"time"

	"github.com/pmks-go/pmks"
)

var onceChecks = []check{
	{"once/request-lost", func(t T, c *Cloud) { exactlyOnce(t, c, LoseRequest) }},
	{"once/reply-lost", func(t T, c *Cloud) { exactlyOnce(t, c, LoseReply) }},
	{"once/reply-lost-and-looking-fails", onceBlind},
	{"throttling/retry-after-and-nothing-changed", throttling},
}

// exactlyOnce loses something of every mutation. Each ends well all the same, and
// has happened exactly once.
func exactlyOnce(t T, c *Cloud, kind FaultKind) {
	t.Helper()
	need(t, "Inject", c.Inject != nil)
	ctx := t.Context()
	lose := func(op string, f func() error) {
		t.Helper()
		stop := c.inject(op, "", kind, 1)
		before := 0
		if c.Mutations != nil {
			before = c.Mutations()
		}
		if err := f(); err != nil {
			t.Errorf("%s: %v", op, err)
		}
		stop()
		if c.Mutations != nil {
			if n := c.Mutations() - before; n != 1 {
				t.Errorf("%s: happened %d times, want once", op, n)
			}
		}
	}
	create, later := c.split(t, c.ClusterRequest("once"))
	lose("CreateCluster", func() error { _, err := c.Handler.CreateCluster(ctx, create); return err })
	if n := c.count(t, "once"); n != 1 {
		t.Fatalf("%d clusters, want 1", n)
	}
	info := c.active(t, pmks.IID{NameId: "once"})
	for _, g := range later {
		if _, err := c.Handler.AddNodeGroup(ctx, info.IId, g); err != nil {
			t.Fatalf("AddNodeGroup: %v", err)
		}
		c.groupActive(t, info.IId, g.IId)
	}
	c.active(t, info.IId)
	lose("AddNodeGroup", func() error {
		_, err := c.Handler.AddNodeGroup(ctx, info.IId, c.NodeGroupRequest("extra"))
		return err
	})
	g := c.groupActive(t, info.IId, pmks.IID{NameId: "extra"}).IId
	c.active(t, info.IId)
	lose("ChangeNodeGroupScaling", func() error {
		_, err := c.Handler.ChangeNodeGroupScaling(ctx, info.IId, g, 3, 1, 4)
		return err
	})
	if got := c.groupActive(t, info.IId, g); got.DesiredNodeSize != 3 || len(got.Nodes) != 3 {
		t.Errorf("desired %d with %d nodes, want 3", got.DesiredNodeSize, len(got.Nodes))
	}
	c.active(t, info.IId)
	stop := c.inject("SetNodeGroupAutoScaling", "", kind, 1)
	if _, err := c.Handler.SetNodeGroupAutoScaling(ctx, info.IId, g, true); err != nil {
		t.Errorf("SetNodeGroupAutoScaling: %v", err)
	}
	stop()
	if got := c.groupActive(t, info.IId, g); !got.OnAutoScaling {
		t.Errorf("autoscaling is off")
	}
	c.active(t, info.IId)
	if target := c.nextVersion(ctx, info.IId); target != info.Version {
		lose("UpgradeCluster", func() error { _, err := c.Handler.UpgradeCluster(ctx, info.IId, target); return err })
		if _, err := pmks.Upgrade(ctx, c.Handler, info.IId, target, c.Wait...); err != nil {
			t.Errorf("Upgrade: %v", err)
		}
	}
	c.active(t, info.IId)
	lose("RemoveNodeGroup", func() error { _, err := c.Handler.RemoveNodeGroup(ctx, info.IId, g); return err })
	if err := pmks.WaitNodeGroupDeleted(ctx, c.Handler, info.IId, g, c.Wait...); err != nil {
		t.Errorf("WaitNodeGroupDeleted: %v", err)
	}
	c.active(t, info.IId)
	stop = c.inject("DeleteCluster", "", kind, 1)
	if _, err := c.Handler.DeleteCluster(ctx, info.IId); err != nil {
		t.Errorf("DeleteCluster: %v", err)
	}
	stop()
	if err := pmks.WaitClusterDeleted(ctx, c.Handler, info.IId, c.Wait...); err != nil {
		t.Errorf("WaitClusterDeleted: %v", err)
	}
}

// onceBlind: when looking fails too, the error says that it may have happened.
func onceBlind(t T, c *Cloud) {
	need(t, "Inject", c.Inject != nil)
	stopReply := c.inject("CreateCluster", "", LoseReply, -1)
	stopLook := c.inject("GetCluster", "", Unavailable, -1)
	_, err := c.Handler.CreateCluster(t.Context(), c.createRequest(t, "blind"))
	stopLook()
	stopReply()
	var e *pmks.Error
	if !errors.As(err, &e) || !e.MayHaveHappened {
		t.Errorf("the outcome is unknown, and the error does not say so: %v", err)
	}
	if pmks.Retryable(err) {
		t.Errorf("an error that may have happened is said to be retryable")
	}
	if n := c.count(t, "blind"); n != 1 {
		t.Errorf("%d clusters, want 1", n)
	}
	// Provision finds out.
	c.up(t, "blind")
}

func throttling(t T, c *Cloud) {
	need(t, "Inject", c.Inject != nil)
	info := c.up(t, "busy")
	g := first(t, info)
	for _, m := range allCalls() {
		stop := c.inject("", "", Throttle, -1)
		c.unchanged(t, m.op, func() {
			err := m.do(t.Context(), c, info.IId, g)
			want(t, m.op+" when throttled", err, pmks.CodeThrottled)
			var e *pmks.Error
			if errors.As(err, &e) && e.RetryAfter != 0 && e.RetryAfter != 7*time.Second {
				t.Errorf("%s: RetryAfter is %s, the cloud said 7s", m.op, e.RetryAfter)
			}
			if !pmks.Retryable(err) {
				t.Errorf("%s: a throttled call is not retryable: %v", m.op, err)
			}
		})
		stop()
	}
	if got := c.get(t, info.IId); got.Status != pmks.ClusterActive || len(got.NodeGroupList) != 1 {
		t.Errorf("throttled calls changed the cluster: %s", show(got))
	}
}
