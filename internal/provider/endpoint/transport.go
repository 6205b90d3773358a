// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"fmt"
	"io"
	"net/http"
)

// largestAnswer bounds the body of an answer. The largest true one, a page of a
// thousand clusters with all their details, has a few MiB.
const largestAnswer = 64 << 20

// Guard wraps the transport that carries a cloud's requests, nil meaning Go's own.
// Whatever HTTP client stands above it, of the SDK or of a token source, it sees
// no redirect that it could follow with a credential, and no answer without end.
func Guard(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return guard{next}
}

type guard struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		// A redirect without its target is an answer like any other to net/http.
		resp.Header = resp.Header.Clone()
		resp.Header.Del("Location")
	}
	resp.Body = &bounded{body: resp.Body, left: largestAnswer}
	return resp, nil
}

// CloseIdleConnections passes the wish on.
func (g guard) CloseIdleConnections() {
	if closer, ok := g.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// bounded is a body that ends with an error where it grows beyond all measure.
type bounded struct {
	body io.ReadCloser
	left int64
}

// Read implements [io.Reader].
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// One byte more tells an end at the bound from a body that goes on.
		if n, err := b.body.Read(make([]byte, 1)); n == 0 {
			return 0, err
		}
		return 0, fmt.Errorf("the answer is larger than %d MiB: %w", largestAnswer>>20, io.ErrUnexpectedEOF)
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// Close implements [io.Closer].
func (b *bounded) Close() error { return b.body.Close() }
