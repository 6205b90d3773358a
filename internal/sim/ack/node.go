// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// The states of nodes.
const (
	nodeInitial  = "initial"
	nodeReady    = "running"
	nodeOffline  = "offline"
	nodeRemoving = "removing"
)

// nodeState is the state of a node of a pool. Those that are too many go from the end;
// without a way to the Internet none joins.
func (s *Server) nodeState(c *call, rec *clusterRecord, g *core.NodeGroup, known *poolRecord, id string) string {
	n := known.nodes[id]
	i := slices.IndexFunc(g.Nodes, func(iid pmks.IID) bool { return iid.SystemId == id })
	switch {
	case g.State == profile.Deleting || known.shrinking && i >= g.Desired:
		return nodeRemoving
	case n != nil && c.Now.Before(n.created.Add(s.joinDelay)):
		return nodeInitial
	case !rec.egress:
		return nodeOffline
	}
	return nodeReady
}

// nodeWords are node_status by the state.
var nodeWords = map[string]string{nodeInitial: "Unknown", nodeReady: "Ready", nodeOffline: "Offline", nodeRemoving: "Ready"}

func (s *Server) describeNodes(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	number, e := c.number("pageNumber", 1, pageLimit, 1)
	if e != nil {
		return nil, e
	}
	size, e := c.number("pageSize", 1, 100, 10)
	if e != nil {
		return nil, e
	}
	q := c.query
	pool := q.Get("nodepool_id")
	if _, ok := rec.live.Group(pool); pool != "" && !ok {
		return nil, noNodePool(pool)
	}
	chosen := func(key, value string) bool {
		return q.Get(key) == "" || slices.Contains(strings.Split(q.Get(key), ","), value)
	}
	var list []nodeObject
	for _, g := range rec.live.Groups {
		for _, iid := range g.Nodes {
			o := s.nodeObject(c, rec, g, iid.SystemId)
			all := q.Get("state") == "" || q.Get("state") == "all"
			if chosen("nodepool_id", g.ID) && chosen("instanceIds", o.InstanceID) && chosen("nodeNames", o.NodeName) && (all || q.Get("state") == o.State) {
				list = append(list, o)
			}
		}
	}
	items, total := pageOf(c, number, size, list)
	return nodesResponse{append([]nodeObject{}, items...), pageObject{number, size, total}}, nil
}

func (s *Server) nodeObject(c *call, rec *clusterRecord, g *core.NodeGroup, id string) nodeObject {
	known := rec.pools[g.ID]
	state := s.nodeState(c, rec, g, known, id)
	o := nodeObject{
		InstanceID: id, InstanceName: "worker-k8s-for-cs-" + rec.id, HostName: "iZ" + strings.TrimPrefix(id, "i-") + "Z",
		NodepoolID: g.ID, NodeStatus: nodeWords[state], State: state, InstanceStatus: "Running", InstanceRole: "Worker",
		InstanceType: known.spec.InstanceTypes[0], InstanceTypeFamily: familyOf(known.spec.InstanceTypes[0]), InstanceChargeType: "PostPaid", ImageID: known.spec.ImageID,
		IPAddress: []string{}, IsAliyunNode: true, Source: "ess",
	}
	if n := known.nodes[id]; n != nil {
		o.IPAddress, o.CreationTime, o.SpotStrategy = []string{n.ip}, stamp(n.created), n.spot
		o.NodeName = rec.region + "." + n.ip
	}
	if state == nodeOffline {
		o.ErrorMessage = "The node cannot reach the Internet to register with the cluster"
	}
	return o
}

// familyOf is the family of an instance type: "ecs.g7" of "ecs.g7.large".
func familyOf(name string) string {
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[:i]
	}
	return name
}

// removeNodes takes nodes out of a node pool, and its size with them.
func (s *Server) removeNodes(c *call) (any, *apiError) {
	rec, g, known, e := s.changeable(c)
	if e != nil {
		return nil, e
	}
	ids, e := c.decodeText("instance_ids")
	release := false
	if e == nil {
		release, e = c.truth("release_node")
	}
	for _, key := range []string{"drain_node", "concurrency"} {
		if e == nil {
			_, e = c.truth(key)
		}
	}
	switch {
	case e != nil:
		return nil, e
	case c.query.Has("nodes"):
		return nil, notSimulated("RemoveNodePoolNodes by the names of nodes")
	case len(ids) == 0:
		return nil, missing("instance_ids")
	case !release:
		return nil, notSimulated("RemoveNodePoolNodes without release_node")
	}
	for _, id := range ids {
		if known.nodes[id] == nil {
			return nil, fail(400, "InvalidInstanceId.NotFound", "The instance %s does not belong to the nodepool %s", id, g.ID)
		}
	}
	t := s.newTask("nodepool_remove_nodes", targetNodePool)
	if _, e := s.start(c, t, core.Scale{ClusterID: rec.id, GroupID: g.ID, Desired: len(g.Nodes) - len(ids), Remove: ids}, s.settled(rec, known)); e != nil {
		return nil, e
	}
	known.shrinking, known.updated = true, c.Now
	s.enlist(c.Now, rec, t, g.ID)
	return taskResponse{c.requestID, t.id}, nil
}
