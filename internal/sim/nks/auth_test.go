// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestServer_createToken: who gets a token, and what for.
func TestServer_createToken(t *testing.T) {
	t.Parallel()
	good := tokenBody(DefaultUser, DefaultPassword, DefaultTenantID)
	for _, tt := range []struct {
		name   string
		body   any
		status int
	}{
		{"good", good, 200},
		{"password", tokenBody(DefaultUser, "x", DefaultTenantID), 401},
		{"user", tokenBody("x", DefaultPassword, DefaultTenantID), 401},
		{"tenant", tokenBody(DefaultUser, DefaultPassword, "x"), 401},
		{"no-tenant", tokenBody(DefaultUser, DefaultPassword, ""), 400},
		{"no-credentials", object{"auth": object{"tenantId": DefaultTenantID}}, 400},
		{"nothing", object{}, 400},
		{"unknown-member", object{"auth": object{"tenantId": DefaultTenantID, "domain": "x"}}, 400},
		{"by-name", object{"auth": object{"tenantName": "x"}}, 501},
		{"no-json", "{", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.call(t, http.MethodPost, "/v2.0/tokens", tt.body)
			if r.status != tt.status || r.status >= 400 && at(r.body, "error", "code") != float64(tt.status) {
				t.Errorf("got %s, want %d", r, tt.status)
			}
			if strings.Contains(string(r.raw), DefaultPassword) {
				t.Errorf("the answer has the password: %s", r.raw)
			}
		})
	}
}

// TestServer_catalog: the token of a caller names what is where, and only for a while.
func TestServer_catalog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.TokenLifetime = time.Hour })
	a := w.ok(t, http.StatusOK, http.MethodPost, "/v2.0/tokens", tokenBody(DefaultUser, DefaultPassword, DefaultTenantID))
	var got []string
	for _, service := range items(at(a, "access", "serviceCatalog")) {
		for _, e := range items(service["endpoints"]) {
			got = append(got, fmt.Sprint(service["type"], " ", e["region"], " ", e["publicURL"]))
		}
	}
	want := []string{
		"container-infra KR1 " + simURL + "/v1",
		"compute KR1 " + simURL + "/compute/v2/" + DefaultTenantID, "compute JP1 " + simURL + "/JP1/compute/v2/" + DefaultTenantID,
		"image KR1 " + simURL + "/image", "image JP1 " + simURL + "/JP1/image",
		"network KR1 " + simURL + "/network", "network JP1 " + simURL + "/JP1/network",
		"volumev2 KR1 " + simURL + "/volume/v2/" + DefaultTenantID, "volumev2 JP1 " + simURL + "/JP1/volume/v2/" + DefaultTenantID,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the catalog is\n%s", strings.Join(got, "\n"))
	}
	token := at(a, "access", "token")
	if at(token, "expires") != "2026-11-02T10:30:00Z" || at(token, "tenant", "id") != DefaultTenantID || at(a, "access", "user", "id") != DefaultUserID {
		t.Errorf("the token is %v of %v", token, at(a, "access", "user"))
	}
	w.clock.Add(time.Hour - time.Second)
	w.get(t, "/v1/clusters")
	w.clock.Add(time.Second)
	w.refused(t, http.StatusUnauthorized, textUnauthorized, http.MethodGet, "/v1/clusters", nil)
}

// TestServer_unauthenticated: no service answers without a token, and all say so in
// the words of Keystone.
func TestServer_unauthenticated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ends := map[string]func(){
		"none":     func() { w.token = "" },
		"wrong":    func() { w.token = "x" },
		"revoked":  func() { w.login(t, DefaultUser, DefaultPassword); w.RevokeTokens() },
		"password": func() { w.login(t, DefaultUser, DefaultPassword); _ = w.SetPassword(DefaultUser, "new") },
	}
	for _, name := range []string{"none", "wrong", "revoked", "password"} {
		ends[name]()
		for _, target := range []string{"/v1/clusters", "/v1/nothing", "/compute/v2/x/flavors/detail", "/image/v2/images", "/network/v2.0/vpcs", "/volume/v2/x/types"} {
			r := w.call(t, http.MethodGet, target, nil)
			if r.status != http.StatusUnauthorized || at(r.body, "error", "title") != "Unauthorized" || !strings.Contains(r.header.Get("WWW-Authenticate"), "/v2.0") {
				t.Errorf("%s, %s: got %s", name, target, r)
			}
		}
	}
	w.refused(t, http.StatusUnauthorized, "", http.MethodPost, "/v2.0/tokens", tokenBody(DefaultUser, DefaultPassword, DefaultTenantID))
	w.login(t, DefaultUser, "new")
	if err := w.SetPassword("nobody", "x"); err == nil {
		t.Error("the password of nobody was set")
	}
}

// TestServer_projects: what is of one project is not there for another.
func TestServer_projects(t *testing.T) {
	t.Parallel()
	const other = "ffffffffffffffffffffffffffffffff"
	w := newWorld(t, func(o *Options) { o.Tenants = []string{other} })
	path := w.create(t, "demo")
	a := w.ok(t, http.StatusOK, http.MethodPost, "/v2.0/tokens", tokenBody(DefaultUser, DefaultPassword, other))
	w.token = text(at(a, "access", "token", "id"))
	w.refused(t, http.StatusNotFound, "could not be found", http.MethodGet, path, nil)
	w.refused(t, http.StatusNotFound, "could not be found", http.MethodDelete, path, nil)
	w.refused(t, http.StatusNotFound, "could not be found", http.MethodGet, path+"/events", nil)
	for target, member := range map[string]string{
		"/v1/clusters": "clusters", "/compute/v2/" + other + "/servers/detail": "servers", "/compute/v2/" + other + "/os-keypairs": "keypairs",
		"/network/v2.0/security-groups": "security_groups",
	} {
		if list := items(w.get(t, target)[member]); len(list) != 0 {
			t.Errorf("%s shows %v", target, list)
		}
	}
	if list := items(w.get(t, "/network/v2.0/vpcs")["vpcs"]); len(list) != 1 || list[0]["router:external"] != true {
		t.Errorf("the VPCs of another project are %v", list)
	}
	w.refused(t, http.StatusBadRequest, "Malformed", http.MethodGet, "/compute/v2/"+DefaultTenantID+"/servers/detail", nil)
}

// TestServer_roles: who may only read cannot write, and what is denied is so for one
// service or operation.
func TestServer_roles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Users = []User{{Name: DefaultUser, Password: DefaultPassword, ID: DefaultUserID}, {Name: "r", Password: "p", ID: "r-id", ReadOnly: true}}
		o.Denied = []string{"volumev2"}
	})
	path := w.create(t, "demo")
	reader := w.as(t, "r", "p")
	reader.get(t, path)
	for target, method := range map[string]string{path: "DELETE", path + "/nodegroups/default-worker": "DELETE", "/v1/certificates/demo": "PATCH"} {
		reader.refused(t, http.StatusForbidden, "Policy doesn't allow", method, target, bodyFor(method))
	}
	if list := items(reader.get(t, "/compute/v2/"+DefaultTenantID+"/os-keypairs")["keypairs"]); len(list) != 0 {
		t.Errorf("the key pairs of another user show: %v", list)
	}
	w.refused(t, http.StatusForbidden, "Policy", http.MethodGet, "/volume/v2/"+DefaultTenantID+"/types", nil)
	allow := w.Deny("autoscale.get")
	w.refused(t, http.StatusForbidden, "Policy", http.MethodGet, path+"/nodegroups/default-worker/autoscale", nil)
	allow()
	allow()
	w.get(t, path+"/nodegroups/default-worker/autoscale")
	defer w.Deny("identity")()
	w.refused(t, http.StatusForbidden, "", http.MethodPost, "/v2.0/tokens", tokenBody("r", "p", DefaultTenantID))
}

func bodyFor(method string) any {
	if method == http.MethodPatch {
		return object{"term_of_validity": 1}
	}
	return nil
}

// TestServer_microversion: the routes of node groups want 1.9 or later, and none takes a
// version that is not there.
func TestServer_microversion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.create(t, "demo")
	for version, want := range map[string][2]int{
		"": {200, 406}, "container-infra latest": {200, 200}, "container-infra 1.9": {200, 200}, "container-infra 1.8": {200, 406}, "container-infra 1.11": {200, 200},
		"container-infra 1.12": {406, 406}, "container-infra 2.0": {406, 406}, "container-infra x": {406, 406}, "compute 2.1": {200, 406},
	} {
		w.header = http.Header{}
		if version != "" {
			w.header.Set("OpenStack-API-Version", version)
		}
		cluster, groups := w.call(t, http.MethodGet, path, nil), w.call(t, http.MethodGet, path+"/nodegroups", nil)
		if cluster.status != want[0] || groups.status != want[1] {
			t.Errorf("%q: got %d and %d, want %v", version, cluster.status, groups.status, want)
		}
		if groups.status == 406 && items(groups.body["errors"])[0]["max_version"] != maxVersion {
			t.Errorf("%q: got %s", version, groups.raw)
		}
		if groups.status == 200 && groups.header.Get("OpenStack-API-Version") == "" {
			t.Errorf("%q: the version is not told", version)
		}
	}
}
