// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// named finds a cluster by its name or its id; the newest of several.
func (s *Server) named(name string) (*clusterRecord, error) {
	s.world.Advance(s.Now())
	if rec, ok := s.clusters[name]; ok && rec.live.State != profile.Gone {
		return rec, nil
	}
	var found *clusterRecord
	for _, id := range slices.Sorted(maps.Keys(s.clusters)) {
		if rec := s.clusters[id]; rec.live.Name == name && rec.live.State != profile.Gone && (found == nil || !rec.live.Created.Before(found.live.Created)) {
			found = rec
		}
	}
	if found == nil {
		return nil, fmt.Errorf("ack: there is no cluster %q", name)
	}
	return found, nil
}

// Force puts a cluster, or a node pool of it, into a state, whatever it was doing. A
// state in transition stays until it is forced again or deleted; Gone removes. The
// reason may be "Code: message", and shows in a task that has failed.
func (s *Server) Force(cluster, nodepool string, state profile.State, reason string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	if err := simkit.Force(s.world, s.Now(), rec.live, nodepool, state, reason); err != nil {
		return err
	}
	target, kind, targetKind := rec.id, "cluster_modify", targetCluster
	if g, ok := rec.live.GroupByName(nodepool); ok {
		target, kind, targetKind = g.ID, "nodepool_modify", targetNodePool
	}
	if _, final := state.Portable(); final && state != profile.Gone && reason != "" {
		t := s.newTask(kind, targetKind)
		t.done, t.failure = true, reason
		s.enlist(s.Now(), rec, t, target)
	}
	if state == profile.Gone && nodepool == "" {
		s.bury(rec, s.Now())
	}
	for _, g := range rec.live.Groups {
		s.adopt(rec, rec.pools[g.ID], s.Now())
	}
	return nil
}

// Protect switches the deletion protection of a cluster.
func (s *Server) Protect(cluster string, on bool) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	return simkit.Protect(s.world, s.Now(), rec.live, on)
}

// Show lets a cluster, or a node pool of it, show a state whatever it is in, such as
// one that no document knows; "" ends that.
func (s *Server) Show(cluster, nodepool, state string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	if nodepool == "" {
		rec.shown = state
		return nil
	}
	g, ok := rec.live.GroupByName(nodepool)
	if !ok {
		return fmt.Errorf("ack: cluster %q has no node pool %q", cluster, nodepool)
	}
	rec.pools[g.ID].shown = state
	return nil
}

// Deny lets the policies forbid an action, such as "cs:DescribeClusterNodes" or
// "vpc:DescribeVSwitches"; the returned function allows it again.
func (s *Server) Deny(action string) (allow func()) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.denied = append(s.denied, action)
	return func() {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		if i := slices.Index(s.denied, action); i >= 0 {
			s.denied = slices.Delete(s.denied, i, i+1)
		}
	}
}

// Alter changes what every success of an operation answers, as decoded from JSON: a
// number as a text, null in a list, a member that is missing or that nobody knows. Nil
// ends it.
func (s *Server) Alter(op string, change func(any) any) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.alter[op] = change
}
