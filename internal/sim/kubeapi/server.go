// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// server is the API server of one cluster.
type server struct {
	all     *Servers
	cluster string
	store   *store
	// refreshing is held while the store is made like the cloud, so that an older
	// view never follows a newer one.
	refreshing sync.Mutex

	http  *http.Server
	ctx   context.Context // ends with the server
	stop  context.CancelFunc
	tasks sync.WaitGroup

	mu      sync.Mutex
	addr    string   // of the listener, if there is one
	names   []string // under which it is known
	pipes   *pipes
	watched bool
	closed  bool
	serving servingCertificate
}

func newServer(all *Servers, cluster string) *server {
	s := &server{all: all, cluster: cluster, store: newStore(cluster)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serveHTTP),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: s.tlsConfig},
		// What clients do wrong is theirs to report.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	}
	return s
}

// name adds a name for the certificate.
func (s *server) name(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.names, host) {
		s.names, s.serving = append(s.names, host), servingCertificate{}
	}
}

// listen opens a loopback address, unless there is one.
func (s *server) listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	if s.addr != "" {
		return nil
	}
	var config net.ListenConfig
	inner, err := config.Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.addr = inner.Addr().String()
	s.serve(inner)
	return nil
}

// dial connects to the server in process.
func (s *server) dial(ctx context.Context) (net.Conn, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, net.ErrClosed
	}
	if s.pipes == nil {
		s.pipes = newPipes()
		s.serve(s.pipes)
	}
	pipes := s.pipes
	s.mu.Unlock()
	return pipes.dial(ctx)
}

// serve begins with a listener, and to look whether the cluster is still there. The
// caller holds the lock.
func (s *server) serve(l net.Listener) {
	s.tasks.Go(func() { _ = s.http.ServeTLS(l, "", "") }) // it ends when it is closed
	if !s.watched {
		s.watched = true
		s.tasks.Go(s.outlive)
	}
}

// outlive closes the server once the cluster is gone.
func (s *server) outlive() {
	for s.ctx.Err() == nil {
		told := s.all.changes.next()
		if s.all.cloud.Cluster(s.cluster).Condition == Gone {
			s.all.forget(s)
			s.close()
			return
		}
		s.all.wait(s.ctx, time.Time{}, told, nil)
	}
}

// enter begins a task that wait waits for, unless the server is closed.
func (s *server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.tasks.Add(1)
	}
	return !s.closed
}

// close ends the server without waiting.
func (s *server) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	_ = s.http.Close() // nothing can be done about connections that fail to close
}

func (s *server) wait() { s.tasks.Wait() }

// servingCertificate is the server's, under the authority that signed it.
type servingCertificate struct {
	authority *x509.Certificate
	own       tls.Certificate
}

// tlsConfig is the configuration of a connection: it has the authority that the
// cluster has now. No connection comes about while the control plane is down.
func (s *server) tlsConfig(*tls.ClientHelloInfo) (*tls.Config, error) {
	if s.all.cloud.Cluster(s.cluster).Condition != Up {
		return nil, errors.New("kubeapi: the control plane is not up")
	}
	authority, roots, err := s.authority()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving.authority == nil || !s.serving.authority.Equal(authority.Leaf) {
		own, err := issue(authority, append([]string{"localhost", "127.0.0.1", "::1"}, s.names...))
		if err != nil {
			return nil, err
		}
		s.serving = servingCertificate{authority.Leaf, own}
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{s.serving.own},
		NextProtos:   []string{"h2", "http/1.1"},
		Time:         s.all.now,
		// A certificate that is not good is answered with 401, so it is asked for and
		// looked at by the handler.
		ClientAuth: tls.RequestClientCert,
		ClientCAs:  roots,
		// Tickets would be written while an in-process client writes too, and neither
		// would read.
		SessionTicketsDisabled: true,
	}, nil
}

// authority returns the cluster's authority of now.
func (s *server) authority() (tls.Certificate, *x509.CertPool, error) {
	authority, err := s.all.cloud.Authority(s.cluster)
	if err != nil {
		return authority, nil, err
	}
	if authority.Leaf == nil {
		if len(authority.Certificate) == 0 {
			return authority, nil, errors.New("kubeapi: the authority has no certificate")
		}
		if authority.Leaf, err = x509.ParseCertificate(authority.Certificate[0]); err != nil {
			return authority, nil, fmt.Errorf("kubeapi: %w", err)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.Leaf)
	return authority, roots, nil
}

// refresh makes the store like the cloud and returns what the cloud says.
func (s *server) refresh() Cluster {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	c := s.all.cloud.Cluster(s.cluster)
	if c.Condition == Up {
		s.store.follow(c, s.all.now())
	}
	return c
}
