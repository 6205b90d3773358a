// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
)

var nodegroupWire = []wireTest{
	{"add-node-group", nil,
		[]exchange{
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"iam GetRole", "200 role.xml"},
			{"ec2 DescribeInstanceTypes instance-type", "200 instance-type-arm.xml"},
			{"ec2 DescribeKeyPairs key-pair-id", "200 key-pairs.xml"},
			{"POST /clusters/devel/node-groups", "200 nodegroup-creating.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			req := workers
			req.KeyPairIID = pmks.IID{SystemId: "key-0a1b2c3d4e5f60718"}
			return h.AddNodeGroup(ctx, devel, req)
		}},
	{"add-node-group-disk-type", nil,
		[]exchange{
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"iam GetRole", "200 role.xml"},
			{"ec2 DescribeKeyPairs key-name", "200 key-pairs.xml"},
			{"ec2 CreateLaunchTemplate", "200 template-created.xml"},
			{"POST /clusters/devel/node-groups", "200 nodegroup-creating.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			req := workers
			req.ImageIID = pmks.IID{NameId: "bottlerocket_arm_64"}
			req.RootDiskType, req.RootDiskSize = "SSD(gp3)", "80"
			req.KeyPairIID = pmks.IID{NameId: "ops"}
			return h.AddNodeGroup(ctx, devel, req)
		}},
	{"add-node-group-own-template", func(c *aws.Config) { c.NodeRole = "arn:aws:iam::111122223333:role/nodes" },
		[]exchange{
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"POST /clusters/devel/node-groups", "200 nodegroup-creating.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return h.AddNodeGroup(ctx, devel, pmks.NodeGroupInfo{
				IId: pmks.IID{NameId: "workers"}, ImageIID: pmks.IID{SystemId: "lt-0a1b2c3d4e5f60718:$Latest"}})
		}},
	{"remove-node-group", nil,
		[]exchange{
			// Named by its ARN, it is compared with what has its name now.
			{"GET /clusters/devel/node-groups/system", "200 nodegroup-system.json"},
			{"DELETE /clusters/devel/node-groups/system", "200 nodegroup-deleting.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return h.RemoveNodeGroup(ctx, devel, pmks.IID{
				SystemId: "arn:aws:eks:us-west-2:111122223333:nodegroup/devel/system/f0e1d2c3-b4a5-4968-8778-695a4b3c2d1e"})
		}},
	{"set-autoscaling-off", nil,
		[]exchange{
			{"GET /clusters/devel/node-groups/system", "200 nodegroup-system.json"},
			{"autoscaling DescribeAutoScalingGroups", "200 groups-system.xml"},
			{"autoscaling DeleteTags", "200 tags-deleted.xml"},
			{"POST " + systemTags, "200 empty.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return h.SetNodeGroupAutoScaling(ctx, devel, system, false)
		}},
	{"set-autoscaling-on", nil,
		[]exchange{
			{"GET /clusters/devel/node-groups/system", "200 nodegroup-system.json"},
			{"autoscaling DescribeAutoScalingGroups", "200 groups-system-off.xml"},
			{"autoscaling CreateOrUpdateTags", "200 tags-written.xml"},
			{"POST " + systemTags, "200 empty.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return h.SetNodeGroupAutoScaling(ctx, devel, system, true)
		}},
	{"change-scaling", nil,
		[]exchange{
			{"GET /clusters/devel/node-groups/system", "200 nodegroup-system.json"},
			{"autoscaling DescribeAutoScalingGroups", "200 groups-system.xml"},
			{"POST /clusters/devel/node-groups/system/update-config", "200 update.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return h.ChangeNodeGroupScaling(ctx, devel, system, 4, 0, 6)
		}},
	{"check-node-group", nil,
		[]exchange{
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"GET /clusters/devel/node-groups/workers", "404 ResourceNotFoundException nodegroup-not-found.json"},
			{"iam GetRole", "200 role.xml"},
			{"ec2 DescribeInstanceTypes instance-type", "200 instance-type-arm.xml"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return nil, h.CheckNodeGroup(ctx, devel, workers)
		}},
	{"sweep", nil,
		[]exchange{
			{"ec2 DescribeLaunchTemplates tag:cb-spider:pmks:cluster", "200 templates.xml"},
			{"GET /clusters/devel/node-groups?maxResults=100", "404 ResourceNotFoundException cluster-not-found.json"},
			{"ec2 DeleteLaunchTemplate", "200 template-deleted.xml"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) { return nil, h.Sweep(ctx, devel) }},
}

// systemTags is the address of the tags of a node group: its ARN, percent-encoded.
const systemTags = "/tags/arn%3Aaws%3Aeks%3Aus-west-2%3A111122223333%3Anodegroup%2Fdevel%2Fsystem%2Ff0e1d2c3-b4a5-4968-8778-695a4b3c2d1e"
