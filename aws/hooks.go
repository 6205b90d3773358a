// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/hook"
)

// The user's hooks see each request of EKS when nothing but the sending is left. What they
// must leave alone is what the provider finds a thing by that it has made.

func (h *Handler) beforeCreateCluster(ctx context.Context, req pmks.ClusterInfo, in *eks.CreateClusterInput) error {
	return hook.Run(ctx, "BeforeCreateCluster", h.cfg.BeforeCreateCluster, req.Clone(), in, func(in *eks.CreateClusterInput) string {
		return words(in.Name, in.ClientRequestToken)
	})
}

func (h *Handler) beforeAddNodeGroup(ctx context.Context, req pmks.NodeGroupInfo, in *eks.CreateNodegroupInput, withTemplate bool) error {
	return hook.Run(ctx, "BeforeAddNodeGroup", h.cfg.BeforeAddNodeGroup, req.Clone(), in, func(in *eks.CreateNodegroupInput) string {
		kept := words(in.ClusterName, in.NodegroupName, in.ClientRequestToken) + "\x00" + in.Tags[tagRequest]
		if withTemplate && in.LaunchTemplate != nil {
			kept += words(in.LaunchTemplate.Name, in.LaunchTemplate.Id, in.LaunchTemplate.Version)
		}
		return kept
	})
}

func (h *Handler) beforeUpgrade(ctx context.Context, c *types.Cluster, in *eks.UpdateClusterVersionInput) error {
	step := pmks.UpgradeStep{From: aws.ToString(c.Version), To: aws.ToString(in.Version), Typical: capabilities.Typical.UpgradeControlPlane}
	return hook.Run(ctx, "BeforeUpgrade", h.cfg.BeforeUpgrade, step, in, func(in *eks.UpdateClusterVersionInput) string {
		return words(in.Name, in.Version, in.ClientRequestToken)
	})
}

func (h *Handler) beforeUpgradeNodeGroup(ctx context.Context, n *types.Nodegroup, in *eks.UpdateNodegroupVersionInput) error {
	step := pmks.UpgradeStep{NodeGroup: iid(aws.ToString(n.NodegroupName)), From: aws.ToString(n.Version), To: aws.ToString(in.Version),
		Typical: capabilities.Typical.UpgradeNodeGroup}
	return hook.Run(ctx, "BeforeUpgradeNodeGroup", h.cfg.BeforeUpgradeNodeGroup, step, in, func(in *eks.UpdateNodegroupVersionInput) string {
		return words(in.ClusterName, in.NodegroupName, in.Version, in.ClientRequestToken)
	})
}

// words are the texts that are to stay, in one that differs when one of them does.
func words(texts ...*string) string {
	list := make([]string, len(texts))
	for i, s := range texts {
		list[i] = aws.ToString(s)
	}
	return strings.Join(list, "\x00")
}
