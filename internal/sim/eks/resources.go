// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Resources is what the account holds beside clusters.
type Resources struct {
	VPCs           []VPC
	Subnets        []Subnet
	SecurityGroups []SecurityGroup
	KeyPairs       []KeyPair
	Roles          []Role
	InstanceTypes  []InstanceType
}

// VPC is a private network.
type VPC struct {
	ID, Name, CIDR string
	// NoDNS: DNS hostnames or DNS support are off, so that no node can join.
	NoDNS bool
}

// Subnet is a part of a VPC in one availability zone.
type Subnet struct {
	ID, Name, VPC, Zone, ZoneID, CIDR string
	FreeIPs                           int
	// Public: it has a route to an internet gateway. Nodes in it need
	// MapPublicIP.
	Public, MapPublicIP bool
}

// SecurityGroup is a security group of a VPC.
type SecurityGroup struct{ ID, Name, VPC string }

// KeyPair is an EC2 key pair.
type KeyPair struct{ ID, Name string }

// Role is an IAM role.
type Role struct {
	Name string
	// Path is "/" when empty.
	Path string
	// Trust lists who may assume the role: services such as
	// "eks.amazonaws.com", TrustAccount and TrustWebIdentity.
	Trust []string
	// Policies lists the names of the managed policies that are attached.
	Policies []string
	Created  time.Time

	// id is the role's unique id.
	id string
	// document, description and tags are those of CreateRole; a role that was there
	// from the start has a document made of Trust.
	document, description string
	tags                  *roleTags
	// session is how many seconds a session may last; 0 means as long as any.
	session int
	// unknownFor is how many more calls of EKS do not see the role yet.
	unknownFor int
}

func (r *Role) longestSession() int { return cmp.Or(r.session, maxSession) }

// What Role.Trust may name beside services.
const (
	// TrustAccount lets every key of the account assume the role.
	TrustAccount = "account"
	// TrustWebIdentity lets the holder of an accepted web identity token.
	TrustWebIdentity = "web-identity"
)

// InstanceType is an EC2 instance type.
type InstanceType struct {
	Name string
	// Architectures lists "x86_64", "arm64" and "i386".
	Architectures []string
	VCPUs         int
	MemoryMiB     int
	GPU, Neuron   bool
}

// Names of the two roles of DefaultResources that clusters and node groups use.
const (
	DefaultClusterRole = "cloud-barista-spider-eks-cluster-role"
	DefaultNodeRole    = "cloud-barista-spider-eks-nodegroup-role"
)

// OperatorRole is a role of DefaultResources that any key of the account, and any
// accepted web identity token, may assume.
const OperatorRole = "pmks-operator"

// DefaultResources returns an account that is ready for EKS: a VPC with three
// subnets in three zones, security groups, a key pair, the roles and common
// instance types. The network and the key pair are those that
// profile.SampleRequest refers to.
func DefaultResources(region string) Resources {
	aws, _ := profile.Get("aws")
	sample := aws.SampleRequest("sample")
	vpc := sample.Network.VpcIID
	r := Resources{
		VPCs: []VPC{{ID: vpc.SystemId, Name: vpc.NameId, CIDR: "10.0.0.0/16"}},
		Subnets: []Subnet{
			{ID: sample.Network.SubnetIIDs[0].SystemId, Name: sample.Network.SubnetIIDs[0].NameId},
			{ID: sample.Network.SubnetIIDs[1].SystemId, Name: sample.Network.SubnetIIDs[1].NameId},
			{ID: "subnet-03c4d5e6f708192a3", Name: "subnet-03"},
		},
		SecurityGroups: []SecurityGroup{
			{ID: sample.Network.SecurityGroupIIDs[0].SystemId, Name: sample.Network.SecurityGroupIIDs[0].NameId, VPC: vpc.SystemId},
			{ID: "sg-0aa11bb22cc33dd44", Name: "sg-02", VPC: vpc.SystemId},
		},
		KeyPairs: []KeyPair{{ID: "key-0f1e2d3c4b5a69788", Name: sample.NodeGroupList[0].KeyPairIID.NameId}},
		Roles: []Role{
			{Name: DefaultClusterRole, Trust: []string{serviceEKS}, Policies: []string{policyCluster}},
			{Name: DefaultNodeRole, Trust: []string{serviceEC2}, Policies: append(slices.Clone(policiesNode), "AmazonEBSCSIDriverPolicy")},
			{Name: OperatorRole, Trust: []string{TrustAccount, TrustWebIdentity}},
		},
		InstanceTypes: slices.Clone(instanceTypeTable),
	}
	short := zoneIDPrefix(region)
	for i := range r.Subnets {
		s := &r.Subnets[i]
		s.VPC = vpc.SystemId
		s.Zone = region + string(rune('a'+i))
		s.ZoneID = short + "-az" + string(rune('1'+i))
		s.CIDR = "10.0." + string(rune('0'+i)) + ".0/24"
		s.FreeIPs, s.MapPublicIP = 250, true
	}
	return r
}

// zoneIDPrefix shortens "us-east-2" to "use2", as the ids of zones do.
func zoneIDPrefix(region string) string {
	var out []byte
	part := 0
	for i := range len(region) {
		switch c := region[i]; {
		case c == '-':
			part++
		case part == 0, i > 0 && region[i-1] == '-', c >= '0' && c <= '9':
			out = append(out, c)
		}
	}
	return string(out)
}

// instanceTypeTable is a choice of common instance types.
var instanceTypeTable = []InstanceType{
	{Name: "c6g.large", Architectures: []string{archARM}, VCPUs: 2, MemoryMiB: 4096},
	{Name: "c6i.large", Architectures: []string{archX86}, VCPUs: 2, MemoryMiB: 4096},
	{Name: "g4dn.xlarge", Architectures: []string{archX86}, VCPUs: 4, MemoryMiB: 16384, GPU: true},
	{Name: "g5g.xlarge", Architectures: []string{archARM}, VCPUs: 4, MemoryMiB: 8192, GPU: true},
	{Name: "inf2.xlarge", Architectures: []string{archX86}, VCPUs: 4, MemoryMiB: 16384, Neuron: true},
	{Name: "m5.large", Architectures: []string{archX86}, VCPUs: 2, MemoryMiB: 8192},
	{Name: "m5.xlarge", Architectures: []string{archX86}, VCPUs: 4, MemoryMiB: 16384},
	{Name: "m6g.large", Architectures: []string{archARM}, VCPUs: 2, MemoryMiB: 8192},
	{Name: "p3.2xlarge", Architectures: []string{archX86}, VCPUs: 8, MemoryMiB: 62464, GPU: true},
	{Name: "t2.micro", Architectures: []string{"i386", archX86}, VCPUs: 1, MemoryMiB: 1024},
	{Name: "t3.large", Architectures: []string{archX86}, VCPUs: 2, MemoryMiB: 8192},
	{Name: "t3.medium", Architectures: []string{archX86}, VCPUs: 2, MemoryMiB: 4096},
	{Name: "t3.small", Architectures: []string{archX86}, VCPUs: 2, MemoryMiB: 2048},
	{Name: "t4g.medium", Architectures: []string{archARM}, VCPUs: 2, MemoryMiB: 4096},
	{Name: "t4g.small", Architectures: []string{archARM}, VCPUs: 2, MemoryMiB: 2048},
}

const (
	archX86 = "x86_64"
	archARM = "arm64"

	serviceEKS = "eks.amazonaws.com"
	serviceEC2 = "ec2.amazonaws.com"

	policyCluster = "AmazonEKSClusterPolicy"
)

// policiesNode lists what the role of a node group needs.
var policiesNode = []string{"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"}

// managedPolicyTable lists the AWS managed policies that exist here, with the
// path in their ARN.
var managedPolicyTable = map[string]string{
	"AmazonEBSCSIDriverPolicy":           "service-role/",
	"AmazonEC2ContainerRegistryPullOnly": "",
	"AmazonEC2ContainerRegistryReadOnly": "",
	"AmazonEKSClusterPolicy":             "",
	"AmazonEKSServicePolicy":             "",
	"AmazonEKSVPCResourceController":     "",
	"AmazonEKSWorkerNodePolicy":          "",
	"AmazonEKS_CNI_Policy":               "",
	"AmazonSSMManagedInstanceCore":       "",
}

func (r Resources) clone() Resources {
	r.VPCs = slices.Clone(r.VPCs)
	r.Subnets = slices.Clone(r.Subnets)
	r.SecurityGroups = slices.Clone(r.SecurityGroups)
	r.KeyPairs = slices.Clone(r.KeyPairs)
	r.InstanceTypes = slices.Clone(r.InstanceTypes)
	r.Roles = slices.Clone(r.Roles)
	for i := range r.Roles {
		r.Roles[i].Trust = slices.Clone(r.Roles[i].Trust)
		r.Roles[i].Policies = slices.Clone(r.Roles[i].Policies)
	}
	return r
}

func (r Resources) vpc(id string) (VPC, bool) {
	return simkit.Find(r.VPCs, func(v VPC) bool { return v.ID == id })
}

func (r Resources) subnet(id string) (Subnet, bool) {
	return simkit.Find(r.Subnets, func(s Subnet) bool { return s.ID == id })
}

func (r Resources) instanceType(name string) (InstanceType, bool) {
	return simkit.Find(r.InstanceTypes, func(t InstanceType) bool { return t.Name == name })
}

func (r Resources) keyPair(name string) (KeyPair, bool) {
	return simkit.Find(r.KeyPairs, func(k KeyPair) bool { return k.Name == name })
}

// role returns the role in place, so that what is attached to it stays.
func (r Resources) role(name string) (*Role, bool) {
	return simkit.FindIn(r.Roles, func(role *Role) bool { return role.Name == name })
}
