// SPDX-License-Identifier: Apache-2.0

// Package hook calls the functions that a user hangs before the requests of a provider:
// the last word on the vendor's request, for what pmks has no field for.
package hook

import (
	"context"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// Func is a hook: it is given the portable request as it was asked for, a copy, and the
// vendor's request as it is about to be sent, which it may change.
type Func[Portable, Native any] = func(ctx context.Context, req Portable, native *Native) error

// Run calls a hook; nil is none. It is called once for each logical request, before the
// first try and outside of whatever repeats it, so that all tries send the same. name is
// that of the field of the provider's Config, which errors name. kept says what of native
// must stay as it is, because pmks finds by it what it has made: the name, the token of
// the request. A hook that changes it is refused, as is one that fails or panics, with
// ErrInvalidArgument; nothing has been sent then.
func Run[Portable, Native any](ctx context.Context, name string, f Func[Portable, Native], req Portable, native *Native, kept func(*Native) string) error {
	if f == nil {
		return nil
	}
	before := kept(native)
	if err := call(ctx, name, f, req, native); err != nil {
		return err
	}
	if err := errs.Over(ctx); err != nil {
		return err
	}
	if !same(native, kept, before) {
		return invalid(name, "the hook changed the name, the scope or the token of the request, by which pmks finds what it made: leave them as they are", nil)
	}
	return nil
}

// same reports whether a hook has left what it must. A request that it has emptied may lack
// what kept looks into.
func same[Native any](native *Native, kept func(*Native) string, before string) (same bool) {
	defer func() {
		if recover() != nil {
			same = false
		}
	}()
	return kept(native) == before
}

// call keeps what a panic says to itself: it may quote a secret of the user's.
func call[Portable, Native any](ctx context.Context, name string, f Func[Portable, Native], req Portable, native *Native) (err error) {
	defer func() {
		if recover() != nil {
			err = invalid(name, "the hook panicked", nil)
		}
	}()
	switch err := f(ctx, req, native); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errs.Over(ctx)
	default:
		return invalid(name, "the hook refused the request: "+err.Error(), err)
	}
}

func invalid(name, message string, err error) error {
	return &pmks.Error{Code: pmks.CodeInvalidArgument, Field: name, Message: message, Err: err}
}
