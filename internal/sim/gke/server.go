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
// Tests control it: Put and PutCluster add ready-made clusters of any kind, Inject lets
// calls and accepted operations fail (see Failure), Deny takes one permission away,
// HoldLists and LoseZones make the lists over all zones late and incomplete,
// Force and Alter change what is there, Start and Remake are what GKE or a controller
// does by itself.
//
// The messages of GKE are the vendor's own definition of the protocol
// (containerpb); the clients are not imported. What Compute Engine and the token
// endpoint answer is written from descriptions of the wire formats.
package gke

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
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
//
// For the Inject of its Kit, Op is the method as Call has it. The Reason of a
// core.FaultFailLater may be "CONDITION: message", such as "GCE_STOCKOUT: no
// capacity", or that of a Failure. Over gRPC a connection that breaks off, ends; and
// of an Answer only the status counts, with an empty message for a success.
type Server struct {
	*simkit.Kit
	project, number, region string
	pending                 time.Duration
	scale                   float64
	options                 Options
	assume                  Assumptions
	profile                 *profile.Profile
	channels                []Channel

	// Guarded by Kit.Mu.
	tokens    map[string]Token
	locations []*location // the zones in order, and the region
	groups    map[groupKey]managed
	resources Resources
	denied    []string // permissions
	// heldLists are lists over all zones that stay as they were, by their method;
	// lostZones counts by how many levers such lists cannot reach a zone.
	heldLists map[string][]scoped
	lostZones map[string]int
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
		Kit: simkit.New(simkit.Options{
			Seed: o.Seed, Stream: 0x676b65, Latency: o.Latency, Now: o.Now, Logger: o.Logger, Faults: o.Faults, Buckets: simkit.Limits(o.Unlimited, o.Buckets, DefaultBuckets),
		}),
		project:  cmp.Or(o.Project, DefaultProject),
		number:   cmp.Or(o.ProjectNumber, DefaultProjectNumber),
		region:   cmp.Or(o.Region, gcp.Region),
		pending:  o.Pending,
		scale:    o.Scale,
		options:  o,
		assume:   o.Assumptions,
		profile:  gcp,
		channels: o.Channels,
		tokens:   maps.Clone(o.Tokens),
		groups:   map[groupKey]managed{},

		heldLists: map[string][]scoped{},
		lostZones: map[string]int{},
		denied:    slices.Clone(o.Denied),
	}
	if s.scale == 0 {
		s.scale = 1
	}
	if s.pending == 0 {
		s.pending = 2 * time.Second
	}
	s.pending = time.Duration(float64(max(0, s.pending)) * s.scale)
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
		s.Simulates(l.world)
		s.locations = append(s.locations, l)
	}
	s.ServeKubernetes(s.kubernetes(o.Kubernetes))
	return s
}

// Transport returns an http.RoundTripper that calls s in process, whatever the
// host: GKE over REST, Compute Engine, the token endpoint and the metadata server.
// It starts no goroutine.
func (s *Server) Transport() http.RoundTripper { return simkit.NewTransport(s) }

// call is a request on its way through the server.
type call struct {
	simkit.Exchange
	// service is the host name of the service, and full the whole name of the method,
	// as ErrorInfo has it.
	service, full string
	// permission is what the caller needs; empty means none.
	permission string
	// target is the resource in the words of GKE's messages.
	target    string
	requestID string
	// fault is why there is nothing to handle: a request that cannot be read.
	fault *apiError
	// anonymous: no token is wanted.
	anonymous bool
	bearer    string
}

// run takes a call through its states; handle answers it, under the lock.
func (s *Server) run(ctx context.Context, c *call, handle func() *apiError) (*apiError, simkit.Ending) {
	from := func(e *apiError) *apiError {
		if e != nil {
			e.compute = c.service == serviceCompute
		}
		return e
	}
	return simkit.Run(ctx, s.Kit, &c.Exchange, simkit.Steps[*apiError]{
		Admit: func() *apiError { return from(s.admit(c)) },
		Handle: func() *apiError {
			s.advance(c.Now)
			return from(handle())
		},
		Injected: func(code pmks.Code, reason string, retryAfter time.Duration) *apiError {
			return from(s.injected(c, code, reason, retryAfter))
		},
	})
}

// admit says whether a call may go on.
func (s *Server) admit(c *call) *apiError {
	c.requestID = "0x" + s.Random.Text(16, simkit.LowerHex)
	if e := s.authenticate(c); e != nil {
		return e
	}
	if e := s.enabled(c); e != nil {
		return e
	}
	if c.fault == nil && slices.Contains(s.denied, c.permission) {
		return s.refusePermission(c, c.permission)
	}
	return c.fault
}

// canceled is what a caller sees whose context ended while the call was held.
func canceled(ctx context.Context) *apiError {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fail(codes.DeadlineExceeded, "Deadline expired before operation could complete.")
	}
	return fail(codes.Canceled, "The operation was cancelled.")
}
