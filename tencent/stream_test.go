// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
)

// TestHandler_Clusters: what is yielded is what ListCluster returns; one that cannot be
// read is in its place with its error; a break ends the reading.
func TestHandler_Clusters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 230 // three pages
		s := tke.New(tke.Options{Unlimited: true, Latency: 10 * time.Millisecond})
		for i := range n {
			must(t, s.Put(core.Seed{Name: fmt.Sprintf("c%03d", i), Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}}))
		}
		h := newHandler(t, s)
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != n {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		i := 0
		for info, err := range h.Clusters(t.Context()) {
			if err != nil || fmt.Sprint(info) != fmt.Sprint(*list[i]) || fmt.Sprint(info.NodeGroupList) != fmt.Sprint(list[i].NodeGroupList) {
				t.Fatalf("%d: %v, %v", i, info, err)
			}
			i++
		}
		if i != n {
			t.Errorf("%d clusters", i)
		}
		s.Reset()
		for range h.Clusters(t.Context()) {
			break
		}
		if calls := len(s.Calls()); calls > 60 {
			t.Errorf("%d calls for the first", calls)
		}
		before := len(s.Calls())
		pass(time.Minute)
		if len(s.Calls()) != before {
			t.Error("requests go on after the loop")
		}

		s.Inject(core.Fault{Op: "DescribeClusterNodePools", Cluster: "c150", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied})
		i = 0
		for info, err := range h.Clusters(t.Context()) {
			if bad := info.IId.NameId == "c150"; bad != (err != nil) || bad && (pmks.CodeOf(err) != pmks.CodePermissionDenied || info.IId != list[i].IId || info.Version != "") {
				t.Errorf("%v, %v", info, err)
			}
			i++
		}
		if i != n {
			t.Errorf("%d clusters", i)
		}

		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		last, ends := error(nil), 0
		for info, err := range h.Clusters(ctx) {
			if info.IId.NameId == "c005" {
				cancel()
			}
			if last = err; err != nil {
				ends++
			}
		}
		if pmks.CodeOf(last) != pmks.CodeCanceled || ends != 1 {
			t.Errorf("left: %v, %d times", last, ends)
		}
	})
}

// TestHandler_Clusters_shift: a list that changes while it is read yields each cluster once.
func TestHandler_Clusters_shift(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{Unlimited: true})
		for i := range 150 {
			must(t, s.Put(core.Seed{Name: fmt.Sprintf("c%03d", i)}))
		}
		h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if actionOf(r) == "DescribeClusters" && s.Count("DescribeClusters") == 1 {
				must(t, s.Put(core.Seed{Name: "another"}))
			}
			return s.Transport().RoundTrip(r)
		}))
		seen := map[string]int{}
		for info, err := range h.Clusters(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			seen[info.IId.NameId]++
		}
		if len(seen) != 151 {
			t.Errorf("%d clusters", len(seen))
		}
		for name, n := range seen {
			if n != 1 {
				t.Errorf("%s comes %d times", name, n)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		s.Deny("tke:DescribeClusters")
		n := 0
		for info, err := range newHandler(t, s).Clusters(t.Context()) {
			if n++; pmks.CodeOf(err) != pmks.CodePermissionDenied || !info.IId.IsZero() {
				t.Errorf("%v, %v", info, err)
			}
		}
		if n != 1 {
			t.Errorf("%d", n)
		}
	})
}
