// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// named finds a cluster by its name, in whatever location, or by "location/name".
func (s *Server) named(name string) (*clusterRecord, error) {
	where, bare, ok := strings.Cut(name, "/")
	if !ok {
		where, bare = "", name
	}
	for _, l := range s.locations {
		if rec, ok := l.clusters[bare]; ok && rec.live.State != profile.Gone && (where == "" || where == l.name) {
			return rec, nil
		}
	}
	return nil, fmt.Errorf("gke: there is no cluster %q", name)
}

// on does something to a cluster, for the control of a test.
func (s *Server) on(cluster string, do func(now time.Time, rec *clusterRecord) error) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	s.advance(now)
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	return do(now, rec)
}

// Force puts a cluster, or a node pool of it, into a state, whatever it was doing.
// A state in transition stays until it is forced again or deleted; Gone removes.
// The reason may be "CONDITION: message" or that of a Failure. A name that several locations have is
// that of the first zone, unless it is "location/name".
func (s *Server) Force(cluster, pool string, state profile.State, reason string) error {
	return s.on(cluster, func(now time.Time, rec *clusterRecord) error {
		err := simkit.Force(rec.location.world, now, rec.live, pool, state, reason)
		s.advance(now)
		return err
	})
}

// Alter changes what every later read of a cluster shows, its node pools included:
// a state that nobody knows, a blue-green upgrade, a private endpoint. The core does
// not learn of it. Nil ends it.
func (s *Server) Alter(cluster string, change func(*containerpb.Cluster)) error {
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		rec.alter = change
		return nil
	})
}

// Start lets GKE start an operation of its own on a cluster, or on a pool of it,
// and returns its name. It changes nothing, but it is in the way of others, unless
// its type is one that runs beside them. A duration of 0 is one without end.
func (s *Server) Start(cluster, pool string, kind containerpb.Operation_Type, d time.Duration) (name string, err error) {
	err = s.on(cluster, func(now time.Time, rec *clusterRecord) error {
		if _, ok := rec.live.GroupByName(pool); pool != "" && !ok {
			return fmt.Errorf("gke: cluster %q has no node pool %q", cluster, pool)
		}
		name = s.startOwn(now, rec, pool, kind, d, core.Outcome{Stick: d == 0}, nil).ID
		return nil
	})
	return name, err
}

// Remake lets a controller make a node pool again so many times, as soon as it has been
// deleted: it has the same name and other instances.
func (s *Server) Remake(cluster, pool string, times int) error {
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		rec.remakes[pool] = times
		return nil
	})
}

// remake makes a pool again that has just gone, if it is to be.
func (s *Server) remake(rec *clusterRecord, pool string, now time.Time) {
	if rec.remakes[pool] == 0 || rec.live.State == profile.Deleting {
		return
	}
	rec.remakes[pool]--
	base := proto.CloneOf(rec.pools[pool].base)
	base.Version = rec.live.Version
	op := s.newOp(now, rec, pool, containerpb.Operation_CREATE_NODE_POOL)
	if s.apply(now, op, groupOf(rec.live.ID, base), core.Outcome{}, nil) == nil {
		s.newPool(rec, base)
	}
}

// Deny takes a permission from everybody, such as "container.operations.list"; the
// returned function gives it back.
func (s *Server) Deny(permission string) (allow func()) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.denied = append(s.denied, permission)
	return func() {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		if i := slices.Index(s.denied, permission); i >= 0 {
			s.denied = slices.Delete(s.denied, i, i+1)
		}
	}
}

// HoldLists lets lists over all zones of Compute Engine go on showing what is there now,
// whatever happens, as an index that lags behind; pages of them still follow each other.
// A list is named by its method, "instances.aggregatedList" or
// "instanceGroupManagers.aggregatedList"; no name means both. The returned function lets
// them show the truth again.
func (s *Server) HoldLists(methods ...string) (release func()) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	s.advance(now)
	lists := map[string]func(time.Time) []scoped{listOfManagers: s.managersEverywhere, listOfInstances: s.instancesEverywhere}
	for method, everywhere := range lists {
		if len(methods) > 0 && !slices.Contains(methods, method) {
			continue
		}
		held := everywhere(now)
		for i, x := range held {
			var o scopeObject
			x.put(&o)
			held[i].put = func(into *scopeObject) {
				into.Instances = append(into.Instances, o.Instances...)
				into.InstanceGroupManagers = append(into.InstanceGroupManagers, o.InstanceGroupManagers...)
			}
		}
		s.heldLists[method] = held
	}
	return func() {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		for method := range lists {
			if len(methods) == 0 || slices.Contains(methods, method) {
				delete(s.heldLists, method)
			}
		}
	}
}

// LoseZones keeps lists over all zones of Compute Engine from reaching some zones: with
// returnPartialSuccess they name them as unreachable, without it they fail. Other calls
// reach them; see Options.MissingZones for zones that GKE does not reach either. The
// returned function ends it.
func (s *Server) LoseZones(zones ...string) (back func()) {
	count := func(n int) {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		for _, zone := range zones {
			s.lostZones[zone] += n
		}
	}
	count(1)
	return sync.OnceFunc(func() { count(-1) })
}

// NextEvent returns when the next operation ends.
func (s *Server) NextEvent() (time.Time, bool) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.advance(s.Now())
	var next time.Time
	for _, l := range s.locations {
		at, ok := l.world.NextEvent()
		if ok && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, !next.IsZero()
}
