// SPDX-License-Identifier: Apache-2.0

package await_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/await"
)

func TestUntil(t *testing.T) {
	t.Parallel()
	fault := func(code pmks.Code, after time.Duration) error {
		return &pmks.Error{Code: code, RetryAfter: after, Message: "connection refused"}
	}
	for _, test := range []struct {
		name  string
		looks []error // the last one repeats
		done  int     // the look that is done; 0: none
		want  pmks.Code
		calls int
		took  time.Duration
	}{
		{"at-once", []error{nil}, 1, pmks.CodeOK, 1, 0},
		{"looks-then-sleeps", []error{nil}, 3, pmks.CodeOK, 3, 2 * time.Second},
		{"refused", []error{fault(pmks.CodePermissionDenied, 0)}, 0, pmks.CodePermissionDenied, 1, 0},
		{"network-gone", []error{fault(pmks.CodeUnavailable, 0)}, 0, pmks.CodeUnavailable, pmks.DefaultReadErrors, 9 * time.Second},
		{"asked-to-wait", []error{fault(pmks.CodeThrottled, time.Minute), nil}, 2, pmks.CodeOK, 2, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start, calls := time.Now(), 0
				err := await.Until(t.Context(), time.Second, func(context.Context) (bool, error) {
					calls++
					return calls == test.done, test.looks[min(calls, len(test.looks))-1]
				})
				if pmks.CodeOf(err) != test.want || calls != test.calls || time.Since(start) != test.took {
					t.Errorf("got %v after %d looks and %s, want %s after %d and %s", err, calls, time.Since(start), test.want, test.calls, test.took)
				}
			})
		})
	}
}

// TestUntil_ends: the end of the caller's context is told, with the cause before it.
func TestUntil_ends(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		err := await.Until(ctx, time.Second, func(context.Context) (bool, error) {
			return false, &pmks.Error{Code: pmks.CodeUnavailable}
		})
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, pmks.ErrTimeout) {
			t.Errorf("got %v", err)
		}
	})
}
