// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/nks"
)

// login is how the kit calls the request for a token.
const login = "POST /v2.0/tokens"

// matrix is what the fault matrix and the jobs run on.
func matrix() *providertest.Matrix {
	m := bench.Matrix()
	m.Token = func(call string) bool { return call == login }
	m.Refusal = func(r *http.Request, status int) (kind, body string) {
		form := `{"errors":[{"code":"SomethingNobodyKnows","status":%d,"title":"","detail":"it does not go","links":[]}]}`
		switch path := r.URL.Path; {
		case strings.HasSuffix(path, "/tokens"):
			form = `{"error":{"code":%d,"title":"SomethingNobodyKnows","message":"it does not go"}}`
		case strings.Contains(path, "/compute/"):
			form = `{"somethingNobodyKnows":{"code":%d,"message":"it does not go"}}`
		case strings.Contains(path, "/network/"):
			return "application/json", `{"NeutronError":{"type":"SomethingNobodyKnows","message":"it does not go","detail":""}}`
		}
		return "application/json", fmt.Sprintf(form, status)
	}
	m.Exceptions = []providertest.Exception{
		{Op: "CreateCluster", Call: "POST /v1/clusters", Fault: "twice", Reason: "NKS takes a name as often as it comes: what delivers a creation twice makes two clusters, and both are listed"},
		{Op: "LastOperation", Call: "GET /v1/clusters/*", Fault: "403", Reason: "where the events may not be read, the status tells what it can"},
	}
	return m
}

// TestFaultMatrix makes every operation fail at every request in every way.
func TestFaultMatrix(t *testing.T) { matrix().Run(t) }

// TestJobs_resume stops every job at its requests and runs it again, with a handler that
// knows nothing of the first run.
func TestJobs_resume(t *testing.T) { matrix().RunJobs(t) }

// TestRates: as many callers as there are of all handlers of a tenant are served at the
// rate that one allows itself.
func TestRates(t *testing.T) {
	t.Parallel()
	cluster, group := ids(t)
	// With a latency all callers are there before the first is answered: what a handler has
	// to learn first is asked for once all the same.
	b := bench
	b.Simulate = func(o providertest.Options) *nks.Server {
		o.Latency = providertest.Latency
		return bench.Simulate(o)
	}
	b.Rates(t, []providertest.Pace{
		{Name: "nks", Call: providertest.ReadState(cluster, group), PerSecond: 5, Burst: 10},
		{Name: "nks-list", Call: providertest.ListIID, PerSecond: 5, Burst: 10},
	})
}

// TestCold: callers of a new handler who need the same fact at the same moment ask for it
// once, together; those who come after them not at all.
func TestCold(t *testing.T) {
	t.Parallel()
	cluster, group := ids(t)
	const callers = 100
	for _, test := range []struct {
		name string
		call providertest.Call
		want map[string]int
	}{
		{"name-of-a-cluster", providertest.ReadState(cluster, group), map[string]int{"clusters.get": 1, "nodegroups.get": callers}},
		{"names-of-flavors-images-and-vpcs", getNodeGroup(cluster, group),
			with(names, map[string]int{"clusters.get": callers, "nodegroups.get": callers, "events.list": callers, "servers.list": callers})},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := bench.Fleet(t, bench.Simulate(providertest.Options{Latency: providertest.Latency}), 1, 1)
				h := newHandler(t, s)
				var all sync.WaitGroup
				for i := range callers {
					all.Go(func() {
						time.Sleep(time.Duration(i/2) * providertest.Latency / 10) //nolint:forbidigo // inside a bubble
						if err := test.call(t.Context(), h); err != nil {
							t.Errorf("caller %d: %v", i, err)
						}
					})
				}
				all.Wait()
				if got, want := s.Counts(), with(test.want, map[string]int{"tokens.create": 1}); !maps.Equal(got, want) {
					t.Errorf("requests %v, want %v", got, want)
				}
			})
		})
	}
}

// TestCrowd is many callers of one handler.
func TestCrowd(t *testing.T) {
	t.Parallel()
	bench.Crowd("v1.34.3").Run(t)
}
