// SPDX-License-Identifier: Apache-2.0

// Package limit bounds how many requests one call of a provider has under way.
package limit

import (
	"context"
	"runtime"

	"github.com/pmks-go/pmks"
)

// Concurrency is how many requests one call of a handler has under way at most.
const Concurrency = 8

// Limiter lets at most Concurrency requests run at a time.
type Limiter chan struct{}

// New makes a Limiter for one call of a handler.
func New() Limiter { return make(Limiter, Concurrency) }

// Do runs f when there is room. When ctx ends first it returns a [*pmks.Error]
// that says so, and f does not run.
func (l Limiter) Do(ctx context.Context, f func() error) error {
	// select chooses at random between what is ready.
	if err := Ended(ctx); err != nil {
		return err
	}
	select {
	case l <- struct{}{}:
		defer func() { <-l }()
		growStack()
		return f()
	case <-ctx.Done():
		return Ended(ctx)
	}
}

// stackNeed is about what the call of a vendor's SDK takes, from its middleware down
// to the TLS below.
const stackNeed = 28 << 10

// growStack makes room on the stack at once. A goroutine begins with a few KiB and
// doubles them as it goes, copying each time, and those of a listing live for one
// request: without this, a tenth of the CPU time of GetCluster on EKS went into it
// (BenchmarkOverhead in package aws).
//
//go:noinline
func growStack() {
	var room [stackNeed]byte
	runtime.KeepAlive(&room) // or the compiler takes it out
}

// Ended returns the end of ctx as a [*pmks.Error]; nil while it lives.
func Ended(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	return &pmks.Error{Code: pmks.CodeOf(err), Message: "the context ended during a request", Err: err}
}
