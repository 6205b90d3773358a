// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/trust"
)

// pausing is something that pauses: an operation, a wait or a job.
type pausing struct {
	operation
	// begin makes what is waited for, undisturbed.
	begin func(ctx context.Context, s *stand) error
	// job is what runs, where it is a job, which is run again by a new handler.
	job *job
}

// waits are those of package pmks, each for what takes a while.
var waits = []pausing{
	waiting("WaitClusterActive", operation{start: nothing}, func(ctx context.Context, s *stand) error {
		return failure(s.direct.CreateCluster(ctx, s.create()))
	}, func(ctx context.Context, s *stand) (any, error) {
		return pmks.WaitClusterActive(ctx, s.h, clusterIID, patience)
	}),
	waiting("WaitClusterVersion", operation{start: oneCluster, upgrades: true}, func(ctx context.Context, s *stand) error {
		return failure(s.direct.UpgradeCluster(ctx, clusterIID, s.target))
	}, func(ctx context.Context, s *stand) (any, error) {
		return pmks.WaitClusterVersion(ctx, s.h, clusterIID, s.target, patience)
	}),
	waiting("WaitClusterDeleted", operation{start: oneCluster}, func(ctx context.Context, s *stand) error {
		return failure(s.direct.DeleteCluster(ctx, clusterIID))
	}, func(ctx context.Context, s *stand) (any, error) {
		return nil, pmks.WaitClusterDeleted(ctx, s.h, clusterIID, patience)
	}),
	waiting("WaitNodeGroupActive", operation{start: oneCluster}, func(ctx context.Context, s *stand) error {
		return failure(s.direct.AddNodeGroup(ctx, clusterIID, s.m.Group(extraGroup)))
	}, func(ctx context.Context, s *stand) (any, error) {
		return pmks.WaitNodeGroupActive(ctx, s.h, clusterIID, pmks.IID{NameId: extraGroup}, patience)
	}),
	waiting("WaitNodeGroupDeleted", operation{start: twoGroups}, func(ctx context.Context, s *stand) error {
		return failure(s.direct.RemoveNodeGroup(ctx, clusterIID, pmks.IID{NameId: extraGroup}))
	}, func(ctx context.Context, s *stand) (any, error) {
		return nil, pmks.WaitNodeGroupDeleted(ctx, s.h, clusterIID, pmks.IID{NameId: extraGroup}, patience)
	}),
	waiting("WaitNodeGroup", operation{start: oneCluster}, func(ctx context.Context, s *stand) error {
		return failure(s.direct.AddNodeGroup(ctx, clusterIID, s.m.Group(extraGroup)))
	}, func(ctx context.Context, s *stand) (any, error) {
		rests := func(g pmks.NodeGroupInfo) (bool, error) { return g.Status == pmks.NodeGroupActive, nil }
		return pmks.WaitNodeGroup(ctx, s.h, clusterIID, pmks.IID{NameId: extraGroup}, rests, patience)
	}),
	waiting("WaitNodeCount", operation{start: oneCluster}, func(ctx context.Context, s *stand) error {
		return failure(s.direct.ChangeNodeGroupScaling(ctx, clusterIID, s.firstIID(), 3, 1, 4))
	}, func(ctx context.Context, s *stand) (any, error) {
		return pmks.WaitNodeCount(ctx, s.h, clusterIID, s.firstIID(), 3, patience)
	}),
}

func waiting(name string, op operation, begin func(context.Context, *stand) error, do func(context.Context, *stand) (any, error)) pausing {
	op.name, op.waits, op.do = name, true, do
	return pausing{operation: op, begin: begin}
}

// paused is everything that pauses.
func paused() (list []pausing) {
	for _, op := range operations {
		list = append(list, pausing{operation: op})
	}
	list = append(list, waits...)
	for _, j := range jobs {
		op := j.operation()
		op.do = func(ctx context.Context, s *stand) (any, error) { return nil, j.do(ctx, s.h, s) }
		list = append(list, pausing{operation: op, job: &j})
	}
	return list
}

// instant is when the context of a call ends: that long after its n-th request has been
// answered, 0 being its beginning. A request is under way when part is "request".
type instant struct {
	n    int
	part string
	// after is how long after; of a pause it is at its beginning, its middle or its end.
	after time.Duration
}

// RunCancel ends the context of every operation, wait and job in each of its pauses,
// right after it began, in its middle and right before its end, and of every wait and job
// also before and after each of its requests; those of operations are in the cells of
// [Matrix.Run]. What runs returns at once, in virtual time, with the context's error,
// leaves nothing running, and can be called again.
func (m *Matrix) RunCancel(t *testing.T) {
	full := os.Getenv(Full) == "full"
	sum := newTally()
	t.Cleanup(func() { sum.log(t, full) })
	all := paused()
	for _, p := range all {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			instants, skip := m.instants(t, p)
			if skip != "" {
				t.Skip(skip)
			}
			var cells []cell
			for _, i := range instants {
				c := cell{op: p.operation, fault: "cancel-in-" + i.part, run: canceledCell(p, i)}
				c.at = step{fmt.Sprintf("%s after request", i.after), i.n}
				cells = append(cells, c)
			}
			for c := range chosen(trust.Cancel, p.name, len(all), cells, few(len(cells), 3), full) {
				m.try(t, c, sum)
			}
		})
	}
}

// instants runs something undisturbed and returns when its context could end.
func (m *Matrix) instants(t *testing.T, p pausing) (list []instant, skip string) {
	t.Helper()
	m.bubble(t, func(t testing.TB) {
		s := m.open(t, p.operation)
		if err := p.started(t.Context(), s); err != nil {
			skip = "by capability: " + err.Error()
			return
		}
		clock := &timeline{}
		s.wire.watch(clock.watch)
		clock.mark(false)
		out := s.do(t.Context())
		clock.mark(false)
		if pmks.CodeOf(out.err) == pmks.CodeUnsupported {
			skip = "by capability: " + out.err.Error()
			return
		}
		if out.err != nil {
			t.Fatalf("%s, undisturbed: %v", p.name, out.err)
		}
		list = clock.instants(p.begin != nil || p.job != nil)
	})
	return list, skip
}

func (p pausing) started(ctx context.Context, s *stand) error {
	if p.begin == nil {
		return nil
	}
	return p.begin(ctx, s)
}

// timeline notes when there is a request.
type timeline struct {
	mu    sync.Mutex
	moved time.Time // when something happened last
	ended int       // requests that were answered
	busy  int       // requests under way
	found []instant
}

// watch lets a request pass.
func (l *timeline) watch(_ *http.Request, deliver func() (*http.Response, error)) (*http.Response, error) {
	l.mark(true)
	res, err := deliver()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	l.ended++
	l.moved = time.Now()
	return res, err
}

// mark ends a pause, with a request or with the call itself.
func (l *timeline) mark(request bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if gap := time.Since(l.moved); !l.moved.IsZero() && l.busy == 0 && gap > 0 {
		offsets := []time.Duration{1, gap / 2, gap - 1}
		for _, after := range slices.Compact(offsets) {
			l.found = append(l.found, instant{l.ended, "pause", after})
		}
	}
	l.moved = time.Now()
	if request {
		l.busy++
	}
}

// instants are those of the pauses, and where asked those of the requests.
func (l *timeline) instants(requests bool) []instant {
	if !requests {
		return l.found
	}
	list := slices.Clone(l.found)
	for n := range l.ended {
		list = append(list, instant{n: n + 1, part: "request"}, instant{n: n + 1, part: "answer"})
	}
	return list
}

// canceledCell runs something whose context ends at an instant.
func canceledCell(p pausing, at instant) func(testing.TB, *Matrix, cell) []string {
	return func(t testing.TB, m *Matrix, c cell) []string {
		var v verdict
		s := m.open(t, c.op)
		if err := p.started(t.Context(), s); err != nil {
			v.add("it did not begin: %v", err)
			return v
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var ended time.Time
		var mu sync.Mutex
		end := func() {
			mu.Lock()
			defer mu.Unlock()
			ended = time.Now()
			cancel()
		}
		var timer *time.Timer
		later := func() { timer = time.AfterFunc(at.after, end) }
		s.wire.watch(s.wire.endAt(at, later, end)) //nolint:bodyclose // it lets requests pass, and is no answer
		if at.n == 0 {
			later()
		}
		out := s.do(ctx)
		returned := time.Now()
		if timer != nil {
			timer.Stop()
		}
		mu.Lock()
		stopped := ended
		mu.Unlock()
		s.wire.watch(nil)
		s.leftovers(&v)
		switch {
		case stopped.IsZero():
			return verdict{notMade}
		case returned.After(stopped):
			v.add("it returned %s after the context ended", returned.Sub(stopped))
		}
		if out.err != nil && !errors.Is(out.err, context.Canceled) && !settled(out.err) {
			v.add("the context's own error is lost: %v", out.err)
		}
		switch {
		case p.job != nil:
			s.again(t, &v, *p.job)
		case p.begin != nil:
			if out.panic != nil {
				v.add("panic: %v: %s", out.panic, out.stack)
			}
			if _, err := p.do(t.Context(), s); err != nil {
				v.add("waited for again: %v", err)
			}
		default:
			s.judge(&v, out, []pmks.Code{pmks.CodeCanceled}, false)
			s.converge(&v)
		}
		return v
	}
}

// again runs a job that was stopped once more, by a new handler, and looks at the cloud.
func (s *stand) again(t testing.TB, v *verdict, j job) {
	begin := time.Now()
	patient, end := context.WithTimeout(t.Context(), 2*longestWait)
	defer end()
	if err := j.do(patient, pmks.New(s.another()), s); err != nil {
		v.add("run again: %v", err)
	}
	if took := time.Since(begin); took > longestWait {
		v.add("run again it took %s", took)
	}
	s.ended(v, j)
}

// watch gives every request from here on into a hand.
func (w *Wire) watch(hand func(*http.Request, func() (*http.Response, error)) (*http.Response, error)) {
	w.disarm()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stop = hand
}

// endAt calls later when the n-th request has been answered, or end right before or after
// that, where the instant is one of a request.
func (w *Wire) endAt(at instant, later, end func()) func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
	var mu sync.Mutex
	begun, answered := 0, 0
	return func(_ *http.Request, deliver func() (*http.Response, error)) (*http.Response, error) {
		mu.Lock()
		begun++
		mine := begun
		mu.Unlock()
		if at.part == "request" && mine == at.n {
			end()
		}
		res, err := deliver()
		mu.Lock()
		answered++
		here := answered == at.n
		mu.Unlock()
		switch {
		case here && at.part == "pause":
			later()
		case here && at.part == "answer":
			end()
		}
		return res, err
	}
}
