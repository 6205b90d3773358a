// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// region is that of the simulated account.
const region = "ap-seoul"

// transports reach the listeners, one for each simulated account.
var transports sync.Map

// bench is the provider on the simulator of TKE.
var bench = providertest.Bench[*tke.Server]{
	Cloud: "tencent",
	Simulate: func(o providertest.Options) *tke.Server {
		// Why a creation failed only a record can tell.
		return tke.New(tke.Options{Latency: o.Latency, Scale: o.Scale, Unlimited: o.Unlimited, Assumptions: tke.Assumptions{CreationTasks: true}})
	},
	Open: func(ctx context.Context, s *tke.Server, c providertest.Connection) (providertest.Handler, error) {
		cfg := configOf(c)
		if c.URL != "" {
			// A listener may get the port of one before it, whose names are claimed still.
			own, _ := transports.LoadOrStore(s, &http.Transport{DisableKeepAlives: true})
			cfg.Transport, _ = own.(*http.Transport)
		}
		return tencent.New(ctx, cfg)
	},
	Version: "1.32.2",
	Secrets: []string{tke.DefaultSecretKey},
	Requests: map[string][]string{
		"AddNodeGroup":            {"CreateClusterNodePool"},
		"ChangeNodeGroupScaling":  {"ModifyClusterNodePool", "ModifyNodePoolDesiredCapacityAboutAsg"},
		"CloseAccess":             {"DeleteClusterEndpoint"},
		"CreateCluster":           {"CreateCluster"},
		"DeleteCluster":           {"DeleteCluster"},
		"GetCluster":              {"DescribeClusters", "DescribeClusterNodePools"},
		"OpenAccess":              {"CreateClusterEndpoint"},
		"RemoveNodeGroup":         {"DeleteClusterNodePool"},
		"SetNodeGroupAutoScaling": {"ModifyClusterNodePool"},
		"SetTags":                 {"ModifyClusterTags"},
		"UpgradeCluster":          {"UpdateClusterVersion"},
	},
	First: map[string][]string{"DeleteCluster": {"DeleteClusterEndpoint"}},
	Plans: map[string]int{"DescribeClusters": 1},
	Mutating: []string{"CreateCluster", "CreateClusterEndpoint", "CreateClusterNodePool", "DeleteCluster", "DeleteClusterEndpoint", "DeleteClusterNodePool",
		"ModifyClusterNodePool", "ModifyClusterTags", "ModifyNodePoolDesiredCapacityAboutAsg", "UpdateClusterVersion", "UpgradeClusterInstances"},
	// Bounds and size are set by requests of their own, and an endpoint is closed before its
	// cluster goes.
	Continues: func(request, before string) bool {
		return request == "DeleteCluster" && before == "DeleteClusterEndpoint" ||
			isScaling(request) && isScaling(before)
	},
	Refusal: func(_ string, status int) core.Fault {
		return providertest.Answer(status, `{"Response":{"Error":{"Code":"SomethingNobodyKnows","Message":"`+providertest.Words+`"},"RequestId":"no-such-request"}}`)
	},
	NoCapacity: "ResourceInsufficient.SpecifiedInstanceType",
	Facts: map[conformance.Fact]providertest.Fact{
		conformance.Nodes:      {Request: "DescribeClusterInstances", OfCluster: true},
		conformance.Kubeconfig: {Request: "DescribeClusterKubeconfig", OfCluster: true},
	},
	Unknown: map[string]pmks.IID{
		"Network.VpcIID":               {SystemId: "vpc-0no0such"},
		"Network.SubnetIIDs[0]":        {SystemId: "subnet-0no0such"},
		"Network.SecurityGroupIIDs[0]": {SystemId: "sg-0no0such"},
		"KeyPairIID":                   {NameId: "no-such-key"},
	},
	Levers: func(s *tke.Server, c *conformance.Cloud) {
		c.UniqueNames = false // TKE takes two clusters of one name
		c.Protect = func(cluster pmks.IID) error { return s.Protect(cluster.SystemId, true) }
		c.ForeignIDs = foreignIDs
		c.ClusterRepairs = []string{}
		c.Mendable = true // the scaling group tries again at the next change
		c.ReasonCode = "ResourceInsufficient.SpecifiedInstanceType"
		c.Put = func(name string) error {
			return s.Put(core.Seed{Name: name, Groups: []pmks.NodeGroupInfo{bench0("ng1")}})
		}
	},
}

func isScaling(request string) bool {
	return request == "ModifyClusterNodePool" || request == "ModifyNodePoolDesiredCapacityAboutAsg"
}

// bench0 is a sample group, for use while bench is made.
func bench0(name string) pmks.NodeGroupInfo {
	return providertest.Bench[*tke.Server]{Cloud: "tencent"}.SampleNodeGroup(name)
}

// configOf is the configuration of a handler on the simulator.
func configOf(c providertest.Connection) tencent.Config {
	cfg := tencent.Config{
		Region: region, SecretID: tke.DefaultSecretID, SecretKey: tke.DefaultSecretKey,
		Endpoint: c.URL, Transport: c.Transport, Logger: c.Logger,
	}
	if c.Hurried {
		cfg.PollInterval, cfg.RateLimits = 5*time.Millisecond, "none"
	}
	return cfg
}

// foreignIDs are six-part forms of a cluster with another value in one part each. The ids
// of node pools have no parts.
func foreignIDs(cluster, nodeGroup pmks.IID) []string {
	if !nodeGroup.IsZero() {
		return nil
	}
	qcs := "qcs::tke:" + region + ":uin/" + tke.DefaultAccountID + ":cluster/" + cluster.SystemId
	return []string{
		strings.Replace(qcs, "qcs:", "acs:", 1),
		strings.Replace(qcs, "qcs::", "qcs:id/1:", 1),
		strings.Replace(qcs, ":tke:", ":cvm:", 1),
		strings.Replace(qcs, region, "ap-tokyo", 1),
		strings.Replace(qcs, region, "*", 1),
		strings.Replace(qcs, tke.DefaultAccountID, "100087654321", 1),
		strings.Replace(qcs, ":uin/"+tke.DefaultAccountID, ":", 1),
		strings.Replace(qcs, ":cluster/", ":nodepool/", 1),
		qcs + "/more",
	}
}

// TestConformance runs the suite through the real SDK: in process in virtual time, bare
// and inside Client, and on a loopback listener whose hours are short.
func TestConformance(t *testing.T) {
	t.Parallel()
	bench.Conformance(t)
}

// TestFaultMatrix makes every operation fail at every request in every way.
func TestFaultMatrix(t *testing.T) {
	m := bench.Matrix()
	const reason = "TKE takes a signed request again, names are not unique, and no token tells the two apart"
	m.Exceptions = []providertest.Exception{{Op: "AddNodeGroup", Fault: "twice", Reason: reason}, {Op: "AddNodeGroup-demanding", Fault: "twice", Reason: reason}}
	m.Run(t)
}

// TestJobs_resume stops every job at its requests and runs it again, with a handler that
// knows nothing of the first run.
func TestJobs_resume(t *testing.T) { bench.Matrix().RunJobs(t) }

// TestCrowd is many callers of one handler at once.
func TestCrowd(t *testing.T) {
	t.Parallel()
	bench.Crowd("1.34").Run(t)
}
