// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"strings"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/hook"
)

// beforeCreateCluster gives a request for a cluster to the hook of the user. The tags by
// which pmks finds what it made, and where that is, stay.
func (h *Handler) beforeCreateCluster(ctx context.Context, req pmks.ClusterInfo, in *cs.CreateClusterRequest) error {
	return hook.Run(ctx, "BeforeCreateCluster", h.cfg.BeforeCreateCluster, req.Clone(), in, func(in *cs.CreateClusterRequest) string {
		kept := []string{tea.StringValue(in.Name), tea.StringValue(in.RegionId), tea.StringValue(in.Vpcid), tea.StringValue(in.ClusterType), tea.StringValue(in.Profile)}
		for _, t := range withoutNil(in.Tags) {
			if key := tea.StringValue(t.Key); key == tagRequest || key == tagCluster {
				kept = append(kept, key, tea.StringValue(t.Value))
			}
		}
		return strings.Join(kept, "\n")
	})
}

// beforeAddNodeGroup does the same for a node pool.
func (h *Handler) beforeAddNodeGroup(ctx context.Context, req pmks.NodeGroupInfo, in *cs.CreateClusterNodePoolRequest) error {
	return hook.Run(ctx, "BeforeAddNodeGroup", h.cfg.BeforeAddNodeGroup, req.Clone(), in, func(in *cs.CreateClusterNodePoolRequest) string {
		var kept []string
		if in.NodepoolInfo != nil {
			kept = append(kept, tea.StringValue(in.NodepoolInfo.Name), tea.StringValue(in.NodepoolInfo.Type))
		}
		if in.ScalingGroup != nil {
			for _, t := range withoutNil(in.ScalingGroup.Tags) {
				if key := tea.StringValue(t.Key); strings.HasPrefix(key, tagPrefix) {
					kept = append(kept, key, tea.StringValue(t.Value))
				}
			}
		}
		if in.AutoScaling != nil && tea.BoolValue(in.AutoScaling.Enable) {
			kept = append(kept, "autoscaling")
		}
		return strings.Join(kept, "\n")
	})
}

// beforeUpgrade does the same for the upgrade of a control plane, which goes to the version
// that was asked for and leaves the nodes alone.
func (h *Handler) beforeUpgrade(ctx context.Context, version, current string, in *cs.UpgradeClusterRequest) error {
	step := pmks.UpgradeStep{From: current, To: version, Typical: capabilities.Typical.UpgradeControlPlane}
	return hook.Run(ctx, "BeforeUpgrade", h.cfg.BeforeUpgrade, step, in, func(in *cs.UpgradeClusterRequest) string {
		kept := tea.StringValue(in.NextVersion)
		if tea.BoolValue(in.MasterOnly) {
			kept += "\nmaster only"
		}
		return kept
	})
}

// beforeUpgradeNodeGroup does the same for the upgrade of a node pool.
func (h *Handler) beforeUpgradeNodeGroup(ctx context.Context, step pmks.UpgradeStep, in *cs.UpgradeClusterNodepoolRequest) error {
	return hook.Run(ctx, "BeforeUpgradeNodeGroup", h.cfg.BeforeUpgradeNodeGroup, step, in, func(in *cs.UpgradeClusterNodepoolRequest) string {
		return tea.StringValue(in.KubernetesVersion)
	})
}
