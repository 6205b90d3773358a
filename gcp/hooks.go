// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/hook"
)

// The hooks of Config have the last word on a request, for what pmks has no field for.
// What each one must leave is that by which pmks finds what the request has made, and
// which version it is on the way to.

func (h *Handler) beforeCreateCluster(ctx context.Context, req pmks.ClusterInfo, native *containerpb.CreateClusterRequest) error {
	return hook.Run(ctx, "BeforeCreateCluster", h.cfg.BeforeCreateCluster, req.Clone(), native, func(n *containerpb.CreateClusterRequest) string {
		marks := []string{n.GetParent(), n.GetCluster().GetName(), n.GetCluster().GetResourceLabels()[labelRequest]}
		for _, p := range n.GetCluster().GetNodePools() {
			marks = append(marks, poolMark(p))
		}
		return strings.Join(marks, "\n")
	})
}

func (h *Handler) beforeAddNodeGroup(ctx context.Context, req pmks.NodeGroupInfo, native *containerpb.CreateNodePoolRequest) error {
	return hook.Run(ctx, "BeforeAddNodeGroup", h.cfg.BeforeAddNodeGroup, req.Clone(), native, func(n *containerpb.CreateNodePoolRequest) string {
		return n.GetParent() + "\n" + poolMark(n.GetNodePool())
	})
}

func poolMark(p *containerpb.NodePool) string {
	return p.GetName() + "\n" + p.GetConfig().GetResourceLabels()[labelRequest]
}

func (h *Handler) beforeUpgrade(ctx context.Context, from string, native *containerpb.UpdateMasterRequest) error {
	step := pmks.UpgradeStep{From: from, To: native.GetMasterVersion(), Typical: capabilities.Typical.UpgradeControlPlane}
	return hook.Run(ctx, "BeforeUpgrade", h.cfg.BeforeUpgrade, step, native, func(n *containerpb.UpdateMasterRequest) string {
		return n.GetName() + "\n" + n.GetMasterVersion()
	})
}

func (h *Handler) beforeUpgradeNodeGroup(ctx context.Context, p *containerpb.NodePool, native *containerpb.UpdateNodePoolRequest) error {
	step := pmks.UpgradeStep{NodeGroup: poolIID(p.GetName()), From: p.GetVersion(), To: native.GetNodeVersion(), Typical: capabilities.Typical.UpgradeNodeGroup}
	return hook.Run(ctx, "BeforeUpgradeNodeGroup", h.cfg.BeforeUpgradeNodeGroup, step, native, func(n *containerpb.UpdateNodePoolRequest) string {
		return n.GetName() + "\n" + n.GetNodeVersion()
	})
}
