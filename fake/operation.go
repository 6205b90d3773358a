// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// ReadState implements [pmks.StateReader] with one request.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (pmks.State, error) {
	r := read("ReadState", clusterIID)
	r.nodeGroup = nodeGroupIID
	if err := checkTarget(clusterIID, nodeGroupIID); err != nil {
		return pmks.State{}, h.failed(r, err)
	}
	var s pmks.State
	err := h.send(ctx, r, func(now time.Time, _ core.Outcome) error {
		c, err := h.cluster(now, clusterIID)
		if err != nil {
			return err
		}
		info := h.clusterInfo(c)
		if nodeGroupIID.IsZero() {
			s = pmks.State{Cluster: info.IId, Status: info.Status, StatusReason: info.StatusReason, StatusFinal: info.StatusFinal,
				Version: info.Version, DesiredNodeSize: -1, NodeCount: -1}
			return nil
		}
		group, err := h.group(c, nodeGroupIID)
		if err != nil {
			return err
		}
		if err := h.without("Status", info.IId, groupIDOf(group)); err != nil {
			return err
		}
		g, _ := info.NodeGroup(groupIDOf(group))
		s = pmks.State{Cluster: info.IId, NodeGroup: g.IId, Status: pmks.ClusterStatus(g.Status), StatusReason: g.StatusReason,
			StatusFinal: g.StatusFinal, Version: g.Version, DesiredNodeSize: g.DesiredNodeSize, NodeCount: len(g.Nodes)}
		if len(pmks.Unread(g.KeyValueList)) > 0 { // the nodes are hidden
			s.NodeCount = -1
		}
		return nil
	})
	return s, err
}

// LastOperation implements [pmks.OperationReader] with one request. What was done to
// the whole of a cluster is also an operation on its node groups.
func (h *Handler) LastOperation(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (pmks.Operation, error) {
	r := read("LastOperation", clusterIID)
	r.nodeGroup = nodeGroupIID
	if err := checkTarget(clusterIID, nodeGroupIID); err != nil {
		return pmks.Operation{}, h.failed(r, err)
	}
	var last pmks.Operation
	err := h.send(ctx, r, func(now time.Time, _ core.Outcome) error {
		c, err := h.cluster(now, clusterIID)
		if err != nil {
			return err
		}
		groupID := ""
		if !nodeGroupIID.IsZero() {
			g, err := h.group(c, nodeGroupIID)
			if err != nil {
				return err
			}
			groupID = g.ID
		}
		for _, op := range h.world.Operations(now, c.ID) {
			whole := op.GroupID == "" && (op.Kind == profile.CreateCluster || op.Kind == profile.UpgradeAll)
			if op.GroupID == groupID || whole {
				last = h.operation(op, pmks.IID{NameId: c.Name, SystemId: c.ID}, nodeGroupIID)
				return nil
			}
		}
		return &pmks.Error{Code: pmks.CodeNotFound, ProviderCode: "OperationNotFound", HTTPStatus: 404,
			Message: "the cloud has no record of an operation on it"}
	})
	return last, err
}

// operation shows a record.
func (h *Handler) operation(op core.OperationRecord, cluster, nodeGroup pmks.IID) pmks.Operation {
	last := pmks.Operation{ID: op.ID, Kind: string(op.Kind), Start: op.Start.Round(0).UTC(), Done: op.Done}
	if !op.Done {
		return last
	}
	last.End = op.End.Round(0).UTC()
	if op.Failure != "" {
		last.Err = &pmks.Error{Code: pmks.CodeFailedPrecondition, Provider: h.caps.Provider, Op: string(op.Kind), Cluster: cluster, NodeGroup: nodeGroup,
			ProviderCode: "OperationFailed", Message: op.Failure}
	}
	return last
}

// checkTarget checks a cluster, and a node group where one is named.
func checkTarget(clusterIID, nodeGroupIID pmks.IID) error {
	if nodeGroupIID.IsZero() {
		return pmks.CheckIID("clusterIID", clusterIID)
	}
	return checkBoth(clusterIID, nodeGroupIID)
}
