// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// modifyNodePool changes the blocks that are sent. One operation of the core stands for
// all of it: a change of autoscaling, of the size, or anything else.
func (s *Server) modifyNodePool(c *call) (any, *apiError) {
	_, g, known, e := s.pool(c)
	if e != nil {
		return nil, e
	}
	var in modifyPoolRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	if in == (modifyPoolRequest{}) {
		return nil, invalid("", "there is nothing to change")
	}
	// The stored flag counts, and not the one that is sent beside.
	if in.desired() != nil && (g.Auto || c.Now.Before(known.autoUntil) || in.AutoScaling.on()) {
		return nil, desiredWhileAuto()
	}
	rec, g, known, e := s.changeable(c)
	if e != nil {
		return nil, e
	}
	changed, e := s.planChange(rec, known, &in)
	if e != nil {
		return nil, e
	}
	t := s.newTask("nodepool_modify", targetNodePool)
	cmd, e := s.resizing(rec, g, known, &in)
	if e != nil {
		return nil, e
	}
	if cmd == nil {
		cmd = core.Work{ClusterID: rec.id, GroupID: g.ID, Took: s.scaled(s.world.Profile().Typical(profile.UpdateCluster))}
	}
	wasOn := g.Auto
	if _, e := s.start(c, t, cmd, func(end core.OperationRecord) {
		if wasOn && !g.Auto {
			known.autoUntil = end.End.Add(s.flagLag)
		}
		s.settled(rec, known)(end)
		s.relabel(known, &in)(end)
	}); e != nil {
		return nil, e
	}
	known.shrinking = g.Desired < len(g.Nodes)
	if in.AutoScaling.on() && s.assumptions.AutoscalerInstalled {
		rec.installAutoscaler("goatscaler")
	}
	changed(known)
	known.updated = c.Now
	s.enlist(c.Now, rec, t, g.ID)
	return poolTaskResponse{g.ID, c.requestID, t.id}, nil
}

func (in *modifyPoolRequest) desired() *int {
	if in.ScalingGroup == nil {
		return nil
	}
	return in.ScalingGroup.DesiredSize
}

// resizing is the command of a request that changes sizes; nil if it does not.
func (s *Server) resizing(rec *clusterRecord, g *core.NodeGroup, known *poolRecord, in *modifyPoolRequest) (core.Command, *apiError) {
	if a := in.AutoScaling; a != nil {
		if e := checkBounds(a); e != nil {
			return nil, e
		}
		if a.Type != "" && known.autoKind != "" && a.Type != known.autoKind {
			return nil, invalid("AutoScaling", "auto_scaling.type cannot be changed from %s to %s", known.autoKind, a.Type)
		}
		switch {
		case a.on():
			cmd := core.SetAutoScaling{ClusterID: rec.id, GroupID: g.ID, On: true, Min: *a.MinInstances, Max: *a.MaxInstances}
			return cmd, s.checkNodes(rec, *a.MinInstances, *a.MaxInstances)
		case g.Auto:
			return core.SetAutoScaling{ClusterID: rec.id, GroupID: g.ID}, nil
		}
	}
	desired := in.desired()
	switch {
	case desired == nil || *desired == g.Desired && !known.unsized:
		return nil, nil
	case *desired < 0:
		return nil, invalid("DesiredSize", "desired_size must not be negative")
	}
	return core.Scale{ClusterID: rec.id, GroupID: g.ID, Desired: *desired}, s.checkNodes(rec, *desired, *desired)
}

// planChange checks the other members of a request and returns what they change.
func (s *Server) planChange(rec *clusterRecord, known *poolRecord, in *modifyPoolRequest) (func(*poolRecord), *apiError) {
	next := *known
	if info := in.NodepoolInfo; info != nil {
		switch {
		case info.Type != "":
			return nil, invalid("", "unknown parameter: nodepool_info.type")
		case info.Name != "" && !namePattern.MatchString(info.Name):
			return nil, invalid("NodePoolName", "the name %q is not valid", info.Name)
		}
		next.name, next.resourceGroup = cmp.Or(info.Name, next.name), cmp.Or(info.ResourceGroupID, next.resourceGroup)
	}
	if in.TEEConfig != nil && in.TEEConfig.TEEEnable {
		return nil, notSimulated("tee_config")
	}
	for _, e := range []*apiError{s.checkManagement(rec, in.Management), s.checkKubernetes(in.KubernetesConfig)} {
		if e != nil {
			return nil, e
		}
	}
	if in.Management != nil {
		next.management = in.Management
	}
	next.kubernetes = s.reconfigured(next.kubernetes, in.KubernetesConfig)
	if in.ScalingGroup != nil {
		if e := s.planScalingGroup(rec, &next, in.ScalingGroup); e != nil {
			return nil, e
		}
	}
	if in.AutoScaling != nil {
		next.autoKind = cmp.Or(in.AutoScaling.Type, next.autoKind, next.spec.scalingType())
		if e := s.checkScalingType(&next.spec, next.autoKind); e != nil {
			return nil, e
		}
	}
	return func(known *poolRecord) {
		known.name, known.resourceGroup, known.management = next.name, next.resourceGroup, next.management
		known.kubernetes, known.autoKind, known.spec, known.disks, known.unsized = next.kubernetes, next.autoKind, next.spec, next.disks, next.unsized
	}, nil
}

// planScalingGroup lays a scaling_group over the one that is there. Lists are replaced.
func (s *Server) planScalingGroup(rec *clusterRecord, next *poolRecord, in *scalingGroupRequest) *apiError {
	spec, asked := next.spec, in.scalingGroupObject
	if asked.SecurityGroupID != "" {
		return invalid("", "unknown parameter: scaling_group.security_group_id")
	}
	if e := in.checkLists(); e != nil {
		return e
	}
	if s.assumptions.ScalingGroupReset {
		resetScalingGroup(&spec)
		next.disks = nil
	}
	if asked.ImageID != "" || asked.ImageType != "" {
		spec.ImageID, spec.ImageType, spec.Platform = asked.ImageID, asked.ImageType, asked.Platform
	}
	if asked.KeyPair != "" || asked.LoginPassword != "" {
		spec.KeyPair, spec.LoginPassword = asked.KeyPair, asked.LoginPassword
	}
	replace := func(into *[]string, list []string) {
		if len(list) > 0 {
			*into = list
		}
	}
	replace(&spec.VSwitchIDs, asked.VSwitchIDs)
	replace(&spec.InstanceTypes, asked.InstanceTypes)
	replace(&spec.SecurityGroupIDs, asked.SecurityGroupIDs)
	replace(&spec.SystemDiskCategories, asked.SystemDiskCategories)
	spec.SystemDiskCategory = cmp.Or(asked.SystemDiskCategory, spec.SystemDiskCategory)
	spec.SystemDiskSize = cmp.Or(asked.SystemDiskSize, spec.SystemDiskSize)
	spec.MultiAZPolicy = cmp.Or(asked.MultiAZPolicy, spec.MultiAZPolicy)
	spec.laySpot(&asked)
	spec.Platform = cmp.Or(asked.Platform, spec.Platform)
	if len(asked.Tags) > 0 {
		spec.Tags = asked.Tags
		if s.assumptions.TagsMerged {
			spec.Tags = mergeTags(next.spec.Tags, asked.Tags)
		}
	}
	whole := *in
	whole.scalingGroupObject = spec
	checks := []func() *apiError{
		func() *apiError { return s.checkScalingGroup(rec, &whole) },
		func() *apiError { return s.planSecurityGroups(rec, &spec) },
		func() *apiError { return s.planImage(rec, &spec) },
		func() *apiError { return s.planDisk(&spec) },
		func() *apiError { return s.checkLogin(&spec) },
	}
	// What a pool has already is not looked at again: it may be older than the rules.
	asked.Tags = nil
	if !s.assumptions.ScalingGroupReset && reflect.DeepEqual(asked, scalingGroupObject{}) && len(in.DataDisks) == 0 {
		checks = []func() *apiError{func() *apiError { return checkTags(spec.Tags, true) }}
	}
	for _, check := range checks {
		if e := check(); e != nil {
			return e
		}
	}
	next.unsized = next.unsized && in.DesiredSize == nil
	if len(in.DataDisks) > 0 {
		next.disks = in.DataDisks
	}
	next.spec = spec
	return nil
}

// mergeTags lays tags over those that are there.
func mergeTags(base, more []tagObject) []tagObject {
	list := slices.Clone(base)
	for _, t := range more {
		if i := slices.IndexFunc(list, func(old tagObject) bool { return old.Key == t.Key }); i >= 0 {
			list[i] = t
		} else {
			list = append(list, t)
		}
	}
	return list
}

// scaleNodePool adds nodes.
func (s *Server) scaleNodePool(c *call) (any, *apiError) {
	_, g, known, e := s.pool(c)
	if e != nil {
		return nil, e
	}
	var in scalePoolRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	switch {
	case in.Count == nil:
		return nil, missing("count")
	case *in.Count < 1 || *in.Count > 500:
		return nil, invalid("Count", "count must be from 1 to 500, got %d", *in.Count)
	case g.Auto || c.Now.Before(known.autoUntil):
		return nil, desiredWhileAuto()
	}
	rec, g, known, e := s.changeable(c)
	if e == nil {
		e = s.checkNodes(rec, *in.Count, g.Desired+*in.Count)
	}
	if e != nil {
		return nil, e
	}
	t := s.newTask("cluster_scaleout", targetNodePool)
	if _, e := s.start(c, t, core.Scale{ClusterID: rec.id, GroupID: g.ID, Desired: g.Desired + *in.Count}, s.settled(rec, known)); e != nil {
		return nil, e
	}
	known.updated = c.Now
	s.enlist(c.Now, rec, t, g.ID)
	return scaleResponse{t.id}, nil
}
