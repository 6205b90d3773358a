// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// TestTruth_twoCallers: two callers of one name at once, the first of which gets no answer
// until it gives up.
func TestTruth_twoCallers(t *testing.T) {
	t.Parallel()
	for _, pool := range []bool{false, true} {
		for _, kind := range []core.FaultKind{core.FaultHangReply, core.FaultLoseReply, core.FaultHang, ""} {
			for _, lag := range []time.Duration{0, 9 * time.Second} {
				t.Run(fmt.Sprint("pool-", pool, "/", kind, "/", lag), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := readyAccount(t, tke.Options{Latency: 50 * time.Millisecond, ReadLag: lag}, nil)
						pass(time.Minute)
						h := newHandler(t, s)
						if kind != "" {
							s.Inject(core.Fault{Op: map[bool]string{false: "CreateCluster", true: "CreateClusterNodePool"}[pool], Kind: kind, Times: 1})
						}
						add := func(ctx context.Context) error {
							if pool {
								_, err := h.AddNodeGroup(ctx, demo, bench.SampleNodeGroup("x"))
								return err
							}
							_, err := h.CreateCluster(ctx, plainRequest("x"))
							return err
						}
						ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
						defer cancel()
						var first, second error
						var group sync.WaitGroup
						group.Go(func() { first = add(ctx) })
						pass(10 * time.Millisecond)
						group.Go(func() { second = add(t.Context()) })
						group.Wait()
						pass(time.Hour)
						n := countClusters(t, s) - 1
						if pool {
							n = len(poolsOf(t, s)) - 1
						}
						if n > 1 || first == nil && second == nil || n == 0 && (first == nil || second == nil) {
							t.Errorf("%d of the name: %v; %v", n, first, second)
						}
					})
				})
			}
		}
	}
}

// TestTruth_twoHandlers: two handlers of one program with the same keys are one caller to
// the cloud.
func TestTruth_twoHandlers(t *testing.T) {
	t.Parallel()
	for _, pool := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{Latency: 50 * time.Millisecond, ReadLag: 9 * time.Second}, nil)
			pass(time.Minute)
			shared := s.Transport()
			handlers := []*tencent.Handler{newHandlerOn(t, shared), newHandlerOn(t, shared)}
			var group sync.WaitGroup
			var made [2]error
			for i, h := range handlers {
				group.Go(func() {
					if pool {
						_, made[i] = h.AddNodeGroup(t.Context(), demo, bench.SampleNodeGroup("x"))
					} else {
						_, made[i] = h.CreateCluster(t.Context(), plainRequest("x"))
					}
				})
			}
			group.Wait()
			pass(time.Hour)
			n := countClusters(t, s) - 1
			if pool {
				n = len(poolsOf(t, s)) - 1
			}
			if n != 1 || (made[0] == nil) == (made[1] == nil) {
				t.Errorf("pool %t: %d made: %v", pool, n, made)
			}
		})
	}
}

// TestTruth_recreated: a lost deletion, and another cluster of the same name that somebody
// made meanwhile: the new one lives.
func TestTruth_recreated(t *testing.T) {
	t.Parallel()
	for _, byName := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{}, nil)
			id, _ := idsOf(t, s)
			if byName {
				id = demo
			}
			h := newHandlerOn(t, hooked(s, "DeleteCluster", func(n int, r *http.Request) *http.Response {
				if n > 1 {
					return nil
				}
				deliver(s, copyOf(r))
				if err := s.Force("demo", "", profile.Gone, ""); err != nil {
					t.Error(err)
				}
				putCluster(t, s, core.Seed{Name: "demo"})
				return providertest.Respond(r, 504, "<html></html>")
			}))
			_, err := h.DeleteCluster(t.Context(), id)
			pass(time.Hour)
			if n := countClusters(t, s); n != 1 {
				t.Errorf("the new cluster is gone (%d), told %v", n, err)
			}
			if err != nil && !isOpenOutcome(err) {
				t.Errorf("the old one is gone, told %v", err)
			}
		})
	}
}

// TestTruth_recreatedPool: the same for node pools, removed by name or id.
func TestTruth_recreatedPool(t *testing.T) {
	t.Parallel()
	for _, byName := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{}, nil)
			clean := newHandler(t, s)
			_, group := idsOf(t, s)
			if byName {
				group = first
			}
			h := newHandlerOn(t, hooked(s, "DeleteClusterNodePool", func(n int, r *http.Request) *http.Response {
				if n > 1 {
					return nil
				}
				deliver(s, copyOf(r))
				if err := s.Force("demo", "ng1", profile.Gone, ""); err != nil {
					t.Error(err)
				}
				if _, err := clean.AddNodeGroup(context.WithoutCancel(r.Context()), demo, bench.SampleNodeGroup("ng1")); err != nil {
					t.Error(err)
				}
				return providertest.Respond(r, 504, "<html></html>")
			}))
			_, err := h.RemoveNodeGroup(t.Context(), demo, group)
			pass(time.Hour)
			if n := len(poolsOf(t, s)); n != 1 {
				t.Errorf("the new pool is gone (%d), told %v", n, err)
			}
			if err != nil && !isOpenOutcome(err) {
				t.Errorf("the old one is gone, told %v", err)
			}
		})
	}
}

// TestTruth_upgradeLost: a lost answer of every change of an upgrade, early and late.
func TestTruth_upgradeLost(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"UpdateClusterVersion", "UpgradeClusterInstances"} {
		for _, kind := range []core.FaultKind{core.FaultLoseReply, core.FaultLoseRequest, core.FaultHangReply} {
			t.Run(fmt.Sprint(action, kind), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := tke.New(tke.Options{ReadLag: 9 * time.Second})
					putCluster(t, s, core.Seed{Name: "demo", Version: "1.30.0", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1"), bench.SampleNodeGroup("ng2")}})
					pass(time.Minute)
					s.Inject(core.Fault{Op: action, Kind: kind, Times: 1})
					info, err := pmks.Upgrade(t.Context(), newHandler(t, s), demo, "1.32", pmks.WithInterval(time.Minute))
					if err != nil {
						t.Fatal(err)
					}
					for _, g := range info.NodeGroupList {
						if g.Version != info.Version {
							t.Errorf("%s is at %s of %s", g.IId, g.Version, info.Version)
						}
					}
					if n := s.Count(action); n > 2 {
						t.Errorf("%d times", n)
					}
				})
			})
		}
	}
}

// TestTruth_cancelled: a cancelled caller gets its own error, promptly, in every write.
func TestTruth_cancelled(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"CreateCluster", "CreateClusterNodePool", "DeleteCluster", "DeleteClusterNodePool", "ModifyClusterNodePool", "CreateClusterEndpoint", "UpdateClusterVersion"} {
		for _, kind := range []core.FaultKind{core.FaultHangReply, core.FaultHang} {
			synctest.Test(t, func(t *testing.T) {
				s := readyAccount(t, tke.Options{}, nil)
				h := newHandler(t, s)
				s.Inject(core.Fault{Op: action, Kind: kind, Times: -1})
				call := map[string]providertest.Call{
					"CreateCluster": providertest.CreateCluster(plainRequest("x")), "CreateClusterNodePool": providertest.AddNodeGroup(demo, bench.SampleNodeGroup("x")), "DeleteCluster": providertest.DeleteCluster(demo),
					"DeleteClusterNodePool": providertest.RemoveNodeGroup(demo, first), "ModifyClusterNodePool": providertest.SetNodeGroupAutoScaling(demo, first, true),
					"CreateClusterEndpoint": func(ctx context.Context, h providertest.Handler) error {
						return h.(pmks.AccessOpener).OpenAccess(ctx, demo)
					},
					"UpdateClusterVersion": providertest.UpgradeCluster(demo, "1.34"),
				}[action]
				ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
				defer cancel()
				start := time.Now()
				err := call(ctx, h)
				if !errors.Is(err, context.DeadlineExceeded) || !isOpenOutcome(err) || time.Since(start) > 8*time.Second {
					t.Errorf("%s %s after %s: %v", action, kind, time.Since(start), err)
				}
			})
		}
	}
}
