// SPDX-License-Identifier: Apache-2.0

package fanout_test

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// byValue is a transport that cannot be compared.
type byValue []http.RoundTripper

func (byValue) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrNotSupported }

func TestShared(t *testing.T) {
	t.Parallel()
	of := fanout.Account{Provider: "toy", Identity: "TestShared", Region: "r"}
	l := fanout.Shared(of, nil)
	if fanout.Shared(of, nil) != l {
		t.Error("two handlers of one account have a limiter each")
	}
	for name, change := range map[string]func(*fanout.Account){
		"provider":  func(a *fanout.Account) { a.Provider = "other" },
		"identity":  func(a *fanout.Account) { a.Identity = "other" },
		"region":    func(a *fanout.Account) { a.Region = "other" },
		"endpoint":  func(a *fanout.Account) { a.Endpoint = "other" },
		"rates":     func(a *fanout.Account) { a.Rates = "none" },
		"transport": func(a *fanout.Account) { a.Transport = &http.Transport{} },
	} {
		other := of
		change(&other)
		if fanout.Shared(other, nil) == l {
			t.Errorf("another %s shares the limiter", name)
		}
	}
	of.Transport = byValue{}
	if first, second := fanout.Shared(of, nil), fanout.Shared(of, nil); first == second {
		t.Error("what cannot be compared is taken for the same")
	}
	runtime.KeepAlive(l)
}

// TestShared_goes: with the last handler of an account its limiter goes.
func TestShared_goes(t *testing.T) {
	t.Parallel()
	of := fanout.Account{Provider: "toy", Identity: "TestShared_goes"}
	gone := make(chan struct{})
	func() {
		runtime.AddCleanup(fanout.Shared(of, nil), func(c chan struct{}) { close(c) }, gone)
	}()
	for {
		runtime.GC()
		select {
		case <-gone:
			if fanout.Shared(of, nil) == nil {
				t.Error("there is none for the next")
			}
			return
		default:
			runtime.Gosched()
		}
	}
}

// TestLimiter_slows: a cloud that throttles below its published rate, because others
// draw from it too, is asked less; it is asked as before when it has been quiet.
func TestLimiter_slows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := fanout.NewLimiter(func(string) fanout.Rate { return fanout.Rate{PerSecond: 10, Burst: 1} })
		throttled := true
		sent := func(d time.Duration) (n int) {
			for end := time.Now().Add(d); time.Now().Before(end); n++ {
				_, _ = fanout.Do(t.Context(), limiter, "b", func(context.Context) (none, error) {
					if throttled {
						return none{}, &pmks.Error{Code: pmks.CodeThrottled}
					}
					return none{}, nil
				})
			}
			return n
		}
		if n := sent(10 * time.Second); n > 30 {
			t.Errorf("%d requests in 10 s of throttling, 100 were allowed", n)
		}
		throttled = false
		sent(time.Minute)
		if n := sent(10 * time.Second); n < 95 || n > 101 {
			t.Errorf("%d requests in 10 s after a quiet minute, want 100", n)
		}
	})
}

// TestLimiter_waitsYield: beside fifty waits that look all the time, a call waits for one
// look at most; the waits are not starved by a crowd of calls.
func TestLimiter_waitsYield(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := fanout.NewLimiter(func(string) fanout.Rate { return fanout.Rate{PerSecond: 1, Burst: 1} })
		call, _ := script(pmks.CodeOK)
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		var waits sync.WaitGroup
		for range 50 {
			waits.Go(func() { _, _ = fanout.Read(poll.Waiting(ctx), limiter, "b", call) })
		}
		synctest.Wait()
		start := time.Now()
		_, err := fanout.Read(t.Context(), limiter, "b", call)
		if took := time.Since(start); err != nil || took > 2*time.Second {
			t.Errorf("a call waited %s behind waits: %v", took, err)
		}
		waits.Wait()
		var looked atomic.Bool
		var crowd sync.WaitGroup
		for range 30 {
			crowd.Go(func() { _, _ = fanout.Read(t.Context(), limiter, "b", call) })
		}
		crowd.Go(func() {
			_, err := fanout.Read(poll.Waiting(t.Context()), limiter, "b", call)
			looked.Store(err == nil)
		})
		crowd.Wait()
		if !looked.Load() {
			t.Error("a wait is starved")
		}
	})
}
