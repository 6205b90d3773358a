// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// The states of nodes. A joining one is not in the list of nodes yet.
const (
	nodeJoining      = "joining"
	nodeInitializing = "initializing"
	nodeRunning      = "running"
	nodeFailed       = "failed"
)

// shownNode is a node as it is now.
type shownNode struct {
	*nodeRecord
	id, state string
}

// nodesAt returns the nodes of a node pool that there are then, in the order of their making:
// those that came, and those that are leaving.
func (known *poolRecord) nodesAt(now time.Time) []shownNode {
	list := make([]shownNode, 0, len(known.nodes))
	for _, id := range slices.Sorted(maps.Keys(known.nodes)) {
		n := known.nodes[id]
		if !n.there(now) {
			continue
		}
		state := nodeRunning
		switch begun := n.ready.Sub(n.created) / 4; {
		case n.failed != "":
			state = nodeFailed
		case now.Before(n.created.Add(begun)):
			state = nodeJoining
		case now.Before(n.ready):
			state = nodeInitializing
		}
		list = append(list, shownNode{n, id, state})
	}
	slices.SortStableFunc(list, func(a, b shownNode) int { return a.created.Compare(b.created) })
	return list
}

// there reports whether a node has not left.
func (n *nodeRecord) there(now time.Time) bool {
	return !n.leaving || n.leaves.IsZero() || now.Before(n.leaves)
}

// adopt notes the nodes that a node pool has got, each of which takes its time to join,
// and those that leave.
func (s *Server) adopt(rec *clusterRecord, known *poolRecord, at time.Time, join time.Duration) {
	g, ok := rec.live.Group(known.id)
	if !ok {
		return
	}
	wanted := map[string]bool{}
	for _, iid := range g.Nodes {
		wanted[iid.SystemId] = true
		if known.nodes[iid.SystemId] == nil {
			subnet := known.nextSubnet(rec.nodes)
			rec.nodes++
			known.nodes[iid.SystemId] = &nodeRecord{
				created: at, ready: at.Add(join), subnet: subnet, ip: s.address(subnet, rec.nodes), version: rec.live.Version,
				labels: known.labels, taints: known.taints,
			}
		}
	}
	for id, n := range known.nodes {
		if wanted[id] {
			n.leaving, n.leaves = false, time.Time{}
		} else if !n.leaving || n.leaves.IsZero() {
			n.leaving, n.leaves = true, at.Add(join/2)
		}
	}
}

// nextSubnet is where the n-th node of a cluster comes to be: in the first subnet, unless the
// node pool is to be spread over its subnets.
func (known *poolRecord) nextSubnet(n int) string {
	subnets := known.scaling.SubnetIDs
	if known.scaling.MultiZoneSubnetPolicy != spreadEqually {
		return subnets[0]
	}
	return subnets[n%len(subnets)]
}

// stay lets the nodes that a node pool was to lose stay for good, and the node pool want
// fewer all the same.
func (known *poolRecord) stay(g *core.NodeGroup) {
	for id, n := range known.nodes {
		n.leaving, n.leaves = true, time.Time{}
		for _, iid := range g.Nodes {
			if iid.SystemId == id {
				n.leaving = false
			}
		}
	}
}

// sweep forgets the nodes that have left.
func (known *poolRecord) sweep(now time.Time) {
	maps.DeleteFunc(known.nodes, func(_ string, n *nodeRecord) bool { return !n.there(now) })
}

// address is the n-th address in a subnet.
func (s *Server) address(subnet string, n int) string {
	v, _ := s.resources.subnet(subnet)
	prefix, err := netip.ParsePrefix(v.CIDR)
	if err != nil {
		prefix = netip.MustParsePrefix("10.255.0.0/16")
	}
	bytes := prefix.Addr().As4()
	bytes[3] = byte(n%250 + 2)
	return netip.AddrFrom4(bytes).String()
}

// counts are the nodes of a node pool by their states.
func (known *poolRecord) counts(now time.Time) (n nodeCounts) {
	for _, node := range known.nodesAt(now) {
		switch node.state {
		case nodeJoining:
			n.Joining++
		case nodeInitializing:
			n.Initializing++
		case nodeRunning:
			n.Normal++
		}
		n.Total++
	}
	return n
}

func (s *Server) describeNodes(c *call, in *describeNodesRequest) (any, *apiError) {
	rec, groups, e := s.poolsAsRead(c, in.ClusterID, "InvalidParameter")
	if e != nil {
		return nil, e
	}
	by, e := filters(in.Filters, "nodepool-id", "nodepool-instance-type")
	switch {
	case e != nil:
		return nil, e
	case len(in.InstanceIDs) > 100:
		return nil, invalid("at most 100 InstanceIds may be given, got %d", len(in.InstanceIDs))
	case !slices.Contains([]string{"", "ALL", "ETCD", "MASTER", "MASTER_ETCD", "WORKER"}, in.InstanceRole):
		return nil, invalid("InstanceRole %q is not valid", in.InstanceRole)
	}
	var list []nodeObject
	for _, g := range groups {
		known := rec.pools[g.ID]
		for _, n := range known.nodesAt(c.Now) {
			other := in.InstanceRole != "" && in.InstanceRole != "WORKER" && in.InstanceRole != "ALL"
			if other || n.state == nodeJoining || by["nodepool-id"] != nil && !slices.Contains(by["nodepool-id"], g.ID) ||
				by["nodepool-instance-type"] != nil && !slices.Contains(by["nodepool-instance-type"], "AUTOSCALING_ADDED") && !slices.Contains(by["nodepool-instance-type"], "ALL") ||
				len(in.InstanceIDs) > 0 && !slices.Contains(in.InstanceIDs, n.id) {
				continue
			}
			list = append(list, nodeObject{
				InstanceID: n.id, InstanceRole: "WORKER", InstanceState: n.state, FailedReason: n.why(), DrainStatus: drained(known),
				InstanceAdvancedSettings: known.shownSettings(), CreatedTime: stamp(n.created), LanIP: n.ip, NodePoolID: g.ID, AutoscalingGroupID: known.group,
			})
		}
	}
	list = append(list, s.strayNodes(rec, in, by)...)
	items, total, e := page(s, c, in.Offset, in.Limit, list)
	return describeNodesResponse{total, items}, e
}

// why is the reason of a node that does not run.
func (n shownNode) why() string {
	switch n.state {
	case nodeFailed:
		return n.failed
	case nodeInitializing:
		return "node is initializing"
	}
	return ""
}

func drained(known *poolRecord) string {
	if known.unschedulable != 0 {
		return "drained"
	}
	return "undrained"
}

// strayNodes are nodes of a cluster that belong to no node pool of its list: by themselves,
// or native machines.
func (s *Server) strayNodes(rec *clusterRecord, in *describeNodesRequest, by map[string][]string) (list []nodeObject) {
	for _, id := range rec.strays {
		pool := ""
		if parts := strings.Split(id, "-"); len(parts) == 3 {
			pool = parts[0] + "-" + parts[1]
		}
		if by["nodepool-id"] != nil && !slices.Contains(by["nodepool-id"], pool) || len(in.InstanceIDs) > 0 && !slices.Contains(in.InstanceIDs, id) {
			continue
		}
		list = append(list, nodeObject{
			InstanceID: id, InstanceRole: "WORKER", InstanceState: nodeRunning, DrainStatus: "undrained", InstanceAdvancedSettings: (&poolRecord{}).shownSettings(),
			CreatedTime: stamp(rec.live.Created), LanIP: fmt.Sprintf("10.0.9.%d", len(list)+2), NodePoolID: pool,
		})
	}
	return list
}

// shownSettings are the settings of a node, with what is always shown.
func (known *poolRecord) shownSettings() advancedSettings {
	a := known.advanced
	if a.Taints == nil {
		a.Taints = []taintObject{}
	}
	if a.Labels == nil {
		a.Labels = []labelObject{}
	}
	if a.ExtraArgs == nil {
		a.ExtraArgs = &extraArgs{Kubelet: []string{}}
	}
	return a
}
