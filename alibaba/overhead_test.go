// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"sync"
	"testing"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
)

// memory is a transport that asks next once for each request and then remembers the
// answer, so that the caller is measured and not the simulator.
type memory struct {
	next    http.RoundTripper
	answers sync.Map // of remembered, by method and URL
}

type remembered struct {
	header http.Header
	body   []byte
}

func (m *memory) RoundTrip(r *http.Request) (*http.Response, error) {
	key := r.Method + " " + r.URL.String()
	answer, ok := m.answers.Load(key)
	if !ok {
		response, err := m.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			return response, err
		}
		answer = remembered{response.Header, body}
		m.answers.Store(key, answer)
	}
	known, _ := answer.(remembered)
	return &http.Response{StatusCode: http.StatusOK, Header: known.header.Clone(), Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(known.body)), ContentLength: int64(len(known.body))}, nil
}

// overhead lists clusters with five node groups each, by a handler and by hand: the same
// calls with the client of the SDK, as much at once.
type overhead struct{ handler, byHand func() error }

func newOverhead(t testing.TB, clusters int) overhead {
	t.Helper()
	s := bench.Fleet(t, bench.Simulate(providertest.Options{Unlimited: true}), clusters, 5)
	h := newHandlerOn(t, &memory{next: s.Transport()}, func(c *alibaba.Config) { c.RateLimits = "none" })
	client := ackClient(t.Context(), t, h)
	return overhead{
		handler: func() error { _, err := h.ListCluster(t.Context()); return err },
		byHand:  func() error { return listByHand(t.Context(), client) },
	}
}

func listByHand(ctx context.Context, client *cs.Client) error {
	list, err := client.DescribeClustersForRegion(tea.String(region), &cs.DescribeClustersForRegionRequest{PageNumber: tea.Int64(1), PageSize: tea.Int64(100)})
	if err != nil {
		return err
	}
	reads, _ := errgroup.WithContext(ctx)
	reads.SetLimit(6)
	for _, c := range list.Body.Clusters {
		reads.Go(func() error { _, err := client.DescribeClusterDetail(c.ClusterId); return err })
		reads.Go(func() error {
			_, err := client.DescribeClusterNodePools(c.ClusterId, &cs.DescribeClusterNodePoolsRequest{})
			return err
		})
		reads.Go(func() error {
			_, err := client.DescribeClusterNodes(c.ClusterId, &cs.DescribeClusterNodesRequest{PageNumber: tea.String("1"), PageSize: tea.String("100")})
			return err
		})
	}
	return reads.Wait()
}

// TestOverhead holds a listing to a few per cent more allocations than the same calls by
// hand: unlike time, they are the same on every run. Measured were 8,936 for each cluster,
// nearly all of them in the SDK, which decodes twice.
func TestOverhead(t *testing.T) {
	const clusters = 10
	runs := 10
	if providertest.UnderRace {
		runs = 2
	}
	o := newOverhead(t, clusters)
	byHand := providertest.Allocations(t, runs, math.Inf(1), o.byHand)
	handler := providertest.Allocations(t, runs, 1.05*byHand, o.handler)
	t.Logf("%.0f allocations for each cluster, %.0f of them by hand too: %.1f%% more", handler/clusters, byHand/clusters, 100*(handler/byHand-1))
	if handler > 1.05*byHand {
		t.Errorf("%.0f allocations, %.0f by hand", handler, byHand)
	}
}

// BenchmarkOverhead measures the time of both.
func BenchmarkOverhead(b *testing.B) {
	o := newOverhead(b, 20)
	for name, call := range map[string]func() error{"pmks": o.handler, "by-hand": o.byHand} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
