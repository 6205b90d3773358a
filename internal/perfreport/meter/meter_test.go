// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks/internal/perfreport/meter"
)

// slow answers each request after a second.
type slow struct{}

func (slow) RoundTrip(*http.Request) (*http.Response, error) {
	time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("12345"))}, nil
}

// TestWire: one request, three side by side after it, and one after those.
func TestWire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &meter.Wire{Next: slow{}}
		get := func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://cloud.example", strings.NewReader("abc"))
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := w.RoundTrip(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			_, _ = io.Copy(io.Discard, resp.Body)
		}
		for range 2 { // what was measured before does not count
			got, err := w.Measure(func() error {
				get()
				var three sync.WaitGroup
				for range 3 {
					three.Go(get)
				}
				three.Wait()
				get()
				return nil
			})
			if want := (meter.Cost{Calls: 5, Steps: 3, Bytes: 5 * 8, Took: 3 * time.Second}); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
	})
}
