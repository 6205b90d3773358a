// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// line is a connection that may die without a word: what is written is lost from then on.
type line struct {
	net.Conn
	dead *atomic.Bool
}

func (l line) Write(p []byte) (int, error) {
	if l.dead.Load() {
		return len(p), nil
	}
	return l.Conn.Write(p)
}

// exchange connects both ends in memory.
type exchange struct {
	conns chan net.Conn
	ended chan struct{}
	dials atomic.Int64
	last  atomic.Pointer[atomic.Bool] // whether the newest connection is dead
}

func (e *exchange) Accept() (net.Conn, error) {
	select {
	case c := <-e.conns:
		return c, nil
	case <-e.ended:
		return nil, net.ErrClosed
	}
}
func (e *exchange) Close() error   { return nil }
func (e *exchange) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

func (e *exchange) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	e.dials.Add(1)
	mine, other := net.Pipe()
	dead := &atomic.Bool{}
	e.last.Store(dead)
	select {
	case e.conns <- line{other, dead}:
		return line{mine, dead}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestTransport_dead: of a connection over HTTP/2 that has died unnoticed a handler is rid
// within a minute, and what it reads meanwhile comes in the end.
func TestTransport_dead(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	certificates := secure.TLS.Certificates
	secure.Close()
	synctest.Test(t, func(t *testing.T) {
		e := &exchange{conns: make(chan net.Conn), ended: make(chan struct{})}
		server := &http.Server{ReadHeaderTimeout: time.Hour, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
			Handler:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }),
			TLSConfig: &tls.Config{Certificates: certificates, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS13}}
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.ServeTLS(e, "", "") })
		own := endpoint.NewTransport()
		own.Proxy, own.DialContext = nil, e.dial
		own.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // its certificate is not what is tried
		limiter := fanout.NewLimiter(nil)
		read := func() (string, error) {
			return fanout.Read(t.Context(), limiter, "b", func(ctx context.Context) (string, error) {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://cloud.example.com/", http.NoBody)
				if err != nil {
					return "", err
				}
				resp, err := endpoint.Guard(own).RoundTrip(req)
				if err != nil {
					return "", &pmks.Error{Code: pmks.CodeUnavailable, Err: err}
				}
				defer resp.Body.Close()
				text, err := io.ReadAll(resp.Body)
				return string(text), err
			})
		}
		if proto, err := read(); proto != "HTTP/2.0" || err != nil {
			t.Fatalf("%q, %v", proto, err)
		}
		e.last.Load().Store(true)
		start := time.Now()
		proto, err := read()
		if took := time.Since(start); proto != "HTTP/2.0" || err != nil || took > time.Minute || e.dials.Load() != 2 {
			t.Errorf("%q, %v after %s and %d connections", proto, err, took, e.dials.Load())
		}
		own.CloseIdleConnections()
		close(e.ended)
		_ = server.Close()
		serving.Wait()
	})
}
