// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// FuzzServer sends requests made of arbitrary bytes under a good token: there is
// always an answer in the vendor's shape, and never a panic.
func FuzzServer(f *testing.F) {
	const (
		base    = "/subscriptions/" + DefaultSubscriptionID + "/resourceGroups/pmks/providers/Microsoft.ContainerService/managedClusters"
		version = "?api-version=2025-10-01"
	)
	pool, err := json.Marshal(map[string]any{"properties": poolInput()})
	if err != nil {
		f.Fatal(err)
	}
	cluster, err := json.Marshal(clusterInput())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []struct{ method, target, body string }{
		{"GET", base + version + "&%24skipToken=x", ""},
		{"PUT", base + "/a" + version, string(cluster)},
		{"PUT", base + "/b" + version, string(cluster)},
		{"PUT", base + "/b" + version, `{"location":"koreacentral","properties":{"agentPoolProfiles":[{"name":null},null],"networkProfile":{"serviceCidr":"::/0"}}}`},
		{"PATCH", base + "/a" + version, `{"tags":{"a":null}}`},
		{"PUT", base + "/a/agentPools/nodepool1" + version, string(pool)},
		{"PUT", base + "/a/agentPools/ng2" + version, string(pool)},
		{"DELETE", base + "/a/agentPools/nodepool1" + version, ""},
		{"POST", base + "/a/stop" + version, ""},
		{"POST", base + "/a/listClusterUserCredential" + version + "&format=exec", ""},
		{"GET", base + "/a/agentPools/nodepool1/machines/x" + version, ""},
		{"GET", "/subscriptions/" + DefaultSubscriptionID + "/resourceGroups/MC_pmks_a_koreacentral/providers/Microsoft.Compute/virtualMachineScaleSets?api-version=2025-04-01", ""},
		{"PUT", "/subscriptions/" + DefaultSubscriptionID + "/resourceGroups/pmks/providers/Microsoft.Network/virtualNetworks/vpc-01/subnets/subnet-01?api-version=2025-01-01",
			`{"properties":{"addressPrefix":"10.0.0.0/20"}}`},
		{"POST", "/" + DefaultTenantID + "/oauth2/v2.0/token", "grant_type=client_credentials&client_id=" + DefaultClientID + "&client_assertion=a.b.c&scope=x/.default"},
		{"GET", "/" + DefaultTenantID + "/v2.0/.well-known/openid-configuration", ""},
		{"PUT", "//%2e%2e/", "\x00"},
	} {
		f.Add(seed.method, seed.target, seed.body)
	}
	now := time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, method, target, body string) {
		s := New(Options{Seed: 1, Now: func() time.Time { return now }})
		wiretest.Must(t, s.Put(core.Seed{Name: "a"}))
		response, answer := wiretest.Fuzzed(t, s.Transport(), method, simURL+target, body, func(r *http.Request) bool {
			r.Header.Set("Content-Type", "application/json")
			if strings.HasSuffix(r.URL.Path, "/token") {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			r.Header.Set("Authorization", "Bearer "+s.newToken(&call{Exchange: simkit.Exchange{Now: now}, base: simURL}, DefaultClientID, armAudiences[0]))
			return strings.HasPrefix(target, "/")
		})
		checkShape(t, response, answer)
	})
}

// checkShape checks that an answer is JSON, and an error in one of the three shapes
// if its status is one.
func checkShape(t *testing.T, response *http.Response, answer []byte) {
	t.Helper()
	if response.Header.Get("x-ms-request-id") == "" {
		t.Fatalf("no request id: %v", response.Header)
	}
	if response.StatusCode == http.StatusInternalServerError {
		t.Fatalf("the simulator failed: %s", answer)
	}
	if len(answer) == 0 {
		if response.StatusCode != http.StatusAccepted && response.StatusCode != http.StatusNoContent {
			t.Fatalf("%s without a body", response.Status)
		}
		return
	}
	var out map[string]any
	if err := json.Unmarshal(answer, &out); err != nil {
		t.Fatalf("not JSON: %v: %q", err, answer)
	}
	if response.StatusCode < 400 {
		return
	}
	inner, gateway := out["error"].(map[string]any)
	flat, _ := out["code"].(string)
	oauth, _ := out["error_description"].(string)
	code, _ := inner["code"].(string)
	if gateway && code == "" || !gateway && flat == "" && oauth == "" {
		t.Fatalf("not an error of Azure: %q", answer)
	}
}

// FuzzToken: no text but what the simulator has signed is a token.
func FuzzToken(f *testing.F) {
	s := New(Options{Seed: 1, Now: time.Now})
	good := s.newToken(&call{Exchange: simkit.Exchange{Now: time.Now()}, base: simURL}, DefaultClientID, armAudiences[0])
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add("eyJhbGciOiJub25lIn0.eyJhcHBpZCI6IngifQ.")
	f.Add("..")
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := s.readToken(token)
		if err != nil {
			if claims != (accessClaims{}) {
				t.Errorf("claims of a bad token: %+v", claims)
			}
			return
		}
		head, _, _ := strings.Cut(token, ".")
		if signed := s.signToken(claims); !strings.HasPrefix(signed, head+".") {
			t.Errorf("%q is taken for a token", token)
		}
	})
}

// FuzzDecode: what is decoded and written again decodes to the same.
func FuzzDecode(f *testing.F) {
	f.Add(`{"location":"x","properties":{"agentPoolProfiles":[{"name":"a","count":1,"tags":{"a":"b"}}]}}`)
	f.Add(`{"tags":{"a":null},"properties":{"status":{"x":[1,{}]}}}`)
	f.Add(`{"properties":{"securityProfile":null,"enableRBAC":true}}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, body string) {
		var first, second clusterObject
		if e := decodeBody([]byte(body), &first); e != nil {
			return
		}
		again := wiretest.OK(json.Marshal(first))(t)
		if e := decodeBody(again, &second); e != nil {
			t.Fatalf("%s cannot be read: %s", again, e.message)
		}
		if third, err := json.Marshal(second); err != nil || string(third) != string(again) {
			t.Errorf("%s became %s", again, third)
		}
	})
}
