// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

const (
	// attemptTimeout bounds one renewal, inside the deadline of whoever waits for it.
	attemptTimeout = time.Minute
	// earlyTimeout bounds one that could still wait: a cloud that hangs does not hold up
	// a request that has a good credential.
	earlyTimeout = 15 * time.Second
	// earliest is how long before its end a value is renewed at most, and tooLate how
	// long before it is not used any more: a request is on its way for a while, and
	// clocks differ.
	earliest = 5 * time.Minute
	tooLate  = 10 * time.Second
	// pause lies between an early renewal that failed and the next one.
	pause = 30 * time.Second
)

// held is a value and the time it is good.
type held[T any] struct {
	value T
	// serial counts the values; 0 is none yet.
	serial uint64
	// early is when it is renewed though it is good; end is when it is good no more.
	// Both are zero for one that does not end.
	early, end time.Time
}

func hold[T any](value T, serial uint64, now, end time.Time) held[T] {
	h := held[T]{value: value, serial: serial}
	if end.IsZero() {
		return h
	}
	life := end.Sub(now)
	h.end = end.Add(-min(tooLate, life/10))
	h.early = end.Add(-min(earliest, life/4))
	return h
}

// renewer holds one value for many goroutines. Whoever needs a new one fetches it, one
// at a time, with its own context; the others wait for their turn or for the end of
// theirs. It has no goroutine of its own, so nothing is left behind.
type renewer[T any] struct {
	// fetch returns a new value and its end, zero if it has none.
	fetch func(context.Context) (T, time.Time, error)
	// late is told of a renewal that failed while the old value was still good.
	late func(context.Context, error)
	turn chan struct{}

	mu sync.Mutex
	held[T]
	refused bool // held is good by the clock alone
	// failures counts the fetches that failed for everybody; last is the newest.
	failures uint64
	last     error
	// calm is until when held is not given up again.
	calm time.Time
}

func newRenewer[T any](fetch func(context.Context) (T, time.Time, error), late func(context.Context, error)) *renewer[T] {
	return &renewer[T]{fetch: fetch, late: late, turn: make(chan struct{}, 1)}
}

// put sets the first value.
func (r *renewer[T]) put(value T, end time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = hold(value, r.serial+1, time.Now(), end)
}

// peek returns what is held, good or not.
func (r *renewer[T]) peek() held[T] {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held
}

// look returns what is held, whether it is good, and whether it is to be renewed all
// the same.
func (r *renewer[T]) look() (h held[T], good, due bool, failures uint64) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	good = r.serial > 0 && !r.refused && (r.end.IsZero() || now.Before(r.end))
	due = !good || !r.early.IsZero() && !now.Before(r.early)
	return r.held, good, due, r.failures
}

// get returns a value that is good now.
func (r *renewer[T]) get(ctx context.Context) (held[T], error) {
	h, good, due, failures := r.look()
	switch {
	case !due:
		return h, nil
	case good:
		select {
		case r.turn <- struct{}{}:
		default:
			return h, nil // somebody else is at it
		}
	default:
		if err := r.wait(ctx); err != nil {
			return h, err
		}
	}
	defer func() { <-r.turn }()
	h, good, due, now := r.look()
	if !due {
		return h, nil
	}
	if !good && now != failures {
		// It was tried while this goroutine waited. A thousand that wait for a cloud
		// that is down ask it once.
		r.mu.Lock()
		defer r.mu.Unlock()
		return h, r.last
	}
	return r.renew(ctx, good)
}

// wait takes the turn.
func (r *renewer[T]) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// renew fetches a value. The caller has the turn.
func (r *renewer[T]) renew(ctx context.Context, good bool) (held[T], error) {
	timeout := attemptTimeout
	if good {
		timeout = earlyTimeout
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	value, end, err := r.fetch(bounded)
	now := time.Now()
	if err == nil && !end.IsZero() && !end.After(now) {
		err = &pmks.Error{Code: pmks.CodeUnauthenticated, Message: "the credential that the cloud issued had ended at " + end.UTC().Format(time.RFC3339) +
			" already: compare the clock of this machine, and see that the credentials of the handler have not ended themselves"}
	}
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.held, r.refused = hold(value, r.serial+1, now, end), false
		return r.held, nil
	}
	if good && ctx.Err() == nil {
		r.late(ctx, err)
	}
	err = errs.Ended(ctx, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	if good {
		r.early = now.Add(pause)
		return r.held, nil
	}
	if ctx.Err() == nil {
		r.failures++
		r.last = err
	}
	return r.held, err
}

// refuse gives up the value with a serial, which the other side does not take, and gets
// another one. It returns the one that is held and false where a value was given up a
// short time ago: a new one would be refused for the same reason.
func (r *renewer[T]) refuse(ctx context.Context, serial uint64, calm time.Duration) (held[T], bool, error) {
	now := time.Now()
	r.mu.Lock()
	if r.serial == serial && !r.refused {
		if now.Before(r.calm) {
			defer r.mu.Unlock()
			return r.held, false, nil
		}
		r.refused, r.calm = true, now.Add(calm)
	}
	r.mu.Unlock()
	h, err := r.get(ctx)
	return h, err == nil, err
}

// again fetches a value in place of the one with a serial, which stays if that fails. It
// does nothing, and says so, before the last time was calm ago.
func (r *renewer[T]) again(ctx context.Context, serial uint64, calm time.Duration) (held[T], bool, error) {
	if err := r.wait(ctx); err != nil {
		return r.peek(), false, err
	}
	defer func() { <-r.turn }()
	now := time.Now()
	r.mu.Lock()
	h := r.held
	if h.serial != serial || now.Before(r.calm) {
		r.mu.Unlock()
		return h, h.serial != serial, nil
	}
	r.calm = now.Add(calm)
	r.mu.Unlock()
	h, err := r.renew(ctx, false)
	if ctx.Err() != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calm = time.Time{} // it was not tried to the end
	}
	return h, err == nil, err
}
