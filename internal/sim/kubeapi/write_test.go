// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"net/http"
	"strings"
	"testing"
)

const (
	maps1   = "/api/v1/namespaces/default/configmaps"
	asMerge = "Content-Type: application/merge-patch+json"
)

// TestConfigMap takes one through its life: conflicts, patches, dry runs, finalizers.
func TestConfigMap(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *cloud, api *caller) {
		status, o := api.do(t, http.MethodPost, maps1, `{"metadata":{"name":"m","labels":{"x":"y"}},"data":{"k":"v"}}`)
		if status != 201 || o.meta("uid") == "" || o.namespace() != "default" || o.text("data", "k") != "v" || o.text("kind") != "ConfigMap" {
			t.Fatalf("got %d %v", status, o)
		}
		w := api.watch(t, maps1+"?watch=1&resourceVersion="+o.meta("resourceVersion"))
		first := o.meta("resourceVersion")
		check := func(what, method, path, body string, status int, reason string, headers ...string) object {
			t.Helper()
			got, o := api.do(t, method, path, body, headers...)
			if got != status || o.text("reason") != reason {
				t.Errorf("%s: got %d %v, want %d %s", what, got, o, status, reason)
			}
			return o
		}
		m := maps1 + "/m"
		check("the same again", "POST", maps1, `{"metadata":{"name":"m"}}`, 409, "AlreadyExists")
		check("a dry run", "POST", maps1+"?dryRun=All", `{"metadata":{"name":"dry"}}`, 201, "")
		check("what a dry run made", "GET", maps1+"/dry", "", 404, "NotFound")
		o = check("an update", "PUT", m, `{"metadata":{"name":"m","resourceVersion":"`+first+`"},"data":{"k":"w"}}`, 200, "")
		check("an update of what was", "PUT", m, `{"metadata":{"name":"m","resourceVersion":"`+first+`"},"data":{"k":"x"}}`, 409, "Conflict")
		check("an update of another uid", "PUT", m, `{"metadata":{"name":"m","uid":"other"}}`, 409, "Conflict")
		check("an update under another name", "PUT", m, `{"metadata":{"name":"n"}}`, 400, "BadRequest")
		same := check("an update that changes nothing", "PUT", m, `{"metadata":{"name":"m"},"data":{"k":"w"}}`, 200, "")
		if same.meta("resourceVersion") != o.meta("resourceVersion") {
			t.Errorf("an update that changes nothing made version %s of %s", same.meta("resourceVersion"), o.meta("resourceVersion"))
		}
		o = check("a patch", "PATCH", m, `{"data":{"k":null,"l":"1"},"metadata":{"annotations":{"a":"b"},"finalizers":["x/y"]}}`, 200, "", asMerge)
		if o.text("data", "l") != "1" || len(o.child("data")) != 1 || o.text("metadata", "annotations", "a") != "b" {
			t.Errorf("the patch made %v", o)
		}
		check("a patch of what was", "PATCH", m, `{"metadata":{"resourceVersion":"`+first+`"}}`, 409, "Conflict", asMerge)
		check("a strategic patch", "PATCH", m, `{"data":{"m":"2"}}`, 200, "", "Content-Type: application/strategic-merge-patch+json")
		check("a strategic patch with a directive", "PATCH", m, `{"data":{"$patch":"replace"}}`, 415, "UnsupportedMediaType", "Content-Type: application/strategic-merge-patch+json")
		check("a JSON patch", "PATCH", m, `[]`, 415, "UnsupportedMediaType", "Content-Type: application/json-patch+json")
		check("a deletion of another uid", "DELETE", m, `{"preconditions":{"uid":"other"}}`, 409, "Conflict")
		if o = check("a deletion with a finalizer", "DELETE", m, "", 200, ""); o.meta("deletionTimestamp") == "" {
			t.Errorf("it is %v", o)
		}
		check("the end of the finalizer", "PATCH", m, `{"metadata":{"finalizers":null}}`, 200, "", asMerge)
		check("what is gone", "GET", m, "", 404, "NotFound")
		check("a deletion of what is gone", "DELETE", m, "", 404, "NotFound")
		w.expect("MODIFIED m", "MODIFIED m", "MODIFIED m", "MODIFIED m", "DELETED m")
		check("one that cannot be changed", "POST", maps1, `{"metadata":{"generateName":"g-"},"immutable":true}`, 201, "")
	})
}

// TestWrite_refusals is what a real server refuses.
func TestWrite_refusals(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *cloud, api *caller) {
		const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
		if status, o := api.do(t, http.MethodPost, lease, `{"metadata":{"name":"l"},"spec":{"holderIdentity":"me","leaseDurationSeconds":15}}`); status != 201 {
			t.Fatalf("got %d %v", status, o)
		}
		for _, test := range []struct {
			name, method, path, body string
			status                   int
			reason                   string
		}{
			{"no-name", "POST", maps1, `{}`, 422, "Invalid"},
			{"bad-name", "POST", maps1, `{"metadata":{"name":"A_b"}}`, 422, "Invalid"},
			{"other-namespace", "POST", maps1, `{"metadata":{"name":"m","namespace":"kube-system"}}`, 400, "BadRequest"},
			{"no-namespace", "POST", "/api/v1/namespaces/none/configmaps", `{"metadata":{"name":"m"}}`, 404, "NotFound"},
			{"other-kind", "POST", maps1, `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"m"}}`, 400, "BadRequest"},
			{"with-a-version", "POST", maps1, `{"metadata":{"name":"m","resourceVersion":"1"}}`, 400, "BadRequest"},
			{"no-json", "POST", maps1, `{`, 400, "BadRequest"},
			{"null", "POST", maps1, `null`, 400, "BadRequest"},
			{"numbers", "POST", maps1, `{"metadata":{"name":"m"},"data":{"k":1}}`, 400, "BadRequest"},
			{"list", "POST", maps1, `{"metadata":{"name":"m"},"data":[]}`, 400, "BadRequest"},
			{"labels", "POST", maps1, `{"metadata":{"name":"m","labels":{"a":1}}}`, 400, "BadRequest"},
			{"metadata", "POST", maps1, `{"metadata":"m"}`, 400, "BadRequest"},
			{"unknown-field", "POST", maps1 + "?fieldValidation=Strict", `{"metadata":{"name":"m"},"datum":{}}`, 400, "BadRequest"},
			{"lease-without-a-version", "PUT", lease + "/l", `{"metadata":{"name":"l"}}`, 422, "Invalid"},
			{"lease-for-no-time", "POST", lease, `{"metadata":{"name":"m"},"spec":{"leaseDurationSeconds":0}}`, 400, "BadRequest"},
			{"lease-at-no-time", "POST", lease, `{"metadata":{"name":"m"},"spec":{"renewTime":"now"}}`, 400, "BadRequest"},
			{"system-namespace", "DELETE", "/api/v1/namespaces/kube-system", "", 403, "Forbidden"},
			{"large", "POST", maps1, `{"metadata":{"name":"m"},"data":{"k":"` + strings.Repeat("x", maxBody) + `"}}`, 413, "RequestEntityTooLarge"},
		} {
			if status, o := api.do(t, test.method, test.path, test.body); status != test.status || o.text("reason") != test.reason || o.text("message") == "" {
				t.Errorf("%s: got %d %v, want %d %s", test.name, status, o, test.status, test.reason)
			}
		}
		if status, o := api.do(t, http.MethodPost, maps1, "x", "Content-Type: text/plain"); status != 415 || o.text("reason") != "UnsupportedMediaType" {
			t.Errorf("text answers %d %v", status, o)
		}
	})
}

// TestNamespace: one goes with what is in it.
func TestNamespace(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *cloud, api *caller) {
		if status, o := api.do(t, http.MethodPost, "/api/v1/namespaces", `{"metadata":{"name":"mine"}}`); status != 201 || o.text("status", "phase") != "Active" {
			t.Fatalf("got %d %v", status, o)
		}
		const inside = "/api/v1/namespaces/mine/configmaps"
		if status, o := api.do(t, http.MethodPost, inside, `{"metadata":{"name":"m"}}`); status != 201 {
			t.Fatalf("got %d %v", status, o)
		}
		w := api.watch(t, inside+"?watch=1")
		w.expect("ADDED m")
		if status, o := api.do(t, http.MethodDelete, "/api/v1/namespaces/mine", ""); status != 200 {
			t.Fatalf("got %d %v", status, o)
		}
		w.expect("DELETED m")
		if status, _ := api.do(t, http.MethodGet, "/api/v1/namespaces/mine", ""); status != 404 {
			t.Errorf("the namespace answers %d", status)
		}
	})
}

// writer is a cloud that keeps the settings of a config map.
type writer struct {
	*cloud
	written []ConfigMap
}

func (w *writer) WriteConfigMap(_ string, m ConfigMap) error {
	w.change(func(c *cloud) { c.cluster.ConfigMaps = []ConfigMap{m} })
	w.written = append(w.written, m)
	return nil
}

// TestConfigMap_OfTheCloud: one that the cloud reads and writes is one object, whoever
// writes.
func TestConfigMap_OfTheCloud(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cloud, api *caller) {
		w := &writer{cloud: c}
		c.servers.cloud = w
		of := ConfigMap{Namespace: "kube-system", Name: "settings", Data: map[string]string{"k": "1"}}
		c.change(func(c *cloud) { c.cluster.ConfigMaps = []ConfigMap{of} })
		const path = "/api/v1/namespaces/kube-system/configmaps/settings"
		if status, o := api.do(t, http.MethodGet, path, ""); status != 200 || o.text("data", "k") != "1" {
			t.Fatalf("got %d %v", status, o)
		}
		status, o := api.do(t, http.MethodPatch, path, `{"data":{"k":"2"}}`, asMerge)
		if status != 200 || len(w.written) != 1 || w.written[0].Data["k"] != "2" {
			t.Errorf("got %d %v, and the cloud %v", status, o, w.written)
		}
		if _, again := api.do(t, http.MethodGet, path, ""); again.meta("resourceVersion") != o.meta("resourceVersion") {
			t.Errorf("one change made two versions: %v and %v", o, again)
		}
		of.Data = map[string]string{"k": "3"}
		c.change(func(c *cloud) { c.cluster.ConfigMaps = []ConfigMap{of} })
		if _, o := api.do(t, http.MethodGet, path, ""); o.text("data", "k") != "3" {
			t.Errorf("the cloud's own change shows %v", o)
		}
		c.change(func(c *cloud) { c.cluster.ConfigMaps = nil })
		if status, _ := api.do(t, http.MethodGet, path, ""); status != 404 {
			t.Errorf("what the cloud has taken away answers %d", status)
		}
	})
}
