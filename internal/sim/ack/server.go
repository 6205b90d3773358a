// SPDX-License-Identifier: Apache-2.0

// Package ack simulates Alibaba Cloud Container Service for Kubernetes (ACK) with what
// of VPC, ECS and STS a client of it needs: the wire protocols in front of sim/core.
//
// It is strict. Signatures are verified byte for byte in both of the vendor's schemes,
// unknown routes, parameters, members and states are refused with the errors of
// Alibaba Cloud, calls that the vendor has retired are refused as it refuses them, and
// what it has and this package has not is answered with CodeNotSimulated. All services
// share one endpoint; x-acs-version says which one is meant.
//
// It is written from descriptions of the wire formats and imports no SDK, so that a
// client that misreads a field is found out.
//
// What a test can do beside calling it:
//
//   - Options: another account or region; Resources that are missing or not as they
//     should be, service roles and quotas included; ReadLag for lists that are behind;
//     Buckets, which are rate limits unless Unlimited; Assumptions where no source
//     settles what Alibaba Cloud does.
//   - Inject strikes any call of any service: refused, throttled, delayed, lost, hung,
//     cut, answered by something else in between, or accepted and failed later. The
//     Reason of a core.FaultFailLater is "Code: message" and shows in the task and in
//     the events of the cluster. A core.FaultRepeatPage shows the first page again.
//   - Put adds a ready-made cluster of any type and region; see the Attr constants.
//   - Find lets the checks before an upgrade find something.
//   - Force, Show, Protect, Deny and Alter change what is there: states, words that
//     nobody knows, deletion protection, rights, and any answer.
package ack

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// maxBody is the largest body that is read.
const maxBody = 1 << 20

// Server is one account, in the view of the endpoint of one region. It is an
// http.Handler, safe for concurrent use.
//
// For the Inject of its Kit, Op is the operation in the words of Alibaba Cloud, such
// as "CreateClusterNodePool".
type Server struct {
	*simkit.Kit
	account, region string
	assumptions     Assumptions
	scale           float64
	flagLag         time.Duration
	joinDelay       time.Duration
	bearerTokens    []string
	oidcTokens      []string

	// Guarded by Kit.Mu.
	world     *core.World
	keys      map[string]Key
	nonces    map[string]time.Time
	resources Resources
	denied    []string
	alter     map[string]func(any) any
	clusters  map[string]*clusterRecord // by id
	tasks     map[string]*taskRecord    // by id
}

// New returns a Server with no clusters.
func New(o Options) *Server {
	alibaba, _ := profile.Get("alibaba")
	alibaba = alibaba.Clone()
	s := &Server{
		Kit: simkit.New(simkit.Options{
			Seed: o.Seed, Stream: 0x61636b, Latency: o.Latency, Now: o.Now, Logger: o.Logger, Faults: o.Faults,
			Buckets: simkit.Limits(o.Unlimited, o.Buckets, DefaultBuckets),
		}),
		account:      cmp.Or(o.AccountID, DefaultAccountID),
		region:       cmp.Or(o.Region, alibaba.Region),
		assumptions:  o.Assumptions.withDefaults(),
		scale:        o.Scale,
		flagLag:      o.FlagLag,
		joinDelay:    o.JoinDelay,
		bearerTokens: slices.Clone(o.BearerTokens),
		oidcTokens:   slices.Clone(o.OIDCTokens),
		keys:         maps.Clone(o.Keys),
		nonces:       map[string]time.Time{},
		denied:       slices.Clone(o.Denied),
		alter:        map[string]func(any) any{},
		clusters:     map[string]*clusterRecord{},
		tasks:        map[string]*taskRecord{},
	}
	if o.Resources != nil {
		s.resources = o.Resources.clone()
	} else {
		s.resources = DefaultResources(s.region)
	}
	q := s.resources.Quota
	alibaba.Limits = profile.Limits{Clusters: q.Clusters, NodeGroups: q.NodePools, NodesPerGroup: q.Nodes}
	alibaba.UniqueNames = o.Assumptions.UniqueNames
	s.world = core.New(alibaba, core.Options{
		Seed: o.Seed, Scale: o.Scale, Durations: o.Durations, Region: s.region, ReadLag: o.ReadLag,
	})
	s.Simulates(s.world)
	s.ServeKubernetes(s.kubernetes(o.Kubernetes))
	if s.keys == nil {
		s.keys = map[string]Key{DefaultAccessKeyID: {Secret: DefaultAccessKeySecret}}
	}
	if s.scale == 0 {
		s.scale = 1
	}
	return s
}

// Transport returns an http.RoundTripper that calls s in process, whatever the host.
// It starts no goroutine.
func (s *Server) Transport() http.RoundTripper { return simkit.NewTransport(s) }

// Listen serves s on a loopback address such as "127.0.0.1:0", with TLS if secure is
// true.
func (s *Server) Listen(addr string, secure bool) (*simkit.Listener, error) {
	return simkit.Listen(addr, s, simkit.ListenOptions{TLS: secure})
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
	requestID, host string
	who             identity
	// snakeRequestID: see Assumptions.SnakeRequestID.
	snakeRequestID bool
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := simkit.ReadBody(r, maxBody)
	query, queryErr := url.ParseQuery(r.URL.RawQuery)
	c := &call{route: routeOf(r, query, body), host: r.Host, snakeRequestID: s.assumptions.SnakeRequestID}
	if queryErr != nil && c.fault == nil {
		c.fault = gateway(http.StatusBadRequest, "InvalidQueryString", "The query string cannot be read.")
	}
	if len(body) > maxBody {
		c.fault = gateway(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The body is too large.")
	}
	c.Entry = Call{Service: c.service, Op: c.op, Cluster: c.labels["cluster"], NodeGroup: c.labels["nodepool"]}
	c.Class = c.class
	simkit.Serve(w, r, s.Kit, &c.Exchange, simkit.Protocol[*apiError]{
		Admit: func() *apiError {
			c.requestID = requestID(s)
			s.name(c)
			return s.admit(r, query, body, c)
		},
		Handle: func() (simkit.Reply, *apiError) {
			s.world.Advance(c.Now)
			answer, e := c.handle(s, c)
			if e != nil {
				return simkit.Reply{}, e
			}
			return s.success(c, answer)
		},
		Injected: func(code pmks.Code, reason string, retryAfter time.Duration) *apiError {
			return s.injected(c, code, reason).after(retryAfter)
		},
		Refuse: c.refusal,
	})
}

// admit says whether a call may go on.
func (s *Server) admit(r *http.Request, query url.Values, body []byte, c *call) (e *apiError) {
	if !c.anonymous {
		if c.who, e = s.authenticate(r, query, body, c.service, c.Now); e != nil {
			return e
		}
	}
	if c.fault != nil {
		return c.fault
	}
	return s.authorize(c)
}

// name puts the names of what is there into the journal, in place of ids.
func (s *Server) name(c *call) {
	rec, ok := s.clusters[c.labels["cluster"]]
	if !ok {
		return
	}
	c.Entry.Cluster = rec.live.Name
	if known, ok := rec.pools[c.labels["nodepool"]]; ok {
		c.Entry.NodeGroup = known.name
	}
}

// requestID is a UUID in capitals.
func requestID(s *Server) string {
	h := s.Random.Text(32, simkit.UpperHex)
	return h[:8] + "-" + h[8:12] + "-5" + h[13:16] + "-B" + h[17:20] + "-" + h[20:]
}

// success is the reply of a call that was answered. It is written while the lock is
// held, as it refers to what may change.
func (s *Server) success(c *call, answer any) (simkit.Reply, *apiError) {
	status := c.status
	if c.class == classWrite && s.assumptions.OtherSuccess {
		status = http.StatusOK + http.StatusAccepted - status
	}
	if answer == nil {
		return c.reply(status, nil), nil
	}
	data, err := json.Marshal(answer)
	if change := s.alter[c.op]; change != nil && err == nil {
		var v any
		if err = json.Unmarshal(data, &v); err == nil {
			data, err = json.Marshal(change(v))
		}
	}
	if err != nil {
		return simkit.Reply{}, fail(http.StatusInternalServerError, "InternalError", "%v", err)
	}
	return c.reply(status, data), nil
}

// refusal is the reply of a call that was not.
func (c *call) refusal(e *apiError) simkit.Reply {
	data, _ := json.Marshal(c.errorBody(e)) // texts and numbers only
	reply := c.reply(e.status, data)
	if e.retryAfter > 0 {
		reply.Header.Set("x-ratelimit-user-api", "TimeLeft:"+strconv.FormatInt(e.retryAfter.Milliseconds(), 10))
	}
	return reply
}

func (c *call) reply(status int, body []byte) simkit.Reply {
	h := http.Header{}
	h.Set("x-acs-request-id", c.requestID)
	h.Set("Content-Type", "application/json;charset=utf-8")
	return simkit.Reply{Status: status, Header: h, Body: body}
}
