// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
)

// offers are the versions on offer, the default marked with a star.
func offers(names ...string) []pmks.Version {
	var list []pmks.Version
	for _, n := range names {
		name, standard := strings.CutSuffix(n, "*")
		list = append(list, pmks.Version{Name: name, Default: standard})
	}
	return list
}

// running is a cluster at a version with two groups.
func running(version, a, b string) *pmks.ClusterInfo {
	c := cluster(pmks.ClusterActive,
		pmks.NodeGroupInfo{IId: pmks.IID{NameId: "a", SystemId: "ng-a"}, Status: pmks.NodeGroupActive, Version: a},
		pmks.NodeGroupInfo{IId: pmks.IID{NameId: "b", SystemId: "ng-b"}, Status: pmks.NodeGroupActive, Version: b})
	c.Version = version
	return &c
}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	minors := offers("1.34", "1.33*", "1.32", "1.31")
	together := func(c *pmks.ClusterInfo, version string) {
		c.Version = version
		for i := range c.NodeGroupList {
			c.NodeGroupList[i].Version = version
		}
	}
	nodes := running("1.32", "1.32", "1.33")
	nodes.NodeGroupList[0].Nodes = []pmks.IID{{SystemId: "old-1"}, {SystemId: "old-2"}, {SystemId: "old-3"}}
	// A call replaces one node, and the group is at the version with the last one.
	nodeByNode := func(c *pmks.ClusterInfo, version string) {
		if c.Version != version {
			c.Version = version
			return
		}
		g := &c.NodeGroupList[0]
		for i := range g.Nodes {
			if id, old := strings.CutPrefix(g.Nodes[i].SystemId, "old"); old {
				g.Nodes[i].SystemId = "new" + id
				if i == len(g.Nodes)-1 {
					g.Version = version
				}
				return
			}
		}
	}
	step := func(version string, n int) (calls []string) {
		for range n {
			calls = append(calls, "UpgradeCluster "+version)
		}
		return calls
	}
	concat := func(lists ...[]string) (all []string) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	tests := []struct {
		name     string
		from     *pmks.ClusterInfo
		to       string
		versions []pmks.Version
		upgrade  func(*pmks.ClusterInfo, string)
		fail     func(string, int) error
		calls    []string
		end      string
	}{
		{"there-already", running("1.33", "1.33", "1.33"), "1.33", minors, nil, nil, step("1.33", 1), "1.33 1.33 1.33"},
		{"default", running("1.33", "1.33", "1.33"), "default", minors, nil, nil, step("1.33", 1), "1.33 1.33 1.33"},
		// Each version: the control plane, two groups, and a call that finds nothing to do.
		{"one-minor", running("1.32", "1.32", "1.32"), "1.33", minors, nil, nil, step("1.33", 4), "1.33 1.33 1.33"},
		{"two-minors", running("1.32", "1.32", "1.32"), "1.34", minors, nil, nil, concat(step("1.33", 4), step("1.34", 4)), "1.34 1.34 1.34"},
		{"groups-lag", running("1.33", "1.32", "1.33"), "1.34", minors, nil, nil, concat(step("1.33", 2), step("1.34", 4)), "1.34 1.34 1.34"},
		{"groups-lag-at-the-target", running("1.33", "1.32", "1.33"), "1.33", minors, nil, nil, step("1.33", 2), "1.33 1.33 1.33"},
		{"groups-of-unknown-version", running("1.32", "", ""), "1.33", minors, nil, nil, step("1.33", 2), "1.33  "},
		{"in-one-operation", running("1.32", "1.32", "1.32"), "1.34", minors, together, nil, concat(step("1.33", 2), step("1.34", 2)), "1.34 1.34 1.34"},
		{"node-by-node", nodes, "1.33", minors, nodeByNode, nil, step("1.33", 5), "1.33 1.33 1.33"},
		{"versions-not-listed", running("1.32", "1.32", "1.32"), "1.33", nil, nil, nil, step("1.33", 4), "1.33 1.33 1.33"},
		{"patches", running("1.33.1", "1.33.1", "1.33.1"), "1.33", offers("1.33.5", "1.33.1"), nil, nil, step("1.33.5", 4), "1.33.5 1.33.5 1.33.5"},
		{"busy", running("1.32", "1.32", "1.32"), "1.33", minors, together, once("UpgradeCluster", failure(pmks.CodeBusy)), step("1.33", 3), "1.33 1.33 1.33"},
		// The cloud does not count a build of the same minor as lagging.
		{"groups-lag-by-a-build", running("1.32.5", "1.32.4", "1.32.4"), "1.33.1", offers("1.33.1", "1.32.5"), func(c *pmks.ClusterInfo, version string) {
			if version != "1.32.5" {
				together(c, version)
			}
		}, nil, concat(step("1.32.5", 1), step("1.33.1", 2)), "1.33.1 1.33.1 1.33.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &world{reporter: reporter{typeI()}, cluster: tt.from, versions: tt.versions, upgrade: tt.upgrade, fail: tt.fail}
				w.caps.Versions.LargestStep = 1
				got, err := pmks.Upgrade(t.Context(), w, pmks.IID{NameId: "c1"}, tt.to)
				if err != nil {
					t.Fatal(err)
				}
				checkJournal(t, w, tt.calls...)
				if versionsOf(got) != tt.end {
					t.Errorf("ended at %q, want %q", versionsOf(got), tt.end)
				}
			})
		})
	}
}

func TestUpgrade_Failures(t *testing.T) {
	t.Parallel()
	nothing := func(*pmks.ClusterInfo, string) {}
	minors := offers("1.34", "1.33*", "1.32", "1.31")
	tests := []struct {
		name     string
		to       string
		versions []pmks.Version
		upgrade  func(*pmks.ClusterInfo, string)
		fail     func(string, int) error
		show     func(int, *pmks.ClusterInfo)
		code     pmks.Code
		text     string
		calls    int
	}{
		{"downgrade", "1.31", minors, nil, nil, nil, pmks.CodeInvalidArgument, "1.31", 0},
		{"not-offered", "1.40", minors, nil, nil, nil, pmks.CodeInvalidArgument, "1.34, 1.33", 0},
		{"no-version", "newest", minors, nil, nil, nil, pmks.CodeInvalidArgument, "newest", 0},
		{"gap", "1.34", offers("1.34", "1.32"), nil, nil, nil, pmks.CodeFailedPrecondition, "no upgrade path", 0},
		{"refused", "1.33", minors, nil, always("UpgradeCluster", failure(pmks.CodeFailedPrecondition)), nil, pmks.CodeFailedPrecondition, "scripted", 1},
		{"uncertain", "1.33", minors, nil, always("UpgradeCluster", &pmks.Error{Code: pmks.CodeUnavailable, MayHaveHappened: true}), nil, pmks.CodeUnavailable, "may have happened", 1},
		{"absent", "1.33", minors, nil, always("GetCluster", failure(pmks.CodeNotFound)), nil, pmks.CodeNotFound, "", 0},
		// A cloud that claims that there is nothing to do would be asked for ever.
		{"nothing-to-do", "1.34", minors, nothing, nil, nil, pmks.CodeFailedPrecondition, "nothing to do for 1.33", 3},
		{"group-fails", "1.33", minors, nil, nil, func(n int, c *pmks.ClusterInfo) {
			if n > 1 {
				g := &c.NodeGroupList[0]
				g.Status, g.StatusFinal, g.StatusReason = pmks.NodeGroupInactive, true, "pod disruption budget"
			}
		}, pmks.CodeFailedPrecondition, "pod disruption budget", 1},
		{"cluster-fails", "1.33", minors, nil, nil, func(n int, c *pmks.ClusterInfo) {
			if n > 1 {
				c.Status, c.StatusFinal, c.StatusReason = pmks.ClusterInactive, true, "control plane lost"
			}
		}, pmks.CodeFailedPrecondition, "control plane lost", 1},
		// The update is accepted, and ends as if nothing had been.
		{"no-effect", "1.33", minors, nil, nil, func(n int, c *pmks.ClusterInfo) {
			if c.Version = "1.32"; n < 20 && n > 1 {
				c.Status = pmks.ClusterUpdating
			}
		}, pmks.CodeFailedPrecondition, "the goal is not reached", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &world{reporter: reporter{typeI()}, cluster: running("1.32", "1.32", "1.32"), versions: tt.versions,
					upgrade: tt.upgrade, fail: tt.fail, show: tt.show}
				w.caps.Versions.LargestStep = 1
				got, err := pmks.Upgrade(t.Context(), w, clusterIID, tt.to)
				if pmks.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("got %v, want %v with %q", err, tt.code, tt.text)
				}
				if len(w.journal) != tt.calls {
					t.Errorf("%d calls, want %d: %q", len(w.journal), tt.calls, w.journal)
				}
				want := clusterIID
				if tt.name == "absent" || tt.name == "no-version" { // nothing was read
					want = pmks.IID{}
				}
				if got.IId != want {
					t.Errorf("returned %+v, want %+v", got.IId, want)
				}
			})
		})
	}
}

// Called while an update is under way whose end the cloud shows already, it takes
// that end for what it is.
func TestUpgrade_UnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &world{reporter: reporter{typeI()}, cluster: running("1.33", "1.33", "1.33"), versions: offers("1.33", "1.32")}
		end := time.Now().Add(10 * time.Minute)
		w.show = func(_ int, c *pmks.ClusterInfo) {
			if time.Now().Before(end) {
				c.Status, c.NodeGroupList[0].Status = pmks.ClusterUpdating, pmks.NodeGroupUpdating
			}
		}
		h := underWay{w, end}
		got, err := pmks.Upgrade(t.Context(), h, clusterIID, "1.33")
		if err != nil || versionsOf(got) != "1.33 1.33 1.33" || got.Status != pmks.ClusterActive {
			t.Errorf("got %q, %v, %v", versionsOf(got), got.Status, err)
		}
		checkJournal(t, w, "UpgradeCluster 1.33", "UpgradeCluster 1.33")
	})
}

// A cloud may go on showing a cluster as Active while it moves the groups, and a
// read right after the end may be stale.
func TestUpgrade_StaleAfterGroups(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &world{reporter: reporter{typeI()}, cluster: running("1.33", "1.32", "1.33"), versions: offers("1.33", "1.32")}
		end := time.Now().Add(10 * time.Minute)
		w.show = func(_ int, c *pmks.ClusterInfo) {
			g, sinceEnd := &c.NodeGroupList[0], time.Since(end)
			if sinceEnd < 2*tick {
				g.Version = "1.32"
			}
			if sinceEnd < 0 {
				g.Status = pmks.NodeGroupUpdating
			}
		}
		got, err := pmks.Upgrade(t.Context(), w, clusterIID, "1.33", pmks.WithInterval(tick))
		if err != nil || versionsOf(got) != "1.33 1.33 1.33" {
			t.Errorf("got %q, %v", versionsOf(got), err)
		}
	})
}

// Another caller brings the cluster past the version of a step before that is sent: the
// step is refused as a downgrade, and the job goes on from where things are.
func TestUpgrade_Overtaken(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, to, want string }{
		{"on-the-way", "1.33", "1.34 1.34 1.34"},
		{"to-the-target", "1.34", "1.34 1.34 1.34"},
		{"past-the-target", "1.35", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &world{reporter: reporter{typeI()}, cluster: running("1.31", "1.31", "1.31"), versions: offers("1.35", "1.34", "1.33", "1.32", "1.31")}
				w.caps.Versions.LargestStep = 1
				w.fail = func(call string, n int) error {
					if call == "UpgradeCluster" && n == 1 {
						w.cluster = running(test.to, test.to, test.to)
						return failure(pmks.CodeInvalidArgument)
					}
					return nil
				}
				got, err := pmks.Upgrade(t.Context(), w, clusterIID, "1.34")
				if test.want == "" {
					if !errors.Is(err, pmks.ErrInvalidArgument) {
						t.Errorf("got %q, %v", versionsOf(got), err)
					}
				} else if err != nil || versionsOf(got) != test.want {
					t.Errorf("got %q, %v", versionsOf(got), err)
				}
			})
		})
	}
}

// underWay reports Updating until an update has ended.
type underWay struct {
	*world
	end time.Time
}

func (u underWay) UpgradeCluster(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
	info, err := u.world.UpgradeCluster(ctx, iid, version)
	if time.Now().Before(u.end) {
		info.Status = pmks.ClusterUpdating
	}
	return info, err
}

// Interrupted after any call or read and called again, it arrives.
func TestUpgrade_Resumes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for stop := 1; ; stop++ {
			w := &world{reporter: reporter{typeI()}, cluster: running("1.32", "1.32", "1.32"), versions: offers("1.34", "1.33", "1.32")}
			w.caps.Versions.LargestStep = 1
			ctx, cancel := context.WithCancel(t.Context())
			calls := 0
			w.fail = func(string, int) error {
				if calls++; calls == stop {
					cancel()
				}
				return ctx.Err()
			}
			_, err := pmks.Upgrade(ctx, w, clusterIID, "1.34")
			cancel()
			if err == nil {
				if stop < 8 {
					t.Fatalf("done after %d calls", stop)
				}
				return
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("interrupted at call %d: %v", stop, err)
			}
			w.fail = nil
			got, err := pmks.Upgrade(t.Context(), w, clusterIID, "1.34")
			if err != nil || versionsOf(got) != "1.34 1.34 1.34" {
				t.Fatalf("interrupted at call %d, then %q: %v", stop, versionsOf(got), err)
			}
		}
	})
}
