// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"testing"

	"google.golang.org/api/compute/v1"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestWire_structs: the structs of Compute Engine, written by hand, show nothing that
// the vendor has not. Those of GKE are the vendor's own.
func TestWire_structs(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	for _, fault := range table.Structs(nil, map[string]any{
		"diskTypes.get": diskTypeObject{}, "instanceGroupManagers.get": managerObject{},
		"instanceGroupManagers.listManagedInstances": managedInstances{}, "instanceGroups.get": groupObject{}, "instanceGroups.listInstances": list[groupInstance]{},
		"machineTypes.list": list[machineTypeObject]{}, "networks.list": list[networkObject]{},
		"projects.get": projectObject{}, "regions.get": regionObject{}, "subnetworks.list": list[subnetworkObject]{}, "zones.list": list[zoneObject]{},
	}) {
		t.Error(fault)
	}
	for _, route := range computeTable {
		if _, ok := table.Operations[route.op]; !ok && route.handle != nil {
			t.Errorf("%s is simulated and not in the table", route.op)
		}
	}
}

// TestWire_answers: what else Compute Engine answers is in the vendor's model too.
func TestWire_answers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.MissingZones = []string{region + "-c"} })
	w.create(t, "demo")
	w.watchCompute(t, newTape(w.Transport()))
	group := groupsOf(t, w.get(t, "demo").GetNodePools()[0])[0]
	v, ctx, p := w.compute, t.Context(), DefaultProject
	wiretest.OK(v.Instances.AggregatedList(p).Context(ctx).Do(partial))(t)
	wiretest.OK(v.InstanceGroupManagers.AggregatedList(p).Context(ctx).Do(partial))(t)
	wiretest.OK(v.InstanceGroups.ListInstances(p, group[0], group[1], &compute.InstanceGroupsListInstancesRequest{}).Context(ctx).Do())(t)
	wiretest.OK(v.InstanceGroups.Get(p, group[0], group[1]).Context(ctx).Do())(t)
	wiretest.OK(v.Subnetworks.List(p, region).Context(ctx).Do())(t)
	wiretest.OK(v.MachineTypes.List(p, zoneA).Context(ctx).Do())(t)
	wiretest.OK(v.DiskTypes.Get(p, zoneA, "pd-ssd").Context(ctx).Do())(t)
	wiretest.OK(v.Regions.Get(p, region).Context(ctx).Do())(t)
	wiretest.OK(v.Zones.List(p).Context(ctx).Do())(t)
	wiretest.OK(v.Projects.Get(p).Context(ctx).Do())(t)
}
