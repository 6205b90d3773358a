// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
)

// authority is a certificate authority of a cluster.
type authority struct {
	pem         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      int64
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, serial: 1}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(10000 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

// issue returns a certificate and its key, as PEM, for a server name or a client.
func (a *authority) issue(t testing.TB, name string, life time.Duration) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.serial++
	template := &x509.Certificate{SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life)}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &private.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}))
}

const host = "api.cluster.example"

// cloud is a handler with one cluster, whose API server it runs: on pipes, so that it
// works inside a bubble. Its fields may be changed while mu is held.
type cloud struct {
	pmks.ClusterHandler // what is not used panics
	t                   testing.TB

	mu        sync.Mutex
	info      pmks.ClusterInfo // but for its access
	endpoint  string
	authority *authority
	life      time.Duration // of tokens and certificates
	useCert   bool
	exec      bool
	fixed     string // a token that never changes
	revoked   map[string]bool
	issued    []time.Time
	reads     []time.Time
	readErr   error
	tokenErr  error
	tokenWait chan struct{} // closed: tokens are issued again
	down      bool
	requests  []seen
	servers   map[string]*apiServer // by host:port
	redirect  string
}

// seen is a request as the API server saw it.
type seen struct {
	host, path, user, body string
	status                 int
}

func newCloud(t testing.TB) *cloud {
	c := &cloud{t: t, endpoint: "https://" + host + ":6443", life: 15 * time.Minute, revoked: map[string]bool{}, servers: map[string]*apiServer{}}
	c.info = pmks.ClusterInfo{IId: pmks.IID{NameId: "demo", SystemId: "id-1"}, Status: pmks.ClusterActive}
	c.authority = newAuthority(t)
	c.serve(host+":6443", host)
	return c
}

func (c *cloud) Capabilities() pmks.Capabilities { return pmks.Capabilities{Provider: "stub"} }

func (c *cloud) GetCluster(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads = append(c.reads, time.Now())
	if c.readErr != nil {
		return pmks.ClusterInfo{}, c.readErr
	}
	if iid.SystemId != "" && iid.SystemId != c.info.IId.SystemId || iid.SystemId == "" && iid.NameId != c.info.IId.NameId {
		return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeNotFound, Provider: "stub", Op: "GetCluster", Cluster: iid}
	}
	info := c.info.Clone()
	if info.Status != pmks.ClusterActive {
		return info, ctx.Err()
	}
	info.AccessInfo.Endpoint = c.endpoint
	k := kubeconfig.Config{Name: "stub_demo", Server: c.endpoint, CAData: c.authority.pem}
	switch {
	case c.exec:
		k.Exec = &kubeconfig.Exec{Command: "pmks-credential"}
	case c.useCert:
		certificate, key := c.authority.issue(c.t, "admin", c.life)
		k.ClientCertificate, k.ClientKey = certificate, kubeconfig.NewSecret(key)
	default:
		token := c.issueLocked()
		k.Token, info.AccessInfo.ExpiresAt = kubeconfig.NewSecret(token.Value), token.ExpiresAt
	}
	text, err := kubeconfig.Build(k)
	info.AccessInfo.Kubeconfig = text
	return info, errors.Join(err, ctx.Err())
}

func (c *cloud) GenerateClusterToken(ctx context.Context, _ pmks.IID) (pmks.Token, error) {
	c.mu.Lock()
	wait := c.tokenWait
	c.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return pmks.Token{}, ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tokenErr != nil {
		c.issued = append(c.issued, time.Now())
		return pmks.Token{}, c.tokenErr
	}
	return c.issueLocked(), ctx.Err()
}

func (c *cloud) issueLocked() pmks.Token {
	c.issued = append(c.issued, time.Now())
	end := time.Now().Add(c.life)
	if c.fixed != "" {
		return pmks.Token{Value: c.fixed, ExpiresAt: end}
	}
	return pmks.Token{Value: fmt.Sprintf("secret.%d.%d", len(c.issued), end.Unix()), ExpiresAt: end}
}

// revoke makes all tokens of before useless.
func (c *cloud) revoke() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range len(c.issued) + 1 {
		c.revoked["secret."+strconv.Itoa(i)] = true
	}
	c.revoked[c.fixed] = true
}

// counts returns how often the cluster was read and a token was issued.
func (c *cloud) counts() (reads, tokens int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.reads), len(c.issued)
}

func (c *cloud) last() seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.requests) == 0 {
		return seen{}
	}
	return c.requests[len(c.requests)-1]
}

func (c *cloud) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// apiServer is one address of the API server.
type apiServer struct {
	conns  chan net.Conn
	server *http.Server
}

// serve listens on an address, with a certificate of the authority of now.
func (c *cloud) serve(address, name string) {
	certificate, key := c.authority.issue(c.t, name, 10000*time.Hour)
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		c.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c.authority.certificate)
	s := &apiServer{conns: make(chan net.Conn)}
	s.server = &http.Server{Handler: http.HandlerFunc(c.answer), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), ReadHeaderTimeout: time.Minute}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
	c.servers[address] = s
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.server.Serve(tls.NewListener(&pipeListener{conns: s.conns, closed: make(chan struct{})}, config))
	}()
	c.t.Cleanup(func() {
		_ = s.server.Close()
		<-done
	})
}

// dial is the network.
func (c *cloud) dial(ctx context.Context, _, address string) (net.Conn, error) {
	c.mu.Lock()
	s, down := c.servers[address], c.down
	c.mu.Unlock()
	if s == nil || down {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}}
	}
	near, far := net.Pipe()
	select {
	case s.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// answer is the API server: it knows who asks, and says so.
func (c *cloud) answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	s := seen{host: r.Host, path: r.URL.Path, body: string(body), status: http.StatusOK}
	if len(r.TLS.PeerCertificates) > 0 && time.Now().Before(r.TLS.PeerCertificates[0].NotAfter) {
		s.user = "certificate " + r.TLS.PeerCertificates[0].SerialNumber.String()
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		parts := strings.Split(token, ".")
		switch {
		case c.revoked[token] || len(parts) == 3 && c.revoked["secret."+parts[1]]:
		case len(parts) == 3:
			if end, _ := strconv.ParseInt(parts[2], 10, 64); time.Now().Unix() < end {
				s.user = "token " + parts[1]
			}
		case token == c.fixed || token == "own":
			s.user = "token " + token
		}
	}
	if s.user == "" || c.revoked[s.user] {
		s.status = http.StatusUnauthorized
	}
	c.requests = append(c.requests, s)
	if c.redirect != "" {
		http.Redirect(w, r, c.redirect, http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(s.status)
	if s.status == http.StatusUnauthorized {
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized by the stub","reason":"Unauthorized","code":401}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"user": s.user})
}
