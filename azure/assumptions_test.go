// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestAssumptions takes a cluster through its life with either answer to each
// question that no source settles.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	providertest.EitherAnswer(t, func(t *testing.T, a aks.Assumptions) {
		req, group := bench.SampleRequest("life"), bench.SampleNodeGroup("extra")
		req.Version = "1.33"
		first := &req.NodeGroupList[0]
		first.MinNodeSize, first.DesiredNodeSize, first.MaxNodeSize = 2, 2, 4
		group.OnAutoScaling, group.DesiredNodeSize, group.MinNodeSize, group.MaxNodeSize = false, 2, 2, 3
		group.KeyPairIID = pmks.IID{}
		providertest.Life{Handler: newHandler(t, aks.New(aks.Options{Assumptions: a})), Request: req, Group: group,
			Scaled: [3]int{3, 2, 5}, Desired: 4}.Run(t)
	}, nil)
}

// TestAssumptions_nodes does the same with spot machines, labels, taints, networks that
// may reach the cluster and tags that change: all of it stays until it is changed.
func TestAssumptions_nodes(t *testing.T) {
	t.Parallel()
	providertest.EitherAnswer(t, func(t *testing.T, a aks.Assumptions) {
		ctx, patience := t.Context(), pmks.WithInterval(time.Minute)
		h := newHandler(t, aks.New(aks.Options{Assumptions: a}))
		req := bench.SampleRequest("life")
		req.Version, req.Access = "1.33", pmks.Access{CIDRs: []string{"198.51.100.0/24"}}
		spot := demanding("spot")
		spot.Spot, spot.KeyPairIID = true, req.NodeGroupList[0].KeyPairIID
		req.NodeGroupList = append(req.NodeGroupList[:1], spot)
		info := wiretest.OK(pmks.Provision(ctx, h, req, patience))(t)
		same := func(when string, tags ...pmks.KeyValue) {
			t.Helper()
			got := wiretest.OK(h.GetCluster(ctx, info.IId))(t)
			g := got.NodeGroupList[1]
			if !g.Spot || !maps.Equal(g.Labels, spot.Labels) || !slices.Equal(g.Taints, spot.Taints) || !slices.Equal(g.Zones, spot.Zones) ||
				!slices.Equal(got.Access.CIDRs, req.Access.CIDRs) || got.Access.Mode != pmks.AccessPublic || !slices.Equal(got.TagList, tags) {
				t.Errorf("%s: %+v, %+v, tags %v", when, g, got.Access, got.TagList)
			}
		}
		settle := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			wiretest.OK(pmks.WaitClusterActive(ctx, h, info.IId, patience))(t)
			wiretest.OK(pmks.WaitNodeGroupActive(ctx, h, info.IId, spot.IId, patience))(t)
		}
		same("created", req.TagList...)
		_, err := h.ChangeNodeGroupScaling(ctx, info.IId, spot.IId, 3, 1, 4)
		settle(err)
		_, err = h.SetNodeGroupAutoScaling(ctx, info.IId, spot.IId, true)
		settle(err)
		same("scaled", req.TagList...)
		one, two := pmks.KeyValue{Key: "one", Value: "1"}, pmks.KeyValue{Key: "two"}
		for _, tags := range [][]pmks.KeyValue{append(slices.Clone(req.TagList), two), {one}, {one, two}, nil, nil} {
			settle(h.SetTags(ctx, info.IId, tags))
			slices.SortFunc(tags, func(a, b pmks.KeyValue) int { return strings.Compare(a.Key, b.Key) })
			same("tagged", tags...)
		}
		got := wiretest.OK(pmks.Upgrade(ctx, h, info.IId, "1.34", patience))(t)
		for _, g := range got.NodeGroupList {
			if g.Version != got.Version || !strings.HasPrefix(g.Version, "1.34.") {
				t.Errorf("%s is of %s, the cluster of %s", g.IId, g.Version, got.Version)
			}
		}
		same("upgraded")
	}, nil)
}

// demanding is a node group of two that asks for all that AKS takes beyond V0.6, but for
// spot machines.
func demanding(name string) pmks.NodeGroupInfo {
	g := bench.SampleNodeGroup(name)
	g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize, g.KeyPairIID = false, 2, 1, 3, pmks.IID{}
	g.Labels = map[string]string{"team": "a", "example.com/tier": ""}
	g.Taints = []pmks.Taint{{Key: "example.com/gpu", Value: "a100", Effect: pmks.TaintNoSchedule}, {Key: "soft", Value: "yes", Effect: pmks.TaintPreferNoSchedule}}
	g.Zones = []string{"1", "3"}
	return g
}
