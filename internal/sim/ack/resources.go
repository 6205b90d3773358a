// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"slices"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Resources is what the account holds beside clusters.
type Resources struct {
	VPCs           []VPC
	VSwitches      []VSwitch
	SecurityGroups []SecurityGroup
	KeyPairs       []string
	// EIPs are the public addresses that a cluster may be given.
	EIPs          []string
	Images        []string
	InstanceTypes []InstanceType
	// Roles are the service roles that are granted.
	Roles []string
	// RAMRoles are those that a key of the account, or an accepted OIDC token, may assume.
	RAMRoles []RAMRole
	// NotOpen: the service was never activated.
	NotOpen bool
	Quota   Quota
}

// VPC is a private network. NAT: it has a NAT gateway already.
type VPC struct {
	ID, Name, CIDR  string
	Secondary, User []string
	NAT             bool
}

// VSwitch is a part of a VPC in one zone.
type VSwitch struct {
	ID, Name, VPC, Zone, CIDR string
	FreeIPs                   int
}

// SecurityGroup is a security group of a VPC.
type SecurityGroup struct{ ID, Name, VPC string }

// InstanceType is an ECS instance type.
type InstanceType struct {
	Name      string
	VCPUs     int
	MemoryGiB int
	ARM       bool
	// Disks are the categories of system disks that it takes.
	Disks []string
	// NoStock: there are none left.
	NoStock bool
}

// RAMRole is a role of RAM. Without its ExternalID, unless it is empty, nobody assumes it.
type RAMRole struct{ Name, ExternalID string }

// OperatorRole is the RAMRole of DefaultResources.
const OperatorRole = "pmks-operator"

// Quota is what the account may have, and what a cluster may; below 1 there is no end.
type Quota struct{ Clusters, NodePools, Nodes int }

// The service roles that CreateCluster wants, by the code that says that one is not
// granted.
const (
	roleCluster    = "AliyunCSManagedKubernetesRole"
	roleDefault    = "AliyunCSDefaultRole"
	roleAudit      = "AliyunCSKubernetesAuditRole"
	roleAutoscaler = "AliyunCSManagedAutoScalerRole"
	roleHook       = "AliyunOOSLifecycleHook4CSRole"
)

// roleTable lists the roles with the code of their absence, in the order in which
// CreateCluster looks.
var roleTable = []struct{ role, code string }{
	{roleCluster, "ErrManagedKuberneteRoleNotAttach"}, // the vendor's spelling
	{roleDefault, "ErrManagedKuberneteRoleNotAttach"},
	{"AliyunCSManagedLogRole", "ErrManagedAddonRoleNotAttach"},
	{"AliyunCSManagedCmsRole", "ErrManagedAddonRoleNotAttach"},
	{"AliyunCSManagedCsiRole", "ErrManagedAddonRoleNotAttach"},
	{"AliyunCSManagedCsiPluginRole", "ErrManagedAddonRoleNotAttach"},
	{"AliyunCSManagedCsiProvisionerRole", "ErrManagedAddonRoleNotAttach"},
	{"AliyunCSManagedNetworkRole", "ErrManagedAddonRoleNotAttach"},
	{"AliyunCSManagedNlcRole", "ErrManagedAddonRoleNotAttach"},
	{"AliyunCSServerlessKubernetesRole", "ErrManagedAddonRoleNotAttach"},
	{roleAudit, "ErrKubernetesAuditRoleNotAttach"},
}

// DefaultResources returns an account that is ready for ACK: a VPC with three vSwitches
// in three zones, security groups, key pairs, the service roles and common instance
// types. The network and the key pair are those that profile.SampleRequest refers to.
func DefaultResources(region string) Resources {
	alibaba, _ := profile.Get("alibaba")
	sample := alibaba.SampleRequest("sample")
	vpc, group := sample.Network.VpcIID, sample.Network.SecurityGroupIIDs[0]
	r := Resources{
		VPCs: []VPC{{ID: vpc.SystemId, Name: vpc.NameId, CIDR: "10.0.0.0/16"}},
		VSwitches: []VSwitch{
			{ID: sample.Network.SubnetIIDs[0].SystemId, Name: sample.Network.SubnetIIDs[0].NameId},
			{ID: sample.Network.SubnetIIDs[1].SystemId, Name: sample.Network.SubnetIIDs[1].NameId},
			{ID: "vsw-6wes1t2u3v4w5x6y7z8ab", Name: "subnet-03"},
		},
		SecurityGroups: []SecurityGroup{
			{ID: group.SystemId, Name: group.NameId, VPC: vpc.SystemId},
			{ID: "sg-6wefc8r3k2m5n7p9q1s4", Name: "sg-02", VPC: vpc.SystemId},
		},
		KeyPairs:      []string{sample.NodeGroupList[0].KeyPairIID.NameId, "keypair-02"},
		Images:        []string{"aliyun_3_x64_20G_container_optimized_alibase_20261015.vhd", "m-6we8x1y2z3a4b5c6d7e8"},
		InstanceTypes: slices.Clone(instanceTypeTable),
		Roles:         []string{roleAutoscaler, roleHook},
		RAMRoles:      []RAMRole{{Name: OperatorRole}},
		Quota:         Quota{Clusters: alibaba.Limits.Clusters, NodePools: alibaba.Limits.NodeGroups, Nodes: alibaba.Limits.NodesPerGroup},
	}
	for _, row := range roleTable {
		r.Roles = append(r.Roles, row.role)
	}
	for i := range r.VSwitches {
		v := &r.VSwitches[i]
		v.VPC = vpc.SystemId
		v.Zone = region + string(rune('a'+i))
		v.CIDR = "10.0." + string(rune('1'+i)) + ".0/24"
		v.FreeIPs = 250
	}
	return r
}

// Categories of disks.
var (
	newDisks = []string{"cloud_essd", "cloud_auto", "cloud_essd_entry"}
	oldDisks = []string{"cloud_efficiency", "cloud_ssd", "cloud_essd"}
)

// diskTable lists the categories that there are.
var diskTable = []string{"cloud_auto", "cloud_efficiency", "cloud_essd", "cloud_essd_entry", "cloud_ssd"}

// instanceTypeTable is a choice of common instance types.
var instanceTypeTable = []InstanceType{
	{Name: "ecs.c6.large", VCPUs: 2, MemoryGiB: 4, Disks: oldDisks},
	{Name: "ecs.c7.xlarge", VCPUs: 4, MemoryGiB: 8, Disks: newDisks},
	{Name: "ecs.c8y.xlarge", VCPUs: 4, MemoryGiB: 8, ARM: true, Disks: newDisks},
	{Name: "ecs.g6.large", VCPUs: 2, MemoryGiB: 8, Disks: oldDisks},
	{Name: "ecs.g7.large", VCPUs: 2, MemoryGiB: 8, Disks: newDisks},
	{Name: "ecs.g7.xlarge", VCPUs: 4, MemoryGiB: 16, Disks: newDisks},
	{Name: "ecs.g8i.large", VCPUs: 2, MemoryGiB: 8, Disks: newDisks},
	{Name: "ecs.t5-lc2m1.nano", VCPUs: 1, MemoryGiB: 0, Disks: oldDisks},
	{Name: "ecs.t6-c1m1.large", VCPUs: 2, MemoryGiB: 2, Disks: oldDisks},
}

func (r Resources) clone() Resources {
	r.VPCs = slices.Clone(r.VPCs)
	r.VSwitches = slices.Clone(r.VSwitches)
	r.SecurityGroups = slices.Clone(r.SecurityGroups)
	r.KeyPairs = slices.Clone(r.KeyPairs)
	r.Images = slices.Clone(r.Images)
	r.InstanceTypes = slices.Clone(r.InstanceTypes)
	r.Roles = slices.Clone(r.Roles)
	r.RAMRoles = slices.Clone(r.RAMRoles)
	return r
}

func (r Resources) vpc(id string) (VPC, bool) {
	return simkit.Find(r.VPCs, func(v VPC) bool { return v.ID == id })
}

func (r Resources) vswitch(id string) (VSwitch, bool) {
	return simkit.Find(r.VSwitches, func(v VSwitch) bool { return v.ID == id })
}

func (r Resources) securityGroup(id string) (SecurityGroup, bool) {
	return simkit.Find(r.SecurityGroups, func(g SecurityGroup) bool { return g.ID == id })
}

func (r Resources) instanceType(name string) (InstanceType, bool) {
	return simkit.Find(r.InstanceTypes, func(t InstanceType) bool { return t.Name == name })
}
