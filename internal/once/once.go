// SPDX-License-Identifier: Apache-2.0

// Package once makes a mutation happen exactly once although its reply may be
// lost. Every change that a provider sends goes through [Do], [Create] or [Remove]; they
// differ in how a look tells that it happened. Where that cannot be told the error has
// MayHaveHappened set, and nothing is sent again.
package once

import (
	"context"
	"errors"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// Attempts is how often a mutation is sent at most.
const Attempts = 3

// lookPause is how long to wait before looking for the effect of a request whose
// reply was lost: the cloud may still be working on it.
const lookPause = time.Second

// Mutation is a request that changes something.
type Mutation struct {
	// Send makes the request. Its error is a [*pmks.Error]; with MayHaveHappened set
	// where a try before the one that was refused may have taken effect.
	Send func(context.Context) error
	// Happened looks whether the request took effect, by something that only this
	// request leaves behind. An error means that it could not be learned; a
	// [*pmks.Error] with CodeAlreadyExists means that somebody else's resource is
	// in the way.
	Happened func(context.Context) (bool, error)
}

// Do sends m. When the outcome is open it looks, and sends again only after a
// look proved that nothing happened. If the look fails too, or ctx ends, the
// error has MayHaveHappened set, unless no try had a connection to go by. So has that of a
// later try which is refused as busy or as existing: it may be the first one that is in
// the way, where the look showed what was there before it.
func Do(ctx context.Context, m Mutation) error {
	if err := errs.Over(ctx); err != nil {
		return err
	}
	sent := false // a try may have reached the cloud
	for attempt := 1; ; attempt++ {
		err := m.Send(ctx)
		if c, ok := err.(certain); ok { //nolint:errorlint // it is never inside another
			return c.error
		}
		switch {
		case err == nil:
			return nil
		case !Open(err) && sent && (errors.Is(err, pmks.ErrBusy) || errors.Is(err, pmks.ErrAlreadyExists)):
			return mayHaveHappened(err, true)
		case !Open(err):
			return err
		}
		sent = sent || !errs.NeverSent(err) || saysMayHaveHappened(err)
		if poll.Sleep(ctx, lookPause) != nil {
			return mayHaveHappened(errs.Ended(ctx, err), sent)
		}
		happened, lookErr := m.Happened(ctx)
		switch {
		case errors.Is(lookErr, pmks.ErrAlreadyExists):
			return lookErr
		case lookErr != nil:
			return mayHaveHappened(errs.Ended(ctx, err), sent)
		case happened:
			return nil
		case attempt == Attempts:
			return mayHaveHappened(err, false)
		}
	}
}

// certain is a refusal that the request's own earlier tries have nothing to do with.
type certain struct{ error }

// Open reports whether err says nothing about whether the request took effect.
// Every answer of the cloud that names a fault is a refusal, and so is every answer
// with a 4xx, or a redirect, whatever its code is taken for; what is left is silence,
// and failures inside the cloud.
func Open(err error) bool {
	if saysMayHaveHappened(err) {
		return true
	}
	var e *pmks.Error
	if errors.As(err, &e) && e.HTTPStatus >= 300 && e.HTTPStatus < 500 {
		return false
	}
	switch pmks.CodeOf(err) {
	case pmks.CodeUnavailable, pmks.CodeInternal, pmks.CodeTimeout, pmks.CodeCanceled, pmks.CodeUnknown:
		return true
	}
	return false
}

func saysMayHaveHappened(err error) bool {
	var e *pmks.Error
	return errors.As(err, &e) && e.MayHaveHappened
}

func mayHaveHappened(err error, may bool) error {
	return errs.With(err, func(e *pmks.Error) { e.MayHaveHappened = may })
}
