// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

type upgradeRequest struct {
	Version     string `json:"version"`
	Buffer      *int   `json:"num_buffer_nodes"`
	Unavailable *int   `json:"num_max_unavailable_nodes"`
}

// upgradeGroup moves the control plane to another version or, when it is there, a
// node group to that of the control plane.
func (s *Server) upgradeGroup(c *call) (*answer, *apiError) {
	var in upgradeRequest
	if err := simkit.Decode(c.body, &in); err != nil {
		return nil, decodeFault(err)
	}
	rec, e := s.current(c)
	if e != nil {
		return nil, e
	}
	if _, known := s.versions()[in.Version]; !known {
		return nil, badRequest("The Kubernetes version %.64q is not supported.", in.Version)
	}
	if in.Buffer != nil && *in.Buffer < 0 || in.Unavailable != nil && *in.Unavailable < 1 {
		return nil, badRequest("The num_buffer_nodes must be at least 0, and the num_max_unavailable_nodes at least 1.")
	}
	if name := c.vars["group"]; name == defaultMaster || name == rec.master {
		return s.upgradeMaster(c, rec, in)
	}
	g, own, e := rec.group(rec.live, c.vars["group"])
	if e != nil {
		return nil, e
	}
	if e := s.checkUpgrade(rec, g, own, in); e != nil {
		return nil, e
	}
	ev := s.newEvent(c, rec, "NODEGROUP_UPGRADE", rawDetails(c.body))
	cmd := core.UpgradeNodeGroup{ClusterID: rec.live.ID, GroupID: g.ID}
	if _, err := c.project.world.Apply(c.Now, cmd, s.outcome(c, rec, own, ev, "UPGRADE", nil)); err != nil {
		return nil, s.refused(err)
	}
	rec.note(ev.about(g.ID, g.Name))
	return s.accepted(g.ID), nil
}

// upgradeMaster: one minor at a time, and only when every group is where it is.
func (s *Server) upgradeMaster(c *call, rec *clusterRecord, in upgradeRequest) (*answer, *apiError) {
	if e := s.checkIdle(rec, "Upgrading a cluster", s.assume.ChangesFromFailed); e != nil {
		return nil, e
	}
	ev := s.newEvent(c, rec, "NODEGROUP_UPGRADE", rawDetails(c.body))
	cmd := core.UpgradeControlPlane{ClusterID: rec.live.ID, Version: in.Version}
	if _, err := c.project.world.Apply(c.Now, cmd, s.outcome(c, rec, nil, ev, "UPGRADE", nil)); err != nil {
		return nil, s.refused(err)
	}
	rec.note(ev.about(rec.master, defaultMaster))
	return s.accepted(rec.master), nil
}

// checkUpgrade refuses the upgrade of a group that NKS would refuse.
func (s *Server) checkUpgrade(rec *clusterRecord, g *core.NodeGroup, own *groupRecord, in upgradeRequest) *apiError {
	buffer, unavailable, room := 1, 1, s.profile.Limits.NodesPerGroup-g.Desired
	if in.Buffer != nil {
		buffer = *in.Buffer
	}
	if in.Unavailable != nil {
		unavailable = *in.Unavailable
	}
	switch {
	case in.Version != rec.live.Version:
		return badRequest("The version of a worker nodegroup must be %s, that of the master.", rec.live.Version)
	case own.stopped > 0:
		return badRequest("The nodegroup %s has stopped nodes and cannot be upgraded.", g.Name)
	case buffer > max(0, room):
		return badRequest("The num_buffer_nodes %d is outside of the allowed range 0 to %d.", buffer, max(0, room))
	case unavailable > g.Desired:
		return badRequest("The num_max_unavailable_nodes %d is outside of the allowed range 1 to %d.", unavailable, g.Desired)
	}
	return s.checkIdle(rec, "Upgrading a nodegroup", s.assume.ChangesFromFailed)
}
