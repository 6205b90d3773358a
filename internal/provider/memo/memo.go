// SPDX-License-Identifier: Apache-2.0

// Package memo remembers facts that do not change, or not for a while: how a cluster is
// called, what the kinds of machines of a region are. Use it where an answer of the cloud
// needs such a fact beside it, and reading that each time would be a request more.
//
// Callers who miss a fact at the same moment share one request for it. A map that each of
// them looks into, and then asks for itself, lets two hundred callers of a new handler ask
// two hundred times.
package memo

import (
	"context"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// Facts are facts by their keys. The zero value is ready and forgets nothing by itself. It
// is safe for concurrent use.
type Facts[V any] struct {
	// Life is for how long a fact is believed; 0 means until it is deleted.
	Life time.Duration

	mu    sync.Mutex
	known map[string]fact[V]
	reads map[string]*reading[V]
}

type fact[V any] struct {
	value V
	at    time.Time
}

// reading is one request for a fact, for all who miss it.
type reading[V any] struct {
	done  chan struct{}
	value V
	err   error
	// own: the fault is that of the caller who asked, whose context has ended or leaves no
	// time for the turn of a request, and says nothing about the fact.
	own bool
}

// Load returns a fact that is known.
func (f *Facts[V]) Load(key string) (V, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.load(key)
}

func (f *Facts[V]) load(key string) (V, bool) {
	k, ok := f.known[key]
	if ok && f.Life > 0 && time.Since(k.at) >= f.Life {
		delete(f.known, key)
		return fact[V]{}.value, false
	}
	return k.value, ok
}

// Store notes a fact that another answer told.
func (f *Facts[V]) Store(key string, value V) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.store(key, value)
}

func (f *Facts[V]) store(key string, value V) {
	if f.known == nil {
		f.known = map[string]fact[V]{}
	}
	f.known[key] = fact[V]{value, time.Now()}
}

// Delete forgets a fact.
func (f *Facts[V]) Delete(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.known, key)
}

// Get returns a fact, which read reads where it is not known. One caller reads, with its
// own context; those who come meanwhile wait for the answer, each no longer than its own
// context lives. What read returns beside an error is returned, and not remembered. A
// caller is told a fault of a read that began when it had come already, or of its own.
func (f *Facts[V]) Get(ctx context.Context, key string, read func(context.Context) (V, error)) (V, error) {
	for came := false; ; came = true { // before the read that is waited for began
		f.mu.Lock()
		if value, ok := f.load(key); ok {
			f.mu.Unlock()
			return value, nil
		}
		r, ok := f.reads[key]
		if !ok {
			r = f.begin(key)
		}
		f.mu.Unlock()
		if !ok {
			f.run(ctx, key, r, read)
			return r.value, r.err
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			return fact[V]{}.value, errs.Over(ctx)
		}
		if r.err == nil || came && !r.own {
			return r.value, r.err
		}
	}
}

func (f *Facts[V]) begin(key string) *reading[V] {
	if f.reads == nil {
		f.reads = map[string]*reading[V]{}
	}
	r := &reading[V]{done: make(chan struct{})}
	f.reads[key] = r
	return r
}

// run reads a fact for all who wait for it.
func (f *Facts[V]) run(ctx context.Context, key string, r *reading[V], read func(context.Context) (V, error)) {
	r.err = fanout.Guarded(func() (err error) {
		r.value, err = read(ctx)
		return err
	})
	_, bounded := ctx.Deadline()
	r.own = ctx.Err() != nil || bounded && errs.Is(r.err, pmks.CodeThrottled)
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.err == nil {
		f.store(key, r.value)
	}
	delete(f.reads, key)
	close(r.done)
}
