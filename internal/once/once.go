// SPDX-License-Identifier: Apache-2.0

// Package once makes a mutation happen exactly once although its reply may be
// lost.
package once

import (
	"context"
	"errors"
	"time"

	"github.com/pmks-go/pmks"
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
// error has MayHaveHappened set.
func Do(ctx context.Context, m Mutation) error {
	if err := ctx.Err(); err != nil {
		return &pmks.Error{Code: pmks.CodeOf(err), Message: "the context was over before the request was sent", Err: err}
	}
	for attempt := 1; ; attempt++ {
		err := m.Send(ctx)
		if err == nil || !Open(err) {
			return err
		}
		if pause(ctx) != nil {
			return mayHaveHappened(err)
		}
		happened, lookErr := m.Happened(ctx)
		switch {
		case errors.Is(lookErr, pmks.ErrAlreadyExists):
			return lookErr
		case lookErr != nil:
			return mayHaveHappened(err)
		case happened:
			return nil
		case attempt == Attempts:
			return didNotHappen(err)
		}
	}
}

// Open reports whether err says nothing about whether the request took effect.
// Every answer of the cloud that names a fault is a refusal; what is left is
// silence, and failures inside the cloud.
func Open(err error) bool {
	var e *pmks.Error
	if errors.As(err, &e) && e.MayHaveHappened {
		return true
	}
	switch pmks.CodeOf(err) {
	case pmks.CodeUnavailable, pmks.CodeInternal, pmks.CodeTimeout, pmks.CodeCanceled, pmks.CodeUnknown:
		return true
	}
	return false
}

func pause(ctx context.Context) error {
	timer := time.NewTimer(lookPause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func mayHaveHappened(err error) error {
	var e *pmks.Error
	if !errors.As(err, &e) {
		return &pmks.Error{Code: pmks.CodeOf(err), MayHaveHappened: true, Err: err}
	}
	c := *e
	c.MayHaveHappened = true
	return &c
}

// didNotHappen is err after a look that proved it.
func didNotHappen(err error) error {
	var e *pmks.Error
	if !errors.As(err, &e) || !e.MayHaveHappened {
		return err
	}
	c := *e
	c.MayHaveHappened = false
	return &c
}
