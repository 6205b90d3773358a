// SPDX-License-Identifier: Apache-2.0

package httpsim

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
}

// Listen serves h on addr, such as "127.0.0.1:0". An address that is not a
// loopback one is refused: what is simulated must not be taken for the real thing
// by another machine. With secure it speaks TLS under a certificate of its own;
// see CertPool.
func Listen(addr string, h http.Handler, secure bool) (*Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("httpsim: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("httpsim: %q is not a loopback address", addr)
	}
	l := &Listener{done: make(chan error, 1)}
	l.server = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		// Connections that are lost on purpose are no news.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	}
	var config net.ListenConfig
	inner, err := config.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("httpsim: %w", err)
	}
	l.addr = inner.Addr().String()
	if secure {
		cert, leaf, err := selfSigned(time.Now())
		if err != nil {
			return nil, errors.Join(err, inner.Close())
		}
		l.cert = leaf
		inner = tls.NewListener(inner, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	}
	go func() { l.done <- l.server.Serve(inner) }()
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
		return tls.Certificate{}, nil, fmt.Errorf("httpsim: %w", err)
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
		return tls.Certificate{}, nil, fmt.Errorf("httpsim: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("httpsim: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, leaf, nil
}
