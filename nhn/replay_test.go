// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
	"github.com/pmks-go/pmks/nhn"
)

// exchange is one request that the handler is expected to make, and its answer: a status
// and, unless there is no body, a file of testdata/replies. Those are written by hand after
// the public guides of NHN, so that a misreading which the simulator might share is seen
// here.
type exchange = providertest.Exchange

// dialect is how requests to NHN Cloud are written down.
var dialect = providertest.Dialect{
	Key: func(r *http.Request, _ []byte) (string, error) {
		key := r.Method + " " + strings.TrimSuffix(strings.TrimPrefix(r.URL.Host, "kr2-"), ".example") + strings.TrimPrefix(r.URL.Path, "/v2/"+replayTenant)
		if r.URL.RawQuery != "" {
			key += "?" + r.URL.RawQuery
		}
		switch token, version := r.Header.Get("X-Auth-Token"), r.Header.Get("OpenStack-API-Version"); {
		case strings.HasSuffix(r.URL.Path, "/tokens"):
			if token != "" {
				return "", errors.New("the request for a token carries one")
			}
		case token != "fixture-token":
			return "", errors.New("the token is " + token)
		case strings.Contains(r.URL.Host, "nks") != (version == "container-infra latest"):
			return "", errors.New("the microversion is " + version)
		}
		return key, nil
	},
	Head: func(r *http.Request) string {
		return "> " + r.Method + " " + r.URL.String() + "\n" + providertest.Headers(r, "OpenStack-API-Version", "Content-Type", "X-Auth-Token")
	},
	Body: func(_ *http.Request, body []byte) string {
		if text, err := providertest.CanonicalJSON(body); err == nil || len(body) == 0 {
			return text
		}
		return string(body) + "\n"
	},
	Answer: func(r *http.Request, answer string) (*http.Response, error) {
		return providertest.ReplyFile(r, answer, http.Header{"Content-Type": {"application/json"}, "X-Openstack-Request-Id": {"req-fixture"}})
	},
}

// What the replies are about.
const (
	replayTenant = "0123456789abcdef0123456789abcdef"
	devel        = "7c1d5a3e-4b2f-4f6a-9d80-1e2f3a4b5c6d"
	workers      = "2b3c4d5e-6f70-4182-93a4-b5c6d7e8f901"
	cluster      = "nks/v1/clusters/" + devel
	nodeGroup    = cluster + "/nodegroups/" + workers
)

var signIn = exchange{"POST identity/v2.0/tokens", "200 tokens.json"}

// TestReplay keeps what every operation sends, and what it makes of the answers.
func TestReplay(t *testing.T) {
	t.Parallel()
	develIID, workersIID := pmks.IID{SystemId: devel}, pmks.IID{SystemId: workers}
	images := "GET image/v2/images?nhncloud_allow_nks_cpu_flavor=true&visibility=public"
	look := []exchange{signIn, {"GET " + cluster, "200 cluster.json"}, {"GET " + nodeGroup, "200 nodegroup.json"},
		{"GET " + nodeGroup + "/autoscale", "200 autoscale.json"}, {"GET " + cluster + "/events", "200 events.json"}}
	whole := []exchange{signIn, {"GET " + cluster, "200 cluster.json"}, {"GET " + cluster + "/nodegroups", "200 nodegroups.json"}, {"GET " + cluster + "/events", "200 events.json"}}
	beside := []exchange{{"GET compute/servers/detail?limit=1000", "200 servers.json"}, {"GET compute/flavors/detail", "200 flavors.json"},
		{images, "200 images.json"}, {"GET network/v2.0/vpcs", "200 vpcs.json"}}
	lookups := []exchange{signIn, {"GET nks/v1/supports", "200 supports.json"}, {"GET nks/v1/clusters", "200 no-clusters.json"},
		{"GET network/v2.0/vpcsubnets/bb20c8d3-4e5f-4061-9273-8495a6b7c8d9", "200 subnet.json"}, {"GET network/v2.0/networks?router%3Aexternal=True", "200 networks.json"},
		{"GET network/v2.0/security-groups", "200 security-groups.json"}, {"GET compute/flavors/detail", "200 flavors.json"},
		{images, "200 images.json"}, {"GET compute/os-keypairs/ops", "200 keypair.json"}}
	group := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "more"}, VMSpecName: "m2.c4m8", KeyPairIID: pmks.IID{NameId: "ops"}, DesiredNodeSize: 2}
	request := pmks.ClusterInfo{IId: pmks.IID{NameId: "devel"}, Version: "1.32",
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: "aa10b7c2-3d4e-4f50-8162-738495a6b7c8"}, SubnetIIDs: []pmks.IID{{SystemId: "bb20c8d3-4e5f-4061-9273-8495a6b7c8d9"}},
			SecurityGroupIIDs: []pmks.IID{{NameId: "allow-web"}}},
		NodeGroupList: []pmks.NodeGroupInfo{group}, KeyValueList: []pmks.KeyValue{{Key: "label:strict_sg_rules", Value: "True"},
			{Key: "label:extra_volumes", Value: `[{"volume_type":"General HDD","volume_size":100}]`}}}
	for _, test := range []struct {
		name      string
		exchanges []exchange
		do        func(t testing.TB, h *nhn.Handler) (any, error)
	}{
		{"create-cluster", append(lookups, exchange{"GET nks/v1/addons/?image=ee50fb06-7182-4394-a5a6-b7c8d9e0f102&k8s_version=v1.32.3", "200 addons.json"},
			exchange{"POST nks/v1/clusters", "202 created.json"}, exchange{"GET nks/v1/clusters", "200 clusters.json"}),
			func(t testing.TB, h *nhn.Handler) (any, error) { return h.CreateCluster(t.Context(), request) }},
		{"get-cluster", append(append(whole, exchange{"GET " + nodeGroup, "200 nodegroup.json"}, exchange{"GET " + cluster + "/config", "400 config-early.json"}), beside...),
			func(t testing.TB, h *nhn.Handler) (any, error) { return h.GetCluster(t.Context(), develIID) }},
		{"get-cluster-missing", []exchange{signIn, {"GET " + cluster, "404 missing.json"}, {"GET " + cluster + "/nodegroups", "404 missing.json"},
			{"GET " + cluster + "/events", "404 missing.json"}, {"GET nks/v1/clusters", "200 no-clusters.json"}},
			func(t testing.TB, h *nhn.Handler) (any, error) { return h.GetCluster(t.Context(), develIID) }},
		{"list-cluster", append([]exchange{signIn, {"GET nks/v1/clusters", "200 clusters.json"}, {"GET " + cluster, "200 cluster-creating.json"},
			{"GET " + cluster + "/nodegroups", "404 missing.json"}}, beside...),
			func(t testing.TB, h *nhn.Handler) (any, error) { return h.ListCluster(t.Context()) }},
		{"list-iid", []exchange{signIn, {"GET nks/v1/clusters", "200 clusters.json"}}, func(t testing.TB, h *nhn.Handler) (any, error) { return h.ListIID(t.Context()) }},
		{"list-versions", []exchange{signIn, {"GET nks/v1/supports", "200 supports.json"}}, func(t testing.TB, h *nhn.Handler) (any, error) { return h.ListVersions(t.Context()) }},
		{"read-state-of-group", []exchange{signIn, {"GET " + cluster, "200 cluster.json"}, {"GET " + nodeGroup, "200 nodegroup.json"}},
			func(t testing.TB, h *nhn.Handler) (any, error) {
				return h.ReadState(t.Context(), pmks.IID{NameId: "devel", SystemId: devel}, workersIID)
			}},
		{"last-operation", []exchange{signIn, {"GET " + cluster + "/events", "200 events.json"}},
			func(t testing.TB, h *nhn.Handler) (any, error) {
				return h.LastOperation(t.Context(), develIID, workersIID)
			}},
		{"delete-cluster", []exchange{signIn, {"GET " + cluster, "200 cluster.json"}, {"GET " + cluster + "/events", "200 events.json"}, {"DELETE " + cluster, "204"}},
			func(t testing.TB, h *nhn.Handler) (any, error) { return h.DeleteCluster(t.Context(), develIID) }},
		{"add-node-group", append(whole, exchange{"GET " + nodeGroup, "200 nodegroup.json"}, exchange{"GET compute/flavors/detail", "200 flavors.json"},
			exchange{images, "200 images.json"}, exchange{"POST " + cluster + "/nodegroups", "202 new-nodegroup.json"}),
			func(t testing.TB, h *nhn.Handler) (any, error) { return h.AddNodeGroup(t.Context(), develIID, group) }},
		{"remove-node-group", []exchange{signIn, {"DELETE " + nodeGroup, "204"}},
			func(t testing.TB, h *nhn.Handler) (any, error) {
				return h.RemoveNodeGroup(t.Context(), develIID, workersIID)
			}},
		{"autoscaling-off", append(look, exchange{"POST " + nodeGroup + "/autoscale", "202 accepted.json"}),
			func(t testing.TB, h *nhn.Handler) (any, error) {
				return h.SetNodeGroupAutoScaling(t.Context(), develIID, workersIID, false)
			}},
		{"change-scaling-on", append(look, exchange{"POST " + nodeGroup + "/autoscale", "200 accepted.json"}),
			func(t testing.TB, h *nhn.Handler) (any, error) {
				return h.ChangeNodeGroupScaling(t.Context(), develIID, workersIID, 3, 2, 6)
			}},
		{"change-size", []exchange{signIn, {"GET " + cluster, "200 cluster.json"}, {"GET " + nodeGroup, "200 nodegroup-off.json"},
			{"GET " + nodeGroup + "/autoscale", "200 autoscale-off.json"}, {"GET " + cluster + "/events", "200 events.json"}, {"POST " + cluster + "/actions/resize", "202 created.json"}},
			func(t testing.TB, h *nhn.Handler) (any, error) {
				return h.ChangeNodeGroupScaling(t.Context(), develIID, workersIID, 3, 1, 5)
			}},
		{"upgrade-control-plane", append(whole, exchange{"GET nks/v1/supports", "200 supports.json"}, exchange{"GET " + nodeGroup, "200 nodegroup.json"},
			exchange{"POST " + cluster + "/nodegroups/default-master/upgrade", "202 accepted.json"}),
			func(t testing.TB, h *nhn.Handler) (any, error) {
				return h.UpgradeCluster(t.Context(), develIID, "1.33")
			}},
		{"upgrade-group", append(whole, exchange{"GET nks/v1/supports", "200 supports.json"}, exchange{"GET " + nodeGroup, "200 nodegroup-off.json"},
			exchange{"POST " + nodeGroup + "/upgrade", "202 accepted.json"}),
			func(t testing.TB, h *nhn.Handler) (any, error) {
				return h.UpgradeCluster(t.Context(), develIID, "1.32")
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			result, tape := providertest.Play(t, dialect, append([]exchange(nil), test.exchanges...), func(t testing.TB, p *providertest.Replay) (any, error) {
				h := providertest.New(t, nhn.New, nhn.Config{Region: "kr2", Zone: "kr2-pub-b", Username: "ops@example.com", Password: "fixture-password", TenantID: replayTenant,
					IdentityEndpoint: "https://identity.example/v2.0", Transport: p, RateLimits: "none"})
				return test.do(t, h)
			})
			wiretest.Golden(t, "wire/"+test.name+".golden", tape+"== result\n"+result)
		})
	}
}
