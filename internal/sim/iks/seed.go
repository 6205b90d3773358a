// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Keys of core.Seed.Attr that Put understands.
const (
	// AttrRegion is the region of a cluster; without it the Server's.
	AttrRegion = "region"
	// AttrResourceGroup is the id of its resource group; without it the default one.
	AttrResourceGroup = "resourceGroup"
	// AttrType is "kubernetes" or "openshift"; without it the first.
	AttrType = "type"
	// AttrProvider is the provider of a cluster that is not on VPC, such as
	// "satellite" or "classic".
	AttrProvider = "provider"
	// AttrPrivate, with any value, makes a cluster without a public endpoint.
	AttrPrivate = "private"
	// AttrAutoscaler, with any value, makes one with the add-on. A group with
	// autoscaling has it too.
	AttrAutoscaler = "autoscaler"
)

// Put adds a ready-made cluster, as if it had been made long ago. A network that is
// not given is the first VPC with its first subnet; the groups are in the zones of the
// subnets, or in those of their Zones, and so many workers as fit evenly into them. The
// tags are user tags.
func (s *Server) Put(seed core.Seed) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	s.world.Advance(now)
	attr := seed.Attr
	if len(seed.Network.SubnetIIDs) == 0 {
		seed.Network = pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: s.resources.VPCs[0].ID}, SubnetIIDs: []pmks.IID{{SystemId: s.resources.Subnets[0].ID}}}
	}
	vpc, zones, groups, err := s.seedNetwork(seed.Network)
	if err != nil {
		return err
	}
	group := cmp.Or(attr[AttrResourceGroup], s.resources.defaultGroup().ID)
	if _, found := s.resources.group(group); !found {
		return fmt.Errorf("iks: there is no resource group %q", group)
	}
	seed.Attr = nil
	live, err := s.world.Put(now, seed)
	if err != nil {
		return err
	}
	rec := &clusterRecord{
		region: cmp.Or(attr[AttrRegion], s.region), group: group, kind: cmp.Or(attr[AttrType], typeKubernetes), provider: cmp.Or(attr[AttrProvider], providerVPC),
		vpc: vpc, podSubnet: "172.17.0.0/18", serviceSubnet: "172.21.0.0/16", private: attr[AttrPrivate] != "", securityGroups: groups,
	}
	s.keep(rec, live)
	for _, key := range slices.Sorted(maps.Keys(seed.Tags)) {
		s.tags[s.crnOf(rec)] = append(s.tags[s.crnOf(rec)], key+":"+seed.Tags[key])
	}
	var entries []configEntry
	for i, g := range live.Groups {
		p := s.seedPool(rec, g, seed.Groups[i], zones, now)
		if in := seed.Groups[i]; in.OnAutoScaling {
			p.auto = true
			entries = append(entries, configEntry{p.name, max(1, in.MinNodeSize/len(p.zones)), max(1, in.MaxNodeSize/len(p.zones)), true})
		}
	}
	if len(entries) > 0 || attr[AttrAutoscaler] != "" {
		s.seedAutoscaler(rec, entries, now)
	}
	return nil
}

// seedNetwork finds what a ready-made cluster refers to, by id or name.
func (s *Server) seedNetwork(in pmks.NetworkInfo) (vpc string, zones []poolZone, groups []string, err error) {
	is := func(ref pmks.IID, id, name string) bool {
		return ref.SystemId == id || ref.SystemId == "" && ref.NameId == name
	}
	for _, ref := range in.SubnetIIDs {
		n, found := simkit.Find(s.resources.Subnets, func(n Subnet) bool { return is(ref, n.ID, n.Name) })
		if !found {
			return "", nil, nil, fmt.Errorf("iks: there is no subnet %q", ref)
		}
		zones, vpc = append(zones, poolZone{n.Zone, n.ID}), n.VPC
	}
	for _, ref := range in.SecurityGroupIIDs {
		g, found := simkit.Find(s.resources.SecurityGroups, func(g SecurityGroup) bool { return is(ref, g.ID, g.Name) })
		if !found {
			return "", nil, nil, fmt.Errorf("iks: there is no security group %q", ref)
		}
		groups = append(groups, g.ID)
	}
	return vpc, zones, groups, nil
}

// seedPool makes the pool of a ready-made cluster with its workers, which are those
// of the seed if it names them.
func (s *Server) seedPool(rec *clusterRecord, g *core.NodeGroup, in pmks.NodeGroupInfo, zones []poolZone, now time.Time) *poolRecord {
	spec := &poolRequest{Name: g.Name, Flavor: cmp.Or(g.Spec.VMSpecName, "bx2.4x16"), WorkerCount: in.DesiredNodeSize / len(zones)}
	spec.OperatingSystem = cmp.Or(in.ImageIID.SystemId, in.ImageIID.NameId)
	if in.Zones != nil {
		zones = slices.DeleteFunc(slices.Clone(zones), func(z poolZone) bool { return !slices.Contains(in.Zones, z.id) })
		spec.WorkerCount = in.DesiredNodeSize / max(1, len(zones))
	}
	for _, z := range zones {
		spec.Zones = append(spec.Zones, zoneRequest{ID: z.id, SubnetID: z.subnet})
	}
	spec.Labels = maps.Clone(in.Labels)
	if in.MinNodeSize > 0 || in.MaxNodeSize > 0 {
		if spec.Labels == nil {
			spec.Labels = map[string]string{}
		}
		spec.Labels["pmks.io/min"], spec.Labels["pmks.io/max"] = fmt.Sprint(in.MinNodeSize), fmt.Sprint(in.MaxNodeSize)
	}
	p := s.newPool(rec, g.ID, g.Name, spec)
	p.created = g.Created
	for _, t := range in.Taints {
		if p.taints == nil {
			p.taints = map[string]string{}
		}
		p.taints[t.Key] = t.Value + ":" + string(t.Effect)
	}
	ready := g.Created
	if g.State == profile.Creating {
		ready = time.Time{}
	}
	count := spec.WorkerCount * len(zones)
	if in.Nodes != nil {
		count = len(in.Nodes)
	}
	for i := range count {
		w := s.newWorker(rec, p, zones[i%len(zones)], g.Created, now, ready)
		w.version = fixPack(cmp.Or(in.Version, rec.live.Version), true)
		if in.Nodes != nil {
			w.id = cmp.Or(in.Nodes[i].SystemId, w.id)
		}
		if g.State == profile.Deleting || rec.live.State == profile.Deleting {
			w.leaving = now
		}
	}
	return p
}

// seedAutoscaler installs the add-on with these entries in its ConfigMap.
func (s *Server) seedAutoscaler(rec *clusterRecord, entries []configEntry, now time.Time) {
	offer, found := simkit.Find(s.resources.Addons, func(a Addon) bool { return a.Name == autoscaler && a.supports(rec.live.Version) })
	if !found {
		offer, _ = simkit.Find(s.resources.Addons, func(a Addon) bool { return a.Name == autoscaler })
	}
	rec.addons = append(rec.addons, &addonRecord{name: autoscaler, version: offer.Version, ready: rec.live.Created})
	rec.config = s.newConfigMap(now)
	if len(entries) > 0 {
		text, _ := json.Marshal(entries) // texts and numbers only
		rec.config.Data[configKey] = string(text)
	}
}
