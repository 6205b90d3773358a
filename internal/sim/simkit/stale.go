// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"context"

	"github.com/pmks-go/pmks/internal/sim/core"
)

type staleKey struct{}

// Stale returns a context whose requests, made in process, are answered with the clusters
// and node groups of the moment at which [Kit.Remember] was called last. What a simulator
// keeps beside them is shown as it is.
func Stale(ctx context.Context) context.Context {
	return context.WithValue(ctx, staleKey{}, true)
}

// IsStale reports whether a context is one of [Stale].
func IsStale(ctx context.Context) bool { return ctx.Value(staleKey{}) != nil }

// Simulates names a world that the server is in front of.
func (k *Kit) Simulates(w *core.World) { k.worlds = append(k.worlds, w) }

// Remember keeps what the account holds now, for requests that are [Stale].
func (k *Kit) Remember() {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	for _, w := range k.worlds {
		w.Remember()
	}
}

// recall shows what is remembered until show is called. The caller holds the lock.
func (k *Kit) recall() (show func()) {
	for _, w := range k.worlds {
		w.Recall(true)
	}
	return func() {
		for _, w := range k.worlds {
			w.Recall(false)
		}
	}
}
