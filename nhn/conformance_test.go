// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance runs the suite against the NKS simulator.
func TestConformance(t *testing.T) {
	t.Parallel()
	bench.Conformance(t)
}

// configFor is the configuration of a handler on a simulator, in process.
func configFor(s *nks.Server) nhn.Config {
	return nhn.Config{
		Region: "kr1", Username: nks.DefaultUser, Password: nks.DefaultPassword, TenantID: nks.DefaultTenantID,
		IdentityEndpoint: "http://127.0.0.1:1/v2.0", Transport: s.Transport(),
	}
}

// connected is the configuration of a handler as the kit wants it connected.
func connected(s *nks.Server, c providertest.Connection) nhn.Config {
	cfg := configFor(s)
	cfg.Transport, cfg.Logger = c.Transport, c.Logger
	if c.URL != "" {
		cfg.IdentityEndpoint = c.URL + "/v2.0"
	}
	if c.Hurried {
		cfg.PollInterval, cfg.RateLimits = 5*time.Millisecond, "none"
	}
	return cfg
}

var noQuota = nks.Quota{Clusters: -1, NodeGroups: -1, Nodes: 100}

var bench = providertest.Bench[*nks.Server]{
	Cloud: "nhn",
	Simulate: func(o providertest.Options) *nks.Server {
		return nks.New(nks.Options{Latency: o.Latency, Scale: o.Scale, Unlimited: o.Unlimited, Quota: noQuota})
	},
	Open: func(ctx context.Context, s *nks.Server, c providertest.Connection) (providertest.Handler, error) {
		return nhn.New(ctx, connected(s, c))
	},
	SignsIn: true,
	Version: "v1.32.3",
	Secrets: []string{nks.DefaultPassword},
	Requests: map[string][]string{
		"AddNodeGroup":            {"nodegroups.create"},
		"ChangeNodeGroupScaling":  {"clusters.resize"},
		"CreateCluster":           {"clusters.create"},
		"DeleteCluster":           {"clusters.delete"},
		"GetCluster":              {"clusters.get", "nodegroups.list", "nodegroups.get"},
		"RemoveNodeGroup":         {"nodegroups.delete"},
		"SetNodeGroupAutoScaling": {"autoscale.set"},
		"UpgradeCluster":          {"nodegroups.upgrade"},
	},
	First: map[string][]string{"ChangeNodeGroupScaling": {"autoscale.set"}},
	Mutating: []string{"autoscale.set", "clusters.create", "clusters.delete", "clusters.resize", "nodegroups.create", "nodegroups.delete",
		"nodegroups.upgrade"},
	NoContent: []string{"clusters.delete", "nodegroups.delete"},
	// Bounds and size of a node group are two changes of NKS and one of ours.
	Continues:  func(request, before string) bool { return request == "clusters.resize" && before == "autoscale.set" },
	NoCapacity: "NoValidHost",
	Refusal: func(_ string, status int) core.Fault {
		return providertest.Answer(status, fmt.Sprintf(`{"errors":[{"code":"SomethingNobodyKnows","status":%d,"title":"","detail":%q,"links":[]}]}`, status, providertest.Words))
	},
	Facts: map[conformance.Fact]providertest.Fact{
		conformance.Nodes:      {Request: "servers.list"},
		conformance.Kubeconfig: {Request: "clusters.config", OfCluster: true},
	},
	Unknown: map[string]pmks.IID{
		"Network.VpcIID":               {SystemId: "00000000-0000-4000-8000-000000000001"},
		"Network.SubnetIIDs[0]":        {SystemId: "00000000-0000-4000-8000-000000000002"},
		"Network.SecurityGroupIIDs[0]": {SystemId: "00000000-0000-4000-8000-000000000003"},
		"KeyPairIID":                   {NameId: "no-such-key"},
	},
	Levers: func(_ *nks.Server, c *conformance.Cloud) {
		// NKS decides about changes of a group that has failed.
		c.Mendable = true
		// NKS takes a name twice, in one place.
		c.UniqueNames, c.PutElsewhere = false, c.Put
		c.ForeignIDs = foreignIDs
	},
}

// foreignIDs are what may be taken for the id of a cluster or group and is none: NKS's
// ids are UUIDs and have no parts.
func foreignIDs(cluster, group pmks.IID) []string {
	id := cluster.SystemId
	if !group.IsZero() {
		id = group.SystemId
	}
	return []string{
		cluster.NameId, strings.ToUpper(id), strings.ReplaceAll(id, "-", ""), cluster.SystemId + "/" + id,
		"https://kr1-api-kubernetes-infrastructure.nhncloudservice.com/v1/clusters/" + id,
	}
}

func newHandler(t testing.TB, s *nks.Server) *nhn.Handler {
	t.Helper()
	return providertest.New(t, nhn.New, configFor(s))
}

// openUnbounded makes a handler that keeps to no rates, where time is counted.
func openUnbounded(ctx context.Context, s *nks.Server, c providertest.Connection) (providertest.Handler, error) {
	cfg := connected(s, c)
	cfg.RateLimits = "none"
	return nhn.New(ctx, cfg)
}
