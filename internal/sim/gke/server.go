// SPDX-License-Identifier: Apache-2.0

// Package gke simulates Google Kubernetes Engine with what of Compute Engine and
// of Google's token endpoint a client of it needs: the wire protocols in front of
// sim/core. GKE is there twice, over gRPC and over REST, with the same methods
// behind both.
//
// It is strict. Tokens are verified, unknown routes, fields and states are refused
// with the errors of Google, and what Google has and this package has not is
// answered with UNIMPLEMENTED. All services share one endpoint.
//
// The messages of GKE are the vendor's own definition of the protocol
// (containerpb); the clients are not imported. What Compute Engine and the token
// endpoint answer is written from descriptions of the wire formats.
package gke

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/httpsim"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// maxBody is the largest body that is read.
const maxBody = 1 << 20

// The services, as they name themselves.
const (
	serviceContainer = "container.googleapis.com"
	serviceCompute   = "compute.googleapis.com"
)

// Server is one region of one project. It is an http.Handler for everything but
// gRPC, which Dial and Listen offer; safe for concurrent use.
type Server struct {
	project, number, region string
	latency, pending        time.Duration
	scale                   float64
	options                 Options
	now                     func() time.Time
	log                     *slog.Logger
	assume                  Assumptions
	profile                 *profile.Profile
	channels                []Channel
	journal                 httpsim.Journal

	mu        sync.Mutex
	plan      core.Plan
	random    *rand.Rand
	tokens    map[string]Token
	locations []*location // the zones in order, and the region
	resources Resources
	counter   uint64
	groups    map[groupKey]managed
	minute    map[string]int // calls of this minute by service
	window    time.Time      // when this minute began
}

// New returns a Server with no clusters.
func New(o Options) *Server {
	gcp, _ := profile.Get("gcp")
	gcp = gcp.Clone()
	gcp.IDs.Node = "{alnum4}" // the end of an instance's name; the rest is its group's
	if o.Assumptions.FirstPoolMayBeEmpty {
		gcp.Caps.GroupsAtCreate.Min = 0 // that there is one is checked here
	}
	s := &Server{
		project:  orElse(o.Project, DefaultProject),
		number:   orElse(o.ProjectNumber, DefaultProjectNumber),
		region:   orElse(o.Region, gcp.Region),
		latency:  o.Latency,
		pending:  o.Pending,
		scale:    o.Scale,
		options:  o,
		now:      o.Now,
		log:      o.Logger,
		assume:   o.Assumptions,
		profile:  gcp,
		channels: o.Channels,
		random:   rand.New(rand.NewPCG(o.Seed, 0x676b65)),
		tokens:   maps.Clone(o.Tokens),
		groups:   map[groupKey]managed{},
		minute:   map[string]int{},
	}
	if s.scale == 0 {
		s.scale = 1
	}
	if s.pending == 0 {
		s.pending = 2 * time.Second
	}
	s.pending = time.Duration(float64(max(0, s.pending)) * s.scale)
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.tokens == nil {
		s.tokens = map[string]Token{DefaultToken: {Email: ServiceAccountEmail}}
	}
	if s.channels == nil {
		s.channels = DefaultChannels()
	}
	if s.assume.MaxPoolOperations == 0 {
		s.assume.MaxPoolOperations = 5
	}
	if o.Resources != nil {
		s.resources = o.Resources.clone()
	} else {
		s.resources = DefaultResources(s.region)
	}
	for i, name := range []string{s.region + "-a", s.region + "-b", s.region + "-c", s.region} {
		l := &location{name: name, zones: []string{name}, clusters: map[string]*clusterRecord{}, byUID: map[string]*clusterRecord{}, operations: map[string]*opRecord{}}
		if name == s.region {
			l.zones = nil
			for _, zone := range s.locations {
				l.zones = append(l.zones, zone.name)
			}
		}
		l.world = core.New(gcp, core.Options{
			Seed: o.Seed + uint64(i), Scale: o.Scale, Durations: o.Durations, Region: s.region, ReadLag: o.ReadLag,
		})
		s.locations = append(s.locations, l)
	}
	for _, f := range o.Faults {
		s.plan.Inject(f)
	}
	return s
}

// Transport returns an http.RoundTripper that calls s in process, whatever the
// host: GKE over REST, Compute Engine, the token endpoint and the metadata server.
// It starts no goroutine.
func (s *Server) Transport() http.RoundTripper { return httpsim.NewTransport(s) }

// Inject adds a fault; Op is the method as Call has it. The returned function takes
// it out again.
//
// FaultRefuse answers with the vendor's error for Code and changes nothing;
// FaultLoseReply with a Code answers that error after the call took effect, and
// without one ends the connection. The Reason of a FaultFailLater may be
// "CONDITION: message", such as "GCE_STOCKOUT: no capacity".
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

// call is a request on its way through the server.
type call struct {
	// service is the host name of the service, and short the journal's name of it.
	service, short string
	// op is the method; full is its whole name, as ErrorInfo has it.
	op, full string
	// permission is what the caller needs; empty means none.
	permission string
	// target is the resource in the words of GKE's messages, with the name of the
	// cluster and of the node pool in it.
	target, cluster, pool string

	now       time.Time
	requestID string
	outcome   core.Outcome
	// fault is why there is nothing to handle: a request that cannot be read.
	fault *apiError
	// anonymous: no token is wanted.
	anonymous bool
	bearer    string
}

// errLost is the error of a call whose connection is to end without an answer.
var errLost = errors.New("gke: the connection ends")

// run takes a call through the journal, authentication, the plan of faults and its
// handler, which runs under the lock. lost means that the connection is to end
// without the answer.
func (s *Server) run(ctx context.Context, c *call, handle func() (any, *apiError)) (out any, e *apiError, lost bool) {
	c.now = s.now()
	entry := Call{Service: c.short, Op: c.op, Cluster: c.cluster, NodeGroup: c.pool, Start: c.now}
	end := s.journal.Begin(entry)
	defer func() {
		entry.End, entry.Lost = s.now(), lost
		if !lost {
			entry.Status = http.StatusOK
		}
		if e != nil && !lost {
			entry.Status, entry.Code = e.httpStatus(), statusTable[e.code].word
			if c.service == serviceCompute {
				entry.Code = e.restReason()
			}
		}
		end(entry)
		s.log.InfoContext(ctx, "call", "service", entry.Service, "op", entry.Op, "cluster", entry.Cluster,
			"nodeGroup", entry.NodeGroup, "status", entry.Status, "code", entry.Code, "lost", entry.Lost)
	}()
	struck, e := s.admit(c)
	delay, fault := s.latency, core.Fault{}
	for _, f := range struck {
		if f.Kind == core.FaultDelay {
			delay += f.Delay
		} else {
			fault = f
		}
	}
	if err := httpsim.Sleep(ctx, delay); err != nil {
		return nil, nil, true
	}
	if e != nil {
		return nil, e, false
	}
	switch fault.Kind {
	case core.FaultRefuse:
		return nil, s.injected(c, fault.Code, fault.Reason).after(fault.RetryAfter), false
	case core.FaultThrottle:
		return nil, s.injected(c, pmks.CodeThrottled, fault.Reason).after(fault.RetryAfter), false
	case core.FaultLoseRequest:
		return nil, nil, true
	case core.FaultFailLater:
		c.outcome.Fail = orElse(fault.Reason, "the operation failed")
	case core.FaultStick:
		c.outcome.Stick = true
	}
	s.mu.Lock()
	c.now = s.now()
	s.advance(c.now)
	out, e = handle()
	s.mu.Unlock()
	if fault.Kind == core.FaultLoseReply {
		if fault.Code == pmks.CodeOK {
			return nil, nil, true
		}
		return nil, s.injected(c, fault.Code, fault.Reason), false
	}
	return out, e, false
}

// admit says whether a call may go on, and which faults strike it.
func (s *Server) admit(c *call) ([]core.Fault, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.requestID = "0x" + s.text(16, hexDigits)
	if e := s.authenticate(c); e != nil {
		return nil, e
	}
	if e := s.enabled(c); e != nil {
		return nil, e
	}
	if e := s.rate(c); e != nil {
		return nil, e
	}
	if c.fault != nil {
		return nil, c.fault
	}
	if slices.Contains(s.options.Denied, c.permission) {
		return nil, s.denied(c, c.permission)
	}
	return s.plan.Match(c.op, c.cluster, c.cluster, c.pool, c.pool), nil
}

// rate counts the calls of a minute.
func (s *Server) rate(c *call) *apiError {
	limit := s.options.RequestsPerMinute
	if limit <= 0 || c.anonymous {
		return nil
	}
	if c.now.Sub(s.window) >= time.Minute {
		s.window = c.now
		clear(s.minute)
	}
	s.minute[c.service]++
	if s.minute[c.service] > limit {
		return s.rateLimited(c.service, limit)
	}
	return nil
}

// canceled is what a caller sees whose context ended while the call was held.
func canceled(ctx context.Context) *apiError {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fail(codes.DeadlineExceeded, "Deadline expired before operation could complete.")
	}
	return fail(codes.Canceled, "The operation was cancelled.")
}

const (
	hexDigits   = "0123456789abcdef"
	alnumDigits = "abcdefghijklmnopqrstuvwxyz0123456789"
)

// text returns n random characters. The lock is held, or s is new.
func (s *Server) text(n int, digits string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[s.random.IntN(len(digits))]
	}
	return string(b)
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
