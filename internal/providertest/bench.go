// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Sim is what the tests of a provider do to the cloud behind it. The Server of every
// simulator is one.
type Sim interface {
	Put(core.Seed) error
	Force(cluster, nodeGroup string, state profile.State, reason string) error
	Inject(core.Fault) (cancel func())
	Calls() []simkit.Call
	Count(op string) int
	Counts() map[string]int
	MaxConcurrent() int
	Reset()
	Remember()
	// Holdings lists all that is kept; the argument is the simulator itself.
	Holdings(server any) []string
	Transport() http.RoundTripper
	Listen(addr string, tls bool) (*simkit.Listener, error)
}

// Handler is what every provider implements.
type Handler interface {
	pmks.ClusterHandler
	pmks.CapabilityReporter
	pmks.IIDLister
	pmks.TokenIssuer
	pmks.VersionLister
	pmks.RequestChecker
	pmks.StateReader
	pmks.OperationReader
}

// Options are what a test asks of a simulator.
type Options struct {
	Latency time.Duration
	// Scale multiplies every duration; 0 means 1.
	Scale float64
	// Unlimited: without the published rate limits.
	Unlimited bool
}

// Connection is how a handler reaches its simulator.
type Connection struct {
	// URL is that of a listener. It is empty in process, where any host will do.
	URL string
	// Transport carries the requests; nil means the provider's own.
	Transport http.RoundTripper
	Logger    *slog.Logger
	// Hurried: the cloud's hours are milliseconds of real time. The handler is to look
	// every few of them and to keep to no rates.
	Hurried bool
}

// Bench is where a provider is tested: its handler on its simulator, whose type is S,
// and what only that cloud can know. A provider has one, which its methods make tests
// of:
//
//	var bench = providertest.Bench[*gke.Server]{
//		Cloud:    "gcp",
//		Simulate: func(o providertest.Options) *gke.Server { return gke.New(gke.Options{Latency: o.Latency, Scale: o.Scale, Unlimited: o.Unlimited}) },
//		Open: func(ctx context.Context, s *gke.Server, c providertest.Connection) (providertest.Handler, error) {
//			return gcp.New(ctx, configOf(s, c))
//		},
//		Secrets:  []string{gke.DefaultToken},
//		Requests: map[string][]string{"CreateCluster": {"CreateCluster"}, "AddNodeGroup": {"CreateNodePool"}, ...},
//		Mutating: []string{"CreateCluster", "CreateNodePool", ...},
//	}
//
//	func TestConformance(t *testing.T) { t.Parallel(); bench.Conformance(t) }
//	func TestFaultMatrix(t *testing.T) { bench.Matrix().Run(t) }
//	func TestJobs_resume(t *testing.T) { bench.Matrix().RunJobs(t) }
//	func TestCrowd(t *testing.T)       { t.Parallel(); bench.Crowd("1.35").Run(t) }
//	func TestBudget(t *testing.T)      { t.Parallel(); bench.Budgets(t, budgets) }
//
// Another way to reach the same cloud, such as another protocol or identity, is a copy
// with another Open.
type Bench[S Sim] struct {
	// Cloud is the name of the profile, which has the sample requests.
	Cloud string
	// Simulate makes a fresh simulated account without clusters.
	Simulate func(Options) S
	// Open makes a handler on it. One with a method Close is closed.
	Open func(ctx context.Context, s S, c Connection) (Handler, error)
	// TLS: the provider takes no endpoint without.
	TLS bool
	// SignsIn: the first call asks for a token, which a budget does not count.
	SignsIn bool
	// OwnDefault: the handler's default version is another than the profile's, as in a
	// release channel.
	OwnDefault bool
	// Version is that of the clusters of a [Bench.Fleet]; empty means the simulator's
	// default.
	Version string
	// Secrets are what requests are signed with, which nothing may show.
	Secrets []string

	// Requests are those, by their names in the simulator's journal, with which a method
	// changes something; of "GetCluster" they are all the reads of one cluster. A fault of
	// the conformance suite strikes them.
	Requests map[string][]string
	// First are the requests that come before those of Requests where a change is two: a
	// refusal strikes them too, or the change would be half done.
	First map[string][]string
	// Plans are those of "GetCluster" that a creation makes too before it is sent, and how
	// often: a fault of all reads lets them pass.
	Plans map[string]int
	// Mutating are all the requests that change something.
	Mutating []string
	// Repeated are those among them that carry a token of the caller: when a reply is lost
	// the same request follows, so that only the answered one counts.
	Repeated []string
	// NoContent are those whose success is a 204; of the others that means that there was
	// nothing to change.
	NoContent []string
	// Continues reports whether a mutating request is the rest of the change that the one
	// before it began; nil means never.
	Continues func(request, before string) bool

	// NoCapacity is the vendor's code for a failure that comes after a call was accepted.
	NoCapacity string
	// Refusal answers a request, which is empty where it may be any, with a 4xx, a code that
	// nobody knows and the message [Words]; nil means a JSON object of both.
	Refusal func(request string, status int) core.Fault
	// Facts are the requests that read what can be unreadable beside a cluster. The
	// cloud tells the others with the cluster itself.
	Facts map[conformance.Fact]Fact
	// Unknown are references that do not exist, by the field of a request.
	Unknown map[string]pmks.IID
	// Levers adds what only this cloud has to the levers of the conformance suite, such
	// as ForeignIDs, Protect or Mendable.
	Levers func(s S, c *conformance.Cloud)
	// Known are the subtests of the conformance suite that do not hold, with the reason.
	Known map[string]string
}

// Fact is a request that reads something beside a cluster.
type Fact struct {
	Request string
	// OfCluster and OfGroup: there is a request for each cluster, or for each node group.
	OfCluster, OfGroup bool
}

// profile is that of the cloud.
func (b Bench[S]) profile() *profile.Profile {
	p, ok := profile.Get(b.Cloud)
	if !ok {
		panic("providertest: there is no profile " + b.Cloud)
	}
	return p
}

// SampleRequest is a full and valid request for a cluster with one node group.
func (b Bench[S]) SampleRequest(name string) pmks.ClusterInfo { return b.profile().SampleRequest(name) }

// CreateRequest is such a request as CreateCluster itself takes it: without the group,
// where the cloud adds node groups later.
func (b Bench[S]) CreateRequest(name string) pmks.ClusterInfo {
	req := b.SampleRequest(name)
	if b.profile().Caps.GroupsAtCreate.Max == 0 {
		req.NodeGroupList = nil
	}
	return req
}

// SampleNodeGroup is a full and valid request for a node group.
func (b Bench[S]) SampleNodeGroup(name string) pmks.NodeGroupInfo {
	return b.profile().SampleNodeGroup(name)
}

// connect makes a handler in process, whose requests go through wire.
func (b Bench[S]) connect(t testing.TB, s S, wire func(http.RoundTripper) http.RoundTripper) Handler {
	t.Helper()
	through := s.Transport()
	if wire != nil {
		through = wire(through)
	}
	return New(t, func(ctx context.Context, c Connection) (Handler, error) { return b.Open(ctx, s, c) }, Connection{Transport: through})
}

// New makes a handler, or what else a configuration is for, and ends a test that
// cannot have one. It is closed with the test if it can be.
func New[C, H any](t testing.TB, open func(context.Context, C) (H, error), cfg C) H {
	t.Helper()
	h, err := open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	closeWith(t, h)
	return h
}

// closeWith closes a handler with the test, if it can be: what it has begun would
// outlive a bubble.
func closeWith(t testing.TB, h any) {
	t.Helper()
	if c, ok := h.(interface{ Close() error }); ok {
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// Fleet fills an account with ready clusters, c000 and on, each with ready node
// groups, g0 and on, of two nodes.
func (b Bench[S]) Fleet(t testing.TB, s S, clusters, groups int) S {
	t.Helper()
	spec := b.SampleNodeGroup("").VMSpecName
	for i := range clusters {
		seed := core.Seed{Name: fmt.Sprintf("c%03d", i), Version: b.Version}
		for j := range groups {
			seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{
				IId: pmks.IID{NameId: fmt.Sprintf("g%d", j)}, VMSpecName: spec,
				OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3,
			})
		}
		if err := s.Put(seed); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Matrix is the fault matrix of the provider, and what stops its jobs. What only this
// cloud does may be added to it before it is run.
func (b Bench[S]) Matrix() *Matrix {
	m := &Matrix{
		Open: func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) Rig {
			s := b.Simulate(Options{})
			another := func() pmks.ClusterHandler { return b.connect(t, s, nil) }
			return Rig{Handler: b.connect(t, s, wire), Direct: another(), Another: another, Remember: s.Remember}
		},
		Request: b.SampleRequest, Group: b.SampleNodeGroup, Secrets: b.Secrets,
	}
	p := b.profile()
	if _, more := conformance.Demanding(p.Caps, p.Zones, pmks.NodeGroupInfo{}); more {
		m.Demanding = func(name string) pmks.NodeGroupInfo {
			g, _ := conformance.Demanding(p.Caps, p.Zones, b.SampleNodeGroup(name))
			return g
		}
	}
	m.Refusal = func(_ *http.Request, status int) (contentType, body string) {
		if answer := b.refuse("", status).Answer; answer != nil {
			return answer.Header["Content-Type"], answer.Body
		}
		return "text/plain", Words
	}
	return m
}

// Crowd is many callers of one handler at once, who also upgrade to version.
func (b Bench[S]) Crowd(version string) Crowd {
	return Crowd{
		Open: func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) pmks.ClusterHandler {
			return b.connect(t, b.Simulate(Options{}), wire)
		},
		Request: b.SampleRequest, Group: b.SampleNodeGroup, Version: version,
	}
}
