// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Pace is how fast a provider may make a kind of request.
type Pace struct {
	Name string
	// Call makes Requests requests that are counted together; 0 means 1.
	Call     Call
	Requests int
	// PerSecond and Burst are what the provider allows itself.
	PerSecond float64
	Burst     int
	// Throttled reports whether a call of the simulator's journal is a refusal to hear so
	// many; nil means the status 429.
	Throttled func(simkit.Call) bool
}

// Rates has 200 callers at once make the same call on a cloud of one cluster with one
// group that holds them to its published rates, half of them on each of two handlers of
// one account: none is throttled, and together they are nearly as fast as they may be.
func (b Bench[S]) Rates(t *testing.T, paces []Pace) {
	t.Helper()
	for _, p := range paces {
		t.Run(p.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { b.pace(t, p) })
		})
	}
}

func (b Bench[S]) pace(t testing.TB, p Pace) {
	t.Helper()
	const callers, fast = 200, 0.9
	s := b.Fleet(t, b.Simulate(Options{}), 1, 1)
	through := s.Transport() // handlers of one account go one way
	open := func() Handler {
		return New(t, func(ctx context.Context, c Connection) (Handler, error) { return b.Open(ctx, s, c) }, Connection{Transport: through})
	}
	handlers := []Handler{open(), open()}
	start := time.Now()
	var work sync.WaitGroup
	for i := range callers {
		work.Go(func() {
			if err := p.Call(t.Context(), handlers[i%len(handlers)]); err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	work.Wait()
	took := time.Since(start)
	refused := p.Throttled
	if refused == nil {
		refused = func(c simkit.Call) bool { return c.Status == http.StatusTooManyRequests }
	}
	n := 0
	for _, c := range s.Calls() {
		if refused(c) {
			n++
		}
	}
	if n > 0 {
		t.Errorf("the cloud refused %d of %d requests", n, len(s.Calls()))
	}
	requests := callers * max(1, p.Requests)
	least := time.Duration(float64(requests-p.Burst) / p.PerSecond * float64(time.Second))
	if most := time.Duration(float64(least)/fast) + time.Second; took > most || took < least-time.Second {
		t.Errorf("%d requests took %s: at %v a second and %d at once it must be %s to %s", requests, took, p.PerSecond, p.Burst, least, most)
	}
	t.Logf("%d requests in %s", requests, took)
}
