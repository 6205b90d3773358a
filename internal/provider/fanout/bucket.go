// SPDX-License-Identifier: Apache-2.0

package fanout

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// bucket is one of the cloud's: all requests that it counts together.
type bucket struct {
	tokens *rate.Limiter // nil: no bound
	within *bucket       // nil: no level above
	// waits lets one look of a wait stand in line at a time: all others go before it.
	waits chan struct{}

	mu sync.Mutex
	// published is what tokens refill at unless the cloud throttles; slowed is when that
	// was last changed.
	published rate.Limit
	slowed    time.Time
	// held is until when the cloud wants to hear nothing.
	held time.Time
}

// Others may draw from what the cloud counts: where it throttles all the same, the bucket
// is drawn from half as fast, down to a part of the published rate, and twice as fast
// again after each while without.
const (
	slowest  = 16
	recovery = 10 * time.Second
)

func newBucket() *bucket { return &bucket{waits: make(chan struct{}, 1)} }

// publish sets the rate that the cloud publishes.
func (b *bucket) publish(r Rate) {
	if r.PerSecond > 0 {
		b.published = rate.Limit(r.PerSecond)
		b.tokens = rate.NewLimiter(b.published, max(1, r.Burst))
	}
}

// slow halves the rate: the cloud has throttled.
func (b *bucket) slow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	// The refusals of one moment are one.
	if b.tokens == nil || now.Sub(b.slowed) < time.Second && b.tokens.Limit() < b.published {
		return
	}
	b.slowed = now
	b.tokens.SetLimit(max(b.tokens.Limit()/2, b.published/slowest))
}

// quicken brings a slowed rate back, step by step.
func (b *bucket) quicken() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.tokens.Limit() < b.published && time.Since(b.slowed) >= recovery {
		b.slowed = b.slowed.Add(recovery)
		b.tokens.SetLimit(min(b.tokens.Limit()*2, b.published))
	}
}

// wait waits for a token of each level, and until the cloud wants to hear again.
func (b *bucket) wait(ctx context.Context) error {
	if poll.IsWaiting(ctx) && b.tokens != nil {
		if b.yield(ctx) {
			defer func(of *bucket) { <-of.waits }(b)
		}
	}
	for ; b != nil; b = b.within {
		if err := b.waitAlone(ctx); err != nil {
			return err
		}
	}
	return nil
}

// longestYield is how long a wait's look lets others go first: it has a bound of its own,
// and a crowd of waits must not starve.
const longestYield = 5 * time.Second

// yield lets all requests go first but one look of a wait at a time. It returns false
// where that took too long.
func (b *bucket) yield(ctx context.Context) bool {
	select {
	case b.waits <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(longestYield)
	defer timer.Stop()
	select {
	case b.waits <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (b *bucket) waitAlone(ctx context.Context) error {
	for {
		b.mu.Lock()
		pause := time.Until(b.held)
		b.mu.Unlock()
		if pause <= 0 {
			break
		}
		if err := tooLong(ctx, pause); err != nil {
			return err
		}
		if poll.Sleep(ctx, pause) != nil {
			return errs.Over(ctx)
		}
	}
	if b.tokens == nil {
		return nil
	}
	b.quicken()
	token := b.tokens.Reserve()
	if err := tooLong(ctx, token.Delay()); err != nil {
		token.Cancel()
		return err
	}
	if poll.Sleep(ctx, token.Delay()) != nil {
		token.Cancel()
		return errs.Over(ctx)
	}
	return nil
}

// tooLong is the error of a wait that the caller's deadline does not allow.
func tooLong(ctx context.Context, wait time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && wait > 0 && time.Until(deadline) <= wait {
		return &pmks.Error{Code: pmks.CodeThrottled, RetryAfter: wait, Message: fmt.Sprintf(
			"nothing was sent: under the cloud's published rate the turn of this request comes in %s, after the end of its context", wait.Round(time.Millisecond))}
	}
	return nil
}

// hold keeps a bucket silent for a while, all its callers at once.
func (b *bucket) hold(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := time.Now().Add(d); until.After(b.held) {
		b.held = until
	}
}
