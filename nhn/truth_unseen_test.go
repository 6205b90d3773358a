// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// TestTruth_nextWithoutMarker: a page that names a next one in a way that is not known
// is not the last.
func TestTruth_nextWithoutMarker(t *testing.T) {
	for _, next := range []string{`"https://x.example/v1/clusters?page=2"`, `"https://x.example/v1/clusters?limit=2&%zz"`, `{"href":"https://x.example/?marker=1"}`} {
		t.Run(next, func(t *testing.T) {
			inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, _ pmks.ClusterInfo) {
				h := altered(t, s, "/v1/clusters", func(body string) string {
					return strings.TrimSuffix(strings.TrimSpace(body), "}") + `,"next":` + next + `}`
				})
				if list, err := h.ListIID(t.Context()); err == nil {
					t.Errorf("a part of the list is told as the whole: %d clusters", len(list))
				}
			})
		})
	}
}

// TestTruth_allNICs: nodes are counted once, whatever number of addresses they have.
func TestTruth_allNICs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Quota: noQuota, Assumptions: nks.Assumptions{AddressesOfAllNICs: true}})
		h := newHandler(t, s)
		req := bench.SampleRequest("wide")
		req.Network.SubnetIIDs = append(req.Network.SubnetIIDs, pmks.IID{NameId: nks.SecondSubnet})
		info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		g := info.NodeGroupList[0]
		state, err := h.ReadState(t.Context(), info.IId, g.IId)
		if len(g.Nodes) != g.DesiredNodeSize || state.NodeCount != g.DesiredNodeSize {
			t.Errorf("%d nodes of %d, and %d by ReadState (%v): %v", len(g.Nodes), g.DesiredNodeSize, state.NodeCount, err, g.Nodes)
		}
	})
}

// TestTruth_stateIsNoArgument: what the state of the group forbids is FailedPrecondition.
func TestTruth_stateIsNoArgument(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(s *nks.Server) error
		call func(demo pmks.ClusterInfo) providertest.Call
	}{
		{"metric-autoscaler", func(s *nks.Server) error { return s.SetMetricAutoscaler("demo", "extra", true) }, func(demo pmks.ClusterInfo) providertest.Call {
			return providertest.SetNodeGroupAutoScaling(demo.IId, demo.NodeGroupList[1].IId, true)
		}},
		{"stopped-nodes", func(s *nks.Server) error { return s.StopNodes("demo", "extra", 1) }, func(demo pmks.ClusterInfo) providertest.Call {
			return providertest.SetNodeGroupAutoScaling(demo.IId, demo.NodeGroupList[1].IId, true)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, a := range []nks.Assumptions{{}, {Texts: nks.TextsOther}} {
				inBubble(t, nks.Options{Assumptions: a}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
					if err := test.set(s); err != nil {
						t.Fatal(err)
					}
					if err := test.call(demo)(t.Context(), h); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
						t.Errorf("got %v", err)
					}
				})
			}
		})
	}
}

// TestTruth_upgradeStopped is the same of the upgrade of a group.
func TestTruth_upgradeStopped(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		if _, err := h.UpgradeCluster(t.Context(), demo.IId, "v1.33.4"); err != nil {
			t.Fatal(err)
		}
		if err := atRest(demo.IId)(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		for _, g := range []string{"default-worker", "extra"} {
			if err := s.StopNodes("demo", g, 1); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.UpgradeCluster(t.Context(), demo.IId, "v1.33.4"); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("got %v", err)
		}
	})
}

// TestTruth_deleteUnseen: a cluster that this handler has just made, and that does not
// show yet, is not told to be gone.
func TestTruth_deleteUnseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Quota: noQuota, ReadLag: time.Minute})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("unseen"))
		if err != nil {
			t.Fatal(err)
		}
		gone, err := h.DeleteCluster(t.Context(), info.IId)
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		list, listErr := h.ListIID(t.Context())
		if (gone || pmks.CodeOf(err) == pmks.CodeNotFound) && len(list) > 0 {
			t.Errorf("DeleteCluster said %v, %v, and it is there (%v)", gone, err, listErr)
		}
	})
}

// TestTruth_removeUnseen is the same of a node group.
func TestTruth_removeUnseen(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		made, err := h.AddNodeGroup(t.Context(), demo.IId, bench.SampleNodeGroup("more"))
		if err != nil {
			t.Fatal(err)
		}
		for _, iid := range []pmks.IID{made.IId, {NameId: "more"}} {
			if gone, err := h.RemoveNodeGroup(t.Context(), demo.IId, iid); gone || pmks.CodeOf(err) == pmks.CodeNotFound {
				t.Errorf("%v: %v, %v", iid, gone, err)
			}
		}
	})
}

// TestTruth_removeLost: the removal is lost on the way while another group goes.
func TestTruth_removeLost(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		s.Inject(core.Fault{Op: "nodegroups.delete", Kind: core.FaultLoseRequest, Times: 3})
		gone, err := h.RemoveNodeGroup(t.Context(), demo.IId, demo.NodeGroupList[1].IId)
		if gone || err == nil {
			t.Errorf("got %v, %v", gone, err)
		}
	})
}
