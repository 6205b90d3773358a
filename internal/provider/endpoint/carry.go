// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/redact"
)

// Transport is what carries a handler's requests: the given transport or, where that is
// nil, one of the handler's own, guarded as [Guard] says. idle ends the idle connections
// of an own one; those of a given one belong to who gave it.
func Transport(given http.RoundTripper) (guarded http.RoundTripper, idle func()) {
	if given != nil {
		return Guard(given), func() {}
	}
	own := NewTransport()
	return Guard(own), own.CloseIdleConnections
}

// Pings find a connection that died unnoticed, as firewalls let those die that are quiet,
// by its silence: HTTP/2 would send every request of every caller into it, for a quarter of
// an hour.
func Pings() *http.HTTP2Config {
	return &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
}

// NewTransport makes a transport for the requests of one handler.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: fanout.Slots, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
		HTTP2: Pings(),
	}
}

// Carrier logs each request without its body, and cuts secrets out of refusals: the
// vendor's SDK keeps the whole text in its own error, and everybody may print that.
type Carrier struct {
	Next http.RoundTripper
	// Provider is the name that begins the log's message.
	Provider string
	// Logger gets one record of a request, at the debug level; nil means none.
	Logger *slog.Logger
	// Secrets are what an answer may quote of the requests.
	Secrets func() []string
}

// RoundTrip implements [http.RoundTripper].
func (c *Carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := c.Next.RoundTrip(r)
	if err == nil && resp.StatusCode >= 300 && c.Secrets != nil {
		cut(resp, c.Secrets())
	}
	if c.Logger != nil {
		status := 0
		if resp != nil {
			status = resp.StatusCode
		}
		c.Logger.DebugContext(r.Context(), c.Provider+": request", "method", r.Method, "host", r.URL.Host, "path", r.URL.Path,
			"status", status, "failed", err != nil, "took", time.Since(start))
	}
	return resp, err
}

// CloseIdleConnections passes the wish on.
func (c *Carrier) CloseIdleConnections() {
	if closer, ok := c.Next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// cut takes the secrets out of the body of a refusal. What could not be read of it
// stays an error.
func cut(resp *http.Response, secrets []string) {
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // what was read of it counts
	text := io.Reader(strings.NewReader(redact.Text(string(body), secrets...)))
	if err != nil {
		text = io.MultiReader(text, failing{err})
	}
	resp.Body, resp.ContentLength = io.NopCloser(text), -1
	resp.Header = resp.Header.Clone()
	resp.Header.Del("Content-Length")
}

// failing is the rest of a body that could not be read.
type failing struct{ err error }

// Read implements [io.Reader].
func (f failing) Read([]byte) (int, error) { return 0, f.err }
