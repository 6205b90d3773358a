// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// beyond is a node group that asks for all that V0.6 has no field for.
func beyond(name string) pmks.NodeGroupInfo {
	g := bench.SampleNodeGroup(name)
	g.Labels = map[string]string{"team": "platform", "example.com/tier": ""}
	g.Taints = []pmks.Taint{{Key: "spot", Effect: pmks.TaintNoSchedule}, {Key: "spot", Value: "x", Effect: pmks.TaintNoExecute}}
	g.Spot, g.Zones = true, []string{tke.DefaultResources(region).Subnets[0].Zone}
	return g
}

func beyondText(g pmks.NodeGroupInfo) string { return fmt.Sprint(g.Labels, g.Taints, g.Spot, g.Zones) }

// manySubnets is a cluster with all subnets of its VPC.
func manySubnets(t testing.TB) *tke.Server {
	t.Helper()
	s := tke.New(tke.Options{})
	r := tke.DefaultResources(region)
	var ids []string
	for _, sub := range r.Subnets {
		if sub.VPC == r.Subnets[0].VPC {
			ids = append(ids, sub.ID)
		}
	}
	if err := s.Put(core.Seed{Name: "demo", Tags: map[string]string{"CB-SPIDER-PMKS-SUBNET-ID": strings.Join(ids, ":"), "CB-SPIDER-PMKS-SECURITYGROUP-ID": r.SecurityGroups[0].ID}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestHandler_nodes: what a group asks of its nodes is sent with it, read back by every
// read, and stays in every later write.
func TestHandler_nodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := manySubnets(t)
		h := newHandler(t, s)
		want := beyond("ng1")
		made, err := h.AddNodeGroup(t.Context(), demo, want)
		if err != nil || beyondText(made) != beyondText(want) {
			t.Fatalf("made with %s, %v", beyondText(made), err)
		}
		look := func(after string) {
			t.Helper()
			if _, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first); err != nil {
				t.Fatalf("after %s: %v", after, err)
			}
			for name, other := range map[string]*tencent.Handler{"h": h, "a fresh handler": newHandler(t, s)} {
				info, err := other.GetCluster(t.Context(), demo)
				if err != nil || beyondText(info.NodeGroupList[0]) != beyondText(want) {
					t.Fatalf("after %s %s reads %s, %v", after, name, beyondText(info.NodeGroupList[0]), err)
				}
				one, err := other.GetNodeGroup(t.Context(), demo, first)
				if err != nil || fmt.Sprint(one) != fmt.Sprint(info.NodeGroupList[0]) {
					t.Errorf("after %s %s reads one group as %+v, and in its cluster as %+v, %v", after, name, one, info.NodeGroupList[0], err)
				}
			}
		}
		look("its creation")
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 4, 2, 6); err != nil {
			t.Fatal(err)
		}
		look("a change of size and bounds")
		for _, on := range []bool{true, false} {
			if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, on); err != nil {
				t.Fatal(err)
			}
			look(fmt.Sprint("autoscaling ", on))
		}
		if _, err := pmks.Upgrade(t.Context(), h, demo, "default"); err != nil {
			t.Fatal(err)
		}
		look("an upgrade")
	})
}

// TestHandler_oldNodes: a group that asks for nothing costs no call more, and shows its
// spot machines all the same.
func TestHandler_oldNodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := manySubnets(t)
		h := newHandler(t, s)
		if _, err := h.AddNodeGroup(t.Context(), demo, bench.SampleNodeGroup("ng1")); err != nil {
			t.Fatal(err)
		}
		if _, err := h.GetCluster(t.Context(), demo); err != nil {
			t.Fatal(err)
		}
		if n := s.Count("DescribeSubnets") + s.Count("DescribeAutoScalingGroups"); n != 0 {
			t.Errorf("%d calls more", n)
		}
	})
}

// TestHandler_zones: zones are those of the region and of the subnets of the cluster.
func TestHandler_zones(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := manySubnets(t)
		h := newHandler(t, s)
		for zone, calls := range map[string]bool{"ap-tokyo-1": false, region: false, region + "-x": false, region + "-1-2": false, "": false, region + "-99": true} {
			g := bench.SampleNodeGroup("ng1")
			g.Zones = []string{zone}
			s.Reset()
			_, err := h.AddNodeGroup(t.Context(), demo, g)
			if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "Zones[0]") {
				t.Errorf("%q: %v", zone, err)
			}
			if len(s.Calls()) > 0 != calls || s.Count("CreateClusterNodePool") > 0 {
				t.Errorf("%q: %d calls", zone, len(s.Calls()))
			}
		}
		g := bench.SampleNodeGroup("ng1")
		g.Zones = []string{tke.DefaultResources(region).Subnets[0].Zone}
		allow := s.Deny("vpc:DescribeSubnets")
		if _, err := h.AddNodeGroup(t.Context(), demo, g); pmks.CodeOf(err) != pmks.CodePermissionDenied || s.Count("CreateClusterNodePool") > 0 {
			t.Errorf("subnets that may not be read: %v", err)
		}
		allow()
		if _, err := h.AddNodeGroup(t.Context(), demo, g); err != nil {
			t.Fatal(err)
		}
		s.Deny("as:DescribeAutoScalingGroups")
		info, err := h.GetCluster(t.Context(), demo)
		if err != nil || len(info.NodeGroupList[0].Zones) > 0 || len(pmks.Unread(info.NodeGroupList[0].KeyValueList)) != 1 || pmks.Unread(info.NodeGroupList[0].KeyValueList)[0].Field != "Zones" {
			t.Errorf("a scaling group that may not be read: %+v, %v", info.NodeGroupList, err)
		}
	})
}

// TestHandler_zoneTags: a group with zones carries a tag more, for which there may be no
// room.
func TestHandler_zoneTags(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		h := newHandler(t, s)
		req := plainRequest("demo")
		for i := range 26 - len(req.TagList) {
			req.TagList = append(req.TagList, pmks.KeyValue{Key: fmt.Sprint("k", i), Value: "v"})
		}
		if _, err := h.CreateCluster(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, demo); err != nil {
			t.Fatal(err)
		}
		g := bench.SampleNodeGroup("ng1")
		if _, err := h.AddNodeGroup(t.Context(), demo, g); err != nil {
			t.Fatal(err)
		}
		g.IId.NameId, g.Zones = "ng2", []string{tke.DefaultResources(region).Subnets[0].Zone}
		if _, err := h.AddNodeGroup(t.Context(), demo, g); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("31 tags: %v", err)
		}
		req.IId.NameId, req.Access.Mode = "other", pmks.AccessPrivate
		if _, err := h.CreateCluster(t.Context(), req); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
			t.Errorf("31 tags: %v", err)
		}
	})
}

// TestHandler_vendorKeys: what TKE and Kubernetes put on nodes is not the user's.
func TestHandler_vendorKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		h := newHandlerOn(t, rewritten(s, "DescribeClusterNodePools", func(_ int, a map[string]any, _ string) {
			pool := a["NodePoolSet"].([]any)[0].(map[string]any)
			pool["Labels"] = []any{nil, map[string]any{"Name": "a", "Value": nil}, map[string]any{"Name": "tke.cloud.tencent.com/x", "Value": "y"}, map[string]any{"Name": "node.kubernetes.io/x"}}
			pool["Taints"] = []any{nil, map[string]any{"Key": "node.kubernetes.io/unreachable", "Effect": "NoExecute"}, map[string]any{"Key": "a", "Value": "b", "Effect": "NoSchedule"}}
		}))
		info, err := h.GetCluster(t.Context(), demo)
		if got := beyondText(info.NodeGroupList[0]); err != nil || got != "map[a:] [a=b:NoSchedule] false []" {
			t.Errorf("%s, %v", got, err)
		}
	})
}

// TestConfig_spotMaxPrice: the most that a spot node may cost is the one that is set.
func TestConfig_spotMaxPrice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, price := range []string{"", "0.25"} {
			s := manySubnets(t)
			var sent string
			through := providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if actionOf(r) == "CreateClusterNodePool" {
					sent = bodyOf(r)
				}
				return s.Transport().RoundTrip(r)
			})
			if _, err := newHandlerOn(t, through, func(c *tencent.Config) { c.SpotMaxPrice = price }).AddNodeGroup(t.Context(), demo, beyond("ng1")); err != nil {
				t.Fatal(err)
			}
			if price == "" {
				price = "1000"
			}
			if !strings.Contains(sent, `\"MaxPrice\":\"`+price+`\"`) || !strings.Contains(sent, "SPOTPAID") {
				t.Errorf("sent %s", sent)
			}
		}
	})
	for _, price := range []string{"0", "-1", "cheap", "1e3", "1000000000"} {
		cfg := configOf(providertest.Connection{})
		cfg.SpotMaxPrice = price
		if _, err := tencent.New(t.Context(), cfg); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "spotMaxPrice") {
			t.Errorf("%q: %v", price, err)
		}
	}
}

// TestHandler_GetNodeGroup: one group is what its cluster shows of it, whatever happens to
// it and whatever may not be read.
func TestHandler_GetNodeGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := manySubnets(t)
		h := newHandler(t, s)
		for _, g := range []pmks.NodeGroupInfo{beyond("ng1"), bench.SampleNodeGroup("ng2")} {
			if _, err := h.AddNodeGroup(t.Context(), demo, g); err != nil {
				t.Fatal(err)
			}
		}
		same := func(when string) {
			t.Helper()
			for _, name := range []string{"ng1", "ng2"} {
				info, err := h.GetCluster(t.Context(), demo)
				if err != nil {
					t.Fatal(err)
				}
				want, _ := info.NodeGroup(pmks.IID{NameId: name})
				for _, iid := range []pmks.IID{{NameId: name}, {SystemId: want.IId.SystemId}} {
					for _, cluster := range []pmks.IID{demo, {SystemId: info.IId.SystemId}} {
						got, err := h.GetNodeGroup(t.Context(), cluster, iid)
						if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
							t.Errorf("%s, %s:\n%+v\n%+v\n%v", when, iid, got, want, err)
						}
					}
				}
			}
		}
		same("while it is made")
		pass(time.Hour)
		same("at rest")
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 5, 1, 6); err != nil {
			t.Fatal(err)
		}
		same("while it grows")
		pass(10 * time.Second)
		same("while nodes come")
		pass(time.Hour)
		must(t, s.FailNodes("demo", "ng1", "the disk is broken"))
		same("with nodes that failed")
		for _, action := range []string{"tke:DescribeClusterInstances", "tke:CheckInstancesUpgradeAble", "as:DescribeLaunchConfigurations", "as:DescribeAutoScalingGroups", "as:DescribeAutoScalingActivities"} {
			allow := s.Deny(action)
			same("without " + action)
			allow()
		}
		if _, err := h.UpgradeCluster(t.Context(), demo, "default"); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		same("behind its cluster")
		for name, iid := range map[string]pmks.IID{"unknown": {NameId: "none"}, "unknown-id": {SystemId: "np-00000000"}} {
			if _, err := h.GetNodeGroup(t.Context(), demo, iid); pmks.CodeOf(err) != pmks.CodeNotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
