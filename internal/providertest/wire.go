// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Wire is the network between a handler and its simulator. It names every request,
// and strikes the one it is told to.
type Wire struct {
	matrix *Matrix
	next   http.RoundTripper
	// over ends what still hangs when a cell is over.
	over chan struct{}
	read atomic.Int64 // of endless answers

	mu     sync.Mutex
	counts map[string]int
	calls  []step
	// struck is how many requests the fault has met.
	struck   int
	strayed  int // to where a redirect led
	target   step
	fault    *kind
	onStrike func()
	// after is called when that request was answered.
	after func()
	// staleUntil is until when all reads are stale.
	staleUntil time.Time
	// stop takes every request in its hand, where it is set.
	stop func(*http.Request, func() (*http.Response, error)) (*http.Response, error)
}

// step is one request of an operation: the n-th of its name.
type step struct {
	name string
	n    int
}

func newWire(m *Matrix, next http.RoundTripper) *Wire {
	return &Wire{matrix: m, next: next, over: make(chan struct{}), counts: map[string]int{}}
}

// arm begins to count, and strikes a request if there is a fault.
func (w *Wire) arm(target step, fault *kind) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts, w.calls, w.struck, w.strayed = map[string]int{}, nil, 0, 0
	w.target, w.fault = target, fault
}

func (w *Wire) disarm() { w.arm(step{}, nil) }

// RoundTrip implements http.RoundTripper.
func (w *Wire) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	name := w.matrix.callName(req, body)
	w.mu.Lock()
	w.counts[name]++
	s := step{name, w.counts[name]}
	w.calls = append(w.calls, s)
	if req.URL.Hostname() == elsewhere {
		w.strayed++
	}
	hit := w.target.name == name && (s.n == w.target.n || w.fault != nil && w.fault.always && s.n > w.target.n)
	if hit {
		w.struck++
	}
	fault, onStrike, after, stop := w.fault, w.onStrike, w.after, w.stop
	w.mu.Unlock()
	if req.URL.Hostname() == elsewhere {
		return reply(req, http.StatusTeapot, "", "", nil), nil
	}
	deliver := func() (*http.Response, error) { //nolint:contextcheck // the clone has that of the request
		again := req.Clone(req.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		return w.deliver(again)
	}
	if stop != nil {
		return stop(req, deliver)
	}
	if !hit {
		return deliver()
	}
	if onStrike != nil {
		onStrike()
	}
	if after != nil {
		defer after()
	}
	if fault == nil {
		return deliver()
	}
	if fault.applied && fault.name != "cut" && fault.name != "wrong-type" && fault.name != "twice" {
		// It reaches the cloud, whatever becomes of the answer and of the caller.
		again := req.Clone(context.WithoutCancel(req.Context()))
		again.Body = io.NopCloser(bytes.NewReader(body))
		res, err := w.deliver(again)
		if err != nil {
			return nil, err
		}
		_ = res.Body.Close()
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	return fault.strike(w, req, deliver)
}

func (w *Wire) deliver(req *http.Request) (*http.Response, error) {
	if w.isStale() {
		req = req.WithContext(simkit.Stale(req.Context()))
	}
	return w.next.RoundTrip(req)
}

// recorded returns the requests since arm.
func (w *Wire) recorded() []step {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]step(nil), w.calls...)
}

func (w *Wire) met() (struck, strayed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.struck, w.strayed
}

func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(req.Body)
	if closeErr := req.Body.Close(); err == nil {
		err = closeErr
	}
	return body, err
}

// random are the parts of a path that differ from run to run.
var random = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|operation-[0-9]+-[0-9a-f-]+|[0-9a-f]{16,}`)

// callName is the method and path of a request, or its action where it has one.
func (m *Matrix) callName(req *http.Request, body []byte) string {
	if strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
			return form.Get("Action")
		}
	}
	return req.Method + " " + random.ReplaceAllString(req.URL.Path, "*")
}
