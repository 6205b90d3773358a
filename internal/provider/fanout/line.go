// SPDX-License-Identifier: Apache-2.0

package fanout

import (
	"container/list"
	"context"

	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// class is what a request is for: the lower one goes first.
type class int

const (
	ofCall    class = iota
	ofWait          // a look of a wait
	ofListing       // of many requests, which nobody is in a hurry for
	classes
)

// classOf is the class of the requests that are made with ctx.
func classOf(ctx context.Context) class {
	switch {
	case poll.IsWaiting(ctx):
		return ofWait
	case isListing(ctx):
		return ofListing
	}
	return ofCall
}

// ahead is how many requests of a class go before one of those below: these wait, but do
// not starve.
const ahead = 3

// line is where requests stand for their turn at a bucket. One at a time has it, so that
// what changes meanwhile, the rate or a time of silence, holds for all who stand behind.
// The bucket's lock guards it.
type line struct {
	taken   bool
	waiting [classes]list.List // of chan struct{}, closed when the turn has come
	row     [classes]int       // how many went in a row before one of those below
}

// next gives the turn to another, or to nobody.
func (l *line) next() {
	for c := range l.waiting {
		first := l.waiting[c].Front()
		if first == nil {
			continue
		}
		if l.below(c) == 0 {
			l.row[c] = 0
		} else if l.row[c]++; l.row[c] > ahead {
			l.row[c] = 0
			continue
		}
		if turn, ok := l.waiting[c].Remove(first).(chan struct{}); ok {
			close(turn)
		}
		return
	}
	l.taken = false
}

// below is how many wait in the classes below one.
func (l *line) below(c int) (n int) {
	for i := c + 1; i < len(l.waiting); i++ {
		n += l.waiting[i].Len()
	}
	return n
}

// before is how many requests have their turn before one of a class that comes now, those
// that come later left out.
func (l *line) before(c class) int {
	n := l.waiting[c].Len()
	for higher := range c {
		n += min(l.waiting[higher].Len(), ahead*(n+1))
	}
	return n + min(l.below(int(c)), n/ahead)
}

// enter waits for the turn at a bucket. Who got it gives it back with leave.
func (b *bucket) enter(ctx context.Context, c class) error {
	b.mu.Lock()
	if !b.line.taken {
		b.line.taken = true
		b.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	place := b.line.waiting[c].PushBack(turn)
	b.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-turn: // it came at the same moment
		b.line.next()
	default:
		b.line.waiting[c].Remove(place)
	}
	return errs.Over(ctx)
}

// leave gives the turn to the next.
func (b *bucket) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.line.next()
}
