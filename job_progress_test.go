// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// TestJobs_progress: each call that a job sends again reaches the callback with its
// cause; no loop is silent.
func TestJobs_progress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, op, goal, cause string
		code                  pmks.Code
		lasts                 time.Duration
		group                 string
	}{
		{"throttled", "CreateCluster", "CreateCluster accepted", "Throttled", pmks.CodeThrottled, time.Minute, ""},
		{"unavailable", "AddNodeGroup", "AddNodeGroup accepted", "Unavailable", pmks.CodeUnavailable, time.Minute, "workers"},
		{"busy", "AddNodeGroup", "AddNodeGroup accepted", "Busy", pmks.CodeBusy, 6 * time.Hour, "workers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := fake.New(fake.WithProfile("aws"))
				stop := h.Inject(fake.Fault{Op: tt.op, Kind: fake.Refuse, Code: tt.code, Times: -1, Reason: "come back later"})
				var told []pmks.Progress
				var first time.Time
				req := pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"},
					Network:       pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: "vpc-1"}, SubnetIIDs: []pmks.IID{{SystemId: "subnet-1"}, {SystemId: "subnet-2"}}},
					NodeGroupList: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "workers"}, VMSpecName: "m5.large", DesiredNodeSize: 1}}}
				_, err := pmks.Provision(t.Context(), h, req, pmks.WithProgress(func(p pmks.Progress) {
					if p.Goal != tt.goal {
						return
					}
					if told = append(told, p); len(told) == 1 {
						first = time.Now()
					}
					if time.Since(first) >= tt.lasts {
						stop()
					}
				}))
				if err != nil {
					t.Fatal(err)
				}
				refused := 0
				for _, call := range h.Calls() {
					if call.Op == tt.op && call.Code == tt.code {
						refused++
					}
				}
				// Where a request may have been lost, the handler itself sends it again.
				if len(told) == 0 || len(told) != refused && tt.code != pmks.CodeUnavailable || len(told) > refused {
					t.Errorf("%d refusals, %d told", refused, len(told))
				}
				for i, p := range told {
					if p.Attempt != i+1 || p.Next <= 0 || p.NodeGroup.NameId != tt.group || p.Cluster.NameId != "demo" ||
						!strings.Contains(p.Reason, tt.cause) || !strings.Contains(p.Reason, "come back later") {
						t.Fatalf("told %+v", p)
					}
				}
			})
		})
	}
}

// TestUpgrade_cheapLooks: the job polls what is being changed, not the whole cluster.
func TestUpgrade_cheapLooks(t *testing.T) {
	t.Parallel()
	for _, profile := range fake.Profiles() {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := fake.New(fake.WithProfile(profile))
				versions, err := h.ListVersions(t.Context())
				if err != nil || len(versions) < 2 {
					t.Fatalf("got %v, %v", versions, err)
				}
				oldest, newest := versions[len(versions)-1].Name, versions[0].Name
				if err := h.Put(fake.Cluster{Name: "demo", Version: oldest, NodeGroups: []pmks.NodeGroupInfo{
					{IId: pmks.IID{NameId: "a"}, DesiredNodeSize: 1}, {IId: pmks.IID{NameId: "b"}, DesiredNodeSize: 1}}}); err != nil {
					t.Fatal(err)
				}
				info, err := pmks.Upgrade(t.Context(), h, pmks.IID{NameId: "demo"}, newest)
				if err != nil || info.Version != newest {
					t.Fatalf("at %s: %v", info.Version, err)
				}
				counts := map[string]int{}
				for _, call := range h.Calls() {
					counts[call.Op]++
				}
				if counts["ReadState"] < 2*counts["UpgradeCluster"] || counts["GetCluster"] > counts["ReadState"] {
					t.Errorf("the calls were %v", counts)
				}
			})
		})
	}
}

// TestProvision_failedGroup: a group that failed for good has a way out, and the job
// ends well once it is taken.
func TestProvision_failedGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := fake.New(fake.WithProfile("aws"))
		req := pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"},
			Network:       pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: "vpc-1"}, SubnetIIDs: []pmks.IID{{SystemId: "subnet-1"}, {SystemId: "subnet-2"}}},
			NodeGroupList: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "workers"}, VMSpecName: "m5.large", DesiredNodeSize: 1}}}
		h.Inject(fake.Fault{Op: "AddNodeGroup", Kind: fake.FailLater, Reason: "no capacity"})
		for range 2 {
			_, err := pmks.Provision(t.Context(), h, req)
			if !errors.Is(err, pmks.ErrFailedPrecondition) || !strings.Contains(err.Error(), "no capacity") ||
				!strings.Contains(err.Error(), "remove the node group (RemoveNodeGroup), then call again") {
				t.Fatalf("got %v", err)
			}
		}
		demo, workers := pmks.IID{NameId: "demo"}, pmks.IID{NameId: "workers"}
		if _, err := h.RemoveNodeGroup(t.Context(), demo, workers); err != nil {
			t.Fatal(err)
		}
		if err := pmks.WaitNodeGroupDeleted(t.Context(), h, demo, workers); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.Provision(t.Context(), h, req); err != nil {
			t.Errorf("after it was removed: %v", err)
		}
	})
}
