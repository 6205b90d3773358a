// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"slices"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Resources is what the account holds beside clusters.
type Resources struct {
	ResourceGroups []ResourceGroup
	VPCs           []VPC
	Subnets        []Subnet
	SecurityGroups []SecurityGroup
	Flavors        []Flavor
	// OperatingSystems are those of workers, the default first.
	OperatingSystems []string
	// Addons are the versions of add-ons on offer.
	Addons []Addon
}

// ResourceGroup is a resource group of the account.
type ResourceGroup struct {
	ID, Name string
	Default  bool
}

// VPC is a private network of the region.
type VPC struct{ ID, Name string }

// Subnet is a part of a VPC in one zone.
type Subnet struct {
	ID, Name, VPC, Zone, CIDR string
	// Free is how many addresses are left; 0 means 240.
	Free int
	// Status is that of the subnet; empty means available.
	Status string
	// Gateway: a public gateway is attached.
	Gateway bool
}

// SecurityGroup is one of a VPC.
type SecurityGroup struct{ ID, Name, VPC string }

// Flavor is a kind of worker. An empty list of Zones means every zone.
type Flavor struct {
	Name       string
	Zones      []string
	Deprecated bool
}

// Addon is one version of an add-on on offer.
type Addon struct {
	Name, Version string
	// Range is that of the versions of Kubernetes that it works with.
	Range   string
	Default bool
}

// autoscaler is the add-on that scales pools.
const autoscaler = "cluster-autoscaler"

// DefaultResources returns an account that is ready for clusters: two VPCs, the first
// with a subnet in each zone and a second one in the first, two resource groups, common
// flavors. The VPC, the subnet, the security group and the flavor are those that
// profile.SampleRequest refers to.
func DefaultResources(region string) Resources {
	ibm, _ := profile.Get("ibm")
	sample := ibm.SampleRequest("sample").Network
	vpc, subnet, group := sample.VpcIID, sample.SubnetIIDs[0], sample.SecurityGroupIIDs[0]
	const other = "r006-0e1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b"
	return Resources{
		ResourceGroups: []ResourceGroup{{DefaultResourceGroup, "Default", true}, {OtherResourceGroup, "other", false}},
		VPCs:           []VPC{{vpc.SystemId, vpc.NameId}, {other, "vpc-02"}},
		Subnets: []Subnet{
			{ID: subnet.SystemId, Name: subnet.NameId, VPC: vpc.SystemId, Zone: region + "-1", CIDR: "10.240.0.0/24", Gateway: true},
			{ID: "0727-2c3d4e5f-6071-4829-a3b4-c5d6e7f8091a", Name: "subnet-02", VPC: vpc.SystemId, Zone: region + "-2", CIDR: "10.240.64.0/24", Gateway: true},
			{ID: "0737-3d4e5f60-7182-493a-b4c5-d6e7f8091a2b", Name: "subnet-03", VPC: vpc.SystemId, Zone: region + "-3", CIDR: "10.240.128.0/24"},
			{ID: "0717-4e5f6071-8293-4a4b-85d6-e7f8091a2b3c", Name: "subnet-04", VPC: vpc.SystemId, Zone: region + "-1", CIDR: "10.240.1.0/24"},
			{ID: "0717-5f607182-93a4-4b5c-96e7-f8091a2b3c4d", Name: "subnet-far", VPC: other, Zone: region + "-1", CIDR: "10.250.0.0/24"},
		},
		SecurityGroups: []SecurityGroup{
			{group.SystemId, group.NameId, vpc.SystemId},
			{"r006-1a2b3c4d-5e6f-4708-8192-a3b4c5d6e7f8", "sg-02", vpc.SystemId},
			{"r006-2b3c4d5e-6f70-4819-92a3-b4c5d6e7f809", "sg-far", other},
		},
		Flavors: []Flavor{
			{Name: "bx2.2x8"},
			{Name: "bx2.4x16"},
			{Name: "bx2.8x32"},
			{Name: "bx3d.4x20"},
			{Name: "cx2.2x4"},
			{Name: "gx3.16x80.l4", Zones: []string{region + "-2"}},
			{Name: "mx2.4x32", Deprecated: true},
		},
		OperatingSystems: []string{"UBUNTU_24_64", "UBUNTU_20_64"},
		Addons: []Addon{
			{autoscaler, "1.2.3", ">=1.29.0 <1.34.0", false},
			{autoscaler, "2.0.0", ">=1.30.0 <1.38.0", true},
			{autoscaler, "2.1.0", ">=1.40.0 <1.42.0", false},
			{"vpc-block-csi-driver", "5.2", ">=1.30.0 <1.38.0", true},
		},
	}
}

func (r Resources) clone() Resources {
	r.ResourceGroups = slices.Clone(r.ResourceGroups)
	r.VPCs = slices.Clone(r.VPCs)
	r.Subnets = slices.Clone(r.Subnets)
	r.SecurityGroups = slices.Clone(r.SecurityGroups)
	r.Flavors = slices.Clone(r.Flavors)
	r.OperatingSystems = slices.Clone(r.OperatingSystems)
	r.Addons = slices.Clone(r.Addons)
	return r
}

func (r Resources) group(id string) (ResourceGroup, bool) {
	return simkit.Find(r.ResourceGroups, func(g ResourceGroup) bool { return g.ID == id })
}

// defaultGroup is the resource group of what names none.
func (r Resources) defaultGroup() ResourceGroup {
	g, _ := simkit.Find(r.ResourceGroups, func(g ResourceGroup) bool { return g.Default })
	return g
}

func (r Resources) vpc(id string) (VPC, bool) {
	return simkit.Find(r.VPCs, func(v VPC) bool { return v.ID == id })
}

func (r Resources) subnet(id string) (Subnet, bool) {
	return simkit.Find(r.Subnets, func(n Subnet) bool { return n.ID == id })
}

func (r Resources) securityGroup(id string) (SecurityGroup, bool) {
	return simkit.Find(r.SecurityGroups, func(g SecurityGroup) bool { return g.ID == id })
}

// flavor returns a flavor if the zone has it.
func (r Resources) flavor(name, zone string) (Flavor, bool) {
	return simkit.Find(r.Flavors, func(f Flavor) bool { return f.Name == name && f.in(zone) })
}

func (f Flavor) in(zone string) bool { return len(f.Zones) == 0 || slices.Contains(f.Zones, zone) }
