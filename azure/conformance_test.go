// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance runs the suite against the AKS simulator.
func TestConformance(t *testing.T) {
	t.Parallel()
	bench.Conformance(t)
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

var bench = providertest.Bench[*aks.Server]{
	Cloud: "azure",
	Simulate: func(o providertest.Options) *aks.Server {
		return aks.New(aks.Options{Latency: o.Latency, Scale: o.Scale, Unlimited: o.Unlimited})
	},
	Open: func(ctx context.Context, s *aks.Server, c providertest.Connection) (providertest.Handler, error) {
		cfg := configFor(s)
		cfg.Transport, cfg.Logger = c.Transport, c.Logger
		if c.URL != "" {
			cfg.Endpoint, cfg.AuthorityHost = c.URL, c.URL
		}
		if c.Hurried {
			cfg.RateLimits = "none"
		}
		return azure.New(ctx, cfg)
	},
	TLS:     true,
	SignsIn: true,
	Version: "1.33.6",
	Secrets: []string{aks.DefaultClientSecret},
	// By the names that Azure gives its operations.
	Requests: map[string][]string{
		"AddNodeGroup":            {"AgentPools_CreateOrUpdate"},
		"ChangeNodeGroupScaling":  {"AgentPools_CreateOrUpdate"},
		"CreateCluster":           {"ManagedClusters_CreateOrUpdate"},
		"DeleteCluster":           {"ManagedClusters_Delete"},
		"GetCluster":              {"ManagedClusters_Get", "AgentPools_Get", "Machines_List"},
		"RemoveNodeGroup":         {"AgentPools_Delete"},
		"SetNodeGroupAutoScaling": {"AgentPools_CreateOrUpdate"},
		"SetTags":                 {"ManagedClusters_UpdateTags", "ManagedClusters_CreateOrUpdate"},
		"UpgradeCluster":          {"ManagedClusters_CreateOrUpdate"},
	},
	Mutating: []string{"AgentPools_CreateOrUpdate", "AgentPools_Delete", "ManagedClusters_CreateOrUpdate", "ManagedClusters_Delete",
		"ManagedClusters_UpdateTags"},
	NoCapacity: "AllocationFailed",
	Facts: map[conformance.Fact]providertest.Fact{
		conformance.Nodes:      {Request: "Machines_List", OfCluster: true},
		conformance.Kubeconfig: {Request: "ManagedClusters_ListClusterAdminCredentials", OfCluster: true},
	},
	Unknown: map[string]pmks.IID{
		"Network.VpcIID":               {NameId: "no-such-network"},
		"Network.SubnetIIDs[0]":        {NameId: "no-such-subnet"},
		"Network.SecurityGroupIIDs[0]": {NameId: "no-such-group"},
		"KeyPairIID":                   {NameId: "no-such-key"},
	},
	Levers: func(s *aks.Server, c *conformance.Cloud) {
		c.Mendable = true
		c.ClusterRepairs = []string{"UpgradeCluster"}
		c.GroupRepairs = []string{"ChangeNodeGroupScaling", "SetNodeGroupAutoScaling", "UpgradeCluster"}
		c.ForeignIDs = foreignIDs
		c.Protect = func(cluster pmks.IID) error { return s.Protect(cluster.NameId, true) }
	},
	Known: map[string]string{
		"list/one-unreadable":   "AKS tells all clusters in one answer, so that none of them can be unreadable alone",
		"stream/one-unreadable": "AKS tells all clusters in one answer, so that none of them can be unreadable alone",
	},
}

// fleet is a subscription with ready clusters of ready node groups.
func fleet(t testing.TB, clusters, groups int, o aks.Options) *aks.Server {
	t.Helper()
	return bench.Fleet(t, aks.New(o), clusters, groups)
}

func newHandler(t testing.TB, s *aks.Server) *azure.Handler {
	t.Helper()
	return newHandlerWith(t, configFor(s))
}

func newHandlerWith(t testing.TB, cfg azure.Config) *azure.Handler {
	t.Helper()
	return providertest.New(t, azure.New, cfg)
}

// signedIn is a handler that has its token already, and a simulator that counts
// from there.
func signedIn(t testing.TB, s *aks.Server) *azure.Handler {
	t.Helper()
	h := newHandler(t, s)
	if _, err := h.ListIID(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Reset()
	return h
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
