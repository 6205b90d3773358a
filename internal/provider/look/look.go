// SPDX-License-Identifier: Apache-2.0

// Package look lets waits share their looks. A thousand waits on the clusters of one
// handler cost, together, a listing of them every few seconds, where a listing is cheaper
// than a look at each. Use it in a provider's ReadState:
//
//	cluster, err := h.looks.Read(ctx, id, look.Way[clusterObject]{
//		One: func(ctx context.Context) (clusterObject, error) { return h.cluster(ctx, id) },
//		Set: "clusters", All: h.clusterStates,
//	})
//
// There is no cache: whoever looks is answered by a request that began later.
package look

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

const (
	// few looks within a spacing are each made at once and alone. From there on they are
	// gathered.
	few = 3
	// longestSpacing is how long after the begin of one shared read the next one begins:
	// what a look waits at most for others.
	longestSpacing = 5 * time.Second
	// trusted is for how long the price of a listing is taken for what the next one costs.
	trusted = 10 * time.Minute
	// patience is for how many spacings a listing that is still under way keeps the next one
	// from beginning.
	patience = 4
	// idle is how long a set is remembered that nobody looks at.
	idle = time.Minute
)

// Way is how the state of a target is read.
type Way[S any] struct {
	// One reads the target.
	One func(context.Context) (S, error)
	// Set names the targets that All reads together: the clusters of the account, or the
	// node groups of one cluster.
	Set string
	// All reads the states of targets by their keys, and says how many requests that took.
	// It may leave out what it does not tell, or not well enough: that is read by One. So
	// is everything when All fails. nil where a cloud has no such read: then only those who
	// look at the same target share.
	All func(ctx context.Context, keys []string) (states map[string]S, requests int, err error)
}

// Shared gathers the looks of the waits of one handler. The zero value is ready. It is
// safe for concurrent use.
type Shared[S any] struct {
	mu    sync.Mutex
	sets  map[string]*set[S]
	swept time.Time // when those that nobody looks at were forgotten last
}

// set are the targets that are read together.
type set[S any] struct {
	lately [few]time.Time // when the last looks came, the oldest first
	began  time.Time      // the last shared read
	// crowded is when the last round of few or more began: they all come again.
	crowded time.Time
	open    *round[S] // gathers looks; nil: none does
	lists   int       // listings under way
	// price is what the last listing took, in requests; priced is when that was.
	price  int
	priced time.Time
}

// round are looks that are answered together. Its context is that of all who wait: it has
// neither the values nor the end of one of theirs.
type round[S any] struct {
	ctx     context.Context //nolint:containedctx // that of all who wait, not of one call
	cancel  context.CancelFunc
	way     Way[S] // of the whole: All is that of any of them
	targets map[string]*target[S]
	order   []string
	waiting int
	spacing time.Duration
	// due is when it begins, and latest when it must, zero for whenever: looks have bounds.
	due, latest time.Time
	begun, held bool // held: until the listing before it has ended
}

// target is what some of a round look at.
type target[S any] struct {
	one     func(context.Context) (S, error)
	waiting int
	done    chan struct{} // closed when told
	told    bool
	// alone: each is to look for itself; else state and err are the answer for all.
	alone bool
	state S
	err   error
}

// spacing is the time between two shared reads. It is short beside the pauses of the wait
// that looks, and leaves half of the time in which the look must be answered.
func spacing(ctx context.Context, now time.Time) time.Duration {
	d := min(longestSpacing, poll.Pause(ctx)/3)
	if latest, ok := latest(ctx, now); ok {
		d = min(d, latest.Sub(now))
	}
	return d
}

// latest is when a read must begin that answers a look in time.
func latest(ctx context.Context, now time.Time) (time.Time, bool) {
	deadline, ok := ctx.Deadline()
	return now.Add(deadline.Sub(now) / 2), ok
}

// gather is how long the first look of a round waits for others.
func gather(spacing time.Duration) time.Duration { return spacing / 5 }

// Read reads the state of the target that key names. The look of a wait (see
// [poll.Waiting]) may be answered together with others; every other read is made at once.
func (l *Shared[S]) Read(ctx context.Context, key string, w Way[S]) (S, error) {
	if !poll.IsWaiting(ctx) {
		return w.One(ctx)
	}
	if err := errs.Over(ctx); err != nil {
		var none S
		return none, err
	}
	r, t := l.join(ctx, key, w)
	if r == nil {
		return w.One(ctx)
	}
	select {
	case <-t.done:
	case <-ctx.Done():
		l.leave(r, t)
		var none S
		return none, errs.Over(ctx)
	}
	if t.alone {
		return w.One(ctx)
	}
	return t.state, t.err
}

// join makes a look one of the round that gathers. It returns no round when few look.
func (l *Shared[S]) join(ctx context.Context, key string, w Way[S]) (*round[S], *target[S]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	apart := spacing(ctx, now)
	s := l.set(key, w, now)
	crowded := now.Sub(s.lately[0]) < apart || now.Sub(s.crowded) < 2*poll.Pause(ctx)
	copy(s.lately[:], s.lately[1:])
	s.lately[few-1] = now
	r := s.open
	if r == nil {
		if !crowded {
			return nil, nil
		}
		r = &round[S]{way: w, targets: map[string]*target[S]{}, spacing: apart}
		r.ctx, r.cancel = context.WithCancel(poll.Waiting(context.Background()))
		s.open = r
		pause := max(gather(apart), s.began.Add(apart).Sub(now))
		r.due = now.Add(pause)
		time.AfterFunc(pause, func() { l.run(s, r) })
	}
	if latest, ok := latest(ctx, now); ok {
		if r.latest.IsZero() || latest.Before(r.latest) {
			r.latest = latest
		}
		if latest.Before(r.due) { // it cannot wait as long as those who gather
			r.due = latest
			time.AfterFunc(latest.Sub(now), func() { l.run(s, r) })
		}
	}
	t := r.targets[key]
	if t == nil {
		t = &target[S]{one: w.One, done: make(chan struct{})}
		r.targets[key] = t
		r.order = append(r.order, key)
	}
	t.waiting++
	r.waiting++
	return r, t
}

// set returns the set of a look, and forgets those that nobody looks at.
func (l *Shared[S]) set(key string, w Way[S], now time.Time) *set[S] {
	name := "all/" + w.Set
	if w.All == nil {
		name = "one/" + key
	}
	if s, ok := l.sets[name]; ok {
		return s
	}
	if now.Sub(l.swept) > idle { // not for each of many new sets
		l.swept = now
		for other, s := range l.sets {
			if s.open == nil && now.Sub(s.lately[few-1]) > idle {
				delete(l.sets, other)
			}
		}
	}
	if l.sets == nil {
		l.sets = map[string]*set[S]{}
	}
	s := &set[S]{}
	l.sets[name] = s
	return s
}

// leave ends one look. A read that nobody waits for ends too.
func (l *Shared[S]) leave(r *round[S], t *target[S]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.waiting--
	if r.waiting--; r.waiting == 0 && r.begun { // others may come before it begins
		r.cancel()
	}
}

// run answers a round. Whoever comes from now on belongs to the next one.
func (l *Shared[S]) run(s *set[S], r *round[S]) {
	keys, list, ok := l.begin(s, r)
	if !ok {
		return
	}
	defer r.cancel()
	defer r.finish()
	if list {
		keys = l.list(s, r, keys)
	}
	var together sync.WaitGroup
	for _, key := range keys {
		t := r.targets[key]
		if l.isAlone(t) {
			t.alone = true
			t.tell()
			continue
		}
		together.Go(func() {
			defer t.tell()
			l.one(r, t)
		})
	}
	together.Wait()
}

// begin closes a round to others, and returns what is to be read and whether by listing.
// A round that has begun already is not begun again, nor one whose turn has not come
// because a listing is under way.
func (l *Shared[S]) begin(s *set[S], r *round[S]) (keys []string, list, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.begun {
		return nil, false, false
	}
	now := time.Now()
	if s.lists > 0 && !r.held {
		until := s.began.Add(patience * r.spacing)
		if !r.latest.IsZero() && r.latest.Before(until) {
			until = r.latest
		}
		if pause := until.Sub(now); pause > 0 {
			r.held, r.due = true, until
			time.AfterFunc(pause, func() { l.run(s, r) })
			return nil, false, false
		}
	}
	r.begun, s.open, s.began = true, nil, now
	if r.waiting >= few {
		s.crowded = now
	}
	for _, key := range r.order {
		if r.targets[key].waiting > 0 {
			keys = append(keys, key)
		}
	}
	known := now.Sub(s.priced) < trusted
	list = r.way.All != nil && (known && len(keys) > s.price || !known && len(keys) >= few)
	if list {
		s.lists++
	}
	return keys, list, true
}

// isAlone reports whether at most one looks at a target: it reads for itself, and its end
// is that of the read.
func (l *Shared[S]) isAlone(t *target[S]) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return t.waiting <= 1
}

// one reads a target for all who look at it.
func (l *Shared[S]) one(r *round[S], t *target[S]) {
	t.err = errLeft
	t.err = fanout.Guarded(func() (err error) {
		t.state, err = t.one(r.ctx)
		return err
	})
}

// errLeft is the answer where a read left its goroutine.
var errLeft = &pmks.Error{Code: pmks.CodeInternal, Message: "the read of a state ended the goroutine in which it was made"}

// tell hands the answer to all who look at a target.
func (t *target[S]) tell() {
	if !t.told {
		t.told = true
		close(t.done)
	}
}

// finish tells those something whom nothing has told.
func (r *round[S]) finish() {
	for _, t := range r.targets {
		if !t.told {
			t.err = errLeft
			t.tell()
		}
	}
}

// list answers the looks at keys with one listing, and returns those that it does not.
func (l *Shared[S]) list(s *set[S], r *round[S], keys []string) (rest []string) {
	defer l.listed(s)
	var states map[string]S
	requests := 0
	err := fanout.Guarded(func() (err error) {
		states, requests, err = r.way.All(r.ctx, keys)
		return err
	})
	if err != nil && !fanout.Passing(err) && r.ctx.Err() == nil {
		requests = math.MaxInt // it is denied, or not to be had: not worth asking for
	}
	l.mu.Lock()
	if requests > 0 {
		s.price, s.priced = requests, time.Now()
	}
	l.mu.Unlock()
	if err != nil {
		return l.probe(r, keys, err)
	}
	for _, key := range keys {
		state, ok := states[key]
		if !ok {
			rest = append(rest, key)
			continue
		}
		t := r.targets[key]
		t.state = state
		t.tell()
	}
	return rest
}

// probe decides what becomes of looks whose listing failed. Where that may pass, and one of
// them fails so by itself too, it is not the listing: the cloud does not answer, and a
// thousand waits must not find that out one by one. Else each is told what its own look
// says.
func (l *Shared[S]) probe(r *round[S], keys []string, listErr error) (rest []string) {
	if !fanout.Passing(listErr) || r.ctx.Err() != nil || len(keys) < few {
		return keys
	}
	first := r.targets[keys[0]]
	l.one(r, first)
	first.tell()
	if !fanout.Passing(first.err) {
		return keys[1:]
	}
	for _, key := range keys[1:] {
		t := r.targets[key]
		t.err = listErr
		t.tell()
	}
	return nil
}

// listed notes the end of a listing, for which the next round may wait.
func (l *Shared[S]) listed(s *set[S]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.lists--
	if r := s.open; r != nil && r.held && s.lists == 0 {
		go l.run(s, r)
	}
}
