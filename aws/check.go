// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CheckCluster implements [pmks.RequestChecker]: what CreateCluster would look up,
// and the version, all in parallel. EKS has no dry run of its own.
func (h *Handler) CheckCluster(ctx context.Context, req pmks.ClusterInfo) (err error) {
	defer place(&err, "CheckCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	if err := checkCluster(req); err != nil {
		return err
	}
	faults := make([]error, 4)
	var g errgroup.Group
	g.Go(func() error {
		_, faults[0] = h.createClusterInput(ctx, req)
		return nil
	})
	g.Go(func() error {
		faults[1] = h.checkVersion(ctx, req.Version)
		return nil
	})
	g.Go(func() error {
		faults[2] = h.checkFree(ctx, req.IId.NameId)
		return nil
	})
	g.Go(func() error {
		_, faults[3] = h.roleARN(ctx, nodeRole, h.cfg.NodeRole)
		return nil
	})
	_ = g.Wait()
	return errors.Join(faults...)
}

func (h *Handler) checkVersion(ctx context.Context, version string) error {
	if kver.IsDefault(version) {
		return nil
	}
	want, err := minor(version)
	if err != nil {
		return err
	}
	offered, err := h.ListVersions(ctx)
	if err != nil {
		return err
	}
	if names := versionNames(offered); !slices.Contains(names, want) {
		return refuse.Invalid("Version", "EKS does not offer Kubernetes %s; it offers %v", want, names)
	}
	return nil
}

func (h *Handler) checkFree(ctx context.Context, name string) error {
	_, err := h.describeCluster(ctx, name)
	if missing(err) {
		return nil
	}
	if err == nil {
		return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a cluster of this name exists"}
	}
	return err
}

// CheckNodeGroup implements [pmks.RequestChecker]: the cluster, the role, the
// instance type and the key pair in parallel.
func (h *Handler) CheckNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (err error) {
	defer place(&err, "CheckNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	cluster, nameErr := h.clusterName(clusterIID)
	r, err := readNodegroup(req)
	if err := errors.Join(nameErr, err); err != nil {
		return err
	}
	var g errgroup.Group
	var inputErr, freeErr error
	g.Go(func() error {
		_, inputErr = h.nodegroupInputs(ctx, cluster, r)
		return nil
	})
	g.Go(func() error {
		_, err := h.describeNodegroup(ctx, cluster, r.IId.NameId)
		switch {
		case err == nil:
			freeErr = &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a node group of this name exists"}
		case !missing(err):
			freeErr = err
		}
		return nil
	})
	_ = g.Wait()
	return errors.Join(inputErr, freeErr)
}
