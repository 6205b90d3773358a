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
	within *bucket // nil: no level above

	mu     sync.Mutex
	line   line
	tokens *rate.Limiter // nil: no bound
	// published is what tokens refill at unless the cloud throttles, 0 where it publishes
	// nothing; slowed is when that was last changed.
	published, ceiling rate.Limit
	slowed             time.Time
	// held is until when the cloud wants to hear nothing.
	held time.Time
	// second counts what was sent in the second that began at since, and in the one before.
	since        time.Time
	second, last int
}

// Others may draw from what the cloud counts: where it throttles all the same, the bucket
// is drawn from half as fast, down to a part of the published rate, and twice as fast
// again after each while without. A bucket of which nothing is published has half the
// rate at which it was drawn from when the cloud first throttled, and no bound again when
// that was borne.
const (
	slowest  = 16
	recovery = 10 * time.Second
	// crawl is the least rate, a second, of what has no published one.
	crawl rate.Limit = 0.5
)

// publish sets the rate that the cloud publishes.
func (b *bucket) publish(r Rate) {
	if r.PerSecond > 0 {
		b.published = rate.Limit(r.PerSecond)
		b.ceiling = b.published
		b.tokens = rate.NewLimiter(b.published, max(1, r.Burst))
	}
}

// slow halves the rate, and what is left for a burst: the cloud has throttled.
func (b *bucket) slow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.tokens == nil {
		b.ceiling = rate.Limit(max(b.second, b.last, 1))
		b.tokens = rate.NewLimiter(b.ceiling, 1)
	} else if now.Sub(b.slowed) < time.Second && b.tokens.Limit() < b.ceiling {
		return // the refusals of one moment are one
	}
	b.slowed = now
	if left := int(b.tokens.TokensAt(now)); left > 1 {
		b.tokens.ReserveN(now, left/2)
	}
	least := crawl
	if b.published > 0 {
		least = b.published / slowest
	}
	b.tokens.SetLimitAt(now, min(b.ceiling, max(b.tokens.Limit()/2, least)))
}

// quicken brings a slowed rate back, step by step. The lock is held.
func (b *bucket) quicken(now time.Time) {
	for b.tokens != nil && b.tokens.Limit() < b.ceiling && now.Sub(b.slowed) >= recovery {
		b.slowed = b.slowed.Add(recovery)
		b.tokens.SetLimitAt(now, min(b.tokens.Limit()*2, b.ceiling))
	}
	if b.tokens != nil && b.published == 0 && b.tokens.Limit() >= b.ceiling && now.Sub(b.slowed) >= recovery {
		b.tokens = nil
	}
}

// wait waits for the turn at each level, for a token of it, and until the cloud wants to
// hear again. Who gets through has the turns until leaveTo(nil) ends them.
func (b *bucket) wait(ctx context.Context) error {
	c := classOf(ctx)
	for at := b; at != nil; at = at.within {
		if err := at.inTime(ctx, c); err != nil {
			return err
		}
	}
	for at := b; at != nil; at = at.within {
		err := at.enter(ctx, c)
		if err != nil {
			b.leaveTo(at)
			return err
		}
		if err = at.admit(ctx); err != nil {
			b.leaveTo(at.within)
			return err
		}
	}
	return nil
}

// leaveTo ends the turns at the levels before one.
func (b *bucket) leaveTo(end *bucket) {
	for at := b; at != end; at = at.within {
		at.leave()
	}
}

// inTime refuses a request that would not have its turn in time.
func (b *bucket) inTime(ctx context.Context, c class) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	pause := b.held.Sub(now)
	b.quicken(now)
	if b.tokens != nil {
		missing := float64(b.line.before(c)) + 1 - b.tokens.TokensAt(now)
		pause = max(pause, time.Duration(missing/float64(b.tokens.Limit())*float64(time.Second)))
	}
	if err := tooLong(ctx, pause); err != nil {
		return err
	}
	return b.silenced(now)
}

// admit lets a request pass whose turn it is.
func (b *bucket) admit(ctx context.Context) error {
	if err := b.listen(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	now := time.Now()
	b.quicken(now)
	if now.Sub(b.since) >= time.Second {
		b.last = 0
		if now.Sub(b.since) < 2*time.Second {
			b.last = b.second
		}
		b.since, b.second = now, 0
	}
	b.second++
	if b.tokens == nil {
		b.mu.Unlock()
		return nil
	}
	token := b.tokens.ReserveN(now, 1)
	b.mu.Unlock()
	err := tooLong(ctx, token.DelayFrom(now))
	if err == nil && poll.Sleep(ctx, token.DelayFrom(now)) != nil {
		err = errs.Over(ctx)
	}
	if err != nil {
		token.Cancel()
		return err
	}
	return b.listen(ctx) // a silence may have begun meanwhile
}

// listen waits until the cloud wants to hear again.
func (b *bucket) listen(ctx context.Context) error {
	for {
		b.mu.Lock()
		now := time.Now()
		pause, err := b.held.Sub(now), b.silenced(now)
		b.mu.Unlock()
		if pause <= 0 {
			return nil
		}
		if err == nil {
			err = tooLong(ctx, pause)
		}
		if err == nil && poll.Sleep(ctx, pause) != nil {
			err = errs.Over(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// silenced is the error of a silence that is too long to wait for within a call: the
// caller knows better what it is worth. The lock is held.
func (b *bucket) silenced(now time.Time) error {
	pause := b.held.Sub(now)
	if pause <= longestPause {
		return nil
	}
	return &pmks.Error{Code: pmks.CodeThrottled, RetryAfter: pause, Message: fmt.Sprintf(
		"nothing was sent: the cloud has asked for %s more without requests of this kind", pause.Round(time.Second))}
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
