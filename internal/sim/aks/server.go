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
	"cmp"
	"crypto/ed25519"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Server is one region of one subscription, with its Entra tenant and with the
// other subscriptions of Options.Subscriptions. It is an http.Handler, safe for
// concurrent use.
//
// For the Inject of its Kit, Op is the operation as the REST specification names
// it, such as "ManagedClusters_CreateOrUpdate", "AgentPools_Delete" or
// "Machines_List"; that of Resource Graph is "ResourceGraph_Resources", and those of
// Entra are "OpenIDConfiguration" and "Token". The Reason
// of a core.FaultFailLater may be "Code: message", and further lines of it are the
// details of that error.
type Server struct {
	*simkit.Kit
	*tenancy
	*account
}

// tenancy is what all subscriptions share. It does not change but for the apps.
type tenancy struct {
	location     string
	seed         uint64
	scale        float64
	durations    map[profile.Operation]time.Duration
	assumed      Assumptions
	pageSize     int
	lifetime     time.Duration
	unregistered bool
	vcpuQuota    int
	signer       ed25519.PrivateKey
	apps         map[string]App
	// home is the tenant of the apps, and servers are the subscriptions by their id
	// in lower case, ids in the order of the options.
	home    string
	servers map[string]*Server
	// held is what Resource Graph shows, whatever there is; nil: what there is.
	held []indexed
	// graphPage is how many rows a page of it has at most.
	graphPage int
	ids       []string
}

// account is one subscription. Kit.Mu guards it.
type account struct {
	subscription, tenant string
	// denied: the principals of home have no rights on it.
	denied    bool
	world     *core.World
	resources Resources
	clusters  map[string]*clusterRecord // by uid
	latest    map[string]*clusterRecord // by key
}

// New returns a Server with no clusters.
func New(o Options) *Server {
	azure := newProfile(o.Assumptions)
	s := &Server{
		Kit: simkit.New(simkit.Options{
			Seed: o.Seed, Stream: 0x616b73, Latency: o.Latency, Now: o.Now, Logger: o.Logger, Faults: o.Faults, Buckets: simkit.Limits(o.Unlimited, o.Buckets, DefaultBuckets),
		}),
		tenancy: &tenancy{
			location:     cmp.Or(o.Location, azure.Region),
			seed:         o.Seed,
			scale:        o.Scale,
			durations:    maps.Clone(o.Durations),
			assumed:      o.Assumptions,
			pageSize:     o.PageSize,
			graphPage:    o.GraphPageSize,
			lifetime:     o.TokenLifetime,
			unregistered: o.Unregistered,
			vcpuQuota:    o.VCPUQuota,
			apps:         map[string]App{},
			home:         cmp.Or(o.TenantID, DefaultTenantID),
			servers:      map[string]*Server{},
		},
	}
	s.signer = s.Random.Key()
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
	if s.graphPage < 1 {
		s.graphPage = graphMost
	}
	if s.lifetime == 0 {
		s.lifetime = 75 * time.Minute
	}
	if s.assumed.MinSystemNodes == 0 {
		s.assumed.MinSystemNodes = 1
	}
	own := Subscription{ID: cmp.Or(o.SubscriptionID, DefaultSubscriptionID), TenantID: s.home, Resources: o.Resources}
	s.addAccount(s, own, azure, o)
	for _, other := range o.Subscriptions {
		s.addAccount(&Server{Kit: s.Kit, tenancy: s.tenancy}, other, azure, o)
	}
	s.ServeKubernetes(s.kubernetes(o.Kubernetes))
	return s
}

// addAccount gives a server its subscription.
func (s *Server) addAccount(to *Server, sub Subscription, azure *profile.Profile, o Options) {
	a := &account{
		subscription: sub.ID, tenant: cmp.Or(sub.TenantID, s.home), denied: sub.Denied,
		clusters: map[string]*clusterRecord{}, latest: map[string]*clusterRecord{},
	}
	a.world = core.New(azure, core.Options{
		// Each world has a stream of its own, the first one that of the seed.
		Seed: o.Seed + uint64(len(s.ids)), Scale: o.Scale, Durations: o.Durations, Region: s.location, ReadLag: o.ReadLag,
	})
	s.Simulates(a.world)
	if sub.Resources != nil {
		a.resources = sub.Resources.clone()
	} else {
		a.resources = DefaultResources(s.location).in(sub.ID)
	}
	to.account = a
	s.servers[strings.ToLower(sub.ID)] = to
	s.ids = append(s.ids, sub.ID)
}

// Subscription returns the server of another subscription, for what tests put and
// force there. It shares its calls, faults and clock with s. It panics if there is
// no such subscription, which a test should know.
func (s *Server) Subscription(id string) *Server {
	other, ok := s.servers[strings.ToLower(id)]
	if !ok {
		panic("aks: there is no subscription " + id)
	}
	return other
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
func (s *Server) Transport() http.RoundTripper { return simkit.NewTransport(s) }

// Listen serves s on a loopback address such as "127.0.0.1:0", with TLS if secure
// is true. The SDK of Azure refuses an Entra authority without TLS.
func (s *Server) Listen(addr string, secure bool) (*simkit.Listener, error) {
	return simkit.Listen(addr, s, simkit.ListenOptions{TLS: secure})
}

// NextEvent returns when the next operation ends, in any subscription.
func (s *Server) NextEvent() (at time.Time, ok bool) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for _, each := range s.servers {
		each.advance(s.Now())
		if next, found := each.world.NextEvent(); found && (!ok || next.Before(at)) {
			at, ok = next, true
		}
	}
	return at, ok
}

// advance lets everything happen that happens until now.
func (s *Server) advance(now time.Time) {
	s.world.Advance(now)
	s.remake(now)
}
