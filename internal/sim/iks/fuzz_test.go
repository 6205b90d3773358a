// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// FuzzServer sends requests made of arbitrary bytes, with a good token: there is always
// an answer in the shape of its service, and never a panic.
func FuzzServer(f *testing.F) {
	for _, seed := range []struct{ method, target, kind, body string }{
		{"GET", "/global/v2/vpc/getClusters?provider=vpc-gen2", "", ""},
		{"GET", "/global/v2/vpc/getWorkers?cluster=demo&pool=ng1&showDeleted=true", "", ""},
		{"POST", "/global/v2/vpc/createCluster", "application/json", `{"name":"a","provider":"vpc-gen2","workerPool":{"flavor":"bx2.4x16","zones":[{"id":"us-south-1"}]}}`},
		{"POST", "/global/v2/vpc/createWorkerPool", "application/json", `{"cluster":"demo","name":"b","securityGroupIDs":null,"labels":{"a":"b"}}`},
		{"POST", "/global/v2/resizeWorkerPool", "application/json", `{"cluster":"demo","workerpool":"ng1","size":3}`},
		{"POST", "/global/v2/updateMaster", "application/json", `{"cluster":"demo","version":"1.35","force":true}`},
		{"PATCH", "/global/v1/clusters/demo/addons", "application/json", `{"addons":[{"name":"cluster-autoscaler"}],"enable":true}`},
		{"DELETE", "/global/v1/clusters/demo%2F..?deleteResources=true", "", ""},
		{"GET", "/v1/subnets?limit=1&start=x&version=2026-04-07&generation=2", "", ""},
		{"POST", "/v3/tags/attach?tag_type=user", "application/json", `{"tag_names":["a:b"],"resources":[{"resource_id":"crn"}]}`},
		{"GET", "/v2/resource_groups?default=true", "", ""},
		{"POST", "/identity/token", "application/x-www-form-urlencoded", "grant_type=refresh_token&refresh_token=x&response_type=delegated_refresh_token"},
		{"PATCH", "/kube/x/api/v1/namespaces/kube-system/configmaps/iks-ca-configmap", "application/merge-patch+json", `{"data":{"a":null}}`},
		{"PUT", "/bucket//..", "\x00", "\x00"},
	} {
		f.Add(seed.method, seed.target, seed.kind, seed.body)
	}
	now := time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, method, target, kind, body string) {
		w := newWorld(t, func(o *Options) { o.Now = func() time.Time { return now } })
		wiretest.Must(t, w.Put(withAutoscaler("demo")))
		if strings.HasPrefix(target, "/kube/") || strings.HasPrefix(target, "/api") {
			t.Skip("an API server that is not there has no answer")
		}
		response, answer := wiretest.Fuzzed(t, w.Transport(), method, target, body, func(r *http.Request) bool {
			r.Header.Set("Authorization", "Bearer "+w.token)
			r.Header.Set("Content-Type", kind)
			return true
		})
		if len(answer) == 0 && (response.StatusCode == http.StatusAccepted || response.StatusCode == http.StatusNoContent) || method == http.MethodHead {
			return
		}
		switch response.Header.Get("Content-Type") {
		case jsonType:
			if !json.Valid(answer) {
				t.Fatalf("%d is not JSON: %q", response.StatusCode, answer)
			}
		case "text/plain; charset=utf-8":
			if response.StatusCode != http.StatusNotFound && response.StatusCode != http.StatusMethodNotAllowed {
				t.Fatalf("%d is text: %q", response.StatusCode, answer)
			}
		case "application/yaml":
			if !strings.Contains(string(answer), "kind: Config") {
				t.Fatalf("not a kubeconfig: %q", answer)
			}
		default:
			t.Fatalf("%d has the content type %q", response.StatusCode, response.Header.Get("Content-Type"))
		}
		if response.StatusCode == http.StatusInternalServerError {
			t.Fatalf("broke: %q", answer)
		}
	})
}

// FuzzConfigMap writes arbitrary texts into the ConfigMap: the autoscaler reads each.
func FuzzConfigMap(f *testing.F) {
	for _, seed := range []string{
		`[{"name":"ng1","minSize":1,"maxSize":3,"enabled":true}]`, `[{"name":"ng1","minSize":3,"maxSize":1,"enabled":true},{"name":"x","enabled":true}]`, `{}`, `null`, ``, `[null]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w := newWorld(t)
		wiretest.Must(t, w.Put(withAutoscaler("demo")))
		rec, err := w.named("demo")
		wiretest.Must(t, err)
		rec.config.Data[configKey] = text
		w.readConfigMap(rec, "")
		var status map[string]string
		if err := json.Unmarshal([]byte(rec.config.Metadata.Annotations[configStatus]), &status); err != nil {
			t.Fatal(err)
		}
		if _, p, _ := w.namedPool("demo", "ng1"); p.auto && !strings.Contains(text, "true") {
			t.Fatalf("%q turns autoscaling on", text)
		}
	})
}

// FuzzToken reads arbitrary tokens: none is good that was not signed.
func FuzzToken(f *testing.F) {
	s := New(Options{Seed: 1})
	f.Add(s.sign(claims{ID: "x", Expires: 1}))
	f.Add("a.b.c")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		if of, good := s.readToken(token); good && s.sign(of) == "" {
			t.Error("a token without a text")
		}
	})
}
