// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/pmks-go/pmks"
)

// Ended is how a wait ended. Whoever is reconciled for it needs no look of its own.
type Ended struct {
	Goal    string
	Cluster pmks.ClusterInfo
	Group   pmks.NodeGroupInfo
	Err     error
	At      time.Time
}

// Waits are the waits that are under way, at most one for each object. No worker waits:
// a reconcile begins a wait and returns; the end of the wait puts the object back into the
// queue. The waits of a connection share their looks, so that a thousand of them cost a
// listing every few seconds where the cloud has one.
type Waits struct {
	// Ends tells which objects are to be reconciled.
	Ends chan event.TypedGenericEvent[types.NamespacedName]

	ctx     context.Context //nolint:containedctx // of the process: waits outlive the reconcile that begins them
	mu      sync.Mutex
	running map[types.NamespacedName]*waiting
	ended   map[types.NamespacedName]Ended
}

type waiting struct {
	goal   string
	cancel context.CancelFunc
}

// fresh is how long the end of a wait stands for a look.
const fresh = 30 * time.Second

// NewWaits makes waits that all end with ctx.
func NewWaits(ctx context.Context) *Waits {
	return &Waits{
		Ends: make(chan event.TypedGenericEvent[types.NamespacedName]), ctx: ctx,
		running: map[types.NamespacedName]*waiting{}, ended: map[types.NamespacedName]Ended{},
	}
}

// Start begins a wait for an object, unless one with that goal is under way. One with
// another goal ends.
func (w *Waits) Start(object types.NamespacedName, goal string, wait func(context.Context) Ended) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.running[object]; r != nil {
		if r.goal == goal {
			return
		}
		r.cancel()
	}
	ctx, cancel := context.WithCancel(w.ctx)
	r := &waiting{goal, cancel}
	w.running[object] = r
	go func() {
		defer cancel()
		end := wait(ctx)
		w.mu.Lock()
		current := w.running[object] == r
		if current {
			delete(w.running, object)
			end.Goal, end.At = goal, time.Now()
			w.ended[object] = end
		}
		w.mu.Unlock()
		if !current {
			return
		}
		select {
		case w.Ends <- event.TypedGenericEvent[types.NamespacedName]{Object: object}:
		case <-w.ctx.Done():
		}
	}()
}

// Running returns the goal of the wait for an object; "" when there is none.
func (w *Waits) Running(object types.NamespacedName) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.running[object]; r != nil {
		return r.goal
	}
	return ""
}

// Count is how many are under way.
func (w *Waits) Count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.running)
}

// Take returns how the last wait for an object ended, once.
func (w *Waits) Take(object types.NamespacedName) (Ended, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	end, ok := w.ended[object]
	delete(w.ended, object)
	return end, ok && time.Since(end.At) < fresh
}

// Forget ends the wait for an object that is gone.
func (w *Waits) Forget(object types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.running[object]; r != nil {
		r.cancel()
		delete(w.running, object)
	}
	delete(w.ended, object)
}
