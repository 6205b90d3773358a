// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Shorter names of the states.
const (
	running      = containerpb.Cluster_RUNNING
	reconciling  = containerpb.Cluster_RECONCILING
	poolRunning  = containerpb.NodePool_RUNNING
	poolUpdating = containerpb.NodePool_RECONCILING
)

// clusterStatus is the status of a cluster as live or lagging reads show it.
func (s *Server) clusterStatus(rec *clusterRecord, shown *core.Cluster, now time.Time) containerpb.Cluster_Status {
	ops := rec.open
	for _, op := range ops {
		if op.pool == "" && op.Pending(now) && op.kind != containerpb.Operation_CREATE_CLUSTER {
			return op.clusterBefore
		}
	}
	st := containerpb.Cluster_Status(containerpb.Cluster_Status_value[s.profile.ClusterWord(shown.State, shown.By)])
	if shown.State == profile.Updating && slices.Contains(groupKinds, shown.By) {
		st = running // its pools will say
		for _, g := range shown.Groups {
			if moving(s.poolStatus(rec, g, now)) && !s.quiet(ops, g.Name) {
				st = reconciling
			}
		}
	}
	for _, op := range ops {
		if st == running && op.aside && !op.Pending(now) {
			st = reconciling
		}
	}
	return st
}

// groupKinds are the operations on a node group, as which the core shows a cluster
// whose groups are worked on.
var groupKinds = []profile.Operation{profile.AddNodeGroup, profile.RemoveNodeGroup, profile.ScaleNodeGroup,
	profile.SetAutoScaling, profile.UpgradeNodeGroup}

func moving(st containerpb.NodePool_Status) bool {
	return st == containerpb.NodePool_PROVISIONING || st == poolUpdating || st == containerpb.NodePool_STOPPING
}

// quiet: what happens to a pool does not show on its cluster.
func (s *Server) quiet(ops []*opRecord, pool string) bool {
	return s.assume.RunningWhileAutoscaling && slices.ContainsFunc(ops, func(op *opRecord) bool {
		return op.pool == pool && op.kind == autoscalingKind
	})
}

// poolStatus is the status of a node pool.
func (s *Server) poolStatus(rec *clusterRecord, g *core.NodeGroup, now time.Time) containerpb.NodePool_Status {
	st := containerpb.NodePool_Status(containerpb.NodePool_Status_value[s.profile.NodeGroupWord(g.State, g.By)])
	for _, op := range rec.open {
		whole := op.pool == "" && op.kind == containerpb.Operation_DELETE_CLUSTER
		if before, ok := op.poolsBefore[g.Name]; ok && op.Pending(now) && (whole || op.pool == g.Name) {
			return before
		}
		if op.pool == g.Name && op.aside && st == poolRunning {
			return poolUpdating
		}
	}
	return st
}

// link is the URL of a resource of GKE, with the project's id or its number.
func (s *Server) link(words string, number bool) string {
	if number {
		words = strings.Replace(words, "projects/"+s.project, "projects/"+s.number, 1)
	}
	return "https://container.googleapis.com/v1/" + words
}

// clusterObject shows a cluster.
func (s *Server) clusterObject(shown *core.Cluster, rec *clusterRecord, now time.Time) *containerpb.Cluster {
	c := proto.CloneOf(rec.base)
	l := rec.location
	c.Name, c.Id = rec.name, rec.uid
	c.SelfLink = s.link(s.inWords(path{location: l.name, cluster: rec.name}), false)
	c.Location, c.Zone = l.name, l.name
	c.CreateTime = stamp(shown.Created)
	c.InitialClusterVersion, c.CurrentMasterVersion = rec.initial, shown.Version
	c.ResourceLabels, c.LabelFingerprint = shown.Tags, fingerprint(shown.Tags)
	c.Etag = fmt.Sprintf("%s-%d", fingerprint(shown.Tags), rec.changes)
	c.Status = s.clusterStatus(rec, shown, now)
	c.Conditions, c.StatusMessage = conditions(shown.State, shown.Reason)
	c.ReleaseChannel = &containerpb.ReleaseChannel{Channel: rec.channel}
	c.Autopilot = &containerpb.Autopilot{Enabled: rec.autopilot}
	c.MasterAuth = &containerpb.MasterAuth{}
	c.NodePools = nil
	for _, g := range shown.Groups {
		pool := s.poolObject(shown, rec, g, now)
		c.NodePools = append(c.NodePools, pool)
		c.InstanceGroupUrls = append(c.InstanceGroupUrls, pool.GetInstanceGroupUrls()...)
		c.CurrentNodeCount += int32(len(g.Nodes)) //nolint:gosec // there are not so many
		c.CurrentNodeVersion = g.Version
	}
	s.addAccess(c, rec, s.accessible(shown, rec, now))
	if rec.alter != nil {
		rec.alter(c)
	}
	return c
}

// accessible says whether the endpoint shows.
func (s *Server) accessible(shown *core.Cluster, rec *clusterRecord, now time.Time) bool {
	if shown.ControlPlaneUp || !s.assume.EarlyAccess {
		return shown.ControlPlaneUp
	}
	for _, op := range rec.open {
		if op.kind == containerpb.Operation_CREATE_CLUSTER && !op.End.IsZero() {
			return now.Sub(op.Start) >= op.End.Sub(op.Start)/2
		}
	}
	return false
}

// poolObject shows a node pool.
func (s *Server) poolObject(shown *core.Cluster, rec *clusterRecord, g *core.NodeGroup, now time.Time) *containerpb.NodePool {
	known := rec.pools[g.Name]
	p := proto.CloneOf(known.base)
	words := path{location: rec.location.name, cluster: rec.name, pool: g.Name}
	p.Name, p.SelfLink = g.Name, s.link(s.inWords(words), false)
	p.Version, p.InitialNodeCount = g.Version, known.count
	p.Locations = slices.Clone(known.zones)
	p.Autoscaling = &containerpb.NodePoolAutoscaling{}
	if known.auto != nil {
		p.Autoscaling = proto.CloneOf(known.auto)
	}
	if p.GetManagement() == nil {
		p.Management = &containerpb.NodeManagement{AutoUpgrade: true, AutoRepair: true}
	}
	p.PodIpv4CidrSize = podRange(p.GetMaxPodsConstraint())
	p.Status = s.poolStatus(rec, g, now)
	p.Conditions, p.StatusMessage = conditions(g.State, g.Reason)
	p.Etag = poolEtag(rec, g)
	if g.State != profile.Creating {
		for i, zone := range known.zones {
			p.InstanceGroupUrls = append(p.InstanceGroupUrls, s.managerLink(zone, known.groupName(rec, known.hashes[i])))
		}
		s.addBlueGreen(p, rec, known, now)
	}
	return p
}

// poolEtag is the etag of a node pool.
func poolEtag(rec *clusterRecord, g *core.NodeGroup) string {
	return fmt.Sprintf("%s-%d", fingerprint(map[string]string{g.Name: rec.live.ID}), rec.changes)
}

// conditions explains a state that needs it; the reason may begin with the code of
// a condition.
func conditions(state profile.State, reason string) ([]*containerpb.StatusCondition, string) {
	f := readFailure(reason)
	switch state {
	case profile.Creating, profile.Updating, profile.Deleting:
		return nil, ""
	case profile.Active:
		// After a failed update it runs as before; one condition is but a warning.
		if f.Condition != containerpb.StatusCondition_CA_EXPIRING {
			return nil, ""
		}
	}
	return f.condition(), f.Message
}

// stamp is a time as GKE writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999999Z07:00") }
