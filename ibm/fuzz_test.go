// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/pmks-go/pmks"
)

// FuzzAnswers decodes anything as each answer: whatever it is, there is no panic, and a
// cluster of it has a status and, where it is Inactive, a reason.
func FuzzAnswers(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "replies", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, text := range []string{"", "null", "{}", "[]", `[null]`, `{"vpcs":null,"addons":[null],"lifecycle":null}`, `[{"zones":[{"subnets":null}]}]`} {
		f.Add(text)
	}
	h := &Handler{cfg: &Config{Region: "us-south", EndpointType: endpointPublic}}
	f.Fuzz(func(t *testing.T, body string) {
		a := answer{status: 200, body: []byte(body)}
		var v view
		if a.decode(cloud, &v.c) == nil {
			v.pools = []poolObject{{}}
		}
		_ = a.decode(cloud, &v.pools)   // whatever can be read of it
		_ = a.decode(cloud, &v.workers) // likewise
		info := h.clusterInfo(v)
		if info.Status == "" || info.Status == pmks.ClusterInactive && info.StatusReason == "" {
			t.Errorf("%+v", info)
		}
		for _, g := range info.NodeGroupList {
			if g.Status == "" || g.Status == pmks.NodeGroupInactive && g.StatusReason == "" {
				t.Errorf("%+v", g)
			}
		}
		clusterOperation(v.c)
		for _, p := range v.pools {
			groupOperation(p, v.of(p))
		}
		var o offer
		if a.decode(cloud, &o) == nil {
			o.standard()
		}
		claims(body)
		if m, err := decodeConfigMap([]byte(body)); err == nil {
			checkConfigMap(t, m)
		}
	})
}

// checkConfigMap: what is written back holds everything that was read.
func checkConfigMap(t *testing.T, m *configMap) {
	t.Helper()
	keys, entries := len(m.object), len(m.entries)
	m.entryOf(poolObject{ID: "x-1", Name: "x"})
	m.failure(poolObject{ID: "x-1", Name: "x"})
	text, err := m.encode()
	if err != nil {
		return // it held what is no JSON
	}
	again, err := decodeConfigMap(text)
	if err != nil || len(again.object) < keys || len(again.entries) != entries {
		t.Errorf("%s: %v", text, err)
	}
}

// FuzzRefusals reads anything as a refusal: it has a code, and words.
func FuzzRefusals(f *testing.F) {
	f.Add(400, refusal("E0020", "x"))
	f.Add(404, `{"errors":[{"code":"not_found"}]}`)
	f.Add(409, `{"kind":"Status","code":409,"reason":"Conflict"}`)
	f.Add(500, "<html>")
	f.Add(302, "")
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 300 || status > 599 {
			return
		}
		err := refusedBy(cloud, status, http.Header{}, []byte(body))
		if pmks.CodeOf(err) == pmks.CodeOK || err.Error() == "" {
			t.Errorf("%d %q: %v", status, body, err)
		}
	})
}

// FuzzIDs: what is no id or CRN is refused, and what passes could bend no URL.
func FuzzIDs(f *testing.F) {
	f.Add("c4nd0e2d0q3k5bm1o6pg")
	f.Add("crn:v1:bluemix:public:containers-kubernetes:us-south:a/0123456789abcdef0123456789abcdef:c4nd0e2d0q3k5bm1o6pg::")
	f.Add("../x")
	h := &Handler{cfg: &Config{Region: "us-south"}}
	f.Fuzz(func(t *testing.T, text string) {
		if _, whole := crn(text); whole {
			return // its account is asked for
		}
		r, err := h.clusterRef(t.Context(), pmks.IID{SystemId: text})
		if err == nil && !clusterIDPattern.MatchString(r.id) {
			t.Errorf("%q became %q", text, r.id)
		}
	})
}

// TestConfigMap_carries: a write keeps every key, entry and member that nobody here knows,
// and the form in which an entry names its pool.
func TestConfigMap_carries(t *testing.T) {
	t.Parallel()
	const body = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"iks-ca-configmap","resourceVersion":"7",
		"annotations":{"workerPoolsConfigStatus":"{\"1:3:other\":\"FAILED CODE: 400\"}","mine":"x"}},
		"data":{"workerPoolsConfig.json":"[{\"name\":\"p-1\",\"minSize\":1,\"maxSize\":2,\"enabled\":false,\"priority\":5},{\"name\":\"other\",\"minSize\":1,\"maxSize\":3,\"enabled\":true}]","scanInterval":"1m"},
		"binaryData":{"x":"eA=="},"immutable":false}`
	m, err := decodeConfigMap([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	p := poolObject{ID: "p-1", Name: "pool"}
	m.entryOf(p).set(2, 4, true)
	text, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Metadata struct {
			ResourceVersion string            `json:"resourceVersion"`
			Annotations     map[string]string `json:"annotations"`
		} `json:"metadata"`
		Data       map[string]string `json:"data"`
		BinaryData map[string]string `json:"binaryData"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	const entries = `[{"enabled":true,"maxSize":4,"minSize":2,"name":"p-1","priority":5},{"enabled":true,"maxSize":3,"minSize":1,"name":"other"}]`
	if got.Metadata.ResourceVersion != "7" || got.Metadata.Annotations["mine"] != "x" || got.Data["scanInterval"] != "1m" || got.Data[poolsKey] != entries || got.BinaryData["x"] == "" {
		t.Errorf("got %s", text)
	}
	if said, _ := m.failure(poolObject{ID: "p-2", Name: "other"}); said != "FAILED CODE: 400" {
		t.Errorf("the failure is %q", said)
	}
	if said, _ := m.failure(p); said != "" {
		t.Errorf("the failure of another pool is %q", said)
	}
}
