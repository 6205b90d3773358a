// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Inventory holds what exists in an account beside clusters. A list that is nil
// says nothing: every reference of its kind is taken to exist. References are
// found by id when they have one, else by name.
type Inventory struct {
	VPCs           []VPC
	Subnets        []Subnet
	SecurityGroups []Item
	KeyPairs       []Item
	Images         []Item
	VMSpecs        []string
}

// VPC is a private network.
type VPC struct{ ID, Name, CIDR string }

// Subnet is a part of a VPC, named by its id, in one zone.
type Subnet struct{ ID, Name, VPC, Zone, CIDR string }

// Item is anything else with an id and a name. VPC is the id of the VPC that it
// belongs to; empty where it belongs to none.
type Item struct{ ID, Name, VPC string }

// stock is an Inventory made ready for looking up. It is never modified, so that
// snapshots share it.
type stock struct {
	vpcs, subnets, securityGroups, keyPairs, images *shelf
	subnetByID                                      map[string]Subnet
	specs                                           []string
}

// shelf holds the items of one kind; nil accepts every reference.
type shelf struct {
	what   string
	byID   map[string]Item
	byName map[string][]Item
}

func newStock(inv *Inventory) *stock {
	if inv == nil {
		return &stock{}
	}
	s := &stock{
		securityGroups: newShelf("security group", inv.SecurityGroups),
		keyPairs:       newShelf("key pair", inv.KeyPairs),
		images:         newShelf("image", inv.Images),
		subnetByID:     map[string]Subnet{},
		specs:          slices.Clone(inv.VMSpecs),
	}
	var vpcs, subnets []Item
	for _, v := range inv.VPCs {
		vpcs = append(vpcs, Item{ID: v.ID, Name: v.Name})
	}
	for _, sub := range inv.Subnets {
		subnets = append(subnets, Item{ID: sub.ID, Name: sub.Name, VPC: sub.VPC})
		s.subnetByID[sub.ID] = sub
	}
	s.vpcs, s.subnets = newShelf("VPC", vpcs), newShelf("subnet", subnets)
	return s
}

func newShelf(what string, items []Item) *shelf {
	if items == nil {
		return nil
	}
	s := &shelf{what: what, byID: map[string]Item{}, byName: map[string][]Item{}}
	for _, item := range items {
		s.byID[item.ID] = item
		s.byName[item.Name] = append(s.byName[item.Name], item)
	}
	return s
}

// find returns ref with both halves filled, and where it belongs. vpc, unless
// empty, is the id of the VPC that it must belong to.
func (s *shelf) find(f *faults, field string, ref pmks.IID, vpc string) (pmks.IID, Item, bool) {
	if s == nil {
		if ref.SystemId == "" {
			ref.SystemId = ref.NameId
		}
		if ref.NameId == "" {
			ref.NameId = ref.SystemId
		}
		return ref, Item{ID: ref.SystemId, Name: ref.NameId}, true
	}
	elsewhere := func(item Item) bool { return vpc != "" && item.VPC != "" && item.VPC != vpc }
	var found []Item
	if ref.SystemId != "" {
		if item, ok := s.byID[ref.SystemId]; ok {
			found = []Item{item}
		}
	} else {
		found = s.byName[ref.NameId]
	}
	if len(found) > 1 {
		found = slices.DeleteFunc(slices.Clone(found), elsewhere)
	}
	switch {
	case len(found) == 0:
		f.add(NotInInventory, field, "there is no %s %q", s.what, ref)
	case len(found) > 1:
		f.add(InvalidArgument, field, "%d %ss are named %q: give the id", len(found), s.what, ref.NameId)
	case elsewhere(found[0]):
		f.add(NotInInventory, field, "%s %q belongs to another VPC, %q", s.what, ref, found[0].VPC)
	default:
		return pmks.IID{NameId: found[0].Name, SystemId: found[0].ID}, found[0], true
	}
	return ref, Item{}, false
}

// checkNetwork returns the network with both halves of every reference filled.
// A VPC that is not given is that of the first subnet.
func (s *stock) checkNetwork(f *faults, p *profile.Profile, in pmks.NetworkInfo) pmks.NetworkInfo {
	out := pmks.ClusterInfo{Network: in}.Clone().Network
	vpc := "" // where the rest must be; empty while that is not known
	if !in.VpcIID.IsZero() {
		var known bool
		if out.VpcIID, _, known = s.vpcs.find(f, "Network.VpcIID", in.VpcIID, ""); known && s.vpcs != nil {
			vpc = out.VpcIID.SystemId
		}
	}
	for i, ref := range in.SubnetIIDs {
		field := fmt.Sprintf("Network.SubnetIIDs[%d]", i)
		subnet, item, ok := s.subnets.find(f, field, ref, vpc)
		if !ok {
			continue
		}
		if slices.Contains(out.SubnetIIDs[:i], subnet) {
			f.add(InvalidArgument, field, "%q is given twice", subnet)
		}
		s.checkPrefix(f, field, p.Caps.Subnets.SmallestPrefix, item.ID)
		out.SubnetIIDs[i] = subnet
		if vpc == "" {
			vpc = item.VPC
		}
	}
	if in.VpcIID.IsZero() && vpc != "" {
		var discard faults // that a subnet's VPC is not listed is no fault of the request
		out.VpcIID, _, _ = s.vpcs.find(&discard, "", pmks.IID{SystemId: vpc}, "")
	}
	s.checkZones(f, p.Caps.Subnets.DistinctZones, out.SubnetIIDs)
	for i, ref := range in.SecurityGroupIIDs {
		field := fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i)
		if group, _, ok := s.securityGroups.find(f, field, ref, vpc); ok {
			out.SecurityGroupIIDs[i] = group
		}
	}
	return out
}

// checkZones counts the zones of subnets that are known.
func (s *stock) checkZones(f *faults, want int, subnets []pmks.IID) {
	zones := map[string]bool{}
	for _, iid := range subnets {
		sub, ok := s.subnetByID[iid.SystemId]
		if !ok {
			return // said already, or nothing is known of subnets
		}
		zones[sub.Zone] = true
	}
	if len(subnets) > 0 && len(zones) < want {
		f.add(InvalidArgument, "Network.SubnetIIDs", "must lie in at least %d zones, lie in %d", want, len(zones))
	}
}

func (s *stock) checkPrefix(f *faults, field string, smallest int, id string) {
	prefix, err := netip.ParsePrefix(s.subnetByID[id].CIDR)
	if err == nil && smallest > 0 && prefix.Bits() > smallest {
		f.add(InvalidArgument, field, "%s is smaller than a /%d", prefix, smallest)
	}
}

// checkGroup checks what the request of a group refers to and fills it in.
func (s *stock) checkGroup(f *faults, path string, spec *pmks.NodeGroupInfo) {
	if ref := spec.ImageIID; !kver.IsDefault(ref.NameId) || !kver.IsDefault(ref.SystemId) {
		spec.ImageIID, _, _ = s.images.find(f, path+"ImageIID", ref, "")
	}
	if ref := spec.KeyPairIID; !ref.IsZero() {
		spec.KeyPairIID, _, _ = s.keyPairs.find(f, path+"KeyPairIID", ref, "")
	}
	if name := spec.VMSpecName; name != "" && s.specs != nil && !slices.Contains(s.specs, name) {
		f.add(NotInInventory, path+"VMSpecName", "there is no VM spec %q", name)
	}
}
