// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/trust"
)

// Plain is where a handler is tested that is a cloud itself, such as the fake: there is no
// network whose requests could fail, but it can be told what goes wrong with them.
type Plain struct {
	// Profile has the sample requests.
	Profile string
	// Open makes a cloud without clusters. Each of its requests takes a second, and reads
	// lag that long behind. heard is called when a request has been answered.
	Open func(lag time.Duration, heard func()) PlainCloud
	// Troubles are the columns of the matrix.
	Troubles []Trouble
}

// PlainCloud is such a handler, and how it is told what goes wrong.
type PlainCloud struct {
	Handler pmks.ClusterHandler
	// Strike makes what comes after so many requests go wrong; undo ends that.
	Strike func(after int, trouble string) (undo func())
	// Hang makes all requests after so many wait until their caller gives up.
	Hang func(after int) (undo func())
	// Another is a new handler on the same cloud as it is now, with nothing else of the
	// first, which is of no use after that.
	Another func() pmks.ClusterHandler
}

// Trouble is one way in which a request goes wrong.
type Trouble struct {
	Name string
	// Settles: the answer says that nothing happened.
	Settles bool
	// Codes are the errors that tell this truly; success always does where the operation
	// got what it needed.
	Codes []pmks.Code
	// Lag is how long reads show what was before each change.
	Lag time.Duration
}

// latency is how long a request to a plain cloud takes, so that there is an instant at
// which it is under way.
const latency = time.Second

// ear counts the requests that were answered, and does something at one of them.
type ear struct {
	mu    sync.Mutex
	heard []time.Time
	// at is the request after which then is called, once; 0 means never.
	at   int
	then func()
}

func (e *ear) hear() {
	e.mu.Lock()
	e.heard = append(e.heard, time.Now())
	var then func()
	if len(e.heard) == e.at {
		then = e.then
	}
	e.mu.Unlock()
	if then != nil {
		then()
	}
}

// listen forgets what was heard, and calls then after the n-th request from here on.
func (e *ear) listen(n int, then func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard, e.at, e.then = nil, n, then
}

func (e *ear) all() []time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

// plainStand is a plain cloud in the state that an operation starts from.
type plainStand struct {
	*stand
	PlainCloud
	ear *ear
}

func (p Plain) profile() *profile.Profile {
	found, ok := profile.Get(p.Profile)
	if !ok {
		panic("providertest: there is no profile " + p.Profile)
	}
	return found
}

// matrix is that of the profile, on a cloud that is kept.
func (p Plain) matrix(lag time.Duration, s *plainStand) *Matrix {
	of := p.profile()
	return &Matrix{
		Open: func(_ testing.TB, wire func(http.RoundTripper) http.RoundTripper) Rig {
			wire(nil) // nothing goes by it
			s.ear = &ear{}
			s.PlainCloud = p.Open(lag, s.ear.hear)
			return Rig{Handler: s.Handler, Direct: s.Handler, Another: s.Another, Remember: func() {}}
		},
		Request: of.SampleRequest, Group: of.SampleNodeGroup,
	}
}

// open prepares a cloud for an operation.
func (p Plain) open(t testing.TB, lag time.Duration, op operation) *plainStand {
	t.Helper()
	s := &plainStand{}
	s.stand = p.matrix(lag, s).open(t, op)
	if lag > 0 {
		time.Sleep(acceptance) //nolint:forbidigo // inside a synctest bubble
	}
	s.ear.listen(0, nil)
	return s
}

// requests runs an operation undisturbed and returns when its requests were answered, from
// its beginning on.
func (p Plain) requests(t *testing.T, c pausing) (at []time.Duration, skip string) {
	t.Helper()
	(&Matrix{}).bubble(t, func(t testing.TB) {
		s := p.open(t, 0, c.operation)
		if err := c.started(t.Context(), s.stand); err != nil {
			skip = "by capability: " + err.Error()
			return
		}
		s.ear.listen(0, nil)
		begin := time.Now()
		out := s.do(t.Context())
		if pmks.CodeOf(out.err) == pmks.CodeUnsupported {
			skip = "by capability: " + out.err.Error()
			return
		}
		if out.err != nil {
			t.Fatalf("%s, undisturbed: %v", c.name, out.err)
		}
		for _, moment := range s.ear.all() {
			at = append(at, moment.Sub(begin))
		}
	})
	return at, skip
}

// RunFaults makes each request of each operation go wrong in each way, or a sample of them.
// The verdict is that of [Matrix.Run].
func (p Plain) RunFaults(t *testing.T) {
	sum := newTally()
	full := os.Getenv(Full) == "full"
	t.Cleanup(func() { sum.log(t, full) })
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			requests, skip := p.requests(t, pausing{operation: op})
			if skip != "" {
				t.Skip(skip)
			}
			var cells []cell
			for n := range requests {
				for _, trouble := range p.Troubles {
					cells = append(cells, cell{op: op, at: step{"request", n + 1}, fault: trouble.Name, run: p.struck(trouble)})
				}
			}
			cells = slices.DeleteFunc(cells, func(c cell) bool { return !isAsked(c.fault) })
			m := &Matrix{}
			for c := range chosen(trust.Faults, p.Profile+"/"+op.name, p.groups(len(operations)), cells, few(len(cells), 5), full) {
				m.try(t, c, sum)
			}
		})
	}
}

// groups is how many there are of a part, of which each profile has so many.
func (p Plain) groups(n int) int { return n * len(profile.All()) }

// struck runs an operation one request of which goes wrong.
func (p Plain) struck(k Trouble) func(testing.TB, *Matrix, cell) []string {
	return func(t testing.TB, _ *Matrix, c cell) []string {
		var v verdict
		s := p.open(t, k.Lag, c.op)
		undo := s.Strike(c.at.n-1, k.Name)
		ctx, cancel := context.WithTimeout(t.Context(), 2*longestWait)
		out := s.do(ctx)
		cancel()
		undo()
		if len(s.ear.all()) < c.at.n {
			v.add(notMade)
		}
		s.leftovers(&v)
		if bound := map[bool]time.Duration{false: longestCall, true: longestWait}[c.op.waits]; out.took > bound {
			v.add("it took %s", out.took)
		}
		if k.Lag > 0 {
			time.Sleep(k.Lag) //nolint:forbidigo // inside a synctest bubble
		}
		s.judge(&v, out, k.Codes, k.Settles)
		s.converge(&v)
		return v
	}
}
