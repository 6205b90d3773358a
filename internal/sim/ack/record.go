// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// clusterRecord holds what ACK knows of a cluster and the core does not.
type clusterRecord struct {
	id string
	// live is the core's cluster; its State is Gone when it was deleted, at gone.
	live *core.Cluster
	gone time.Time

	kind, profile, spec        string
	region                     string
	initVersion                string
	updated                    time.Time
	vpc                        string
	vswitches, podVSwitches    []string
	securityGroup              string
	ownSecurityGroup           bool
	containerCIDR, serviceCIDR string
	nodeMask                   string
	proxyMode, timezone        string
	domain, resourceGroup      string
	public                     bool
	publicIP, privateIP        string
	// nat is the NAT gateway that was made for it; egress: its nodes reach the
	// Internet, without which none joins.
	nat, balancer, workerRole string
	egress                    bool
	authority                 simkit.Authority
	addons                    []addonRecord
	autoscaler                string // the type of the one that is configured
	protectedResources        []protectedResource
	pools                     map[string]*poolRecord // by id
	tasks                     []*taskRecord          // in the order of creation
	checks                    []*checkRecord         // the same
	findings                  map[string][]Finding   // what checks find, by their type
	log                       controlPlaneLog
	nodes                     int // how many there ever were
	// shown replaces the state, for tests.
	shown string
}

// addonRecord is an add-on of a cluster.
type addonRecord struct{ name, version, config string }

// poolRecord holds what ACK knows of a node pool and the core does not.
type poolRecord struct {
	id, name      string
	isDefault     bool
	spec          scalingGroupObject
	disks         []dataDisk
	kubernetes    kubernetesConfig
	kind, group   string
	resourceGroup string
	interconnect  string
	autoKind      string
	updated       time.Time
	management    *managementObject
	// shrinking: the size that it is being brought to is below the one before.
	shrinking bool
	// unsized: it has no desired_size, as pools of attached machines.
	unsized bool
	// autoUntil is how long it counts as autoscaled after that was switched off.
	autoUntil time.Time
	nodes     map[string]*nodeRecord // by instance id
	// shown replaces the state, for tests.
	shown string
}

// nodeRecord is an instance.
type nodeRecord struct {
	ip, vswitch string
	created     time.Time
	// labels are those of the node pool when it was made, or made to follow; spot is
	// how it was bought.
	labels []tagObject
	spot   string
}

// current returns the cluster of that id as it is.
func (s *Server) current(id string) (*clusterRecord, *apiError) {
	rec, ok := s.clusters[id]
	if !ok || rec.live.State == profile.Gone {
		return nil, noCluster(id)
	}
	return rec, nil
}

// cluster is current for the cluster of a call.
func (s *Server) cluster(c *call) (*clusterRecord, *apiError) { return s.current(c.labels["cluster"]) }

// running is cluster for what only a cluster in the state running takes.
func (s *Server) running(c *call) (*clusterRecord, *apiError) {
	rec, e := s.cluster(c)
	if e == nil && rec.live.State != profile.Active {
		e = s.clusterState(rec.live.Name, s.stateOf(rec, rec.live))
	}
	return rec, e
}

// pool is current for a node pool of a call.
func (s *Server) pool(c *call) (*clusterRecord, *core.NodeGroup, *poolRecord, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, nil, nil, e
	}
	id := c.labels["nodepool"]
	g, ok := rec.live.Group(id)
	if !ok {
		return nil, nil, nil, noNodePool(id)
	}
	return rec, g, rec.pools[id], nil
}

// changeable is pool for what only an active node pool takes; the call is refused in
// the state of the pool otherwise.
func (s *Server) changeable(c *call) (*clusterRecord, *core.NodeGroup, *poolRecord, *apiError) {
	rec, g, known, e := s.pool(c)
	switch {
	case e != nil:
	case g.State != profile.Active:
		e = poolState(g.ID, s.poolWord(g, known))
	case rec.live.State == profile.Creating, rec.live.State == profile.Deleting, rec.live.State == profile.DeleteFailed:
		e = s.clusterState(rec.live.Name, s.stateOf(rec, rec.live))
	}
	return rec, g, known, e
}

// stateOf is the word for the state of a cluster, which may be the one before the last
// change.
func (s *Server) stateOf(rec *clusterRecord, c *core.Cluster) string {
	return cmp.Or(rec.shown, s.world.Profile().ClusterWord(c.State, c.By))
}

// poolWord is the word for the state of a node pool.
func (s *Server) poolWord(g *core.NodeGroup, known *poolRecord) string {
	word := s.world.Profile().NodeGroupWord(g.State, g.By)
	if g.State == profile.Updating && g.By == profile.ScaleNodeGroup && known.shrinking {
		word = "removing_nodes"
	}
	return cmp.Or(known.shown, word)
}

// scaled is a duration by the pace of the server.
func (s *Server) scaled(d time.Duration) time.Duration { return time.Duration(float64(d) * s.scale) }

// start begins what a call asks for, as a task about its target. effect, unless nil, is
// called when it ends.
func (s *Server) start(c *call, t *taskRecord, cmd core.Command, effect func(core.OperationRecord)) (core.Result, *apiError) {
	out := c.Outcome
	out.ID = t.op
	if out.Fail != "" {
		code, message := splitReason(out.Fail, "InternalError")
		out.Fail = code + ": " + message
	}
	out.Effect = func(end core.OperationRecord) {
		s.finish(t, end)
		if effect != nil {
			effect(end)
		}
	}
	result, err := s.world.Apply(c.Now, cmd, out)
	if err != nil {
		e, _ := refused(err)
		return core.Result{}, e
	}
	return result, nil
}

// callAt stands for the call of what the cloud does by itself.
func callAt(now time.Time) *call {
	c := &call{}
	c.Now = now
	return c
}

// keepPool puts the record of a node pool that has been made into the index.
func (s *Server) keepPool(now time.Time, rec *clusterRecord, known *poolRecord, g *core.NodeGroup) {
	known.id, known.updated = g.ID, now
	rec.pools[known.id] = known
}

// must applies a command that cannot be refused.
func (s *Server) must(now time.Time, cmd core.Command) *apiError {
	if _, err := s.world.Apply(now, cmd, core.Outcome{}); err != nil {
		e, _ := refused(err)
		return e
	}
	return nil
}

// forget drops the records of clusters that are gone and that no read can show any
// more, when there are many of them.
func (s *Server) forget(now time.Time) {
	if len(s.clusters) < 2*s.world.Len(now)+100 {
		return
	}
	for id, rec := range s.clusters {
		_, shown := s.world.Cluster(now, id)
		if rec.live.State != profile.Gone || shown || now.Before(rec.gone.Add(s.assumptions.DeletedShown)) {
			continue
		}
		delete(s.clusters, id)
		for _, t := range rec.tasks {
			delete(s.tasks, t.id)
		}
	}
}

// alnumID looks like the ids of VPC, ECS and their like.
func (s *Server) alnumID(prefix string) string { return prefix + s.Random.Text(20, simkit.LowerAlnum) }

// shanghai is the time zone in which ACK shows times.
var shanghai = time.FixedZone("CST", 8*60*60)

// stamp shows a time as ACK does.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(shanghai).Format("2006-01-02T15:04:05.999-07:00")
}

// adopt notes the nodes that a node pool has got, and drops those that it has lost.
func (s *Server) adopt(rec *clusterRecord, known *poolRecord, at time.Time) {
	g, ok := rec.live.Group(known.id)
	if !ok {
		return
	}
	kept := make(map[string]*nodeRecord, len(g.Nodes))
	for _, iid := range g.Nodes {
		n, there := known.nodes[iid.SystemId]
		if !there {
			vswitch := known.spec.VSwitchIDs[rec.nodes%len(known.spec.VSwitchIDs)]
			rec.nodes++
			n = &nodeRecord{
				created: at, vswitch: vswitch, ip: s.address(vswitch, rec.nodes), labels: known.kubernetes.labels, spot: known.spec.SpotStrategy,
			}
		}
		kept[iid.SystemId] = n
	}
	known.nodes = kept
}

// address is the n-th address in a vSwitch.
func (s *Server) address(vswitch string, n int) string {
	v, _ := s.resources.vswitch(vswitch)
	prefix, err := netip.ParsePrefix(v.CIDR)
	if err != nil {
		prefix = netip.MustParsePrefix("10.255.0.0/16")
	}
	bytes := prefix.Addr().As4()
	bytes[3] = byte(n%250 + 2)
	return netip.AddrFrom4(bytes).String()
}
