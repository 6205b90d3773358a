// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// TestHandler_Capabilities compares what the provider publishes with what the profile says
// of TKE.
func TestHandler_Capabilities(t *testing.T) { bench.Capabilities(t) }

// TestHandler_badInput: what is wrong is told before any request is made.
func TestHandler_badInput(t *testing.T) {
	t.Parallel()
	ok := func(r *pmks.ClusterInfo) { r.NodeGroupList = nil }
	tag := func(key, value string) func(*pmks.ClusterInfo) {
		return func(r *pmks.ClusterInfo) { ok(r); r.TagList = []pmks.KeyValue{{Key: key, Value: value}} }
	}
	bench.BadRequests(t, []providertest.BadRequest{
		{Name: "groups", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList = []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")} }, Says: "AddNodeGroup"},
		{Name: "name", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.IId.NameId = "-x" }, Says: "IId.NameId"},
		{Name: "long-name", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.IId.NameId = strings.Repeat("a", 51) }, Says: "IId.NameId"},
		{Name: "no-vpc", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.Network.VpcIID = pmks.IID{} }, Says: "Network.VpcIID"},
		{Name: "no-subnet", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.Network.SubnetIIDs = nil }, Says: "Network.SubnetIIDs"},
		{Name: "no-security-group", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.Network.SecurityGroupIIDs = nil }, Says: "Network.SecurityGroupIIDs"},
		{Name: "tag-of-pmks", Spoil: tag("CB-SPIDER-PMKS-X", "x"), Says: "TagList[0].Key"},
		{Name: "tag-of-a-request", Spoil: tag("pmks-request-id", "x"), Says: "TagList[0].Key"},
		{Name: "tag-of-the-vendor", Spoil: tag("QCloud-x", "x"), Says: "TagList[0].Key"},
		{Name: "tag-of-the-spec", Spoil: tag("#CB-SPIDER:PMKS:X", "x"), Says: "TagList[0].Key"},
		{Name: "tag-without-value", Spoil: tag("a", ""), Says: "is empty"},
		{Name: "tag-with-comma", Spoil: tag("a", "x,y"), Says: "TagList[0].Value"},
		{Name: "long-tag", Spoil: tag(strings.Repeat("é", 128), "x"), Says: "has 128 characters"},
		{Name: "long-tag-value", Spoil: tag("a", strings.Repeat("é", 256)), Says: "has 256 characters"},
		{Name: "too-many-tags", Spoil: func(r *pmks.ClusterInfo) {
			ok(r)
			for i := range 27 {
				r.TagList = append(r.TagList, pmks.KeyValue{Key: "t" + string(rune('a'+i)), Value: "x"})
			}
		}, Says: "TagList"},
		{Name: "version", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.Version = "new" }, Says: "Version"},
		{Name: "unknown-version", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.Version = "1.31" }, Says: "1.32", Looks: true},
		{Name: "subnet-of-another-vpc", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.Network.SubnetIIDs[0] = pmks.IID{SystemId: "subnet-elsewher"} }, Says: "Network.SubnetIIDs[0]", Looks: true},
	})
}

// TestHandler_badNodeGroup: the same for node groups.
func TestHandler_badNodeGroup(t *testing.T) {
	t.Parallel()
	cluster, _ := fleetSystemIDs(t)
	for name, test := range map[string]struct {
		spoil func(*pmks.NodeGroupInfo)
		says  string
	}{
		"no-type":      {func(g *pmks.NodeGroupInfo) { g.VMSpecName = "" }, "VMSpecName"},
		"disk-type":    {func(g *pmks.NodeGroupInfo) { g.RootDiskType = "cloud_premium" }, "RootDiskType"},
		"small-disk":   {func(g *pmks.NodeGroupInfo) { g.RootDiskSize = "10" }, "RootDiskSize"},
		"large-disk":   {func(g *pmks.NodeGroupInfo) { g.RootDiskSize = "2049" }, "RootDiskSize"},
		"min-over-max": {func(g *pmks.NodeGroupInfo) { g.MinNodeSize, g.MaxNodeSize = 3, 2 }, "MaxNodeSize"},
		"too-many":     {func(g *pmks.NodeGroupInfo) { g.MaxNodeSize = 2001 }, "at most 2000"},
		"name":         {func(g *pmks.NodeGroupInfo) { g.IId.NameId = "Capital" }, "IId.NameId"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bench.Fleet(t, bench.Simulate(providertest.Options{}), 1, 0)
			g := bench.SampleNodeGroup("new")
			test.spoil(&g)
			_, err := newHandler(t, s).AddNodeGroup(t.Context(), cluster, g)
			if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), test.says) || s.Count("") != 0 {
				t.Errorf("got %v after %d requests", err, s.Count(""))
			}
		})
	}
}

// TestHandler_byName: a VPC, a subnet, a security group and a key pair given by their names
// alone; names that nothing has are told by field.
func TestHandler_byName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, bench.Simulate(providertest.Options{}))
		req := bench.CreateRequest("named")
		want := req.Clone()
		req.Network.VpcIID.SystemId, req.Network.SubnetIIDs[0].SystemId, req.Network.SecurityGroupIIDs[0].SystemId = "", "", ""
		for field, spoil := range map[string]func(*pmks.NetworkInfo){
			"Network.VpcIID":               func(n *pmks.NetworkInfo) { n.VpcIID.NameId = "no-such" },
			"Network.SubnetIIDs[0]":        func(n *pmks.NetworkInfo) { n.SubnetIIDs[0].NameId = "no-such" },
			"Network.SecurityGroupIIDs[0]": func(n *pmks.NetworkInfo) { n.SecurityGroupIIDs[0].NameId = "no-such" },
		} {
			bad := req.Clone()
			spoil(&bad.Network)
			if _, err := h.CreateCluster(t.Context(), bad); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), field) {
				t.Errorf("%s: got %v", field, err)
			}
		}
		info, err := h.CreateCluster(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Network; got.VpcIID.SystemId != want.Network.VpcIID.SystemId || got.SubnetIIDs[0].SystemId != want.Network.SubnetIIDs[0].SystemId ||
			got.SecurityGroupIIDs[0].SystemId != want.Network.SecurityGroupIIDs[0].SystemId {
			t.Errorf("got %+v", got)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
			t.Fatal(err)
		}
		g := bench.SampleNodeGroup("ng1")
		id := g.KeyPairIID.SystemId
		g.KeyPairIID.SystemId = ""
		if made, err := h.AddNodeGroup(t.Context(), info.IId, g); err != nil || made.KeyPairIID.SystemId != id {
			t.Errorf("got the key pair %v, %v", made.KeyPairIID, err)
		}
		g = bench.SampleNodeGroup("ng2")
		g.KeyPairIID = pmks.IID{NameId: "no-such"}
		if _, err := h.AddNodeGroup(t.Context(), info.IId, g); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "KeyPairIID") {
			t.Errorf("got %v", err)
		}
	})
}

// TestNew_badConfig: what is wrong with a configuration is told by field.
func TestNew_badConfig(t *testing.T) {
	t.Parallel()
	sound := func(testing.TB) tencent.Config { return configOf(providertest.Connection{URL: "https://tke.example"}) }
	noKey := func(c *tencent.Config) { c.SecretID, c.SecretKey = "", "" }
	providertest.BadConfigs(t, tencent.New, sound, []string{"hunter2", tke.DefaultSecretKey}, []providertest.Setup[tencent.Config]{
		{Name: "no-region", Change: func(c *tencent.Config) { c.Region = "" }, Says: []string{"Region"}},
		{Name: "bad-region", Change: func(c *tencent.Config) { c.Region = "Seoul" }, Says: []string{"Region"}},
		{Name: "half-a-key", Change: func(c *tencent.Config) { c.SecretKey = "" }, Says: []string{"secretKey"}},
		{Name: "token-alone", Change: func(c *tencent.Config) { noKey(c); c.Token = "hunter2" }, Says: []string{"token"}},
		{Name: "two-ways", Change: func(c *tencent.Config) { c.Profile = "p" }, Says: []string{"exclude each other"}},
		{Name: "profile", Change: func(c *tencent.Config) { noKey(c); c.Profile = "../p" }, Says: []string{"profile"}},
		{Name: "role-of-instance", Change: func(c *tencent.Config) { noKey(c); c.CVMRole = "a/b" }, Says: []string{"cvmRole"}},
		{Name: "oidc-without-file", Change: func(c *tencent.Config) { noKey(c); c.OIDCProviderID = "x" }, Says: []string{"oidcTokenFile"}},
		{Name: "oidc-without-role", Change: func(c *tencent.Config) { noKey(c); c.OIDCProviderID, c.OIDCTokenFile = "x", "/f" }, Says: []string{"roleArn"}},
		{Name: "password-in-url", Change: func(c *tencent.Config) { c.Endpoint = "https://user:hunter2@x" }, Says: []string{"Endpoint"}},
		{Name: "path-in-url", Change: func(c *tencent.Config) { c.VPCEndpoint = "https://x/base" }, Says: []string{"vpcEndpoint"}},
		{Name: "in-the-clear", Change: func(c *tencent.Config) { c.STSEndpoint = "http://192.0.2.1" }, Says: []string{"stsEndpoint"}},
		{Name: "in-the-clear-as", Change: func(c *tencent.Config) { c.ASEndpoint = "http://192.0.2.1" }, Says: []string{"asEndpoint"}},
		{Name: "in-the-clear-cvm", Change: func(c *tencent.Config) { c.CVMEndpoint = "http://192.0.2.1" }, Says: []string{"cvmEndpoint"}},
		{Name: "domain", Change: func(c *tencent.Config) { c.RootDomain = "https://x" }, Says: []string{"rootDomain"}},
		{Name: "pods", Change: func(c *tencent.Config) { c.PodCIDR = "8.8.0.0/16" }, Says: []string{"podCidr"}},
		{Name: "pods-too-wide", Change: func(c *tencent.Config) { c.PodCIDR = "10.0.0.0/8" }, Says: []string{"podCidr"}},
		{Name: "services", Change: func(c *tencent.Config) { c.ServiceCIDR = "172.16.0.0/12" }, Says: []string{"serviceCidr"}},
		{Name: "level", Change: func(c *tencent.Config) { c.ClusterLevel = "L7" }, Says: []string{"clusterLevel"}},
		{Name: "access", Change: func(c *tencent.Config) { c.EndpointAccess = "both" }, Says: []string{"endpointAccess"}},
		{Name: "kubeconfig", Change: func(c *tencent.Config) { c.KubeconfigKind = "token" }, Says: []string{"kubeconfigKind"}},
		{Name: "rates", Change: func(c *tencent.Config) { c.RateLimits = "0%" }, Says: []string{"rateLimits"}},
	})
}

// TestConfig_secrets: nothing secret is printed, whatever the way, of a configuration, a
// handler or an error.
func TestConfig_secrets(t *testing.T) {
	t.Parallel()
	s := bench.Simulate(providertest.Options{})
	cfg := configOf(providertest.Connection{Transport: s.Transport()})
	cfg.Token, cfg.Endpoint = "s3cr3t-token", "https://u:s3cr3t-token@x"
	quoting := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		return providertest.Respond(r, 200, `{"Response":{"Error":{"Code":"OperationDenied","Message":"you sent `+tke.DefaultSecretKey+`"},"RequestId":"R"}}`), nil
	}))
	_, err := quoting.ListIID(t.Context())
	if err == nil {
		t.Fatal("the refusal is lost")
	}
	h := newHandler(t, s)
	providertest.ShowNone(t, []string{"s3cr3t-token", tke.DefaultSecretKey}, cfg, h, pmks.CodeOf(err), err.Error())
}
