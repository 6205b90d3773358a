// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// mutations are the calls that change a cluster "demo", as texts of a method, a path
// below it and a body.
var mutations = map[string]func(t *testing.T, w *world) reply{
	"resize": send("POST", "/v1/clusters/demo/actions/resize", object{"nodegroup": "default-worker", "node_count": 2}),
	"autoscale": send("POST", "/v1/clusters/demo/nodegroups/default-worker/autoscale", object{
		"ca_enable": true, "ca_min_node_count": 1, "ca_max_node_count": 3}),
	"upgrade":       send("POST", "/v1/clusters/demo/nodegroups/default-master/upgrade", object{"version": "v1.33.4"}),
	"labels":        send("PATCH", "/v1/clusters/demo/nodegroups/default-worker", object{"type": "k8s_node_labels", "k8s_node_labels": object{}}),
	"acl":           send("POST", "/v1/clusters/demo/api_ep_ipacl", allowed("203.0.113.0/24")),
	"certificates":  send("PATCH", "/v1/certificates/demo", object{"term_of_validity": 5}),
	"add-group":     send("POST", "/v1/clusters/demo/nodegroups", group("ng3")),
	"delete-group":  send("DELETE", "/v1/clusters/demo/nodegroups/ng2", nil),
	"delete":        send("DELETE", "/v1/clusters/demo", nil),
	"upgrade-group": send("POST", "/v1/clusters/demo/nodegroups/ng2/upgrade", object{"version": "v1.32.3"}),
}

func send(method, target string, body any) func(t *testing.T, w *world) reply {
	return func(t *testing.T, w *world) reply {
		t.Helper()
		return w.call(t, method, target, body)
	}
}

// TestServer_states: which calls are taken in which state.
func TestServer_states(t *testing.T) {
	t.Parallel()
	all := "acl add-group autoscale certificates delete delete-group labels resize upgrade upgrade-group"
	for _, tt := range []struct {
		name, taken string
		before      func(*testing.T, *world) error
	}{
		{"at-rest", strings.Replace(all, " upgrade-group", "", 1), func(*testing.T, *world) error { return nil }}, // it is there already
		{"creating", "delete", func(_ *testing.T, w *world) error { return w.Force("demo", "", profile.Creating, "") }},
		{"updating", "delete", func(t *testing.T, w *world) error { return status2xx(mutations["resize"](t, w)) }},
		{"group-updating", "delete", func(_ *testing.T, w *world) error { return w.Force("demo", "ng2", profile.Updating, "") }},
		{"deleting", "delete", func(t *testing.T, w *world) error { return status2xx(mutations["delete"](t, w)) }},
		{"create-failed", "delete", func(_ *testing.T, w *world) error { return w.Force("demo", "", profile.CreateFailed, "x") }},
		{"delete-failed", "delete", func(_ *testing.T, w *world) error { return w.Force("demo", "", profile.DeleteFailed, "x") }},
		{"update-failed", "certificates delete delete-group resize", func(_ *testing.T, w *world) error { return w.Force("demo", "", profile.UpdateFailed, "x") }},
		{"renewal-failed", "certificates delete", func(t *testing.T, w *world) error {
			w.Inject(core.Fault{Op: "certificates.renew", Kind: core.FaultFailLater, Reason: "x"})
			err := status2xx(mutations["certificates"](t, w))
			w.rest(t)
			return err
		}},
		{"shown", "delete", func(t *testing.T, w *world) error {
			wiretest.Must(t, w.Show("demo", "", "HANDOVER_COMPLETE"))
			return status2xx(mutations["resize"](t, w))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var taken []string
			for _, name := range sortedKeys(mutations) {
				w := newWorld(t)
				w.add(t, w.create(t, "demo"), "ng2")
				wiretest.Must(t, tt.before(t, w))
				r := mutations[name](t, w)
				if r.status < 300 {
					taken = append(taken, name)
				} else if r.status != 400 && r.status != 409 {
					t.Errorf("%s: got %s", name, r)
				}
			}
			if got := strings.Join(taken, " "); got != tt.taken {
				t.Errorf("taken are %s, want %s", got, tt.taken)
			}
		})
	}
}

func status2xx(r reply) error {
	if r.status < 300 {
		return nil
	}
	return fmt.Errorf("got %s", r)
}

// TestServer_Inject_failLater: what fails says why in the record and the status, and
// the calls that mend it are taken.
func TestServer_Inject_failLater(t *testing.T) {
	t.Parallel()
	const reason = "no room in the zone"
	for _, tt := range []struct {
		name, op, event string
		do              string
		cluster, group  string // their states after the failure
		mend, mended    string
	}{
		{"resize", "clusters.resize", "CLUSTER_RESIZE", "resize", "UPDATE_FAILED", "UPDATE_FAILED", "resize", "UPDATE_COMPLETE"},
		{"autoscale", "autoscale.set", "NODEGROUP_SET_CLUSTER_AUTOSCALER", "autoscale", "UPDATE_FAILED", "UPDATE_FAILED", "resize", "UPDATE_COMPLETE"},
		{"upgrade", "nodegroups.upgrade", "NODEGROUP_UPGRADE", "upgrade", "UPDATE_FAILED", "CREATE_COMPLETE", "resize", "UPDATE_COMPLETE"},
		{"certificates", "certificates.renew", eventRenewal, "certificates", "UPDATE_FAILED", "CREATE_COMPLETE", "certificates", "UPDATE_COMPLETE"},
		{"acl", "ipacl.set", eventACL, "acl", "UPDATE_FAILED", "CREATE_COMPLETE", "resize", "UPDATE_COMPLETE"},
		{"delete-group", "nodegroups.delete", "NODEGROUP_DELETE", "delete-group", "UPDATE_FAILED", "CREATE_COMPLETE", "delete-group", "UPDATE_COMPLETE"},
		{"delete", "clusters.delete", "CLUSTER_DELETE", "delete", "DELETE_FAILED", "DELETE_FAILED", "delete", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			path := w.create(t, "demo")
			w.add(t, path, "ng2")
			w.Inject(core.Fault{Op: tt.op, Kind: core.FaultFailLater, Reason: reason})
			wiretest.Must(t, status2xx(mutations[tt.do](t, w)))
			w.rest(t)
			c, g := w.get(t, path), w.get(t, path+"/nodegroups/default-worker")
			if c["status"] != tt.cluster || c["status_reason"] != reason || g["status"] != tt.group {
				t.Errorf("the cluster is %v: %v, the group %v: %v", c["status"], c["status_reason"], g["status"], g["status_reason"])
			}
			if g["status"] == "UPDATE_FAILED" && g["status_reason"] != reason {
				t.Errorf("the group says %v", g["status_reason"])
			}
			ev := items(w.get(t, path+"/events")["events"])[0]
			if ev["type"] != tt.event || ev["state"] != "FAIL" || ev["contents"] != reason || ev["updated_at"] == nil {
				t.Errorf("the record is %v", ev)
			}
			wiretest.Must(t, status2xx(mutations[tt.mend](t, w)))
			w.rest(t)
			if got := text(w.call(t, http.MethodGet, path, nil).body["status"]); got != tt.mended {
				t.Errorf("mended, the cluster is %q, want %q", got, tt.mended)
			}
		})
	}
}

// TestServer_Inject_failCreate: a cluster and a group that could not be made.
func TestServer_Inject_failCreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, op := range []string{"clusters.create", "nodegroups.create"} {
		w.Inject(core.Fault{Op: op, Kind: core.FaultFailLater, Reason: "no room"})
	}
	path := w.create(t, "a")
	if c := w.get(t, path); c["status"] != "CREATE_FAILED" || c["status_reason"] != "no room" || c["api_address"] != nil {
		t.Errorf("the cluster is %v", c)
	}
	path = w.create(t, "b")
	bad := w.add(t, path, "ng2")
	if got := w.status(t, path) + " " + w.status(t, bad); got != "UPDATE_FAILED CREATE_FAILED" {
		t.Errorf("got %s", got)
	}
	w.ok(t, http.StatusNoContent, http.MethodDelete, bad, nil)
	w.rest(t)
	if got := w.status(t, path); got != "UPDATE_COMPLETE" {
		t.Errorf("without the group the cluster is %s", got)
	}
}

// TestServer_ReadLag: what was accepted shows late, and its record at once.
func TestServer_ReadLag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.ReadLag = 0 })
	made := w.ok(t, http.StatusAccepted, http.MethodPost, "/v1/clusters", cluster("demo"))
	path := "/v1/clusters/" + text(made["uuid"])
	w.refused(t, http.StatusNotFound, "could not be found", http.MethodGet, path, nil)
	if list := items(w.get(t, "/v1/clusters")["clusters"]); len(list) != 0 {
		t.Errorf("the list has %v", list)
	}
	if ev := items(w.get(t, path+"/events")["events"]); len(ev) != 1 || ev[0]["state"] != "IN_PROGRESS" || ev[0]["user_id"] != nil {
		t.Errorf("the record is %v", ev)
	}
	w.clock.Add(defaultReadLag)
	if got := w.status(t, path); got != "CREATE_IN_PROGRESS" {
		t.Errorf("after a while the cluster is %s", got)
	}
	w.rest(t)
	w.ok(t, http.StatusAccepted, http.MethodPost, path+"/actions/resize", object{"nodegroup": "default-worker", "node_count": 3})
	if c := w.get(t, path); c["status"] != "CREATE_COMPLETE" || c["node_count"] != 2.0 {
		t.Errorf("at once the cluster is %v with %v nodes", c["status"], c["node_count"])
	}
	w.refused(t, http.StatusBadRequest, "UPDATE_IN_PROGRESS", http.MethodPost, path+"/nodegroups", group("ng2"))
	wiretest.Must(t, w.Force("demo", "", profile.UpdateFailed, "x"))
	if got := w.status(t, path); got != "UPDATE_FAILED" {
		t.Errorf("what is forced shows as %s", got)
	}
}

// TestServer_resizeNodes: the nodes that are named go.
func TestServer_resizeNodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.create(t, "demo", member("node_count", 3))
	servers := func() []object { return items(w.get(t, "/compute/v2/"+DefaultTenantID+"/servers/detail")["servers"]) }
	before := servers()
	w.ok(t, http.StatusAccepted, http.MethodPost, path+"/actions/resize", object{"nodegroup": "default-worker", "node_count": 2, "nodes_to_remove": []any{before[0]["id"]}})
	w.rest(t)
	after := servers()
	if len(after) != 2 || after[0]["id"] != before[1]["id"] || after[1]["id"] != before[2]["id"] {
		t.Errorf("left are %v of %v", after, before)
	}
	addresses := w.get(t, w.worker(t, path))["node_addresses"].([]any)
	for i, o := range after {
		fixed := items(at(o, "addresses", "vpc-01"))
		if len(fixed) != 1 || fixed[0]["OS-EXT-IPS:type"] != "fixed" || fixed[0]["addr"] != addresses[i] || o["OS-EXT-AZ:availability_zone"] != "kr-pub-a" {
			t.Errorf("node %d is %v, and the group has %v", i, o, addresses)
		}
	}
}

// TestServer_PutCluster: clusters that pmks could not ask for.
func TestServer_PutCluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Tenants = []string{"other"} })
	wiretest.Must(t, w.PutCluster(Seed{
		Seed: core.Seed{Name: "old", Version: "1.30", Created: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Groups: []pmks.NodeGroupInfo{
			{IId: pmks.IID{NameId: "default-worker"}, DesiredNodeSize: 2, VMSpecName: "m2.c2m4", OnAutoScaling: true, MinNodeSize: 2, MaxNodeSize: 5},
		}},
		Labels: map[string]any{"ca_image": "x", "external_network_id": nil}, GroupLabels: map[string]map[string]any{"default-worker": {"availability_zone": ""}},
		UserID: "somebody", Stopped: map[string]int{"default-worker": 1}, Metrics: []string{"default-worker"},
	}))
	wiretest.Must(t, w.PutCluster(Seed{Seed: core.Seed{Name: "older"}, NoLabels: true}))
	c, g := w.get(t, "/v1/clusters/old"), w.get(t, "/v1/clusters/old/nodegroups/default-worker")
	if c["created_at"] != "2024-01-02T03:04:05+00:00" || c["user_id"] != "somebody" || at(c, "labels", "kube_tag") != "v1.30.3" || at(c, "labels", "ca_image") != "x" ||
		at(c, "labels", "external_network_id") != nil || g["flavor_id"] != flavorNamed("m2.c2m4") || g["max_node_count"] != 5.0 || at(g, "labels", "availability_zone") != "" {
		t.Errorf("the cluster is %v with %v", c, g)
	}
	if c := w.get(t, "/v1/clusters/older"); len(c["labels"].(object)) != 0 {
		t.Errorf("the labels are %v", c["labels"])
	}
	if list := items(w.get(t, "/compute/v2/"+DefaultTenantID+"/servers/detail?status=SHUTOFF")["servers"]); len(list) != 1 || list[0]["OS-EXT-AZ:availability_zone"] != "kr-pub-a" {
		t.Errorf("stopped are %v", list)
	}
	for name, err := range map[string]error{
		"project": w.PutCluster(Seed{Project: "none"}), "name": w.Put(core.Seed{}), "force": w.Force("none", "", profile.Active, ""), "force-group": w.Force("old", "none", profile.Active, ""),
		"show": w.Show("none", "", "x"), "show-group": w.Show("old", "none", "x"), "stop": w.StopNodes("old", "none", 1),
	} {
		if err == nil {
			t.Errorf("%s: there is no error", name)
		}
	}
	wiretest.Must(t, w.SetKubeconfig("old", "no config"))
	if got := w.get(t, "/v1/clusters/old/config"); got["config"] != "no config" {
		t.Errorf("the kubeconfig is %v", got)
	}
	wiretest.Must(t, w.Show("old", "default-worker", "WHATEVER"))
	if got := w.status(t, "/v1/clusters/old/nodegroups/default-worker"); got != "WHATEVER" {
		t.Errorf("the group shows %s", got)
	}
	if _, due := w.NextEvent(); due {
		t.Error("something is under way")
	}
}

// TestServer_certificates: a renewal makes new ones.
func TestServer_certificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.create(t, "demo")
	before, expiry := w.get(t, path+"/config")["config"], at(w.get(t, path), "labels", "certificate_expiry")
	w.change(t, http.MethodPatch, "/v1/certificates/demo", object{"term_of_validity": 1})
	w.rest(t)
	after := at(w.get(t, path), "labels", "certificate_expiry")
	if w.get(t, path+"/config")["config"] == before || text(after) >= text(expiry) {
		t.Errorf("the certificates end at %v and then at %v", expiry, after)
	}
}

// TestServer_forget: clusters come and go for days, and what is known of them goes too.
func TestServer_forget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Quota = Quota{Clusters: -1, NodeGroups: -1, Nodes: -1} })
	for i := range 250 {
		name := fmt.Sprintf("c%d", i)
		w.ok(t, http.StatusAccepted, http.MethodPost, "/v1/clusters", cluster(name))
		wiretest.Must(t, w.Force(name, "", profile.Gone, ""))
	}
	if n := len(w.projects[DefaultTenantID].clusters); n > 110 {
		t.Errorf("%d records are kept", n)
	}
}

// TestServer_isolated: without a way to the internet the address is in the subnet.
func TestServer_isolated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.create(t, "demo", isolated)
	c := w.get(t, path)
	if !strings.HasPrefix(text(c["api_address"]), "https://10.0.129.") || !strings.Contains(text(w.get(t, path+"/config")["config"]), text(c["api_address"])) {
		t.Errorf("the address is %v", c["api_address"])
	}
	if at(c, "labels", "kube_version_status") != "NEED_UPGRADE" {
		t.Errorf("the labels are %v", c["labels"])
	}
}
