// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
)

// TestLag_justAdded: a pool that was just made is there for who made it, by its id as by its name.
func TestLag_justAdded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{ReadLag: 9 * time.Second})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), plain("lag"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
			t.Fatal(err)
		}
		g, err := h.AddNodeGroup(t.Context(), info.IId, bench.SampleNodeGroup("ng1"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), info.IId, g.IId); pmks.CodeOf(err) == pmks.CodeNotFound {
			t.Errorf("by id: %v", err)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), info.IId, first); pmks.CodeOf(err) == pmks.CodeNotFound {
			t.Errorf("by name: %v", err)
		}
	})
}

// TestLag_staleList: a change that is accepted is not undone by what was read before it.
func TestLag_staleList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{ReadLag: 9 * time.Second})
		h := newHandler(t, s)
		up(t, h, "demo")
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, true); err != nil {
			t.Fatal(err)
		}
		// by name the pool is read from the list, which lags: it still shows it off
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 2, 1, 6); err != nil && pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("bounds: %v", err)
		}
		time.Sleep(5 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 0, 1, 6); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second) //nolint:forbidigo // inside a synctest bubble
		if ok, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, false); err != nil && pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("off: %t %v", ok, err)
		}
		time.Sleep(5 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		g, err := h.GetCluster(t.Context(), demo)
		t.Log(g.NodeGroupList[0], err)
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, false); err != nil {
			t.Errorf("off: %v", err)
		}
		time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
		// told "already on" by a list that lags
		_, err = h.SetNodeGroupAutoScaling(t.Context(), demo, first, true)
		time.Sleep(5 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		g, gerr := h.GetCluster(t.Context(), demo)
		if err == nil && !g.NodeGroupList[0].OnAutoScaling {
			t.Errorf("on is told as done, it is %+v %v", g.NodeGroupList[0], gerr)
		}
	})
}

// TestLag_staleScaling: 2 to 4 and back by name, at once.
func TestLag_staleScaling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{ReadLag: 9 * time.Second})
		h := newHandler(t, s)
		up(t, h, "demo")
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 2, 1, 5); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 4, 1, 5); err != nil {
			t.Fatal(err)
		}
		_, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 2, 1, 5)
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		g, gerr := h.GetCluster(t.Context(), demo)
		if err == nil && g.NodeGroupList[0].DesiredNodeSize != 2 {
			t.Errorf("2 is told as accepted, it is %d, %v", g.NodeGroupList[0].DesiredNodeSize, gerr)
		}
	})
}

// TestLag_deletedStale: a deletion that failed, and a list that still says deleting.
func TestLag_deletedStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, nil)
		h := newHandler(t, s)
		s.Alter("DescribeClustersForRegion", func(answer any) any { return stateOf(answer, "deleting") })
		if ok, err := h.DeleteCluster(t.Context(), demo); err == nil && s.Count("DeleteCluster") == 0 {
			t.Errorf("told %t, nothing sent, the cluster runs", ok)
		}
	})
}

// TestLag_recentUnread: the detail of what was just made is a secondary read of a list.
func TestLag_recentUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{ReadLag: 9 * time.Second})
		h := newHandler(t, s)
		s.Deny("cs:DescribeClusterDetail")
		if _, err := h.CreateCluster(t.Context(), plain("a")); err != nil {
			t.Fatal(err)
		}
		if _, err := h.ListIID(t.Context()); err != nil {
			t.Errorf("list: %v", err)
		}
		if _, err := h.CreateCluster(t.Context(), plain("b")); err != nil {
			t.Errorf("another: %v", err)
		}
	})
}

// TestLag_shiftedPages: a cluster that moves to a page that was read is not lost.
func TestLag_shiftedPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			n++
			var items []map[string]any
			all := 150
			from, to := 0, 100
			if r.URL.Query().Get("page_number") == "2" {
				from, to = 101, 150 // one of the first page has gone meanwhile
				all = 149
			}
			for i := from; i < to; i++ {
				items = append(items, map[string]any{"cluster_id": fmt.Sprintf("c%032x", i), "name": fmt.Sprintf("n%d", i), "state": "running", "cluster_type": "ManagedKubernetes", "region_id": region})
			}
			text, _ := json.Marshal(map[string]any{"clusters": items, "page_info": map[string]any{"total_count": all, "page_number": 1, "page_size": 100}})
			return providertest.Respond(r, 200, string(text)), nil
		}))
		_, err := h.GetCluster(t.Context(), pmks.IID{NameId: "n100"})
		if pmks.CodeOf(err) == pmks.CodeNotFound {
			t.Errorf("n100 is there: %v", err)
		}
	})
}

// TestLag_flagLag: the flag that lags behind after autoscaling was switched off passes by itself.
func TestLag_flagLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{FlagLag: time.Minute})
		h := newHandler(t, s)
		up(t, h, "demo")
		for _, on := range []bool{true, false} {
			if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, on); err != nil {
				t.Fatal(err)
			}
			if _, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first, pmks.WithInterval(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		info, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 4, 1, 5)
		if err != nil && pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("OnAutoScaling %t, got %v, want Busy", info.OnAutoScaling, err)
		}
	})
}

// TestLag_waitByName: who waits by name right after a change waits for its end: the list
// still shows what was before.
func TestLag_waitByName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{ReadLag: 9 * time.Second})
		h := newHandler(t, s)
		up(t, h, "demo")
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 4, 1, 5); err != nil {
			t.Fatal(err)
		}
		g, err := pmks.WaitNodeGroupActive(t.Context(), newHandler(t, s), demo, first, pmks.WithInterval(time.Second))
		if err != nil || len(g.Nodes) != 4 {
			t.Errorf("the wait ended with %d nodes, %v", len(g.Nodes), err)
		}
		if _, err := h.DeleteCluster(t.Context(), demo); err != nil {
			t.Fatal(err)
		}
		if state, err := newHandler(t, s).ReadState(t.Context(), demo, pmks.IID{}); err != nil || state.Status != pmks.ClusterDeleting {
			t.Errorf("a cluster that goes is told as %s, %v", state.Status, err)
		}
	})
}

// TestLag_removedByOthers: a name is free again as soon as what had it is gone, whoever
// removed it and however recently it was made, also while the list shows it.
func TestLag_removedByOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{ReadLag: 9 * time.Second, Scale: 0.001})
		h := newHandler(t, s)
		for range 2 {
			info, err := h.CreateCluster(t.Context(), plain("brief"))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second) //nolint:forbidigo // inside a synctest bubble
			if _, err := h.CreateCluster(t.Context(), plain("brief")); pmks.CodeOf(err) != pmks.CodeAlreadyExists {
				t.Errorf("while it is there: %v", err)
			}
			other := newHandlerOn(t, providertest.RoundTripper(s.Transport().RoundTrip))
			if err := pmks.Teardown(t.Context(), other, info.IId, pmks.WithInterval(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := h.CheckCluster(t.Context(), plain("brief")); err != nil {
				t.Errorf("when it is gone: %v", err)
			}
		}
	})
}
