// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cloud is one cluster, "c", whose tokens are "good" and those of users.
type cloud struct {
	mu        sync.Mutex
	cluster   Cluster
	authority tls.Certificate
	users     map[string]User
	servers   *Servers
	next      time.Time
	then      func(*Cluster)
}

// endpoint is where it is in process.
const endpoint = "https://c.example.com"

func newCloud(t *testing.T, mode Mode) *cloud {
	t.Helper()
	c := &cloud{
		cluster: Cluster{Condition: Up, Version: "1.34", Created: time.Now(), Nodes: []Node{
			{Name: "a", ProviderID: "sim:///a", Labels: map[string]string{"pool": "one"}}, {Name: "b", ProviderID: "sim:///b", Version: "1.33.5-sim"},
		}},
		authority: newAuthority(t, "kubernetes"),
		users:     map[string]User{"good": {Name: "admin", UID: "u1", Groups: []string{"system:masters"}, Extra: map[string][]string{"from": {"here"}}}},
	}
	c.servers = New(Options{Mode: mode, Cloud: c})
	t.Cleanup(func() {
		if err := c.servers.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func newAuthority(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// client signs a client certificate.
func client(t *testing.T, authority tls.Certificate, name string, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name, Organization: []string{"system:masters"}},
		NotBefore: authority.Leaf.NotBefore, NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, key.Public(), authority.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (c *cloud) advance() {
	if !c.next.IsZero() && !time.Now().Before(c.next) {
		c.next = time.Time{}
		c.then(&c.cluster)
		c.servers.Changed()
	}
}

func (c *cloud) Cluster(id string) Cluster {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	if id != "c" {
		return Cluster{}
	}
	return c.cluster
}

func (c *cloud) Authority(string) (tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.authority, nil
}

func (c *cloud) Authenticate(_, token string) (User, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u, ok := c.users[token]
	return u, ok
}

func (c *cloud) NextEvent() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	return c.next, !c.next.IsZero()
}

// change does what a call of the cloud would.
func (c *cloud) change(do func(*cloud)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do(c)
	c.servers.Changed()
}

// later lets something happen by itself.
func (c *cloud) later(in time.Duration, do func(*Cluster)) {
	c.change(func(c *cloud) { c.next, c.then = time.Now().Add(in), do })
}

// caller calls the API server in process or over the network.
type caller struct {
	http  *http.Client
	url   string
	token string
}

func (c *cloud) caller(t *testing.T, certificates ...tls.Certificate) *caller {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(c.authority.Leaf)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certificates, MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true}
	if c.servers.mode == InProcess {
		transport.DialContext = c.servers.DialContext
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &caller{&http.Client{Transport: transport}, c.servers.Endpoint("c", endpoint), "good"}
}

// do calls and returns the status and the body.
func (c *caller) do(t *testing.T, method, path, body string, headers ...string) (int, object) {
	t.Helper()
	response := c.open(t, t.Context(), method, path, body, headers...)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := json.Unmarshal(data, &o); err != nil {
		o = object{"text": string(data)}
	}
	return response.StatusCode, o
}

func (c *caller) open(t *testing.T, ctx context.Context, method, path, body string, headers ...string) *http.Response { //nolint:revive // a test comes first
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	response, err := c.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// stream is a watch under way.
type stream struct {
	t      *testing.T
	lines  *bufio.Reader
	cancel context.CancelFunc
	close  func() error
}

func (c *caller) watch(t *testing.T, path string, headers ...string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	response := c.open(t, ctx, http.MethodGet, path, "", headers...)
	s := &stream{t, bufio.NewReader(response.Body), cancel, response.Body.Close}
	t.Cleanup(s.stop)
	return s
}

func (s *stream) stop() {
	s.cancel()
	_ = s.close()
}

// next returns the next event as TYPE and its object; empty at the end.
func (s *stream) next() (string, object) {
	s.t.Helper()
	line, err := s.lines.ReadBytes('\n')
	if err != nil {
		return "", nil
	}
	var event struct {
		Type   string
		Object object
	}
	if err := json.Unmarshal(line, &event); err != nil {
		s.t.Fatalf("%v in %s", err, line)
	}
	return event.Type, event.Object
}

// expect reads events as "TYPE name".
func (s *stream) expect(want ...string) {
	s.t.Helper()
	for _, w := range want {
		kind, o := s.next()
		if got := strings.TrimSpace(kind + " " + o.name()); got != w {
			s.t.Fatalf("got the event %q of %v, want %q", got, o, w)
		}
	}
}
