// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"fmt"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
)

// TestAllocations_convert holds what is made of the answers about a cluster with five node
// groups of ten nodes to a fifth more allocations than it took when this was written: 85.
func TestAllocations_convert(t *testing.T) { // not parallel: AllocsPerRun counts everything
	const most = 102
	s := tke.New(tke.Options{Unlimited: true})
	seed := core.Seed{Name: "demo", Tags: map[string]string{"team": "a"}}
	for i := range 5 {
		seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("g%d", i)}, VMSpecName: "S5.MEDIUM4",
			OnAutoScaling: true, DesiredNodeSize: 10, MinNodeSize: 1, MaxNodeSize: 10})
	}
	if err := s.Put(seed); err != nil {
		t.Fatal(err)
	}
	h, err := New(t.Context(), Config{Region: "ap-seoul", SecretID: tke.DefaultSecretID, SecretKey: tke.DefaultSecretKey, Transport: s.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	list, err := h.list(t.Context(), "")
	if err != nil || len(list) != 1 {
		t.Fatalf("%d clusters, %v", len(list), err)
	}
	r, err := h.readCluster(t.Context(), deref(list[0].ClusterId), list[0])
	if err == nil {
		err = h.readDetails(t.Context(), r)
	}
	if err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(100, func() {
		if info := r.info(); len(info.NodeGroupList) != 5 || len(info.NodeGroupList[4].Nodes) != 10 || info.NodeGroupList[4].VMSpecName == "" {
			t.Errorf("%d node groups: %+v", len(info.NodeGroupList), info)
		}
	})
	t.Logf("%.0f allocations", n)
	if n > most {
		t.Errorf("%.0f allocations, want %d at most", n, most)
	}
}
