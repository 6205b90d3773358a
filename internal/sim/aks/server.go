// SPDX-License-Identifier: Apache-2.0

// Package aks simulates Azure Kubernetes Service with what of Microsoft Entra,
// Azure Resource Manager, the network and the compute provider a client of it
// needs: the wire protocols in front of sim/core.
//
// It is strict. Tokens are issued and verified, unknown paths, members and states
// are refused with the errors of Azure in both of its shapes, and what Azure has
// and this package has not is answered with CodeNotSimulated. Entra and Azure
// Resource Manager share one endpoint; the path says which one is meant.
//
// It is written from descriptions of the wire formats and imports no SDK, so that
// a client that misreads a member is found out.
package aks

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/httpsim"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Server is one region of one subscription, with its Entra tenant. It is an
// http.Handler, safe for concurrent use.
type Server struct {
	tenant, subscription, location string
	seed                           uint64
	scale                          float64
	durations                      map[profile.Operation]time.Duration
	latency                        time.Duration
	now                            func() time.Time
	log                            *slog.Logger
	assumed                        Assumptions
	pageSize                       int
	lifetime                       time.Duration
	unregistered                   bool
	vcpuQuota                      int
	signer                         ed25519.PrivateKey
	journal                        httpsim.Journal

	mu        sync.Mutex
	world     *core.World
	plan      core.Plan
	random    *rand.Rand
	apps      map[string]App
	resources Resources
	clusters  map[string]*clusterRecord // by uid
	latest    map[string]*clusterRecord // by key
	phases    []*phase                  // in the order of their start
	past      map[string]*phase         // by id
	pastIDs   []string                  // the ids in past, oldest first
	buckets   []bucketState
	counter   uint64
}

// New returns a Server with no clusters.
func New(o Options) *Server {
	azure := newProfile(o.Assumptions)
	s := &Server{
		tenant:       orElse(o.TenantID, DefaultTenantID),
		subscription: orElse(o.SubscriptionID, DefaultSubscriptionID),
		location:     orElse(o.Location, azure.Region),
		seed:         o.Seed,
		scale:        o.Scale,
		durations:    maps.Clone(o.Durations),
		latency:      o.Latency,
		now:          o.Now,
		log:          o.Logger,
		assumed:      o.Assumptions,
		pageSize:     o.PageSize,
		lifetime:     o.TokenLifetime,
		unregistered: o.Unregistered,
		vcpuQuota:    o.VCPUQuota,
		random:       rand.New(rand.NewPCG(o.Seed, 0x616b73)),
		apps:         map[string]App{},
		clusters:     map[string]*clusterRecord{},
		latest:       map[string]*clusterRecord{},
		past:         map[string]*phase{},
		buckets:      newBuckets(o.Buckets),
	}
	s.signer = s.newKey()
	s.world = core.New(azure, core.Options{
		Seed: o.Seed, Scale: o.Scale, Durations: o.Durations, Region: s.location, ReadLag: o.ReadLag,
	})
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.Apps == nil {
		s.apps[DefaultClientID] = App{Secrets: []string{DefaultClientSecret}}
	}
	for id, app := range o.Apps {
		s.apps[strings.ToLower(id)] = app
	}
	if s.scale == 0 {
		s.scale = 1
	}
	if s.pageSize < 1 {
		s.pageSize = azure.PageSize
	}
	if s.lifetime == 0 {
		s.lifetime = 75 * time.Minute
	}
	if s.assumed.MinSystemNodes == 0 {
		s.assumed.MinSystemNodes = 1
	}
	if o.Resources != nil {
		s.resources = o.Resources.clone()
	} else {
		s.resources = DefaultResources(s.location)
	}
	for _, f := range o.Faults {
		s.plan.Inject(f)
	}
	return s
}

// newProfile is Azure's profile with identifiers of the simulator's own: names in
// Azure are unique in a resource group and whatever their case, so the core knows
// a cluster by a key.
func newProfile(assumed Assumptions) *profile.Profile {
	azure, _ := profile.Get("azure")
	azure = azure.Clone()
	azure.IDs = profile.IDs{
		Cluster:   "{name}",
		NodeGroup: "{cluster}/{name}",
		Node:      "{hex12}",
		Endpoint:  "{alnum8}",
	}
	azure.Offer = offer(azure.Offer)
	azure.Exclusive.ClusterFollows = assumed.ClusterFollows
	azure.Exclusive.PerCluster = assumed.OnePoolAtATime
	return azure
}

// Transport returns an http.RoundTripper that calls s in process, whatever the
// host. It starts no goroutine.
func (s *Server) Transport() http.RoundTripper { return transport{httpsim.NewTransport(s)} }

// Listen serves s on a loopback address such as "127.0.0.1:0", with TLS if secure
// is true. The SDK of Azure refuses an Entra authority without TLS.
func (s *Server) Listen(addr string, secure bool) (*httpsim.Listener, error) {
	return httpsim.Listen(addr, s, secure)
}

// Inject adds a fault; Op is the operation as the REST specification names it,
// such as "ManagedClusters_CreateOrUpdate", "AgentPools_Delete" or "Machines_List";
// those of Entra are "OpenIDConfiguration" and "Token". Cluster and NodeGroup are
// names. The returned function takes the fault out again.
//
// FaultRefuse answers with the vendor's error for Code and changes nothing;
// FaultLoseReply with a Code answers that error after the call took effect, and
// without one ends the connection. The Reason of a FaultFailLater may be
// "Code: message".
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
	s.advance(s.now())
	at, ok := s.world.NextEvent()
	for _, p := range s.phases {
		if !p.end.IsZero() && (!ok || p.end.Before(at)) {
			at, ok = p.end, true
		}
	}
	return at, ok
}

const (
	lowerHex   = "0123456789abcdef"
	lowerAlnum = "abcdefghijklmnopqrstuvwxyz0123456789"
	digits     = "0123456789"
)

// id returns n random characters. The lock is held, or s is new.
func (s *Server) id(n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[s.random.IntN(len(alphabet))]
	}
	return string(b)
}

func (s *Server) uuid() string { return asUUID(s.id(32, lowerHex)) }

// asUUID shapes 32 hexadecimal digits.
func asUUID(h string) string {
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:32])
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
