// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"

	"github.com/pmks-go/pmks"
)

// ReadState implements [pmks.StateReader] with one call, of the cluster or of the node
// group, after the first look also of the cluster's name. A cluster given by its name is read from the list, unless it has failed: why
// is not in there.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	if nodeGroupIID.IsZero() {
		return h.clusterState(ctx, clusterIID)
	}
	r, g, err := refs(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	// The answer names the cluster by its UUID alone.
	cluster := clusterObject{UUID: r.uuid}
	if name, ok := h.called.Load(r.uuid); ok {
		cluster.Name, _ = name.(string)
	} else if cluster, err = h.identify(ctx, r); err != nil {
		return pmks.State{}, err
	}
	group, err := h.group(ctx, cluster.UUID, g)
	if err != nil {
		return pmks.State{}, err
	}
	m := group.meaning()
	s := pmks.State{Cluster: cluster.iid(), NodeGroup: group.iid(), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		Version: string(group.Labels["kube_tag"]), DesiredNodeSize: -1, NodeCount: -1}
	if n, ok := group.NodeCount.number(); ok {
		s.DesiredNodeSize = n
	}
	if group.Addresses != nil {
		s.NodeCount = group.nodeCount()
	}
	return s, nil
}

// identify returns a cluster with both halves of its identity.
func (h *Handler) identify(ctx context.Context, r ref) (clusterObject, error) {
	if r.uuid != "" {
		return h.cluster(ctx, r.uuid)
	}
	list, err := h.list(ctx)
	if err != nil {
		return clusterObject{}, err
	}
	return named(list, r.name)
}

func (h *Handler) clusterState(ctx context.Context, iid pmks.IID) (pmks.State, error) {
	r, err := clusterRef(iid)
	if err != nil {
		return pmks.State{}, err
	}
	c, err := h.identify(ctx, r)
	if err == nil && r.uuid == "" && c.StatusReason == "" && c.meaning().Status == pmks.ClusterInactive {
		c, err = h.cluster(ctx, c.UUID)
	}
	if err != nil {
		return pmks.State{}, err
	}
	m := c.meaning()
	return pmks.State{Cluster: c.iid(), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		Version: string(c.Labels["kube_tag"]), DesiredNodeSize: -1, NodeCount: -1}, nil
}
