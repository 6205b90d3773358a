// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func (s *Server) createNodePool(c *call) (any, *apiError) {
	rec, e := s.running(c)
	if e != nil {
		return nil, e
	}
	var in createPoolRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	plan, e := s.planPool(rec, &in)
	if e != nil {
		return nil, e
	}
	t := s.newTask("nodepool_create", targetNodePool)
	known := s.newPool(&in, plan)
	result, e := s.start(c, t, core.AddNodeGroup{ClusterID: rec.id, Spec: pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: rec.coreName(known.name)}, VMSpecName: plan.spec.InstanceTypes[0],
		DesiredNodeSize: plan.desired, MinNodeSize: plan.least, MaxNodeSize: plan.most, OnAutoScaling: plan.auto,
	}}, s.settled(rec, known))
	if e != nil {
		return nil, e
	}
	s.keepPool(c.Now, rec, known, result.Group)
	if plan.auto && s.assumptions.AutoscalerInstalled {
		rec.installAutoscaler("goatscaler")
	}
	s.enlist(c.Now, rec, t, known.id)
	return poolTaskResponse{known.id, c.requestID, t.id}, nil
}

// coreName is a name that no other node pool of the cluster has in the core: ACK lets
// several have one.
func (rec *clusterRecord) coreName(name string) string {
	unique := name
	for n := 2; ; n++ {
		if _, taken := rec.live.GroupByName(unique); !taken {
			return unique
		}
		unique = name + "#" + strconv.Itoa(n)
	}
}

// newPool keeps what the core has no place for.
func (s *Server) newPool(in *createPoolRequest, plan poolPlan) *poolRecord {
	known := &poolRecord{
		name: in.NodepoolInfo.Name, kind: cmp.Or(in.NodepoolInfo.Type, "ess"),
		resourceGroup: cmp.Or(in.NodepoolInfo.ResourceGroupID, defaultResourceGroup),
		spec:          plan.spec, group: s.alnumID("asg-"), autoKind: plan.autoKind, management: in.Management,
		unsized: plan.unsized, kubernetes: newKubernetesConfig(in.KubernetesConfig), interconnect: cmp.Or(in.InterconnectMode, "basic"), nodes: map[string]*nodeRecord{},
	}
	if in.ScalingGroup != nil {
		known.disks = in.ScalingGroup.DataDisks
	}
	return known
}

// settled is what is left to do when a node pool has been made or brought to a size.
func (s *Server) settled(rec *clusterRecord, known *poolRecord) func(core.OperationRecord) {
	return func(end core.OperationRecord) {
		known.updated, known.shrinking = end.End, false
		s.adopt(rec, known, end.End)
	}
}

// addDefaultPool is the node pool that ACK may make by itself.
func (s *Server) addDefaultPool(c *call, rec *clusterRecord) {
	in := createPoolRequest{NodepoolInfo: &poolInfoRequest{Name: "default-nodepool"}}
	plan := poolPlan{spec: scalingGroupObject{
		VSwitchIDs: rec.vswitches, InstanceTypes: []string{"ecs.g6.large"}, SystemDiskCategory: "cloud_essd", SystemDiskSize: 120,
		ImageType: imageDefault, SecurityGroupID: rec.securityGroup, SecurityGroupIDs: []string{rec.securityGroup},
	}}
	known := s.newPool(&in, plan)
	known.isDefault = true
	t := s.newTask("nodepool_create", targetNodePool)
	result, e := s.start(c, t, core.AddNodeGroup{ClusterID: rec.id, Spec: pmks.NodeGroupInfo{IId: pmks.IID{NameId: known.name}, VMSpecName: "ecs.g6.large"}}, s.settled(rec, known))
	if e != nil {
		return // the cluster is not running any more
	}
	s.keepPool(c.Now, rec, known, result.Group)
	s.enlist(c.Now, rec, t, known.id)
}

// poolObject shows a node pool, which may be the one before the last change.
func (s *Server) poolObject(c *call, rec *clusterRecord, g *core.NodeGroup, known *poolRecord) poolObject {
	o := poolObject{
		NodepoolInfo: poolInfoObject{
			NodepoolID: known.id, Name: known.name, Type: known.kind, RegionID: rec.region, ResourceGroupID: known.resourceGroup,
			Created: stamp(g.Created), Updated: stamp(known.updated),
		},
		ScalingGroup:     scalingGroupAnswer{scalingGroupObject: known.spec, ScalingGroupID: known.group, DataDisks: append([]dataDisk{}, known.disks...)},
		AutoScaling:      autoScalingObject{Enable: &g.Auto, Type: known.autoKind},
		KubernetesConfig: known.kubernetes.object(),
		Status:           s.poolStatus(c, rec, g, known),
		InterconnectMode: known.interconnect,
	}
	o.ScalingGroup.LoginPassword = ""
	if o.ScalingGroup.Tags == nil {
		o.ScalingGroup.Tags = []tagObject{}
	}
	if known.management != nil {
		o.Management = *known.management
	}
	if !s.assumptions.DefaultFlagHidden {
		o.NodepoolInfo.IsDefault = &known.isDefault
	}
	if g.Auto || s.assumptions.BoundsShownWhileOff && g.BoundsKnown {
		o.AutoScaling.MinInstances, o.AutoScaling.MaxInstances = &g.Min, &g.Max
	}
	if !known.unsized && (!g.Auto || s.assumptions.DesiredShownWhileAuto) {
		o.ScalingGroup.DesiredSize = &g.Desired
	}
	return o
}

// poolStatus counts the nodes of a node pool.
func (s *Server) poolStatus(c *call, rec *clusterRecord, g *core.NodeGroup, known *poolRecord) poolStatus {
	status := poolStatus{State: s.poolWord(g, known), TotalNodes: len(g.Nodes)}
	for _, iid := range g.Nodes {
		switch s.nodeState(c, rec, g, known, iid.SystemId) {
		case nodeReady:
			status.HealthyNodes++
		case nodeInitial:
			status.InitialNodes++
		case nodeOffline:
			status.OfflineNodes++
		case nodeRemoving:
			status.RemovingNodes++
		}
	}
	status.ServingNodes = status.HealthyNodes
	return status
}

// poolsAsRead returns the node pools of the cluster of a call as lists show them.
func (s *Server) poolsAsRead(c *call) (*clusterRecord, []*core.NodeGroup, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, nil, e
	}
	groups := rec.live.Groups
	if shown, ok := s.world.Cluster(c.Now, rec.id); ok {
		groups = shown.Groups
	}
	return rec, groups, nil
}

func (s *Server) describeNodePools(c *call) (any, *apiError) {
	rec, groups, e := s.poolsAsRead(c)
	if e != nil {
		return nil, e
	}
	list := []poolObject{}
	for _, g := range groups {
		if known := rec.pools[g.ID]; c.query.Get("NodepoolName") == "" || c.query.Get("NodepoolName") == known.name {
			list = append(list, s.poolObject(c, rec, g, known))
		}
	}
	return poolsResponse{list}, nil
}

// describeNodePool shows the truth, once lists show the node pool.
func (s *Server) describeNodePool(c *call) (any, *apiError) {
	_, groups, e := s.poolsAsRead(c)
	if e != nil {
		return nil, e
	}
	rec, g, known, e := s.pool(c)
	if e == nil && !slices.ContainsFunc(groups, func(other *core.NodeGroup) bool { return other.ID == g.ID }) {
		e = noNodePool(g.ID)
	}
	if e != nil {
		return nil, e
	}
	return s.poolObject(c, rec, g, known), nil
}

func (s *Server) deleteNodePool(c *call) (any, *apiError) {
	rec, g, known, e := s.pool(c)
	if e != nil {
		return nil, e
	}
	force, e := c.truth("force")
	switch {
	case e != nil:
		return nil, e
	case g.State == profile.Deleting && s.assumptions.RepeatedDeletionOK:
		return taskResponse{c.requestID, rec.lastTask("nodepool_delete").id}, nil
	case g.State == profile.Creating, g.State == profile.Updating, g.State == profile.Deleting:
		return nil, poolState(g.ID, s.poolWord(g, known))
	case rec.live.State == profile.Creating, rec.live.State == profile.Updating, rec.live.State == profile.Deleting:
		return nil, s.clusterState(rec.live.Name, s.stateOf(rec, rec.live))
	case known.isDefault && s.assumptions.DefaultNodePoolKept:
		return nil, invalid("NodePool", "the default nodepool %s cannot be deleted", g.ID)
	case len(g.Nodes) > 0 && !force:
		return nil, fail(400, "DependencyResourceExist", "The nodepool %s still has %d nodes", g.ID, len(g.Nodes))
	}
	if g.Auto && g.Min > 0 && c.Outcome.Fail == "" {
		// Auto Scaling makes new instances as fast as ACK takes the old ones away.
		c.Outcome.Fail = "NodePoolDeleteFailed: the minimum size of the scaling group " + known.group + " is " + strconv.Itoa(g.Min)
	}
	t := s.newTask("nodepool_delete", targetNodePool)
	_, e = s.start(c, t, core.RemoveNodeGroup{ClusterID: rec.id, GroupID: g.ID}, func(end core.OperationRecord) { known.updated = end.End })
	if e != nil {
		return nil, e
	}
	known.updated = c.Now
	s.enlist(c.Now, rec, t, g.ID)
	return taskResponse{c.requestID, t.id}, nil
}
