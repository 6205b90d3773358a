// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// clusterRecord holds what the service knows of a cluster and the core does not.
type clusterRecord struct {
	id, name string
	// live is the core's cluster; its State is Gone when it was deleted, at gone.
	live *core.Cluster
	gone time.Time

	region, group, kind, provider string
	vpc, podSubnet, serviceSubnet string
	// private: it has no public endpoint. asked is what it is to be with the next
	// refresh of its master.
	private, asked bool
	securityGroups []string
	// made is when a call made it; zero for one that was put.
	made time.Time
	// port is that of the API server, and key that of the cluster's authority.
	port      string
	authority simkit.Authority
	// aborted: the deletion began before the master was there.
	aborted bool
	changed time.Time

	pools   map[string]*poolRecord // by id, those that are removed too
	workers []*worker
	addons  []*addonRecord
	config  *configMap
	// synced says since when an identity has its rights in the cluster.
	synced map[string]time.Time
	// tagsRefused is why its tags cannot be changed.
	tagsRefused string
	// shown replaces what reads show.
	shown Shown
}

// poolRecord holds what the service knows of a worker pool and the core does not.
type poolRecord struct {
	id, name, flavor, os, isolation string
	perZone                         int
	zones                           []poolZone
	labels                          map[string]string
	taints                          map[string]string // "value:Effect" by key, nil for none
	created                         time.Time
	removed                         bool
	// auto: the autoscaler sees to it.
	auto  bool
	shown PoolShown
}

type poolZone struct{ id, subnet string }

// masterShare is how far the creation of a cluster is when its master is deployed.
const masterShare = 0.45

// progress is how much of an operation is over, from 0 to 1.
func progress(op core.OperationRecord, now time.Time) float64 {
	if op.End.IsZero() || !op.End.After(op.Start) {
		return 0
	}
	return min(1, float64(now.Sub(op.Start))/float64(op.End.Sub(op.Start)))
}

// duration returns how long an operation of this package takes.
func (s *Server) duration(kind profile.Operation) time.Duration {
	typical, ok := s.options.Durations[kind]
	if !ok {
		typical = s.world.Profile().Typical(kind)
	}
	return time.Duration(float64(typical) * s.scale)
}

// find returns the cluster of that id or name, as reads show it. A name is looked
// for in all of the account.
func (s *Server) find(c *call, ident string) (*core.Cluster, *clusterRecord, bool) {
	if c.who.account != s.account && c.who.account != "" {
		return nil, nil, false
	}
	if shown, ok := s.world.Cluster(c.Now, ident); ok {
		return shown, s.clusters[ident], true
	}
	for _, shown := range s.world.ClustersByName(c.Now, ident) {
		return shown, s.clusters[shown.ID], true
	}
	return nil, nil, false
}

// fresh: most calls do not know the cluster yet.
func (s *Server) fresh(rec *clusterRecord, now time.Time) bool {
	return now.Before(rec.made.Add(s.options.Fresh))
}

// asRead finds the cluster of a read. It is not found when it is too new, or under
// the header of another resource group.
func (s *Server) asRead(c *call, ident string) (*core.Cluster, *clusterRecord, *apiError) {
	shown, rec, ok := s.find(c, ident)
	switch {
	case !ok:
		return nil, nil, noCluster("G0004")
	case s.fresh(rec, c.Now) && !s.assume.FreshIsEmpty:
		return nil, nil, noCluster("A0006")
	case rec.provider != providerVPC:
		return nil, nil, noCluster("E0008")
	}
	if group := c.header.Get(groupHeader); group != "" && group != rec.group {
		return nil, nil, noCluster("A0006")
	}
	return shown, rec, nil
}

// toWrite finds the cluster that a call is to change, as it is.
func (s *Server) toWrite(c *call, ident string) (*clusterRecord, *apiError) {
	if ident == "" {
		return nil, badRequest("The required member 'cluster' is missing.")
	}
	_, rec, e := s.asRead(c, ident)
	switch {
	case e != nil:
		return nil, e
	case rec.live.State == profile.Gone:
		return nil, noCluster("G0004")
	case c.header.Get(groupHeader) == "" && rec.group != s.resources.defaultGroup().ID && !s.assume.GroupOptionalOnWrites:
		return nil, noCluster("A0006")
	}
	return rec, nil
}

// pool finds a pool by its id or name: one that is there before one that was.
func (rec *clusterRecord) pool(ident string) (*poolRecord, bool) {
	if p, ok := rec.pools[ident]; ok {
		return p, true
	}
	var found *poolRecord
	for _, p := range rec.pools {
		if p.name == ident && (found == nil || found.removed && (!p.removed || p.created.After(found.created))) {
			found = p
		}
	}
	return found, found != nil
}

// poolToWrite finds a pool that a call is to change.
func (s *Server) poolToWrite(rec *clusterRecord, ident string) (*poolRecord, *core.NodeGroup, *apiError) {
	if ident == "" {
		return nil, nil, badRequest("The required member 'workerpool' is missing.")
	}
	p, ok := rec.pool(ident)
	if !ok || p.removed {
		return nil, nil, s.noPool()
	}
	g, ok := rec.live.Group(p.id)
	if !ok {
		return nil, nil, s.noPool()
	}
	return p, g, nil
}

// names are those of the target of a call, for the journal.
func (s *Server) names(c *call) (cluster, pool string) {
	cluster, pool = c.subject.Cluster, c.subject.Pool
	rec, ok := s.clusters[cluster]
	if !ok {
		_, rec, ok = s.find(c, cluster)
	}
	if ok {
		cluster = rec.name
		if p, found := rec.pool(pool); found && pool != "" {
			pool = p.name
		}
	}
	return cluster, pool
}

// keep makes the record of a cluster that has just been made.
func (s *Server) keep(rec *clusterRecord, live *core.Cluster) {
	authority, err := s.NewAuthority("kubernetes-"+live.ID, s.Random.Key())
	if err != nil {
		panic("iks: " + err.Error()) // every key makes one
	}
	rec.id, rec.name, rec.live, rec.authority = live.ID, live.Name, live, authority
	rec.port = strconv.Itoa(30000 + int(s.Random.Next()%2767))
	rec.asked = rec.private
	rec.pools, rec.synced, rec.changed = map[string]*poolRecord{}, map[string]time.Time{}, live.Created
	s.clusters[rec.id] = rec
}

// forget drops the records of clusters that no read can show any more.
func (s *Server) forget(now time.Time) {
	if len(s.clusters) < 2*s.world.Len(now)+100 {
		return
	}
	for id, rec := range s.clusters {
		if _, ok := s.world.Cluster(now, id); !ok && rec.live.State == profile.Gone && !now.Before(rec.gone.Add(s.options.Linger)) {
			delete(s.clusters, id)
		}
	}
}

// lingering returns the clusters that are deleted and still in the list, in the order
// of their creation.
func (s *Server) lingering(now time.Time) []*clusterRecord {
	var list []*clusterRecord
	for _, rec := range s.clusters {
		if rec.live.State == profile.Gone && now.Before(rec.gone.Add(s.options.Linger)) {
			list = append(list, rec)
		}
	}
	slices.SortFunc(list, func(a, b *clusterRecord) int {
		return cmp.Or(a.live.Created.Compare(b.live.Created), cmp.Compare(a.id, b.id))
	})
	return list
}

// stamp writes a time as the service does: the offset has no colon.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05-0700")
}
