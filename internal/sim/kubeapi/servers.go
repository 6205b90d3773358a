// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"syscall"
	"time"
)

// Mode says how the API servers of a cloud are reached.
type Mode int

// The modes.
const (
	// Off: there are none.
	Off Mode = iota
	// InProcess: through Servers.DialContext, at the endpoints that the cloud would
	// give them. No goroutine waits for the network, as a testing/synctest bubble
	// needs it.
	InProcess
	// Loopback: each at a loopback address of its own, which is its endpoint.
	Loopback
)

// Options configures Servers.
type Options struct {
	Mode  Mode
	Cloud Cloud
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger gets a line for each request; nil means none.
	Logger *slog.Logger
}

// Servers are the API servers of the clusters of one cloud. They are safe for
// concurrent use. Nil Servers are those of a cloud without: Endpoint changes
// nothing, and there is nothing to reach or to close.
type Servers struct {
	mode    Mode
	cloud   Cloud
	now     func() time.Time
	log     *slog.Logger
	changes broadcast

	mu      sync.Mutex
	closed  bool
	servers map[string]*server // by cluster
	hosts   map[string]*server // by address, with its port
}

// New returns Servers, or nil if the mode is Off.
func New(o Options) *Servers {
	if o.Mode == Off {
		return nil
	}
	s := &Servers{mode: o.Mode, cloud: o.Cloud, now: o.Now, log: o.Logger, servers: map[string]*server{}, hosts: map[string]*server{}}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Changed tells that something in the cloud has changed. It never blocks and calls
// nothing, so that the cloud may hold its lock.
func (s *Servers) Changed() {
	if s != nil {
		s.changes.send()
	}
}

// Endpoint returns the URL of a cluster's API server, which it opens if it must;
// given is the one that the cloud would show, returned as it is where no other is
// needed. It asks the Cloud nothing, so that the cloud may hold its lock.
func (s *Servers) Endpoint(cluster, given string) string {
	if s == nil || given == "" {
		return given
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return given
	}
	api := s.server(cluster)
	if u, err := url.Parse(given); err == nil && s.mode == InProcess {
		api.name(u.Hostname())
		port := u.Port()
		if port == "" {
			port = "443"
		}
		s.hosts[net.JoinHostPort(u.Hostname(), port)] = api
		return given
	}
	if err := api.listen(); err != nil {
		s.log.Error("no address for a Kubernetes API", "cluster", cluster, "error", err)
		return given
	}
	s.hosts[api.addr] = api
	return "https://" + api.addr
}

// DialContext connects to the API server of a cluster in process; address is that
// of an endpoint, with its port. It has the form that http.Transport and rest.Config
// of client-go ask for.
func (s *Servers) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: endpointAddr(address), Err: err}
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	if s == nil {
		return fail(fmt.Errorf("this cloud has no Kubernetes API behind its clusters"))
	}
	s.mu.Lock()
	api, known := s.hosts[address]
	s.mu.Unlock()
	if !known {
		return fail(&net.DNSError{Err: "no simulated cluster has this address", Name: address, IsNotFound: true})
	}
	if s.cloud.Cluster(api.cluster).Condition != Up {
		return fail(syscall.ECONNREFUSED)
	}
	conn, err := api.dial(ctx)
	if err != nil {
		return fail(err)
	}
	return conn, nil
}

// server returns the server of a cluster, which may be a new one that has not begun.
// The caller holds the lock.
func (s *Servers) server(cluster string) *server {
	api := s.servers[cluster]
	if api == nil {
		api = newServer(s, cluster)
		s.servers[cluster] = api
	}
	return api
}

// forget takes a server out of the lists.
func (s *Servers) forget(api *server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.servers[api.cluster] == api {
		delete(s.servers, api.cluster)
	}
	for host, other := range s.hosts {
		if other == api {
			delete(s.hosts, host)
		}
	}
}

// Close ends every server and waits until the last request is over.
func (s *Servers) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	s.closed = true
	var all []*server
	for _, api := range s.servers {
		all = append(all, api)
	}
	s.mu.Unlock()
	for _, api := range all {
		api.close()
	}
	for _, api := range all {
		api.wait()
	}
	return nil
}

// wait blocks until something may have changed: until a channel of a broadcast is
// closed, until the next event of the cloud, until the time given unless it is zero,
// or until ctx is done.
func (s *Servers) wait(ctx context.Context, until time.Time, cloud, store <-chan struct{}) {
	if at, ok := s.cloud.NextEvent(); ok && (until.IsZero() || at.Before(until)) {
		until = at
	}
	var timer <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(max(0, until.Sub(s.now())))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
	case <-timer:
	case <-cloud:
	case <-store:
	}
}

// broadcast wakes whoever waits.
type broadcast struct {
	mu      sync.Mutex
	waiting chan struct{} // nil while nobody waits
}

// next returns a channel that is closed at the next send.
func (b *broadcast) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting == nil {
		b.waiting = make(chan struct{})
	}
	return b.waiting
}

func (b *broadcast) send() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting != nil {
		close(b.waiting)
		b.waiting = nil
	}
}

// endpointAddr is the address of an endpoint as a net.Addr.
type endpointAddr string

func (endpointAddr) Network() string  { return "tcp" }
func (a endpointAddr) String() string { return string(a) }
