// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"cmp"

	"github.com/pmks-go/pmks"
)

// sample holds what a request on one cloud refers to. The ids look like the
// vendor's; nothing behind them is real.
type sample struct {
	vpc            pmks.IID
	subnets        []pmks.IID
	securityGroups []pmks.IID
	tags           []pmks.KeyValue
	group          pmks.NodeGroupInfo
}

// SampleRequest returns a full and valid request for a cluster of that name: the
// default version, network, tags where the cloud keeps any, and one node group.
//
// The group is there on Type-I clouds too, as Provision takes it; CreateCluster
// does not, so its callers move NodeGroupList to AddNodeGroup.
func (p *Profile) SampleRequest(name string) pmks.ClusterInfo {
	s := p.sample()
	req := pmks.ClusterInfo{
		IId:     pmks.IID{NameId: name},
		Version: p.Default(),
		Network: pmks.NetworkInfo{VpcIID: s.vpc, SubnetIIDs: s.subnets, SecurityGroupIIDs: s.securityGroups},
		TagList: s.tags,
		NodeGroupList: []pmks.NodeGroupInfo{
			p.SampleNodeGroup(cmp.Or(p.Caps.GroupsAtCreate.FixedFirstName, "ng1")),
		},
	}
	return req.Clone()
}

// SampleNodeGroup returns a full and valid request for a node group of that name:
// two nodes, autoscaling off, bounds of one and three.
func (p *Profile) SampleNodeGroup(name string) pmks.NodeGroupInfo {
	g := p.sample().group.Clone()
	g.IId = pmks.IID{NameId: name}
	g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = 2, 1, 3
	return g
}

// sample returns the sample of the cloud; a profile under a name of its own gets
// the neutral one.
func (p *Profile) sample() sample {
	if s, ok := samples[p.Name]; ok {
		return s
	}
	return samples["neutral"]
}

// Parts of the ids of Azure, which are paths.
const (
	azureGroup = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/pmks/providers/"
	azureVNet  = azureGroup + "Microsoft.Network/virtualNetworks/vpc-01"
)

// same returns an IID whose halves are equal, for things whose name is their id.
func same(name string) pmks.IID { return pmks.IID{NameId: name, SystemId: name} }

// samples is shared by all callers, who get copies.
var samples = map[string]sample{
	"aws": {
		vpc: pmks.IID{NameId: "vpc-01", SystemId: "vpc-0c23a1f5b6d7e8f90"},
		subnets: []pmks.IID{
			{NameId: "subnet-01", SystemId: "subnet-0262eaaf31f1a2b3c"},
			{NameId: "subnet-02", SystemId: "subnet-0e2d7c11a8f4d5e6f"},
		},
		securityGroups: []pmks.IID{{NameId: "sg-01", SystemId: "sg-0dc1a2b3c4d5e6f70"}},
		tags:           []pmks.KeyValue{{Key: "env", Value: "test"}},
		group: pmks.NodeGroupInfo{
			ImageIID:     same("AL2023_x86_64_STANDARD"),
			VMSpecName:   "t3.medium",
			RootDiskType: "gp3",
			RootDiskSize: "50",
			KeyPairIID:   same("keypair-01"), // EKS wants the name of a key pair
		},
	},
	"azure": {
		vpc:     pmks.IID{NameId: "vpc-01", SystemId: azureVNet},
		subnets: []pmks.IID{{NameId: "subnet-01", SystemId: azureVNet + "/subnets/subnet-01"}},
		securityGroups: []pmks.IID{
			{NameId: "sg-01", SystemId: azureGroup + "Microsoft.Network/networkSecurityGroups/sg-01"},
		},
		tags: []pmks.KeyValue{{Key: "env", Value: "test"}},
		group: pmks.NodeGroupInfo{
			ImageIID:     same("Ubuntu"),
			VMSpecName:   "Standard_D4s_v5",
			RootDiskType: "Managed",
			RootDiskSize: "128",
			KeyPairIID: pmks.IID{
				NameId:   "keypair-01",
				SystemId: azureGroup + "Microsoft.Compute/sshPublicKeys/keypair-01",
			},
		},
	},
	"gcp": {
		vpc: pmks.IID{NameId: "vpc-01", SystemId: "projects/pmks-sim/global/networks/vpc-01"},
		subnets: []pmks.IID{{
			NameId:   "subnet-01",
			SystemId: "projects/pmks-sim/regions/asia-northeast3/subnetworks/subnet-01",
		}},
		securityGroups: []pmks.IID{same("sg-01")}, // a network tag
		tags:           []pmks.KeyValue{{Key: "env", Value: "test"}},
		group: pmks.NodeGroupInfo{
			ImageIID:     same("COS_CONTAINERD"),
			VMSpecName:   "e2-standard-4",
			RootDiskType: "pd-balanced",
			RootDiskSize: "100",
			KeyPairIID:   same("keypair-01"),
		},
	},
	"alibaba": {
		vpc: pmks.IID{NameId: "vpc-01", SystemId: "vpc-6wei16122acvqlzn7e2pf"},
		subnets: []pmks.IID{
			{NameId: "subnet-01", SystemId: "vsw-6we4f5g6h7j8k9l0m1n2p"},
			{NameId: "subnet-02", SystemId: "vsw-6weq3r4s5t6u7v8w9x0yz"},
		},
		securityGroups: []pmks.IID{{NameId: "sg-01", SystemId: "sg-6wedru9hgb75ijhg68g9"}},
		tags:           []pmks.KeyValue{{Key: "env", Value: "test"}},
		group: pmks.NodeGroupInfo{
			ImageIID:     same("AliyunLinux3ContainerOptimized"),
			VMSpecName:   "ecs.g7.large",
			RootDiskType: "cloud_essd",
			RootDiskSize: "120",
			KeyPairIID:   same("keypair-01"),
		},
	},
	"tencent": {
		vpc:            pmks.IID{NameId: "vpc-01", SystemId: "vpc-q1c6fr9e"},
		subnets:        []pmks.IID{{NameId: "subnet-01", SystemId: "subnet-rl79gxhv"}},
		securityGroups: []pmks.IID{{NameId: "sg-01", SystemId: "sg-46eef229"}},
		tags:           []pmks.KeyValue{{Key: "env", Value: "test"}},
		group: pmks.NodeGroupInfo{
			ImageIID:     same("tlinux3.1x86_64"),
			VMSpecName:   "S5.MEDIUM4",
			RootDiskType: "CLOUD_PREMIUM",
			RootDiskSize: "50",
			KeyPairIID:   pmks.IID{NameId: "keypair-01", SystemId: "skey-3a5n7k1p"},
		},
	},
	"nhn": {
		vpc:            pmks.IID{NameId: "vpc-01", SystemId: "4e7b1a0c-2d35-4c8f-9b6a-1f0d3c5e7a92"},
		subnets:        []pmks.IID{{NameId: "subnet-01", SystemId: "b83863ff-0355-4c73-8c10-0bdf66a69aab"}},
		securityGroups: []pmks.IID{{NameId: "sg-01", SystemId: "0a1c5f72-6d2e-4b1b-8a0f-5c9d7e3b4f61"}},
		group: pmks.NodeGroupInfo{
			ImageIID:     pmks.IID{NameId: "Ubuntu Server 22.04.5 LTS", SystemId: "3d7b6c1e-9a54-4f2c-8e01-7b2d5a9c6f43"},
			VMSpecName:   "m2.c4m8",
			RootDiskType: "General SSD",
			RootDiskSize: "50",
			KeyPairIID:   same("keypair-01"),
		},
	},
	"ibm": {
		vpc:            pmks.IID{NameId: "vpc-01", SystemId: "r006-5a3d2c1b-7e8f-4a90-b1c2-d3e4f5a6b7c8"},
		subnets:        []pmks.IID{{NameId: "subnet-01", SystemId: "0717-1b2c3d4e-5f60-4718-92a3-b4c5d6e7f809"}},
		securityGroups: []pmks.IID{{NameId: "sg-01", SystemId: "r006-9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a"}},
		tags:           []pmks.KeyValue{{Key: "env", Value: "test"}},
		group: pmks.NodeGroupInfo{
			ImageIID:   same("UBUNTU_24_64"),
			VMSpecName: "bx2.4x16",
		},
	},
	"neutral": {
		vpc:            pmks.IID{NameId: "vpc-01", SystemId: "vpc-3f9a5c1e7b2d4860"},
		subnets:        []pmks.IID{{NameId: "subnet-01", SystemId: "subnet-8d2c4b6a1f3e5790"}},
		securityGroups: []pmks.IID{{NameId: "sg-01", SystemId: "sg-5e1d3c7b9a2f4680"}},
		tags:           []pmks.KeyValue{{Key: "env", Value: "test"}},
		group: pmks.NodeGroupInfo{
			ImageIID:     same("ubuntu-24.04"),
			VMSpecName:   "standard-4",
			RootDiskType: "ssd",
			RootDiskSize: "50",
			KeyPairIID:   same("keypair-01"),
		},
	},
}
