// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"sync"
	"testing"

	sdk "github.com/IBM/go-sdk-core/v5/core"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/iks"
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
// calls with the SDK's core, as much at once.
type overhead struct{ handler, byHand func() error }

func newOverhead(t testing.TB, clusters int) overhead {
	t.Helper()
	s := fleet(t, clusters, 5, iks.Options{Unlimited: true})
	cfg := configFor(s)
	cfg.Transport, cfg.RateLimits = &memory{next: s.Transport()}, "none"
	h := newHandlerWith(t, cfg)
	service := iksService(t, h)
	return overhead{
		handler: func() error { _, err := h.ListCluster(t.Context()); return err },
		byHand:  func() error { return listByHand(t.Context(), service) },
	}
}

// What a program keeps of the answers.
type (
	plainCluster struct {
		ID, Name, Region, State, MasterKubeVersion, MasterURL, CreatedDate string

		VPCs      []string
		Lifecycle struct{ MasterStatus, MasterHealth, MasterState string }
	}
	plainPool struct {
		ID, PoolName, Flavor, OperatingSystem string

		Labels      map[string]string
		WorkerCount int
		Zones       []struct {
			ID      string
			Subnets []struct{ ID string }
		}
	}
	plainWorker struct {
		ID, PoolID  string
		KubeVersion struct{ Actual string }
		Health      struct{ State string }
		Lifecycle   struct{ ActualState string }
	}
)

func plainRead(ctx context.Context, s *sdk.BaseService, path string, out any, query ...string) error {
	b := sdk.NewRequestBuilder(sdk.GET).WithContext(ctx)
	if _, err := b.ResolveRequestURL(s.Options.URL, path, nil); err != nil {
		return err
	}
	for i := 0; i+1 < len(query); i += 2 {
		b.AddQuery(query[i], query[i+1])
	}
	b.AddHeader("Accept", "application/json")
	req, err := b.Build()
	if err != nil {
		return err
	}
	_, err = s.Request(req, out)
	return err
}

func listByHand(ctx context.Context, s *sdk.BaseService) error {
	var list []plainCluster
	if err := plainRead(ctx, s, "/v2/vpc/getClusters", &list, "provider", "vpc-gen2"); err != nil {
		return err
	}
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(6)
	for _, c := range list {
		reads.Go(func() error {
			var cluster plainCluster
			if err := plainRead(ctx, s, "/v2/vpc/getCluster", &cluster, "cluster", c.ID); err != nil {
				return err
			}
			var pools []plainPool
			if err := plainRead(ctx, s, "/v2/vpc/getWorkerPools", &pools, "cluster", c.ID); err != nil {
				return err
			}
			var workers []plainWorker
			return plainRead(ctx, s, "/v2/vpc/getWorkers", &workers, "cluster", c.ID, "showDeleted", "false")
		})
	}
	return reads.Wait()
}

// TestOverhead holds a listing to no more allocations than the same calls by hand, which
// have the core decode: unlike time, they are the same on every run. Measured were 594 for
// each cluster.
func TestOverhead(t *testing.T) {
	const clusters, most = 10, 720
	o := newOverhead(t, clusters)
	byHand := providertest.Allocations(t, 10, math.Inf(1), o.byHand)
	handler := providertest.Allocations(t, 10, min(byHand, clusters*most), o.handler)
	t.Logf("%.0f allocations for each cluster, %.0f of them by hand too: %.1f%% more", handler/clusters, byHand/clusters, 100*(handler/byHand-1))
	if handler > byHand || handler/clusters > most {
		t.Errorf("%.0f allocations for %d clusters, %.0f by hand, want at most that and %d for each", handler, clusters, byHand, most)
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
