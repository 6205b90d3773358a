// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"sync"

	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// turn is what one caller at a time changes by several requests. The limiter stands for
// the account, whose handlers share it.
type turn struct {
	account *fanout.Limiter
	cluster string
}

// turns are those that are taken; each channel is closed when its turn is over.
var turns struct {
	sync.Mutex
	taken map[turn]chan struct{}
}

// takeTurn waits until nobody else of the program changes a cluster, and gives the turn
// back when over is called. What was read before it may be old.
func (h *Handler) takeTurn(ctx context.Context, cluster string) (over func(), err error) {
	mine, done := turn{h.api.limiter, cluster}, make(chan struct{})
	for {
		turns.Lock()
		other, taken := turns.taken[mine]
		if !taken {
			if turns.taken == nil {
				turns.taken = map[turn]chan struct{}{}
			}
			turns.taken[mine] = done
			turns.Unlock()
			return func() {
				turns.Lock()
				defer turns.Unlock()
				delete(turns.taken, mine)
				close(done)
			}, nil
		}
		turns.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, errs.Over(ctx)
		}
	}
}
