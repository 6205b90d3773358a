// SPDX-License-Identifier: Apache-2.0

package v06

import (
	"context"
	"time"

	"github.com/pmks-go/pmks"
)

// handler is a handler of pmks whose calls have a bound in place of a context.
type handler struct {
	h       pmks.ClusterHandler
	timeout time.Duration
}

// New offers h as V0.6 does. Each call ends after timeout: V0.6 has no way to end it
// earlier. A deletion waits for node groups on some clouds, so give it a quarter of an
// hour. 0 means no bound.
//
// Errors are those of pmks: errors.Is(err, pmks.ErrBusy) and the others work on them.
func New(h pmks.ClusterHandler, timeout time.Duration) ClusterHandler {
	return handler{h, timeout}
}

// call makes one call within its bound.
func call[T any](h handler, f func(context.Context) (T, error)) (T, error) {
	ctx := context.Background()
	if h.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, h.timeout)
		defer cancel()
	}
	return f(ctx)
}

// CreateCluster implements [ClusterHandler].
func (h handler) CreateCluster(clusterReqInfo ClusterInfo) (ClusterInfo, error) {
	info, err := call(h, func(ctx context.Context) (pmks.ClusterInfo, error) {
		return h.h.CreateCluster(ctx, toCluster(clusterReqInfo))
	})
	return fromCluster(info), err
}

// ListCluster implements [ClusterHandler]. Where some clusters could not be read, the
// others come together with the error, which V0.6's callers take for none at all.
func (h handler) ListCluster() ([]*ClusterInfo, error) {
	list, err := call(h, h.h.ListCluster)
	return convert(list, func(info *pmks.ClusterInfo) *ClusterInfo {
		c := fromCluster(*info)
		return &c
	}), err
}

// GetCluster implements [ClusterHandler].
func (h handler) GetCluster(clusterIID IID) (ClusterInfo, error) {
	info, err := call(h, func(ctx context.Context) (pmks.ClusterInfo, error) {
		return h.h.GetCluster(ctx, pmks.IID(clusterIID))
	})
	return fromCluster(info), err
}

// DeleteCluster implements [ClusterHandler].
func (h handler) DeleteCluster(clusterIID IID) (bool, error) {
	return call(h, func(ctx context.Context) (bool, error) {
		return h.h.DeleteCluster(ctx, pmks.IID(clusterIID))
	})
}

// AddNodeGroup implements [ClusterHandler].
func (h handler) AddNodeGroup(clusterIID IID, nodeGroupReqInfo NodeGroupInfo) (NodeGroupInfo, error) {
	g, err := call(h, func(ctx context.Context) (pmks.NodeGroupInfo, error) {
		return h.h.AddNodeGroup(ctx, pmks.IID(clusterIID), toNodeGroup(nodeGroupReqInfo))
	})
	return fromNodeGroup(g), err
}

// SetNodeGroupAutoScaling implements [ClusterHandler].
func (h handler) SetNodeGroupAutoScaling(clusterIID, nodeGroupIID IID, on bool) (bool, error) {
	return call(h, func(ctx context.Context) (bool, error) {
		return h.h.SetNodeGroupAutoScaling(ctx, pmks.IID(clusterIID), pmks.IID(nodeGroupIID), on)
	})
}

// ChangeNodeGroupScaling implements [ClusterHandler].
func (h handler) ChangeNodeGroupScaling(clusterIID, nodeGroupIID IID, desiredNodeSize, minNodeSize, maxNodeSize int) (NodeGroupInfo, error) {
	g, err := call(h, func(ctx context.Context) (pmks.NodeGroupInfo, error) {
		return h.h.ChangeNodeGroupScaling(ctx, pmks.IID(clusterIID), pmks.IID(nodeGroupIID), desiredNodeSize, minNodeSize, maxNodeSize)
	})
	return fromNodeGroup(g), err
}

// RemoveNodeGroup implements [ClusterHandler].
func (h handler) RemoveNodeGroup(clusterIID, nodeGroupIID IID) (bool, error) {
	return call(h, func(ctx context.Context) (bool, error) {
		return h.h.RemoveNodeGroup(ctx, pmks.IID(clusterIID), pmks.IID(nodeGroupIID))
	})
}

// UpgradeCluster implements [ClusterHandler].
func (h handler) UpgradeCluster(clusterIID IID, newVersion string) (ClusterInfo, error) {
	info, err := call(h, func(ctx context.Context) (pmks.ClusterInfo, error) {
		return h.h.UpgradeCluster(ctx, pmks.IID(clusterIID), newVersion)
	})
	return fromCluster(info), err
}
