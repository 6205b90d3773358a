// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// ReadState implements [pmks.StateReader] with one call, of the cluster or of the node
// pool; a name takes the list before it, which of a cluster is all. What is not well is
// looked at together with the record that tells why.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	r, err := h.optionalRefs(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	if nodeGroupIID.IsZero() {
		c, err := h.find(ctx, r)
		if err != nil {
			return pmks.State{}, err
		}
		info := clusterInfo(c)
		h.explainCluster(ctx, &info)
		return pmks.State{Cluster: info.IId, Status: info.Status, StatusReason: info.StatusReason, StatusFinal: info.StatusFinal,
			Version: info.Version, DesiredNodeSize: -1, NodeCount: -1}, errs.Over(ctx)
	}
	p, iid, err := h.poolAndCluster(ctx, r, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	one := poolRead{pool: p}
	h.readLast(ctx, &one)
	m := one.meaning()
	return pmks.State{Cluster: iid, NodeGroup: poolIID(p), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		DesiredNodeSize: size(p), NodeCount: count(p)}, errs.Over(ctx)
}
