// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	"github.com/pmks-go/pmks/tencent"
)

// lateBy answers 504 and delivers the request after a while.
func lateBy(after time.Duration) func(s *tke.Server, r *http.Request) *http.Response {
	return func(s *tke.Server, r *http.Request) *http.Response {
		held := copyOf(r)
		time.AfterFunc(after, func() { deliver(s, held) })
		return providertest.Respond(r, 504, "<html></html>")
	}
}

// TestTruth_createOnce: money: the answer of a creation is lost in several ways, it lands
// late or at once, and reads lag. There is one cluster in the end, or the error says it is
// open.
func TestTruth_createOnce(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 9 * time.Second, 25 * time.Second, 50 * time.Second} {
		for name, strike := range map[string]func(s *tke.Server, r *http.Request) *http.Response{
			"504-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return providertest.Respond(r, 504, "<html></html>")
			},
			"internal-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return refusalOf(r, 200, "InternalError", "unknown")
			},
			"unexpected-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return refusalOf(r, 200, "InternalError.UnexpectedInternal", "E502001")
			},
			"unavailable-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return refusalOf(r, 200, "ServiceUnavailable", "later")
			},
			"502-quota-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return refusalOf(r, 502, "InternalError", "LimitExceeded: quota of Clb")
			},
			"500-throttled-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return refusalOf(r, 500, "InternalError.CamNoAuth", "RequestLimitExceeded in cam")
			},
			"null-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return providertest.Respond(r, 200, `{"Response":null}`)
			},
			"no-id-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return providertest.Respond(r, 200, `{"Response":{"ClusterId":"","RequestId":"r"}}`)
			},
			"504-never": func(_ *tke.Server, r *http.Request) *http.Response {
				return providertest.Respond(r, 504, "<html></html>")
			},
			"504-late-5s":         lateBy(5 * time.Second),
			"504-late-12s":        lateBy(12 * time.Second),
			"504-late-40s":        lateBy(40 * time.Second),
			"504-late-of-minutes": lateBy(3 * time.Minute),
		} {
			t.Run(fmt.Sprint(name, "/", lag), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := tke.New(tke.Options{ReadLag: lag})
					h := newHandlerOn(t, hooked(s, "CreateCluster", func(n int, r *http.Request) *http.Response {
						if n > 1 {
							return nil
						}
						return strike(s, r)
					}))
					info, err := h.CreateCluster(t.Context(), plainRequest("once"))
					pass(10 * time.Minute)
					n := countClusters(t, s)
					switch {
					case n > 1:
						t.Errorf("there are %d clusters; %d POST; told %v %v", n, s.Count("CreateCluster"), info.IId, err)
					case err == nil && n != 1:
						t.Errorf("told as made, and there is none")
					case err != nil && n == 1 && !isOpenOutcome(err):
						t.Errorf("it is there, and told as a failure: %v", err)
					}
					if err == nil {
						if got, gerr := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "once"}); gerr == nil && got.IId.SystemId != info.IId.SystemId {
							t.Errorf("told %s, and it is %s", info.IId, got.IId)
						}
					}
				})
			})
		}
	}
}

// TestTruth_poolOnce: the same for node pools.
func TestTruth_poolOnce(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 9 * time.Second, 25 * time.Second} {
		for name, strike := range map[string]func(s *tke.Server, r *http.Request) *http.Response{
			"504-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return providertest.Respond(r, 504, "<html></html>")
			},
			"internal-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return refusalOf(r, 200, "InternalError", "unknown")
			},
			"as-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return refusalOf(r, 502, "FailedOperation.AsCommon", "LimitExceeded")
			},
			"null-done": func(s *tke.Server, r *http.Request) *http.Response {
				deliver(s, copyOf(r))
				return providertest.Respond(r, 200, `{"Response":{}}`)
			},
			"504-never": func(_ *tke.Server, r *http.Request) *http.Response {
				return providertest.Respond(r, 504, "<html></html>")
			},
			"504-late-5s":  lateBy(5 * time.Second),
			"504-late-12s": lateBy(12 * time.Second),
			"504-late-40s": lateBy(40 * time.Second),
		} {
			if strings.Contains(name, "late") && lag > 9*time.Second || strings.Contains(name, "40s") && lag > 0 {
				continue // later than anybody looks
			}
			t.Run(fmt.Sprint(name, "/", lag), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := readyAccount(t, tke.Options{ReadLag: lag}, nil)
					pass(time.Minute)
					h := newHandlerOn(t, hooked(s, "CreateClusterNodePool", func(n int, r *http.Request) *http.Response {
						if n > 1 {
							return nil
						}
						return strike(s, r)
					}))
					_, err := h.AddNodeGroup(t.Context(), demo, bench.SampleNodeGroup("once"))
					pass(10 * time.Minute)
					n := len(poolsOf(t, s)) - 1
					switch {
					case n > 1 && !isOpenOutcome(err):
						t.Errorf("there are %d pools; told %v", n, err)
					case err == nil && n != 1:
						t.Errorf("told as made, and there is none")
					case err != nil && n == 1 && !isOpenOutcome(err):
						t.Errorf("it is there, and told as a failure: %v", err)
					}
				})
			})
		}
	}
}

// TestTruth_ownCIDR: the cluster that our own lost POST made refuses the next POST by its
// own addresses: that is no reason to take other addresses and make a second one.
func TestTruth_ownCIDR(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{ReadLag: 2 * time.Minute})
		s.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultLoseReply, Times: 1})
		_, err := newHandler(t, s).CreateCluster(t.Context(), plainRequest("own"))
		pass(10 * time.Minute)
		if n := countClusters(t, s); n != 1 || err != nil && !isOpenOutcome(err) {
			t.Errorf("%d clusters after %d POST: %v", n, s.Count("CreateCluster"), err)
		}
	})
}

// TestTruth_internalOnce: a creation that TKE answers with a fault of its own is looked
// for, and not sent again.
func TestTruth_internalOnce(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"InternalError", "InternalError.UnexpectedInternal", "FailedOperation", "FailedOperation.Tomorrow", "InternalError.Db"} {
		for _, pool := range []bool{false, true} {
			t.Run(fmt.Sprint(code, pool), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := readyAccount(t, tke.Options{}, nil)
					n := 0
					action := map[bool]string{false: "CreateCluster", true: "CreateClusterNodePool"}[pool]
					h := newHandlerOn(t, hooked(s, action, func(_ int, r *http.Request) *http.Response {
						n++
						return refusalOf(r, 200, code, "the vendor's own words")
					}))
					var err error
					if pool {
						_, err = h.AddNodeGroup(t.Context(), demo, bench.SampleNodeGroup("x"))
					} else {
						_, err = h.CreateCluster(t.Context(), plainRequest("x"))
					}
					if err == nil || n != 1 || !strings.Contains(err.Error(), "the vendor's own words") {
						t.Errorf("sent %d times: %v", n, err)
					}
				})
			})
		}
	}
}

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
