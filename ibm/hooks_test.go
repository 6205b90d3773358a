// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// hooked is a hook by its name, and the call that it runs before with its request.
type hooked struct {
	name, request string
	// hang puts a hook that calls f with what was asked for into a configuration; change
	// lets it change the request first, and spoil what pmks finds it by.
	hang   func(cfg *ibm.Config, f func(asked string) error, change bool)
	spoil  func(cfg *ibm.Config)
	call   func(ctx context.Context, h *ibm.Handler) error
	asked  string
	member string // that the change leaves in the body
}

func hooks() []hooked {
	plain := pmks.IID{NameId: "plain"}
	upgrade := func(version string) func(context.Context, *ibm.Handler) error {
		return func(ctx context.Context, h *ibm.Handler) error {
			_, err := h.UpgradeCluster(ctx, plain, version)
			return err
		}
	}
	return []hooked{
		{
			name: "BeforeCreateCluster", request: "createCluster", asked: "new", member: `"disableOutboundTrafficProtection":true`,
			hang: func(cfg *ibm.Config, f func(string) error, change bool) {
				cfg.BeforeCreateCluster = func(_ context.Context, req pmks.ClusterInfo, native *ibm.CreateClusterRequest) error {
					if change {
						native.DisableOutboundTrafficProtection = true
					}
					req.NodeGroupList[0].Labels = map[string]string{"copy": "only"}
					return f(req.IId.NameId)
				}
			},
			spoil: func(cfg *ibm.Config) {
				cfg.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, native *ibm.CreateClusterRequest) error {
					delete(native.WorkerPool.Labels, "pmks.io/request")
					return nil
				}
			},
			call: func(ctx context.Context, h *ibm.Handler) error {
				_, err := h.CreateCluster(ctx, bench.SampleRequest("new"))
				return err
			},
		},
		{
			name: "BeforeAddNodeGroup", request: "createWorkerPool", asked: "ng9", member: `"diskEncryption":false`,
			hang: func(cfg *ibm.Config, f func(string) error, change bool) {
				cfg.BeforeAddNodeGroup = func(_ context.Context, req pmks.NodeGroupInfo, native *ibm.WorkerPoolRequest) error {
					if change {
						native.DiskEncryption = new(bool)
					}
					return f(req.IId.NameId)
				}
			},
			spoil: func(cfg *ibm.Config) {
				cfg.BeforeAddNodeGroup = func(_ context.Context, _ pmks.NodeGroupInfo, native *ibm.WorkerPoolRequest) error {
					native.Name = "other"
					return nil
				}
			},
			call: func(ctx context.Context, h *ibm.Handler) error {
				_, err := h.AddNodeGroup(ctx, plain, bench.SampleNodeGroup("ng9"))
				return err
			},
		},
		{
			name: "BeforeUpgrade", request: "updateMaster", asked: "1.34.4 1.35.3 ", member: `"force":true`, call: upgrade("1.35"),
			hang: func(cfg *ibm.Config, f func(string) error, change bool) {
				cfg.BeforeUpgrade = func(_ context.Context, step pmks.UpgradeStep, native *ibm.UpdateMasterRequest) error {
					native.Force = native.Force || change
					return f(step.From + " " + step.To + " " + step.NodeGroup.NameId)
				}
			},
			spoil: func(cfg *ibm.Config) {
				cfg.BeforeUpgrade = func(_ context.Context, _ pmks.UpgradeStep, native *ibm.UpdateMasterRequest) error {
					native.Version = "1.36"
					return nil
				}
			},
		},
		{
			name: "BeforeUpgradeNodeGroup", request: "replaceWorker", asked: "1.34.4 1.34.4 ng1", member: `"update":false`, call: upgrade("1.34"),
			hang: func(cfg *ibm.Config, f func(string) error, change bool) {
				cfg.BeforeUpgradeNodeGroup = func(_ context.Context, step pmks.UpgradeStep, native *ibm.ReplaceWorkerRequest) error {
					native.Update = native.Update && !change
					return f(step.From + " " + step.To + " " + step.NodeGroup.NameId)
				}
			},
			spoil: func(cfg *ibm.Config) {
				cfg.BeforeUpgradeNodeGroup = func(_ context.Context, _ pmks.UpgradeStep, native *ibm.ReplaceWorkerRequest) error {
					native.WorkerID = "kube-other"
					return nil
				}
			},
		},
	}
}

// hookWorld is an account with a cluster that lags in its fix pack, and a configuration
// whose requests of one kind are kept.
func hookWorld(t *testing.T, k hooked) (s *iks.Server, cfg ibm.Config, bodies *[]string) {
	t.Helper()
	s = cOld(t, iks.Options{}, 2)
	cfg = configFor(s)
	bodies = &[]string{}
	next := cfg.Transport
	cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/"+k.request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			*bodies = append(*bodies, string(body))
			r.Body = io.NopCloser(strings.NewReader(string(body)))
		}
		return next.RoundTrip(r)
	})
	return s, cfg, bodies
}

// TestHooks_once: a hook runs once for a request, whose tries are all the same, with what
// it has changed.
func TestHooks_once(t *testing.T) {
	t.Parallel()
	for _, k := range hooks() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T) {
				s, cfg, bodies := hookWorld(t, k)
				var runs atomic.Int32
				k.hang(&cfg, func(asked string) error {
					if runs.Add(1); asked != k.asked {
						t.Errorf("the hook is given %q, want %q", asked, k.asked)
					}
					return nil
				}, true)
				s.Inject(core.Fault{Op: k.request, Kind: core.FaultLoseRequest, Times: 2})
				if err := k.call(t.Context(), newHandlerWith(t, cfg)); err != nil {
					t.Fatal(err)
				}
				if n := runs.Load(); n != 1 || len(*bodies) != 3 {
					t.Errorf("the hook ran %d times for %d tries", n, len(*bodies))
				}
				for _, body := range *bodies {
					if body != (*bodies)[0] || !strings.Contains(body, k.member) || strings.Contains(body, `"copy"`) {
						t.Errorf("sent was %s", body)
					}
				}
			})
		})
	}
}

// TestHooks_refuse: a hook that fails, panics or changes what pmks finds the request by
// ends the call with the hook's name, and nothing is sent.
func TestHooks_refuse(t *testing.T) {
	t.Parallel()
	errMine := errors.New("not on a Friday")
	for _, k := range hooks() {
		for how, hang := range map[string]func(*ibm.Config){
			"fails":  func(cfg *ibm.Config) { k.hang(cfg, func(string) error { return errMine }, false) },
			"panics": func(cfg *ibm.Config) { k.hang(cfg, func(string) error { panic("hunter2") }, false) },
			"spoils": k.spoil,
		} {
			t.Run(k.name+"-"+how, func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T) {
					s, cfg, bodies := hookWorld(t, k)
					hang(&cfg)
					err := k.call(t.Context(), newHandlerWith(t, cfg))
					if e := asError(t, err); e.Code != pmks.CodeInvalidArgument || e.Field != k.name || e.MayHaveHappened || strings.Contains(err.Error(), "hunter2") {
						t.Errorf("got %v (%s)", err, e.Field)
					}
					if how == "fails" && !errors.Is(err, errMine) {
						t.Errorf("%v does not hold the hook's own error", err)
					}
					for _, op := range bench.Mutating {
						if n := s.Count(op); n > 0 || len(*bodies) > 0 {
							t.Errorf("%d times %s", n, op)
						}
					}
				})
			})
		}
	}
}

// TestHooks_check: a dry run runs no hook, nor does a request that only finishes what an
// earlier one has made.
func TestHooks_check(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		cfg := configFor(s)
		runs := 0
		cfg.BeforeCreateCluster = func(context.Context, pmks.ClusterInfo, *ibm.CreateClusterRequest) error { runs++; return nil }
		cfg.BeforeAddNodeGroup = func(_ context.Context, _ pmks.NodeGroupInfo, native *ibm.WorkerPoolRequest) error {
			runs++
			native.Flavor = "bx2.8x32"
			return nil
		}
		h := newHandlerWith(t, cfg)
		if err := errors.Join(h.CheckCluster(t.Context(), bench.SampleRequest("new")), h.CheckNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, bench.SampleNodeGroup("x"))); err != nil || runs > 0 {
			t.Errorf("%d hooks ran, %v", runs, err)
		}
		s.Inject(core.Fault{Op: "setWorkerPoolTaints", Kind: core.FaultLoseRequest, Times: 3})
		if _, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, beyond("half")); err == nil {
			t.Fatal("the taints are set")
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, beyond("half")); err != nil || runs != 1 {
			t.Errorf("%d hooks ran, %v", runs, err)
		}
	})
}
