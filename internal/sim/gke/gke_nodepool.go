// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"context"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// nodePool is a shorter name.
type nodePool = containerpb.NodePool

// autoscalingKind is the type of the operation of SetNodePoolAutoscaling, which has
// none of its own.
const autoscalingKind = containerpb.Operation_UPDATE_CLUSTER

// ListNodePools lists the node pools of a cluster.
func (v *service) ListNodePools(ctx context.Context, req *containerpb.ListNodePoolsRequest) (*containerpb.ListNodePoolsResponse, error) {
	return answer(ctx, v, func(s *Server, c *call) (*containerpb.ListNodePoolsResponse, *apiError) {
		shown, rec, e := s.shownCluster(c, req.GetParent())
		if e != nil {
			return nil, e
		}
		if rec.autopilot {
			return nil, autopilotPools()
		}
		return &containerpb.ListNodePoolsResponse{NodePools: s.clusterObject(shown, rec, c.Now).GetNodePools()}, nil
	})
}

// GetNodePool reads one node pool.
func (v *service) GetNodePool(ctx context.Context, req *containerpb.GetNodePoolRequest) (*nodePool, error) {
	return answer(ctx, v, func(s *Server, c *call) (*nodePool, *apiError) {
		p, e := s.locate(c, req.GetName(), "clusters/nodePools")
		if e != nil {
			return nil, e
		}
		shown, rec, e := s.asRead(c.Now, p)
		if e != nil {
			return nil, e
		}
		if rec.autopilot {
			return nil, autopilotPools()
		}
		pool, ok := simkit.Find(s.clusterObject(shown, rec, c.Now).GetNodePools(), func(pool *nodePool) bool { return pool.GetName() == p.pool })
		if !ok {
			return nil, notFound("Not found: %s.", s.inWords(p.path))
		}
		return pool, nil
	})
}

// planPoolVersion resolves the version of the nodes of a new pool: it is that of
// the control plane unless it is said, and never newer.
func (s *Server) planPoolVersion(pool *nodePool, master string, channel containerpb.ReleaseChannel_Channel) *apiError {
	version, e := s.nodeTarget(pool.GetVersion(), master)
	if e != nil {
		return e
	}
	pool.Version = version
	if channel != noChannel && pool.GetManagement() != nil && (!pool.GetManagement().GetAutoUpgrade() || !pool.GetManagement().GetAutoRepair()) {
		return invalid("Auto_upgrade and auto_repair cannot be false when release_channel %s is set.", channel).badField("node_pool.management")
	}
	if minorsBehind(version, master) > 2 {
		return s.skewed(version, master)
	}
	return nil
}

// CreateNodePool accepts a node pool.
func (v *service) CreateNodePool(ctx context.Context, req *containerpb.CreateNodePoolRequest) (*operation, error) {
	return answer(ctx, v, func(s *Server, c *call) (*operation, *apiError) {
		rec, e := s.onCluster(c, req.GetParent())
		if e != nil {
			return nil, e
		}
		if rec.autopilot {
			return nil, autopilotPools()
		}
		pool := proto.CloneOf(req.GetNodePool())
		if e := s.planPool(pool, rec.base); e != nil {
			return nil, e
		}
		if e := s.planPoolVersion(pool, rec.live.Version, rec.channel); e != nil {
			return nil, e
		}
		if _, taken := rec.live.GroupByName(pool.GetName()); taken {
			return nil, fail(codes.AlreadyExists, "Already exists: %s.", s.inWords(path{location: rec.location.name, cluster: rec.name, pool: pool.GetName()}))
		}
		if e := s.free(rec, pool.GetName()); e != nil {
			return nil, e
		}
		if e := s.checkQuota(map[*nodePool]int{pool: int(pool.GetInitialNodeCount()) * len(pool.GetLocations())}); e != nil {
			return nil, e
		}
		op, e := s.start(c, rec, pool.GetName(), containerpb.Operation_CREATE_NODE_POOL, groupOf(rec.live.ID, pool), nil)
		if e != nil {
			return nil, e
		}
		s.newPool(rec, pool)
		return op, nil
	})
}

// onPool finds a pool that an operation may start on.
func (s *Server) onPool(c *call, name string) (*clusterRecord, *core.NodeGroup, *poolRecord, *apiError) {
	p, e := s.locate(c, name, "clusters/nodePools")
	if e != nil {
		return nil, nil, nil, e
	}
	return s.currentPool(p)
}

// DeleteNodePool removes a node pool; the last one may go.
func (v *service) DeleteNodePool(ctx context.Context, req *containerpb.DeleteNodePoolRequest) (*operation, error) {
	return answer(ctx, v, func(s *Server, c *call) (*operation, *apiError) {
		rec, g, _, e := s.onPool(c, req.GetName())
		if e != nil {
			return nil, e
		}
		if g.State == profile.Deleting {
			return s.deletedTwice(c, rec.open, containerpb.Operation_DELETE_NODE_POOL, rec.name)
		}
		if e := s.free(rec, g.Name); e != nil {
			return nil, e
		}
		return s.start(c, rec, g.Name, containerpb.Operation_DELETE_NODE_POOL, core.RemoveNodeGroup{ClusterID: rec.live.ID, GroupID: g.ID}, nil)
	})
}

// SetNodePoolSize sets the number of nodes in each zone of a pool.
func (v *service) SetNodePoolSize(ctx context.Context, req *containerpb.SetNodePoolSizeRequest) (*operation, error) {
	return answer(ctx, v, func(s *Server, c *call) (*operation, *apiError) {
		rec, g, known, e := s.onPool(c, req.GetName())
		if e != nil {
			return nil, e
		}
		count := req.GetNodeCount()
		if count < 0 {
			return nil, invalid("Node_count must not be negative, got %d.", count).badField("node_count")
		}
		if e := s.free(rec, g.Name); e != nil {
			return nil, e
		}
		if known.auto.GetEnabled() && s.assume.SizeRefusedWhileAutoscaling {
			return nil, precondition("The size of node pool %q cannot be set while autoscaling is enabled.", g.Name)
		}
		if e := s.checkQuota(map[*nodePool]int{known.base: max(0, int(count)*len(known.zones)-g.Desired)}); e != nil {
			return nil, e
		}
		return s.start(c, rec, g.Name, containerpb.Operation_SET_NODE_POOL_SIZE,
			core.Scale{ClusterID: rec.live.ID, GroupID: g.ID, Desired: int(count) * len(known.zones)},
			func() { known.count = count })
	})
}

// SetNodePoolAutoscaling switches autoscaling and sets its bounds.
func (v *service) SetNodePoolAutoscaling(ctx context.Context, req *containerpb.SetNodePoolAutoscalingRequest) (*operation, error) {
	return answer(ctx, v, func(s *Server, c *call) (*operation, *apiError) {
		rec, g, known, e := s.onPool(c, req.GetName())
		if e != nil {
			return nil, e
		}
		if req.GetAutoscaling() == nil {
			return nil, invalid("Autoscaling must be set.").badField("autoscaling")
		}
		return s.setAutoscaling(c, rec, g, known, req.GetAutoscaling())
	})
}

// setAutoscaling does what SetNodePoolAutoscaling and UpdateCluster both do.
func (s *Server) setAutoscaling(c *call, rec *clusterRecord, g *core.NodeGroup, known *poolRecord, in *containerpb.NodePoolAutoscaling) (*operation, *apiError) {
	auto, e := s.planAutoscaling(in, proto.CloneOf(known.auto))
	if e != nil {
		return nil, e
	}
	if e := s.free(rec, g.Name); e != nil {
		return nil, e
	}
	// To the core autoscaling is off: the autoscaler of GKE does not raise a pool to
	// its lower bound, nor does a size have to lie within the bounds.
	return s.start(c, rec, g.Name, autoscalingKind, core.SetAutoScaling{ClusterID: rec.live.ID, GroupID: g.ID},
		func() { known.auto = auto })
}
