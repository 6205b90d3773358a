// SPDX-License-Identifier: Apache-2.0

// Package nks simulates NHN Kubernetes Service with what of NHN Cloud's identity,
// compute, image, network and volume services a client of it needs: the wire
// protocols in front of sim/core. NKS is a fork of OpenStack Magnum with routes of
// its own; the other services are those of OpenStack.
//
// It is strict. Tokens of Keystone v2 are issued, scoped and verified, the
// microversion is asked for, unknown routes, members, labels and states are refused
// with the errors of each service, and what NHN has and this package has not is
// answered with "not simulated". All services share one endpoint; the catalog of a
// token says where each is.
//
// Tests control it: Put and PutCluster add ready-made clusters, Inject lets calls and
// accepted operations fail, Deny takes a service or an operation away, Force and Show
// change what is there, SetPassword and RevokeTokens end tokens.
//
// It is written from descriptions of the wire formats and imports no SDK, so that a
// client that misreads a member is found out.
package nks

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Server is one region with the projects in it. It is an http.Handler, safe for
// concurrent use.
//
// For the Inject of its Kit, Op is the operation as Call has it, such as
// "clusters.create", "autoscale.set" or "servers.list". The Reason of a
// core.FaultFailLater is the status_reason of what failed, and the contents of the
// event.
type Server struct {
	*simkit.Kit
	region   string
	scale    float64
	options  Options
	assume   Assumptions
	pageSize int
	lifetime time.Duration
	profile  *profile.Profile

	// Guarded by Kit.Mu.
	users    []User
	tokens   map[string]token
	projects map[string]*project
	order    []string // the ids of the projects
	denied   []string
}

// project is one tenant in the region: what it holds, and its clusters.
type project struct {
	id        string
	resources Resources
	world     *core.World
	clusters  map[string]*clusterRecord // by uuid
	addresses map[string]string         // of nodes, by their id in each subnet
	next      map[string]int            // the last address that was given out, by subnet
}

// New returns a Server with no clusters.
func New(o Options) *Server {
	nhn := newProfile(o)
	s := &Server{
		Kit: simkit.New(simkit.Options{
			Seed: o.Seed, Stream: 0x6e6b73, Latency: o.Latency, Now: o.Now, Logger: o.Logger, Faults: o.Faults,
			Buckets: simkit.Limits(o.Unlimited, o.Buckets, DefaultBuckets),
		}),
		region:   cmp.Or(o.Region, nhn.Region),
		scale:    o.Scale,
		options:  o,
		assume:   o.Assumptions,
		pageSize: o.PageSize,
		lifetime: o.TokenLifetime,
		profile:  nhn,
		users:    slices.Clone(o.Users),
		tokens:   map[string]token{},
		projects: map[string]*project{},
		denied:   slices.Clone(o.Denied),
	}
	if s.scale == 0 {
		s.scale = 1
	}
	if s.pageSize < 1 {
		s.pageSize = nhn.PageSize
	}
	if s.lifetime == 0 {
		s.lifetime = 12 * time.Hour
	}
	if s.users == nil {
		s.users = []User{{Name: DefaultUser, Password: DefaultPassword, ID: DefaultUserID}}
	}
	resources := DefaultResources(s.region)
	if o.Resources != nil {
		resources = *o.Resources
	}
	s.addProject(cmp.Or(o.TenantID, DefaultTenantID), resources.clone())
	for _, id := range o.Tenants {
		s.addProject(id, resources.public())
	}
	s.ServeKubernetes(s.kubernetes(o.Kubernetes))
	return s
}

// newProfile is NHN's profile without what the core would decide by itself: here the
// routes say which group is the first and what becomes of the last one.
func newProfile(o Options) *profile.Profile {
	nhn, _ := profile.Get("nhn")
	nhn = nhn.Clone()
	nhn.Caps.GroupsAtCreate.FixedFirstName = ""
	nhn.Caps.Scaling.RemoveLast = true
	nhn.Caps.Subnets.SmallestPrefix = 0
	nhn.UniqueNames = o.Assumptions.UniqueNames
	nhn.Offer = append(nhn.Offer, closedVersions...)
	if o.Quota.Clusters != 0 {
		nhn.Limits.Clusters = max(0, o.Quota.Clusters)
	}
	if o.Quota.NodeGroups != 0 {
		nhn.Limits.NodeGroups = max(0, o.Quota.NodeGroups)
	}
	if o.Quota.Nodes != 0 {
		nhn.Limits.NodesPerGroup = o.Quota.Nodes
	}
	if o.Quota.Nodes < 0 {
		nhn.Limits.NodesPerGroup = 1000 // a number is wanted in many places
	}
	return nhn
}

// addProject gives the region a project of that id.
func (s *Server) addProject(id string, resources Resources) {
	lag := s.options.ReadLag
	if lag == 0 {
		lag = defaultReadLag
	}
	s.projects[id] = &project{
		id: id, resources: resources, clusters: map[string]*clusterRecord{}, addresses: map[string]string{}, next: map[string]int{},
		world: core.New(s.profile, core.Options{
			// Each world has a stream of its own, the first one that of the seed.
			Seed: s.options.Seed + uint64(len(s.order)), Scale: s.options.Scale, Durations: maps.Clone(s.options.Durations), Region: s.region,
			ReadLag: time.Duration(float64(max(0, lag)) * s.scale),
		}),
	}
	s.Simulates(s.projects[id].world)
	s.order = append(s.order, id)
}

// Transport returns an http.RoundTripper that calls s in process, whatever the
// host. It starts no goroutine.
func (s *Server) Transport() http.RoundTripper { return simkit.NewTransport(s) }

// Listen serves s on a loopback address such as "127.0.0.1:0", with TLS if secure is
// true.
func (s *Server) Listen(addr string, secure bool) (*simkit.Listener, error) {
	return simkit.Listen(addr, s, simkit.ListenOptions{TLS: secure})
}

// NextEvent returns when the next operation ends, in any project.
func (s *Server) NextEvent() (at time.Time, ok bool) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for _, p := range s.projects {
		p.world.Advance(s.Now())
		if next, found := p.world.NextEvent(); found && (!ok || next.Before(at)) {
			at, ok = next, true
		}
	}
	return at, ok
}
