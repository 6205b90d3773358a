// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// What the Attr of a core.Seed may say.
const (
	// AttrLocation is the zone or the region that a cluster is in; without it, it is
	// in the first zone.
	AttrLocation = "location"
	// AttrChannel is a release channel, such as "STABLE"; without it REGULAR, or
	// none if REGULAR has not the version.
	AttrChannel = "channel"
	// AttrAutopilot makes a cluster that GKE manages the node pools of, if "true".
	AttrAutopilot = "autopilot"
)

// Seed is a ready-made cluster as Google's console or another tool may have made it:
// what pmks itself cannot ask for included. Its Attr may say the location, the
// channel and Autopilot.
type Seed struct {
	core.Seed
	// Zones are those of the nodes; empty means the zone, or all of the region.
	Zones []string
	// Endpoints say how the control plane is reached; nil means openly.
	Endpoints *containerpb.ControlPlaneEndpointsConfig
	// Pools say more of the groups, by their name.
	Pools map[string]PoolSeed
}

// PoolSeed is what a pmks.NodeGroupInfo does not say of a node pool.
type PoolSeed struct {
	// Zones are its own; empty means those of the cluster.
	Zones []string
	// Spot makes its nodes spot VMs, and Preemptible the older kind of them.
	Spot, Preemptible bool
	// Labels and Taints are those of its nodes, GKE's own included.
	Labels map[string]string
	Taints []*containerpb.NodeTaint
	// ImageType is that of its nodes, such as "WINDOWS_LTSC_CONTAINERD"; empty means
	// the default.
	ImageType string
	// MaxPods is how many pods a node may have; 0 means 110.
	MaxPods int
	// Autoprovisioned: GKE's node auto-provisioning made it.
	Autoprovisioned bool
	// PerZone: its bounds hold for each of its zones, also where there are several.
	PerZone bool
	// LocationPolicy is that of the autoscaler; 0 means BALANCED.
	LocationPolicy containerpb.NodePoolAutoscaling_LocationPolicy
	// BlueGreen, unless 0, is the phase in which a blue-green upgrade of the pool
	// stays, until its operation is canceled.
	BlueGreen containerpb.NodePool_UpdateInfo_BlueGreenInfo_Phase
}

// Put adds a ready-made cluster, as if it had been made long ago. A network that is
// not given is the project's first. The tags are its labels. The nodes of a group
// need not be as many as its DesiredNodeSize, which is the initialNodeCount.
func (s *Server) Put(seed core.Seed) error { return s.PutCluster(Seed{Seed: seed}) }

// PutCluster is Put for a cluster of any kind. The VPC and the subnet may be those of
// a host project, as whole names.
func (s *Server) PutCluster(seed Seed) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	s.advance(now)
	name := cmp.Or(seed.Attr[AttrLocation], s.locations[0].name)
	l, ok := simkit.Find(s.locations, func(l *location) bool { return l.name == name })
	if !ok {
		return fmt.Errorf("gke: there is no location %q", name)
	}
	attr, uid := seed.Attr, s.Random.Text(64, simkit.LowerHex)
	base := s.seedCluster(l, seed)
	if e := s.planNetwork(base); e != nil {
		return fmt.Errorf("gke: %s", e.message)
	}
	base.ControlPlaneEndpointsConfig = proto.CloneOf(seed.Endpoints)
	if _, e := s.checkEndpoints(base.GetControlPlaneEndpointsConfig()); e != nil {
		return fmt.Errorf("gke: %s", e.message)
	}
	live, err := l.world.Put(now, seedLive(seed.Seed, uid))
	if err != nil {
		return err
	}
	base.InitialClusterVersion = live.Version
	rec := s.newRecord(l, uid, base)
	rec.live, rec.autopilot = live, attr[AttrAutopilot] == "true"
	rec.channel = s.seedChannel(attr[AttrChannel], live.Version)
	l.keep(rec)
	for i, g := range live.Groups {
		more := seed.Pools[g.Name]
		known := s.newPool(rec, seedPool(base, g, seed.Groups[i], more))
		if more.BlueGreen != 0 {
			s.newGreen(rec, known)
			known.phase = more.BlueGreen
			s.startOwn(now, rec, g.Name, containerpb.Operation_UPGRADE_NODES, 0, core.Outcome{Stick: true}, nil)
		}
	}
	return nil
}

// seedLive is what the core is told of a ready-made cluster: as with pools that
// calls make, nothing of bounds.
func seedLive(seed core.Seed, uid string) core.Seed {
	seed.Attr = map[string]string{attrUID: uid}
	seed.Groups = slices.Clone(seed.Groups)
	for i := range seed.Groups {
		g := &seed.Groups[i]
		if g.Nodes != nil {
			g.DesiredNodeSize = len(g.Nodes) // the size has moved on from what it began with
		}
		g.OnAutoScaling, g.MinNodeSize, g.MaxNodeSize = false, 0, 0
	}
	return seed
}

// seedCluster is the request that a ready-made cluster could have come from.
func (s *Server) seedCluster(l *location, seed Seed) *containerpb.Cluster {
	base := &containerpb.Cluster{Name: seed.Name, Locations: slices.Clone(seed.Zones)}
	if len(seed.Zones) == 0 {
		base.Locations = slices.Clone(l.zones)
	}
	if len(s.resources.Networks) > 0 {
		base.Network = s.resources.Networks[0].Name
	}
	if ref := seed.Network.VpcIID; !ref.IsZero() {
		base.Network = cmp.Or(ref.SystemId, ref.NameId)
	}
	if refs := seed.Network.SubnetIIDs; len(refs) > 0 {
		base.Subnetwork = cmp.Or(refs[0].SystemId, refs[0].NameId)
	}
	if ref, ok := s.parseReference(base.GetNetwork(), "networks"); ok && ref.project != "" {
		// It has named ranges, as clusters in such a network must.
		sub, _ := simkit.Find(s.resources.Subnetworks, func(sub Subnetwork) bool { return sub.Project == ref.project && sub.Network == ref.name })
		names := slices.Sorted(maps.Keys(sub.Secondary))
		if len(names) > 1 {
			base.IpAllocationPolicy = &containerpb.IPAllocationPolicy{
				UseIpAliases: true, ClusterSecondaryRangeName: names[0], ServicesSecondaryRangeName: names[1]}
		}
	}
	return base
}

func (s *Server) seedChannel(word, version string) containerpb.ReleaseChannel_Channel {
	if number, ok := containerpb.ReleaseChannel_Channel_value[word]; ok {
		return containerpb.ReleaseChannel_Channel(number)
	}
	if c, ok := s.channel(regular); ok && slices.Contains(c.Versions, version) {
		return regular
	}
	return noChannel
}

// seedAutoscaling is what a ready-made pool has in so many zones.
func seedAutoscaling(g pmks.NodeGroupInfo, more PoolSeed, zones int) *containerpb.NodePoolAutoscaling {
	if !g.OnAutoScaling {
		return nil
	}
	auto := &containerpb.NodePoolAutoscaling{Enabled: true, LocationPolicy: more.LocationPolicy, Autoprovisioned: more.Autoprovisioned}
	if auto.LocationPolicy == 0 {
		auto.LocationPolicy = containerpb.NodePoolAutoscaling_BALANCED
	}
	if zones > 1 && !more.PerZone {
		auto.TotalMinNodeCount, auto.TotalMaxNodeCount = int32(g.MinNodeSize), int32(g.MaxNodeSize) //nolint:gosec // a test's
	} else {
		auto.MinNodeCount, auto.MaxNodeCount = int32(g.MinNodeSize), int32(g.MaxNodeSize) //nolint:gosec // a test's
	}
	return auto
}

// seedPool is the request that a ready-made pool could have come from. asked is the
// group as the seed has it.
func seedPool(base *containerpb.Cluster, g *core.NodeGroup, asked pmks.NodeGroupInfo, more PoolSeed) *containerpb.NodePool {
	zones := slices.Clone(more.Zones)
	if len(zones) == 0 {
		zones = slices.Clone(base.GetLocations())
	}
	disk := cmp.Or(g.Spec.RootDiskType, "pd-balanced")
	pool := &containerpb.NodePool{
		Name: g.Name, Locations: zones, Autoscaling: seedAutoscaling(asked, more, len(zones)),
		InitialNodeCount:  int32(asked.DesiredNodeSize / len(zones)), //nolint:gosec // a test's
		MaxPodsConstraint: &containerpb.MaxPodsConstraint{MaxPodsPerNode: defaultMaxPods},
		Config: &containerpb.NodeConfig{
			MachineType: cmp.Or(g.Spec.VMSpecName, "e2-medium"), ImageType: cmp.Or(more.ImageType, imageTypes[0]), ServiceAccount: "default",
			DiskType: disk, DiskSizeGb: 100, BootDisk: &containerpb.BootDisk{DiskType: disk, SizeGb: 100},
			Metadata: map[string]string{"disable-legacy-endpoints": "true"}, Spot: more.Spot, Preemptible: more.Preemptible,
			Labels: maps.Clone(more.Labels), Taints: more.Taints,
		},
	}
	if more.MaxPods > 0 {
		pool.MaxPodsConstraint.MaxPodsPerNode = int64(more.MaxPods)
	}
	pool.Config.ResourceLabels = map[string]string{provisioningLabel: provisioning(pool.GetConfig())}
	return pool
}
