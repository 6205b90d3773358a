// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"cmp"
	"fmt"
	"net/netip"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// The ways to a control plane: a public and a private address, which authorized networks
// bind, and a DNS name, which IAM alone guards.

// setEndpoints puts the access that a request asks for into a cluster, whole, so that
// nothing of it is left to a default that Google may change; nothing where it asks for
// nothing. The older members that say the same must not be sent beside it (containerpb,
// ControlPlaneEndpointsConfig).
func setEndpoints(c *containerpb.Cluster, a pmks.Access) error {
	if a.Mode == "" && len(a.CIDRs) == 0 {
		return nil
	}
	var f refuse.List
	private := a.Mode == pmks.AccessPrivate
	ip := &containerpb.ControlPlaneEndpointsConfig_IPEndpointsConfig{Enabled: new(true), EnablePublicEndpoint: new(!private)}
	if len(a.CIDRs) > 0 {
		// Without the last word every machine of Google Cloud, whoever's, could reach it.
		ip.AuthorizedNetworksConfig = &containerpb.MasterAuthorizedNetworksConfig{Enabled: true, GcpPublicCidrsAccessEnabled: new(false)}
	}
	if private && len(a.CIDRs) > 0 {
		ip.AuthorizedNetworksConfig.PrivateEndpointEnforcementEnabled = new(true)
	}
	for i, cidr := range a.CIDRs {
		if private && !privateBlock(cidr) {
			f.Add(fmt.Sprintf("Access.CIDRs[%d]", i), "%q is of public addresses: GKE takes private ones alone where the endpoint is private", refuse.Clip(cidr))
		}
		ip.AuthorizedNetworksConfig.CidrBlocks = append(ip.AuthorizedNetworksConfig.CidrBlocks, &containerpb.MasterAuthorizedNetworksConfig_CidrBlock{CidrBlock: cidr})
	}
	c.ControlPlaneEndpointsConfig = &containerpb.ControlPlaneEndpointsConfig{
		IpEndpointsConfig: ip,
		// It is on the internet, and no list of networks holds for it.
		DnsEndpointConfig: &containerpb.ControlPlaneEndpointsConfig_DNSEndpointConfig{AllowExternalTraffic: new(false)},
	}
	return f.Err()
}

// privateBlocks are those that GKE calls reserved (RFC 1918, RFC 6598, and the class E
// that Google Cloud routes).
var privateBlocks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("240.0.0.0/4"),
}

func privateBlock(cidr string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return true // the capabilities have refused it
	}
	for _, block := range privateBlocks {
		if block.Contains(prefix.Addr()) && prefix.Bits() >= block.Bits() {
			return true
		}
	}
	return false
}

// ways are the URLs by which a control plane can be reached, each empty where it cannot,
// or not yet.
type ways struct{ public, private, dns string }

func waysTo(c *containerpb.Cluster) ways {
	var w ways
	endpoints := c.GetControlPlaneEndpointsConfig()
	ip := endpoints.GetIpEndpointsConfig()
	byIP := ip.GetEnabled() || ip == nil || ip.Enabled == nil
	if publicIP(c) {
		w.public = httpsTo(cmp.Or(ip.GetPublicEndpoint(), c.GetEndpoint()))
	}
	if byIP {
		w.private = httpsTo(cmp.Or(ip.GetPrivateEndpoint(), c.GetPrivateClusterConfig().GetPrivateEndpoint()))
	}
	if dns := endpoints.GetDnsEndpointConfig(); dns.GetAllowExternalTraffic() {
		w.dns = httpsTo(dns.GetEndpoint())
	}
	return w
}

// publicIP reports whether the control plane has a public address. Old clusters have the
// older members alone.
func publicIP(c *containerpb.Cluster) bool {
	ip := c.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig()
	switch {
	case ip == nil:
		return !c.GetPrivateClusterConfig().GetEnablePrivateEndpoint()
	case ip.Enabled != nil && !ip.GetEnabled():
		return false
	}
	return ip.EnablePublicEndpoint == nil || ip.GetEnablePublicEndpoint()
}

func httpsTo(address string) string {
	if address == "" {
		return ""
	}
	return "https://" + host(address)
}

// accessOf says from where a control plane can be reached. A DNS name that is open to the
// outside is a way from the internet too.
func accessOf(c *containerpb.Cluster) pmks.Access {
	w := waysTo(c)
	a := pmks.Access{PublicEndpoint: cmp.Or(w.public, w.dns), PrivateEndpoint: w.private}
	endpoints := c.GetControlPlaneEndpointsConfig()
	old := c.GetPrivateClusterConfig()
	switch {
	case endpoints == nil && old == nil && w.public != "":
		a.Mode = pmks.AccessPublic // it was made when there was no private address
	case endpoints == nil && old == nil: // GKE has not said it yet
	case publicIP(c), endpoints.GetDnsEndpointConfig().GetAllowExternalTraffic():
		a.Mode = pmks.AccessPublicAndPrivate
	default:
		a.Mode = pmks.AccessPrivate
	}
	for _, block := range authorizedNetworks(c).GetCidrBlocks() {
		a.CIDRs = append(a.CIDRs, block.GetCidrBlock())
	}
	return a
}

// authorizedNetworks are those that bind the addresses; nil where they do not.
func authorizedNetworks(c *containerpb.Cluster) *containerpb.MasterAuthorizedNetworksConfig {
	networks := cmp.Or(c.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig().GetAuthorizedNetworksConfig(), c.GetMasterAuthorizedNetworksConfig())
	if !networks.GetEnabled() {
		return nil
	}
	return networks
}
