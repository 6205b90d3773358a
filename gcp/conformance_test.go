// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"fmt"
	"strings"
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
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance runs the suite against the GKE simulator over REST, and over gRPC.
func TestConformance(t *testing.T) {
	t.Parallel()
	bench.Conformance(t)
	t.Run("virtual/grpc", func(t *testing.T) {
		t.Parallel()
		benchOverGRPC().Virtual(t, nil)
	})
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

// connected is the configuration of a handler as the kit wants it connected.
func connected(s *gke.Server, c providertest.Connection) gcp.Config {
	cfg := configFor(s)
	cfg.Transport, cfg.Logger = c.Transport, c.Logger
	if c.URL != "" {
		cfg.Endpoint = c.URL
	}
	if c.Hurried {
		cfg.PollInterval, cfg.RateLimits = 5*time.Millisecond, "none"
	}
	return cfg
}

// listInstances is the call that reads an instance group.
const listInstances = "instanceGroupManagers.listManagedInstances"

// The lists over all zones.
const (
	listVMs      = "instances.aggregatedList"
	listManagers = "instanceGroupManagers.aggregatedList"
)

var bench = providertest.Bench[*gke.Server]{
	Cloud: "gcp",
	Simulate: func(o providertest.Options) *gke.Server {
		return gke.New(gke.Options{Latency: o.Latency, Scale: o.Scale, Unlimited: o.Unlimited})
	},
	Open: func(ctx context.Context, s *gke.Server, c providertest.Connection) (providertest.Handler, error) {
		return gcp.New(ctx, connected(s, c))
	},
	Version:    "1.33.5-gke.2072000",
	OwnDefault: true,
	Secrets:    []string{gke.DefaultToken},
	Requests: map[string][]string{
		"AddNodeGroup":            {"CreateNodePool"},
		"ChangeNodeGroupScaling":  {"SetNodePoolSize"},
		"CreateCluster":           {"CreateCluster"},
		"DeleteCluster":           {"DeleteCluster"},
		"GetCluster":              {"GetCluster", "GetNodePool", listInstances},
		"RemoveNodeGroup":         {"DeleteNodePool"},
		"SetNodeGroupAutoScaling": {"SetNodePoolAutoscaling"},
		"SetTags":                 {"SetLabels"},
		"UpgradeCluster":          {"UpdateMaster"},
	},
	First: map[string][]string{"ChangeNodeGroupScaling": {"SetLabels", "SetNodePoolAutoscaling"}},
	Mutating: []string{"CreateCluster", "CreateNodePool", "DeleteCluster", "DeleteNodePool", "SetLabels", "SetNodePoolAutoscaling",
		"SetNodePoolSize", "UpdateMaster", "UpdateNodePool"},
	// Bounds and size of a node pool are two operations of GKE and one of ours.
	Continues: func(request, before string) bool {
		return request == "SetNodePoolSize" && (before == "SetNodePoolAutoscaling" || before == "SetLabels")
	},
	NoCapacity: "GCE_STOCKOUT",
	Refusal: func(_ string, status int) core.Fault {
		return providertest.Answer(status, fmt.Sprintf(`{"error":{"code":%d,"message":%q,"status":"SOMETHING_NOBODY_KNOWS"}}`, status, providertest.Words))
	},
	Facts: map[conformance.Fact]providertest.Fact{conformance.Nodes: {Request: listInstances, OfGroup: true}},
	Unknown: map[string]pmks.IID{
		"Network.VpcIID":        {NameId: "no-such-network"},
		"Network.SubnetIIDs[0]": {NameId: "no-such-subnet"},
	},
	Levers: func(s *gke.Server, c *conformance.Cloud) {
		put := func(name, location string) error {
			return s.Put(core.Seed{Name: name, Attr: map[string]string{gke.AttrLocation: location}, Groups: []pmks.NodeGroupInfo{c.NodeGroupRequest("ng1")}})
		}
		c.Put = func(name string) error { return put(name, "asia-northeast3-a") }
		c.PutElsewhere = func(name string) error { return put(name, "asia-northeast3") }
		// GKE decides about changes of a pool that has failed.
		c.Mendable = true
		c.ListsAtOnce = true
		c.ForeignIDs = foreignIDs
	},
	Known: map[string]string{
		"bounds/written-back": "bounds that are shown of a pool made by other hands are recorded when they are written back",
	},
}

// benchOverGRPC is the same cloud by its other protocol, over which nobody can see a code
// that is not one of gRPC.
func benchOverGRPC() providertest.Bench[*gke.Server] {
	b := bench
	b.Open = func(ctx context.Context, s *gke.Server, c providertest.Connection) (providertest.Handler, error) {
		cfg := connected(s, c)
		overGRPC(s)(&cfg)
		return gcp.New(ctx, cfg)
	}
	b.Refusal = func(string, int) core.Fault {
		return core.Fault{Kind: core.FaultRefuse, Code: pmks.CodeFailedPrecondition, Reason: providertest.Words}
	}
	return b
}

// overGRPC makes the configuration one over gRPC, in process.
func overGRPC(s *gke.Server) func(*gcp.Config) {
	return func(c *gcp.Config) { c.Protocol, c.DialOptions = "grpc", s.DialOptions() }
}

// fleet is a project with ready clusters of ready node groups.
func fleet(t testing.TB, clusters, groups int, o gke.Options) *gke.Server {
	t.Helper()
	return bench.Fleet(t, gke.New(o), clusters, groups)
}

func newHandler(t testing.TB, s *gke.Server) *gcp.Handler {
	t.Helper()
	return newHandlerWith(t, configFor(s))
}

func newHandlerWith(t testing.TB, cfg gcp.Config) *gcp.Handler {
	t.Helper()
	return providertest.New(t, gcp.New, cfg)
}

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
