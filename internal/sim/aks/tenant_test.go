// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_tenant: what a command line asks before it comes to clusters.
func TestServer_tenant(t *testing.T) {
	t.Parallel()
	const other, denied = "aaaaaaaa-0000-4000-8000-000000000002", "aaaaaaaa-0000-4000-8000-000000000003"
	w := newWorld(t, func(o *Options) { o.Subscriptions = []Subscription{{ID: other}, {ID: denied, Denied: true}} })
	wiretest.Must(t, w.Put(core.Seed{Name: "a"}))
	own := "/subscriptions/" + DefaultSubscriptionID
	for _, test := range []struct {
		target string
		signed bool
		status int
		want   string
	}{
		{"/metadata/endpoints?api-version=2022-09-01", false, 200, `"loginEndpoint":"` + simURL + `"`},
		{"/tenants?api-version=2022-12-01", false, 401, "AuthenticationFailed"},
		{"/tenants?api-version=2022-12-01", true, 200, DefaultTenantID},
		{"/subscriptions?api-version=2022-12-01", true, 200, other},
		{own + "?api-version=2022-12-01", true, 200, `"state":"Enabled"`},
		{own + "/locations?api-version=2022-12-01", true, 200, "koreacentral"},
		{own + "/resourcegroups?api-version=2024-11-01", true, 200, "MC_pmks_a_koreacentral"},
		{own + "/resourcegroups/PMKS?api-version=2024-11-01", true, 200, `"name":"pmks"`},
		{own + "/resourcegroups/mc_pmks_a_koreacentral?api-version=2024-11-01", true, 200, `"managedBy"`},
		{own + "/resourcegroups/none?api-version=2024-11-01", true, 404, "ResourceGroupNotFound"},
		{own + "/providers/Microsoft.ContainerService?api-version=2024-11-01", true, 200, `"Registered"`},
		{"/subscriptions/" + denied + "?api-version=2022-12-01", true, 403, "AuthorizationFailed"},
	} {
		var header []string
		if test.signed {
			header = []string{"Authorization", "Bearer " + w.bearer(t, armScope)}
		}
		response, body := w.send(t, http.MethodGet, test.target, "", header...)
		if response.StatusCode != test.status || !strings.Contains(body, test.want) || strings.HasPrefix(test.target, "/subscriptions?") && strings.Contains(body, denied) {
			t.Errorf("GET %s: %s %s", test.target, response.Status, body)
		}
	}
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
	const machines = "computeresources | where type =~ 'Microsoft.Compute/virtualMachineScaleSets/virtualMachines'"
	ask := func(body string) (int, graphAnswer, string) {
		response, text := w.send(t, http.MethodPost, "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01", body,
			"Authorization", "Bearer "+w.bearer(t, armScope), "Content-Type", "application/json")
		var out graphAnswer
		if response.StatusCode == http.StatusOK {
			wiretest.Must(t, json.Unmarshal([]byte(text), &out))
		}
		return response.StatusCode, out, text
	}
	seen, token := map[string]string{}, ""
	for {
		body := fmt.Sprintf(`{"subscriptions":[%q,%q,%q],"query":"%s | project id, computerName = tostring(properties.osProfile.computerName) | order by id asc","options":{"$top":4,"$skipToken":%q}}`,
			DefaultSubscriptionID, other, denied, machines, token)
		status, out, text := ask(body)
		if status != http.StatusOK || out.Count != len(out.Data) || out.TotalRecords != 6 {
			t.Fatalf("got %d: %s", status, text)
		}
		for _, row := range out.Data {
			if seen[row["id"]] != "" || len(row) != 2 || strings.Contains(row["id"], denied) {
				t.Errorf("the row %v is there again, or has too much", row)
			}
			seen[row["id"]] = row["computerName"]
		}
		if token = out.SkipToken; token == "" {
			break
		}
	}
	if len(seen) != 6 {
		t.Errorf("the index shows %v", seen)
	}
	page, err := w.machine.NewListPager(testGroup, "a", "ng1", nil).NextPage(t.Context())
	wiretest.Must(t, err)
	for _, m := range page.Value {
		if seen[*m.Properties.ResourceID] != *m.Name {
			t.Errorf("the index has %q for %s", seen[*m.Properties.ResourceID], *m.Name)
		}
	}
	for body, want := range map[string]int{
		`{"query":"` + machines + `","options":{"$top":4}}`:               200,
		`{"query":"` + machines + ` | where id contains 'none'"}`:         200,
		`{"query":"resources"}`:                                           501,
		`{"query":"` + machines + ` | summarize count()"}`:                501,
		`{"query":"` + machines + ` | project tags"}`:                     501,
		`{"query":"` + machines + `","options":{"$top":1001}}`:            400,
		`{"query":"` + machines + `","options":{"$skipToken":"a"}}`:       400,
		`{"query":"` + machines + `","options":{"resultFormat":"table"}}`: 501,
	} {
		if status, out, text := ask(body); status != want || out.SkipToken != "" {
			t.Errorf("%s: got %d %s, want %d", body, status, text, want)
		}
	}
}
