// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
)

// Crowd is many callers of one handler at once, on a simulated cloud that holds them
// to its published rates. All of them end well, later: none is refused for the
// others' sake. What it took is logged (go test -v) in virtual time, which stands
// still while a program computes: it is that of the cloud, at 40 ms a request.
type Crowd struct {
	// Open makes a fresh simulated cloud, its published limits on, and a handler whose
	// requests go through wire.
	Open func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) pmks.ClusterHandler
	// Request is a full request with one node group; Group one for a further group.
	Request func(name string) pmks.ClusterInfo
	Group   func(name string) pmks.NodeGroupInfo
	// Throttled reports whether an answer is a refusal to hear so many; nil means the
	// status 429.
	Throttled func(*http.Response) bool
	// Version is what the clusters are upgraded to, one minor above what they are made
	// with.
	Version string
}

// meter counts what goes over the wire.
type meter struct {
	next      http.RoundTripper
	isRefusal func(*http.Response) bool
	calls     atomic.Int64
	throttled atomic.Int64
}

// RoundTrip implements [http.RoundTripper].
func (m *meter) RoundTrip(req *http.Request) (*http.Response, error) {
	m.calls.Add(1)
	time.Sleep(Latency) //nolint:forbidigo // inside a synctest bubble
	resp, err := m.next.RoundTrip(req)
	if err == nil && m.isRefusal(resp) {
		m.throttled.Add(1)
	}
	return resp, err
}

// Run is 20 clusters of 3 groups made, upgraded and removed side by side, and 200
// callers who read one cluster at once; fewer under the race detector.
func (c Crowd) Run(t *testing.T) {
	jobs, readers := 20, 200
	if UnderRace {
		jobs, readers = 8, 60
	}
	synctest.Test(t, func(t *testing.T) {
		m := &meter{isRefusal: c.Throttled}
		if m.isRefusal == nil {
			m.isRefusal = func(resp *http.Response) bool { return resp.StatusCode == http.StatusTooManyRequests }
		}
		h := c.Open(t, func(next http.RoundTripper) http.RoundTripper { m.next = next; return m })
		name := func(i int) string { return fmt.Sprintf("crowd%d", i) }
		c.phase(t, m, "provision", jobs, func(ctx context.Context, i int) error {
			req := c.Request(name(i))
			first := req.NodeGroupList
			if len(first) == 0 {
				first = []pmks.NodeGroupInfo{c.Group("ng1")}
			}
			req.NodeGroupList = append(slices.Clone(first[:1]), c.Group("ng2"), c.Group("ng3"))
			_, err := pmks.Provision(ctx, h, req)
			return err
		})
		c.phase(t, m, "get", readers, func(ctx context.Context, i int) error {
			info, err := h.GetCluster(ctx, pmks.IID{NameId: name(i % jobs)})
			if err == nil && len(info.NodeGroupList) != 3 {
				err = fmt.Errorf("%s has %d groups", name(i%jobs), len(info.NodeGroupList))
			}
			return err
		})
		c.phase(t, m, "list", 3, func(ctx context.Context, _ int) error {
			list, err := h.ListCluster(ctx)
			if err == nil && len(list) != jobs {
				err = fmt.Errorf("%d clusters are listed", len(list))
			}
			return err
		})
		c.phase(t, m, "upgrade", jobs, func(ctx context.Context, i int) error {
			_, err := pmks.Upgrade(ctx, h, pmks.IID{NameId: name(i)}, c.Version)
			return err
		})
		c.phase(t, m, "teardown", jobs, func(ctx context.Context, i int) error {
			return pmks.Teardown(ctx, h, pmks.IID{NameId: name(i)})
		})
	})
}

// phase runs n callers side by side and says what it took.
func (c Crowd) phase(t *testing.T, m *meter, what string, n int, do func(context.Context, int) error) {
	t.Helper()
	calls, throttled, start := m.calls.Load(), m.throttled.Load(), time.Now()
	faults := make([]error, n)
	var callers sync.WaitGroup
	for i := range n {
		callers.Go(func() { faults[i] = do(t.Context(), i) })
	}
	callers.Wait()
	failed := 0
	for _, err := range faults {
		if err == nil {
			continue
		}
		if failed++; failed <= 3 {
			t.Errorf("%s: %v", what, err)
		}
	}
	calls, throttled = m.calls.Load()-calls, m.throttled.Load()-throttled
	t.Logf("%-9s %3d side by side: %3d failed, %5d calls, %6.1f each, %4d throttled, %s of virtual time",
		what, n, failed, calls, float64(calls)/float64(n), throttled, time.Since(start).Round(100*time.Millisecond))
}
