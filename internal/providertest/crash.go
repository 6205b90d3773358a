// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/trust"
)

// crashes are how a process ends at a request: before it has left, or when it has reached
// the cloud and the answer is on its way. Nothing that the process would still do is done:
// that is what [Matrix.RunJobs], whose context ends, does not show.
var crashes = []string{"crash-before", "crash-after"}

// memories are the fields of the simulators that are the cloud's own memory of what there
// was: records of what is gone, operations, tokens and what was sent with them.
var memories = []string{
	"addresses", "asgs", "byUID", "clusters", "delegated", "groups", "latest", "next", "nonces", "operations", "past", "refresh", "tasks", "tokens",
}

// Crashes is the matrix of a provider whose account is to be as it was when all clusters are
// gone: without launch templates, tags, labels, endpoints, whatever the simulator keeps but
// for its memories. See [Matrix.RunCrashes].
func (b Bench[S]) Crashes() *Matrix {
	m := b.Matrix()
	m.Open = func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) Rig {
		var holdings func() []string
		var before []string
		account := b
		account.Simulate = func(o Options) S {
			s := b.Simulate(o)
			holdings = func() []string { return s.Holdings(s) }
			before = holdings()
			return s
		}
		rig := account.Matrix().Open(t, wire)
		rig.Left = func() []string { return added(before, holdings()) }
		return rig
	}
	return m
}

// added is what there was not before, but for memories: some of it, if it is much.
func added(before, after []string) (list []string) {
	const some = 6
	for _, line := range after {
		_, known := slices.BinarySearch(before, line)
		inMemory := slices.ContainsFunc(memories, func(name string) bool {
			return strings.Contains("."+line, "."+name+"[") || strings.Contains("."+line, "."+name+".")
		})
		if !known && !inMemory && len(list) < some {
			list = append(list, line)
		}
	}
	return list
}

// RunCrashes ends the process that runs a job at each of the job's requests, or at a
// sample of them, and runs the job in a new one, which has nothing but the same cloud. The
// job comes to its end, with one of each; and when all is torn down after it, nothing is
// left, neither of the clusters nor of what was made for them.
func (m *Matrix) RunCrashes(t *testing.T) {
	full := os.Getenv(Full) == "full"
	sum := newTally()
	t.Cleanup(func() { sum.log(t, full) })
	for _, j := range jobs {
		t.Run(j.name, func(t *testing.T) {
			t.Parallel()
			var cells []cell
			for k := range m.requests(t, j) {
				for _, fault := range crashes {
					cells = append(cells, cell{op: j.operation(), at: step{"request", k + 1}, fault: fault, run: crashedCell(j)})
				}
			}
			for c := range chosen(trust.Crash, "crash/"+j.name, 2*len(jobs), cells, few(len(cells), 5), full) {
				m.try(t, c, sum)
			}
		})
	}
}

// crashedCell runs a job whose process ends at one request.
func crashedCell(j job) func(testing.TB, *Matrix, cell) []string {
	return func(t testing.TB, m *Matrix, c cell) []string {
		var v verdict
		rig, s := m.crashable(t, c.op)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		dead := false
		s.wire.watch(s.wire.dieAt(c.at.n, c.fault == crashes[1], func() { //nolint:bodyclose // it lets requests pass, and is no answer
			dead = true
			cancel()
		}))
		_ = j.do(ctx, s.h, s) // nobody is there any more to hear how it ended
		if !dead {
			return verdict{notMade}
		}
		s.leftovers(&v)
		// A process takes a while to start again.
		time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
		s.again(t, &v, j)
		if j.name != "Teardown" {
			if err := pmks.Teardown(t.Context(), pmks.New(s.another()), clusterIID, patience); err != nil {
				v.add("torn down after it: %v", err)
			}
		}
		now, err := s.look()
		if err != nil || len(now.clusters) > 0 {
			v.add("when all is torn down there are %d clusters, %v", len(now.clusters), err)
		}
		if rig.Left != nil {
			if left := rig.Left(); len(left) > 0 {
				v.add("when all is torn down there is still %q", left)
			}
		}
		return v
	}
}

// crashable opens a rig and keeps it in sight.
func (m *Matrix) crashable(t testing.TB, op operation) (Rig, *stand) {
	t.Helper()
	var rig Rig
	own := *m
	own.Open = func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) Rig {
		rig = m.Open(t, wire)
		return rig
	}
	s := own.open(t, op)
	s.m = m
	return rig, s
}

// errDead is what a process that is no more hears.
var errDead = errors.New("providertest: the process has ended")

// dieAt ends a process at its n-th request, which reaches the cloud or not. Nothing leaves
// it after that.
func (w *Wire) dieAt(n int, reaches bool, die func()) func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
	var mu sync.Mutex
	seen := 0
	return func(_ *http.Request, deliver func() (*http.Response, error)) (*http.Response, error) {
		mu.Lock()
		seen++
		mine := seen
		mu.Unlock()
		switch {
		case mine < n:
			return deliver()
		case mine > n:
			return nil, errDead
		}
		if reaches {
			if res, err := deliver(); err == nil {
				_ = res.Body.Close()
			}
		}
		die()
		return nil, errDead
	}
}
