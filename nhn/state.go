// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"cmp"
	"context"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/look"
)

// ReadState implements [pmks.StateReader] with one call, of the cluster or of the node
// group, beside which the first look reads how the cluster is called. A cluster given by
// its name is read from the list, unless it has failed: why is not in there. Many waits
// share the lists of clusters, and of the groups of a cluster: of a group in transition
// that tells neither the version nor how many nodes there are, and of others too little.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	if nodeGroupIID.IsZero() {
		return h.clusterState(ctx, clusterIID)
	}
	r, g, err := refs(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	return h.groupState(ctx, r, g)
}

// groupState reads the state of a group, and beside it how its cluster is called where
// this handler has not seen that yet: the group names it by its UUID alone.
func (h *Handler) groupState(ctx context.Context, r, g ref) (pmks.State, error) {
	cluster := pmks.IID{SystemId: r.uuid}
	if r.uuid == "" {
		c, err := h.identify(ctx, r)
		if err != nil {
			return pmks.State{}, err
		}
		cluster = c.iid()
	}
	uuid := cluster.SystemId
	var s pmks.State
	var clusterErr, groupErr error
	err := fanout.All(ctx, func(ctx context.Context) error {
		if cluster.NameId == "" {
			cluster.NameId, clusterErr = h.called.Get(ctx, uuid, func(ctx context.Context) (string, error) {
				c, err := h.cluster(ctx, uuid)
				return c.Name, err
			})
		}
		return nil
	}, func(ctx context.Context) error {
		s, groupErr = h.looks.Read(ctx, g.key(), look.Way[pmks.State]{
			One: func(ctx context.Context) (pmks.State, error) {
				group, err := h.group(ctx, uuid, g)
				return group.state(), err
			},
			Set: uuid, All: func(ctx context.Context, _ []string) (map[string]pmks.State, int, error) {
				return h.groupStates(ctx, uuid)
			},
		})
		return nil
	})
	// Each keeps its own fault: that of the cluster comes first.
	if err := cmp.Or(err, errs.Over(ctx), clusterErr, groupErr); err != nil {
		return pmks.State{}, err
	}
	s.Cluster = cluster
	return s, nil
}

// state is that of a group, as far as what was read of it tells.
func (g groupObject) state() pmks.State {
	m := g.meaning()
	s := pmks.State{NodeGroup: g.iid(), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		Version: string(g.Labels["kube_tag"]), DesiredNodeSize: -1, NodeCount: -1}
	if n, ok := g.NodeCount.number(); ok {
		s.DesiredNodeSize = n
	}
	if g.Addresses != nil {
		s.NodeCount = g.nodeCount()
	}
	return s
}

// groupStates are those of the groups of a cluster that are in transition, of which no
// wait asks more than the list tells. The nodes of one at rest are to be counted, and why
// one has failed the list does not say.
func (h *Handler) groupStates(ctx context.Context, uuid string) (map[string]pmks.State, int, error) {
	list, err := h.groups(ctx, uuid)
	if err != nil {
		return nil, 1, err
	}
	states := map[string]pmks.State{}
	for _, g := range list {
		if s := g.state(); inTransition(s.Status) {
			put(states, s, s.NodeGroup)
		}
	}
	return states, 1, nil
}

func inTransition(s pmks.ClusterStatus) bool {
	return s == pmks.ClusterCreating || s == pmks.ClusterUpdating || s == pmks.ClusterDeleting
}

// put notes a state by both halves of an identity: no name is as long as a UUID.
func put(states map[string]pmks.State, s pmks.State, iid pmks.IID) {
	states[iid.SystemId], states[iid.NameId] = s, s
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
	return h.looks.Read(ctx, r.key(), look.Way[pmks.State]{
		One: func(ctx context.Context) (pmks.State, error) {
			c, err := h.identify(ctx, r)
			if err == nil && r.uuid == "" && c.lacksReason() {
				c, err = h.cluster(ctx, c.UUID)
			}
			if err != nil {
				return pmks.State{}, err
			}
			return c.state(), nil
		},
		Set: "clusters", All: h.clusterStates,
	})
}

// state is that of a cluster.
func (c clusterObject) state() pmks.State {
	m := c.meaning()
	return pmks.State{Cluster: c.iid(), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		Version: string(c.Labels["kube_tag"]), DesiredNodeSize: -1, NodeCount: -1}
}

// lacksReason reports whether a cluster has failed, of which the list does not tell why.
func (c clusterObject) lacksReason() bool {
	return c.StatusReason == "" && c.meaning().Status == pmks.ClusterInactive
}

// clusterStates are those of the clusters of the list, by their UUIDs and names, with the
// number of its pages. What has failed it leaves out, and names that two have.
func (h *Handler) clusterStates(ctx context.Context, _ []string) (map[string]pmks.State, int, error) {
	states, named, pages := map[string]pmks.State{}, map[string]int{}, 0
	for list, err := range h.listPages(ctx) {
		if pages++; err != nil {
			return nil, pages, err
		}
		for _, c := range list {
			named[c.Name]++
			if !c.lacksReason() {
				put(states, c.state(), c.iid())
			}
		}
	}
	for name, n := range named {
		if n > 1 {
			delete(states, name)
		}
	}
	return states, pages, nil
}
