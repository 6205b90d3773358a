// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Conformance runs the suite through the provider's real SDK: in process in virtual
// time, bare and inside Client, and on a loopback listener whose hours are short.
func (b Bench[S]) Conformance(t *testing.T) {
	t.Run("virtual/bare", func(t *testing.T) {
		t.Parallel()
		if UnderRace {
			t.Skip("the race detector sees the same inside Client")
		}
		b.Virtual(t, nil)
	})
	t.Run("virtual/client", func(t *testing.T) {
		t.Parallel()
		b.Virtual(t, func(h pmks.ClusterHandler) pmks.ClusterHandler { return pmks.New(h) })
	})
	t.Run("loopback", func(t *testing.T) {
		t.Parallel()
		conformance.Run(t, conformance.Harness{Known: b.Known, Open: func(t conformance.T) *conformance.Cloud { return b.loopback(tb(t)) }})
	})
}

// Virtual runs the suite in process, in virtual time, on handlers that wrap returns; nil
// means the bare ones.
func (b Bench[S]) Virtual(t *testing.T, wrap func(pmks.ClusterHandler) pmks.ClusterHandler) {
	t.Helper()
	conformance.Run(t, conformance.Harness{Bubble: true, Known: b.Known, Open: func(t conformance.T) *conformance.Cloud {
		return b.virtual(tb(t), wrap)
	}})
}

// tb is what the suite passes on as its own narrow T.
func tb(t conformance.T) testing.TB {
	t.Helper()
	whole, ok := t.(testing.TB)
	if !ok {
		t.Fatalf("%T is no testing.TB", t)
	}
	return whole
}

func (b Bench[S]) virtual(t testing.TB, wrap func(pmks.ClusterHandler) pmks.ClusterHandler) *conformance.Cloud {
	t.Helper()
	s := b.Simulate(Options{})
	w := b.world(s, Connection{Transport: s.Transport()}, wrap)
	c := w.cloud(t)
	c.Inject = w.inject
	// Time costs nothing here, but each look is many signed requests.
	c.Wait = []pmks.WaitOption{pmks.WithInterval(2 * time.Minute)}
	return c
}

// scale makes ten minutes of the cloud sixty milliseconds.
const scale = 1e-4

func (b Bench[S]) loopback(t testing.TB) *conformance.Cloud {
	t.Helper()
	s := b.Simulate(Options{Scale: scale, Unlimited: true}) // its hours are short, and minutes of quotas are not
	l, err := s.Listen("127.0.0.1:0", b.TLS)
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	way := Connection{URL: l.URL(), Hurried: true}
	if b.TLS {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: l.CertPool(), MinVersion: tls.VersionTLS12}}
		t.Cleanup(transport.CloseIdleConnections)
		way.Transport = transport
	}
	c := b.world(s, way, nil).cloud(t)
	c.Wait = []pmks.WaitOption{pmks.WithInterval(5 * time.Millisecond), pmks.WithMaxWait(time.Minute)}
	c.Hurried = true
	return c
}

// world is one simulated account under test.
type world[S Sim] struct {
	Bench[S]
	sim  S
	way  Connection
	wrap func(pmks.ClusterHandler) pmks.ClusterHandler
	logs *Log

	mu sync.Mutex
	// replyLost: replies that are lost now are those of changes that were applied.
	replyLost bool
}

func (b Bench[S]) world(s S, way Connection, wrap func(pmks.ClusterHandler) pmks.ClusterHandler) *world[S] {
	w := &world[S]{Bench: b, sim: s, way: way, wrap: wrap, logs: &Log{}}
	w.way.Logger = w.logs.Logger()
	return w
}

// handler makes a handler that knows nothing of the others.
func (w *world[S]) handler(t testing.TB) pmks.ClusterHandler {
	t.Helper()
	var h pmks.ClusterHandler = New(t, func(ctx context.Context, c Connection) (Handler, error) { return w.Open(ctx, w.sim, c) }, w.way)
	if w.wrap != nil {
		h = w.wrap(h)
	}
	return h
}

// cloud has the levers that every cloud has, and those of this one.
func (w *world[S]) cloud(t testing.TB) *conformance.Cloud {
	t.Helper()
	c := &conformance.Cloud{
		Handler:          w.handler(t),
		ClusterRequest:   w.SampleRequest,
		NodeGroupRequest: w.SampleNodeGroup,
		Secrets:          w.Secrets,
		Zones:            w.profile().Clone().Zones,
		Reopen:           func() pmks.ClusterHandler { return w.handler(t) },
		Logs:             w.logs.String,
		Mutations:        w.mutations,
		Sent:             w.sent,
		Put:              func(name string) error { return w.sim.Put(core.Seed{Name: name}) },
		UniqueNames:      true,
		Break:            w.breakdown,
		Unreadable:       w.unreadable,
		Unknown: func(field string) (pmks.IID, bool) {
			iid, ok := w.Unknown[field]
			return iid, ok
		},
	}
	if UnderRace {
		c.Stride = 5
	}
	if w.Levers != nil {
		w.Levers(w.sim, c)
	}
	return c
}

// inject makes the requests of a method fail.
func (w *world[S]) inject(f conformance.Fault) (cancel func()) {
	fault, requests := core.Fault{}, w.Requests[f.Op]
	if f.Op == "" {
		requests = []string{""}
	}
	switch f.Kind {
	case conformance.Throttle:
		// Reads are repeated; the cloud keeps throttling.
		fault.Kind, fault.RetryAfter = core.FaultThrottle, 7*time.Second
		f.Times = -1
	case conformance.LoseRequest:
		fault.Kind = core.FaultLoseRequest
	case conformance.LoseReply:
		fault.Kind = core.FaultLoseReply
	case conformance.Delay:
		fault.Kind, fault.Delay = core.FaultDelay, 10*time.Second
	case conformance.Unavailable:
		fault.Kind, fault.Code = core.FaultRefuse, pmks.CodeUnavailable
		f.Times = -1
	case conformance.FailLater:
		fault.Kind, fault.Reason = core.FaultFailLater, w.NoCapacity+": "+conformance.Reason
	case conformance.Stick:
		fault.Kind = core.FaultStick
	case conformance.Hang:
		fault.Kind = core.FaultHang
	case conformance.RefuseUnknown:
		requests = slices.Concat(w.First[f.Op], requests)
	}
	w.mu.Lock()
	w.replyLost = f.Kind == conformance.LoseReply
	w.mu.Unlock()
	var cancels []func()
	for _, request := range requests {
		if f.Kind == conformance.RefuseUnknown {
			fault = w.refuse(request, http.StatusUnprocessableEntity)
		}
		if fault.After = 0; f.Op == "GetCluster" && f.Cluster == "" {
			fault.After = w.Plans[request]
		}
		fault.Op, fault.Cluster, fault.Times = request, f.Cluster, f.Times
		cancels = append(cancels, w.sim.Inject(fault))
	}
	return func() {
		for _, cancel := range cancels {
			cancel()
		}
	}
}

// refuse is a refusal of a request with a code that nobody knows.
func (b Bench[S]) refuse(request string, status int) core.Fault {
	if b.Refusal != nil {
		return b.Refusal(request, status)
	}
	return Answer(status, `{"code":"SomethingNobodyKnows","message":"`+Words+`"}`)
}

// sent counts what a method has sent to change something.
func (w *world[S]) sent(method string) (n int) {
	for _, request := range slices.Concat(w.First[method], w.Requests[method]) {
		n += w.sim.Count(request)
	}
	return n
}

// mutations counts what has changed something.
func (w *world[S]) mutations() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := ""
	for _, call := range w.sim.Calls() {
		// Some clouds refuse with a 200, and the code tells.
		answered := call.Code == "" && call.Status >= 200 && call.Status < 300 && (call.Status != http.StatusNoContent || slices.Contains(w.NoContent, call.Op))
		if !slices.Contains(w.Mutating, call.Op) || !answered && (!call.Lost || !w.replyLost || slices.Contains(w.Repeated, call.Op)) {
			continue
		}
		if w.Continues == nil || !w.Continues(call.Op, before) {
			n++
		}
		before = call.Op
	}
	return n
}

// breakdown puts a cluster, or a node group, into a state.
func (w *world[S]) breakdown(cluster, group pmks.IID, s conformance.State) error {
	switch s {
	case conformance.Failed:
		return w.sim.Force(cluster.NameId, group.NameId, profile.CreateFailed, w.NoCapacity+": broken by a test")
	case conformance.Vanished:
		return w.sim.Force(cluster.NameId, group.NameId, profile.Gone, "")
	}
	return errors.ErrUnsupported
}

// unreadable makes a fact unreadable, of all clusters or of one node group.
func (w *world[S]) unreadable(fact conformance.Fact, cluster, group pmks.IID, code pmks.Code) (cancel func(), err error) {
	f, ok := w.Facts[fact]
	if !ok || !group.IsZero() && !f.OfGroup {
		return nil, errors.ErrUnsupported
	}
	fault := core.Fault{Kind: core.FaultRefuse, Op: f.Request, NodeGroup: group.NameId, Code: code, Times: -1}
	if f.OfCluster || f.OfGroup {
		fault.Cluster = cluster.NameId
	}
	return w.sim.Inject(fault), nil
}
