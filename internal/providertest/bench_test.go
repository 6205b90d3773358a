// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// toySim is the toy cloud as a simulator has it.
type toySim struct {
	*simkit.Kit
	cloud *toyCloud
}

// toyRefusal is an error of the toy cloud.
type toyRefusal struct{ status int }

func (e *toyRefusal) Verdict() (status int, code string) { return e.status, fmt.Sprint(e.status) }

// requestOf is the name of a request in the journal.
func requestOf(r *http.Request) string {
	name := map[string]string{http.MethodPost: "Create", http.MethodDelete: "Delete", http.MethodGet: "Get"}[r.Method]
	switch n := strings.Count(r.URL.Path, "/"); {
	case n == 1 && name == "Get":
		return "List"
	case n == 3:
		return "Groups"
	}
	return name
}

func (s *toySim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &simkit.Exchange{Entry: simkit.Call{Op: requestOf(r)}}
	var reply simkit.Reply
	refusal, ending := simkit.Run(r.Context(), s.Kit, x, simkit.Steps[*toyRefusal]{
		Admit: func() *toyRefusal { return nil },
		Handle: func() *toyRefusal {
			res, err := s.cloud.RoundTrip(r)
			if err != nil {
				return &toyRefusal{http.StatusInternalServerError}
			}
			body, _ := io.ReadAll(res.Body)
			reply = simkit.Reply{Status: res.StatusCode, Body: body}
			if res.StatusCode != http.StatusOK {
				return &toyRefusal{res.StatusCode}
			}
			return nil
		},
		Injected: func(pmks.Code, string, time.Duration) *toyRefusal { return &toyRefusal{http.StatusServiceUnavailable} },
	})
	if refusal != nil && reply.Status == 0 {
		reply.Status = refusal.status
	}
	x.Write(w, reply, ending)
}

func (s *toySim) Transport() http.RoundTripper { return simkit.NewTransport(s) }

func (s *toySim) Listen(addr string, tls bool) (*simkit.Listener, error) {
	return simkit.Listen(addr, s, simkit.ListenOptions{TLS: tls})
}

func (s *toySim) Put(seed core.Seed) error {
	for i := range seed.Groups {
		seed.Groups[i].Nodes = make([]pmks.IID, 2)
	}
	_, err := newToy(s.cloud, none).CreateCluster(context.Background(), pmks.ClusterInfo{IId: pmks.IID{NameId: seed.Name}, NodeGroupList: seed.Groups})
	return err
}

func (s *toySim) Force(cluster, _ string, state profile.State, reason string) error {
	s.cloud.mu.Lock()
	defer s.cloud.mu.Unlock()
	i := s.cloud.find(cluster)
	if state == profile.Gone {
		s.cloud.clusters = slices.Delete(s.cloud.clusters, i, i+1)
	} else {
		s.cloud.clusters[i].StatusReason = reason
	}
	return nil
}

// fault is what a [careful] toy does wrong.
type fault string

// careful is a toy that makes up for what is lost: without a fault a right one.
type careful struct {
	*toy
	pmks.TokenIssuer
	pmks.VersionLister
	pmks.StateReader
	pmks.OperationReader

	fault fault
}

func (h *careful) CheckNodeGroup(context.Context, pmks.IID, pmks.NodeGroupInfo) error { return nil }
func (h *careful) CheckCluster(context.Context, pmks.ClusterInfo) error               { return nil }

func (h *careful) Capabilities() pmks.Capabilities {
	caps := h.toy.Capabilities()
	if h.fault == "other-capabilities" {
		caps.Provider = "another"
	}
	return caps
}

func (h *careful) ListIID(ctx context.Context) ([]*pmks.IID, error) {
	_, err := h.toy.ListCluster(ctx)
	return nil, err
}

func (h *careful) GetCluster(ctx context.Context, iid pmks.IID) (info pmks.ClusterInfo, err error) {
	for range 2 {
		info, err = h.toy.GetCluster(ctx, iid)
		if err == nil || !pmks.Retryable(err) || h.fault == "never-reads-again" {
			break
		}
	}
	if h.fault == "reads-nothing" {
		err = nil
	}
	if h.fault == "changes-by-reading" {
		_, _ = h.toy.DeleteCluster(ctx, pmks.IID{NameId: "none"})
	}
	return info, err
}

func (h *careful) ListCluster(ctx context.Context) ([]*pmks.ClusterInfo, error) {
	list, err := h.toy.ListCluster(ctx)
	switch h.fault {
	case "lists-without-groups":
		list[0].NodeGroupList = nil
	case "lists-slowly":
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
	case "lists-less":
		list = list[1:]
	case "lists-twice":
		_, err = h.toy.ListCluster(ctx)
	}
	return list, err
}

func (h *careful) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
	switch bad := req.IId.NameId == "bad" || req.Version == "bad"; {
	case bad && h.fault == "another-code":
		return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeInternal, Message: "IId.NameId"}
	case bad && h.fault == "wordless":
		return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeInvalidArgument, Message: "bad"}
	case bad && h.fault != "sends-bad":
		return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeInvalidArgument, Message: "IId.NameId, Version"}
	}
	info, err := h.toy.CreateCluster(ctx, req)
	e, _ := asError(err)
	switch {
	case err == nil:
		return info, nil
	case e.MayHaveHappened && h.fault == "gives-up":
		return info, err
	case e.MayHaveHappened && h.fault == "believes":
		return req, nil
	case e.MayHaveHappened || h.fault == "sends-again":
		if found, getErr := h.GetCluster(ctx, req.IId); getErr == nil && h.fault != "sends-again" {
			return found, nil
		}
		return h.toy.CreateCluster(ctx, req)
	case h.fault == "doubts":
		e.MayHaveHappened = true
	case h.fault == "drops-the-words":
		return info, &pmks.Error{Code: e.Code, ProviderCode: "x"}
	}
	e.ProviderCode, e.Message = fmt.Sprint(e.HTTPStatus), e.Message+": "+Words
	return info, err
}

// toyBench is a bench of careful toys.
func toyBench(f fault) Bench[*toySim] {
	return Bench[*toySim]{
		Cloud: "azure",
		Simulate: func(o Options) *toySim {
			return &toySim{Kit: simkit.New(simkit.Options{Latency: o.Latency}), cloud: &toyCloud{}}
		},
		Open: func(_ context.Context, _ *toySim, c Connection) (Handler, error) {
			if c.URL != "" && c.Transport == nil {
				return nil, errors.New("there is no way")
			}
			return &careful{toy: newToy(c.Transport, none), fault: f}, nil
		},
		Requests:   map[string][]string{"CreateCluster": {"Create"}, "DeleteCluster": {"Delete"}, "GetCluster": {"Get", "Groups"}},
		First:      map[string][]string{"DeleteCluster": {"Groups"}},
		Mutating:   []string{"Create", "Delete"},
		NoCapacity: "NoneLeft",
		Facts:      map[conformance.Fact]Fact{conformance.Nodes: {Request: "Groups", OfGroup: true}, conformance.Addons: {Request: "List"}},
	}
}

// recorder is a test that keeps what is wrong with it.
type recorder struct {
	testing.TB
	faults []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}
func (r *recorder) Error(args ...any)                 { r.Errorf("%s", fmt.Sprint(args...)) }
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }
func (r *recorder) Fatal(args ...any)                 { r.Fatalf("%s", fmt.Sprint(args...)) }

// faultsOf are what f reports, in a bubble.
func faultsOf(t *testing.T, f func(testing.TB)) (faults []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			f(r)
		}()
		<-done
		faults = r.faults
	})
	return faults
}

// TestBench holds each check of a bench against a right handler and against one that it
// is there for.
func TestBench(t *testing.T) {
	t.Parallel()
	c000, sample := pmks.IID{NameId: "c000"}, toyBench("").SampleRequest
	get := Probe{Request: "Get", Call: GetCluster(c000)}
	create := Probe{Request: "Create", Call: CreateCluster(sample("new"))}
	bad := BadRequest{Spoil: func(r *pmks.ClusterInfo) { r.IId.NameId = "bad" }, Says: "IId.NameId"}
	budget := Budget{Clusters: 1, Groups: 1, Call: GetCluster(c000), Requests: map[string]int{"Get": 1, "Groups": 1}, Steps: 2}
	listing := Listing{Clusters: 3, Requests: map[string]int{"List": 1}, AtOnce: 1}
	for _, test := range []struct {
		check string
		run   func(testing.TB, Bench[*toySim])
		// sins are handlers that are to be reported, with the words.
		sins map[fault]string
	}{
		{"budget", func(t testing.TB, b Bench[*toySim]) { b.spend(t, budget) }, map[fault]string{"changes-by-reading": "requests map"}},
		{"budget-steps", func(t testing.TB, b Bench[*toySim]) { b.spend(t, budget) }, map[fault]string{"changes-by-reading": "3 requests one after the other"}},
		{"budget-of-a-failure", func(t testing.TB, b Bench[*toySim]) {
			row := budget
			row.Call, row.Requests, row.Steps = Fails(pmks.CodeInvalidArgument, CreateCluster(pmks.ClusterInfo{Version: "bad"})), nil, 0
			b.spend(t, row)
		}, map[fault]string{"sends-bad": "want InvalidArgument", "another-code": "want InvalidArgument"}},
		{"listing", func(t testing.TB, b Bench[*toySim]) { b.list(t, listing) }, map[fault]string{
			"lists-without-groups": "has 0 groups", "lists-slowly": "took", "lists-less": "2 clusters", "lists-twice": "requests map"}},
		{"empty-read", func(t testing.TB, b Bench[*toySim]) { b.readNothing(t, get, "{}") }, map[fault]string{
			"reads-nothing": "answered so -1 times", "never-reads-again": "answered so 1 times", "changes-by-reading": "Delete was sent"}},
		{"empty-list", func(t testing.TB, b Bench[*toySim]) {
			b.readNothing(t, Probe{Request: "List", Call: ListIID, None: true}, "{}")
		}, nil},
		{"empty-change", func(t testing.TB, b Bench[*toySim]) { b.changeUnanswered(t, create, core.FaultAnswer, "{}", 2) },
			map[fault]string{"gives-up": "says nothing", "believes": "sent 1 times, want 2"}},
		{"empty-change-applied", func(t testing.TB, b Bench[*toySim]) {
			b.changeUnanswered(t, create, core.FaultAnswerReply, "{}", 1)
		}, map[fault]string{"gives-up": "says nothing", "sends-again": "AlreadyExists"}},
		{"refusal", func(t testing.TB, b Bench[*toySim]) { b.turnDown(t, create, 422, pmks.CodeInvalidArgument) }, map[fault]string{
			"doubts": "want InvalidArgument", "sends-again": "sent 2 times", "drops-the-words": "in the cloud's words"}},
		{"bad-request", func(t testing.TB, b Bench[*toySim]) { b.spoil(t, bad) }, map[fault]string{
			"sends-bad": "Create was sent", "another-code": "want InvalidArgument", "wordless": `want it to say "IId.NameId"`}},
		{"capabilities", func(t testing.TB, b Bench[*toySim]) { b.compareCapabilities(t) }, map[fault]string{"other-capabilities": "want {"}},
	} {
		t.Run(test.check, func(t *testing.T) {
			t.Parallel()
			if faults := faultsOf(t, func(t testing.TB) { test.run(t, toyBench("")) }); len(faults) > 0 {
				t.Errorf("a right handler: %q", faults)
			}
			for sin, want := range test.sins {
				faults := faultsOf(t, func(t testing.TB) { test.run(t, toyBench(sin)) })
				if !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, want) }) {
					t.Errorf("%s: got %q, want %q among them", sin, faults, want)
				}
			}
		})
	}
}

// TestBench_atOnce: what a right handler does is too much for a bound of none.
func TestBench_atOnce(t *testing.T) {
	t.Parallel()
	faults := faultsOf(t, func(t testing.TB) {
		toyBench("").list(t, Listing{Clusters: 1, Requests: map[string]int{"List": 1}, Within: time.Second})
	})
	if want := []string{"1 requests at once, want at most 0"}; !slices.Equal(faults, want) {
		t.Errorf("got %q, want %q", faults, want)
	}
}
