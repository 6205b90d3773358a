// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

const overlay = "overlay"

// keptByAzure is how many addresses of each subnet Azure keeps.
const keptByAzure = 5

// reservedNets may not be used for services.
var reservedNets = []string{"169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24"}

// ownVNet is the address space of the network that AKS makes when pools name no
// subnet.
const ownVNet = "10.224.0.0/12"

func parsePrefix(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err
}

// planNetwork checks the kind of network and fills the defaults in.
func planNetwork(p *clusterProperties) *apiError {
	if p.NetworkProfile == nil {
		p.NetworkProfile = &networkProfile{NetworkPlugin: "azure", NetworkPluginMode: overlay}
	}
	n := p.NetworkProfile
	n.NetworkPlugin = cmp.Or(n.NetworkPlugin, "azure")
	n.LoadBalancerSKU = strings.ToLower(cmp.Or(n.LoadBalancerSKU, "standard"))
	n.OutboundType = cmp.Or(n.OutboundType, "loadBalancer")
	for _, field := range []struct {
		name, value string
		known       []string
		simulated   []string
	}{
		{"networkPlugin", n.NetworkPlugin, []string{"azure", "kubenet", "none"}, []string{"azure"}},
		{"networkPluginMode", n.NetworkPluginMode, []string{"", overlay}, []string{"", overlay}},
		{"networkPolicy", n.NetworkPolicy, []string{"", "none", "azure", "calico", "cilium"}, []string{"", "none", "azure", "calico", "cilium"}},
		{"networkDataplane", n.NetworkDataplane, []string{"", "azure", "cilium"}, []string{"", "azure", "cilium"}},
		{"loadBalancerSku", n.LoadBalancerSKU, []string{"standard", "basic"}, []string{"standard"}},
		{"outboundType", n.OutboundType, []string{"loadBalancer", "userDefinedRouting", "managedNATGateway", "userAssignedNATGateway", "none"},
			[]string{"loadBalancer", "userDefinedRouting"}},
	} {
		if !slices.Contains(field.known, field.value) {
			return invalid("networkProfile."+field.name, "%.64q is not one of %s", field.value, strings.Join(field.known, ", "))
		}
		if !slices.Contains(field.simulated, field.value) {
			return notSimulated("%s %s", field.name, field.value)
		}
	}
	if len(n.IPFamilies) > 1 || len(n.PodCIDRs) > 1 || len(n.ServiceCIDRs) > 1 {
		return notSimulated("dual-stack networks")
	}
	n.ServiceCIDR, n.DNSServiceIP = cmp.Or(n.ServiceCIDR, "10.0.0.0/16"), cmp.Or(n.DNSServiceIP, "10.0.0.10")
	if n.NetworkPluginMode == overlay {
		n.PodCIDR = cmp.Or(n.PodCIDR, "10.244.0.0/16")
		n.PodCIDRs = []string{n.PodCIDR}
	} else if n.PodCIDR != "" {
		return invalid("networkProfile.podCidr", "podCidr needs networkPluginMode overlay")
	}
	n.ServiceCIDRs, n.IPFamilies = []string{n.ServiceCIDR}, []string{"IPv4"}
	return nil
}

// checkAddresses checks that the networks of a cluster do not overlap, and that its
// pools have room. without is the key of the cluster that is being changed, whose
// own addresses are not in its way.
func (s *Server) checkAddresses(p *clusterProperties, without string) *apiError {
	vnet, e := s.addressSpace(p.AgentPoolProfiles)
	if e != nil {
		return e
	}
	if e := checkServiceNet(p.NetworkProfile, vnet); e != nil {
		return e
	}
	if p.NetworkProfile.NetworkPluginMode == overlay {
		if e := checkPodNet(p, vnet); e != nil {
			return e
		}
	}
	return s.checkRoom(p, without)
}

// addressSpace is that of the network of the pools.
func (s *Server) addressSpace(pools []poolProfile) ([]string, *apiError) {
	var first string
	for i, p := range pools {
		id := text(p.VnetSubnetID)
		if i > 0 && (id == "") != (first == "") {
			return nil, invalid("agentPoolProfile.vnetSubnetID", "all agent pools must have a subnet, or none")
		}
		if id == "" {
			continue
		}
		v, _, ok := s.subnetByID(id)
		if !ok {
			return nil, badSubnet(id)
		}
		if firstVNet, _, ok := s.subnetByID(first); ok && firstVNet != v {
			return nil, invalid("agentPoolProfile.vnetSubnetID", "all agent pools must be in the same virtual network")
		}
		first = id
	}
	if v, _, ok := s.subnetByID(first); ok {
		return v.Prefixes, nil
	}
	return []string{ownVNet}, nil
}

func badSubnet(id string) *apiError {
	if ref := armID(id); !ref.is("Microsoft.Network/virtualNetworks/subnets") {
		return gateway(http.StatusBadRequest, "LinkedInvalidPropertyId", "Property id '%.256s' at path 'properties.agentPoolProfiles.vnetSubnetID' is invalid. "+
			"Expect fully qualified resource Id that start with '/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.", id)
	}
	return fail(http.StatusBadRequest, "InvalidResourceReference", "Resource %.256s referenced by the agent pool was not found. "+
		"Please make sure that the referenced resource exists, and that both resources are in the same region.", id)
}

// overlapping returns the first of the nets that overlaps a prefix.
func overlapping(prefix netip.Prefix, nets []string) (string, bool) {
	for _, text := range nets {
		if net, err := parsePrefix(text); err == nil && net.Overlaps(prefix) {
			return text, true
		}
	}
	return "", false
}

func checkServiceNet(n *networkProfile, vnet []string) *apiError {
	const field = "networkProfile.serviceCIDR"
	service, err := parsePrefix(n.ServiceCIDR)
	switch {
	case err != nil || !service.Addr().Is4():
		return invalid(field, "%.64q is not a CIDR", n.ServiceCIDR)
	case service.Bits() <= 12:
		return invalid(field, "%s is too large: it must be smaller than /12", service)
	}
	if net, bad := overlapping(service, vnet); bad {
		return fail(http.StatusBadRequest, "ServiceCidrOverlapExistingSubnetsCidr", "The specified service CIDR %s is conflicted with an existing subnet CIDR %s. "+
			"Please see https://aka.ms/aks/servicecidroverlap for how to fix the error.", service, net).at(field)
	}
	if net, bad := overlapping(service, append(slices.Clone(reservedNets), cmp.Or(n.PodCIDR, "192.0.2.0/24"))); bad {
		return invalid(field, "%s overlaps %s", service, net)
	}
	dns, err := netip.ParseAddr(n.DNSServiceIP)
	switch {
	case err != nil:
		return invalid("networkProfile.dnsServiceIP", "%.64q is not an address", n.DNSServiceIP)
	case !service.Contains(dns):
		return fail(http.StatusBadRequest, "DnsServiceIpOutOfServiceCidr", "DNS service IP %s is out of range of the service CIDR %s.", dns, service).at("networkProfile.dnsServiceIP")
	case dns == service.Addr() || dns == service.Addr().Next():
		return invalid("networkProfile.dnsServiceIP", "%s is the first address of the service CIDR", dns)
	}
	return nil
}

// checkPodNet: in overlay mode each node takes a /24 of the pods' network.
func checkPodNet(p *clusterProperties, vnet []string) *apiError {
	const field = "networkProfile.podCidr"
	pods, err := parsePrefix(p.NetworkProfile.PodCIDR)
	if err != nil || !pods.Addr().Is4() {
		return invalid(field, "%.64q is not a CIDR", p.NetworkProfile.PodCIDR)
	}
	if net, bad := overlapping(pods, vnet); bad {
		return invalid(field, "%s overlaps the network %s of the nodes", pods, net)
	}
	nodes, room := 0, 0
	for _, pool := range p.AgentPoolProfiles {
		nodes += number(pool.Count)
	}
	if pods.Bits() <= 24 {
		room = 1 << (24 - pods.Bits())
	}
	if nodes > room {
		return invalid(field, "%d nodes take a /24 each, and %s has room for %d", nodes, pods, room)
	}
	return nil
}

// need is how many addresses of its subnet a pool takes: one for each node, those
// of an upgrade included, and in flat mode one for each of their pods.
func need(p poolProperties, mode string) int {
	nodes := number(p.Count)
	if yes(p.EnableAutoScaling) {
		nodes = max(nodes, number(p.MaxCount))
	}
	each := 1
	if mode != overlay {
		each += number(p.MaxPods)
	}
	return (nodes + surge(p.UpgradeSettings, nodes)) * each
}

// surge is how many nodes an upgrade adds for a while.
func surge(u *upgradeSettings, nodes int) int {
	if u == nil || u.MaxSurge == "" {
		return 1
	}
	if percent, found := strings.CutSuffix(u.MaxSurge, "%"); found {
		n, _ := strconv.Atoi(percent)
		return max(1, (nodes*n+99)/100)
	}
	n, _ := strconv.Atoi(u.MaxSurge)
	return n
}

// checkRoom compares what the pools of a cluster take of their subnets with what
// others leave of them.
func (s *Server) checkRoom(p *clusterProperties, without string) *apiError {
	needs := map[*Subnet]int{}
	for _, pool := range p.AgentPoolProfiles {
		if _, subnet, ok := s.subnetByID(text(pool.VnetSubnetID)); ok {
			needs[subnet] += need(pool.poolProperties, p.NetworkProfile.NetworkPluginMode)
		}
	}
	for _, pool := range p.AgentPoolProfiles {
		_, subnet, ok := s.subnetByID(text(pool.VnetSubnetID))
		if !ok {
			continue
		}
		prefix, err := parsePrefix(subnet.Prefix)
		if err != nil {
			continue
		}
		free := 1<<(32-prefix.Bits()) - keptByAzure - subnet.Used - s.taken(subnet, without)
		if needs[subnet] > free {
			return fail(http.StatusBadRequest, "InsufficientSubnetSize", "Pre-allocated IPs %d exceeds IPs available %d in Subnet Cidr %s, Subnet Name %s. "+
				"http://aka.ms/aks/insufficientsubnetsize", needs[subnet], max(0, free), prefix, subnet.Name).at("networkProfile")
		}
	}
	return nil
}

// taken is how many addresses of a subnet the pools of all clusters but one take.
func (s *Server) taken(subnet *Subnet, without string) int {
	sum := 0
	s.poolsIn(subnet, func(rec *clusterRecord, g *core.NodeGroup, own *poolRecord) {
		if rec.key != without {
			sum += need(s.sized(g, own), rec.spec.Properties.NetworkProfile.NetworkPluginMode)
		}
	})
	return sum
}

// inUse is how many addresses of a subnet nodes and pods have now.
func (s *Server) inUse(subnet *Subnet) int {
	sum := 0
	s.poolsIn(subnet, func(rec *clusterRecord, g *core.NodeGroup, own *poolRecord) {
		each := 1
		if rec.spec.Properties.NetworkProfile.NetworkPluginMode != overlay {
			each += number(own.spec.MaxPods)
		}
		sum += len(g.Nodes) * each
	})
	return sum
}

func (s *Server) poolsIn(subnet *Subnet, do func(*clusterRecord, *core.NodeGroup, *poolRecord)) {
	for _, rec := range s.latest {
		if rec.live.State == profile.Gone {
			continue
		}
		for _, g := range rec.live.Groups {
			own := rec.pools[g.Name]
			if own == nil {
				continue
			}
			if _, other, ok := s.subnetByID(text(own.spec.VnetSubnetID)); ok && other == subnet {
				do(rec, g, own)
			}
		}
	}
}
