// SPDX-License-Identifier: Apache-2.0

package fanout_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type none = struct{}

// script answers one code after another, the last for ever.
func script(codes ...pmks.Code) (call func(context.Context) (none, error), calls *int) {
	n := 0
	return func(context.Context) (none, error) {
		code := codes[min(n, len(codes)-1)]
		n++
		if code == pmks.CodeOK {
			return none{}, nil
		}
		return none{}, &pmks.Error{Code: code}
	}, &n
}

func TestRead_repeats(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		codes []pmks.Code
		want  pmks.Code
		calls int
	}{
		{"at-once", []pmks.Code{pmks.CodeOK}, pmks.CodeOK, 1},
		{"one-of-each-passing-fault", []pmks.Code{pmks.CodeThrottled, pmks.CodeUnavailable, pmks.CodeInternal, pmks.CodeOK}, pmks.CodeOK, 4},
		{"for-ever", []pmks.Code{pmks.CodeUnavailable}, pmks.CodeUnavailable, fanout.Tries},
		{"refused", []pmks.Code{pmks.CodePermissionDenied}, pmks.CodePermissionDenied, 1},
		{"not-found", []pmks.Code{pmks.CodeNotFound}, pmks.CodeNotFound, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				call, calls := script(test.codes...)
				_, err := fanout.Read(t.Context(), fanout.NewLimiter(nil), "b", call)
				if pmks.CodeOf(err) != test.want || *calls != test.calls {
					t.Errorf("got %v after %d calls, want %s after %d", err, *calls, test.want, test.calls)
				}
			})
		})
	}
}

func TestDo_sendsOnce(t *testing.T) {
	t.Parallel()
	for _, code := range []pmks.Code{pmks.CodeThrottled, pmks.CodeUnavailable, pmks.CodeInternal} {
		call, calls := script(code)
		if _, err := fanout.Do(t.Context(), fanout.NewLimiter(nil), "b", call); pmks.CodeOf(err) != code || *calls != 1 {
			t.Errorf("%s: got %v after %d calls", code, err, *calls)
		}
	}
}

// TestRead_hangs: a connection that hangs costs one try, not the caller's time.
func TestRead_hangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, calls := time.Now(), 0
		_, err := fanout.Read(t.Context(), fanout.NewLimiter(nil), "b", func(ctx context.Context) (none, error) {
			if calls++; calls == 1 {
				<-ctx.Done()
				return none{}, ctx.Err()
			}
			return none{}, nil
		})
		if took := time.Since(start); err != nil || took < fanout.ReadTimeout || took > fanout.ReadTimeout+2*time.Second {
			t.Errorf("got %v after %s", err, took)
		}
	})
}

// TestRead_callerEnds: the caller's end is told as such, at once.
func TestRead_callerEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := fanout.Read(ctx, fanout.NewLimiter(nil), "b", func(ctx context.Context) (none, error) {
			<-ctx.Done()
			return none{}, ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, pmks.ErrTimeout) || time.Since(start) != time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

// TestRead_serverEnds: a server that keeps the caller's deadline and ends a request in the
// same moment is taken for the end of the caller.
func TestRead_serverEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := fanout.Read(ctx, fanout.NewLimiter(nil), "b", func(context.Context) (none, error) {
				time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
				return none{}, &pmks.Error{Code: pmks.CodeUnavailable}
			})
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, pmks.ErrTimeout) || errors.Is(err, pmks.ErrUnavailable) {
				t.Fatalf("got %v", err)
			}
		}
	})
}

// TestLimiter_allSucceedLater: 200 callers at a rate of 10 a second are all served,
// and never more than Slots at a time.
func TestLimiter_allSucceedLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := fanout.NewLimiter(func(string) fanout.Rate { return fanout.Rate{PerSecond: 10, Burst: 20} })
		var now, most, failed atomic.Int64
		start := time.Now()
		var callers sync.WaitGroup
		for range 200 {
			callers.Go(func() {
				_, err := fanout.Read(t.Context(), limiter, "b", func(context.Context) (none, error) {
					n := now.Add(1)
					defer now.Add(-1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					time.Sleep(100 * time.Millisecond) //nolint:forbidigo // inside a synctest bubble
					return none{}, nil
				})
				if err != nil {
					failed.Add(1)
				}
			})
		}
		callers.Wait()
		if failed.Load() != 0 || most.Load() > fanout.Slots {
			t.Errorf("%d failed, %d ran at a time", failed.Load(), most.Load())
		}
		if took := time.Since(start); took < 18*time.Second || took > 19*time.Second {
			t.Errorf("200 calls at 10 a second after a burst of 20 took %s", took)
		}
	})
}

// TestLimiter_deadline: who cannot be served in time is told so at once, and takes
// nobody's turn.
func TestLimiter_deadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := fanout.NewLimiter(func(string) fanout.Rate { return fanout.Rate{PerSecond: 0.1, Burst: 1} })
		call, calls := script(pmks.CodeOK)
		_, _ = fanout.Read(t.Context(), limiter, "b", call)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := fanout.Read(ctx, limiter, "b", call)
		var e *pmks.Error
		if !errors.As(err, &e) || e.Code != pmks.CodeThrottled || e.RetryAfter != 10*time.Second || time.Since(start) != 0 || *calls != 1 {
			t.Errorf("got %v after %s and %d calls", err, time.Since(start), *calls)
		}
		if _, err := fanout.Read(t.Context(), limiter, "b", call); err != nil || time.Since(start) != 10*time.Second {
			t.Errorf("the next turn was taken: %v after %s", err, time.Since(start))
		}
	})
}

// TestLimiter_hold: what the cloud asks of one caller holds for all of the bucket,
// and for no other bucket.
func TestLimiter_hold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := fanout.NewLimiter(nil)
		_, err := fanout.Do(t.Context(), limiter, "b", func(context.Context) (none, error) {
			return none{}, &pmks.Error{Code: pmks.CodeThrottled, RetryAfter: 20 * time.Second}
		})
		if !errors.Is(err, pmks.ErrThrottled) {
			t.Fatal(err)
		}
		start := time.Now()
		call, _ := script(pmks.CodeOK)
		if _, err := fanout.Read(t.Context(), limiter, "other", call); err != nil || time.Since(start) != 0 {
			t.Errorf("another bucket waited %s: %v", time.Since(start), err)
		}
		if _, err := fanout.Read(t.Context(), limiter, "b", call); err != nil || time.Since(start) != 20*time.Second {
			t.Errorf("the bucket waited %s: %v", time.Since(start), err)
		}
	})
}

func TestGuarded(t *testing.T) {
	t.Parallel()
	_, err := fanout.Read(t.Context(), fanout.NewLimiter(nil), "b", func(context.Context) (none, error) { panic("secret") })
	if !errors.Is(err, pmks.ErrInternal) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if err := fanout.Each(t.Context(), 3, func(_ context.Context, i int) error { return []error{}[i] }); !errors.Is(err, pmks.ErrInternal) {
		t.Errorf("got %v", err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	about := func(i int) pmks.IID { return pmks.IID{NameId: fmt.Sprint("c", i)} }
	items := make([]int, 100)
	for i := range items {
		items[i] = i
	}
	var running, most atomic.Int64
	got, err := fanout.List(t.Context(), items, about, func(_ context.Context, i int) (int, error) {
		n := running.Add(1)
		defer running.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		switch i {
		case 3:
			return 0, &pmks.Error{Code: pmks.CodeNotFound}
		case 5, 7:
			return 0, &pmks.Error{Code: pmks.CodePermissionDenied, Message: "no"}
		}
		return i * 10, nil
	})
	if len(got) != 97 || got[2] != 20 || got[3] != 40 || got[96] != 990 {
		t.Errorf("got %d results: %v", len(got), got)
	}
	for _, name := range []string{`"c5"`, `"c7"`} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	if err != nil && strings.Contains(err.Error(), `"c3"`) {
		t.Errorf("%v names one that vanished", err)
	}
	if most.Load() > fanout.Slots {
		t.Errorf("%d ran at a time", most.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := fanout.List(ctx, items, about, func(context.Context, int) (int, error) { return 0, nil }); got != nil || !errs.Is(err, pmks.CodeCanceled) {
		t.Errorf("after the end: %v, %v", got, err)
	}
}

// TestList_leavesRoom: a listing whose requests hang leaves room for a wait.
func TestList_leavesRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := fanout.NewLimiter(nil)
		ctx, cancel := context.WithCancel(t.Context())
		var listing sync.WaitGroup
		listing.Go(func() {
			_, _ = fanout.List(ctx, make([]int, 50), func(int) pmks.IID { return pmks.IID{} }, func(ctx context.Context, _ int) (none, error) {
				return fanout.Read(ctx, limiter, "b", func(ctx context.Context) (none, error) {
					<-ctx.Done()
					return none{}, ctx.Err()
				})
			})
		})
		synctest.Wait()
		start := time.Now()
		call, _ := script(pmks.CodeOK)
		if _, err := fanout.Read(t.Context(), limiter, "b", call); err != nil || time.Since(start) != 0 {
			t.Errorf("a look beside a listing waited %s: %v", time.Since(start), err)
		}
		cancel()
		listing.Wait()
	})
}

func TestAll(t *testing.T) {
	t.Parallel()
	fault := &pmks.Error{Code: pmks.CodeUnavailable, Message: "connection refused"}
	other := &pmks.Error{Code: pmks.CodeBusy}
	ran := 0
	err := fanout.All(t.Context(),
		func(context.Context) error { return fault },
		func(context.Context) error { return fault },
		func(context.Context) error { return other },
		func(context.Context) error { ran++; return nil })
	if ran != 1 || strings.Count(err.Error(), "refused") != 1 || !errors.Is(err, pmks.ErrBusy) {
		t.Errorf("got %v", err)
	}
}

// TestRead_within: two clusters with buckets of their own draw from the account's as
// well.
func TestRead_within(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := fanout.NewLimiter(func(bucket string) fanout.Rate {
			if bucket == "account" {
				return fanout.Rate{PerSecond: 1, Burst: 3}
			}
			return fanout.Rate{PerSecond: 0.1, Burst: 2, Within: "account"}
		})
		call, _ := script(pmks.CodeOK)
		start := time.Now()
		for i, want := range []time.Duration{0, 0, 0, time.Second} {
			if _, err := fanout.Read(t.Context(), limiter, fmt.Sprint("cluster", i%2), call); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != want {
				t.Errorf("request %d was sent after %s, want %s", i, took, want)
			}
		}
		// The bucket of the first cluster is empty, whatever the account has left.
		time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
		if _, err := fanout.Read(t.Context(), limiter, "cluster0", call); err != nil || time.Since(start) != 10*time.Second {
			t.Errorf("after %s, %v", time.Since(start), err)
		}
	})
}
