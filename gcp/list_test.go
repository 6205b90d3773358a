// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// TestHandler_Clusters: it yields what the list shows, in its order, and for the same
// calls; a break leaves the rest unread.
func TestHandler_Clusters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 40, 2, gke.Options{Latency: benchLatency})
		put(t, s, region, "wide")
		h := newHandler(t, s)
		list, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		calls := s.Counts()
		s.Reset()
		i := 0
		for info, err := range h.Clusters(t.Context()) {
			if err != nil || i >= len(list) || text(info) != text(*list[i]) {
				t.Fatalf("%d: got %+v, %v", i, info, err)
			}
			i++
		}
		if i != len(list) || text(s.Counts()) != text(calls) {
			t.Errorf("%d clusters for %v, want %d for %v", i, s.Counts(), len(list), calls)
		}
		s.Reset()
		for range h.Clusters(t.Context()) {
			break
		}
		if n := s.Count(listInstances); n > 30 {
			t.Errorf("%d instance groups were read for one cluster", n)
		}
	})
}

// TestHandler_Clusters_partial: locations that Google could not reach come last, as an
// error of the whole listing.
func TestHandler_Clusters_partial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 2, 1, gke.Options{})
		s.Inject(core.Fault{Op: "ListOperations", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied, Times: -1})
		n := 0
		for info, err := range newHandler(t, s).Clusters(t.Context()) {
			if got, _ := pmks.Lookup(info.KeyValueList, pmks.KeyUnread); err != nil || got != "Operations(PermissionDenied)" {
				t.Errorf("got %+v, %v", info, err)
			}
			n++
		}
		s.Inject(core.Fault{Op: "ListClusters", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied, Times: -1})
		for info, err := range newHandler(t, s).Clusters(t.Context()) {
			if pmks.CodeOf(err) != pmks.CodePermissionDenied || !info.IId.IsZero() || asError(t, err).Op != "Clusters" {
				t.Errorf("got %+v, %v", info, err)
			}
			n++
		}
		if n != 3 {
			t.Errorf("%d were yielded", n)
		}
	})
}

// TestHandler_GetNodeGroup: it is what GetCluster shows of the group, by name and by path,
// also while it changes and where its nodes cannot be read.
func TestHandler_GetNodeGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 3, gke.Options{})
		wide := put(t, s, region, "wide")
		h := newHandler(t, s)
		compare := func(cluster pmks.IID, group string) {
			t.Helper()
			info, err := h.GetCluster(t.Context(), cluster)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := info.NodeGroup(pmks.IID{NameId: group})
			if got, err := h.GetNodeGroup(t.Context(), cluster, pmks.IID{NameId: group}); err != nil || text(got) != text(want) {
				t.Errorf("%s: got %+v, %v\nwant %+v", group, got, err, want)
			}
		}
		cluster := pmks.IID{NameId: "c000"}
		compare(cluster, "g1")
		compare(wide, "g")
		for _, change := range []func() error{
			func() error {
				_, err := h.SetNodeGroupAutoScaling(t.Context(), cluster, pmks.IID{NameId: "g1"}, false)
				return err
			},
			func() error {
				_, err := h.ChangeNodeGroupScaling(t.Context(), cluster, pmks.IID{NameId: "g1"}, 4, 0, 7)
				return err
			},
		} {
			if err := change(); err != nil {
				t.Fatal(err)
			}
			compare(cluster, "g1")
			if _, err := pmks.WaitClusterActive(t.Context(), h, cluster, patience); err != nil {
				t.Fatal(err)
			}
			compare(cluster, "g1")
		}
		s.Inject(core.Fault{Op: listInstances, Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied, Times: -1})
		compare(cluster, "g1")
		for _, ids := range [][2]pmks.IID{{cluster, {NameId: "none"}}, {{NameId: "none"}, {NameId: "g1"}}} {
			if _, err := h.GetNodeGroup(t.Context(), ids[0], ids[1]); pmks.CodeOf(err) != pmks.CodeNotFound {
				t.Errorf("%v: %v", ids, err)
			}
		}
	})
}
