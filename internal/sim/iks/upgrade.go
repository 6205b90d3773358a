// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"net/http"

	"github.com/pmks-go/pmks/internal/sim/core"
)

type (
	updateMasterRequest struct {
		Cluster string `json:"cluster"`
		Version string `json:"version"`
		Force   bool   `json:"force"`
	}
	updateClusterRequest struct {
		Action  string `json:"action"`
		Version string `json:"version"`
		Force   bool   `json:"force"`
	}
)

// updateMaster moves the master to another version; the workers stay as they are.
func (s *Server) updateMaster(c *call) (*answer, *apiError) {
	var in updateMasterRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	return s.update(c, in.Cluster, in.Version, in.Force)
}

// updateCluster is the older form of updateMaster.
func (s *Server) updateCluster(c *call) (*answer, *apiError) {
	var in updateClusterRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	if in.Action != "update" {
		return nil, notSimulated("the action %.40q on a cluster", in.Action)
	}
	return s.update(c, c.vars["cluster"], in.Version, in.Force)
}

func (s *Server) update(c *call, cluster, text string, force bool) (*answer, *apiError) {
	rec, e := s.toWrite(c, cluster)
	if e != nil {
		return nil, e
	}
	at := s.condition(rec.live, rec, c.Now)
	version, offered := s.resolveVersion(text)
	switch {
	case text == "":
		return nil, badRequest("The required member 'version' is missing.")
	case !offered:
		return nil, s.unknownVersion(text)
	case at.state == "deleting" || at.state == "aborted":
		return nil, masterBusy()
	case at.masterState != masterDeployed && at.masterState != "update_failed" && at.masterState != "update_cancelled", at.masterHealth == healthGone:
		return nil, masterBusy()
	case !force && s.assume.UnforcedUpdateRefused:
		return nil, badRequest("The cluster has resources that are deprecated in the version %s. Set 'force' to update anyway.", version).
			recover("Run 'ibmcloud ks cluster master update' with the --force-update option.")
	}
	for _, w := range rec.workers {
		if w.counts(c.Now) && minorsBehind(w.version, version) > 2 {
			return nil, badRequest("The worker node %s would be more than two minor versions behind the master. Update the worker nodes first.", w.id)
		}
	}
	c.Outcome.Effect = func(r core.OperationRecord) { rec.changed = r.End }
	if _, err := s.world.Apply(c.Now, core.UpgradeControlPlane{ClusterID: rec.id, Version: version}, c.Outcome); err != nil {
		return nil, s.updateRefused(err)
	}
	rec.changed = c.Now
	return none(http.StatusNoContent)
}

// updateRefused words what the core says against an update.
func (s *Server) updateRefused(err error) *apiError {
	for _, r := range core.Refusals(err) {
		switch r.Reason {
		case core.Busy, core.BadState:
			return masterBusy()
		case core.Downgrade, core.StepTooLarge:
			if s.assume.BadRequestTexts {
				return badRequest("The cluster cannot be updated to that version.")
			}
		}
	}
	return refused(err)
}
