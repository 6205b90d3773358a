// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// CheckCluster implements [pmks.RequestChecker]: what CreateCluster would look up,
// and the name, all in parallel. AKS has no dry run of its own.
func (h *Handler) CheckCluster(ctx context.Context, req pmks.ClusterInfo) (err error) {
	defer errs.Annotate(&err, Name, "CheckCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	if _, err := h.checkRequest(req); err != nil {
		return err
	}
	return fanout.All(ctx,
		func(ctx context.Context) error {
			_, err := h.createRequest(ctx, req)
			return err
		},
		func(ctx context.Context) error { return h.checkFree(ctx, ref{h.cfg.ResourceGroup, req.IId.NameId}) })
}

func (h *Handler) checkFree(ctx context.Context, r ref) error {
	_, _, err := h.readAnywhere(ctx, r)
	if err == nil {
		return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a cluster of this name exists"}
	}
	return errs.IgnoreNotFound(err)
}

// CheckNodeGroup implements [pmks.RequestChecker]: what AddNodeGroup would look up,
// all in parallel.
func (h *Handler) CheckNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (err error) {
	defer errs.Annotate(&err, Name, "CheckNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	_, _, _, err = h.addRequest(ctx, clusterIID, req)
	return err
}
