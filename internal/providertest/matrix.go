// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/trust"
)

// Full is the environment variable that runs every cell of a matrix, where it is
// "full". Without it a sample is run.
const Full = "PMKS_MATRIX"

// Columns is the environment variable that names the faults which alone are tried, with
// commas between them; each may end in "*".
const Columns = "PMKS_MATRIX_COLUMNS"

// isAsked reports whether a fault is to be tried.
func isAsked(fault string) bool {
	text := os.Getenv(Columns)
	return text == "" || slices.ContainsFunc(strings.Split(text, ","), func(pattern string) bool { return fits(pattern, fault) })
}

// Matrix is a provider's fault matrix.
type Matrix struct {
	// Open makes a fresh simulated cloud without clusters, and a handler whose
	// requests go through wire. Direct is another handler on the same cloud, by
	// which the matrix learns the truth.
	Open func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) Rig
	// Request is a full request with one node group; Group one for a further group.
	Request func(name string) pmks.ClusterInfo
	Group   func(name string) pmks.NodeGroupInfo
	// Demanding is Group with everything beyond V0.6 that the cloud has; nil where that is
	// nothing.
	Demanding func(name string) pmks.NodeGroupInfo
	// Token reports whether a request is for a credential, by its name. Nil where
	// no request is.
	Token func(call string) bool
	// Refusal is an answer in the vendor's form with a code that nobody knows. Nil
	// means a JSON object with a code and a message.
	Refusal func(req *http.Request, status int) (contentType, body string)
	// Secrets must never be shown.
	Secrets []string
	// Only limits the operations, such as to those that show how credentials fail.
	Only []string
	// Struck limits the requests that fail, such as to those for a credential.
	Struck func(call string) bool
	// Exceptions are cells whose verdict is another one for a reason.
	Exceptions []Exception
}

// Rig is a handler under test and the cloud behind it.
type Rig struct {
	Handler, Direct pmks.ClusterHandler
	// Another makes one more handler on the same cloud, which knows nothing of what
	// the others did. Only jobs need it.
	Another func() pmks.ClusterHandler
	// Remember marks the moment that stale reads show.
	Remember func()
	// Left names what pmks made beside clusters and is still there; nil means that it
	// makes nothing. Only crashes need it.
	Left func() []string
}

// Exception excuses cells. Empty fields mean all; Call and Fault may end in "*".
type Exception struct {
	Op, Call, Fault string
	Reason          string
}

func (e Exception) covers(c cell) bool {
	return fits(e.Op, c.op.name) && fits(e.Call, c.at.name) && fits(e.Fault, c.fault)
}

func fits(pattern, s string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(s, prefix)
	}
	return pattern == "" || pattern == s
}

func (m *Matrix) refusal(req *http.Request, code int) (kind, body string) {
	if m.Refusal != nil {
		return m.Refusal(req, code)
	}
	return "application/json", `{"code":"SomethingNobodyKnows","message":"it does not go"}`
}

// cell is one operation with one fault at one of its requests.
type cell struct {
	op    operation
	at    step
	fault string
	run   func(t testing.TB, m *Matrix, c cell) []string
}

func (c cell) String() string {
	return fmt.Sprintf("%s / %s #%d / %s", c.op.name, c.at.name, c.at.n, c.fault)
}

// tally counts cells.
type tally struct {
	mu                     sync.Mutex
	tried, passed, excused map[string]int
	failed                 []string
}

func newTally() *tally {
	return &tally{tried: map[string]int{}, passed: map[string]int{}, excused: map[string]int{}}
}

// Run runs the matrix as subtests, one for each operation: a sample of its cells,
// or every cell when the environment says so. It logs how many were tried and how
// many passed.
func (m *Matrix) Run(t *testing.T) {
	full := os.Getenv(Full) == "full"
	sum := newTally()
	t.Cleanup(func() { sum.log(t, full) })
	for _, op := range operations {
		if len(m.Only) > 0 && !slices.Contains(m.Only, op.name) {
			continue
		}
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			steps, skip := m.record(t, op)
			if skip != "" {
				t.Skip(skip)
			}
			cells := m.cells(op, steps)
			if m.Struck != nil && len(cells) == 0 && os.Getenv(Columns) == "" {
				t.Fatalf("none of its requests is to be struck: %v", steps)
			}
			for c := range chosen(trust.Faults, op.name, len(operations), cells, m.stride(len(cells)), full) {
				m.try(t, c, sum)
			}
		})
	}
}

// sampled is how many cells of an operation the short form runs.
func sampled() int {
	if UnderRace {
		return 3
	}
	return 9
}

// stride is how far apart the cells of a sample are. It is odd and no multiple of
// the number of faults, so that every column comes up.
func (m *Matrix) stride(n int) int {
	s := max(1, n/sampled())
	for s > 1 && len(kinds)%s == 0 {
		s++
	}
	return s
}

// cells are every fault at every request, and the end of the context there.
func (m *Matrix) cells(op operation, steps []step) []cell {
	var list []cell
	for _, s := range steps {
		if m.Struck != nil && !m.Struck(s.name) {
			continue
		}
		for i := range kinds {
			list = append(list, cell{op: op, at: s, fault: kinds[i].name, run: struckCell(&kinds[i])})
		}
		for _, end := range endings {
			list = append(list, cell{op: op, at: s, fault: end.name, run: endedCell(end)})
		}
	}
	return slices.DeleteFunc(list, func(c cell) bool { return !isAsked(c.fault) })
}

// record runs an operation undisturbed and returns its requests.
func (m *Matrix) record(t *testing.T, op operation) (steps []step, skip string) {
	t.Helper()
	m.bubble(t, func(t testing.TB) {
		s := m.open(t, op)
		s.wire.arm(step{}, nil)
		out := s.do(t.Context())
		if pmks.CodeOf(out.err) == pmks.CodeUnsupported {
			skip = "by capability: " + out.err.Error()
			return
		}
		if out.err != nil {
			t.Fatalf("%s, undisturbed: %v", op.name, out.err)
		}
		steps = s.wire.recorded()
	})
	return steps, skip
}

// bubble runs f in virtual time.
func (m *Matrix) bubble(t *testing.T, f func(t testing.TB)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t) })
}

// stillness is how long a cell may take in real time, where a thousand of them take
// a minute: it ends a run that would never end, and none on a machine that has much to do.
const stillness = 30 * time.Minute

// try runs a cell and notes its verdict.
func (m *Matrix) try(t *testing.T, c cell, sum *tally) {
	t.Helper()
	faults := m.faults(t, c)
	sum.mu.Lock()
	defer sum.mu.Unlock()
	sum.tried[c.op.name]++
	if len(faults) == 0 {
		sum.passed[c.op.name]++
		c.note(nil, "")
		return
	}
	for _, e := range m.Exceptions {
		if e.covers(c) {
			sum.excused[c.op.name]++
			c.note(faults, e.Reason)
			return
		}
	}
	c.note(faults, "")
	text := c.String() + ": " + strings.Join(faults, "; ")
	sum.failed = append(sum.failed, text)
	t.Error(text)
}

// faults runs a cell and returns what is wrong with it.
func (m *Matrix) faults(t *testing.T, c cell) (faults []string) {
	t.Helper()
	// Where a lock is held across a request, virtual time stands still for ever.
	stuck := time.AfterFunc(stillness, func() {
		panic("providertest: time stands still in the cell " + c.String() + ": a lock is held while a request is under way")
	})
	defer stuck.Stop()
	// How often a job looks hangs on random pauses: its last requests are made most times,
	// and a cell is of a time when its own was. That all of these runs are shorter than all
	// recordings happens once in ten thousand times.
	for range 20 {
		m.bubble(t, func(t testing.TB) { faults = c.run(t, m, c) })
		if !slices.Equal(faults, []string{notMade}) {
			break
		}
	}
	return faults
}

func (s *tally) log(t *testing.T, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	form := "a sample"
	if full {
		form = "every cell"
	}
	total, passed, excused := 0, 0, 0
	for _, op := range slices.Sorted(maps.Keys(s.tried)) {
		total, passed, excused = total+s.tried[op], passed+s.passed[op], excused+s.excused[op]
		t.Logf("%-24s %5d tried %5d passed %5d excepted", op, s.tried[op], s.passed[op], s.excused[op])
	}
	t.Logf("matrix of %s, %s: %d tried, %d passed, %d excepted, %d failed", t.Name(), form, total, passed, excused, len(s.failed))
}
