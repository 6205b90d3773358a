// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// createCluster accepts a cluster with its first node group. The row is written after
// the answer, so that reads do not find it at once.
func (s *Server) createCluster(c *call) (*answer, *apiError) {
	in, e := decodeCluster(c.body)
	if e != nil {
		return nil, e
	}
	l := labels(maps.Clone(in.Labels))
	if e := s.checkCluster(c, in, l); e != nil {
		return nil, e
	}
	plan, e := s.planGroup(c, groupPlan{
		name: defaultWorker, flavor: in.FlavorID, image: l.text("node_image"), count: *in.NodeCount, labels: l, vpc: in.FixedNetwork, subnet: in.FixedSubnet,
	})
	if e != nil {
		return nil, e
	}
	if e := s.checkAddons(in.Addons, l.text("kube_tag")); e != nil {
		return nil, e
	}
	rec := s.newRecord(c.project, in, l)
	rec.userID = c.who.ID
	own := s.newGroup(plan)
	ev := s.newEvent(c, rec, "CLUSTER_CREATE", rawDetails(c.body))
	result, err := c.project.world.Apply(c.Now, core.CreateCluster{
		Name: in.Name, Version: l.text("kube_tag"), Groups: []core.AddNodeGroup{{Spec: plan.spec()}},
	}, s.outcome(c, rec, own, ev, "CREATE", nil))
	if err != nil {
		return nil, s.refused(err)
	}
	rec.keep(result.Cluster, ev)
	rec.groups[result.Cluster.Groups[0].ID] = own
	c.project.forget(c.Now)
	return &answer{http.StatusAccepted, uuidObject{rec.live.ID}}, nil
}

// newRecord is a cluster that is not in the world yet.
func (s *Server) newRecord(p *project, in clusterRequest, l labels) *clusterRecord {
	rec := &clusterRecord{
		project: p, request: in, labels: maps.Clone(l), groups: map[string]*groupRecord{}, kind: "CREATE", years: l.number("term_of_validity", 5),
		stack: s.Random.UUID(), master: s.Random.UUID(), template: s.Random.UUID(), minions: s.Random.UUID(),
	}
	rec.expiry = s.Now().AddDate(rec.years, 0, 0)
	return rec
}

// keep binds a record to the core's cluster, and its first event to it.
func (rec *clusterRecord) keep(live *core.Cluster, ev *event) {
	rec.live = live
	rec.project.clusters[live.ID] = rec
	ev.ClusterUUID, ev.ResourceUUID = live.ID, live.ID
	rec.note(ev)
}

// outcome is what an operation of a cluster leads to, or of a group if there is one.
// kind is CREATE, UPDATE or UPGRADE; then is called when it has taken effect.
func (s *Server) outcome(c *call, rec *clusterRecord, own *groupRecord, ev *event, kind string, then func()) core.Outcome {
	out := c.Outcome
	out.Effect = func(r core.OperationRecord) {
		ev.end(r)
		if rec.live.State == profile.Gone {
			return
		}
		rec.updated = r.End
		canceled := strings.HasPrefix(r.Failure, "canceled: ")
		if own != nil && !canceled {
			stack := stackKind(kind, ev)
			own.updated, own.reason = r.End, cmp.Or(r.Failure, "Stack "+stack+" completed successfully")
			if r.Failure == "" {
				own.kind = stack
			}
		}
		switch {
		case canceled || kind == "DELETE":
		case r.Failure == "":
			rec.kind, rec.failed, rec.renewal = kind, "", false
			if then != nil {
				then()
			}
		case kind != "CREATE":
			rec.kind, rec.failed, rec.renewal = kind, r.Failure, ev.Type == eventRenewal
			if rec.live.State == profile.UpdateFailed {
				// That the cluster has failed is kept here, as the core would not end it.
				_, _ = rec.project.world.Apply(r.End, core.Force{ClusterID: rec.live.ID, State: profile.Active, AtOnce: true}, core.Outcome{})
			}
		}
	}
	return out
}

// stackKind is what heat calls an operation on a group.
func stackKind(kind string, ev *event) string {
	switch {
	case ev.Type == eventGroupCreated:
		return "CREATE"
	case kind == "UPGRADE":
		return "UPDATE"
	}
	return kind
}

func (s *Server) getCluster(c *call) (*answer, *apiError) {
	shown, rec, e := s.view(c)
	if e != nil {
		return nil, e
	}
	return ok(s.clusterObject(c, shown, rec))
}

// listClusters shows the clusters of the project, whatever their state.
func (s *Server) listClusters(c *call) (*answer, *apiError) {
	var all []*core.Cluster
	for shown := range c.project.world.All(c.Now) {
		if c.project.clusters[shown.ID] != nil {
			all = append(all, shown)
		}
	}
	if e := sortClusters(c, all); e != nil {
		return nil, e
	}
	items, next, e := page(s, c, all, func(x *core.Cluster) string { return x.ID })
	if e != nil {
		return nil, e
	}
	out := clusterList{Clusters: []clusterItem{}}
	if next != "" {
		out.Next = c.base + pathClusters + "?" + next
	}
	for _, shown := range items {
		out.Clusters = append(out.Clusters, s.clusterItem(c, shown, c.project.clusters[shown.ID]))
	}
	return ok(out)
}

func sortClusters(c *call, all []*core.Cluster) *apiError {
	by := map[string]func(a, b *core.Cluster) int{
		"": nil, "id": nil, "created_at": nil,
		"name": func(a, b *core.Cluster) int { return strings.Compare(a.Name, b.Name) },
		"uuid": func(a, b *core.Cluster) int { return strings.Compare(a.ID, b.ID) },
	}
	compare, known := by[c.query.Get("sort_key")]
	direction := c.query.Get("sort_dir")
	if !known || direction != "" && direction != "asc" && direction != "desc" {
		return badRequest("The sort_key or the sort_dir is invalid.")
	}
	if compare != nil {
		slices.SortStableFunc(all, compare)
	}
	if direction == "desc" {
		slices.Reverse(all)
	}
	return nil
}

// deleteCluster removes a cluster with its groups, also one that has failed and, as
// Magnum does, one that is being created.
func (s *Server) deleteCluster(c *call) (*answer, *apiError) {
	rec, e := s.current(c)
	if e != nil {
		return nil, e
	}
	if rec.live.State == profile.Creating && s.assume.CreatingIsNotDeleted {
		return nil, s.unsupported("Deleting a cluster", "CREATE_IN_PROGRESS")
	}
	if rec.live.State != profile.Deleting {
		ev := s.newEvent(c, rec, "CLUSTER_DELETE", nil)
		if _, err := c.project.world.Apply(c.Now, core.DeleteCluster{ClusterID: rec.live.ID}, s.outcome(c, rec, nil, ev, "DELETE", nil)); err != nil {
			return nil, s.refused(err)
		}
		rec.note(ev)
	}
	return &answer{status: http.StatusNoContent}, nil
}

// spec is what the core is told of a group.
func (p groupPlan) spec() pmks.NodeGroupInfo {
	return pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: p.name}, DesiredNodeSize: p.count, OnAutoScaling: p.auto.Enable, MinNodeSize: p.auto.Min, MaxNodeSize: p.auto.Max,
	}
}
