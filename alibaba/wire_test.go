// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// dialect is how requests to Alibaba Cloud are written down: ACK by method and path, the
// others by service and action. An answer is a status and a file of testdata/replies, which
// is written by hand after the vendor's reference, so that a misreading which the simulator
// might share is seen here.
var dialect = providertest.Dialect{
	Key: func(r *http.Request, _ []byte) (string, error) {
		service, _, _ := strings.Cut(r.URL.Host, ".")
		signed := r.Header.Get("Authorization")
		switch {
		case service == "cs" && !romaPattern.MatchString(signed), service != "cs" && !acs3Pattern.MatchString(signed):
			return "", fmt.Errorf("it is signed %q", signed)
		case !strings.Contains(r.Header.Get("User-Agent"), "pmks"):
			return "", errors.New("the user agent does not name pmks")
		case strings.HasSuffix(r.URL.Path, "/checks"):
			return "GET checks " + strings.NewReplacer(workers, "W", burst, "B").Replace(r.URL.Query().Get("type")+" "+r.URL.Query().Get("target")), nil
		case service == "cs":
			return r.Method + " " + strings.NewReplacer(cluster0, "C", workers, "W", burst, "B").Replace(r.URL.Path), nil
		}
		return service + " " + r.Header.Get("X-Acs-Action"), nil
	},
	Head: func(r *http.Request) string {
		return fmt.Sprintf("> %s %s\n", r.Method, r.URL) + providertest.Headers(r, "Accept", "Content-Type", "X-Acs-Action", "X-Acs-Version", "X-Acs-Signature-Method")
	},
	Body: func(_ *http.Request, body []byte) string {
		text, err := providertest.CanonicalJSON(body)
		if err != nil {
			return string(body)
		}
		return text
	},
	Answer: func(r *http.Request, answer string) (*http.Response, error) {
		return providertest.ReplyFile(r, answer, http.Header{"Content-Type": {"application/json"}, "X-Acs-Request-Id": {"R-HEADER"}})
	},
}

var (
	romaPattern = regexp.MustCompile(`^acs LTAIfixture:[A-Za-z0-9+/]{27}=$`)
	acs3Pattern = regexp.MustCompile(`^ACS3-HMAC-SHA256 Credential=LTAIfixture,SignedHeaders=[a-z0-9;-]+,Signature=[0-9a-f]{64}$`)
	// drawn is what marks a request as one's own.
	drawn = regexp.MustCompile(`"value": "[A-Z2-7]{26}"`)
)

const (
	cluster0 = "c82e6987e2961451182edacd74faf0001"
	missing0 = "c82e6987e2961451182edacd74faf0404"
	workers  = "np615c0e0966124216a0412e10afe00001"
	burst    = "np615c0e0966124216a0412e10afe00002"
)

// Requests that many calls make, with their answers.
var (
	readCluster  = []providertest.Exchange{readDetail, {"GET /clusters/C/nodepools", "200 pools.json"}, {"GET /clusters/C/nodes", "200 nodes.json"}}
	readRequest  = []providertest.Exchange{{"GET /regions/ap-northeast-1/clusters", "200 clusters.json"}, {"GET /api/v1/metadata/versions", "200 versions.json"}, {"vpc DescribeVpcAttribute", "200 vpc.json"}, {"vpc DescribeVSwitches", "200 vswitches.json"}}
	readDetail   = providertest.Exchange{"GET /clusters/C", "200 cluster.json"}
	readPool     = providertest.Exchange{"GET /clusters/C/nodepools/W", "200 pool-workers.json"}
	readBurst    = providertest.Exchange{"GET /clusters/C/nodepools/B", "200 pool-burst.json"}
	readVersions = providertest.Exchange{"GET /api/v1/metadata/versions", "200 versions.json"}
)

func exchanges(list []providertest.Exchange, more ...providertest.Exchange) []providertest.Exchange {
	return append(append([]providertest.Exchange{}, list...), more...)
}

// TestWire keeps what every operation sends through the SDK, and what it makes of the
// answers.
func TestWire(t *testing.T) {
	t.Parallel()
	devel, missing := pmks.IID{SystemId: cluster0}, pmks.IID{SystemId: missing0}
	w, b := pmks.IID{SystemId: workers}, pmks.IID{SystemId: burst}
	fresh := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "fresh"}, VMSpecName: "ecs.g7.large", RootDiskType: "cloud_auto", RootDiskSize: "80",
		KeyPairIID: pmks.IID{NameId: "ops"}, OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4}
	fixed := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "fixed"}, VMSpecName: "ecs.g7.large", ImageIID: pmks.IID{SystemId: "m-6we1example0000001"},
		KeyPairIID: pmks.IID{NameId: "ops"}, DesiredNodeSize: 1, MinNodeSize: 0, MaxNodeSize: 3}
	request := pmks.ClusterInfo{IId: pmks.IID{NameId: "new"}, Version: "1.35",
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: "vpc-6we1example0000000001"}, SubnetIIDs: []pmks.IID{{NameId: "nodes-a"}, {SystemId: "vsw-6we1example000000000b"}},
			SecurityGroupIIDs: []pmks.IID{{SystemId: "sg-6we1example000000001"}, {SystemId: "sg-6we1example000000002"}}},
		TagList: []pmks.KeyValue{{Key: "team", Value: "platform"}}}
	rich := fixed.Clone()
	rich.Labels, rich.Taints = map[string]string{"team": "a", "example.com/tier": ""}, []pmks.Taint{{Key: "gpu", Value: "yes", Effect: pmks.TaintNoSchedule}, {Key: "gpu", Effect: pmks.TaintNoExecute}}
	rich.Spot, rich.Zones = true, []string{"ap-northeast-1b"}
	closed := request.Clone()
	closed.Access.Mode = pmks.AccessPrivate
	readRich := []providertest.Exchange{readDetail, {"GET /clusters/C/nodepools/W", "200 pool-rich.json"}}
	zones := providertest.Exchange{"vpc DescribeVSwitches", "200 vswitches.json"}
	tasks := []providertest.Exchange{{"GET /clusters/C/tasks", "200 tasks.json"}}
	for _, test := range []struct {
		name      string
		exchanges []providertest.Exchange
		call      func(context.Context, *alibaba.Handler) (any, error)
	}{
		{"create-cluster", exchanges(readRequest, providertest.Exchange{"POST /clusters", "202 created.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.CreateCluster(ctx, request) }},
		{"create-cluster-without-role", exchanges(readRequest, providertest.Exchange{"POST /clusters", "400 no-role.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.CreateCluster(ctx, request) }},
		{"check-cluster", readRequest, func(ctx context.Context, h *alibaba.Handler) (any, error) { return nil, h.CheckCluster(ctx, request) }},
		{"list-cluster", exchanges(readCluster, providertest.Exchange{"GET /regions/ap-northeast-1/clusters", "200 clusters.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.ListCluster(ctx) }},
		{"list-iid", []providertest.Exchange{{"GET /regions/ap-northeast-1/clusters", "200 clusters.json"}},
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.ListIID(ctx) }},
		{"get-cluster", exchanges(readCluster, providertest.Exchange{"GET /k8s/C/user_config", "200 kubeconfig.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.GetCluster(ctx, devel) }},
		{"get-cluster-by-name", exchanges(readCluster, providertest.Exchange{"GET /regions/ap-northeast-1/clusters", "200 clusters.json"}, providertest.Exchange{"GET /k8s/C/user_config", "403 forbidden.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return h.GetCluster(ctx, pmks.IID{NameId: "devel"})
			}},
		{"get-cluster-missing", []providertest.Exchange{{"GET /clusters/" + missing0, "404 no-cluster.json"}, {"GET /clusters/" + missing0 + "/nodepools", "404 no-cluster.json"},
			{"GET /clusters/" + missing0 + "/nodes", "404 no-cluster.json"}, {"GET /k8s/" + missing0 + "/user_config", "404 no-cluster.json"}},
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.GetCluster(ctx, missing) }},
		{"delete-cluster", []providertest.Exchange{readDetail, {"DELETE /clusters/C", "202 accepted.json"}},
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.DeleteCluster(ctx, devel) }},
		{"add-node-group", exchanges(readCluster[:2], providertest.Exchange{"POST /clusters/C/nodepools", "200 added.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.AddNodeGroup(ctx, devel, fixed) }},
		{"add-node-group-that-scales", exchanges(readCluster[:2], providertest.Exchange{"GET /clusters/C/addon_instances", "200 addons.json"},
			providertest.Exchange{"POST /cluster/C/autoscale/config/", "200 accepted.json"}, providertest.Exchange{"POST /clusters/C/nodepools", "200 added.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.AddNodeGroup(ctx, devel, fresh) }},
		{"check-node-group", exchanges(readCluster[:2], providertest.Exchange{"ecs DescribeKeyPairs", "200 key-pairs.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return nil, h.CheckNodeGroup(ctx, devel, fixed)
			}},
		{"remove-node-group", []providertest.Exchange{readDetail, readPool, {"DELETE /clusters/C/nodepools/W", "200 removed.json"}},
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.RemoveNodeGroup(ctx, devel, w) }},
		{"remove-node-group-that-scales", []providertest.Exchange{readDetail, readBurst, {"PUT /clusters/C/nodepools/B", "200 put-burst.json"}, {"GET /clusters/C/nodepools/B", "200 pool-burst-off.json"}, {"DELETE /clusters/C/nodepools/B", "200 removed.json"}},
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.RemoveNodeGroup(ctx, devel, b) }},
		{"autoscaling-on", []providertest.Exchange{readDetail, readPool, {"GET /clusters/C/addon_instances", "200 addons.json"}, {"POST /cluster/C/autoscale/config/", "200 accepted.json"}, {"PUT /clusters/C/nodepools/W", "200 put-workers.json"}},
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return h.SetNodeGroupAutoScaling(ctx, devel, w, true)
			}},
		{"autoscaling-off", []providertest.Exchange{readDetail, readBurst, {"PUT /clusters/C/nodepools/B", "200 put-burst.json"}},
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return h.SetNodeGroupAutoScaling(ctx, devel, b, false)
			}},
		{"change-scaling-on", []providertest.Exchange{readDetail, readBurst, {"PUT /clusters/C/nodepools/B", "200 put-burst.json"}},
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return h.ChangeNodeGroupScaling(ctx, devel, b, 3, 2, 6)
			}},
		{"change-scaling-off", []providertest.Exchange{readDetail, readPool, {"PUT /clusters/C/nodepools/W", "200 put-workers.json"}},
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return h.ChangeNodeGroupScaling(ctx, devel, w, 4, 2, 6)
			}},
		{"upgrade-control-plane", exchanges(append(readCluster[:3:3], tasks...), readVersions, providertest.Exchange{"POST /api/v2/clusters/C/upgrade", "202 accepted.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return h.UpgradeCluster(ctx, devel, "1.36")
			}},
		{"upgrade-pools", exchanges([]providertest.Exchange{{"GET /clusters/C", "200 cluster-upgraded.json"}, {"GET /tasks/T-up", "200 task-up.json"}, {"POST /clusters/C/nodepools/W/upgrade", "200 pool-upgrade.json"}, {"POST /clusters/C/nodepools/B/upgrade", "200 pool-upgrade.json"}},
			append(append(readCluster[1:3:3], tasks...), readVersions)...),
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return h.UpgradeCluster(ctx, devel, "1.36")
			}},
		{"read-state", []providertest.Exchange{readDetail},
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.ReadState(ctx, devel, pmks.IID{}) }},
		{"read-state-of-group", []providertest.Exchange{readDetail, readBurst},
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.ReadState(ctx, devel, b) }},
		{"last-operation", exchanges(tasks, readDetail, providertest.Exchange{"GET /tasks/T-scale", "200 task-scale.json"}, providertest.Exchange{"GET /tasks/T-up", "200 task-up.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return h.LastOperation(ctx, devel, pmks.IID{})
			}},
		{"last-operation-of-group", exchanges(tasks, readDetail, providertest.Exchange{"GET /tasks/T-scale", "200 task-scale.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.LastOperation(ctx, devel, b) }},
		{"create-private-cluster", exchanges(readRequest, providertest.Exchange{"POST /clusters", "202 created.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.CreateCluster(ctx, closed) }},
		{"add-node-group-that-asks-for-all", exchanges(readCluster[:2], zones, providertest.Exchange{"POST /clusters/C/nodepools", "200 added.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.AddNodeGroup(ctx, devel, rich) }},
		{"get-node-group", exchanges(readRich, zones, readCluster[2]),
			func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.GetNodeGroup(ctx, devel, w) }},
		{"change-scaling-of-all", exchanges(readRich, readDetail, zones, providertest.Exchange{"PUT /clusters/C/nodepools/W", "200 put-workers.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return h.ChangeNodeGroupScaling(ctx, devel, w, 4, 2, 6)
			}},
		{"set-tags", []providertest.Exchange{readDetail, {"POST /clusters/C/tags", "200 empty.json"}, {"GET /clusters/C", "200 cluster-tagged.json"}},
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return nil, h.SetTags(ctx, devel, []pmks.KeyValue{{Key: "team", Value: "b"}, {Key: "env"}})
			}},
		{"upgrade-findings", exchanges(readCluster[:2], readVersions, providertest.Exchange{"GET checks MasterUpgrade ", "200 checks.json"}, providertest.Exchange{"GET checks NodePoolUpgrade W", "200 checks-none.json"},
			providertest.Exchange{"GET checks NodePoolUpgrade B", "200 checks-none.json"}, providertest.Exchange{"GET /clusters/C/checks/1697100584236600453-clustercheck-lboto", "200 check.json"}),
			func(ctx context.Context, h *alibaba.Handler) (any, error) {
				return h.UpgradeFindings(ctx, devel, "1.36.2-aliyun.1")
			}},
		{"list-versions", []providertest.Exchange{readVersions}, func(ctx context.Context, h *alibaba.Handler) (any, error) { return h.ListVersions(ctx) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			result, tape := providertest.Play(t, dialect, test.exchanges, func(t testing.TB, p *providertest.Replay) (any, error) {
				h := providertest.New(t, alibaba.New, alibaba.Config{Region: region, AccessKeyID: "LTAIfixture", AccessKeySecret: "fixture-secret", Transport: p})
				return test.call(t.Context(), h)
			})
			wiretest.Golden(t, "wire/"+test.name+".golden", drawn.ReplaceAllString(tape+"== result\n"+result, `"value": "DRAWN"`))
		})
	}
}
