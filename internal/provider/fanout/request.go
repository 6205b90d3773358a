// SPDX-License-Identifier: Apache-2.0

package fanout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

const (
	// ReadTimeout bounds one try of a read inside the caller's context: a connection
	// that hangs costs this much, no more.
	ReadTimeout = time.Minute
	// MutationTimeout bounds one try of a mutation likewise.
	MutationTimeout = 2 * time.Minute

	// Tries is how often a read is made at most.
	Tries = 5

	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
)

// Passing reports whether a failed read is worth repeating: the cloud was not
// reached, did not answer, failed inside or asked to come back later. The rule is
// the same for every cloud and every service of one.
func Passing(err error) bool {
	switch pmks.CodeOf(err) {
	case pmks.CodeThrottled, pmks.CodeUnavailable, pmks.CodeInternal:
		return true
	}
	return false
}

// Read makes a request that changes nothing, and repeats it while it fails in
// passing. call makes one try; its errors are of type [*pmks.Error].
func Read[T any](ctx context.Context, l *Limiter, bucketName string, call func(context.Context) (T, error)) (result T, err error) {
	err = readAgain(ctx, l, bucketName, func(ctx context.Context) (err error) {
		var none T // not what an earlier try told, where this one panics
		result = none
		result, err = call(ctx)
		return err
	})
	if errors.Is(err, errNotSent) {
		var none T
		return none, err
	}
	return result, err
}

// readAgain is Read for all types: generic code is in a program once for each.
func readAgain(ctx context.Context, l *Limiter, bucketName string, call func(context.Context) error) error {
	b := l.bucket(bucketName)
	var pauses backoff.BackOff // made at the first failure: most reads have none
	for try := 1; ; try++ {
		err := attempt(ctx, l, b, ReadTimeout, call)
		b.note(err)
		if err == nil || try == Tries || ctx.Err() != nil || !Passing(err) || errors.Is(err, errNotSent) || errors.Is(err, errPanic) {
			return err
		}
		if pauses == nil {
			pauses = backoff.NewExponentialBackOff(backoff.WithInitialInterval(firstPause), backoff.WithMultiplier(2),
				backoff.WithMaxInterval(longestPause), backoff.WithMaxElapsedTime(0))
		}
		pause := max(pauses.NextBackOff(), retryAfter(err))
		if pause > longestPause || tooLong(ctx, pause) != nil {
			return err // the caller knows better what such a wait is worth
		}
		if errs.Is(err, pmks.CodeThrottled) {
			b.hold(pause)
		} else if poll.Sleep(ctx, pause) != nil {
			return errs.Ended(ctx, err)
		}
	}
}

// Do makes a request that changes something, once. Whether it is sent again decides
// package once.
func Do[T any](ctx context.Context, l *Limiter, bucketName string, call func(context.Context) (T, error)) (result T, err error) {
	err = doOnce(ctx, l, bucketName, func(ctx context.Context) (err error) {
		result, err = call(ctx)
		return err
	})
	return result, err
}

// doOnce is Do for all types.
func doOnce(ctx context.Context, l *Limiter, bucketName string, call func(context.Context) error) error {
	b := l.bucket(bucketName)
	err := attempt(ctx, l, b, MutationTimeout, call)
	b.note(err)
	return err
}

// note slows a bucket down where the cloud has throttled, and keeps it silent for as long
// as the cloud asked, whatever the caller does about it.
func (b *bucket) note(err error) {
	if err == nil || errors.Is(err, errNotSent) || !errs.Is(err, pmks.CodeThrottled) {
		return
	}
	b.slow()
	b.hold(retryAfter(err))
}

// errNotSent marks a request whose turn never came, errPanic one that ended in a
// panic: neither is worth another try.
var (
	errNotSent = errors.New("the request was not sent")
	errPanic   = errors.New("the request ended in a panic")
)

// attempt waits for its turn and makes one try, within its bound.
func attempt(ctx context.Context, l *Limiter, b *bucket, timeout time.Duration, call func(context.Context) error) error {
	t, err := l.acquire(ctx, b)
	if err != nil {
		return errs.With(err, func(e *pmks.Error) { e.Err = errors.Join(errNotSent, e.Err) })
	}
	defer t.end()
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = Guarded(func() error { return call(bounded) })
	if deadline, ok := ctx.Deadline(); ok && err != nil && !time.Now().Before(deadline) {
		// The server keeps the same deadline, over gRPC, and may end the request a moment
		// before the caller's own clock does.
		<-ctx.Done()
	}
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		err = errs.With(errs.Ended(ctx, err), func(e *pmks.Error) { e.Message = fmt.Sprintf("no answer within %s", timeout) })
	}
	return errs.Ended(ctx, err)
}

// Guarded runs f and turns its panic into an error: a vendor's SDK that meets an
// answer it did not expect must not end the program.
func Guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Panicked(r)
		}
	}()
	return f()
}

// Panicked is the error of a request that ended in a panic, of what was recovered. The value
// is not shown: it may quote what was sent.
func Panicked(r any) error {
	return &pmks.Error{Code: pmks.CodeInternal, Err: errPanic, Message: fmt.Sprintf("a fault in pmks or in the vendor's SDK ended the request (%T)", r)}
}

func retryAfter(err error) time.Duration {
	var e *pmks.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
