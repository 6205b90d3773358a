// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// GetNodeGroup implements [pmks.NodeGroupReader] in one step: the node group beside its
// cluster, which has the key pair, the events, the VMs, and the names where they are not
// known yet; of a cluster given by its name with the list before.
func (h *Handler) GetNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "GetNodeGroup", clusterIID, nodeGroupIID)
	r, g, err := refs(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	uuid, err := h.locate(ctx, r)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	v := view{groups: make([]groupObject, 1)}
	var b beside
	var clusterErr, groupErr error
	// Each keeps its own fault: that of the cluster comes first.
	err = fanout.All(ctx, func(ctx context.Context) error {
		v.cluster, clusterErr = h.cluster(ctx, uuid)
		return nil
	}, func(ctx context.Context) error {
		v.groups[0], groupErr = h.group(ctx, uuid, g)
		return nil
	}, func(ctx context.Context) error {
		v.events, v.eventsErr = h.events(ctx, uuid)
		return nil
	}, func(ctx context.Context) error {
		b = h.beside(ctx)
		return nil
	})
	if errs.Is(groupErr, pmks.CodeNotFound) && clusterErr == nil && v.cluster.meaning().Status == pmks.ClusterCreating && g.name == firstGroup {
		// NKS does not show it yet, but every cluster has it.
		v.groups[0], groupErr = v.cluster.first(), nil
	}
	for _, err := range []error{err, errs.Over(ctx), clusterErr, groupErr} {
		if err != nil {
			return pmks.NodeGroupInfo{}, err
		}
	}
	return b.whole(v).NodeGroupList[0], nil
}
