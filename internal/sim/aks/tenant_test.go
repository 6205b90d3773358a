// SPDX-License-Identifier: Apache-2.0

package aks

import (
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
