// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pmks-go/pmks/internal/provider/endpoint"
)

// closing is a body that remembers whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// TestWhole: a body is looked at and read, in whatever order and however often its memory
// was another's before.
func TestWhole(t *testing.T) {
	t.Parallel()
	for i, text := range []string{"", "short", strings.Repeat("long", 10_000), "short again"} {
		body := &closing{Reader: iotest.OneByteReader(strings.NewReader(text))}
		w, err := endpoint.ReadWhole(body, int64(len(text)*i))
		if err != nil || !body.closed || string(w.Bytes()) != text {
			t.Fatalf("got %q, %v, closed: %t", w.Bytes(), err, body.closed)
		}
		got, err := io.ReadAll(iotest.HalfReader(w))
		if err != nil || string(got) != text || string(w.Bytes()) != text {
			t.Errorf("read %q, %v, and there are %q", got, err, w.Bytes())
		}
		for range 2 {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}
		if n, err := w.Read(make([]byte, 1)); n != 0 || !errors.Is(err, http.ErrBodyReadAfterClose) || w.Bytes() != nil {
			t.Errorf("after Close: %d, %v, %q", n, err, w.Bytes())
		}
	}
}

// TestWhole_cut: what was read of a body that breaks off is no whole.
func TestWhole_cut(t *testing.T) {
	t.Parallel()
	body := &closing{Reader: io.MultiReader(strings.NewReader("a part"), iotest.ErrReader(io.ErrUnexpectedEOF))}
	if w, err := endpoint.ReadWhole(body, 100); w != nil || !errors.Is(err, io.ErrUnexpectedEOF) || !body.closed {
		t.Errorf("got %v, %v, closed: %t", w, err, body.closed)
	}
}
