// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// GetNodeGroup implements [pmks.NodeGroupReader]: the node pool, its cluster and its nodes
// side by side, then what the machines are and which versions nodes run that were not seen
// to be current. Beside GetCluster that is a call less, or two, and the other pools and
// their nodes. A name takes the list before it.
func (h *Handler) GetNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "GetNodeGroup", clusterIID, nodeGroupIID)
	r, err := h.refs(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	id, listed, err := h.locate(ctx, r)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	one := &clusterRead{cluster: listed}
	var p *tke.NodePool
	nodes := func(ctx context.Context, poolId string) { one.nodes, one.nodesErr = h.instances(ctx, id, poolId) }
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		if listed == nil {
			one.cluster, err = h.describe(ctx, id)
		}
		return err
	}, func(ctx context.Context) (err error) {
		if p, err = h.findPool(ctx, id, nodeGroupIID); err == nil && nodeGroupIID.SystemId == "" {
			nodes(ctx, deref(p.NodePoolId))
		}
		return err
	}, func(ctx context.Context) error {
		if nodeGroupIID.SystemId != "" {
			nodes(ctx, nodeGroupIID.SystemId)
		}
		return nil
	})
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	one.pools = []poolRead{{pool: p}}
	if err := h.readDetails(ctx, one); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	return one.groups()[0], errs.Over(ctx)
}
