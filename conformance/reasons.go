// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"
	"strings"

	"github.com/pmks-go/pmks"
)

// reasonChecks: what was accepted and failed later ends the wait with the cloud's
// own code and sentence.
var reasonChecks = []check{
	{"reasons/create", reasonCreate},
	{"reasons/add", reasonAdd},
	{"reasons/scale", reasonScale},
	{"reasons/upgrade", reasonUpgrade},
	{"reasons/remove", reasonRemove},
}

// failLater makes a mutation whose operation fails.
func (c *Cloud) failLater(t T, op string, f func() error) {
	t.Helper()
	need(t, "Inject", c.Inject != nil)
	cancel := c.inject(op, "", FailLater, 1)
	err := f()
	cancel()
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
}

// told checks that a wait's error tells why, and that the cloud's record does where
// it has one.
func (c *Cloud) told(t T, what string, err error, cluster, group pmks.IID) {
	t.Helper()
	want(t, what, err, pmks.CodeFailedPrecondition, pmks.CodeQuotaExceeded)
	c.reason(t, what, err)
	c.recorded(t, what, cluster, group)
}

func (c *Cloud) reason(t T, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, text := range []string{Reason, c.ReasonCode} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: the cloud said %q, and the error does not: %v", what, text, err)
		}
	}
}

// recorded looks at the record of the last operation, which the cloud may not have.
func (c *Cloud) recorded(t T, what string, cluster, group pmks.IID) {
	t.Helper()
	reader, ok := c.Handler.(pmks.OperationReader)
	if !ok {
		return
	}
	op, err := reader.LastOperation(t.Context(), cluster, group)
	if errors.Is(err, pmks.ErrUnsupported) || errors.Is(err, pmks.ErrNotFound) {
		return
	}
	if err != nil {
		t.Errorf("%s: LastOperation: %v", what, err)
		return
	}
	if !op.Done || op.Err == nil {
		t.Errorf("%s: the record of the last operation shows no failure: %+v", what, op)
		return
	}
	c.reason(t, what+": LastOperation", op.Err)
	var e *pmks.Error
	if !errors.As(op.Err, &e) {
		t.Errorf("%s: the record's error is a %T, want a *pmks.Error", what, op.Err)
	}
}

func reasonCreate(t T, c *Cloud) {
	var info pmks.ClusterInfo
	c.failLater(t, "CreateCluster", func() (err error) {
		info, err = c.Handler.CreateCluster(t.Context(), c.createRequest(t, "unborn"))
		return err
	})
	_, err := pmks.WaitClusterActive(t.Context(), c.Handler, info.IId, c.Wait...)
	// Some clouds remove what could not be made.
	want(t, "WaitClusterActive of a creation that fails", err, pmks.CodeFailedPrecondition, pmks.CodeQuotaExceeded, pmks.CodeNotFound)
	c.reason(t, "WaitClusterActive", err)
}

func reasonAdd(t T, c *Cloud) {
	info := c.up(t, "adding")
	var g pmks.NodeGroupInfo
	c.failLater(t, "AddNodeGroup", func() (err error) {
		g, err = c.Handler.AddNodeGroup(t.Context(), info.IId, c.NodeGroupRequest("unborn"))
		return err
	})
	_, err := pmks.WaitNodeGroupActive(t.Context(), c.Handler, info.IId, g.IId, c.Wait...)
	c.told(t, "WaitNodeGroupActive of a creation that fails", err, info.IId, g.IId)
}

func reasonScale(t T, c *Cloud) {
	info := c.up(t, "growing")
	g := first(t, info)
	c.failLater(t, "ChangeNodeGroupScaling", func() error {
		_, err := c.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, g, 3, 1, 4)
		return err
	})
	_, err := pmks.WaitNodeCount(t.Context(), c.Handler, info.IId, g, 3, c.Wait...)
	c.told(t, "WaitNodeCount of a scaling that fails", err, info.IId, g)
}

func reasonUpgrade(t T, c *Cloud) {
	info, _ := c.oldest(t, "ageing")
	target := c.nextVersion(t.Context(), info.IId)
	if target == info.Version {
		t.Fatalf("there is nothing to upgrade %s to", info.Version)
	}
	upgrade := func(ctx context.Context) error {
		_, err := c.Handler.UpgradeCluster(ctx, info.IId, target)
		return err
	}
	c.failLater(t, "UpgradeCluster", func() error { return upgrade(t.Context()) })
	_, err := pmks.WaitClusterVersion(t.Context(), c.Handler, info.IId, target, c.Wait...)
	c.told(t, "WaitClusterVersion of an upgrade that fails", err, info.IId, pmks.IID{})
	c.failLater(t, "UpgradeCluster", func() error {
		_, err = pmks.Upgrade(t.Context(), c.Handler, info.IId, target, c.Wait...)
		return nil
	})
	c.told(t, "Upgrade that fails", err, info.IId, pmks.IID{})
}

func reasonRemove(t T, c *Cloud) {
	info := c.upWith(t, c.twoGroups("keeping"))
	g := pmks.IID{NameId: "extra"}
	c.failLater(t, "RemoveNodeGroup", func() error {
		_, err := c.Handler.RemoveNodeGroup(t.Context(), info.IId, g)
		return err
	})
	err := pmks.WaitNodeGroupDeleted(t.Context(), c.Handler, info.IId, g, c.Wait...)
	c.told(t, "WaitNodeGroupDeleted of a removal that fails", err, info.IId, g)
}
