// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// text is a value as JSON, to be compared.
func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// keepCluster is a hook that keeps the cluster that is sent.
func keepCluster(into **containerpb.Cluster) func(context.Context, pmks.ClusterInfo, *containerpb.CreateClusterRequest) error {
	return func(_ context.Context, _ pmks.ClusterInfo, native *containerpb.CreateClusterRequest) error {
		*into = proto.CloneOf(native.GetCluster())
		return nil
	}
}

// hooked counts the calls of all hooks, and lets each do the same.
type hooked struct {
	calls []string
	do    func() error
}

func (k *hooked) into(cfg *gcp.Config) {
	cfg.BeforeCreateCluster = func(_ context.Context, req pmks.ClusterInfo, n *containerpb.CreateClusterRequest) error {
		n.GetCluster().LoggingConfig = &containerpb.LoggingConfig{ComponentConfig: &containerpb.LoggingComponentConfig{EnableComponents: []containerpb.LoggingComponentConfig_Component{containerpb.LoggingComponentConfig_APISERVER}}}
		n.GetCluster().MaintenancePolicy = window("22:00")
		return k.call("create " + req.IId.NameId)
	}
	cfg.BeforeAddNodeGroup = func(_ context.Context, req pmks.NodeGroupInfo, n *containerpb.CreateNodePoolRequest) error {
		n.GetNodePool().Config.Gvnic = &containerpb.VirtualNIC{Enabled: true}
		return k.call("add " + req.IId.NameId)
	}
	cfg.BeforeUpgrade = func(_ context.Context, step pmks.UpgradeStep, n *containerpb.UpdateMasterRequest) error {
		return k.call(fmt.Sprintf("upgrade %q %s to %s %t", step.NodeGroup.NameId, minor(step.From), minor(step.To), n.GetMasterVersion() == step.To && step.Typical > 0))
	}
	cfg.BeforeUpgradeNodeGroup = func(_ context.Context, step pmks.UpgradeStep, n *containerpb.UpdateNodePoolRequest) error {
		return k.call(fmt.Sprintf("upgrade %q %s to %s %t", step.NodeGroup.NameId, minor(step.From), minor(step.To), n.GetNodeVersion() == step.To && step.Typical > 0))
	}
}

func (k *hooked) call(what string) error {
	k.calls = append(k.calls, what)
	if k.do != nil {
		return k.do()
	}
	return nil
}

func minor(version string) string { return strings.Join(strings.Split(version, ".")[:2], ".") }

// window is a daily maintenance window.
func window(start string) *containerpb.MaintenancePolicy {
	return &containerpb.MaintenancePolicy{Window: &containerpb.MaintenanceWindow{Policy: &containerpb.MaintenanceWindow_DailyMaintenanceWindow{
		DailyMaintenanceWindow: &containerpb.DailyMaintenanceWindow{StartTime: start}}}}
}

// TestHooks: each is called once for a request, also where its answer is lost and it is
// sent again, all tries send the same, and what they asked for survives every later write.
func TestHooks(t *testing.T) {
	t.Parallel()
	for _, kind := range []core.FaultKind{core.FaultLoseReply, core.FaultLoseRequest, core.FaultDelay} {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, s := t.Context(), gke.New(gke.Options{})
				cfg, k := configFor(s), &hooked{}
				k.into(&cfg)
				h := newHandlerWith(t, cfg)
				lose := func() {
					for _, op := range []string{"CreateCluster", "CreateNodePool", "UpdateMaster", "UpdateNodePool"} {
						s.Inject(core.Fault{Op: op, Kind: kind, Times: 1})
					}
				}
				req := bench.SampleRequest("demo")
				req.Version, req.NodeGroupList = "1.33", req.NodeGroupList[:1]
				lose()
				info, err := pmks.Provision(ctx, h, req, patience)
				if err != nil {
					t.Fatal(err)
				}
				group := bench.SampleNodeGroup("extra")
				for _, step := range []providertest.Call{
					providertest.AddNodeGroup(info.IId, group),
					providertest.ChangeNodeGroupScaling(info.IId, group.IId, 3, 1, 5),
					providertest.SetNodeGroupAutoScaling(info.IId, group.IId, false),
					func(context.Context, providertest.Handler) error { return h.SetTags(ctx, info.IId, nil) },
					func(context.Context, providertest.Handler) error {
						_, err := pmks.Upgrade(ctx, h, info.IId, "1.34", patience)
						return err
					},
				} {
					if err := step(ctx, h); err != nil {
						t.Fatal(err)
					}
					if _, err := pmks.WaitClusterActive(ctx, h, info.IId, patience); err != nil {
						t.Fatal(err)
					}
					c, err := otherHand(t, s).GetCluster(ctx, &containerpb.GetClusterRequest{Name: parent + region + "-a/clusters/demo"})
					if err != nil {
						t.Fatal(err)
					}
					last := c.GetNodePools()[len(c.GetNodePools())-1]
					if c.GetMaintenancePolicy().GetWindow().GetDailyMaintenanceWindow().GetStartTime() != "22:00" || len(c.GetLoggingConfig().GetComponentConfig().GetEnableComponents()) != 1 || !last.GetConfig().GetGvnic().GetEnabled() {
						t.Errorf("what the hooks asked for is lost: %v, %v, %v", c.GetMaintenancePolicy(), c.GetLoggingConfig(), last.GetConfig().GetGvnic())
					}
				}
				first := req.NodeGroupList[0].IId.NameId
				pools := k.calls[3:]
				slices.Sort(pools)
				want := []string{"create demo", "add extra", `upgrade "" 1.33 to 1.34 true`, `upgrade "extra" 1.33 to 1.34 true`, fmt.Sprintf("upgrade %q 1.33 to 1.34 true", first)}
				if !slices.Equal(k.calls, want) {
					t.Errorf("got  %v\nwant %v", k.calls, want)
				}
			})
		})
	}
}

// TestHooks_refuse: a hook that fails or panics ends the call, and nothing is sent; that
// it was there is said without what a panic says.
func TestHooks_refuse(t *testing.T) {
	t.Parallel()
	errMine := errors.New("not on a Friday")
	cluster := pmks.IID{SystemId: "c000"}
	calls := map[string]providertest.Call{
		"BeforeCreateCluster":    providertest.CreateCluster(bench.SampleRequest("demo")),
		"BeforeAddNodeGroup":     providertest.AddNodeGroup(cluster, bench.SampleNodeGroup("extra")),
		"BeforeUpgrade":          providertest.UpgradeCluster(cluster, "1.34"),
		"BeforeUpgradeNodeGroup": providertest.UpgradeCluster(pmks.IID{SystemId: "behind"}, "1.34"),
	}
	for name, call := range calls {
		for _, way := range []string{"fails", "panics"} {
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				s := fleet(t, 1, 1, gke.Options{})
				behind := bench.SampleNodeGroup("old")
				behind.Version = "1.33.5-gke.2072000"
				if err := s.Put(core.Seed{Name: "behind", Version: "1.34", Groups: []pmks.NodeGroupInfo{behind}}); err != nil {
					t.Fatal(err)
				}
				cfg := configFor(s)
				k := &hooked{do: func() error {
					if way == "panics" {
						panic("hunter2")
					}
					return errMine
				}}
				k.into(&cfg)
				err := call(t.Context(), newHandlerWith(t, cfg))
				e := asError(t, err)
				if e.Code != pmks.CodeInvalidArgument || e.Field != name || e.MayHaveHappened || strings.Contains(err.Error(), "hunter2") || way == "fails" && !errors.Is(err, errMine) {
					t.Errorf("got %v", err)
				}
				for _, op := range bench.Mutating {
					if n := s.Count(op); n != 0 {
						t.Errorf("%s was sent %d times", op, n)
					}
				}
				if len(k.calls) != 1 {
					t.Errorf("it was called %d times", len(k.calls))
				}
			})
		}
	}
}

// TestHooks_marks: a hook that changes that by which pmks finds what it made is refused.
func TestHooks_marks(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*containerpb.CreateClusterRequest){
		"name":    func(n *containerpb.CreateClusterRequest) { n.Cluster.Name = "other" },
		"parent":  func(n *containerpb.CreateClusterRequest) { n.Parent = "projects/p/locations/l" },
		"labels":  func(n *containerpb.CreateClusterRequest) { n.Cluster.ResourceLabels = nil },
		"cluster": func(n *containerpb.CreateClusterRequest) { n.Cluster = nil },
		"pools":   func(n *containerpb.CreateClusterRequest) { n.Cluster.NodePools = nil },
		"pool":    func(n *containerpb.CreateClusterRequest) { n.Cluster.NodePools[0].Config = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := gke.New(gke.Options{})
			cfg := configFor(s)
			cfg.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, n *containerpb.CreateClusterRequest) error {
				spoil(n)
				return nil
			}
			if _, err := newHandlerWith(t, cfg).CreateCluster(t.Context(), bench.SampleRequest("demo")); pmks.CodeOf(err) != pmks.CodeInvalidArgument || asError(t, err).Field != "BeforeCreateCluster" || s.Count("CreateCluster") != 0 {
				t.Errorf("got %v", err)
			}
		})
	}
}
