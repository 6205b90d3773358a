// SPDX-License-Identifier: Apache-2.0

package fanout_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

func limiterOf(r fanout.Rate) *fanout.Limiter {
	return fanout.NewLimiter(func(string) fanout.Rate { return r })
}

// sent notes when requests leave.
type sent struct {
	mu sync.Mutex
	at []time.Time
}

func (s *sent) note() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = append(s.at, time.Now())
	return len(s.at)
}

func (s *sent) between(from, to time.Time) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, at := range s.at {
		if at.After(from) && at.Before(to) {
			n++
		}
	}
	return n
}

// TestHold_line: what the cloud asks of one caller holds for those too who stand in line
// already, and when it has passed they do not come all at once.
func TestHold_line(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter, start := limiterOf(fanout.Rate{PerSecond: 10, Burst: 1}), time.Now()
		var s sent
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				_, err := fanout.Read(t.Context(), limiter, "b", func(context.Context) (none, error) {
					if s.note() == 10 {
						return none{}, &pmks.Error{Code: pmks.CodeThrottled, RetryAfter: 5 * time.Second}
					}
					return none{}, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		throttled := start.Add(900 * time.Millisecond)
		if n := s.between(throttled, throttled.Add(5*time.Second)); n > 0 {
			t.Errorf("%d requests left in the 5 s in which the cloud wanted to hear nothing", n)
		}
		// Half as fast as before from then on.
		if n := s.between(throttled.Add(5*time.Second), throttled.Add(7*time.Second)); n > 12 {
			t.Errorf("%d requests left in the 2 s after that", n)
		}
	})
}

// TestHold_long: a time that is too long to wait for within a call is told to all who come
// meanwhile, and nothing is sent.
func TestHold_long(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *fanout.Limiter, string, func(context.Context) (none, error)) (none, error){
		"read": fanout.Read[none], "change": fanout.Do[none],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				limiter := limiterOf(fanout.Rate{PerSecond: 10, Burst: 10})
				calls := 0
				ask := func(context.Context) (none, error) {
					if calls++; calls == 1 {
						return none{}, &pmks.Error{Code: pmks.CodeThrottled, RetryAfter: 20 * time.Minute}
					}
					return none{}, nil
				}
				for range 5 {
					_, err := call(t.Context(), limiter, "b", ask)
					var e *pmks.Error
					if !errors.As(err, &e) || e.Code != pmks.CodeThrottled || e.RetryAfter < 19*time.Minute {
						t.Errorf("got %v", err)
					}
					time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
				}
				if calls != 1 {
					t.Errorf("%d requests were sent while the cloud wanted to hear nothing", calls)
				}
				time.Sleep(20 * time.Minute) //nolint:forbidigo // inside a synctest bubble
				if _, err := call(t.Context(), limiter, "b", ask); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestDo_impatient: a caller whose time is too short is no sign that the cloud throttles.
func TestDo_impatient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := limiterOf(fanout.Rate{PerSecond: 1, Burst: 1})
		call, _ := script(pmks.CodeOK)
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_, _ = fanout.Do(ctx, limiter, "b", call)
			cancel()
			time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
			_, _ = fanout.Do(t.Context(), limiter, "b", call)
			_, _ = fanout.Do(ctx, limiter, "b", call)
			short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if _, err := fanout.Do(short, limiter, "b", call); !errors.Is(err, pmks.ErrThrottled) {
				t.Fatalf("got %v", err)
			}
			cancel()
		}
		time.Sleep(2 * time.Second) //nolint:forbidigo // inside a synctest bubble
		start := time.Now()
		for range 6 {
			if _, err := fanout.Do(t.Context(), limiter, "b", call); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("six requests at one a second took %s: callers without patience slowed the bucket", took)
		}
	})
}

// TestLine_crowd: a call that comes when a crowd of waits has stood in line for a while
// does not wait behind them, and neither starves the other.
func TestLine_crowd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := limiterOf(fanout.Rate{PerSecond: 10, Burst: 1})
		call, _ := script(pmks.CodeOK)
		var waits sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		for range 500 {
			waits.Go(func() { _, _ = fanout.Read(poll.Waiting(ctx), limiter, "b", call) })
		}
		time.Sleep(6 * time.Second) //nolint:forbidigo // inside a synctest bubble
		start := time.Now()
		_, err := fanout.Read(t.Context(), limiter, "b", call)
		if took := time.Since(start); err != nil || took > time.Second {
			t.Errorf("a call waited %s behind waits: %v", took, err)
		}
		cancel()
		waits.Wait()

		looks := 0
		var callers sync.WaitGroup
		ctx, cancel = context.WithCancel(t.Context())
		for range 20 {
			callers.Go(func() {
				for ctx.Err() == nil {
					_, _ = fanout.Read(ctx, limiter, "b", call)
				}
			})
		}
		for end := time.Now().Add(time.Minute); time.Now().Before(end); looks++ {
			_, _ = fanout.Read(poll.Waiting(t.Context()), limiter, "b", call)
		}
		cancel()
		callers.Wait()
		if looks < 100 { // of 600 requests
			t.Errorf("beside 20 callers that ask all the time, a wait looked %d times in a minute", looks)
		}
	})
}

// TestLine_slots: a call does not wait behind waits either where it is not the rate that is
// short but the places: the cloud is slow, or the rates are switched off.
func TestLine_slots(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]fanout.Rate{"slow cloud": {PerSecond: 100, Burst: 100}, "no rate": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				limiter := limiterOf(r)
				slow := func(ctx context.Context) (none, error) { return none{}, poll.Sleep(ctx, 2*time.Second) }
				var waits sync.WaitGroup
				ctx, cancel := context.WithCancel(t.Context())
				for range 400 {
					waits.Go(func() { _, _ = fanout.Read(poll.Waiting(ctx), limiter, "b", slow) })
				}
				time.Sleep(10 * time.Second) //nolint:forbidigo // inside a synctest bubble
				start := time.Now()
				_, err := fanout.Read(t.Context(), limiter, "b", slow)
				if took := time.Since(start); err != nil || took > 6*time.Second {
					t.Errorf("a call of 2 s took %s beside waits: %v", took, err)
				}
				cancel()
				waits.Wait()
			})
		})
	}
}

// TestLine_leaves: who goes away costs those behind nothing.
func TestLine_leaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := limiterOf(fanout.Rate{PerSecond: 1, Burst: 1})
		call, calls := script(pmks.CodeOK)
		_, _ = fanout.Read(t.Context(), limiter, "b", call)
		ctx, cancel := context.WithCancel(t.Context())
		var gone sync.WaitGroup
		for range 50 {
			gone.Go(func() {
				if _, err := fanout.Read(ctx, limiter, "b", call); !errors.Is(err, pmks.ErrCanceled) {
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		var last sync.WaitGroup
		last.Go(func() { _, _ = fanout.Read(t.Context(), limiter, "b", call) })
		synctest.Wait()
		cancel()
		gone.Wait()
		last.Wait()
		if took := time.Since(start); took != time.Second || *calls != 2 {
			t.Errorf("after %s, %d calls", took, *calls)
		}
	})
}

// TestSlow_unpublished: a bucket of which the cloud publishes nothing is drawn from at a
// rate that the cloud bears once it throttles, so that all are served.
func TestSlow_unpublished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := limiterOf(fanout.Rate{})
		var s sent
		var callers sync.WaitGroup
		var mu sync.Mutex
		failed, tokens, last := 0, 40.0, time.Now()
		cloud := func(ctx context.Context) (none, error) { // 20 a second, 40 at once
			s.note()
			if err := poll.Sleep(ctx, 40*time.Millisecond); err != nil {
				return none{}, err
			}
			mu.Lock()
			defer mu.Unlock()
			now := time.Now()
			tokens, last = min(40, tokens+20*now.Sub(last).Seconds()), now
			if tokens < 1 {
				return none{}, &pmks.Error{Code: pmks.CodeThrottled}
			}
			tokens--
			return none{}, nil
		}
		start := time.Now()
		for range 200 {
			callers.Go(func() {
				for range 10 {
					if _, err := fanout.Read(t.Context(), limiter, "b", cloud); err != nil {
						mu.Lock()
						failed++
						mu.Unlock()
					}
				}
			})
		}
		callers.Wait()
		took := time.Since(start)
		t.Logf("2,000 requests at 20 a second: %d sent, %d failed, %s", len(s.at), failed, took)
		if failed > 0 || len(s.at) > 2400 || took > 5*time.Minute {
			t.Errorf("2,000 requests at 20 a second: %d sent, %d failed, %s", len(s.at), failed, took)
		}
	})
}

// TestRead_older: what a try told before the last one is not shown beside the fault of the
// last one.
func TestRead_older(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, second := range map[string]func() (int, error){
			"panic":    func() (int, error) { panic("a fault") },
			"not sent": nil,
		} {
			calls := 0
			ctx, cancel := context.WithCancel(t.Context())
			limiter := limiterOf(fanout.Rate{PerSecond: 1, Burst: 1})
			got, err := fanout.Read(ctx, limiter, "b", func(context.Context) (int, error) {
				if calls++; calls == 1 {
					if second == nil {
						time.AfterFunc(800*time.Millisecond, cancel)
					}
					return 7, &pmks.Error{Code: pmks.CodeThrottled, RetryAfter: 500 * time.Millisecond}
				}
				return second()
			})
			cancel()
			if err == nil || got != 0 {
				t.Errorf("%s: got %d, %v", name, got, err)
			}
		}
	})
}
