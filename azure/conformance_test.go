// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance runs the suite against the AKS simulator, through the real SDK:
// in process in virtual time, bare and inside Client, and on a loopback listener
// whose hours are short.
func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("virtual/bare", func(t *testing.T) {
		t.Parallel()
		conformance.Run(t, conformance.Harness{Bubble: true, Known: known, Open: func(t conformance.T) *conformance.Cloud {
			return virtual(t, func(h pmks.ClusterHandler) pmks.ClusterHandler { return h })
		}})
	})
	t.Run("virtual/client", func(t *testing.T) {
		t.Parallel()
		conformance.Run(t, conformance.Harness{Bubble: true, Known: known, Open: func(t conformance.T) *conformance.Cloud {
			return virtual(t, func(h pmks.ClusterHandler) pmks.ClusterHandler { return pmks.New(h) })
		}})
	})
	t.Run("loopback", func(t *testing.T) {
		t.Parallel()
		conformance.Run(t, conformance.Harness{Known: known, Open: loopback})
	})
}

// known are the subtests that do not hold.
var known = map[string]string{
	"list/one-unreadable": "AKS tells all clusters in one answer, so that none of them can be unreadable alone",
}

// world is a simulated account with a handler on it.
type world struct {
	*aks.Server
	handler *azure.Handler
	logs    *providertest.Log
	// replyLost: replies of deletions that are lost now have been applied.
	mu        sync.Mutex
	replyLost bool
}

// configFor is the configuration of a handler on a simulator.
func configFor(s *aks.Server) azure.Config {
	cfg := azure.Config{
		SubscriptionID: aks.DefaultSubscriptionID,
		ResourceGroup:  aks.DefaultResourceGroup,
		Location:       "koreacentral",
		TenantID:       aks.DefaultTenantID,
		ClientID:       aks.DefaultClientID,
		ClientSecret:   aks.DefaultClientSecret,
		Endpoint:       "https://aks.simulated",
		AuthorityHost:  "https://aks.simulated",
		EntraAdmins:    []string{"33333333-3333-4333-8333-333333333333"},
	}
	if s != nil {
		cfg.Transport = s.Transport()
	}
	return cfg
}

// fataler is what both *testing.T and conformance.T offer.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func open(t interface {
	fataler
	conformance.T
}, s *aks.Server, change func(*azure.Config)) *world {
	t.Helper()
	w := &world{Server: s, logs: &providertest.Log{}}
	cfg := configFor(s)
	cfg.Logger = w.logs.Logger()
	if change != nil {
		change(&cfg)
	}
	h, err := azure.New(t.Context(), cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	w.handler = h
	return w
}

func virtual(t conformance.T, wrap func(pmks.ClusterHandler) pmks.ClusterHandler) *conformance.Cloud {
	w := open(t, aks.New(aks.Options{}), nil)
	c := w.cloud(t, wrap, nil)
	c.Inject = w.inject
	// Time costs nothing here, but each look is many signed requests.
	c.Wait = []pmks.WaitOption{pmks.WithInterval(2 * time.Minute)}
	return c
}

// scale makes ten minutes of the cloud sixty milliseconds.
const scale = 1e-4

func loopback(t conformance.T) *conformance.Cloud {
	s := aks.New(aks.Options{Scale: scale, Unlimited: true})
	l, err := s.Listen("127.0.0.1:0", true)
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	cleanup, ok := t.(interface{ Cleanup(func()) })
	if !ok {
		t.Fatalf("%T has no Cleanup", t)
	}
	cleanup.Cleanup(func() { _ = l.Close() })
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: l.CertPool(), MinVersion: tls.VersionTLS12}}
	cleanup.Cleanup(transport.CloseIdleConnections)
	local := func(c *azure.Config) {
		c.Endpoint, c.AuthorityHost, c.Transport, c.RateLimits = l.URL(), l.URL(), transport, "none"
	}
	w := open(t, s, local)
	c := w.cloud(t, func(h pmks.ClusterHandler) pmks.ClusterHandler { return h }, local)
	c.Wait = []pmks.WaitOption{pmks.WithInterval(5 * time.Millisecond), pmks.WithMaxWait(time.Minute)}
	c.Hurried = true
	return c
}

func (w *world) cloud(t conformance.T, wrap func(pmks.ClusterHandler) pmks.ClusterHandler, change func(*azure.Config)) *conformance.Cloud {
	p, _ := profile.Get("azure")
	return &conformance.Cloud{
		Handler:          wrap(w.handler),
		ClusterRequest:   p.SampleRequest,
		NodeGroupRequest: p.SampleNodeGroup,
		Secrets:          []string{aks.DefaultClientSecret},
		Reopen:           func() pmks.ClusterHandler { return wrap(open(t, w.Server, change).handler) },
		Logs:             w.logs.String,
		Mutations:        w.mutations,
		Put:              func(name string) error { return w.Put(core.Seed{Name: name}) },
		UniqueNames:      true,
		Mendable:         true,
		ClusterRepairs:   []string{"UpgradeCluster"},
		GroupRepairs:     []string{"ChangeNodeGroupScaling", "SetNodeGroupAutoScaling", "UpgradeCluster"},
		Sent:             w.sent,
		ForeignIDs:       foreignIDs,
		Unreadable:       w.unreadable,
		Break: func(cluster, group pmks.IID, s conformance.State) error {
			switch s {
			case conformance.Failed:
				return w.Force(cluster.NameId, group.NameId, profile.CreateFailed, "InternalOperationError: broken by a test")
			case conformance.Vanished:
				return w.Force(cluster.NameId, group.NameId, profile.Gone, "")
			}
			return errors.ErrUnsupported
		},
		Protect: func(cluster pmks.IID) error { return w.Server.Protect(cluster.NameId, true) },
		Unknown: func(field string) (pmks.IID, bool) {
			return map[string]pmks.IID{
				"Network.VpcIID":               {NameId: "no-such-network"},
				"Network.SubnetIIDs[0]":        {NameId: "no-such-subnet"},
				"Network.SecurityGroupIIDs[0]": {NameId: "no-such-group"},
				"KeyPairIID":                   {NameId: "no-such-key"},
			}[field], true
		},
	}
}

// operations are the calls that a method of the handler makes to change
// something, by the names that Azure gives its operations.
var operations = map[string][]string{
	"AddNodeGroup":            {"AgentPools_CreateOrUpdate"},
	"ChangeNodeGroupScaling":  {"AgentPools_CreateOrUpdate"},
	"CreateCluster":           {"ManagedClusters_CreateOrUpdate"},
	"DeleteCluster":           {"ManagedClusters_Delete"},
	"GetCluster":              {"ManagedClusters_Get", "AgentPools_Get", "Machines_List"},
	"RemoveNodeGroup":         {"AgentPools_Delete"},
	"SetNodeGroupAutoScaling": {"AgentPools_CreateOrUpdate"},
	"UpgradeCluster":          {"ManagedClusters_CreateOrUpdate"},
	"":                        {""},
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
	case conformance.FailLater:
		fault.Kind, fault.Reason = core.FaultFailLater, "AllocationFailed: "+conformance.Reason
	case conformance.Stick:
		fault.Kind = core.FaultStick
	case conformance.Hang:
		fault.Kind = core.FaultHang
	case conformance.RefuseUnknown:
		fault.Kind, fault.Answer = core.FaultAnswer, &core.Answer{Status: http.StatusUnprocessableEntity,
			Header: map[string]string{"Content-Type": "application/json"}, Body: `{"code":"PlanetsMisaligned","message":"Not today"}`}
	}
	w.mu.Lock()
	w.replyLost = f.Kind == conformance.LoseReply
	w.mu.Unlock()
	var cancels []func()
	for _, op := range operations[f.Op] {
		fault.Op = op
		cancels = append(cancels, w.Inject(fault))
	}
	return func() {
		for _, cancel := range cancels {
			cancel()
		}
	}
}

// sent counts what a method has sent to change something.
func (w *world) sent(op string) (n int) {
	for _, name := range operations[op] {
		n += w.Count(name)
	}
	return n
}

// foreignIDs are the ids of a cluster, or of a node group of it, with another value in
// one part each.
func foreignIDs(cluster, nodeGroup pmks.IID) []string {
	id := cluster.SystemId
	if !nodeGroup.IsZero() {
		id = nodeGroup.SystemId
	}
	var list []string
	for _, part := range [][2]string{
		{aks.DefaultSubscriptionID, "00000000-0000-0000-0000-00000000000f"},
		{"/Microsoft.ContainerService/", "/Microsoft.ContainerInstance/"},
		{"/managedClusters/", "/managedClusterSnapshots/"},
		{"/resourceGroups/", "/providers/Microsoft.Management/managementGroups/m/resourceGroups/"},
	} {
		list = append(list, strings.Replace(id, part[0], part[1], 1))
	}
	return append(list, id+"/providers/Microsoft.Authorization/locks/l")
}

// unreadable makes the machines or the credentials of clusters unreadable. The fault
// of a simulator is one of a cluster, not of one pool in it.
func (w *world) unreadable(fact conformance.Fact, cluster, group pmks.IID, code pmks.Code) (func(), error) {
	op := map[conformance.Fact]string{conformance.Nodes: "Machines_List", conformance.Kubeconfig: "ManagedClusters_ListClusterAdminCredentials"}[fact]
	if op == "" || !group.IsZero() {
		return nil, errors.ErrUnsupported
	}
	return w.Inject(core.Fault{Kind: core.FaultRefuse, Op: op, Cluster: cluster.NameId, Code: code, Times: -1}), nil
}

var mutating = []string{"AgentPools_CreateOrUpdate", "AgentPools_Delete", "ManagedClusters_CreateOrUpdate", "ManagedClusters_Delete"}

// mutations counts what has changed something.
func (w *world) mutations() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, call := range w.Calls() {
		switch {
		case !slices.Contains(mutating, call.Op):
		case call.Status >= 200 && call.Status < 300 && call.Status != http.StatusNoContent, call.Lost && w.replyLost:
			n++
		}
	}
	return n
}
