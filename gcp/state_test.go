// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestLastOperation_failed: whatever was accepted and failed later, its record tells
// why, over either protocol.
func TestLastOperation_failed(t *testing.T) {
	t.Parallel()
	iid, group := pmks.IID{SystemId: parent + region + "-a/clusters/demo"}, pmks.IID{NameId: "g"}
	for _, test := range []struct {
		name, op, kind string
		group          pmks.IID
		do             providertest.Call
	}{
		{"add", "CreateNodePool", "CREATE_NODE_POOL", pmks.IID{NameId: "new"}, providertest.AddNodeGroup(iid, pmks.NodeGroupInfo{IId: pmks.IID{NameId: "new"}, VMSpecName: "e2-standard-4", DesiredNodeSize: 1})},
		{"remove", "DeleteNodePool", "DELETE_NODE_POOL", group, providertest.RemoveNodeGroup(iid, group)},
		{"resize", "SetNodePoolSize", "SET_NODE_POOL_SIZE", group, providertest.ChangeNodeGroupScaling(iid, group, 6, 3, 6)},
		{"bounds", "SetNodePoolAutoscaling", "UPDATE_CLUSTER", group, providertest.SetNodeGroupAutoScaling(iid, group, true)},
		{"upgrade", "UpdateMaster", "UPGRADE_MASTER", pmks.IID{}, providertest.UpgradeCluster(iid, "1.34")},
		{"delete", "DeleteCluster", "DELETE_CLUSTER", pmks.IID{}, providertest.DeleteCluster(iid)},
	} {
		for _, protocol := range []string{"rest", "grpc"} {
			t.Run(test.name+"/"+protocol, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := gke.New(gke.Options{})
					put(t, s, region+"-a", "demo", func(s *gke.Seed) { s.Version = "1.33.5-gke.2072000" })
					cfg := configFor(s)
					if protocol == "grpc" {
						overGRPC(s)(&cfg)
					}
					h := newHandlerWith(t, cfg)
					s.Inject(core.Fault{Op: test.op, Kind: core.FaultFailLater, Reason: "GCE_STOCKOUT: no machines in the zone"})
					if err := test.do(t.Context(), h); err != nil {
						t.Fatal(err)
					}
					for _, by := range []pmks.IID{iid, {NameId: "demo"}} {
						op, err := h.LastOperation(t.Context(), by, test.group)
						if err != nil || op.Kind != test.kind || op.Done || op.Err != nil || op.ID == "" || op.Start.IsZero() || !op.End.IsZero() {
							t.Errorf("while it runs: %+v, %v", op, err)
						}
					}
					time.Sleep(2 * time.Hour) //nolint:forbidigo // inside a synctest bubble
					op, err := h.LastOperation(t.Context(), iid, test.group)
					if err != nil || !op.Done || op.End.IsZero() || pmks.CodeOf(op.Err) != pmks.CodeUnavailable ||
						!strings.Contains(op.Err.Error(), "no machines in the zone") || !strings.Contains(op.Err.Error(), "GCE_STOCKOUT") {
						t.Errorf("when it has failed: %+v, %v", op, err)
					}
				})
			})
		}
	}
}

// TestLastOperation_created: a cluster whose creation failed is told why while it is
// there and when GKE has removed it.
func TestLastOperation_created(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{RemoveFailed: 10 * time.Minute})
		s.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultFailLater, Reason: "GCE_QUOTA_EXCEEDED: no CPUs"})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("demo"))
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			time.Sleep(15 * time.Minute) //nolint:forbidigo // inside a synctest bubble
			for _, by := range []pmks.IID{info.IId, {NameId: "demo"}} {
				op, err := h.LastOperation(t.Context(), by, pmks.IID{})
				if err != nil || op.Kind != "CREATE_CLUSTER" || !op.Done || pmks.CodeOf(op.Err) != pmks.CodeQuotaExceeded || !strings.Contains(op.Err.Error(), "no CPUs") {
					t.Errorf("got %+v, %v", op, err)
				}
				group, err := h.LastOperation(t.Context(), by, pmks.IID{NameId: "ng1"})
				if err != nil || group.ID != op.ID {
					t.Errorf("of a group that came with it: %+v, %v", group, err)
				}
			}
		}
		if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "demo"}); pmks.CodeOf(err) != pmks.CodeNotFound || !strings.Contains(err.Error(), "no CPUs") {
			t.Errorf("GetCluster by name: %v", err)
		}
		if _, err := h.ReadState(t.Context(), info.IId, pmks.IID{}); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("ReadState: %v", err)
		}
	})
}

// TestState_stockout: a pool that the zone has no machines for may heal while its
// operation goes on; when that has failed it does not, and nothing waits for it.
func TestState_stockout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		iid := put(t, s, region+"-a", "demo")
		h, group := newHandler(t, s), pmks.IID{NameId: "g"}
		sick := func(c *containerpb.Cluster) {
			c.NodePools[0].Status = containerpb.NodePool_RUNNING_WITH_ERROR
			c.NodePools[0].Conditions = []*containerpb.StatusCondition{{Code: containerpb.StatusCondition_GCE_STOCKOUT, Message: "waiting for machines"}}
		}
		look := func(final bool, says string) {
			t.Helper()
			info, err := h.GetCluster(t.Context(), iid)
			if err != nil {
				t.Fatal(err)
			}
			g, _ := info.NodeGroup(group)
			state, err := h.ReadState(t.Context(), iid, group)
			if err != nil || state.Status != pmks.ClusterInactive || state.StatusFinal != final || !strings.Contains(state.StatusReason, says) {
				t.Errorf("ReadState: %+v, %v", state, err)
			}
			if g.Status != pmks.NodeGroupInactive || g.StatusFinal != final || !strings.Contains(g.StatusReason, says) {
				t.Errorf("GetCluster: %s, final %t, %q", g.Status, g.StatusFinal, g.StatusReason)
			}
		}
		s.Inject(core.Fault{Op: "SetNodePoolSize", Kind: core.FaultFailLater, Reason: "GCE_STOCKOUT: no machines in the zone"})
		if _, err := h.ChangeNodeGroupScaling(t.Context(), iid, group, 6, 3, 6); err != nil {
			t.Fatal(err)
		}
		if err := s.Alter("demo", sick); err != nil {
			t.Fatal(err)
		}
		look(false, "waiting for machines")
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		look(true, "no machines in the zone")
		start := time.Now()
		if _, err := pmks.WaitNodeGroupActive(t.Context(), h, iid, group); err == nil || !strings.Contains(err.Error(), "no machines in the zone") || time.Since(start) > time.Minute {
			t.Errorf("WaitNodeGroupActive after %s: %v", time.Since(start), err)
		}
	})
}

// TestReadState: what a look tells, and what it leaves open.
func TestReadState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		path := put(t, s, region+"-a", "demo", func(s *gke.Seed) { s.Version = "1.33.5-gke.2072000" })
		h := newHandler(t, s)
		home := pmks.IID{NameId: "demo", SystemId: "demo"}
		for _, by := range []pmks.IID{path, home, {NameId: "demo"}} {
			state, err := h.ReadState(t.Context(), by, pmks.IID{})
			if want := (pmks.State{Cluster: home, Status: pmks.ClusterActive, Version: "1.33.5-gke.2072000", DesiredNodeSize: -1, NodeCount: -1}); err != nil || state != want {
				t.Errorf("%s: %+v, %v", by, state, err)
			}
			state, err = h.ReadState(t.Context(), by, pmks.IID{NameId: "g"})
			if want := (pmks.State{Cluster: home, NodeGroup: pmks.IID{NameId: "g", SystemId: "g"}, Status: pmks.ClusterActive, Version: "1.33.5-gke.2072000",
				DesiredNodeSize: -1, NodeCount: -1}); err != nil || state != want {
				t.Errorf("a group of %s: %+v, %v", by, state, err)
			}
			if _, err := h.ReadState(t.Context(), by, pmks.IID{NameId: "none"}); !errors.Is(err, pmks.ErrNotFound) {
				t.Errorf("no group of %s: %v", by, err)
			}
		}
		if err := s.Force("demo", "g", profile.CreateFailed, "GCE_STOCKOUT: none"); err != nil {
			t.Fatal(err)
		}
		if state, err := h.ReadState(t.Context(), path, pmks.IID{NameId: "g"}); err != nil || state.Status != pmks.ClusterInactive || !state.StatusFinal || !strings.Contains(state.StatusReason, "GCE_STOCKOUT: none") {
			t.Errorf("a group that failed: %+v, %v", state, err)
		}
		for _, iid := range []pmks.IID{{NameId: "nobody"}, {NameId: "nobody", SystemId: "nobody"}, {SystemId: parent + region + "/clusters/demo"}} {
			if _, err := h.ReadState(t.Context(), iid, pmks.IID{}); !errors.Is(err, pmks.ErrNotFound) {
				t.Errorf("%s: %v", iid, err)
			}
		}
	})
}
