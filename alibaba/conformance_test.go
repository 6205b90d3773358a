// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// region is that of the simulated account.
const region = "ap-northeast-1"

// transports reach the listeners, one for each simulated account.
var transports sync.Map

// bench is the provider on the simulator of ACK.
var bench = providertest.Bench[*ack.Server]{
	Cloud: "alibaba",
	Simulate: func(o providertest.Options) *ack.Server {
		return ack.New(ack.Options{Latency: o.Latency, Scale: o.Scale, Unlimited: o.Unlimited})
	},
	Open: func(ctx context.Context, s *ack.Server, c providertest.Connection) (providertest.Handler, error) {
		cfg := configOf(c)
		if c.URL != "" {
			// A listener may get the port of one before it, whose names are claimed still.
			own, _ := transports.LoadOrStore(s, &http.Transport{DisableKeepAlives: true})
			cfg.Transport, _ = own.(*http.Transport)
		}
		return alibaba.New(ctx, cfg)
	},
	Version: "1.35.3-aliyun.1",
	Secrets: []string{ack.DefaultAccessKeySecret},
	Requests: map[string][]string{
		"AddNodeGroup":            {"CreateClusterNodePool"},
		"ChangeNodeGroupScaling":  {"ModifyClusterNodePool"},
		"CreateCluster":           {"CreateCluster"},
		"DeleteCluster":           {"DeleteCluster"},
		"GetCluster":              {"DescribeClusterDetail", "DescribeClusterNodePools", "DescribeClusterNodePoolDetail"},
		"RemoveNodeGroup":         {"DeleteClusterNodepool"},
		"SetNodeGroupAutoScaling": {"ModifyClusterNodePool"},
		"SetTags":                 {"ModifyClusterTags"},
		"UpgradeCluster":          {"UpgradeCluster"},
	},
	Mutating: []string{"CreateCluster", "CreateClusterNodePool", "DeleteCluster", "DeleteClusterNodepool", "ModifyClusterNodePool",
		"ModifyClusterTags", "UpgradeCluster", "UpgradeClusterNodepool", "CreateAutoscalingConfig"},
	// The autoscaler of a cluster is configured before the flag of a pool is set, which is
	// cleared before the pool is removed.
	Continues: func(request, before string) bool {
		return before == "CreateAutoscalingConfig" || request == "DeleteClusterNodepool" && before == "ModifyClusterNodePool"
	},
	NoCapacity: "RecommendEmpty.InstanceTypeNoStock",
	Facts: map[conformance.Fact]providertest.Fact{
		conformance.Nodes:      {Request: "DescribeClusterNodes", OfCluster: true},
		conformance.Kubeconfig: {Request: "DescribeClusterUserKubeconfig", OfCluster: true},
	},
	Unknown: map[string]pmks.IID{
		"Network.VpcIID":               {SystemId: "vpc-6wenosuchvpc00000000a"},
		"Network.SubnetIIDs[0]":        {SystemId: "vsw-6wenosuchswitch00000a"},
		"Network.SecurityGroupIIDs[0]": {SystemId: "sg-6wenosuchgroup000000a"},
		"KeyPairIID":                   {NameId: "no-such-key"},
	},
	Levers: func(s *ack.Server, c *conformance.Cloud) {
		c.UniqueNames = false // ACK takes two clusters of one name
		c.Protect = func(cluster pmks.IID) error { return s.Protect(cluster.SystemId, true) }
		c.ForeignIDs = foreignIDs
		c.ClusterRepairs = []string{}
		c.ReasonCode = "RecommendEmpty.InstanceTypeNoStock"
		c.Put = func(name string) error {
			return s.Put(core.Seed{Name: name, Groups: []pmks.NodeGroupInfo{bench0("ng1")}})
		}
	},
}

// bench0 is a sample group, for use while bench is made.
func bench0(name string) pmks.NodeGroupInfo {
	return providertest.Bench[*ack.Server]{Cloud: "alibaba"}.SampleNodeGroup(name)
}

// configOf is the configuration of a handler on the simulator.
func configOf(c providertest.Connection) alibaba.Config {
	cfg := alibaba.Config{
		Region: region, AccessKeyID: ack.DefaultAccessKeyID, AccessKeySecret: ack.DefaultAccessKeySecret,
		Endpoint: c.URL, Transport: c.Transport, Logger: c.Logger, RAMAuthenticator: true,
	}
	if c.Hurried {
		cfg.PollInterval, cfg.RateLimits = 5*time.Millisecond, "none"
	}
	return cfg
}

// foreignIDs are ARNs of a cluster with another value in one part each. The ids of node
// pools have no parts.
func foreignIDs(cluster, nodeGroup pmks.IID) []string {
	if !nodeGroup.IsZero() {
		return nil
	}
	arn := "acs:cs:" + region + ":" + ack.DefaultAccountID + ":cluster/" + cluster.SystemId
	return []string{
		strings.Replace(arn, "acs:", "arn:", 1),
		strings.Replace(arn, ":cs:", ":ecs:", 1),
		strings.Replace(arn, region, "cn-hangzhou", 1),
		strings.Replace(arn, region, "*", 1),
		strings.Replace(arn, ack.DefaultAccountID, "6543210987654321", 1),
		strings.Replace(arn, ":cluster/", ":nodepool/", 1),
		arn + "/more",
	}
}

// TestConformance runs the suite through the real SDK: in process in virtual time, bare
// and inside Client, and on a loopback listener whose hours are short.
func TestConformance(t *testing.T) {
	t.Parallel()
	bench.Conformance(t)
}

// TestFaultMatrix makes every operation fail at every request in every way.
func TestFaultMatrix(t *testing.T) { bench.Matrix().Run(t) }

// TestJobs_resume stops every job at its requests and runs it again, with a handler that
// knows nothing of the first run.
func TestJobs_resume(t *testing.T) { bench.Matrix().RunJobs(t) }

// TestRates: two handlers of one account together keep to what it takes.
func TestRates(t *testing.T) {
	t.Parallel()
	throttled := func(c simkit.Call) bool { return strings.HasPrefix(c.Code, "Throttling") }
	bench.Rates(t, []providertest.Pace{
		{Name: "list", Call: providertest.ListIID, PerSecond: 10, Burst: 20, Throttled: throttled},
		{Name: "versions", Call: providertest.ListVersions, PerSecond: 10, Burst: 20, Throttled: throttled},
	})
}

// TestCrowd is many callers of one handler at once.
func TestCrowd(t *testing.T) {
	t.Parallel()
	bench.Crowd("1.36").Run(t)
}
