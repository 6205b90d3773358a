// SPDX-License-Identifier: Apache-2.0

package limit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/limit"
)

// TestLimiter: twenty requests of a second each take three seconds, eight at a
// time.
func TestLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		room := limit.New()
		var mu sync.Mutex
		running, most := 0, 0
		begin := time.Now()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				err := room.Do(t.Context(), func() error {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					time.Sleep(time.Second) //nolint:forbidigo // inside a bubble
					mu.Lock()
					running--
					mu.Unlock()
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(begin); most != limit.Concurrency || took != 3*time.Second {
			t.Errorf("%d at a time, in %v", most, took)
		}
	})
}

func TestLimiter_context(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		room := limit.New()
		for range limit.Concurrency {
			go func() {
				_ = room.Do(t.Context(), func() error {
					time.Sleep(time.Hour) //nolint:forbidigo // inside a bubble
					return nil
				})
			}()
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := room.Do(ctx, func() error { t.Error("there was no room"); return nil })
		if !errors.Is(err, pmks.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting in vain: %v", err)
		}
		err = limit.New().Do(ctx, func() error { t.Error("the context is over"); return nil })
		if !errors.Is(err, pmks.ErrTimeout) {
			t.Errorf("beginning too late: %v", err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a bubble
	})
}
