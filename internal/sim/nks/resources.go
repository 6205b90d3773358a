// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Resources is what a project holds beside clusters, and what is public.
type Resources struct {
	VPCs           []VPC
	Subnets        []Subnet
	SecurityGroups []SecurityGroup
	KeyPairs       []KeyPair
	Gateways       []ServiceGateway
	Flavors        []Flavor
	Images         []Image
	VolumeTypes    []string
	Zones          []string
}

// VPC is a private network, or the public one, which belongs to NHN.
type VPC struct {
	ID, Name, CIDR string
	External       bool
}

// Subnet is a part of a VPC.
type Subnet struct {
	ID, Name, VPC, CIDR string
	// Gateway is the internet gateway of its routing table; empty for none.
	Gateway string
}

// SecurityGroup is a security group.
type SecurityGroup struct{ ID, Name string }

// KeyPair is a key pair in the list of one user.
type KeyPair struct{ Name, User, PublicKey string }

// ServiceGateway is how a subnet without internet reaches a service of NHN: "ncr" or
// "obs".
type ServiceGateway struct{ ID, VPC, Service string }

// Flavor is a type of instances.
type Flavor struct {
	ID, Name   string
	VCPUs, RAM int // MiB
	Disabled   bool
}

// Image is an image.
type Image struct {
	ID, Name       string
	Distro, OS     string // os_distro and os_version
	Created        string
	MinDisk        int
	CPU, GPU       bool // nodes of NKS may have it
	Inactive       bool
	PrivateProject bool // not public
}

// Names and ids in DefaultResources beside those of the profile's sample request.
const (
	// IsolatedSubnet, by its name, has no gateway to the internet, SmallSubnet has less
	// than a /24, and OverlappingSubnet lies in the addresses that pods have unless
	// they are given others. SecondSubnet is for further network cards.
	IsolatedSubnet    = "subnet-isolated"
	SmallSubnet       = "subnet-small"
	OverlappingSubnet = "subnet-overlapping"
	SecondSubnet      = "subnet-02"
	// DefaultNCRGateway and DefaultOBSGateway are service gateways of the sample's VPC.
	DefaultNCRGateway = "5f1d2c3b-4a59-4687-8796-a5b4c3d2e1f0"
	DefaultOBSGateway = "6a2e3d4c-5b6a-4798-87a9-b6c5d4e3f201"
	// ExternalNetwork is the public network.
	ExternalNetwork = "751b8227-7b45-440a-9349-dbf829d0aba5"
	// OtherVPC belongs to the project too; its subnet is OtherSubnet.
	OtherVPC    = "vpc-02"
	OtherSubnet = "subnet-other"
	// DisabledFlavor cannot be chosen, and OldImage is of a kind that new groups cannot
	// have. WindowsImage is none of NKS.
	DisabledFlavor = "u2.c2m4"
	OldImage       = "CentOS 7.9"
	WindowsImage   = "Windows 2022 STD"
)

// DefaultResources returns what the profile's sample request refers to, and what
// makes requests wrong.
func DefaultResources(region string) Resources {
	nhn, _ := profile.Get("nhn")
	request := nhn.SampleRequest("x")
	vpc, subnet, group := request.Network.VpcIID, request.Network.SubnetIIDs[0], request.NodeGroupList[0]
	const other, gateway = "5c9d1b2e-3f40-4516-a7b8-90c1d2e3f4a5", "0d4e5f60-7182-4394-95a6-b7c8d9e0f1a2"
	zones := nhn.Zones
	if region != nhn.Region {
		lower := strings.ToLower(region)
		zones = []string{lower + "-pub-a", lower + "-pub-b"}
	}
	return Resources{
		VPCs: []VPC{
			{vpc.SystemId, vpc.NameId, "10.0.0.0/8", false}, {other, OtherVPC, "172.20.0.0/16", false},
			{ExternalNetwork, "Public Network", "0.0.0.0/0", true},
		},
		Subnets: []Subnet{
			{subnet.SystemId, subnet.NameId, vpc.SystemId, "10.0.0.0/17", gateway},
			{"c9174520-1466-4d84-9d21-1cdf77a71bbc", SecondSubnet, vpc.SystemId, "10.0.128.0/24", gateway},
			{"d1285631-2577-4e95-8e32-2de088b82ccd", IsolatedSubnet, vpc.SystemId, "10.0.129.0/24", ""},
			{"e2396742-3688-4fa6-9f43-3ef199c93dde", SmallSubnet, vpc.SystemId, "10.0.130.0/26", gateway},
			{"f34a7853-4799-40b7-8054-4f02aada4eef", OverlappingSubnet, vpc.SystemId, "10.100.8.0/24", gateway},
			{"045b8964-58aa-41c8-9165-5013bbeb5ff0", OtherSubnet, other, "172.20.1.0/24", gateway},
			{"59ddc195-76b1-431d-9693-f09880747dc6", "public_01", ExternalNetwork, "133.186.200.0/22", ""},
			{"6aeed2a6-87c2-442e-a7a4-01a991858ed7", "public_02", ExternalNetwork, "133.186.204.0/22", ""},
		},
		SecurityGroups: []SecurityGroup{
			{request.Network.SecurityGroupIIDs[0].SystemId, request.Network.SecurityGroupIIDs[0].NameId}, {"1b2d6083-7e3f-4c2c-9b10-6d0e8f4c5072", "sg-02"},
			{"2c3e7194-8f40-4d3d-ac21-7e1f905d6183", "default"},
		},
		KeyPairs: []KeyPair{{group.KeyPairIID.NameId, DefaultUser, "ssh-rsa AAAAB3NzaC1yc2E= Generated-by-Nova"}},
		Gateways: []ServiceGateway{{DefaultNCRGateway, vpc.SystemId, "ncr"}, {DefaultOBSGateway, vpc.SystemId, "obs"}},
		Flavors: []Flavor{
			{ID: "013bcf1c-62e2-4bab-83a7-14c7cf1ac93f", Name: "m2.c1m2", VCPUs: 1, RAM: 2048},
			{ID: "069bdcff-e9b6-42c8-83ce-4c743ea30394", Name: "m2.c2m4", VCPUs: 2, RAM: 4096},
			{ID: "6ef27f21-c774-4c0e-84ff-7dd4a762571f", Name: group.VMSpecName, VCPUs: 4, RAM: 8192},
			{ID: "7f038032-d885-4d1f-9500-8ee5b873682a", Name: "m2.c8m16", VCPUs: 8, RAM: 16384},
			{ID: "80149143-e996-4e20-a611-9ff6c984793b", Name: "g2.t4.c8m64", VCPUs: 8, RAM: 65536},
			{ID: "9125a254-faa7-4f31-b722-a007da95804c", Name: DisabledFlavor, VCPUs: 2, RAM: 4096, Disabled: true},
		},
		Images: []Image{
			{ID: "5ceda96d-480a-491e-a69c-7a2a12344aec", Name: OldImage, Distro: "CentOS", OS: "7.9", Created: "2021-06-01T00:00:00Z", MinDisk: 20, CPU: true},
			{ID: "f3b876c0-7c3b-4cf0-b879-91c677457f98", Name: "Ubuntu Server 20.04.6 LTS", Distro: "Ubuntu", OS: "20.04", Created: "2024-02-20T00:00:00Z", MinDisk: 20, CPU: true},
			{ID: "1a6c2f3d-4e5b-4a7c-8d9e-0f1a2b3c4d5e", Name: group.ImageIID.NameId, Distro: "Ubuntu", OS: "22.04", Created: "2024-11-26T00:00:00Z", MinDisk: 30, CPU: true, Inactive: true},
			{ID: group.ImageIID.SystemId, Name: group.ImageIID.NameId, Distro: "Ubuntu", OS: "22.04", Created: "2025-05-27T00:00:00Z", MinDisk: 30, CPU: true},
			{ID: "2b7d304e-5f6c-4b8d-9eaf-1a2b3c4d5e6f", Name: "Ubuntu Server 22.04 LTS with GPU", Distro: "Ubuntu", OS: "22.04", Created: "2025-05-28T00:00:00Z", MinDisk: 30, GPU: true},
			{ID: "3c8e415f-607d-4c9e-af60-2b3c4d5e6f70", Name: WindowsImage, Distro: "Windows", OS: "2022", Created: "2025-06-01T00:00:00Z", MinDisk: 50},
		},
		VolumeTypes: []string{"General HDD", "General SSD"},
		Zones:       slices.Clone(zones),
	}
}

// clone copies the lists, so that what a test does to its own changes nothing here.
func (r Resources) clone() Resources {
	r.VPCs, r.Subnets, r.SecurityGroups = slices.Clone(r.VPCs), slices.Clone(r.Subnets), slices.Clone(r.SecurityGroups)
	r.KeyPairs, r.Gateways, r.Flavors = slices.Clone(r.KeyPairs), slices.Clone(r.Gateways), slices.Clone(r.Flavors)
	r.Images, r.VolumeTypes, r.Zones = slices.Clone(r.Images), slices.Clone(r.VolumeTypes), slices.Clone(r.Zones)
	return r
}

// public is what every project sees.
func (r Resources) public() Resources {
	p := r.clone()
	p.SecurityGroups, p.KeyPairs, p.Gateways = nil, nil, nil
	p.VPCs = slices.DeleteFunc(p.VPCs, func(v VPC) bool { return !v.External })
	p.Subnets = slices.DeleteFunc(p.Subnets, func(s Subnet) bool { _, ok := p.vpc(s.VPC); return !ok })
	p.Images = slices.DeleteFunc(p.Images, func(i Image) bool { return i.PrivateProject })
	return p
}

func (r Resources) vpc(id string) (VPC, bool) {
	return find(r.VPCs, func(v VPC) bool { return v.ID == id })
}

func (r Resources) subnet(id string) (Subnet, bool) {
	return find(r.Subnets, func(s Subnet) bool { return s.ID == id })
}

func (r Resources) flavor(id string) (Flavor, bool) {
	return find(r.Flavors, func(f Flavor) bool { return f.ID == id })
}

func (r Resources) image(id string) (Image, bool) {
	return find(r.Images, func(i Image) bool { return i.ID == id })
}

func (r Resources) gateway(id, vpc, service string) bool {
	return slices.Contains(r.Gateways, ServiceGateway{id, vpc, service})
}

// prefix is the range of a subnet; a test's own must be one.
func (s Subnet) prefix() netip.Prefix {
	p, _ := netip.ParsePrefix(s.CIDR)
	return p.Masked()
}

func find[T any](list []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	var none T
	return none, false
}
