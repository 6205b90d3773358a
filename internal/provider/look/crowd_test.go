// SPDX-License-Identifier: Apache-2.0

package look_test

import (
	"context"
	"fmt"
	"net/http/httptrace"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/look"
)

// looking is the context of a look of a wait that pauses for a while between two.
func looking(ctx context.Context, pause time.Duration) (inner context.Context) {
	loop := poll.Loop{BackOff: backoff.NewConstantBackOff(pause)}
	_ = loop.Run(ctx, func(ctx context.Context) (bool, error) { inner = poll.Waiting(ctx); return true, nil })
	return inner
}

// TestRead_leavesOpen: a round that all have left before it began is one like others for
// those who come into it later.
func TestRead_leavesOpen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := cloud{takes: time.Second}
		read := func(ctx context.Context, key string) (string, error) {
			return c.shared.Read(looking(ctx, 30*time.Second), key, c.way(key))
		}
		for range 3 { // each at once; from then on looks are gathered
			_, _ = read(t.Context(), "a")
		}
		ctx, cancel := context.WithCancel(t.Context())
		var looks sync.WaitGroup
		looks.Go(func() { _, _ = read(ctx, "a") })
		synctest.Wait()
		cancel()
		synctest.Wait()
		for i := range 20 {
			looks.Go(func() {
				if _, err := read(t.Context(), fmt.Sprint(i/2)); err != nil {
					t.Errorf("a look is told the end of another's: %v", err)
				}
			})
		}
		looks.Wait()
		if ones, lists := c.asked(); ones > 3 || lists != 1 {
			t.Errorf("%d looks, %d lists", ones, lists)
		}
	})
}

// TestRead_bounded: looks that must be answered within a short time do not wait for others
// longer than that.
func TestRead_bounded(t *testing.T) {
	for _, bound := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second} {
		t.Run(bound.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := cloud{takes: 40 * time.Millisecond}
				var mu sync.Mutex
				failed, looked := 0, 0
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				var waits sync.WaitGroup
				for i := range 200 {
					key := fmt.Sprint(i)
					loop := poll.Loop{BackOff: backoff.NewConstantBackOff(30 * time.Second), Failures: 1 << 30, Passing: func(error) bool { return true }}
					waits.Go(func() {
						_ = loop.Run(ctx, func(inner context.Context) (bool, error) {
							inner, done := context.WithTimeout(inner, bound)
							defer done()
							_, err := c.shared.Read(poll.Waiting(inner), key, c.way(key))
							mu.Lock()
							defer mu.Unlock()
							looked++
							if err != nil && ctx.Err() == nil {
								failed++
							}
							return false, err
						})
					})
				}
				waits.Wait()
				if failed > 0 {
					t.Errorf("%d of %d looks failed for want of time", failed, looked)
				}
				if ones, lists := c.asked(); lists < 20 || ones > 100 {
					t.Errorf("%d looks, %d lists", ones, lists)
				}
			})
		})
	}
}

type markKey struct{}

// TestRead_foreign: what is read for many carries nothing of the context of one: neither
// its trace, which would be told of requests that are not its own, nor its deadline.
func TestRead_foreign(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var c cloud
		way := c.way("a")
		seen := 0
		way.All = func(ctx context.Context, keys []string) (map[string]string, int, error) {
			seen++
			if ctx.Value(markKey{}) != nil || httptrace.ContextClientTrace(ctx) != nil {
				t.Error("a listing for many carries the values of one context")
			}
			if _, ok := ctx.Deadline(); ok || !poll.IsWaiting(ctx) {
				t.Error("a listing for many has the deadline of one, or is no look of a wait")
			}
			return c.all(ctx, keys)
		}
		ctx := context.WithValue(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{}), markKey{}, 1)
		ctx, cancel := context.WithTimeout(looking(ctx, 30*time.Second), time.Minute)
		defer cancel()
		var looks sync.WaitGroup
		for i := range 20 {
			looks.Go(func() { _, _ = c.shared.Read(ctx, fmt.Sprint(i), way) })
		}
		looks.Wait()
		if seen != 1 {
			t.Errorf("%d lists", seen)
		}
	})
}

// TestRead_slowList: a listing that takes longer than the time between two is not begun
// again and again beside itself.
func TestRead_slowList(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := cloud{takes: 12 * time.Second, requests: 10}
		var mu sync.Mutex
		now, most := 0, 0
		way := func(key string) look.Way[string] {
			w := c.way(key)
			w.All = func(ctx context.Context, keys []string) (map[string]string, int, error) {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				defer func() { mu.Lock(); now--; mu.Unlock() }()
				return c.all(ctx, keys)
			}
			return w
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var waits sync.WaitGroup
		for i := range 1000 {
			key := fmt.Sprint(i)
			waits.Go(func() {
				c.wait(ctx, key, 30*time.Second, way(key), func(_ string, err error) {
					if err != nil && ctx.Err() == nil {
						t.Errorf("a look failed: %v", err)
					}
				})
			})
		}
		waits.Wait()
		ones, lists := c.asked()
		if most > 1 || lists < 20 || ones > 10 {
			t.Errorf("%d lists, %d of them at a time, %d looks", lists, most, ones)
		}
	})
}

// TestRead_hangingList: a listing that hangs holds up its own round, not those after it.
func TestRead_hangingList(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := cloud{takes: time.Second}
		var hung atomic.Bool
		way := func(key string) look.Way[string] {
			w := c.way(key)
			w.All = func(ctx context.Context, keys []string) (map[string]string, int, error) {
				if hung.CompareAndSwap(false, true) {
					<-ctx.Done()
					return nil, 0, &pmks.Error{Code: pmks.CodeCanceled, Err: ctx.Err()}
				}
				return c.all(ctx, keys)
			}
			return w
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		var waits sync.WaitGroup
		var mu sync.Mutex
		failed := map[string]int{}
		for i := range 100 {
			key := fmt.Sprint(i)
			waits.Go(func() {
				loop := poll.Loop{BackOff: backoff.NewConstantBackOff(15 * time.Second), Failures: 1 << 30, Passing: func(error) bool { return true }}
				_ = loop.Run(ctx, func(inner context.Context) (bool, error) {
					inner, done := context.WithTimeout(inner, time.Minute)
					defer done()
					_, err := c.shared.Read(poll.Waiting(inner), key, way(key))
					if err != nil && ctx.Err() == nil {
						mu.Lock()
						failed[key]++
						mu.Unlock()
					}
					return false, err
				})
			})
		}
		waits.Wait()
		for key, n := range failed {
			if n > 1 {
				t.Errorf("%d looks of %s failed", n, key)
			}
		}
	})
}

// TestRead_outage: while nothing of the cloud answers, waits do not ask one by one.
func TestRead_outage(t *testing.T) {
	for _, code := range []pmks.Code{pmks.CodeUnavailable, pmks.CodeThrottled} {
		t.Run(code.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := cloud{takes: time.Second, fails: &pmks.Error{Code: code}, down: true}
				answers := c.run(t, 500, 15*time.Second, 5*time.Minute)
				ones, lists := c.asked()
				if ones > lists+5 || lists > 61 {
					t.Errorf("%d looks and %d lists at a cloud that does not answer", ones, lists)
				}
				if answers[code.String()] < 500*10 {
					t.Errorf("answers: %v", answers)
				}
			})
		})
	}
}

// TestRead_goexit: a read that leaves its goroutine answers nobody with nothing.
func TestRead_goexit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var c cloud
		var looks sync.WaitGroup
		for i := range 20 {
			key := fmt.Sprint(i / 10)
			looks.Go(func() {
				ctx, cancel := context.WithTimeout(looking(t.Context(), 30*time.Second), time.Minute)
				defer cancel()
				way := look.Way[string]{One: c.one(key)}
				if i%10 >= 3 {
					way.One = func(context.Context) (string, error) { runtime.Goexit(); return "", nil }
				}
				time.Sleep(time.Duration(i%10) * time.Millisecond) //nolint:forbidigo // inside a synctest bubble
				start := time.Now()
				if state, err := c.shared.Read(ctx, key, way); err == nil && state == "" || time.Since(start) > 20*time.Second {
					t.Errorf("told %q, %v after %s", state, err, time.Since(start))
				}
			})
		}
		looks.Wait()
	})
}
