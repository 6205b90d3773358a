// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"slices"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Resources is what the project holds beside clusters.
type Resources struct {
	Networks     []Network
	Subnetworks  []Subnetwork
	MachineTypes []MachineType
	// DiskTypes are the types of boot disks.
	DiskTypes []string
	// ServiceAccounts are the emails of the service accounts of nodes; "default"
	// stands for the first.
	ServiceAccounts []string
}

// Network is a VPC network, which is global. Project is the host project of a
// Shared VPC network that this project may use; empty means that it is its own.
type Network struct{ Name, Project string }

// Subnetwork is a part of a network in one region.
type Subnetwork struct {
	Name, Network, Region, CIDR string
	// Project is the host project of a Shared VPC network.
	Project string
	// Secondary holds secondary ranges, CIDR by name.
	Secondary map[string]string
}

// MachineType is a machine type. An empty list of Zones means every zone.
type MachineType struct {
	Name      string
	CPUs      int
	MemoryMiB int
	Zones     []string
}

// otherRegion is a region in which DefaultResources has a subnetwork, but where
// nothing else is.
const otherRegion = "us-central1"

// DefaultResources returns a project that is ready for GKE: a network with a
// subnetwork in the region and one elsewhere, a second network, one that a host
// project shares, common machine types and disks. The network and the machine type are those that
// profile.SampleRequest refers to.
func DefaultResources(region string) Resources {
	gcp, _ := profile.Get("gcp")
	sample := gcp.SampleRequest("sample").Network
	vpc, subnet := sample.VpcIID.NameId, sample.SubnetIIDs[0].NameId
	return Resources{
		Networks: []Network{{Name: vpc}, {Name: "vpc-02"}, {Name: "default"}, {Name: "shared-vpc", Project: DefaultHostProject}},
		Subnetworks: []Subnetwork{
			{Name: subnet, Network: vpc, Region: region, CIDR: "10.0.0.0/20",
				Secondary: map[string]string{"pods": "10.4.0.0/14", "services": "10.8.0.0/20"}},
			{Name: "subnet-02", Network: "vpc-02", Region: region, CIDR: "10.16.0.0/20"},
			{Name: "subnet-far", Network: vpc, Region: otherRegion, CIDR: "10.32.0.0/20"},
			{Name: "default", Network: "default", Region: region, CIDR: "10.178.0.0/20"},
			{Name: "shared-subnet", Network: "shared-vpc", Project: DefaultHostProject, Region: region, CIDR: "10.48.0.0/20",
				Secondary: map[string]string{"shared-pods": "10.52.0.0/14", "shared-services": "10.56.0.0/20"}},
		},
		MachineTypes: slices.Clone(machineTypeTable),
		DiskTypes:    []string{"hyperdisk-balanced", "pd-balanced", "pd-ssd", "pd-standard"},
		ServiceAccounts: []string{
			DefaultProjectNumber + "-compute@developer.gserviceaccount.com",
			"nodes@" + DefaultProject + ".iam.gserviceaccount.com",
		},
	}
}

// machineTypeTable is a choice of machine types.
var machineTypeTable = []MachineType{
	{Name: "a3-highgpu-8g", CPUs: 208, MemoryMiB: 1916928, Zones: []string{"asia-northeast3-b"}},
	{Name: "c3-standard-4", CPUs: 4, MemoryMiB: 16384},
	{Name: "e2-medium", CPUs: 2, MemoryMiB: 4096},
	{Name: "e2-small", CPUs: 2, MemoryMiB: 2048},
	{Name: "e2-standard-2", CPUs: 2, MemoryMiB: 8192},
	{Name: "e2-standard-4", CPUs: 4, MemoryMiB: 16384},
	{Name: "e2-standard-8", CPUs: 8, MemoryMiB: 32768},
	{Name: "f1-micro", CPUs: 1, MemoryMiB: 614},
	{Name: "n1-standard-1", CPUs: 1, MemoryMiB: 3840},
	{Name: "n2-standard-16", CPUs: 16, MemoryMiB: 65536},
	{Name: "n2-standard-4", CPUs: 4, MemoryMiB: 16384},
	{Name: "n4-standard-4", CPUs: 4, MemoryMiB: 16384},
	{Name: "t2a-standard-4", CPUs: 4, MemoryMiB: 16384},
}

func (r Resources) clone() Resources {
	r.Networks = slices.Clone(r.Networks)
	r.Subnetworks = slices.Clone(r.Subnetworks)
	r.MachineTypes = slices.Clone(r.MachineTypes)
	r.DiskTypes = slices.Clone(r.DiskTypes)
	r.ServiceAccounts = slices.Clone(r.ServiceAccounts)
	return r
}

func (r Resources) network(project, name string) bool {
	return slices.Contains(r.Networks, Network{Name: name, Project: project})
}

func (r Resources) subnetwork(project, region, name string) (Subnetwork, bool) {
	return simkit.Find(r.Subnetworks, func(s Subnetwork) bool { return s.Project == project && s.Region == region && s.Name == name })
}

// host reports whether a project shares a network with this one.
func (r Resources) host(project string) bool {
	return project != "" && slices.ContainsFunc(r.Networks, func(n Network) bool { return n.Project == project })
}

// machineType returns the machine type if it is there in every one of the zones.
func (r Resources) machineType(name string, zones ...string) (MachineType, bool) {
	return simkit.Find(r.MachineTypes, func(m MachineType) bool {
		return m.Name == name && (len(m.Zones) == 0 || !slices.ContainsFunc(zones, func(zone string) bool {
			return !slices.Contains(m.Zones, zone)
		}))
	})
}
