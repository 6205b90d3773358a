// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

type (
	// addZoneRequest names the pool in the member of IBM's Terraform provider, or in
	// that of the client that IBM generates.
	addZoneRequest struct {
		Cluster      string `json:"cluster"`
		ID           string `json:"id"`
		SubnetID     string `json:"subnetID"`
		WorkerPool   string `json:"workerpool"`
		WorkerPoolID string `json:"workerPoolID"`
	}
	removeZoneRequest struct {
		poolNameRequest
		Zone string `json:"zone"`
	}
)

// createWorkerPoolZone takes a pool into one more zone, with as many workers there as
// in each of the others.
func (s *Server) createWorkerPoolZone(c *call) (*answer, *apiError) {
	var in addZoneRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	if in.WorkerPool != "" && in.WorkerPoolID != "" && in.WorkerPool != in.WorkerPoolID {
		return nil, badRequest("workerpool and workerPoolID name two worker pools.")
	}
	rec, p, e := s.poolToMove(c, in.Cluster, cmp.Or(in.WorkerPoolID, in.WorkerPool))
	if e != nil {
		return nil, e
	}
	if e := s.planZone(p.flavor, zoneRequest{in.ID, in.SubnetID}, p.zoneIDs()); e != nil {
		return nil, e
	}
	if e := s.growable(rec, c.Now); e != nil {
		return nil, e
	}
	if have := s.busyWorkers(c.Now); have+p.perZone > s.workerQuota() {
		return nil, quotaExceeded("worker nodes", s.workerQuota())
	}
	var made []*worker
	c.Outcome.Effect = func(r core.OperationRecord) { failWorkers(made)(r) }
	r, err := s.world.Apply(c.Now, core.Work{ClusterID: rec.id, GroupID: p.id, Took: s.duration(profile.AddNodeGroup), Aside: true}, c.Outcome)
	if err != nil {
		return nil, refused(err)
	}
	z := poolZone{in.ID, in.SubnetID}
	p.zones, rec.changed = append(slices.Clone(p.zones), z), c.Now
	for range p.perZone {
		made = append(made, s.newWorker(rec, p, z, c.Now, c.Now, r.Operation.End))
	}
	return none(http.StatusCreated)
}

// removeWorkerPoolZone takes a pool out of a zone; its workers there are deleted.
func (s *Server) removeWorkerPoolZone(c *call) (*answer, *apiError) {
	var in removeZoneRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	rec, p, e := s.poolToMove(c, in.Cluster, in.WorkerPool)
	if e != nil {
		return nil, e
	}
	before, rest := p.zones, slices.DeleteFunc(slices.Clone(p.zones), func(z poolZone) bool { return z.id == in.Zone })
	if len(rest) == len(before) {
		return nil, badRequest("The zone %q could not be found in the worker pool.", in.Zone)
	}
	var going []*worker
	left := 0
	for _, w := range rec.workers {
		switch {
		case !w.counts(c.Now):
		case w.pool == p.id && w.zone == in.Zone:
			going = append(going, w)
		default:
			left++
		}
	}
	if left == 0 {
		return nil, belowMinimum()
	}
	started := leave(going, c.Now, "The zone was removed from the worker pool.", &c.Outcome, func(time.Time) {})
	back := c.Outcome.Effect
	c.Outcome.Effect = func(r core.OperationRecord) {
		if back(r); r.Failure != "" && !canceled(r) {
			p.zones = before
		}
	}
	r, err := s.world.Apply(c.Now, core.Work{ClusterID: rec.id, GroupID: p.id, Took: s.duration(profile.ScaleNodeGroup), Aside: true}, c.Outcome)
	if err != nil {
		return nil, refused(err)
	}
	started(r.Operation)
	p.zones, rec.changed = rest, c.Now
	return none(http.StatusNoContent)
}

// poolToMove finds a pool whose zones are to change.
func (s *Server) poolToMove(c *call, cluster, pool string) (*clusterRecord, *poolRecord, *apiError) {
	rec, e := s.toWrite(c, cluster)
	if e != nil {
		return nil, nil, e
	}
	p, g, e := s.poolToWrite(rec, pool)
	switch {
	case e != nil:
		return nil, nil, e
	case g.State == profile.Deleting:
		return nil, nil, s.noPool()
	case rec.live.State == profile.Deleting:
		return nil, nil, conflict("The cluster is being deleted.")
	}
	return rec, p, nil
}

func (p *poolRecord) zoneIDs() []string {
	return mapped(p.zones, func(z poolZone) string { return z.id })
}
