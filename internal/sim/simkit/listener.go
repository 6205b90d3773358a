// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Listener serves a handler on a loopback address.
type Listener struct {
	server *http.Server
	addr   string
	cert   *x509.Certificate // nil without TLS
	done   chan error
	with   *Listener // closed with this one
}

// ListenOptions says what a Listener speaks beside plain HTTP/1.1.
type ListenOptions struct {
	// TLS: under a certificate of its own; see CertPool.
	TLS bool
	// ClientCertificates: with TLS, callers are asked for a certificate, which the
	// handler verifies.
	ClientCertificates bool
	// HTTP2: HTTP/2 too, which without TLS begins without an upgrade (h2c), as gRPC
	// does.
	HTTP2 bool
}

// connKey is where the context of a call holds its connection.
type connKey struct{}

// CloseConn ends the connection that a call on a Listener came over: all that a
// handler can do that has no http.ErrAbortHandler, such as one of gRPC.
func CloseConn(ctx context.Context) {
	if conn, ok := ctx.Value(connKey{}).(net.Conn); ok {
		_ = conn.Close() // all that can be done about it
	}
}

// Listen serves h on addr, such as "127.0.0.1:0". An address that is not a
// loopback one is refused: what is simulated must not be taken for the real thing
// by another machine.
func Listen(addr string, h http.Handler, o ListenOptions) (*Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("simkit: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("simkit: %q is not a loopback address", addr)
	}
	l := &Listener{done: make(chan error, 1)}
	l.server = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: time.Minute, // the handshake's too, which a loaded machine takes its time for
		IdleTimeout:       time.Minute,
		// Connections that are lost on purpose are no news.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, conn)
		},
		Protocols: &http.Protocols{},
	}
	l.server.Protocols.SetHTTP1(true)
	l.server.Protocols.SetHTTP2(o.TLS && o.HTTP2)
	l.server.Protocols.SetUnencryptedHTTP2(!o.TLS && o.HTTP2)
	var config net.ListenConfig
	inner, err := config.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("simkit: %w", err)
	}
	l.addr = inner.Addr().String()
	if !o.TLS {
		go func() { l.done <- l.server.Serve(inner) }()
		return l, nil
	}
	cert, leaf, err := selfSigned(time.Now())
	if err != nil {
		return nil, errors.Join(err, inner.Close())
	}
	l.cert = leaf
	l.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if o.ClientCertificates {
		l.server.TLSConfig.ClientAuth = tls.RequestClientCert
	}
	go func() { l.done <- l.server.ServeTLS(inner, "", "") }()
	return l, nil
}

// Addr returns the address, with its port.
func (l *Listener) Addr() string { return l.addr }

// URL returns the base URL.
func (l *Listener) URL() string {
	if l.cert != nil {
		return "https://" + l.addr
	}
	return "http://" + l.addr
}

// Certificate returns the certificate that clients must trust; nil without TLS.
func (l *Listener) Certificate() *x509.Certificate { return l.cert }

// CertPool returns a pool of just the Certificate; nil without TLS.
func (l *Listener) CertPool() *x509.CertPool {
	if l.cert == nil {
		return nil
	}
	pool := x509.NewCertPool()
	pool.AddCert(l.cert)
	return pool
}

// CloseWith makes Close close another listener too.
func (l *Listener) CloseWith(other *Listener) { l.with = other }

// Close ends the listener: calls under way get a second to finish, then their
// connections are closed.
func (l *Listener) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := l.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = l.server.Close()
	}
	if served := <-l.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	l.done <- http.ErrServerClosed // a second Close does not hang
	if l.with != nil {
		err = errors.Join(err, l.with.Close())
	}
	return err
}

func selfSigned(now time.Time) (tls.Certificate, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("simkit: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "pmks simulator"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(365 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:                  true,
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("simkit: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("simkit: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, leaf, nil
}
