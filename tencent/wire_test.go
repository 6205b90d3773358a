// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
	"github.com/pmks-go/pmks/tencent"
)

// dialect is how requests to Tencent Cloud are written down: by service and action, and by
// what a list is asked for. An answer is a file of testdata/replies, which is written by
// hand after the vendor's reference, so that a misreading which the simulator might share
// is seen here. All come with the status 200, refusals too.
var dialect = providertest.Dialect{
	Key: func(r *http.Request, body []byte) (string, error) {
		service, _, _ := strings.Cut(r.URL.Host, ".")
		switch signed := r.Header.Get("Authorization"); {
		case r.Method != http.MethodPost || r.URL.Path != "/":
			return "", errors.New("it is no POST of /")
		case !tc3Pattern.MatchString(signed) || !strings.Contains(signed, "/"+service+"/tc3_request"):
			return "", fmt.Errorf("it is signed %q", signed)
		case !strings.Contains(r.Header.Get("X-TC-RequestClient"), "pmks"):
			return "", errors.New("nothing names pmks")
		case r.Header.Get("X-TC-Language") != "en-US":
			return "", errors.New("sentences would be Chinese")
		}
		var asked struct {
			Filters    []struct{ Name string }
			IDs        []string `json:"ClusterIds"`
			IsExtranet *bool
		}
		if err := json.Unmarshal(body, &asked); err != nil {
			return "", err
		}
		key := r.Header.Get("X-TC-Action")
		if service != "tke" {
			key = service + " " + key
		}
		if len(asked.IDs) > 0 {
			key += " " + strings.Join(asked.IDs, " ")
		}
		for _, f := range asked.Filters {
			key += " by " + f.Name
		}
		if asked.IsExtranet != nil && !*asked.IsExtranet {
			key += " inside"
		}
		return key, nil
	},
	Head: func(r *http.Request) string {
		return fmt.Sprintf("> %s %s\n", r.Method, r.URL) + providertest.Headers(r, "Content-Type", "X-TC-Action", "X-TC-Version", "X-TC-Region")
	},
	Body: func(_ *http.Request, body []byte) string {
		text, err := providertest.CanonicalJSON(body)
		if err != nil {
			return string(body)
		}
		return text
	},
	Answer: func(r *http.Request, file string) (*http.Response, error) {
		body, err := os.ReadFile(filepath.Join("testdata", "replies", file+".json"))
		if err != nil {
			return nil, err
		}
		return providertest.Reply(r, http.StatusOK, http.Header{"Content-Type": {"application/json"}}, body), nil
	},
}

var (
	tc3Pattern = regexp.MustCompile(`^TC3-HMAC-SHA256 Credential=AKIDfixture/\d{4}-\d\d-\d\d/[a-z]+/tc3_request, SignedHeaders=content-type;host, Signature=[0-9a-f]{64}$`)
	// drawn is what marks a request as one's own.
	drawn = regexp.MustCompile(`[A-Z2-7]{26}`)
)

const (
	cluster0 = "cls-d3v0000a"
	missing0 = "cls-m1ss1ng0"
	workers  = "np-w0rk000a"
	burst    = "np-burst00a"
)

// Requests that many calls make, with their answers.
var (
	readCluster = providertest.Exchange{"DescribeClusters " + cluster0, "cluster"}
	readPools   = providertest.Exchange{"DescribeClusterNodePools", "pools"}
	readNodes   = providertest.Exchange{"DescribeClusterInstances", "nodes"}
	readLaunch  = providertest.Exchange{"as DescribeLaunchConfigurations", "launch"}
	readFailed  = providertest.Exchange{"as DescribeAutoScalingActivities by auto-scaling-group-id", "activities-failed"}
	readClosed  = providertest.Exchange{"DescribeClusterEndpoints", "endpoints-closed"}
	readOpen    = providertest.Exchange{"DescribeClusterEndpoints", "endpoints-open"}
	readConfig  = providertest.Exchange{"DescribeClusterKubeconfig", "kubeconfig"}
	readAll     = providertest.Exchange{"DescribeClusters", "clusters"}
	readWorkers = providertest.Exchange{"DescribeClusterNodePools by NodePoolsId", "pool-workers"}
	readBurst   = providertest.Exchange{"DescribeClusterNodePools by NodePoolsId", "pool-burst"}
	readStatus  = providertest.Exchange{"DescribeClusterEndpointStatus", "endpoint-status-none"}
	readInside  = providertest.Exchange{"DescribeClusterEndpointStatus inside", "endpoint-status-none"}
	readOpened  = providertest.Exchange{"DescribeClusterEndpointStatus", "endpoint-status-created"}
	readLagging = providertest.Exchange{"CheckInstancesUpgradeAble", "lagging-none"}
	versions    = providertest.Exchange{"DescribeVersions", "versions"}
	// What a cluster is planned from, and read with.
	planned = []providertest.Exchange{readAll, versions, {"vpc DescribeVpcs", "vpc"}, {"vpc DescribeSubnets by vpc-id", "subnets"}, {"vpc DescribeSecurityGroups", "security-groups"}}
	whole   = []providertest.Exchange{readPools, readNodes, readLaunch, readFailed}
)

func exchanges(list []providertest.Exchange, more ...providertest.Exchange) []providertest.Exchange {
	return append(append([]providertest.Exchange{}, list...), more...)
}

func answered(request string) providertest.Exchange {
	return providertest.Exchange{request, "accepted"}
}

// TestWire keeps what every operation sends through the SDK, and what it makes of the
// answers.
func TestWire(t *testing.T) {
	t.Parallel()
	devel, missing := pmks.IID{SystemId: cluster0}, pmks.IID{SystemId: missing0}
	w, b := pmks.IID{SystemId: workers}, pmks.IID{SystemId: burst}
	fresh := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "fresh"}, VMSpecName: "S5.MEDIUM4", RootDiskType: "CLOUD_SSD", RootDiskSize: "80", ImageIID: pmks.IID{SystemId: "img-fx00000a"},
		KeyPairIID: pmks.IID{SystemId: "skey-fx00000a"}, OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4}
	fixed := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "fixed"}, VMSpecName: "S5.MEDIUM4", DesiredNodeSize: 1, MinNodeSize: 0, MaxNodeSize: 3}
	request := pmks.ClusterInfo{IId: pmks.IID{NameId: "new"}, Version: "1.30",
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: "vpc-fx00000a"}, SubnetIIDs: []pmks.IID{{SystemId: "subnet-fx00000a"}, {SystemId: "subnet-fx00000b"}},
			SecurityGroupIIDs: []pmks.IID{{SystemId: "sg-fx00000a"}, {SystemId: "sg-fx00000b"}}},
		TagList: []pmks.KeyValue{{Key: "team", Value: "platform"}}}
	type list = []providertest.Exchange
	for _, test := range []struct {
		name      string
		exchanges list
		call      func(context.Context, *tencent.Handler) (any, error)
	}{
		{"create-cluster", exchanges(planned, providertest.Exchange{"CreateCluster", "created"}),
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.CreateCluster(ctx, request) }},
		{"create-cluster-without-role", exchanges(planned, providertest.Exchange{"CreateCluster", "no-role"}),
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.CreateCluster(ctx, request) }},
		{"create-cluster-whose-range-is-taken", exchanges(append(planned[:5:5], planned...), providertest.Exchange{"CreateCluster", "cidr-conflict"}, providertest.Exchange{"CreateCluster", "created"}),
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.CreateCluster(ctx, request) }},
		{"check-cluster", planned, func(ctx context.Context, h *tencent.Handler) (any, error) { return nil, h.CheckCluster(ctx, request) }},
		{"list-iid", list{readAll}, func(ctx context.Context, h *tencent.Handler) (any, error) { return h.ListIID(ctx) }},
		{"get-cluster", exchanges(whole, readCluster, readOpen, readConfig, readLagging),
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.GetCluster(ctx, devel) }},
		{"get-cluster-closed", exchanges(whole, readCluster, readClosed, readLagging),
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.GetCluster(ctx, devel) }},
		{"get-cluster-by-name", exchanges(whole, providertest.Exchange{"DescribeClusters by ClusterName", "clusters-by-name"}, readOpen, providertest.Exchange{"DescribeClusterKubeconfig", "forbidden"}, readLagging),
			func(ctx context.Context, h *tencent.Handler) (any, error) {
				return h.GetCluster(ctx, pmks.IID{NameId: "devel"})
			}},
		{"get-cluster-missing", list{{"DescribeClusters " + missing0, "no-clusters"}, {"DescribeClusterNodePools", "no-cluster"}, {"DescribeClusterInstances", "no-cluster"}, {"DescribeClusterEndpoints", "no-cluster"}},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.GetCluster(ctx, missing) }},
		{"delete-cluster", list{readCluster, readStatus, readInside, answered("DeleteCluster")},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.DeleteCluster(ctx, devel) }},
		{"delete-cluster-that-is-open", list{readCluster, readOpened, readInside, readOpened, answered("DeleteClusterEndpoint"), readStatus, answered("DeleteCluster")},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.DeleteCluster(ctx, devel) }},
		{"delete-cluster-protected", list{{"DescribeClusters " + cluster0, "cluster-protected"}, readStatus, readInside},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.DeleteCluster(ctx, devel) }},
		{"add-node-group", list{readCluster, {"DescribeClusterNodePools by NodePoolsName", "no-pools"}, {"CreateClusterNodePool", "added"}},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.AddNodeGroup(ctx, devel, fixed) }},
		{"add-node-group-that-scales", list{readCluster, {"DescribeClusterNodePools by NodePoolsName", "no-pools"}, {"CreateClusterNodePool", "added"}},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.AddNodeGroup(ctx, devel, fresh) }},
		{"remove-node-group", list{readCluster, readWorkers, answered("DeleteClusterNodePool")},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.RemoveNodeGroup(ctx, devel, w) }},
		{"autoscaling-on", list{readCluster, readWorkers, answered("ModifyClusterNodePool")},
			func(ctx context.Context, h *tencent.Handler) (any, error) {
				return h.SetNodeGroupAutoScaling(ctx, devel, w, true)
			}},
		{"autoscaling-on-already", list{readCluster, readBurst},
			func(ctx context.Context, h *tencent.Handler) (any, error) {
				return h.SetNodeGroupAutoScaling(ctx, devel, b, true)
			}},
		{"change-scaling-bounds-first", list{readCluster, readWorkers, answered("ModifyClusterNodePool"), {"DescribeClusterNodePools by NodePoolsId", "pool-workers-grown"}, answered("ModifyNodePoolDesiredCapacityAboutAsg")},
			func(ctx context.Context, h *tencent.Handler) (any, error) {
				return h.ChangeNodeGroupScaling(ctx, devel, w, 5, 1, 6)
			}},
		{"change-scaling-on", list{readCluster, readBurst, answered("ModifyClusterNodePool")},
			func(ctx context.Context, h *tencent.Handler) (any, error) {
				return h.ChangeNodeGroupScaling(ctx, devel, b, 0, 1, 6)
			}},
		{"upgrade-control-plane", exchanges(whole, readCluster, readClosed, readLagging, providertest.Exchange{"DescribeAvailableClusterVersion", "available"}, answered("UpdateClusterVersion")),
			func(ctx context.Context, h *tencent.Handler) (any, error) {
				return h.UpgradeCluster(ctx, devel, "1.32")
			}},
		{"upgrade-nodes", exchanges(whole, providertest.Exchange{"DescribeClusters " + cluster0, "cluster-upgraded"}, readClosed, providertest.Exchange{"CheckInstancesUpgradeAble", "lagging"}, providertest.Exchange{"DescribeAvailableClusterVersion", "available-none"}, answered("UpgradeClusterInstances")),
			func(ctx context.Context, h *tencent.Handler) (any, error) {
				return h.UpgradeCluster(ctx, devel, "1.32")
			}},
		{"open-access", list{readCluster, {"DescribeClusterEndpointStatus", "endpoint-status-none"}, answered("CreateClusterEndpoint")},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return nil, h.OpenAccess(ctx, devel) }},
		{"open-access-without-node", list{readCluster, {"DescribeClusterEndpointStatus", "endpoint-status-none"}, {"CreateClusterEndpoint", "no-node"}},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return nil, h.OpenAccess(ctx, devel) }},
		{"close-access", list{readCluster, readOpened, readOpened, answered("DeleteClusterEndpoint")},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return nil, h.CloseAccess(ctx, devel) }},
		{"read-state", list{readCluster},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.ReadState(ctx, devel, pmks.IID{}) }},
		{"read-state-of-group", list{readCluster, readBurst, readFailed},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.ReadState(ctx, devel, b) }},
		{"last-operation", list{readCluster, {"DescribeTasks", "tasks"}},
			func(ctx context.Context, h *tencent.Handler) (any, error) {
				return h.LastOperation(ctx, devel, pmks.IID{})
			}},
		{"last-operation-of-group", list{readCluster, readBurst, readFailed, {"DescribeTasks", "no-tasks"}},
			func(ctx context.Context, h *tencent.Handler) (any, error) { return h.LastOperation(ctx, devel, b) }},
		{"list-versions", list{versions}, func(ctx context.Context, h *tencent.Handler) (any, error) { return h.ListVersions(ctx) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			result, tape := providertest.Play(t, dialect, test.exchanges, func(t testing.TB, p *providertest.Replay) (any, error) {
				h := providertest.New(t, tencent.New, tencent.Config{Region: "ap-seoul", SecretID: "AKIDfixture", SecretKey: "fixture-secret", Transport: p})
				return test.call(t.Context(), h)
			})
			wiretest.Golden(t, "wire/"+test.name+".golden", drawn.ReplaceAllString(tape+"== result\n"+result, "DRAWN"))
		})
	}
}
