// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkeks "github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// bodies keeps what is sent to some paths.
type bodies struct {
	next http.RoundTripper
	mu   sync.Mutex
	sent map[string][]string // by method and path
}

func (b *bodies) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	b.mu.Lock()
	key := r.Method + " " + r.URL.Path
	b.sent[key] = append(b.sent[key], string(body))
	b.mu.Unlock()
	return b.next.RoundTrip(r)
}

// withLogs has the logs of the control plane written.
func withLogs(in *sdkeks.CreateClusterInput) {
	in.Logging = &types.Logging{ClusterLogging: []types.LogSetup{{Enabled: sdk.Bool(true), Types: []types.LogType{types.LogTypeAudit}}}}
}

// TestHooks_once: each hook is called once for its request, all tries send what it made
// of it, and that is still there after every later write.
func TestHooks_once(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := eks.New(eks.Options{})
		calls := map[string]int{}
		wire := &bodies{next: s.Transport(), sent: map[string][]string{}}
		cfg := configFor(s)
		cfg.Transport = wire
		cfg.BeforeCreateCluster = func(_ context.Context, req pmks.ClusterInfo, in *sdkeks.CreateClusterInput) error {
			calls["create "+req.IId.NameId]++
			withLogs(in)
			req.TagList[0].Value = "changed" // a copy
			return nil
		}
		cfg.BeforeAddNodeGroup = func(_ context.Context, req pmks.NodeGroupInfo, in *sdkeks.CreateNodegroupInput) error {
			calls["add "+req.IId.NameId]++
			if in.LaunchTemplate == nil || in.LaunchTemplate.Name == nil {
				t.Error("the hook does not see the launch template")
			}
			in.UpdateConfig = &types.NodegroupUpdateConfig{MaxUnavailable: sdk.Int32(2)}
			return nil
		}
		cfg.BeforeUpgrade = func(_ context.Context, step pmks.UpgradeStep, in *sdkeks.UpdateClusterVersionInput) error {
			calls["upgrade "+step.From+" to "+step.To]++
			in.Force = true
			return nil
		}
		cfg.BeforeUpgradeNodeGroup = func(_ context.Context, step pmks.UpgradeStep, in *sdkeks.UpdateNodegroupVersionInput) error {
			calls["upgrade "+step.NodeGroup.NameId+" "+step.From+" to "+step.To]++
			in.Force = true
			return nil
		}
		h := newHandlerWith(t, cfg)
		for _, op := range []string{"CreateCluster", "CreateNodegroup", "UpdateClusterVersion", "UpdateNodegroupVersion"} {
			s.Inject(core.Fault{Op: op, Kind: core.FaultLoseReply})
		}
		req := bench.SampleRequest("hooked")
		req.Version = "1.33"
		if err := h.CheckCluster(t.Context(), bench.CreateRequest("hooked")); err != nil || len(calls) > 0 {
			t.Fatalf("a check calls %v, %v", calls, err)
		}
		tag := req.TagList[0].Value
		info, err := pmks.Provision(t.Context(), h, req)
		if err != nil {
			t.Fatal(err)
		}
		if req.TagList[0].Value != tag {
			t.Error("a hook has changed the request of the caller")
		}
		group := info.NodeGroupList[0].IId
		if _, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, group, 3, 1, 4); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitNodeGroupActive(t.Context(), h, info.IId, group); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.Upgrade(t.Context(), h, info.IId, "1.34"); err != nil {
			t.Fatal(err)
		}
		if err := h.SetTags(t.Context(), info.IId, []pmks.KeyValue{{Key: "new", Value: "tag"}}); err != nil {
			t.Fatal(err)
		}
		name := group.NameId
		for call, want := range map[string]int{"create hooked": 1, "add " + name: 1, "upgrade 1.33 to 1.34": 1, "upgrade " + name + " 1.33 to 1.34": 1} {
			if calls[call] != want {
				t.Errorf("%q was called %d times: %v", call, calls[call], calls)
			}
		}
		for path, want := range map[string]string{
			"POST /clusters":                                                `"clusterLogging"`,
			"POST /clusters/hooked/node-groups":                             `"maxUnavailable":2`,
			"POST /clusters/hooked/updates":                                 `"force":true`,
			"POST /clusters/hooked/node-groups/" + name + "/update-version": `"force":true`,
		} {
			sent := wire.sent[path]
			// A creation whose reply was lost is looked for; an upgrade is asked for again.
			if again := strings.Contains(path, "/update"); len(sent) == 0 || again && len(sent) < 2 {
				t.Errorf("%s: sent %d times, and its first reply was lost", path, len(sent))
			}
			for _, body := range sent {
				if body != sent[0] || !strings.Contains(strings.ReplaceAll(body, " ", ""), want) {
					t.Errorf("%s: sent %s, at first %s", path, body, sent[0])
				}
			}
		}
		clusters := sdkeks.NewFromConfig(h.SDK())
		c, err := clusters.DescribeCluster(t.Context(), &sdkeks.DescribeClusterInput{Name: sdk.String("hooked")})
		if err != nil {
			t.Fatal(err)
		}
		audited := false
		for _, setup := range c.Cluster.Logging.ClusterLogging {
			audited = audited || sdk.ToBool(setup.Enabled) && len(setup.Types) == 1 && setup.Types[0] == types.LogTypeAudit
		}
		n, err := clusters.DescribeNodegroup(t.Context(), &sdkeks.DescribeNodegroupInput{ClusterName: sdk.String("hooked"), NodegroupName: &name})
		if err != nil || !audited || sdk.ToInt32(n.Nodegroup.UpdateConfig.MaxUnavailable) != 2 {
			t.Errorf("after later writes: audited %t, %+v, %v", audited, n, err)
		}
	})
}

// TestHooks_refuse: a hook that fails, panics or changes what must stay ends the call
// before anything is sent.
func TestHooks_refuse(t *testing.T) {
	t.Parallel()
	errMine := errors.New("not on a Friday")
	hook := func(field string, do func(any) error) func(*aws.Config) {
		return map[string]func(*aws.Config){
			"BeforeCreateCluster": func(c *aws.Config) {
				c.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, in *sdkeks.CreateClusterInput) error { return do(in) }
			},
			"BeforeAddNodeGroup": func(c *aws.Config) {
				c.BeforeAddNodeGroup = func(_ context.Context, _ pmks.NodeGroupInfo, in *sdkeks.CreateNodegroupInput) error { return do(in) }
			},
			"BeforeUpgrade": func(c *aws.Config) {
				c.BeforeUpgrade = func(_ context.Context, _ pmks.UpgradeStep, in *sdkeks.UpdateClusterVersionInput) error { return do(in) }
			},
			"BeforeUpgradeNodeGroup": func(c *aws.Config) {
				c.BeforeUpgradeNodeGroup = func(_ context.Context, _ pmks.UpgradeStep, in *sdkeks.UpdateNodegroupVersionInput) error {
					return do(in)
				}
			},
		}[field]
	}
	cluster := pmks.IID{NameId: "c000"}
	for field, call := range map[string]func(*testing.T, *aws.Handler) error{
		"BeforeCreateCluster": func(t *testing.T, h *aws.Handler) error {
			_, err := h.CreateCluster(t.Context(), bench.CreateRequest("new"))
			return err
		},
		"BeforeAddNodeGroup": func(t *testing.T, h *aws.Handler) error {
			_, err := h.AddNodeGroup(t.Context(), cluster, bench.SampleNodeGroup("disk")) // with a launch template
			return err
		},
		"BeforeUpgrade": func(t *testing.T, h *aws.Handler) error {
			_, err := h.UpgradeCluster(t.Context(), cluster, "1.34")
			return err
		},
		"BeforeUpgradeNodeGroup": func(t *testing.T, h *aws.Handler) error {
			_, err := h.UpgradeCluster(t.Context(), pmks.IID{NameId: "lagging"}, "1.34")
			return err
		},
	} {
		for name, do := range map[string]func(any) error{
			"refused the request: not on a Friday": func(any) error { return errMine },
			"panicked":                             func(any) error { panic("hunter2") },
			"changed the name": func(in any) error {
				switch in := in.(type) {
				case *sdkeks.CreateClusterInput:
					in.Name = nil
				case *sdkeks.CreateNodegroupInput:
					in.Tags = nil
				case *sdkeks.UpdateClusterVersionInput:
					in.Version = sdk.String("1.35")
				case *sdkeks.UpdateNodegroupVersionInput:
					in.ClientRequestToken = sdk.String("mine")
				}
				return nil
			},
		} {
			t.Run(field+"/"+strings.Fields(name)[0], func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := fleet(t, 1, 2, eks.Options{})
					lagging := []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "a"}, Version: "1.33", DesiredNodeSize: 1}, {IId: pmks.IID{NameId: "b"}, Version: "1.33", DesiredNodeSize: 1}}
					if err := s.Put(core.Seed{Name: "lagging", Version: "1.34", Groups: lagging}); err != nil {
						t.Fatal(err)
					}
					cfg := configFor(s)
					hook(field, do)(&cfg)
					err := call(t, newHandlerWith(t, cfg))
					says(t, err, pmks.ErrInvalidArgument, field, name)
					var e *pmks.Error
					if !errors.As(err, &e) || e.Field != field || e.MayHaveHappened || strings.Contains(err.Error(), "hunter2") {
						t.Errorf("the error is %#v", e)
					}
					for _, op := range append([]string{"CreateLaunchTemplate"}, bench.Mutating...) {
						if s.Count(op) > 0 {
							t.Errorf("%s was sent", op)
						}
					}
				})
			})
		}
	}
}
