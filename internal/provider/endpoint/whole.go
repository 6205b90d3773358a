// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// buffers are for answers: each is read whole before the SDK reads it again, and a listing
// has hundreds.
var buffers sync.Pool

// largestKept is more than most answers take. What is much larger is not kept for the next.
const largestKept = 1 << 20

// Whole is the body of an answer that has been read, for who looks at it before the vendor's
// SDK does. Its memory goes to another answer with Close: neither its bytes nor a part of
// them may be used from then on, so it fits an SDK that keeps nothing of a body beyond Close.
type Whole struct {
	buffer *bytes.Buffer // nil: closed
	read   int
}

// ReadWhole reads a body to its end and closes it: what was read of it counts. length is
// what the answer says of it, -1 for nothing, and not believed beyond a bound.
func ReadWhole(body io.ReadCloser, length int64) (*Whole, error) {
	buffer, ok := buffers.Get().(*bytes.Buffer)
	if !ok {
		buffer = new(bytes.Buffer)
	}
	w := &Whole{buffer: buffer}
	if length > 0 {
		buffer.Grow(int(min(length, largestKept)) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(body)
	_ = body.Close()
	if err != nil {
		_ = w.Close()
		return nil, err
	}
	return w, nil
}

// Bytes are the whole body, whatever was read of it; nil after Close.
func (w *Whole) Bytes() []byte {
	if w.buffer == nil {
		return nil
	}
	return w.buffer.Bytes()
}

// Read implements [io.Reader]. It does not consume the buffer, whose bytes are looked at
// elsewhere.
func (w *Whole) Read(p []byte) (int, error) {
	if w.buffer == nil {
		return 0, http.ErrBodyReadAfterClose
	}
	n := copy(p, w.buffer.Bytes()[w.read:])
	w.read += n
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Close gives the buffer back.
func (w *Whole) Close() error {
	if b := w.buffer; b != nil && b.Cap() <= 2*largestKept {
		b.Reset()
		buffers.Put(b)
	}
	w.buffer = nil
	return nil
}
