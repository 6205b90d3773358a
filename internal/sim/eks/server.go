// SPDX-License-Identifier: Apache-2.0

// Package eks simulates Amazon EKS with what of IAM, STS, EC2 and Auto Scaling a
// client of it needs: the wire protocols in front of sim/core.
//
// It is strict. Signatures are verified, unknown routes, parameters and states
// are refused with the errors of AWS, and what AWS has and this package has not
// is answered with CodeNotSimulated. All services share one endpoint; the
// credential scope of the signature says which one is meant.
//
// It is written from descriptions of the wire formats and imports no SDK, so that
// a client that misreads a field is found out.
package eks

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/httpsim"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// maxBody is the largest body that is read.
const maxBody = 1 << 20

// Server is one region of one account. It is an http.Handler, safe for concurrent
// use.
type Server struct {
	account, region string
	seed            uint64
	latency         time.Duration
	now             func() time.Time
	log             *slog.Logger
	choices         Unverified
	propagation     int
	webTokens       []string
	journal         httpsim.Journal

	mu        sync.Mutex
	world     *core.World
	plan      core.Plan
	random    *rand.Rand
	keys      map[string]Key
	resources Resources
	templates []*launchTemplate
	clusters  map[string]*clusterRecord // by uid
	latest    map[string]*clusterRecord // by name
	tokens    map[string]remembered     // by operation and clientRequestToken
	counter   uint64
}

// New returns a Server with no clusters.
func New(o Options) *Server {
	aws, _ := profile.Get("aws")
	aws = aws.Clone()
	if o.Unverified.NodeGroupsMayLag {
		aws.Upgrade.MatchFirst = false
	}
	s := &Server{
		account:     orElse(o.AccountID, DefaultAccountID),
		region:      orElse(o.Region, aws.Region),
		seed:        o.Seed,
		latency:     o.Latency,
		now:         o.Now,
		log:         o.Logger,
		choices:     o.Unverified,
		propagation: o.RolePropagation,
		webTokens:   o.WebIdentityTokens,
		random:      rand.New(rand.NewPCG(o.Seed, 0x656b73)),
		keys:        maps.Clone(o.Keys),
		clusters:    map[string]*clusterRecord{},
		latest:      map[string]*clusterRecord{},
		tokens:      map[string]remembered{},
	}
	s.world = core.New(aws, core.Options{
		Seed: o.Seed, Scale: o.Scale, Durations: o.Durations, Region: s.region, ReadLag: o.ReadLag,
	})
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.keys == nil {
		s.keys = map[string]Key{DefaultAccessKey: {Secret: DefaultSecret}}
	}
	if s.choices.MaxSecurityGroups == 0 {
		s.choices.MaxSecurityGroups = 4
	}
	if s.propagation == 0 {
		s.propagation = 2
	}
	if o.Resources != nil {
		s.resources = o.Resources.clone()
	} else {
		s.resources = DefaultResources(s.region)
	}
	for i := range s.resources.Roles {
		role := &s.resources.Roles[i]
		role.id = s.id("AROA", 17, upperAlnum)
		if role.Created.IsZero() {
			role.Created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		}
	}
	for _, f := range o.Faults {
		s.plan.Inject(f)
	}
	return s
}

// Transport returns an http.RoundTripper that calls s in process, whatever the
// host. It starts no goroutine.
func (s *Server) Transport() http.RoundTripper { return httpsim.NewTransport(s) }

// Listen serves s on a loopback address such as "127.0.0.1:0", with TLS if secure
// is true.
func (s *Server) Listen(addr string, secure bool) (*httpsim.Listener, error) {
	return httpsim.Listen(addr, s, secure)
}

// Inject adds a fault; Op is the operation in the words of AWS, such as
// "CreateNodegroup". The returned function takes it out again.
//
// FaultRefuse answers with the vendor's error for Code and changes nothing;
// FaultLoseReply with a Code answers that error after the call took effect, and
// without one ends the connection. The Reason of a FaultFailLater may be
// "HealthCode: message".
func (s *Server) Inject(f core.Fault) (cancel func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	drop := s.plan.Inject(f)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		drop()
	}
}

// Calls returns every call since the last Reset, in the order of their start.
func (s *Server) Calls() []Call { return s.journal.Calls() }

// Count returns how many calls of an operation there were; "" counts all.
func (s *Server) Count(op string) int { return s.journal.Count(op) }

// Counts returns how many calls there were of each operation.
func (s *Server) Counts() map[string]int { return s.journal.Counts() }

// MaxConcurrent returns the largest number of calls that were under way at once.
func (s *Server) MaxConcurrent() int { return s.journal.MaxConcurrent() }

// Reset forgets the calls; the clusters stay.
func (s *Server) Reset() { s.journal.Reset() }

// NextEvent returns when the next operation ends.
func (s *Server) NextEvent() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.Advance(s.now())
	return s.world.NextEvent()
}

// call is a request on its way through the server.
type call struct {
	route
	now       time.Time
	requestID string
	who       identity
	outcome   core.Outcome
	// json: the caller wants JSON from a query service.
	json bool
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	query, queryErr := url.ParseQuery(r.URL.RawQuery)
	c := &call{route: routeOf(r, query, body), now: s.now()}
	c.json = r.Header.Get("Accept") == "application/json"
	entry := Call{Service: c.service, Op: c.op, Cluster: c.labels["name"], NodeGroup: c.labels["nodegroupName"], Start: c.now}
	end := s.journal.Begin(entry)
	entry.Lost = true // until there is an answer
	defer func() {    //nolint:contextcheck // it uses that of the request
		entry.End = s.now()
		end(entry)
		s.log.InfoContext(r.Context(), "call", "service", entry.Service, "op", entry.Op, "cluster", entry.Cluster,
			"nodeGroup", entry.NodeGroup, "status", entry.Status, "code", entry.Code, "lost", entry.Lost)
	}()
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away
	}
	if queryErr != nil && c.fault == nil {
		c.fault = fail(http.StatusBadRequest, "MalformedQueryString", "The query string cannot be read")
	}
	if len(body) > maxBody {
		c.fault = fail(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The body is too large")
	}
	answer, e, lost := s.serve(c, r, query, body)
	if lost || r.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
	entry.Lost, entry.Status = false, http.StatusOK
	if e != nil {
		entry.Status, entry.Code = e.status, e.code
	}
	s.reply(w, c, answer, e)
}

// serve finds the answer. lost means that the connection is to end without it.
func (s *Server) serve(c *call, r *http.Request, query url.Values, body []byte) (answer any, e *apiError, lost bool) {
	s.mu.Lock()
	c.requestID = s.uuid()
	if !c.anonymous {
		c.who, e = s.authenticate(r, query, body, c.service, c.now)
	}
	if e == nil {
		e = c.fault
	}
	var faults []core.Fault
	if e == nil {
		faults = s.plan.Match(c.op, c.labels["name"], c.labels["name"], c.labels["nodegroupName"], c.labels["nodegroupName"])
	}
	s.mu.Unlock()
	delay, fault := s.latency, core.Fault{}
	for _, f := range faults {
		if f.Kind == core.FaultDelay {
			delay += f.Delay
		} else {
			fault = f
		}
	}
	if err := httpsim.Sleep(r.Context(), delay); err != nil {
		return nil, nil, true
	}
	if e != nil {
		return nil, e, false
	}
	switch fault.Kind {
	case core.FaultRefuse:
		return nil, injected(c.service, fault.Code, fault.Reason).after(fault.RetryAfter), false
	case core.FaultThrottle:
		return nil, injected(c.service, pmks.CodeThrottled, fault.Reason).after(fault.RetryAfter), false
	case core.FaultLoseRequest:
		return nil, nil, true
	case core.FaultFailLater:
		c.outcome.Fail = orElse(fault.Reason, "the operation failed")
	case core.FaultStick:
		c.outcome.Stick = true
	}
	s.mu.Lock()
	c.now = s.now()
	s.world.Advance(c.now)
	answer, e = c.handle(s, c)
	s.mu.Unlock()
	if fault.Kind == core.FaultLoseReply {
		if fault.Code == pmks.CodeOK {
			return nil, nil, true
		}
		return nil, injected(c.service, fault.Code, fault.Reason), false
	}
	return answer, e, false
}

// reply writes the answer in the protocol of the service.
func (s *Server) reply(w http.ResponseWriter, c *call, answer any, e *apiError) {
	w.Header().Set("x-amzn-RequestId", c.requestID)
	if e != nil && e.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.retryAfter+time.Second-1)/time.Second)))
	}
	switch {
	case c.service != "eks" && e != nil:
		writeQueryError(w, c.service, c.requestID, e)
	case e != nil:
		w.Header().Set("x-amzn-ErrorType", e.code)
		writeJSON(w, e.status, errorBody{
			ClusterName: optional(e.cluster), NodegroupName: optional(e.nodegroup), Message: e.message, ValidZones: e.validZones,
		})
	case c.service == "eks" || c.json && c.op == "GetCallerIdentity":
		writeJSON(w, http.StatusOK, answer)
	default:
		writeXML(w, http.StatusOK, answer)
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"message":"`+strconv.Quote(err.Error())+`"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A reader that went away is no concern of the simulator's.
	_, _ = w.Write(data)
}

const (
	lowerHex   = "0123456789abcdef"
	upperAlnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

// id returns prefix with n random characters. The lock is held, or s is new.
func (s *Server) id(prefix string, n int, digits string) string {
	b := []byte(prefix)
	for range n {
		b = append(b, digits[s.random.IntN(len(digits))])
	}
	return string(b)
}

func (s *Server) uuid() string {
	h := s.id("", 32, lowerHex)
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:])
}

// next numbers what is made, in the order of making.
func (s *Server) next() uint64 {
	s.counter++
	return s.counter
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// optional returns nil for an empty text, which JSON shows as null.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
