// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// clusterRecord holds what TKE knows of a cluster and the core does not.
type clusterRecord struct {
	id string
	// live is the core's cluster; its State is Gone when it was deleted.
	live *core.Cluster

	kind, region, vpc     string
	description           string
	os, osKind, runtime   string
	level                 string
	autoLevel             bool
	network               string // GR or VPC-CNI
	podCIDR, serviceCIDR  string
	podsPerNode, services int64
	podSubnets            []string
	ipvs                  bool
	proxyMode, nodeNames  string
	project               int64
	public, private       endpointRecord
	authority             simkit.Authority
	pools                 map[string]*poolRecord // by id
	tasks                 []*taskRecord          // in the order of creation
	upgrade               *nodeUpgrade           // the last one
	nodes                 int                    // how many there ever were
	strays                []string               // nodes of no node pool
	addons                []addonRecord
	tagging               *tagTask  // the last change of tags
	moved                 time.Time // when its version last changed
	word                  string    // of Updating, unless it is that of an upgrade
	// shown replaces the state, for tests.
	shown string
}

// poolRecord holds what TKE and Auto Scaling know of a node pool and the core does not.
type poolRecord struct {
	cluster       *clusterRecord
	id, name      string
	group, config string // the ids at Auto Scaling
	scaling       scalingPara
	launch        launchPara
	advanced      advancedSettings
	labels        []labelObject
	taints        []taintObject
	annotations   []labelObject
	tags          []tagObject
	inherited     []tagObject // those of the cluster, which were copied
	os, osKind    string
	imageID       string
	runtime       runtimeConfig
	unschedulable int64
	script        string
	protected     bool
	disabled      bool // the scaling group was disabled at Auto Scaling
	created       time.Time
	switching     bool                   // autoscaling is being switched
	nodes         map[string]*nodeRecord // by the id of the CVM
	activities    []*activityRecord      // in the order of their start
	// shown replaces the state, for tests.
	shown string
}

// nodeRecord is a CVM.
type nodeRecord struct {
	ip, subnet, version string
	created             time.Time
	// labels and taints are those of the node pool when it came, or the later ones that
	// reached it.
	labels []labelObject
	taints []taintObject
	// ready is when it runs.
	ready time.Time
	// leaves is when it is gone, if it is to leave; it may never.
	leaving bool
	leaves  time.Time
	// failed: it does not come up, and says why.
	failed string
	// protected: it may not be terminated.
	protected bool
}

// find returns the cluster of that id in the region of a call. The group of the code of
// its absence differs between the actions.
func (s *Server) find(c *call, id, group string) (*clusterRecord, *apiError) {
	rec, ok := s.clusters[id]
	switch {
	case id == "":
		return nil, missing("ClusterId")
	case !ok || rec.live.State == profile.Gone || rec.region != c.region:
		return nil, fail(group+".ClusterNotFound", "the cluster %s is not found", id)
	}
	return rec, nil
}

// running is find for what only a cluster that is Running takes.
func (s *Server) running(c *call, id, group string) (*clusterRecord, *apiError) {
	rec, e := s.find(c, id, group)
	if e == nil && rec.live.State != profile.Active {
		e = clusterState("ResourceUnavailable", id, s.stateOf(rec, rec.live))
	}
	return rec, e
}

// stateOf is the word for the state of a cluster, which may be the one before the last
// change.
func (s *Server) stateOf(rec *clusterRecord, c *core.Cluster) string {
	word := s.world.Profile().ClusterWord(c.State, c.By)
	if c.State == profile.Updating && c.By == profile.UpdateCluster {
		word = cmp.Or(rec.word, word)
	}
	return cmp.Or(rec.shown, word)
}

// scaled is a duration by the pace of the server.
func (s *Server) scaled(d time.Duration) time.Duration { return time.Duration(float64(d) * s.scale) }

// apply begins what a call asks for. effect, unless nil, is called when it ends.
func (s *Server) apply(c *call, cmd core.Command, effect func(core.OperationRecord)) (core.Result, *apiError) {
	out := c.Outcome
	out.Effect = effect
	result, err := s.world.Apply(c.Now, cmd, out)
	if err != nil {
		return core.Result{}, refused(err)
	}
	return result, nil
}

// must applies a command that cannot be refused.
func (s *Server) must(now time.Time, cmd core.Command) *apiError {
	if _, err := s.world.Apply(now, cmd, core.Outcome{}); err != nil {
		return refused(err)
	}
	return nil
}

// cut reports whether an operation was cut short by another one.
func cut(end core.OperationRecord) bool { return strings.HasPrefix(end.Failure, "canceled: ") }

// forget drops the records of clusters that are gone and that no read can show any
// more, when there are many of them.
func (s *Server) forget(now time.Time) {
	if len(s.clusters) < 2*s.world.Len(now)+100 {
		return
	}
	for id, rec := range s.clusters {
		if _, shown := s.world.Cluster(now, id); rec.live.State != profile.Gone || shown {
			continue
		}
		delete(s.clusters, id)
		for _, known := range rec.pools {
			delete(s.groups, known.group)
			delete(s.groups, known.config)
		}
	}
}

// newID looks like the ids of Tencent Cloud.
func (s *Server) newID(prefix string) string { return prefix + s.Random.Text(8, simkit.LowerAlnum) }

// stamp shows a time as TKE and Auto Scaling do.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// tagMap turns tags into what the core holds.
func tagMap(tags []tagObject) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

// tagList is the other way around, by the keys.
func tagList(tags map[string]string) []tagObject {
	list := []tagObject{}
	for key, value := range tags {
		list = append(list, tagObject{key, value})
	}
	slices.SortFunc(list, func(a, b tagObject) int { return cmp.Compare(a.Key, b.Key) })
	return list
}
