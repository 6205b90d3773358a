// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// Keys of core.Seed.Attr that Put understands: what consoles and other tools make.
const (
	// AttrAddons lists, with commas, the names of add-ons beside the usual ones, or
	// name:version of any.
	AttrAddons = "addons"
	// AttrCIDRs are the networks of the pods and of the Services, with a comma.
	AttrCIDRs = "cidrs"
	// AttrDefaultPool names the node pool that is the default one.
	AttrDefaultPool = "defaultPool"
	// AttrImageOnly lists, with commas, node pools that have an image_id and no
	// image_type, as older ones.
	AttrImageOnly = "imageOnly"
	// AttrInitVersion is the version that the cluster began with.
	AttrInitVersion = "initVersion"
	// AttrPrivate, with any value, makes a cluster without a public endpoint.
	AttrPrivate = "private"
	// AttrProfile is another profile than Default, such as "Serverless"; AttrNoProfile,
	// with any value, none at all.
	AttrProfile   = "profile"
	AttrNoProfile = "noProfile"
	// AttrProtectedServices lists, with commas, Services that are protected.
	AttrProtectedServices = "protectedServices"
	// AttrRegion is another region.
	AttrRegion = "region"
	// AttrSpec is another cluster_spec than ack.pro.small.
	AttrSpec = "spec"
	// AttrTags begins the key of the tags of a node pool, such as "tags:ng1"; they are
	// "key=value" with commas.
	AttrTags = "tags:"
	// AttrType is another cluster_type than ManagedKubernetes.
	AttrType = "type"
	// AttrUnsized lists, with commas, node pools without desired_size, as those of
	// attached machines.
	AttrUnsized = "unsized"
)

// Put adds a ready-made cluster, as if it had been made long ago. A VPC that is not given
// is the account's first, and vSwitches that are not are all of the VPC. Node pools have
// the Labels, Taints, Spot and Zones of their seeds.
func (s *Server) Put(seed core.Seed) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now, attr := s.Now(), seed.Attr
	seed.Attr = nil
	s.seedNetwork(&seed)
	live, err := s.world.Put(now, seed)
	if err != nil {
		return err
	}
	in := seedRequest(seed, attr, s.freeRange)
	in.RegionID = cmp.Or(attr[AttrRegion], s.region)
	rec := s.newRecord(&in, cmp.Or(attr[AttrInitVersion], live.Version))
	if attr[AttrNoProfile] != "" {
		rec.profile = ""
	}
	s.keep(now, rec, live)
	for _, name := range names(attr[AttrProtectedServices]) {
		rec.protectedResources = append(rec.protectedResources, protectedResource{name, "default", "services", true})
	}
	for i, g := range live.Groups {
		s.seedPool(now, rec, g, seed.Groups[i], attr)
	}
	return nil
}

// seedNetwork fills in what a seed leaves open. A cluster always has a vSwitch, if only
// one that is gone.
func (s *Server) seedNetwork(seed *core.Seed) {
	if seed.Network.VpcIID.IsZero() && len(s.resources.VPCs) > 0 {
		seed.Network.VpcIID.SystemId = s.resources.VPCs[0].ID
	}
	if len(seed.Network.SubnetIIDs) > 0 {
		return
	}
	for _, v := range s.resources.VSwitches {
		if v.VPC == seed.Network.VpcIID.SystemId {
			seed.Network.SubnetIIDs = append(seed.Network.SubnetIIDs, pmks.IID{SystemId: v.ID})
		}
	}
	if len(seed.Network.SubnetIIDs) == 0 {
		seed.Network.SubnetIIDs = []pmks.IID{{SystemId: "vsw-gone"}}
	}
}

// seedRequest is the request that a ready-made cluster could have come from.
func seedRequest(seed core.Seed, attr map[string]string, free func() string) createClusterRequest {
	in := createClusterRequest{
		Name: seed.Name, ClusterType: cmp.Or(attr[AttrType], kindManaged), Profile: attr[AttrProfile], ClusterSpec: cmp.Or(attr[AttrSpec], "ack.pro.small"),
		VPCID: seed.Network.VpcIID.SystemId, VSwitchIDs: systemIDs(seed.Network.SubnetIIDs), EndpointPublicAccess: attr[AttrPrivate] == "",
	}
	if groups := systemIDs(seed.Network.SecurityGroupIIDs); len(groups) > 0 {
		in.SecurityGroupID = groups[0]
	}
	pods, services, _ := strings.Cut(attr[AttrCIDRs], ",")
	in.ContainerCIDR, in.ServiceCIDR = cmp.Or(pods, free()), cmp.Or(services, free())
	for _, name := range names(attr[AttrAddons]) {
		name, version, _ := strings.Cut(name, ":")
		in.Addons = append(in.Addons, addonRequest{Name: name, Version: version})
	}
	return in
}

// freeRange returns a network that a ready-made cluster gets: they come out of a block
// that nobody else chooses from first.
func (s *Server) freeRange() string {
	n := s.Random.Next()
	return "10." + strconv.Itoa(int(64+n/256%64)) + "." + strconv.Itoa(int(n%256)) + ".0/24"
}

// names splits a list with commas.
func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

func systemIDs(iids []pmks.IID) []string {
	ids := []string{}
	for _, iid := range iids {
		ids = append(ids, cmp.Or(iid.SystemId, iid.NameId))
	}
	return ids
}

// seedPool keeps what ACK knows of a ready-made node pool.
func (s *Server) seedPool(now time.Time, rec *clusterRecord, g *core.NodeGroup, asked pmks.NodeGroupInfo, attr map[string]string) {
	listed := func(key string) bool { return slices.Contains(names(attr[key]), g.Name) }
	spec := scalingGroupObject{
		VSwitchIDs: rec.vswitches, InstanceTypes: []string{cmp.Or(g.Spec.VMSpecName, "ecs.g7.large")},
		SystemDiskCategory: cmp.Or(g.Spec.RootDiskType, "cloud_essd"), SystemDiskSize: 120, KeyPair: g.Spec.KeyPairIID.NameId,
		SecurityGroupID: rec.securityGroup, SecurityGroupIDs: []string{rec.securityGroup},
		ImageType: cmp.Or(g.Spec.ImageIID.SystemId, imageDefault), MultiAZPolicy: "PRIORITY", InstanceChargeType: "PostPaid", SpotStrategy: "NoSpot",
	}
	if spec.KeyPair == "" && len(s.resources.KeyPairs) > 0 {
		spec.KeyPair = s.resources.KeyPairs[0] // no pool could have been made without
	}
	if n, err := strconv.Atoi(g.Spec.RootDiskSize); err == nil {
		spec.SystemDiskSize = n
	}
	if listed(AttrImageOnly) {
		spec.ImageType, spec.ImageID, spec.Platform = "", s.resources.Images[0], "AliyunLinux"
	}
	for _, pair := range strings.FieldsFunc(attr[AttrTags+g.Name], func(r rune) bool { return r == ',' }) {
		key, value, _ := strings.Cut(pair, "=")
		spec.Tags = append(spec.Tags, tagObject{key, value})
	}
	if asked.Spot {
		spec.SpotStrategy = spotUncapped
	}
	if len(asked.Zones) > 0 {
		spec.VSwitchIDs = slices.DeleteFunc(slices.Clone(spec.VSwitchIDs), func(id string) bool {
			v, _ := s.resources.vswitch(id)
			return !slices.Contains(asked.Zones, v.Zone)
		})
	}
	known := s.newPool(&createPoolRequest{
		NodepoolInfo: &poolInfoRequest{Name: g.Name}, KubernetesConfig: &kubernetesConfigRequest{Labels: shownTags(asked.Labels), Taints: seedTaints(asked.Taints)},
	}, poolPlan{spec: spec, unsized: listed(AttrUnsized)})
	known.isDefault = attr[AttrDefaultPool] == g.Name
	if asked.OnAutoScaling {
		known.autoKind = spec.scalingType()
	}
	s.keepPool(now, rec, known, g)
	s.adopt(rec, known, g.Created)
}

func seedTaints(taints []pmks.Taint) []taintObject {
	list := []taintObject{}
	for _, t := range taints {
		list = append(list, taintObject{t.Key, t.Value, string(t.Effect)})
	}
	return list
}
