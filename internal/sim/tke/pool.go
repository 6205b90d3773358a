// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func (s *Server) createPool(c *call, in *createPoolRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "InternalError")
	if e != nil {
		e.code = "InternalError.DbRecordNotFound"
		return nil, e
	}
	if rec.live.State != profile.Active {
		return nil, clusterState("ResourceUnavailable", rec.id, s.stateOf(rec, rec.live))
	}
	plan, e := s.planPool(c, rec, in)
	if e != nil {
		return nil, e
	}
	known := s.newPool(c.Now, rec, in, plan)
	change := s.begin(c, rec, known, scaleOut, plan.desired)
	result, e := s.apply(c, core.AddNodeGroup{ClusterID: rec.id, Spec: pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: rec.coreName(known.name)}, VMSpecName: plan.launch.InstanceType,
		DesiredNodeSize: plan.desired, MinNodeSize: plan.least, MaxNodeSize: plan.most, OnAutoScaling: *in.EnableAutoscale,
	}}, change.settle)
	if e != nil {
		return nil, e
	}
	s.keepPool(rec, known, result.Group)
	return createPoolResponse{known.id}, nil
}

// coreName is a name that no other node pool of the cluster has in the core: TKE lets
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
func (s *Server) newPool(now time.Time, rec *clusterRecord, in *createPoolRequest, plan poolPlan) *poolRecord {
	known := &poolRecord{
		cluster: rec, name: cmp.Or(in.Name, "tke-nodepool"), group: s.newID("asg-"), config: s.newID("asc-"), scaling: plan.scaling, launch: plan.launch,
		labels: in.Labels, taints: in.Taints, annotations: in.Annotations, tags: in.Tags, os: cmp.Or(in.NodePoolOS, rec.os),
		osKind: cmp.Or(in.OSCustomizeType, "GENERAL"), runtime: runtimeConfig{cmp.Or(in.ContainerRuntime, rec.runtime), cmp.Or(in.RuntimeVersion, "1.6.9")},
		protected: in.DeletionProtection, created: now, nodes: map[string]*nodeRecord{},
	}
	known.inherited = tagList(rec.live.Tags)
	if in.InstanceAdvancedSettings != nil {
		known.advanced = *in.InstanceAdvancedSettings
		known.unschedulable, known.script = known.advanced.Unschedulable, valueOf(known.advanced.UserScript, "")
	}
	if image, ok := s.resources.image(known.os); ok && image.OSName != known.os {
		known.os, known.imageID = image.OSName, image.ID
	}
	return known
}

// keepPool puts the record of a node pool that has been made into the indexes.
func (s *Server) keepPool(rec *clusterRecord, known *poolRecord, g *core.NodeGroup) {
	known.id = g.ID
	rec.pools[known.id] = known
	s.groups[known.group] = known
	s.groups[known.config] = known
}

// poolWord is the word for the state of a node pool.
func (s *Server) poolWord(g *core.NodeGroup, known *poolRecord) string {
	return cmp.Or(known.shown, s.world.Profile().NodeGroupWord(g.State, g.By))
}

// poolObject shows a node pool, which may be the one before the last change.
func (s *Server) poolObject(c *call, rec *clusterRecord, g *core.NodeGroup, known *poolRecord) poolObject {
	o := poolObject{
		NodePoolID: known.id, Name: known.name, ClusterInstanceID: rec.id, LifeState: s.poolWord(g, known),
		LaunchConfigurationID: known.config, AutoscalingGroupID: known.group,
		Labels: append([]labelObject{}, known.labels...), Taints: append([]taintObject{}, known.taints...), Annotations: append([]labelObject{}, known.annotations...),
		NodeCountSummary: countSummary{AutoscalingAdded: known.counts(c.Now)},
		MaxNodesNum:      int64(g.Max), MinNodesNum: int64(g.Min), DesiredNodesNum: int64(g.Desired),
		RuntimeConfig: known.runtime, NodePoolOS: known.os, OSCustomizeType: known.osKind, ImageID: known.imageID,
		DesiredPodNum: valueOf(known.advanced.DesiredPodNumber, rec.podsPerNode), UserScript: known.script,
		DeletionProtection: known.protected, DockerGraphPath: valueOf(known.advanced.DockerGraphPath, "/var/lib/docker"), Unschedulable: known.unschedulable,
		ExtraArgs: known.advanced.ExtraArgs, PreStartUserScript: valueOf(known.advanced.PreStartUserScript, ""),
	}
	switch switching := g.State == profile.Updating && known.switching; {
	case g.Auto && switching:
		o.AutoscalingGroupStatus = "enabling"
	case g.Auto:
		o.AutoscalingGroupStatus = "enabled"
	case switching:
		o.AutoscalingGroupStatus = "disabling"
	default:
		o.AutoscalingGroupStatus = "disabled"
	}
	if tags := known.allTags(); len(tags) > 0 {
		o.Tags = tags
	}
	return o
}

// allTags are the tags of a node pool and those of its cluster, which it was given when it
// was made.
func (known *poolRecord) allTags() []tagObject {
	tags := slices.Clone(known.tags)
	for _, t := range known.inherited {
		if !slices.ContainsFunc(tags, func(own tagObject) bool { return own.Key == t.Key }) {
			tags = append(tags, t)
		}
	}
	return tags
}

// poolsAsRead returns the node pools of a cluster as reads show them.
func (s *Server) poolsAsRead(c *call, id, group string) (*clusterRecord, []*core.NodeGroup, *apiError) {
	rec, e := s.find(c, id, group)
	if e != nil {
		return nil, nil, e
	}
	live := rec.live
	if shown, ok := s.world.Cluster(c.Now, id); !s.assumptions.IDsCurrent {
		if !ok {
			return nil, nil, fail(group+".ClusterNotFound", "the cluster %s is not found", id)
		}
		live = shown
	}
	return rec, live.Groups, s.checkReadable(rec, live, "ResourceUnavailable.ClusterState")
}

// checkReadable refuses to look into a cluster that is being made or deleted, if it must
// not be.
func (s *Server) checkReadable(rec *clusterRecord, live *core.Cluster, code string) *apiError {
	if s.assumptions.SubreadsRefused && (live.State == profile.Creating || live.State == profile.Deleting) {
		return fail(code, "CLUSTER_STATE_ERROR(the cluster %s is %s)", rec.id, s.stateOf(rec, live))
	}
	return nil
}

func (s *Server) describePools(c *call, in *describePoolsRequest) (any, *apiError) {
	rec, groups, e := s.poolsAsRead(c, in.ClusterID, "ResourceNotFound")
	if e != nil {
		return nil, e
	}
	by, e := filters(in.Filters, "NodePoolsName", "NodePoolsId", "Tags")
	switch {
	case e != nil:
		return nil, e
	case by["Tags"] != nil:
		return nil, notSimulated("the filter Tags of DescribeClusterNodePools")
	}
	list := []poolObject{}
	for _, g := range groups {
		known := rec.pools[g.ID]
		if s.named(by["NodePoolsName"], known.name) && (by["NodePoolsId"] == nil || slices.Contains(by["NodePoolsId"], g.ID)) {
			list = append(list, s.poolObject(c, rec, g, known))
		}
	}
	return describePoolsResponse{int64(len(list)), list}, nil
}

func (s *Server) describePool(c *call, in *poolRequest) (any, *apiError) {
	rec, groups, e := s.poolsAsRead(c, in.ClusterID, "ResourceNotFound")
	if e != nil {
		return nil, e
	}
	for _, g := range groups {
		if g.ID == in.NodePoolID {
			return describePoolResponse{s.poolObject(c, rec, g, rec.pools[g.ID])}, nil
		}
	}
	return nil, fail("FailedOperation.NodePoolQueryFailed", "[E501001 DBRecordNotFound] the node pool %s is not found", in.NodePoolID)
}

// normal finds a node pool for what only a normal one takes, in a cluster that is Running.
func (s *Server) normal(c *call, cluster, pool string) (*clusterRecord, *core.NodeGroup, *poolRecord, *apiError) {
	rec, e := s.running(c, cluster, "ResourceNotFound")
	if e != nil {
		return nil, nil, nil, e
	}
	g, ok := rec.live.Group(pool)
	if !ok {
		return nil, nil, nil, fail("FailedOperation.RecordNotFound", "RECORD_NOT_FOUND(the node pool %s is not found)", pool)
	}
	known := rec.pools[pool]
	if g.State != profile.Active || known.shown != "" {
		return nil, nil, nil, poolState(pool, s.poolWord(g, known))
	}
	known.sweep(c.Now)
	return rec, g, known, nil
}

func (s *Server) deletePools(c *call, in *deletePoolRequest) (any, *apiError) {
	rec, e := s.running(c, in.ClusterID, "InternalError")
	if e != nil {
		return nil, e
	}
	var groups []*core.NodeGroup
	for _, id := range in.NodePoolIDs {
		g, ok := rec.live.Group(id)
		known := rec.pools[id]
		switch {
		case !ok:
			return nil, fail("InternalError.Param", "PARAM_ERROR(node pool %s Not Found)", id)
		case g.State == profile.Deleting && s.assumptions.RepeatedDeletionOK:
			continue
		case g.State == profile.Creating, g.State == profile.Updating, g.State == profile.Deleting:
			return nil, poolState(id, s.poolWord(g, known))
		case known.protected && !s.assumptions.PoolProtectionIgnored:
			return nil, fail("OperationDenied", "the node pool %s is in deletion protection", id)
		}
		if e := s.protectedNodes(rec, id, !*in.KeepInstance); e != nil {
			return nil, e
		}
		groups = append(groups, g)
	}
	if len(in.NodePoolIDs) == 0 {
		return nil, missing("NodePoolIds")
	}
	for _, g := range groups {
		known := rec.pools[g.ID]
		change := s.begin(c, rec, known, scaleIn, -1)
		c.Outcome.Fail = change.fail // it is still there then
		if _, e := s.apply(c, core.RemoveNodeGroup{ClusterID: rec.id, GroupID: g.ID}, change.settle); e != nil {
			return nil, e
		}
		if *in.KeepInstance {
			for _, n := range known.nodesAt(c.Now) {
				rec.strays = append(rec.strays, n.id)
			}
		}
	}
	return nil, nil
}
