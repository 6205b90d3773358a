// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"maps"
	"slices"
	"strings"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/look"
)

// ReadState implements [pmks.StateReader] with one call, of the cluster or of the node
// pool; a name takes the list before it, which of a cluster is all. What is not well is
// looked at together with the record that tells why. Of many waits a call looks at a
// hundred clusters, and at all pools of a cluster.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	r, err := h.optionalRefs(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	if nodeGroupIID.IsZero() {
		return h.clusterState(ctx, r)
	}
	return h.poolState(ctx, r, nodeGroupIID)
}

// clusterState reads the state of a cluster.
func (h *Handler) clusterState(ctx context.Context, r ref) (pmks.State, error) {
	if err := h.checkAccount(ctx, r); err != nil {
		return pmks.State{}, err
	}
	r.account = "" // it was compared
	return h.looks.Read(ctx, lookKey(pmks.IID{NameId: r.name, SystemId: r.id}), look.Way[pmks.State]{
		One: func(ctx context.Context) (pmks.State, error) {
			c, err := h.find(ctx, r)
			if err != nil {
				return pmks.State{}, err
			}
			info := clusterInfo(c)
			h.explainCluster(ctx, &info)
			return stateOf(info), errs.Over(ctx)
		},
		Set: "clusters", All: h.clusterStates,
	})
}

func stateOf(info pmks.ClusterInfo) pmks.State {
	return pmks.State{Cluster: info.IId, Status: info.Status, StatusReason: info.StatusReason, StatusFinal: info.StatusFinal,
		Version: info.Version, DesiredNodeSize: -1, NodeCount: -1}
}

// clusterStates reads the states of many clusters: by their ids a hundred a call, and where
// some are given by their names with the list of all. It leaves out what is not there, what
// a name does not tell for certain, and what has a record that tells more.
func (h *Handler) clusterStates(ctx context.Context, keys []string) (map[string]pmks.State, int, error) {
	list, requests, err := h.clustersOf(ctx, keys)
	if err != nil {
		return nil, requests, err
	}
	states := make(map[string]pmks.State, len(keys))
	for key, c := range byKey(list, clusterIID) {
		if info := clusterInfo(c); inScope(c) && !hasRecord(info) {
			states[key] = stateOf(info)
		}
	}
	return states, requests, nil
}

// clustersOf reads the clusters that keys name, or more, and counts the requests.
func (h *Handler) clustersOf(ctx context.Context, keys []string) ([]*tke.Cluster, int, error) {
	if slices.ContainsFunc(keys, isNameKey) {
		list, err := h.list(ctx, "")
		return list, max(1, (len(list)+pageSize-1)/pageSize), err
	}
	list, err := chunked(ctx, keys, func(ctx context.Context, ids []*string) ([]*tke.Cluster, error) {
		in := tke.NewDescribeClustersRequest()
		in.ClusterIds, in.Limit = ids, new(int64(pageSize))
		list, _, err := h.describeClusters(ctx, in)
		for _, c := range list {
			h.note(c)
		}
		return list, err
	})
	return list, (len(keys) + pageSize - 1) / pageSize, err
}

// poolState reads the state of a node pool, the first time beside one call that tells how
// its cluster is called.
func (h *Handler) poolState(ctx context.Context, r ref, nodeGroupIID pmks.IID) (pmks.State, error) {
	id, listed, err := h.locate(ctx, r)
	if err != nil {
		return pmks.State{}, err
	}
	var s pmks.State
	var cluster pmks.IID
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		s, err = h.looks.Read(ctx, lookKey(nodeGroupIID), look.Way[pmks.State]{
			One: func(ctx context.Context) (pmks.State, error) {
				p, err := h.findPool(ctx, id, nodeGroupIID)
				if err != nil {
					return pmks.State{}, err
				}
				return h.stateOfPool(ctx, p), errs.Over(ctx)
			},
			Set: id, All: func(ctx context.Context, keys []string) (map[string]pmks.State, int, error) {
				return h.poolStates(ctx, id, keys)
			},
		})
		return err
	}, func(ctx context.Context) (err error) {
		cluster, err = h.identity(ctx, id, listed)
		return err
	})
	if err != nil {
		return pmks.State{}, err
	}
	s.Cluster = cluster
	return s, nil
}

// stateOfPool is the state of a pool, which may take a call to tell.
func (h *Handler) stateOfPool(ctx context.Context, p *tke.NodePool) pmks.State {
	one := poolRead{pool: p}
	h.readLast(ctx, &one)
	m := one.meaning()
	return pmks.State{NodeGroup: poolIID(p), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final, DesiredNodeSize: size(p), NodeCount: count(p)}
}

// poolStates reads the states of many pools of a cluster with one call. The activities of
// those where nodes are missing are read all the same, whoever looks: they are no part of
// what the list costs.
func (h *Handler) poolStates(ctx context.Context, id string, keys []string) (map[string]pmks.State, int, error) {
	list, err := h.pools(ctx, id, nil)
	if err != nil {
		return nil, 1, err
	}
	found := byKey(list, poolIID)
	results := make([]pmks.State, len(keys))
	err = fanout.Each(ctx, len(keys), func(ctx context.Context, i int) error {
		if p := found[keys[i]]; p != nil {
			results[i] = h.stateOfPool(ctx, p)
		}
		return nil
	})
	states := make(map[string]pmks.State, len(keys))
	for i, key := range keys {
		if found[key] != nil {
			states[key] = results[i]
		}
	}
	return states, 1, errs.Join(err, errs.Over(ctx))
}

// lookKey is what a look is called: by an id, or by a name behind a sign that no id has.
func lookKey(iid pmks.IID) string {
	if iid.SystemId != "" {
		return iid.SystemId
	}
	return "=" + iid.NameId
}

func isNameKey(key string) bool { return strings.HasPrefix(key, "=") }

// byKey are the things of a list by the keys of looks at them. What shares its name with
// another is found by its id only.
func byKey[T any](list []*T, iidOf func(*T) pmks.IID) map[string]*T {
	found := make(map[string]*T, 2*len(list))
	for _, t := range list {
		iid := iidOf(t)
		found[lookKey(pmks.IID{SystemId: iid.SystemId})] = t
		name := lookKey(pmks.IID{NameId: iid.NameId})
		if _, again := found[name]; again {
			t = nil
		}
		found[name] = t
	}
	maps.DeleteFunc(found, func(_ string, t *T) bool { return t == nil })
	return found
}
