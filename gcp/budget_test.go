// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// latency is how long each call takes where steps are counted.
const latency = 40 * time.Millisecond

// listInstances is the call that reads an instance group.
const listInstances = "instanceGroupManagers.listManagedInstances"

// fleet is a project with ready clusters of ready node groups.
func fleet(t testing.TB, clusters, groups int, o gke.Options) *gke.Server {
	t.Helper()
	s := gke.New(o)
	for i := range clusters {
		seed := core.Seed{Name: fmt.Sprintf("c%03d", i), Version: "1.33.5-gke.2072000"}
		for j := range groups {
			seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{
				IId: pmks.IID{NameId: fmt.Sprintf("g%d", j)}, VMSpecName: "e2-standard-4",
				OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3,
			})
		}
		if err := s.Put(seed); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func newHandler(t testing.TB, s *gke.Server) *gcp.Handler {
	t.Helper()
	return newHandlerWith(t, configFor(s))
}

func newHandlerWith(t testing.TB, cfg gcp.Config) *gcp.Handler {
	t.Helper()
	h, err := gcp.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// TestBudget counts the calls of every operation: the fewest that GKE allows, and
// how many of them come one after the other. A read of a cluster lists the
// operations beside it: until an accepted one has begun, the cluster itself does
// not show it. A creation lists the clusters beside its other look-ups: a name must
// be free in the whole region.
func TestBudget(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("gcp")
	cluster, group := pmks.IID{NameId: "c000", SystemId: "c000"}, pmks.IID{NameId: "g0"}
	byName := pmks.IID{NameId: "c000"}
	create, plain := p.SampleRequest("new"), p.SampleNodeGroup("plain")
	for _, test := range []struct {
		name     string
		clusters int
		groups   int
		do       func(context.Context, *gcp.Handler) error
		want     map[string]int
		steps    int
	}{
		{"create-cluster", 0, 0, func(ctx context.Context, h *gcp.Handler) error { _, err := h.CreateCluster(ctx, create); return err },
			map[string]int{"GetServerConfig": 1, "networks.get": 1, "subnetworks.get": 1, "ListClusters": 1, "CreateCluster": 1}, 2},
		{"get-cluster-of-5-groups", 1, 5, func(ctx context.Context, h *gcp.Handler) error { _, err := h.GetCluster(ctx, cluster); return err },
			map[string]int{"GetCluster": 1, "ListOperations": 1, listInstances: 5}, 2},
		{"get-cluster-by-name", 1, 5, func(ctx context.Context, h *gcp.Handler) error { _, err := h.GetCluster(ctx, byName); return err },
			map[string]int{"ListClusters": 1, "ListOperations": 1, listInstances: 5}, 2},
		{"read-state", 1, 1, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.ReadState(ctx, cluster, pmks.IID{})
			return err
		}, map[string]int{"GetCluster": 1}, 1},
		{"read-state-by-name", 1, 1, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.ReadState(ctx, byName, pmks.IID{})
			return err
		}, map[string]int{"ListClusters": 1}, 1},
		{"read-state-of-group", 1, 2, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.ReadState(ctx, cluster, group)
			return err
		}, map[string]int{"GetNodePool": 1}, 1},
		{"read-state-of-group-by-name", 1, 2, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.ReadState(ctx, byName, group)
			return err
		}, map[string]int{"ListClusters": 1}, 1},
		{"last-operation-that-is-none", 1, 1, func(ctx context.Context, h *gcp.Handler) error {
			if _, err := h.LastOperation(ctx, cluster, pmks.IID{}); pmks.CodeOf(err) != pmks.CodeNotFound {
				return fmt.Errorf("got %v", err)
			}
			return nil
		}, map[string]int{"ListOperations": 1}, 1},
		{"list-iid-of-100", 100, 1, func(ctx context.Context, h *gcp.Handler) error { _, err := h.ListIID(ctx); return err },
			map[string]int{"ListClusters": 1}, 1},
		{"add-node-group", 1, 1, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.AddNodeGroup(ctx, cluster, plain)
			return err
		}, map[string]int{"GetCluster": 1, "CreateNodePool": 1}, 2},
		{"remove-node-group", 1, 2, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.RemoveNodeGroup(ctx, cluster, group)
			return err
		}, map[string]int{"DeleteNodePool": 1}, 1},
		{"remove-node-group-by-name", 1, 2, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.RemoveNodeGroup(ctx, byName, group)
			return err
		}, map[string]int{"ListClusters": 1, "DeleteNodePool": 1}, 2},
		{"delete-cluster-by-name", 1, 3, func(ctx context.Context, h *gcp.Handler) error { _, err := h.DeleteCluster(ctx, byName); return err },
			map[string]int{"ListClusters": 1, "DeleteCluster": 1}, 2},
		{"delete-cluster", 1, 3, func(ctx context.Context, h *gcp.Handler) error { _, err := h.DeleteCluster(ctx, cluster); return err },
			map[string]int{"DeleteCluster": 1}, 1},
		{"autoscaling-that-is-on", 1, 1, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.SetNodeGroupAutoScaling(ctx, cluster, group, true)
			return err
		}, map[string]int{"GetCluster": 1, listInstances: 1}, 2},
		{"change-size", 1, 1, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.ChangeNodeGroupScaling(ctx, cluster, group, 3, 1, 3)
			return err
		}, map[string]int{"GetCluster": 1, listInstances: 1, "SetNodePoolSize": 1}, 3},
		{"change-bounds", 1, 1, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.ChangeNodeGroupScaling(ctx, cluster, group, 2, 1, 4)
			return err
		}, map[string]int{"GetCluster": 1, listInstances: 1, "SetNodePoolAutoscaling": 1}, 3},
		{"change-scaling-to-the-same", 1, 1, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.ChangeNodeGroupScaling(ctx, cluster, group, 2, 1, 3)
			return err
		}, map[string]int{"GetCluster": 1, listInstances: 1}, 2},
		{"upgrade-of-5-groups", 1, 5, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.UpgradeCluster(ctx, cluster, "1.33.5-gke.2072000")
			return err
		}, map[string]int{"GetCluster": 1, "ListOperations": 1, "GetServerConfig": 1}, 1},
		{"list-versions", 0, 0, func(ctx context.Context, h *gcp.Handler) error { _, err := h.ListVersions(ctx); return err },
			map[string]int{"GetServerConfig": 1}, 1},
		{"token", 1, 1, func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.GenerateClusterToken(ctx, cluster)
			return err
		}, map[string]int{"GetCluster": 1}, 1},
		{"bad-request", 0, 0, func(ctx context.Context, h *gcp.Handler) error {
			if _, err := h.CreateCluster(ctx, pmks.ClusterInfo{}); err == nil {
				return errors.New("an empty request was accepted")
			}
			return nil
		}, map[string]int{}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, test.clusters, test.groups, gke.Options{Latency: latency})
				h := newHandler(t, s)
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

// TestBudget_ListCluster lists 90 clusters with 5 node groups each: one call for all
// of them beside one for the operations, and one for each instance group, at most
// six at once, which leaves room for others, and no faster than Google takes reads of
// instances: a hundred at once and ten a second. The time is virtual.
func TestBudget_ListCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 90, 5, gke.Options{Latency: latency})
		h := newHandler(t, s)
		start := time.Now()
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 90 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		took := time.Since(start)
		want := map[string]int{"ListClusters": 1, "ListOperations": 1, listInstances: 450}
		if got := s.Counts(); !maps.Equal(got, want) {
			t.Errorf("calls %v, want %v", got, want)
		}
		if n := s.MaxConcurrent(); n > 6 {
			t.Errorf("%d calls at once, want at most 6", n)
		}
		if most := (450 - 100) * time.Second / 10 * 11 / 10; took > most {
			t.Errorf("450 reads of instances took %s, want at most %s", took, most)
		}
		for _, info := range list {
			if len(info.NodeGroupList) != 5 || len(info.NodeGroupList[0].Nodes) != 2 {
				t.Fatalf("%s has %d groups", info.IId, len(info.NodeGroupList))
			}
		}
	})
}
