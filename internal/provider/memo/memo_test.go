// SPDX-License-Identifier: Apache-2.0

package memo_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/memo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// takes is how long a source takes.
const takes = time.Second

// source counts how often it is asked, and answers the number of the time, or with the
// error that that time has.
type source struct {
	asked atomic.Int64
	errs  map[int64]error
}

func (s *source) read(ctx context.Context) (int64, error) {
	n := s.asked.Add(1)
	select {
	case <-time.After(takes):
		return n, s.errs[n]
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// TestFacts_shared: all who miss a fact at the same moment, and all who come later, share
// one request for it; another fact has its own.
func TestFacts_shared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f memo.Facts[int64]
		s := &source{}
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * takes / 100) //nolint:forbidigo // inside a bubble
				if got, err := f.Get(t.Context(), "a", s.read); got != 1 || err != nil {
					t.Errorf("caller %d: %d, %v", i, got, err)
				}
			})
		}
		all.Wait()
		if got, err := f.Get(t.Context(), "b", s.read); got != 2 || err != nil {
			t.Errorf("another: %d, %v", got, err)
		}
		f.Store("b", 7)
		if got, ok := f.Load("b"); got != 7 || !ok {
			t.Errorf("what was stored: %d, %v", got, ok)
		}
		f.Delete("b")
		if got, err := f.Get(t.Context(), "b", s.read); got != 3 || err != nil {
			t.Errorf("what was deleted: %d, %v", got, err)
		}
	})
}

func TestFacts_life(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := memo.Facts[int64]{Life: time.Minute}
		s := &source{}
		for _, want := range []int64{1, 1, 2} {
			if got, err := f.Get(t.Context(), "a", s.read); got != want || err != nil {
				t.Errorf("got %d, %v, want %d", got, err, want)
			}
			time.Sleep(40 * time.Second) //nolint:forbidigo // inside a bubble
		}
	})
}

// TestFacts_fault: a fault is told to whoever came before its read began, and to nobody
// who came later: what was not there then may be there now.
func TestFacts_fault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f memo.Facts[int64]
		first, second := errors.New("the first"), errors.New("the second")
		s := &source{errs: map[int64]error{1: first, 2: second}}
		var all sync.WaitGroup
		all.Go(func() {
			if n, err := f.Get(t.Context(), "a", s.read); n != 1 || !errors.Is(err, first) {
				t.Errorf("who asked: %d, %v", n, err)
			}
		})
		synctest.Wait()
		for range 10 { // they come while the first is asked
			all.Go(func() {
				if n, err := f.Get(t.Context(), "a", s.read); n != 2 || !errors.Is(err, second) {
					t.Errorf("who came later: %d, %v", n, err)
				}
			})
		}
		all.Wait()
		if n, err := f.Get(t.Context(), "a", s.read); n != 3 || err != nil {
			t.Errorf("after the faults: %d, %v", n, err)
		}
	})
}

// TestFacts_ends: a caller whose context ends waits no longer, and the end of the one who
// asks is nobody else's; nor is it that its context leaves no time for a turn.
func TestFacts_ends(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f memo.Facts[int64]
		s := &source{errs: map[int64]error{2: &pmks.Error{Code: pmks.CodeThrottled}}}
		var all sync.WaitGroup
		start := time.Now()
		impatient := func(d time.Duration, code pmks.Code, after time.Duration) {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), d)
				defer cancel()
				if _, err := f.Get(ctx, "a", s.read); pmks.CodeOf(err) != code || time.Since(start) != after {
					t.Errorf("%s: %v after %s", d, err, time.Since(start))
				}
			})
			synctest.Wait()
		}
		impatient(takes/2, pmks.CodeTimeout, takes/2)         // asks first
		impatient(2*takes, pmks.CodeThrottled, takes/2+takes) // asks second, and is refused
		impatient(takes/4, pmks.CodeTimeout, takes/4)         // waits for the first
		all.Go(func() {                                       // waits for the second
			time.Sleep(takes * 3 / 4) //nolint:forbidigo // inside a bubble
			if n, err := f.Get(t.Context(), "a", s.read); n != 3 || err != nil || time.Since(start) != takes/2+2*takes {
				t.Errorf("the patient one: %d, %v after %s", n, err, time.Since(start))
			}
		})
		all.Wait()
	})
}

// TestFacts_panic: a read that panics is a fault, and leaves nobody waiting.
func TestFacts_panic(t *testing.T) {
	t.Parallel()
	var f memo.Facts[int]
	if _, err := f.Get(t.Context(), "a", func(context.Context) (int, error) { panic("secret") }); !errors.Is(err, pmks.ErrInternal) {
		t.Errorf("got %v", err)
	}
	if n, err := f.Get(t.Context(), "a", func(context.Context) (int, error) { return 5, nil }); n != 5 || err != nil {
		t.Errorf("after it: %d, %v", n, err)
	}
}
