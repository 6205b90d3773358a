// SPDX-License-Identifier: Apache-2.0

package pmks

import "context"

// GetNodeGroup returns one node group as GetCluster shows it: with the handler's own
// read where it is a [NodeGroupReader], else out of the whole cluster.
//
// ErrNotFound: no such cluster, or no such node group. ErrInvalidArgument: an IID is
// empty, or its name ambiguous.
func GetNodeGroup(ctx context.Context, h ClusterHandler, clusterIID, nodeGroupIID IID) (NodeGroupInfo, error) {
	c, ok := h.(*Client)
	if !ok {
		c = New(h)
	}
	return c.GetNodeGroup(ctx, clusterIID, nodeGroupIID)
}

func readNodeGroup(ctx context.Context, h ClusterHandler, clusterIID, nodeGroupIID IID) (NodeGroupInfo, error) {
	if r, ok := h.(NodeGroupReader); ok {
		return r.GetNodeGroup(ctx, clusterIID, nodeGroupIID)
	}
	info, err := h.GetCluster(ctx, clusterIID)
	if err != nil {
		return NodeGroupInfo{}, err
	}
	g, ok := info.NodeGroup(nodeGroupIID)
	if !ok {
		return NodeGroupInfo{}, &Error{Code: CodeNotFound, Message: "the cluster has no such node group"}
	}
	for _, other := range info.NodeGroupList {
		if nodeGroupIID.SystemId == "" && other.IId.NameId == g.IId.NameId && other.IId != g.IId {
			return NodeGroupInfo{}, invalid("nodeGroupIID", "%q is ambiguous: give its SystemId, %s or %s", clip(g.IId.NameId), clipLong(g.IId.SystemId), clipLong(other.IId.SystemId))
		}
	}
	return g, nil
}
