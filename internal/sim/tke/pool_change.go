// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// poolChange is what is under way on a node pool.
type poolChange struct {
	server   *Server
	rec      *clusterRecord
	known    *poolRecord
	activity *activityRecord // nil for what moves no nodes
	// fail is why it comes to nothing.
	fail string
	// removal: the node pool goes.
	removal bool
}

// begin notes a change that begins with a call; desired is the size that it leads to, below
// 0 for the removal of the node pool. A failure is not the core's to know: Auto Scaling goes
// on wanting what it could not get.
func (s *Server) begin(c *call, rec *clusterRecord, known *poolRecord, kind string, desired int) *poolChange {
	change := &poolChange{server: s, rec: rec, known: known, fail: c.Outcome.Fail, removal: desired < 0}
	c.Outcome.Fail = ""
	if kind == scaleOut && desired > 0 && change.fail == "" {
		change.fail = s.scaleOutFault(rec, known)
	}
	if desired != 0 || len(known.nodes) > 0 || change.fail != "" {
		change.activity = s.newActivity(c.Now, known, kind)
	}
	return change
}

// settle is what is left to do when the core is done with the node pool: nodes begin to
// join, or to leave, or nothing comes of it.
func (p *poolChange) settle(end core.OperationRecord) {
	s, known := p.server, p.known
	known.switching = false
	g, there := p.rec.live.Group(known.id)
	switch {
	case cut(end):
		p.activity.end(end.End, activityCanceled, end.Failure)
	case p.fail != "":
		s.failActivity(end.End, known, p.activity, p.fail)
		if p.removal && there {
			// TKE has no word for it: the node pool is normal again.
			_ = s.must(end.End, core.Force{ClusterID: p.rec.id, GroupID: known.id, State: profile.Active})
		} else if there {
			known.stay(g)
		}
	case there:
		join := s.scaled(max(0, s.joinTime))
		s.adopt(p.rec, known, end.End, join)
		p.activity.end(end.End.Add(join), activityDone, "Success")
	default:
		known.cancelActivities(end.End)
		p.activity.end(end.End, activityDone, "Success")
	}
}

// scaleOutFault is why no node can be made, which nobody said when the node pool was.
func (s *Server) scaleOutFault(rec *clusterRecord, known *poolRecord) string {
	for _, t := range known.allTags() {
		if t.Value == "" || strings.ContainsAny(t.Key+t.Value, "#,;") {
			return "InvalidParameterValue.InvalidTag: the tag " + t.Key + "=" + t.Value + " is not valid for instances: tag values must not be empty, or have illegal characters"
		}
	}
	if strings.Contains(rec.description, "#") {
		return "InvalidParameterValue.InvalidTag: the description " + rec.description + " is not valid as a tag of instances"
	}
	if kind, ok := s.resources.instanceType(known.launch.InstanceType); ok && kind.NoStock {
		return "ResourceInsufficient.SpecifiedInstanceType: the instance type " + kind.Name + " is sold out in the zones"
	}
	for _, id := range known.scaling.SubnetIDs {
		if v, ok := s.resources.subnet(id); !ok || v.FreeIPs > 0 {
			return ""
		}
	}
	return "ResourceInsufficient.SubnetIpNotEnough: the subnets have no free address"
}

// modifyPool changes what is sent: nil is kept, and a list is replaced whole.
func (s *Server) modifyPool(c *call, in *modifyPoolRequest) (any, *apiError) {
	rec, g, known, e := s.normal(c, in.ClusterID, in.NodePoolID)
	if e != nil {
		return nil, e
	}
	if e := s.checkModify(in, g, known); e != nil {
		return nil, e
	}
	least, most := int(valueOf(in.MinNodesNum, int64(g.Min))), int(valueOf(in.MaxNodesNum, int64(g.Max)))
	var cmd core.Command = core.Work{ClusterID: rec.id, GroupID: g.ID, Took: s.scaled(ownDurations[profile.ScaleNodeGroup])}
	auto := valueOf(in.EnableAutoscale, g.Auto)
	switch {
	case auto != g.Auto:
		known.switching = true
		cmd = core.SetAutoScaling{ClusterID: rec.id, GroupID: g.ID, On: auto, Min: least, Max: most}
	case least != g.Min || most != g.Max:
		cmd = core.Scale{ClusterID: rec.id, GroupID: g.ID, KeepDesired: true, Min: least, Max: most}
	}
	// This failure is the core's to know: sizes go back to what they were.
	if _, e := s.apply(c, cmd, func(end core.OperationRecord) {
		known.switching = false
		if end.Failure != "" && !cut(end) {
			s.failActivity(end.End, known, s.newActivity(end.Start, known, scaleOut), end.Failure)
		}
	}); e != nil {
		known.switching = false
		return nil, e
	}
	known.modify(in)
	return nil, nil
}

// modify takes over what is not a size. Labels and taints reach the nodes that are there,
// unless they are to be left alone.
func (known *poolRecord) modify(in *modifyPoolRequest) {
	set(&known.name, in.Name)
	set(&known.labels, in.Labels)
	set(&known.taints, in.Taints)
	set(&known.annotations, in.Annotations)
	set(&known.tags, in.Tags)
	set(&known.os, in.OSName)
	set(&known.osKind, in.OSCustomizeType)
	set(&known.script, in.UserScript)
	set(&known.unschedulable, in.Unschedulable)
	set(&known.protected, in.DeletionProtection)
	for _, n := range known.nodes {
		if !in.IgnoreExistedNode && in.Labels != nil {
			n.labels = known.labels
		}
		if !in.IgnoreExistedNode && in.Taints != nil {
			n.taints = known.taints
		}
	}
}

func set[T any](into, value *T) {
	if value != nil {
		*into = *value
	}
}

func (s *Server) checkModify(in *modifyPoolRequest, g *core.NodeGroup, known *poolRecord) *apiError {
	if in.EnableAutoscale != nil && *in.EnableAutoscale && known.disabled {
		return fail("UnsupportedOperation.CaEnableFailed", "the scaling group %s is disabled", known.group)
	}
	if in.Name != nil {
		if e := checkPoolName(*in.Name); e != nil {
			return e
		}
	}
	if in.OSName != nil {
		if image, ok := s.resources.image(*in.OSName); !ok || image.Offline {
			return fail("InvalidParameterValue.ImageNotFound", "the OS %q is not found", *in.OSName)
		}
	}
	if in.Tags != nil {
		if e := s.checkPoolTags(known.inherited, *in.Tags); e != nil {
			return e
		}
	}
	if in.Labels != nil {
		if e := s.checkLabels(*in.Labels); e != nil {
			return e
		}
	}
	if in.Taints != nil {
		if e := s.checkTaints(*in.Taints); e != nil {
			return e
		}
	}
	if in.MinNodesNum == nil && in.MaxNodesNum == nil {
		return nil
	}
	return s.checkSizes(int64(g.Desired), valueOf(in.MinNodesNum, int64(g.Min)), valueOf(in.MaxNodesNum, int64(g.Max)))
}

// maxNodes is how many nodes a node pool may have.
const maxNodes = 2000

// checkSizes checks sizes that belong together.
func (s *Server) checkSizes(desired, least, most int64) *apiError {
	switch {
	case least < 0 || most < 1 || least > most || most > maxNodes:
		return fail("InvalidParameterValue.Size", "the minimum %d and the maximum %d must be 0 to %d, and the one not above the other", least, most, maxNodes)
	case desired < least || desired > most:
		return fail("InvalidParameterValue.Size", "the desired capacity %d is not between the minimum %d and the maximum %d", desired, least, most)
	}
	return nil
}

func (s *Server) modifyDesired(c *call, in *desiredRequest) (any, *apiError) {
	rec, g, known, e := s.normal(c, in.ClusterID, in.NodePoolID)
	if e != nil {
		return nil, e
	}
	if g.Auto && s.assumptions.DesiredRefusedWhileAuto {
		return nil, invalid("the desired capacity cannot be changed while autoscaling is enabled")
	}
	if e := s.checkSizes(*in.DesiredCapacity, int64(g.Min), int64(g.Max)); e != nil {
		return nil, e
	}
	return nil, s.resize(c, rec, g, known, int(*in.DesiredCapacity), 0, 0)
}

// resize brings a node pool to a size.
func (s *Server) resize(c *call, rec *clusterRecord, g *core.NodeGroup, known *poolRecord, desired, least, most int) *apiError {
	kind := scaleOut
	if desired < len(known.nodesAt(c.Now)) {
		kind = scaleIn
	}
	change := s.begin(c, rec, known, kind, desired)
	_, e := s.apply(c, core.Scale{ClusterID: rec.id, GroupID: g.ID, Desired: desired, Min: least, Max: most}, change.settle)
	if e != nil {
		known.drop(change.activity)
	}
	return e
}

// drop forgets an activity that never began.
func (known *poolRecord) drop(a *activityRecord) {
	for i, other := range known.activities {
		if other == a {
			known.activities = append(known.activities[:i:i], known.activities[i+1:]...)
			return
		}
	}
}

// cancelActivities ends what is still under way.
func (known *poolRecord) cancelActivities(at time.Time) {
	for _, a := range known.activities {
		if a.ended.IsZero() || a.ended.After(at) {
			a.end(at, activityCanceled, "the scaling group is gone")
		}
	}
}
