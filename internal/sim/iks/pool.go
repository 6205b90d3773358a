// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

type (
	createPoolRequest struct {
		Cluster string `json:"cluster"`
		poolRequest
		HostPool string `json:"hostPool"`
	}
	createdPoolObject struct {
		WorkerPoolID string `json:"workerPoolID"`
	}
	poolNameRequest struct {
		Cluster    string `json:"cluster"`
		WorkerPool string `json:"workerpool"`
	}
	resizeRequest struct {
		poolNameRequest
		Size         *int `json:"size"`
		SingleWorker bool `json:"allowSingleOpenShiftWorker" sim:"no"`
	}
	patchPoolRequest struct {
		State       string `json:"state"`
		SizePerZone *int   `json:"sizePerZone"`
		// Labels are those of the state "labels".
		Labels *map[string]string `json:"labels"`
		Reason string             `json:"reasonForResize"`
	}
)

// poolObject is a pool as calls show it.
type poolObject struct {
	ID               string            `json:"id"`
	PoolName         string            `json:"poolName"`
	Flavor           string            `json:"flavor"`
	Labels           map[string]string `json:"labels"`
	Taints           map[string]string `json:"taints"` // null
	WorkerCount      int               `json:"workerCount"`
	Isolation        string            `json:"isolation"`
	Provider         string            `json:"provider"`
	IsBalanced       bool              `json:"isBalanced"`
	AutoscaleEnabled bool              `json:"autoscaleEnabled"`
	OpenShiftLicense string            `json:"openshiftLicense"`
	OperatingSystem  string            `json:"operatingSystem"`
	Lifecycle        poolLifecycle     `json:"lifecycle"`
	Zones            []poolZoneObject  `json:"zones"`
	VPCID            string            `json:"vpcID"`
}

type poolLifecycle struct {
	DesiredState string `json:"desiredState"`
	ActualState  string `json:"actualState"`
}

type poolZoneObject struct {
	ID                 string       `json:"id"`
	WorkerCount        int          `json:"workerCount"`
	Subnets            []poolSubnet `json:"subnets"`
	AutobalanceEnabled bool         `json:"autobalanceEnabled"`
	Messages           []string     `json:"messages"` // null
}

type poolSubnet struct {
	ID      string `json:"id"`
	Primary bool   `json:"primary"`
}

// The words of pools.
const (
	poolActive  = "active"
	poolDeleted = "deleted"
)

// newPool records a pool.
func (s *Server) newPool(rec *clusterRecord, id, name string, in *poolRequest) *poolRecord {
	p := &poolRecord{
		id: id, name: name, flavor: in.Flavor, os: cmp.Or(in.OperatingSystem, s.resources.OperatingSystems[0]), isolation: cmp.Or(in.Isolation, "public"),
		perZone: in.WorkerCount, labels: maps.Clone(in.Labels), created: s.Now(),
	}
	for _, z := range in.Zones {
		p.zones = append(p.zones, poolZone{z.ID, z.SubnetID})
	}
	rec.pools[id] = p
	return p
}

// growable refuses workers to a cluster that cannot take any.
func (s *Server) growable(rec *clusterRecord, now time.Time) *apiError {
	switch at := s.condition(rec.live, rec, now); {
	case at.state == "deleting" || at.state == "aborted":
		return conflict("The cluster is being deleted.")
	case at.state == "unsupported":
		return conflict("The cluster version is unsupported. Update the cluster master first.")
	case at.masterHealth == healthGone || at.masterHealth == "error":
		return conflict("The cluster master is not available.")
	}
	return nil
}

func (s *Server) createWorkerPool(c *call) (*answer, *apiError) {
	var in createPoolRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	rec, e := s.toWrite(c, in.Cluster)
	if e != nil {
		return nil, e
	}
	if in.HostPool != "" {
		return nil, notSimulated("hostPool")
	}
	if in.Name == "" {
		return nil, badRequest("The required member 'name' is missing.")
	}
	if e := s.planPool(&in.poolRequest, rec.vpc); e != nil {
		return nil, e
	}
	if _, taken := rec.live.GroupByName(in.Name); taken {
		return nil, fail(http.StatusConflict, "E0d39", "A worker pool with the same name already exists. Choose another name.").of(kindProvisioning)
	}
	if e := s.growable(rec, c.Now); e != nil {
		return nil, e
	}
	if e := s.checkWorkerQuota(c.Now, &in.poolRequest); e != nil {
		return nil, e
	}
	var made []*worker
	c.Outcome.Effect = func(r core.OperationRecord) { failWorkers(made)(r) }
	r, err := s.world.Apply(c.Now, core.AddNodeGroup{
		ClusterID: rec.id, Spec: pmks.NodeGroupInfo{IId: pmks.IID{NameId: in.Name}, VMSpecName: in.Flavor, DesiredNodeSize: in.size()},
	}, c.Outcome)
	if err != nil {
		return nil, refused(err)
	}
	p := s.newPool(rec, r.Group.ID, in.Name, &in.poolRequest)
	rec.changed = c.Now
	for _, z := range p.zones {
		for range p.perZone {
			made = append(made, s.newWorker(rec, p, z, c.Now, c.Now, r.Operation.End))
		}
	}
	return &answer{status: http.StatusCreated, body: createdPoolObject{p.id}}, nil
}

// poolObject shows a pool; g is the core's, nil for one that is removed.
func (s *Server) poolObject(shown *core.Cluster, g *core.NodeGroup, rec *clusterRecord, p *poolRecord, now time.Time) poolObject {
	out := poolObject{
		ID: p.id, PoolName: p.name, Flavor: p.flavor, WorkerCount: p.perZone, Isolation: p.isolation, Provider: providerVPC, IsBalanced: true,
		AutoscaleEnabled: p.auto, OperatingSystem: p.os, Lifecycle: poolLifecycle{poolActive, poolActive}, Zones: []poolZoneObject{}, VPCID: rec.vpc,
		Labels: s.shownLabels(rec, p, now), Taints: maps.Clone(p.taints),
	}
	for _, z := range p.zones {
		count := 0
		for _, w := range rec.workersOf(p.id) {
			if w.zone == z.id && w.counts(now) && s.toBeSeen(shown, w, now) {
				count++
			}
		}
		out.IsBalanced = out.IsBalanced && count == p.perZone
		out.Zones = append(out.Zones, poolZoneObject{ID: z.id, WorkerCount: count, Subnets: []poolSubnet{{z.subnet, true}}, AutobalanceEnabled: true})
	}
	switch {
	case g == nil:
		out.Lifecycle, out.WorkerCount = poolLifecycle{poolDeleted, poolDeleted}, 0
	case g.State == profile.Deleting:
		out.Lifecycle = poolLifecycle{poolDeleted, "deleting"}
	case s.assume.PoolsFollowWorkers:
		for _, w := range rec.workersOf(p.id) {
			if w.inTransition(now) {
				out.Lifecycle.ActualState = "resizing"
			}
		}
	}
	out.Lifecycle.ActualState = cmp.Or(p.shown.ActualState, out.Lifecycle.ActualState)
	out.Lifecycle.DesiredState = cmp.Or(p.shown.DesiredState, out.Lifecycle.DesiredState)
	return out
}

func (s *Server) getWorkerPools(c *call) (*answer, *apiError) {
	shown, rec, e := s.asRead(c, c.query.Get("cluster"))
	if e != nil {
		return nil, e
	}
	out := []poolObject{}
	if s.fresh(rec, c.Now) {
		return body(out)
	}
	for _, g := range shown.Groups {
		out = append(out, s.poolObject(shown, g, rec, rec.pools[g.ID], c.Now))
	}
	return body(out)
}

func (s *Server) getWorkerPool(c *call) (*answer, *apiError) {
	shown, rec, e := s.asRead(c, c.query.Get("cluster"))
	if e != nil {
		return nil, e
	}
	p, found := rec.pool(c.query.Get("workerpool"))
	if !found {
		return nil, s.noPool()
	}
	g, there := shown.Group(p.id)
	if !there && !p.removed {
		return nil, s.noPool() // reads do not show it yet
	}
	if !there {
		g = nil
	}
	return body(s.poolObject(shown, g, rec, p, c.Now))
}

func (s *Server) resizeWorkerPool(c *call) (*answer, *apiError) {
	var in resizeRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	if e := s.resize(c, in.Cluster, in.WorkerPool, in.Size); e != nil {
		return nil, e
	}
	return none(http.StatusAccepted)
}

// patchWorkerPool is the older form of a resize, and of a change of labels.
func (s *Server) patchWorkerPool(c *call) (*answer, *apiError) {
	var in patchPoolRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	var e *apiError
	switch in.State {
	case "resizing":
		e = s.resize(c, c.vars["cluster"], c.vars["pool"], in.SizePerZone)
	case "labels":
		e = s.setLabels(c, c.vars["cluster"], c.vars["pool"], in.Labels)
	default:
		e = notSimulated("the state %.40q of a worker pool", in.State)
	}
	if e != nil {
		return nil, e
	}
	return none(http.StatusAccepted)
}

func (s *Server) resize(c *call, cluster, pool string, size *int) *apiError {
	rec, e := s.toWrite(c, cluster)
	if e != nil {
		return e
	}
	p, g, e := s.poolToWrite(rec, pool)
	if e != nil {
		return e
	}
	smallest := 1
	if s.assume.EmptyPools {
		smallest = 0
	}
	if size == nil || *size < smallest {
		return badRequest("size must be given and be at least %d.", smallest)
	}
	if e := s.growable(rec, c.Now); e != nil {
		return e
	}
	switch {
	case g.State == profile.Deleting:
		return s.noPool()
	case p.auto:
		e := conflict("The worker pool is managed by the cluster autoscaler and cannot be resized.")
		if s.assume.ResizeRefusedAsBadRequest {
			e.status, e.code, e.kind = http.StatusBadRequest, "E0d63", kindBadRequest
		}
		return e
	}
	return s.setSize(c, rec, p, *size)
}

func (s *Server) removeWorkerPool(c *call) (*answer, *apiError) {
	var in poolNameRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	return s.removePool(c, in.Cluster, in.WorkerPool)
}

// deleteWorkerPool is the older form of a removal.
func (s *Server) deleteWorkerPool(c *call) (*answer, *apiError) {
	return s.removePool(c, c.vars["cluster"], c.vars["pool"])
}

func (s *Server) removePool(c *call, cluster, pool string) (*answer, *apiError) {
	rec, e := s.toWrite(c, cluster)
	if e != nil {
		return nil, e
	}
	p, g, e := s.poolToWrite(rec, pool)
	if e != nil {
		return nil, e
	}
	if g.State == profile.Deleting {
		return nil, s.noPool()
	}
	if rec.live.State == profile.Deleting {
		return nil, conflict("The cluster is being deleted.")
	}
	if s.assume.RemovalWaitsForWorkers && rec.transition(c.Now) {
		return nil, belowMinimum()
	}
	started := leave(rec.workersOf(p.id), c.Now, "The worker pool was removed.", &c.Outcome, func(time.Time) { p.removed = true })
	r, err := s.world.Apply(c.Now, core.RemoveNodeGroup{ClusterID: rec.id, GroupID: p.id}, c.Outcome)
	if err != nil {
		return nil, refused(err)
	}
	started(r.Operation)
	rec.changed = c.Now
	return none(http.StatusNoContent)
}

// securityGroupSketch is a security group of a cluster.
type securityGroupSketch struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Type         string `json:"type"`
	UserProvided bool   `json:"userProvided"`
	Shared       bool   `json:"shared"`
	WorkerPoolID string `json:"workerPoolID"`
}

// getSecurityGroups lists the security groups of a cluster: the one that the service
// manages and those of its creation.
func (s *Server) getSecurityGroups(c *call) (*answer, *apiError) {
	_, rec, e := s.asRead(c, c.query.Get("cluster"))
	if e != nil {
		return nil, e
	}
	if kind := c.query.Get("type"); kind != "" && kind != "cluster" {
		return nil, notSimulated("security groups of the type %.40q", kind)
	}
	out := []securityGroupSketch{{"r006-" + managedGroup(rec.id), "kube-" + rec.id, "cluster", false, false, ""}}
	for _, id := range rec.securityGroups {
		g, _ := s.resources.securityGroup(id)
		out = append(out, securityGroupSketch{id, g.Name, "cluster", true, true, ""})
	}
	return body(out)
}

// managedGroup makes the end of the id of the managed security group.
func managedGroup(cluster string) string {
	return simkit.UUIDOf(fmt.Sprintf("%x", sha256.Sum256([]byte(cluster)))[:32])
}
