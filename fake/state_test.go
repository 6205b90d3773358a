// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestHandler_Restore goes back to a moment twice, in the handler of the snapshot
// and in another: what follows is the same each time.
func TestHandler_Restore(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := running(t, h, p)
				if _, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, pmks.IID{NameId: "extra"}, 3, 1, 3); err != nil {
					t.Fatal(err)
				}
				then := h.Snapshot()
				before := mustGet(t, h, info.IId)
				if err := h.Break(info.IId, pmks.IID{}, Vanished, ""); err != nil {
					t.Fatal(err)
				}
				other := New(WithProfile(p.Name), WithSeed(99))
				for _, to := range []*Handler{h, other} {
					to.Restore(then)
					same(t, "the restored cluster", mustGet(t, to, info.IId), before)
				}
				// Both are read at the same time, so that not even the tokens differ.
				settled(t, h, info.IId)
				ends := []pmks.ClusterInfo{mustGet(t, h, info.IId), mustGet(t, other, info.IId)}
				same(t, "the end in the other handler", ends[1], ends[0])
				if g := group(t, ends[0]); len(g.Nodes) != 3 {
					t.Errorf("the scaling under way ended with %d nodes, want 3", len(g.Nodes))
				}
			})
		})
	}
	t.Run("independent", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := New(WithClusters(Cluster{Name: "demo"}))
			then := h.Snapshot()
			for range 2 {
				if err := h.Break(pmks.IID{NameId: "demo"}, pmks.IID{}, Vanished, ""); err != nil {
					t.Fatal(err)
				}
				h.Restore(then)
				mustGet(t, h, pmks.IID{NameId: "demo"})
			}
		})
	})
	t.Run("other-profile", func(t *testing.T) {
		t.Parallel()
		defer func() {
			if recover() == nil {
				t.Error("a snapshot of another cloud was taken")
			}
		}()
		New(WithProfile("aws")).Restore(New(WithProfile("gcp")).Snapshot())
	})
}

func TestHandler_Break(t *testing.T) {
	t.Parallel()
	tests := []struct {
		state State
		want  pmks.ClusterStatus
		final bool
	}{
		{Failed, pmks.ClusterInactive, true},
		{DeleteFailed, pmks.ClusterInactive, true},
		{Degraded, pmks.ClusterInactive, false},
		{Stopped, pmks.ClusterInactive, true},
		{Healthy, pmks.ClusterActive, false},
	}
	for _, tt := range tests {
		t.Run(string(tt.state), func(t *testing.T) {
			t.Parallel()
			for _, p := range profile.All() {
				t.Run(p.Name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						h := New(WithProfile(p.Name))
						info := running(t, h, p)
						for _, reason := range []string{"by hand", ""} {
							if err := h.Break(info.IId, pmks.IID{}, tt.state, reason); err != nil {
								t.Fatal(err)
							}
							if err := h.Break(info.IId, pmks.IID{NameId: "extra"}, tt.state, reason); err != nil {
								t.Fatal(err)
							}
							c := mustGet(t, h, info.IId)
							g := group(t, c)
							if c.Status != tt.want || c.StatusFinal != tt.final {
								t.Errorf("the cluster is %s, final %t, want %s, %t", c.Status, c.StatusFinal, tt.want, tt.final)
							}
							if string(g.Status) != string(tt.want) || g.StatusFinal != tt.final {
								t.Errorf("the group is %s, final %t, want %s, %t", g.Status, g.StatusFinal, tt.want, tt.final)
							}
							for _, why := range []string{c.StatusReason, g.StatusReason} {
								if reason != "" && tt.state != Healthy && why != reason || tt.want == pmks.ClusterInactive && why == "" {
									t.Errorf("got reason %q after %q", why, reason)
								}
							}
						}
					})
				})
			}
		})
	}
	t.Run("vanished", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := New(WithClusters(Cluster{Name: "demo", NodeGroups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng"}, DesiredNodeSize: 1}}}))
			demo := pmks.IID{NameId: "demo"}
			if err := h.Break(demo, pmks.IID{NameId: "ng"}, Vanished, ""); err != nil {
				t.Fatal(err)
			}
			if groups := mustGet(t, h, demo).NodeGroupList; len(groups) != 0 {
				t.Errorf("got %v", groups)
			}
			if err := h.Break(demo, pmks.IID{}, Vanished, ""); err != nil {
				t.Fatal(err)
			}
			if _, err := h.GetCluster(t.Context(), demo); pmks.CodeOf(err) != pmks.CodeNotFound {
				t.Errorf("got %v, want NotFound", err)
			}
		})
	})
}

// TestHandler_levers: the levers of a test fail as the methods do.
func TestHandler_levers(t *testing.T) {
	t.Parallel()
	h := New(WithProfile("aws"), WithClusters(Cluster{Name: "demo"}))
	demo, none := pmks.IID{NameId: "demo"}, pmks.IID{NameId: "none"}
	tests := []struct {
		name string
		err  error
		code pmks.Code
		op   string
	}{
		{"break-nothing", h.Break(none, pmks.IID{}, Failed, ""), pmks.CodeNotFound, "Break"},
		{"break-no-group", h.Break(demo, none, Failed, ""), pmks.CodeNotFound, "Break"},
		{"break-into-nothing", h.Break(demo, pmks.IID{}, "sad", ""), pmks.CodeInvalidArgument, "Break"},
		{"protect-nothing", h.Protect(none, true), pmks.CodeNotFound, "Protect"},
		{"put-twice", h.Put(Cluster{Name: "demo"}), pmks.CodeAlreadyExists, "Put"}, // ids are names on aws
		{"put-without-name", h.Put(Cluster{}), pmks.CodeInvalidArgument, "Put"},
		{"put-without-version", h.Put(Cluster{Name: "x", Version: "new"}), pmks.CodeInvalidArgument, "Put"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if e := asError(t, tt.err); e.Code != tt.code || e.Op != tt.op || e.Provider != "aws" {
				t.Errorf("got %v, want %v of %s", tt.err, tt.code, tt.op)
			}
		})
	}
}

func TestHandler_Put(t *testing.T) {
	t.Parallel()
	created := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	h := New(WithClusters(Cluster{
		Name: "old", Version: "1.28.3", Created: created, Protected: true,
		Network: pmks.NetworkInfo{SubnetIIDs: []pmks.IID{{NameId: "s", SystemId: "s-1"}}},
		TagList: []pmks.KeyValue{{Key: "b", Value: "2"}, {Key: "a", Value: "1"}},
		NodeGroups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng", SystemId: "ng-1"}, Version: "1.27.1", VMSpecName: "m", DesiredNodeSize: 1,
			Nodes: []pmks.IID{{SystemId: "vm-1"}}}},
	}))
	got := mustGet(t, h, pmks.IID{NameId: "old"})
	want := pmks.ClusterInfo{
		IId: got.IId, AccessInfo: got.AccessInfo,
		Version: "1.28.3", CreatedTime: created, Status: pmks.ClusterActive,
		Network: pmks.NetworkInfo{SubnetIIDs: []pmks.IID{{NameId: "s", SystemId: "s-1"}}},
		TagList: []pmks.KeyValue{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}},
		NodeGroupList: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng", SystemId: "ng-1"}, Version: "1.27.1", VMSpecName: "m",
			DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 1, // nobody gave bounds: those that can be written back
			Status: pmks.NodeGroupActive, Nodes: []pmks.IID{{SystemId: "vm-1"}},
			KeyValueList: []pmks.KeyValue{{Key: pmks.KeyNativeStatus, Value: "active"}}}},
		KeyValueList: []pmks.KeyValue{{Key: pmks.KeyNativeStatus, Value: "active"}, {Key: "DeletionProtection", Value: "true"}},
		Access:       pmks.Access{Mode: pmks.AccessPublic, PublicEndpoint: got.AccessInfo.Endpoint},
	}
	same(t, "the cluster", got, want)
	if got.IId.NameId != "old" || got.IId.SystemId == "" || got.AccessInfo.Kubeconfig == "" {
		t.Errorf("got ids %v and kubeconfig %t", got.IId, got.AccessInfo.Kubeconfig != "")
	}
}
