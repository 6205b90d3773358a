// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"net/http"
	"strings"
	"testing"
)

// TestServer_life takes a cluster through its life.
func TestServer_life(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.ok(t, http.StatusAccepted, http.MethodPost, "/v1/clusters", cluster("demo"))
	path := "/v1/clusters/" + text(made["uuid"])
	if c := w.get(t, path); c["status"] != "CREATE_IN_PROGRESS" || c["api_address"] != nil || len(made) != 1 {
		t.Errorf("at first the cluster is %v", c)
	}
	if list := items(w.get(t, path+"/nodegroups")["nodegroups"]); len(list) != 0 {
		t.Errorf("the first group shows while the cluster is created: %v", list)
	}
	w.rest(t)
	c := w.get(t, path)
	if c["status"] != "CREATE_COMPLETE" || !strings.HasSuffix(text(c["api_address"]), ":6443") || len(c["node_addresses"].([]any)) != 2 {
		t.Errorf("the cluster is %v", c)
	}
	worker := w.worker(t, path)
	w.ok(t, http.StatusAccepted, http.MethodPost, path+"/actions/resize", object{"nodegroup": "default-worker", "node_count": 3})
	if got := w.status(t, path) + " " + w.status(t, worker); got != "UPDATE_IN_PROGRESS UPDATE_IN_PROGRESS" {
		t.Errorf("while it is resized: %s", got)
	}
	w.refused(t, http.StatusBadRequest, `when status is "UPDATE_IN_PROGRESS" is not supported`, http.MethodPost, path+"/nodegroups", group("ng2"))
	w.rest(t)
	if got := w.status(t, path) + " " + w.status(t, worker); got != "UPDATE_COMPLETE UPDATE_COMPLETE" {
		t.Errorf("when it is resized: %s", got)
	}
	second := w.add(t, path, "ng2")
	w.change(t, http.MethodPost, second+"/autoscale", object{"ca_enable": true, "ca_min_node_count": 1, "ca_max_node_count": 4})
	w.rest(t)
	if a := w.get(t, second+"/autoscale"); a["ca_enable"] != true || a["ca_max_node_count"] != 4.0 || a["clusterautoscale"] != "nodegroupfeature" {
		t.Errorf("autoscaling is %v", a)
	}
	for _, step := range []string{"default-master", "default-worker", "ng2"} {
		w.change(t, http.MethodPost, path+"/nodegroups/"+step+"/upgrade", object{"version": "v1.33.4"})
		w.rest(t)
	}
	if got := at(w.get(t, path), "labels", "kube_tag"); got != "v1.33.4" {
		t.Errorf("the cluster is at %v", got)
	}
	if got := at(w.get(t, second), "labels", "kube_tag"); got != "v1.33.4" {
		t.Errorf("the group is at %v", got)
	}
	config := text(w.get(t, path+"/config")["config"])
	if !strings.Contains(config, text(c["api_address"])) || !strings.Contains(config, "current-context: default") {
		t.Errorf("the kubeconfig is %s", config)
	}
	w.ok(t, http.StatusNoContent, http.MethodDelete, worker, nil)
	w.rest(t)
	w.ok(t, http.StatusNoContent, http.MethodDelete, path, nil)
	if got := w.status(t, path); got != "DELETE_IN_PROGRESS" {
		t.Errorf("while it is deleted: %s", got)
	}
	w.rest(t)
	w.refused(t, http.StatusNotFound, "could not be found", http.MethodGet, path, nil)
	if list := w.get(t, "/v1/clusters")["clusters"].([]any); len(list) != 0 {
		t.Errorf("the list has %v", list)
	}
}
