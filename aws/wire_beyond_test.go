// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
)

// beyondWire are the calls, and the fields of requests, that V0.6 does not have.
var beyondWire = []wireTest{
	{"create-cluster-access",
		func(c *aws.Config) {
			no, yes := false, true // which the request overrules
			c.PublicEndpoint, c.PrivateEndpoint, c.PublicAccessCIDRs = &no, &yes, []string{"192.0.2.0/24"}
		},
		with(exchange{"iam GetRole", "200 role.xml"}, exchange{"POST /clusters", "200 cluster-creating.json"}),
		func(ctx context.Context, h *aws.Handler) (any, error) {
			req := develRequest
			req.Access = pmks.Access{Mode: pmks.AccessPublicAndPrivate, CIDRs: []string{"198.51.100.0/24", "203.0.113.7/32"}}
			return h.CreateCluster(ctx, req)
		}},
	{"create-cluster-private",
		func(c *aws.Config) { c.PublicAccessCIDRs = []string{"192.0.2.0/24"} },
		with(exchange{"iam GetRole", "200 role.xml"}, exchange{"POST /clusters", "200 cluster-creating.json"}),
		func(ctx context.Context, h *aws.Handler) (any, error) {
			req := develRequest
			req.Access.Mode = pmks.AccessPrivate
			return h.CreateCluster(ctx, req)
		}},
	{"add-node-group-beyond", nil,
		[]exchange{
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"ec2 DescribeSubnets subnet-id", "200 subnets-both.xml"},
			{"iam GetRole", "200 role.xml"},
			{"ec2 DescribeInstanceTypes instance-type", "200 instance-type-arm.xml"},
			{"POST /clusters/devel/node-groups", "200 nodegroup-creating.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			req := workers
			req.Labels = map[string]string{"team": "blue", "example.com/tier": "web"}
			req.Taints = []pmks.Taint{
				{Key: "batch", Value: "true", Effect: pmks.TaintNoSchedule}, {Key: "soft", Effect: pmks.TaintPreferNoSchedule},
				{Key: "hard", Value: "x", Effect: pmks.TaintNoExecute},
			}
			req.Spot, req.Zones = true, []string{"us-west-2b"}
			return h.AddNodeGroup(ctx, devel, req)
		}},
	{"get-node-group", nil,
		[]exchange{
			{"GET /clusters/devel/node-groups/batch", "200 nodegroup-batch.json"},
			{"autoscaling DescribeAutoScalingGroups", "200 groups-devel.xml"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return h.GetNodeGroup(ctx, devel, pmks.IID{NameId: "batch"})
		}},
	{"set-tags", nil,
		[]exchange{
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"DELETE " + develTags + "?tagKeys=stage", "200 empty.json"},
			{"POST " + develTags, "200 empty.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return nil, h.SetTags(ctx, devel, []pmks.KeyValue{{Key: "team", Value: "blue"}, {Key: "cost", Value: "42"}})
		}},
	{"set-tags-already-so", nil,
		[]exchange{{"GET /clusters/devel", "200 cluster-active.json"}},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return nil, h.SetTags(ctx, devel, []pmks.KeyValue{{Key: "team", Value: "platform"}, {Key: "stage", Value: "dev"}})
		}},
	{"upgrade-findings", nil,
		[]exchange{
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"GET /clusters/devel/node-groups?maxResults=100", "200 nodegroups.json"},
			{"GET /clusters/devel/node-groups/system", "200 nodegroup-system.json"},
			{"GET /clusters/devel/node-groups/batch", "200 nodegroup-batch.json"},
			{"ec2 DescribeSubnets subnet-id", "200 subnets-almost-full.xml"},
			{"GET /cluster-versions?maxResults=100", "200 versions-page2.json"},
			{"POST /clusters/devel/insights", "200 insights.json"},
			{"GET /clusters/devel/insights/11111111-aaaa-4bbb-8ccc-111111111111", "200 insight-apis.json"},
			{"GET /clusters/devel/insights/22222222-aaaa-4bbb-8ccc-222222222222", "403 AccessDeniedException access-denied.json"},
			{"GET /clusters/devel/addons?maxResults=100", "200 addons-one.json"},
			{"GET /clusters/devel/addons/vpc-cni", "200 addon-cni.json"},
			{"GET /addons/supported-versions?addonName=vpc-cni&kubernetesVersion=1.34&maxResults=100", "200 addon-versions-cni.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.UpgradeFindings(ctx, devel, "1.34.2") }},
}

// develTags is the address of the tags of a cluster: its ARN, percent-encoded.
const develTags = "/tags/arn%3Aaws%3Aeks%3Aus-west-2%3A111122223333%3Acluster%2Fdevel"
