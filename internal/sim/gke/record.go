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
	"github.com/pmks-go/pmks/internal/sim/simkit"
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
	// operations are both by name; failed are clusters that GKE will remove.
	operations map[string]*opRecord
	failed     []*clusterRecord
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
	base      *containerpb.Cluster
	channel   containerpb.ReleaseChannel_Channel
	autopilot bool
	initial   string // the version that it began with
	endpoint  string
	dns       string
	authority simkit.Authority
	pools     map[string]*poolRecord // by name; the latest of each
	changes   int                    // makes the etag
	open      []*opRecord            // not done, in the order of their start
	// failed is when the creation failed.
	failed time.Time
	// alter changes what reads show.
	alter func(*containerpb.Cluster)
	// remakes is how often each pool is made again once it is deleted.
	remakes map[string]int
	// pauses are the reasons for which automatic upgrades are paused, by the pool;
	// those of the control plane are under no name.
	pauses map[string][]string
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
	// green are the hashes of the groups that a blue-green upgrade replaces the
	// others with, and phase is that in which it stays.
	green []string
	phase containerpb.NodePool_UpdateInfo_BlueGreenInfo_Phase
}

// opRecord is an operation: that of the core, whose ID is its name and whose Word
// its type, and what GKE shows of it beside that.
type opRecord struct {
	core.OperationRecord
	kind          containerpb.Operation_Type
	rec           *clusterRecord
	pool          string // empty: the cluster itself
	aside         bool   // the core's target does not show it
	beside        bool   // it is not in the way of others
	from, to      string // the versions of an upgrade
	clusterBefore containerpb.Cluster_Status
	poolsBefore   map[string]containerpb.NodePool_Status
}

// advance lets everything happen that happens until now.
func (s *Server) advance(now time.Time) {
	for _, l := range s.locations {
		l.world.Advance(now)
		l.removeFailed(now, s.options.RemoveFailed)
		s.forget(l, now)
	}
}

// removeFailed removes the clusters whose creation failed so long ago.
func (l *location) removeFailed(now time.Time, after time.Duration) {
	for len(l.failed) > 0 && !now.Before(l.failed[0].failed.Add(after)) {
		rec := l.failed[0]
		l.failed = l.failed[1:]
		if rec.live.State == profile.CreateFailed {
			// It is there and the state is one, so this is not refused.
			_, _ = l.world.Apply(now, core.Force{ClusterID: rec.live.ID, State: profile.Gone}, core.Outcome{})
		}
	}
}

// finish ends an operation, with the core's last record of it.
func (s *Server) finish(op *opRecord, r core.OperationRecord, effect func()) {
	l := op.rec.location
	op.OperationRecord = r
	is := func(other *opRecord) bool { return other == op }
	l.open, op.rec.open = slices.DeleteFunc(l.open, is), slices.DeleteFunc(op.rec.open, is)
	if l.past = append(l.past, op); len(l.past) > pastLimit {
		delete(l.operations, l.past[0].ID)
		l.past = l.past[1:]
	}
	op.rec.changes++
	known := op.rec.pools[op.pool]
	switch {
	case known == nil:
	case op.kind == containerpb.Operation_UPGRADE_NODES:
		s.endGreen(op.rec, known, r.Failure == "")
	case op.kind == containerpb.Operation_DELETE_NODE_POOL && r.Failure == "":
		s.dropGroups(op.rec, known)
	}
	created := op.kind == containerpb.Operation_CREATE_CLUSTER
	switch {
	case r.Failure != "":
		s.failed(op, r.End)
	case effect != nil:
		effect()
	}
	if op.kind == containerpb.Operation_DELETE_NODE_POOL && r.Failure == "" {
		s.remake(op.rec, op.pool, r.End)
	}
	if created && r.Failure == "" && s.Random.Float64() < s.options.Upkeep {
		s.startOwn(r.End, op.rec, "", containerpb.Operation_UPDATE_CLUSTER, s.duration(profile.UpdateCluster), core.Outcome{}, nil)
	}
}

// forget drops the records of clusters that are gone and that no read can show any
// more, when there are many of them.
func (s *Server) forget(l *location, now time.Time) {
	if len(l.byUID) < 2*l.world.Len(now)+100 {
		return
	}
	for uid, rec := range l.byUID {
		if shown, ok := l.world.Cluster(now, rec.name); rec.live.State == profile.Gone && (!ok || shown.Attr[attrUID] != uid) {
			delete(l.byUID, uid)
			for _, known := range rec.pools {
				s.dropGroups(rec, known)
			}
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
	h := s.Random.Text(32, simkit.LowerHex)
	op := &opRecord{
		kind: kind, rec: rec, pool: pool,
		beside: kind == containerpb.Operation_AUTO_REPAIR_NODES || kind == containerpb.Operation_SET_NODE_POOL_MANAGEMENT,
	}
	op.ID = fmt.Sprintf("operation-%d-%s-%s-%s-%s-%s", now.UnixMilli(), h[:8], h[8:12], h[12:16], h[16:20], h[20:])
	if rec.live != nil {
		op.clusterBefore = s.clusterStatus(rec, rec.live, now)
		op.poolsBefore = map[string]containerpb.NodePool_Status{}
		for _, g := range rec.live.Groups {
			op.poolsBefore[g.Name] = s.poolStatus(rec, g, now)
		}
	}
	return op
}

// apply gives a command to the core, as the operation op. effect is what a success
// leads to.
func (s *Server) apply(now time.Time, op *opRecord, cmd core.Command, out core.Outcome, effect func()) *apiError {
	rec, l := op.rec, op.rec.location
	out.ID, out.Word, out.Pending = op.ID, op.kind.String(), s.pending
	out.Effect = func(r core.OperationRecord) { s.finish(op, r, effect) }
	r, err := l.world.Apply(now, cmd, out)
	if err != nil {
		return refused(err)
	}
	if rec.live == nil {
		rec.live = r.Cluster
	}
	op.OperationRecord = r.Operation
	l.open, rec.open, l.operations[op.ID] = append(l.open, op), append(rec.open, op), op
	rec.changes++
	return nil
}

// start begins the operation of a command of the core, and shows it.
func (s *Server) start(c *call, rec *clusterRecord, pool string, kind containerpb.Operation_Type, cmd core.Command, effect func()) (*operation, *apiError) {
	op := s.newOp(c.Now, rec, pool, kind)
	if e := s.apply(c.Now, op, cmd, c.Outcome, effect); e != nil {
		return nil, e
	}
	return s.operationObject(op, c.Now), nil
}

// startOwn begins an operation that only GKE knows.
func (s *Server) startOwn(now time.Time, rec *clusterRecord, pool string, kind containerpb.Operation_Type, took time.Duration, out core.Outcome, effect func()) *opRecord {
	op := s.newOp(now, rec, pool, kind)
	op.aside = true
	cmd := core.Work{ClusterID: rec.live.ID, Took: max(took, s.pending), Aside: true}
	if g, ok := rec.live.GroupByName(pool); ok {
		cmd.GroupID = g.ID
	}
	// The target is there and the command is whole, so this is not refused.
	_ = s.apply(now, op, cmd, out, effect)
	return op
}

// current returns the cluster of that name as it is, whatever reads show.
func (s *Server) current(p place) (*clusterRecord, *apiError) {
	rec, ok := p.location.clusters[p.cluster]
	if !ok || rec.live.State == profile.Gone {
		return nil, notFound("Not found: %s.", s.inWords(path{location: p.path.location, cluster: p.cluster}))
	}
	return rec, nil
}

// onCluster finds a cluster that an operation may start on.
func (s *Server) onCluster(c *call, name string) (*clusterRecord, *apiError) {
	p, e := s.locate(c, name, "clusters")
	if e != nil {
		return nil, e
	}
	return s.current(p)
}

// shownCluster finds a cluster as reads show it.
func (s *Server) shownCluster(c *call, name string) (*core.Cluster, *clusterRecord, *apiError) {
	p, e := s.locate(c, name, "clusters")
	if e != nil {
		return nil, nil, e
	}
	return s.asRead(c.Now, p)
}

// currentPool is current for a node pool.
func (s *Server) currentPool(p place) (*clusterRecord, *core.NodeGroup, *poolRecord, *apiError) {
	rec, e := s.current(p)
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

// asRead returns the cluster of that name as reads show it.
func (s *Server) asRead(now time.Time, p place) (*core.Cluster, *clusterRecord, *apiError) {
	c, ok := p.location.world.Cluster(now, p.cluster) // the id of a cluster is its name
	if !ok {
		return nil, nil, notFound("Not found: %s.", s.inWords(path{location: p.path.location, cluster: p.cluster}))
	}
	return c, p.location.byUID[c.Attr[attrUID]], nil
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
	for _, op := range rec.open {
		switch {
		case op.beside:
		case op.pool == "" || pool == "" || op.pool == pool:
			return s.busyWith(op.ID, rec.name)
		default:
			pools++
		}
	}
	if limit := s.assume.MaxPoolOperations; limit > 0 && pools >= limit {
		return fail(codes.ResourceExhausted, "Too many operations: cluster %q hits the concurrent operations quota %d, please try again later.", rec.name, limit)
	}
	switch rec.live.State {
	case profile.Creating, profile.Updating, profile.Deleting:
		if pool == "" || len(rec.open) == 0 {
			return precondition("Cluster %q is currently being created, deleted, updated or repaired and cannot be updated.", rec.name)
		}
	case profile.CreateFailed, profile.DeleteFailed:
		return precondition("Cluster %q is in state ERROR and can only be deleted.", rec.name)
	}
	return nil
}

// busyWith says that another operation is in the way.
func (s *Server) busyWith(operation, cluster string) *apiError {
	if s.assume.OtherTexts {
		return precondition("Operation %s is currently operating on cluster %s. Please wait and try again once it is done.", operation, cluster)
	}
	return precondition("Cluster is running incompatible operation %s.", operation).
		because("CLUSTER_ALREADY_HAS_OPERATION", domainContainer)
}
