// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// TestHandler_Capabilities compares what the provider publishes with what the profile
// says of NKS.
func TestHandler_Capabilities(t *testing.T) { bench.Capabilities(t) }

// TestHandler_badInput: what is wrong is told before any call is made, or at least before
// anything is changed.
func TestHandler_badInput(t *testing.T) {
	t.Parallel()
	uuid := "00000000-0000-4000-8000-00000000000"
	group := func(change func(*pmks.NodeGroupInfo)) func(*pmks.ClusterInfo) {
		return func(r *pmks.ClusterInfo) { change(&r.NodeGroupList[0]) }
	}
	bench.BadRequests(t, []providertest.BadRequest{
		{Name: "name", Spoil: func(r *pmks.ClusterInfo) { r.IId.NameId = "Upper" }, Says: "IId.NameId"},
		{Name: "long-name", Spoil: func(r *pmks.ClusterInfo) { r.IId.NameId = strings.Repeat("a", 33) }, Says: "IId.NameId"},
		{Name: "name-like-an-id", Spoil: func(r *pmks.ClusterInfo) { r.IId.NameId = strings.Repeat("ab12", 8) }, Says: "looks like a UUID"},
		{Name: "vpc", Spoil: func(r *pmks.ClusterInfo) { r.Network.VpcIID = pmks.IID{SystemId: "vpc-01"} }, Says: "Network.VpcIID"},
		{Name: "subnet", Spoil: func(r *pmks.ClusterInfo) { r.Network.SubnetIIDs = []pmks.IID{{SystemId: "tenant/" + uuid + "1"}} }, Says: "Network.SubnetIIDs[0]"},
		{Name: "security-group", Spoil: func(r *pmks.ClusterInfo) { r.Network.SecurityGroupIIDs = []pmks.IID{{SystemId: "sg"}} }, Says: "Network.SecurityGroupIIDs[0]"},
		{Name: "no-groups", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList = nil }, Says: "NodeGroupList"},
		{Name: "two-groups", Spoil: func(r *pmks.ClusterInfo) {
			r.NodeGroupList = append(r.NodeGroupList, bench.SampleNodeGroup("more"))
		}, Says: "AddNodeGroup"},
		{Name: "no-nodes", Spoil: group(func(g *pmks.NodeGroupInfo) { g.DesiredNodeSize = 0 }), Says: "DesiredNodeSize"},
		{Name: "no-key-pair", Spoil: group(func(g *pmks.NodeGroupInfo) { g.KeyPairIID = pmks.IID{} }), Says: "KeyPairIID"},
		{Name: "tag", Spoil: func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "team", Value: "x"}} }, Says: "TagList", Code: pmks.CodeUnsupported},
		{Name: "labels", Spoil: group(func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"bad key": "x"} }), Says: "NodeGroupList[0].Labels[bad key]"},
		{Name: "label-value", Spoil: group(func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"team": "no spaces"} }), Says: "NodeGroupList[0].Labels[team]"},
		{Name: "label-of-nks", Spoil: group(func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"magnum.openstack.org/role": "x"} }), Says: "reserved"},
		{Name: "label-of-kubernetes", Spoil: group(func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"node.kubernetes.io/x": "y"} }), Says: "reserved"},
		{Name: "many-labels", Spoil: group(func(g *pmks.NodeGroupInfo) {
			g.Labels = map[string]string{}
			for i := range 21 {
				g.Labels[fmt.Sprintf("l%d", i)] = ""
			}
		}), Says: "at most 20"},
		{Name: "labels-twice", Spoil: group(func(g *pmks.NodeGroupInfo) {
			g.Labels, g.KeyValueList = map[string]string{"a": "b"}, []pmks.KeyValue{{Key: "label:k8s_node_labels", Value: `{"a":"c"}`}}
		}), Says: "NodeGroupList[0].Labels"},
		{Name: "taints", Spoil: group(func(g *pmks.NodeGroupInfo) {
			g.Taints = []pmks.Taint{{Key: "a", Value: "b", Effect: pmks.TaintNoSchedule}}
		}), Says: "NodeGroupList[0].Taints", Code: pmks.CodeUnsupported},
		{Name: "spot", Spoil: group(func(g *pmks.NodeGroupInfo) { g.Spot = true }), Says: "NodeGroupList[0].Spot", Code: pmks.CodeUnsupported},
		{Name: "two-zones", Spoil: group(func(g *pmks.NodeGroupInfo) { g.Zones = []string{"kr-pub-a", "kr-pub-b"} }), Says: "NodeGroupList[0].Zones"},
		{Name: "access", Spoil: func(r *pmks.ClusterInfo) { r.Access.Mode = "open" }, Says: "Access.Mode"},
		{Name: "both", Spoil: func(r *pmks.ClusterInfo) { r.Access.Mode = pmks.AccessPublicAndPrivate }, Says: "public or private", Code: pmks.CodeUnsupported},
		{Name: "cidrs", Spoil: func(r *pmks.ClusterInfo) { r.Access.CIDRs = []string{"198.51.100.0/24"} }, Says: "api_ep_ipacl", Code: pmks.CodeUnsupported},
		{Name: "zone", Spoil: group(func(g *pmks.NodeGroupInfo) { g.Zones = []string{"us-east-2a"} }), Says: "NodeGroupList[0].Zones[0]", Looks: true},
		{Name: "other-vpc", Spoil: func(r *pmks.ClusterInfo) { r.Network.VpcIID = pmks.IID{SystemId: uuid + "1"} }, Says: "Network.VpcIID", Looks: true},
		{Name: "no-such-vpc-name", Spoil: func(r *pmks.ClusterInfo) { r.Network.VpcIID = pmks.IID{NameId: "nowhere"} }, Says: "Network.VpcIID", Looks: true},
		{Name: "no-such-subnet-name", Spoil: func(r *pmks.ClusterInfo) { r.Network.SubnetIIDs = []pmks.IID{{NameId: "nowhere"}} }, Says: "Network.SubnetIIDs[0]", Looks: true},
		{Name: "flavor", Spoil: group(func(g *pmks.NodeGroupInfo) { g.VMSpecName = "m9.c999m999" }), Says: "NodeGroupList[0].VMSpecName", Looks: true},
		{Name: "image", Spoil: group(func(g *pmks.NodeGroupInfo) { g.ImageIID = pmks.IID{NameId: "Windows"} }), Says: "NodeGroupList[0].ImageIID", Looks: true},
		{Name: "key-pair", Spoil: group(func(g *pmks.NodeGroupInfo) { g.KeyPairIID = pmks.IID{NameId: "of-somebody-else"} }), Says: "NodeGroupList[0].KeyPairIID", Looks: true},
		{Name: "version", Spoil: func(r *pmks.ClusterInfo) { r.Version = "1.19" }, Says: "1.32", Looks: true},
		{Name: "label", Spoil: func(r *pmks.ClusterInfo) { r.KeyValueList = []pmks.KeyValue{{Key: "label:kube_tag", Value: "v1"}} }, Says: "kube_tag", Looks: true},
		{Name: "isolated", Spoil: func(r *pmks.ClusterInfo) { r.Network.SubnetIIDs = []pmks.IID{{NameId: nks.IsolatedSubnet}} }, Says: "ncrGateway", Code: pmks.CodeFailedPrecondition, Looks: true},
	})
}

// TestNew_badConfig: what is wrong with a configuration is told by field.
func TestNew_badConfig(t *testing.T) {
	t.Parallel()
	sound := func(testing.TB) nhn.Config { return configFor(nks.New(nks.Options{})) }
	providertest.BadConfigs(t, nhn.New, sound, []string{"hunter2", nks.DefaultPassword}, []providertest.Setup[nhn.Config]{
		{Name: "no-region", Change: func(c *nhn.Config) { c.Region = "" }, Says: []string{"Region", "KR1"}},
		{Name: "region", Change: func(c *nhn.Config) { c.Region = "korea-1" }, Says: []string{"Region"}},
		{Name: "no-user", Change: func(c *nhn.Config) { c.Username = "" }, Says: []string{"Credentials.username"}},
		{Name: "no-password", Change: func(c *nhn.Config) { c.Password = "" }, Says: []string{"Credentials.password", "not that of the console"}},
		{Name: "no-tenant", Change: func(c *nhn.Config) { c.TenantID = "" }, Says: []string{"Credentials.tenantId"}},
		{Name: "tenant-name", Change: func(c *nhn.Config) { c.TenantID = "my-project" }, Says: []string{"Credentials.tenantId"}},
		{Name: "identity-in-the-clear", Change: func(c *nhn.Config) { c.IdentityEndpoint = "http://192.0.2.1/v2.0" }, Says: []string{"Endpoint"}},
		{Name: "nks-in-the-clear", Change: func(c *nhn.Config) { c.KubernetesEndpoint = "http://192.0.2.1/v1" }, Says: []string{"kubernetesEndpoint"}},
		{Name: "password-in-a-url", Change: func(c *nhn.Config) { c.ImageEndpoint = "https://user:hunter2@x" }, Says: []string{"imageEndpoint"}},
		{Name: "pods-too-small", Change: func(c *nhn.Config) { c.PodCIDR = "10.1.0.0/28" }, Says: []string{"podCidr"}},
		{Name: "pods-taken", Change: func(c *nhn.Config) { c.PodCIDR = "198.18.0.0/16" }, Says: []string{"podCidr", "198.18.0.0/19"}},
		{Name: "overlap", Change: func(c *nhn.Config) { c.PodCIDR, c.ServiceCIDR = "10.1.0.0/16", "10.1.2.0/24" }, Says: []string{"overlap"}},
		{Name: "pod-subnets", Change: func(c *nhn.Config) { c.PodCIDR, c.PodSubnetSize = "10.1.0.0/22", 23 }, Says: []string{"podSubnetSize"}},
		{Name: "one-gateway", Change: func(c *nhn.Config) { c.NCRGateway = nks.DefaultNCRGateway }, Says: []string{"together"}},
	})
}

// TestNew_credentials reaches the simulator with each way to give an identity.
func TestNew_credentials(t *testing.T) {
	for _, name := range []string{"OS_USERNAME", "OS_PASSWORD", "OS_TENANT_ID", "OS_PROJECT_ID", "OS_AUTH_URL", "OS_REGION_NAME"} {
		t.Setenv(name, "")
	}
	s := nks.New(nks.Options{Unlimited: true})
	l, err := s.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	sound := func(testing.TB) nhn.Config {
		return nhn.Config{Region: "KR1", IdentityEndpoint: l.URL() + "/v2.0", RateLimits: "none",
			Username: nks.DefaultUser, Password: nks.DefaultPassword, TenantID: nks.DefaultTenantID}
	}
	providertest.Credentials(t, nhn.New, sound, []string{nks.DefaultPassword, "wrong-password"}, []providertest.Setup[nhn.Config]{
		{Name: "given", Change: func(*nhn.Config) {}},
		{Name: "environment", Prepare: func(t testing.TB, c *nhn.Config) {
			t.Setenv("OS_USERNAME", nks.DefaultUser)
			t.Setenv("OS_PASSWORD", nks.DefaultPassword)
			t.Setenv("OS_PROJECT_ID", nks.DefaultTenantID)
			t.Setenv("OS_AUTH_URL", l.URL()+"/v2.0")
			t.Setenv("OS_REGION_NAME", "kr1")
			*c = nhn.Config{RateLimits: "none"}
		}},
		{Name: "wrong-password", Change: func(c *nhn.Config) { c.Password = "wrong-password" }, Code: pmks.CodeUnauthenticated, Says: []string{"API password"}},
		{Name: "stranger", Change: func(c *nhn.Config) { c.Username = "nobody@example.com" }, Code: pmks.CodeUnauthenticated},
		{Name: "wrong-tenant", Change: func(c *nhn.Config) { c.TenantID = strings.Repeat("0", 32) }, Code: pmks.CodeUnauthenticated, Says: []string{"tenant"}},
		{Name: "region-without-nks", Change: func(c *nhn.Config) { c.Region = "JP1" }, Code: pmks.CodeUnsupported, Says: []string{"JP1", "KR1"}},
	})
}

// TestConfig_secrets: nothing secret is printed, whatever the way.
func TestConfig_secrets(t *testing.T) {
	t.Parallel()
	cfg := configFor(nks.New(nks.Options{}))
	h := newHandler(t, nks.New(nks.Options{}))
	cfg.Password, cfg.KubernetesEndpoint = "s3cr3t", "https://u:s3cr3t@x"
	providertest.ShowNone(t, []string{"s3cr3t", nks.DefaultPassword}, cfg)
	providertest.ShowNone(t, []string{nks.DefaultPassword}, h)
}

// TestHandler_quotedSecrets: what an answer quotes of the token or the password is shown
// nowhere, in gophercloud's own error neither.
func TestHandler_quotedSecrets(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v2.0/tokens", "/v1/clusters"} {
		t.Run(strings.Trim(at, "/"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := nks.New(nks.Options{})
				cfg := configFor(s)
				through := cfg.Transport
				var mu sync.Mutex
				secrets := []string{nks.DefaultPassword}
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if token := r.Header.Get("X-Auth-Token"); token != "" {
						mu.Lock()
						secrets = append(secrets, token)
						mu.Unlock()
					}
					if r.URL.Path == at {
						return providertest.Respond(r, http.StatusForbidden, `{"error":{"code":403,"title":"x","message":"`+nks.DefaultPassword+`"},"errors":[{"detail":"`+r.Header.Get("X-Auth-Token")+`"}]}`), nil
					}
					return through.RoundTrip(r)
				})
				_, err := providertest.New(t, nhn.New, cfg).ListIID(t.Context())
				if err == nil {
					t.Fatal("no error")
				}
				providertest.ShowNone(t, secrets, err)
			})
		})
	}
}

// TestHandler_failedCreation: a creation that fails later is told with the reason of its
// record, and the cluster can be deleted.
func TestHandler_failedCreation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{})
		s.Inject(failLater("clusters.create", "NoValidHost: no machines in the zone"))
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("demo"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = pmks.WaitClusterActive(t.Context(), h, info.IId, pmks.WithInterval(time.Minute)); err == nil || !strings.Contains(err.Error(), "no machines in the zone") {
			t.Errorf("the wait ends with %v", err)
		}
		op, err := h.LastOperation(t.Context(), info.IId, pmks.IID{})
		if err != nil || !op.Done || op.Kind != "CLUSTER_CREATE" || op.Err == nil || op.End.IsZero() {
			t.Errorf("the record is %+v, %v", op, err)
		}
		if err := pmks.Teardown(t.Context(), h, info.IId, pmks.WithInterval(time.Minute)); err != nil {
			t.Errorf("Teardown: %v", err)
		}
	})
}

// TestHandler_privateCluster: in a subnet without internet a cluster gets the service
// gateways and a private endpoint.
func TestHandler_privateCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{})
		cfg := configFor(s)
		cfg.NCRGateway, cfg.OBSGateway = nks.DefaultNCRGateway, nks.DefaultOBSGateway
		req := bench.SampleRequest("private")
		req.Network.SubnetIIDs = []pmks.IID{{NameId: nks.IsolatedSubnet}}
		req.NodeGroupList[0].IId.NameId = "mine"
		h := providertest.New(t, nhn.New, cfg)
		made, err := h.CreateCluster(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if g := made.NodeGroupList[0]; g.IId.NameId != "default-worker" || len(g.KeyValueList) == 0 || g.KeyValueList[0].Value != "mine" {
			t.Errorf("the first group is %+v", g)
		}
		info, err := pmks.WaitClusterActive(t.Context(), h, made.IId, pmks.WithInterval(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if info.AccessInfo.Endpoint == "" || info.AccessInfo.Kubeconfig == "" {
			t.Errorf("no way in: %+v", info.AccessInfo)
		}
	})
}
