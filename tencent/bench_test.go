// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// canned answers what it was asked once as it was answered then, and costs nothing else:
// what is measured through it is the handler with its SDK.
type canned struct {
	next    http.RoundTripper
	mu      sync.Mutex
	answers map[string]string
}

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	key := r.Header.Get("X-TC-Action") + string(body)
	c.mu.Lock()
	answer, ok := c.answers[key]
	c.mu.Unlock()
	if !ok {
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		resp, err := c.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		answer = string(text)
		c.mu.Lock()
		c.answers[key] = answer
		c.mu.Unlock()
	}
	return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(answer)), ContentLength: int64(len(answer)), Request: r}, nil
}

// cannedHandler is a handler on recorded answers of clusters with five node groups each.
func cannedHandler(t testing.TB, clusters int) (open func() *tencent.Handler) {
	t.Helper()
	c := &canned{next: bench.Fleet(t, tke.New(tke.Options{Unlimited: true}), clusters, 5).Transport(), answers: map[string]string{}}
	open = func() *tencent.Handler {
		return newHandlerOn(t, c, func(cfg *tencent.Config) { cfg.RateLimits = "none" })
	}
	if list, err := open().ListCluster(t.Context()); err != nil || len(list) != clusters {
		t.Fatalf("%d clusters, %v", len(list), err)
	}
	return open
}

// BenchmarkListCluster lists a hundred clusters with five node groups each, of which the
// handler knows nothing yet.
func BenchmarkListCluster(b *testing.B) {
	open := cannedHandler(b, 100)
	b.ReportAllocs()
	for b.Loop() {
		if list, err := open().ListCluster(b.Context()); err != nil || len(list) != 100 {
			b.Fatal(len(list), err)
		}
	}
}

// BenchmarkGetCluster reads one of them.
func BenchmarkGetCluster(b *testing.B) {
	open := cannedHandler(b, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := open().GetCluster(b.Context(), pmks.IID{NameId: "c000"}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAllocations_listing holds a whole listing, the work of the SDK included, to a tenth
// more allocations for each cluster than it took when this was written: 1,862, of which
// some 1,710 are those of the same requests by hand (internal/perfreport/byhand).
func TestAllocations_listing(t *testing.T) { // not parallel: AllocsPerRun counts everything
	const clusters, most = 10, 2050
	open := cannedHandler(t, clusters)
	n := testing.AllocsPerRun(10, func() {
		if _, err := open().ListCluster(t.Context()); err != nil {
			t.Error(err)
		}
	}) / clusters
	t.Logf("%.0f allocations for each cluster", n)
	if n > most {
		t.Errorf("%.0f allocations for each cluster, want %d at most", n, most)
	}
}
