// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"

	"github.com/pmks-go/pmks"
)

const (
	// refusedCalm lies between two credentials that were renewed because the API server
	// refused them: a third would be refused, too, and a cloud is not asked for each
	// request of a client that nobody lets in.
	refusedCalm = 10 * time.Second
	// movedCalm lies between two looks at the cluster because its API server cannot be
	// reached: it may be down for long.
	movedCalm = time.Minute
)

// wrap makes the transport of one client.
func (c *connection) wrap(base http.RoundTripper) http.RoundTripper {
	return &transport{connection: c, base: base}
}

// transport sends requests over base with the credential of the cluster.
type transport struct {
	*connection
	// base is what client-go made of the config, that is for the facts of generation 0.
	base http.RoundTripper

	mu      sync.Mutex
	current *http.Transport // for the facts of a later generation
	of      uint64
}

// WrappedRoundTripper returns what is below, for clients that look for their own.
func (t *transport) WrappedRoundTripper() http.RoundTripper { return t.base }

// sent is a request with what it was sent with.
type sent struct {
	facts held[*facts]
	token held[string]
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.checkRedirect(req); err != nil {
		closeBody(req)
		return nil, err
	}
	with, err := t.credential(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	ownCredential := t.tokens != nil && with.token.value == ""
	body := req.Body
	// A rotation changes the way and the credential: each is renewed once.
	for newWay, newCredential := false, false; ; {
		resp, err := t.send(req, body, with)
		refused := err == nil && resp.StatusCode == http.StatusUnauthorized && !ownCredential
		var next sent
		var failure error
		switch {
		case req.Context().Err() != nil:
			return resp, err
		case err != nil && neverSent(err) && !newWay:
			newWay = true
			next, failure = t.findWay(req, with, err)
		case err != nil:
			return nil, t.explain(req, with, err)
		case refused && !newCredential:
			newCredential = true
			next, failure = t.findCredential(req, with, resp)
		case refused:
			return nil, t.refused(resp, pmks.CodeUnauthenticated, "the API server refuses a credential that the cloud issued just now: let the identity of the handler's credentials into the cluster (access entries, role bindings), and compare the clock of this machine")
		default:
			return resp, nil
		}
		if failure != nil {
			drain(resp)
			return nil, failure
		}
		var ok bool
		if body, ok = repeatable(req); !ok {
			return nil, t.unrepeatable(resp, err)
		}
		drain(resp)
		with = next
	}
}

// unrepeatable is the error of a request that could be sent again, but for its body.
func (t *transport) unrepeatable(resp *http.Response, err error) error {
	if resp == nil {
		return &pmks.Error{Code: pmks.CodeUnavailable, Provider: t.provider(), Cluster: t.iid, Err: err,
			Message: "the way to the cluster has changed, and the body of the request cannot be sent a second time: send it again"}
	}
	return t.refused(resp, pmks.CodeUnavailable, "the API server took the credential no more; there is a new one now, and the body of the request cannot be sent a second time: send it again")
}

// credential returns what a request is sent with.
func (t *transport) credential(req *http.Request) (with sent, err error) {
	if with.facts, err = t.facts.get(req.Context()); err != nil {
		return with, err
	}
	if t.tokens != nil && req.Header.Get("Authorization") == "" {
		with.token, err = t.tokens.get(req.Context())
	}
	return with, err
}

// send sends a copy of a request. It closes the body, as any transport does.
func (t *transport) send(req *http.Request, body io.ReadCloser, with sent) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Body = body
	if with.token.value != "" {
		out.Header.Set("Authorization", "Bearer "+with.token.value)
	}
	rt, err := t.over(with.facts.value)
	if err != nil {
		closeBody(out)
		return nil, err
	}
	t.follow(out, with.facts.value)
	return rt.RoundTrip(out)
}

// over returns a transport for some facts.
func (t *transport) over(f *facts) (http.RoundTripper, error) {
	base, ok := plainTransport(t.base)
	if f.generation == 0 || !ok {
		return t.base, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current != nil && t.of >= f.generation {
		return t.current, nil
	}
	next, err := remake(base, f)
	if err != nil {
		return nil, err
	}
	if t.current != nil {
		t.current.CloseIdleConnections()
	}
	t.current, t.of = next, f.generation
	return next, nil
}

// plainTransport finds the transport of net/http under those of client-go. There is none
// where connections are upgraded: such a transport keeps them, so it cannot be replaced.
func plainTransport(rt http.RoundTripper) (*http.Transport, bool) {
	for range 10 {
		switch v := rt.(type) {
		case *http.Transport:
			return v, true
		case utilnet.RoundTripperWrapper:
			rt = v.WrappedRoundTripper()
		default:
			return nil, false
		}
	}
	return nil, false
}

// remake copies a transport and gives it another authority and certificate. All else,
// such as the proxy and the dialer that a user set, stays.
func remake(base *http.Transport, f *facts) (*http.Transport, error) {
	made, err := rest.TLSConfigFor(&rest.Config{TLSClientConfig: f.tls()})
	if err != nil {
		return nil, &pmks.Error{Code: pmks.CodeInternal, Message: "the certificates of the cluster cannot be used", Err: err}
	}
	next := base.Clone()
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if next.TLSClientConfig != nil {
		config = next.TLSClientConfig
	}
	if made == nil {
		made = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.RootCAs, config.GetClientCertificate = made.RootCAs, made.GetClientCertificate
	if f.server.Host != f.home.Host {
		config.ServerName = made.ServerName
	}
	next.TLSClientConfig = config
	// The copy would share the pool of HTTP/2 connections of the original.
	next.TLSNextProto = nil
	return utilnet.SetTransportDefaults(next), nil
}

// follow sends a request to where the API server is now, if it was meant for where the
// server was when the client was made.
func (t *transport) follow(out *http.Request, f *facts) {
	first := t.first
	if f.server.String() == first.String() || out.URL.Host != first.Host || out.URL.Scheme != first.Scheme {
		return
	}
	path, ok := strings.CutPrefix(out.URL.Path, first.Path)
	if !ok {
		return
	}
	out.URL.Scheme, out.URL.Host = f.server.Scheme, f.server.Host
	out.URL.Path = f.server.Path + path
	if raw, ok := strings.CutPrefix(out.URL.RawPath, first.EscapedPath()); ok && out.URL.RawPath != "" {
		out.URL.RawPath = f.server.EscapedPath() + raw
	}
	if out.Host == first.Host {
		out.Host = ""
	}
}

// findWay looks whether the cluster is elsewhere now, or trusts another authority, when
// no connection could be made.
func (t *transport) findWay(req *http.Request, with sent, cause error) (sent, error) {
	next := with
	var read bool
	var err error
	next.facts, read, err = t.facts.again(req.Context(), with.facts.serial, movedCalm)
	switch {
	case err != nil && gone(err):
		return next, t.goneError(err, cause)
	case read && next.facts.value.generation != with.facts.value.generation:
		return next, nil
	}
	return next, t.explain(req, with, cause)
}

// findCredential gets another credential in place of one that the API server refused.
func (t *transport) findCredential(req *http.Request, with sent, resp *http.Response) (sent, error) {
	next := with
	var renewed bool
	var err error
	if t.tokens == nil {
		next.facts, renewed, err = t.facts.refuse(req.Context(), with.facts.serial, refusedCalm)
		renewed = renewed && next.facts.value.generation != with.facts.value.generation
	} else {
		next.token, renewed, err = t.tokens.refuse(req.Context(), with.token.serial, refusedCalm)
		renewed = renewed && next.token.value != with.token.value
	}
	if err == nil && !renewed {
		err = t.refused(resp, pmks.CodeUnauthenticated, "the API server refuses the credential, and the cloud has no other: let the identity of the handler's credentials into the cluster (access entries, role bindings), and compare the clock of this machine")
	}
	return next, err
}

func (t *transport) provider() string {
	if r, ok := t.h.(pmks.CapabilityReporter); ok {
		return r.Capabilities().Provider
	}
	return ""
}

// checkRedirect keeps the credential home: net/http follows redirects above this
// transport, and would have it put the credential on a request to anywhere.
func (t *transport) checkRedirect(req *http.Request) error {
	if req.Response == nil || req.Response.Request == nil || req.Response.Request.URL == nil {
		return nil
	}
	from := req.Response.Request.URL
	if from.Host == req.URL.Host && from.Scheme == req.URL.Scheme {
		return nil
	}
	return &pmks.Error{Code: pmks.CodeFailedPrecondition, Provider: t.provider(), Cluster: t.iid,
		Message: "the API server redirects to another host, which the credential is not sent to: see that the endpoint of the cluster is right"}
}

// repeatable returns the body of a request for a second time.
func repeatable(req *http.Request) (io.ReadCloser, bool) {
	if req.Body == nil || req.Body == http.NoBody {
		return req.Body, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	return body, err == nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// longestAnswer bounds what is read of an answer that is thrown away.
const longestAnswer = 64 << 10

// drain lets the connection of an answer be used again.
func drain(resp *http.Response) {
	if resp != nil {
		_, _ = io.CopyN(io.Discard, resp.Body, longestAnswer)
		_ = resp.Body.Close()
	}
}
