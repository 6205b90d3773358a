// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
)

// CheckCluster implements [pmks.RequestChecker]: what CreateCluster would look up,
// and the name, all in parallel. AKS has no dry run of its own.
func (h *Handler) CheckCluster(ctx context.Context, req pmks.ClusterInfo) (err error) {
	defer place(&err, "CheckCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	var free error
	var g errgroup.Group
	if _, err := h.checkCluster(req); err == nil {
		g.Go(func() error {
			free = h.checkFree(ctx, ref{h.cfg.ResourceGroup, req.IId.NameId})
			return nil
		})
	}
	_, err = h.createRequest(ctx, req)
	_ = g.Wait()
	return errors.Join(err, free)
}

func (h *Handler) checkFree(ctx context.Context, r ref) error {
	_, err := h.readCluster(ctx, r)
	if err == nil {
		return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a cluster of this name exists"}
	}
	return ignoreMissing(err)
}

// CheckNodeGroup implements [pmks.RequestChecker]: what AddNodeGroup would look up,
// all in parallel.
func (h *Handler) CheckNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (err error) {
	defer place(&err, "CheckNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	_, _, _, err = h.addRequest(ctx, clusterIID, req)
	return err
}
