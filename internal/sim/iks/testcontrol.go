// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// named finds a cluster for the control of a test, by its id or its name; of several
// the first.
func (s *Server) named(cluster string) (*clusterRecord, error) {
	s.world.Advance(s.Now())
	if rec, ok := s.clusters[cluster]; ok && rec.live.State != profile.Gone {
		return rec, nil
	}
	var found *clusterRecord
	for _, rec := range s.clusters {
		if rec.name == cluster && rec.live.State != profile.Gone && (found == nil || rec.live.Created.Before(found.live.Created)) {
			found = rec
		}
	}
	if found == nil {
		return nil, fmt.Errorf("iks: there is no cluster %q", cluster)
	}
	return found, nil
}

func (s *Server) namedPool(cluster, pool string) (*clusterRecord, *poolRecord, error) {
	rec, err := s.named(cluster)
	if err != nil {
		return nil, nil, err
	}
	p, ok := rec.pool(pool)
	if !ok || p.removed {
		return nil, nil, fmt.Errorf("iks: cluster %q has no worker pool %q", cluster, pool)
	}
	return rec, p, nil
}

// Force puts a cluster, or a worker pool of it, into a state, whatever it was doing.
// A state in transition stays until it is forced again or deleted; Gone removes. The
// workers of a pool show what it is forced into.
func (s *Server) Force(cluster, pool string, state profile.State, reason string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	now := s.Now()
	if err := simkit.Force(s.world, now, rec.live, pool, state, reason); err != nil {
		return err
	}
	for _, p := range rec.pools {
		g, there := rec.live.Group(p.id)
		p.removed = p.removed || !there
		if pool != "" && p.name != pool {
			continue
		}
		for _, w := range rec.workersOf(p.id) {
			rec.force(w, g, now)
		}
	}
	if rec.changed = now; rec.live.State == profile.Gone {
		rec.gone = now
	}
	return nil
}

// force brings a worker in line with a state that its pool or cluster was forced into;
// g is nil if the pool is gone.
func (rec *clusterRecord) force(w *worker, g *core.NodeGroup, now time.Time) {
	if w.gone(now) {
		return
	}
	w.leaving, w.left = time.Time{}, time.Time{}
	switch {
	case g == nil || rec.live.State == profile.Gone:
		w.leaving, w.left = now, now
	case g.State == profile.Deleting || rec.live.State == profile.Deleting:
		w.leaving = now
	case g.State == profile.Creating || g.State == profile.Updating:
		w.begun, w.ready = now, time.Time{}
	case w.ready.IsZero() || w.ready.After(now):
		w.ready = now
	}
}

// Shown replaces what reads show of a cluster, where it is not empty: a state that
// nobody knows, a master that is not well, another provider.
type Shown struct {
	State, Status                           string
	MasterState, MasterStatus, MasterHealth string
	MasterKubeVersion                       string
	Region, Provider, Type                  string
}

func (o Shown) apply(to *condition) {
	*to = condition{
		cmp.Or(o.State, to.state), cmp.Or(o.Status, to.status), cmp.Or(o.MasterState, to.masterState), cmp.Or(o.MasterStatus, to.masterStatus),
		cmp.Or(o.MasterHealth, to.masterHealth), cmp.Or(o.MasterKubeVersion, to.version),
	}
}

// PoolShown does the same for the lifecycle of a worker pool.
type PoolShown struct{ DesiredState, ActualState string }

// WorkerShown does the same for a worker.
type WorkerShown struct {
	Health, HealthMessage                        string
	ActualState, Message, MessageDetails         string
	PendingOperation                             string
	ActualVersion, DesiredVersion, TargetVersion string
}

func (o WorkerShown) apply(to *workerObject) {
	if o == (WorkerShown{}) {
		return
	}
	for value, at := range map[*string]*string{
		&o.Health: &to.Health.State, &o.HealthMessage: &to.Health.Message, &o.ActualState: &to.Lifecycle.ActualState, &o.Message: &to.Lifecycle.Message,
		&o.MessageDetails: &to.Lifecycle.MessageDetails, &o.PendingOperation: &to.Lifecycle.PendingOperation, &o.ActualVersion: &to.KubeVersion.Actual,
		&o.DesiredVersion: &to.KubeVersion.Desired, &o.TargetVersion: &to.KubeVersion.Target,
	} {
		*at = cmp.Or(*value, *at)
	}
}

// Show replaces what reads show of a cluster; what the service refuses follows it. The
// zero Shown ends that.
func (s *Server) Show(cluster string, shown Shown) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err == nil {
		rec.shown = shown
	}
	return err
}

// ShowPool is Show for a worker pool.
func (s *Server) ShowPool(cluster, pool string, shown PoolShown) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	_, p, err := s.namedPool(cluster, pool)
	if err == nil {
		p.shown = shown
	}
	return err
}

// ShowWorkers is Show for workers of a pool: the one of that number, from 0, among
// those that are there, or all for a negative one.
func (s *Server) ShowWorkers(cluster, pool string, number int, shown WorkerShown) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, p, err := s.namedPool(cluster, pool)
	if err != nil {
		return err
	}
	live := slices.DeleteFunc(rec.workersOf(p.id), func(w *worker) bool { return w.gone(s.Now()) })
	if number >= len(live) {
		return fmt.Errorf("iks: worker pool %q has %d workers", pool, len(live))
	}
	for i, w := range live {
		if number < 0 || i == number {
			w.shown = shown
		}
	}
	return nil
}

// ShowAddon makes an add-on show a health state, such as "critical"; "" ends that.
func (s *Server) ShowAddon(cluster, addon, health string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	a, found := simkit.Find(rec.addons, func(a *addonRecord) bool { return a.name == addon })
	if !found {
		return fmt.Errorf("iks: cluster %q has no add-on %q", cluster, addon)
	}
	a.shown = health
	return nil
}

// Autoscale lets the autoscaler give every zone of a pool so many workers.
func (s *Server) Autoscale(cluster, pool string, perZone int) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, p, err := s.namedPool(cluster, pool)
	if err != nil {
		return err
	}
	if !p.auto || perZone < 1 {
		return fmt.Errorf("iks: the autoscaler does not give worker pool %q %d workers", pool, perZone)
	}
	c := &call{}
	if c.Now = s.Now(); s.setSize(c, rec, p, perZone) != nil {
		return fmt.Errorf("iks: worker pool %q cannot have %d workers", pool, perZone)
	}
	return nil
}

// Deny takes the role for an operation from everybody, as Call has it; the returned
// function gives it back.
func (s *Server) Deny(op string) (allow func()) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.denied = append(s.denied, op)
	return func() {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		if i := slices.Index(s.denied, op); i >= 0 {
			s.denied = slices.Delete(s.denied, i, i+1)
		}
	}
}

// Warn has every creation of a cluster answer with a message and an error that is not
// critical; "" ends that.
func (s *Server) Warn(text string) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.warning = text
}

// RefuseTags has every attachment and detachment of tags say this of a cluster, under
// a status of success; "" ends that.
func (s *Server) RefuseTags(cluster, message string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err == nil {
		rec.tagsRefused = message
	}
	return err
}

// RevokeTokens makes every token that was issued worth nothing.
func (s *Server) RevokeTokens() {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.signer = s.Random.Key()
	clear(s.refresh)
	clear(s.delegated)
}
