// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"

	"github.com/pmks-go/pmks"
)

// CheckCluster implements [pmks.RequestChecker]: what CreateCluster would look up,
// in parallel. IKS has no dry run of its own.
func (h *Handler) CheckCluster(ctx context.Context, req pmks.ClusterInfo) (err error) {
	defer annotate(&err, "CheckCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	_, _, _, err = h.createRequest(ctx, req, true)
	return err
}

// CheckNodeGroup implements [pmks.RequestChecker]: what AddNodeGroup would look up.
func (h *Handler) CheckNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (err error) {
	defer annotate(&err, "CheckNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	plan, err := h.planGroup(ctx, clusterIID, req)
	if err == nil {
		plan.done()
	}
	return err
}
