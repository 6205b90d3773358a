// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"

	"github.com/pmks-go/pmks"
)

var refusalChecks = []check{
	{"refusals/sent-once", refusedOnce},
	{"delete/in-use-is-not-busy", deleteInUse},
}

// refusedOnce: an answer with a 4xx settles the outcome although nobody knows its
// code. The request is not sent again, and the error says that nothing happened.
func refusedOnce(t T, c *Cloud) {
	need(t, "Inject", c.Inject != nil)
	need(t, "Sent", c.Sent != nil)
	info, _ := c.oldest(t, "refused")
	g := first(t, info)
	before := c.get(t, info.IId)
	for _, m := range allCalls() {
		if !m.mutation || m.op == "RemoveNodeGroup" && !c.caps(t).Scaling.RemoveLast || // the last group is refused unsent
			m.op == "UpgradeCluster" && c.nextVersion(t.Context(), info.IId) == info.Version {
			continue
		}
		stop := c.inject(m.op, "", RefuseUnknown, -1)
		sent := c.Sent(m.op)
		err := m.do(t.Context(), c, info.IId, g)
		sent = c.Sent(m.op) - sent
		stop()
		if sent != 1 {
			t.Errorf("%s: a refused request was sent %d times, want once", m.op, sent)
		}
		want(t, m.op+" refused with an unknown code", err, pmks.CodeInvalidArgument, pmks.CodeFailedPrecondition)
		var e *pmks.Error
		if errors.As(err, &e) {
			if e.MayHaveHappened {
				t.Errorf("%s: it was refused, and the error says that it may have happened: %v", m.op, err)
			}
			if e.ProviderCode == "" {
				t.Errorf("%s: the cloud's own code is lost: %v", m.op, err)
			}
		}
		if m.op != "DeleteCluster" { // on some clouds the groups go first
			sameInfo(t, before, c.get(t, info.IId))
		}
	}
	if n := c.count(t, "created"); n != 0 {
		t.Errorf("a refused CreateCluster made %d clusters", n)
	}
}

// deleteInUse: what only a person or another call can end is no Busy, which means
// that waiting helps; and it is looked for before anything is destroyed.
func deleteInUse(t T, c *Cloud) {
	need(t, "Attach", c.Attach != nil)
	info := c.up(t, "held")
	if err := c.Attach(info.IId); err != nil {
		t.Fatalf("Attach: %v", err)
	}
	before := c.get(t, info.IId)
	c.unchanged(t, "DeleteCluster of a cluster in use", func() {
		ok, err := c.Handler.DeleteCluster(t.Context(), info.IId)
		want(t, "DeleteCluster of a cluster in use", err, pmks.CodeFailedPrecondition)
		if ok {
			t.Errorf("DeleteCluster of a cluster in use: true")
		}
	})
	err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...)
	want(t, "Teardown of a cluster in use", err, pmks.CodeFailedPrecondition)
	sameInfo(t, before, c.get(t, info.IId))
}
