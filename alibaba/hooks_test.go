// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// hooks counts the calls of hooks, and lets one of them do something else.
type hooks struct {
	calls []string
	do    func(name string) error
}

func (k *hooks) call(name, what string) error {
	k.calls = append(k.calls, name+" "+what)
	if k.do != nil {
		return k.do(name)
	}
	return nil
}

// on hangs the hooks into a configuration; each changes something that pmks has no field
// for.
func (k *hooks) on(c *alibaba.Config) {
	c.BeforeCreateCluster = func(_ context.Context, req pmks.ClusterInfo, in *cs.CreateClusterRequest) error {
		in.ControlplaneLogComponents, in.ControlplaneLogTtl = tea.StringSlice([]string{"apiserver", "kcm"}), tea.String("30")
		req.TagList = append(req.TagList, pmks.KeyValue{Key: "a copy"})
		return k.call("BeforeCreateCluster", req.IId.NameId)
	}
	c.BeforeAddNodeGroup = func(_ context.Context, req pmks.NodeGroupInfo, in *cs.CreateClusterNodePoolRequest) error {
		in.ScalingGroup.DataDisks = []*cs.DataDisk{{Category: tea.String("cloud_essd"), Size: tea.Int64(200)}}
		if in.KubernetesConfig == nil {
			in.KubernetesConfig = &cs.CreateClusterNodePoolRequestKubernetesConfig{}
		}
		in.KubernetesConfig.UserData, in.KubernetesConfig.CpuPolicy = tea.String("ZWNobyBoaQ=="), tea.String("static")
		return k.call("BeforeAddNodeGroup", req.IId.NameId)
	}
	c.BeforeUpgrade = func(_ context.Context, step pmks.UpgradeStep, in *cs.UpgradeClusterRequest) error {
		in.RollingPolicy = &cs.UpgradeClusterRequestRollingPolicy{MaxParallelism: tea.Int32(3)}
		return k.call("BeforeUpgrade", step.NodeGroup.NameId+step.From+" to "+step.To)
	}
	c.BeforeUpgradeNodeGroup = func(_ context.Context, step pmks.UpgradeStep, in *cs.UpgradeClusterNodepoolRequest) error {
		in.RollingPolicy.MaxParallelism = tea.Int32(5)
		return k.call("BeforeUpgradeNodeGroup", step.NodeGroup.NameId+": "+step.From+" to "+step.To)
	}
}

// recorded carries requests to a simulator, and keeps the bodies of an action.
func recorded(s *ack.Server, bodies map[string][]string) http.RoundTripper {
	next := s.Transport()
	return providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			op := r.Header.Get("X-Acs-Action")
			bodies[op] = append(bodies[op], string(text))
			r.Body = io.NopCloser(strings.NewReader(string(text)))
		}
		return next.RoundTrip(r)
	})
}

// TestHooks_once: each hook is called once for what was asked for, however often it is sent,
// and every try sends the same; what it adds is there after later writes.
func TestHooks_once(t *testing.T) {
	t.Parallel()
	for _, a := range []ack.Assumptions{{}, {ScalingGroupReset: true}} {
		for _, kind := range []core.FaultKind{"", core.FaultLoseRequest, core.FaultLoseReply} {
			t.Run(fmt.Sprint(kind, "-", a.ScalingGroupReset), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s, k, bodies := ack.New(ack.Options{Assumptions: a}), &hooks{}, map[string][]string{}
					h := newHandlerOn(t, recorded(s, bodies), k.on)
					ops := []string{"CreateCluster", "CreateClusterNodePool", "UpgradeCluster", "UpgradeClusterNodepool"}
					for _, op := range ops {
						if kind != "" {
							s.Inject(core.Fault{Op: op, Kind: kind, Times: 1})
						}
					}
					req := plain("demo")
					req.Version = "1.35"
					cluster, err := h.CreateCluster(t.Context(), req)
					if err != nil || len(cluster.TagList) != len(req.TagList) {
						t.Fatal(err)
					}
					wait := []pmks.WaitOption{pmks.WithInterval(time.Minute)}
					if _, err := pmks.WaitClusterActive(t.Context(), h, cluster.IId, wait...); err != nil {
						t.Fatal(err)
					}
					group, err := h.AddNodeGroup(t.Context(), cluster.IId, bench.SampleNodeGroup("ng1"))
					if err != nil {
						t.Fatal(err)
					}
					if _, err := pmks.WaitNodeGroupActive(t.Context(), h, cluster.IId, group.IId, wait...); err != nil {
						t.Fatal(err)
					}
					if _, err := pmks.Upgrade(t.Context(), h, cluster.IId, "1.36", wait...); err != nil {
						t.Fatal(err)
					}
					want := []string{"BeforeCreateCluster demo", "BeforeAddNodeGroup ng1", "BeforeUpgrade 1.35.3-aliyun.1 to 1.36.2-aliyun.1", "BeforeUpgradeNodeGroup ng1: 1.35.3-aliyun.1 to 1.36.2-aliyun.1"}
					if !slices.Equal(k.calls, want) {
						t.Errorf("the hooks were called %q, want %q", k.calls, want)
					}
					for op, part := range map[string]string{"CreateCluster": `"controlplane_log_components":["apiserver","kcm"]`, "CreateClusterNodePool": `"user_data"`, "UpgradeCluster": `"max_parallelism":3`, "UpgradeClusterNodepool": `"max_parallelism":5`} {
						sent := slices.Compact(slices.Clone(bodies[op]))
						if again := kind == core.FaultLoseRequest; len(sent) != 1 || (len(bodies[op]) > 1) != again || !strings.Contains(sent[0], part) {
							t.Errorf("%s was sent %d times: %q", op, len(bodies[op]), sent)
						}
					}
					if _, err := h.ChangeNodeGroupScaling(t.Context(), cluster.IId, group.IId, 3, 1, 4); err != nil {
						t.Fatal(err)
					}
					if _, err := pmks.WaitNodeGroupActive(t.Context(), h, cluster.IId, group.IId, wait...); err != nil {
						t.Fatal(err)
					}
					if _, err := h.SetNodeGroupAutoScaling(t.Context(), cluster.IId, group.IId, true); err != nil {
						t.Fatal(err)
					}
					p := rawPool(t, h, group.IId)
					if d := p.ScalingGroup.DataDisks; len(d) != 1 || tea.Int64Value(d[0].Size) != 200 || tea.StringValue(p.KubernetesConfig.UserData) != "ZWNobyBoaQ==" || tea.StringValue(p.KubernetesConfig.CpuPolicy) != "static" {
						t.Errorf("after later writes the pool is %v, %v", d, p.KubernetesConfig)
					}
				})
			})
		}
	}
}

// TestHooks_refuse: a hook that fails, panics, or changes what pmks finds its own by is told
// by its name; nothing is sent, and the name is free for another try.
func TestHooks_refuse(t *testing.T) {
	t.Parallel()
	errMine := errors.New("not on a Friday")
	for name, do := range map[string]func(string) error{
		"fails":  func(string) error { return errMine },
		"panics": func(string) error { panic("hunter2") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, k := ready(t, nil), &hooks{}
				if err := s.Put(core.Seed{Name: "behind", Version: "1.35.3-aliyun.1", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}}); err != nil {
					t.Fatal(err)
				}
				h := newHandler(t, s, k.on)
				calls := map[string]func() error{
					"BeforeCreateCluster": func() error { return failure(h.CreateCluster(t.Context(), plain("new"))) },
					"BeforeAddNodeGroup": func() error {
						g := bench.SampleNodeGroup("new")
						g.OnAutoScaling = true
						return failure(h.AddNodeGroup(t.Context(), demo, g))
					},
					"BeforeUpgrade": func() error { return failure(h.UpgradeCluster(t.Context(), pmks.IID{NameId: "behind"}, "1.36")) },
				}
				k.do = do
				for hook, call := range calls {
					err := call()
					if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), hook) || strings.Contains(err.Error(), "hunter2") || (name == "fails") != errors.Is(err, errMine) {
						t.Errorf("%s: got %v", hook, err)
					}
				}
				for _, op := range bench.Mutating {
					if s.Count(op) != 0 {
						t.Errorf("%s was sent", op)
					}
				}
				k.do = nil
				for hook, call := range calls {
					if err := call(); err != nil {
						t.Errorf("%s, again: %v", hook, err)
					}
				}
			})
		})
	}
}

// TestHooks_kept: a hook leaves the name, the place and the tags of pmks alone.
func TestHooks_kept(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*alibaba.Config){
		"renames": func(c *alibaba.Config) {
			c.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, in *cs.CreateClusterRequest) error {
				in.Name = tea.String("other")
				return nil
			}
		},
		"untags": func(c *alibaba.Config) {
			c.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, in *cs.CreateClusterRequest) error {
				in.Tags = nil
				return nil
			}
		},
		"group-without-tags": func(c *alibaba.Config) {
			c.BeforeAddNodeGroup = func(_ context.Context, _ pmks.NodeGroupInfo, in *cs.CreateClusterNodePoolRequest) error {
				in.ScalingGroup.Tags = nil
				return nil
			}
		},
		"group-without-all": func(c *alibaba.Config) {
			c.BeforeAddNodeGroup = func(_ context.Context, _ pmks.NodeGroupInfo, in *cs.CreateClusterNodePoolRequest) error {
				*in = cs.CreateClusterNodePoolRequest{}
				return nil
			}
		},
		"another-version": func(c *alibaba.Config) {
			c.BeforeUpgrade = func(_ context.Context, _ pmks.UpgradeStep, in *cs.UpgradeClusterRequest) error {
				in.NextVersion = tea.String("1.34.2-aliyun.1")
				return nil
			}
		},
		"nodes-too": func(c *alibaba.Config) {
			c.BeforeUpgrade = func(_ context.Context, _ pmks.UpgradeStep, in *cs.UpgradeClusterRequest) error {
				in.MasterOnly = nil
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := bench.Simulate(providertest.Options{})
				if err := s.Put(core.Seed{Name: "demo", Version: "1.35.3-aliyun.1"}); err != nil {
					t.Fatal(err)
				}
				h := newHandler(t, s, change)
				var err error
				switch {
				case strings.HasPrefix(name, "group"):
					_, err = h.AddNodeGroup(t.Context(), demo, bench.SampleNodeGroup("new"))
				case name == "renames" || name == "untags":
					_, err = h.CreateCluster(t.Context(), plain("new"))
				default:
					_, err = h.UpgradeCluster(t.Context(), demo, "1.36")
				}
				if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "Before") {
					t.Errorf("got %v", err)
				}
				for _, op := range bench.Mutating {
					if s.Count(op) != 0 {
						t.Errorf("%s was sent", op)
					}
				}
			})
		})
	}
}

// TestHooks_ranges: where another takes the ranges meanwhile, the request that is planned
// anew is the one that the hook has seen, but for them; ranges of the hook stay.
func TestHooks_ranges(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		t.Run(fmt.Sprint("own-", own), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, k, bodies := bench.Simulate(providertest.Options{}), &hooks{}, map[string][]string{}
				rival := newHandler(t, s) // of another program, for all that pmks knows
				h := newHandlerOn(t, recorded(s, bodies), k.on, func(c *alibaba.Config) {
					before := c.BeforeCreateCluster
					c.BeforeCreateCluster = func(ctx context.Context, req pmks.ClusterInfo, in *cs.CreateClusterRequest) error {
						if own {
							in.ContainerCidr = tea.String("10.77.0.0/16")
						}
						taken := *in
						taken.Name = tea.String("rival")
						if _, err := ackClient(ctx, t, rival).CreateCluster(&taken); err != nil {
							return err
						}
						return before(ctx, req, in)
					}
				})
				_, err := h.CreateCluster(t.Context(), plain("new"))
				if own != (err != nil) || len(k.calls) != 1 {
					t.Fatalf("got %v after %d calls of the hook", err, len(k.calls))
				}
				if sent := bodies["CreateCluster"]; own != (len(sent) == 1) || !strings.Contains(sent[len(sent)-1], "controlplane_log_components") {
					t.Errorf("sent was %q", sent)
				}
			})
		})
	}
}
