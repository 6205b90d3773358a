// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
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

// place is where the nodes of a cluster go.
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
	subnet, err := subnetOf(req.Network.SubnetIIDs[0])
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
	faults := make([]error, 1+len(groups))
	var g errgroup.Group
	g.Go(func() error {
		out, err := h.api.networks.Get(ctx, vnet.group, vnet.name, nil)
		found, faults[0] = &out.VirtualNetwork, unknown("Network.VpcIID", "virtual network", vnet, err)
		return nil
	})
	for i, group := range groups {
		g.Go(func() error {
			out, err := h.api.groups.Get(ctx, group.group, group.name, nil)
			ids[i] = value(out.ID)
			faults[1+i] = unknown(fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i), "network security group", group, err)
			return nil
		})
	}
	_ = g.Wait()
	if err := errors.Join(faults...); err != nil {
		return nodeNetwork{}, err
	}
	n := nodeNetwork{securityID: map[string]string{}}
	for i, group := range groups {
		n.securityID[group.name] = ids[i]
	}
	return n, h.chooseSubnet(&n, found, subnet, req)
}

// subnetRef is a subnet by its name, and by its network where that was given.
type subnetRef struct{ network, name string }

// subnetOf reads the reference to a subnet: its name within the virtual network of
// the request, or an ARM id.
func subnetOf(iid pmks.IID) (subnetRef, error) {
	const field = "Network.SubnetIIDs[0]"
	text := firstOf(iid.SystemId, iid.NameId)
	if !strings.HasPrefix(text, "/") {
		name, err := checkName(field, text, namePattern)
		return subnetRef{name: name}, err
	}
	id, err := arm.ParseResourceID(text)
	if err != nil || !strings.EqualFold(id.ResourceType.String(), subnetType) {
		return subnetRef{}, refuse.Invalid(field, "%q is not the id of a resource of the type %s", text, subnetType)
	}
	name, err := checkName(field, id.Name, namePattern)
	return subnetRef{network: id.Parent.Name, name: name}, err
}

// unknown turns the failure to find what a request refers to into a fault of the
// request.
func unknown(field, what string, r ref, err error) error {
	if err = absent(fail(err)); missing(err) {
		return refuse.Invalid(field, "there is no %s %q in the resource group %q", what, r.name, r.group)
	}
	return err
}

// chooseSubnet finds the subnet in its network and checks whether the nodes fit.
func (h *Handler) chooseSubnet(n *nodeNetwork, vnet *armnetwork.VirtualNetwork, subnet subnetRef, req pmks.ClusterInfo) error {
	const field = "Network.SubnetIIDs[0]"
	if vnet.Properties == nil {
		return &pmks.Error{Code: pmks.CodeInternal, Message: "Azure sent a virtual network without properties"}
	}
	if !sameLocation(value(vnet.Location), h.cfg.Location) {
		return refuse.Invalid("Network.VpcIID", "is in %s, the cluster is to be in %s", value(vnet.Location), h.cfg.Location)
	}
	if subnet.network != "" && !strings.EqualFold(subnet.network, value(vnet.Name)) {
		return refuse.Invalid(field, "is a subnet of the virtual network %q, not of %q", subnet.network, value(vnet.Name))
	}
	var names []string
	for _, s := range vnet.Properties.Subnets {
		names = append(names, value(s.Name))
		if !strings.EqualFold(value(s.Name), subnet.name) {
			continue
		}
		n.subnet = value(s.ID)
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
