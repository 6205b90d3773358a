// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
)

// TestHandler_capabilities compares what the provider publishes with what the
// profile says of AKS.
func TestHandler_capabilities(t *testing.T) { bench.Capabilities(t) }

// TestCreateCluster_badInput: what is wrong is told by field and nothing is made;
// before any call where that is possible.
func TestCreateCluster_badInput(t *testing.T) {
	t.Parallel()
	group := func(r *pmks.ClusterInfo) *pmks.NodeGroupInfo { return &r.NodeGroupList[0] }
	bench.BadRequests(t, []providertest.BadRequest{
		{Name: "name", Spoil: func(r *pmks.ClusterInfo) { r.IId.NameId = "ends-" }, Says: "IId.NameId"},
		{Name: "reserved-word", Spoil: func(r *pmks.ClusterInfo) { r.IId.NameId = "my-windows-cluster" }, Says: "IId.NameId"},
		{Name: "pool-name", Spoil: func(r *pmks.ClusterInfo) { group(r).IId.NameId = "has-hyphen" }, Says: "NodeGroupList[0].IId.NameId"},
		{Name: "image", Spoil: func(r *pmks.ClusterInfo) { group(r).ImageIID = pmks.IID{NameId: "Windows2022"} }, Says: "NodeGroupList[0].ImageIID"},
		{Name: "disk-type", Spoil: func(r *pmks.ClusterInfo) { group(r).RootDiskType = "UltraSSD" }, Says: "NodeGroupList[0].RootDiskType"},
		{Name: "disk-size", Spoil: func(r *pmks.ClusterInfo) { group(r).RootDiskSize = "4096" }, Says: "NodeGroupList[0].RootDiskSize"},
		{Name: "two-keys", Spoil: func(r *pmks.ClusterInfo) {
			other := *group(r)
			other.IId, other.KeyPairIID = pmks.IID{NameId: "other"}, pmks.IID{NameId: "keypair-02"}
			r.NodeGroupList = append(r.NodeGroupList, other)
		}, Says: "NodeGroupList[1].KeyPairIID"},
		{Name: "no-nodes", Spoil: func(r *pmks.ClusterInfo) {
			g := group(r)
			g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize = false, 0, 0
			r.NodeGroupList = r.NodeGroupList[:1]
		}, Says: "NodeGroupList"},
		{Name: "tag", Spoil: func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "a/b", Value: "x"}} }, Says: "TagList[0].Key"},
		{Name: "own-tag", Spoil: func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "createdat", Value: "x"}} }, Says: "TagList[0].Key"},
		{Name: "label-of-aks", Spoil: func(r *pmks.ClusterInfo) { group(r).Labels = map[string]string{"kubernetes.azure.com/a": "b"} }, Says: "NodeGroupList[0].Labels[kubernetes.azure.com/a]"},
		{Name: "label-of-old", Spoil: func(r *pmks.ClusterInfo) { group(r).Labels = map[string]string{"agentpool": "b"} }, Says: "NodeGroupList[0].Labels[agentpool]"},
		{Name: "taint-of-aks", Spoil: func(r *pmks.ClusterInfo) {
			group(r).Taints = []pmks.Taint{{Key: "kubernetes.azure.com/a", Value: "b", Effect: pmks.TaintNoSchedule}}
		}, Says: "NodeGroupList[0].Taints[0].Key"},
		{Name: "taint-without-value", Spoil: func(r *pmks.ClusterInfo) {
			group(r).Taints = []pmks.Taint{{Key: "a", Effect: pmks.TaintNoSchedule}}
		}, Says: "NodeGroupList[0].Taints[0].Value"},
		{Name: "first-is-spot", Spoil: func(r *pmks.ClusterInfo) { group(r).Spot = true }, Says: "NodeGroupList[0].Spot"},
		{Name: "nowhere-for-the-system", Spoil: func(r *pmks.ClusterInfo) {
			r.NodeGroupList = r.NodeGroupList[:1]
			group(r).Taints = []pmks.Taint{{Key: "a", Value: "b", Effect: pmks.TaintNoExecute}}
		}, Says: "AKS runs its own pods there"},
		{Name: "zone-that-no-region-has", Spoil: func(r *pmks.ClusterInfo) { group(r).Zones = []string{"1", "7"} }, Says: "NodeGroupList[0].Zones[1]"},
		{Name: "zone-of-another-region", Spoil: func(r *pmks.ClusterInfo) { group(r).Zones = []string{"1", "westeurope-2"} }, Says: "NodeGroupList[0].Zones[1]"},
		{Name: "many-networks", Spoil: func(r *pmks.ClusterInfo) {
			for i := range 201 {
				r.Access.CIDRs = append(r.Access.CIDRs, fmt.Sprintf("10.0.%d.0/24", i))
			}
		}, Says: "Access.CIDRs"},
		{Name: "networks-of-a-private-cluster", Spoil: func(r *pmks.ClusterInfo) {
			r.Access = pmks.Access{Mode: pmks.AccessPrivate, CIDRs: []string{"10.0.0.0/24"}}
		}, Says: "Access.CIDRs"},
		{Name: "networks of IPv6", Spoil: func(r *pmks.ClusterInfo) {
			r.Access = pmks.Access{CIDRs: []string{"198.51.100.0/24", "2001:db8::/32"}}
		}, Says: "Access.CIDRs[1]"},
		{Name: "both-ways", Spoil: func(r *pmks.ClusterInfo) { r.Access.Mode = pmks.AccessPublicAndPrivate }, Says: "Access.Mode", Code: pmks.CodeUnsupported},
		{Name: "tags-of-a-private-cluster", Spoil: func(r *pmks.ClusterInfo) {
			r.Access.Mode, r.TagList = pmks.AccessPrivate, nil
			for i := range 12 {
				r.TagList = append(r.TagList, pmks.KeyValue{Key: fmt.Sprint("t", i)})
			}
		}, Says: "TagList"},
		{Name: "subnet-elsewhere", Spoil: func(r *pmks.ClusterInfo) { r.Network.VpcIID = pmks.IID{NameId: "vpc-02"} }, Says: "Network.SubnetIIDs[0]", Looks: true},
		{Name: "delegated-subnet", Spoil: func(r *pmks.ClusterInfo) {
			r.Network.SubnetIIDs = []pmks.IID{{NameId: aks.DelegatedSubnet}}
		}, Says: "Network.SubnetIIDs[0]", Looks: true},
		{Name: "tiny-subnet", Spoil: func(r *pmks.ClusterInfo) {
			r.Network.SubnetIIDs = []pmks.IID{{NameId: aks.TinySubnet}}
			g := group(r)
			g.OnAutoScaling, g.DesiredNodeSize, g.MaxNodeSize = false, 20, 20
		}, Says: "needs 21 addresses", Looks: true},
		{Name: "security-group-not-there", Spoil: func(r *pmks.ClusterInfo) {
			r.Network.SubnetIIDs = []pmks.IID{{NameId: aks.BareSubnet}}
		}, Says: "associate it first", Code: pmks.CodeFailedPrecondition, Looks: true},
	})
}

// TestCreateCluster_flat: in flat mode each pod takes an address of the subnet.
func TestCreateCluster_flat(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, subnet string
		ok           bool
	}{{"a-24-is-too-small", aks.SmallSubnet, false}, {"a-20-is-not", "subnet-01", true}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := configFor(aks.New(aks.Options{}))
			cfg.NetworkMode = "flat"
			req := bench.SampleRequest("demo")
			req.Network.SubnetIIDs = []pmks.IID{{NameId: test.subnet}}
			req.NodeGroupList = req.NodeGroupList[:1]
			g := &req.NodeGroupList[0]
			g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = false, 2, 1, 2
			_, err := newHandlerWith(t, cfg).CreateCluster(t.Context(), req)
			if test.ok != (err == nil) || err != nil && !strings.Contains(err.Error(), "needs 333 addresses for 3 nodes") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestNew_badConfig: what is wrong with a configuration is told by field.
func TestNew_badConfig(t *testing.T) {
	t.Parallel()
	sound := func(testing.TB) azure.Config { return configFor(aks.New(aks.Options{})) }
	providertest.BadConfigs(t, azure.New, sound, []string{"hunter2"}, []providertest.Setup[azure.Config]{
		{Name: "no-group", Change: func(c *azure.Config) { c.ResourceGroup = "" }, Says: []string{"resourceGroup"}},
		{Name: "subscription", Change: func(c *azure.Config) { c.SubscriptionID = "mine" }, Says: []string{"subscriptionId"}},
		{Name: "location", Change: func(c *azure.Config) { c.Location = "Korea Central" }, Says: []string{"Region"}},
		{Name: "http", Change: func(c *azure.Config) { c.Endpoint = "http://10.0.0.1" }, Says: []string{"Endpoint"}},
		{Name: "http-of-entra", Change: func(c *azure.Config) { c.AuthorityHost = "http://127.0.0.1" }, Says: []string{"authorityHost"}},
		{Name: "password-in-url", Change: func(c *azure.Config) { c.AuthorityHost = "https://u:hunter2@x" }, Says: []string{"authorityHost"}},
		{Name: "max-pods", Change: func(c *azure.Config) { c.MaxPods = 300 }, Says: []string{"maxPods"}},
		{Name: "user", Change: func(c *azure.Config) { c.AdminUsername = "1st" }, Says: []string{"adminUsername"}},
		{Name: "pod-range", Change: func(c *azure.Config) { c.PodCIDR = "10.244.0.1/16" }, Says: []string{"podCidr"}},
		{Name: "service-range", Change: func(c *azure.Config) { c.ServiceCIDR = "10.0.0.0/8" }, Says: []string{"serviceCidr"}},
		{Name: "identity", Change: func(c *azure.Config) { c.IdentityID = "me" }, Says: []string{"identityId"}},
		{Name: "nobody", Change: func(c *azure.Config) { c.DisableLocalAccounts, c.EntraAdmins = true, nil }, Says: []string{"disableLocalAccounts"}},
	})
}

// TestAccess: kubeconfigs and tokens by the kind of cluster.
func TestAccess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*azure.Config)
		has    string
		token  bool
	}{
		{"certificate", func(c *azure.Config) { c.EntraAdmins = nil }, "client-certificate-data", false},
		{"entra-with-local-accounts", func(*azure.Config) {}, "client-certificate-data", true},
		{"entra-only", func(c *azure.Config) { c.DisableLocalAccounts = true }, "token:", true},
		{"exec", func(c *azure.Config) { c.KubeconfigKind = "exec" }, "pmks-credential", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := aks.New(aks.Options{})
				cfg := configFor(s)
				test.change(&cfg)
				h := newHandlerWith(t, cfg)
				info, err := pmks.Provision(t.Context(), h, bench.SampleRequest("demo"))
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(info.AccessInfo.Kubeconfig, test.has) || info.AccessInfo.ExpiresAt.IsZero() != (test.name != "entra-only") {
					t.Errorf("the kubeconfig has no %s, or its end is not right: %s", test.has, info.AccessInfo.ExpiresAt)
				}
				token, err := h.GenerateClusterToken(t.Context(), info.IId)
				if !test.token {
					if pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
						t.Errorf("a token of a cluster without Entra: %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.VerifyToken(token.Value, "demo"); err != nil {
					t.Errorf("the token is refused: %v", err)
				}
			})
		})
	}
}
