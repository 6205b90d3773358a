// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"reflect"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// TestHandler_GetNodeGroup: a node group alone is as it is in its cluster, by ids and by
// names, at rest and in transition.
func TestHandler_GetNodeGroup(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{ReadLag: -1}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		same := func(when string) {
			t.Helper()
			whole := get(t, h, demo.IId)
			for _, want := range whole.NodeGroupList {
				for _, iids := range [][2]pmks.IID{{demo.IId, want.IId}, {{NameId: demo.IId.NameId}, {NameId: want.IId.NameId}}} {
					got, err := h.GetNodeGroup(t.Context(), iids[0], iids[1])
					if err != nil || !reflect.DeepEqual(got, want) {
						t.Errorf("%s: got %+v, %v, want %+v", when, got, err, want)
					}
				}
			}
		}
		same("at rest")
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, demo.NodeGroupList[0].IId, 3, 1, 3); err != nil {
			t.Fatal(err)
		}
		same("while it grows")
		awaitCluster(t, h, demo.IId)
		same("grown")
		s.Deny("servers.list")
		same("without the machines")
		s.Deny("events.list")
		same("without the record")
	})
}

// TestHandler_GetNodeGroup_young: the group that comes with a cluster is there from the
// beginning, by its name.
func TestHandler_GetNodeGroup_young(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, nks.New(nks.Options{}))
		made, err := h.CreateCluster(t.Context(), bench.SampleRequest("demo"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.GetNodeGroup(t.Context(), made.IId, pmks.IID{NameId: "default-worker"})
		if want := get(t, h, made.IId).NodeGroupList[0]; err != nil || got.Status != pmks.NodeGroupCreating || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if _, err := h.GetNodeGroup(t.Context(), made.IId, pmks.IID{NameId: "other"}); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("another name: %v", err)
		}
	})
}

// TestHandler_GetNodeGroup_refused: what is not there, or is of another cluster, is not
// read.
func TestHandler_GetNodeGroup_refused(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		if err := s.Put(core.Seed{Name: "other"}); err != nil {
			t.Fatal(err)
		}
		other := get(t, h, pmks.IID{NameId: "other"})
		for name, test := range map[string]struct {
			cluster, group pmks.IID
			want           pmks.Code
		}{
			"no-cluster":       {pmks.IID{NameId: "nobody"}, demo.NodeGroupList[0].IId, pmks.CodeNotFound},
			"no-group":         {demo.IId, pmks.IID{NameId: "nobody"}, pmks.CodeNotFound},
			"another's-group":  {demo.IId, pmks.IID{SystemId: other.NodeGroupList[0].IId.SystemId}, pmks.CodeNotFound},
			"control-plane":    {demo.IId, pmks.IID{NameId: "default-master"}, pmks.CodeInvalidArgument},
			"no-uuid":          {demo.IId, pmks.IID{SystemId: "g1"}, pmks.CodeInvalidArgument},
			"nothing-is-given": {pmks.IID{}, pmks.IID{}, pmks.CodeInvalidArgument},
		} {
			if _, err := h.GetNodeGroup(t.Context(), test.cluster, test.group); pmks.CodeOf(err) != test.want {
				t.Errorf("%s: %v, want %s", name, err, test.want)
			}
		}
	})
}
