// SPDX-License-Identifier: Apache-2.0

// Package iks simulates the IBM Cloud Kubernetes Service on VPC Gen 2 with what of
// IAM, the VPC service, tagging and the resource controller a client of it needs, and
// the one object of a cluster's own API that the autoscaler reads: the wire protocols
// in front of sim/core.
//
// It is strict. Tokens are issued and verified, unknown routes, members and states
// are refused with the errors of IBM, and what IBM has and this package has not is
// answered with CodeNotSimulated. All services share one endpoint; the path says
// which one is meant:
//
//	/global/...              the Kubernetes Service (v1, v2, network/v2)
//	/identity/token          IAM
//	/v1/...                  the VPC service of the region
//	/v3/tags...              tagging
//	/v2/resource_groups      the resource controller
//	/kube/<cluster id>/...   the API server of a cluster, on a loopback address
//
// In process a cluster's API server is found by its host and port as well, as its
// kubeconfig has them. It takes the id_token that IAM issues for clusters, and over
// TLS the certificate of the admin kubeconfig, which a RoundTripper cannot carry.
//
// Clusters and pools are the core's. Workers are kept here: the service speaks of
// each one alone, with a life of its own.
//
// It is written from descriptions of the wire formats and imports no SDK, so that a
// client that misreads a member is found out.
package iks

import (
	"cmp"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// maxBody is the largest body that is read.
const maxBody = 1 << 20

// Server is one account, with one region in which clusters can be made. It is an
// http.Handler, safe for concurrent use.
//
// For the Inject of its Kit, Op is the operation as Call has it.
type Server struct {
	*simkit.Kit
	region, account string
	scale           float64
	options         Options
	assume          Assumptions
	resources       Resources
	lifetime        time.Duration
	signer          ed25519.PrivateKey

	// Guarded by Kit.Mu.
	world     *core.World
	clusters  map[string]*clusterRecord // by id
	keys      map[string]APIKey
	refresh   map[string]refreshToken
	delegated map[string]refreshToken
	tags      map[string][]string // user tags by CRN
	// tagsBefore are what the list of them shows for a while, oldest first.
	tagsBefore map[string][]tagsUntil
	denied     []string
	warning    string
	// kubeURL is the listener of the API servers of clusters, and served its
	// certificate, which kubeconfigs trust beside the cluster's own authority.
	kubeURL string
	served  *x509.Certificate
}

// New returns a Server with no clusters.
func New(o Options) *Server {
	ibm := newProfile(o)
	s := &Server{
		Kit: simkit.New(simkit.Options{
			Seed: o.Seed, Stream: 0x696b73, Latency: o.Latency, Now: o.Now, Logger: o.Logger, Faults: o.Faults,
			Buckets: simkit.Limits(o.Unlimited, o.Buckets, DefaultBuckets),
		}),
		region:     cmp.Or(o.Region, ibm.Region),
		account:    cmp.Or(o.Account, DefaultAccount),
		scale:      o.Scale,
		options:    o,
		assume:     o.Assumptions,
		lifetime:   o.TokenLifetime,
		clusters:   map[string]*clusterRecord{},
		keys:       map[string]APIKey{},
		refresh:    map[string]refreshToken{},
		delegated:  map[string]refreshToken{},
		tags:       map[string][]string{},
		tagsBefore: map[string][]tagsUntil{},
		denied:     slices.Clone(o.Denied),
	}
	if s.scale == 0 {
		s.scale = 1
	}
	if s.lifetime == 0 {
		s.lifetime = time.Hour
	}
	s.signer = s.Random.Key()
	if o.APIKeys == nil {
		s.keys[DefaultAPIKey] = APIKey{}
	}
	for key, of := range o.APIKeys {
		s.keys[key] = of
	}
	if o.Resources != nil {
		s.resources = o.Resources.clone()
	} else {
		s.resources = DefaultResources(s.region)
	}
	s.world = core.New(ibm, core.Options{
		Seed: o.Seed, Scale: o.Scale, Durations: o.Durations, Region: s.region, ReadLag: o.ReadLag,
	})
	s.Simulates(s.world)
	s.ServeKubernetes(s.kubernetes(o.Kubernetes))
	return s
}

// newProfile is IBM's profile less what is decided here: quotas and names, which the
// service looks at by region, and the versions of workers, which are kept here.
func newProfile(o Options) *profile.Profile {
	ibm, _ := profile.Get("ibm")
	ibm = ibm.Clone()
	ibm.UniqueNames = false
	ibm.Limits = profile.Limits{}
	ibm.Upgrade.MaxSkew = 0
	ibm.Exclusive.GroupsApart = true
	ibm.Caps.Scaling.ToZero = o.Assumptions.EmptyPools
	ibm.Caps.GroupsAtCreate = pmks.GroupsAtCreate{Min: 1, Max: 1}
	if !o.Assumptions.FailedUpdateForgotten {
		ibm.UpdateFails = profile.UpdateFailed
	}
	return ibm
}

// Transport returns an http.RoundTripper that calls s in process, whatever the
// host. It starts no goroutine.
func (s *Server) Transport() http.RoundTripper { return simkit.NewTransport(s) }

// Listen serves s on a loopback address such as "127.0.0.1:0", with TLS if secure is
// true. The API servers of clusters are always behind TLS, on a listener of their own
// if they have to, and take client certificates.
func (s *Server) Listen(addr string, secure bool) (*simkit.Listener, error) {
	l, err := simkit.Listen(addr, s, simkit.ListenOptions{TLS: secure, ClientCertificates: true})
	if err != nil {
		return nil, err
	}
	kube := l
	if !secure {
		kube, err = simkit.Listen("127.0.0.1:0", s, simkit.ListenOptions{TLS: true, ClientCertificates: true})
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.CloseWith(kube)
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.served, s.kubeURL = kube.Certificate(), kube.URL()
	return l, nil
}

// NextEvent returns when the next operation ends.
func (s *Server) NextEvent() (time.Time, bool) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.world.Advance(s.Now())
	return s.world.NextEvent()
}

// call is a request on its way through the server.
type call struct {
	simkit.Exchange
	route
	requestID string
	header    http.Header
	// base is the scheme and host that the caller used.
	base, host string
	who        identity
	// certificates are those of the caller.
	certificates []*x509.Certificate
}

// answer is a successful reply.
type answer struct {
	status int
	// body is marshaled, unless it is text; nil: none.
	body any
	text string
	kind string // the content type of text
}

// body answers 200 with a body.
func body(of any) (*answer, *apiError) { return &answer{status: http.StatusOK, body: of}, nil }

// none answers without a body.
func none(status int) (*answer, *apiError) { return &answer{status: status}, nil }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := simkit.ReadBody(r, maxBody)
	query, queryErr := url.ParseQuery(r.URL.RawQuery)
	c := &call{route: s.routeOf(r, query, body), header: r.Header, base: simkit.BaseURL(r), host: r.Host}
	switch {
	case c.fault != nil:
	case queryErr != nil:
		c.fault = badRequest("The query string could not be read.")
	case len(body) > maxBody:
		c.fault = fail(http.StatusRequestEntityTooLarge, "E0020", "The request body is too large.")
	}
	if r.TLS != nil {
		c.certificates = r.TLS.PeerCertificates
	}
	c.Entry = Call{Service: c.service, Op: c.op}
	simkit.Serve(w, r, s.Kit, &c.Exchange, simkit.Protocol[*apiError]{
		Admit: func() *apiError {
			c.requestID = s.Random.UUID()
			s.world.Advance(c.Now)
			c.Entry.Cluster, c.Entry.NodeGroup = s.names(c)
			return s.admit(c)
		},
		Handle: func() (simkit.Reply, *apiError) {
			s.world.Advance(c.Now)
			out, e := c.handle(s, c)
			if e != nil {
				return simkit.Reply{}, e
			}
			return s.success(c, out), nil
		},
		Injected: func(code pmks.Code, reason string, retryAfter time.Duration) *apiError {
			return s.injected(c, code, reason, retryAfter)
		},
		Refuse: func(e *apiError) simkit.Reply { return s.refusal(c, e) },
	})
}

// headers are those of every reply.
func (c *call) headers() http.Header {
	h := http.Header{}
	switch c.service {
	case serviceIAM:
		h.Set("Transaction-Id", c.requestID)
	case serviceIKS:
		h.Set("X-Request-Id", c.requestID)
		h.Set("X-Correlation-Id", c.requestID)
	default:
		h.Set("X-Request-Id", c.requestID)
	}
	return h
}

// success is the reply of a call that was answered.
func (s *Server) success(c *call, out *answer) simkit.Reply {
	h := c.headers()
	switch {
	case out.text != "":
		h.Set("Content-Type", out.kind)
		return simkit.Reply{Status: out.status, Header: h, Body: []byte(out.text)}
	case out.body == nil:
		return simkit.Reply{Status: out.status, Header: h}
	}
	h.Set("Content-Type", jsonType)
	data, err := json.Marshal(out.body)
	if err != nil {
		panic("iks: " + err.Error()) // what is answered can be marshaled
	}
	return simkit.Reply{Status: out.status, Header: h, Body: data}
}

// jsonType is the content type of every JSON body.
const jsonType = "application/json; charset=utf-8"
