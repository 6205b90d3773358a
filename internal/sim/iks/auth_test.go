// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_tokens has one case for each thing that may be wrong with a token.
func TestServer_tokens(t *testing.T) {
	t.Parallel()
	short := func(o *Options) { o.TokenLifetime = time.Hour }
	tests := map[string]struct {
		spoil func(*testing.T, *world) string
		want  string
	}{
		"good":          {func(_ *testing.T, w *world) string { return "Bearer " + w.token }, "200 "},
		"lower-case":    {func(_ *testing.T, w *world) string { return "bearer " + w.token }, "200 "},
		"none":          {func(*testing.T, *world) string { return "" }, "401 A0003"},
		"basic":         {func(_ *testing.T, w *world) string { return "Basic " + w.token }, "401 A0003"},
		"cut":           {func(_ *testing.T, w *world) string { return "Bearer " + w.token[:len(w.token)-2] }, "401 A0003"},
		"no-signature":  {func(_ *testing.T, w *world) string { return "Bearer " + w.token[:strings.LastIndex(w.token, ".")] }, "401 A0003"},
		"other-payload": {func(_ *testing.T, w *world) string { return "Bearer " + strings.Replace(w.token, ".ey", ".eZ", 1) }, "401 A0003"},
		"expired":       {func(_ *testing.T, w *world) string { w.clock.Add(time.Hour); return "Bearer " + w.token }, "401 A0003"},
		"revoked":       {func(_ *testing.T, w *world) string { w.RevokeTokens(); return "Bearer " + w.token }, "401 A0003"},
		"of-a-cluster":  {func(t *testing.T, w *world) string { t.Helper(); return "Bearer " + w.kubeToken(t) }, "401 A0003"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, short)
			authorization := test.spoil(t, w)
			for _, address := range []string{"/v2/vpc/getClusters", vpcHost + "/v1/vpcs?version=2026-04-07&generation=2", resourceHost + "/v2/resource_groups"} {
				r := w.request(t, "GET", address, nil)
				r.Header.Set("Authorization", authorization)
				got := w.send(t, r)
				if want := test.want; got.refusal() != want && !strings.HasPrefix(got.refusal(), strings.Replace(want, "A0003", "not_authorized", 1)) {
					t.Errorf("%s: got %s, want %s", address, got.refusal(), want)
				}
			}
		})
	}
}

// TestServer_IAM has one case for each rule of the token endpoint.
func TestServer_IAM(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.APIKeys = map[string]APIKey{DefaultAPIKey: {}, "locked": {Locked: true}, "service": {ServiceID: true}}
	})
	key := url.Values{"grant_type": {grantAPIKey}, "apikey": {DefaultAPIKey}}
	with := func(base url.Values, pairs ...string) url.Values {
		form := url.Values{}
		for name, values := range base {
			form[name] = values
		}
		for i := 0; i < len(pairs); i += 2 {
			form[pairs[i]] = []string{pairs[i+1]}
		}
		return form
	}
	var login tokenObject
	w.form(t, "bx", key).into(t, 200, &login)
	refresh := url.Values{
		"grant_type": {grantRefresh}, "refresh_token": {login.RefreshToken}, "response_type": {"delegated_refresh_token"},
		"delegated_refresh_token_expiry": {"600"}, "receiver_client_ids": {"kube"},
	}
	var delegated tokenObject
	w.form(t, "bx", refresh).into(t, 200, &delegated)
	exchange := url.Values{"grant_type": {grantDelegated}, "refresh_token": {delegated.DelegatedToken}}
	for _, test := range []struct {
		name, client string
		form         url.Values
		want         string
	}{
		{"nobody", "", key, "200 "},
		{"service-id", "", with(key, "apikey", "service"), "200 "},
		{"no-grant", "", url.Values{}, "400 BXNIM0109E"},
		{"other-grant", "", with(key, "grant_type", "password"), "501 NotSimulated"},
		{"no-key", "", with(key, "apikey", ""), "400 BXNIM0109E"},
		{"wrong-key", "", with(key, "apikey", "x"), "400 BXNIM0415E"},
		{"locked-key", "", with(key, "apikey", "locked"), "400 BXNIM0462E"},
		{"unknown-member", "", with(key, "scope", "x"), "501 NotSimulated"},
		{"other-answer", "", with(key, "response_type", "x"), "501 NotSimulated"},
		{"wrong-client", "who", key, "400 BXNIM0104E"},
		{"refresh", "bx", with(url.Values{}, "grant_type", grantRefresh, "refresh_token", login.RefreshToken), "200 "},
		{"refresh-of-nobody", "", refresh, "400 BXNIM0104E"},
		{"refresh-wrong", "bx", with(refresh, "refresh_token", "x"), "400 BXNIM0407E"},
		{"refresh-other-receiver", "bx", with(refresh, "receiver_client_ids", "x"), "400 BXNIM0109E"},
		{"delegated-by-bx", "bx", exchange, "400 BXNIM0104E"},
		{"delegated", "kube", exchange, "200 "},
		{"delegated-twice", "kube", exchange, "400 BXNIM0407E"},
	} {
		if got := w.form(t, test.client, test.form).refusal(); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	w.form(t, "bx", refresh).into(t, 200, &delegated)
	w.clock.Add(10 * time.Minute)
	if got := w.form(t, "kube", with(exchange, "refresh_token", delegated.DelegatedToken)).refusal(); got != "400 BXNIM0408E" {
		t.Errorf("an old delegated token: %s", got)
	}
	w.clock.Add(refreshLifetime)
	if got := w.form(t, "bx", refresh).refusal(); got != "400 BXNIM0408E" {
		t.Errorf("an old refresh token: %s", got)
	}
	var out tokenObject
	if w.form(t, "", key).into(t, 200, &out); out.RefreshToken != "not_supported" || out.Expiration == 0 || out.IDToken != "" {
		t.Errorf("nobody gets %+v", out)
	}
	r := w.request(t, "POST", "https://iam.cloud.ibm.com/identity/token", m{"grant_type": grantAPIKey})
	if got := w.send(t, r).refusal(); got != "415 E0020" {
		t.Errorf("JSON: %s", got)
	}
}

// TestServer_Deny: a role that is missing is said before anything else of the request.
func TestServer_Deny(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Denied = []string{"getSubnet"} })
	subnet := vpcHost + "/v1/subnets/" + w.subnet(0).ID + "?version=2026-04-07&generation=2"
	if got := w.get(t, subnet).refusal(); got != "403 forbidden" {
		t.Errorf("from the start: %s", got)
	}
	allow := w.Deny("createCluster")
	if got := w.post(t, "/v2/vpc/createCluster", m{}).refusal(); got != "403 A0656" {
		t.Errorf("denied: %s", got)
	}
	allow()
	w.create(t, "demo")
}

// TestServer_certificate: over TLS the certificate of the admin kubeconfig opens the
// API server of its cluster, and of no other.
func TestServer_certificate(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		w := newWorld(t)
		l, transport := wiretest.Listen(t, w.Listen, secure)
		wiretest.Must(t, w.Put(withAutoscaler("demo")))
		wiretest.Must(t, w.Put(withAutoscaler("other")))
		w.client.Transport = transport
		read := func(cluster string) kubeAccess {
			address := l.URL() + "/global/v2/getKubeconfig?format=yaml&admin=true&cluster=" + cluster
			return readKubeconfig(t, string(w.get(t, address).want(t, 200).body))
		}
		demo, other := read("demo"), read("other")
		if !strings.HasPrefix(demo.server, "https://127.0.0.1:") {
			t.Errorf("the API server is at %s", demo.server)
		}
		for _, test := range []struct {
			as, of kubeAccess
			want   string
		}{{demo, demo, "200 "}, {demo, other, "401 Unauthorized"}, {kubeAccess{roots: demo.roots}, demo, "401 Unauthorized"}} {
			w.client.Transport = test.as.transport(t)
			if got := w.get(t, test.of.server+configPath).refusal(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		}
		w.client.Transport = w.Transport()
	}
}
