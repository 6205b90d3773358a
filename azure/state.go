// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"strconv"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// ReadState implements [pmks.StateReader] with one read of the cluster, which holds
// its agent pools: AKS counts reads of a cluster for each alone, those of pools for a
// whole subscription.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer errs.Annotate(&err, Name, "ReadState", clusterIID, nodeGroupIID)
	c, pool, err := h.readTarget(ctx, clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	s := pmks.State{
		Cluster: pmks.IID{NameId: value(c.Name), SystemId: canonical(value(c.ID), h.cfg.ResourceGroup)}, DesiredNodeSize: -1, NodeCount: -1,
		Version: firstText(c.Properties.CurrentKubernetesVersion, c.Properties.KubernetesVersion),
	}
	m := clusterState(c).meaning()
	if pool != nil {
		info := poolInfo(s.Cluster.SystemId, value(pool.Name), properties(pool), pmks.IID{})
		s.NodeGroup, s.Version, s.DesiredNodeSize = info.IId, info.Version, info.DesiredNodeSize
		m = poolState(properties(pool)).meaning()
	}
	s.Status, s.StatusReason, s.StatusFinal = m.Status, m.Reason, m.Final
	return s, nil
}

// LastOperation implements [pmks.OperationReader] with one read of the cluster. AKS
// keeps the outcome of the last operation in the state of the resource; the record of
// the operation itself can only be found by an id that goes with the answer to the
// request, so ID, Start and End are empty.
func (h *Handler) LastOperation(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.Operation, err error) {
	defer errs.Annotate(&err, Name, "LastOperation", clusterIID, nodeGroupIID)
	c, pool, err := h.readTarget(ctx, clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.Operation{}, err
	}
	s := clusterState(c)
	if pool != nil {
		s = poolState(properties(pool))
	}
	return operation(s, pmks.Error{Provider: Name, Cluster: clusterIID, NodeGroup: nodeGroupIID}), nil
}

// operation tells the last operation from the state that it left.
func operation(s state, where pmks.Error) pmks.Operation {
	op := pmks.Operation{Kind: s.provisioning}
	m := ready.Lookup(statusTable, "AKS", s.provisioning)
	if m.Status.Transitional() || m.Unknown {
		return op
	}
	op.Done = true
	if m.Status != pmks.ClusterInactive {
		return op
	}
	where.Code, where.ProviderCode, where.Message = pmks.CodeFailedPrecondition, s.provisioning, m.Because(failureText(s.failure)).Reason
	if cause := saidOf(s.failure).reason(); cause.Code != "" {
		where.ProviderCode = cause.Code
		if c := classify(cause.Code, cause.Message, 0); c != pmks.CodeUnknown {
			where.Code = c
		}
	}
	op.Err = &where
	return op
}

// readTarget reads a cluster, and finds the pool in it where one is named.
func (h *Handler) readTarget(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (*aks.ManagedCluster, *aks.ManagedClusterAgentPoolProfile, error) {
	r, err := h.clusterRef(clusterIID)
	var name string
	if !nodeGroupIID.IsZero() {
		var poolErr error
		name, poolErr = h.poolName(r, nodeGroupIID)
		err = errors.Join(err, poolErr)
	}
	if err != nil {
		return nil, nil, err
	}
	c, err := h.readCluster(ctx, r)
	if err != nil || name == "" {
		return c, nil, err
	}
	pool := findPool(c, name)
	if pool == nil {
		return nil, nil, &pmks.Error{Code: pmks.CodeNotFound, Message: "the cluster has no node group " + strconv.Quote(name)}
	}
	return c, pool, nil
}
