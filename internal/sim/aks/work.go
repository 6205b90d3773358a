// SPDX-License-Identifier: Apache-2.0

package aks

import (
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

// workWord is the word of the operation that a cluster is in, if it is one of those.
func workWord(c *core.Cluster) string {
	op, _ := c.Running()
	return op.Word
}

// typical is how long an operation takes.
func (s *Server) typical(kind profile.Operation, times int) time.Duration {
	d, ok := s.durations[kind]
	if !ok {
		d = s.world.Profile().Typical(kind)
	}
	return time.Duration(float64(d) * float64(times) * s.scale)
}

// work begins such an operation on a cluster, whatever it was doing, and returns its
// id. then is called when it has taken effect.
func (s *Server) work(c *call, rec *clusterRecord, word string, cmd core.Work, then func(at time.Time)) (string, *apiError) {
	out := c.Outcome
	out.ID, out.Word = s.Random.UUID(), word
	out.Effect = func(r core.OperationRecord) {
		if then != nil && r.Failure == "" {
			then(r.End)
		}
	}
	cmd.ClusterID = rec.live.ID
	if _, err := s.world.Apply(c.Now, cmd, out); err != nil {
		return "", refused(err)
	}
	rec.canceled = false
	return out.ID, nil
}

// mend makes the failed pools of a cluster well, as a change of the cluster does.
func (s *Server) mend(rec *clusterRecord, at time.Time) {
	for _, g := range rec.live.Groups {
		switch g.State {
		case profile.CreateFailed, profile.UpdateFailed, profile.DeleteFailed:
			// It is there, and so cannot be refused.
			_ = s.must(at, core.Force{ClusterID: rec.live.ID, GroupID: g.ID, State: profile.Active})
		default:
		}
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
