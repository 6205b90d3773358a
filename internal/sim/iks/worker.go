// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// worker is a machine. What it shows follows from its times.
type worker struct {
	id, pool, zone, subnet, cidr, ip string
	version                          string
	// born is when it was asked for, begun when its provisioning began, and ready when
	// it joined the cluster; zero for one that never will.
	born, begun, ready time.Time
	// leaving is when it was given up, and left when it was gone.
	leaving, left time.Time
	reason        string // of its leaving
	// failed is the state that it has in place of deployed, and why says why.
	failed, why string
	shown       WorkerShown
}

// The words of a worker's life.
const (
	workerDeployed        = "deployed"
	workerDeleting        = "deleting"
	workerDeleted         = "deleted"
	workerProvisionFailed = "provision_failed"
	workerDeployFailed    = "deploy_failed"
	healthNormal          = "normal"
	healthCritical        = "critical"
)

// state is the word of a worker's life at a time.
func (w *worker) state(now time.Time) string {
	switch {
	case w.gone(now):
		return workerDeleted
	case w.isLeaving(now):
		return workerDeleting
	case w.failed != "" && (w.ready.IsZero() || !now.Before(w.ready)):
		return w.failed
	case !w.ready.IsZero() && !now.Before(w.ready):
		return workerDeployed
	}
	switch p := progress(core.OperationRecord{Start: w.begun, End: w.ready}, now); {
	case p < 0.1:
		return "provision_pending"
	case p < 0.55:
		return "provisioning"
	case p < 0.6:
		return "provisioned"
	}
	return "deploying"
}

func (w *worker) isLeaving(now time.Time) bool { return !w.leaving.IsZero() && !now.Before(w.leaving) }

func (w *worker) gone(now time.Time) bool { return !w.left.IsZero() && !now.Before(w.left) }

// counts: it is one of those that the pool is to have.
func (w *worker) counts(now time.Time) bool { return !w.isLeaving(now) }

// healthOf is the word of a worker's health. It is that of what its pool was forced
// into, and of what it shows.
func healthOf(shown *core.Cluster, w *worker, now time.Time) string {
	word := ""
	switch w.state(now) {
	case workerDeployed:
		word = healthNormal
		if g, ok := shown.Group(w.pool); ok {
			word = cmp.Or(forcedHealth[g.State], word)
		}
	case workerProvisionFailed, workerDeployFailed:
		word = healthCritical
	}
	return cmp.Or(w.shown.Health, word)
}

// forcedHealth is the health of workers in pools that are in these states.
var forcedHealth = map[profile.State]string{
	profile.CreateFailed: healthCritical, profile.UpdateFailed: healthCritical, profile.DeleteFailed: healthCritical, profile.Degraded: healthCritical,
	profile.Stopped: "unknown",
}

// inTransition: something is going on with it.
func (w *worker) inTransition(now time.Time) bool {
	switch w.state(now) {
	case workerDeployed, workerDeleted, workerProvisionFailed, workerDeployFailed:
		return false
	}
	return true
}

// workersKept is how many workers a cluster has before those that are gone are
// forgotten.
const workersKept = 1000

// newWorker makes a worker that is ready at a time, zero for never.
func (s *Server) newWorker(rec *clusterRecord, p *poolRecord, z poolZone, now, begun, ready time.Time) *worker {
	w := &worker{
		id:   "kube-" + rec.id + "-" + abbreviated(rec.name) + "-" + abbreviated(p.name) + "-" + s.Random.Text(8, simkit.LowerHex),
		pool: p.id, zone: z.id, subnet: z.subnet, version: fixPack(rec.live.Version, true), born: now, begun: begun, ready: ready,
	}
	n, known := s.resources.subnet(z.subnet)
	if prefix, err := netip.ParsePrefix(n.CIDR); err == nil {
		w.cidr = n.CIDR
		address := prefix.Addr().As4()
		address[3] = byte(4 + s.Random.Next()%250)
		w.ip = netip.AddrFrom4(address).String()
	}
	if known && n.VPC != rec.vpc {
		// The service does not look, and then nothing reaches the master.
		w.failed, w.why = workerDeployFailed, "The worker node cannot reach the cluster master. Verify the VPC of its subnet."
	}
	if len(rec.workers) >= workersKept {
		rec.workers = slices.DeleteFunc(rec.workers, func(w *worker) bool { return w.gone(now) })
	}
	rec.workers = append(rec.workers, w)
	return w
}

// abbreviated is a name as the ids of workers have it.
func abbreviated(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	return clean[:min(8, len(clean))]
}

// failWorkers is the Effect of an operation that makes workers: if it fails, they do.
func failWorkers(list []*worker) func(core.OperationRecord) {
	return func(r core.OperationRecord) {
		if r.Failure == "" || canceled(r) {
			return
		}
		for _, w := range list {
			w.failed, w.why = workerProvisionFailed, r.Failure
		}
	}
}

// leave has workers go away with an operation; if it fails they stay. effect is what a
// success leads to.
func leave(list []*worker, now time.Time, reason string, out *core.Outcome, effect func(at time.Time)) (started func(core.OperationRecord)) {
	var going []*worker
	for _, w := range list {
		if w.counts(now) {
			going = append(going, w)
		}
	}
	out.Effect = func(r core.OperationRecord) {
		switch {
		case r.Failure == "":
			effect(r.End)
		case !canceled(r):
			for _, w := range going {
				w.leaving, w.left = time.Time{}, time.Time{}
			}
		}
	}
	return func(r core.OperationRecord) {
		for _, w := range going {
			w.leaving, w.left, w.reason = now, r.End, reason
		}
	}
}

// canceled: an operation was cut short by another one.
func canceled(r core.OperationRecord) bool { return strings.HasPrefix(r.Failure, "canceled: ") }

// workersOf returns the workers of a pool, or of a cluster for "".
func (rec *clusterRecord) workersOf(pool string) []*worker {
	var list []*worker
	for _, w := range rec.workers {
		if pool == "" || w.pool == pool {
			list = append(list, w)
		}
	}
	return list
}

// transition reports whether a worker of a cluster is in transition.
func (rec *clusterRecord) transition(now time.Time) bool {
	for _, w := range rec.workers {
		if w.inTransition(now) {
			return true
		}
	}
	return false
}

// busyWorkers counts the workers of the region, for its quota.
func (s *Server) busyWorkers(now time.Time) int {
	n := 0
	for _, rec := range s.clusters {
		for _, w := range rec.workers {
			if rec.live.State != profile.Gone && rec.region == s.region && w.counts(now) {
				n++
			}
		}
	}
	return n
}

// setSize gives every zone of a pool so many workers: new ones, or the oldest leave.
func (s *Server) setSize(c *call, rec *clusterRecord, p *poolRecord, perZone int) *apiError {
	growth := (perZone - p.perZone) * len(p.zones)
	if have := s.busyWorkers(c.Now); growth > 0 && have+growth > s.workerQuota() {
		return quotaExceeded("worker nodes", s.workerQuota())
	}
	var made []*worker
	c.Outcome.Effect = func(r core.OperationRecord) { failWorkers(made)(r) }
	r, err := s.world.Apply(c.Now, core.Work{ClusterID: rec.id, GroupID: p.id, Took: s.duration(profile.ScaleNodeGroup), Aside: true}, c.Outcome)
	if err != nil {
		return refused(err)
	}
	p.perZone = perZone
	rec.changed = c.Now
	for _, z := range p.zones {
		var here []*worker
		for _, w := range rec.workersOf(p.id) {
			if w.zone == z.id && w.counts(c.Now) {
				here = append(here, w)
			}
		}
		for i := len(here); i < perZone; i++ {
			made = append(made, s.newWorker(rec, p, z, c.Now, c.Now, r.Operation.End))
		}
		for _, w := range here[:max(0, len(here)-perZone)] {
			w.leaving, w.left, w.reason = c.Now, r.Operation.End, "The worker pool was resized."
		}
	}
	return nil
}
