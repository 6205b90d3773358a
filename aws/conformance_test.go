// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance runs the suite against the EKS simulator.
func TestConformance(t *testing.T) {
	t.Parallel()
	bench.Conformance(t)
}

// configFor is the configuration of a handler on a simulator.
func configFor(s *eks.Server) aws.Config {
	return aws.Config{
		Region:          "us-east-2",
		AccessKeyID:     eks.DefaultAccessKey,
		SecretAccessKey: eks.DefaultSecret,
		Endpoint:        "https://eks.simulated",
		Transport:       s.Transport(),
	}
}

// connected is the configuration of a handler as the kit wants it connected.
func connected(s *eks.Server, c providertest.Connection) aws.Config {
	cfg := configFor(s)
	cfg.Transport, cfg.Logger = c.Transport, c.Logger
	if c.URL != "" {
		cfg.Endpoint = c.URL
	}
	if c.Hurried {
		cfg.PollInterval, cfg.RateLimits = 5*time.Millisecond, "none"
	}
	return cfg
}

var bench = providertest.Bench[*eks.Server]{
	Cloud: "aws",
	Simulate: func(o providertest.Options) *eks.Server {
		return eks.New(eks.Options{Latency: o.Latency, Scale: o.Scale, Unlimited: o.Unlimited})
	},
	Open: func(ctx context.Context, s *eks.Server, c providertest.Connection) (providertest.Handler, error) {
		return aws.New(ctx, connected(s, c))
	},
	Version: "1.33",
	Secrets: []string{eks.DefaultSecret},
	// In the words of AWS.
	Requests: map[string][]string{
		"AddNodeGroup":            {"CreateNodegroup"},
		"ChangeNodeGroupScaling":  {"UpdateNodegroupConfig"},
		"CreateCluster":           {"CreateCluster"},
		"DeleteCluster":           {"DeleteCluster"},
		"GetCluster":              {"DescribeCluster", "DescribeNodegroup"},
		"RemoveNodeGroup":         {"DeleteNodegroup"},
		"SetNodeGroupAutoScaling": {"CreateOrUpdateTags"},
		"SetTags":                 {"UntagResource", "TagResource"},
		"UpgradeCluster":          {"UpdateClusterVersion"},
	},
	// Launch templates are counted on their own: they come and go with node groups.
	Mutating: []string{"CreateCluster", "CreateNodegroup", "CreateOrUpdateTags", "DeleteCluster", "DeleteNodegroup", "DeleteTags",
		"TagResource", "UntagResource", "UpdateClusterVersion", "UpdateNodegroupConfig", "UpdateNodegroupVersion"},
	// They carry a token, or are the same however often they are made.
	Repeated: []string{"CreateLaunchTemplate", "CreateOrUpdateTags", "DeleteTags", "TagResource", "UntagResource", "UpdateClusterVersion", "UpdateNodegroupConfig",
		"UpdateNodegroupVersion"},
	NoCapacity: "AsgInstanceLaunchFailures",
	Refusal:    misaligned,
	Facts: map[conformance.Fact]providertest.Fact{
		conformance.Nodes:  {Request: "DescribeAutoScalingGroups"}, // of all groups at once
		conformance.Addons: {Request: "ListAddons", OfCluster: true},
	},
	Unknown: map[string]pmks.IID{
		"Network.VpcIID":               {SystemId: "vpc-00000000000000000"},
		"Network.SubnetIIDs[0]":        {SystemId: "subnet-00000000000000000"},
		"Network.SecurityGroupIIDs[0]": {SystemId: "sg-00000000000000000"},
		"KeyPairIID":                   {NameId: "no-such-key"},
	},
	Levers: func(s *eks.Server, c *conformance.Cloud) {
		// Its discovery tags belong to EC2 Auto Scaling, which does not ask EKS.
		c.AutoScalingAnytime = true
		c.OfflineTokens = true
		c.ListsWithout = []conformance.Fact{conformance.Addons}
		c.ReasonCode = "AsgInstanceLaunchFailures"
		c.ForeignIDs = foreignIDs
		c.Attach = func(cluster pmks.IID) error { return s.AttachFargateProfile(cluster.NameId, "batch-jobs") }
		c.Protect = func(cluster pmks.IID) error { return s.Protect(cluster.NameId, true) }
	},
}

// misaligned is a refusal with a code that nobody knows, in the form of the service
// that a request goes to.
func misaligned(request string, status int) core.Fault {
	const reason = "<Error><Code>PlanetsMisaligned</Code><Message>" + providertest.Words + "</Message></Error>"
	switch request {
	case "CreateOrUpdateTags", "DeleteTags": // of EC2 Auto Scaling
		return providertest.Answer(status, "<ErrorResponse>"+reason+"<RequestId>r-1</RequestId></ErrorResponse>")
	case "CreateLaunchTemplate": // of EC2
		return providertest.Answer(status, "<Response><Errors>"+reason+"</Errors><RequestID>r-1</RequestID></Response>")
	}
	return providertest.Answer(status, `{"code":"PlanetsMisalignedException","message":"`+providertest.Words+`"}`)
}

// fleet is an account with ready clusters of ready node groups.
func fleet(t testing.TB, clusters, groups int, o eks.Options) *eks.Server {
	t.Helper()
	return bench.Fleet(t, eks.New(o), clusters, groups)
}

func newHandler(t testing.TB, s *eks.Server) *aws.Handler {
	t.Helper()
	return newHandlerWith(t, configFor(s))
}

func newHandlerWith(t testing.TB, cfg aws.Config) *aws.Handler {
	t.Helper()
	return providertest.New(t, aws.New, cfg)
}

// foreignIDs are ARNs that differ from that of a real cluster or node group in one
// part each, or go on behind it.
func foreignIDs(cluster, nodeGroup pmks.IID) []string {
	resource := "cluster/" + cluster.NameId
	list := []string{}
	if !nodeGroup.IsZero() {
		resource = "nodegroup/" + cluster.NameId + "/" + nodeGroup.NameId + "/11111111-2222-4333-8444-555555555555"
		list = append(list, arnOf("aws", "eks", "us-east-2", eks.DefaultAccountID, "nodegroup/another/"+nodeGroup.NameId+"/11111111-2222-4333-8444-555555555555"))
	}
	return append(list,
		arnOf("aws-cn", "eks", "us-east-2", eks.DefaultAccountID, resource),
		arnOf("aws", "ecs", "us-east-2", eks.DefaultAccountID, resource),
		arnOf("aws", "eks", "us-west-2", eks.DefaultAccountID, resource),
		arnOf("aws", "eks", "us-east-2", "210987654321", resource),
		arnOf("aws", "eks", "us-east-2", eks.DefaultAccountID, resource+"/more"),
		arnOf("aws", "eks", "us-east-2", eks.DefaultAccountID, "x"+resource),
	)
}

func arnOf(partition, service, region, account, resource string) string {
	return strings.Join([]string{"arn", partition, service, region, account, resource}, ":")
}
