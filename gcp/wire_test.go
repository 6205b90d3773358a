// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// dialect is how requests to Google are written down: by method and path, as shorter
// has it. An answer is a status and a file of testdata/replies, which is written by hand
// after the REST reference of GKE and Compute Engine, so that a misreading which the
// simulator might share is seen here.
var dialect = providertest.Dialect{
	Key: func(r *http.Request, _ []byte) (string, error) {
		if got := r.Header.Get("Authorization"); got != "Bearer ya29.fixture" {
			return "", fmt.Errorf("the bearer token is %q", got)
		}
		return r.Method + " " + shorter.Replace(r.URL.Path), nil
	},
	Head: func(r *http.Request) string { return fmt.Sprintf("> %s %s\n", r.Method, r.URL) },
	Body: func(_ *http.Request, body []byte) string {
		text, err := providertest.CanonicalJSON(body)
		if err != nil {
			return string(body)
		}
		return drawn.ReplaceAllString(text, `"cb-spider-pmks-req": "DRAWN"`)
	},
	Answer: func(r *http.Request, answer string) (*http.Response, error) {
		return providertest.ReplyFile(r, answer, http.Header{"Content-Type": {"application/json"}})
	},
}

// shorter shortens the paths of requests.
var shorter = strings.NewReplacer(
	"/v1/projects/devel-project/locations/asia-northeast3-a/", "",
	"/v1/projects/devel-project/locations/-/", "-/",
	"/compute/v1/projects/devel-project/", "compute ",
	"zones/asia-northeast3-a/instanceGroupManagers/gke-devel-workers-1a2b3c4d-grp", "WORKERS",
	"operation-1762075800000-0a1b", "OPERATION",
)

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
	type exchange = providertest.Exchange
	changed := func(request string) exchange { return exchange{request, "200 operation.json"} }
	cluster, config := exchange{"GET clusters/devel", "200 cluster.json"}, exchange{"GET serverConfig", "200 config.json"}
	nodes := exchange{"POST compute WORKERS/listManagedInstances", "200 instances.json"}
	operations, done := exchange{"GET operations", "200 operations.json"}, exchange{"GET operations/OPERATION", "200 operation-done.json"}
	lookups := []exchange{{"GET compute global/networks/main", "200 network.json"}, {"GET compute regions/asia-northeast3/subnetworks/nodes", "200 subnetwork.json"},
		{"GET -/clusters", "200 clusters.json"}, config}
	for _, test := range []struct {
		name      string
		exchanges []exchange
		do        func(context.Context, *gcp.Handler) (any, error)
	}{
		{"create-cluster", append(lookups[:4:4], changed("POST clusters")), func(ctx context.Context, h *gcp.Handler) (any, error) { return h.CreateCluster(ctx, request) }},
		{"list-cluster", []exchange{{"GET -/clusters", "200 clusters.json"}, {"GET -/operations", "200 operations.json"}, nodes}, func(ctx context.Context, h *gcp.Handler) (any, error) { return h.ListCluster(ctx) }},
		// Of seven groups the lists prove four; one is not whole, one is in transition, and the
		// zone of one cannot be reached.
		{"list-fleet", []exchange{{"GET -/clusters", "200 fleet-clusters.json"}, {"GET -/operations", "200 operations.json"},
			{"GET compute aggregated/instances", "200 fleet-vms.json"}, {"GET compute aggregated/instanceGroupManagers", "200 fleet-managers.json"},
			{"POST compute zones/asia-northeast3-a/instanceGroupManagers/gke-devel-jobs-22222222-grp/listManagedInstances", "200 fleet-jobs.json"},
			{"POST compute zones/asia-northeast3-a/instanceGroupManagers/gke-devel-moving-44444444-grp/listManagedInstances", "200 fleet-moving.json"},
			{"GET compute zones/asia-northeast3-a/instanceGroupManagers/gke-devel-moving-44444444-grp", "200 fleet-target.json"},
			{"POST compute zones/asia-northeast3-c/instanceGroupManagers/gke-devel-web-77777777-grp/listManagedInstances", "200 fleet-away.json"},
		}, func(ctx context.Context, h *gcp.Handler) (any, error) { return h.ListCluster(ctx) }},
		{"list-iid", []exchange{{"GET -/clusters", "200 clusters.json"}}, func(ctx context.Context, h *gcp.Handler) (any, error) { return h.ListIID(ctx) }},
		{"get-cluster", []exchange{cluster, operations, nodes}, func(ctx context.Context, h *gcp.Handler) (any, error) { return h.GetCluster(ctx, devel) }},
		{"get-cluster-missing", []exchange{{"GET clusters/missing", "404 missing.json"}, operations}, func(ctx context.Context, h *gcp.Handler) (any, error) {
			return h.GetCluster(ctx, pmks.IID{NameId: "missing", SystemId: "missing"})
		}},
		{"delete-cluster", []exchange{changed("DELETE clusters/devel")}, func(ctx context.Context, h *gcp.Handler) (any, error) { return h.DeleteCluster(ctx, devel) }},
		{"add-node-group", []exchange{cluster, changed("POST clusters/devel/nodePools")}, func(ctx context.Context, h *gcp.Handler) (any, error) { return h.AddNodeGroup(ctx, devel, fresh) }},
		{"remove-node-group", []exchange{changed("DELETE clusters/devel/nodePools/batch")}, func(ctx context.Context, h *gcp.Handler) (any, error) { return h.RemoveNodeGroup(ctx, devel, batch) }},
		{"autoscaling-on", []exchange{cluster, changed("POST clusters/devel/nodePools/batch:setAutoscaling")}, func(ctx context.Context, h *gcp.Handler) (any, error) {
			return h.SetNodeGroupAutoScaling(ctx, devel, batch, true)
		}},
		{"autoscaling-off", []exchange{cluster, changed("POST clusters/devel:setResourceLabels"), done, changed("POST clusters/devel/nodePools/workers:setAutoscaling")}, func(ctx context.Context, h *gcp.Handler) (any, error) {
			return h.SetNodeGroupAutoScaling(ctx, devel, workers, false)
		}},
		{"change-scaling-on", []exchange{cluster, nodes, changed("POST clusters/devel/nodePools/workers:setAutoscaling"), done, changed("POST clusters/devel/nodePools/workers:setSize")}, func(ctx context.Context, h *gcp.Handler) (any, error) {
			return h.ChangeNodeGroupScaling(ctx, devel, workers, 3, 2, 6)
		}},
		{"change-scaling-off", []exchange{cluster, changed("POST clusters/devel:setResourceLabels"), done, changed("POST clusters/devel/nodePools/batch:setSize")}, func(ctx context.Context, h *gcp.Handler) (any, error) {
			return h.ChangeNodeGroupScaling(ctx, devel, batch, 2, 0, 3)
		}},
		{"upgrade-control-plane", []exchange{cluster, operations, config, changed("POST clusters/devel:updateMaster")}, func(ctx context.Context, h *gcp.Handler) (any, error) { return h.UpgradeCluster(ctx, devel, "1.34") }},
		{"upgrade-pools", []exchange{cluster, operations, config, changed("PUT clusters/devel/nodePools/workers")}, func(ctx context.Context, h *gcp.Handler) (any, error) {
			return h.UpgradeCluster(ctx, devel, "1.33.5-gke.2072000")
		}},
		{"list-versions", []exchange{config}, func(ctx context.Context, h *gcp.Handler) (any, error) { return h.ListVersions(ctx) }},
		{"check-cluster", lookups, func(ctx context.Context, h *gcp.Handler) (any, error) { return nil, h.CheckCluster(ctx, request) }},
		{"check-node-group", []exchange{cluster}, func(ctx context.Context, h *gcp.Handler) (any, error) {
			return nil, h.CheckNodeGroup(ctx, devel, fixed)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			result, tape := providertest.Play(t, dialect, test.exchanges, func(t testing.TB, p *providertest.Replay) (any, error) {
				return test.do(t.Context(), newHandlerWith(t, gcp.Config{ProjectID: "devel-project", Zone: "asia-northeast3-a", Transport: p, KubeconfigKind: "exec",
					TokenSource: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "ya29.fixture", Expiry: time.Now().Add(time.Hour)})}))
			})
			wiretest.Golden(t, "wire/"+test.name+".golden", tape+"== result\n"+result)
		})
	}
}
