// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"errors"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func (s *Server) upgradeCluster(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	var in upgradeClusterRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	parallel := in.RollingPolicy.MaxParallelism
	switch {
	case in.ComponentName != nil || in.Version != nil:
		return nil, invalid("", "The parameters component_name and version are no longer supported, use next_version.")
	case in.NextVersion == "":
		return nil, missing("next_version")
	case parallel != nil && *parallel < 1:
		return nil, invalid("", "max_parallelism must be at least 1")
	}
	masterOnly := s.assumptions.MasterOnlyByDefault
	if in.MasterOnly != nil {
		masterOnly = *in.MasterOnly
	}
	t := s.newTask("cluster_upgrade", targetCluster)
	cmd := core.UpgradeControlPlane{ClusterID: rec.id, Version: in.NextVersion}
	switch reason := s.refusedUpgrade(c.Now, cmd); reason {
	case -1:
	case core.Busy, core.BadState:
		return nil, s.clusterState(rec.live.Name, s.stateOf(rec, rec.live))
	case core.GroupsLag:
		if s.assumptions.SkewRefused {
			return nil, invalid("KubernetesVersion", "%s", s.laggingPools(rec))
		}
		// The precheck finds it, and changes nothing.
		c.Outcome.Fail = "PrecheckFailed: " + s.laggingPools(rec)
		if _, e := s.start(c, t, core.Work{ClusterID: rec.id, Took: s.scaled(time.Minute), Aside: true}, nil); e != nil {
			return nil, e
		}
		s.enlist(c.Now, rec, t, rec.id)
		return clusterTaskResponse{rec.id, c.requestID, t.id}, nil
	default:
		return nil, invalid("KubernetesVersion", "the cluster of version %s cannot be upgraded to %q", rec.live.Version, in.NextVersion)
	}
	_, e = s.start(c, t, cmd, func(end core.OperationRecord) {
		rec.updated = end.End
		if end.Failure == "" && !masterOnly {
			s.upgradePools(end.End, rec)
		}
	})
	if e != nil {
		return nil, e
	}
	rec.updated = c.Now
	s.enlist(c.Now, rec, t, rec.id)
	return clusterTaskResponse{rec.id, c.requestID, t.id}, nil
}

// refusedUpgrade is why the core would refuse an upgrade, -1 if it would not.
func (s *Server) refusedUpgrade(now time.Time, cmd core.UpgradeControlPlane) core.Reason {
	err := s.world.Check(now, cmd)
	r := &core.Refusal{}
	if errors.As(err, &r) {
		return r.Reason
	}
	return -1
}

// laggingPools names the node pools that are in the way of an upgrade.
func (s *Server) laggingPools(rec *clusterRecord) string {
	text := "the node pools must be of the version of the control plane " + rec.live.Version + ":"
	for _, g := range rec.live.Groups {
		if g.Version != rec.live.Version {
			text += " " + g.ID + " is of " + g.Version
		}
	}
	return text
}

// upgradePools lets every node pool follow the control plane.
func (s *Server) upgradePools(now time.Time, rec *clusterRecord) {
	for _, g := range rec.live.Groups {
		if g.State != profile.Active || g.Version == rec.live.Version {
			continue
		}
		// The pool is active and behind, so this is not refused.
		t := s.newTask("nodepool_upgrade", targetNodePool)
		if _, e := s.start(callAt(now), t, core.UpgradeNodeGroup{ClusterID: rec.id, GroupID: g.ID}, s.upgraded(rec, g.ID)); e == nil {
			s.enlist(now, rec, t, g.ID)
		}
	}
}

// upgraded is what is left to do when the upgrade of a node pool has ended: its nodes
// are others.
func (s *Server) upgraded(rec *clusterRecord, pool string) func(core.OperationRecord) {
	return func(end core.OperationRecord) {
		rec.pools[pool].updated = end.End
		s.adopt(rec, rec.pools[pool], end.End)
	}
}

func (s *Server) upgradeNodePool(c *call) (any, *apiError) {
	rec, g, known, e := s.changeable(c)
	if e != nil {
		return nil, e
	}
	var in upgradePoolRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	policy := in.RollingPolicy
	pauses := policy.PausePolicy == "FirstBatch" || policy.PausePolicy == "EveryBatch" || policy.PausePolicy == "" && !s.assumptions.NoPauseByDefault
	switch {
	case in.KubernetesVersion != "" && in.KubernetesVersion != rec.live.Version:
		return nil, invalid("KubernetesVersion", "the version %s is not that of the control plane, %s", in.KubernetesVersion, rec.live.Version)
	case g.Version == rec.live.Version:
		return nil, invalid("KubernetesVersion", "the nodepool %s is of version %s already", g.ID, g.Version)
	case policy.MaxParallelism != nil && *policy.MaxParallelism < 1:
		return nil, invalid("", "max_parallelism must be at least 1")
	case policy.PausePolicy != "" && policy.PausePolicy != "NotPause" && !pauses:
		return nil, invalid("", "pause_policy %q is not valid", policy.PausePolicy)
	case rec.live.State != profile.Active:
		return nil, s.clusterState(rec.live.Name, s.stateOf(rec, rec.live))
	}
	pauses = pauses && len(g.Nodes) > 0
	t := s.newTask("nodepool_upgrade", targetNodePool)
	if pauses {
		c.Outcome.Stick = true
	}
	if _, e := s.start(c, t, core.UpgradeNodeGroup{ClusterID: rec.id, GroupID: g.ID}, s.upgraded(rec, g.ID)); e != nil {
		return nil, e
	}
	known.updated, t.paused = c.Now, pauses
	s.enlist(c.Now, rec, t, g.ID)
	return upgradePoolResponse{c.requestID, t.id}, nil
}
