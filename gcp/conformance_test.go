// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance runs the suite against the GKE simulator, through the real SDK:
// in process in virtual time, over REST, bare and inside Client, and over gRPC; and
// over gRPC on a loopback listener whose hours are short.
func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("virtual/bare", func(t *testing.T) {
		t.Parallel()
		conformance.Run(t, conformance.Harness{Bubble: true, Known: known, Open: func(t conformance.T) *conformance.Cloud {
			return virtual(t, false, func(h pmks.ClusterHandler) pmks.ClusterHandler { return h })
		}})
	})
	t.Run("virtual/grpc", func(t *testing.T) {
		t.Parallel()
		conformance.Run(t, conformance.Harness{Bubble: true, Known: known, Open: func(t conformance.T) *conformance.Cloud {
			return virtual(t, true, func(h pmks.ClusterHandler) pmks.ClusterHandler { return h })
		}})
	})
	t.Run("virtual/client", func(t *testing.T) {
		t.Parallel()
		conformance.Run(t, conformance.Harness{Bubble: true, Known: known, Open: func(t conformance.T) *conformance.Cloud {
			return virtual(t, false, func(h pmks.ClusterHandler) pmks.ClusterHandler { return pmks.New(h) })
		}})
	})
	t.Run("loopback", func(t *testing.T) {
		t.Parallel()
		conformance.Run(t, conformance.Harness{Known: known, Open: loopback})
	})
}

// known are the subtests that do not hold yet.
var known = map[string]string{
	"bounds/written-back": "bounds that are shown of a pool made by other hands are recorded when they are written back",
}

// world is a simulated account with a handler on it.
type world struct {
	*gke.Server
	handler *gcp.Handler
	logs    *providertest.Log
	// replyLost: replies of deletions that are lost now have been applied.
	mu        sync.Mutex
	replyLost bool
	// grpc: over which nobody could see a code that is not one of gRPC.
	grpc bool
}

// configFor is the configuration of a handler on a simulator, over REST.
func configFor(s *gke.Server) gcp.Config {
	return gcp.Config{
		ProjectID:   gke.DefaultProject,
		Zone:        "asia-northeast3-a",
		TokenSource: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: gke.DefaultToken, Expiry: time.Now().Add(time.Hour)}),
		Endpoint:    "http://127.0.0.1:1",
		Transport:   s.Transport(),
		// It has every version that is offered.
		ReleaseChannel: "RAPID",
	}
}

// overGRPC makes the configuration one over gRPC, in process.
func overGRPC(s *gke.Server) func(*gcp.Config) {
	return func(c *gcp.Config) { c.Protocol, c.DialOptions = "grpc", s.DialOptions() }
}

// fataler is what both *testing.T and conformance.T offer.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func open(t interface {
	fataler
	conformance.T
}, s *gke.Server, change func(*gcp.Config)) *world {
	t.Helper()
	w := &world{Server: s, logs: &providertest.Log{}}
	cfg := configFor(s)
	cfg.Logger = w.logs.Logger()
	if change != nil {
		change(&cfg)
	}
	h, err := gcp.New(t.Context(), cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	w.handler = h
	// What gRPC has begun would outlive a bubble.
	if cleanup, ok := t.(interface{ Cleanup(func()) }); ok {
		cleanup.Cleanup(func() { _ = h.Close() })
	}
	return w
}

func virtual(t conformance.T, grpc bool, wrap func(pmks.ClusterHandler) pmks.ClusterHandler) *conformance.Cloud {
	s := gke.New(gke.Options{})
	var change func(*gcp.Config)
	if grpc {
		change = overGRPC(s)
	}
	w := open(t, s, change)
	w.grpc = grpc
	c := w.cloud(t, wrap, change)
	c.Inject = w.inject
	// Time costs nothing here, but each look is many signed requests.
	c.Wait = []pmks.WaitOption{pmks.WithInterval(2 * time.Minute)}
	return c
}

// scale makes ten minutes of the cloud sixty milliseconds.
const scale = 1e-4

func loopback(t conformance.T) *conformance.Cloud {
	s := gke.New(gke.Options{Scale: scale, Unlimited: true}) // its hours are short, and minutes of quotas are not
	l, err := s.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	cleanup, ok := t.(interface{ Cleanup(func()) })
	if !ok {
		t.Fatalf("%T has no Cleanup", t)
	}
	cleanup.Cleanup(func() { _ = l.Close() })
	local := func(c *gcp.Config) {
		c.Endpoint, c.Transport, c.PollInterval, c.RateLimits = l.URL(), nil, 5*time.Millisecond, "none"
	}
	w := open(t, s, local)
	c := w.cloud(t, func(h pmks.ClusterHandler) pmks.ClusterHandler { return h }, local)
	c.Wait = []pmks.WaitOption{pmks.WithInterval(5 * time.Millisecond), pmks.WithMaxWait(time.Minute)}
	c.Hurried = true
	return c
}

func (w *world) cloud(t conformance.T, wrap func(pmks.ClusterHandler) pmks.ClusterHandler, change func(*gcp.Config)) *conformance.Cloud {
	p, _ := profile.Get("gcp")
	return &conformance.Cloud{
		Handler:          wrap(w.handler),
		ClusterRequest:   p.SampleRequest,
		NodeGroupRequest: p.SampleNodeGroup,
		Secrets:          []string{gke.DefaultToken},
		Reopen:           func() pmks.ClusterHandler { return wrap(open(t, w.Server, change).handler) },
		Logs:             w.logs.String,
		Mutations:        w.mutations,
		Put: func(name string) error {
			return w.Put(core.Seed{Name: name, Groups: []pmks.NodeGroupInfo{p.SampleNodeGroup("ng1")}})
		},
		UniqueNames: true,
		// GKE decides about changes of a pool that has failed.
		Mendable:    true,
		ListsAtOnce: true,
		PutElsewhere: func(name string) error {
			return w.Put(core.Seed{Name: name, Attr: map[string]string{gke.AttrLocation: "asia-northeast3"}, Groups: []pmks.NodeGroupInfo{p.SampleNodeGroup("ng1")}})
		},
		ForeignIDs: foreignIDs,
		Unreadable: w.unreadable,
		Sent:       w.sent,
		Break: func(cluster, group pmks.IID, s conformance.State) error {
			switch s {
			case conformance.Failed:
				return w.Force(cluster.NameId, group.NameId, profile.CreateFailed, "GCE_STOCKOUT: broken by a test")
			case conformance.Vanished:
				return w.Force(cluster.NameId, group.NameId, profile.Gone, "")
			}
			return errors.ErrUnsupported
		},
		Unknown: func(field string) (pmks.IID, bool) {
			iid, ok := map[string]pmks.IID{
				"Network.VpcIID":        {NameId: "no-such-network"},
				"Network.SubnetIIDs[0]": {NameId: "no-such-subnet"},
			}[field]
			return iid, ok
		},
	}
}

// operations are the calls that a method of the handler makes to change
// something.
var operations = map[string][]string{
	"AddNodeGroup":            {"CreateNodePool"},
	"ChangeNodeGroupScaling":  {"SetNodePoolSize"},
	"CreateCluster":           {"CreateCluster"},
	"DeleteCluster":           {"DeleteCluster"},
	"GetCluster":              {"GetCluster", "GetNodePool", "instanceGroupManagers.listManagedInstances"},
	"RemoveNodeGroup":         {"DeleteNodePool"},
	"SetNodeGroupAutoScaling": {"SetNodePoolAutoscaling"},
	"UpgradeCluster":          {"UpdateMaster"},
	"":                        {""},
}

// sent counts what a method has sent to change something.
func (w *world) sent(op string) (n int) {
	for _, name := range append(firstOf[op], operations[op]...) {
		n += w.Count(name)
	}
	return n
}

// firstOf are the calls that come before those of operations where there are two: a
// refusal strikes them, or the change would be half done.
var firstOf = map[string][]string{"ChangeNodeGroupScaling": {"SetLabels", "SetNodePoolAutoscaling"}}

// foreignIDs are paths of a cluster with another value in one part each. The ids of
// node groups have no parts.
func foreignIDs(cluster, nodeGroup pmks.IID) []string {
	if !nodeGroup.IsZero() {
		return nil
	}
	path := "projects/" + gke.DefaultProject + "/locations/asia-northeast3-a/clusters/" + cluster.NameId
	return []string{
		strings.Replace(path, gke.DefaultProject, "other-project", 1),
		strings.Replace(path, "asia-northeast3-a", "us-central1-a", 1),
		strings.Replace(path, "asia-northeast3-a", "asia-northeast1", 1),
		strings.Replace(path, "/clusters/", "/operations/", 1),
		path + "/nodePools/ng1",
		"https://container.googleapis.com/v1/" + strings.Replace(path, gke.DefaultProject, gke.DefaultProjectNumber, 1),
	}
}

// unreadable makes the instance groups of clusters, or of one pool, unreadable.
func (w *world) unreadable(fact conformance.Fact, cluster, group pmks.IID, code pmks.Code) (func(), error) {
	if fact != conformance.Nodes {
		return nil, errors.ErrUnsupported // GKE tells it with the cluster
	}
	return w.Inject(core.Fault{Kind: core.FaultRefuse, Op: listInstances, Cluster: cluster.NameId, NodeGroup: group.NameId, Code: code, Times: -1}), nil
}

func (w *world) inject(f conformance.Fault) func() {
	fault := core.Fault{Cluster: f.Cluster, Times: f.Times}
	switch f.Kind {
	case conformance.Throttle:
		// The SDK repeats reads; the cloud keeps throttling.
		fault.Kind, fault.Times, fault.RetryAfter = core.FaultThrottle, -1, 7*time.Second
	case conformance.LoseRequest:
		fault.Kind = core.FaultLoseRequest
	case conformance.LoseReply:
		fault.Kind = core.FaultLoseReply
	case conformance.Delay:
		fault.Kind, fault.Delay = core.FaultDelay, 10*time.Second
	case conformance.Unavailable:
		fault.Kind, fault.Code, fault.Times = core.FaultRefuse, pmks.CodeUnavailable, -1
	case conformance.RefuseUnknown:
		if w.grpc {
			fault.Kind, fault.Code, fault.Reason = core.FaultRefuse, pmks.CodeFailedPrecondition, "a refusal that nobody knows"
			break
		}
		fault.Kind, fault.Answer = core.FaultAnswer, &core.Answer{Status: 418, Header: map[string]string{"Content-Type": "application/json"},
			Body: `{"error":{"code":418,"status":"SOMETHING_NEW","message":"a refusal that nobody knows"}}`}
	case conformance.FailLater:
		fault.Kind, fault.Reason = core.FaultFailLater, "GCE_STOCKOUT: "+conformance.Reason
	case conformance.Stick:
		fault.Kind = core.FaultStick
	}
	w.mu.Lock()
	w.replyLost = f.Kind == conformance.LoseReply
	w.mu.Unlock()
	var cancels []func()
	struck := operations[f.Op]
	if f.Kind == conformance.RefuseUnknown {
		struck = append(firstOf[f.Op], struck...)
	}
	for _, op := range struck {
		fault.Op = op
		cancels = append(cancels, w.Inject(fault))
	}
	return func() {
		for _, cancel := range cancels {
			cancel()
		}
	}
}

var mutating = []string{"CreateCluster", "CreateNodePool", "DeleteCluster", "DeleteNodePool", "SetLabels", "SetNodePoolAutoscaling", "SetNodePoolSize",
	"UpdateMaster", "UpdateNodePool"}

// mutations counts what has changed something. Bounds and size of a node pool are
// two operations of GKE and one of ours.
func (w *world) mutations() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, bounds := 0, false
	for _, call := range w.Calls() {
		if !slices.Contains(mutating, call.Op) || call.Status != http.StatusOK && !(call.Lost && w.replyLost) {
			continue
		}
		if call.Op != "SetNodePoolSize" || !bounds {
			n++
		}
		bounds = call.Op == "SetNodePoolAutoscaling" || call.Op == "SetLabels"
	}
	return n
}
