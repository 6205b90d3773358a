// SPDX-License-Identifier: Apache-2.0

package fanout

import (
	"context"
	"sync"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// Each runs f for 0 to n-1 and returns all faults, without doubles. At most Slots
// run at a time, one of them on the goroutine of the caller. A fault ends none of
// the others.
func Each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	faults := make([]error, n)
	var mu sync.Mutex
	next := 0
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= n
	}
	work := func() {
		for i, ok := take(); ok; i, ok = take() {
			if faults[i] = errs.Over(ctx); faults[i] == nil {
				faults[i] = Guarded(func() error { return f(ctx, i) })
			}
		}
	}
	var others sync.WaitGroup
	for range min(n, Slots) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	return errs.Join(faults...)
}

// All runs functions side by side and returns all their faults, without doubles. A
// fault ends none of the others.
func All(ctx context.Context, fs ...func(context.Context) error) error {
	return Each(ctx, len(fs), func(ctx context.Context, i int) error { return fs[i](ctx) })
}

// List reads the details of each item, in the order of the items: it begins a new
// one only when a worker has finished another. What is not found any more has
// vanished and is left out. The faults of the others are joined, each with the
// cluster that it speaks of; when ctx has ended they are that end alone.
func List[T, R any](ctx context.Context, items []T, about func(T) pmks.IID, read func(context.Context, T) (R, error)) ([]R, error) {
	results := make([]R, len(items))
	faults := make([]error, len(items))
	// The faults are kept for each item, so Each has none to report.
	_ = Each(asListing(ctx), len(items), func(ctx context.Context, i int) error {
		faults[i] = Guarded(func() (err error) {
			results[i], err = read(ctx, items[i])
			return err
		})
		return nil
	})
	if err := errs.Over(ctx); err != nil {
		return nil, err
	}
	list := make([]R, 0, len(items))
	var failed []error
	for i, err := range faults {
		switch {
		case err == nil:
			list = append(list, results[i])
		case !errs.Is(err, pmks.CodeNotFound):
			failed = append(failed, errs.OfCluster(err, about(items[i])))
		}
	}
	return list, errs.Join(failed...)
}
