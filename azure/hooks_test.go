// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// hooksOf hangs one function before every request that a hook may see.
func hooksOf(c *azure.Config, f func(name string, cluster *armcontainerservice.ManagedCluster, pool *armcontainerservice.AgentPool) error) {
	c.BeforeCreateCluster = func(_ context.Context, req pmks.ClusterInfo, in *armcontainerservice.ManagedCluster) error {
		return f("BeforeCreateCluster "+req.IId.NameId, in, nil)
	}
	c.BeforeAddNodeGroup = func(_ context.Context, req pmks.NodeGroupInfo, in *armcontainerservice.AgentPool) error {
		return f("BeforeAddNodeGroup "+req.IId.NameId, nil, in)
	}
	c.BeforeUpgrade = func(_ context.Context, step pmks.UpgradeStep, in *armcontainerservice.ManagedCluster) error {
		return f("BeforeUpgrade "+step.From+" "+step.To, in, nil)
	}
	c.BeforeUpgradeNodeGroup = func(_ context.Context, step pmks.UpgradeStep, in *armcontainerservice.AgentPool) error {
		return f("BeforeUpgradeNodeGroup "+step.NodeGroup.NameId+" "+step.From+" "+step.To, nil, in)
	}
}

// hookCalls are the calls that a hook sees, by its name, on a cluster whose pools are
// one that is spot and g0.
func hookCalls() map[string]providertest.Call {
	plain := bench.SampleNodeGroup("plain")
	plain.KeyPairIID = pmks.IID{}
	return map[string]providertest.Call{
		"BeforeCreateCluster":    providertest.CreateCluster(bench.SampleRequest("new")),
		"BeforeAddNodeGroup":     providertest.AddNodeGroup(clusterC, plain),
		"BeforeUpgrade":          providertest.UpgradeCluster(clusterC, "1.34"),
		"BeforeUpgradeNodeGroup": providertest.UpgradeCluster(clusterC, "1.33.6"),
	}
}

// hookSeed is the cluster for them; lag lets its nodes be upgraded alone.
func hookSeed(lag bool) (seed func(testing.TB, func(*azure.Config)) (*azure.Handler, *tap)) {
	return func(t testing.TB, change func(*azure.Config)) (*azure.Handler, *tap) {
		s := with(seedOf("g0", "spot"), map[string]string{aks.AttrSpotPools: "spot"})
		if lag {
			for i := range s.Groups {
				s.Groups[i].Version = "1.32.10"
			}
		}
		h, p, _ := tapped(t, s, change)
		return h, p
	}
}

// TestHooks_once: a hook is called once for each request, also where an answer is lost
// and the request goes out again, with the same body.
func TestHooks_once(t *testing.T) {
	t.Parallel()
	for name, call := range hookCalls() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := map[string]int{}
				h, p := hookSeed(name == "BeforeUpgradeNodeGroup")(t, func(c *azure.Config) {
					hooksOf(c, func(call string, _ *armcontainerservice.ManagedCluster, _ *armcontainerservice.AgentPool) error {
						calls[call]++
						return nil
					})
				})
				lost := map[string]bool{}
				p.answer = func(r *http.Request) *http.Response {
					if r.Method == http.MethodPut && !lost[r.URL.Path] {
						lost[r.URL.Path] = true
						return replyWith(http.StatusServiceUnavailable, "")
					}
					return nil
				}
				if err := call(t.Context(), h); err != nil {
					t.Fatal(err)
				}
				if len(calls) != len(lost) || len(calls) == 0 {
					t.Errorf("the hooks were called as %v, for %v", calls, lost)
				}
				for call, n := range calls {
					if n != 1 || !strings.HasPrefix(call, name+" ") {
						t.Errorf("%s: %d times", call, n)
					}
				}
				seen := map[string]int{}
				for _, body := range p.bodies {
					seen[body]++
				}
				for body, n := range seen {
					if n != 2 {
						t.Errorf("sent %d times, want twice: %s", n, body)
					}
				}
			})
		})
	}
}

// TestHooks_fail: a hook that fails, panics or changes what pmks finds its own by ends
// the call, names itself, and nothing is sent.
func TestHooks_fail(t *testing.T) {
	t.Parallel()
	errMine := errors.New("not on a Friday")
	for name, call := range hookCalls() {
		for what, f := range map[string]func(*armcontainerservice.ManagedCluster, *armcontainerservice.AgentPool) error{
			"fails":  func(*armcontainerservice.ManagedCluster, *armcontainerservice.AgentPool) error { return errMine },
			"panics": func(*armcontainerservice.ManagedCluster, *armcontainerservice.AgentPool) error { panic("hunter2") },
			"changes": func(c *armcontainerservice.ManagedCluster, p *armcontainerservice.AgentPool) error {
				if p != nil {
					p.Properties = nil
					return nil
				}
				c.Location = new("westeurope")
				return nil
			},
			"renames-a-pool": func(c *armcontainerservice.ManagedCluster, p *armcontainerservice.AgentPool) error {
				if p != nil { // its name is in the URL
					p.Properties = nil
					return nil
				}
				c.Properties.AgentPoolProfiles[0].Name = new("other")
				return nil
			},
			"drops-the-pools": func(c *armcontainerservice.ManagedCluster, p *armcontainerservice.AgentPool) error {
				if p != nil {
					*p = armcontainerservice.AgentPool{}
					return nil
				}
				c.Properties.AgentPoolProfiles = nil
				return nil
			},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				h, p := hookSeed(name == "BeforeUpgradeNodeGroup")(t, func(c *azure.Config) {
					hooksOf(c, func(_ string, cluster *armcontainerservice.ManagedCluster, pool *armcontainerservice.AgentPool) error {
						return f(cluster, pool)
					})
				})
				err := call(t.Context(), h)
				var e *pmks.Error
				if !errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || e.Field != name || e.MayHaveHappened || strings.Contains(err.Error(), "hunter2") ||
					errors.Is(err, errMine) != (what == "fails") {
					t.Errorf("got %v", err)
				}
				if len(p.bodies) > 0 {
					t.Errorf("sent %q", p.bodies)
				}
			})
		}
	}
}

// TestHooks_survive: what hooks set is there after every later write.
func TestHooks_survive(t *testing.T) {
	t.Parallel()
	for _, spot := range []bool{false, true} {
		t.Run(map[bool]string{false: "together", true: "apart"}[spot], func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { hooksSurvive(t, spot) })
		})
	}
}

func hooksSurvive(t *testing.T, spot bool) {
	ctx, patience := t.Context(), pmks.WithInterval(time.Minute)
	cfg := configFor(aks.New(aks.Options{}))
	asked := []string{}
	hooksOf(&cfg, func(call string, c *armcontainerservice.ManagedCluster, p *armcontainerservice.AgentPool) error {
		name, _, _ := strings.Cut(call, " ")
		switch asked = append(asked, name); name {
		case "BeforeCreateCluster":
			c.Properties.AutoUpgradeProfile = &armcontainerservice.ManagedClusterAutoUpgradeProfile{UpgradeChannel: new(armcontainerservice.UpgradeChannelPatch)}
		case "BeforeAddNodeGroup":
			if p.Properties.ScaleSetPriority == nil { // spot pools take none
				p.Properties.UpgradeSettings = &armcontainerservice.AgentPoolUpgradeSettings{MaxSurge: new("33%")}
			}
		case "BeforeUpgrade":
			c.Properties.AutoScalerProfile = &armcontainerservice.ManagedClusterPropertiesAutoScalerProfile{Expander: new(armcontainerservice.ExpanderPriority)}
		case "BeforeUpgradeNodeGroup":
			if p.Properties.UpgradeSettings != nil && p.Properties.UpgradeSettings.MaxSurge != nil {
				p.Properties.UpgradeSettings.MaxSurge = new("50%")
			}
		}
		return nil
	})
	h := newHandlerWith(t, cfg)
	req := bench.SampleRequest("hooked")
	req.Version = "1.33"
	info := wiretest.OK(pmks.Provision(ctx, h, req, patience))(t)
	group := wiretest.OK(h.AddNodeGroup(ctx, info.IId, demanding("more")))(t).IId
	if spot {
		cheap := demanding("cheap")
		cheap.Spot = true
		wiretest.OK(h.AddNodeGroup(ctx, info.IId, cheap))(t)
	}
	credential, options := h.SDK()
	vendor := wiretest.OK(armcontainerservice.NewClientFactory(aks.DefaultSubscriptionID, credential, options))(t)
	check := func(when, channel, expander, surge string) {
		t.Helper()
		wiretest.OK(pmks.WaitClusterActive(ctx, h, info.IId, patience))(t)
		wiretest.OK(pmks.WaitNodeGroupActive(ctx, h, info.IId, group, patience))(t)
		c := wiretest.OK(vendor.NewManagedClustersClient().Get(ctx, aks.DefaultResourceGroup, "hooked", nil))(t)
		p := wiretest.OK(vendor.NewAgentPoolsClient().Get(ctx, aks.DefaultResourceGroup, "hooked", "more", nil))(t)
		got := []string{"", "", ""}
		if a := c.Properties.AutoUpgradeProfile; a != nil {
			got[0] = string(*a.UpgradeChannel)
		}
		if a := c.Properties.AutoScalerProfile; a != nil && a.Expander != nil {
			got[1] = string(*a.Expander)
		}
		if s := p.Properties.UpgradeSettings; s != nil && s.MaxSurge != nil {
			got[2] = *s.MaxSurge
		}
		if want := []string{channel, expander, surge}; strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("%s: got %v, want %v", when, got, want)
		}
	}
	check("added", "patch", "", "33%")
	wiretest.OK(h.ChangeNodeGroupScaling(ctx, info.IId, group, 3, 1, 4))(t)
	check("scaled", "patch", "", "33%")
	wiretest.OK(h.SetNodeGroupAutoScaling(ctx, info.IId, group, true))(t)
	check("automatic", "patch", "", "33%")
	for _, tags := range [][]pmks.KeyValue{{{Key: "a", Value: "b"}}, nil} {
		wiretest.Must(t, h.SetTags(ctx, info.IId, tags))
		check("tagged", "patch", "", "33%")
	}
	wiretest.OK(pmks.Upgrade(ctx, h, info.IId, "1.34", patience))(t)
	surge := "33%"
	if spot {
		surge = "50%"
	}
	check("upgraded", "patch", "priority", surge)
	wiretest.OK(h.ChangeNodeGroupScaling(ctx, info.IId, group, 2, 1, 5))(t)
	check("scaled again", "patch", "priority", surge)
	want := "BeforeCreateCluster BeforeAddNodeGroup BeforeUpgrade"
	if spot {
		want = "BeforeCreateCluster BeforeAddNodeGroup BeforeAddNodeGroup BeforeUpgrade" + strings.Repeat(" BeforeUpgradeNodeGroup", len(info.NodeGroupList)+2)
	}
	if got := strings.Join(asked, " "); got != want {
		t.Errorf("the hooks were called as %s, want %s", got, want)
	}
}

// TestHooks_body: a hook on what goes back as it was read changes what it changes, and
// what no SDK knows stays, beside it too.
func TestHooks_body(t *testing.T) {
	t.Parallel()
	h, p, s := tapped(t, seedOf("g0", "g1"), func(c *azure.Config) {
		c.BeforeUpgrade = func(_ context.Context, _ pmks.UpgradeStep, in *armcontainerservice.ManagedCluster) error {
			in.Properties.AgentPoolProfiles[1].UpgradeSettings = &armcontainerservice.AgentPoolUpgradeSettings{MaxSurge: new("2")}
			in.Properties.EnableRBAC = nil
			in.Tags = map[string]*string{"hooked": new("yes")}
			return nil
		}
	})
	p.next = edited{s.Transport(), ending(http.MethodGet, "/managedClusters/c"), func(c map[string]any) {
		properties := member(t, c, "properties").(map[string]any)
		properties["notYetInvented"] = json.Number("12345678901234567890")
		properties["agentPoolProfiles"].([]any)[1].(map[string]any)["windowDressing"] = "kept"
	}}
	p.answer = func(r *http.Request) *http.Response {
		if r.Method == http.MethodPut {
			return replyWith(http.StatusConflict, `{"code":"OperationNotAllowed","message":"an operation is in progress"}`)
		}
		return nil
	}
	if _, err := h.UpgradeCluster(t.Context(), clusterC, "1.34"); pmks.CodeOf(err) != pmks.CodeBusy {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(p.bodies[0]), &got); err != nil {
		t.Fatal(err)
	}
	pool := member(t, got, "properties").(map[string]any)["agentPoolProfiles"].([]any)[1]
	if member(t, pool, "windowDressing") != "kept" || member(t, pool, "upgradeSettings", "maxSurge") != "2" || member(t, got, "tags", "hooked") != "yes" {
		t.Errorf("the pool is %v, the tags %v", pool, got["tags"])
	}
	if _, there := member(t, got, "properties").(map[string]any)["enableRBAC"]; there || !strings.Contains(p.bodies[0], `"notYetInvented":12345678901234567890`) {
		t.Errorf("sent %s", p.bodies[0])
	}
}
