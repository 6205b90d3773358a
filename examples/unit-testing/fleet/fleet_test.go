// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/unit-testing/fleet"
	"github.com/pmks-go/pmks/fake"
)

const change = "ChangeNodeGroupScaling"

// cluster is one for the fake to start with: a group "pool" of that size, marked
// for the night.
func cluster(name string, size int) fake.Cluster {
	return fake.Cluster{
		Name:    name,
		TagList: []pmks.KeyValue{{Key: fleet.Tag, Value: "small"}},
		NodeGroups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "pool"},
			DesiredNodeSize: size, MinNodeSize: 1, MaxNodeSize: 10}},
	}
}

// newSaver returns a Saver over a client, as the program has it.
func newSaver(cloud *fake.Handler) *fleet.Saver {
	return &fleet.Saver{Clusters: pmks.New(cloud), ToZero: cloud.Capabilities().Scaling.ToZero,
		Attempts: 4, Pause: 10 * time.Second}
}

// sizes returns the wanted size of every group, by "cluster/group".
func sizes(t *testing.T, h pmks.ClusterHandler) map[string]int {
	t.Helper()
	clusters, err := h.ListCluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, c := range clusters {
		for _, g := range c.NodeGroupList {
			got[c.IId.NameId+"/"+g.IId.NameId] = g.DesiredNodeSize
		}
	}
	return got
}

// applied counts the changes that took effect.
func applied(cloud *fake.Handler) int {
	n := 0
	for _, call := range cloud.Calls() {
		if call.Op == change && call.Applied {
			n++
		}
	}
	return n
}

// Every cloud that the fake knows: a group that cannot be empty keeps one node.
func TestSaver_NightAndMorning(t *testing.T) {
	t.Parallel()
	for _, cloud := range fake.Profiles() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				unmarked := cluster("shop", 6)
				unmarked.TagList = nil
				auto := cluster("auto", 5)
				auto.NodeGroups[0].OnAutoScaling = true
				h := fake.New(fake.WithProfile(cloud), fake.WithClusters(cluster("test", 4), unmarked, auto))
				s := newSaver(h)
				small := 1
				if s.ToZero {
					small = 0
				}
				changes, err := s.Night(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if want := map[string]int{"test/pool": small, "shop/pool": 6, "auto/pool": 5}; !reflect.DeepEqual(sizes(t, h), want) {
					t.Errorf("at night %v, want %v", sizes(t, h), want)
				}
				if again, err := s.Night(t.Context()); len(again) != 0 {
					t.Errorf("a second night changed %v, %v", again, err)
				}
				waitIdle(t, h)
				if err := s.Morning(t.Context(), changes); err != nil {
					t.Fatal(err)
				}
				if want := map[string]int{"test/pool": 4, "shop/pool": 6, "auto/pool": 5}; !reflect.DeepEqual(sizes(t, h), want) {
					t.Errorf("in the morning %v, want %v", sizes(t, h), want)
				}
				info, err := h.GetCluster(t.Context(), pmks.IID{NameId: "test"})
				if err != nil || len(info.NodeGroupList[0].Nodes) != 4 {
					t.Errorf("nodes %v, %v", info.NodeGroupList, err)
				}
			})
		})
	}
}

// waitIdle lets the night pass.
func waitIdle(t *testing.T, h pmks.ClusterHandler) {
	t.Helper()
	if _, err := pmks.WaitCluster(t.Context(), h, pmks.IID{NameId: "test"}, func(info pmks.ClusterInfo) (bool, error) {
		return info.Status == pmks.ClusterActive && info.NodeGroupList[0].Status == pmks.NodeGroupActive, nil
	}); err != nil {
		t.Fatal(err)
	}
}

// What the cloud does to one change, and what becomes of it.
func TestSaver_Night_Faults(t *testing.T) {
	t.Parallel()
	const never = 0
	tests := []struct {
		name    string
		faults  []fake.Fault
		err     error // nil: the night succeeds
		applied int
		least   time.Duration // how long it takes at least
	}{
		{"throttled-once", []fake.Fault{{Op: change, Kind: fake.Throttle, RetryAfter: time.Minute}}, nil, 1, time.Minute},
		{"throttled-without-a-hint", []fake.Fault{{Op: change, Kind: fake.Throttle, Times: 2}}, nil, 1, 20 * time.Second},
		{"throttled-for-good", []fake.Fault{{Op: change, Kind: fake.Throttle, Times: -1}}, pmks.ErrThrottled, never, 30 * time.Second},
		{"busy-for-a-while", []fake.Fault{{Op: change, Kind: fake.Refuse, Code: pmks.CodeBusy, Times: 3}}, nil, 1, 30 * time.Second},
		{"not-allowed", []fake.Fault{{Op: change, Kind: fake.Refuse, Code: pmks.CodePermissionDenied}}, pmks.ErrPermissionDenied, never, 0},
		{"request-lost", []fake.Fault{{Op: change, Kind: fake.LoseRequest}}, nil, 1, 0},
		{"reply-lost", []fake.Fault{{Op: change, Kind: fake.LoseReply}}, nil, 1, 0},
		// The library looks for what became of it and cannot learn it either:
		// MayHaveHappened. Later the Saver looks itself.
		{"reply-lost-and-no-look", []fake.Fault{
			{Op: change, Kind: fake.LoseReply},
			{Op: "GetCluster", Kind: fake.LoseRequest, After: 2}, // after those of the list and of the change
		}, nil, 1, 10 * time.Second},
		{"list-refused", []fake.Fault{{Op: "ListCluster", Kind: fake.Refuse, Code: pmks.CodeUnauthenticated}}, pmks.ErrUnauthenticated, never, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := fake.New(fake.WithProfile("aws"), fake.WithClusters(cluster("test", 4)), fake.WithFaults(tt.faults...))
				begin := time.Now()
				changes, err := newSaver(h).Night(t.Context())
				if !errors.Is(err, tt.err) {
					t.Errorf("error %v, want %v", err, tt.err)
				}
				if n := applied(h); n != tt.applied || len(changes) != n {
					t.Errorf("%d changes took effect and %d are reported, want %d", n, len(changes), tt.applied)
				}
				if took := time.Since(begin); took < tt.least {
					t.Errorf("took %v, want at least %v", took, tt.least)
				}
			})
		})
	}
}

// A cluster whose creation hangs does not keep the others awake.
func TestSaver_Night_StuckCreate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := fake.New(fake.WithProfile("gcp"), fake.WithClusters(cluster("test", 4)),
			fake.WithFaults(fake.Fault{Op: "CreateCluster", Kind: fake.Stick}))
		stuck := pmks.ClusterInfo{
			IId:     pmks.IID{NameId: "stuck"},
			TagList: []pmks.KeyValue{{Key: fleet.Tag, Value: "small"}},
			Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "net"}, SubnetIIDs: []pmks.IID{{NameId: "nodes"}}},
			NodeGroupList: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "pool"}, VMSpecName: "e2-medium",
				DesiredNodeSize: 3, MinNodeSize: 1, MaxNodeSize: 3}},
		}
		if _, err := pmks.Provision(t.Context(), h, stuck, pmks.WithMaxWait(2*time.Hour)); !errors.Is(err, pmks.ErrTimeout) {
			t.Fatalf("the creation should hang: %v", err)
		}
		changes, err := newSaver(h).Night(t.Context())
		if err == nil || !strings.Contains(err.Error(), "cluster stuck is skipped: it is Creating") {
			t.Errorf("error %v", err)
		}
		if len(changes) != 1 || changes[0].Cluster.NameId != "test" {
			t.Errorf("changes %v", changes)
		}
	})
}

// A cluster that cannot be read is named; the others are made small.
func TestSaver_Night_Unreadable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := fake.New(fake.WithClusters(cluster("a", 4), cluster("b", 4)),
			fake.WithFaults(fake.Fault{Op: "GetCluster", Cluster: "a", Kind: fake.Refuse, Code: pmks.CodePermissionDenied}))
		changes, err := newSaver(h).Night(t.Context())
		if !errors.Is(err, pmks.ErrPermissionDenied) || len(changes) != 1 || changes[0].Cluster.NameId != "b" {
			t.Errorf("changes %v, error %v", changes, err)
		}
	})
}

// Nodes that never come are reported, and do not keep the other groups small.
func TestSaver_Morning_Stuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := fake.New(fake.WithProfile("aws"), fake.WithClusters(cluster("a", 4), cluster("test", 4)))
		s := newSaver(h)
		s.Waiting = []pmks.WaitOption{pmks.WithMaxWait(time.Hour)}
		changes, err := s.Night(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		waitIdle(t, h)
		h.Inject(fake.Fault{Op: change, Cluster: "a", Kind: fake.Stick})
		err = s.Morning(t.Context(), changes)
		var w *pmks.WaitError
		if !errors.Is(err, pmks.ErrTimeout) || !errors.As(err, &w) || w.Cluster.NameId != "a" || w.Elapsed < time.Hour {
			t.Errorf("error %v", err)
		}
		info, err := h.GetCluster(t.Context(), pmks.IID{NameId: "test"})
		if err != nil || len(info.NodeGroupList[0].Nodes) != 4 {
			t.Errorf("the other group has %v, %v", info.NodeGroupList, err)
		}
	})
}

// A night that is interrupted while it waits ends at once.
func TestSaver_Night_Canceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := fake.New(fake.WithClusters(cluster("test", 4)),
			fake.WithFaults(fake.Fault{Op: change, Kind: fake.Throttle, RetryAfter: time.Hour}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		_, err := newSaver(h).Night(ctx)
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != time.Minute {
			t.Errorf("after %v: %v", took, err)
		}
	})
}
