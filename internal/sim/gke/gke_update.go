// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// minorsBehind returns how many minors nodes lag; what cannot be compared does not.
func minorsBehind(nodes, master string) int {
	n, nodesErr := kver.Parse(nodes)
	m, masterErr := kver.Parse(master)
	if nodesErr != nil || masterErr != nil || n.Compare(m) > 0 {
		return 0
	}
	return n.MinorDistance(m)
}

func newer(a, b string) bool {
	va, errA := kver.Parse(a)
	vb, errB := kver.Parse(b)
	return errA == nil && errB == nil && va.Compare(vb) > 0
}

// skewed says that nodes would be too far behind.
func (s *Server) skewed(nodes, master string) *apiError {
	return s.unrecorded(invalid("Node version %q must be within two minor versions of master version %q.", nodes, master),
		"Auto-upgrade is enabled, node version \""+nodes+"\" must be within one minor version of master version \""+master+"\".")
}

// nodeTarget returns the version that an alias for the version of nodes stands for.
func (s *Server) nodeTarget(alias, master string) (string, *apiError) {
	if alias == "" || alias == "-" {
		return master, nil
	}
	if alias == master {
		return master, nil
	}
	versions := s.offered()
	if alias == "latest" {
		// The latest that nodes may have is that of the control plane.
		return master, nil
	}
	version, ok := matching(alias, versions)
	switch {
	case !ok && strings.Contains(alias, "-gke."):
		return "", invalid("Node version %q is unsupported.", alias)
	case !ok:
		return "", invalid("No valid versions with the prefix %q found.", alias)
	case newer(version, master) && minorsBehind(master, version) > 0:
		return "", invalid("Node version %q must not have a greater minor version than master version %q.", version, master)
	case newer(version, master) && version != alias:
		return master, nil // the newest of the minor that nodes may have
	case newer(version, master):
		return "", invalid("desired node version %q cannot be greater than current master version %q.", version, master)
	}
	return version, nil
}

// UpdateMaster moves the control plane to another version.
func (v *service) UpdateMaster(ctx context.Context, req *containerpb.UpdateMasterRequest) (*operation, error) {
	return answer(ctx, v, func(s *Server, c *call) (*operation, *apiError) {
		rec, e := s.onCluster(c, req.GetName())
		if e != nil {
			return nil, e
		}
		return s.updateMaster(c, rec, req.GetMasterVersion())
	})
}

func (s *Server) updateMaster(c *call, rec *clusterRecord, alias string) (*operation, *apiError) {
	target, e := s.masterTarget(rec, alias)
	if e != nil {
		return nil, e
	}
	at := rec.live.Version
	switch {
	case newer(at, target) && minorsBehind(target, at) > 0:
		return nil, invalid("Master cannot be downgraded from version %q to version %q.", at, target)
	case newer(at, target):
		return nil, notSimulated("a downgrade of the control plane by a patch")
	case minorsBehind(at, target) > 1:
		return nil, invalid("Master cannot be upgraded from version %q to version %q: cannot upgrade more than one minor version at a time.", at, target)
	}
	for _, g := range rec.live.Groups {
		if minorsBehind(g.Version, target) > 2 {
			return nil, s.skewed(g.Version, target)
		}
	}
	if e := s.free(rec, ""); e != nil {
		return nil, e
	}
	const kind = containerpb.Operation_UPGRADE_MASTER
	if at == target {
		// GKE takes it as a wish to have the control plane made anew.
		op := s.startOwn(c.Now, rec, "", kind, s.duration(profile.UpgradeControlPlane), c.Outcome, nil)
		op.from, op.to = at, target
		return s.operationObject(op, c.Now), nil
	}
	op, e := s.start(c, rec, "", kind, core.UpgradeControlPlane{ClusterID: rec.live.ID, Version: target}, nil)
	return upgrade(rec, op, e, at, target)
}

// upgrade notes the versions of an upgrade that has just started.
func upgrade(rec *clusterRecord, op *operation, e *apiError, from, to string) (*operation, *apiError) {
	if e == nil {
		started := rec.location.operations[op.GetName()]
		started.from, started.to = from, to
	}
	return op, e
}

// UpdateCluster changes one thing of a cluster; of all that GKE can change, the
// version, the autoscaling of a node pool and the endpoints are simulated.
func (v *service) UpdateCluster(ctx context.Context, req *containerpb.UpdateClusterRequest) (*operation, error) {
	return answer(ctx, v, func(s *Server, c *call) (*operation, *apiError) {
		p, e := s.locate(c, req.GetName(), "clusters")
		if e != nil {
			return nil, e
		}
		rec, e := s.current(p)
		if e != nil {
			return nil, e
		}
		update := req.GetUpdate()
		if update == nil {
			return nil, invalid("Update must be set.").badField("update")
		}
		features := slices.DeleteFunc(populated(update), func(name string) bool { return name == "desired_node_pool_id" })
		if len(features) != 1 {
			return nil, invalid("Must specify exactly one update, got %d.", len(features)).badField("update")
		}
		pool := p
		pool.pool = update.GetDesiredNodePoolId()
		switch features[0] {
		case "desired_master_version":
			return s.updateMaster(c, rec, update.GetDesiredMasterVersion())
		case "desired_node_pool_autoscaling":
			rec, g, known, e := s.currentPool(pool)
			if e != nil {
				return nil, e
			}
			return s.setAutoscaling(c, rec, g, known, update.GetDesiredNodePoolAutoscaling())
		case "desired_control_plane_endpoints_config", "desired_master_authorized_networks_config", "desired_enable_private_endpoint":
			return s.updateEndpoints(c, rec, update)
		}
		return nil, notSimulated("the update of %s", features[0])
	})
}

// The fields of UpdateNodePool that are simulated beside its name.
var updateFields = []string{"name", "node_version", "image_type", "labels", "resource_labels", "tags", "taints", "locations", "etag"}

// UpdateNodePool moves the nodes of a pool to another version, or changes their
// labels or tags.
func (v *service) UpdateNodePool(ctx context.Context, req *containerpb.UpdateNodePoolRequest) (*operation, error) {
	return answer(ctx, v, func(s *Server, c *call) (*operation, *apiError) {
		rec, g, known, e := s.onPool(c, req.GetName())
		if e != nil {
			return nil, e
		}
		if e := onlyFields("update_node_pool", req, updateFields, nil); e != nil {
			return nil, e
		}
		if asked := req.GetLocations(); len(asked) > 0 && !slices.Equal(slices.Sorted(slices.Values(asked)), slices.Sorted(slices.Values(known.zones))) {
			return nil, notSimulated("other locations of a node pool")
		}
		if at := poolEtag(rec, g); req.GetEtag() != "" && req.GetEtag() != at {
			return nil, fail(codes.Aborted, "The etag %q of node pool %q is not its current one: %q.", req.GetEtag(), g.Name, at)
		}
		if req.GetNodeVersion() != "" {
			return s.updateNodes(c, rec, g, known, req)
		}
		return s.updatePool(c, rec, g, known, req)
	})
}

// updateNodes is an upgrade of the nodes.
func (s *Server) updateNodes(c *call, rec *clusterRecord, g *core.NodeGroup, known *poolRecord, req *containerpb.UpdateNodePoolRequest) (*operation, *apiError) {
	image := req.GetImageType()
	if image == "" && !s.assume.ImageTypeOptional {
		return nil, invalid("Image_type must be set.").badField("image_type")
	}
	image = cmp.Or(image, known.base.GetConfig().GetImageType())
	if e := s.planImage(&image); e != nil {
		return nil, e
	}
	if req.GetLabels() != nil || req.GetResourceLabels() != nil || req.GetTags() != nil || req.GetTaints() != nil {
		return nil, invalid("node_version cannot be updated together with other fields.").badField("node_version")
	}
	target, e := s.nodeTarget(req.GetNodeVersion(), rec.live.Version)
	if e != nil {
		return nil, e
	}
	if minorsBehind(target, rec.live.Version) > 2 {
		return nil, s.skewed(target, rec.live.Version)
	}
	if e := s.free(rec, g.Name); e != nil {
		return nil, e
	}
	const kind = containerpb.Operation_UPGRADE_NODES
	effect := func() { known.base.GetConfig().ImageType = image }
	switch {
	case target == g.Version:
		// The nodes are made anew.
		op := s.startOwn(c.Now, rec, g.Name, kind, s.duration(profile.UpgradeNodeGroup), c.Outcome, effect)
		op.from, op.to = target, target
		return s.operationObject(op, c.Now), nil
	case target != rec.live.Version:
		return nil, notSimulated("nodes of version %s, which is not that of the control plane", target)
	}
	at := g.Version
	op, e := s.start(c, rec, g.Name, kind, core.UpgradeNodeGroup{ClusterID: rec.live.ID, GroupID: g.ID}, effect)
	if op, e = upgrade(rec, op, e, at, target); e != nil {
		return nil, e
	}
	if blueGreen(known.base) {
		s.newGreen(rec, known)
	}
	return op, nil
}

// updatePool changes the labels and tags of the nodes; each is replaced whole.
func (s *Server) updatePool(c *call, rec *clusterRecord, g *core.NodeGroup, known *poolRecord, req *containerpb.UpdateNodePoolRequest) (*operation, *apiError) {
	config := known.base.GetConfig()
	for _, check := range []func() *apiError{
		func() *apiError {
			if len(slices.DeleteFunc(populated(req), func(name string) bool { return name == "name" || name == "etag" })) == 0 {
				return invalid("Must specify at least one field to update.")
			}
			return nil
		},
		func() *apiError {
			return checkLabels("resource_labels", req.GetResourceLabels().GetLabels(), config.GetResourceLabels())
		},
		func() *apiError { return checkTags("tags", req.GetTags().GetTags()) },
		func() *apiError { return s.checkNodeLabels("labels", req.GetLabels().GetLabels()) },
		func() *apiError { return checkTaints("taints", req.GetTaints().GetTaints()) },
		func() *apiError { return s.free(rec, g.Name) },
	} {
		if e := check(); e != nil {
			return nil, e
		}
	}
	if image := req.GetImageType(); image != "" && !strings.EqualFold(image, config.GetImageType()) {
		return nil, notSimulated("another image type without a version")
	}
	op := s.startOwn(c.Now, rec, g.Name, containerpb.Operation_UPDATE_CLUSTER, s.duration(profile.UpdateCluster), c.Outcome, func() {
		if req.GetResourceLabels() != nil {
			config.ResourceLabels = with(req.GetResourceLabels().GetLabels(), provisioningLabel, provisioning(config))
		}
		if req.GetTags() != nil {
			config.Tags = req.GetTags().GetTags()
		}
		if req.GetLabels() != nil {
			config.Labels = req.GetLabels().GetLabels()
		}
		if req.GetTaints() != nil {
			config.Taints = req.GetTaints().GetTaints()
			if s.assume.OwnTaintsStay {
				config.Taints = withOwnTaints(config, config.GetTaints())
			}
		}
	})
	return s.operationObject(op, c.Now), nil
}
