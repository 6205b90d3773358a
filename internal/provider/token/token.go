// SPDX-License-Identifier: Apache-2.0

// Package token keeps what requests of a handler share and what ends: an access
// token, a session, temporary keys. Use it wherever a cloud's requests carry
// something that is got by a request of its own.
//
// The token sources of the SDKs hold a lock while they ask, deaf to the contexts of
// those who wait, or end everybody's wait when the one caller who asks goes away.
package token

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

const (
	// Early is how long before its end a value is replaced: one that goes into a
	// kubeconfig should live for a while. Of one that lives shortly it is half its life.
	Early = 10 * time.Minute
	// fetchTimeout bounds the getting of a value, whoever waits for it.
	fetchTimeout = 30 * time.Second
	// fetchPause is how long a value that still lives is used before another try to
	// replace it.
	fetchPause = 10 * time.Second
	// patience is how long a caller waits for a new value while the old one still lives.
	patience = 3 * time.Second
	// remembered is how many values requests under way may carry.
	remembered = 4
	// abandoned is how many getters there are at most that nobody waits for: a source that
	// knows no context, and hangs, must not keep one for each call that has ended.
	abandoned = 4
)

// Cache keeps one value for all requests. Whoever needs a new one waits for the same
// request for it, and no longer than the own context lives. While a new one cannot be
// got, or not at once, the old one is used to its end. It is safe for concurrent use.
type Cache[T any] struct {
	// Fetch gets a value and says when it ends. One that does not say so, by a zero
	// time, is got anew for each request, those that wait together sharing it. The
	// context is bounded, and is that of none of the callers: it has neither their end nor
	// their values.
	Fetch func(context.Context) (value T, end time.Time, err error)

	mu      sync.Mutex
	current T
	end     time.Time
	// stale is from when on current should be replaced, and again when that may be
	// tried the next time.
	stale, again time.Time
	running      *fetch[T]
	getters      chan struct{}
	recent       []T
}

// fetch is one request for a value, for all who wait for it.
type fetch[T any] struct {
	done    chan struct{}
	value   T
	err     error
	waiting int
	cancel  context.CancelFunc
}

// Get returns a value that lives. When ctx ends first, its error says so.
func (c *Cache[T]) Get(ctx context.Context) (T, error) {
	var none T
	if err := errs.Over(ctx); err != nil {
		return none, err
	}
	c.mu.Lock()
	now := time.Now()
	lives := now.Before(c.end)
	if lives && (now.Before(c.stale) || now.Before(c.again)) {
		defer c.mu.Unlock()
		return c.current, nil
	}
	f := c.running
	if f == nil {
		bounded, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		if c.getters == nil {
			c.getters = make(chan struct{}, abandoned)
		}
		f = &fetch[T]{done: make(chan struct{}), cancel: cancel, err: errLeft}
		c.running = f
		go c.run(bounded, f) //nolint:contextcheck // it is a request of all, with the context of none
	}
	f.waiting++
	c.mu.Unlock()
	var late <-chan time.Time
	if lives {
		late = time.After(boundedBy(ctx, now))
	}
	for {
		select {
		case <-f.done:
			return f.value, f.err
		case <-late:
			if value, lives := c.old(f); lives {
				return value, nil
			}
		case <-ctx.Done():
			c.leave(f)
			return none, errs.Over(ctx)
		}
	}
}

// leave ends a request for a value that nobody wants any more.
func (c *Cache[T]) leave(f *fetch[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.cancel()
		if c.running == f {
			c.running = nil
		}
	}
}

// boundedBy is how long a caller waits who has an old value to use: not all of its time.
func boundedBy(ctx context.Context, now time.Time) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(patience, deadline.Sub(now)/2)
	}
	return patience
}

// old returns the value that still lives, in place of one that does not come. The request
// for it goes on, for those who come when it has been used for a while.
func (c *Cache[T]) old(f *fetch[T]) (value T, lives bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if !now.Before(c.end) {
		return value, false
	}
	if c.running == f {
		c.again = now.Add(fetchPause)
	}
	return c.current, true
}

// errLeft is the answer where a source left the goroutine in which it was asked.
var errLeft = &pmks.Error{Code: pmks.CodeInternal, Message: "the source of credentials ended the goroutine in which it was asked"}

// run gets a value.
func (c *Cache[T]) run(ctx context.Context, f *fetch[T]) {
	defer close(f.done)
	defer f.cancel()
	defer c.ended(f)
	var value T
	var end time.Time
	err := fanout.Guarded(func() (err error) {
		select {
		case c.getters <- struct{}{}:
			defer func() { <-c.getters }()
		case <-ctx.Done():
			return errs.Over(ctx)
		}
		value, end, err = c.Fetch(ctx)
		return err
	})
	// The context that may have ended is nobody's who waits.
	err = errs.Ended(context.WithoutCancel(ctx), err)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil:
		c.current, c.end = value, end
		c.stale = end.Add(-min(Early, end.Sub(now)/2))
		c.recent = append(c.recent[max(0, len(c.recent)-remembered+1):], value)
	case now.Before(c.end):
		value, err = c.current, nil
	}
	c.again = now.Add(fetchPause)
	f.value, f.err = value, err
}

// ended lets the next caller ask anew.
func (c *Cache[T]) ended(f *fetch[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == f {
		c.running = nil
	}
}

// Drop forgets the value that a service has refused, if it is still the one in use:
// refused reports whether it is.
func (c *Cache[T]) Drop(refused func(T) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.end.IsZero() && refused(c.current) {
		var none T
		c.current, c.end = none, time.Time{}
	}
}

// Recent are the values that requests may have carried of late, the newest last: what
// must be cut out of what is shown.
func (c *Cache[T]) Recent() []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.recent)
}
