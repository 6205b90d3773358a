// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/hook"
)

// The hooks of Config run last before a request is sent, outside of what repeats it. What
// pmks finds by the request what it has made must stay: the name, the scope, the label.

func (h *Handler) beforeCreateCluster(ctx context.Context, req pmks.ClusterInfo, in *CreateClusterRequest) error {
	return hook.Run(ctx, "BeforeCreateCluster", h.cfg.BeforeCreateCluster, req.Clone(), in, func(in *CreateClusterRequest) string {
		return in.Name + " " + poolIdentity(&in.WorkerPool)
	})
}

func (h *Handler) beforeAddNodeGroup(ctx context.Context, req pmks.NodeGroupInfo, in *WorkerPoolRequest) error {
	return hook.Run(ctx, "BeforeAddNodeGroup", h.cfg.BeforeAddNodeGroup, req.Clone(), in, poolIdentity)
}

// poolIdentity is what a pool is known by.
func poolIdentity(in *WorkerPoolRequest) string {
	return strings.Join([]string{in.Cluster, in.Name, in.VPCID, in.Labels[labelRequest], in.Labels[labelName], in.Labels[labelTaints]}, " ")
}

func (h *Handler) beforeUpgrade(ctx context.Context, c clusterObject, in *UpdateMasterRequest) error {
	step := pmks.UpgradeStep{From: version(c.MasterKubeVersion), To: in.Version, Typical: capabilities.Typical.UpgradeControlPlane}
	return hook.Run(ctx, "BeforeUpgrade", h.cfg.BeforeUpgrade, step, in, func(in *UpdateMasterRequest) string { return in.Cluster + " " + in.Version })
}

func (h *Handler) beforeUpgradeNodeGroup(ctx context.Context, c clusterObject, p poolObject, w workerObject, in *ReplaceWorkerRequest) error {
	step := pmks.UpgradeStep{NodeGroup: poolIID(p), From: version(w.KubeVersion.Actual), To: version(c.MasterKubeVersion), Typical: capabilities.Typical.UpgradeNodeGroup}
	return hook.Run(ctx, "BeforeUpgradeNodeGroup", h.cfg.BeforeUpgradeNodeGroup, step, in, func(in *ReplaceWorkerRequest) string { return in.Cluster + " " + in.WorkerID })
}
