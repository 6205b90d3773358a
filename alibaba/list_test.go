// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// TestHandler_Clusters: the stream shows what the list shows, in its order; one that cannot be
// read has its error in its place; and what breaks off leaves nothing under way.
func TestHandler_Clusters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		resources := ack.DefaultResources(region)
		resources.Quota = ack.Quota{}
		s := bench.Fleet(t, ack.New(ack.Options{Resources: &resources}), 110, 1)
		h := newHandler(t, s)
		list, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for info, err := range h.Clusters(t.Context()) {
			if err != nil || info.IId != list[n].IId || fmt.Sprint(info) != fmt.Sprint(*list[n]) {
				t.Fatalf("the %dth is %v, %v, want %v", n, info.IId, err, list[n].IId)
			}
			n++
		}
		if n != len(list) {
			t.Errorf("%d of %d", n, len(list))
		}
		s.Inject(core.Fault{Op: "DescribeClusterNodePools", Cluster: "c007", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied})
		s.Reset()
		n = 0
		for info, err := range h.Clusters(t.Context()) {
			if failed := n == 7; failed != (pmks.CodeOf(err) == pmks.CodePermissionDenied) || failed && fmt.Sprint(info) != fmt.Sprint(pmks.ClusterInfo{IId: list[7].IId}) {
				t.Errorf("the %dth is %v, %v", n, info.IId, err)
			}
			if n++; n == 10 {
				break
			}
		}
		if pages := s.Count("DescribeClustersForRegion"); pages != 1 {
			t.Errorf("%d pages were read for ten clusters", pages)
		}
		synctest.Wait()
		before := s.Count("")
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		if s.Count("") != before {
			t.Error("it goes on")
		}
		// What was made a moment ago is among them, though no page shows it yet.
		made, err := h.CreateCluster(t.Context(), plain("fresh"))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for info, err := range h.Clusters(t.Context()) {
			if err == nil && info.IId == made.IId {
				found++
			}
		}
		if found != 1 {
			t.Errorf("what was made is found %d times", found)
		}
		s.Inject(core.Fault{Op: "DescribeClustersForRegion", After: 1, Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied})
		n = 0
		for info, err := range h.Clusters(t.Context()) {
			if n++; err != nil && (pmks.CodeOf(err) != pmks.CodePermissionDenied || !info.IId.IsZero() || n != 101) {
				t.Errorf("the %dth is %v, %v", n, info.IId, err)
			}
		}
		if n != 101 {
			t.Errorf("%d were handed over, a page and its error", n)
		}
	})
}
