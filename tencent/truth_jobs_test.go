// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/tke"
)

func versionsOf(info pmks.ClusterInfo) string {
	text := info.Version
	for _, g := range info.NodeGroupList {
		text += " " + g.IId.NameId + "=" + g.Version
	}
	return text
}

// Whole jobs while reads lag: each ends well, and sends no more than it must.
func TestTruth_lagJobs(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{9 * time.Second, 25 * time.Second, 45 * time.Second} {
		for _, current := range []bool{false, true} {
			for _, interval := range []time.Duration{5 * time.Second, time.Minute} {
				t.Run(fmt.Sprint(lag, current, interval), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := tke.New(tke.Options{ReadLag: lag, Assumptions: tke.Assumptions{IDsCurrent: current, CreationTasks: true}})
						ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
						defer cancel()
						req := bench.SampleRequest("life")
						req.Version = "1.30"
						info, err := pmks.Provision(ctx, newHandler(t, s), req, pmks.WithInterval(interval))
						if err != nil {
							t.Errorf("provision: %v", err)
							return
						}
						up, err := pmks.Upgrade(ctx, newHandler(t, s), info.IId, "1.34", pmks.WithInterval(interval))
						if err != nil {
							t.Errorf("upgrade: %v (%s); %v", err, versionsOf(up), s.Counts())
						}
						for _, g := range up.NodeGroupList {
							if g.Version != up.Version || !strings.HasPrefix(up.Version, "1.34") {
								t.Errorf("upgraded to %s", versionsOf(up))
							}
						}
						truth, err := newHandler(t, s).GetCluster(ctx, info.IId)
						if err != nil || versionsOf(truth) != versionsOf(up) {
							t.Errorf("the truth is %s, %v", versionsOf(truth), err)
						}
						if err := pmks.Teardown(ctx, newHandler(t, s), info.IId, pmks.WithInterval(interval)); err != nil {
							t.Errorf("teardown: %v", err)
						}
						for op, most := range map[string]int{"CreateCluster": 1, "CreateClusterNodePool": 1, "CreateClusterEndpoint": 1, "DeleteClusterEndpoint": 1, "DeleteCluster": 1, "UpdateClusterVersion": 2, "UpgradeClusterInstances": 2} {
							if n := s.Count(op); n > most {
								t.Errorf("%s: %d times", op, n)
							}
						}
					})
				})
			}
		}
	}
}

// One answer that does not list a node yet, right after the control plane has moved, is no
// proof that the node is done: the nodes are upgraded all the same.
func TestTruth_checkLags(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		putCluster(t, s, core.Seed{Name: "demo", Version: "1.30.0", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
		moved := time.Time{}
		through := rewritten(s, "CheckInstancesUpgradeAble", func(_ int, answer map[string]any, _ string) {
			list, _ := answer["UpgradeAbleInstances"].([]any)
			if len(list) > 0 && moved.IsZero() {
				moved = time.Now()
			}
			if len(list) > 0 && time.Since(moved) < 20*time.Second {
				answer["UpgradeAbleInstances"], answer["Total"] = []any{}, 0
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
		defer cancel()
		h := newHandlerOn(t, through)
		up, err := pmks.Upgrade(ctx, h, demo, "1.32", pmks.WithInterval(time.Minute))
		truth, _ := newHandler(t, s).GetCluster(ctx, demo)
		if err != nil || versionsOf(up) != versionsOf(truth) || truth.NodeGroupList[0].Version != truth.Version {
			t.Errorf("told %s, %v; the truth is %s", versionsOf(up), err, versionsOf(truth))
		}
	})
}

// What this handler has sent last says nothing of an upgrade that somebody else began
// since.
func TestTruth_staleUpgrade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		putCluster(t, s, core.Seed{Name: "demo", Version: "1.28.3"})
		h := newHandler(t, s)
		stop := s.Inject(core.Fault{Op: "UpdateClusterVersion", Kind: core.FaultFailLater, Reason: "InternalError: a test", Times: 1})
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.30"); err != nil {
			t.Fatal(err)
		}
		stop()
		pass(2 * time.Hour)
		if err := s.Force("demo", "", profile.Active, ""); err != nil {
			t.Fatal(err)
		}
		other := newHandler(t, s)
		if _, err := other.UpgradeCluster(t.Context(), demo, "1.30"); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Hour)
		// Now at 1.30, and on to 1.32 by another hand. The first handler wants just that.
		if _, err := other.UpgradeCluster(t.Context(), demo, "1.32"); err != nil {
			t.Fatal(err)
		}
		pass(30 * time.Second)
		// Whether the same is under way only the record can tell, if at all.
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.32"); err != nil && !errors.Is(err, pmks.ErrBusy) {
			t.Errorf("the same target, by another: %v", err)
		}
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.30"); err == nil {
			t.Error("what was sent last is taken for what runs")
		}
	})
}

// Two whole jobs for one cluster side by side, in two processes (that share no memory of
// claims): one cluster, one pool, no failure that is not told.
func TestTruth_twoProvisions(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 9 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tke.New(tke.Options{ReadLag: lag})
				processes := []pmks.ClusterHandler{elsewhere(t, s), elsewhere(t, s), elsewhere(t, s)}
				ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
				defer cancel()
				var wg sync.WaitGroup
				errs := make([]error, len(processes))
				for i, h := range processes {
					wg.Go(func() {
						pass(time.Duration(i) * 10 * time.Second)
						_, errs[i] = pmks.Provision(ctx, h, bench.SampleRequest("life"), pmks.WithInterval(time.Minute))
					})
				}
				wg.Wait()
				list, err := newHandler(t, s).ListCluster(ctx)
				pools := 0
				for _, c := range list {
					pools += len(c.NodeGroupList)
				}
				if err != nil || len(list) != 1 || pools != 1 {
					t.Errorf("%d clusters, %d pools, %v; told %v", len(list), pools, err, errs)
				}
				for _, err := range errs {
					if err != nil {
						t.Errorf("told %v", err)
					}
				}
			})
		})
	}
}

// Two Upgrades and two Teardowns side by side.
func TestTruth_twoOfEach(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 9 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tke.New(tke.Options{ReadLag: lag})
				putCluster(t, s, core.Seed{Name: "demo", Version: "1.28.3", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1"), bench.SampleNodeGroup("ng2")}})
				pass(time.Hour)
				if err := newHandler(t, s).OpenAccess(t.Context(), demo); err != nil {
					t.Fatal(err)
				}
				pass(time.Hour)
				ctx, cancel := context.WithTimeout(t.Context(), 12*time.Hour)
				defer cancel()
				sideBySide(t, s, "upgrade", func(h pmks.ClusterHandler) error {
					_, err := pmks.Upgrade(ctx, h, demo, "1.32", pmks.WithInterval(20*time.Second))
					return err
				})
				info, err := newHandler(t, s).GetCluster(ctx, demo)
				if err != nil || versionsOf(info) != info.Version+" ng1="+info.Version+" ng2="+info.Version {
					t.Errorf("%s, %v", versionsOf(info), err)
				}
				sideBySide(t, s, "teardown", func(h pmks.ClusterHandler) error {
					return pmks.Teardown(ctx, h, demo, pmks.WithInterval(20*time.Second))
				})
			})
		})
	}
}

// elsewhere is a handler of another process: it shares no claims with others.
func elsewhere(t testing.TB, s *tke.Server) pmks.ClusterHandler {
	t.Helper()
	return newHandlerOn(t, providertest.RoundTripper(s.Transport().RoundTrip))
}

// sideBySide runs a job in two processes.
func sideBySide(t *testing.T, s *tke.Server, name string, job func(pmks.ClusterHandler) error) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			pass(time.Duration(i) * 7 * time.Second)
			if err := job(elsewhere(t, s)); err != nil {
				t.Errorf("%s %d: %v", name, i, err)
			}
		})
	}
	wg.Wait()
}

// What failed after it was accepted ends its job with the reason.
func TestTruth_reasons(t *testing.T) {
	t.Parallel()
	const reason = "ResourceInsufficient.SpecifiedInstanceType: sold out in a test"
	for op, job := range map[string]func(ctx context.Context, h pmks.ClusterHandler) error{
		"UpdateClusterVersion": func(ctx context.Context, h pmks.ClusterHandler) error {
			_, err := pmks.Upgrade(ctx, h, demo, "1.32", pmks.WithInterval(time.Minute))
			return err
		},
		"UpgradeClusterInstances": func(ctx context.Context, h pmks.ClusterHandler) error {
			_, err := pmks.Upgrade(ctx, h, demo, "1.32", pmks.WithInterval(time.Minute))
			return err
		},
		"CreateClusterNodePool": func(ctx context.Context, h pmks.ClusterHandler) error {
			if _, err := h.AddNodeGroup(ctx, demo, bench.SampleNodeGroup("ng9")); err != nil {
				return err
			}
			_, err := pmks.WaitNodeGroupActive(ctx, h, demo, pmks.IID{NameId: "ng9"}, pmks.WithInterval(time.Minute))
			return err
		},
		"DeleteCluster": func(ctx context.Context, h pmks.ClusterHandler) error {
			return pmks.Teardown(ctx, h, demo, pmks.WithInterval(time.Minute))
		},
	} {
		for _, lag := range []time.Duration{0, 9 * time.Second} {
			t.Run(fmt.Sprint(op, lag), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := tke.New(tke.Options{ReadLag: lag, Assumptions: tke.Assumptions{CreationTasks: true}})
					putCluster(t, s, core.Seed{Name: "demo", Version: "1.30.0", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
					pass(time.Hour)
					s.Inject(core.Fault{Op: op, Kind: core.FaultFailLater, Reason: reason, Times: 1})
					ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
					defer cancel()
					start := time.Now()
					err := job(ctx, newHandler(t, s))
					if err == nil || !strings.Contains(err.Error(), "sold out in a test") {
						t.Errorf("after %s: %v", time.Since(start), err)
					}
				})
			})
		}
	}
}
