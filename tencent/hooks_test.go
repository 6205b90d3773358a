// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	as "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/as/v20180419"
	sdk "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// watched passes requests on and keeps the bodies of those of an action.
func watched(s *tke.Server, action string, bodies *[]string, lose int) http.RoundTripper {
	var mu sync.Mutex
	return providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if actionOf(r) != action {
			return s.Transport().RoundTrip(r)
		}
		mu.Lock()
		*bodies = append(*bodies, bodyOf(r))
		n := len(*bodies)
		mu.Unlock()
		if n <= lose {
			return providertest.Respond(r, 504, "<html></html>"), nil // it never arrives
		}
		return s.Transport().RoundTrip(r)
	})
}

// TestHooks_once: each hook is called once for each request of a caller, with the request
// as the caller has it and the vendor's whole; what it leaves is what is sent, again where an
// answer was lost.
func TestHooks_once(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := map[string]int{}
		s := tke.New(tke.Options{})
		hooks := func(c *tencent.Config) {
			c.BeforeCreateCluster = func(_ context.Context, req pmks.ClusterInfo, in *sdk.CreateClusterRequest) error {
				calls["create"]++
				if req.IId.NameId != "demo" || len(req.TagList) != 1 || in.ClusterCIDRSettings.ClusterCIDR == nil {
					t.Errorf("the hook was given %+v and %s", req, in.ToJsonString())
				}
				req.TagList[0].Value = "another" // a copy
				in.ClusterAdvancedSettings.DeletionProtection = new(true)
				return nil
			}
			c.BeforeAddNodeGroup = func(_ context.Context, req pmks.NodeGroupInfo, in *sdk.CreateClusterNodePoolRequest) error {
				calls["add"]++
				var group as.CreateAutoScalingGroupRequestParams
				if err := json.Unmarshal([]byte(*in.AutoScalingGroupPara), &group); err != nil || req.IId.NameId != *in.Name || req.Labels["team"] != "platform" {
					t.Errorf("the hook was given %+v and %s: %v", req, in.ToJsonString(), err)
				}
				in.Labels = append(in.Labels, &sdk.Label{Name: new("hook"), Value: new("yes")})
				in.DeletionProtection = new(true)
				return nil
			}
			c.BeforeUpgrade = func(_ context.Context, step pmks.UpgradeStep, in *sdk.UpdateClusterVersionRequest) error {
				calls["upgrade"]++
				if !step.NodeGroup.IsZero() || step.From != "1.30.0" || step.To != *in.DstVersion || step.Typical == 0 {
					t.Errorf("the hook was given %+v", step)
				}
				in.MaxNotReadyPercent = new(50.0)
				return nil
			}
			c.BeforeUpgradeNodeGroup = func(_ context.Context, step pmks.UpgradeStep, in *sdk.UpgradeClusterInstancesRequest) error {
				calls["nodes"]++
				if step.NodeGroup.NameId != "ng1" || step.NodeGroup.SystemId == "" || step.From != "1.30.0" || step.To != "1.32.2" {
					t.Errorf("the hook was given %+v", step)
				}
				in.Concurrent = new(int64(3))
				return nil
			}
		}
		req := plainRequest("demo")
		req.Version, req.TagList = "1.30", []pmks.KeyValue{{Key: "team", Value: "a"}}
		g := bench.SampleNodeGroup("ng1")
		g.Labels = map[string]string{"team": "platform"}
		for _, test := range []struct {
			name, action, mark string
			call               func(h *tencent.Handler) error
			wait               func(h *tencent.Handler) error
		}{
			{"create", "CreateCluster", `"DeletionProtection":true`, func(h *tencent.Handler) error {
				_, err := h.CreateCluster(t.Context(), req)
				return err
			}, func(h *tencent.Handler) error {
				_, err := pmks.WaitClusterActive(t.Context(), h, demo)
				return err
			}},
			{"add", "CreateClusterNodePool", `{"Name":"hook","Value":"yes"}`, func(h *tencent.Handler) error {
				made, err := h.AddNodeGroup(t.Context(), demo, g)
				if err == nil && made.Labels["hook"] != "yes" {
					t.Errorf("made with %v", made.Labels)
				}
				return err
			}, func(h *tencent.Handler) error {
				_, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first)
				return err
			}},
			{"upgrade", "UpdateClusterVersion", `"MaxNotReadyPercent":50`, func(h *tencent.Handler) error {
				_, err := h.UpgradeCluster(t.Context(), demo, "1.32")
				return err
			}, func(h *tencent.Handler) error {
				_, err := pmks.WaitClusterActive(t.Context(), h, demo)
				return err
			}},
			{"nodes", "UpgradeClusterInstances", `"Concurrent":3`, func(h *tencent.Handler) error {
				_, err := h.UpgradeCluster(t.Context(), demo, "1.32")
				return err
			}, func(h *tencent.Handler) error {
				_, err := pmks.WaitClusterActive(t.Context(), h, demo)
				return err
			}},
		} {
			var bodies []string
			h := newHandlerOn(t, watched(s, test.action, &bodies, 1), hooks)
			if err := test.call(h); err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			if calls[test.name] != 1 || len(bodies) != 2 || bodies[0] != bodies[1] || !strings.Contains(bodies[0], test.mark) {
				t.Errorf("%s: the hook was called %d times, and sent was %q", test.name, calls[test.name], bodies)
			}
			if err := test.wait(h); err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
		}
		// Later writes leave it as it is.
		h := newHandler(t, s)
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 3, 1, 5); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first); err != nil {
			t.Fatal(err)
		}
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, true); err != nil {
			t.Fatal(err)
		}
		info, err := h.GetCluster(t.Context(), demo)
		if err != nil || info.NodeGroupList[0].Labels["hook"] != "yes" || !strings.Contains(fmt.Sprint(info.KeyValueList), "{DeletionProtection true}") ||
			!strings.Contains(fmt.Sprint(info.NodeGroupList[0].KeyValueList), "{DeletionProtection true}") {
			t.Errorf("later it is %+v, %v", info, err)
		}
	})
}

// TestHooks_range: a range of pods that turns out to be taken is chosen anew, and the hook is
// not called again; a range of the hook's own is kept.
func TestHooks_range(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := tke.New(tke.Options{})
			calls, n := 0, 0
			var bodies []string
			h := newHandlerOn(t, hooked(s, "CreateCluster", func(k int, r *http.Request) *http.Response {
				bodies = append(bodies, bodyOf(r))
				if n = k; k < 3 {
					return refusalOf(r, 200, "InternalError.CidrConflictWithOtherRoute", "taken")
				}
				return nil
			}), func(c *tencent.Config) {
				c.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, in *sdk.CreateClusterRequest) error {
					calls++
					in.ClusterAdvancedSettings = nil
					in.ClusterBasicSettings.ClusterDescription = new("mine")
					if own {
						in.ClusterCIDRSettings.ClusterCIDR = new("10.99.0.0/16")
					}
					return nil
				}
			})
			_, err := h.CreateCluster(t.Context(), plainRequest("demo"))
			switch {
			case own && (pmks.CodeOf(err) != pmks.CodeInvalidArgument || n != 1):
				t.Errorf("a range of the hook's own: %d requests, %v", n, err)
			case !own && (n != 3 || bodies[0] == bodies[2] || !strings.Contains(bodies[2], "mine")):
				t.Errorf("%d requests, %v\n%s", n, err, bodies)
			}
			if calls != 1 {
				t.Errorf("the hook was called %d times", calls)
			}
		})
	}
}

// TestHooks_fail: a hook that fails, panics, or takes from a request what pmks finds it by,
// ends the call with a typed error that names it, and nothing is sent.
func TestHooks_fail(t *testing.T) {
	t.Parallel()
	errMine := errors.New("not on a Friday")
	for _, test := range []struct {
		name, field string
		change      func(*tencent.Config)
		call        func(context.Context, *tencent.Handler) error
		says        string
	}{
		{"create-fails", "BeforeCreateCluster", func(c *tencent.Config) {
			c.BeforeCreateCluster = func(context.Context, pmks.ClusterInfo, *sdk.CreateClusterRequest) error { return errMine }
		}, nil, "not on a Friday"},
		{"create-panics", "BeforeCreateCluster", func(c *tencent.Config) {
			c.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, in *sdk.CreateClusterRequest) error {
				panic(*in.ClusterBasicSettings.TagSpecification[0].Tags[0].Value)
			}
		}, nil, "panicked"},
		{"create-renames", "BeforeCreateCluster", func(c *tencent.Config) {
			c.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, in *sdk.CreateClusterRequest) error {
				in.ClusterBasicSettings.ClusterName = new("renamed")
				return nil
			}
		}, nil, "changed"},
		{"create-empties", "BeforeCreateCluster", func(c *tencent.Config) {
			c.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, in *sdk.CreateClusterRequest) error {
				*in = sdk.CreateClusterRequest{}
				return nil
			}
		}, nil, "changed"},
		{"create-takes-tags", "BeforeCreateCluster", func(c *tencent.Config) {
			c.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, in *sdk.CreateClusterRequest) error {
				in.ClusterBasicSettings.TagSpecification[0].Tags = in.ClusterBasicSettings.TagSpecification[0].Tags[1:]
				return nil
			}
		}, nil, "changed"},
		{"add-fails", "BeforeAddNodeGroup", func(c *tencent.Config) {
			c.BeforeAddNodeGroup = func(context.Context, pmks.NodeGroupInfo, *sdk.CreateClusterNodePoolRequest) error { return errMine }
		}, func(ctx context.Context, h *tencent.Handler) error {
			_, err := h.AddNodeGroup(ctx, demo, bench.SampleNodeGroup("ng2"))
			return err
		}, "not on a Friday"},
		{"add-elsewhere", "BeforeAddNodeGroup", func(c *tencent.Config) {
			c.BeforeAddNodeGroup = func(_ context.Context, _ pmks.NodeGroupInfo, in *sdk.CreateClusterNodePoolRequest) error {
				in.ClusterId = new("cls-00000000")
				return nil
			}
		}, func(ctx context.Context, h *tencent.Handler) error {
			_, err := h.AddNodeGroup(ctx, demo, bench.SampleNodeGroup("ng2"))
			return err
		}, "changed"},
		{"upgrade-fails", "BeforeUpgrade", func(c *tencent.Config) {
			c.BeforeUpgrade = func(context.Context, pmks.UpgradeStep, *sdk.UpdateClusterVersionRequest) error { return errMine }
		}, func(ctx context.Context, h *tencent.Handler) error {
			_, err := h.UpgradeCluster(ctx, demo, "1.32")
			return err
		}, "not on a Friday"},
		{"upgrade-further", "BeforeUpgrade", func(c *tencent.Config) {
			c.BeforeUpgrade = func(_ context.Context, _ pmks.UpgradeStep, in *sdk.UpdateClusterVersionRequest) error {
				in.DstVersion = new("1.34.1")
				return nil
			}
		}, func(ctx context.Context, h *tencent.Handler) error {
			_, err := h.UpgradeCluster(ctx, demo, "1.32")
			return err
		}, "changed"},
		{"nodes-panics", "BeforeUpgradeNodeGroup", func(c *tencent.Config) {
			c.BeforeUpgradeNodeGroup = func(context.Context, pmks.UpgradeStep, *sdk.UpgradeClusterInstancesRequest) error { panic("x") }
		}, func(ctx context.Context, h *tencent.Handler) error {
			if _, err := h.UpgradeCluster(ctx, demo, "1.32"); err != nil {
				return err
			}
			if _, err := pmks.WaitClusterActive(ctx, h, demo); err != nil {
				return err
			}
			_, err := h.UpgradeCluster(ctx, demo, "1.32")
			return err
		}, "panicked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tke.New(tke.Options{})
				putCluster(t, s, core.Seed{Name: "demo", Version: "1.30.0", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
				h := newHandler(t, s, test.change)
				call := test.call
				if call == nil {
					call = func(ctx context.Context, h *tencent.Handler) error {
						_, err := h.CreateCluster(ctx, plainRequest("other"))
						return err
					}
				}
				for range 2 { // the first leaves nothing behind
					err := call(t.Context(), h)
					var e *pmks.Error
					if !errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || e.Field != test.field || !strings.Contains(err.Error(), test.says) || e.MayHaveHappened {
						t.Errorf("%v", err)
					}
					if test.says == errMine.Error() && !errors.Is(err, errMine) {
						t.Errorf("%v does not hold the hook's own error", err)
					}
				}
				if n := s.Count("CreateCluster") + s.Count("CreateClusterNodePool") + s.Count("UpgradeClusterInstances"); n > 0 || test.field == "BeforeUpgrade" && s.Count("UpdateClusterVersion") > 0 {
					t.Errorf("%v", s.Counts())
				}
				if err := h.CheckCluster(t.Context(), plainRequest("other")); err != nil {
					t.Errorf("a dry run: %v", err)
				}
			})
		})
	}
}
