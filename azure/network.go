// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

const (
	// reservedAddresses are those that Azure keeps of every subnet (virtual network
	// FAQ).
	reservedAddresses = 5
	// surgeNodes is how many nodes a pool has too many while it is upgraded.
	surgeNodes = 1
	// podPrefix is the range of a node's pods in overlay mode (concepts of Azure
	// CNI Overlay).
	podPrefix = 24
)

// nodeNetwork is where the nodes of a cluster go.
type nodeNetwork struct {
	subnet      string // ARM id
	prefixes    []netip.Prefix
	space       []netip.Prefix // of the whole virtual network
	securityID  map[string]string
	serviceCIDR netip.Prefix
}

// resolveNetwork reads the virtual network, which has all its subnets, beside the
// security groups, and checks what AKS would refuse or ignore.
func (h *Handler) resolveNetwork(ctx context.Context, req pmks.ClusterInfo) (nodeNetwork, error) {
	vnet, err := h.resolve("Network.VpcIID", req.Network.VpcIID, networkType, h.cfg.NetworkResourceGroup, namePattern)
	var f refuse.List
	f.Join(err)
	subnet, err := h.subnetRef(req.Network.SubnetIIDs[0], vnet)
	f.Join(err)
	groups := make([]ref, len(req.Network.SecurityGroupIIDs))
	for i, iid := range req.Network.SecurityGroupIIDs {
		groups[i], err = h.resolve(fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i), iid, groupType, h.cfg.NetworkResourceGroup, namePattern)
		f.Join(err)
	}
	if err := f.Err(); err != nil {
		return nodeNetwork{}, err
	}

	var found *armnetwork.VirtualNetwork
	ids := make([]string, len(groups))
	err = fanout.Each(ctx, 1+len(groups), func(ctx context.Context, i int) (err error) {
		if i == 0 {
			found, err = h.readNetwork(ctx, vnet)
			return unknown("Network.VpcIID", "virtual network", vnet, err)
		}
		ids[i-1], err = h.readSecurityGroup(ctx, groups[i-1])
		return unknown(fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i-1), "network security group", groups[i-1], err)
	})
	if err != nil {
		return nodeNetwork{}, err
	}
	n := nodeNetwork{securityID: map[string]string{}}
	for i, group := range groups {
		n.securityID[group.name] = ids[i]
	}
	return n, h.chooseSubnet(&n, vnet, found, subnet, req)
}

func (h *Handler) readNetwork(ctx context.Context, r ref) (*armnetwork.VirtualNetwork, error) {
	return read(ctx, h, armReads, func(ctx context.Context) (*armnetwork.VirtualNetwork, error) {
		out, err := h.api.networks.Get(ctx, r.group, r.name, nil)
		return &out.VirtualNetwork, err
	}, func(v *armnetwork.VirtualNetwork) error { return holds("virtual network", v.Name, v.Properties) })
}

// readSecurityGroup returns the id of a security group as Azure spells it.
func (h *Handler) readSecurityGroup(ctx context.Context, r ref) (string, error) {
	g, err := read(ctx, h, armReads, func(ctx context.Context) (*armnetwork.SecurityGroup, error) {
		out, err := h.api.securityGroups.Get(ctx, r.group, r.name, nil)
		return &out.SecurityGroup, err
	}, func(g *armnetwork.SecurityGroup) error { return holds("network security group", g.ID, g.Properties) })
	if err != nil {
		return "", err
	}
	return value(g.ID), nil
}

// subnetRef is a subnet of a virtual network.
type subnetRef struct {
	of   ref
	name string
}

// subnetRef reads the reference to a subnet: its name in the virtual network of the
// request, or its ARM id.
func (h *Handler) subnetRef(iid pmks.IID, vnet ref) (subnetRef, error) {
	const field = "Network.SubnetIIDs[0]"
	text := firstOf(iid.SystemId, iid.NameId)
	if !strings.HasPrefix(text, "/") {
		name, err := checkName(field, text, namePattern)
		return subnetRef{vnet, name}, err
	}
	id, err := parseID(field, text, subnetType, h.cfg.SubscriptionID)
	if err != nil {
		return subnetRef{}, err
	}
	name, err := checkName(field, id.Name, namePattern)
	return subnetRef{ref{id.ResourceGroupName, id.Parent.Name}, name}, err
}

// unknown turns the failure to find what a request refers to into a fault of the
// request.
func unknown(field, what string, r ref, err error) error {
	if errs.Is(err, pmks.CodeNotFound) || errs.ProviderCode(err) == "ResourceGroupNotFound" {
		return refuse.Invalid(field, "there is no %s %q in the resource group %q", what, r.name, r.group)
	}
	return err
}

// chooseSubnet finds the subnet in its network and checks whether the nodes fit.
func (h *Handler) chooseSubnet(n *nodeNetwork, asked ref, vnet *armnetwork.VirtualNetwork, subnet subnetRef, req pmks.ClusterInfo) error {
	const field = "Network.SubnetIIDs[0]"
	if !sameLocation(value(vnet.Location), h.cfg.Location) {
		return refuse.Invalid("Network.VpcIID", "is in %s, the cluster is to be in %s", value(vnet.Location), h.cfg.Location)
	}
	if !subnet.of.is(asked) {
		return refuse.Invalid(field, "is a subnet of the virtual network %q in the resource group %q, not of %q in %q", subnet.of.name, subnet.of.group, asked.name, asked.group)
	}
	var names []string
	for _, s := range vnet.Properties.Subnets {
		if s == nil {
			continue
		}
		names = append(names, value(s.Name))
		if !strings.EqualFold(value(s.Name), subnet.name) {
			continue
		}
		if n.subnet = value(s.ID); n.subnet == "" {
			return lost("id of the subnet")
		}
		if vnet.Properties.AddressSpace != nil {
			n.space = prefixes(vnet.Properties.AddressSpace.AddressPrefixes...)
		}
		if p := s.Properties; p != nil {
			n.prefixes = prefixes(append(p.AddressPrefixes, p.AddressPrefix)...)
			if len(p.Delegations) > 0 && p.Delegations[0] != nil && p.Delegations[0].Properties != nil {
				return refuse.Invalid(field, "is delegated to %s: give one that is not", value(p.Delegations[0].Properties.ServiceName))
			}
			if err := n.checkSecurityGroup(p.NetworkSecurityGroup); err != nil {
				return err
			}
			if err := h.checkRoom(n.prefixes, len(p.IPConfigurations), req.NodeGroupList); err != nil {
				return err
			}
		}
		var err error
		n.serviceCIDR, err = h.serviceRange(n.space)
		return err
	}
	return refuse.Invalid(field, "the virtual network %q has no subnet %q; it has %s", value(vnet.Name), subnet.name, strings.Join(names, ", "))
}

// checkSecurityGroup: AKS takes security groups from the subnet only, so one that
// is asked for must be there.
func (n *nodeNetwork) checkSecurityGroup(there *armnetwork.SecurityGroup) error {
	for name, id := range n.securityID {
		if there == nil || !strings.EqualFold(value(there.ID), id) {
			return &pmks.Error{Code: pmks.CodeFailedPrecondition, Field: "Network.SecurityGroupIIDs[0]",
				Message: fmt.Sprintf("%q is not associated with the subnet, and AKS attaches none to nodes: associate it first", name)}
		}
	}
	return nil
}

// checkRoom compares the addresses of a subnet with what the nodes take: one each,
// and in flat mode one for every pod of theirs as well.
func (h *Handler) checkRoom(subnet []netip.Prefix, used int, groups []pmks.NodeGroupInfo) error {
	nodes := 0
	for _, g := range groups {
		nodes += max(g.DesiredNodeSize, g.MaxNodeSize*boolInt(g.OnAutoScaling)) + surgeNodes
	}
	each := 1
	if h.cfg.NetworkMode == modeFlat {
		each += h.cfg.MaxPods
	}
	has := -used
	for _, p := range subnet {
		if p.Addr().Is4() {
			has += 1<<(32-p.Bits()) - reservedAddresses
		}
	}
	if need := nodes * each; len(subnet) > 0 && need > has {
		return refuse.Invalid("Network.SubnetIIDs[0]", "needs %d addresses for %d nodes in the network mode %s, counting one more per group for upgrades, and has %d: "+
			"give a larger subnet, smaller groups or fewer maxPods", need, nodes, h.cfg.NetworkMode, has)
	}
	pods, err := netip.ParsePrefix(h.cfg.PodCIDR)
	if h.cfg.NetworkMode == modeOverlay && err == nil && pods.Bits() <= podPrefix && nodes > 1<<(podPrefix-pods.Bits()) {
		return refuse.Invalid("Settings.podCidr", "%s has a /%d for %d nodes, and there may be %d: give a larger range", pods, podPrefix, 1<<(podPrefix-pods.Bits()), nodes)
	}
	return nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// serviceRanges are tried in this order for services. AKS's own default,
// 10.0.0.0/16, is the address space of many networks.
var serviceRanges = prefixes(new("172.16.0.0/16"), new("10.0.0.0/16"), new("192.168.0.0/16"), new("10.96.0.0/16"), new("172.20.0.0/16"))

// serviceRange returns the range of services: the configured one, or the first
// that overlaps neither the network nor the pods.
func (h *Handler) serviceRange(space []netip.Prefix) (netip.Prefix, error) {
	taken := append([]netip.Prefix{}, space...)
	if pods, err := netip.ParsePrefix(h.cfg.PodCIDR); err == nil && h.cfg.NetworkMode == modeOverlay {
		taken = append(taken, pods)
	}
	candidates := serviceRanges
	if h.cfg.ServiceCIDR != "" {
		candidates = prefixes(&h.cfg.ServiceCIDR)
	}
	for _, c := range candidates {
		if !overlapsAny(c, taken) {
			return c, nil
		}
	}
	return netip.Prefix{}, refuse.Invalid("Settings.serviceCidr", "overlaps the virtual network or podCidr: give a range of which neither has a part")
}

func overlapsAny(p netip.Prefix, list []netip.Prefix) bool {
	for _, other := range list {
		if p.Overlaps(other) {
			return true
		}
	}
	return false
}

// prefixes reads ranges; what is none is left out.
func prefixes(list ...*string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		if p, err := netip.ParsePrefix(value(text)); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}
