// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// latency is how long each call takes where steps are counted.
const latency = 40 * time.Millisecond

// fleet is an account with ready clusters of ready node groups.
func fleet(t testing.TB, clusters, groups int, o eks.Options) *eks.Server {
	t.Helper()
	s := eks.New(o)
	for i := range clusters {
		seed := core.Seed{Name: fmt.Sprintf("c%03d", i), Version: "1.33"}
		for j := range groups {
			seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{
				IId: pmks.IID{NameId: fmt.Sprintf("g%d", j)}, VMSpecName: "t3.medium",
				OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3,
			})
		}
		if err := s.Put(seed); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func newHandler(t testing.TB, s *eks.Server) *aws.Handler {
	t.Helper()
	return newHandlerWith(t, configFor(s))
}

func newHandlerWith(t testing.TB, cfg aws.Config) *aws.Handler {
	t.Helper()
	h, err := aws.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestBudget counts the calls of every operation: the fewest that the API of EKS
// allows, and how many of them come one after the other.
func TestBudget(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("aws")
	cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	plain := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "plain"}, VMSpecName: "t3.medium", DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 2}
	create, full := p.SampleRequest("new"), p.SampleNodeGroup("full")
	create.NodeGroupList = nil
	for _, test := range []struct {
		name     string
		clusters int
		groups   int
		do       func(context.Context, *aws.Handler) error
		want     map[string]int
		steps    int
	}{
		{"create-cluster", 0, 0, func(ctx context.Context, h *aws.Handler) error { _, err := h.CreateCluster(ctx, create); return err },
			map[string]int{"GetRole": 1, "DescribeSubnets": 1, "DescribeSecurityGroups": 1, "CreateCluster": 1}, 2},
		{"get-cluster-of-5-groups", 1, 5, func(ctx context.Context, h *aws.Handler) error { _, err := h.GetCluster(ctx, cluster); return err },
			map[string]int{"DescribeCluster": 1, "ListNodegroups": 1, "ListAddons": 1, "DescribeNodegroup": 5, "DescribeAutoScalingGroups": 1}, 3},
		{"get-cluster-of-no-groups", 1, 0, func(ctx context.Context, h *aws.Handler) error { _, err := h.GetCluster(ctx, cluster); return err },
			map[string]int{"DescribeCluster": 1, "ListNodegroups": 1, "ListAddons": 1}, 1},
		{"list-iid-of-100", 100, 0, func(ctx context.Context, h *aws.Handler) error { _, err := h.ListIID(ctx); return err },
			map[string]int{"ListClusters": 1}, 1},
		{"add-node-group", 1, 0, func(ctx context.Context, h *aws.Handler) error {
			_, err := h.AddNodeGroup(ctx, cluster, plain)
			return err
		},
			map[string]int{"DescribeCluster": 1, "GetRole": 1, "DescribeInstanceTypes": 1, "CreateNodegroup": 1}, 2},
		{"add-node-group-with-disk-type", 1, 0, func(ctx context.Context, h *aws.Handler) error {
			_, err := h.AddNodeGroup(ctx, cluster, full)
			return err
		},
			map[string]int{"DescribeCluster": 1, "GetRole": 1, "DescribeKeyPairs": 1, "CreateLaunchTemplate": 1, "CreateNodegroup": 1}, 3},
		{"remove-node-group", 1, 1, func(ctx context.Context, h *aws.Handler) error {
			_, err := h.RemoveNodeGroup(ctx, cluster, group)
			return err
		},
			map[string]int{"DeleteNodegroup": 1}, 1},
		{"delete-empty-cluster", 1, 0, func(ctx context.Context, h *aws.Handler) error { _, err := h.DeleteCluster(ctx, cluster); return err },
			// The Fargate profiles are looked for before anything is destroyed.
			map[string]int{"DescribeCluster": 1, "ListNodegroups": 1, "ListFargateProfiles": 1, "DescribeLaunchTemplates": 1, "DeleteCluster": 1}, 2},
		{"autoscaling-off", 1, 1, func(ctx context.Context, h *aws.Handler) error {
			_, err := h.SetNodeGroupAutoScaling(ctx, cluster, group, false)
			return err
		},
			map[string]int{"DescribeNodegroup": 1, "DescribeAutoScalingGroups": 1, "DeleteTags": 1, "TagResource": 1}, 3},
		{"change-scaling", 1, 1, func(ctx context.Context, h *aws.Handler) error {
			_, err := h.ChangeNodeGroupScaling(ctx, cluster, group, 3, 1, 4)
			return err
		},
			map[string]int{"DescribeNodegroup": 1, "DescribeAutoScalingGroups": 1, "UpdateNodegroupConfig": 1}, 2},
		{"change-scaling-to-the-same", 1, 1, func(ctx context.Context, h *aws.Handler) error {
			_, err := h.ChangeNodeGroupScaling(ctx, cluster, group, 2, 1, 3)
			return err
		},
			map[string]int{"DescribeNodegroup": 1, "DescribeAutoScalingGroups": 1}, 1},
		{"upgrade-of-5-groups", 1, 5, func(ctx context.Context, h *aws.Handler) error {
			_, err := h.UpgradeCluster(ctx, cluster, "1.34")
			return err
		},
			map[string]int{"DescribeCluster": 1, "ListNodegroups": 1, "DescribeNodegroup": 5, "UpdateClusterVersion": 1}, 3},
		{"list-versions", 0, 0, func(ctx context.Context, h *aws.Handler) error { _, err := h.ListVersions(ctx); return err },
			map[string]int{"DescribeClusterVersions": 1}, 1},
		{"token", 1, 0, func(ctx context.Context, h *aws.Handler) error {
			_, err := h.GenerateClusterToken(ctx, cluster)
			return err
		},
			map[string]int{}, 0}, // it is signed here
		{"read-state", 1, 1, func(ctx context.Context, h *aws.Handler) error {
			_, err := h.ReadState(ctx, cluster, pmks.IID{})
			return err
		},
			map[string]int{"DescribeCluster": 1}, 1},
		{"read-state-of-a-node-group", 1, 1, func(ctx context.Context, h *aws.Handler) error {
			_, err := h.ReadState(ctx, cluster, group)
			return err
		},
			map[string]int{"DescribeNodegroup": 1}, 1},
		{"last-operation-without-an-update", 1, 1, func(ctx context.Context, h *aws.Handler) error {
			_, err := h.LastOperation(ctx, cluster, pmks.IID{})
			return err
		},
			map[string]int{"DescribeCluster": 1, "ListUpdates": 1}, 1},
		{"change-scaling-and-its-record", 1, 1, func(ctx context.Context, h *aws.Handler) error {
			if _, err := h.ChangeNodeGroupScaling(ctx, cluster, group, 3, 1, 4); err != nil {
				return err
			}
			_, err := h.LastOperation(ctx, cluster, group)
			return err
		},
			map[string]int{"DescribeNodegroup": 2, "DescribeAutoScalingGroups": 1, "UpdateNodegroupConfig": 1, "ListUpdates": 1, "DescribeUpdate": 1}, 4},
		{"bad-request", 0, 0, func(ctx context.Context, h *aws.Handler) error {
			if _, err := h.CreateCluster(ctx, pmks.ClusterInfo{}); err == nil {
				return fmt.Errorf("an empty request was accepted")
			}
			return nil
		}, map[string]int{}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, test.clusters, test.groups, eks.Options{Latency: latency})
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

// TestBudget_ListCluster lists 100 clusters with 5 node groups each: two calls for
// each cluster, one for each group, and the Auto Scaling groups a hundred at a
// time, at most eight calls at once. The time is virtual, so it is a count of
// steps.
func TestBudget_ListCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 100, 5, eks.Options{Latency: latency})
		h := newHandler(t, s)
		start := time.Now()
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 100 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		took := time.Since(start)
		want := map[string]int{"ListClusters": 1, "DescribeCluster": 100, "ListNodegroups": 100, "DescribeNodegroup": 500, "DescribeAutoScalingGroups": 5}
		if got := s.Counts(); !maps.Equal(got, want) {
			t.Errorf("calls %v, want %v", got, want)
		}
		calls := s.Count("")
		if n := s.MaxConcurrent(); n > 8 {
			t.Errorf("%d calls at once, want at most 8", n)
		}
		if most := time.Duration(float64(calls) / 8 * 1.5 * float64(latency)); took > most {
			t.Errorf("%d calls took %s, want at most %s", calls, took, most)
		}
		t.Logf("%d calls, at most %d at once, %s with %s each; one after the other %s",
			calls, s.MaxConcurrent(), took, latency, time.Duration(calls)*latency)
		for _, info := range list {
			if len(info.NodeGroupList) != 5 || len(info.NodeGroupList[0].Nodes) != 2 {
				t.Fatalf("%s has %d groups", info.IId, len(info.NodeGroupList))
			}
		}
	})
}
