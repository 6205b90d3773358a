// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// latency is how long each call takes where steps are counted.
const latency = 40 * time.Millisecond

// fleet is a subscription with ready clusters of ready node groups, each like the
// sample.
func fleet(t testing.TB, clusters, groups int, o aks.Options) *aks.Server {
	t.Helper()
	s := aks.New(o)
	for i := range clusters {
		seed := core.Seed{Name: fmt.Sprintf("c%03d", i), Version: "1.33.6"}
		for j := range groups {
			seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{
				IId: pmks.IID{NameId: fmt.Sprintf("g%d", j)}, VMSpecName: "Standard_D4s_v5",
				OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3,
			})
		}
		if err := s.Put(seed); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func newHandler(t testing.TB, s *aks.Server) *azure.Handler {
	t.Helper()
	return newHandlerWith(t, configFor(s))
}

func newHandlerWith(t testing.TB, cfg azure.Config) *azure.Handler {
	t.Helper()
	h, err := azure.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// signedIn is a handler that has its token already, and a simulator that counts
// from there.
func signedIn(t testing.TB, s *aks.Server) *azure.Handler {
	t.Helper()
	h := newHandler(t, s)
	if _, err := h.ListIID(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Reset()
	return h
}

// TestBudget counts the calls of every operation: the fewest that AKS allows, and
// how many of them come one after the other.
func TestBudget(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("azure")
	cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	create, plain := p.SampleRequest("new"), p.SampleNodeGroup("plain")
	plain.KeyPairIID = pmks.IID{}
	for _, test := range []struct {
		name     string
		clusters int
		groups   int
		do       func(context.Context, *azure.Handler) error
		want     map[string]int
		steps    int
	}{
		{"create-cluster", 0, 0, func(ctx context.Context, h *azure.Handler) error { _, err := h.CreateCluster(ctx, create); return err },
			map[string]int{"VirtualNetworks_Get": 1, "NetworkSecurityGroups_Get": 1, "SshPublicKeys_Get": 1,
				"ManagedClusters_ListKubernetesVersions": 1, "ManagedClusters_CreateOrUpdate": 1}, 2},
		{"get-cluster-of-5-groups", 1, 5, func(ctx context.Context, h *azure.Handler) error { _, err := h.GetCluster(ctx, cluster); return err },
			map[string]int{"ManagedClusters_Get": 1, "Machines_List": 5, "ManagedClusters_ListClusterAdminCredentials": 1}, 2},
		{"list-iid-of-100", 100, 1, func(ctx context.Context, h *azure.Handler) error { _, err := h.ListIID(ctx); return err },
			map[string]int{"ManagedClusters_ListByResourceGroup": 1}, 1},
		{"add-node-group", 1, 1, func(ctx context.Context, h *azure.Handler) error {
			_, err := h.AddNodeGroup(ctx, cluster, plain)
			return err
		}, map[string]int{"ManagedClusters_Get": 1, "AgentPools_CreateOrUpdate": 1}, 2},
		{"remove-node-group", 1, 2, func(ctx context.Context, h *azure.Handler) error {
			_, err := h.RemoveNodeGroup(ctx, cluster, group)
			return err
		}, map[string]int{"ManagedClusters_Get": 1, "AgentPools_Delete": 1}, 2},
		{"delete-cluster", 1, 3, func(ctx context.Context, h *azure.Handler) error { _, err := h.DeleteCluster(ctx, cluster); return err },
			map[string]int{"ManagedClusters_Delete": 1}, 1},
		{"autoscaling-off", 1, 1, func(ctx context.Context, h *azure.Handler) error {
			_, err := h.SetNodeGroupAutoScaling(ctx, cluster, group, false)
			return err
		}, map[string]int{"AgentPools_Get": 1, "AgentPools_CreateOrUpdate": 1}, 2},
		{"autoscaling-that-is-on", 1, 1, func(ctx context.Context, h *azure.Handler) error {
			_, err := h.SetNodeGroupAutoScaling(ctx, cluster, group, true)
			return err
		}, map[string]int{"AgentPools_Get": 1}, 1},
		{"change-scaling", 1, 1, func(ctx context.Context, h *azure.Handler) error {
			_, err := h.ChangeNodeGroupScaling(ctx, cluster, group, 3, 1, 4)
			return err
		}, map[string]int{"AgentPools_Get": 1, "Machines_List": 1, "AgentPools_CreateOrUpdate": 1}, 2},
		{"change-scaling-to-the-same", 1, 1, func(ctx context.Context, h *azure.Handler) error {
			_, err := h.ChangeNodeGroupScaling(ctx, cluster, group, 2, 1, 3)
			return err
		}, map[string]int{"AgentPools_Get": 1, "Machines_List": 1}, 1},
		{"state-of-cluster", 1, 5, func(ctx context.Context, h *azure.Handler) error {
			_, err := h.ReadState(ctx, cluster, pmks.IID{})
			return err
		},
			map[string]int{"ManagedClusters_Get": 1}, 1},
		{"state-of-node-group", 1, 5, func(ctx context.Context, h *azure.Handler) error {
			_, err := h.ReadState(ctx, cluster, group)
			return err
		},
			map[string]int{"ManagedClusters_Get": 1}, 1},
		{"last-operation-of-cluster", 1, 5, func(ctx context.Context, h *azure.Handler) error {
			_, err := h.LastOperation(ctx, cluster, pmks.IID{})
			return err
		}, map[string]int{"ManagedClusters_Get": 1}, 1},
		{"last-operation-of-node-group", 1, 5, func(ctx context.Context, h *azure.Handler) error {
			_, err := h.LastOperation(ctx, cluster, group)
			return err
		}, map[string]int{"ManagedClusters_Get": 1}, 1},
		{"upgrade-of-5-groups", 1, 5, func(ctx context.Context, h *azure.Handler) error {
			_, err := h.UpgradeCluster(ctx, cluster, "1.34")
			return err
		}, map[string]int{"ManagedClusters_Get": 1, "ManagedClusters_GetUpgradeProfile": 1, "ManagedClusters_CreateOrUpdate": 1}, 2},
		{"list-versions", 0, 0, func(ctx context.Context, h *azure.Handler) error { _, err := h.ListVersions(ctx); return err },
			map[string]int{"ManagedClusters_ListKubernetesVersions": 1}, 1},
		{"check-cluster", 0, 0, func(ctx context.Context, h *azure.Handler) error { return h.CheckCluster(ctx, create) },
			map[string]int{"VirtualNetworks_Get": 1, "NetworkSecurityGroups_Get": 1, "SshPublicKeys_Get": 1,
				"ManagedClusters_ListKubernetesVersions": 1, "ManagedClusters_Get": 1}, 1},
		{"bad-request", 0, 0, func(ctx context.Context, h *azure.Handler) error {
			if _, err := h.CreateCluster(ctx, pmks.ClusterInfo{}); err == nil {
				return errors.New("an empty request was accepted")
			}
			return nil
		}, map[string]int{}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, test.clusters, test.groups, aks.Options{Latency: latency})
				h := signedIn(t, s)
				start := time.Now()
				if err := test.do(t.Context(), h); err != nil {
					t.Fatal(err)
				}
				if got := s.Counts(); !maps.Equal(got, test.want) {
					t.Errorf("calls %v, want %v", got, test.want)
				}
				if steps := int(time.Since(start) / latency); steps != test.steps {
					t.Errorf("%d calls one after the other, want %d", steps, test.steps)
				}
			})
		})
	}
}

// TestBudget_ListCluster lists 8 clusters with 5 node groups each, as many as AKS lets
// be read at once: one call for all of them, and one for each group for its nodes, at
// most six at once: a listing leaves room for others. The time is virtual, so it is a
// count of steps.
func TestBudget_ListCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 8, 5, aks.Options{Latency: latency})
		h := signedIn(t, s)
		start := time.Now()
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 8 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		took := time.Since(start)
		want := map[string]int{"ManagedClusters_ListByResourceGroup": 1, "Machines_List": 40}
		if got := s.Counts(); !maps.Equal(got, want) {
			t.Errorf("calls %v, want %v", got, want)
		}
		if n := s.MaxConcurrent(); n > 6 {
			t.Errorf("%d calls at once, want at most 6", n)
		}
		calls := s.Count("")
		if most := time.Duration(float64(calls) / 6 * 1.5 * float64(latency)); took > most {
			t.Errorf("%d calls took %s, want at most %s", calls, took, most)
		}
		for _, info := range list {
			if len(info.NodeGroupList) != 5 || len(info.NodeGroupList[0].Nodes) != 2 {
				t.Fatalf("%s has %d groups", info.IId, len(info.NodeGroupList))
			}
		}
	})
}
