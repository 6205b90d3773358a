// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Seed is a ready-made cluster as NHN's console or another tool may have made it: what
// pmks itself cannot ask for included.
type Seed struct {
	core.Seed
	// Project is the id of its project; empty means the first. UserID is who made it;
	// empty means DefaultUserID.
	Project, UserID string
	// Labels are set on the cluster, and GroupLabels on groups by their name; nil takes
	// one away. NoLabels: there are none at all, as of old clusters.
	Labels      map[string]any
	GroupLabels map[string]map[string]any
	NoLabels    bool
	// Addons are what is installed, as versions by name.
	Addons map[string]string
	// ACL are the ranges that the API endpoint allows, or denies if Denied is true; nil:
	// there is no access list.
	ACL    []string
	Denied bool
	// Stopped is how many nodes of a group are stopped, and Metrics lists groups with
	// the autoscaler by metrics.
	Stopped map[string]int
	Metrics []string
}

// Put adds a ready-made cluster, as if it had been made long ago. A network that is not
// given is that of the profile's sample request. A cluster without groups gets
// default-worker with one node.
func (s *Server) Put(seed core.Seed) error { return s.PutCluster(Seed{Seed: seed}) }

// PutCluster is Put for a cluster of any kind. The quotas and the rules for names do
// not hold for it.
func (s *Server) PutCluster(seed Seed) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	p, ok := s.projects[cmp.Or(seed.Project, s.order[0])]
	if !ok {
		return fmt.Errorf("nks: there is no project %q", seed.Project)
	}
	if len(seed.Groups) == 0 {
		seed.Groups = []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: defaultWorker}, DesiredNodeSize: 1}}
	}
	seed.Version = s.seedVersion(seed.Version)
	seed.Groups = slices.Clone(seed.Groups)
	for i := range seed.Groups {
		seed.Groups[i].Version = s.seedVersion(cmp.Or(seed.Groups[i].Version, seed.Version))
	}
	now, failed := s.Now(), ""
	if state := seed.State; state == profile.UpdateFailed || state == profile.Degraded || state == profile.Stopped {
		seed.State, failed = profile.Active, cmp.Or(seed.Reason, noReason)
	}
	live, err := p.world.Put(now, seed.Seed)
	if err != nil {
		return err
	}
	request := s.seedRequest(p, seed)
	l := labels(request.Labels)
	rec := s.newRecord(p, request, l)
	rec.live, rec.userID, rec.failed = live, cmp.Or(seed.UserID, DefaultUserID), failed
	for _, name := range sortedKeys(seed.Addons) {
		rec.request.Addons = append(rec.request.Addons, addonRequest{Name: name, Version: seed.Addons[name]})
	}
	rec.acl = seed.acl()
	p.clusters[live.ID] = rec
	for i, g := range live.Groups {
		info := seed.Groups[i]
		plan := s.seedGroup(p, rec, info)
		own := s.newGroup(plan)
		own.reason = "Stack CREATE completed successfully"
		own.stopped, own.mba = seed.Stopped[g.Name], slices.Contains(seed.Metrics, g.Name)
		setLabels(own.labels, seed.GroupLabels[g.Name])
		if seed.NoLabels {
			own.labels = nil
		}
		rec.groups[g.ID] = own
		if i == 0 {
			rec.request.FlavorID = plan.flavor
		}
	}
	if setLabels(rec.labels, seed.Labels); seed.NoLabels {
		rec.labels = nil
	}
	return nil
}

// acl is the access list of a ready-made cluster.
func (seed Seed) acl() acl {
	if len(seed.ACL) == 0 {
		return acl{}
	}
	out := acl{action: "ALLOW"}
	if seed.Denied {
		out.action = "DENY"
	}
	for _, text := range seed.ACL {
		out.targets = append(out.targets, aclTarget{Address: text})
	}
	return out
}

func setLabels(l map[string]any, given map[string]any) {
	maps.Copy(l, given)
	maps.DeleteFunc(l, func(_ string, value any) bool { return value == nil })
}

// seedVersion is a version as NKS has it: with a v, and with a patch where there is
// one.
func (s *Server) seedVersion(version string) string {
	if version == "" || strings.EqualFold(version, "default") {
		return s.profile.Default()
	}
	version = "v" + strings.TrimPrefix(version, "v")
	for _, offered := range s.profile.Offer {
		if strings.HasPrefix(offered.Name, version+".") {
			return offered.Name
		}
	}
	return version
}

// seedRequest is the request that a ready-made cluster could have come from.
func (s *Server) seedRequest(p *project, seed Seed) clusterRequest {
	sample := s.profile.SampleRequest(seed.Name)
	vpc := refOf(seed.Network.VpcIID, p.resources.VPCs, func(v VPC) (string, string) { return v.ID, v.Name }, sample.Network.VpcIID.SystemId)
	subnets := []string{}
	for _, ref := range seed.Network.SubnetIIDs {
		subnets = append(subnets, refOf(ref, p.resources.Subnets, func(x Subnet) (string, string) { return x.ID, x.Name }, ""))
	}
	if len(subnets) == 0 {
		subnets = []string{sample.Network.SubnetIIDs[0].SystemId}
	}
	l := labels{
		"cert_manager_api": "True", "kube_tag": seed.Version, "master_lb_floating_ip_enabled": "True", "external_network_id": ExternalNetwork,
		"external_subnet_id_list": "59ddc195-76b1-431d-9693-f09880747dc6", "service_cluster_ip_range": defaultServiceRange,
		"pods_network_cidr": defaultPodRange, "pods_network_subnet": itoa(defaultPodSubnet),
	}
	if len(subnets) > 1 {
		l["additional_subnet_id_list"] = strings.Join(subnets[1:], ":")
		l["additional_network_id_list"] = strings.Join(slices.Repeat([]string{vpc}, len(subnets)-1), ":")
	}
	var ids []string
	for _, ref := range seed.Network.SecurityGroupIIDs {
		ids = append(ids, refOf(ref, p.resources.SecurityGroups, func(x SecurityGroup) (string, string) { return x.ID, x.Name }, ""))
	}
	if len(ids) > 0 {
		l["extra_security_groups"] = []any{map[string]any{"target_subnet": subnets[0], "security_group_ids": strings.Join(ids, ",")}}
	}
	first := s.seedGroup(p, &clusterRecord{project: p}, seed.Groups[0])
	for key, value := range first.labels {
		l[key] = value
	}
	l["node_image"] = first.image
	key := seed.Groups[0].KeyPairIID
	return clusterRequest{
		Name: seed.Name, Keypair: cmp.Or(key.NameId, key.SystemId, sample.NodeGroupList[0].KeyPairIID.NameId), FlavorID: first.flavor,
		FixedNetwork: vpc, FixedSubnet: subnets[0], Labels: l,
	}
}

// refOf is the id of a reference, or otherwise.
func refOf[T any](ref pmks.IID, list []T, of func(T) (id, name string), otherwise string) string {
	if ref.SystemId != "" {
		return ref.SystemId
	}
	for _, x := range list {
		if id, name := of(x); name == ref.NameId {
			return id
		}
	}
	return cmp.Or(otherwise, ref.NameId)
}

// seedGroup is the plan that a ready-made group could have come from.
func (s *Server) seedGroup(p *project, rec *clusterRecord, info pmks.NodeGroupInfo) groupPlan {
	sample := s.profile.SampleNodeGroup("x")
	plan := groupPlan{
		name: info.IId.NameId, count: info.DesiredNodeSize,
		flavor: refOf(pmks.IID{NameId: cmp.Or(info.VMSpecName, sample.VMSpecName)}, p.resources.Flavors, func(f Flavor) (string, string) { return f.ID, f.Name }, ""),
		image: refOf(pmks.IID{NameId: cmp.Or(info.ImageIID.NameId, sample.ImageIID.NameId), SystemId: cmp.Or(info.ImageIID.SystemId, sample.ImageIID.SystemId)},
			p.resources.Images, func(i Image) (string, string) { return i.ID, i.Name }, ""),
		auto: defaultAutoscale(s.profile.Limits.NodesPerGroup),
	}
	plan.auto.Enable = info.OnAutoScaling
	if info.MaxNodeSize > 0 {
		plan.auto.Min, plan.auto.Max = info.MinNodeSize, info.MaxNodeSize
	}
	zone := ""
	if len(p.resources.Zones) > 0 {
		zone = p.resources.Zones[0]
	}
	plan.labels = labels{
		"availability_zone": zone, "boot_volume_type": cmp.Or(info.RootDiskType, sample.RootDiskType), "boot_volume_size": cmp.Or(info.RootDiskSize, sample.RootDiskSize),
		"ca_enable": truthText(info.OnAutoScaling),
	}
	for _, key := range []string{"additional_subnet_id_list", "additional_network_id_list", "extra_security_groups"} {
		if value, there := rec.labels[key]; there {
			plan.labels[key] = value
		}
	}
	return plan
}
