// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// managed is an instance group of a pool, in one of its zones.
type managed struct {
	rec  *clusterRecord
	pool *poolRecord
	zone int
	// base is how the names of its instances begin.
	base string
	// green: it is to replace another one.
	green bool
}

// The actions that a group has under way with an instance.
const (
	actionCreating = "CREATING"
	actionDeleting = "DELETING"
	actionNone     = "NONE"
)

// instance is one of a group.
type instance struct{ name, action string }

// groupKey names an instance group.
type groupKey struct{ zone, name string }

// groupName is the name of an instance group of a pool.
func (p *poolRecord) groupName(rec *clusterRecord, hash string) string {
	return p.instanceBase(rec, hash) + "-grp"
}

// instanceBase is how the names of the instances of a group begin: the names of
// cluster and pool are cut so that an instance's name is one of DNS.
func (p *poolRecord) instanceBase(rec *clusterRecord, hash string) string {
	pool := p.base.GetName()
	pool = pool[:min(len(pool), 22)]
	cluster := rec.name[:min(len(rec.name), 44-len(pool))]
	prefix := "gke-"
	if rec.autopilot {
		prefix = "gk3-"
	}
	return prefix + cluster + "-" + pool + "-" + hash
}

// newHashes draws the parts of the names of instance groups, one for each zone.
func (s *Server) newHashes(known *poolRecord) []string {
	var hashes []string
	for range known.zones {
		hashes = append(hashes, s.Random.Text(8, simkit.LowerHex))
	}
	return hashes
}

// keepGroups puts the groups of a pool where calls find them; those of Autopilot
// are not to be read.
func (s *Server) keepGroups(rec *clusterRecord, known *poolRecord) {
	if rec.autopilot {
		return
	}
	for i, zone := range known.zones {
		s.groups[groupKey{zone, known.groupName(rec, known.hashes[i])}] = managed{rec, known, i, known.instanceBase(rec, known.hashes[i]), false}
		if known.green != nil {
			s.groups[groupKey{zone, known.groupName(rec, known.green[i])}] = managed{rec, known, i, known.instanceBase(rec, known.green[i]), true}
		}
	}
}

// dropGroups takes the groups of a pool away.
func (s *Server) dropGroups(rec *clusterRecord, known *poolRecord) {
	for i, zone := range known.zones {
		delete(s.groups, groupKey{zone, known.groupName(rec, known.hashes[i])})
		if known.green != nil {
			delete(s.groups, groupKey{zone, known.groupName(rec, known.green[i])})
		}
	}
}

// group finds the instance group of a name in a zone; it is there once its pool is.
func (s *Server) group(zone, name string, now time.Time) (managed, bool) {
	m, ok := s.groups[groupKey{zone, name}]
	if !ok || m.rec.live.State == profile.Gone || m.rec.pools[m.pool.base.GetName()] != m.pool {
		return managed{}, false
	}
	g, ok := m.rec.live.GroupByName(m.pool.base.GetName())
	if !ok || g.State == profile.Creating || m.green && m.pool.phaseAt(m.rec, now) == phaseStarted {
		return managed{}, false
	}
	return m, true
}

// instances returns the instances of a group. A pool's nodes are dealt to its zones
// in turn; those that are too many are going.
func (m managed) instances(now time.Time) []instance {
	g, ok := m.rec.live.GroupByName(m.pool.base.GetName())
	if !ok {
		return nil
	}
	phase := m.pool.phaseAt(m.rec, now)
	if m.green {
		return m.greenInstances(phase)
	}
	var list []instance
	for i, node := range g.Nodes {
		if i%len(m.pool.zones) != m.zone {
			continue
		}
		action := actionNone
		if i >= g.Desired || g.State == profile.Deleting || m.rec.live.State == profile.Deleting || phase == phaseDeleting {
			action = actionDeleting
		}
		list = append(list, instance{m.instanceName(node), action})
	}
	return list
}

// instanceName is the whole name of what the core knows by its end; those of
// ready-made pools are whole already.
func (m managed) instanceName(node pmks.IID) string {
	if len(node.SystemId) > 4 {
		return node.SystemId
	}
	return m.base + "-" + node.SystemId
}

// target is the size that a group is to have.
func (m managed) target() int {
	g, ok := m.rec.live.GroupByName(m.pool.base.GetName())
	if !ok || g.State == profile.Deleting || m.rec.live.State == profile.Deleting {
		return 0
	}
	// Those of the first zones get what is left over.
	return (g.Desired + len(m.pool.zones) - 1 - m.zone) / len(m.pool.zones)
}
