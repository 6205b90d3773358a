// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"net/http"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

type (
	clusterNameRequest struct {
		Cluster string `json:"cluster"`
	}
	mastersRequest struct {
		Action string `json:"action"`
	}
)

// refreshWord marks the operation of a refresh in the core.
const refreshWord = "refresh"

// enablePublicServiceEndpoint asks for a public endpoint; refreshMaster brings it. The
// private one is always there.
func (s *Server) enablePublicServiceEndpoint(c *call) (*answer, *apiError) {
	return s.setPublic(c, true)
}

// disablePublicServiceEndpoint asks for none.
func (s *Server) disablePublicServiceEndpoint(c *call) (*answer, *apiError) {
	return s.setPublic(c, false)
}

func (s *Server) setPublic(c *call, public bool) (*answer, *apiError) {
	rec, e := s.masterToChange(c)
	if e != nil {
		return nil, e
	}
	rec.asked, rec.changed = !public, c.Now
	if s.assume.EndpointAtOnce {
		rec.private = rec.asked
	}
	return none(http.StatusNoContent)
}

// refreshMaster restarts the master with what was asked of it.
func (s *Server) refreshMaster(c *call) (*answer, *apiError) {
	rec, e := s.masterToChange(c)
	if e != nil {
		return nil, e
	}
	return s.refreshed(c, rec)
}

// refreshMasters is the older form of refreshMaster.
func (s *Server) refreshMasters(c *call) (*answer, *apiError) {
	var in mastersRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	if in.Action != "refresh" {
		return nil, notSimulated("the action %.40q on masters", in.Action)
	}
	rec, e := s.masterOf(c, c.vars["cluster"])
	if e != nil {
		return nil, e
	}
	return s.refreshed(c, rec)
}

func (s *Server) refreshed(c *call, rec *clusterRecord) (*answer, *apiError) {
	c.Outcome.Word = refreshWord
	c.Outcome.Effect = func(r core.OperationRecord) {
		if rec.changed = r.End; r.Failure == "" {
			rec.private = rec.asked
		}
	}
	if _, err := s.world.Apply(c.Now, core.Work{ClusterID: rec.id, Took: s.duration(profile.UpgradeControlPlane)}, c.Outcome); err != nil {
		return nil, refused(err)
	}
	rec.changed = c.Now
	return none(http.StatusNoContent)
}

// masterToChange reads a request that names a cluster, and finds it.
func (s *Server) masterToChange(c *call) (*clusterRecord, *apiError) {
	var in clusterNameRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	return s.masterOf(c, in.Cluster)
}

// masterOf finds a cluster whose master can be worked on.
func (s *Server) masterOf(c *call, ident string) (*clusterRecord, *apiError) {
	rec, e := s.toWrite(c, ident)
	if e != nil {
		return nil, e
	}
	if at := s.condition(rec.live, rec, c.Now); at.masterState != masterDeployed || at.masterHealth == healthGone {
		return nil, masterBusy()
	}
	return rec, nil
}
