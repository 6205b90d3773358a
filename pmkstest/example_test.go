// SPDX-License-Identifier: Apache-2.0

package pmkstest_test

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/mock/gomock"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/pmkstest"
)

// grow adds a node to a group, unless somebody else is changing it.
func grow(ctx context.Context, h pmks.ClusterHandler, cluster, group pmks.IID) (bool, error) {
	info, err := h.GetCluster(ctx, cluster)
	if err != nil {
		return false, err
	}
	g, ok := info.NodeGroup(group)
	if !ok {
		return false, pmks.ErrNotFound
	}
	size := g.DesiredNodeSize + 1
	_, err = h.ChangeNodeGroupScaling(ctx, cluster, group, size, g.MinNodeSize, max(size, g.MaxNodeSize))
	if errors.Is(err, pmks.ErrBusy) {
		return false, nil
	}
	return err == nil, err
}

// TestGrow says call by call what is asked.
func TestGrow(t *testing.T) {
	t.Parallel()
	cluster, group := pmks.IID{NameId: "demo"}, pmks.IID{NameId: "workers"}
	info := pmks.ClusterInfo{IId: cluster, NodeGroupList: []pmks.NodeGroupInfo{
		{IId: group, DesiredNodeSize: 3, MinNodeSize: 1, MaxNodeSize: 3},
	}}
	h := pmkstest.NewMockClusterHandler(gomock.NewController(t))
	gomock.InOrder(
		h.EXPECT().GetCluster(gomock.Any(), cluster).Return(info, nil),
		h.EXPECT().ChangeNodeGroupScaling(gomock.Any(), cluster, group, 4, 1, 4).Return(pmks.NodeGroupInfo{}, pmks.ErrBusy),
	)
	if grown, err := grow(t.Context(), h, cluster, group); grown || err != nil {
		t.Errorf("a busy group: %v, %v", grown, err)
	}
}

// withStates is a handler that has the cheap look too.
type withStates struct {
	*pmkstest.MockClusterHandler
	*pmkstest.MockStateReader
}

// TestStateReader embeds two doubles in one handler.
func TestStateReader(t *testing.T) {
	t.Parallel()
	ctrl := gomock.NewController(t)
	h := withStates{pmkstest.NewMockClusterHandler(ctrl), pmkstest.NewMockStateReader(ctrl)}
	cluster := pmks.IID{NameId: "demo", SystemId: "demo-1"}
	active := pmks.State{Cluster: cluster, Status: pmks.ClusterActive}
	h.MockStateReader.EXPECT().ReadState(gomock.Any(), cluster, pmks.IID{}).Return(active, nil)
	h.MockClusterHandler.EXPECT().GetCluster(gomock.Any(), cluster).
		Return(pmks.ClusterInfo{IId: cluster, Status: pmks.ClusterActive}, nil)
	info, err := pmks.WaitClusterActive(t.Context(), h, cluster)
	if err != nil || info.Status != pmks.ClusterActive {
		t.Errorf("%v, %v", info.Status, err)
	}
}
