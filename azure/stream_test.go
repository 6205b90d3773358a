// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestClusters is a large subscription: what the stream yields is what the list shows,
// and beyond the first pools their nodes come from the index too.
func TestClusters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 30, 5, aks.Options{Latency: 40 * time.Millisecond})
		h := signedIn(t, s)
		list := wiretest.OK(h.ListCluster(t.Context()))(t)
		s.Reset()
		var got []*pmks.ClusterInfo
		for info, err := range h.Clusters(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, &info)
		}
		if !reflect.DeepEqual(got, list) {
			t.Errorf("the stream yields %d clusters, the list has %d, and they are not the same", len(got), len(list))
		}
		if machines, index := s.Count("Machines_List"), s.Count("ResourceGraph_Resources"); machines != 4 || index != 1 {
			t.Errorf("%d lists of machines, %d of the index; all: %v", machines, index, counts(s))
		}
	})
}

// counts are the calls of a simulator by their names.
func counts(s *aks.Server) map[string]int {
	n := map[string]int{}
	for _, call := range s.Calls() {
		n[call.Op]++
	}
	return n
}

// TestClusters_odd: what is no cluster is told in its place, one that vanishes while its
// nodes are read is left out, and nodes that cannot be read are named.
func TestClusters_odd(t *testing.T) {
	t.Parallel()
	s := fleet(t, 4, 1, aks.Options{})
	p := &tap{}
	p.next = edited{s.Transport(), ending(http.MethodGet, "/managedClusters"), func(page map[string]any) {
		delete(page["value"].([]any)[1].(map[string]any), "properties")
	}}
	p.answer = func(r *http.Request) *http.Response {
		switch {
		case ending(http.MethodGet, "/c000/agentPools/g0/machines")(r):
			return replyWith(403, `{"error":{"code":"AuthorizationFailed","message":"x"}}`)
		case ending(http.MethodGet, "/c002/agentPools/g0/machines")(r), ending(http.MethodGet, "/c002")(r):
			return replyWith(404, `{"code":"NotFound","message":"x"}`)
		}
		return nil
	}
	cfg := configFor(s)
	cfg.Transport = p
	var got []string
	for info, err := range newHandlerWith(t, cfg).Clusters(t.Context()) {
		unread := ""
		if len(info.NodeGroupList) > 0 {
			unread = unreadOf(info.NodeGroupList[0].KeyValueList)
		}
		got = append(got, fmt.Sprintln(info.IId.NameId, pmks.CodeOf(err), unread))
	}
	if want := []string{"c000 OK Nodes(PermissionDenied)\n", "c001 Unavailable \n", "c003 OK \n"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestGetNodeGroup_unread: the nodes that cannot be read are named, and a cluster of
// another region is refused whatever its machines are.
func TestGetNodeGroup_unread(t *testing.T) {
	t.Parallel()
	h, p, s := tapped(t, seedOf("g0", "g1"), nil)
	got := wiretest.OK(h.GetNodeGroup(t.Context(), clusterC, poolG0))(t)
	whole := wiretest.OK(h.GetCluster(t.Context(), clusterC))(t)
	if !reflect.DeepEqual(got, whole.NodeGroupList[0]) {
		t.Errorf("got  %+v\nwant %+v", got, whole.NodeGroupList[0])
	}
	p.answer = func(r *http.Request) *http.Response {
		if ending(http.MethodGet, "/machines")(r) {
			return replyWith(404, `{"code":"NotFound","message":"x"}`)
		}
		return nil
	}
	if got, err := h.GetNodeGroup(t.Context(), clusterC, poolG0); err != nil || len(got.Nodes) != 0 || unreadOf(got.KeyValueList) != "Nodes(NotFound)" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := h.GetNodeGroup(t.Context(), clusterC, pmks.IID{NameId: "none"}); pmks.CodeOf(err) != pmks.CodeNotFound {
		t.Errorf("no such node group: %v", err)
	}
	p.next = edited{s.Transport(), ending(http.MethodGet, "/managedClusters/c"), func(c map[string]any) { c["location"] = "westeurope" }}
	if _, err := h.GetNodeGroup(t.Context(), clusterC, poolG0); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
		t.Errorf("another region: %v", err)
	}
}
