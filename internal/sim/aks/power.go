// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// reasonStopped is why a stopped cluster is not active.
const reasonStopped = "the cluster was stopped"

// Stopping and starting take this many times as long as a small change.
const powerTimes = 6

func (s *Server) stopCluster(c *call) (*answer, *apiError) {
	rec, e := s.current(c)
	if e != nil {
		return nil, e
	}
	if e := s.writable(rec, true); e != nil {
		return nil, e
	}
	return s.switchPower(c, rec, &phase{word: wordStopping, to: profile.Stopped, reason: reasonStopped})
}

func (s *Server) startCluster(c *call) (*answer, *apiError) {
	rec, e := s.current(c)
	if e != nil {
		return nil, e
	}
	if rec.live.State != profile.Stopped {
		if e := s.writable(rec, true); e != nil {
			return nil, e
		}
		return nil, notAllowed(http.StatusBadRequest, "The managed cluster '%s' is not stopped.", rec.name)
	}
	return s.switchPower(c, rec, &phase{word: wordStarting, to: profile.Active})
}

func (s *Server) switchPower(c *call, rec *clusterRecord, p *phase) (*answer, *apiError) {
	p, e := s.startPhase(c, rec, p, s.typical(profile.UpdateCluster, powerTimes))
	if e != nil {
		return nil, e
	}
	s.touch(rec)
	return &answer{status: http.StatusAccepted, operation: p.id, location: true}, nil
}

// abortCluster ends the operation on a cluster itself; it is Canceled then.
func (s *Server) abortCluster(c *call) (*answer, *apiError) {
	rec, e := s.current(c)
	if e != nil {
		return nil, e
	}
	switch {
	case rec.live.State == profile.Deleting:
		return nil, notAllowed(http.StatusConflict, "The deletion of the managed cluster '%s' cannot be aborted.", rec.name)
	case !rec.transit() || rec.phase != nil && rec.phase.word == wordCanceling:
		return nil, notAllowed(http.StatusConflict, "The managed cluster '%s' has no operation that can be aborted.", rec.name)
	}
	p := &phase{word: wordCanceling, to: profile.UpdateFailed, reason: "OperationAborted: the operation was aborted", aborts: true}
	if rec.live.State == profile.Creating {
		p.to = profile.CreateFailed
	}
	return s.switchPower(c, rec, p)
}
