// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// The words of operations on a cluster that the core does not know: any change
// that moves no version, a stop, a start and an abort.
const (
	wordCanceling = "Canceling"
	wordStarting  = "Starting"
	wordStopping  = "Stopping"
	wordUpdating  = "Updating"
)

// pastLimit is how many phases that are over are remembered.
const pastLimit = 1000

// phase is such an operation. To the core the cluster is Updating until it ends.
type phase struct {
	id, word string
	rec      *clusterRecord
	// to is the state that it leads to, with a reason if that is a bad one.
	to     profile.State
	reason string
	// end is zero if it never ends.
	start, end time.Time
	done       bool
	// failure is why it failed or was cut short.
	failure string
	// aborts: the last operation was aborted when it ends.
	aborts bool
}

// advance lets everything happen that happens until now, in the order of time.
func (s *Server) advance(now time.Time) {
	for {
		var next *phase
		for _, p := range s.phases {
			if !p.end.IsZero() && !p.end.After(now) && (next == nil || p.end.Before(next.end)) {
				next = p
			}
		}
		if next == nil {
			break
		}
		s.world.Advance(next.end)
		s.endPhase(next)
	}
	s.world.Advance(now)
}

// typical is how long an operation takes.
func (s *Server) typical(kind profile.Operation, times int) time.Duration {
	d, ok := s.durations[kind]
	if !ok {
		d = s.world.Profile().Typical(kind)
	}
	return time.Duration(float64(d) * float64(times) * s.scale)
}

// startPhase begins a phase on a cluster, whatever it was doing.
func (s *Server) startPhase(c *call, rec *clusterRecord, p *phase, took time.Duration) (*phase, *apiError) {
	s.dropPhase(rec, c.now, "canceled: another operation took its place")
	if e := s.force(c.now, rec, profile.Updating, ""); e != nil {
		return nil, e
	}
	p.id, p.rec, p.start = s.uuid(), rec, c.now
	if c.outcome.Fail != "" {
		p.to, p.reason, p.failure = profile.UpdateFailed, c.outcome.Fail, c.outcome.Fail
	}
	if !c.outcome.Stick {
		p.end = c.now.Add(took)
	}
	rec.phase, rec.canceled = p, false
	s.phases = append(s.phases, p)
	return p, nil
}

// endPhase lets a phase take effect.
func (s *Server) endPhase(p *phase) {
	s.keepPhase(p)
	p.rec.phase, p.rec.canceled = nil, p.aborts
	// The cluster was put into Updating when it began, and is there: it cannot be
	// refused.
	_ = s.force(p.end, p.rec, p.to, p.reason)
	if p.word != wordUpdating || p.to != profile.Active {
		return
	}
	for _, g := range p.rec.live.Groups {
		switch g.State {
		case profile.CreateFailed, profile.UpdateFailed, profile.DeleteFailed:
			// A change of the cluster mends its pools. It is there too.
			_ = s.must(p.end, core.Force{ClusterID: p.rec.live.ID, GroupID: g.ID, State: profile.Active})
		default:
		}
	}
}

// dropPhase cuts the phase of a cluster short, if there is one.
func (s *Server) dropPhase(rec *clusterRecord, now time.Time, failure string) {
	if p := rec.phase; p != nil {
		p.end, p.failure, rec.phase = now, failure, nil
		s.keepPhase(p)
	}
}

// keepPhase moves a phase to those that are over.
func (s *Server) keepPhase(p *phase) {
	p.done = true
	s.phases = slices.DeleteFunc(s.phases, func(other *phase) bool { return other == p })
	s.past[p.id] = p
	if s.pastIDs = append(s.pastIDs, p.id); len(s.pastIDs) > pastLimit {
		delete(s.past, s.pastIDs[0])
		s.pastIDs = s.pastIDs[1:]
	}
}

// force puts a cluster into a state.
func (s *Server) force(now time.Time, rec *clusterRecord, state profile.State, reason string) *apiError {
	return s.must(now, core.Force{ClusterID: rec.live.ID, State: state, Reason: reason})
}

// must applies a command that cannot be refused.
func (s *Server) must(now time.Time, cmd core.Command) *apiError {
	if _, err := s.world.Apply(now, cmd, core.Outcome{}); err != nil {
		return refused(err)
	}
	return nil
}
