// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// ReadState implements [pmks.StateReader] with one call, of the cluster or of the node
// pool; a name takes the list before it, which of a cluster is all. What has failed is
// looked at together with its tasks, which tell why.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	r, err := h.clusterRef(clusterIID)
	if err == nil && !nodeGroupIID.IsZero() {
		err = checkPoolIID(nodeGroupIID)
	}
	if err != nil {
		return pmks.State{}, err
	}
	id, listed, err := h.locate(ctx, r)
	if err != nil {
		return pmks.State{}, err
	}
	if nodeGroupIID.IsZero() {
		c := listed
		if c == nil {
			if c, err = h.describe(ctx, id); err != nil {
				return pmks.State{}, err
			}
		}
		info := clusterInfo(c)
		h.explainCluster(ctx, &info)
		return pmks.State{Cluster: info.IId, Status: info.Status, StatusReason: info.StatusReason, StatusFinal: info.StatusFinal,
			Version: info.Version, DesiredNodeSize: -1, NodeCount: -1}, errs.Over(ctx)
	}
	p, iid, err := h.poolAndCluster(ctx, id, listed, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	g := poolInfo(p, "")
	h.explainGroup(ctx, id, &g)
	return pmks.State{Cluster: iid, NodeGroup: g.IId, Status: pmks.ClusterStatus(g.Status), StatusReason: g.StatusReason, StatusFinal: g.StatusFinal,
		DesiredNodeSize: size(p), NodeCount: count(p)}, errs.Over(ctx)
}

// poolAndCluster reads a node pool, and beside it its cluster where this handler has not
// seen yet how that is called: a pool does not tell.
func (h *Handler) poolAndCluster(ctx context.Context, id string, listed *cluster, nodeGroupIID pmks.IID) (p *pool, iid pmks.IID, err error) {
	if listed != nil {
		iid = clusterIID(listed)
	} else if name, ok := h.names.Load(id); ok {
		iid = pmks.IID{NameId: name.(string), SystemId: id} //nolint:errcheck // only strings are stored
	}
	reads := []func(context.Context) error{func(ctx context.Context) (err error) {
		p, err = h.findPool(ctx, id, nodeGroupIID)
		return err
	}}
	if iid.IsZero() {
		reads = append(reads, func(ctx context.Context) error {
			c, err := h.describe(ctx, id)
			if err == nil {
				iid = clusterIID(c)
			}
			return err
		})
	}
	err = fanout.All(ctx, reads...)
	return p, iid, err
}
