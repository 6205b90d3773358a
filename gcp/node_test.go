// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// patience is how often the waits of a bubble look.
var patience = pmks.WithInterval(time.Minute)

// full is a node group with everything asked of its nodes.
func full(name string) pmks.NodeGroupInfo {
	g := bench.SampleNodeGroup(name)
	g.Labels = map[string]string{"tier": "web", "example.com/team": "payments", "empty": ""}
	g.Taints = []pmks.Taint{
		{Key: "dedicated", Value: "web", Effect: pmks.TaintNoSchedule}, {Key: "dedicated", Value: "web", Effect: pmks.TaintNoExecute},
		{Key: "example.com/soft", Effect: pmks.TaintPreferNoSchedule},
	}
	g.Spot, g.Zones = true, []string{region + "-a", region + "-b"}
	g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = true, 2, 2, 6
	return g
}

// sameNodes compares what is asked of the nodes of a group with what is read.
func sameNodes(t *testing.T, when string, got, want pmks.NodeGroupInfo) {
	t.Helper()
	if !maps.Equal(got.Labels, want.Labels) || !slices.Equal(got.Taints, want.Taints) || got.Spot != want.Spot || !slices.Equal(got.Zones, want.Zones) {
		t.Errorf("%s: got  %v %v %t %v\nwant %v %v %t %v", when, got.Labels, got.Taints, got.Spot, got.Zones, want.Labels, want.Taints, want.Spot, want.Zones)
	}
}

// TestHandler_nodes: what is asked of the nodes of a group is made, read back, and still
// there after every later write, over either protocol.
func TestHandler_nodes(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"rest", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, s := t.Context(), gke.New(gke.Options{})
				cfg := configFor(s)
				if protocol == "grpc" {
					overGRPC(s)(&cfg)
				}
				h := newHandlerWith(t, cfg)
				req := bench.SampleRequest("demo")
				req.Version, req.NodeGroupList = "1.33", []pmks.NodeGroupInfo{full("first")}
				info, err := h.CreateCluster(ctx, req)
				if err != nil {
					t.Fatal(err)
				}
				sameNodes(t, "made", info.NodeGroupList[0], req.NodeGroupList[0])
				rest := func(when string) {
					t.Helper()
					now, err := pmks.WaitClusterActive(ctx, h, info.IId, patience)
					if err != nil {
						t.Fatalf("%s: %v", when, err)
					}
					for _, g := range now.NodeGroupList {
						sameNodes(t, when+", "+g.IId.NameId, g, full(""))
					}
				}
				rest("created")
				added, err := h.AddNodeGroup(ctx, info.IId, full("second"))
				if err != nil {
					t.Fatal(err)
				}
				sameNodes(t, "added", added, full("second"))
				rest("added")
				for _, write := range []struct {
					name string
					call providertest.Call
				}{
					{"bounds and size", providertest.ChangeNodeGroupScaling(info.IId, added.IId, 4, 2, 8)},
					{"autoscaling off", providertest.SetNodeGroupAutoScaling(info.IId, added.IId, false)},
					{"size", providertest.ChangeNodeGroupScaling(info.IId, added.IId, 2, 2, 8)},
					{"tags", func(ctx context.Context, _ providertest.Handler) error {
						return h.SetTags(ctx, info.IId, []pmks.KeyValue{{Key: "team", Value: "b"}})
					}},
					{"upgrade", func(ctx context.Context, _ providertest.Handler) error {
						_, err := pmks.Upgrade(ctx, h, info.IId, "1.34", patience)
						return err
					}},
				} {
					if err := write.call(ctx, h); err != nil {
						t.Fatalf("%s: %v", write.name, err)
					}
					rest(write.name)
				}
				if _, err := h.ChangeNodeGroupScaling(ctx, info.IId, added.IId, 3, 2, 8); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "multiple of 2") {
					t.Errorf("3 nodes in two zones: %v", err)
				}
			})
		})
	}
}

// TestHandler_ownNodes: what GKE puts on nodes by itself is not shown as the user's, and
// older kinds of machines that are taken back are spot too.
func TestHandler_ownNodes(t *testing.T) {
	t.Parallel()
	s := gke.New(gke.Options{})
	group := func(name string) pmks.NodeGroupInfo { return full(name) }
	put := gke.Seed{Seed: core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{group("gpu"), group("old")}}, Pools: map[string]gke.PoolSeed{
		"gpu": {
			Labels: map[string]string{"mine": "1", "cloud.google.com/gke-spot": "true", "sandbox.gke.io/runtime": "gvisor", "node.kubernetes.io/x": "y"},
			Taints: []*containerpb.NodeTaint{
				{Key: "mine", Effect: containerpb.NodeTaint_NO_EXECUTE}, {Key: "nvidia.com/gpu", Value: "present", Effect: containerpb.NodeTaint_NO_SCHEDULE},
				{Key: "kubernetes.io/arch", Value: "arm64", Effect: containerpb.NodeTaint_NO_SCHEDULE}, {Key: "odd", Effect: 77},
			},
		},
		"old": {Preemptible: true},
	}}
	if err := s.PutCluster(put); err != nil {
		t.Fatal(err)
	}
	h := newHandler(t, s)
	read := func() (gpu, old pmks.NodeGroupInfo) {
		info, err := h.GetCluster(t.Context(), pmks.IID{NameId: "demo"})
		if err != nil {
			t.Fatal(err)
		}
		return info.NodeGroupList[0], info.NodeGroupList[1]
	}
	gpu, old := read()
	user := []pmks.Taint{{Key: "mine", Effect: pmks.TaintNoExecute}, {Key: "nvidia.com/gpu", Value: "present", Effect: pmks.TaintNoSchedule}, {Key: "odd", Effect: "77"}}
	if !maps.Equal(gpu.Labels, map[string]string{"mine": "1"}) || !slices.Equal(gpu.Taints, user) || !old.Spot {
		t.Errorf("got %v %v, %t", gpu.Labels, gpu.Taints, old.Spot)
	}
	// The same key is GKE's own where there are accelerators.
	if err := s.Alter("demo", func(c *containerpb.Cluster) {
		c.NodePools[0].Config.Accelerators = []*containerpb.AcceleratorConfig{{AcceleratorType: "nvidia-l4"}}
	}); err != nil {
		t.Fatal(err)
	}
	if gpu, _ = read(); !slices.Equal(gpu.Taints, slices.Delete(slices.Clone(user), 1, 2)) {
		t.Errorf("with accelerators: %v", gpu.Taints)
	}
}

// TestHandler_badNodes: what GKE or its regions cannot have is told by field, before any
// call is made.
func TestHandler_badNodes(t *testing.T) {
	t.Parallel()
	group := func(spoil func(*pmks.NodeGroupInfo)) func(*pmks.ClusterInfo) {
		return func(r *pmks.ClusterInfo) { spoil(&r.NodeGroupList[0]) }
	}
	label := func(key, value string) func(*pmks.ClusterInfo) {
		return group(func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{key: value} })
	}
	taint := func(list ...pmks.Taint) func(*pmks.ClusterInfo) {
		return group(func(g *pmks.NodeGroupInfo) { g.Taints = list })
	}
	zones := func(list ...string) func(*pmks.ClusterInfo) {
		return group(func(g *pmks.NodeGroupInfo) { g.Zones = list })
	}
	access := func(mode pmks.AccessMode, cidrs ...string) func(*pmks.ClusterInfo) {
		return func(r *pmks.ClusterInfo) { r.Access = pmks.Access{Mode: mode, CIDRs: cidrs} }
	}
	var many []string
	for i := range 51 {
		many = append(many, fmt.Sprintf("203.0.113.%d/32", i))
	}
	bench.BadRequests(t, []providertest.BadRequest{
		{Name: "label-syntax", Spoil: label("a b", "x"), Says: "NodeGroupList[0].Labels[a b]"},
		{Name: "label-value", Spoil: label("a", "-"), Says: "NodeGroupList[0].Labels[a]"},
		{Name: "label-of-kubernetes", Spoil: label("node-role.kubernetes.io/worker", "x"), Says: "reserved"},
		{Name: "label-of-gke", Spoil: label("cloud.google.com/gke-nodepool", "x"), Says: "reserved"},
		{Name: "labels-too-long", Spoil: group(func(g *pmks.NodeGroupInfo) {
			g.Labels = map[string]string{}
			for i := range 17 {
				g.Labels[fmt.Sprintf("k%02d", i)] = strings.Repeat("v", 60)
			}
		}), Says: "NodeGroupList[0].Labels: GKE takes 1024 characters"},
		{Name: "taint-effect", Spoil: taint(pmks.Taint{Key: "a", Effect: "NO_SCHEDULE"}), Says: "NodeGroupList[0].Taints[0].Effect"},
		{Name: "taint-twice", Spoil: taint(pmks.Taint{Key: "a", Effect: pmks.TaintNoExecute}, pmks.Taint{Key: "a", Value: "b", Effect: pmks.TaintNoExecute}), Says: "NodeGroupList[0].Taints[1].Key"},
		{Name: "taint-of-kubernetes", Spoil: taint(pmks.Taint{Key: "kubernetes.io/arch", Effect: pmks.TaintNoExecute}), Says: "reserved"},
		{Name: "zone-elsewhere", Spoil: zones("us-central1-a"), Says: "NodeGroupList[0].Zones[0]"},
		{Name: "zone-of-another-cloud", Spoil: zones(region+"-a", "us-east-2a"), Says: "NodeGroupList[0].Zones[1]"},
		{Name: "region-as-zone", Spoil: zones(region), Says: "NodeGroupList[0].Zones[0]"},
		{Name: "zone-twice", Spoil: zones(region+"-a", region+"-a"), Says: "NodeGroupList[0].Zones[1]"},
		{Name: "odd-size", Spoil: group(func(g *pmks.NodeGroupInfo) {
			g.Zones, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = []string{region + "-a", region + "-b"}, 3, 1, 4
		}), Says: "NodeGroupList[0].DesiredNodeSize: GKE has as many nodes in each of the 2 zones"},
		{Name: "public-alone", Spoil: access(pmks.AccessPublic), Says: "Access.Mode", Code: pmks.CodeUnsupported},
		{Name: "mode", Spoil: access("open"), Says: "Access.Mode"},
		{Name: "cidr", Spoil: access("", "203.0.113.7"), Says: "Access.CIDRs[0]"},
		{Name: "cidrs", Spoil: access("", many...), Says: "Access.CIDRs"},
		{Name: "public-block-of-a-private-cluster", Spoil: access(pmks.AccessPrivate, "10.1.0.0/16", "203.0.113.0/24"), Says: "Access.CIDRs[1]"},
		{Name: "all-of-it-for-a-private-cluster", Spoil: access(pmks.AccessPrivate, "0.0.0.0/0"), Says: "Access.CIDRs[0]"},
	})
	t.Run("add", func(t *testing.T) {
		t.Parallel()
		s := fleet(t, 1, 1, gke.Options{})
		g := full("new")
		g.Zones[1] = "europe-west1-b"
		if _, err := newHandler(t, s).AddNodeGroup(t.Context(), pmks.IID{SystemId: "c000"}, g); pmks.CodeOf(err) != pmks.CodeInvalidArgument || asError(t, err).Field != "Zones[1]" || s.Count("") != 0 {
			t.Errorf("after %v: got %v", s.Counts(), err)
		}
	})
}

// TestHandler_input: the maps and lists of a request are not those that are sent.
func TestHandler_input(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		cfg := configFor(s)
		cfg.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, native *containerpb.CreateClusterRequest) error {
			for _, p := range native.GetCluster().GetNodePools() {
				p.Config.Labels["hook"] = "was-here"
				p.Locations[0] = region + "-c"
			}
			return nil
		}
		req := bench.SampleRequest("demo")
		req.NodeGroupList = []pmks.NodeGroupInfo{full("first")}
		before := req.Clone()
		info, err := newHandlerWith(t, cfg).CreateCluster(t.Context(), req)
		if err != nil || !reflect.DeepEqual(req, before) || info.NodeGroupList[0].Labels["hook"] != "was-here" {
			t.Errorf("got %v, %v\nthe request is now %+v", info.NodeGroupList, err, req)
		}
	})
}

// TestHandler_regionalNodes: in a regional cluster a group has its own zones, or those of
// the cluster, which GKE chooses; sizes are totals either way.
func TestHandler_regionalNodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := configFor(gke.New(gke.Options{}))
		cfg.Regional, cfg.Zone, cfg.Region = true, "", region
		h := newHandlerWith(t, cfg)
		req := bench.SampleRequest("wide")
		everywhere, one := bench.SampleNodeGroup("everywhere"), bench.SampleNodeGroup("one")
		everywhere.DesiredNodeSize, everywhere.MinNodeSize, everywhere.MaxNodeSize = 3, 3, 6
		one.Zones, one.DesiredNodeSize, one.MinNodeSize, one.MaxNodeSize = []string{region + "-b"}, 1, 1, 2
		req.NodeGroupList = []pmks.NodeGroupInfo{everywhere, one}
		made, err := h.CreateCluster(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		info, err := pmks.WaitClusterActive(t.Context(), h, made.IId, patience)
		if err != nil {
			t.Fatal(err)
		}
		for i, asked := range req.NodeGroupList {
			for when, g := range map[string]pmks.NodeGroupInfo{"made": made.NodeGroupList[i], "read": info.NodeGroupList[i]} {
				if g.DesiredNodeSize != asked.DesiredNodeSize || g.MinNodeSize != asked.MinNodeSize || g.MaxNodeSize != asked.MaxNodeSize || len(asked.Zones) > 0 && !slices.Equal(g.Zones, asked.Zones) {
					t.Errorf("%s, %s: %d of %d to %d in %v", when, g.IId.NameId, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize, g.Zones)
				}
			}
		}
		if got := info.NodeGroupList[0].Zones; len(got) != 3 {
			t.Errorf("the zones that GKE chose are %v", got)
		}
	})
}
