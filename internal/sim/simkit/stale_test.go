// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestStale: a request that is stale is answered with what was remembered, and no other.
func TestStale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, _ := profile.Get("neutral")
		s := &counter{Kit: New(Options{})}
		w := core.New(p, core.Options{})
		s.Simulates(w)
		var seen []string
		s.notify = func() {
			var names []string
			for c := range w.All(s.Now()) {
				names = append(names, c.Name)
			}
			seen = append(seen, strings.Join(names, " "))
		}
		ask := func(ctx context.Context) {
			t.Helper()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://sim/list", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			res, err := NewTransport(s).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
		}
		put := func(name string) {
			t.Helper()
			if _, err := w.Put(s.Now(), core.Seed{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		put("before")
		req := p.SampleRequest("after")
		made := core.CreateCluster{Name: "after", Version: p.Default(), Network: req.Network, Groups: []core.AddNodeGroup{{Spec: req.NodeGroupList[0]}}}
		s.Remember()
		if _, err := w.Apply(s.Now(), made, core.Outcome{}); err != nil {
			t.Fatal(err)
		}
		ask(t.Context())
		ask(Stale(t.Context()))
		ask(t.Context())
		if got := strings.Join(seen, "; "); got != "before after; before; before after" {
			t.Errorf("seen %q", got)
		}
	})
}
