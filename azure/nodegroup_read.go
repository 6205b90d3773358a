// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"strconv"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// GetNodeGroup implements [pmks.NodeGroupReader]: the cluster, which holds its agent
// pools, is read beside the machines of the pool. AKS counts reads of a cluster for each
// alone, those of a pool for a whole subscription.
func (h *Handler) GetNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.NodeGroupInfo, err error) {
	defer errs.Annotate(&err, Name, "GetNodeGroup", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	var c *aks.ManagedCluster
	var nodes []pmks.IID
	var refused, unread error
	if err := fanout.All(ctx,
		func(ctx context.Context) error {
			c, refused = h.readCluster(ctx, r)
			return nil
		},
		func(ctx context.Context) error {
			nodes, unread = h.nodes(ctx, r, name)
			return nil
		}); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if refused != nil {
		return pmks.NodeGroupInfo{}, refused // what was read beside it is not meant
	}
	pool := findPool(c, name)
	if pool == nil {
		return pmks.NodeGroupInfo{}, &pmks.Error{Code: pmks.CodeNotFound, Message: "the cluster has no node group " + strconv.Quote(name)}
	}
	info := poolInfo(canonical(value(c.ID), h.cfg.ResourceGroup), value(pool.Name), properties(pool), tags(c.Tags).keyPair())
	if info.Nodes = nodes; errs.Is(unread, pmks.CodeNotFound) && info.Status.Transitional() {
		return info, nil // it has just been born, or is dying
	}
	return info, secondary(ctx, &info.KeyValueList, "Nodes", unread)
}
