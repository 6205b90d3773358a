// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
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
)

// rich is a group that asks for all that V0.6 has no field for.
func rich(name string) pmks.NodeGroupInfo {
	g := bench.SampleNodeGroup(name)
	g.Labels = map[string]string{"team": "a", "example.com/tier": "web", "empty": ""}
	g.Taints = []pmks.Taint{{Key: "gpu", Value: "yes", Effect: pmks.TaintNoSchedule}, {Key: "gpu", Effect: pmks.TaintNoExecute}}
	g.Spot, g.Zones = true, []string{"ap-northeast-1b"}
	g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = 1, 0, 3
	return g
}

// asked is what a group asks for beyond V0.6, as text.
func asked(g pmks.NodeGroupInfo) string {
	text, _ := json.Marshal(g.Labels)
	return fmt.Sprint(string(text), g.Taints, g.Spot, g.Zones)
}

// TestHandler_nodeConfig: labels, taints, spot and zones are sent at creation, shown by every
// read, and there after each later write, whatever ACK does with what a write leaves out.
func TestHandler_nodeConfig(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]ack.Assumptions{
		"strict": {}, "group-reset": {ScalingGroupReset: true}, "config-kept": {KubernetesConfigKept: true}, "merged": {LabelsMerged: true, TagsMerged: true}, "spot-type": {SpotScalingType: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := ack.New(ack.Options{Assumptions: a})
				h := newHandler(t, s)
				req := plain("demo")
				req.Version = "1.35"
				info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
				if err != nil {
					t.Fatal(err)
				}
				want := rich("ng1")
				made, err := h.AddNodeGroup(t.Context(), info.IId, want)
				if err != nil || asked(made) != asked(want) {
					t.Fatalf("made %s, %v, want %s", asked(made), err, asked(want))
				}
				keeps := func(step string) {
					t.Helper()
					if _, err := pmks.WaitNodeGroupActive(t.Context(), h, info.IId, made.IId, pmks.WithInterval(time.Minute)); err != nil {
						t.Fatalf("%s: %v", step, err)
					}
					g, err := h.GetNodeGroup(t.Context(), info.IId, pmks.IID{NameId: "ng1"})
					if err != nil || asked(g) != asked(want) {
						t.Errorf("after %s: %s, %v, want %s", step, asked(g), err, asked(want))
					}
					// Another handler has seen none of it.
					whole, err := newHandler(t, s).GetCluster(t.Context(), info.IId)
					if err != nil || len(whole.NodeGroupList) != 1 || !reflect.DeepEqual(whole.NodeGroupList[0], g) {
						t.Errorf("after %s: GetNodeGroup shows\n%+v\nand GetCluster\n%+v, %v", step, g, whole.NodeGroupList, err)
					}
				}
				keeps("its creation")
				scaled, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, made.IId, 2, 1, 4)
				if err != nil || asked(scaled) != asked(want) {
					t.Fatalf("scaled: %s, %v", asked(scaled), err)
				}
				keeps("scaling")
				for _, on := range []bool{true, false} {
					if _, err := h.SetNodeGroupAutoScaling(t.Context(), info.IId, made.IId, on); err != nil {
						t.Fatal(err)
					}
					keeps(fmt.Sprint("autoscaling ", on))
				}
				if _, err := pmks.Upgrade(t.Context(), h, info.IId, "1.36", pmks.WithInterval(time.Minute)); err != nil {
					t.Fatal(err)
				}
				keeps("an upgrade")
			})
		})
	}
}

// TestHandler_spotScales: an autoscaled pool of the spot market is of its own kind.
func TestHandler_spotScales(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, ready(t, nil))
		g := rich("ng2")
		g.OnAutoScaling, g.Zones, g.Labels, g.Taints = true, nil, nil, nil
		made, err := h.AddNodeGroup(t.Context(), demo, g)
		if err != nil || !made.Spot || made.Zones != nil {
			t.Fatalf("got %+v, %v", made, err)
		}
		p := rawPool(t, h, made.IId)
		if kind := tea.StringValue(p.AutoScaling.Type); kind != "spot" || tea.StringValue(p.ScalingGroup.SpotStrategy) != "SpotAsPriceGo" {
			t.Errorf("it scales as %s, %s", kind, tea.StringValue(p.ScalingGroup.SpotStrategy))
		}
		if g, err := h.GetNodeGroup(t.Context(), demo, first); err != nil || g.Spot || g.Labels != nil || g.Taints != nil || g.Zones != nil {
			t.Errorf("a plain pool: %+v, %v", g, err)
		}
	})
}

// rawPool is a node pool as the SDK has it.
func rawPool(t *testing.T, h *alibaba.Handler, pool pmks.IID) *cs.DescribeClusterNodePoolDetailResponseBody {
	t.Helper()
	c := ackClient(t.Context(), t, h)
	info, err := h.GetCluster(t.Context(), demo)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.DescribeClusterNodePoolDetail(&info.IId.SystemId, &pool.SystemId)
	if err != nil {
		t.Fatal(err)
	}
	return out.Body
}

// TestHandler_zones: those of the cluster's vSwitches, each once, in the order of the request;
// where a zone is none of them nothing is made.
func TestHandler_zones(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, nil)
		h := newHandler(t, s)
		for name, test := range map[string]struct {
			zones []string
			says  string
		}{
			"another-region": {[]string{"ap-northeast-1a", "cn-hangzhou-b"}, "Zones[1]: the cluster has no vSwitch in the zone \"cn-hangzhou-b\", only in ap-northeast-1a, ap-northeast-1b"},
			"twice":          {[]string{"ap-northeast-1a", "ap-northeast-1a"}, "Zones[1]"},
			"a-path":         {[]string{"../a"}, "Zones[0]"},
			"empty":          {[]string{""}, "Zones[0]"},
			"too-many":       {strings.Split("a b c d e f g h i", " "), "Zones"},
		} {
			g := bench.SampleNodeGroup("bad")
			g.Zones = test.zones
			for op, call := range map[string]func() error{
				"add":   func() error { return failure(h.AddNodeGroup(t.Context(), demo, g)) },
				"check": func() error { return h.CheckNodeGroup(t.Context(), demo, g) },
			} {
				if err := call(); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%s, %s: got %v", op, name, err)
				}
			}
		}
		if s.Count("CreateClusterNodePool") != 0 {
			t.Error("something was made")
		}
		g := bench.SampleNodeGroup("both")
		g.Zones = []string{"ap-northeast-1b", "ap-northeast-1a"}
		made, err := h.AddNodeGroup(t.Context(), demo, g)
		if err != nil || !slices.Equal(made.Zones, g.Zones) {
			t.Fatalf("got %v, %v", made.Zones, err)
		}
		// A vSwitch of which VPC does not tell is in no zone; the others are where they are.
		s.Alter("DescribeVSwitches", func(v any) any {
			answer, _ := v.(map[string]any)
			list, _ := answer["VSwitches"].(map[string]any)
			all, _ := list["VSwitch"].([]any)
			list["VSwitch"], answer["TotalCount"] = all[:1], 1
			return v
		})
		half := newHandler(t, s)
		got, err := half.GetNodeGroup(t.Context(), demo, pmks.IID{NameId: "both"})
		if unread := pmks.Unread(got.KeyValueList); err != nil || got.Zones != nil || len(unread) != 1 {
			t.Errorf("got %v, %v, %v", got.Zones, unread, err)
		}
		g.IId.NameId = "half"
		if err := half.CheckNodeGroup(t.Context(), demo, g); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "only in ap-northeast-1a") {
			t.Errorf("got %v", err)
		}
		s.Alter("DescribeVSwitches", nil)
		// Who may not look into the VPC sees the rest, and makes nothing blindly.
		defer s.Deny("vpc:DescribeVSwitches")()
		blind := newHandler(t, s)
		got, err = blind.GetNodeGroup(t.Context(), demo, pmks.IID{NameId: "both"})
		if unread := pmks.Unread(got.KeyValueList); err != nil || got.Zones != nil || len(unread) != 1 || unread[0].Field != "Zones" {
			t.Errorf("got %v, %v, %v", got.Zones, unread, err)
		}
		g.IId.NameId = "more"
		if _, err := blind.AddNodeGroup(t.Context(), demo, g); pmks.CodeOf(err) != pmks.CodePermissionDenied {
			t.Errorf("got %v", err)
		}
	})
}

func failure[T any](_ T, err error) error { return err }

// TestHandler_badNodeConfig: labels and taints that ACK would refuse, or keeps for itself, are
// told by field before any request.
func TestHandler_badNodeConfig(t *testing.T) {
	t.Parallel()
	cluster, _ := fleetIDs(t)
	many := map[string]string{}
	for i := range 21 {
		many[fmt.Sprint("l", i)] = "x"
	}
	for name, test := range map[string]struct {
		spoil func(*pmks.NodeGroupInfo)
		says  string
	}{
		"syntax":         {func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"a b": "c"} }, "Labels[a b]"},
		"value":          {func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"a": "-c"} }, "Labels[a]"},
		"of-kubernetes":  {func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"node.kubernetes.io/x": "c"} }, "is reserved"},
		"of-ack":         {func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"k8s.aliyun.com": "true"} }, "is reserved"},
		"of-the-vendor":  {func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"aliyun.x": "c"} }, "is reserved"},
		"vendor's-value": {func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"a": "Aliyun"} }, "Labels[a]"},
		"long-key": {func(g *pmks.NodeGroupInfo) {
			g.Labels = map[string]string{"example.com/" + strings.Repeat("k", 60): "c"}
		}, "at most 64"},
		"too-many":       {func(g *pmks.NodeGroupInfo) { g.Labels = many }, "at most 20"},
		"taint's-effect": {func(g *pmks.NodeGroupInfo) { g.Taints = []pmks.Taint{{Key: "a", Effect: "Never"}} }, "Taints[0].Effect"},
		"taint-twice": {func(g *pmks.NodeGroupInfo) {
			g.Taints = []pmks.Taint{{Key: "a", Effect: pmks.TaintNoExecute}, {Key: "a", Value: "b", Effect: pmks.TaintNoExecute}}
		}, "Taints[1].Key"},
		"taint-of-ack": {func(g *pmks.NodeGroupInfo) {
			g.Taints = []pmks.Taint{{Key: "k8s.aliyun.com", Effect: pmks.TaintNoExecute}}
		}, "Taints[0].Key"},
		"taint's-control": {func(g *pmks.NodeGroupInfo) { g.Taints = []pmks.Taint{{Key: "a\n", Effect: pmks.TaintNoExecute}} }, "Taints[0].Key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bench.Fleet(t, bench.Simulate(providertest.Options{}), 1, 0)
			g := bench.SampleNodeGroup("new")
			test.spoil(&g)
			_, err := newHandler(t, s).AddNodeGroup(t.Context(), cluster, g)
			if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), test.says) || s.Count("") != 0 {
				t.Errorf("got %v after %d requests", err, s.Count(""))
			}
		})
	}
}

// TestHandler_systemLabels: what ACK has put among the labels is not shown as the user's, and
// is there after a write.
func TestHandler_systemLabels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, nil)
		h := newHandler(t, s)
		g := rich("ng2")
		g.Zones = nil
		made, err := h.AddNodeGroup(t.Context(), demo, g)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, made.IId); err != nil {
			t.Fatal(err)
		}
		s.Alter("DescribeClusterNodePoolDetail", func(v any) any {
			config, _ := v.(map[string]any)["kubernetes_config"].(map[string]any)
			labels, _ := config["labels"].([]any)
			config["labels"] = append(labels, map[string]any{"key": "alibabacloud.com/nodepool-id", "value": "np1"}, nil)
			taints, _ := config["taints"].([]any)
			config["taints"] = append(taints, map[string]any{"key": "node.kubernetes.io/x", "value": "", "effect": "NoSchedule"})
			return v
		})
		got, err := h.GetNodeGroup(t.Context(), demo, made.IId)
		if err != nil || asked(got) != asked(g) {
			t.Errorf("got %s, %v, want %s", asked(got), err, asked(g))
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, made.IId, 2, 1, 3); err != nil {
			t.Fatal(err)
		}
		s.Alter("DescribeClusterNodePoolDetail", nil)
		labels := rawPool(t, h, made.IId).KubernetesConfig.Labels
		if !slices.ContainsFunc(labels, func(l *cs.Tag) bool { return tea.StringValue(l.Key) == "alibabacloud.com/nodepool-id" }) || len(labels) != 4 {
			t.Errorf("the labels are %v", labels)
		}
	})
}

// TestHandler_access: a cluster is made with a public address or without, whatever the
// setting, and shows which address is whose.
func TestHandler_access(t *testing.T) {
	t.Parallel()
	for _, setting := range []bool{true, false} {
		for _, mode := range []pmks.AccessMode{"", pmks.AccessPrivate, pmks.AccessPublicAndPrivate} {
			want := mode
			if mode == "" {
				want = map[bool]pmks.AccessMode{true: pmks.AccessPublicAndPrivate, false: pmks.AccessPrivate}[setting]
			}
			t.Run(fmt.Sprint(setting, "-", mode), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := ack.New(ack.Options{})
					h := newHandler(t, s, func(c *alibaba.Config) { c.PublicEndpoint = &setting })
					req := plain("demo")
					req.Access.Mode = mode
					made, err := h.CreateCluster(t.Context(), req)
					if err != nil || made.Access.Mode != want {
						t.Fatalf("got %+v, %v", made.Access, err)
					}
					if _, err := pmks.WaitClusterActive(t.Context(), h, made.IId); err != nil {
						t.Fatal(err)
					}
					info, err := h.GetCluster(t.Context(), made.IId)
					a := info.Access
					if err != nil || a.Mode != want || (a.PublicEndpoint != "") != (want == pmks.AccessPublicAndPrivate) || a.PrivateEndpoint == "" || a.CIDRs != nil {
						t.Fatalf("got %+v, %v", a, err)
					}
					usable := a.PublicEndpoint
					if want == pmks.AccessPrivate {
						usable = a.PrivateEndpoint
					}
					s.Reset()
					if again, err := h.GetCluster(t.Context(), made.IId); err != nil || again.AccessInfo.Endpoint != usable || s.Count("DescribeClusterUserKubeconfig") != 1 {
						t.Errorf("once more: %s, %v, after %d kubeconfigs", again.AccessInfo.Endpoint, err, s.Count("DescribeClusterUserKubeconfig"))
					}
					if info.AccessInfo.Endpoint != usable || !strings.Contains(info.AccessInfo.Kubeconfig, usable) {
						t.Errorf("the endpoint is %s, want %s", info.AccessInfo.Endpoint, usable)
					}
				})
			})
		}
	}
	bench.BadRequests(t, []providertest.BadRequest{
		{Name: "public-alone", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList, r.Access.Mode = nil, pmks.AccessPublic }, Code: pmks.CodeUnsupported, Says: "public-and-private or private"},
		{Name: "cidrs", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList, r.Access.CIDRs = nil, []string{"198.51.100.0/24"} }, Code: pmks.CodeUnsupported, Says: "access control list"},
		{Name: "no-mode", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList, r.Access.Mode = nil, "open" }, Says: "Access.Mode"},
	})
}

// TestHandler_accessLater: the address that a cluster gets later is seen.
func TestHandler_accessLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, ready(t, map[string]string{ack.AttrPrivate: "yes"}))
		info, err := h.GetCluster(t.Context(), demo)
		if err != nil || info.Access.Mode != pmks.AccessPrivate {
			t.Fatalf("got %+v, %v", info.Access, err)
		}
		c := ackClient(context.WithoutCancel(t.Context()), t, h)
		if _, err := c.ModifyCluster(&info.IId.SystemId, &cs.ModifyClusterRequest{ApiServerEip: tea.Bool(true)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		if info, err = h.GetCluster(t.Context(), demo); err != nil || info.Access.Mode != pmks.AccessPublicAndPrivate || info.AccessInfo.Endpoint != info.Access.PublicEndpoint {
			t.Errorf("got %+v, %v", info.Access, err)
		}
	})
}
