// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// ReadState implements [pmks.StateReader] with one call, of the cluster or of the node
// pool; a name takes the list before it, which lags behind and tells no more than the id.
// What has failed is looked at together with its tasks, which tell why.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	r, err := h.clusterRef(clusterIID)
	if err == nil && !nodeGroupIID.IsZero() {
		err = checkPoolIID(nodeGroupIID)
	}
	if err != nil {
		return pmks.State{}, err
	}
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return pmks.State{}, err
	}
	if nodeGroupIID.IsZero() {
		c, err := h.describe(ctx, id)
		if err != nil {
			return pmks.State{}, err
		}
		info := clusterInfo(c)
		h.explainCluster(ctx, &info)
		return pmks.State{Cluster: info.IId, Status: info.Status, StatusReason: info.StatusReason, StatusFinal: info.StatusFinal,
			Version: info.Version, DesiredNodeSize: -1, NodeCount: -1}, errs.Over(ctx)
	}
	p, err := h.currentPool(ctx, id, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	iid := pmks.IID{SystemId: id}
	if name, ok := h.shown.Load(id); ok {
		iid.NameId = name.(string) //nolint:errcheck // only texts are stored
	}
	g := poolInfo(p, "")
	h.explainGroup(ctx, id, &g)
	return pmks.State{Cluster: iid, NodeGroup: g.IId, Status: pmks.ClusterStatus(g.Status), StatusReason: g.StatusReason, StatusFinal: g.StatusFinal,
		DesiredNodeSize: size(p), NodeCount: count(p)}, errs.Over(ctx)
}
