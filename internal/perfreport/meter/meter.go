// SPDX-License-Identifier: Apache-2.0

// Package meter counts what requests cost: how many, how many of them in a row, how many
// bytes, how long.
package meter

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// Cost is what something cost.
type Cost struct {
	// Calls counts the requests, Steps those in the longest row of them in which each
	// began when the one before it had ended.
	Calls, Steps int
	// Bytes are those of all bodies.
	Bytes int64
	Took  time.Duration
}

// span is one request on its way.
type span struct{ start, end time.Time }

// Wire carries requests and counts them.
type Wire struct {
	Next http.RoundTripper

	mu    sync.Mutex
	spans []span
	bytes int64
}

// RoundTrip implements [http.RoundTripper].
func (w *Wire) RoundTrip(req *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := w.Next.RoundTrip(req)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spans = append(w.spans, span{start, time.Now()})
	w.bytes += max(0, req.ContentLength)
	if err == nil {
		resp.Body = &counted{resp.Body, w}
	}
	return resp, err
}

// counted counts what is read of an answer.
type counted struct {
	io.ReadCloser
	w *Wire
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.bytes += int64(n)
	return n, err
}

// Measure returns what f costs.
func (w *Wire) Measure(f func() error) (Cost, error) {
	w.mu.Lock()
	w.spans, w.bytes = nil, 0
	w.mu.Unlock()
	start := time.Now()
	err := f()
	took := time.Since(start)
	w.mu.Lock()
	defer w.mu.Unlock()
	return Cost{Calls: len(w.spans), Steps: chain(w.spans), Bytes: w.bytes, Took: took}, err
}

// chain is the longest row of requests each of which began when the one before it had
// ended: what no more parallelism would shorten.
func chain(spans []span) (longest int) {
	depth := make([]int, len(spans))
	for i, s := range spans { // in the order in which they ended
		depth[i] = 1
		for j := range i {
			if !spans[j].end.After(s.start) {
				depth[i] = max(depth[i], depth[j]+1)
			}
		}
		longest = max(longest, depth[i])
	}
	return longest
}
