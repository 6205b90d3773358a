// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"errors"
	"slices"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CheckCluster implements [pmks.RequestChecker]: what CreateCluster would look up,
// and the version, all in parallel. EKS has no dry run of its own.
func (h *Handler) CheckCluster(ctx context.Context, req pmks.ClusterInfo) (err error) {
	defer annotate(&err, "CheckCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	if err := h.checkCluster(req); err != nil {
		return err
	}
	return fanout.All(ctx,
		func(ctx context.Context) error { _, err := h.createClusterInput(ctx, req); return err },
		func(ctx context.Context) error { return h.checkVersion(ctx, req.Version) },
		func(ctx context.Context) error { return h.checkFree(ctx, req.IId.NameId) },
		func(ctx context.Context) error { _, err := h.roleARN(ctx, nodeRole, h.cfg.NodeRole); return err })
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
	if errs.Is(err, pmks.CodePermissionDenied) {
		return nil // EKS judges
	}
	if err != nil {
		return err
	}
	if names := versionNames(offered); !slices.Contains(names, want) {
		return refuse.Invalid("Version", "EKS does not offer Kubernetes %s; it offers %v", want, names)
	}
	return nil
}

func (h *Handler) checkFree(ctx context.Context, name string) error {
	_, err := h.describeCluster(ctx, target{cluster: name})
	if errs.Is(err, pmks.CodeNotFound) {
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
	defer annotate(&err, "CheckNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	t, nameErr := h.clusterTarget(clusterIID)
	r, err := h.readNodegroup(req)
	if err := errors.Join(nameErr, err); err != nil {
		return err
	}
	return fanout.All(ctx,
		func(ctx context.Context) error { _, err := h.nodegroupInputs(ctx, t, r); return err },
		func(ctx context.Context) error {
			_, err := h.describeNodegroup(ctx, target{cluster: t.cluster, nodegroup: r.IId.NameId})
			if err == nil {
				return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a node group of this name exists"}
			}
			return errs.IgnoreNotFound(err)
		})
}
