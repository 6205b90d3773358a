// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
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

// Put adds a ready-made cluster, as if it had been made long ago. A network that is
// not given is the project's first. The tags are its labels. The nodes of a group
// need not be as many as its DesiredNodeSize, which is the initialNodeCount.
func (s *Server) Put(seed core.Seed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.advance(now)
	name := orElse(seed.Attr[AttrLocation], s.locations[0].name)
	l, ok := find(s.locations, func(l *location) bool { return l.name == name })
	if !ok {
		return fmt.Errorf("gke: there is no location %q", name)
	}
	attr, uid := seed.Attr, s.text(64, hexDigits)
	seed.Attr = map[string]string{attrUID: uid}
	base := s.seedCluster(l, seed)
	if e := s.planNetwork(base); e != nil {
		return fmt.Errorf("gke: %s", e.message)
	}
	autos, counts := map[string]*containerpb.NodePoolAutoscaling{}, map[string]int{}
	seed.Groups = slices.Clone(seed.Groups)
	for i := range seed.Groups {
		g := &seed.Groups[i]
		if g.OnAutoScaling {
			autos[g.IId.NameId] = seedAutoscaling(*g, len(l.zones))
		}
		counts[g.IId.NameId] = g.DesiredNodeSize
		if g.Nodes != nil {
			g.DesiredNodeSize = len(g.Nodes) // the size has moved on from what it began with
		}
		// As with pools that calls make, the core is not told.
		g.OnAutoScaling, g.MinNodeSize, g.MaxNodeSize = false, 0, 0
	}
	live, err := l.world.Put(now, seed)
	if err != nil {
		return err
	}
	base.InitialClusterVersion = live.Version
	rec := s.newRecord(l, uid, base)
	rec.live, rec.autopilot = live, attr[AttrAutopilot] == "true"
	rec.channel = s.seedChannel(attr[AttrChannel], live.Version)
	l.keep(rec)
	for _, g := range live.Groups {
		s.newPool(rec, seedPool(l, g, counts[g.Name], autos[g.Name]))
	}
	return nil
}

// seedCluster is the request that a ready-made cluster could have come from.
func (s *Server) seedCluster(l *location, seed core.Seed) *containerpb.Cluster {
	base := &containerpb.Cluster{Name: seed.Name, Locations: slices.Clone(l.zones)}
	if len(s.resources.Networks) > 0 {
		base.Network = s.resources.Networks[0].Name
	}
	if ref := seed.Network.VpcIID; !ref.IsZero() {
		base.Network = orElse(ref.SystemId, ref.NameId)
	}
	if refs := seed.Network.SubnetIIDs; len(refs) > 0 {
		base.Subnetwork = orElse(refs[0].SystemId, refs[0].NameId)
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

// seedAutoscaling is what a ready-made pool has in each of so many zones.
func seedAutoscaling(g pmks.NodeGroupInfo, zones int) *containerpb.NodePoolAutoscaling {
	auto := &containerpb.NodePoolAutoscaling{Enabled: true, LocationPolicy: containerpb.NodePoolAutoscaling_BALANCED}
	if zones > 1 {
		auto.TotalMinNodeCount, auto.TotalMaxNodeCount = int32(g.MinNodeSize), int32(g.MaxNodeSize) //nolint:gosec // a test's
	} else {
		auto.MinNodeCount, auto.MaxNodeCount = int32(g.MinNodeSize), int32(g.MaxNodeSize) //nolint:gosec // a test's
	}
	return auto
}

// seedPool is the request that a ready-made pool could have come from.
func seedPool(l *location, g *core.NodeGroup, count int, auto *containerpb.NodePoolAutoscaling) *containerpb.NodePool {
	disk := orElse(g.Spec.RootDiskType, "pd-balanced")
	return &containerpb.NodePool{
		Name: g.Name, Locations: slices.Clone(l.zones), Autoscaling: auto,
		InitialNodeCount: int32(count / len(l.zones)), //nolint:gosec // a test's
		Config: &containerpb.NodeConfig{
			MachineType: orElse(g.Spec.VMSpecName, "e2-medium"), ImageType: imageTypes[0], ServiceAccount: "default",
			DiskType: disk, DiskSizeGb: 100, BootDisk: &containerpb.BootDisk{DiskType: disk, SizeGb: 100},
			Metadata:       map[string]string{"disable-legacy-endpoints": "true"},
			ResourceLabels: map[string]string{provisioningLabel: "on-demand"},
		},
	}
}

// named finds a cluster by its name, in whatever location, or by "location/name".
func (s *Server) named(name string) (*clusterRecord, error) {
	where, bare, ok := strings.Cut(name, "/")
	if !ok {
		where, bare = "", name
	}
	for _, l := range s.locations {
		if rec, ok := l.clusters[bare]; ok && rec.live.State != profile.Gone && (where == "" || where == l.name) {
			return rec, nil
		}
	}
	return nil, fmt.Errorf("gke: there is no cluster %q", name)
}

// Force puts a cluster, or a node pool of it, into a state, whatever it was doing.
// A state in transition stays until it is forced again or deleted; Gone removes.
// The reason may be "CONDITION: message". A name that several locations have is
// that of the first zone, unless it is "location/name".
func (s *Server) Force(cluster, pool string, state profile.State, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.advance(now)
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	cmd := core.Force{ClusterID: rec.live.ID, State: state, Reason: reason}
	if pool != "" {
		g, ok := rec.live.GroupByName(pool)
		if !ok {
			return fmt.Errorf("gke: cluster %q has no node pool %q", cluster, pool)
		}
		cmd.GroupID = g.ID
	}
	_, err = rec.location.world.Apply(now, cmd, core.Outcome{})
	s.advance(now)
	return err
}

// Alter changes what every later read of a cluster shows, its node pools included:
// a state that nobody knows, a blue-green upgrade, a private endpoint. The core does
// not learn of it. Nil ends it.
func (s *Server) Alter(cluster string, change func(*containerpb.Cluster)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := s.named(cluster)
	if err == nil {
		rec.alter = change
	}
	return err
}

// Start lets GKE start an operation of its own on a cluster, or on a pool of it,
// and returns its name. It changes nothing, but it is in the way of others, unless
// its type is one that runs beside them. A duration of 0 is one without end.
func (s *Server) Start(cluster, pool string, kind containerpb.Operation_Type, d time.Duration) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.advance(now)
	rec, err := s.named(cluster)
	if err != nil {
		return "", err
	}
	if _, ok := rec.live.GroupByName(pool); pool != "" && !ok {
		return "", fmt.Errorf("gke: cluster %q has no node pool %q", cluster, pool)
	}
	return s.startOwn(now, rec, pool, kind, d, core.Outcome{Stick: d == 0}, nil).ID, nil
}

// NextEvent returns when the next operation ends.
func (s *Server) NextEvent() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(s.now())
	var next time.Time
	for _, l := range s.locations {
		at, ok := l.world.NextEvent()
		if ok && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, !next.IsZero()
}

// newCertificate returns the certificate of a cluster's own authority, as PEM in
// base64. It is the same for the same seed.
func (s *Server) newCertificate() string {
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(s.random.Uint32())
	}
	key := ed25519.NewKeyFromSeed(seed)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "kubernetes"},
		NotBefore:             time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	// Ed25519 draws nothing from the random source.
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
