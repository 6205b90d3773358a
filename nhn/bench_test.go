// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// canned answers what it was asked once as it was answered then, and costs nothing else:
// what is measured through it is the handler with its SDK.
type canned struct {
	next    http.RoundTripper
	mu      sync.Mutex
	answers map[string]answer
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	key := r.Method + r.URL.String()
	c.mu.Lock()
	a, ok := c.answers[key]
	c.mu.Unlock()
	if !ok {
		resp, err := c.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		a = answer{resp.StatusCode, resp.Header, string(body)}
		c.mu.Lock()
		c.answers[key] = a
		c.mu.Unlock()
	}
	return &http.Response{StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header.Clone(),
		Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r}, nil
}

// cannedHandler opens handlers on recorded answers of clusters with five node groups each.
func cannedHandler(t testing.TB, clusters int) (open func() *nhn.Handler) {
	t.Helper()
	c := &canned{next: bench.Fleet(t, nks.New(nks.Options{Unlimited: true, Quota: noQuota}), clusters, 5).Transport(), answers: map[string]answer{}}
	open = func() *nhn.Handler {
		cfg := configFor(nks.New(nks.Options{}))
		cfg.Transport, cfg.RateLimits = c, "none"
		return providertest.New(t, nhn.New, cfg)
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
// more allocations for each cluster than it took when this was written: 1,234.
func TestAllocations_listing(t *testing.T) { // not parallel: AllocsPerRun counts everything
	const clusters, most = 10, 1360
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
