// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// TestClusters: the stream is the list, one after another; what cannot be read stands in
// its place, and a loop that ends leaves nothing under way.
func TestClusters(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 12, 2, iks.Options{Latency: 100 * time.Millisecond})
		h := newHandler(t, s)
		list, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		start, first, i := time.Now(), time.Duration(0), 0
		for info, err := range h.Clusters(t.Context()) {
			if i == 0 {
				first = time.Since(start)
			}
			if err != nil || !reflect.DeepEqual(info, *list[i]) {
				t.Fatalf("%d: %+v, %v", i, info, err)
			}
			i++
		}
		if all := time.Since(start); i != len(list) || first >= all {
			t.Errorf("%d clusters, the first after %s of %s", i, first, all)
		}
		s.Reset()
		for range h.Clusters(t.Context()) {
			break
		}
		left := len(s.Calls())
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		if now := len(s.Calls()); now != left || left > 25 {
			t.Errorf("%d requests were made, and %d after the end", left, now-left)
		}
		s.Inject(core.Fault{Op: "getWorkerPools", Cluster: "c003", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied, Times: -1})
		bad := 0
		for info, err := range h.Clusters(t.Context()) {
			if err == nil {
				continue
			}
			if e := asError(t, err); e.Code != pmks.CodePermissionDenied || info.IId.NameId != "c003" || e.Cluster != info.IId || e.Op != "Clusters" {
				t.Errorf("%s: %v", info.IId, err)
			}
			bad++
		}
		if bad != 1 {
			t.Errorf("%d clusters could not be read", bad)
		}
		s.Inject(core.Fault{Op: "getClusters", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied, Times: -1})
		for info, err := range h.Clusters(t.Context()) {
			if pmks.CodeOf(err) != pmks.CodePermissionDenied || !info.IId.IsZero() {
				t.Errorf("%+v, %v", info, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, err := range h.Clusters(ctx) {
			if pmks.CodeOf(err) != pmks.CodeCanceled {
				t.Errorf("%v", err)
			}
		}
	})
}
