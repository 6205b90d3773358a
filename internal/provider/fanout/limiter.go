// SPDX-License-Identifier: Apache-2.0

// Package fanout makes the requests of a handler: parallel where that helps, under
// one limiter that all callers of the handler share, and with one rule for what is
// repeated. Every request of a provider goes through [Read] or [Do].
package fanout

import (
	"context"
	"sync"

	"github.com/pmks-go/pmks/internal/provider/errs"
)

// Slots is how many requests of one limiter are under way at most, whoever asks.
const Slots = 8

// listingSlots is how many of them listings may take: a listing of a thousand
// clusters leaves room for the calls and waits beside it.
const listingSlots = Slots - 2

// Rate is how fast a bucket of requests refills, and how many it holds. The zero
// Rate is no bound.
type Rate struct {
	PerSecond float64
	Burst     int
	// Within names a bucket that must admit the request as well, where a cloud
	// counts on several levels: per cluster and per account, for one.
	Within string
}

// Limiter bounds all requests of the handlers of one account: how many are under way, and
// how fast each of the cloud's own buckets is drawn from. It is safe for concurrent use.
type Limiter struct {
	slots    chan struct{}
	listings chan struct{}
	rateOf   func(bucket string) Rate

	mu      sync.Mutex
	buckets map[string]*bucket
}

// NewLimiter makes a limiter that nobody else has; see [Shared]. rateOf gives the rate of a bucket by
// the name that the provider gives it in its calls; nil means no bounds but Slots.
func NewLimiter(rateOf func(bucket string) Rate) *Limiter {
	return &Limiter{slots: make(chan struct{}, Slots), listings: make(chan struct{}, listingSlots),
		rateOf: rateOf, buckets: map[string]*bucket{}}
}

func (l *Limiter) bucket(name string) *bucket {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bucketLocked(name)
}

func (l *Limiter) bucketLocked(name string) *bucket {
	if b, ok := l.buckets[name]; ok {
		return b
	}
	b := &bucket{}
	l.buckets[name] = b
	if l.rateOf == nil {
		return b
	}
	r := l.rateOf(name)
	b.publish(r)
	if r.Within != "" && r.Within != name {
		b.within = l.bucketLocked(r.Within)
	}
	return b
}

// turn is the place of one request among those under way.
type turn struct {
	l       *Limiter
	listing bool
}

// end gives the place back.
func (t turn) end() {
	<-t.l.slots
	if t.listing {
		<-t.l.listings
	}
}

// acquire waits for the turn of one request. A caller whose time would be over
// before its turn is told so at once, as Throttled with the wait, and takes none.
func (l *Limiter) acquire(ctx context.Context, b *bucket) (turn, error) {
	t := turn{l, isListing(ctx)}
	if err := errs.Over(ctx); err != nil {
		return t, err
	}
	if t.listing {
		if err := take(ctx, l.listings); err != nil {
			return t, err
		}
	}
	err := b.wait(ctx)
	if err == nil {
		// The turn ends with the place: where places are short, those behind stand in line
		// for them in their order, too.
		err = take(ctx, l.slots)
		b.leaveTo(nil)
	}
	if err != nil && t.listing {
		<-l.listings
	}
	return t, err
}

// take takes a place, or returns the end of ctx.
func take(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errs.Over(ctx)
	}
}

type listingKey struct{}

// asListing marks the requests of a listing: they leave room for others.
func asListing(ctx context.Context) context.Context {
	return context.WithValue(ctx, listingKey{}, true)
}

func isListing(ctx context.Context) bool { return ctx.Value(listingKey{}) != nil }
