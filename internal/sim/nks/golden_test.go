// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// idPattern finds what is drawn at random, which may change with the order of drawing.
var idPattern = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|LS0t[A-Za-z0-9+/=]+|demo-(?:default-worker|ng2)-[a-z0-9]{12}-node-0|demo-[0-9a-f]{8}-secgroup_kube_minion-[0-9a-f]{8}|https://[0-9a-f]{8}-kr1|[0-9a-f]{56}|"[0-9a-f]{32}"|fa:16:3e:[0-9a-f:]{8}`)

// fixed are the ids that are not drawn.
func fixed() []string {
	r, keep := DefaultResources("KR1"), []string{DefaultTenantID, DefaultUserID, `"` + DefaultTenantID + `"`, `"` + DefaultUserID + `"`}
	for _, v := range r.VPCs {
		keep = append(keep, v.ID)
	}
	for _, s := range r.Subnets {
		keep = append(keep, s.ID, s.Gateway)
	}
	for _, i := range r.Images {
		keep = append(keep, i.ID)
	}
	for _, f := range r.Flavors {
		keep = append(keep, f.ID)
	}
	return keep
}

// taped is a world that writes down what goes over the wire, and holds every success
// against the table of the vendor's members.
func taped(t *testing.T, table *wiretest.Table) (*world, *wiretest.Tape) {
	t.Helper()
	w := newWorld(t)
	p := &wiretest.Tape{Next: w.next, Got: func(r *http.Response) string {
		if after := r.Header.Get("Retry-After"); after != "" {
			return "\n< Retry-After: " + after + "\n"
		}
		return "\n"
	}}
	tokens := 0
	p.Skip = func(r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/tokens") {
			tokens++
		}
		return tokens > 1 && strings.HasSuffix(r.URL.Path, "/tokens") // the first says it all
	}
	p.Watch = func(r *http.Request, _ []byte, response *http.Response, got []byte) {
		op := routeOf(r, r.URL.Query(), nil).op
		if _, known := table.Operations[op]; response.StatusCode < 300 && known {
			for _, fault := range table.Answer(op, got) {
				t.Error(fault)
			}
		}
	}
	w.next = p
	return w, p
}

// TestServer_golden keeps pairs of requests and answers.
func TestServer_golden(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	for name, run := range map[string]func(*testing.T, *world){"life": goldenLife, "refused": goldenRefused, "services": goldenServices} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, p := taped(t, table)
			run(t, w)
			wiretest.Golden(t, name+".golden", wiretest.Mask(p.Text(), idPattern, fixed()...))
		})
	}
}

func goldenLife(t *testing.T, w *world) {
	t.Helper()
	w.login(t, DefaultUser, DefaultPassword)
	w.get(t, "/v1/supports")
	path := w.create(t, "demo", label("k8s_node_labels", object{"a": "b"}))
	w.get(t, path)
	w.get(t, "/v1/clusters?limit=1")
	second := w.add(t, path, "ng2")
	w.get(t, path+"/nodegroups")
	w.get(t, second)
	w.change(t, http.MethodPost, second+"/autoscale", object{"ca_enable": true, "ca_min_node_count": 1, "ca_max_node_count": 4})
	w.rest(t)
	w.get(t, second+"/autoscale")
	w.ok(t, http.StatusAccepted, http.MethodPost, path+"/actions/resize", object{"nodegroup": "default-worker", "node_count": 1})
	w.get(t, path+"/nodegroups/default-worker")
	w.rest(t)
	w.change(t, http.MethodPatch, second, object{"type": "k8s_node_labels", "k8s_node_labels": object{"c": "d"}})
	w.rest(t)
	w.change(t, http.MethodPost, path+"/nodegroups/default-master/upgrade", object{"version": "v1.33.4"})
	w.rest(t)
	w.Inject(core.Fault{Op: "nodegroups.upgrade", Kind: core.FaultFailLater, Reason: "a pod disruption budget stops the drain"})
	w.change(t, http.MethodPost, second+"/upgrade", object{"version": "v1.33.4", "num_buffer_nodes": 0})
	w.rest(t)
	w.get(t, path)
	w.get(t, path+"/config")
	w.get(t, path+"/addons/")
	events := items(w.get(t, path+"/events")["events"])
	w.get(t, path+"/events/"+text(events[0]["uuid"]))
	w.change(t, http.MethodPatch, "/v1/certificates/demo", object{"term_of_validity": 3})
	w.rest(t)
	w.get(t, path+"/api_ep_ipacl")
	w.change(t, http.MethodPost, path+"/api_ep_ipacl", allowed("203.0.113.7", "198.51.100.9/24"))
	w.rest(t)
	w.get(t, path+"/api_ep_ipacl")
	w.ok(t, http.StatusNoContent, http.MethodDelete, second, nil)
	w.rest(t)
	w.ok(t, http.StatusNoContent, http.MethodDelete, path, nil)
}

func goldenServices(t *testing.T, w *world) {
	t.Helper()
	w.create(t, "demo")
	subnet := text(cluster("x")["fixed_subnet"])
	compute := "/compute/v2/" + DefaultTenantID
	for _, target := range []string{
		compute + "/servers/detail?limit=1000", compute + "/flavors/detail", compute + "/os-keypairs/keypair-01", compute + "/os-availability-zone",
		"/image/v2/images?nhncloud_allow_nks_cpu_flavor=true&visibility=public&limit=1", "/network/v2.0/networks?router:external=True", "/network/v2.0/vpcs?name=vpc-01",
		"/network/v2.0/vpcsubnets/" + subnet, "/network/v2.0/security-groups", "/volume/v2/" + DefaultTenantID + "/types", "/v1/addons/?k8s_version=v1.30.3", "/v1/addon_types/",
	} {
		w.get(t, target)
	}
}

func goldenRefused(t *testing.T, w *world) {
	t.Helper()
	w.Inject(core.Fault{Op: "clusters.list", Kind: core.FaultThrottle, RetryAfter: 7 * time.Second})
	w.Inject(core.Fault{Op: "servers.list", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied})
	for _, target := range []string{"/v1/clusters", "/v1/clusters/none", "/v1/clustertemplates", "/compute/v2/" + DefaultTenantID + "/servers/detail", "/network/v2.0/vpcs/none", "/image/v2/nothing", "/"} {
		if r := w.call(t, http.MethodGet, target, nil); r.status < 400 {
			t.Errorf("%s is not refused", target)
		}
	}
	w.refused(t, http.StatusUnauthorized, "", http.MethodPost, "/v2.0/tokens", tokenBody(DefaultUser, "wrong", DefaultTenantID))
	w.refused(t, http.StatusBadRequest, "", http.MethodPost, "/v1/clusters", cluster("demo", label("kube_tag", "v1.99.0")))
	w.header = http.Header{}
	w.refused(t, http.StatusNotAcceptable, "", http.MethodGet, "/v1/clusters/none/nodegroups", nil)
}

// TestServer_same: the same seed, times and calls give the same answers.
func TestServer_same(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	wiretest.Same(t, func() string {
		w, p := taped(t, table)
		goldenLife(t, w)
		return p.Text()
	})
}

// TestWire_structs holds the structs against the table.
func TestWire_structs(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	for _, fault := range table.Structs(
		map[string]any{
			"clusters.create": clusterRequest{}, "clusters.resize": resizeRequest{}, "certificates.renew": renewalRequest{}, "nodegroups.create": groupRequest{},
			"nodegroups.update": groupPatch{}, "ipacl.set": aclRequest{}, "autoscale.set": autoscaleRequest{}, "nodegroups.upgrade": upgradeRequest{},
		},
		map[string]any{
			"clusters.list": clusterList{}, "clusters.get": clusterObject{}, "clusters.create": uuidObject{}, "events.get": event{}, "nodegroups.list": groupList{},
			"nodegroups.get": groupObject{}, "nodegroups.create": createdGroup{}, "supports.get": supportsObject{}, "ipacl.get": aclObject{},
		},
	) {
		t.Error(fault)
	}
}

// TestWire_requests sends wrong requests in place of good ones.
func TestWire_requests(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	const worker = "/v1/clusters/demo/nodegroups/default-worker"
	for op, r := range map[string]struct {
		method, target string
		body           object
	}{
		"clusters.create":    {"POST", "/v1/clusters", cluster("other")},
		"clusters.resize":    {"POST", "/v1/clusters/demo/actions/resize", object{"nodegroup": "default-worker", "node_count": 3}},
		"certificates.renew": {"PATCH", "/v1/certificates/demo", object{"term_of_validity": 3}},
		"nodegroups.create":  {"POST", "/v1/clusters/demo/nodegroups", group("ng2")},
		"nodegroups.update":  {"PATCH", worker, object{"type": "k8s_node_labels", "k8s_node_labels": object{"a": "b"}}},
		"autoscale.set":      {"POST", worker + "/autoscale", object{"ca_enable": true, "ca_min_node_count": 1, "ca_max_node_count": 3, "ca_scale_down_enable": "False"}},
		"ipacl.set":          {"POST", "/v1/clusters/demo/api_ep_ipacl", object{"enable": "True", "action": "DENY", "ipacl_targets": []any{object{"cidr_address": "203.0.113.0/24"}}}},
		"nodegroups.upgrade": {"POST", "/v1/clusters/demo/nodegroups/default-master/upgrade", object{"version": "v1.33.4"}},
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			wiretest.Request{Op: op, Body: r.body, Send: func(t *testing.T, body string) (int, string) {
				w := newWorld(t)
				wiretest.Must(t, w.Put(core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: defaultWorker}, DesiredNodeSize: 2}}}))
				a := w.call(t, r.method, r.target, body)
				return a.status, string(a.raw)
			}}.Run(t, table)
		})
	}
}

// FuzzServer sends requests made of arbitrary bytes: there is always an answer in the
// shape of the service, and never a panic.
func FuzzServer(f *testing.F) {
	for _, seed := range []struct{ method, target, body string }{
		{"GET", "/v1/clusters?limit=1&marker=x", ""}, {"GET", "/v1/clusters/a", ""}, {"GET", "/v1/clusters/a/config", ""}, {"GET", "/v1/supports", ""},
		{"POST", "/v1/clusters", rawJSON(cluster("b"))}, {"POST", "/v1/clusters/a/nodegroups", rawJSON(group("g"))},
		{"POST", "/v1/clusters/a/actions/resize", `{"nodegroup":"default-worker","node_count":3,"nodes_to_remove":["x"]}`},
		{"POST", "/v1/clusters/a/nodegroups/default-worker/autoscale", `{"ca_enable":"True","ca_min_node_count":1.5}`},
		{"POST", "/v1/clusters/a/nodegroups/default-master/upgrade", `{"version":"v1.33.4","num_buffer_nodes":0}`},
		{"PATCH", "/v1/clusters/a/nodegroups/default-worker", `{"type":"k8s_node_labels","k8s_node_labels":{"a/b":"c"}}`},
		{"POST", "/v1/clusters/a/api_ep_ipacl", `{"enable":"True","action":"DENY","ipacl_targets":[{"cidr_address":"10.0.0.1/8"}]}`},
		{"PATCH", "/v1/certificates/a", `{"term_of_validity":3}`}, {"DELETE", "/v1/clusters/a", ""}, {"POST", "/v2.0/tokens", `{"auth":{"tenantId":"x"}}`},
		{"GET", "/compute/v2/" + DefaultTenantID + "/servers/detail?limit=1", ""}, {"GET", "/image/v2/images?visibility=public", ""},
		{"GET", "/network/v2.0/vpcsubnets?vpc_id=x", ""}, {"PUT", "//..%2f", "\x00"},
	} {
		f.Add(seed.method, seed.target, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, target, body string) {
		w := newWorld(t)
		wiretest.Must(t, w.Put(core.Seed{Name: "a"}))
		w.Reset()
		response, answer := wiretest.Fuzzed(t, w.Transport(), method, target, body, func(r *http.Request) bool {
			r.Header.Set("X-Auth-Token", w.token)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("OpenStack-API-Version", "container-infra latest")
			return true
		})
		var members []string
		if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
			var out map[string]any
			if err := simkit.Decode(answer, &out); err != nil {
				t.Fatalf("not JSON: %v: %q", err, answer)
			}
			members = sortedKeys(out)
		} else if len(answer) > 0 && !strings.HasPrefix(string(answer), "<html>") {
			t.Fatalf("neither JSON nor HTML: %q", answer)
		}
		if known := []string{"errors", "error", "NeutronError"}; response.StatusCode >= 400 && len(members) > 0 && !slices.Contains(known, members[0]) && noNovaFault(members[0]) {
			t.Errorf("not an error of a service: %q", answer)
		}
		if c := w.Calls(); response.StatusCode == http.StatusInternalServerError || len(c) != 1 || c[0].Status != response.StatusCode {
			t.Errorf("the journal has %+v for %d %q", c, response.StatusCode, answer)
		}
	})
}

// noNovaFault reports whether a name is none of a fault of Nova.
func noNovaFault(name string) bool {
	for _, known := range novaFaults {
		if known == name {
			return false
		}
	}
	return name != "computeFault"
}

func BenchmarkServer(b *testing.B) {
	w := newWorld(b)
	wiretest.Must(b, w.Put(core.Seed{Name: "demo"}))
	get := func(target string) func() error {
		return func() error { return wiretest.Err(w.do(b.Context(), http.MethodGet, target, nil)) }
	}
	wiretest.Bench(b, map[string]func() error{
		"get-cluster": get("/v1/clusters/demo"), "list-clusters": get("/v1/clusters"), "list-groups": get("/v1/clusters/demo/nodegroups"),
		"list-servers": get("/compute/v2/" + DefaultTenantID + "/servers/detail"),
	})
}
