// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Resources is what the subscription holds beside clusters.
type Resources struct {
	ResourceGroups  []ResourceGroup
	VirtualNetworks []VirtualNetwork
	SecurityGroups  []SecurityGroup
	SSHKeys         []SSHKey
	Identities      []Identity
	VMSizes         []VMSize
}

// ResourceGroup is a resource group.
type ResourceGroup struct{ Name, Location string }

// VirtualNetwork is a virtual network with its subnets.
type VirtualNetwork struct {
	ResourceGroup, Name string
	Prefixes            []string
	Subnets             []Subnet
}

// Subnet is a part of a virtual network.
type Subnet struct {
	Name, Prefix string
	// SecurityGroup is the ARM id of the network security group that guards it;
	// empty for none.
	SecurityGroup string
	// Delegation is the service that has the subnet for itself, such as
	// "Microsoft.Web/serverFarms"; empty for none.
	Delegation string
	// Used is how many addresses others have taken.
	Used int
}

// SecurityGroup is a network security group.
type SecurityGroup struct{ ResourceGroup, Name string }

// SSHKey is an SSH public key resource.
type SSHKey struct{ ResourceGroup, Name, PublicKey string }

// Identity is a user-assigned managed identity.
type Identity struct{ ResourceGroup, Name string }

// VMSize is a size of virtual machines.
type VMSize struct {
	Name      string
	VCPUs     int
	MemoryGiB int
	// TempDiskGB is the size of the local disk; 0 for none.
	TempDiskGB int
	// NotAllowed: the size exists and the subscription may not use it.
	NotAllowed bool
}

// burstable reports whether a size is of the B series.
func (v VMSize) burstable() bool { return strings.HasPrefix(strings.ToLower(v.Name), "standard_b") }

// Names in DefaultResources beside those of the profile's sample request.
const (
	// SmallSubnet has room for two nodes of 110 pods in flat mode.
	SmallSubnet = "subnet-02"
	// TinySubnet has room for three nodes in overlay mode.
	TinySubnet = "subnet-03"
	// DelegatedSubnet belongs to another service.
	DelegatedSubnet = "subnet-delegated"
	// BareSubnet has no network security group.
	BareSubnet = "subnet-bare"
	// DefaultIdentity is a user-assigned managed identity.
	DefaultIdentity = "pmks-identity"
	// Ed25519Key is an SSH key of a type that AKS may not take.
	Ed25519Key = "keypair-ed25519"
)

// DefaultResources returns a subscription that is ready for AKS: a virtual network
// with subnets, security groups, SSH keys, an identity and common sizes of
// machines. The network and the key are those that profile.SampleRequest refers
// to. As in many real networks the address space is 10.0.0.0/16, which is also
// what AKS takes for services when a request does not say.
func DefaultResources(location string) Resources {
	azure, _ := profile.Get("azure")
	sample := azure.SampleRequest("sample")
	group := armID(sample.Network.VpcIID.SystemId).group
	nsg := sample.Network.SecurityGroupIIDs[0]
	return Resources{
		ResourceGroups: []ResourceGroup{{Name: group, Location: location}, {Name: "other", Location: location}},
		VirtualNetworks: []VirtualNetwork{
			{ResourceGroup: group, Name: sample.Network.VpcIID.NameId, Prefixes: []string{"10.0.0.0/16"}, Subnets: []Subnet{
				{Name: sample.Network.SubnetIIDs[0].NameId, Prefix: "10.0.0.0/20", SecurityGroup: nsg.SystemId},
				{Name: SmallSubnet, Prefix: "10.0.16.0/24", SecurityGroup: nsg.SystemId},
				{Name: TinySubnet, Prefix: "10.0.17.0/29", SecurityGroup: nsg.SystemId},
				{Name: DelegatedSubnet, Prefix: "10.0.18.0/24", SecurityGroup: nsg.SystemId, Delegation: "Microsoft.Web/serverFarms"},
				{Name: BareSubnet, Prefix: "10.0.20.0/23"},
			}},
			{ResourceGroup: group, Name: "vpc-02", Prefixes: []string{"192.168.0.0/16"}, Subnets: []Subnet{
				{Name: sample.Network.SubnetIIDs[0].NameId, Prefix: "192.168.0.0/23"},
			}},
		},
		SecurityGroups: []SecurityGroup{{group, nsg.NameId}, {group, "sg-02"}},
		SSHKeys: []SSHKey{
			{group, sampleKey(sample).NameId, sampleRSA},
			{group, "keypair-02", sampleRSA + "-02"},
			{group, Ed25519Key, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHBta3MtYWtzLXNpbXVsYXRvci1vbmx5LWEtc2FtcGxl pmks"},
		},
		Identities: []Identity{{group, DefaultIdentity}},
		VMSizes:    slices.Clone(vmSizeTable),
	}
}

func sampleKey(sample pmks.ClusterInfo) pmks.IID { return sample.NodeGroupList[0].KeyPairIID }

// sampleRSA looks like a key of OpenSSH; nobody has its other half.
const sampleRSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7pmksSimulatedPublicKeyForTestsOnly0000000000000000000000000000000000000000000000000000000000000000000000000000000000000w== pmks"

// vmSizeTable is a choice of common sizes.
var vmSizeTable = []VMSize{
	{Name: "Standard_B2s", VCPUs: 2, MemoryGiB: 4, TempDiskGB: 8},
	{Name: "Standard_B4ms", VCPUs: 4, MemoryGiB: 16, TempDiskGB: 32},
	{Name: "Standard_D16s_v5", VCPUs: 16, MemoryGiB: 64},
	{Name: "Standard_D2ds_v5", VCPUs: 2, MemoryGiB: 8, TempDiskGB: 75},
	{Name: "Standard_D2s_v5", VCPUs: 2, MemoryGiB: 8},
	{Name: "Standard_D4ds_v5", VCPUs: 4, MemoryGiB: 16, TempDiskGB: 150},
	{Name: "Standard_D4s_v5", VCPUs: 4, MemoryGiB: 16},
	{Name: "Standard_D8s_v5", VCPUs: 8, MemoryGiB: 32},
	{Name: "Standard_DS1_v2", VCPUs: 1, MemoryGiB: 3, TempDiskGB: 7},
	{Name: "Standard_DS2_v2", VCPUs: 2, MemoryGiB: 7, TempDiskGB: 14},
	{Name: "Standard_E4s_v5", VCPUs: 4, MemoryGiB: 32},
	{Name: "Standard_F4s_v2", VCPUs: 4, MemoryGiB: 8, TempDiskGB: 32},
	{Name: "Standard_ND96isr_H100_v5", VCPUs: 96, MemoryGiB: 1900, TempDiskGB: 1000, NotAllowed: true},
}

func (r Resources) clone() Resources {
	r.ResourceGroups = slices.Clone(r.ResourceGroups)
	r.SecurityGroups = slices.Clone(r.SecurityGroups)
	r.SSHKeys = slices.Clone(r.SSHKeys)
	r.Identities = slices.Clone(r.Identities)
	r.VMSizes = slices.Clone(r.VMSizes)
	r.VirtualNetworks = slices.Clone(r.VirtualNetworks)
	for i := range r.VirtualNetworks {
		v := &r.VirtualNetworks[i]
		v.Prefixes, v.Subnets = slices.Clone(v.Prefixes), slices.Clone(v.Subnets)
	}
	return r
}

// in moves what DefaultResources returns to another subscription.
func (r Resources) in(subscription string) Resources {
	for _, v := range r.VirtualNetworks {
		for i := range v.Subnets {
			v.Subnets[i].SecurityGroup = strings.Replace(v.Subnets[i].SecurityGroup, DefaultSubscriptionID, subscription, 1)
		}
	}
	return r
}

func (r Resources) group(name string) (ResourceGroup, bool) {
	return simkit.Find(r.ResourceGroups, func(g ResourceGroup) bool { return strings.EqualFold(g.Name, name) })
}

// network returns the virtual network in place, so that what is changed stays.
func (r Resources) network(group, name string) (*VirtualNetwork, bool) {
	return simkit.FindIn(r.VirtualNetworks, func(v *VirtualNetwork) bool {
		return strings.EqualFold(v.ResourceGroup, group) && strings.EqualFold(v.Name, name)
	})
}

func (v *VirtualNetwork) subnet(name string) (*Subnet, bool) {
	return simkit.FindIn(v.Subnets, func(s *Subnet) bool { return strings.EqualFold(s.Name, name) })
}

func (r Resources) securityGroup(group, name string) (SecurityGroup, bool) {
	return simkit.Find(r.SecurityGroups, func(g SecurityGroup) bool {
		return strings.EqualFold(g.ResourceGroup, group) && strings.EqualFold(g.Name, name)
	})
}

func (r Resources) sshKey(group, name string) (SSHKey, bool) {
	return simkit.Find(r.SSHKeys, func(k SSHKey) bool {
		return strings.EqualFold(k.ResourceGroup, group) && strings.EqualFold(k.Name, name)
	})
}

func (r Resources) identity(group, name string) (Identity, bool) {
	return simkit.Find(r.Identities, func(i Identity) bool {
		return strings.EqualFold(i.ResourceGroup, group) && strings.EqualFold(i.Name, name)
	})
}

func (r Resources) vmSize(name string) (VMSize, bool) {
	return simkit.Find(r.VMSizes, func(v VMSize) bool { return strings.EqualFold(v.Name, name) })
}

// resourceID is an ARM id taken apart.
type resourceID struct {
	sub, group string
	// kind is the type, such as "Microsoft.Network/virtualNetworks/subnets", and
	// names the name of each of its levels.
	kind  string
	names []string
}

// armID takes an ARM id apart; its kind is empty if it is none.
func armID(id string) resourceID {
	parts := strings.Split(id, "/")
	if len(parts) < 9 || len(parts)%2 == 0 || parts[0] != "" || !strings.EqualFold(parts[1], "subscriptions") ||
		!strings.EqualFold(parts[3], "resourceGroups") || !strings.EqualFold(parts[5], "providers") || slices.Contains(parts[1:], "") {
		return resourceID{}
	}
	r := resourceID{sub: parts[2], group: parts[4], kind: parts[6]}
	for i := 7; i < len(parts); i += 2 {
		r.kind += "/" + parts[i]
		r.names = append(r.names, parts[i+1])
	}
	return r
}

// is compares the type.
func (r resourceID) is(kind string) bool { return strings.EqualFold(r.kind, kind) }

// subnetByID finds a subnet with its virtual network.
func (s *Server) subnetByID(id string) (*VirtualNetwork, *Subnet, bool) {
	ref := armID(id)
	owner, known := s.servers[strings.ToLower(ref.sub)]
	if !ref.is("Microsoft.Network/virtualNetworks/subnets") || !known || owner.tenant != s.tenant {
		return nil, nil, false
	}
	v, ok := owner.resources.network(ref.group, ref.names[0])
	if !ok {
		return nil, nil, false
	}
	sub, ok := v.subnet(ref.names[1])
	return v, sub, ok
}

// idOf returns the ARM id of a resource.
func (s *Server) idOf(group, kind string, names ...string) string {
	levels := strings.Split(kind, "/")
	id := "/subscriptions/" + s.subscription + "/resourceGroups/" + group + "/providers/" + levels[0]
	for i, name := range names {
		id += "/" + levels[i+1] + "/" + name
	}
	return id
}
