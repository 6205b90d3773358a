// SPDX-License-Identifier: Apache-2.0

package fanout

import (
	"context"
	"iter"
	"sync"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// streamAhead is how many items of a stream are read ahead of the one that is handed
// over. It bounds the memory, and the requests that a loop which breaks has made in vain.
const streamAhead = listingSlots

// future is one item of a stream: what was read of it, once done is closed.
type future[R any] struct {
	done chan struct{}
	read R
	err  error
}

// Stream reads the details of the items of a listing while its pages come in, and hands
// them over in their order: the first before the last page is asked for. A page that
// cannot be read ends the stream with its error; an item that cannot is handed over as
// failed says, and the others follow; one that is not found any more has vanished and is
// left out. When the loop ends, and when ctx does, nothing is left under way.
func Stream[T, R any](ctx context.Context, pages iter.Seq2[[]T, error], about func(T) pmks.IID,
	read func(context.Context, T) (R, error), failed func(T) R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		ctx, cancel := context.WithCancel(asListing(ctx))
		var work sync.WaitGroup
		defer work.Wait()
		defer cancel()
		queue := make(chan *future[R], streamAhead-1)
		whole := false // all was handed over; set before queue is closed
		work.Go(func() {
			defer close(queue)
			push := func(f *future[R]) bool {
				if ctx.Err() != nil {
					return false
				}
				select {
				case queue <- f:
					return true
				case <-ctx.Done():
					return false
				}
			}
			err := Guarded(func() error {
				for items, err := range pages {
					if err != nil {
						return err
					}
					for _, item := range items {
						f := &future[R]{done: make(chan struct{})}
						if !push(f) {
							return nil
						}
						work.Go(func() {
							defer close(f.done)
							f.err = Guarded(func() (err error) {
								f.read, err = read(ctx, item)
								return err
							})
							if f.err != nil && !errs.Is(f.err, pmks.CodeNotFound) {
								f.read, f.err = failed(item), errs.OfCluster(f.err, about(item))
							}
						})
					}
				}
				return nil
			})
			if err != nil {
				f := &future[R]{done: make(chan struct{}), err: err}
				close(f.done)
				push(f)
			}
			whole = ctx.Err() == nil
		})
		cut := false
		for f := range queue {
			<-f.done
			if errs.Is(f.err, pmks.CodeNotFound) {
				continue
			}
			if cut = f.err != nil && ctx.Err() != nil; cut {
				break
			}
			if !yield(f.read, f.err) {
				return
			}
		}
		if err := errs.Over(ctx); err != nil && (cut || !whole) { // the caller's end, told once
			var zero R
			yield(zero, err)
		}
	}
}
