// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
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
	return s.switchPower(c, rec, wordStopping, core.Work{To: profile.Stopped, Reason: reasonStopped}, nil)
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
	return s.switchPower(c, rec, wordStarting, core.Work{}, nil)
}

func (s *Server) switchPower(c *call, rec *clusterRecord, word string, cmd core.Work, then func(time.Time)) (*answer, *apiError) {
	cmd.Took = s.typical(profile.UpdateCluster, powerTimes)
	id, e := s.work(c, rec, word, cmd, then)
	if e != nil {
		return nil, e
	}
	s.touch(rec)
	return &answer{status: http.StatusAccepted, operation: id, location: true}, nil
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
	case !rec.transit() || workWord(rec.live) == wordCanceling:
		return nil, notAllowed(http.StatusConflict, "The managed cluster '%s' has no operation that can be aborted.", rec.name)
	}
	cmd := core.Work{To: profile.UpdateFailed, Reason: "OperationAborted: the operation was aborted"}
	if rec.live.State == profile.Creating {
		cmd.To = profile.CreateFailed
	}
	return s.switchPower(c, rec, wordCanceling, cmd, func(time.Time) { rec.canceled = true })
}
