// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"slices"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Resources is what the account holds beside clusters, all in one region.
type Resources struct {
	VPCs           []VPC
	Subnets        []Subnet
	SecurityGroups []SecurityGroup
	KeyPairs       []KeyPair
	Images         []Image
	InstanceTypes  []InstanceType
	// Roles are the service roles that are granted.
	Roles []string
	// CAMRoles are those that a key of the account, or an accepted OIDC token, may assume.
	CAMRoles []CAMRole
	// NoBalance: the account is out of money.
	NoBalance bool
	Quota     Quota
}

// VPC is a private network; Assistant are its other networks.
type VPC struct {
	ID, Name, CIDR string
	Assistant      []string
}

// Subnet is a part of a VPC in one zone.
type Subnet struct {
	ID, Name, VPC, Zone, CIDR string
	FreeIPs                   int
}

// SecurityGroup is a security group; those of Tencent Cloud belong to no VPC.
type SecurityGroup struct{ ID, Name string }

// KeyPair is a key pair of SSH.
type KeyPair struct{ ID, Name string }

// Image is an operating system of TKE.
type Image struct {
	OSName, Series, Alias, ID string
	// Offline: none can be made with it.
	Offline bool
}

// InstanceType is a type of CVM.
type InstanceType struct {
	Name      string
	VCPUs     int
	MemoryGiB int
	// NoStock: there are none left.
	NoStock bool
}

// CAMRole is a role of CAM. Without its ExternalID, unless it is empty, nobody assumes it.
type CAMRole struct{ Name, ExternalID string }

// OperatorRole is the CAMRole of DefaultResources.
const OperatorRole = "pmks-operator"

// Quota is what the account may have, and what a cluster may; below 1 there is no end.
type Quota struct{ Clusters, NodePools, Nodes int }

// The service roles.
const (
	roleTKE  = "TKE_QCSRole"
	roleIPAM = "IPAMDofTKE_QCSRole"
)

// diskTable lists the types of system disks that there are.
var diskTable = []string{
	"CLOUD_BASIC", "CLOUD_BSSD", "CLOUD_HSSD", "CLOUD_PREMIUM", "CLOUD_SSD", "CLOUD_TSSD", "LOCAL_BASIC", "LOCAL_NVME", "LOCAL_SSD",
}

// DefaultResources returns an account that is ready for TKE: a VPC with three subnets,
// security groups, key pairs, the service roles and common instance types. The network
// and the key pair are those that profile.SampleRequest refers to.
func DefaultResources(region string) Resources {
	tencent, _ := profile.Get("tencent")
	sample := tencent.SampleRequest("sample")
	vpc, subnet, group, key := sample.Network.VpcIID, sample.Network.SubnetIIDs[0], sample.Network.SecurityGroupIIDs[0], sample.NodeGroupList[0].KeyPairIID
	r := Resources{
		VPCs: []VPC{{ID: vpc.SystemId, Name: vpc.NameId, CIDR: "10.0.0.0/16"}},
		Subnets: []Subnet{
			{ID: subnet.SystemId, Name: subnet.NameId},
			{ID: "subnet-5k2m7p3w", Name: "subnet-02"},
			{ID: "subnet-0j9f4h6q", Name: "subnet-03"},
		},
		SecurityGroups: []SecurityGroup{{ID: group.SystemId, Name: group.NameId}, {ID: "sg-7b2xq9vd", Name: "sg-02"}},
		KeyPairs:       []KeyPair{{key.SystemId, key.NameId}, {"skey-9w4r2t6z", "keypair-02"}},
		Images:         slices.Clone(imageTable),
		InstanceTypes:  slices.Clone(instanceTypeTable),
		Roles:          []string{roleTKE, roleIPAM},
		CAMRoles:       []CAMRole{{Name: OperatorRole}},
		Quota:          Quota{Clusters: tencent.Limits.Clusters, NodePools: tencent.Limits.NodeGroups, Nodes: tencent.Limits.NodesPerGroup},
	}
	for i := range r.Subnets {
		v := &r.Subnets[i]
		n := string(rune('1' + i))
		v.VPC, v.Zone, v.CIDR, v.FreeIPs = vpc.SystemId, region+"-"+string(rune('1'+i%2)), "10.0."+n+".0/24", 250
	}
	return r
}

// imageTable is a choice of the operating systems of TKE.
var imageTable = []Image{
	{OSName: "tlinux3.1x86_64", Series: "TencentOS Server 3.1", Alias: "TencentOS Server 3.1 (TK4)", ID: "img-eb30mz89"},
	{OSName: "tlinux2.4x86_64", Series: "TencentOS Server 2.4", Alias: "TencentOS Server 2.4", ID: "img-hdt9xxkt"},
	{OSName: "ubuntu22.04x86_64", Series: "Ubuntu Server 22.04", Alias: "Ubuntu Server 22.04.1 LTS 64bit", ID: "img-487zeit5"},
	{OSName: "ubuntu20.04x86_64", Series: "Ubuntu Server 20.04", Alias: "Ubuntu Server 20.04.1 LTS 64bit", ID: "img-22trbn9x"},
	{OSName: "centos7.6.0_x64", Series: "CentOS 7.6", Alias: "CentOS 7.6 64bit", ID: "img-9qabwvbn", Offline: true},
}

// instanceTypeTable is a choice of common instance types.
var instanceTypeTable = []InstanceType{
	{Name: "S5.MEDIUM2", VCPUs: 2, MemoryGiB: 2},
	{Name: "S5.MEDIUM4", VCPUs: 2, MemoryGiB: 4},
	{Name: "S5.LARGE8", VCPUs: 4, MemoryGiB: 8},
	{Name: "S5.2XLARGE16", VCPUs: 8, MemoryGiB: 16},
	{Name: "SA5.MEDIUM4", VCPUs: 2, MemoryGiB: 4},
	{Name: "SA5.LARGE8", VCPUs: 4, MemoryGiB: 8},
}

func (r Resources) clone() Resources {
	r.VPCs = slices.Clone(r.VPCs)
	r.Subnets = slices.Clone(r.Subnets)
	r.SecurityGroups = slices.Clone(r.SecurityGroups)
	r.KeyPairs = slices.Clone(r.KeyPairs)
	r.Images = slices.Clone(r.Images)
	r.InstanceTypes = slices.Clone(r.InstanceTypes)
	r.Roles = slices.Clone(r.Roles)
	r.CAMRoles = slices.Clone(r.CAMRoles)
	return r
}

// here are the resources that a call sees: there are none in other regions.
func (s *Server) here(c *call) Resources {
	if c.region != s.region {
		return Resources{}
	}
	return s.resources
}

func (r Resources) vpc(id string) (VPC, bool) {
	return simkit.Find(r.VPCs, func(v VPC) bool { return v.ID == id })
}

func (r Resources) subnet(id string) (Subnet, bool) {
	return simkit.Find(r.Subnets, func(v Subnet) bool { return v.ID == id })
}

func (r Resources) securityGroup(id string) (SecurityGroup, bool) {
	return simkit.Find(r.SecurityGroups, func(g SecurityGroup) bool { return g.ID == id })
}

func (r Resources) keyPair(id string) (KeyPair, bool) {
	return simkit.Find(r.KeyPairs, func(k KeyPair) bool { return k.ID == id })
}

func (r Resources) instanceType(name string) (InstanceType, bool) {
	return simkit.Find(r.InstanceTypes, func(t InstanceType) bool { return t.Name == name })
}

// image finds an operating system by its name or its id.
func (r Resources) image(name string) (Image, bool) {
	return simkit.Find(r.Images, func(i Image) bool { return i.OSName == name || i.ID == name })
}
