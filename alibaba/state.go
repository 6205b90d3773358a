// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"

	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/look"
)

// ReadState implements [pmks.StateReader] with one call, of the cluster or of the node
// pool; a name takes the list before it, which lags behind and tells no more than the id.
// What has failed is looked at together with its tasks, which tell why. Where many wait,
// one list of clusters, or of the node pools of a cluster, answers all of them whose
// target is on its way.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	r, err := h.clusterRef(clusterIID)
	if err == nil && !nodeGroupIID.IsZero() {
		err = checkPoolIID(nodeGroupIID)
	}
	if err == nil {
		err = h.checkAccount(ctx, r)
	}
	if err != nil {
		return pmks.State{}, err
	}
	r.account = "" // it is that of the connection
	if nodeGroupIID.IsZero() {
		return h.looks.Read(ctx, r.key(), look.Way[pmks.State]{
			One: func(ctx context.Context) (pmks.State, error) { return h.clusterState(ctx, r) },
			Set: "clusters", All: h.clusterStates,
		})
	}
	return h.looks.Read(ctx, lookKey(nodeGroupIID.SystemId, nodeGroupIID.NameId), look.Way[pmks.State]{
		One: func(ctx context.Context) (pmks.State, error) { return h.poolState(ctx, r, nodeGroupIID) },
		Set: "pools of " + r.key(), All: func(ctx context.Context, keys []string) (map[string]pmks.State, int, error) {
			return h.poolStates(ctx, r, keys)
		},
	})
}

// lookKey tells an id from a name that looks like one.
func lookKey(id, name string) string {
	if id != "" {
		return "id/" + id
	}
	return "name/" + name
}

func (r ref) key() string { return lookKey(r.id, r.name) }

// clusterState looks at one cluster.
func (h *Handler) clusterState(ctx context.Context, r ref) (pmks.State, error) {
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return pmks.State{}, err
	}
	c, err := h.describe(ctx, id)
	if err != nil {
		return pmks.State{}, err
	}
	s := clusterStateOf(c)
	if s.Status == pmks.ClusterInactive {
		s.StatusReason = h.because(ctx, id, "", s.StatusReason)
	}
	return s, errs.Over(ctx)
}

// poolState looks at one node pool.
func (h *Handler) poolState(ctx context.Context, r ref, iid pmks.IID) (pmks.State, error) {
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return pmks.State{}, err
	}
	p, err := h.currentPool(ctx, id, iid)
	if err != nil {
		return pmks.State{}, err
	}
	s := h.poolStateOf(id, p)
	if s.Status == pmks.ClusterInactive {
		s.StatusReason = h.because(ctx, id, poolID(p), s.StatusReason)
	}
	return s, errs.Over(ctx)
}

// clusterStates and poolStates look at many with one list. Lists lag behind by up to ten
// seconds: that something is under way may be over by now, which the next look sees, but
// what rests may have rested before a change that is waited for. So only the first is
// told, and the rest is looked at one by one: what rests, has failed, is missing, has a
// name that others have too, or is none that pmks shows.
func (h *Handler) clusterStates(ctx context.Context, keys []string) (states map[string]pmks.State, requests int, err error) {
	list, err := readPages(pageSize, clusterID, func(page int) ([]*cluster, int, error) {
		requests++
		return h.clusterPage(ctx, "", page)
	})
	if err != nil {
		return nil, requests, err
	}
	w := newWanted(keys)
	for _, c := range h.meant(list) {
		w.add(tea.StringValue(c.ClusterId), tea.StringValue(c.Name), clusterStateOf(c))
	}
	return w.states, requests, nil
}

func (h *Handler) poolStates(ctx context.Context, r ref, keys []string) (states map[string]pmks.State, requests int, err error) {
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return nil, 1, err
	}
	requests = 1
	if _, seen := h.shown.Load(id); r.id == "" || !seen {
		requests++
	}
	w := newWanted(keys)
	err = h.within(ctx, id, func(ctx context.Context) error {
		list, err := h.pools(ctx, id)
		for _, p := range list {
			w.add(poolID(p), poolName(p), h.poolStateOf(id, p))
		}
		return err
	})
	return w.states, requests, err
}

// wanted are the states of those that are looked at.
type wanted struct {
	states map[string]pmks.State
	left   map[string]int // how many were found of each key; 0: none yet
}

func newWanted(keys []string) wanted {
	w := wanted{make(map[string]pmks.State, len(keys)), make(map[string]int, len(keys))}
	for _, key := range keys {
		w.left[key] = 0
	}
	return w
}

// add takes what a list shows.
func (w wanted) add(id, name string, s pmks.State) {
	for _, key := range [...]string{lookKey(id, ""), lookKey("", name)} {
		n, ok := w.left[key]
		if !ok {
			continue
		}
		w.left[key]++
		if n == 0 && s.Status.Transitional() {
			w.states[key] = s
		} else {
			delete(w.states, key)
		}
	}
}

func clusterStateOf(c *cluster) pmks.State {
	m := clusterMeaning(tea.StringValue(c.State))
	return pmks.State{Cluster: clusterIID(c), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final, Version: clusterVersion(c), DesiredNodeSize: -1, NodeCount: -1}
}

// poolStateOf is the state of a pool of a cluster that was seen.
func (h *Handler) poolStateOf(id string, p *pool) pmks.State {
	iid := pmks.IID{SystemId: id}
	iid.NameId, _ = h.shown.Load(id)
	m := poolMeaning(poolState(p))
	return pmks.State{Cluster: iid, NodeGroup: poolIID(p), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final, DesiredNodeSize: size(p), NodeCount: count(p)}
}
