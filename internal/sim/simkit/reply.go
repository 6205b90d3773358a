// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Reply is an answer over HTTP, ready to be written.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Write sends a reply whole, or breaks it off in the middle, or ends the connection
// without it, as ending says; or it sends x.Answer.
func (x *Exchange) Write(w http.ResponseWriter, r Reply, ending Ending) {
	if ending == Lost {
		panic(http.ErrAbortHandler)
	}
	if x.Answer != nil {
		r = Reply{Status: x.Answer.Status, Header: http.Header{}, Body: []byte(x.Answer.Body)}
		for name, value := range x.Answer.Header {
			r.Header.Set(name, value)
		}
	}
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	body := r.Body
	if ending == Cut {
		// The caller is told how much is to come, and gets less.
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
		body = body[:len(body)/2]
	}
	w.WriteHeader(r.Status)
	// A reader that went away is no concern of the simulator's.
	_, _ = w.Write(body)
	if ending == Cut {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// SetRetryAfter tells the caller when to come back, in whole seconds; nothing is
// said where there is nothing to wait for.
func SetRetryAfter(h http.Header, d time.Duration) {
	if d > 0 {
		h.Set("Retry-After", strconv.Itoa(int((d+time.Second-1)/time.Second)))
	}
}

// ReadBody reads the body of a request to a bound. A body beyond it is told by its
// length, limit+1. It ends the connection of a caller that went away.
func ReadBody(r *http.Request, limit int64) []byte {
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return body
}

// schemeKey carries the scheme of an in-process call, which a server cannot see.
type schemeKey struct{}

// BaseURL returns the scheme and host that the caller used, for the absolute URLs
// in answers.
func BaseURL(r *http.Request) string {
	scheme, ok := r.Context().Value(schemeKey{}).(string)
	switch {
	case ok:
	case r.TLS != nil:
		scheme = "https"
	default:
		scheme = "http"
	}
	return scheme + "://" + r.Host
}

// Sleep waits for d, or until ctx is done and returns its error.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
