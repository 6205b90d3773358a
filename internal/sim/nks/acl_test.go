// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_ACL: the list of an endpoint is replaced whole, once the operation has
// ended, and is switched off whatever else is said.
func TestServer_ACL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.create(t, "demo")
	list := func() string {
		got := w.get(t, path+"/api_ep_ipacl")
		text := fmt.Sprint(got["enable"], " ", got["action"])
		for _, target := range items(got["ipacl_targets"]) {
			text += fmt.Sprint(" ", target["cidr_address"])
		}
		return text
	}
	for _, step := range []struct {
		in           object
		during, then string
	}{
		{allowed("203.0.113.7", "198.51.100.9/24"), "false <nil>", "true ALLOW 203.0.113.7 198.51.100.9/24"},
		{allowed("192.0.2.0/24"), "true ALLOW 203.0.113.7 198.51.100.9/24", "true ALLOW 192.0.2.0/24"},
		{object{"enable": "false", "action": "NONE", "ipacl_targets": []any{}}, "true ALLOW 192.0.2.0/24", "false <nil>"},
	} {
		w.change(t, http.MethodPost, path+"/api_ep_ipacl", step.in)
		if got := list() + " " + w.status(t, path) + " " + w.status(t, w.worker(t, path)); got != step.during+" UPDATE_IN_PROGRESS CREATE_COMPLETE" {
			t.Errorf("at once it is %s", got)
		}
		w.rest(t)
		ev := items(w.get(t, path+"/events")["events"])[0]
		if got := list(); got != step.then || ev["type"] != eventACL || ev["state"] != "SUCCESS" || ev["resource_type"] != "cluster" {
			t.Errorf("it is %s, and the record %v, want %s", got, ev, step.then)
		}
	}
}

// TestServer_ACL_seeded: a ready-made cluster has the list, and the add-ons, that it is
// given.
func TestServer_ACL_seeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.PutCluster(Seed{
		Seed: core.Seed{Name: "demo"}, ACL: []string{"203.0.113.0/24"}, Denied: true, Addons: map[string]string{"calico": "v3.24.1-nks1"},
	}))
	if got := w.get(t, "/v1/clusters/demo/api_ep_ipacl"); got["action"] != "DENY" || got["enable"] != "true" {
		t.Errorf("the list is %v", got)
	}
	if list := items(w.get(t, "/v1/clusters/demo/addons/")["addons"]); len(list) != 1 || list[0]["version"] != "v3.24.1-nks1" {
		t.Errorf("the add-ons are %v", list)
	}
	for _, a := range items(w.get(t, "/v1/addons/?k8s_version=v1.32.3")["addons"]) {
		if a["version"] == "v3.24.1-nks1" {
			t.Errorf("%v is offered beyond its k8s_max_version", a)
		}
	}
}

// TestServer_address: the API is at a public address or at one in the subnet, for good.
func TestServer_address(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for truth, want := range map[string]string{"True": `^https://[0-9a-f]{8}-kr1-k8s\.container\..*:6443$`, "False": `^https://10\.[0-9.]+:6443$`} {
		path := w.create(t, "demo-"+strings.ToLower(truth), label("master_lb_floating_ip_enabled", truth))
		c := w.get(t, path)
		if got := text(c["api_address"]); !regexp.MustCompile(want).MatchString(got) || at(c, "labels", "master_lb_floating_ip_enabled") != truth {
			t.Errorf("with %s the address is %s and the label %v", truth, got, at(c, "labels", "master_lb_floating_ip_enabled"))
		}
	}
}

// TestServer_nodeLabels: nodes have the labels that their group had when they were made,
// and a change reaches new ones only.
func TestServer_nodeLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Kubernetes = kubeapi.InProcess })
	defer w.CloseKubernetes()
	path := w.create(t, "demo", label("k8s_node_labels", `{"team":"a"}`), member("node_count", 1))
	nodes := func() string {
		var out []string
		for _, line := range wiretest.KubernetesOf(t, w.DialKubernetes, text(w.get(t, path+"/config")["config"])).Nodes("team") {
			fields := strings.Fields(line)
			out = append(out, fields[len(fields)-1])
		}
		return strings.Join(out, " ")
	}
	if got := nodes(); got != "team=a" {
		t.Errorf("the nodes have %q", got)
	}
	w.change(t, http.MethodPatch, path+"/nodegroups/default-worker", object{"type": "k8s_node_labels", "k8s_node_labels": object{"team": "b"}})
	if got := w.status(t, path) + " " + w.status(t, path+"/nodegroups/default-worker"); got != "UPDATE_IN_PROGRESS UPDATE_IN_PROGRESS" {
		t.Errorf("meanwhile they are %s", got)
	}
	w.rest(t)
	w.ok(t, http.StatusAccepted, http.MethodPost, path+"/actions/resize", object{"nodegroup": "default-worker", "node_count": 2})
	w.rest(t)
	if got := nodes(); got != "team=a team=b" && got != "team=b team=a" {
		t.Errorf("after the change the nodes have %q", got)
	}
}
