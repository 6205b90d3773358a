// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// location is a zone, or the region, with the clusters in it: a name is unique in
// each.
type location struct {
	name string
	// zones are those in which the nodes of its clusters are unless they say more.
	zones    []string
	world    *core.World
	clusters map[string]*clusterRecord // by name; the latest of each
	byUID    map[string]*clusterRecord
	open     []*opRecord // not done, in the order of their start
	past     []*opRecord // done, in the order of their end
}

// pastLimit is how many operations a location remembers.
const pastLimit = 1000

// attrUID is the key under which the core keeps the uid of a cluster's record.
const attrUID = "uid"

// clusterRecord holds what GKE knows of a cluster and the core does not.
type clusterRecord struct {
	location  *location
	uid, name string
	// live is the core's cluster; its State is Gone when it was deleted.
	live *core.Cluster
	// base is the request with its defaults filled in.
	base        *containerpb.Cluster
	channel     containerpb.ReleaseChannel_Channel
	autopilot   bool
	initial     string // the version that it began with
	endpoint    string
	dns         string
	certificate string
	pools       map[string]*poolRecord // by name; the latest of each
	changes     int                    // makes the etag
	// failed is when the creation failed.
	failed time.Time
	// alter changes what reads show.
	alter func(*containerpb.Cluster)
}

// poolRecord holds what GKE knows of a node pool and the core does not.
type poolRecord struct {
	base  *containerpb.NodePool
	zones []string
	// hashes are the parts of the names of its instance groups, one for each zone.
	hashes []string
	// count is initial_node_count, for each zone.
	count int32
	auto  *containerpb.NodePoolAutoscaling
}

// opRecord is an operation.
type opRecord struct {
	name string
	kind containerpb.Operation_Type
	rec  *clusterRecord
	pool string // empty: the cluster itself
	// coreID is the core's operation. Without one the operation is of this package:
	// it ends at end, or never if that is zero, and fails with fail.
	coreID        string
	start, end    time.Time
	fail          string
	pendingUntil  time.Time
	beside        bool // it is not in the way of others
	done          bool
	failure       string
	clusterBefore containerpb.Cluster_Status
	poolsBefore   map[string]containerpb.NodePool_Status
	// effect is what a success leads to.
	effect func()
}

// pendingAt: the operation has been accepted and not begun.
func (op *opRecord) pendingAt(now time.Time) bool { return !op.done && now.Before(op.pendingUntil) }

// advance lets everything happen that happens until now.
func (s *Server) advance(now time.Time) {
	for _, l := range s.locations {
		l.world.Advance(now)
		for {
			var ended *opRecord
			for _, op := range l.open {
				if op.over(now) && (ended == nil || op.end.Before(ended.end)) {
					ended = op
				}
			}
			if ended == nil {
				break
			}
			s.finish(ended)
		}
		if s.options.RemoveFailed > 0 {
			l.removeFailed(now, s.options.RemoveFailed)
		}
		l.forget(now)
	}
}

// removeFailed removes the clusters whose creation failed so long ago.
func (l *location) removeFailed(now time.Time, after time.Duration) {
	for _, name := range slices.Sorted(maps.Keys(l.clusters)) {
		rec := l.clusters[name]
		if !rec.failed.IsZero() && rec.live.State == profile.CreateFailed && !now.Before(rec.failed.Add(after)) {
			// It is there and the state is one, so this is not refused.
			_, _ = l.world.Apply(now, core.Force{ClusterID: rec.live.ID, State: profile.Gone}, core.Outcome{})
		}
	}
}

// over says whether an operation has ended by now, and when.
func (op *opRecord) over(now time.Time) bool {
	if op.coreID != "" {
		r, ok := op.rec.location.world.Operation(now, op.coreID)
		if ok && r.Done {
			op.end, op.failure = r.End, r.Failure
		}
		return !ok || r.Done
	}
	if op.rec.live.State == profile.Gone {
		op.end, op.failure = now, "canceled: the cluster is gone"
		return true
	}
	if op.end.IsZero() || op.end.After(now) {
		return false
	}
	op.failure = op.fail
	return true
}

// finish ends an operation.
func (s *Server) finish(op *opRecord) {
	l := op.rec.location
	op.done = true
	l.open = slices.DeleteFunc(l.open, func(other *opRecord) bool { return other == op })
	if l.past = append(l.past, op); len(l.past) > pastLimit {
		l.past = slices.Delete(l.past, 0, len(l.past)-pastLimit)
	}
	op.rec.changes++
	switch {
	case op.failure == "" && op.effect != nil:
		op.effect()
	case op.failure != "" && op.kind == containerpb.Operation_CREATE_CLUSTER:
		op.rec.failed = op.end
	}
	op.effect = nil
	if op.kind == containerpb.Operation_CREATE_CLUSTER && op.failure == "" && s.random.Float64() < s.options.Upkeep {
		s.startOwn(op.end, op.rec, "", containerpb.Operation_UPDATE_CLUSTER, s.duration(profile.UpdateCluster), core.Outcome{}, nil)
	}
}

// forget drops the records of clusters that are gone and that no read can show any
// more, when there are many of them.
func (l *location) forget(now time.Time) {
	if len(l.byUID) < 2*l.world.Len(now)+100 {
		return
	}
	for uid, rec := range l.byUID {
		if shown, ok := l.world.Cluster(now, rec.name); rec.live.State == profile.Gone && (!ok || shown.Attr[attrUID] != uid) {
			delete(l.byUID, uid)
			if l.clusters[rec.name] == rec {
				delete(l.clusters, rec.name)
			}
		}
	}
}

// duration returns how long an operation of this package takes.
func (s *Server) duration(kind profile.Operation) time.Duration {
	typical, ok := s.options.Durations[kind]
	if !ok {
		typical = s.profile.Typical(kind)
	}
	return time.Duration(float64(typical) * s.scale)
}

// newOp makes an operation. The states that it finds are what is shown while it is
// pending.
func (s *Server) newOp(now time.Time, rec *clusterRecord, pool string, kind containerpb.Operation_Type) *opRecord {
	h := s.text(32, hexDigits)
	op := &opRecord{
		name: fmt.Sprintf("operation-%d-%s-%s-%s-%s-%s", now.UnixMilli(), h[:8], h[8:12], h[12:16], h[16:20], h[20:]),
		kind: kind, rec: rec, pool: pool, start: now, pendingUntil: now.Add(s.pending),
		beside: kind == containerpb.Operation_AUTO_REPAIR_NODES || kind == containerpb.Operation_SET_NODE_POOL_MANAGEMENT,
	}
	if rec.live != nil {
		op.clusterBefore = s.clusterStatus(rec, rec.live, now)
		op.poolsBefore = map[string]containerpb.NodePool_Status{}
		for _, g := range rec.live.Groups {
			op.poolsBefore[g.Name] = s.poolStatus(rec, g, now)
		}
	}
	return op
}

// start applies a command of the core and makes the operation of it. effect is what
// a success leads to.
func (s *Server) start(c *call, rec *clusterRecord, pool string, kind containerpb.Operation_Type, cmd core.Command, effect func()) (*opRecord, *apiError) {
	op := s.newOp(c.now, rec, pool, kind)
	r, err := rec.location.world.Apply(c.now, cmd, c.outcome)
	if err != nil {
		return nil, refused(err)
	}
	if rec.live == nil {
		rec.live = r.Cluster
	}
	op.coreID, op.effect = r.Operation.ID, effect
	rec.location.open = append(rec.location.open, op)
	rec.changes++
	return op, nil
}

// startOwn starts an operation that the core knows nothing of.
func (s *Server) startOwn(now time.Time, rec *clusterRecord, pool string, kind containerpb.Operation_Type, took time.Duration, out core.Outcome, effect func()) *opRecord {
	op := s.newOp(now, rec, pool, kind)
	op.fail, op.effect = out.Fail, effect
	if !out.Stick {
		op.end = now.Add(max(took, s.pending))
	}
	rec.location.open = append(rec.location.open, op)
	rec.changes++
	return op
}

// truth returns the cluster of that name as it is, whatever reads show.
func (s *Server) truth(p place) (*clusterRecord, *apiError) {
	rec, ok := p.location.clusters[p.cluster]
	if !ok || rec.live.State == profile.Gone {
		return nil, notFound("Not found: %s.", s.inWords(path{location: p.path.location, cluster: p.cluster}))
	}
	return rec, nil
}

// truthPool is truth for a node pool.
func (s *Server) truthPool(p place) (*clusterRecord, *core.NodeGroup, *poolRecord, *apiError) {
	rec, e := s.truth(p)
	if e != nil {
		return nil, nil, nil, e
	}
	if rec.autopilot {
		return nil, nil, nil, autopilotPools()
	}
	g, ok := rec.live.GroupByName(p.pool)
	if !ok {
		return nil, nil, nil, notFound("Not found: %s.", s.inWords(p.path))
	}
	return rec, g, rec.pools[p.pool], nil
}

func autopilotPools() *apiError {
	return invalid("Autopilot node pools cannot be accessed or modified.")
}

// shown returns the cluster of that name as reads show it.
func (s *Server) shown(now time.Time, p place) (*core.Cluster, *clusterRecord, *apiError) {
	c, ok := p.location.world.Cluster(now, p.cluster) // the id of a cluster is its name
	if !ok {
		return nil, nil, notFound("Not found: %s.", s.inWords(path{location: p.path.location, cluster: p.cluster}))
	}
	return c, p.location.byUID[c.Attr[attrUID]], nil
}

// opsOn returns the operations on a cluster that are not done.
func (rec *clusterRecord) opsOn() []*opRecord {
	var ops []*opRecord
	for _, op := range rec.location.open {
		if op.rec == rec {
			ops = append(ops, op)
		}
	}
	return ops
}

// fingerprint is that of the labels of a cluster.
func fingerprint(labels map[string]string) string {
	sum := fnv.New32a()
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(sum, "%q=%q;", key, labels[key])
	}
	return fmt.Sprintf("%08x", sum.Sum32())
}

// free says whether an operation on a pool, or with no pool on the whole cluster,
// may start: one at a time for the cluster, or one for each pool.
func (s *Server) free(rec *clusterRecord, pool string) *apiError {
	pools := 0
	for _, op := range rec.opsOn() {
		switch {
		case op.beside:
		case op.pool == "" || pool == "" || op.pool == pool:
			return s.busyWith(op.name, rec.name)
		default:
			pools++
		}
	}
	if limit := s.choices.MaxPoolOperations; limit > 0 && pools >= limit {
		return fail(codes.ResourceExhausted, "Too many operations: cluster %q hits the concurrent operations quota %d, please try again later.", rec.name, limit)
	}
	switch rec.live.State {
	case profile.Creating, profile.Updating, profile.Deleting:
		if pool == "" || len(rec.opsOn()) == 0 {
			return precondition("Cluster %q is currently being created, deleted, updated or repaired and cannot be updated.", rec.name)
		}
	case profile.CreateFailed, profile.DeleteFailed:
		return precondition("Cluster %q is in state ERROR and can only be deleted.", rec.name)
	}
	return nil
}

// busyWith says that another operation is in the way.
func (s *Server) busyWith(operation, cluster string) *apiError {
	if s.choices.OtherTexts {
		return precondition("Operation %s is currently operating on cluster %s. Please wait and try again once it is done.", operation, cluster)
	}
	return precondition("Cluster is running incompatible operation %s.", operation).
		because("CLUSTER_ALREADY_HAS_OPERATION", domainContainer)
}
