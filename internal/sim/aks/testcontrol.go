// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Keys of core.Seed.Attr that Put understands.
const (
	// AttrResourceGroup names the resource group, which must exist; without it,
	// DefaultResourceGroup.
	AttrResourceGroup = "resourceGroup"
	// AttrEntra, with any value, makes a cluster that takes tokens of Entra.
	AttrEntra = "entra"
	// AttrNoLocalAccounts, with any value, makes one without local accounts.
	AttrNoLocalAccounts = "noLocalAccounts"
	// AttrPrivate, with any value, makes one with a private API server.
	AttrPrivate = "private"
	// AttrDeprecatedUse, with any value, makes one in which something has used an API
	// that later versions do not have: it is not upgraded unless it is forced.
	AttrDeprecatedUse = "deprecatedUse"
	// AttrRanges lists, with commas, the ranges of addresses that may reach the API
	// server.
	AttrRanges = "ranges"
	// AttrStopped, with any value, makes a stopped one.
	AttrStopped = "stopped"
	// AttrAutomatic, with any value, makes one of the SKU Automatic: node
	// provisioning, Entra, no local accounts.
	AttrAutomatic = "automatic"
	// AttrPrincipal makes one that runs as a service principal and not under an
	// identity; the value is the client id.
	AttrPrincipal = "principal"
	// AttrUserPools lists, with commas, the pools of mode User; the others are of
	// mode System.
	AttrUserPools = "userPools"
	// AttrSpotPools, AttrWindowsPools and AttrMachinesPools list pools of spot
	// machines, of Windows, and of the type VirtualMachines, which has no scale set.
	// The first two are of mode User.
	AttrSpotPools     = "spotPools"
	AttrWindowsPools  = "windowsPools"
	AttrMachinesPools = "machinesPools"
	// AttrSnapshotPools lists pools that were made from a snapshot and show it as
	// their creationData.
	AttrSnapshotPools = "snapshotPools"
)

// Put adds a ready-made cluster, as if it had been made long ago. AKS has no
// cluster without an agent pool, so a seed without groups gets "nodepool1" with
// one node. Pools are in the subnet of the seed, or else in the first one there
// is. Labels, taints, spot and zones are those of the groups of the seed.
func (s *Server) Put(seed core.Seed) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	s.advance(now)
	attr, name, group := seed.Attr, seed.Name, DefaultResourceGroup
	if attr[AttrResourceGroup] != "" {
		group = attr[AttrResourceGroup]
	}
	if _, found := s.resources.group(group); !found {
		return fmt.Errorf("aks: there is no resource group %q", group)
	}
	if name == "" {
		return fmt.Errorf("aks: the seed has no name")
	}
	if len(seed.Groups) == 0 {
		seed.Groups = []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "nodepool1"}, DesiredNodeSize: 1}}
	}
	seed.Version = s.resolveVersion(seed.Version)
	for _, g := range seed.Groups {
		if !poolNamePattern.MatchString(g.IId.NameId) {
			return fmt.Errorf("aks: %q is not the name of an agent pool", g.IId.NameId)
		}
	}
	seed.Groups = withoutIDs(seed.Groups)
	uid := s.Random.UUID()
	seed.Name, seed.Attr = keyOf(group, name), map[string]string{attrUID: uid}
	live, err := s.world.Put(now, seed)
	if err != nil {
		return err
	}
	in := &clusterObject{
		SKU:      &skuObject{"Base", "Free"},
		Identity: &identityObject{Type: "SystemAssigned", PrincipalID: s.Random.UUID(), TenantID: s.tenant},
		Properties: &clusterProperties{
			DNSPrefix: new(dnsPrefix(name)), EnableRBAC: new(true), SupportPlan: new(planOfficial),
			NetworkProfile: &networkProfile{
				NetworkPlugin: "azure", NetworkPluginMode: overlay, LoadBalancerSKU: "standard", OutboundType: "loadBalancer",
				PodCIDR: "10.244.0.0/16", ServiceCIDR: "172.16.0.0/16", DNSServiceIP: "172.16.0.10",
			},
		},
	}
	s.applyAttr(in, attr)
	rec := s.newRecord(uid, s.groupName(group), name, in)
	rec.live, rec.requested = live, live.Version
	rec.deprecatedUse = attr[AttrDeprecatedUse] != ""
	s.clusters[uid], s.latest[rec.key] = rec, rec
	for i, g := range live.Groups {
		p := s.seededPool(g, modeSystem, seed.Network)
		if listed(attr[AttrUserPools], g.Name) && i > 0 {
			p.Mode = new(modeUser)
		}
		s.applyPoolAttr(g, &p, attr)
		s.newPool(rec, g.Name, p).requested = g.Version
	}
	s.touch(rec)
	if attr[AttrStopped] != "" {
		_, err = s.world.Apply(now, core.Force{ClusterID: live.ID, State: profile.Stopped, Reason: reasonStopped}, core.Outcome{})
	}
	return err
}

// listed reports whether a list with commas has a name.
func listed(list, name string) bool { return strings.Contains(","+list+",", ","+name+",") }

// applyPoolAttr makes a pool of one of the kinds that attributes list.
func (s *Server) applyPoolAttr(g *core.NodeGroup, p *poolProperties, attr map[string]string) {
	p.NodeLabels, p.AvailabilityZones = maps.Clone(g.Spec.Labels), slices.Clone(g.Spec.Zones)
	for _, t := range g.Spec.Taints {
		p.NodeTaints = append(p.NodeTaints, t.Key+"="+t.Value+":"+string(t.Effect))
	}
	if g.Spec.Spot || listed(attr[AttrSpotPools], g.Name) {
		p.Mode, p.ScaleSetPriority = new(modeUser), new(prioritySpot)
	}
	if listed(attr[AttrWindowsPools], g.Name) {
		p.Mode, p.OSType, p.OSSKU = new(modeUser), new(osWindows), nil
	}
	if listed(attr[AttrMachinesPools], g.Name) {
		p.Type = new(typeMachines)
		p.VirtualMachinesProfile = &machinesProfile{machinesScale{Manual: []machineCount{{*p.VMSize, int32(g.Desired)}}}}
		p.VMSize = nil
	}
	// What a seed asks for is possible, or the test sees that it is not.
	_ = s.planKind(g.Name, p)
	if listed(attr[AttrSnapshotPools], g.Name) {
		p.CreationData = &creationData{s.idOf(DefaultResourceGroup, "Microsoft.ContainerService/snapshots", "snapshot-01")}
	}
}

// withoutIDs drops ids that Azure makes of names.
func withoutIDs(groups []pmks.NodeGroupInfo) []pmks.NodeGroupInfo {
	list := make([]pmks.NodeGroupInfo, len(groups))
	for i, g := range groups {
		list[i] = g.Clone()
		list[i].IId.SystemId = ""
	}
	return list
}

func (s *Server) applyAttr(in *clusterObject, attr map[string]string) {
	p := in.Properties
	if attr[AttrAutomatic] != "" {
		s.automatic(in)
	}
	if attr[AttrPrincipal] != "" {
		in.Identity, p.ServicePrincipalProfile = nil, &principalProfile{ClientID: attr[AttrPrincipal]}
	}
	if attr[AttrWindowsPools] != "" {
		p.WindowsProfile = &windowsProfile{AdminUsername: "azureuser"}
	}
	if attr[AttrEntra] != "" {
		p.AADProfile = &aadProfile{Managed: true, TenantID: s.tenant}
	}
	if attr[AttrNoLocalAccounts] != "" {
		p.DisableLocalAccounts = new(true)
	}
	if attr[AttrRanges] != "" {
		p.APIServerAccessProfile = &apiAccess{AuthorizedIPRanges: strings.Split(attr[AttrRanges], ",")}
	}
	if attr[AttrPrivate] != "" {
		p.APIServerAccessProfile = &apiAccess{EnablePrivateCluster: true, EnablePrivateClusterPublicFQDN: new(false)}
	}
}

// dnsPrefix makes a prefix of a name.
func dnsPrefix(name string) string {
	clean := strings.Trim(strings.ReplaceAll(name, "_", "-"), "-")
	return strings.TrimRight(clean[:min(len(clean), 54)], "-")
}

// seededPool is a pool that was made long ago.
func (s *Server) seededPool(g *core.NodeGroup, mode string, network pmks.NetworkInfo) poolProperties {
	size, _ := strconv.Atoi(g.Spec.RootDiskSize)
	if size == 0 {
		size = 128
	}
	image, disk := g.Spec.ImageIID.NameId, g.Spec.RootDiskType
	if kver.IsDefault(image) {
		image = "Ubuntu"
	}
	if kver.IsDefault(disk) {
		disk = diskManaged
	}
	subnet := ""
	if len(network.SubnetIIDs) > 0 {
		subnet = network.SubnetIIDs[0].SystemId
	} else if len(s.resources.VirtualNetworks) > 0 && len(s.resources.VirtualNetworks[0].Subnets) > 0 {
		v := s.resources.VirtualNetworks[0]
		subnet = s.idOf(v.ResourceGroup, kindVNet+"/subnets", v.Name, v.Subnets[0].Name)
	}
	p := poolProperties{
		VMSize: new(cmp.Or(g.Spec.VMSpecName, "Standard_D4s_v5")), OSDiskSizeGB: new(int32(size)), OSDiskType: &disk, OSSKU: &image,
		OSType: new("Linux"), MaxPods: new(int32(110)), Type: new("VirtualMachineScaleSets"), Mode: &mode,
		EnableNodePublicIP: new(false), EnableFIPS: new(false), KubeletDiskType: new("OS"), ScaleDownMode: new("Delete"),
	}
	if subnet != "" {
		p.VnetSubnetID = &subnet
	}
	return p
}

// named finds a cluster for the control of a test: "name" or "group/name".
func (s *Server) named(cluster string) (*clusterRecord, error) {
	group, name, found := strings.Cut(cluster, "/")
	if !found {
		group, name = DefaultResourceGroup, cluster
	}
	rec, ok := s.latest[keyOf(group, name)]
	if !ok || rec.live.State == profile.Gone {
		return nil, fmt.Errorf("aks: there is no cluster %q", cluster)
	}
	return rec, nil
}

// on does something to a cluster, for the control of a test.
func (s *Server) on(cluster string, do func(now time.Time, rec *clusterRecord) error) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	s.advance(now)
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	return do(now, rec)
}

// Force puts a cluster, or an agent pool of it, into a state, whatever it was
// doing. A state in transition stays until it is forced again or deleted; Gone
// removes. The cluster is named as in VerifyToken. The reason may be
// "Code: message".
func (s *Server) Force(cluster, pool string, state profile.State, reason string) error {
	return s.on(cluster, func(now time.Time, rec *clusterRecord) error {
		if pool == "" {
			rec.canceled = false
		}
		s.touch(rec)
		return simkit.Force(s.world, now, rec.live, strings.ToLower(pool), state, reason)
	})
}

// Show makes a cluster, or an agent pool of it, show a provisioning state whatever
// it is in, such as one that no document knows; "" ends that.
func (s *Server) Show(cluster, pool, provisioningState string) error {
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		if pool == "" {
			rec.shown = provisioningState
			return nil
		}
		_, own, ok := rec.pool(rec.live, pool)
		if !ok {
			return fmt.Errorf("aks: cluster %q has no agent pool %q", cluster, pool)
		}
		own.shown = provisioningState
		return nil
	})
}

// Protect puts a management lock against deletion on a cluster, or takes it off.
// The lock guards the agent pools too.
func (s *Server) Protect(cluster string, on bool) error {
	return s.on(cluster, func(now time.Time, rec *clusterRecord) error {
		return simkit.Protect(s.world, now, rec.live, on)
	})
}

// SetKubeconfigs replaces what the credential call of a cluster answers, that for
// admins or that for users, such as several kubeconfigs, one with an exec plugin, or
// a text that is none; none at all brings the cluster's own back.
func (s *Server) SetKubeconfigs(cluster string, admin bool, list ...Kubeconfig) error {
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		account := userAccount
		if admin {
			account = adminAccount
		}
		if rec.kubeconfigs[account] = slices.Clone(list); len(list) == 0 {
			delete(rec.kubeconfigs, account)
		}
		return nil
	})
}

// Remake makes an agent pool come back each time it has been removed, that many
// times: a controller outside of AKS wants it there.
func (s *Server) Remake(cluster, pool string, times int) error {
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		if rec.pools[pool] == nil {
			return fmt.Errorf("aks: cluster %q has no agent pool %q", cluster, pool)
		}
		rec.remade[pool] = times
		return nil
	})
}

// remake makes the pools again that are to come back.
func (s *Server) remake(now time.Time) {
	for _, rec := range s.latest {
		for name, times := range rec.remade {
			if _, there := rec.live.GroupByName(name); there || times < 1 || rec.live.State != profile.Active {
				continue
			}
			p := rec.pools[name].spec
			cmd := core.AddNodeGroup{ClusterID: rec.live.ID, Spec: p.spec(name)}
			if result, err := s.world.Apply(now, cmd, core.Outcome{}); err == nil {
				s.newPool(rec, name, p).operation = result.Operation.ID
				rec.remade[name]--
			}
		}
	}
}
