// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
)

// CheckCluster implements [pmks.RequestChecker]: what CreateCluster would look up,
// and the name, all in parallel. GKE has no dry run of its own.
func (h *Handler) CheckCluster(ctx context.Context, req pmks.ClusterInfo) (err error) {
	defer place(&err, "CheckCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	if _, err := h.readRequest(req); err != nil {
		return err
	}
	var createErr, freeErr error
	var g errgroup.Group
	g.Go(func() error {
		_, createErr = h.createRequest(ctx, req)
		return nil
	})
	g.Go(func() error {
		_, err := h.readCluster(ctx, ref{h.cfg.ProjectID, h.cfg.location(), req.IId.NameId})
		if freeErr = ignoreMissing(err); err == nil {
			freeErr = &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a cluster of this name exists"}
		}
		return nil
	})
	_ = g.Wait()
	return errors.Join(createErr, freeErr)
}

// CheckNodeGroup implements [pmks.RequestChecker]: what AddNodeGroup would look up.
func (h *Handler) CheckNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (err error) {
	defer place(&err, "CheckNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	_, _, _, err = h.addRequest(ctx, clusterIID, req)
	return err
}
