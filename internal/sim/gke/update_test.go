// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// mutation is a call that changes something.
type mutation func(context.Context, *container.ClusterManagerClient) (*containerpb.Operation, error)

func size(pool string, n int32) mutation {
	return func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
		return c.SetNodePoolSize(ctx, &containerpb.SetNodePoolSizeRequest{Name: poolName("demo", pool), NodeCount: n})
	}
}

func autoscale(pool string, auto *containerpb.NodePoolAutoscaling) mutation {
	return func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
		return c.SetNodePoolAutoscaling(ctx, &containerpb.SetNodePoolAutoscalingRequest{Name: poolName("demo", pool), Autoscaling: auto})
	}
}

func master(version string) mutation {
	return func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
		return c.UpdateMaster(ctx, &containerpb.UpdateMasterRequest{Name: clusterName("demo"), MasterVersion: version})
	}
}

func nodes(pool, version, image string) mutation {
	return func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
		return c.UpdateNodePool(ctx, &containerpb.UpdateNodePoolRequest{Name: poolName("demo", pool), NodeVersion: version, ImageType: image})
	}
}

func updateCluster(u *containerpb.ClusterUpdate) mutation {
	return func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
		return c.UpdateCluster(ctx, &containerpb.UpdateClusterRequest{Name: clusterName("demo"), Update: u})
	}
}

func setLabels(m map[string]string, at string) mutation {
	return func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
		return c.SetLabels(ctx, &containerpb.SetLabelsRequest{Name: clusterName("demo"), ResourceLabels: m, LabelFingerprint: at})
	}
}

func deleteCluster(name string) mutation {
	return func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
		return c.DeleteCluster(ctx, &containerpb.DeleteClusterRequest{Name: clusterName(name)}, noRetry())
	}
}

func deletePool(pool string) mutation {
	return func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
		return c.DeleteNodePool(ctx, &containerpb.DeleteNodePoolRequest{Name: poolName("demo", pool)}, noRetry())
	}
}

func createPool(pool string) mutation {
	return func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
		return c.CreateNodePool(ctx, &containerpb.CreateNodePoolRequest{Parent: clusterName("demo"), NodePool: poolRequest(pool)})
	}
}

// TestServer_refusesUpdates: what cannot be done to a cluster of version 1.32 on
// STABLE that rests, with a pool ng1.
func TestServer_refusesUpdates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo", func(c *containerpb.Cluster) { c.InitialClusterVersion = "1.32" })
	at := w.get(t, "demo").GetLabelFingerprint()
	const bad, state, none = codes.InvalidArgument, codes.FailedPrecondition, codes.NotFound
	tests := []struct {
		name string
		call mutation
		code codes.Code
		text string
	}{
		{"size-negative", size("ng1", -1), bad, "must not be negative"},
		{"size-no-pool", size("none", 1), none, "Not found: projects/pmks-sim/zones/" + zoneA + "/clusters/demo/nodePools/none."},
		{"auto-unset", autoscale("ng1", nil), bad, "Autoscaling must be set."},
		{"auto-no-max", autoscale("ng1", &containerpb.NodePoolAutoscaling{Enabled: true}), bad, "cannot be both set to zero"},
		{"master-empty", master(""), bad, "master_version must be set"},
		{"master-unknown", master("1.99"), bad, `No valid versions with the prefix "1.99" found.`},
		{"master-channel", master("1.35"), bad, `must be one of "STABLE" channel supported versions`},
		{"master-down", master("1.31"), bad, "Master cannot be downgraded"},
		{"nodes-above", nodes("ng1", "1.33", "COS_CONTAINERD"), bad, "must not have a greater minor version than master version"},
		{"nodes-unknown", nodes("ng1", "1.2", "COS_CONTAINERD"), bad, "No valid versions"},
		{"nodes-image", nodes("ng1", "-", "NONE"), bad, "Unexpected image_type: NONE."},
		{"nodes-below", nodes("ng1", "1.31", "COS_CONTAINERD"), codes.Unimplemented, "not simulated"},
		{"nodes-nothing", nodes("ng1", "", ""), bad, "at least one field"},
		{"update-nil", updateCluster(nil), bad, "Update must be set."},
		{"update-none", updateCluster(&containerpb.ClusterUpdate{}), bad, "exactly one update, got 0"},
		{"update-two", updateCluster(&containerpb.ClusterUpdate{DesiredMasterVersion: "-", DesiredNodeVersion: "-"}), bad, "exactly one update, got 2"},
		{"update-other", updateCluster(&containerpb.ClusterUpdate{DesiredLoggingService: "none"}), codes.Unimplemented, "desired_logging_service"},
		{"update-no-pool", updateCluster(&containerpb.ClusterUpdate{DesiredNodePoolId: "none",
			DesiredNodePoolAutoscaling: &containerpb.NodePoolAutoscaling{}}), none, "nodePools/none"},
		{"labels-stale", setLabels(nil, "00000000"), state, "Labels could not be set due to fingerprint mismatch; try again with the proper fingerprint: " + at + "."},
		{"labels-empty", setLabels(nil, ""), state, "fingerprint mismatch"},
		{"labels-bad", setLabels(map[string]string{"A": ""}, at), bad, "resource_labels.key"},
		{"labels-reserved", setLabels(map[string]string{"goog-a": ""}, at), bad, "reserved"},
		{"delete-none", deleteCluster("none"), none, "Not found: projects/pmks-sim/zones/" + zoneA + "/clusters/none."},
		{"delete-no-pool", deletePool("none"), none, "nodePools/none."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for transport, c := range map[string]*container.ClusterManagerClient{"grpc": w.gke, "rest": w.rest} {
				_, err := tt.call(t.Context(), c)
				if codeOf(err) != tt.code || !strings.Contains(fmt.Sprint(err), tt.text) {
					t.Errorf("%s: got %v: %v\nwant %v: %s", transport, codeOf(err), err, tt.code, tt.text)
				}
			}
		})
	}
}

// TestServer_oneAtATime: what may start while something else is under way.
func TestServer_oneAtATime(t *testing.T) {
	t.Parallel()
	whole := map[string]mutation{
		"master": master("1.34"), "labels": setLabels(nil, fingerprint(map[string]string{"env": "test"})), "delete": deleteCluster("demo"),
	}
	onOne := map[string]mutation{
		"size": size("ng1", 1), "auto": autoscale("ng1", &containerpb.NodePoolAutoscaling{Enabled: true, MaxNodeCount: 3}), "gone": deletePool("ng1"),
	}
	onTwo := map[string]mutation{"size-2": size("ng2", 1), "gone-2": deletePool("ng2"), "new": createPool("ng3")}
	all := map[string]mutation{}
	for _, m := range []map[string]mutation{whole, onOne, onTwo} {
		for name, f := range m {
			all[name] = f
		}
	}
	for first, start := range all {
		for second, then := range all {
			// Repeating a deletion of a pool is refused as well.
			_, w1 := whole[first]
			_, w2 := whole[second]
			_, o1 := onOne[first]
			_, o2 := onOne[second]
			// Three of them are on two pools: ng2 and ng3.
			same := !w1 && !w2 && o1 == o2 && (first == "new") == (second == "new")
			busy := w1 || w2 || same
			t.Run(first+"/"+second, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.create(t, "demo", func(c *containerpb.Cluster) { c.NodePools = append(c.NodePools, poolRequest("ng2")) })
				op := wiretest.OK(start(t.Context(), w.gke))(t)
				for range 2 { // pending, then running
					_, err := then(t.Context(), w.gke)
					if !busy {
						if err != nil {
							t.Fatalf("refused: %v", err)
						}
						return
					}
					switch code := codeOf(err); {
					case code == codes.AlreadyExists && second == "new":
					case code != codes.FailedPrecondition || !strings.Contains(err.Error(), op.GetName()):
						t.Errorf("got %v, want FAILED_PRECONDITION with %s", err, op.GetName())
					case reasonOf(err) != "CLUSTER_ALREADY_HAS_OPERATION":
						t.Errorf("the reason is %q", reasonOf(err))
					}
					w.clock.Add(5 * time.Second)
				}
			})
		}
	}
}

// TestServer_refusesByState: what is taken in which state, without an operation in
// the way.
func TestServer_refusesByState(t *testing.T) {
	t.Parallel()
	for _, state := range []profile.State{profile.Creating, profile.Updating, profile.Deleting, profile.CreateFailed, profile.DeleteFailed} {
		t.Run(state.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			wiretest.Must(t, w.Put(core.Seed{Name: "demo", State: state, Groups: []pmks.NodeGroupInfo{seedGroup("ng1")}}))
			for name, f := range map[string]mutation{"size": size("ng1", 1), "new": createPool("ng2"), "master": master("1.34")} {
				if _, err := f(t.Context(), w.gke); codeOf(err) != codes.FailedPrecondition {
					t.Errorf("%s: got %v", name, err)
				}
			}
			_, err := deleteCluster("demo")(t.Context(), w.gke)
			failed := state == profile.CreateFailed || state == profile.DeleteFailed
			if want := map[bool]codes.Code{true: codes.OK, false: codes.FailedPrecondition}[failed]; codeOf(err) != want {
				t.Errorf("delete: got %v, want %v", err, want)
			}
		})
	}
}

func seedGroup(name string) pmks.NodeGroupInfo {
	p, _ := profile.Get("gcp")
	return p.SampleNodeGroup(name)
}

// TestServer_upgrades: what an upgrade that is accepted leads to.
func TestServer_upgrades(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo", func(c *containerpb.Cluster) { c.InitialClusterVersion = "1.31" })
	if got := w.get(t, "demo"); got.GetReleaseChannel().GetChannel() != stable || got.GetInitialClusterVersion() != "1.31.14-gke.1149000" {
		t.Fatalf("it begins at %s on %s", got.GetInitialClusterVersion(), got.GetReleaseChannel())
	}
	if _, err := master("1.33")(t.Context(), w.gke); codeOf(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "more than one minor") {
		t.Errorf("two minors at once: %v", err)
	}
	for _, step := range []struct {
		call          mutation
		master, nodes string
	}{
		{master("1.32"), "1.32.11-gke.1038000", "1.31.14-gke.1149000"},
		{master("1.32"), "1.32.11-gke.1038000", "1.31.14-gke.1149000"}, // made anew
		{updateCluster(&containerpb.ClusterUpdate{DesiredMasterVersion: "1.33.5-gke.1956000"}), "1.33.5-gke.1956000", "1.31.14-gke.1149000"},
		{master("1.33"), "1.33.5-gke.2072000", "1.31.14-gke.1149000"},
		{nodes("ng1", "1.33", "cos_containerd"), "1.33.5-gke.2072000", "1.33.5-gke.2072000"},
		{nodes("ng1", "1.33.5-gke.2072000", "UBUNTU_CONTAINERD"), "1.33.5-gke.2072000", "1.33.5-gke.2072000"},
	} {
		wiretest.OK(step.call(t.Context(), w.gke))(t)
		w.pass()
		got := w.get(t, "demo")
		if got.GetCurrentMasterVersion() != step.master || got.GetNodePools()[0].GetVersion() != step.nodes || got.GetStatus() != running {
			t.Errorf("it is at %s and %s, want %s and %s", got.GetCurrentMasterVersion(), got.GetNodePools()[0].GetVersion(), step.master, step.nodes)
		}
	}
	if got := w.get(t, "demo"); got.GetNodePools()[0].GetConfig().GetImageType() != "UBUNTU_CONTAINERD" || got.GetInitialClusterVersion() != "1.31.14-gke.1149000" {
		t.Errorf("in the end it is %v", got.GetNodePools()[0].GetConfig())
	}
}
