// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"errors"
	"strings"
	"time"
)

// explain adds to why a wait failed what the cloud has on record: where the target
// rests and the goal is not reached, the error of its last operation tells more
// than its state. Where the last look was the cheap one, the whole is read for the
// result. What cannot be read changes nothing.
func (w *wait) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil || !w.shown.found {
		return err
	}
	shown, lastErr := w.shown, w.lastErr
	if !shown.whole {
		_, _ = w.read(ctx) // for w.last alone
		w.shown, w.lastErr = shown, lastErr
	}
	if w.explained || shown.state.Status.Transitional() {
		return err
	}
	group := w.readGroup
	var e *Error
	if errors.As(err, &e) && !e.NodeGroup.IsZero() {
		group = e.NodeGroup
	}
	op, ok := w.failedOperation(ctx, group)
	if !ok {
		return err
	}
	return blame(err, op)
}

// failedOperation returns the last operation on the target, if it failed and is
// what this wait is about.
func (w *wait) failedOperation(ctx context.Context, group IID) (Operation, bool) {
	if c, ok := w.h.(*Client); ok {
		if _, ok := c.Unwrap().(OperationReader); !ok {
			return Operation{}, false
		}
	}
	r, ok := w.h.(OperationReader)
	if !ok {
		return Operation{}, false
	}
	op, err := readOnce(ctx, w.opts.readTimeout, func(ctx context.Context) (Operation, error) {
		return r.LastOperation(ctx, w.readCluster, group)
	})
	return op, err == nil && op.Done && op.Err != nil && w.concerns(op, group)
}

// operationSlack is how much earlier than a wait an operation may have ended and
// still be what the wait is about, if the grace period is not longer: the caller
// does other things between the mutation and the wait, and clocks differ.
const operationSlack = time.Minute

// concerns reports whether an operation is what the wait is about: it ran, or began,
// since shortly before the mutation or else the wait; or it is the creation of the
// very cluster, which explains a failed one whenever it was. What is older has
// been seen by others, and the target may rest for another reason.
func (w *wait) concerns(op Operation, group IID) bool {
	since := w.opts.since
	if since.IsZero() {
		since = w.start
	}
	slack := max(w.opts.grace, operationSlack)
	latest := op.Start
	if op.End.After(latest) {
		latest = op.End
	}
	if latest.IsZero() {
		// The cloud does not tell when. A failed target speaks for its last operation.
		return w.shown.state.Status == ClusterInactive && w.shown.state.StatusFinal
	}
	created := w.last.CreatedTime
	isCreation := group.IsZero() && !created.IsZero() && !op.Start.IsZero() && op.Start.Sub(created).Abs() <= slack
	return isCreation || !latest.Before(since.Add(-slack))
}

// blame returns err with the error of an operation: its code and sentence in the
// text, and for errors.Is and errors.As.
func blame(err error, op Operation) error {
	var e Error
	if of, ok := err.(*Error); ok { //nolint:errorlint // one inside another is not to be taken out
		e = *of
	} else {
		e = Error{Code: CodeOf(err), Err: err}
	}
	e.Message = e.message()
	sentence := op.Err.Error()
	var cause *Error
	if errors.As(op.Err, &cause) {
		sentence = cause.message()
		if e.ProviderCode == "" {
			e.ProviderCode = cause.ProviderCode
		}
	}
	if sentence == "" || !strings.Contains(e.Message, sentence) {
		e.Message += "; its last operation"
		if name := strings.TrimSpace(op.Kind + " " + op.ID); name != "" {
			e.Message += " (" + name + ")"
		}
		e.Message += " failed"
		if sentence != "" {
			e.Message += ": " + sentence
		}
	}
	if e.Err == nil {
		e.Err = op.Err
	} else {
		e.Err = errors.Join(e.Err, op.Err)
	}
	return &e
}
