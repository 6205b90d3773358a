// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestHandler_ReadState: the cheap look shows what the whole one shows, with one
// request.
func TestHandler_ReadState(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := running(t, h, p)
				g := info.NodeGroupList[0]
				h.ResetCalls()
				got, err := h.ReadState(t.Context(), pmks.IID{NameId: info.IId.NameId}, pmks.IID{})
				if err != nil {
					t.Fatal(err)
				}
				same(t, "the cluster", got, pmks.State{Cluster: info.IId, Status: info.Status, StatusReason: info.StatusReason,
					StatusFinal: info.StatusFinal, Version: info.Version, DesiredNodeSize: -1, NodeCount: -1})
				got, err = h.ReadState(t.Context(), info.IId, pmks.IID{NameId: g.IId.NameId})
				if err != nil {
					t.Fatal(err)
				}
				same(t, "the node group", got, pmks.State{Cluster: info.IId, NodeGroup: g.IId, Status: pmks.ClusterStatus(g.Status),
					Version: g.Version, DesiredNodeSize: g.DesiredNodeSize, NodeCount: len(g.Nodes)})
				if calls := h.Calls(); len(calls) != 2 || calls[0].Op != "ReadState" || calls[1].NodeGroup != g.IId.NameId {
					t.Errorf("the requests were %v", calls)
				}
				h.Hide(Unread{Fact: Nodes, Code: pmks.CodePermissionDenied})
				switch got, err = h.ReadState(t.Context(), info.IId, g.IId); {
				case p.Manner.Has("Status"): // the nodes tell it
					if !errors.Is(err, pmks.ErrPermissionDenied) {
						t.Errorf("without its nodes: %+v, %v", got, err)
					}
				case err != nil || got.NodeCount != -1:
					t.Errorf("hidden nodes are %d, %v", got.NodeCount, err)
				}
				for _, iids := range [][2]pmks.IID{{{NameId: "nobody"}, {}}, {info.IId, {NameId: "nobody"}}} {
					if _, err := h.ReadState(t.Context(), iids[0], iids[1]); !errors.Is(err, pmks.ErrNotFound) {
						t.Errorf("%v: got %v, want NotFound", iids, err)
					}
				}
				if _, err := h.ReadState(t.Context(), pmks.IID{}, pmks.IID{}); !errors.Is(err, pmks.ErrInvalidArgument) {
					t.Errorf("of nothing: got %v", err)
				}
			})
		})
	}
}

// TestHandler_LastOperation: what failed after it was accepted is on record, and in
// the error of the wait for it.
func TestHandler_LastOperation(t *testing.T) {
	t.Parallel()
	const reason = "VcpuLimit: 0 vCPUs left"
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name), WithLimits(Limits{}))
				info := running(t, h, p)
				g := info.NodeGroupList[0]
				check := func(what string, group pmks.IID, kind string, failed bool) {
					t.Helper()
					h.ResetCalls()
					op, err := h.LastOperation(t.Context(), info.IId, group)
					if err != nil || op.ID == "" || op.Kind != kind || !op.Done || op.Start.IsZero() || !op.End.After(op.Start) || (op.Err != nil) != failed {
						t.Errorf("%s: got %+v, %v", what, op, err)
					}
					if failed && !strings.Contains(op.Err.Error(), reason) {
						t.Errorf("%s: the record says %v", what, op.Err)
					}
					if n := len(h.Calls()); n != 1 {
						t.Errorf("%s: %d requests", what, n)
					}
				}
				// Long after the group was made, a scaling fails.
				time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
				h.Inject(Fault{Op: "ChangeNodeGroupScaling", Kind: FailLater, Reason: reason})
				if _, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, g.IId, 5, 1, 6); err != nil {
					t.Fatal(err)
				}
				if op, err := h.LastOperation(t.Context(), info.IId, g.IId); err != nil || op.Done || !op.End.IsZero() || op.Err != nil {
					t.Errorf("under way: got %+v, %v", op, err)
				}
				start := time.Now()
				_, err := pmks.WaitNodeCount(t.Context(), h, info.IId, g.IId, 5, pmks.WithMaxWait(24*time.Hour))
				if !errors.Is(err, pmks.ErrFailedPrecondition) || !strings.Contains(err.Error(), reason) || time.Since(start) > 2*time.Hour {
					t.Errorf("after %v the wait ended with %v", time.Since(start), err)
				}
				check("scaling", g.IId, "ScaleNodeGroup", true)

				h.Inject(Fault{Op: "AddNodeGroup", Kind: FailLater, Reason: reason})
				made, err := h.AddNodeGroup(t.Context(), info.IId, p.SampleNodeGroup("unborn"))
				if err != nil {
					t.Fatal(err)
				}
				_, err = pmks.WaitNodeGroupActive(t.Context(), h, info.IId, made.IId)
				if !errors.Is(err, pmks.ErrFailedPrecondition) || strings.Count(err.Error(), reason) == 0 || !strings.Contains(err.Error(), "RemoveNodeGroup") {
					t.Errorf("the wait ended with %v", err)
				}
				check("adding", made.IId, "AddNodeGroup", true)
				if _, err := h.LastOperation(t.Context(), info.IId, pmks.IID{NameId: "nobody"}); !errors.Is(err, pmks.ErrNotFound) {
					t.Errorf("of nobody: got %v", err)
				}
			})
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		h := New(WithClusters(Cluster{Name: "old"}))
		if _, err := h.LastOperation(t.Context(), pmks.IID{NameId: "old"}, pmks.IID{}); !errors.Is(err, pmks.ErrNotFound) {
			t.Errorf("got %v, want NotFound", err)
		}
	})
}

// TestHandler_RemoveNodeGroup_deleting: a group on its way out is success without a
// request to remove it.
func TestHandler_RemoveNodeGroup_deleting(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name), WithLimits(Limits{}))
				info := running(t, h, p)
				g, err := h.AddNodeGroup(t.Context(), info.IId, p.SampleNodeGroup("leaving"))
				if err != nil {
					t.Fatal(err)
				}
				settled(t, h, info.IId)
				h.ResetCalls()
				for range 2 {
					if ok, err := h.RemoveNodeGroup(t.Context(), info.IId, g.IId); !ok || err != nil {
						t.Errorf("got %t, %v", ok, err)
					}
				}
				same(t, "what happened", mutations(h), map[string]int{"RemoveNodeGroup": 1})
			})
		})
	}
}
