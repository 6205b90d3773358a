// SPDX-License-Identifier: Apache-2.0

package once

import (
	"context"
	"errors"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// Create makes something exactly once where the cloud takes no idempotency token.
// ours looks whether what is there came of this very request; an error with
// CodeAlreadyExists says that it is somebody else's. That something is
// there already, or being made, may after a first try whose answer was lost be that
// very thing.
func Create(ctx context.Context, send func(context.Context) error, ours func(context.Context) (bool, error)) error {
	tries := 0
	return Do(ctx, Mutation{
		Send: func(ctx context.Context) error {
			tries++
			err := send(ctx)
			if tries > 1 && (errors.Is(err, pmks.ErrAlreadyExists) || errors.Is(err, pmks.ErrBusy)) {
				done, lookErr := ours(ctx)
				if errors.Is(lookErr, pmks.ErrAlreadyExists) {
					return certain{lookErr}
				}
				if lookErr == nil && done {
					return nil
				}
			}
			return err
		},
		Happened: ours,
	})
}

// Fate is what a look at something that is to be removed finds.
type Fate int

// What may be found.
const (
	Stays Fate = iota // it is there, and not on its way out
	Going             // it is being removed
	Gone              // it is not shown
)

// FateOf is what a read tells: not-found is [Gone], any other error leaves it open.
func FateOf(going bool, err error) (Fate, error) {
	switch {
	case errs.Is(err, pmks.CodeNotFound):
		return Gone, nil
	case err != nil || !going:
		return Stays, err
	}
	return Going, nil
}

// Remove removes something exactly once. look finds out what has become of it. After a
// first try whose answer was lost, not-found is success; and a cloud that refuses because
// something is under way may speak of that very removal. That it is not shown is no
// success of a request that was refused: the cloud knows of it, and lists lag behind what
// has just been made.
func Remove(ctx context.Context, send func(context.Context) error, look func(context.Context) (Fate, error)) error {
	tries := 0
	err := Do(ctx, Mutation{
		Send: func(ctx context.Context) error {
			tries++
			err := send(ctx)
			if tries > 1 && errors.Is(err, pmks.ErrNotFound) {
				return nil
			}
			return err
		},
		Happened: func(ctx context.Context) (bool, error) {
			fate, err := look(ctx)
			return fate != Stays, err
		},
	})
	if errors.Is(err, pmks.ErrBusy) || errors.Is(err, pmks.ErrFailedPrecondition) {
		if fate, lookErr := look(ctx); lookErr == nil && (fate == Going || fate == Gone && tries > 1) {
			return nil
		}
	}
	return err
}
