// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"strconv"
	"strings"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/look"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// ReadState implements [pmks.StateReader] with one read of the cluster, which holds
// its agent pools: AKS counts reads of a cluster for each alone, those of pools for a
// whole subscription. Waits that are many at once are told by a list of the clusters of
// the resource group that what they wait for is still under way.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer errs.Annotate(&err, Name, "ReadState", clusterIID, nodeGroupIID)
	c, pool, err := h.readTarget(ctx, clusterIID, nodeGroupIID, h.lookAt)
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
	c, pool, err := h.readTarget(ctx, clusterIID, nodeGroupIID, func(ctx context.Context, r ref, _ string) (*aks.ManagedCluster, error) {
		return h.readCluster(ctx, r)
	})
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
func (h *Handler) readTarget(ctx context.Context, clusterIID, nodeGroupIID pmks.IID,
	read func(context.Context, ref, string) (*aks.ManagedCluster, error)) (*aks.ManagedCluster, *aks.ManagedClusterAgentPoolProfile, error) {
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
	c, err := read(ctx, r, name)
	if err != nil || name == "" {
		return c, nil, err
	}
	pool := findPool(c, name)
	if pool == nil {
		return nil, nil, &pmks.Error{Code: pmks.CodeNotFound, Message: "the cluster has no node group " + strconv.Quote(name)}
	}
	return c, pool, nil
}

// glimpse is a cluster with its pools as a wait sees it; listed: in the list of all.
type glimpse struct {
	cluster *aks.ManagedCluster
	listed  bool
}

// lookAt reads a cluster for the look at it, or at a pool of it, which the looks of other
// waits may share. The list is taken for nothing but that the target is still under way:
// whether it lags behind a read of the cluster is not said anywhere, it may lack what the
// caller may not read, and that a pool is gone, or why it failed, is for AKS to say of
// this very cluster.
func (h *Handler) lookAt(ctx context.Context, r ref, pool string) (*aks.ManagedCluster, error) {
	key := of("", r, "")
	single := look.Way[glimpse]{One: func(ctx context.Context) (glimpse, error) {
		c, err := h.readCluster(ctx, r)
		return glimpse{cluster: c}, err
	}}
	shared := single
	shared.Set = strings.ToLower(r.group)
	shared.All = func(ctx context.Context, _ []string) (map[string]glimpse, int, error) {
		return h.glimpses(ctx, r.group)
	}
	got, err := h.looks.Read(ctx, key, shared)
	if err == nil && got.listed && !underWay(got.cluster, pool) {
		got, err = h.looks.Read(ctx, key, single)
	}
	return got.cluster, err
}

// underWay reports whether a cluster, or a pool of it, is in a state that it will leave.
func underWay(c *aks.ManagedCluster, pool string) bool {
	s := clusterState(c)
	if pool != "" {
		p := findPool(c, pool)
		if p == nil {
			return false
		}
		s = poolState(properties(p))
	}
	m := s.meaning()
	return m.Status.Transitional() && !m.Unknown
}

// glimpses lists the clusters of a resource group in the handler's region.
func (h *Handler) glimpses(ctx context.Context, group string) (map[string]glimpse, int, error) {
	found, requests := map[string]glimpse{}, 0
	for page, err := range h.clusterPages(ctx, group) {
		requests++
		if err != nil {
			return nil, requests, err
		}
		for _, c := range page {
			if checkCluster(c, value(c.Name)) == nil {
				found[of("", ref{group, *c.Name}, "")] = glimpse{cluster: c, listed: true}
			}
		}
	}
	return found, requests, nil
}
