// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/nks"
)

// names are the lists that give flavors, images and VPCs their names, read once in five
// minutes.
var names = map[string]int{"flavors.list": 1, "images.list": 1, "vpcs.list": 1}

// with joins counts.
func with(parts ...map[string]int) map[string]int {
	all := map[string]int{}
	for _, part := range parts {
		for op, n := range part {
			all[op] += n
		}
	}
	return all
}

// ids are the first cluster of a fleet and its first group, by the names and by the ids
// that the simulator draws for them.
func ids(t *testing.T) (cluster, group pmks.IID) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		list, err := newHandler(t, bench.Fleet(t, nks.New(nks.Options{Quota: noQuota}), 1, 1)).ListCluster(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		cluster, group = list[0].IId, list[0].NodeGroupList[0].IId
	})
	return cluster, group
}

// TestBudget counts the calls of every operation: the fewest that NKS allows, and how many
// of them come one after the other. A change reads the record of changes beside what it
// needs: that is what proves later that it was made.
func TestBudget(t *testing.T) {
	t.Parallel()
	cluster, group := ids(t)
	byName, groupByName := pmks.IID{NameId: cluster.NameId}, pmks.IID{NameId: group.NameId}
	create, plain := bench.SampleRequest("new"), bench.SampleNodeGroup("plain")
	zoned := bench.SampleNodeGroup("zoned")
	zoned.Zones, zoned.Labels = []string{"kr-pub-b"}, teamLabels
	lookups := map[string]int{"supports.get": 1, "clusters.list": 1, "vpcsubnets.get": 1, "networks.list": 1, "securityGroups.list": 1, "flavors.list": 1,
		"images.list": 1, "keypairs.get": 1, "zones.list": 1}
	oneGroup := map[string]int{"clusters.get": 1, "nodegroups.get": 1, "autoscale.get": 1, "events.list": 1}
	b := bench
	b.Open = openUnbounded
	b.Budgets(t, []providertest.Budget{
		{Name: "add-node-group-in-a-zone", Clusters: 1, Groups: 1, Call: providertest.AddNodeGroup(cluster, zoned), Steps: 3,
			Requests: map[string]int{"clusters.get": 1, "nodegroups.list": 1, "events.list": 1, "flavors.list": 1, "images.list": 1, "nodegroups.get": 1, "zones.list": 1, "nodegroups.create": 1}},
		// One list more tells when the cluster is there to be read.
		{Name: "check-cluster", Call: providertest.CheckCluster(create), Steps: 2, Requests: lookups},
		{Name: "get-cluster-of-3-groups", Clusters: 1, Groups: 3, Call: providertest.GetCluster(cluster), Steps: 2,
			Requests: with(names, map[string]int{"clusters.get": 1, "nodegroups.list": 1, "events.list": 1, "nodegroups.get": 3, "servers.list": 1, "clusters.config": 1})},
		{Name: "get-cluster-by-name", Clusters: 1, Groups: 1, Call: providertest.GetCluster(byName), Steps: 3,
			Requests: with(names, map[string]int{"clusters.list": 1, "clusters.get": 1, "nodegroups.list": 1, "events.list": 1, "nodegroups.get": 1, "servers.list": 1, "clusters.config": 1})},
		{Name: "get-cluster-again", Clusters: 1, Groups: 1, Call: providertest.Then(providertest.GetCluster(cluster), providertest.GetCluster(cluster)), Steps: 4,
			Requests: with(names, map[string]int{"clusters.get": 2, "nodegroups.list": 2, "events.list": 2, "nodegroups.get": 2, "servers.list": 2, "clusters.config": 2})},
		{Name: "get-node-group", Clusters: 1, Groups: 3, Call: getNodeGroup(cluster, group), Steps: 1,
			Requests: with(names, map[string]int{"clusters.get": 1, "nodegroups.get": 1, "events.list": 1, "servers.list": 1})},
		{Name: "get-node-group-by-name", Clusters: 1, Groups: 1, Call: getNodeGroup(byName, groupByName), Steps: 2,
			Requests: with(names, map[string]int{"clusters.list": 1, "clusters.get": 1, "nodegroups.get": 1, "events.list": 1, "servers.list": 1})},
		{Name: "upgrade-findings", Clusters: 1, Groups: 3, Call: upgradeFindings(cluster, "v1.33.4"), Steps: 2,
			Requests: map[string]int{"clusters.get": 1, "nodegroups.list": 1, "events.list": 1, "supports.get": 1, "clusterAddons.list": 1, "nodegroups.get": 3, "servers.list": 1, "addons.list": 1}},
		{Name: "read-state", Clusters: 1, Groups: 1, Call: providertest.ReadState(cluster, pmks.IID{}), Steps: 1, Requests: map[string]int{"clusters.get": 1}},
		{Name: "read-state-by-name", Clusters: 1, Groups: 1, Call: providertest.ReadState(byName, pmks.IID{}), Steps: 1, Requests: map[string]int{"clusters.list": 1}},
		{Name: "read-state-of-group", Clusters: 1, Groups: 1, Call: providertest.ReadState(cluster, group), Steps: 1, Requests: map[string]int{"nodegroups.get": 1}},
		{Name: "read-state-of-group-by-name", Clusters: 1, Groups: 1, Call: providertest.ReadState(byName, groupByName), Steps: 2,
			Requests: map[string]int{"clusters.list": 1, "nodegroups.get": 1}},
		{Name: "last-operation-that-is-none", Clusters: 1, Groups: 1, Call: providertest.Fails(pmks.CodeNotFound, providertest.LastOperation(cluster, pmks.IID{})), Steps: 1,
			Requests: map[string]int{"events.list": 1}},
		{Name: "list-iid-of-100", Clusters: 100, Groups: 1, Call: providertest.ListIID, Steps: 1, Requests: map[string]int{"clusters.list": 1}},
		{Name: "list-versions", Call: providertest.ListVersions, Steps: 1, Requests: map[string]int{"supports.get": 1}},
		{Name: "add-node-group", Clusters: 1, Groups: 1, Call: providertest.AddNodeGroup(cluster, plain), Steps: 3,
			Requests: map[string]int{"clusters.get": 1, "nodegroups.list": 1, "events.list": 1, "flavors.list": 1, "images.list": 1, "nodegroups.get": 1, "nodegroups.create": 1}},
		{Name: "remove-node-group", Clusters: 1, Groups: 2, Call: removeNamed("g0"), Steps: 3,
			Requests: map[string]int{"clusters.list": 1, "nodegroups.list": 1, "nodegroups.delete": 1}},
		{Name: "delete-cluster", Clusters: 1, Groups: 1, Call: providertest.DeleteCluster(cluster), Steps: 2,
			Requests: map[string]int{"clusters.get": 1, "events.list": 1, "clusters.delete": 1}},
		{Name: "autoscaling-that-is-on", Clusters: 1, Groups: 1, Call: providertest.SetNodeGroupAutoScaling(cluster, group, true), Steps: 1, Requests: oneGroup},
		{Name: "autoscaling-off", Clusters: 1, Groups: 1, Call: providertest.SetNodeGroupAutoScaling(cluster, group, false), Steps: 2,
			Requests: with(oneGroup, map[string]int{"autoscale.set": 1})},
		{Name: "change-bounds", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 4), Steps: 2,
			Requests: with(oneGroup, map[string]int{"autoscale.set": 1})},
		{Name: "change-scaling-to-the-same", Clusters: 1, Groups: 1, Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 3), Steps: 1, Requests: oneGroup},
		{Name: "upgrade", Clusters: 1, Groups: 5, Call: providertest.UpgradeCluster(cluster, "v1.33.4"), Steps: 3,
			Requests: map[string]int{"clusters.get": 1, "nodegroups.list": 1, "events.list": 1, "supports.get": 1, "nodegroups.get": 5, "nodegroups.upgrade": 1}},
		{Name: "bad-request", Call: providertest.Fails(pmks.CodeInvalidArgument, providertest.CreateCluster(pmks.ClusterInfo{}))},
	})
}

// getNodeGroup reads a node group.
func getNodeGroup(cluster, group pmks.IID) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		_, err := pmks.GetNodeGroup(ctx, h, cluster, group)
		return err
	}
}

// upgradeFindings asks what stands against an upgrade.
func upgradeFindings(cluster pmks.IID, version string) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		_, err := h.(pmks.UpgradeAdvisor).UpgradeFindings(ctx, cluster, version) //nolint:forcetypeassert // it is nhn's
		return err
	}
}

// removeNamed removes a group by the names of both.
func removeNamed(group string) providertest.Call {
	return providertest.RemoveNodeGroup(pmks.IID{NameId: "c000"}, pmks.IID{NameId: group})
}

// TestBudget_create: a creation is its look-ups, the add-ons, the request, and the list
// that shows it.
func TestBudget_create(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{ReadLag: -1})
		h := newHandler(t, s)
		if _, err := h.CreateCluster(t.Context(), bench.SampleRequest("new")); err != nil {
			t.Fatal(err)
		}
		want := map[string]int{"tokens.create": 1, "supports.get": 1, "clusters.list": 2, "vpcsubnets.get": 1, "networks.list": 1, "securityGroups.list": 1,
			"flavors.list": 1, "images.list": 1, "keypairs.get": 1, "zones.list": 1, "addons.list": 1, "clusters.create": 1}
		if got := s.Counts(); !maps.Equal(got, want) {
			t.Errorf("requests %v, want %v", got, want)
		}
	})
}

// TestBudget_ListCluster lists a hundred clusters with five groups each: two calls for each
// cluster, since the list has neither where its network and its API are nor its groups, one
// for each group, since the list has neither its labels nor its nodes, and the VMs of all of
// them at once, a thousand a page: that a page that is full has none behind it only the next
// one tells. At the five requests a second that a handler allows itself, ten at first, that
// takes two minutes and twenty seconds, and no more.
func TestBudget_ListCluster(t *testing.T) {
	t.Parallel()
	const clusters = 100
	requests := with(names, map[string]int{"clusters.list": 1, "clusters.get": clusters, "nodegroups.list": clusters, "nodegroups.get": 5 * clusters, "servers.list": 2})
	t.Run("published", func(t *testing.T) {
		t.Parallel()
		bench.List(t, providertest.Listing{Clusters: clusters, AtOnce: 8, Within: 142 * time.Second, Requests: requests})
	})
	t.Run("unlimited", func(t *testing.T) {
		t.Parallel()
		b := bench
		b.Open = openUnbounded
		b.Simulate = func(o providertest.Options) *nks.Server {
			return nks.New(nks.Options{Latency: o.Latency, Unlimited: true, Quota: noQuota})
		}
		b.List(t, providertest.Listing{Clusters: clusters, AtOnce: 8, Requests: requests})
	})
}
