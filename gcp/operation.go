// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"cmp"
	"context"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/limit"
)

// An accepted operation is pending for a moment in which what it works on still
// shows its old state, so the state of a cluster is told together with the
// operations that are not done.

// besides are operations that run beside others and hold nothing up.
var besides = map[containerpb.Operation_Type]bool{
	containerpb.Operation_AUTO_REPAIR_NODES:        true,
	containerpb.Operation_SET_NODE_POOL_MANAGEMENT: true,
}

// operations lists those of a location, "-" for all; none where the caller may not.
func (h *Handler) operations(ctx context.Context, location string) ([]*containerpb.Operation, error) {
	out, err := h.api.gke.ListOperations(ctx, &containerpb.ListOperationsRequest{
		Parent: "projects/" + h.cfg.ProjectID + "/locations/" + location})
	if err = fail(err); err != nil {
		if has(err, pmks.CodePermissionDenied) {
			return nil, nil
		}
		return nil, err
	}
	return out.GetOperations(), nil
}

// target is what an operation works on: a cluster, and a node pool of it if it is
// one. Links name the project by number, and zones or locations.
func target(op *containerpb.Operation) (location, cluster, pool string) {
	parts := strings.Split(op.GetTargetLink(), "/")
	for i := 0; i+1 < len(parts); i++ {
		switch parts[i] {
		case "zones", "locations", "regions":
			location = parts[i+1]
		case "clusters":
			cluster = parts[i+1]
		case "nodePools":
			pool = parts[i+1]
		}
	}
	return location, cluster, pool
}

// overlay shows what operations that are not done will lead to.
func overlay(info *pmks.ClusterInfo, r ref, ops []*containerpb.Operation) {
	for _, op := range ops {
		location, cluster, pool := target(op)
		if cluster != r.name || location != "" && location != r.location || op.GetStatus() == containerpb.Operation_DONE || besides[op.GetOperationType()] {
			continue
		}
		status := pmks.ClusterUpdating
		if t := op.GetOperationType(); t == containerpb.Operation_DELETE_CLUSTER || t == containerpb.Operation_DELETE_NODE_POOL {
			status = pmks.ClusterDeleting
		}
		for i := range info.NodeGroupList {
			g := &info.NodeGroupList[i]
			if (g.IId.NameId == pool || pool == "" && status == pmks.ClusterDeleting) && g.Status == pmks.NodeGroupActive {
				g.Status = pmks.NodeGroupStatus(status)
			}
		}
		if pool != "" {
			status = pmks.ClusterUpdating
		}
		if info.Status == pmks.ClusterActive {
			info.Status = status
		}
	}
}

// failedCreation returns why a cluster that is not there is not: the error of the
// newest operation that was to create it.
func failedCreation(r ref, ops []*containerpb.Operation) string {
	var newest *containerpb.Operation
	for _, op := range ops {
		_, cluster, pool := target(op)
		if cluster != r.name || pool != "" {
			continue
		}
		if newest == nil || op.GetStartTime() > newest.GetStartTime() {
			newest = op
		}
	}
	if newest.GetOperationType() != containerpb.Operation_CREATE_CLUSTER {
		return ""
	}
	return cmp.Or(newest.GetError().GetMessage(), newest.GetStatusMessage())
}

// finish waits for an operation that takes seconds, where another one must follow:
// GKE works on one at a time. It returns the operation's error.
func (h *Handler) finish(ctx context.Context, r ref, op *containerpb.Operation) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	name := r.parent() + "/operations/" + op.GetName()
	for {
		select {
		case <-ctx.Done():
			return limit.Ended(ctx)
		case <-timer.C:
		}
		if op.GetStatus() == containerpb.Operation_DONE {
			if text := cmp.Or(op.GetError().GetMessage(), op.GetStatusMessage()); text != "" {
				return &pmks.Error{Code: pmks.CodeFailedPrecondition, ProviderCode: op.GetOperationType().String(), Message: text}
			}
			return nil
		}
		found, err := h.api.gke.GetOperation(ctx, &containerpb.GetOperationRequest{Name: name})
		if err = fail(err); err != nil && !pmks.Retryable(err) {
			return err
		}
		if err == nil {
			op = found
		}
		timer.Reset(h.cfg.PollInterval)
	}
}
