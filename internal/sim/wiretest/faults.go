// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Subject is a simulator with one call that a fault is to strike.
type Subject struct {
	Sim *simkit.Kit
	// Op is the call's operation, and Cluster the name that it speaks of.
	Op, Cluster string
	// Do makes the call through the vendor's own client, without retries.
	Do func(context.Context) error
	// Applied reports whether the call took effect. It makes no call that the fault
	// could strike.
	Applied func() bool
}

// Matrix is the matrix of the kinds of faults.
type Matrix struct {
	// Start returns a new simulator each time. It is called inside a bubble of
	// testing/synctest, on whose clock the simulator and the client must be.
	Start func(*testing.T) Subject
	// Codes holds what the vendor says for each code that a fault may ask for, as
	// Refusal writes it.
	Codes map[pmks.Code]string
	// Refusal writes the code and the status of an error, such as
	// "ThrottlingException 429"; empty if the error is none of the vendor's.
	Refusal func(error) string
	// Lost reports whether an error says that the connection ended; nil wants
	// io.ErrUnexpectedEOF in it.
	Lost func(error) bool
}

// Run holds every kind of fault against the call: what the caller sees, whether the
// call took effect, what the journal holds, and that the fault strikes once.
func (m Matrix) Run(t *testing.T) {
	t.Helper()
	if m.Lost == nil {
		m.Lost = func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }
	}
	for name, c := range m.cells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for _, fault := range m.check(t.Context(), m.Start(t), c) {
					t.Error(fault)
				}
			})
		})
	}
}

// RunConnected is Run for a simulator behind a listener: what a connection shows of a
// fault, in real time. Start is called outside of a bubble.
func (m Matrix) RunConnected(t *testing.T) {
	t.Helper()
	if m.Lost == nil {
		m.Lost = func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
	}
	for name, c := range m.cells() {
		if !slices.Contains([]string{"throttle", "lose-request", "lose-reply", "cut"}, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, fault := range m.check(t.Context(), m.Start(t), c) {
				t.Error(fault)
			}
		})
	}
}

// cell is one kind of fault, and what is right.
type cell struct {
	fault core.Fault
	want  func(error) bool // nil: there is no error
	// applied: the call takes effect. lost: its answer does not come, or not whole.
	applied, lost bool
}

func (m Matrix) cells() map[string]cell {
	hangs := func(err error) bool {
		return errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "eadline")
	}
	whatever := func(error) bool { return true }
	page := &core.Answer{Status: 502, Body: "<html>"}
	cells := map[string]cell{
		"another-operation": {core.Fault{Op: "Another", Kind: core.FaultThrottle}, nil, true, false},
		"another-cluster":   {core.Fault{Cluster: "another", Kind: core.FaultThrottle}, nil, true, false},
		"second-call":       {core.Fault{After: 1, Kind: core.FaultThrottle}, nil, true, false},
		"delay":             {core.Fault{Kind: core.FaultDelay, Delay: time.Minute}, nil, true, false},
		"lose-request":      {core.Fault{Kind: core.FaultLoseRequest}, m.Lost, false, true},
		"lose-reply":        {core.Fault{Kind: core.FaultLoseReply}, m.Lost, true, true},
		"cut":               {core.Fault{Kind: core.FaultCut}, m.Lost, true, true},
		"hang":              {core.Fault{Kind: core.FaultHang}, hangs, false, true},
		"hang-reply":        {core.Fault{Kind: core.FaultHangReply}, hangs, true, true},
		"answer":            {core.Fault{Kind: core.FaultAnswer, Answer: page}, whatever, false, false},
		"answer-reply":      {core.Fault{Kind: core.FaultAnswerReply, Answer: page}, whatever, true, false},
	}
	for code, words := range m.Codes {
		says := func(err error) bool { return m.Refusal(err) == words }
		cells["refuse-"+code.String()] = cell{core.Fault{Kind: core.FaultRefuse, Code: code}, says, false, false}
		cells["refuse-behind-the-effect-"+code.String()] = cell{core.Fault{Kind: core.FaultLoseReply, Code: code}, says, true, false}
		if code == pmks.CodeThrottled {
			cells["throttle"] = cell{core.Fault{Kind: core.FaultThrottle, RetryAfter: 7 * time.Second}, says, false, false}
		}
	}
	return cells
}

// check makes the call under one kind of fault.
func (m Matrix) check(ctx context.Context, s Subject, c cell) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	s.Sim.Reset()
	if c.fault.Op == "" {
		c.fault.Op = s.Op
	}
	drop := s.Sim.Inject(c.fault)
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	start := s.Sim.Now()
	err := s.Do(ctx)
	drop() // under the lock, so that Applied sees what the server has done, on whatever goroutine
	if (err == nil) != (c.want == nil) || err != nil && !c.want(err) {
		fault("the caller sees %v", err)
	}
	if got := s.Applied(); got != c.applied {
		fault("the call took effect: %v", got)
	}
	if took := s.Sim.Now().Sub(start); took < c.fault.Delay {
		fault("the call took %s", took)
	}
	for _, call := range s.Sim.Calls() {
		if call.Op != s.Op {
			continue
		}
		if call.Lost != c.lost || call.Cluster != s.Cluster {
			fault("the journal holds %+v", call)
		}
		return faults
	}
	fault("the journal has no %s", s.Op)
	return faults
}
