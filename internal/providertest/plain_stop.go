// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/trust"
)

// plainInstants are when a context may end: while each request is under way, right after
// its answer, and in the pause after it.
func plainInstants(answered []time.Duration) (list []instant) {
	for i, at := range answered {
		list = append(list, underWay(answered, i), instant{i + 1, "answer", 0})
		if i+1 == len(answered) {
			break
		}
		if gap := answered[i+1] - at - latency; gap > 0 {
			for _, after := range slices.Compact([]time.Duration{1, gap / 2, gap - 1}) {
				list = append(list, instant{i + 1, "pause", after})
			}
		}
	}
	return list
}

// underWay is an instant at which a request that hangs is under way: that long after the
// one before it was answered.
func underWay(answered []time.Duration, i int) instant {
	const deep = 10 * time.Second
	before := time.Duration(0)
	if i > 0 {
		before = answered[i-1]
	}
	return instant{i + 1, "request", answered[i] - before + deep}
}

// end calls stop at an instant. It returns what is left to undo.
func (s *plainStand) end(at instant, stop func()) (undo func()) {
	switch at.part {
	case "request":
		undo = s.Hang(at.n - 1)
		later := func() { time.AfterFunc(at.after, stop) }
		if at.n == 1 {
			later()
		}
		s.ear.listen(at.n-1, later)
		return undo
	case "pause":
		s.ear.listen(at.n, func() { time.AfterFunc(at.after, stop) })
	default:
		s.ear.listen(at.n, stop)
	}
	return func() {}
}

// RunCancel ends the context of every operation, wait and job at each of its requests and
// in each of its pauses. The verdict is that of [Matrix.RunCancel].
func (p Plain) RunCancel(t *testing.T) {
	sum := newTally()
	full := os.Getenv(Full) == "full"
	t.Cleanup(func() { sum.log(t, full) })
	all := paused()
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answered, skip := p.requests(t, c)
			if skip != "" {
				t.Skip(skip)
			}
			var cells []cell
			for _, i := range plainInstants(answered) {
				cells = append(cells, cell{op: c.operation, at: step{i.after.String() + " after request", i.n}, fault: "cancel-in-" + i.part, run: p.canceled(c, i)})
			}
			m := &Matrix{}
			for c := range chosen(trust.Cancel, p.Profile+"/"+c.name, p.groups(len(all)), cells, few(len(cells), 3), full) {
				m.try(t, c, sum)
			}
		})
	}
}

// canceled runs something whose context ends at an instant.
func (p Plain) canceled(c pausing, at instant) func(testing.TB, *Matrix, cell) []string {
	return func(t testing.TB, _ *Matrix, _ cell) []string {
		var v verdict
		s := p.open(t, 0, c.operation)
		if err := c.started(t.Context(), s.stand); err != nil {
			v.add("it did not begin: %v", err)
			return v
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var ended time.Time
		undo := s.end(at, func() {
			if ctx.Err() == nil {
				ended = time.Now()
				cancel()
			}
		})
		out := s.do(ctx)
		returned := time.Now()
		if ctx.Err() == nil { // it was over before
			return verdict{notMade}
		}
		undo()
		s.leftovers(&v)
		if returned.After(ended) {
			v.add("it returned %s after the context ended", returned.Sub(ended))
		}
		if out.err != nil && !errors.Is(out.err, context.Canceled) {
			v.add("the context's own error is lost: %v", out.err)
		}
		switch {
		case c.job != nil:
			s.reborn()
			s.again(t, &v, *c.job)
		case c.begin != nil:
			if out.panic != nil {
				v.add("panic: %v: %s", out.panic, out.stack)
			}
			if _, err := c.do(t.Context(), s.stand); err != nil {
				v.add("waited for again: %v", err)
			}
		default:
			s.judge(&v, out, []pmks.Code{pmks.CodeCanceled}, false)
			s.converge(&v)
		}
		return v
	}
}

// reborn goes on with a new handler, which has nothing but the cloud.
func (s *plainStand) reborn() {
	h := s.Another()
	s.h, s.direct = pmks.New(h), pmks.New(h)
	s.another = func() pmks.ClusterHandler { return h }
}

// RunCrashes ends the process that runs a job at each of its requests, before or after it
// took effect, and runs the job in a new one. The verdict is that of [Matrix.RunCrashes].
func (p Plain) RunCrashes(t *testing.T) {
	sum := newTally()
	full := os.Getenv(Full) == "full"
	t.Cleanup(func() { sum.log(t, full) })
	for _, c := range paused() {
		if c.job == nil {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answered, skip := p.requests(t, c)
			if skip != "" {
				t.Skip(skip)
			}
			var cells []cell
			for n := range answered {
				for i, at := range []instant{underWay(answered, n), {n + 1, "answer", 0}} {
					cells = append(cells, cell{op: c.operation, at: step{"request", n + 1}, fault: crashes[i], run: p.crashed(*c.job, at)})
				}
			}
			m := &Matrix{}
			for c := range chosen(trust.Crash, p.Profile+"/"+c.name, p.groups(len(jobs)), cells, few(len(cells), 5), full) {
				m.try(t, c, sum)
			}
		})
	}
}

// crashed runs a job whose process ends at an instant.
func (p Plain) crashed(j job, at instant) func(testing.TB, *Matrix, cell) []string {
	return func(t testing.TB, _ *Matrix, c cell) []string {
		var v verdict
		s := p.open(t, 0, c.op)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		undo := s.end(at, cancel)
		_ = j.do(ctx, s.h, s.stand) // nobody is there any more to hear how it ended
		if ctx.Err() == nil {
			return verdict{notMade}
		}
		undo()
		s.leftovers(&v)
		// A process takes a while to start again.
		time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
		s.reborn()
		s.again(t, &v, j)
		if j.name != "Teardown" {
			if err := pmks.Teardown(t.Context(), s.h, clusterIID, patience); err != nil {
				v.add("torn down after it: %v", err)
			}
		}
		if now, err := s.look(); err != nil || len(now.clusters) > 0 {
			v.add("when all is torn down there are %d clusters, %v", len(now.clusters), err)
		}
		return v
	}
}
