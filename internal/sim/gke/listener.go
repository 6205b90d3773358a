// SPDX-License-Identifier: Apache-2.0

package gke

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
	"strings"
	"time"
)

// Listener serves everything on one loopback address: gRPC over HTTP/2, with TLS or
// without, and the rest over HTTP/1.1 or HTTP/2.
type Listener struct {
	server *http.Server
	addr   string
	cert   *x509.Certificate // nil without TLS
	done   chan error
}

// Listen serves s on a loopback address such as "127.0.0.1:0", with TLS if secure
// is true. Another address is refused: what is simulated must not be taken for the
// real thing by another machine.
func (s *Server) Listen(addr string, secure bool) (*Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("gke: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("gke: %q is not a loopback address", addr)
	}
	var config net.ListenConfig
	inner, err := config.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("gke: %w", err)
	}
	l := &Listener{addr: inner.Addr().String(), done: make(chan error, 1)}
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(secure)
	protocols.SetUnencryptedHTTP2(!secure)
	l.server = &http.Server{
		Handler:           s.mixed(),
		Protocols:         protocols,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, conn)
		},
		// Connections that are lost on purpose are no news.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	}
	if !secure {
		go func() { l.done <- l.server.Serve(inner) }()
		return l, nil
	}
	cert, leaf, err := selfSigned(time.Now())
	if err != nil {
		return nil, errors.Join(err, inner.Close())
	}
	l.cert = leaf
	l.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	go func() { l.done <- l.server.ServeTLS(inner, "", "") }()
	return l, nil
}

// mixed tells gRPC from the rest.
func (s *Server) mixed() http.Handler {
	g := s.newGRPC(func(ctx context.Context) {
		if conn, ok := ctx.Value(connKey{}).(net.Conn); ok {
			_ = conn.Close() // all that can be done about it
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			g.ServeHTTP(w, r)
			return
		}
		s.ServeHTTP(w, r)
	})
}

// Addr returns the address with its port, which is the endpoint of gRPC.
func (l *Listener) Addr() string { return l.addr }

// URL returns the base URL of everything else.
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
	return err
}

func selfSigned(now time.Time) (tls.Certificate, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("gke: %w", err)
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
		return tls.Certificate{}, nil, fmt.Errorf("gke: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("gke: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, leaf, nil
}
