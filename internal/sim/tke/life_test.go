// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"strings"
	"testing"
	"time"
)

// TestServer_life takes a cluster through what happens to one.
func TestServer_life(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.want(w.tke("CreateCluster", clusterBody("demo")), "").text("ClusterId")
	if got := w.state(id); got != "Creating" {
		t.Errorf("a new cluster is %s", got)
	}
	w.want(w.tke("CreateClusterNodePool", poolBody(id, "ng1")), "ResourceUnavailable.ClusterState")
	w.pass()
	if got := w.state(id); got != "Running" {
		t.Errorf("the cluster is %s", got)
	}
	pool := w.want(w.tke("CreateClusterNodePool", poolBody(id, "ng1")), "").text("NodePoolId")
	steps := []string{w.poolState(id, pool)}
	for range 100 {
		w.clock.Add(5 * time.Second)
		if now := w.poolState(id, pool); now != steps[len(steps)-1] {
			steps = append(steps, now)
		}
	}
	want := []string{
		"creating disabled 1/2/3 joining 0 initializing 0 normal 0 of 0",
		"normal disabled 1/2/3 joining 2 initializing 0 normal 0 of 2",
		"normal disabled 1/2/3 joining 0 initializing 2 normal 0 of 2",
		"normal disabled 1/2/3 joining 0 initializing 0 normal 2 of 2",
	}
	if strings.Join(steps, "\n") != strings.Join(want, "\n") {
		t.Errorf("the pool goes through\n%s", strings.Join(steps, "\n"))
	}
	w.want(w.tke("DeleteClusterNodePool", object{"ClusterId": id, "NodePoolIds": []any{pool}, "KeepInstance": false}), "")
	if got := w.poolState(id, pool); !strings.HasPrefix(got, "deleting") {
		t.Errorf("the pool is %s", got)
	}
	w.pass()
	if got := w.poolState(id, pool); got != "gone" {
		t.Errorf("the pool is %s", got)
	}
	w.want(w.tke("DeleteCluster", object{"ClusterId": id, "InstanceDeleteMode": "terminate"}), "")
	if got := w.state(id); got != "Deleting" {
		t.Errorf("the cluster is %s", got)
	}
	w.pass()
	if a := w.tke("DescribeClusters", object{"ClusterIds": []any{id}}); a.number("TotalCount") != 0 || a.size("Clusters") != 0 {
		t.Errorf("the cluster is still there: %s", a.body)
	}
	w.want(w.tke("DeleteCluster", object{"ClusterId": id, "InstanceDeleteMode": "terminate"}), "InternalError.ClusterNotFound")
}
