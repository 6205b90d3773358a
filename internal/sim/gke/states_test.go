// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// line is the state of a cluster and of its pools, as text.
func line(c *containerpb.Cluster) string {
	parts := []string{c.GetStatus().String()}
	for _, p := range c.GetNodePools() {
		parts = append(parts, fmt.Sprintf("%s:%s:%s:%d", p.GetName(), p.GetStatus(), p.GetVersion(), p.GetInitialNodeCount()))
	}
	return strings.Join(parts, " ")
}

// TestServer_states goes through the life of a cluster, on every transport, and
// looks before, while and after each operation does its work.
func TestServer_states(t *testing.T) {
	t.Parallel()
	for name, pick := range map[string]func(*testing.T, *world) *container.ClusterManagerClient{
		"grpc":          func(_ *testing.T, w *world) *container.ClusterManagerClient { return w.gke },
		"rest":          func(_ *testing.T, w *world) *container.ClusterManagerClient { return w.rest },
		"grpc-loopback": func(t *testing.T, w *world) *container.ClusterManagerClient { w.listen(t); return w.gke },
		"rest-loopback": func(t *testing.T, w *world) *container.ClusterManagerClient { w.listen(t); return w.rest },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			live(t, w, pick(t, w))
		})
	}
}

// stage is an operation and what is seen when it is pending, running and done; an
// empty text means that there is no cluster.
type stage struct {
	name                   string
	call                   func(context.Context, *container.ClusterManagerClient) (*containerpb.Operation, error)
	kind                   containerpb.Operation_Type
	target                 string
	pending, running, done string
}

func live(t *testing.T, w *world, c *container.ClusterManagerClient) {
	t.Helper()
	const v33, v34 = "1.33.5-gke.2072000", "1.34.3-gke.1051000"
	pool := poolName("demo", "ng1")
	stages := []stage{
		{"create", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.CreateCluster(ctx, clusterRequest("demo"))
		}, containerpb.Operation_CREATE_CLUSTER, "demo",
			"PROVISIONING ng1:PROVISIONING:" + v33 + ":2", "PROVISIONING ng1:PROVISIONING:" + v33 + ":2", "RUNNING ng1:RUNNING:" + v33 + ":2"},
		{"size", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.SetNodePoolSize(ctx, &containerpb.SetNodePoolSizeRequest{Name: pool, NodeCount: 3})
		}, containerpb.Operation_SET_NODE_POOL_SIZE, "demo/nodePools/ng1",
			"RUNNING ng1:RUNNING:" + v33 + ":2", "RECONCILING ng1:RECONCILING:" + v33 + ":2", "RUNNING ng1:RUNNING:" + v33 + ":3"},
		{"autoscaling", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.SetNodePoolAutoscaling(ctx, &containerpb.SetNodePoolAutoscalingRequest{Name: pool,
				Autoscaling: &containerpb.NodePoolAutoscaling{Enabled: true, MinNodeCount: 1, MaxNodeCount: 5}})
		}, autoscalingKind, "demo/nodePools/ng1",
			"RUNNING ng1:RUNNING:" + v33 + ":3", "RECONCILING ng1:RECONCILING:" + v33 + ":3", "RUNNING ng1:RUNNING:" + v33 + ":3"},
		{"labels", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.SetLabels(ctx, &containerpb.SetLabelsRequest{Name: clusterName("demo"), ResourceLabels: map[string]string{"a": "b"},
				LabelFingerprint: fingerprint(map[string]string{"env": "test"})})
		}, containerpb.Operation_SET_LABELS, "demo",
			"RUNNING ng1:RUNNING:" + v33 + ":3", "RECONCILING ng1:RUNNING:" + v33 + ":3", "RUNNING ng1:RUNNING:" + v33 + ":3"},
		{"master", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.UpdateMaster(ctx, &containerpb.UpdateMasterRequest{Name: clusterName("demo"), MasterVersion: v34})
		}, containerpb.Operation_UPGRADE_MASTER, "demo",
			"RUNNING ng1:RUNNING:" + v33 + ":3", "RECONCILING ng1:RUNNING:" + v33 + ":3", "RUNNING ng1:RUNNING:" + v33 + ":3"},
		{"nodes", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.UpdateNodePool(ctx, &containerpb.UpdateNodePoolRequest{Name: pool, NodeVersion: "-", ImageType: "COS_CONTAINERD"})
		}, containerpb.Operation_UPGRADE_NODES, "demo/nodePools/ng1",
			"RUNNING ng1:RUNNING:" + v33 + ":3", "RECONCILING ng1:RECONCILING:" + v33 + ":3", "RUNNING ng1:RUNNING:" + v34 + ":3"},
		{"pool", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.CreateNodePool(ctx, &containerpb.CreateNodePoolRequest{Parent: clusterName("demo"), NodePool: poolRequest("ng2")})
		}, containerpb.Operation_CREATE_NODE_POOL, "demo/nodePools/ng2",
			"RECONCILING ng1:RUNNING:" + v34 + ":3 ng2:PROVISIONING:" + v34 + ":2", "RECONCILING ng1:RUNNING:" + v34 + ":3 ng2:PROVISIONING:" + v34 + ":2",
			"RUNNING ng1:RUNNING:" + v34 + ":3 ng2:RUNNING:" + v34 + ":2"},
		{"no-pool", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.DeleteNodePool(ctx, &containerpb.DeleteNodePoolRequest{Name: poolName("demo", "ng2")})
		}, containerpb.Operation_DELETE_NODE_POOL, "demo/nodePools/ng2",
			"RUNNING ng1:RUNNING:" + v34 + ":3 ng2:RUNNING:" + v34 + ":2", "RECONCILING ng1:RUNNING:" + v34 + ":3 ng2:STOPPING:" + v34 + ":2",
			"RUNNING ng1:RUNNING:" + v34 + ":3"},
		{"delete", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.DeleteCluster(ctx, &containerpb.DeleteClusterRequest{Name: clusterName("demo")})
		}, containerpb.Operation_DELETE_CLUSTER, "demo",
			"RUNNING ng1:RUNNING:" + v34 + ":3", "STOPPING ng1:STOPPING:" + v34 + ":3", ""},
	}
	for _, st := range stages {
		op, err := st.call(t.Context(), c)
		if err != nil {
			t.Fatalf("%s: %v", st.name, err)
		}
		if op.GetStatus() != containerpb.Operation_PENDING || op.GetOperationType() != st.kind || op.GetZone() != zoneA || op.GetLocation() != "" {
			t.Errorf("%s: it starts as %v", st.name, op)
		}
		if tail := "projects/" + DefaultProjectNumber + "/zones/" + zoneA + "/clusters/" + st.target; !strings.HasSuffix(op.GetTargetLink(), tail) {
			t.Errorf("%s: the target is %s, want .../%s", st.name, op.GetTargetLink(), tail)
		}
		look := func(when, want string, status containerpb.Operation_Status) {
			t.Helper()
			got, err := c.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterName("demo")}, noRetry())
			if want == "" {
				if codeOf(err) != codes.NotFound {
					t.Errorf("%s, %s: got %v, want NOT_FOUND", st.name, when, err)
				}
			} else if err != nil || line(got) != want {
				t.Errorf("%s, %s:\ngot  %s, %v\nwant %s", st.name, when, line(got), err, want)
			}
			o, err := c.GetOperation(t.Context(), &containerpb.GetOperationRequest{Name: opName(op)})
			if err != nil || o.GetStatus() != status {
				t.Errorf("%s, %s: the operation is %s, %v, want %s", st.name, when, o.GetStatus(), err, status)
			}
		}
		look("pending", st.pending, containerpb.Operation_PENDING)
		w.clock.Add(5 * time.Second)
		look("running", st.running, containerpb.Operation_RUNNING)
		w.pass()
		look("done", st.done, containerpb.Operation_DONE)
	}
	list, err := c.ListOperations(t.Context(), &containerpb.ListOperationsRequest{Parent: inZone})
	if err != nil || len(list.GetOperations()) != len(stages) {
		t.Errorf("there are %d operations, %v, want %d", len(list.GetOperations()), err, len(stages))
	}
}

// TestServer_failLater: an operation that fails says why, and what it leaves behind
// is in the state that GKE leaves it in.
func TestServer_failLater(t *testing.T) {
	t.Parallel()
	const reason = "GCE_STOCKOUT: the zone does not have enough resources"
	tests := map[string]struct {
		op     string
		call   func(context.Context, *container.ClusterManagerClient) (*containerpb.Operation, error)
		status containerpb.Cluster_Status
		pool   containerpb.NodePool_Status
		check  func(*testing.T, *containerpb.Cluster)
	}{
		"create": {"CreateCluster", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.CreateCluster(ctx, clusterRequest("other"))
		}, containerpb.Cluster_ERROR, containerpb.NodePool_ERROR, func(t *testing.T, c *containerpb.Cluster) {
			t.Helper()
			if len(c.GetConditions()) != 1 || c.GetConditions()[0].GetCode() != containerpb.StatusCondition_GCE_STOCKOUT || c.GetStatusMessage() == "" {
				t.Errorf("the conditions are %v", c.GetConditions())
			}
		}},
		"size": {"SetNodePoolSize", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.SetNodePoolSize(ctx, &containerpb.SetNodePoolSizeRequest{Name: poolName("demo", "ng1"), NodeCount: 7})
		}, containerpb.Cluster_RUNNING, containerpb.NodePool_RUNNING, func(t *testing.T, c *containerpb.Cluster) {
			t.Helper()
			if n := c.GetNodePools()[0].GetInitialNodeCount(); n != 2 {
				t.Errorf("initialNodeCount is %d, want 2", n)
			}
		}},
		"labels": {"SetLabels", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.SetLabels(ctx, &containerpb.SetLabelsRequest{Name: clusterName("demo"), LabelFingerprint: fingerprint(map[string]string{"env": "test"})})
		}, containerpb.Cluster_RUNNING, containerpb.NodePool_RUNNING, func(t *testing.T, c *containerpb.Cluster) {
			t.Helper()
			if c.GetResourceLabels()["env"] != "test" {
				t.Errorf("the labels are %v", c.GetResourceLabels())
			}
		}},
		"delete": {"DeleteCluster", func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
			return c.DeleteCluster(ctx, &containerpb.DeleteClusterRequest{Name: clusterName("demo")})
		}, containerpb.Cluster_ERROR, containerpb.NodePool_ERROR, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) { o.RemoveFailed = 48 * time.Hour })
			w.create(t, "demo")
			w.Inject(faultLater(tt.op, reason))
			op := wiretest.OK(tt.call(t.Context(), w.gke))(t)
			w.pass()
			if op = w.read(t, op); op.GetError().GetCode() != int32(codes.ResourceExhausted) || !strings.Contains(op.GetError().GetMessage(), "enough resources") ||
				op.GetStatusMessage() != op.GetError().GetMessage() {
				t.Errorf("the operation ends as %v", op)
			}
			target := "demo"
			if name == "create" {
				target = "other"
			}
			got := w.get(t, target)
			if got.GetStatus() != tt.status || got.GetNodePools()[0].GetStatus() != tt.pool {
				t.Errorf("it is left as %s", line(got))
			}
			if tt.check != nil {
				tt.check(t, got)
			}
			w.pass()
			w.pass()
			_, err := w.gke.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterName(target)}, noRetry())
			if gone := codeOf(err) == codes.NotFound; gone != (name == "create") {
				t.Errorf("days later: %v", err)
			}
		})
	}
}

// TestServer_force shows the words of every state.
func TestServer_force(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, _ := profile.Get("gcp")
	for _, state := range profile.States {
		name := "c" + strings.ToLower(state.String())
		w.create(t, name)
		wiretest.Must(t, w.Force(name, "ng1", state, "because"))
		if got, want := w.get(t, name).GetNodePools()[0].GetStatus().String(), p.Words.NodeGroup[state]; got != want {
			t.Errorf("a pool in state %s is %s, want %s", state, got, want)
		}
		wiretest.Must(t, w.Force(name, "", state, "because"))
		got := w.get(t, name)
		if got.GetStatus().String() != p.Words.Cluster[state] {
			t.Errorf("a cluster in state %s is %s, want %s", state, got.GetStatus(), p.Words.Cluster[state])
		}
		calm := []profile.State{profile.Active, profile.Creating, profile.Updating, profile.Deleting}
		if explained := len(got.GetConditions()) > 0; explained == slices.Contains(calm, state) {
			t.Errorf("the conditions of %s are %v", state, got.GetConditions())
		}
	}
	if err := w.Force("none", "", profile.Active, ""); err == nil {
		t.Error("a cluster that is not there was forced")
	}
	if err := w.Force("cactive", "none", profile.Active, ""); err == nil {
		t.Error("a pool that is not there was forced")
	}
}
