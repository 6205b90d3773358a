// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// TestRates: many callers of two handlers with the same keys: none is throttled, as they
// draw from one limiter, and what may be used of the rate is used.
func TestRates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const callers, perSecond, burst = 200, 18, 2 // of 20
		s := readyAccount(t, tke.Options{}, nil)
		through := s.Transport()
		handlers := []*tencent.Handler{newHandlerOn(t, through), newHandlerOn(t, through)}
		start := time.Now()
		var group sync.WaitGroup
		for i := range callers {
			group.Go(func() {
				if _, err := handlers[i%2].ListIID(t.Context()); err != nil {
					t.Errorf("%v", err)
				}
			})
		}
		group.Wait()
		took := time.Since(start)
		for _, call := range s.Calls() {
			if strings.HasPrefix(call.Code, "RequestLimitExceeded") {
				t.Fatalf("%s is throttled after %s", call.Op, call.Start.Sub(start))
			}
		}
		if least := time.Duration(callers-burst) * time.Second / perSecond; took < least-time.Second || took > least*10/9 {
			t.Errorf("%d calls took %s, at %d a second", callers, took, perSecond)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		through := s.Transport()
		other := newHandlerOn(t, through, func(c *tencent.Config) { c.RateLimits = "none" })
		start := time.Now()
		for range 20 {
			if err := providertest.ListIID(t.Context(), other); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took > 0 {
			t.Errorf("without limits: %s", took)
		}
	})
}

// TestCold: callers of a new handler who miss the name of a cluster at the same moment ask
// for it once, together, and those who come after them not at all.
func TestCold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const callers = 100
		cluster, group := fleetSystemIDs(t)
		s := bench.Fleet(t, bench.Simulate(providertest.Options{Latency: providertest.Latency}), 1, 1)
		h := newHandler(t, s)
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				time.Sleep(time.Duration(i/2) * providertest.Latency / 10) //nolint:forbidigo // inside a bubble
				if _, err := h.ReadState(t.Context(), cluster, group); err != nil {
					t.Errorf("caller %d: %v", i, err)
				}
			})
		}
		all.Wait()
		if got, want := s.Counts(), map[string]int{"DescribeClusters": 1, "DescribeClusterNodePools": callers}; !maps.Equal(got, want) {
			t.Errorf("requests %v, want %v", got, want)
		}
	})
}
