// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// TestHandler_access: what a request asks for is sent whole, without the older members
// that say the same, and read back, with the addresses.
func TestHandler_access(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		asked pmks.Access
		want  pmks.AccessMode
		// sent is the block of the request; nil: none.
		sent *containerpb.ControlPlaneEndpointsConfig
	}{
		{"nothing", pmks.Access{}, pmks.AccessPublicAndPrivate, nil},
		{"public", pmks.Access{Mode: pmks.AccessPublicAndPrivate}, pmks.AccessPublicAndPrivate, sentBlock(true, nil)},
		{"public-for-some", pmks.Access{Mode: pmks.AccessPublicAndPrivate, CIDRs: []string{"203.0.113.0/24", "198.51.100.7/32"}}, pmks.AccessPublicAndPrivate,
			sentBlock(true, &containerpb.MasterAuthorizedNetworksConfig{Enabled: true, GcpPublicCidrsAccessEnabled: new(false)}, "203.0.113.0/24", "198.51.100.7/32")},
		{"for-some", pmks.Access{CIDRs: []string{"203.0.113.0/24"}}, pmks.AccessPublicAndPrivate,
			sentBlock(true, &containerpb.MasterAuthorizedNetworksConfig{Enabled: true, GcpPublicCidrsAccessEnabled: new(false)}, "203.0.113.0/24")},
		{"private", pmks.Access{Mode: pmks.AccessPrivate}, pmks.AccessPrivate, sentBlock(false, nil)},
		{"private-for-some", pmks.Access{Mode: pmks.AccessPrivate, CIDRs: []string{"10.1.0.0/16"}}, pmks.AccessPrivate,
			sentBlock(false, &containerpb.MasterAuthorizedNetworksConfig{Enabled: true, GcpPublicCidrsAccessEnabled: new(false), PrivateEndpointEnforcementEnabled: new(true)}, "10.1.0.0/16")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := configFor(gke.New(gke.Options{}))
				var sent *containerpb.Cluster
				cfg.BeforeCreateCluster = keepCluster(&sent)
				h := newHandlerWith(t, cfg)
				req := bench.SampleRequest("demo")
				req.Access = test.asked
				made, err := h.CreateCluster(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				if sent.MasterAuthorizedNetworksConfig != nil || sent.PrivateClusterConfig != nil || text(sent.ControlPlaneEndpointsConfig) != text(test.sent) {
					t.Errorf("sent %s\nwant %s", text(sent.ControlPlaneEndpointsConfig), text(test.sent))
				}
				if test.sent != nil && (made.Access.Mode != test.want || !slices.Equal(made.Access.CIDRs, test.asked.CIDRs)) {
					t.Errorf("the answer says %+v", made.Access)
				}
				info, err := pmks.WaitClusterActive(t.Context(), h, made.IId, patience)
				if err != nil {
					t.Fatal(err)
				}
				a := info.Access
				if a.Mode != test.want || !slices.Equal(a.CIDRs, test.asked.CIDRs) || (a.PublicEndpoint != "") != (test.want != pmks.AccessPrivate) || !strings.HasPrefix(a.PrivateEndpoint, "https://10.") {
					t.Errorf("got %+v", a)
				}
				if want := a.PublicEndpoint; want != "" && info.AccessInfo.Endpoint != want || want == "" && info.AccessInfo.Endpoint != a.PrivateEndpoint {
					t.Errorf("the endpoint is %s of %+v", info.AccessInfo.Endpoint, a)
				}
			})
		})
	}
}

// sentBlock is the block of a request; networks may be nil.
func sentBlock(public bool, networks *containerpb.MasterAuthorizedNetworksConfig, cidrs ...string) *containerpb.ControlPlaneEndpointsConfig {
	for _, cidr := range cidrs {
		networks.CidrBlocks = append(networks.CidrBlocks, &containerpb.MasterAuthorizedNetworksConfig_CidrBlock{CidrBlock: cidr})
	}
	return &containerpb.ControlPlaneEndpointsConfig{
		IpEndpointsConfig: &containerpb.ControlPlaneEndpointsConfig_IPEndpointsConfig{Enabled: new(true), EnablePublicEndpoint: &public, AuthorizedNetworksConfig: networks},
		DnsEndpointConfig: &containerpb.ControlPlaneEndpointsConfig_DNSEndpointConfig{AllowExternalTraffic: new(false)},
	}
}

// TestHandler_accessRead: what other hands have made is told as it is.
func TestHandler_accessRead(t *testing.T) {
	t.Parallel()
	type (
		config = containerpb.ControlPlaneEndpointsConfig
		ip     = containerpb.ControlPlaneEndpointsConfig_IPEndpointsConfig
		dns    = containerpb.ControlPlaneEndpointsConfig_DNSEndpointConfig
	)
	const name = "gke-1.asia-northeast3.gke.goog"
	for _, test := range []struct {
		name    string
		cluster *containerpb.Cluster
		want    pmks.Access
		// endpoint is what the kubeconfig uses.
		endpoint string
		closed   bool
	}{
		{"old", &containerpb.Cluster{Endpoint: "203.0.113.9"}, pmks.Access{Mode: pmks.AccessPublic, PublicEndpoint: "https://203.0.113.9"}, "https://203.0.113.9", false},
		{"in-the-making", &containerpb.Cluster{}, pmks.Access{}, "", false},
		{"old-private", &containerpb.Cluster{Endpoint: "10.0.0.2", PrivateClusterConfig: &containerpb.PrivateClusterConfig{EnablePrivateEndpoint: true, PrivateEndpoint: "10.0.0.2"},
			MasterAuthorizedNetworksConfig: &containerpb.MasterAuthorizedNetworksConfig{Enabled: true, CidrBlocks: []*containerpb.MasterAuthorizedNetworksConfig_CidrBlock{{CidrBlock: "10.0.0.0/8"}}}},
			pmks.Access{Mode: pmks.AccessPrivate, PrivateEndpoint: "https://10.0.0.2", CIDRs: []string{"10.0.0.0/8"}}, "https://10.0.0.2", false},
		{"networks-that-are-off", &containerpb.Cluster{Endpoint: "203.0.113.9", ControlPlaneEndpointsConfig: &config{IpEndpointsConfig: &ip{EnablePublicEndpoint: new(true), PublicEndpoint: "203.0.113.9", PrivateEndpoint: "10.0.0.2",
			AuthorizedNetworksConfig: &containerpb.MasterAuthorizedNetworksConfig{CidrBlocks: []*containerpb.MasterAuthorizedNetworksConfig_CidrBlock{{CidrBlock: "10.0.0.0/8"}}}}}},
			pmks.Access{Mode: pmks.AccessPublicAndPrivate, PublicEndpoint: "https://203.0.113.9", PrivateEndpoint: "https://10.0.0.2"}, "https://203.0.113.9", false},
		{"nobody", &containerpb.Cluster{Endpoint: "203.0.113.9", ControlPlaneEndpointsConfig: &config{IpEndpointsConfig: &ip{EnablePublicEndpoint: new(true),
			AuthorizedNetworksConfig: &containerpb.MasterAuthorizedNetworksConfig{Enabled: true}}}},
			pmks.Access{Mode: pmks.AccessPublicAndPrivate, PublicEndpoint: "https://203.0.113.9"}, "https://203.0.113.9", true},
		{"open-name", &containerpb.Cluster{Endpoint: "10.0.0.2", ControlPlaneEndpointsConfig: &config{
			IpEndpointsConfig: &ip{EnablePublicEndpoint: new(false), PrivateEndpoint: "10.0.0.2"}, DnsEndpointConfig: &dns{Endpoint: name, AllowExternalTraffic: new(true)}}},
			pmks.Access{Mode: pmks.AccessPublicAndPrivate, PublicEndpoint: "https://" + name, PrivateEndpoint: "https://10.0.0.2"}, "https://" + name, false},
		{"name-alone", &containerpb.Cluster{ControlPlaneEndpointsConfig: &config{IpEndpointsConfig: &ip{Enabled: new(false)}, DnsEndpointConfig: &dns{Endpoint: name, AllowExternalTraffic: new(true)}}},
			pmks.Access{Mode: pmks.AccessPublicAndPrivate, PublicEndpoint: "https://" + name}, "https://" + name, false},
		{"ipv6", &containerpb.Cluster{ControlPlaneEndpointsConfig: &config{IpEndpointsConfig: &ip{EnablePublicEndpoint: new(true), PublicEndpoint: "2001:db8::1"}}},
			pmks.Access{Mode: pmks.AccessPublicAndPrivate, PublicEndpoint: "https://[2001:db8::1]"}, "https://[2001:db8::1]", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := fleet(t, 1, 1, gke.Options{})
			if err := s.Alter("c000", func(c *containerpb.Cluster) {
				c.Endpoint, c.ControlPlaneEndpointsConfig, c.PrivateClusterConfig = test.cluster.Endpoint, test.cluster.ControlPlaneEndpointsConfig, test.cluster.PrivateClusterConfig
				c.MasterAuthorizedNetworksConfig = test.cluster.MasterAuthorizedNetworksConfig
			}); err != nil {
				t.Fatal(err)
			}
			info, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "c000"})
			if err != nil || text(info.Access) != text(test.want) || info.AccessInfo.Endpoint != test.endpoint {
				t.Errorf("got  %+v, %s, %v\nwant %+v", info.Access, info.AccessInfo.Endpoint, err, test.want)
			}
			if none, ok := pmks.Lookup(info.KeyValueList, "AuthorizedNetworks"); ok != test.closed || ok && none != "none" {
				t.Errorf("the authorized networks are %q, %t", none, ok)
			}
		})
	}
}
