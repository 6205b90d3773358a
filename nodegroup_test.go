// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
)

// groupReader is a handler with a read of one group of its own.
type groupReader struct{ reader }

func (r *groupReader) GetNodeGroup(context.Context, pmks.IID, pmks.IID) (pmks.NodeGroupInfo, error) {
	return group(pmks.NodeGroupUpdating, 7), nil
}

func TestGetNodeGroup(t *testing.T) {
	t.Parallel()
	read := timeline(phase{forever, cluster(pmks.ClusterActive, group(pmks.NodeGroupActive, 2)), nil})
	gone := timeline(phase{forever, pmks.ClusterInfo{}, failure(pmks.CodeNotFound)})
	tests := []struct {
		name           string
		h              pmks.ClusterHandler
		cluster, group pmks.IID
		nodes          int
		err            error
	}{
		{"out-of-the-cluster", &reader{read: read}, clusterIID, pmks.IID{NameId: groupIID.NameId}, 2, nil},
		{"own-read", &groupReader{reader{read: gone}}, clusterIID, groupIID, 7, nil},
		{"no-such-group", &reader{read: read}, clusterIID, pmks.IID{NameId: "g2"}, 0, pmks.ErrNotFound},
		{"no-such-cluster", &reader{read: gone}, clusterIID, groupIID, 0, pmks.ErrNotFound},
		{"no-group-named", &reader{read: read}, clusterIID, pmks.IID{}, 0, pmks.ErrInvalidArgument},
		{"no-cluster-named", &reader{read: read}, pmks.IID{}, groupIID, 0, pmks.ErrInvalidArgument},
		{"no-handler", nil, clusterIID, groupIID, 0, pmks.ErrFailedPrecondition},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var seen recorder
			client := pmks.New(tt.h, pmks.WithObserver(pmks.ObserverFunc(seen.observe)))
			for _, h := range []pmks.ClusterHandler{tt.h, client} {
				g, err := pmks.GetNodeGroup(t.Context(), h, tt.cluster, tt.group)
				if !errors.Is(err, tt.err) || len(g.Nodes) != tt.nodes {
					t.Errorf("%T: got %+v, %v", h, g, err)
				}
				var e *pmks.Error
				if err != nil && (!errors.As(err, &e) || e.Op != "GetNodeGroup") {
					t.Errorf("%T: %v does not say where it happened", h, err)
				}
			}
			if len(seen.events) != 1 || seen.events[0].Op != "GetNodeGroup" {
				t.Errorf("the observer saw %+v", seen.events)
			}
		})
	}
}

func TestWaitNodeGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &reader{read: timeline(
			phase{2 * tick, cluster(pmks.ClusterActive), nil}, // not there yet
			phase{4 * tick, cluster(pmks.ClusterActive, group(pmks.NodeGroupCreating, 1)), nil},
			phase{forever, cluster(pmks.ClusterActive, group(pmks.NodeGroupCreating, 3)), nil})}
		var asked int
		g, err := pmks.WaitNodeGroup(t.Context(), h, clusterIID, groupIID, func(g pmks.NodeGroupInfo) (bool, error) {
			asked++
			return len(g.Nodes) >= 3, nil
		}, pmks.WithInterval(tick))
		if err != nil || len(g.Nodes) != 3 || asked != 3 {
			t.Errorf("asked %d times: %+v, %v", asked, g, err)
		}
		boom := errors.New("boom")
		_, err = pmks.WaitNodeGroup(t.Context(), h, clusterIID, groupIID, func(pmks.NodeGroupInfo) (bool, error) { return false, boom })
		var w *pmks.WaitError
		if !errors.Is(err, boom) || !errors.As(err, &w) || w.NodeGroup != groupIID {
			t.Errorf("got %v", err)
		}
	})
}

// namesakes has two node groups of one name.
type namesakes struct{ pmks.ClusterHandler }

func (namesakes) GetCluster(context.Context, pmks.IID) (pmks.ClusterInfo, error) {
	other := group(pmks.NodeGroupActive, 2)
	other.IId.SystemId = "ng-2"
	return cluster(pmks.ClusterActive, group(pmks.NodeGroupActive, 1), other), nil
}

// TestGetNodeGroup_ambiguous: a name that two groups have is no name of one.
func TestGetNodeGroup_ambiguous(t *testing.T) {
	t.Parallel()
	_, err := pmks.GetNodeGroup(t.Context(), namesakes{}, clusterIID, pmks.IID{NameId: groupIID.NameId})
	checkFields(t, err, map[string]pmks.Code{"nodeGroupIID": pmks.CodeInvalidArgument})
	if g, err := pmks.GetNodeGroup(t.Context(), namesakes{}, clusterIID, pmks.IID{SystemId: "ng-2"}); err != nil || g.DesiredNodeSize != 2 {
		t.Errorf("by its id: %d nodes, %v", g.DesiredNodeSize, err)
	}
}
