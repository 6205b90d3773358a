// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestKinds_pools: pools that pmks did not make are shown as they are, and changed
// only where one size is what they have.
func TestKinds_pools(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seed := with(seedOf("system", "spot", "win", "single"), map[string]string{
			aks.AttrSpotPools: "spot", aks.AttrWindowsPools: "win", aks.AttrMachinesPools: "single", aks.AttrUserPools: "single"})
		h, p, s := tapped(t, seed, nil)
		info, err := h.GetCluster(t.Context(), clusterC)
		if err != nil {
			t.Fatal(err)
		}
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		want := map[string]map[string]string{
			"system": {"Priority": "", "OSType": "", "Type": ""},
			"spot":   {"Priority": "Spot", "OSType": "", "Type": "", "Mode": "User"},
			"win":    {"Priority": "", "OSType": "Windows", "Type": "", "Mode": "User"},
			"single": {"Priority": "", "OSType": "", "Type": "VirtualMachines"},
		}
		for _, groups := range [][]pmks.NodeGroupInfo{info.NodeGroupList, list[0].NodeGroupList} {
			for _, g := range groups {
				for key, text := range want[g.IId.NameId] {
					if got := factIn(g.KeyValueList, key); got != text {
						t.Errorf("%s: %s is %q, want %q", g.IId.NameId, key, got, text)
					}
				}
				if g.Status != pmks.NodeGroupActive || g.DesiredNodeSize != 2 || len(g.Nodes) != 2 || g.VMSpecName != "Standard_D4s_v5" || g.MaxNodeSize < 2 {
					t.Errorf("%s is %s with %d of %d nodes of %q, up to %d", g.IId.NameId, g.Status, len(g.Nodes), g.DesiredNodeSize, g.VMSpecName, g.MaxNodeSize)
				}
				if g.IId.NameId == "win" && strings.Contains(g.ImageIID.NameId, "Ubuntu") {
					t.Errorf("Windows runs %s", g.ImageIID.NameId)
				}
			}
		}
		single := pmks.IID{NameId: "single"}
		p.reset()
		if _, err := h.ChangeNodeGroupScaling(t.Context(), clusterC, single, 3, 1, 4); pmks.CodeOf(err) != pmks.CodeUnsupported {
			t.Errorf("ChangeNodeGroupScaling of single machines: %v", err)
		}
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), clusterC, single, true); pmks.CodeOf(err) != pmks.CodeUnsupported {
			t.Errorf("SetNodeGroupAutoScaling of single machines: %v", err)
		}
		if len(p.bodies) > 0 {
			t.Errorf("sent %q", p.bodies)
		}
		for _, name := range []string{"spot", "win"} {
			iid := pmks.IID{NameId: name}
			if g, err := h.ChangeNodeGroupScaling(t.Context(), clusterC, iid, 3, 1, 4); err != nil || g.DesiredNodeSize != 3 {
				t.Errorf("ChangeNodeGroupScaling of %s: %d, %v", name, g.DesiredNodeSize, err)
			}
			g, err := pmks.WaitNodeGroupActive(t.Context(), h, clusterC, iid, pmks.WithInterval(time.Minute))
			if err != nil || len(g.Nodes) != 3 || factIn(g.KeyValueList, "Mode") != "User" || factIn(g.KeyValueList, "Priority") != want[name]["Priority"] {
				t.Errorf("%s afterwards: %d nodes, %v, %v", name, len(g.Nodes), g.KeyValueList, err)
			}
		}
		if _, err := h.RemoveNodeGroup(t.Context(), clusterC, single); err != nil {
			t.Errorf("RemoveNodeGroup of single machines: %v", err)
		}
		if n := s.Count("AgentPools_Delete"); n != 1 {
			t.Errorf("%d deletions", n)
		}
	})
}

// TestKinds_singleMachines: a pool of single machines has a size for each kind in it,
// and no count.
func TestKinds_singleMachines(t *testing.T) {
	t.Parallel()
	h, p, s := tapped(t, seedOf("g0"), nil)
	p.next = edited{s.Transport(), ending(http.MethodGet, "/managedClusters/c"), func(c map[string]any) {
		pool := member(t, c, "properties").(map[string]any)["agentPoolProfiles"].([]any)[0].(map[string]any)
		delete(pool, "count")
		delete(pool, "vmSize")
		pool["type"] = "VirtualMachines"
		pool["virtualMachinesProfile"] = map[string]any{"scale": map[string]any{"manual": []any{
			map[string]any{"size": "Standard_D4s_v5", "count": 2}, nil, map[string]any{"size": "Standard_E8s_v5", "count": 3}}}}
	}}
	state, err := h.ReadState(t.Context(), clusterC, poolG0)
	if err != nil || state.DesiredNodeSize != 5 {
		t.Errorf("the size is %d, %v", state.DesiredNodeSize, err)
	}
	info, err := h.GetCluster(t.Context(), clusterC)
	if err != nil {
		t.Fatal(err)
	}
	if g := info.NodeGroupList[0]; g.DesiredNodeSize != 5 || g.VMSpecName != "Standard_D4s_v5" || factIn(g.KeyValueList, "VMSizes") != "Standard_D4s_v5=2,Standard_E8s_v5=3" {
		t.Errorf("shown as %d of %q, %v", g.DesiredNodeSize, g.VMSpecName, g.KeyValueList)
	}
}

// TestKinds_clusters: stopped, private and Automatic clusters.
func TestKinds_clusters(t *testing.T) {
	t.Parallel()
	more := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "more"}, VMSpecName: "Standard_D4s_v5", DesiredNodeSize: 1}
	for _, test := range []struct {
		attr  string
		check func(*testing.T, *azure.Handler, pmks.ClusterInfo)
	}{
		{aks.AttrStopped, func(t *testing.T, h *azure.Handler, info pmks.ClusterInfo) {
			if info.Status != pmks.ClusterInactive || !info.StatusFinal || factIn(info.KeyValueList, pmks.KeyNativeStatus) != "Stopped" {
				t.Errorf("it is %s, final=%t, %v", info.Status, info.StatusFinal, info.KeyValueList)
			}
			for name, err := range map[string]error{
				"AddNodeGroup":   second(h.AddNodeGroup(t.Context(), clusterC, more)),
				"UpgradeCluster": second(h.UpgradeCluster(t.Context(), clusterC, "1.34")),
			} {
				if pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
					t.Errorf("%s: %v", name, err)
				}
			}
			if _, err := pmks.WaitClusterActive(t.Context(), h, clusterC, pmks.WithInterval(time.Minute)); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
				t.Errorf("WaitClusterActive: %v", err)
			}
		}},
		{aks.AttrPrivate, func(t *testing.T, _ *azure.Handler, info pmks.ClusterInfo) {
			if info.Status != pmks.ClusterActive || !strings.Contains(info.AccessInfo.Endpoint, ".privatelink.") || factIn(info.KeyValueList, "APIServer") != "private" {
				t.Errorf("it is %s at %s, %v", info.Status, info.AccessInfo.Endpoint, info.KeyValueList)
			}
		}},
		{aks.AttrAutomatic, func(t *testing.T, _ *azure.Handler, info pmks.ClusterInfo) {
			if info.Status != pmks.ClusterActive || factIn(info.KeyValueList, "SKU") != "Automatic" || factIn(info.KeyValueList, "NodeProvisioning") != "Auto" {
				t.Errorf("it is %s, %v", info.Status, info.KeyValueList)
			}
			if info.AccessInfo.Kubeconfig == "" || info.AccessInfo.ExpiresAt.IsZero() {
				t.Errorf("without local accounts the kubeconfig has no token: unread %q", unreadOf(info.KeyValueList))
			}
		}},
	} {
		t.Run(test.attr, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, _, _ := tapped(t, with(seedOf("g0"), map[string]string{test.attr: "yes"}), nil)
				info, err := h.GetCluster(t.Context(), clusterC)
				if err != nil {
					t.Fatal(err)
				}
				test.check(t, h, info)
				if err := pmks.Teardown(t.Context(), h, clusterC, pmks.WithInterval(time.Minute)); err != nil {
					t.Errorf("Teardown: %v", err)
				}
			})
		})
	}
}

func second[T any](_ T, err error) error { return err }

// TestReadState: what one look tells.
func TestReadState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _, s := tapped(t, seedOf("g0", "g1"), nil)
		got, err := h.ReadState(t.Context(), clusterC, pmks.IID{})
		if err != nil || got.Status != pmks.ClusterActive || got.Version != "1.33.6" || got.Cluster.NameId != "c" || !got.NodeGroup.IsZero() || got.DesiredNodeSize != -1 || got.NodeCount != -1 {
			t.Errorf("the cluster: %+v, %v", got, err)
		}
		got, err = h.ReadState(t.Context(), clusterC, poolG0)
		if err != nil || got.Status != pmks.ClusterActive || got.Version != "1.33.6" || !strings.HasSuffix(got.NodeGroup.SystemId, "/managedClusters/c/agentPools/g0") || got.DesiredNodeSize != 2 || got.NodeCount != -1 {
			t.Errorf("the node group: %+v, %v", got, err)
		}
		if err := s.Force("c", "g1", profile.UpdateFailed, "SkuNotAvailable: none left"); err != nil {
			t.Fatal(err)
		}
		got, err = h.ReadState(t.Context(), clusterC, pmks.IID{NameId: "g1"})
		if err != nil || got.Status != pmks.ClusterInactive || !got.StatusFinal || !strings.Contains(got.StatusReason, "none left") {
			t.Errorf("the failed node group: %+v, %v", got, err)
		}
		for _, iids := range [][2]pmks.IID{{{NameId: "nobody"}, {}}, {clusterC, {NameId: "nobody"}}, {{NameId: "nobody"}, {NameId: "g0"}}} {
			if _, err := h.ReadState(t.Context(), iids[0], iids[1]); pmks.CodeOf(err) != pmks.CodeNotFound {
				t.Errorf("%v: %v", iids, err)
			}
			if _, err := h.LastOperation(t.Context(), iids[0], iids[1]); pmks.CodeOf(err) != pmks.CodeNotFound {
				t.Errorf("LastOperation of %v: %v", iids, err)
			}
		}
	})
}

// TestLastOperation: the outcome of what was done last, with Azure's own code.
func TestLastOperation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _, s := tapped(t, seedOf("g0", "g1"), nil)
		if op, err := h.LastOperation(t.Context(), clusterC, pmks.IID{}); err != nil || !op.Done || op.Err != nil {
			t.Errorf("at rest: %+v, %v", op, err)
		}
		cancel := s.Inject(core.Fault{Kind: core.FaultFailLater, Op: "AgentPools_CreateOrUpdate", Reason: "AllocationFailed: no capacity left", Times: 1})
		if _, err := h.ChangeNodeGroupScaling(t.Context(), clusterC, poolG0, 3, 1, 4); err != nil {
			t.Fatal(err)
		}
		cancel()
		if op, err := h.LastOperation(t.Context(), clusterC, poolG0); err != nil || op.Done || op.Err != nil || op.Kind != "Scaling" {
			t.Errorf("under way: %+v, %v", op, err)
		}
		_, waited := pmks.WaitNodeGroupActive(t.Context(), h, clusterC, poolG0, pmks.WithInterval(time.Minute))
		op, err := h.LastOperation(t.Context(), clusterC, poolG0)
		if err != nil || !op.Done || pmks.CodeOf(op.Err) != pmks.CodeUnavailable || !strings.Contains(op.Err.Error(), "no capacity left") || !strings.Contains(op.Err.Error(), "AllocationFailed") {
			t.Errorf("failed: %+v, %v", op, err)
		}
		if waited == nil || !strings.Contains(waited.Error(), "no capacity left") {
			t.Errorf("the wait: %v", waited)
		}
		if op, err := h.LastOperation(t.Context(), clusterC, pmks.IID{NameId: "g1"}); err != nil || op.Err != nil {
			t.Errorf("its sibling: %+v, %v", op, err)
		}
	})
}
