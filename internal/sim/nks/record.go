// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// defaultWorker is the name of the group that comes with a cluster, and defaultMaster
// that of the control plane.
const (
	defaultWorker = "default-worker"
	defaultMaster = "default-master"
)

// clusterRecord holds what NKS knows of a cluster and the core does not.
type clusterRecord struct {
	project *project
	// live is the core's cluster; its State is Gone when it was deleted.
	live    *core.Cluster
	request clusterRequest
	labels  map[string]any
	userID  string
	// stack and master are the ids of its heat stack and of the control plane's group,
	// template that of its template, and minions of its security group.
	stack, master, template, minions string
	groups                           map[string]*groupRecord // by uuid
	events                           []*event
	// kind is that of the last operation that ended: CREATE, UPDATE or UPGRADE.
	kind string
	// failed is why the last one failed, so that the cluster is in UPDATE_FAILED.
	failed string
	// renewal: it was the renewal of the certificates.
	renewal bool
	updated time.Time
	// certificates counts their renewals; expiry is when they end, and years how long
	// they last.
	certificates, years int
	expiry              time.Time
	// config replaces the kubeconfig, for tests; shown the status.
	config, shown string
	acl           acl
}

// groupRecord holds what NKS knows of a node group and the core does not.
type groupRecord struct {
	number       uint64
	flavor       string
	image        string
	stack        string
	labels       map[string]any
	kind, reason string
	updated      time.Time
	auto         autoscaleObject
	// stopped is how many of its nodes are, and mba: autoscaling by metrics is on.
	stopped int
	mba     bool
	shown   string
	// earlier are the labels of nodes that were there before the last change of them, by
	// the node's id: a change reaches new nodes only.
	earlier map[string]map[string]string
}

// uuidPattern is what an id looks like: Magnum takes 32 digits without dashes for one.
var uuidPattern = regexp.MustCompile(`^(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$`)

// current returns the cluster of a call as it is, whatever reads show.
func (s *Server) current(c *call) (*clusterRecord, *apiError) {
	name := c.vars["cluster"]
	if rec, ok := c.project.clusters[name]; ok && rec.live.State != profile.Gone {
		return rec, nil
	}
	if uuidPattern.MatchString(name) {
		return nil, noCluster(name)
	}
	var found []*clusterRecord
	for _, rec := range c.project.clusters {
		if rec.live.Name == name && rec.live.State != profile.Gone {
			found = append(found, rec)
		}
	}
	switch len(found) {
	case 0:
		return nil, noCluster(name)
	case 1:
		return found[0], nil
	}
	return nil, ambiguous()
}

func ambiguous() *apiError {
	return fail(http.StatusConflict, "Conflict", "Multiple clusters exist with same name. Please use the cluster uuid instead.")
}

// view returns the cluster of a call as reads show it.
func (s *Server) view(c *call) (*core.Cluster, *clusterRecord, *apiError) {
	name := c.vars["cluster"]
	if shown, ok := c.project.world.Cluster(c.Now, name); ok {
		return shown, c.project.clusters[shown.ID], nil
	}
	if uuidPattern.MatchString(name) {
		return nil, nil, noCluster(name)
	}
	list := c.project.world.ClustersByName(c.Now, name)
	switch len(list) {
	case 0:
		return nil, nil, noCluster(name)
	case 1:
		return list[0], c.project.clusters[list[0].ID], nil
	}
	return nil, nil, ambiguous()
}

// group finds a node group of a cluster by its uuid or name.
func (rec *clusterRecord) group(c *core.Cluster, name string) (*core.NodeGroup, *groupRecord, *apiError) {
	g, ok := c.Group(name)
	if !ok {
		g, ok = c.GroupByName(name)
	}
	if !ok || rec.groups[g.ID] == nil {
		return nil, nil, noGroup(name)
	}
	return g, rec.groups[g.ID], nil
}

func inTransit(state profile.State) bool {
	return state == profile.Creating || state == profile.Updating || state == profile.Deleting
}

// status is the word of a cluster as a view of it has it.
func (s *Server) status(c *core.Cluster, rec *clusterRecord) string {
	if rec.shown != "" {
		return rec.shown
	}
	upgrading := c.By == profile.UpgradeControlPlane || c.By == profile.UpgradeNodeGroup
	kind := "UPDATE"
	if s.assume.UpgradeWords && (upgrading || !inTransit(c.State) && rec.kind == "UPGRADE") {
		kind = "UPGRADE"
	}
	switch c.State {
	case profile.Creating, profile.Deleting, profile.CreateFailed, profile.DeleteFailed:
		return s.profile.ClusterWord(c.State, c.By)
	case profile.Updating:
		return kind + "_IN_PROGRESS"
	case profile.Active:
		if rec.failed == "" {
			if rec.kind == "CREATE" {
				kind = rec.kind
			}
			return kind + "_COMPLETE"
		}
	default:
	}
	return kind + "_FAILED"
}

// groupStatus is the word of a node group.
func (s *Server) groupStatus(g *core.NodeGroup, own *groupRecord) string {
	switch {
	case own.shown != "":
		return own.shown
	case g.State == profile.Active:
		return own.kind + "_COMPLETE"
	}
	return s.profile.NodeGroupWord(g.State, "")
}

// checkIdle refuses a change while something is under way, or where what has failed
// must be mended first. doing is such as "Resizing a cluster".
func (s *Server) checkIdle(rec *clusterRecord, doing string, mends bool) *apiError {
	status := s.status(rec.live, rec)
	busy := inTransit(rec.live.State) || slices.ContainsFunc(rec.live.Groups, func(g *core.NodeGroup) bool { return inTransit(g.State) })
	switch {
	case busy && !strings.HasSuffix(status, "_IN_PROGRESS"): // it is shown as something else
		return s.unsupported(doing, "UPDATE_IN_PROGRESS")
	case busy, rec.live.State != profile.Active, rec.failed != "" && (!mends || rec.renewal):
		return s.unsupported(doing, status)
	}
	return nil
}

// inOrder returns the groups of a cluster in the order of their creation.
func (rec *clusterRecord) inOrder(c *core.Cluster) []*core.NodeGroup {
	return slices.DeleteFunc(slices.Clone(c.Groups), func(g *core.NodeGroup) bool { return rec.groups[g.ID] == nil })
}

// forget drops the records of clusters that are gone and that no read can show any
// more, when there are many of them.
func (p *project) forget(now time.Time) {
	if len(p.clusters) < 2*p.world.Len(now)+100 {
		return
	}
	for id, rec := range p.clusters {
		if _, shown := p.world.Cluster(now, id); !shown && rec.live.State == profile.Gone {
			delete(p.clusters, id)
		}
	}
}
