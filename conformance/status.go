// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"

	"github.com/pmks-go/pmks"
)

// statusWords watches a whole life and checks every word that is shown.
func statusWords(t T, c *Cloud) {
	w := &watcher{t: t, cluster: map[string]pmks.ClusterStatus{}, group: map[string]pmks.NodeGroupStatus{}}
	watched := *c
	watched.Handler = &watching{Client: pmks.New(c.Handler), seen: w.see}
	req := c.ClusterRequest("words")
	info := watched.upWith(t, req)
	g := first(t, info)
	if _, err := watched.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, g, 3, 1, 4); err != nil {
		t.Fatalf("ChangeNodeGroupScaling: %v", err)
	}
	watched.groupActive(t, info.IId, g)
	if err := pmks.Teardown(t.Context(), watched.Handler, info.IId, c.Wait...); err != nil {
		t.Fatalf("Teardown: %v", err)
	}
	if c.Break == nil {
		return
	}
	info = watched.upWith(t, c.ClusterRequest("broken"))
	for _, s := range []State{Degraded, Stopped, Failed} {
		err := c.Break(info.IId, pmks.IID{}, s)
		if errors.Is(err, errors.ErrUnsupported) {
			continue // the cloud has no such state
		}
		if err != nil {
			t.Fatalf("Break(%s): %v", s, err)
		}
		got := watched.get(t, info.IId)
		if got.Status != pmks.ClusterInactive {
			t.Errorf("a %s cluster is %s, want Inactive", s, got.Status)
		}
		if got.StatusFinal == (s == Degraded) {
			t.Errorf("a %s cluster has StatusFinal %t", s, got.StatusFinal)
		}
	}
}

// watching lets a watcher see every read.
type watching struct {
	*pmks.Client // forwards the optional interfaces
	seen         func(pmks.ClusterInfo)
}

func (h *watching) GetCluster(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	info, err := h.Client.GetCluster(ctx, iid)
	if err == nil {
		h.seen(info)
	}
	return info, err
}

type watcher struct {
	t       T
	cluster map[string]pmks.ClusterStatus
	group   map[string]pmks.NodeGroupStatus
}

func (w *watcher) see(info pmks.ClusterInfo) {
	t, name := w.t, info.IId.String()
	t.Helper()
	if !info.Status.Valid() {
		t.Errorf("%s: %q is not one of the five words", name, info.Status)
	}
	if last, ok := w.cluster[name]; ok && !last.MayBecome(info.Status) {
		t.Errorf("%s: %s became %s", name, last, info.Status)
	}
	if info.Status == pmks.ClusterInactive && info.StatusReason == "" {
		t.Errorf("%s: Inactive without a reason", name)
	}
	if v, _ := pmks.Lookup(info.KeyValueList, pmks.KeyNativeStatus); v == "" {
		t.Errorf("%s: the vendor's own status is missing", name)
	}
	w.cluster[name] = info.Status
	for _, g := range info.NodeGroupList {
		key := name + "/" + g.IId.String()
		if !g.Status.Valid() {
			t.Errorf("%s: %q is not one of the five words", key, g.Status)
		}
		if last, ok := w.group[key]; ok && !last.MayBecome(g.Status) {
			t.Errorf("%s: %s became %s", key, last, g.Status)
		}
		if g.Status == pmks.NodeGroupInactive && g.StatusReason == "" {
			t.Errorf("%s: Inactive without a reason", key)
		}
		if v, _ := pmks.Lookup(g.KeyValueList, pmks.KeyNativeStatus); v == "" {
			t.Errorf("%s: the vendor's own status is missing", key)
		}
		w.group[key] = g.Status
	}
}
