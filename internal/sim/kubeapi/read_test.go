// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const asTableV1 = "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"

// inBubble runs a test against a cluster in virtual time.
func inBubble(t *testing.T, test func(t *testing.T, c *cloud, api *caller)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, InProcess)
		test(t, c, c.caller(t))
	})
}

func names(o object) []string {
	items, _ := o["items"].([]any)
	var out []string
	for _, item := range items {
		member, _ := item.(map[string]any)
		out = append(out, object(member).name())
	}
	return out
}

// TestTable is what kubectl get nodes prints.
func TestTable(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cloud, api *caller) {
		c.change(func(c *cloud) { c.cluster.Nodes[1].NotReady = "it is gone" })
		time.Sleep(3 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		_, table := api.do(t, http.MethodGet, "/api/v1/nodes?limit=500", "", asTableV1)
		var lines []string
		rows, _ := table["rows"].([]any)
		for _, row := range rows {
			entry, _ := row.(map[string]any)
			cells, _ := entry["cells"].([]any)
			lines = append(lines, fmt.Sprint(cells[:5]...))
		}
		want := []string{fmt.Sprint("a", "Ready", "<none>", "3m", "v1.34.0"), fmt.Sprint("b", "NotReady", "<none>", "3m", "v1.33.5-sim")}
		if table.text("kind") != "Table" || table.text("apiVersion") != "meta.k8s.io/v1" || !slices.Equal(lines, want) {
			t.Errorf("got %q of %v, want %q", lines, table, want)
		}
		columns, _ := table["columnDefinitions"].([]any)
		if len(columns) != 10 {
			t.Errorf("there are %d columns", len(columns))
		}
		w := api.watch(t, "/api/v1/nodes?watch=true", asTableV1)
		for i := range 2 {
			_, event := w.next()
			if there := event["columnDefinitions"] != nil; event.text("kind") != "Table" || there != (i == 0) {
				t.Errorf("event %d is %v", i, event)
			}
		}
		_, list := api.do(t, http.MethodGet, "/api/v1/nodes", "", "Accept: application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
		if list.text("kind") != "PartialObjectMetadataList" || !slices.Equal(names(list), []string{"a", "b"}) {
			t.Errorf("the metadata are %v", list)
		}
		if status, o := api.do(t, http.MethodGet, "/api/v1/nodes", "", "Accept: application/yaml"); status != http.StatusNotAcceptable || o.text("reason") != "NotAcceptable" {
			t.Errorf("YAML answers %d %v", status, o)
		}
	})
}

// TestDiscovery is both forms of discovery, which say the same.
func TestDiscovery(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *cloud, api *caller) {
		const aggregated = "Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
		var found []string
		for _, path := range []string{"/api", "/apis"} {
			_, list := api.do(t, http.MethodGet, path, "", aggregated)
			if list.text("apiVersion") != "apidiscovery.k8s.io/v2" {
				t.Errorf("%s is %v", path, list)
			}
			items, _ := list["items"].([]any)
			for _, item := range items {
				group, _ := item.(map[string]any)
				versions, _ := group["versions"].([]any)
				version, _ := versions[0].(map[string]any)
				resources, _ := version["resources"].([]any)
				for _, r := range resources {
					entry, _ := r.(map[string]any)
					found = append(found, object(group).name()+"/"+object(entry).text("resource"))
				}
			}
		}
		want := []string{
			"/configmaps", "/namespaces", "/nodes", "authentication.k8s.io/selfsubjectreviews", "coordination.k8s.io/leases",
		}
		if !slices.Equal(found, want) {
			t.Errorf("got %q, want %q", found, want)
		}
		var old []string
		for _, path := range []string{"/api/v1", "/apis/authentication.k8s.io/v1", "/apis/coordination.k8s.io/v1"} {
			_, list := api.do(t, http.MethodGet, path, "")
			items, _ := list["resources"].([]any)
			for _, r := range items {
				entry, _ := r.(map[string]any)
				old = append(old, strings.TrimSuffix(strings.TrimPrefix(path, "/apis/"), "/v1")+"/"+object(entry).text("name"))
			}
		}
		for i := range old {
			old[i] = strings.TrimPrefix(old[i], "/api")
		}
		if !slices.Equal(old, want) {
			t.Errorf("the old form has %q, want %q", old, want)
		}
		for _, path := range []string{"/apis", "/apis/coordination.k8s.io", "/api", "/"} {
			if status, _ := api.do(t, http.MethodGet, path, ""); status != 200 {
				t.Errorf("%s answers %d", path, status)
			}
		}
		for _, path := range []string{"/healthz", "/livez", "/readyz", "/readyz?verbose"} {
			if status, o := api.do(t, http.MethodGet, path, ""); status != 200 || !strings.Contains(o.text("text"), "ok") {
				t.Errorf("%s answers %d %v", path, status, o)
			}
		}
		for _, path := range []string{"/api/v1/pods", "/api/v1/namespaces/default/pods", "/api/v1/nodes/a/status", "/apis/apps/v1/deployments", "/openapi/v3", "/metrics", "/api/v1/namespaces/default/nodes"} {
			if status, o := api.do(t, http.MethodGet, path, ""); status != 404 || o.text("kind") != "Status" || o.text("reason") != "NotFound" {
				t.Errorf("%s answers %d %v", path, status, o)
			}
		}
		if status, o := api.do(t, http.MethodGet, "/openapi/v2", "", "Accept: application/com.github.proto-openapi.spec.v2@v1.0+protobuf"); status != 404 {
			t.Errorf("what is not there answers %d %v in a form that is not either", status, o)
		}
		for _, call := range [][2]string{{"POST", "/api/v1/nodes"}, {"DELETE", "/api/v1/nodes/a"}, {"PUT", "/version"}, {"DELETE", "/api/v1/namespaces/default/configmaps"}, {"GET", "/apis/authentication.k8s.io/v1/selfsubjectreviews"}} {
			if status, o := api.do(t, call[0], call[1], "{}"); status != 405 || o.text("reason") != "MethodNotAllowed" {
				t.Errorf("%s %s answers %d %v", call[0], call[1], status, o)
			}
		}
	})
}

// TestList reads by selectors and page by page.
func TestList(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cloud, api *caller) {
		for _, test := range []struct {
			query string
			want  []string
		}{
			{"labelSelector=pool=one", []string{"a"}},
			{"labelSelector=pool", []string{"a"}},
			{"labelSelector=!pool", []string{"b"}},
			{"labelSelector=pool!=one", []string{"b"}},
			{"labelSelector=pool in (two, one),kubernetes.io/os==linux", []string{"a"}},
			{"labelSelector=pool notin (one)", []string{"b"}},
			{"labelSelector=kubernetes.io/hostname in (a,b)", []string{"a", "b"}},
			{"fieldSelector=metadata.name=b", []string{"b"}},
			{"fieldSelector=metadata.name!=b", []string{"a"}},
			{"resourceVersion=0", []string{"a", "b"}},
		} {
			key, value, _ := strings.Cut(test.query, "=")
			status, list := api.do(t, http.MethodGet, "/api/v1/nodes?"+key+"="+url.QueryEscape(value), "")
			if status != 200 || !slices.Equal(names(list), test.want) {
				t.Errorf("%s: got %d %q, want %q", test.query, status, names(list), test.want)
			}
		}
		for _, query := range []string{
			"labelSelector=a b", "labelSelector=a in b", "labelSelector=a,,b", "fieldSelector=spec.x=1", "fieldSelector=metadata.name", "limit=many",
			"resourceVersion=x", "resourceVersionMatch=Exact", "resourceVersionMatch=Never", "continue=x", "continue=e30&resourceVersion=5",
		} {
			key, value, _ := strings.Cut(query, "=")
			first, rest, _ := strings.Cut(value, "&")
			if status, o := api.do(t, http.MethodGet, "/api/v1/nodes?"+key+"="+url.QueryEscape(first)+"&"+rest, ""); status != 400 {
				t.Errorf("%s answers %d %v", query, status, o)
			}
		}
		_, page := api.do(t, http.MethodGet, "/api/v1/nodes?limit=1", "")
		token := page.meta("continue")
		if !slices.Equal(names(page), []string{"a"}) || token == "" || page.child("metadata")["remainingItemCount"] != 1.0 {
			t.Errorf("the first page is %v", page)
		}
		// The pages are those of one moment.
		c.change(func(c *cloud) { c.cluster.Nodes = []Node{{Name: "z", ProviderID: "sim:///z"}} })
		api.do(t, http.MethodGet, "/version", "")
		_, rest := api.do(t, http.MethodGet, "/api/v1/nodes?limit=5&continue="+token, "")
		if !slices.Equal(names(rest), []string{"b"}) || rest.meta("resourceVersion") != page.meta("resourceVersion") {
			t.Errorf("the second page is %v", rest)
		}
		_, exact := api.do(t, http.MethodGet, "/api/v1/nodes?resourceVersionMatch=Exact&resourceVersion="+page.meta("resourceVersion"), "")
		if !slices.Equal(names(exact), []string{"a", "b"}) {
			t.Errorf("what was is %v", exact)
		}
		status, o := api.do(t, http.MethodGet, "/api/v1/nodes?resourceVersion=999999", "")
		if status != http.StatusGatewayTimeout || o.text("reason") != "Timeout" {
			t.Errorf("a version to come answers %d %v", status, o)
		}
	})
}

// TestWatch reads initial events, bookmarks, selectors and ends.
func TestWatch(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cloud, api *caller) {
		const initial = "/api/v1/nodes?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
		w := api.watch(t, initial+"&timeoutSeconds=90")
		w.expect("ADDED a", "ADDED b")
		kind, mark := w.next()
		if kind != bookmark || mark.text("metadata", "annotations", "k8s.io/initial-events-end") != "true" || mark.meta("resourceVersion") == "" {
			t.Errorf("the end of the beginning is %s %v", kind, mark)
		}
		w.expect("BOOKMARK", "BOOKMARK", "") // after a minute, and at the end
		one := api.watch(t, "/api/v1/nodes?watch=1&labelSelector=pool%3Done&resourceVersion="+mark.meta("resourceVersion"))
		c.change(func(c *cloud) {
			c.cluster.Nodes = slices.Clone(c.cluster.Nodes)
			c.cluster.Nodes[0].Labels, c.cluster.Nodes[1].Labels = nil, map[string]string{"pool": "one"}
		})
		one.expect("DELETED a", "ADDED b") // as they left and entered what is selected
		one.stop()
		for _, query := range []string{"watch=1&sendInitialEvents=true", "watch=1&resourceVersionMatch=NotOlderThan"} {
			if status, o := api.do(t, http.MethodGet, "/api/v1/nodes?"+query, ""); status != 422 || o.text("reason") != "Invalid" {
				t.Errorf("%s answers %d %v", query, status, o)
			}
		}
		// What was long ago is not remembered.
		for i := range logLimit + 10 {
			c.change(func(c *cloud) {
				c.cluster.Nodes = []Node{{Name: "n", ProviderID: "sim:///n", Version: fmt.Sprintf("1.34.%d", i)}}
			})
			api.do(t, http.MethodGet, "/version", "")
		}
		old := api.watch(t, "/api/v1/nodes?watch=1&resourceVersion="+mark.meta("resourceVersion"))
		if kind, o := old.next(); kind != "ERROR" || o["code"] != 410.0 || o.text("reason") != "Expired" {
			t.Errorf("an old version leads to %s %v", kind, o)
		}
		if status, o := api.do(t, http.MethodGet, "/api/v1/nodes?resourceVersionMatch=Exact&resourceVersion="+mark.meta("resourceVersion"), ""); status != 410 || o.text("reason") != "Expired" {
			t.Errorf("a list of long ago answers %d %v", status, o)
		}
	})
}

// TestWatch_Ends: a caller who goes and servers that close end a watch at once.
func TestWatch_Ends(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cloud, api *caller) {
		first := api.watch(t, "/api/v1/namespaces?watch=1")
		first.expect("ADDED default", "ADDED kube-node-lease", "ADDED kube-public", "ADDED kube-system")
		first.stop()
		second := api.watch(t, "/api/v1/nodes?watch=1")
		second.expect("ADDED a", "ADDED b")
		begin := time.Now()
		if err := c.servers.Close(); err != nil {
			t.Error(err)
		}
		second.expect("")
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the end took %s", took)
		}
	})
}
