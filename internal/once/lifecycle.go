// SPDX-License-Identifier: Apache-2.0

package once

import (
	"context"
	"errors"

	"github.com/pmks-go/pmks"
)

// Create makes something exactly once where the cloud takes no idempotency token.
// ours looks whether what is there came of this very request. That something is
// there already, or being made, may after a first try whose answer was lost be that
// very thing.
func Create(ctx context.Context, send func(context.Context) error, ours func(context.Context) (bool, error)) error {
	tries := 0
	return Do(ctx, Mutation{
		Send: func(ctx context.Context) error {
			tries++
			err := send(ctx)
			if tries > 1 && (errors.Is(err, pmks.ErrAlreadyExists) || errors.Is(err, pmks.ErrBusy)) {
				if done, lookErr := ours(ctx); lookErr == nil && done {
					return nil
				}
			}
			return err
		},
		Happened: ours,
	})
}

// Delete removes something exactly once. gone looks whether it is gone or going.
// After a first try whose answer was lost, not-found is success; and a cloud that
// refuses because something is under way may speak of that very deletion.
func Delete(ctx context.Context, send func(context.Context) error, gone func(context.Context) (bool, error)) error {
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
		Happened: gone,
	})
	if errors.Is(err, pmks.ErrBusy) || errors.Is(err, pmks.ErrFailedPrecondition) {
		if done, lookErr := gone(ctx); lookErr == nil && done {
			return nil
		}
	}
	return err
}
