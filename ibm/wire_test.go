// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

const (
	develID = "c4nd0e2d0q3k5bm1o6pg"
	account = "1f2e3d4c5b6a79880f1e2d3c4b5a6978"
	mapPath = "/api/v1/namespaces/kube-system/configmaps/iks-ca-configmap"
)

// replies are the answers by method and path, written by hand after IBM's documentation
// and the structs of bluemix-go, so that a misreading which the simulator might share is
// seen here. A number alone is an answer without a body.
var replies = map[string]string{
	"GET /global/v2/vpc/getClusters":                                    "clusters.json",
	"GET /global/v2/vpc/getCluster":                                     "cluster.json",
	"GET /global/v2/vpc/getWorkerPools":                                 "pools.json",
	"GET /global/v2/vpc/getWorkerPools?cluster=c9zz0e2d0q3k5bm1o6pg":    "pools-of-created.json",
	"GET /global/v2/vpc/getWorkers":                                     "workers.json",
	"GET /global/v1/versions":                                           "versions.json",
	"GET /global/v1/clusters/" + develID + "/addons":                    "cluster-addons.json",
	"GET /global/v2/getKubeconfig":                                      "kubeconfig.yaml",
	"GET /global/v2/getRBACStatus":                                      "rbac.json",
	"GET /global/network/v2/security-group/getSecurityGroups":           "cluster-security-groups.json",
	"GET /v1/subnets/0717-1b2c3d4e-5f60-4718-92a3-b4c5d6e7f809":         "subnet-1.json",
	"GET /v1/subnets/0727-1b2c3d4e-5f60-4718-92a3-b4c5d6e7f809":         "subnet-2.json",
	"GET /v1/security_groups/r006-9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a": "security-group.json",
	"GET " + mapPath: "configmap.json",

	"DELETE /global/v1/clusters/" + develID:     "204",
	"POST /global/v2/applyRBACAndGetKubeconfig": "kubeconfig.yaml",
	"POST /global/v2/removeWorkerPool":          "204",
	"POST /global/v2/resizeWorkerPool":          "202",
	"POST /global/v2/setWorkerPoolLabels":       "204",
	"POST /global/v2/setWorkerPoolTaints":       "204",
	"POST /global/v2/updateMaster":              "204",
	"POST /global/v2/vpc/createCluster":         "created.json",
	"POST /global/v2/vpc/createWorkerPool":      "created-pool.json",
	"POST /global/v2/vpc/replaceWorker":         "204",
	"PUT " + mapPath:                            "configmap.json",
}

// webToken is a JSON Web Token that ends in an hour, of nobody's making.
func webToken() string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return part(`{"alg":"none"}`) + "." + part(fmt.Sprintf(`{"exp":%d,"account":{"bss":%q}}`, time.Now().Add(time.Hour).Unix(), account)) + ".c2lnbmVk"
}

// tape is a transport that answers from files and writes down what it is asked.
type tape struct {
	mu    sync.Mutex
	start time.Time
	lines []string
}

// RoundTrip implements [http.RoundTripper]. Each answer takes a second of virtual time,
// which tells the steps apart.
func (p *tape) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	p.mu.Lock()
	p.lines = append(p.lines, fmt.Sprintf("step %d: %s %s%s\n%s%s", 1+int(time.Since(p.start)/time.Second), r.Method, r.URL.Host, r.URL.RequestURI(),
		providertest.Headers(r, "X-Auth-Resource-Group", "Content-Type"), canonical(body)))
	p.mu.Unlock()
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if r.URL.Path == "/identity/token" {
		return providertest.Respond(r, 200, fmt.Sprintf(`{"access_token":%q,"refresh_token":"fixture-refresh","delegated_refresh_token":"fixture-delegated","id_token":%q,"token_type":"Bearer","expires_in":3600,"expiration":%d,"scope":"ibm openid"}`,
			webToken(), webToken(), time.Now().Add(time.Hour).Unix())), nil
	}
	if got := r.Header.Get("Authorization"); !strings.HasPrefix(got, "Bearer eyJ") {
		return nil, fmt.Errorf("the bearer token is %q", got)
	}
	file := replies[r.Method+" "+r.URL.Path]
	if own, ok := replies[r.Method+" "+r.URL.RequestURI()]; ok && r.URL.RawQuery != "" {
		return answerFrom(r, own)
	}
	switch {
	case file == "":
		return providertest.Respond(r, 404, `{"incidentID":"6f2c","code":"G0004","description":"The specified cluster could not be found.","type":"General"}`), nil
	case len(file) == 3:
		return providertest.Reply(r, map[string]int{"202": 202, "204": 204}[file], http.Header{}, nil), nil
	case r.URL.Query().Get("cluster") != "" && r.URL.Query().Get("cluster") != develID:
		return providertest.Respond(r, 404, `{"incidentID":"6f2c","code":"G0004","description":"The specified cluster could not be found.","type":"General"}`), nil
	}
	return answerFrom(r, file)
}

// answerFrom answers with a file.
func answerFrom(r *http.Request, file string) (*http.Response, error) {
	data, err := os.ReadFile(filepath.Join("testdata", "replies", file))
	status := http.StatusOK
	if strings.HasPrefix(file, "created") {
		status = http.StatusCreated
	}
	return providertest.Reply(r, status, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, data), err
}

// canonical makes a body readable and always the same, without the API key.
func canonical(body []byte) string {
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("grant_type") != "" {
		if form.Has("apikey") {
			form.Set("apikey", "FIXTURE")
		}
		return strings.ReplaceAll(form.Encode(), "&", "\n") + "\n"
	}
	text, err := providertest.CanonicalJSON(body)
	if err != nil {
		return string(body)
	}
	return text
}

// drawn matches what marks a request as one's own.
var drawn = regexp.MustCompile(`"pmks.io/request": "[a-z2-7]{26}"`)

// TestWire keeps what every operation sends through the SDK, and what it makes of the
// answers.
func TestWire(t *testing.T) {
	t.Parallel()
	devel, workers, batch := pmks.IID{NameId: "devel", SystemId: develID}, pmks.IID{NameId: "workers"}, pmks.IID{NameId: "batch"}
	fresh := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "fresh"}, VMSpecName: "bx2.8x32", ImageIID: pmks.IID{NameId: "UBUNTU_24_64"}, KeyPairIID: pmks.IID{NameId: "ops"},
		OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 2, MaxNodeSize: 4}
	beyond := fresh.Clone()
	beyond.Labels = map[string]string{"example.com/tier": "front", "empty": ""}
	beyond.Taints = []pmks.Taint{{Key: "dedicated", Value: "edge", Effect: pmks.TaintNoSchedule}, {Key: "a", Value: "b", Effect: pmks.TaintNoExecute}}
	beyond.Zones = []string{"us-south-2"}
	request := pmks.ClusterInfo{IId: pmks.IID{NameId: "new"}, Version: "1.34",
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: "r006-5a3d2c1b-7e8f-4a90-b1c2-d3e4f5a6b7c8"},
			SubnetIIDs:        []pmks.IID{{SystemId: "0717-1b2c3d4e-5f60-4718-92a3-b4c5d6e7f809"}, {SystemId: "0727-1b2c3d4e-5f60-4718-92a3-b4c5d6e7f809"}},
			SecurityGroupIIDs: []pmks.IID{{SystemId: "r006-9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a"}}},
		NodeGroupList: []pmks.NodeGroupInfo{fresh}, TagList: []pmks.KeyValue{{Key: "team", Value: "platform"}}}
	for _, test := range []struct {
		name string
		do   func(context.Context, *ibm.Handler) (any, error)
	}{
		{"create-cluster", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.CreateCluster(ctx, request) }},
		{"list-cluster", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.ListCluster(ctx) }},
		{"list-iid", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.ListIID(ctx) }},
		{"get-cluster", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.GetCluster(ctx, devel) }},
		{"get-cluster-by-crn", func(ctx context.Context, h *ibm.Handler) (any, error) {
			info, err := h.GetCluster(ctx, pmks.IID{SystemId: "crn:v1:bluemix:public:containers-kubernetes:us-south:a/" + account + ":" + develID + "::"})
			return info.IId, err
		}},
		{"get-cluster-missing", func(ctx context.Context, h *ibm.Handler) (any, error) {
			_, err := h.GetCluster(ctx, pmks.IID{SystemId: "c4nd0e2d0q3k5bm1o6zz"})
			return err, nil
		}},
		{"delete-cluster", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.DeleteCluster(ctx, devel) }},
		{"add-node-group", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.AddNodeGroup(ctx, devel, fresh) }},
		{"remove-node-group", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.RemoveNodeGroup(ctx, devel, workers) }},
		{"autoscaling-that-is-on", func(ctx context.Context, h *ibm.Handler) (any, error) {
			return h.SetNodeGroupAutoScaling(ctx, devel, workers, true)
		}},
		{"change-scaling-on", func(ctx context.Context, h *ibm.Handler) (any, error) {
			return h.ChangeNodeGroupScaling(ctx, devel, workers, 4, 4, 8)
		}},
		{"change-scaling-off", func(ctx context.Context, h *ibm.Handler) (any, error) {
			return h.ChangeNodeGroupScaling(ctx, devel, batch, 4, 2, 8)
		}},
		{"upgrade-control-plane", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.UpgradeCluster(ctx, devel, "1.35") }},
		{"upgrade-workers", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.UpgradeCluster(ctx, devel, "1.34.4") }},
		{"read-state", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.ReadState(ctx, devel, pmks.IID{}) }},
		{"read-state-of-group", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.ReadState(ctx, devel, batch) }},
		{"last-operation", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.LastOperation(ctx, devel, pmks.IID{}) }},
		{"token", func(ctx context.Context, h *ibm.Handler) (any, error) {
			token, err := h.GenerateClusterToken(ctx, devel)
			return token.ExpiresAt, err
		}},
		{"create-cluster-beyond", func(ctx context.Context, h *ibm.Handler) (any, error) {
			req := request.Clone()
			req.NodeGroupList[0], req.Access.Mode = beyond, pmks.AccessPrivate
			return h.CreateCluster(ctx, req)
		}},
		{"add-node-group-beyond", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.AddNodeGroup(ctx, devel, beyond) }},
		{"get-node-group", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.GetNodeGroup(ctx, devel, batch) }},
		{"set-tags", func(ctx context.Context, h *ibm.Handler) (any, error) {
			return nil, h.SetTags(ctx, devel, []pmks.KeyValue{{Key: "stage", Value: "test"}})
		}},
		{"upgrade-findings", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.UpgradeFindings(ctx, devel, "1.35") }},
		{"list-versions", func(ctx context.Context, h *ibm.Handler) (any, error) { return h.ListVersions(ctx) }},
		{"check-cluster", func(ctx context.Context, h *ibm.Handler) (any, error) { return nil, h.CheckCluster(ctx, request) }},
		{"check-node-group", func(ctx context.Context, h *ibm.Handler) (any, error) {
			return nil, h.CheckNodeGroup(ctx, devel, fresh)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &tape{start: time.Now()}
				h := newHandlerWith(t, ibm.Config{Region: "us-south", APIKey: "fixture-api-key", Transport: p, KubeconfigKind: "exec"})
				result, err := test.do(t.Context(), h)
				if err != nil {
					result = err
				}
				slices.SortStableFunc(p.lines, func(a, b string) int { return strings.Compare(a, b) })
				text := strings.Join(p.lines, "\n") + "\nresult\n" + providertest.Indented(result)
				if strings.Contains(text, "fixture-api-key") {
					t.Error("the API key is shown")
				}
				wiretest.Golden(t, "wire/"+test.name+".golden", drawn.ReplaceAllString(text, `"pmks.io/request": "DRAWN"`))
			})
		})
	}
}
