// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"maps"
	"net/http"
	"slices"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// viewGroups returns the cluster of a call with the groups that reads show of it. The
// control plane's own is never among them.
func (s *Server) viewGroups(c *call) (*core.Cluster, *clusterRecord, []*core.NodeGroup, *apiError) {
	shown, rec, e := s.view(c)
	if e != nil {
		return nil, nil, nil, e
	}
	switch {
	case shown.State == profile.Creating && !s.assume.GroupsWhileCreating:
		return shown, rec, nil, nil
	case (shown.State == profile.CreateFailed || shown.State == profile.Deleting || shown.State == profile.DeleteFailed) && s.assume.GroupsUnreadable:
		return nil, nil, nil, noGroup("of cluster " + shown.ID)
	}
	return shown, rec, rec.inOrder(shown), nil
}

// viewGroup returns the group of a call as reads show it.
func (s *Server) viewGroup(c *call) (*core.Cluster, *clusterRecord, *core.NodeGroup, *groupRecord, *apiError) {
	shown, rec, list, e := s.viewGroups(c)
	name := c.vars["group"]
	switch {
	case e != nil:
		return nil, nil, nil, nil, e
	case name == defaultMaster || name == rec.master:
		return nil, nil, nil, nil, forbidden("nodegroup:get")
	}
	g, there := find(list, func(g *core.NodeGroup) bool { return g.ID == name || g.Name == name })
	if !there {
		return nil, nil, nil, nil, noGroup(name)
	}
	return shown, rec, g, rec.groups[g.ID], nil
}

// currentGroup returns the group of a call as it is, for what changes it.
func (s *Server) currentGroup(c *call) (*clusterRecord, *core.NodeGroup, *groupRecord, *apiError) {
	rec, e := s.current(c)
	if e != nil {
		return nil, nil, nil, e
	}
	if name := c.vars["group"]; name == defaultMaster || name == rec.master {
		return nil, nil, nil, forbidden("nodegroup:update")
	}
	g, own, e := rec.group(rec.live, c.vars["group"])
	return rec, g, own, e
}

func (s *Server) listGroups(c *call) (*answer, *apiError) {
	shown, rec, all, e := s.viewGroups(c)
	if e != nil {
		return nil, e
	}
	if role := c.query.Get("role"); role != "" && role != "worker" {
		all = nil
	}
	items, next, e := page(s, c, all, func(g *core.NodeGroup) string { return g.ID })
	if e != nil {
		return nil, e
	}
	out := groupList{NodeGroups: []groupItem{}}
	if next != "" {
		out.Next = c.base + pathClusters + "/" + shown.ID + "/nodegroups?" + next
	}
	for _, g := range items {
		out.NodeGroups = append(out.NodeGroups, s.groupItem(g, rec.groups[g.ID]))
	}
	return ok(out)
}

func (s *Server) getGroup(c *call) (*answer, *apiError) {
	shown, rec, g, own, e := s.viewGroup(c)
	if e != nil {
		return nil, e
	}
	return ok(s.groupObject(c, shown, rec, g, own))
}

// createGroup adds a group to a cluster that rests. It is of the control plane's
// version.
func (s *Server) createGroup(c *call) (*answer, *apiError) {
	var in groupRequest
	if err := simkit.Decode(c.body, &in); err != nil {
		return nil, decodeFault(err)
	}
	rec, e := s.current(c)
	if e != nil {
		return nil, e
	}
	plan, e := s.checkGroup(c, rec, in)
	if e != nil {
		return nil, e
	}
	own := s.newGroup(plan)
	ev := s.newEvent(c, rec, eventGroupCreated, rawDetails(c.body))
	cmd := core.AddNodeGroup{ClusterID: rec.live.ID, Spec: plan.spec()}
	result, err := c.project.world.Apply(c.Now, cmd, s.outcome(c, rec, own, ev, "UPDATE", nil))
	if err != nil {
		return nil, s.refused(err)
	}
	rec.groups[result.Group.ID] = own
	rec.note(ev.about(result.Group.ID, result.Group.Name))
	return &answer{http.StatusAccepted, s.createdGroup(c, rec, result.Group, own)}, nil
}

// checkGroup refuses a group that NKS would refuse.
func (s *Server) checkGroup(c *call, rec *clusterRecord, in groupRequest) (groupPlan, *apiError) {
	var none groupPlan
	l := labels(maps.Clone(in.Labels))
	for name, absent := range map[string]bool{"name": in.Name == "", "flavor_id": in.FlavorID == "", "image_id": in.ImageID == "", "labels": l == nil} {
		if absent {
			return none, badRequest("Invalid input for field/attribute nodegroup. Mandatory field missing: %s.", name)
		}
	}
	if e := checkName(in.Name); e != nil {
		return none, e
	}
	if in.Role != "" && in.Role != "worker" {
		return none, badRequest("The role %.64s is not supported.", in.Role)
	}
	if _, taken := rec.live.GroupByName(in.Name); taken || in.Name == defaultWorker || in.Name == defaultMaster {
		return none, fail(http.StatusConflict, "NodeGroupAlreadyExists", "A node group with name %s already exists in the cluster %s.", in.Name, rec.live.ID)
	}
	switch {
	case !rec.live.ControlPlaneUp:
		return none, fail(http.StatusConflict, "ClusterAPIAddressUnavailable", "Cluster API address is not available yet.")
	case s.assume.OwnersOnly && rec.userID != c.who.ID:
		return none, forbidden("nodegroup:create")
	}
	if e := l.check(false, requiredOfGroup, s.assume, s.profile.Limits.NodesPerGroup); e != nil {
		return none, e
	}
	count := 1
	if in.NodeCount != nil {
		count = *in.NodeCount
	}
	plan, e := s.planGroup(c, groupPlan{
		name: in.Name, flavor: in.FlavorID, image: in.ImageID, count: count, labels: l, vpc: rec.request.FixedNetwork, subnet: rec.request.FixedSubnet,
	})
	if e != nil {
		return none, e
	}
	if e := s.checkIdle(rec, "Creating a nodegroup", false); e != nil {
		return none, e
	}
	if limit := s.profile.Limits.NodeGroups; limit > 0 && len(rec.live.Groups) >= limit {
		return none, s.overQuota("a cluster may have %d node groups and has %d", limit, len(rec.live.Groups))
	}
	return plan, nil
}

// deleteGroup removes a group, of whatever state.
func (s *Server) deleteGroup(c *call) (*answer, *apiError) {
	rec, g, _, e := s.currentGroup(c)
	if e != nil {
		return nil, e
	}
	others := slices.ContainsFunc(rec.live.Groups, func(other *core.NodeGroup) bool { return other != g && other.State != profile.Deleting })
	switch {
	case g.Name == defaultWorker && s.assume.DefaultGroupKept:
		return nil, fail(http.StatusBadRequest, "NotSupported", "Deleting a default nodegroup is not supported.")
	case !others && !s.assume.LastGroupRemovable:
		return nil, fail(http.StatusBadRequest, "NotSupported", "Deleting the last nodegroup of a cluster is not supported.")
	}
	if e := s.checkIdle(rec, "Deleting a nodegroup", true); e != nil {
		return nil, e
	}
	ev := s.newEvent(c, rec, "NODEGROUP_DELETE", nil)
	cmd := core.RemoveNodeGroup{ClusterID: rec.live.ID, GroupID: g.ID}
	if _, err := c.project.world.Apply(c.Now, cmd, s.outcome(c, rec, rec.groups[g.ID], ev, "UPDATE", nil)); err != nil {
		return nil, s.refused(err)
	}
	rec.note(ev.about(g.ID, g.Name))
	return &answer{status: http.StatusNoContent}, nil
}

// patchGroup changes one thing of a group, which the body names.
func (s *Server) patchGroup(c *call) (*answer, *apiError) {
	var in groupPatch
	if err := simkit.Decode(c.body, &in); err != nil {
		return nil, decodeFault(err)
	}
	rec, g, own, e := s.currentGroup(c)
	switch {
	case e != nil:
		return nil, e
	case in.Type == "flavor_id" || in.Type == "metric_base_autoscale" || in.Type == "fip_auto_bind":
		return nil, notSimulated("nodegroups.update of %s", in.Type)
	case in.Type != "k8s_node_labels":
		return nil, badRequest("The type %.64q is invalid.", in.Type)
	}
	given, e := nodeLabelsOf(in.NodeLabels)
	if e != nil {
		return nil, e
	}
	next := map[string]any{}
	if before, e := nodeLabelsOf(own.labels["k8s_node_labels"]); e == nil && s.assume.NodeLabelsMerged {
		for key, value := range before {
			next[key] = value
		}
	}
	for key, value := range given {
		next[key] = value
	}
	if len(next) > maxNodeLabels {
		return nil, tooManyNodeLabels()
	}
	if g.Auto && s.assume.NodeLabelsFixedWhileAuto {
		return nil, badRequest("The labels of the nodegroup %s cannot be changed while its autoscaler is enabled.", g.Name)
	}
	if e := s.checkIdle(rec, "Updating a nodegroup", false); e != nil {
		return nil, e
	}
	ev := s.newEvent(c, rec, "NODEGROUP_UPDATE_K8S_NODE_LABELS", rawDetails(c.body))
	cmd := core.Work{ClusterID: rec.live.ID, GroupID: g.ID, Took: s.typical(profile.UpdateCluster)}
	out := s.outcome(c, rec, own, ev, "UPDATE", func() { own.relabel(g, next) })
	if _, err := c.project.world.Apply(c.Now, cmd, out); err != nil {
		return nil, s.refused(err)
	}
	rec.note(ev.about(g.ID, g.Name))
	return s.accepted(g.ID), nil
}
