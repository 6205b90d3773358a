// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Must ends the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// OK returns what a call returned, and ends the test on its error:
// OK(call())(t).
func OK[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		Must(t, err)
		return v
	}
}

// Err drops what a call returned beside its error.
func Err[T any](_ T, err error) error { return err }

// JSON shows a value in the report of a test.
func JSON(t testing.TB, v any) string {
	t.Helper()
	return string(OK(json.MarshalIndent(v, "", "  "))(t))
}

// NewRequest returns a request with headers, names and values in turn.
func NewRequest(t testing.TB, method, url, body string, header ...string) *http.Request {
	t.Helper()
	r := OK(http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body)))(t)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// Send sends a request, and returns the answer with the body that has been read.
func Send(t testing.TB, next http.RoundTripper, r *http.Request) (*http.Response, string) {
	t.Helper()
	response := OK(next.RoundTrip(r))(t)
	defer func() { _ = response.Body.Close() }()
	return response, string(OK(io.ReadAll(response.Body))(t))
}

// Fuzzed sends a request made of arbitrary bytes. The test is skipped if HTTP cannot
// carry it, or sign, which makes it genuine, cannot.
func Fuzzed(t testing.TB, next http.RoundTripper, method, url, body string, sign func(*http.Request) bool) (*http.Response, []byte) {
	t.Helper()
	const cannot = "not a request that HTTP can carry"
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil || !sign(r) {
		t.Skip(cannot)
	}
	response, err := next.RoundTrip(r)
	if err != nil {
		t.Skip(cannot)
	}
	defer func() { _ = response.Body.Close() }()
	return response, OK(io.ReadAll(response.Body))(t)
}

// Listen starts a simulator on a loopback address, with TLS if secure is true, and
// returns its listener and a transport to it. Both end with the test.
func Listen(t testing.TB, listen func(addr string, secure bool) (*simkit.Listener, error), secure bool) (*simkit.Listener, *http.Transport) {
	t.Helper()
	l := OK(listen("127.0.0.1:0", secure))(t)
	transport := &http.Transport{ForceAttemptHTTP2: true}
	if secure {
		transport.TLSClientConfig = &tls.Config{RootCAs: l.CertPool(), MinVersion: tls.VersionTLS12}
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l, transport
}

// Bench measures calls.
func Bench(b *testing.B, calls map[string]func() error) {
	for name, call := range calls {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Must(b, call())
			}
		})
	}
}
