// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// The reply to the SDK's first try is lost, its second and third are throttled:
// the refusal is of the repetition, and says nothing of the first.
func TestHandler_AddNodeGroup_lostThenThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 0, eks.Options{})
		cancelLost := s.Inject(core.Fault{Op: "CreateNodegroup", Kind: core.FaultLoseReply})
		defer cancelLost()
		s.Inject(core.Fault{Op: "CreateNodegroup", Kind: core.FaultThrottle, Times: -1})
		h := newHandler(t, s)
		cluster := pmks.IID{NameId: "c000"}
		made, err := h.AddNodeGroup(t.Context(), cluster, bench.SampleNodeGroup("disk"))
		info, readErr := h.GetCluster(t.Context(), cluster)
		if readErr != nil || len(info.NodeGroupList) != 1 {
			t.Fatalf("the first try was applied: %v, %v", info.NodeGroupList, readErr)
		}
		var e *pmks.Error
		if errors.As(err, &e) && (!e.MayHaveHappened || pmks.Retryable(err)) || err == nil && made.IId.NameId != "disk" {
			t.Errorf("the node group exists; MayHaveHappened %v, Retryable %v: %v", e.MayHaveHappened, pmks.Retryable(err), err)
		}
		if len(s.Templates()) != 1 {
			t.Error("the launch template of a node group that exists was deleted")
		}
	})
}

// All replies are lost, and what the cloud shows is 20 seconds old.
func TestHandler_AddNodeGroup_staleReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 0, eks.Options{ReadLag: 20 * time.Second})
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		s.Inject(core.Fault{Op: "CreateNodegroup", Kind: core.FaultLoseReply, Times: 9})
		h := newHandler(t, s)
		cluster := pmks.IID{NameId: "c000"}
		_, err := h.AddNodeGroup(t.Context(), cluster, bench.SampleNodeGroup("disk"))
		if _, waitErr := pmks.WaitNodeGroupActive(t.Context(), h, cluster, pmks.IID{NameId: "disk"}); waitErr != nil {
			t.Errorf("after %v: %v", err, waitErr)
		}
	})
}

// The change was applied and every reply was lost.
func TestHandler_SetNodeGroupAutoScaling_lost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, op := range []string{"TagResource", "DeleteTags"} {
			s := fleet(t, 1, 1, eks.Options{})
			s.Inject(core.Fault{Op: op, Kind: core.FaultLoseReply, Times: -1})
			h, cluster, group := newHandler(t, s), pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
			if ok, err := h.SetNodeGroupAutoScaling(t.Context(), cluster, group, false); !ok || err != nil {
				t.Errorf("%s was applied, the error says that it was not: %v", op, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			s2 := fleet(t, 1, 1, eks.Options{})
			s2.Inject(core.Fault{Op: op, Kind: core.FaultLoseReply, Times: -1})
			s2.Inject(core.Fault{Op: op, Kind: core.FaultDelay, Delay: 10 * time.Second, Times: -1})
			ok, err := newHandler(t, s2).SetNodeGroupAutoScaling(ctx, cluster, group, false)
			cancel()
			var e *pmks.Error
			if ok || !errors.As(err, &e) || !e.MayHaveHappened {
				t.Errorf("%s was sent, the context ended, and the error says that nothing happened: %v", op, err)
			}
		}
	})
}
