// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"net/http"
	"syscall"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// lagging is for how long a cloud goes on to show what was there before a change.
const lagging = 8 * time.Second

// stale answers one request with what was there when the operation began.
func stale(w *Wire, req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
	return w.deliver(req.WithContext(simkit.Stale(req.Context())))
}

// staleForAWhile answers a request and all after it so, until a while is over: also the
// first ones of whoever calls again.
func staleForAWhile(w *Wire, _ *http.Request, deliver func() (*http.Response, error)) (*http.Response, error) {
	w.lag()
	return deliver()
}

// resetAndStale loses an answer, and what is read to learn the outcome is stale.
func resetAndStale(w *Wire, req *http.Request, deliver func() (*http.Response, error)) (*http.Response, error) {
	w.lag()
	return broken("read", syscall.ECONNRESET)(w, req, deliver)
}

// lag makes all that is read from here on stale, for a while.
func (w *Wire) lag() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.staleUntil = time.Now().Add(lagging)
}

// isStale reports whether reads are.
func (w *Wire) isStale() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Before(w.staleUntil)
}
