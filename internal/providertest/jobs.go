// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/trust"
)

// patience is how often jobs look.
var patience = pmks.WithInterval(time.Minute)

// job is a whole job, which can be stopped at any request and run again.
type job struct {
	name  string
	start start
	do    func(ctx context.Context, h pmks.ClusterHandler, s *stand) error
	// done says what is wrong with the cloud when the job has ended well.
	done func(v *verdict, now truth, s *stand)
}

// jobs are those of package pmks.
var jobs = []job{
	{"Provision", nothing, func(ctx context.Context, h pmks.ClusterHandler, s *stand) error {
		_, err := pmks.Provision(ctx, h, s.wanted(), patience)
		return err
	}, func(v *verdict, now truth, s *stand) { oneOfEach(v, now, s.wanted().Version) }},
	{"Upgrade", twoGroups, func(ctx context.Context, h pmks.ClusterHandler, s *stand) error {
		_, err := pmks.Upgrade(ctx, h, clusterIID, s.target, patience)
		return err
	}, func(v *verdict, now truth, s *stand) { oneOfEach(v, now, s.target) }},
	{"Teardown", twoGroups, func(ctx context.Context, h pmks.ClusterHandler, _ *stand) error {
		return pmks.Teardown(ctx, h, clusterIID, patience)
	}, func(v *verdict, now truth, _ *stand) {
		for _, c := range now.clusters {
			v.add("%s is still there, %s", c.IId, c.Status)
		}
	}},
}

// wanted is the request of Provision: a cluster of two groups.
func (s *stand) wanted() pmks.ClusterInfo {
	req := s.m.Request(clusterName)
	req.NodeGroupList[0].IId.NameId = s.first()
	req.NodeGroupList = append(req.NodeGroupList, s.m.Group(extraGroup))
	return req
}

// oneOfEach: there is the cluster once, and each of its groups once, all at rest at
// the version.
func oneOfEach(v *verdict, now truth, version string) {
	if len(now.clusters) != 1 {
		v.add("there are %d clusters", len(now.clusters))
		return
	}
	c := now.clusters[0]
	if c.IId.NameId != clusterName || c.Status != pmks.ClusterActive || c.Version != version {
		v.add("the cluster is %s, %s at %s, want it at %s", c.IId, c.Status, c.Version, version)
	}
	seen := map[string]int{}
	for _, g := range c.NodeGroupList {
		seen[g.IId.NameId]++
		if g.Status != pmks.NodeGroupActive || g.Version != version {
			v.add("the group is %s, %s at %s, want it at %s", g.IId, g.Status, g.Version, version)
		}
	}
	if len(c.NodeGroupList) != 2 || seen[now.first] != 1 || seen[extraGroup] != 1 {
		v.add("the groups are %v, want one of each", seen)
	}
}

// stops are how a job is stopped at a request that has reached the cloud: with its
// answer, or before that.
var stops = []string{"stopped-answered", "stopped-unanswered"}

// RunJobs stops every job at each of its requests, or at a sample of them, and runs
// it again with a new handler on the same cloud. It logs how many were tried and how
// many passed.
func (m *Matrix) RunJobs(t *testing.T) {
	full := os.Getenv(Full) == "full"
	sum := newTally()
	t.Cleanup(func() { sum.log(t, full) })
	for _, j := range jobs {
		t.Run(j.name, func(t *testing.T) {
			t.Parallel()
			cells := m.jobCells(j, m.requests(t, j))
			// Odd, so that both stops come up.
			for c := range chosen(trust.Crash, j.name, 2*len(jobs), cells, m.stride(len(cells))|1, full) {
				m.try(t, c, sum)
			}
		})
	}
}

// jobCells are a job stopped in each way at each request.
func (m *Matrix) jobCells(j job, requests int) []cell {
	var list []cell
	for k := range requests {
		for _, stop := range stops {
			list = append(list, cell{op: j.operation(), at: step{"request", k + 1}, fault: stop, run: stoppedCell(j)})
		}
	}
	return list
}

func (j job) operation() operation {
	return operation{name: j.name, start: j.start, waits: true, upgrades: j.name == "Upgrade"}
}

// recordings is how often a job is run to learn how many requests it makes.
const recordings = 4

// requests is how many a job makes that nobody disturbs. How often it looks hangs on random
// pauses: it is the least of a few runs.
func (m *Matrix) requests(t *testing.T, j job) int {
	t.Helper()
	least := m.requestsOnce(t, j)
	for range recordings - 1 {
		least = min(least, m.requestsOnce(t, j))
	}
	return least
}

func (m *Matrix) requestsOnce(t *testing.T, j job) (n int) {
	t.Helper()
	m.bubble(t, func(t testing.TB) {
		s := m.open(t, j.operation())
		s.wire.disarm()
		if err := j.do(t.Context(), s.h, s); err != nil {
			t.Fatalf("%s, undisturbed: %v", j.name, err)
		}
		n = len(s.wire.recorded())
		var v verdict
		s.ended(&v, j)
		for _, fault := range v {
			t.Fatalf("%s, undisturbed: %s", j.name, fault)
		}
	})
	return n
}

// notMade is the fault of a cell whose request never came.
const notMade = "the request was not made this time"

// stoppedCell runs a job whose context ends at one request, and runs it again.
func stoppedCell(j job) func(testing.TB, *Matrix, cell) []string {
	return func(t testing.TB, m *Matrix, c cell) []string {
		var v verdict
		s := m.open(t, c.op)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var stopped time.Time
		s.wire.disarm()
		s.wire.stopAt(c.at.n, c.fault == stops[0], func() {
			stopped = time.Now()
			cancel()
		})
		err := j.do(ctx, s.h, s)
		if stopped.IsZero() {
			v.add(notMade)
		} else if late := time.Since(stopped); late > time.Second {
			v.add("it returned %s after the context ended", late)
		}
		keepsContext(&v, err)
		s.leftovers(&v)
		begin := time.Now()
		patient, end := context.WithTimeout(t.Context(), 2*longestWait)
		defer end()
		if err := j.do(patient, pmks.New(s.another()), s); err != nil {
			v.add("run again: %v", err)
		}
		if took := time.Since(begin); took > longestWait {
			v.add("run again it took %s", took)
		}
		s.ended(&v, j)
		return v
	}
}

// keepsContext: a job that was stopped says so, whatever the handler said.
func keepsContext(v *verdict, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		v.add("the context's own error is lost: %v", err)
	}
}

// ended looks at the cloud after a job.
func (s *stand) ended(v *verdict, j job) {
	now, err := s.look()
	if err != nil {
		v.add("the truth cannot be read: %v", err)
		return
	}
	j.done(v, now, s)
}

// stopAt calls stop at the n-th request from here on, once it has reached the cloud;
// its answer is handed on or not.
func (w *Wire) stopAt(n int, answered bool, stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stop = func(req *http.Request, deliver func() (*http.Response, error)) (*http.Response, error) {
		w.mu.Lock()
		n--
		here := n == 0
		w.mu.Unlock()
		if !here {
			return deliver()
		}
		res, err := deliver()
		stop()
		if err == nil && !answered {
			_ = res.Body.Close()
			return nil, req.Context().Err()
		}
		return res, err
	}
}
