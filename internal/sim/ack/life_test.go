// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_life takes a cluster from its creation to its end.
func TestServer_life(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.want(w.roa("POST", "/clusters", clusterBody("demo")), "202")
	id := made.text("cluster_id")
	path, tasks := "/clusters/"+id, "/tasks/"
	if w.state(path) != "initial" || w.task(made.text("task_id")) != "running" {
		t.Errorf("the new cluster is %s, its task %s", w.state(path), w.task(made.text("task_id")))
	}
	w.want(w.roa("POST", path+"/nodepools", poolBody("early")), "400 ErrorClusterState")
	w.want(w.roa("GET", "/k8s/"+id+"/user_config", nil), "400 ErrorClusterState")
	if a := w.roa("GET", path, nil); a.text("master_url") != "" || a.text("current_version") != "" || a.text("init_version") != "1.35.3-aliyun.1" {
		t.Errorf("the new cluster is %s", a.body)
	}
	w.pass()
	a := w.want(w.roa("GET", path, nil), "200")
	var urls struct {
		Public  string `json:"api_server_endpoint"`
		Private string `json:"intranet_api_server_endpoint"`
	}
	if err := json.Unmarshal([]byte(a.text("master_url")), &urls); err != nil || !strings.HasPrefix(urls.Public, "https://203.0.113.") || !strings.HasPrefix(urls.Private, "https://10.") {
		t.Errorf("master_url is %s", a.text("master_url"))
	}
	if w.task(made.text("task_id")) != "success" || a.text("next_version") != "1.36.2-aliyun.1" {
		t.Errorf("the cluster is %s", a.body)
	}

	pool := w.addPool(id, "ng1")
	detail := w.want(w.roa("GET", pool, nil), "200")
	if detail.number("status", "healthy_nodes") != 2 || detail.number("scaling_group", "desired_size") != 2 || detail.get("auto_scaling", "min_instances") != nil {
		t.Errorf("the node pool is %s", detail.body)
	}
	nodes := w.want(w.roa("GET", path+"/nodes?pageSize=100&nodepool_id="+pool[strings.LastIndex(pool, "/")+1:], nil), "200")
	if nodes.number("page", "total_count") != 2 || nodes.text("nodes", 0, "node_status") != "Ready" || nodes.text("nodes", 1, "instance_id") == "" {
		t.Errorf("the nodes are %s", nodes.body)
	}
	if n := w.rpc(serviceECS, "DescribeInstances", "RegionId", "ap-northeast-1", "InstanceIds", `["`+nodes.text("nodes", 1, "instance_id")+`"]`).number("TotalCount"); n != 1 {
		t.Errorf("ECS has %d of the instance", n)
	}

	up := w.want(w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"desired_size": 4}}), "200")
	if w.state(pool) != "scaling" || w.task(up.text("task_id")) != "running" {
		t.Errorf("while it grows the pool is %s", w.state(pool))
	}
	w.want(w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"desired_size": 5}}), "400 InvalidNodePoolStatus.Forbidden")
	w.pass()
	w.want(w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"desired_size": 1}}), "200")
	if a := w.roa("GET", pool, nil); w.state(pool) != "removing_nodes" || a.number("status", "removing_nodes") != 3 {
		t.Errorf("while it shrinks the pool is %s", a.body)
	}
	w.pass()
	w.want(w.roa("POST", pool, map[string]any{"count": 2}), "200")
	w.pass()
	list := w.roa("GET", path+"/nodes", nil)
	gone := list.text("nodes", 0, "instance_id")
	w.want(w.roa("DELETE", pool+"/nodes?release_node=true&drain_node=true&instance_ids="+`%5B%22`+gone+`%22%5D`, nil), "200")
	w.pass()
	if a := w.roa("GET", path+"/nodes", nil); a.number("page", "total_count") != 2 || strings.Contains(string(a.body), gone) {
		t.Errorf("left are %s", a.body)
	}

	up = w.want(w.roa("POST", "/api/v2"+path+"/upgrade", map[string]any{"next_version": "1.36.2-aliyun.1", "master_only": true}), "202")
	if w.state(path) != "upgrading" {
		t.Errorf("the cluster is %s", w.state(path))
	}
	w.want(w.roa("POST", "/api/v2"+path+"/upgrade", map[string]any{"next_version": "1.36.2-aliyun.1", "master_only": true}), "400 ErrorClusterState")
	w.pass()
	target := w.roa("GET", tasks+up.text("task_id"), nil)
	if target.text("target", "id") != id || target.text("target", "type") != "cluster" || target.text("task_type") != "cluster_upgrade" || target.text("state") != "success" {
		t.Errorf("the task is %s", target.body)
	}
	w.want(w.roa("POST", pool+"/upgrade", map[string]any{"kubernetes_version": "1.36.2-aliyun.1", "rolling_policy": map[string]any{"pause_policy": "NotPause"}}), "200")
	if w.state(pool) != "upgrading" {
		t.Errorf("the pool is %s", w.state(pool))
	}
	w.pass()
	w.want(w.roa("POST", pool+"/upgrade", map[string]any{}), "400 InvalidParameter.KubernetesVersion")
	if a := w.roa("GET", path, nil); a.text("current_version") != "1.36.2-aliyun.1" || a.text("next_version") != "" || a.text("init_version") != "1.35.3-aliyun.1" || a.number("size") != 2 {
		t.Errorf("the cluster is %s", a.body)
	}

	w.want(w.roa("DELETE", pool, nil), "400 DependencyResourceExist")
	w.want(w.roa("DELETE", pool+"?force=true", nil), "200")
	if w.state(pool) != "deleting" {
		t.Errorf("the pool is %s", w.state(pool))
	}
	w.pass()
	w.want(w.roa("GET", pool, nil), "404 ErrorNodePoolNotFound")
	w.addPool(id, "ng2")
	options := `?delete_options=%5B%7B%22delete_mode%22%3A%22delete%22%2C%22resource_type%22%3A%22SLS_Data%22%7D%5D`
	end := w.want(w.roa("DELETE", path+options, nil), "202")
	if w.state(path) != "deleting" {
		t.Errorf("the cluster is %s", w.state(path))
	}
	w.want(w.roa("DELETE", path, nil), "400 ErrorClusterState")
	w.pass()
	w.want(w.roa("GET", path, nil), "404 ErrorClusterNotFound")
	if w.task(end.text("task_id")) != "success" {
		t.Errorf("the last task is %s", w.task(end.text("task_id")))
	}
}

// TestServer_autoscaling: the stored flag rules, and the bounds come with it.
func TestServer_autoscaling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.FlagLag = 25 * time.Hour })
	id := w.create("demo")
	config := map[string]any{"scaler_type": "goatscaler", "expander": "least-waste", "utilization_threshold": "0.5"}
	w.want(w.roa("POST", "/cluster/"+id+"/autoscale/config/", config), "200")
	w.want(w.roa("POST", "/cluster/"+id+"/autoscale/config/", config), "200")
	w.want(w.roa("GET", "/clusters/"+id+"/addon_instances/ack-goatscaler", nil), "200")
	pool := w.addPool(id, "ng1")
	put := func(body map[string]any, verdict string) {
		t.Helper()
		w.want(w.roa("PUT", pool, body), verdict)
		w.pass()
	}
	put(map[string]any{"auto_scaling": map[string]any{"enable": true}}, "400 MissingParameter.auto_scaling.min_instances")
	put(map[string]any{"auto_scaling": autoOn(3, 2)}, "400 InvalidParameter.AutoScaling")
	put(map[string]any{"auto_scaling": autoOn(0, 0)}, "400 InvalidParameter.AutoScaling")
	put(map[string]any{"auto_scaling": autoOn(3, 5), "scaling_group": map[string]any{"desired_size": 4}}, "400 InvalidDesiredSizeOrCount.NotNull")
	put(map[string]any{"auto_scaling": autoOn(3, 5)}, "200")
	a := w.roa("GET", pool, nil)
	if a.get("auto_scaling", "enable") != true || a.number("auto_scaling", "min_instances") != 3 || a.get("scaling_group", "desired_size") != nil || a.number("status", "total_nodes") != 3 {
		t.Errorf("the pool is %s", a.body)
	}
	put(map[string]any{"auto_scaling": map[string]any{"enable": true, "min_instances": 1, "max_instances": 3, "type": "gpu"}}, "400 InvalidParameter.AutoScaling")
	put(map[string]any{"scaling_group": map[string]any{"desired_size": 4}}, "400 InvalidDesiredSizeOrCount.NotNull")
	put(map[string]any{"auto_scaling": map[string]any{"enable": false}, "scaling_group": map[string]any{"desired_size": 4}}, "400 InvalidDesiredSizeOrCount.NotNull")
	w.want(w.roa("POST", pool, map[string]any{"count": 1}), "400 InvalidDesiredSizeOrCount.NotNull")
	put(map[string]any{"scaling_group": map[string]any{"tags": []any{map[string]any{"key": "x", "value": "y"}}}}, "200")
	if a := w.roa("GET", pool, nil); a.get("auto_scaling", "enable") != true || a.text("scaling_group", "tags", 0, "key") != "x" || a.get("scaling_group", "tags", 1) != nil {
		t.Errorf("the pool is %s", a.body)
	}
	// Auto Scaling holds what is deleted with a minimum.
	w.want(w.roa("DELETE", pool+"?force=true", nil), "200")
	w.pass()
	if w.state(pool) != "delete_failed" {
		t.Errorf("the pool is %s", w.state(pool))
	}
	put(map[string]any{"auto_scaling": map[string]any{"enable": false}}, "400 InvalidNodePoolStatus.Forbidden")

	pool = w.addPool(id, "ng2", "auto_scaling", autoOn(1, 3), "scaling_group.desired_size", nil)
	w.want(w.roa("PUT", pool, map[string]any{"auto_scaling": map[string]any{"enable": false}}), "200")
	w.pass() // the flag lags an hour more than that
	put(map[string]any{"scaling_group": map[string]any{"desired_size": 0}}, "400 InvalidDesiredSizeOrCount.NotNull")
	put(map[string]any{"scaling_group": map[string]any{"desired_size": 0}}, "200")
	if a := w.roa("GET", pool, nil); a.number("status", "total_nodes") != 0 || a.get("scaling_group", "desired_size") == nil || a.get("auto_scaling", "max_instances") != nil {
		t.Errorf("the pool is %s", a.body)
	}
}

// TestServer_failures: what an accepted call comes to, and where its reason shows.
func TestServer_failures(t *testing.T) {
	t.Parallel()
	const reason = "OperationDenied.NoStock: The requested resource is sold out"
	for _, test := range []struct{ op, want string }{
		{"CreateCluster", "failed"}, {"CreateClusterNodePool", "failed"}, {"DeleteCluster", "delete_failed"}, {"DeleteClusterNodepool", "delete_failed"},
		{"ModifyClusterNodePool", "failed"}, {"UpgradeCluster", "updating_failed"}, {"UpgradeClusterNodepool", "failed"},
	} {
		t.Run(test.op, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if err := w.Put(core.Seed{Name: "a", Version: "1.35.3-aliyun.1", Groups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng1"}, DesiredNodeSize: 1, Version: "1.35.3-aliyun.1"}}}); err != nil {
				t.Fatal(err)
			}
			id := w.roa("GET", "/regions/ap-northeast-1/clusters?name=a", nil).text("clusters", 0, "cluster_id")
			path := "/clusters/" + id
			pool := path + "/nodepools/" + w.roa("GET", path+"/nodepools", nil).text("nodepools", 0, "nodepool_info", "nodepool_id")
			if test.op == "UpgradeClusterNodepool" {
				w.want(w.roa("POST", "/api/v2"+path+"/upgrade", map[string]any{"next_version": "1.36.2-aliyun.1", "master_only": true}), "202")
				w.pass()
			}
			w.Inject(core.Fault{Op: test.op, Kind: core.FaultFailLater, Reason: reason})
			at, a := path, answer{}
			switch test.op {
			case "CreateCluster":
				a = w.roa("POST", "/clusters", clusterBody("b"))
				at = "/clusters/" + a.text("cluster_id")
			case "CreateClusterNodePool":
				a = w.roa("POST", path+"/nodepools", poolBody("ng2"))
				at = path + "/nodepools/" + a.text("nodepool_id")
			case "DeleteCluster":
				a = w.roa("DELETE", path, nil)
			case "DeleteClusterNodepool":
				a, at = w.roa("DELETE", pool+"?force=true", nil), pool
			case "ModifyClusterNodePool":
				a, at = w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"desired_size": 2}}), pool
			case "UpgradeCluster":
				a = w.roa("POST", "/api/v2"+path+"/upgrade", map[string]any{"next_version": "1.36.2-aliyun.1", "master_only": true})
			case "UpgradeClusterNodepool":
				a, at = w.roa("POST", pool+"/upgrade", map[string]any{"rolling_policy": map[string]any{"pause_policy": "NotPause"}}), pool
			}
			if a.status > 299 {
				t.Fatalf("got %d %s", a.status, a.body)
			}
			w.pass()
			if got := w.state(at); got != test.want {
				t.Errorf("the state is %s, want %s", got, test.want)
			}
			if got := w.task(a.text("task_id")); got != "fail OperationDenied.NoStock" {
				t.Errorf("the task is %s", got)
			}
			owner := strings.Join(strings.Split(at, "/")[:3], "/")
			if e := w.roa("GET", owner+"/events?task_id="+a.text("task_id"), nil); e.text("events", 0, "data", "reason") != "OperationDenied.NoStock" || e.text("events", 0, "data", "level") != "error" {
				t.Errorf("the events are %s", e.body)
			}
		})
	}
}

// TestServer_repairs: what has failed takes the calls that mend it.
func TestServer_repairs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, state := range []profile.State{profile.CreateFailed, profile.DeleteFailed, profile.UpdateFailed, profile.Degraded, profile.Stopped} {
		id := w.create("a")
		wiretest.Must(t, w.Force(id, "", state, "Code: reason"))
		if state == profile.UpdateFailed {
			w.want(w.roa("POST", "/api/v2/clusters/"+id+"/upgrade", map[string]any{"next_version": "1.36.2-aliyun.1", "master_only": true}), "202")
			w.pass()
			if got := w.state("/clusters/" + id); got != "running" {
				t.Errorf("the cluster is %s", got)
			}
		}
		w.want(w.roa("DELETE", "/clusters/"+id, nil), "202")
		w.pass()
		w.want(w.roa("GET", "/clusters/"+id, nil), "404 ErrorClusterNotFound")
	}
	id := w.create("b")
	pool := w.addPool(id, "ng1")
	wiretest.Must(t, w.Force("b", "ng1", profile.DeleteFailed, "Code: reason"))
	for _, verdict := range []string{w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"desired_size": 0}}).verdict(), w.roa("POST", pool, map[string]any{"count": 1}).verdict()} {
		if verdict != "400 InvalidNodePoolStatus.Forbidden" {
			t.Errorf("a change of what cannot be deleted: %s", verdict)
		}
	}
	w.want(w.roa("DELETE", pool+"?force=true", nil), "200")
	w.pass()
	w.want(w.roa("GET", pool, nil), "404 ErrorNodePoolNotFound")
}

// TestServer_skew: the control plane waits for the node pools, and says so in the task.
func TestServer_skew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a", "kubernetes_version", "1.34.3-aliyun.1")
	w.addPool(id, "ng1")
	up := func(version string) string {
		t.Helper()
		a := w.want(w.roa("POST", "/api/v2/clusters/"+id+"/upgrade", map[string]any{"next_version": version, "master_only": true}), "202")
		w.pass()
		return w.task(a.text("task_id"))
	}
	if got := up("1.35.3-aliyun.1"); got != "success" {
		t.Errorf("the first step: %s", got)
	}
	if got := up("1.36.2-aliyun.1"); got != "fail PrecheckFailed" || w.state("/clusters/"+id) != "running" {
		t.Errorf("the second step: %s, the cluster is %s", got, w.state("/clusters/"+id))
	}
	for version, want := range map[string]string{"1.35.3-aliyun.1": "same", "1.34.3-aliyun.1": "older", "1.99.1-aliyun.1": "unknown", "": "none"} {
		a := w.roa("POST", "/api/v2/clusters/"+id+"/upgrade", map[string]any{"next_version": version, "master_only": true})
		if a.status != 400 || !strings.Contains(a.code(), "Parameter") {
			t.Errorf("%s: %s", want, a.verdict())
		}
	}
}

// TestServer_tasks: pages, the two ways to end one early, and what cannot.
func TestServer_tasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a", "kubernetes_version", "1.35.3-aliyun.1")
	pool := w.addPool(id, "ng1")
	w.want(w.roa("POST", "/tasks/none/cancel", nil), "404 ErrTaskNotFound")
	up := w.roa("POST", "/api/v2/clusters/"+id+"/upgrade", map[string]any{"next_version": "1.36.2-aliyun.1", "master_only": true})
	w.want(w.roa("POST", "/tasks/"+up.text("task_id")+"/cancel", nil), "400 TaskOperationNotSupported")
	w.pass()
	a := w.roa("POST", pool+"/upgrade", map[string]any{})
	w.pass()
	if got := w.task(a.text("task_id")); got != "paused" || w.state(pool) != "upgrading" {
		t.Errorf("without a policy the task is %s", got)
	}
	w.want(w.roa("POST", "/tasks/"+a.text("task_id")+"/resume", nil), "200")
	w.want(w.roa("POST", "/tasks/"+a.text("task_id")+"/resume", nil), "400 TaskOperationNotSupported")
	w.pass()
	if got := w.task(a.text("task_id")); got != "success" || w.state(pool) != "active" {
		t.Errorf("the resumed task is %s", got)
	}
	a = w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"desired_size": 4}})
	w.want(w.roa("POST", "/tasks/"+a.text("task_id")+"/cancel", nil), "200")
	if got := w.task(a.text("task_id")); got != "canceled TaskCanceled" || w.state(pool) != "active" {
		t.Errorf("the canceled task is %s", got)
	}
	w.want(w.roa("POST", "/tasks/"+a.text("task_id")+"/cancel", nil), "400 TaskOperationNotSupported")
	var kinds []string
	for page := range 3 {
		list := w.want(w.roa("GET", "/clusters/"+id+"/tasks?page_size=2&page_number="+strconv.Itoa(page+1), nil), "200")
		if list.number("page_info", "total_count") != 5 {
			t.Errorf("the page is %s", list.body)
		}
		for i := range 2 {
			kinds = append(kinds, list.text("tasks", i, "task_type"))
		}
	}
	want := []string{"nodepool_modify", "nodepool_upgrade", "cluster_upgrade", "nodepool_create", "cluster_create", ""}
	if !slices.Equal(kinds, want) {
		t.Errorf("got %v, want %v", kinds, want)
	}
}
