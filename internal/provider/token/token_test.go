// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/token"
)

// issuer counts how often it is asked.
type issuer struct {
	mu    sync.Mutex
	asked int
	life  time.Duration // of what it gives
	takes time.Duration
	err   error
}

func (i *issuer) fetch(ctx context.Context) (int, time.Time, error) {
	i.mu.Lock()
	i.asked++
	n, life, takes, err := i.asked, i.life, i.takes, i.err
	i.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return 0, time.Time{}, ctx.Err()
	}
	if life == 0 {
		return n, time.Time{}, err
	}
	return n, time.Now().Add(life), err
}

func (i *issuer) set(change func(*issuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(i)
}

func get(t *testing.T, c *token.Cache[int], want int) {
	t.Helper()
	if got, err := c.Get(t.Context()); got != want || err != nil {
		t.Errorf("got %d, %v, want %d", got, err, want)
	}
}

func TestCache_shared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour, takes: time.Second}
		c := &token.Cache[int]{Fetch: i.fetch}
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { get(t, c, 1) })
		}
		all.Wait()
		time.Sleep(49 * time.Minute) //nolint:forbidigo // inside a bubble
		get(t, c, 1)
		time.Sleep(2 * time.Minute) //nolint:forbidigo // inside a bubble
		get(t, c, 2)
		if want := []int{1, 2}; !slices.Equal(c.Recent(), want) {
			t.Errorf("recent are %v, want %v", c.Recent(), want)
		}
		for range 9 {
			time.Sleep(time.Hour) //nolint:forbidigo // inside a bubble
			_, _ = c.Get(t.Context())
		}
		if got := c.Recent(); len(got) != 4 || got[3] != 11 {
			t.Errorf("recent are %v, want the last four", got)
		}
	})
}

func TestCache_withoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &token.Cache[int]{Fetch: (&issuer{}).fetch}
		get(t, c, 1)
		get(t, c, 2)
	})
}

// TestCache_old: a value that lives is used while there is no new one, and the source
// is not asked at every request.
func TestCache_old(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour}
		c := &token.Cache[int]{Fetch: i.fetch}
		get(t, c, 1)
		i.set(func(i *issuer) { i.err = errors.New("closed") })
		time.Sleep(55 * time.Minute) //nolint:forbidigo // inside a bubble
		for range 3 {
			get(t, c, 1)
		}
		if i.asked != 2 {
			t.Errorf("asked %d times, want 2", i.asked)
		}
		time.Sleep(6 * time.Minute) //nolint:forbidigo // inside a bubble
		if _, err := c.Get(t.Context()); err == nil {
			t.Error("a value that has ended was used")
		}
		i.set(func(i *issuer) { i.err = nil })
		get(t, c, 4)
	})
}

// TestCache_contexts: the end of one caller's context ends nobody else's wait, and when
// the last one goes the request ends.
func TestCache_contexts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour, takes: time.Second}
		c := &token.Cache[int]{Fetch: i.fetch}
		first, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		start := time.Now()
		all.Go(func() {
			_, err := c.Get(first)
			if !errors.Is(err, context.DeadlineExceeded) || pmks.CodeOf(err) != pmks.CodeTimeout {
				t.Errorf("got %v, want the end of the caller's context", err)
			}
			if took := time.Since(start); took != 100*time.Millisecond {
				t.Errorf("the end came after %s", took)
			}
		})
		synctest.Wait()
		all.Go(func() { get(t, c, 1) })
		all.Wait()

		c.Drop(func(n int) bool { return n == 1 })
		alone, leave := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := c.Get(alone); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the end of the caller's context", err)
			}
		})
		synctest.Wait()
		leave()
		all.Wait()
		get(t, c, 3) // of a request of its own
		over, end := context.WithCancel(t.Context())
		end()
		if _, err := c.Get(over); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v for a context that had ended", err)
		}
	})
}

// TestCache_hangs: the bound of the request is no end of the caller's.
func TestCache_hangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &token.Cache[int]{Fetch: (&issuer{takes: time.Hour}).fetch}
		_, err := c.Get(t.Context())
		if pmks.CodeOf(err) != pmks.CodeUnavailable || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want Unavailable", err)
		}
	})
}

// TestCache_deaf: of a source that hangs, whatever becomes of its context, few getters are
// left however many callers have come and gone, and when it answers again all is well.
func TestCache_deaf(t *testing.T) { // not parallel: it counts goroutines
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan struct{})
		c := token.Cache[int]{Fetch: func(context.Context) (int, time.Time, error) {
			<-answers
			return 7, time.Now().Add(time.Hour), nil
		}}
		before := runtime.NumGoroutine()
		for range 40 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := c.Get(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			cancel()
		}
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n > 4 {
			t.Errorf("%d goroutines are left of 40 callers", n)
		}
		close(answers)
		if v, err := c.Get(t.Context()); v != 7 || err != nil {
			t.Errorf("got %d, %v", v, err)
		}
	})
}

func TestCache_panic(t *testing.T) {
	t.Parallel()
	c := &token.Cache[int]{Fetch: func(context.Context) (int, time.Time, error) { panic("of an SDK") }}
	if _, err := c.Get(t.Context()); pmks.CodeOf(err) != pmks.CodeInternal {
		t.Errorf("got %v, want Internal", err)
	}
}

func TestCache_Drop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &token.Cache[int]{Fetch: (&issuer{life: time.Hour}).fetch}
		c.Drop(func(int) bool { return true }) // there is none yet
		get(t, c, 1)
		c.Drop(func(n int) bool { return n == 7 })
		get(t, c, 1)
		c.Drop(func(n int) bool { return n == 1 })
		get(t, c, 2)
	})
}

// TestCache_oldWhileAsking: while the source of tokens hangs, a value that still lives is
// used, by callers with little time too, and hardly anybody waits.
func TestCache_oldWhileAsking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour}
		c := &token.Cache[int]{Fetch: i.fetch}
		get(t, c, 1)
		i.set(func(i *issuer) { i.takes = time.Hour })
		time.Sleep(51 * time.Minute) //nolint:forbidigo // inside a bubble
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if n, err := c.Get(ctx); n != 1 || err != nil {
			t.Errorf("a caller with two seconds got %d, %v while a value lived", n, err)
		}
		waited, calls := time.Duration(0), 0
		for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); calls++ {
			start := time.Now()
			get(t, c, 1)
			waited += time.Since(start)
			time.Sleep(100 * time.Millisecond) //nolint:forbidigo // inside a bubble
		}
		if waited > 100*time.Second {
			t.Errorf("%d callers waited %s in five minutes", calls, waited)
		}
		time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a bubble
		if _, err := c.Get(t.Context()); err == nil {
			t.Error("a value that has ended was used")
		}
		i.set(func(i *issuer) { i.takes = 0 })
		if n, err := c.Get(t.Context()); err != nil || n < 2 {
			t.Errorf("got %d, %v", n, err)
		}
		synctest.Wait()
	})
}

// TestCache_endsWhileWaiting: a caller who waits while the old value ends waits for the new
// one, and not a moment longer than its own context.
func TestCache_endsWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour}
		c := &token.Cache[int]{Fetch: i.fetch}
		get(t, c, 1)
		i.set(func(i *issuer) { i.takes = time.Hour })
		time.Sleep(time.Hour - time.Second) //nolint:forbidigo // inside a bubble
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(5*time.Second, cancel)
		start := time.Now()
		if n, err := c.Get(ctx); err == nil || time.Since(start) != 5*time.Second {
			t.Errorf("got %d, %v after %s; the caller left after five seconds", n, err, time.Since(start))
		}
		synctest.Wait()
	})
}

type callerKey struct{}

// TestCache_foreign: what is got for all carries nothing of the context of one.
func TestCache_foreign(t *testing.T) {
	t.Parallel()
	c := &token.Cache[int]{Fetch: func(ctx context.Context) (int, time.Time, error) {
		if ctx.Value(callerKey{}) != nil {
			t.Error("the request for a token of all carries the values of one caller's context")
		}
		return 1, time.Now().Add(time.Hour), nil
	}}
	if _, err := c.Get(context.WithValue(t.Context(), callerKey{}, 1)); err != nil {
		t.Error(err)
	}
}

// TestCache_goexit: a source that leaves its goroutine, as a test's FailNow does, is a fault
// and no empty token.
func TestCache_goexit(t *testing.T) {
	t.Parallel()
	first := true
	c := &token.Cache[int]{Fetch: func(context.Context) (int, time.Time, error) {
		if first {
			first = false
			runtime.Goexit()
		}
		return 2, time.Now().Add(time.Hour), nil
	}}
	if n, err := c.Get(t.Context()); err == nil {
		t.Errorf("got %d", n)
	}
	get(t, c, 2)
}
