// SPDX-License-Identifier: Apache-2.0

package poll_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks/internal/poll"
)

var errPassing, errFinal = errors.New("passing"), errors.New("final")

func loop() poll.Loop {
	return poll.Loop{BackOff: backoff.NewConstantBackOff(10 * time.Second), Failures: 3, ReadTimeout: time.Minute,
		Passing: func(err error) bool { return errors.Is(err, errPassing) }}
}

func TestLoop_Run(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		looks []error // nil: not yet; the last one repeats
		done  int     // the look that is done; 0: none
		want  error
		calls int
		took  time.Duration
	}{
		{"done-at-the-first-look", []error{nil}, 1, nil, 1, 0},
		{"looks-then-sleeps", []error{nil}, 3, nil, 3, 20 * time.Second},
		{"final", []error{nil, errFinal}, 0, errFinal, 2, 10 * time.Second},
		{"too-many-failures", []error{errPassing}, 0, errPassing, 4, 30 * time.Second},
		{"failures-not-in-a-row", []error{errPassing, errPassing, errPassing, nil, errPassing, errPassing, nil}, 8, nil, 8, 70 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start, calls := time.Now(), 0
				err := loop().Run(t.Context(), func(context.Context) (bool, error) {
					calls++
					return calls == test.done, test.looks[min(calls, len(test.looks))-1]
				})
				if !errors.Is(err, test.want) || calls != test.calls || time.Since(start) != test.took {
					t.Errorf("got %v after %d looks and %s, want %v after %d and %s", err, calls, time.Since(start), test.want, test.calls, test.took)
				}
			})
		})
	}
}

// TestLoop_hang: a look that is never answered ends by itself, and the next one
// sees what there is.
func TestLoop_hang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, calls := time.Now(), 0
		var told error
		l := loop()
		l.Pause = func(_ time.Duration, failure error) { told = failure }
		err := l.Run(t.Context(), func(ctx context.Context) (bool, error) {
			if calls++; calls == 1 {
				<-ctx.Done()
				return false, ctx.Err()
			}
			return true, nil
		})
		var timeout *poll.TimeoutError
		if err != nil || time.Since(start) != 70*time.Second || !errors.As(told, &timeout) || errors.Is(told, context.DeadlineExceeded) {
			t.Errorf("got %v after %s, told %v", err, time.Since(start), told)
		}
	})
}

func TestLoop_ends(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		if err := loop().Run(ctx, func(context.Context) (bool, error) { return false, errPassing }); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errPassing) {
			t.Errorf("got %v", err)
		}
		l := loop()
		l.BackOff = &backoff.StopBackOff{}
		if err := l.Run(t.Context(), func(context.Context) (bool, error) { return false, nil }); !errors.Is(err, poll.ErrScheduleEnded) {
			t.Errorf("got %v", err)
		}
	})
}

// TestLoop_asked: the pause is the longer of what the cloud asks for and the
// schedule.
func TestLoop_asked(t *testing.T) {
	t.Parallel()
	for asked, want := range map[time.Duration]time.Duration{time.Second: 10 * time.Second, time.Minute: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			l, start, calls := loop(), time.Now(), 0
			l.Asked = func(error) time.Duration { return asked }
			err := l.Run(t.Context(), func(context.Context) (bool, error) {
				if calls++; calls == 1 {
					return false, errPassing
				}
				return true, nil
			})
			if err != nil || time.Since(start) != want {
				t.Errorf("asked for %s: %v after %s", asked, err, time.Since(start))
			}
		})
	}
}
