// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// replies are the answers by method and path, written by hand after the REST
// reference of GKE and Compute Engine, so that a misreading which the simulator
// might share is seen here.
var replies = map[string]string{
	"GET /v1/projects/devel-project/locations/-/clusters":                                                                                       "clusters.json",
	"GET /v1/projects/devel-project/locations/-/operations":                                                                                     "operations.json",
	"GET /v1/projects/devel-project/locations/asia-northeast3-a/operations":                                                                     "operations.json",
	"GET /v1/projects/devel-project/locations/asia-northeast3-a/operations/operation-1762075800000-0a1b":                                        "operation-done.json",
	"GET /v1/projects/devel-project/locations/asia-northeast3-a/serverConfig":                                                                   "config.json",
	"GET /v1/projects/devel-project/locations/asia-northeast3-a/clusters/devel":                                                                 "cluster.json",
	"GET /compute/v1/projects/devel-project/global/networks/main":                                                                               "network.json",
	"GET /compute/v1/projects/devel-project/regions/asia-northeast3/subnetworks/nodes":                                                          "subnetwork.json",
	"POST /compute/v1/projects/devel-project/zones/asia-northeast3-a/instanceGroupManagers/gke-devel-workers-1a2b3c4d-grp/listManagedInstances": "instances.json",
}

// replay is a transport that answers from files and writes down what it is asked.
type replay struct {
	mu    sync.Mutex
	start time.Time
	tape  []string
}

// RoundTrip implements [http.RoundTripper]. Each answer takes a second of virtual
// time, which tells the steps apart.
func (p *replay) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	if got := r.Header.Get("Authorization"); got != "Bearer ya29.fixture" {
		return nil, fmt.Errorf("the bearer token is %q", got)
	}
	file := replies[r.Method+" "+r.URL.Path]
	if r.Method != http.MethodGet && file == "" {
		file = "operation.json"
	}
	p.mu.Lock()
	p.tape = append(p.tape, fmt.Sprintf("step %d: %s %s\n%s", 1+int(time.Since(p.start)/time.Second), r.Method, r.URL.RequestURI(), canonical(body)))
	p.mu.Unlock()
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	status, data := http.StatusNotFound, []byte(`{"error":{"code":404,"status":"NOT_FOUND","message":"Not found"}}`)
	if file != "" {
		var err error
		if data, err = os.ReadFile(filepath.Join("testdata", "replies", file)); err != nil {
			return nil, err
		}
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(bytes.NewReader(data)), ContentLength: int64(len(data))}, nil
}

// canonical makes a body readable and always the same.
func canonical(body []byte) string {
	text, err := providertest.CanonicalJSON(body)
	if err != nil {
		return string(body)
	}
	return text
}

// drawn matches what marks a request as one's own.
var drawn = regexp.MustCompile(`"cb-spider-pmks-req": "[a-z2-7]{26}"`)

// TestWire keeps what every operation sends through the client library over REST,
// and what it makes of the answers.
func TestWire(t *testing.T) {
	t.Parallel()
	devel, workers, batch := pmks.IID{NameId: "devel", SystemId: "devel"}, pmks.IID{NameId: "workers"}, pmks.IID{NameId: "batch"}
	fresh := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "fresh"}, VMSpecName: "e2-standard-4", RootDiskType: "pd-ssd", RootDiskSize: "50",
		KeyPairIID: pmks.IID{NameId: "Ops Key"}, OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4}
	fixed := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "fixed"}, VMSpecName: "e2-standard-8", ImageIID: pmks.IID{NameId: "ubuntu_containerd"},
		DesiredNodeSize: 1, MinNodeSize: 0, MaxNodeSize: 3}
	request := pmks.ClusterInfo{IId: pmks.IID{NameId: "new"}, Version: "1.34",
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "main"}, SubnetIIDs: []pmks.IID{{NameId: "nodes"}},
			SecurityGroupIIDs: []pmks.IID{{NameId: "allow-ssh"}, {NameId: "allow-web"}}},
		NodeGroupList: []pmks.NodeGroupInfo{fresh, fixed}, TagList: []pmks.KeyValue{{Key: "team", Value: "platform"}}}
	for _, test := range []struct {
		name string
		do   func(context.Context, *gcp.Handler) (any, error)
	}{
		{"create-cluster", func(ctx context.Context, h *gcp.Handler) (any, error) { return h.CreateCluster(ctx, request) }},
		{"list-cluster", func(ctx context.Context, h *gcp.Handler) (any, error) { return h.ListCluster(ctx) }},
		{"list-iid", func(ctx context.Context, h *gcp.Handler) (any, error) { return h.ListIID(ctx) }},
		{"get-cluster", func(ctx context.Context, h *gcp.Handler) (any, error) { return h.GetCluster(ctx, devel) }},
		{"get-cluster-missing", func(ctx context.Context, h *gcp.Handler) (any, error) {
			_, err := h.GetCluster(ctx, pmks.IID{NameId: "missing", SystemId: "missing"})
			return err, nil
		}},
		{"delete-cluster", func(ctx context.Context, h *gcp.Handler) (any, error) { return h.DeleteCluster(ctx, devel) }},
		{"add-node-group", func(ctx context.Context, h *gcp.Handler) (any, error) { return h.AddNodeGroup(ctx, devel, fresh) }},
		{"remove-node-group", func(ctx context.Context, h *gcp.Handler) (any, error) { return h.RemoveNodeGroup(ctx, devel, batch) }},
		{"autoscaling-on", func(ctx context.Context, h *gcp.Handler) (any, error) {
			return h.SetNodeGroupAutoScaling(ctx, devel, batch, true)
		}},
		{"autoscaling-off", func(ctx context.Context, h *gcp.Handler) (any, error) {
			return h.SetNodeGroupAutoScaling(ctx, devel, workers, false)
		}},
		{"change-scaling-on", func(ctx context.Context, h *gcp.Handler) (any, error) {
			return h.ChangeNodeGroupScaling(ctx, devel, workers, 3, 2, 6)
		}},
		{"change-scaling-off", func(ctx context.Context, h *gcp.Handler) (any, error) {
			return h.ChangeNodeGroupScaling(ctx, devel, batch, 2, 0, 3)
		}},
		{"upgrade-control-plane", func(ctx context.Context, h *gcp.Handler) (any, error) { return h.UpgradeCluster(ctx, devel, "1.34") }},
		{"upgrade-pools", func(ctx context.Context, h *gcp.Handler) (any, error) {
			return h.UpgradeCluster(ctx, devel, "1.33.5-gke.2072000")
		}},
		{"list-versions", func(ctx context.Context, h *gcp.Handler) (any, error) { return h.ListVersions(ctx) }},
		{"check-cluster", func(ctx context.Context, h *gcp.Handler) (any, error) { return nil, h.CheckCluster(ctx, request) }},
		{"check-node-group", func(ctx context.Context, h *gcp.Handler) (any, error) {
			return nil, h.CheckNodeGroup(ctx, devel, fixed)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &replay{start: time.Now()}
				h := newHandlerWith(t, gcp.Config{ProjectID: "devel-project", Zone: "asia-northeast3-a", Transport: p, KubeconfigKind: "exec",
					TokenSource: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "ya29.fixture", Expiry: time.Now().Add(time.Hour)})})
				result, err := test.do(t.Context(), h)
				if err != nil {
					result = err
				}
				slices.SortStableFunc(p.tape, func(a, b string) int { return strings.Compare(a, b) })
				text := strings.Join(p.tape, "\n") + "\nresult\n" + providertest.Indented(result)
				wiretest.Golden(t, "wire/"+test.name+".golden", drawn.ReplaceAllString(text, `"cb-spider-pmks-req": "DRAWN"`))
			})
		})
	}
}
