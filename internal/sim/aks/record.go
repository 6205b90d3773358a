// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// attrUID is the key under which the core keeps the uid of a cluster's record.
const attrUID = "uid"

// clusterRecord holds what AKS knows of a cluster and the core does not.
type clusterRecord struct {
	uid, key    string
	group, name string
	// live is the core's cluster; its State is Gone when it was deleted.
	live *core.Cluster

	// spec is what was asked for, with defaults filled in; what AKS alone sets is
	// not in it, and neither are the pools.
	spec clusterObject
	// requested is the version as it was asked for, which may be a minor.
	requested string
	nodeGroup string // the resource group of the nodes
	scaleSet  string // the digits in the names of the scale sets
	host      string // the first label of the address
	token     string // the static token of the admin kubeconfig
	pools     map[string]*poolRecord
	rev       uint64
	// kubeconfigs replace the answers of credential calls, by account; for tests.
	kubeconfigs map[string][]Kubeconfig
	// remade counts how often a pool comes back when it is removed; for tests.
	remade map[string]int
	// deprecatedUse: see AttrDeprecatedUse.
	deprecatedUse bool
	// canceled: the last operation was aborted.
	canceled bool
	// shown replaces the provisioning state, for tests.
	shown string
	// nodesHidden: nobody may read the resource group of the nodes.
	nodesHidden bool
}

// poolRecord holds what AKS knows of an agent pool and the core does not.
type poolRecord struct {
	name      string
	seq, rev  uint64
	spec      poolProperties
	requested string
	// operation is the id of the last one on the pool alone.
	operation string
	// ordinals number the machines that are there, next the one to come.
	ordinals []int
	next     int
	// first is the core's id of the first node; another one means that all
	// machines have been replaced.
	first string
	shown string
}

// keyOf names a cluster for the core: names are unique in a resource group, and
// their case does not matter.
func keyOf(group, name string) string {
	return strings.ToLower(group) + "/" + strings.ToLower(name)
}

// current returns the cluster of a call as it is, whatever reads show.
func (s *Server) current(c *call) (*clusterRecord, *apiError) {
	rec, ok := s.latest[keyOf(c.group(), c.vars["cluster"])]
	if !ok || rec.live.State == profile.Gone {
		return nil, s.noCluster(c)
	}
	return rec, nil
}

func (s *Server) noCluster(c *call) *apiError {
	return notFound(actionMC, c.vars["cluster"], c.group())
}

// noParent is the refusal of a write to a child of what does not exist.
func (s *Server) noParent(c *call) *apiError {
	return gateway(http.StatusNotFound, "ParentResourceNotFound", "Failed to perform 'write' on resource(s) of type 'managedClusters/agentPools', "+
		"because the parent resource '%s' could not be found.", s.idOf(c.group(), actionMC, c.vars["cluster"]))
}

// noPool is the refusal of a read of an agent pool that does not exist.
func (s *Server) noPool(c *call) *apiError {
	if s.assumed.PoolNotFoundWrapped {
		return notFound(actionPool, c.vars["cluster"]+"/"+c.vars["pool"], c.group())
	}
	return fail(http.StatusNotFound, "NotFound", "Could not find the agentpool: %.64s in managed cluster: %.64s.", c.vars["pool"], c.vars["cluster"])
}

// view returns the cluster of a call as reads show it.
func (s *Server) view(c *call) (*core.Cluster, *clusterRecord, *apiError) {
	shown, ok := s.world.Cluster(c.Now, keyOf(c.group(), c.vars["cluster"]))
	if !ok {
		return nil, nil, s.noCluster(c)
	}
	return shown, s.clusters[shown.Attr[attrUID]], nil
}

// viewPool is view for an agent pool.
func (s *Server) viewPool(c *call) (*core.Cluster, *clusterRecord, *core.NodeGroup, *poolRecord, *apiError) {
	shown, rec, e := s.view(c)
	if e != nil {
		return nil, nil, nil, nil, e
	}
	g, own, ok := rec.pool(shown, c.vars["pool"])
	if !ok {
		return nil, nil, nil, nil, s.noPool(c)
	}
	return shown, rec, g, own, nil
}

// pool finds a pool of a cluster by its name, in any case.
func (rec *clusterRecord) pool(c *core.Cluster, name string) (*core.NodeGroup, *poolRecord, bool) {
	name = strings.ToLower(name)
	g, ok := c.GroupByName(name)
	own := rec.pools[name]
	return g, own, ok && own != nil
}

// inOrder returns the pools of a cluster in the order of the requests.
func (rec *clusterRecord) inOrder(c *core.Cluster) []*core.NodeGroup {
	groups := slices.DeleteFunc(slices.Clone(c.Groups), func(g *core.NodeGroup) bool { return rec.pools[g.Name] == nil })
	slices.SortStableFunc(groups, func(a, b *core.NodeGroup) int {
		return int(rec.pools[a.Name].seq) - int(rec.pools[b.Name].seq)
	})
	return groups
}

// groupOperations are what a pool alone does.
var groupOperations = []profile.Operation{
	profile.AddNodeGroup, profile.RemoveNodeGroup, profile.ScaleNodeGroup, profile.SetAutoScaling, profile.UpgradeNodeGroup,
}

// transit reports whether an operation on the cluster itself is under way.
func (rec *clusterRecord) transit() bool {
	c := rec.live
	return c.State == profile.Creating || c.State == profile.Deleting ||
		c.State == profile.Updating && !slices.Contains(groupOperations, c.By)
}

// inTransit reports whether a pool is being worked on.
func inTransit(g *core.NodeGroup) bool {
	return g.State == profile.Creating || g.State == profile.Updating || g.State == profile.Deleting
}

// terminal tells the words of states that end.
func terminal(word string) bool {
	return word == "Succeeded" || word == "Failed" || word == "Canceled"
}

// clusterWords returns the provisioning state and the power state of a cluster.
func (s *Server) clusterWords(c *core.Cluster, rec *clusterRecord) (word, power string) {
	word, power = s.world.Profile().ClusterWord(c.State, c.By), "Running"
	switch {
	case c.State == profile.Stopped:
		word, power = "Succeeded", "Stopped"
	case c.State == profile.Updating && workWord(c) != "":
		word = workWord(c)
		if word == wordCanceling && s.assumed.CancelingHidden {
			word = wordUpdating
		}
		if word == wordStarting {
			power = "Stopped"
		}
	case rec.canceled && (c.State == profile.UpdateFailed || c.State == profile.CreateFailed):
		word = "Canceled"
	}
	return cmp.Or(rec.shown, word), power
}

// poolWords returns the provisioning state and the power state of a pool. Pools
// stop and start with their cluster.
func (s *Server) poolWords(c *core.Cluster, rec *clusterRecord, g *core.NodeGroup, own *poolRecord) (word, power string) {
	word, power = s.world.Profile().NodeGroupWord(g.State, g.By), "Running"
	clusterWord, clusterPower := s.clusterWords(c, rec)
	switch {
	case g.State == profile.Stopped:
		word, power = "Succeeded", "Stopped"
	case clusterWord == wordStopping || clusterWord == wordStarting:
		word, power = clusterWord, clusterPower
	case c.State == profile.Stopped:
		power = "Stopped"
	case rec.canceled && g.State == profile.CreateFailed:
		word = "Canceled"
	}
	return cmp.Or(own.shown, word), power
}

// why explains a state that is none to stay in.
func why(word, reason string) *status {
	if word != "Failed" && word != "Canceled" {
		return nil
	}
	detail := failureDetail(reason)
	return &status{&detail}
}

// tag is an entity tag: another one whenever what it stands for has changed.
func (s *Server) tag(what string, rev uint64, word string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%d/%s", s.seed, what, rev, word))
	return simkit.UUIDOf(hex.EncodeToString(sum[:16]))
}

// clusterTag is the entity tag of a cluster. What its pools do does not change it.
func (s *Server) clusterTag(c *core.Cluster, rec *clusterRecord) string {
	word, power := s.clusterWords(c, rec)
	if c.State == profile.Updating && !rec.transit() {
		word = "Succeeded"
	}
	return s.tag(rec.uid, rec.rev, word+power)
}

func (s *Server) poolTag(c *core.Cluster, rec *clusterRecord, g *core.NodeGroup, own *poolRecord) string {
	word, power := s.poolWords(c, rec, g, own)
	return s.tag(rec.uid+"/"+own.name, own.rev, word+power)
}

// touch marks a cluster as changed, and every pool of it.
func (s *Server) touch(rec *clusterRecord) {
	rec.rev = s.Random.Next()
	for _, own := range rec.pools {
		own.rev = rec.rev
	}
}

// checkPreconditions compares the preconditions of a write with the entity tag of what is
// there; "" means that nothing is.
func checkPreconditions(h http.Header, tag string) *apiError {
	match, none := unquoted(h.Get("If-Match")), unquoted(h.Get("If-None-Match"))
	switch {
	case none != "" && none != "*":
		return badRequest("The value of the header If-None-Match must be '*', got '%.64s'.", none)
	case none != "" && tag != "":
		return preconditionFailed("If-None-Match is '*' and the resource exists already with the eTag '%s'.", tag)
	case match != "" && tag == "":
		return preconditionFailed("If-Match is '%.64s' and the resource does not exist.", match)
	case match != "" && match != "*" && match != tag:
		return preconditionFailed("If-Match is '%.64s' and the eTag of the resource is '%s'.", match, tag)
	}
	return nil
}

// unquoted takes the quotes off an entity tag. HTTP wants them in the headers, while
// eTag in the bodies has none, and clients send either.
func unquoted(tag string) string {
	if inner, found := strings.CutPrefix(tag, `"`); found && strings.HasSuffix(inner, `"`) {
		return strings.TrimSuffix(inner, `"`)
	}
	return tag
}

// clusterOfNodeGroup returns the cluster whose nodes are in a resource group.
func (s *Server) clusterOfNodeGroup(name string) (*clusterRecord, bool) {
	for _, rec := range s.latest {
		if rec.live.State != profile.Gone && strings.EqualFold(rec.nodeGroup, name) {
			return rec, true
		}
	}
	return nil, false
}

// forget drops the records of clusters that are gone and that no read can show
// any more, when there are many of them.
func (s *Server) forget(now time.Time) {
	if len(s.clusters) < 2*s.world.Len(now)+100 {
		return
	}
	for uid, rec := range s.clusters {
		if shown, ok := s.world.Cluster(now, rec.key); rec.live.State == profile.Gone && (!ok || shown.Attr[attrUID] != uid) {
			delete(s.clusters, uid)
			if s.latest[rec.key] == rec {
				delete(s.latest, rec.key)
			}
		}
	}
}
