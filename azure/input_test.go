// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestHandler_capabilities compares what the provider publishes with what the
// profile says of AKS.
func TestHandler_capabilities(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("azure")
	if got := newHandler(t, aks.New(aks.Options{})).Capabilities(); !reflect.DeepEqual(got, p.Caps) {
		t.Errorf("got  %+v\nwant %+v", got, p.Caps)
	}
}

// TestCreateCluster_badInput: what is wrong is told by field and nothing is made;
// before any call where that is possible.
func TestCreateCluster_badInput(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("azure")
	group := func(r *pmks.ClusterInfo) *pmks.NodeGroupInfo { return &r.NodeGroupList[0] }
	for _, test := range []struct {
		name  string
		spoil func(*pmks.ClusterInfo)
		want  string
		code  pmks.Code
		calls bool
	}{
		{"name", func(r *pmks.ClusterInfo) { r.IId.NameId = "ends-" }, "IId.NameId", pmks.CodeInvalidArgument, false},
		{"reserved-word", func(r *pmks.ClusterInfo) { r.IId.NameId = "my-windows-cluster" }, "IId.NameId", pmks.CodeInvalidArgument, false},
		{"pool-name", func(r *pmks.ClusterInfo) { group(r).IId.NameId = "has-hyphen" }, "NodeGroupList[0].IId.NameId", pmks.CodeInvalidArgument, false},
		{"image", func(r *pmks.ClusterInfo) { group(r).ImageIID = pmks.IID{NameId: "Windows2022"} }, "NodeGroupList[0].ImageIID", pmks.CodeInvalidArgument, false},
		{"disk-type", func(r *pmks.ClusterInfo) { group(r).RootDiskType = "UltraSSD" }, "NodeGroupList[0].RootDiskType", pmks.CodeInvalidArgument, false},
		{"disk-size", func(r *pmks.ClusterInfo) { group(r).RootDiskSize = "4096" }, "NodeGroupList[0].RootDiskSize", pmks.CodeInvalidArgument, false},
		{"two-keys", func(r *pmks.ClusterInfo) {
			other := *group(r)
			other.IId, other.KeyPairIID = pmks.IID{NameId: "other"}, pmks.IID{NameId: "keypair-02"}
			r.NodeGroupList = append(r.NodeGroupList, other)
		}, "NodeGroupList[1].KeyPairIID", pmks.CodeInvalidArgument, false},
		{"no-nodes", func(r *pmks.ClusterInfo) {
			g := group(r)
			g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize = false, 0, 0
			r.NodeGroupList = r.NodeGroupList[:1]
		}, "NodeGroupList", pmks.CodeInvalidArgument, false},
		{"tag", func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "a/b", Value: "x"}} }, "TagList[0].Key", pmks.CodeInvalidArgument, false},
		{"own-tag", func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "createdat", Value: "x"}} }, "TagList[0].Key", pmks.CodeInvalidArgument, false},
		{"subnet-elsewhere", func(r *pmks.ClusterInfo) { r.Network.VpcIID = pmks.IID{NameId: "vpc-02"} }, "Network.SubnetIIDs[0]", pmks.CodeInvalidArgument, true},
		{"delegated-subnet", func(r *pmks.ClusterInfo) {
			r.Network.SubnetIIDs = []pmks.IID{{NameId: aks.DelegatedSubnet}}
		}, "Network.SubnetIIDs[0]", pmks.CodeInvalidArgument, true},
		{"tiny-subnet", func(r *pmks.ClusterInfo) {
			r.Network.SubnetIIDs = []pmks.IID{{NameId: aks.TinySubnet}}
			g := group(r)
			g.OnAutoScaling, g.DesiredNodeSize, g.MaxNodeSize = false, 20, 20
		}, "needs 21 addresses", pmks.CodeInvalidArgument, true},
		{"security-group-not-there", func(r *pmks.ClusterInfo) {
			r.Network.SubnetIIDs = []pmks.IID{{NameId: aks.BareSubnet}}
		}, "associate it first", pmks.CodeFailedPrecondition, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := aks.New(aks.Options{})
			req := p.SampleRequest("demo")
			test.spoil(&req)
			_, err := newHandler(t, s).CreateCluster(t.Context(), req)
			if pmks.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s that names %s", err, test.code, test.want)
			}
			if n := s.Count(""); n > 0 && !test.calls || s.Count("ManagedClusters_CreateOrUpdate") > 0 {
				t.Errorf("%d calls were made: %v", n, s.Counts())
			}
		})
	}
}

// TestCreateCluster_flat: in flat mode each pod takes an address of the subnet.
func TestCreateCluster_flat(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("azure")
	for _, test := range []struct {
		name, subnet string
		ok           bool
	}{{"a-24-is-too-small", aks.SmallSubnet, false}, {"a-20-is-not", "subnet-01", true}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := configFor(aks.New(aks.Options{}))
			cfg.NetworkMode = "flat"
			req := p.SampleRequest("demo")
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
	good := configFor(aks.New(aks.Options{}))
	for _, test := range []struct {
		name  string
		spoil func(*azure.Config)
		field string
	}{
		{"no-group", func(c *azure.Config) { c.ResourceGroup = "" }, "resourceGroup"},
		{"subscription", func(c *azure.Config) { c.SubscriptionID = "mine" }, "subscriptionId"},
		{"location", func(c *azure.Config) { c.Location = "Korea Central" }, "Region"},
		{"http", func(c *azure.Config) { c.Endpoint = "http://10.0.0.1" }, "Endpoint"},
		{"http-of-entra", func(c *azure.Config) { c.AuthorityHost = "http://127.0.0.1" }, "authorityHost"},
		{"password-in-url", func(c *azure.Config) { c.AuthorityHost = "https://u:hunter2@x" }, "authorityHost"},
		{"max-pods", func(c *azure.Config) { c.MaxPods = 300 }, "maxPods"},
		{"user", func(c *azure.Config) { c.AdminUsername = "1st" }, "adminUsername"},
		{"pod-range", func(c *azure.Config) { c.PodCIDR = "10.244.0.1/16" }, "podCidr"},
		{"service-range", func(c *azure.Config) { c.ServiceCIDR = "10.0.0.0/8" }, "serviceCidr"},
		{"identity", func(c *azure.Config) { c.IdentityID = "me" }, "identityId"},
		{"nobody", func(c *azure.Config) { c.DisableLocalAccounts, c.EntraAdmins = true, nil }, "disableLocalAccounts"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			test.spoil(&cfg)
			_, err := azure.New(t.Context(), cfg)
			if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), test.field) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want it to name %s", err, test.field)
			}
		})
	}
}

// TestAccess: kubeconfigs and tokens by the kind of cluster.
func TestAccess(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("azure")
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
				info, err := pmks.Provision(t.Context(), h, p.SampleRequest("demo"))
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
