// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"net/http"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// attrUID is the key under which the core keeps the uid of a cluster's record.
const attrUID = "uid"

// clusterRecord holds what EKS knows of a cluster and the core does not.
type clusterRecord struct {
	uid, name, arn string
	// live is the core's cluster; its State is Gone when it was deleted.
	live *core.Cluster

	role                  string
	token                 string
	endpoint              endpoint
	authenticationMode    string
	supportType           string
	serviceCIDR, ipFamily string
	logging               loggingObject
	securityGroup         string // the one that EKS makes
	authority             simkit.Authority
	certificate           string // that of the authority, unless a test has replaced it
	oidc                  string
	groups                map[string]*groupRecord // by name; the latest of each
	addons                []addon
	insights              []Insight // nil: those that each cluster has
	fargate               []*fargateProfile
	autoMode              bool
	updates               []*updateRecord
	// upgraded is when the control plane last began to move on; zero if never.
	upgraded time.Time
	// shown replaces the status, for tests.
	shown string
}

// groupRecord holds what EKS knows of a node group and the core does not.
type groupRecord struct {
	uid, name, arn, asg string
	seq                 uint64
	modified            time.Time

	role           string
	subnets        []string
	amiType        string
	instanceTypes  []string
	capacityType   string
	diskSize       *int32
	remoteAccess   *remoteAccessObject
	remoteGroup    string // the security group that EKS makes for remote access
	labels         map[string]string
	taints         []taintObject
	updateConfig   updateConfigObject
	launchTemplate *launchTemplateObject
	tags           map[string]string
	asgTags        map[string]asgTag
	// customAMI: the launch template has an image of its own.
	customAMI bool
	// again is how often a controller makes it again when it is deleted.
	again int
	// shown replaces the status, for tests.
	shown string
}

// updateRecord is an update object.
type updateRecord struct {
	id, kind  string
	nodegroup string // empty: the cluster itself
	params    []updateParam
	created   time.Time
	seq       uint64
	// resources goes into the errors of the update.
	resources []string
	// final is kept once the core's operation has ended, which it forgets.
	final *updateObject
}

// current returns the cluster of that name as it is, whatever reads show.
func (s *Server) current(name string) (*clusterRecord, *apiError) {
	rec, ok := s.latest[name]
	if !ok || rec.live.State == profile.Gone {
		return nil, s.noCluster(name)
	}
	return rec, nil
}

func (s *Server) noCluster(name string) *apiError {
	e := notFound("No cluster found for name: %s.", name)
	if s.assumptions.NoClusterAsClientException {
		e.code, e.status = "ClientException", http.StatusBadRequest
	}
	return e.in(name, "")
}

func noNodegroup(cluster, group string) *apiError {
	return notFound("No node group found for name: %s.", group).in(cluster, group)
}

// currentGroup is current for a node group.
func (s *Server) currentGroup(c *call) (*clusterRecord, *core.NodeGroup, *groupRecord, *apiError) {
	rec, e := s.current(c.labels["name"])
	if e != nil {
		return nil, nil, nil, e
	}
	name := c.labels["nodegroupName"]
	g, ok := rec.live.GroupByName(name)
	if !ok {
		return nil, nil, nil, noNodegroup(rec.name, name)
	}
	return rec, g, rec.groups[name], nil
}

// asRead returns the cluster of that name as reads show it.
func (s *Server) asRead(now time.Time, name string) (*core.Cluster, *clusterRecord, *apiError) {
	c, ok := s.world.Cluster(now, name) // the id of a cluster is its name
	if !ok {
		return nil, nil, s.noCluster(name)
	}
	return c, s.clusters[c.Attr[attrUID]], nil
}

// forget drops the records of clusters that are gone and that no read can show
// any more, when there are many of them.
func (s *Server) forget(now time.Time) {
	if len(s.clusters) < 2*s.world.Len(now)+100 {
		return
	}
	for uid, rec := range s.clusters {
		if shown, ok := s.world.Cluster(now, rec.name); rec.live.State == profile.Gone && (!ok || shown.Attr[attrUID] != uid) {
			delete(s.clusters, uid)
			if s.latest[rec.name] == rec {
				delete(s.latest, rec.name)
			}
		}
	}
}

// limit reads maxResults, which is 1 to 100 for every list of EKS.
func (s *Server) limit(c *call) (int, *apiError) {
	text := c.query.Get("maxResults")
	if text == "" && !c.query.Has("maxResults") {
		return s.onPage(100), nil
	}
	f := newForm(c.query, "eks")
	f.bad = "InvalidParameterException"
	n := f.number("maxResults", 1, 100, 0)
	if f.fault == nil && n == 0 {
		f.refuse(f.bad, "maxResults must be a number between 1 and 100")
	}
	return s.onPage(n), f.fault
}

// onPage bounds what is on a page by what Options.PageSize says.
func (s *Server) onPage(n int) int {
	if s.pageSize > 0 {
		return min(n, s.pageSize)
	}
	return n
}

// pageOf is the page of a list of EKS that a call asks for.
func pageOf[T any](s *Server, c *call, kind string, list []T, position func(T) uint64) (items []T, next *string, e *apiError) {
	limit, e := s.limit(c)
	if e != nil {
		return nil, nil, e
	}
	items, token, ok := simkit.Page(s.Kit, &c.Exchange, kind, c.query.Get("nextToken"), limit, list, position)
	if !ok {
		return nil, nil, badToken()
	}
	return items, optional(token), nil
}

// namesOf is never null in JSON.
func namesOf[T any](items []T, name func(T) string) []string {
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = name(item)
	}
	return names
}

func badToken() *apiError {
	return fail(http.StatusBadRequest, "InvalidParameterException", "The nextToken is not valid")
}
