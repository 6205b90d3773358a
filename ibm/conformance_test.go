// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance runs the suite against the IKS simulator: in process in virtual time,
// bare and inside Client, and on a loopback listener whose hours are short.
func TestConformance(t *testing.T) {
	t.Parallel()
	bench.Conformance(t)
}

// configFor is the configuration of a handler on a simulator, in process.
func configFor(s *iks.Server) ibm.Config {
	return ibm.Config{Region: "us-south", APIKey: iks.DefaultAPIKey, Transport: s.Transport()}
}

// connected is the configuration of a handler as the kit wants it connected.
func connected(s *iks.Server, c providertest.Connection) ibm.Config {
	cfg := configFor(s)
	cfg.Transport, cfg.Logger, cfg.Endpoint = c.Transport, c.Logger, c.URL
	if c.Hurried {
		cfg.PollInterval, cfg.RateLimits = 5*time.Millisecond, "none"
	}
	return cfg
}

var bench = providertest.Bench[*iks.Server]{
	Cloud: "ibm",
	Simulate: func(o providertest.Options) *iks.Server {
		return iks.New(iks.Options{Latency: o.Latency, Scale: o.Scale, Unlimited: o.Unlimited})
	},
	Open: func(ctx context.Context, s *iks.Server, c providertest.Connection) (providertest.Handler, error) {
		return ibm.New(ctx, connected(s, c))
	},
	SignsIn: true,
	Secrets: []string{iks.DefaultAPIKey},
	Requests: map[string][]string{
		"AddNodeGroup":            {"createWorkerPool"},
		"ChangeNodeGroupScaling":  {"resizeWorkerPool"},
		"CreateCluster":           {"createCluster"},
		"DeleteCluster":           {"deleteCluster"},
		"GetCluster":              {"getCluster", "getWorkerPools", "getWorkers", "getSecurityGroups", "getKubeconfig"},
		"RemoveNodeGroup":         {"removeWorkerPool"},
		"SetNodeGroupAutoScaling": {"patchClusterAddons"},
		"SetTags":                 {"setWorkerPoolLabels"},
		"UpgradeCluster":          {"updateMaster"},
	},
	First: map[string][]string{"ChangeNodeGroupScaling": {"setWorkerPoolLabels"}},
	Mutating: []string{"createCluster", "createWorkerPool", "deleteCluster", "patchClusterAddons", "putConfigMap", "removeWorkerPool",
		"replaceWorker", "resizeWorkerPool", "setWorkerPoolLabels", "setWorkerPoolTaints", "updateMaster"},
	// Bounds and size of a pool are two requests and one change of ours, as are its entry
	// in the autoscaler's ConfigMap and the pool, a new pool and its taints, and the labels
	// of a cluster's pools.
	Continues: func(request, before string) bool {
		return request == "setWorkerPoolTaints" || request == "setWorkerPoolLabels" && before == request || request == "resizeWorkerPool" && before == "setWorkerPoolLabels" || request == "removeWorkerPool" && before == "putConfigMap"
	},
	NoContent:  []string{"deleteCluster", "removeWorkerPool", "replaceWorker", "setWorkerPoolLabels", "setWorkerPoolTaints", "updateMaster"},
	NoCapacity: "E1234",
	Refusal: func(_ string, status int) core.Fault {
		return providertest.Answer(status, `{"incidentID":"0b1c","code":"E9999","description":"`+providertest.Words+`","type":"General"}`)
	},
	Facts: map[conformance.Fact]providertest.Fact{
		conformance.Nodes:      {Request: "getWorkers", OfCluster: true},
		conformance.Kubeconfig: {Request: "getKubeconfig", OfCluster: true},
	},
	Unknown: map[string]pmks.IID{
		"Network.VpcIID":               {SystemId: "r006-00000000-0000-4000-8000-000000000000"},
		"Network.SubnetIIDs[0]":        {SystemId: "0717-00000000-0000-4000-8000-000000000000"},
		"Network.SecurityGroupIIDs[0]": {NameId: "no-such-group"},
	},
	Levers: func(s *iks.Server, c *conformance.Cloud) {
		// No cluster of IKS is without a pool.
		c.Put = func(name string) error { return s.Put(seed(name, "ng1")) }
		breakdown := c.Break
		c.Break = func(cluster, group pmks.IID, state conformance.State) error {
			if state == conformance.Degraded {
				return s.Force(cluster.NameId, group.NameId, profile.Degraded, "broken by a test")
			}
			return breakdown(cluster, group, state)
		}
		// IKS decides about changes of a pool that has failed.
		c.Mendable = true
		c.ForeignIDs = foreignIDs
	},
}

// foreignIDs are CRNs of a cluster with another value in one part each, and ids of pools
// of another cluster.
func foreignIDs(cluster, nodeGroup pmks.IID) []string {
	if !nodeGroup.IsZero() {
		return []string{strings.Repeat("x", 20) + nodeGroup.SystemId[len(cluster.SystemId):], nodeGroup.SystemId + "0"}
	}
	crn := "crn:v1:bluemix:public:containers-kubernetes:us-south:a/" + iks.DefaultAccount + ":" + cluster.SystemId + "::"
	return []string{
		strings.Replace(crn, ":v1:", ":v2:", 1),
		strings.Replace(crn, "bluemix", "staging", 1),
		strings.Replace(crn, "public", "dedicated", 1),
		strings.Replace(crn, "containers-kubernetes", "is", 1),
		strings.Replace(crn, "us-south", "eu-de", 1),
		strings.Replace(crn, iks.DefaultAccount, strings.Repeat("f", 32), 1),
		strings.TrimSuffix(crn, "::") + ":worker:kube-" + cluster.SystemId,
		strings.TrimSuffix(crn, ":"),
		"kube-" + cluster.SystemId + "-name-ng1-00000001",
	}
}

// fleet is an account with ready clusters of ready node groups.
func fleet(t testing.TB, clusters, groups int, o iks.Options) *iks.Server {
	t.Helper()
	return bench.Fleet(t, iks.New(o), clusters, groups)
}

func newHandler(t testing.TB, s *iks.Server) *ibm.Handler {
	t.Helper()
	return newHandlerWith(t, configFor(s))
}

func newHandlerWith(t testing.TB, cfg ibm.Config) *ibm.Handler {
	t.Helper()
	return providertest.New(t, ibm.New, cfg)
}

// isToken reports whether a request of the matrix is for a token.
func isToken(call string) bool { return call == http.MethodPost+" /identity/token" }
