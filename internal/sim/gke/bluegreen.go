// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"fmt"
	"hash/fnv"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Shorter names of the phases of a blue-green upgrade.
const (
	phaseStarted  = containerpb.NodePool_UpdateInfo_BlueGreenInfo_UPDATE_STARTED
	phaseCreating = containerpb.NodePool_UpdateInfo_BlueGreenInfo_CREATING_GREEN_POOL
	phaseCordon   = containerpb.NodePool_UpdateInfo_BlueGreenInfo_CORDONING_BLUE_POOL
	phaseDrain    = containerpb.NodePool_UpdateInfo_BlueGreenInfo_DRAINING_BLUE_POOL
	phaseSoak     = containerpb.NodePool_UpdateInfo_BlueGreenInfo_NODE_POOL_SOAKING
	phaseDeleting = containerpb.NodePool_UpdateInfo_BlueGreenInfo_DELETING_BLUE_POOL
)

// phaseTable says from what share of an upgrade on it is in a phase.
var phaseTable = []struct {
	from  float64
	phase containerpb.NodePool_UpdateInfo_BlueGreenInfo_Phase
}{{0, phaseStarted}, {0.05, phaseCreating}, {0.3, phaseCordon}, {0.35, phaseDrain}, {0.6, phaseSoak}, {0.9, phaseDeleting}}

// blueGreen reports whether the nodes of a pool are replaced all at once, by a
// second set of groups.
func blueGreen(pool *containerpb.NodePool) bool {
	return pool.GetUpgradeSettings().GetStrategy() == containerpb.NodePoolUpdateStrategy_BLUE_GREEN
}

// newGreen gives a pool the groups that will replace its own.
func (s *Server) newGreen(rec *clusterRecord, known *poolRecord) {
	known.green, known.phase = s.newHashes(known), 0
	s.keepGroups(rec, known)
}

// endGreen ends a blue-green upgrade: one set of groups is left.
func (s *Server) endGreen(rec *clusterRecord, known *poolRecord, success bool) {
	if known == nil || known.green == nil {
		return
	}
	s.dropGroups(rec, known)
	if success {
		known.hashes = known.green
	}
	known.green, known.phase = nil, 0
	s.keepGroups(rec, known)
}

// phaseAt is the phase of the blue-green upgrade of a pool; 0 if there is none.
func (p *poolRecord) phaseAt(rec *clusterRecord, now time.Time) containerpb.NodePool_UpdateInfo_BlueGreenInfo_Phase {
	if p.green == nil || p.phase != 0 {
		return p.phase
	}
	at := phaseStarted
	for _, op := range rec.open {
		if op.pool != p.base.GetName() || op.kind != containerpb.Operation_UPGRADE_NODES || op.Pending(now) {
			continue
		}
		share := 0.5 // one that never ends stays in the middle
		if !op.End.IsZero() {
			share = float64(now.Sub(op.Start)) / float64(max(1, op.End.Sub(op.Start)))
		}
		for _, row := range phaseTable {
			if share >= row.from {
				at = row.phase
			}
		}
	}
	return at
}

// addBlueGreen shows a blue-green upgrade under way: the groups of both sets.
func (s *Server) addBlueGreen(p *containerpb.NodePool, rec *clusterRecord, known *poolRecord, now time.Time) {
	phase := known.phaseAt(rec, now)
	if phase == 0 {
		return
	}
	info := &containerpb.NodePool_UpdateInfo_BlueGreenInfo{Phase: phase, BlueInstanceGroupUrls: p.GetInstanceGroupUrls(), GreenPoolVersion: rec.live.Version}
	if phase != phaseStarted {
		for i, zone := range known.zones {
			info.GreenInstanceGroupUrls = append(info.GreenInstanceGroupUrls, s.managerLink(zone, known.groupName(rec, known.green[i])))
		}
	}
	p.InstanceGroupUrls = append(append([]string(nil), info.GetBlueInstanceGroupUrls()...), info.GetGreenInstanceGroupUrls()...)
	p.UpdateInfo = &containerpb.NodePool_UpdateInfo{BlueGreenInfo: info}
}

// greenInstances are the instances of a group that replaces another one. Their
// names are made up, and always the same.
func (m managed) greenInstances(phase containerpb.NodePool_UpdateInfo_BlueGreenInfo_Phase) []instance {
	var list []instance
	for i := range m.target() {
		sum := fnv.New32a()
		fmt.Fprintf(sum, "%s/%d", m.base, i)
		suffix := make([]byte, 4)
		for n, rest := 0, sum.Sum32(); n < len(suffix); n, rest = n+1, rest/uint32(len(simkit.LowerAlnum)) {
			suffix[n] = simkit.LowerAlnum[rest%uint32(len(simkit.LowerAlnum))]
		}
		action := actionNone
		if phase == phaseCreating {
			action = actionCreating
		}
		list = append(list, instance{m.base + "-" + string(suffix), action})
	}
	return list
}
