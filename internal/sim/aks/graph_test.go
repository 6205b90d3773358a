// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

const (
	graphMachines = "computeresources | where type =~ 'Microsoft.Compute/virtualMachineScaleSets/virtualMachines'"
	graphNodes    = graphMachines + " | project id, computerName = tostring(properties.osProfile.computerName) | order by id asc"
	graphPath     = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01"
)

// ask sends the request of a query.
func (w *world) ask(t *testing.T, body any) (*http.Response, graphAnswer, string) {
	t.Helper()
	data := wiretest.OK(json.Marshal(body))(t)
	response, text := w.send(t, http.MethodPost, graphPath, string(data), "Authorization", "Bearer "+w.bearer(t, armScope), "Content-Type", "application/json")
	var out graphAnswer
	if response.StatusCode == http.StatusOK {
		wiretest.Must(t, json.Unmarshal([]byte(text), &out))
	}
	return response, out, text
}

type object = map[string]any

// graph asks for all that a query has, or for its first page.
func (w *world) graph(t *testing.T, query string) graphAnswer {
	t.Helper()
	response, out, text := w.ask(t, object{"query": query})
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s", query, response.Status, text)
	}
	return out
}

// nodes are the machines that the index shows, by id.
func (w *world) nodes(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	for _, row := range w.graph(t, graphNodes).Data {
		list[row["id"].(string)] = row["computerName"].(string)
	}
	return list
}

// TestServer_graph: the index shows every machine of a scale set once, by pages, and
// leaves out what the principal may not read.
func TestServer_graph(t *testing.T) {
	t.Parallel()
	const other, denied = "aaaaaaaa-0000-4000-8000-000000000002", "aaaaaaaa-0000-4000-8000-000000000003"
	w := newWorld(t, func(o *Options) { o.Subscriptions = []Subscription{{ID: other}, {ID: denied, Denied: true}} })
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: groups("ng1", "vms"), Attr: map[string]string{AttrMachinesPools: "vms"}}))
	wiretest.Must(t, w.Put(core.Seed{Name: "b", Groups: groups("ng1")}))
	wiretest.Must(t, w.Subscription(other).Put(core.Seed{Name: "c", Groups: groups("ng1")}))
	wiretest.Must(t, w.Subscription(denied).Put(core.Seed{Name: "d", Groups: groups("ng1")}))
	seen, token, pages := map[string]string{}, "", 0
	for {
		response, out, text := w.ask(t, object{"subscriptions": []string{DefaultSubscriptionID, other, denied}, "query": graphNodes,
			"options": object{"$top": 4, "$skipToken": token, "resultFormat": "objectArray"}})
		if response.StatusCode != http.StatusOK || out.Count != len(out.Data) || out.TotalRecords != 6 || out.ResultTruncated != "false" || out.Facets == nil {
			t.Fatalf("got %s: %s", response.Status, text)
		}
		for _, row := range out.Data {
			id := row["id"].(string)
			if seen[id] != "" || len(row) != 2 || strings.Contains(id, denied) {
				t.Errorf("the row %v is there again, or has too much", row)
			}
			seen[id] = row["computerName"].(string)
		}
		pages++
		if token = out.SkipToken; token == "" {
			break
		}
	}
	if len(seen) != 6 || pages != 2 {
		t.Errorf("the index shows %v in %d pages", seen, pages)
	}
	page := wiretest.OK(w.machine.NewListPager(testGroup, "a", "ng1", nil).NextPage(t.Context()))(t)
	for _, m := range page.Value {
		if seen[*m.Properties.ResourceID] != *m.Name {
			t.Errorf("the index has %q for %s", seen[*m.Properties.ResourceID], *m.Name)
		}
	}
	row := w.graph(t, graphMachines+" | order by id asc").Data[0]
	for key, want := range map[string]any{"name": "aks-ng1-" + w.latest["pmks/a"].scaleSet + "-vmss_0", "type": scaleSetVMs, "location": "koreacentral",
		"resourceGroup": "mc_pmks_a_koreacentral", "subscriptionId": DefaultSubscriptionID, "tenantId": DefaultTenantID} {
		if row[key] != want {
			t.Errorf("%s is %v, want %v", key, row[key], want)
		}
	}
	if tags := row["tags"].(object); tags["aks-managed-poolName"] != "ng1" {
		t.Errorf("the tags are %v", tags)
	}
	// A page is as large as the server has it, whatever is asked for.
	small := newWorld(t, func(o *Options) { o.GraphPageSize = 1 })
	wiretest.Must(t, small.Put(core.Seed{Name: "a", Groups: groups("ng1")}))
	if out := small.graph(t, graphNodes); out.Count != 1 || out.TotalRecords != 2 || out.SkipToken == "" {
		t.Errorf("the page is %+v", out)
	}
}

// TestServer_graph_language: what a query says is done, and what is none of the language,
// or no column of the table, is refused.
func TestServer_graph_language(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Unlimited = true })
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: groups("ng1", "ng2")}))
	wiretest.Must(t, w.Put(core.Seed{Name: "b", Groups: groups("ng1")}))
	for query, want := range map[string]int{
		graphMachines: 6,
		strings.ReplaceAll(graphMachines, "computeresources", "ComputeResources"):                                                6,
		"computeresources | where type == 'Microsoft.Compute/virtualMachineScaleSets/virtualMachines'":                           0, // types are in lower case
		"computeresources | where type =~ 'microsoft.compute/virtualmachines'":                                                   0,
		graphMachines + " | where id contains '/VIRTUALMACHINESCALESETS/AKS-NG1'":                                                4,
		graphMachines + " | where tags['aks-managed-poolName'] == 'ng2' and location =~ 'KoreaCentral'":                          2,
		graphMachines + ` | where tostring(tags["aks-managed-poolName"]) != "ng2"`:                                               4,
		graphMachines + " | where isnotempty(tags['aks-managed-poolName']) | where isnotempty(tags['no'])":                       0,
		graphMachines + " | where resourceGroup in~ ('MC_pmks_b_koreacentral', 'none')":                                          2,
		graphMachines + " | where resourceGroup in ('MC_pmks_b_koreacentral')":                                                   0,
		graphMachines + " | where name startswith 'aks-ng1' | where name endswith '_1' | where name !~ ''":                       2,
		graphMachines + " | extend pool = tags['aks-managed-poolName'] | where pool == 'ng2'":                                    2,
		graphMachines + " | project properties.osProfile.computerName | where properties_osProfile_computerName contains 'vmss'": 6,
		graphMachines + " | limit 3": 3,
		graphMachines + " | take 0":  0,
	} {
		if out := w.graph(t, query); out.Count != want || out.TotalRecords != want || out.ResultTruncated != "false" {
			t.Errorf("%s: %d rows of %d, want %d", query, out.Count, out.TotalRecords, want)
		}
	}
	var names []string
	for _, row := range w.graph(t, graphMachines+" | project name, rg = resourceGroup | sort by rg, name asc").Data {
		names = append(names, strings.Fields(strings.NewReplacer("mc_pmks_", "", "_koreacentral", "").Replace(row["rg"].(string)))[0]+row["name"].(string)[4:7])
	}
	if want := []string{"bng1", "bng1", "ang1", "ang1", "ang2", "ang2"}; !slices.Equal(names, want) {
		t.Errorf("the order is %v, want %v", names, want)
	}
	for _, test := range []struct {
		body   object
		status int
		code   string
	}{
		{object{"query": "resources"}, 501, CodeNotSimulated},
		{object{"query": graphMachines + " | summarize count()"}, 501, CodeNotSimulated},
		{object{"query": graphMachines + " | where name == 'a' or name == 'b'"}, 501, CodeNotSimulated},
		{object{"query": graphMachines + " | project toupper(name)"}, 501, CodeNotSimulated},
		{object{"query": graphMachines, "facets": []any{}}, 501, CodeNotSimulated},
		{object{"query": graphMachines, "managementGroups": []string{"a"}}, 501, CodeNotSimulated},
		{object{"query": graphMachines, "options": object{"resultFormat": "table"}}, 501, CodeNotSimulated},
		{object{"query": ""}, 400, "InvalidQuery"},
		{object{"query": "machines"}, 400, "DisallowedLogicalTableName"},
		{object{"query": graphMachines + " project id"}, 400, "ParserFailure"},
		{object{"query": graphMachines + " | project"}, 400, "ParserFailure"},
		{object{"query": graphMachines + " | select id"}, 400, "ParserFailure"},
		{object{"query": graphMachines + " | where name = 'a'"}, 400, "ParserFailure"},
		{object{"query": graphMachines + " | where name == a"}, 400, "ParserFailure"},
		{object{"query": graphMachines + " | where name == 'a"}, 400, "ParserFailure"},
		{object{"query": graphMachines + " | order id"}, 400, "ParserFailure"},
		{object{"query": graphMachines + " | limit all"}, 400, "ParserFailure"},
		{object{"query": graphMachines + " | project computerName"}, 400, "Default"},
		{object{"query": graphMachines + " | project name | order by id asc"}, 400, "Default"},
		{object{"query": graphMachines + " | where Name == 'a'"}, 400, "Default"}, // columns have their case
		{object{"query": graphMachines, "options": object{"$top": 1001}}, 400, "InvalidOptions"},
		{object{"query": graphMachines, "options": object{"$top": 0}}, 400, "InvalidOptions"},
		{object{"query": graphMachines, "options": object{"$skip": -1}}, 400, "InvalidOptions"},
		{object{"query": graphMachines, "options": object{"$skipToken": "a"}}, 400, "InvalidSkipToken"},
		{object{"query": graphMachines, "subscriptions": []string{"a"}}, 400, "SubscriptionsContainInvalidGuids"},
		{object{"query": graphMachines, "subscriptions": []string{"aaaaaaaa-0000-4000-8000-000000000009"}}, 400, "NoValidSubscriptionsInQueryRequest"},
		{object{"query": graphMachines, "option": object{}}, 400, "UnmarshalError"},
	} {
		response, _, text := w.ask(t, test.body)
		if response.StatusCode != test.status || !strings.Contains(text, `"`+test.code+`"`) || test.status == 501 && strings.Contains(text, "details") {
			t.Errorf("%v: got %s %s, want %d %s", test.body, response.Status, text, test.status, test.code)
		}
	}
	// Without an order, and with a limit of its own, a query has no second page.
	for _, query := range []string{graphMachines, graphNodes + " | limit 5"} {
		if _, out, text := w.ask(t, object{"query": query, "options": object{"$top": 4}}); out.Count != 4 || out.SkipToken != "" || out.ResultTruncated != "true" {
			t.Errorf("%s: %s", query, text)
		}
	}
	if _, out, text := w.ask(t, object{"query": graphNodes, "options": object{"$skip": 4}}); out.Count != 2 || out.TotalRecords != 6 {
		t.Errorf("behind $skip: %s", text)
	}
}

// TestServer_graph_quota: 15 queries in five seconds for each user, and every answer says
// how many are left.
func TestServer_graph_quota(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: groups("ng1")}))
	w.clock.Add(5*time.Second - time.Duration(w.clock.Now().UnixNano()%int64(5*time.Second)) + 1500*time.Millisecond)
	check := func(status int, left, resets string) {
		t.Helper()
		response, _, text := w.ask(t, object{"query": graphNodes})
		h := response.Header
		if response.StatusCode != status || h.Get("x-ms-user-quota-remaining") != left || h.Get("x-ms-user-quota-resets-after") != resets || h.Get("Retry-After") != "" ||
			status != http.StatusOK && !strings.Contains(text, `"RateLimiting"`) {
			t.Fatalf("got %s %v %s, want %d with %s and %s", response.Status, h, text, status, left, resets)
		}
	}
	for _, left := range []string{"14", "13", "12", "11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1", "0"} {
		check(http.StatusOK, left, "00:00:04")
	}
	check(http.StatusTooManyRequests, "0", "00:00:04")
	w.clock.Add(2 * time.Second)
	check(http.StatusTooManyRequests, "0", "00:00:02")
	w.clock.Add(1500 * time.Millisecond)
	check(http.StatusOK, "14", "00:00:05")
	if got := w.get(t, "a"); got == nil {
		t.Error("another service is throttled")
	}
}

// TestServer_graph_denied: who may not ask is refused; who may not read the machines, or
// the resource group that they are in, is shown fewer of them.
func TestServer_graph_denied(t *testing.T) {
	t.Parallel()
	deny := func(actions ...string) *world {
		w := newWorld(t, func(o *Options) {
			o.Apps = map[string]App{DefaultClientID: {Secrets: []string{DefaultClientSecret}, Denied: actions}}
		})
		wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: groups("ng1")}))
		wiretest.Must(t, w.Put(core.Seed{Name: "b", Groups: groups("ng1")}))
		return w
	}
	for _, action := range []string{"Microsoft.ResourceGraph/resources/read", "*"} {
		if response, _, text := deny(action).ask(t, object{"query": graphNodes}); response.StatusCode != http.StatusForbidden || !strings.Contains(text, `"AccessDenied"`) {
			t.Errorf("%s: %s %s", action, response.Status, text)
		}
	}
	w := deny("Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read")
	if out := w.graph(t, graphNodes); out.TotalRecords != 0 || out.Data == nil {
		t.Errorf("the index shows %+v", out)
	}
	w = deny()
	wiretest.Must(t, w.HideNodes("a", true))
	if out := w.nodes(t); len(out) != 2 {
		t.Errorf("the index shows %v", out)
	}
	group := *w.get(t, "a").Properties.NodeResourceGroup
	check(t, wiretest.Err(w.sets.NewListPager(group, nil).NextPage(t.Context())), refusal{http.StatusForbidden, "AuthorizationFailed"}, "virtualMachineScaleSets/read")
	if page := wiretest.OK(w.machine.NewListPager(testGroup, "a", "ng1", nil).NextPage(t.Context()))(t); len(page.Value) != 2 {
		t.Errorf("AKS itself shows %d machines", len(page.Value))
	}
	wiretest.Must(t, w.HideNodes("a", false))
	wiretest.OK(w.sets.NewListPager(group, nil).NextPage(t.Context()))(t)
	if out := w.nodes(t); len(out) != 4 || w.HideNodes("none", true) == nil {
		t.Errorf("the index shows %v", out)
	}
}

// TestServer_graph_faults: the index one step late, and the faults of the plan in the words
// of Resource Graph.
func TestServer_graph_faults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Unlimited, o.GraphPageSize = true, 1 })
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: groups("ng1")}))
	wiretest.Must(t, w.Put(core.Seed{Name: "b", Groups: groups("ng1")}))
	count := func() int { return w.graph(t, graphNodes).TotalRecords }
	w.HoldIndex(true)
	wiretest.Must(t, w.putPool(t, "a", "ng1", func(p *armcontainerservice.ManagedClusterAgentPoolProfileProperties) { p.Count = new(int32(5)) }))
	wiretest.OK(w.clusters.BeginDelete(t.Context(), testGroup, "b", nil))(t)
	w.pass()
	w.checkMachines(t, "a", "ng1", 5)
	if n := count(); n != 4 {
		t.Errorf("the index that is held has %d machines", n)
	}
	w.HoldIndex(false)
	if n := count(); n != 5 {
		t.Errorf("the index has %d machines", n)
	}
	first := w.graph(t, graphNodes).SkipToken
	cancel := w.Inject(core.Fault{Op: "ResourceGraph_Resources", Kind: core.FaultRepeatPage, Times: -1})
	if _, out, text := w.ask(t, object{"query": graphNodes, "options": object{"$skipToken": first}}); first == "" || out.SkipToken != first {
		t.Errorf("the token is not there again: %s", text)
	}
	cancel()
	for code, want := range map[pmks.Code]string{
		pmks.CodePermissionDenied: `403 "AccessDenied"`, pmks.CodeThrottled: `429 "RateLimiting"`, pmks.CodeInvalidArgument: `400 "ParserFailure"`,
		pmks.CodeUnauthenticated: `401 "InvalidAuthenticationToken"`, pmks.CodeUnavailable: `503 "ServiceUnavailable"`, pmks.CodeInternal: `500 "InternalServerError"`,
	} {
		cancel := w.Inject(core.Fault{Op: "ResourceGraph_Resources", Kind: core.FaultRefuse, Code: code, Times: -1})
		response, _, text := w.ask(t, object{"query": graphNodes})
		if status, word, _ := strings.Cut(want, " "); response.Status[:3] != status || !strings.Contains(text, word) {
			t.Errorf("%v: got %s %s, want %s", code, response.Status, text, want)
		}
		cancel()
	}
}
