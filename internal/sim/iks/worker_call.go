// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"fmt"
	"net/http"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// workerObject is a worker as calls show it.
type workerObject struct {
	ID                string             `json:"id"`
	Flavor            string             `json:"flavor"`
	Location          string             `json:"location"`
	PoolID            string             `json:"poolID"`
	PoolName          string             `json:"poolName"`
	KubeVersion       kubeVersionObject  `json:"kubeVersion"`
	Health            healthObject       `json:"health"`
	Lifecycle         workerLifecycle    `json:"lifecycle"`
	NetworkInterfaces []networkInterface `json:"networkInterfaces"`
}

type kubeVersionObject struct {
	Actual    string `json:"actual"`
	Desired   string `json:"desired"`
	EOS       string `json:"eos"`
	MasterEOS string `json:"masterEOS"`
	Target    string `json:"target"`
}

type healthObject struct {
	State   string `json:"state"`
	Message string `json:"message"`
}

type workerLifecycle struct {
	ActualState            string `json:"actualState"`
	DesiredState           string `json:"desiredState"`
	Message                string `json:"message"`
	MessageDate            string `json:"messageDate"`
	MessageDetails         string `json:"messageDetails"`
	MessageDetailsDate     string `json:"messageDetailsDate"`
	PendingOperation       string `json:"pendingOperation"`
	ReasonForDelete        string `json:"reasonForDelete"`
	ActualOperatingSystem  string `json:"actualOperatingSystem"`
	DesiredOperatingSystem string `json:"desiredOperatingSystem"`
}

type networkInterface struct {
	CIDR      string `json:"cidr"`
	IPAddress string `json:"ipAddress"`
	Primary   bool   `json:"primary"`
	SubnetID  string `json:"subnetID"`
}

// workerObject shows a worker of a cluster.
func (s *Server) workerObject(shown *core.Cluster, rec *clusterRecord, w *worker, now time.Time) workerObject {
	p, state := rec.pools[w.pool], w.state(now)
	target := fixPack(shown.Version, true)
	out := workerObject{
		ID: w.id, Flavor: p.flavor, Location: w.zone, PoolID: p.id, PoolName: p.name,
		KubeVersion: kubeVersionObject{Actual: w.version, Desired: target, Target: target},
		Health:      healthObject{healthOf(shown, w, now), workerHealthTable[state]},
		Lifecycle: workerLifecycle{
			ActualState: state, DesiredState: workerDeployed, Message: workerMessageTable[state], MessageDate: stamp(w.born),
			ActualOperatingSystem: p.os, DesiredOperatingSystem: p.os,
		},
		NetworkInterfaces: []networkInterface{{w.cidr, w.ip, true, w.subnet}},
	}
	if len(p.zones) == 0 || w.ip == "" {
		out.NetworkInterfaces = []networkInterface{}
	}
	switch state {
	case "provision_pending", "provisioning", "provisioned":
		out.KubeVersion.Actual = ""
		out.NetworkInterfaces = []networkInterface{}
		out.Lifecycle.ActualOperatingSystem = ""
		out.Lifecycle.PendingOperation = "create"
	case workerDeleting, workerDeleted:
		out.Lifecycle.DesiredState, out.Lifecycle.ReasonForDelete = workerDeleted, w.reason
		out.Lifecycle.MessageDate = stamp(w.leaving)
	case workerProvisionFailed, workerDeployFailed:
		out.Health.Message, out.Lifecycle.MessageDetails, out.Lifecycle.MessageDetailsDate = w.why, w.why, stamp(w.ready)
	}
	if g, ok := shown.Group(w.pool); ok && state == workerDeployed && forcedHealth[g.State] != "" {
		out.Health.Message, out.Lifecycle.MessageDetails = g.Reason, g.Reason
		if g.State == profile.CreateFailed || g.State == profile.UpdateFailed {
			out.Lifecycle.ActualState = s.world.Profile().NodeGroupWord(g.State, "")
		}
	}
	w.shown.apply(&out)
	return out
}

// workerMessageTable and workerHealthTable hold what a worker says of its state.
var (
	workerMessageTable = map[string]string{
		"provision_pending":   "Waiting for the worker node to be provisioned.",
		"provisioning":        "Provisioning in progress.",
		"provisioned":         "Provisioned.",
		"deploying":           "Deploy in progress.",
		workerDeployed:        "Deployed.",
		workerDeleting:        "Delete in progress.",
		workerDeleted:         "Deleted.",
		workerProvisionFailed: "Provision failed.",
		workerDeployFailed:    "Deploy failed.",
	}
	workerHealthTable = map[string]string{workerDeployed: "Ready", "deploying": "Kubelet is not ready."}
)

func (s *Server) getWorkers(c *call) (*answer, *apiError) {
	shown, rec, e := s.asRead(c, c.query.Get("cluster"))
	if e != nil {
		return nil, e
	}
	var only *poolRecord
	if ident := c.query.Get("pool"); ident != "" {
		p, ok := rec.pool(ident)
		if !ok {
			return nil, s.noPool()
		}
		only = p
	}
	deleted := c.query.Get("showDeleted")
	if deleted != "" && deleted != "true" && deleted != "false" {
		return nil, badRequest("The query parameter 'showDeleted' must be true or false.")
	}
	out := []workerObject{}
	if s.fresh(rec, c.Now) {
		return body(out)
	}
	for _, w := range rec.workers {
		if only != nil && w.pool != only.id || !s.toBeSeen(shown, w, c.Now) || w.gone(c.Now) && deleted != "true" {
			continue
		}
		out = append(out, s.workerObject(shown, rec, w, c.Now))
	}
	return body(out)
}

// toBeSeen: reads that lag behind do not show workers that have just been made.
func (s *Server) toBeSeen(shown *core.Cluster, w *worker, now time.Time) bool {
	if _, there := shown.Group(w.pool); !there && !w.isLeaving(now) {
		return false
	}
	return w.born.Equal(shown.Created) || !now.Before(w.born.Add(s.options.ReadLag))
}

func (s *Server) getWorker(c *call) (*answer, *apiError) {
	shown, rec, e := s.asRead(c, c.query.Get("cluster"))
	if e != nil {
		return nil, e
	}
	w, found := simkit.Find(rec.workers, func(w *worker) bool { return w.id == c.query.Get("worker") })
	if !found || !s.toBeSeen(shown, w, c.Now) {
		return nil, noWorker()
	}
	return body(s.workerObject(shown, rec, w, c.Now))
}

func noWorker() *apiError {
	return fail(http.StatusNotFound, "E0011", "The specified worker node could not be found.").of(kindProvisioning)
}

// replaceRequest replaces a worker, in the version of the master with update.
type replaceRequest struct {
	Cluster  string `json:"cluster"`
	WorkerID string `json:"workerID"`
	Update   bool   `json:"update"`
}

// replaceWorker deletes a worker and orders another one, with another id.
func (s *Server) replaceWorker(c *call) (*answer, *apiError) {
	var in replaceRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	rec, e := s.toWrite(c, in.Cluster)
	if e != nil {
		return nil, e
	}
	old, found := simkit.Find(rec.workers, func(w *worker) bool { return w.id == in.WorkerID && w.counts(c.Now) })
	p := (*poolRecord)(nil)
	if found {
		p = rec.pools[old.pool]
	}
	if e := s.growable(rec, c.Now); e != nil {
		return nil, e
	}
	switch {
	case !found:
		return nil, noWorker()
	case p.removed:
		return nil, s.noPool()
	case !in.Update && minorsBehind(old.version, rec.live.Version) > 2:
		return nil, badRequest("The worker node cannot be replaced in the version %s.", old.version)
	}
	var made []*worker
	c.Outcome.Effect = func(r core.OperationRecord) { failWorkers(made)(r) }
	r, err := s.world.Apply(c.Now, core.Work{ClusterID: rec.id, GroupID: p.id, Took: s.duration(profile.AddNodeGroup), Aside: true}, c.Outcome)
	if err != nil {
		return nil, refused(err)
	}
	w := s.newWorker(rec, p, poolZone{old.zone, old.subnet}, c.Now, c.Now, r.Operation.End)
	if made = append(made, w); !in.Update {
		w.version = old.version
	}
	old.leaving, old.reason = c.Now, fmt.Sprintf("The worker node was replaced by %s.", w.id)
	if old.left = c.Now.Add(s.duration(profile.AddNodeGroup) / 3); r.Operation.End.IsZero() {
		old.left = time.Time{}
	}
	rec.changed = c.Now
	return none(http.StatusNoContent)
}
