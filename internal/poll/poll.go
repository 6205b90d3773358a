// SPDX-License-Identifier: Apache-2.0

// Package poll is the one loop that waits: the public waiters, the whole jobs and
// the waits inside an operation of a provider all look, test what they saw, and
// only then sleep.
package poll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// ErrScheduleEnded is what a wait ends with whose schedule has no further look.
var ErrScheduleEnded = errors.New("the wait's schedule ended")

// Loop says how to wait. Its functions know errors that this package does not.
type Loop struct {
	// BackOff gives the pauses. It belongs to one Run at a time.
	BackOff backoff.BackOff
	// ReadTimeout bounds each look inside the caller's context; 0 means no bound of
	// its own. A look that it ends has failed in passing.
	ReadTimeout time.Duration
	// Failures is how many looks in a row may fail in passing; one more ends the wait
	// with the cause.
	Failures int
	// Passing reports whether a failed look may be repeated.
	Passing func(error) bool
	// Asked is how long the cloud asked to wait; 0 where it did not. The pause is the
	// longer of that and the schedule.
	Asked func(error) time.Duration
	// Pause, if set, is told before each pause how long it will be, and why the look
	// before it failed, if it did.
	Pause func(next time.Duration, failure error)
}

// Run looks until look says done or fails for good, a run of passing failures is too
// long, the schedule stops or ctx ends. When ctx ends, errors.Is finds its error in
// the result, and that of the last look if it failed.
func (l Loop) Run(ctx context.Context, look func(context.Context) (done bool, err error)) error {
	l.BackOff.Reset()
	for failures := 0; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		// The pause comes first: a look may wait for others that are made meanwhile, but not
		// for long beside it.
		pause := l.BackOff.NextBackOff()
		done, err := l.look(context.WithValue(ctx, pauseKey{}, pause), look)
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			failures = 0
		case ctx.Err() != nil:
			return joinEnd(ctx.Err(), err)
		case !l.passes(err):
			return err
		default:
			if failures++; failures > l.Failures {
				return err
			}
		}
		if pause == backoff.Stop {
			return errors.Join(ErrScheduleEnded, err)
		}
		if err != nil && l.Asked != nil {
			pause = max(pause, l.Asked(err))
		}
		if l.Pause != nil {
			l.Pause(pause, err)
		}
		if end := Sleep(ctx, pause); end != nil {
			return joinEnd(end, err)
		}
	}
}

// errLookTimeout is the cause of a look's own end.
var errLookTimeout = errors.New("the look took too long")

// look looks once, within the bound of a single look.
func (l Loop) look(ctx context.Context, look func(context.Context) (bool, error)) (bool, error) {
	if l.ReadTimeout <= 0 {
		return look(ctx)
	}
	bounded, cancel := context.WithTimeoutCause(ctx, l.ReadTimeout, errLookTimeout)
	defer cancel()
	done, err := look(bounded)
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		err = &TimeoutError{After: l.ReadTimeout, Err: err}
	}
	return done, err
}

// passes reports whether a failure is a passing one. A look's own end always is.
func (l Loop) passes(err error) bool {
	var timeout *TimeoutError
	return errors.As(err, &timeout) || l.Passing != nil && l.Passing(err)
}

// TimeoutError is a look that was not answered within its bound. It hides the
// context error inside, which would be taken for the caller's.
type TimeoutError struct {
	After time.Duration
	Err   error
}

// Error says how long the look took.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("no answer within %s: %v", e.After, e.Err)
}

// joinEnd is the end of a context with what was wrong before it.
func joinEnd(end, last error) error {
	if last == nil || errors.Is(last, end) {
		if last != nil {
			return last
		}
		return end
	}
	return errors.Join(end, last)
}

// Sleep waits for d, or for the end of ctx, whose error it returns.
func Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

type pauseKey struct{}

// Pause is how long the loop whose look this is will pause after it: 0 where that is not
// known, or this was the last look.
func Pause(ctx context.Context) time.Duration {
	pause, _ := ctx.Value(pauseKey{}).(time.Duration)
	return max(pause, 0)
}

type waitingKey struct{}

// Waiting marks the looks of a wait: where requests stand in line, all others go first.
func Waiting(ctx context.Context) context.Context {
	return context.WithValue(ctx, waitingKey{}, true)
}

// IsWaiting reports whether a request is a look of a wait.
func IsWaiting(ctx context.Context) bool { return ctx.Value(waitingKey{}) != nil }
