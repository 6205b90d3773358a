// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// Keys of core.Seed.Attr that Put understands: what consoles and other tools make.
const (
	// AttrCIDRs are the networks of the pods and of the Services, with a comma.
	AttrCIDRs = "cidrs"
	// AttrDescription is the description of the cluster, in which older tools keep notes.
	AttrDescription = "description"
	// AttrDisabled lists, with commas, node pools whose scaling group is disabled.
	AttrDisabled = "disabled"
	// AttrPrivate, with any value, opens the private endpoint, AttrPublic the public one.
	AttrPrivate = "private"
	AttrPublic  = "public"
	// AttrRegion is another region.
	AttrRegion = "region"
	// AttrStrays lists, with commas, nodes that belong to no node pool of the list, such
	// as "ins-1a2b3c4d" or the native "np-1a2b3c4d-5e6f7".
	AttrStrays = "strays"
	// AttrTags begins the key of the tags of a node pool, such as "tags:ng1"; they are
	// "key=value" with commas.
	AttrTags = "tags:"
	// AttrType is another ClusterType than MANAGED_CLUSTER.
	AttrType = "type"
)

// Put adds a ready-made cluster, as if it had been made long ago. A VPC that is not given
// is the account's first; subnets and security groups that are not are the account's first
// too. Node pools have the Labels, Taints, Spot and Zones of their seeds. What pmks notes in
// tags is not made: Seed.Tags has it if it is to be there.
func (s *Server) Put(seed core.Seed) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now, attr := s.Now(), seed.Attr
	seed.Attr = nil
	if seed.Network.VpcIID.IsZero() && len(s.resources.VPCs) > 0 {
		seed.Network.VpcIID.SystemId = s.resources.VPCs[0].ID
	}
	live, err := s.world.Put(now, seed)
	if err != nil {
		return err
	}
	pods, services, _ := strings.Cut(attr[AttrCIDRs], ",")
	in := &createClusterRequest{
		ClusterType:         cmp.Or(attr[AttrType], kindManaged),
		ClusterCIDRSettings: &clusterCIDRSettings{ClusterCIDR: cmp.Or(pods, s.freeRange()), ServiceCIDR: services},
		ClusterBasicSettings: &clusterBasicSettings{
			ClusterName: seed.Name, ClusterDescription: attr[AttrDescription], VPCID: cmp.Or(seed.Network.VpcIID.SystemId, seed.Network.VpcIID.NameId),
		},
		ClusterAdvancedSettings: &clusterAdvancedSettings{ContainerRuntime: "containerd", IPVS: true},
	}
	rec := s.newRecord(cmp.Or(attr[AttrRegion], s.region), in)
	rec.strays = names(attr[AttrStrays])
	s.keep(rec, nil, live)
	for i, g := range live.Groups {
		s.seedPool(now, rec, g, seed.Groups[i], seed.Network, attr)
	}
	group, subnet := s.firstOf(seed.Network)
	if attr[AttrPublic] != "" {
		rec.public.securityGroup = group
		s.opened(now, rec, true)
	}
	if attr[AttrPrivate] != "" {
		rec.private.subnet = subnet
		s.opened(now, rec, false)
	}
	return nil
}

// firstOf returns a security group and a subnet of a network, or else of the account.
func (s *Server) firstOf(n pmks.NetworkInfo) (group, subnet string) {
	first := func(iids []pmks.IID) string {
		if len(iids) == 0 {
			return ""
		}
		return iids[0].SystemId
	}
	group, subnet = first(n.SecurityGroupIIDs), first(n.SubnetIIDs)
	if group == "" && len(s.resources.SecurityGroups) > 0 {
		group = s.resources.SecurityGroups[0].ID
	}
	if subnet == "" && len(s.resources.Subnets) > 0 {
		subnet = s.resources.Subnets[0].ID
	}
	return group, subnet
}

// freeRange returns a network that a ready-made cluster gets: they come out of a block
// that nobody else chooses from first.
func (s *Server) freeRange() string {
	n := s.Random.Next()
	return "192.168." + strconv.Itoa(int(n%64)*4) + ".0/22"
}

// names splits a list with commas.
func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// subnetsIn are the subnets of a VPC that are in some zones.
func (s *Server) subnetsIn(vpc string, zones []string) (ids []string) {
	for _, v := range s.resources.Subnets {
		if v.VPC == vpc && slices.Contains(zones, v.Zone) {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

// seedPool keeps what TKE knows of a ready-made node pool.
func (s *Server) seedPool(now time.Time, rec *clusterRecord, g *core.NodeGroup, asked pmks.NodeGroupInfo, network pmks.NetworkInfo, attr map[string]string) {
	group, subnet := s.firstOf(network)
	size, err := strconv.ParseUint(g.Spec.RootDiskSize, 10, 32)
	if err != nil {
		size = 50
	}
	plan := poolPlan{
		scaling: scalingPara{VPCID: rec.vpc, SubnetIDs: []string{subnet}},
		launch: launchPara{
			InstanceType: cmp.Or(g.Spec.VMSpecName, "S5.MEDIUM4"), SecurityGroupIDs: []string{group},
			SystemDisk: &systemDiskRequest{systemDisk: systemDisk{cmp.Or(g.Spec.RootDiskType, "CLOUD_PREMIUM"), size}}, LoginSettings: &loginSettings{},
		},
	}
	for _, iid := range network.SubnetIIDs[min(1, len(network.SubnetIIDs)):] {
		plan.scaling.SubnetIDs = append(plan.scaling.SubnetIDs, iid.SystemId)
	}
	for _, iid := range network.SecurityGroupIIDs[min(1, len(network.SecurityGroupIIDs)):] {
		plan.launch.SecurityGroupIDs = append(plan.launch.SecurityGroupIDs, iid.SystemId)
	}
	if in := s.subnetsIn(rec.vpc, asked.Zones); len(in) > 0 {
		plan.scaling.SubnetIDs = in
	}
	if asked.Spot {
		plan.launch.InstanceChargeType, plan.launch.InstanceMarketOptions = paySpot, &marketOptions{&spotOptions{"0.5", "one-time"}, "spot"}
	}
	plan.launch.InstanceTypes = []string{plan.launch.InstanceType}
	if key := g.Spec.KeyPairIID.SystemId; key != "" {
		plan.launch.LoginSettings.KeyIDs = []string{key}
	}
	in := &createPoolRequest{Name: g.Name, NodePoolOS: cmp.Or(g.Spec.ImageIID.SystemId, g.Spec.ImageIID.NameId)}
	for _, key := range slices.Sorted(maps.Keys(asked.Labels)) {
		in.Labels = append(in.Labels, labelObject{key, new(asked.Labels[key])})
	}
	for _, t := range asked.Taints {
		in.Taints = append(in.Taints, taintObject{t.Key, t.Value, string(t.Effect)})
	}
	for _, pair := range strings.FieldsFunc(attr[AttrTags+g.Name], func(r rune) bool { return r == ',' }) {
		key, value, _ := strings.Cut(pair, "=")
		in.Tags = append(in.Tags, tagObject{key, value})
	}
	known := s.newPool(g.Created, rec, in, plan)
	known.disabled = slices.Contains(names(attr[AttrDisabled]), g.Name)
	s.keepPool(rec, known, g)
	s.adopt(rec, known, now, 0)
	for _, n := range known.nodes {
		n.version = cmp.Or(asked.Version, g.Version, n.version)
	}
}
