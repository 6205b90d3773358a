// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// toyMatrix is the matrix of a toy.
func toyMatrix(s sin) *Matrix {
	p, _ := profile.Get("azure")
	return &Matrix{
		Open: func(_ testing.TB, wire func(http.RoundTripper) http.RoundTripper) Rig {
			c := &toyCloud{lax: s == sendsAgain || s == makesAnother}
			another := func() pmks.ClusterHandler {
				h := newToy(c, s)
				h.second = true
				return h
			}
			return Rig{Handler: newToy(wire(c), s), Direct: newToy(c, none), Another: another, Remember: c.Remember}
		},
		Request: p.SampleRequest, Group: p.SampleNodeGroup, Secrets: []string{toySecret},
	}
}

// operationOf is the row of that name.
func operationOf(t *testing.T, name string) operation {
	t.Helper()
	i := slices.IndexFunc(operations, func(op operation) bool { return op.name == name })
	if i < 0 {
		t.Fatalf("there is no operation %s", name)
	}
	return operations[i]
}

// TestMatrix_right: a right handler passes every cell.
func TestMatrix_right(t *testing.T) {
	t.Parallel()
	for name, requests := range map[string]int{"CreateCluster": 1, "GetCluster": 2, "ListCluster": 1, "DeleteCluster": 1} {
		m := toyMatrix(none)
		op := operationOf(t, name)
		steps, skip := m.record(t, op)
		if skip != "" || len(steps) != requests {
			t.Fatalf("%s makes %v, %s", name, steps, skip)
		}
		cells := m.cells(op, steps)
		if want := requests * (len(kinds) + len(endings)); len(cells) != want {
			t.Errorf("%s has %d cells, want %d", name, len(cells), want)
		}
		for _, c := range cells {
			if name == "ListCluster" && (strings.HasPrefix(c.fault, "null") || strings.HasPrefix(c.fault, "empty-object")) {
				continue // it is how the toy cloud says that there are none
			}
			for _, fault := range m.faults(t, c) {
				t.Errorf("%s: %s", c, fault)
			}
		}
	}
}

// TestMatrix_sins: whatever a handler does wrong is reported, in the cell that
// shows it.
func TestMatrix_sins(t *testing.T) {
	t.Parallel()
	const creates, reads = "POST /clusters", "GET /clusters/matrix"
	for _, test := range []struct {
		name      string
		sin       sin
		op, call  string
		fault     string
		want      string
		requested int // which of that name; 0 means the first
	}{
		{"made-twice", sendsAgain, "CreateCluster", creates, "reset-after", "there are 2 clusters", 0},
		{"second-call-makes-another", sendsAgain, "CreateCluster", creates, "malformed-after", "after a second call there are", 0},
		{"success-of-nothing", believesAnything, "CreateCluster", creates, "empty-object", "success, and it did not happen", 0},
		{"empty-answer", believesAnything, "CreateCluster", creates, "empty-object-after", "success with an empty answer", 0},
		{"untyped", untyped, "CreateCluster", creates, "malformed", "Unknown, want one of", 0},
		{"secret", showsSecret, "CreateCluster", creates, "403", "a secret is shown", 0},
		{"for-ever", waitsForEver, "CreateCluster", creates, "hang-before", "it took", 0},
		{"goroutine", leavesGoroutine, "CreateCluster", creates, "hang-before", "something still runs", 0},
		{"no-convergence", staysFailed, "CreateCluster", creates, "503", "a second call does not converge", 0},
		{"denied", deniesWhatHappened, "CreateCluster", creates, "reset-after", "the error says that it did not", 0},
		{"doubted", doubtsRefusals, "CreateCluster", creates, "403", "it was refused, and the error says", 0},
		{"half-read", swallowsReads, "GetCluster", reads + "/groups", "503", "success with an untrue cluster", 0},
		{"panic", panics, "CreateCluster", creates, "null", "panic:", 0},
		{"redirect", followsRedirects, "GetCluster", reads, "redirect", "a redirect was followed", 0},
		{"oversized", readsEverything, "GetCluster", reads, "oversized", "MB of an answer were read", 0},
		{"deaf", deafToContext, "CreateCluster", creates, "cancel-in-hang", "after the context ended", 0},
		{"context-lost", losesContextError, "CreateCluster", creates, "cancel-in-hang", "the context's own error is lost", 0},
		{"incomplete", hidesLoss, "GetCluster", reads + "/groups", "503", "incomplete without a word", 0},
		{"false", answersFalse, "DeleteCluster", "DELETE /clusters/matrix", "wrong-type", "false without an error", 0},
		{"stale-read-believed", sendsAgain, "CreateCluster", creates, "reset-after-and-stale", "there are 2 clusters", 0},
		{"not-asked", none, "CreateCluster", creates, "503", "the request was not made", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := toyMatrix(test.sin)
			at := step{test.call, max(1, test.requested)}
			cells := m.cells(operationOf(t, test.op), []step{at})
			i := slices.IndexFunc(cells, func(c cell) bool { return c.fault == test.fault })
			if i < 0 {
				t.Fatalf("there is no fault %s", test.fault)
			}
			faults := m.faults(t, cells[i])
			if !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, test.want) }) {
				t.Errorf("%s: got %q, want %q among them", cells[i], faults, test.want)
			}
		})
	}
}
