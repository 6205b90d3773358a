// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// TestHandler_Capabilities compares what the provider publishes with what the profile says
// of ACK.
func TestHandler_Capabilities(t *testing.T) { bench.Capabilities(t) }

// TestHandler_badInput: what is wrong is told before any request is made.
func TestHandler_badInput(t *testing.T) {
	t.Parallel()
	ok := func(r *pmks.ClusterInfo) { r.NodeGroupList = nil }
	bench.BadRequests(t, []providertest.BadRequest{
		{Name: "groups", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList = []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")} }, Says: "AddNodeGroup"},
		{Name: "name", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.IId.NameId = "-x" }, Says: "IId.NameId"},
		{Name: "long-name", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.IId.NameId = strings.Repeat("a", 64) }, Says: "IId.NameId"},
		{Name: "chinese-name", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.IId.NameId = "集群" }, Says: "IId.NameId"},
		{Name: "no-vpc", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.Network.VpcIID = pmks.IID{} }, Says: "Network.VpcIID"},
		{Name: "no-vswitch", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.Network.SubnetIIDs = nil }, Says: "Network.SubnetIIDs"},
		{Name: "tag-of-pmks", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.TagList = []pmks.KeyValue{{Key: "CB-SPIDER:PMKS:X"}} }, Says: "TagList[0].Key"},
		{Name: "tag-of-the-spec", Spoil: func(r *pmks.ClusterInfo) {
			ok(r)
			r.TagList = []pmks.KeyValue{{Key: "#CB-SPIDER:PMKS:SECURITYGROUP:sg"}}
		}, Says: "TagList[0].Key"},
		{Name: "tag-of-the-vendor", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.TagList = []pmks.KeyValue{{Key: "Aliyun-x"}} }, Says: "TagList[0].Key"},
		{Name: "tag-as-link", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.TagList = []pmks.KeyValue{{Key: "a", Value: "https://x"}} }, Says: "TagList[0].Value"},
		{Name: "long-tag", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.TagList = []pmks.KeyValue{{Key: strings.Repeat("é", 65)}} }, Says: "has 65 characters"},
		{Name: "long-tag-value", Spoil: func(r *pmks.ClusterInfo) {
			ok(r)
			r.TagList = []pmks.KeyValue{{Key: "a", Value: strings.Repeat("é", 129)}}
		}, Says: "has 129 characters"},
		{Name: "too-many-tags", Spoil: func(r *pmks.ClusterInfo) {
			ok(r)
			for i := range 14 {
				r.TagList = append(r.TagList, pmks.KeyValue{Key: "t" + string(rune('a'+i))})
			}
		}, Says: "TagList"},
		{Name: "version", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.Version = "new" }, Says: "Version"},
		{Name: "unknown-version", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.Version = "1.99" }, Says: "1.36", Looks: true},
		{Name: "vswitch-of-another-vpc", Spoil: func(r *pmks.ClusterInfo) { ok(r); r.Network.SubnetIIDs[1] = pmks.IID{SystemId: "vsw-elsewhere"} }, Says: "Network.SubnetIIDs[1]", Looks: true},
	})
}

// TestHandler_badNodeGroup: the same for node groups.
func TestHandler_badNodeGroup(t *testing.T) {
	t.Parallel()
	cluster, _ := fleetIDs(t)
	for name, test := range map[string]struct {
		spoil func(*pmks.NodeGroupInfo)
		says  string
	}{
		"no-type":      {func(g *pmks.NodeGroupInfo) { g.VMSpecName = "" }, "VMSpecName"},
		"no-key-pair":  {func(g *pmks.NodeGroupInfo) { g.KeyPairIID = pmks.IID{} }, "KeyPairIID"},
		"small-disk":   {func(g *pmks.NodeGroupInfo) { g.RootDiskSize = "20" }, "RootDiskSize"},
		"large-disk":   {func(g *pmks.NodeGroupInfo) { g.RootDiskSize = "20248" }, "RootDiskSize"},
		"min-over-max": {func(g *pmks.NodeGroupInfo) { g.MinNodeSize, g.MaxNodeSize = 3, 2 }, "MaxNodeSize"},
		"too-many":     {func(g *pmks.NodeGroupInfo) { g.MaxNodeSize = 2001 }, "at most 2000"},
		"name":         {func(g *pmks.NodeGroupInfo) { g.IId.NameId = "no_underscore" }, "IId.NameId"},
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

// TestHandler_byName: a VPC, vSwitches and a security group given by their names alone;
// names that nothing has, or two things have, are told by field.
func TestHandler_byName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		resources := ack.DefaultResources(region)
		resources.VPCs = append(resources.VPCs, ack.VPC{ID: "vpc-a", Name: "twin", CIDR: "10.1.0.0/16"}, ack.VPC{ID: "vpc-b", Name: "twin", CIDR: "10.2.0.0/16"})
		h := newHandler(t, ack.New(ack.Options{Resources: &resources}))
		req := bench.SampleRequest("named")
		req.NodeGroupList = nil
		want := req.Clone()
		req.Network.VpcIID.SystemId, req.Network.SecurityGroupIIDs[0].SystemId = "", ""
		for i := range req.Network.SubnetIIDs {
			req.Network.SubnetIIDs[i].SystemId = ""
		}
		for field, spoil := range map[string]func(*pmks.NetworkInfo){
			"Network.VpcIID":               func(n *pmks.NetworkInfo) { n.VpcIID.NameId = "no-such" },
			"give the SystemId":            func(n *pmks.NetworkInfo) { n.VpcIID.NameId = "twin" },
			"Network.SubnetIIDs[1]":        func(n *pmks.NetworkInfo) { n.SubnetIIDs[1].NameId = "no-such" },
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
		if got := info.Network; got.VpcIID.SystemId != want.Network.VpcIID.SystemId || len(got.SubnetIIDs) != 2 || got.SubnetIIDs[1].SystemId != want.Network.SubnetIIDs[1].SystemId ||
			got.SecurityGroupIIDs[0].SystemId != want.Network.SecurityGroupIIDs[0].SystemId {
			t.Errorf("got %+v", got)
		}
	})
}

// TestNew_badConfig: what is wrong with a configuration is told by field.
func TestNew_badConfig(t *testing.T) {
	t.Parallel()
	sound := func(testing.TB) alibaba.Config { return configOf(providertest.Connection{URL: "https://cs.example"}) }
	providertest.BadConfigs(t, alibaba.New, sound, []string{"hunter2", ack.DefaultAccessKeySecret}, []providertest.Setup[alibaba.Config]{
		{Name: "no-region", Change: func(c *alibaba.Config) { c.Region = "" }, Says: []string{"Region"}},
		{Name: "bad-region", Change: func(c *alibaba.Config) { c.Region = "Tokyo" }, Says: []string{"Region"}},
		{Name: "half-a-key", Change: func(c *alibaba.Config) { c.AccessKeySecret = "" }, Says: []string{"accessKeySecret"}},
		{Name: "token-alone", Change: func(c *alibaba.Config) { c.AccessKeyID, c.AccessKeySecret, c.SecurityToken = "", "", "hunter2" }, Says: []string{"securityToken"}},
		{Name: "two-ways", Change: func(c *alibaba.Config) { c.Profile = "p" }, Says: []string{"exclude each other"}},
		{Name: "role-with-bearer", Change: func(c *alibaba.Config) {
			c.AccessKeyID, c.AccessKeySecret, c.BearerToken, c.RoleARN = "", "", "hunter2", "acs:ram::1:role/x"
		}, Says: []string{"roleArn"}},
		{Name: "oidc-without-file", Change: func(c *alibaba.Config) { c.OIDCProviderARN = "acs:ram::1:oidc-provider/x" }, Says: []string{"oidcTokenFile"}},
		{Name: "oidc-without-role", Change: func(c *alibaba.Config) {
			c.AccessKeyID, c.AccessKeySecret, c.OIDCProviderARN, c.OIDCTokenFile = "", "", "acs:ram::1:oidc-provider/x", "/f"
		}, Says: []string{"roleArn"}},
		{Name: "password-in-url", Change: func(c *alibaba.Config) { c.Endpoint = "https://user:hunter2@x" }, Says: []string{"Endpoint"}},
		{Name: "path-in-url", Change: func(c *alibaba.Config) { c.VPCEndpoint = "https://x/base" }, Says: []string{"vpcEndpoint"}},
		{Name: "in-the-clear", Change: func(c *alibaba.Config) { c.STSEndpoint = "http://192.0.2.1" }, Says: []string{"stsEndpoint"}},
		{Name: "in-the-clear-ecs", Change: func(c *alibaba.Config) { c.ECSEndpoint = "http://192.0.2.1" }, Says: []string{"ecsEndpoint"}},
		{Name: "pods", Change: func(c *alibaba.Config) { c.PodCIDR = "8.8.0.0/16" }, Says: []string{"podCidr"}},
		{Name: "pods-too-wide", Change: func(c *alibaba.Config) { c.PodCIDR = "10.0.0.0/8" }, Says: []string{"podCidr"}},
		{Name: "services", Change: func(c *alibaba.Config) { c.ServiceCIDR = "172.16.0.0/12" }, Says: []string{"serviceCidr"}},
		{Name: "services-not-masked", Change: func(c *alibaba.Config) { c.ServiceCIDR = "172.19.0.1/20" }, Says: []string{"serviceCidr"}},
		{Name: "autoscaler", Change: func(c *alibaba.Config) { c.Autoscaler = "karpenter" }, Says: []string{"autoscaler"}},
		{Name: "kubeconfig", Change: func(c *alibaba.Config) { c.KubeconfigKind = "token" }, Says: []string{"kubeconfigKind"}},
		{Name: "rates", Change: func(c *alibaba.Config) { c.RateLimits = "0%" }, Says: []string{"rateLimits"}},
	})
}

// TestConfig_secrets: nothing secret is printed, whatever the way, of a configuration, a
// handler or an error.
func TestConfig_secrets(t *testing.T) {
	t.Parallel()
	s := bench.Simulate(providertest.Options{})
	cfg := configOf(providertest.Connection{Transport: s.Transport()})
	cfg.SecurityToken, cfg.BearerToken, cfg.Endpoint = "s3cr3t-token", "s3cr3t-token", "https://u:s3cr3t-token@x"
	quoting := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		return providertest.Respond(r, 400, `{"code":"Odd","message":"you sent `+ack.DefaultAccessKeySecret+`"}`), nil
	}))
	_, err := quoting.ListIID(t.Context())
	if err == nil {
		t.Error("the refusal is lost")
	}
	providertest.ShowNone(t, []string{"s3cr3t-token", ack.DefaultAccessKeySecret}, cfg, newHandler(t, s), pmks.CodeOf(err), err.Error())
}

// TestHandler_scope: clusters of other types, profiles and regions are neither listed nor
// found by name, do not take a name, and are refused by id with what they are.
func TestHandler_scope(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bench.Simulate(providertest.Options{})
		for name, attr := range map[string]map[string]string{
			"serverless": {ack.AttrProfile: "Serverless"}, "dedicated": {ack.AttrType: "Kubernetes"}, "registered": {ack.AttrType: "ExternalKubernetes"},
			"plain": {}, "unnamed-profile": {ack.AttrNoProfile: "yes"},
		} {
			if err := s.Put(core.Seed{Name: name, Attr: attr}); err != nil {
				t.Fatal(err)
			}
		}
		h := newHandler(t, s)
		list, err := h.ListIID(t.Context())
		if err != nil || len(list) != 2 {
			t.Fatalf("got %d clusters, %v, want two", len(list), err)
		}
		if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "dedicated"}); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("by name: %v", err)
		}
		req := bench.SampleRequest("dedicated")
		req.NodeGroupList = nil
		if _, err := h.CreateCluster(t.Context(), req); err != nil {
			t.Errorf("the name of a cluster that is not shown: %v", err)
		}
	})
}

// TestHandler_byNameOnPages: what has a name is found on whatever page it stands, and two
// of a name wherever the second stands.
func TestHandler_byNameOnPages(t *testing.T) {
	t.Parallel()
	sample := bench.SampleRequest("x").Network
	for name, test := range map[string]struct {
		action string
		at     []int // the places of what has the name
		code   pmks.Code
	}{
		"vpc": {"DescribeVpcs", []int{70}, pmks.CodeOK}, "two-vpcs": {"DescribeVpcs", []int{3, 70}, pmks.CodeInvalidArgument},
		"group": {"DescribeSecurityGroups", []int{70}, pmks.CodeOK}, "two-groups": {"DescribeSecurityGroups", []int{3, 70}, pmks.CodeInvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				next := bench.Simulate(providertest.Options{}).Transport()
				h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if r.Header.Get("X-Acs-Action") != test.action {
						return next.RoundTrip(r)
					}
					q := r.URL.Query()
					page, _ := strconv.Atoi(q.Get("PageNumber"))
					size, _ := strconv.Atoi(q.Get("PageSize"))
					items := []map[string]string{}
					for i := (max(page, 1) - 1) * size; i < min(max(page, 1)*size, 80); i++ {
						item := map[string]string{"VpcId": fmt.Sprint("vpc-", i), "VpcName": fmt.Sprint(sample.VpcIID.NameId, "-", i), "SecurityGroupId": fmt.Sprint("sg-", i), "SecurityGroupName": fmt.Sprint("other-", i)}
						if slices.Contains(test.at, i) {
							item["VpcName"], item["SecurityGroupName"] = sample.VpcIID.NameId, sample.SecurityGroupIIDs[0].NameId
						}
						if i == 70 {
							item["VpcId"], item["SecurityGroupId"] = sample.VpcIID.SystemId, sample.SecurityGroupIIDs[0].SystemId
						}
						items = append(items, item)
					}
					text, err := json.Marshal(map[string]any{"TotalCount": 80, "PageNumber": max(page, 1), "PageSize": size, "RequestId": "R",
						"Vpcs": map[string]any{"Vpc": items}, "SecurityGroups": map[string]any{"SecurityGroup": items}})
					return providertest.Respond(r, 200, string(text)), err
				}))
				req := plain("paged")
				req.Network.VpcIID.SystemId, req.Network.SecurityGroupIIDs[0].SystemId = "", ""
				if err := h.CheckCluster(t.Context(), req); pmks.CodeOf(err) != test.code || err != nil && !strings.Contains(err.Error(), "give the SystemId") {
					t.Errorf("got %v, want %s", err, test.code)
				}
			})
		})
	}
}
