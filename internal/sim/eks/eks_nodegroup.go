// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

func (s *Server) createNodegroup(c *call, in *createNodegroupRequest) (*made, *apiError) {
	rec, e := s.current(c.labels["name"])
	if e != nil {
		return nil, e
	}
	plan, e := s.planNodegroup(rec, in)
	if e != nil {
		return nil, e.in(rec.name, in.NodegroupName)
	}
	if _, exists := rec.live.GroupByName(in.NodegroupName); exists {
		return nil, inUse("NodeGroup already exists with name %s and cluster name %s", in.NodegroupName, rec.name).in(rec.name, in.NodegroupName)
	}
	if rec.live.State != profile.Active {
		return nil, invalidRequest("Cluster '%s' is not in ACTIVE status", rec.name).in(rec.name, "")
	}
	if e := s.checkRole(in.NodeRole, serviceEC2, policiesNode); e != nil {
		return nil, e.in(rec.name, in.NodegroupName)
	}
	if c.Outcome.Fail == "" {
		c.Outcome.Fail = s.foreseen(rec, in, plan)
	}
	_, err := s.world.Apply(c.Now, core.AddNodeGroup{
		ClusterID: rec.live.ID,
		Spec: pmks.NodeGroupInfo{
			IId:             pmks.IID{NameId: in.NodegroupName},
			VMSpecName:      first(plan.instanceTypes),
			DesiredNodeSize: int(plan.scaling.DesiredSize),
			MinNodeSize:     int(plan.scaling.MinSize),
			MaxNodeSize:     int(plan.scaling.MaxSize),
		},
	}, c.Outcome)
	if err != nil {
		e, _ := refused(err)
		return nil, e.in(rec.name, in.NodegroupName)
	}
	return &made{cluster: rec, group: s.newGroup(c.Now, rec, in, plan)}, nil
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// newGroup keeps what the core has no place for.
func (s *Server) newGroup(now time.Time, rec *clusterRecord, in *createNodegroupRequest, plan nodegroupPlan) *groupRecord {
	g := &groupRecord{
		name:           in.NodegroupName,
		modified:       now,
		role:           in.NodeRole,
		subnets:        in.Subnets,
		amiType:        plan.amiType,
		instanceTypes:  plan.instanceTypes,
		capacityType:   cmp.Or(in.CapacityType, "ON_DEMAND"),
		diskSize:       plan.diskSize,
		remoteAccess:   in.RemoteAccess,
		labels:         in.Labels,
		taints:         slices.Clone(in.Taints),
		launchTemplate: plan.launchTemplate,
		customAMI:      plan.amiType == customAMI,
		tags:           maps.Clone(in.Tags),
	}
	if g.updateConfig = (updateConfigObject{MaxUnavailable: new(int32(1))}); in.UpdateConfig != nil {
		g.updateConfig = *in.UpdateConfig
	}
	if in.RemoteAccess != nil && in.RemoteAccess.EC2SSHKey != nil {
		g.remoteGroup = "sg-0" + s.Random.Text(16, simkit.LowerHex)
	}
	s.enroll(rec, g)
	return g
}

// enroll makes the Auto Scaling group of a node group, with the tags that EKS gives
// it.
func (s *Server) enroll(rec *clusterRecord, g *groupRecord) {
	g.uid, g.seq = s.Random.UUID(), s.Random.Next()
	g.arn = s.arn("eks", true, "nodegroup/%s/%s/%s", rec.name, g.name, g.uid)
	g.asg = "eks-" + g.name + "-" + g.uid
	g.asgTags = discoveryTags(rec.name)
	for key, value := range map[string]string{
		"eks:cluster-name":                  rec.name,
		"eks:nodegroup-name":                g.name,
		"kubernetes.io/cluster/" + rec.name: "owned",
	} {
		g.asgTags[key] = asgTag{value: value, propagate: true}
	}
	rec.groups[g.name] = g
	s.asgs.add(asg{rec: rec, own: g})
}

// discoveryTags are what the cluster autoscaler looks for.
func discoveryTags(cluster string) map[string]asgTag {
	return map[string]asgTag{
		"k8s.io/cluster-autoscaler/enabled":    {value: "true", propagate: true},
		"k8s.io/cluster-autoscaler/" + cluster: {value: "owned", propagate: true},
	}
}

// foreseen says how a node group that is accepted will fail; empty if it will
// not.
func (s *Server) foreseen(rec *clusterRecord, in *createNodegroupRequest, plan nodegroupPlan) string {
	for key := range in.Labels {
		if reservedLabel(key) && plan.scaling.DesiredSize > 0 {
			// The API server lets no node label itself so, and the nodes never join.
			return "NodeCreationFailure: Instances failed to join the kubernetes cluster"
		}
	}
	for _, name := range plan.instanceTypes {
		if _, ok := s.resources.instanceType(name); !ok {
			return "Ec2InstanceTypeDoesNotExist: The instance type " + name + " does not exist."
		}
	}
	if plan.scaling.DesiredSize == 0 {
		return ""
	}
	for _, id := range in.Subnets {
		if subnet, _ := s.resources.subnet(id); subnet.Public && !subnet.MapPublicIP {
			return "Ec2SubnetInvalidConfiguration: One or more Amazon EC2 Subnets of [" + id + "] for node group " + in.NodegroupName +
				" does not automatically assign public IP addresses to instances launched into it."
		}
	}
	if vpc, ok := s.resources.vpc(rec.live.Network.VpcIID.SystemId); ok && vpc.NoDNS {
		return "NodeCreationFailure: Instances failed to join the kubernetes cluster"
	}
	if plan.groups != nil && !slices.Contains(plan.groups, rec.securityGroup) {
		// EKS adds the security group of the cluster only where the template has
		// none.
		return "NodeCreationFailure: Instances failed to join the kubernetes cluster"
	}
	return ""
}

// nodegroupObject shows a node group, which may be the one before the last
// change.
func (s *Server) nodegroupObject(rec *clusterRecord, g *core.NodeGroup, own *groupRecord) nodegroupObject {
	o := nodegroupObject{
		NodegroupName:  g.Name,
		NodegroupARN:   own.arn,
		ClusterName:    rec.name,
		Version:        g.Version,
		ReleaseVersion: releaseVersion(g.Version),
		CreatedAt:      epoch(g.Created),
		ModifiedAt:     epoch(own.modified),
		Status:         cmp.Or(own.shown, s.world.Profile().NodeGroupWord(g.State, g.By)),
		CapacityType:   own.capacityType,
		ScalingConfig:  scalingObject{int32(g.Min), int32(g.Max), int32(g.Desired)},
		InstanceTypes:  own.instanceTypes,
		Subnets:        own.subnets,
		RemoteAccess:   own.remoteAccess,
		AMIType:        own.amiType,
		NodeRole:       own.role,
		Labels:         shownTags(own.labels),
		Taints:         own.taints,
		DiskSize:       own.diskSize,
		Health:         healthObject{Issues: []issueObject{}},
		UpdateConfig:   own.updateConfig,
		LaunchTemplate: own.launchTemplate,
		Tags:           shownTags(own.tags),
	}
	if own.customAMI {
		o.ReleaseVersion = "" // unknown to EKS
	}
	if g.State != profile.Creating {
		o.Resources = &resourcesObject{
			AutoScalingGroups:         []asgName{{own.asg}},
			RemoteAccessSecurityGroup: optional(own.remoteGroup),
		}
	}
	otherwise := "InternalFailure"
	if g.State == profile.CreateFailed {
		otherwise = "NodeCreationFailure"
	}
	if code, message, ids := splitReason(g.Reason, otherwise, own.asg); code != "" && g.State != profile.Active {
		o.Health.Issues = append(o.Health.Issues, issueObject{code, message, ids})
	}
	return o
}

func releaseVersion(version string) string { return patchOf(version) + "-20261101" }

// shownGroup returns a node group as reads show it.
func (s *Server) groupAsRead(c *call) (*clusterRecord, *core.NodeGroup, *groupRecord, *apiError) {
	cluster, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, nil, nil, e
	}
	name := c.labels["nodegroupName"]
	g, ok := cluster.GroupByName(name)
	if !ok {
		return nil, nil, nil, noNodegroup(rec.name, name)
	}
	return rec, g, rec.groups[name], nil
}

func (s *Server) describeNodegroup(c *call) (any, *apiError) {
	rec, g, own, e := s.groupAsRead(c)
	if e != nil {
		return nil, e
	}
	return nodegroupResponse{s.nodegroupObject(rec, g, own)}, nil
}

func (s *Server) listNodegroups(c *call) (any, *apiError) {
	cluster, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, e
	}
	groups, next, e := pageOf(s, c, "ListNodegroups/"+rec.uid, cluster.Groups, func(g *core.NodeGroup) uint64 { return rec.groups[g.Name].seq })
	if e != nil {
		return nil, e
	}
	return nodegroupsResponse{namesOf(groups, func(g *core.NodeGroup) string { return g.Name }), next}, nil
}

func (s *Server) deleteNodegroup(c *call) (any, *apiError) {
	rec, g, own, e := s.currentGroup(c)
	if e != nil {
		return nil, e
	}
	if g.State == profile.Deleting {
		if s.assumptions.RepeatedDeletionOK {
			return nodegroupResponse{s.nodegroupObject(rec, g, own)}, nil
		}
		return nil, inUse("Nodegroup %s is being deleted already", g.Name).in(rec.name, g.Name)
	}
	c.Outcome.Effect = func(end core.OperationRecord) { s.recreate(rec, g.Spec, own, end) }
	if _, err := s.world.Apply(c.Now, core.RemoveNodeGroup{ClusterID: rec.live.ID, GroupID: g.ID}, c.Outcome); err != nil {
		e, _ := refused(err)
		return nil, e.in(rec.name, g.Name)
	}
	own.modified = c.Now
	return nodegroupResponse{s.nodegroupObject(rec, g, own)}, nil
}

func (s *Server) updateNodegroupConfig(c *call, in *updateNodegroupConfigRequest) (*made, *apiError) {
	rec, g, own, e := s.currentGroup(c)
	if e != nil {
		return nil, e
	}
	if e := s.updatable(rec, g); e != nil {
		return nil, e
	}
	changes, sizes, e := s.groupChanges(g, own, in)
	switch {
	case len(changes) > 1 && !s.assumptions.MixedUpdatesOK:
		return nil, invalidParameter("Only one type of update can be allowed.").in(rec.name, g.Name)
	case e != nil:
		return nil, e.in(rec.name, g.Name)
	case len(changes) == 0:
		return nil, invalidParameter("There is nothing to change").in(rec.name, g.Name)
	}
	result, err := s.reconfigure(c, rec, g, changes, sizes)
	if err != nil {
		e, _ := refused(err)
		return nil, e.in(rec.name, g.Name)
	}
	own.modified = c.Now
	s.restoreTags(rec, own)
	var params []updateParam
	for _, change := range changes {
		params = append(params, change.params...)
	}
	return &made{cluster: rec, group: own, update: s.newUpdate(c, rec, result.Operation, "ConfigUpdate", g.Name, params)}, nil
}

// groupChanges checks a request and says what it is to change; sizes is nil if they stay.
func (s *Server) groupChanges(g *core.NodeGroup, own *groupRecord, in *updateNodegroupConfigRequest) (changes []groupChange, sizes *scalingObject, e *apiError) {
	add := func(change groupChange, fault *apiError) {
		changes = append(changes, change)
		if e == nil {
			e = fault
		}
	}
	if in.ScalingConfig != nil && *in.ScalingConfig != (scalingRequest{}) {
		var change groupChange
		var fault *apiError
		sizes, change, fault = s.sizeChange(g, in.ScalingConfig)
		add(change, fault)
	}
	if in.Labels != nil && len(in.Labels.AddOrUpdateLabels)+len(in.Labels.RemoveLabels) > 0 {
		add(s.labelChange(own, in.Labels))
	}
	if in.Taints != nil && len(in.Taints.AddOrUpdateTaints)+len(in.Taints.RemoveTaints) > 0 {
		add(s.taintChange(own, in.Taints))
	}
	if in.UpdateConfig != nil && *in.UpdateConfig != (updateConfigObject{}) {
		add(paceChange(own, in.UpdateConfig))
	}
	return changes, sizes, e
}

// sizeChange lays sizes over those that are there.
func (s *Server) sizeChange(g *core.NodeGroup, in *scalingRequest) (*scalingObject, groupChange, *apiError) {
	now := scalingObject{int32(g.Min), int32(g.Max), int32(g.Desired)}
	merged := in.over(now)
	change := groupChange{}
	if e := checkScaling(merged, s.world.Profile().Limits.NodesPerGroup); e != nil {
		return nil, change, e
	}
	if merged == now {
		return nil, change, invalidParameter("There is nothing to change")
	}
	change.add("MinSize", pointed(in.MinSize), in.MinSize)
	change.add("MaxSize", pointed(in.MaxSize), in.MaxSize)
	change.add("DesiredSize", pointed(in.DesiredSize), in.DesiredSize)
	return &merged, change, nil
}

// restoreTags is one of the Assumptions where no source says what EKS does.
func (s *Server) restoreTags(rec *clusterRecord, own *groupRecord) {
	if s.assumptions.RestoreDiscoveryTags {
		maps.Copy(own.asgTags, discoveryTags(rec.name))
	}
}

// updatable: a node group that is not ACTIVE is not updated.
func (s *Server) updatable(rec *clusterRecord, g *core.NodeGroup) *apiError {
	if g.State == profile.Active || g.State == profile.Degraded && s.assumptions.UpdateDegraded {
		return nil
	}
	return inUse("Nodegroup cannot be updated as it is currently not in Active State").in(rec.name, g.Name)
}
