// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// groupsOf returns the zones and names of the instance groups of a pool.
func groupsOf(t *testing.T, p *containerpb.NodePool) [][2]string {
	t.Helper()
	var groups [][2]string
	for _, link := range p.GetInstanceGroupUrls() {
		m := regexp.MustCompile(`^https://www\.googleapis\.com/compute/v1/projects/pmks-sim/zones/([^/]+)/instanceGroupManagers/([^/]+)$`).FindStringSubmatch(link)
		if m == nil {
			t.Fatalf("the link is %s", link)
		}
		groups = append(groups, [2]string{m[1], m[2]})
	}
	return groups
}

// managedNames lists the instances of a group that are not about to go.
func managedNames(t *testing.T, vm *compute.Service, group [2]string) []string {
	t.Helper()
	var names []string
	err := vm.InstanceGroupManagers.ListManagedInstances(DefaultProject, group[0], group[1]).MaxResults(1).
		Pages(t.Context(), func(page *compute.InstanceGroupManagersListManagedInstancesResponse) error {
			for _, i := range page.ManagedInstances {
				if i.CurrentAction != "DELETING" {
					names = append(names, i.Name)
				}
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestServer_instances: the instances of a pool, while it grows and shrinks.
func TestServer_instances(t *testing.T) {
	t.Parallel()
	for name, paged := range map[string]bool{"pageless": false, "paginated": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) { o.PagedGroups, o.Pending = paged, -1 })
			wiretest.OK(w.gke.CreateCluster(t.Context(), clusterRequest("demo")))(t)
			if urls := w.get(t, "demo").GetNodePools()[0].GetInstanceGroupUrls(); len(urls) != 0 {
				t.Errorf("while it is created it has the groups %v", urls)
			}
			w.pass()
			groups := groupsOf(t, w.get(t, "demo").GetNodePools()[0])
			if len(groups) != 1 || groups[0][0] != zoneA || !regexp.MustCompile(`^gke-demo-ng1-[0-9a-f]{8}-grp$`).MatchString(groups[0][1]) {
				t.Fatalf("the groups are %v", groups)
			}
			before := managedNames(t, w.compute, groups[0])
			if len(before) != 2 || !regexp.MustCompile(`^gke-demo-ng1-[0-9a-f]{8}-[a-z0-9]{4}$`).MatchString(before[0]) {
				t.Errorf("the instances are %v", before)
			}
			manager := func(target, none, creating, deleting int64) {
				t.Helper()
				m := wiretest.OK(w.compute.InstanceGroupManagers.Get(DefaultProject, zoneA, groups[0][1]).Context(t.Context()).Do())(t)
				if a := m.CurrentActions; m.TargetSize != target || a.None != none || a.Creating != creating || a.Deleting != deleting ||
					m.BaseInstanceName+"-grp" != groups[0][1] || m.Status.IsStable != (creating == 0 && deleting == 0) {
					t.Errorf("the manager is %d, %+v, want %d", m.TargetSize, a, target)
				}
			}
			manager(2, 2, 0, 0)
			for _, step := range []struct {
				n                             int32
				target, none, creating, going int64
			}{{4, 4, 2, 2, 0}, {1, 1, 1, 0, 3}, {0, 0, 0, 0, 1}} {
				wiretest.OK(size("ng1", step.n)(t.Context(), w.gke))(t)
				manager(step.target, step.none, step.creating, step.going)
				w.pass()
				manager(step.target, step.target, 0, 0)
				if now := managedNames(t, w.compute, groups[0]); len(now) != int(step.n) || step.n > 0 && now[0] != before[0] {
					t.Errorf("there are %v, want %d of them", now, step.n)
				}
			}
			list, err := w.compute.InstanceGroups.ListInstances(DefaultProject, zoneA, groups[0][1], &compute.InstanceGroupsListInstancesRequest{}).Context(t.Context()).Do()
			if err != nil || len(list.Items) != 0 {
				t.Errorf("the instances are %v, %v", list, err)
			}
			if g, err := w.compute.InstanceGroups.Get(DefaultProject, zoneA, groups[0][1]).Context(t.Context()).Do(); err != nil || g.Size != 0 {
				t.Errorf("the group is %v, %v", g, err)
			}
		})
	}
}

// TestServer_regional: a regional cluster has nodes in each zone, and sizes count
// for each of them.
func TestServer_regional(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := clusterRequest("demo", func(c *containerpb.Cluster) { c.Locations = nil })
	req.Parent = "projects/pmks-sim/locations/" + region
	op, err := w.gke.CreateCluster(t.Context(), req)
	if err != nil || op.GetLocation() != region || !strings.Contains(op.GetTargetLink(), "/locations/"+region+"/clusters/demo") {
		t.Fatalf("got %v, %v", op, err)
	}
	w.pass()
	name := req.Parent + "/clusters/demo"
	wiretest.OK(w.gke.SetNodePoolSize(t.Context(), &containerpb.SetNodePoolSizeRequest{Name: name + "/nodePools/ng1", NodeCount: 3}))(t)
	w.pass()
	c := wiretest.OK(w.gke.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: name}))(t)
	groups := groupsOf(t, c.GetNodePools()[0])
	var zones, all []string
	for _, g := range groups {
		names := managedNames(t, w.compute, g)
		if len(names) != 3 {
			t.Errorf("there are %v in %s", names, g[0])
		}
		zones, all = append(zones, g[0]), append(all, names...)
	}
	slices.Sort(all)
	if !slices.Equal(zones, []string{region + "-a", region + "-b", region + "-c"}) || len(slices.Compact(all)) != 9 {
		t.Errorf("there are %v in %v", all, zones)
	}
	if c.GetNodePools()[0].GetInitialNodeCount() != 3 || c.GetCurrentNodeCount() != 9 || c.GetLocation() != region {
		t.Errorf("it is %s", line(c))
	}
	// The same name may be used in a zone.
	w.create(t, "demo")
	for parent, want := range map[string]int{inZone: 1, req.Parent: 1, "projects/pmks-sim/locations/" + region + "-b": 0, "projects/pmks-sim/locations/-": 2} {
		list, err := w.rest.ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: parent})
		if err != nil || len(list.GetClusters()) != want {
			t.Errorf("%s has %d clusters, %v, want %d", parent, len(list.GetClusters()), err, want)
		}
	}
	w.options.MissingZones = []string{zoneA}
	list, err := w.gke.ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: "projects/pmks-sim/locations/-"})
	if err != nil || len(list.GetClusters()) != 1 || !slices.Equal(list.GetMissingZones(), []string{zoneA}) {
		t.Errorf("without a zone: %d clusters, missing %v, %v", len(list.GetClusters()), list.GetMissingZones(), err)
	}
}

// TestServer_put: ready-made clusters: their nodes, those of Autopilot, and names
// that are as long as may be.
func TestServer_put(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := seedGroup("ng1")
	g.Nodes = []pmks.IID{{SystemId: "gke-old-one"}, {SystemId: "gke-old-two"}, {SystemId: "gke-old-three"}}
	g.OnAutoScaling = true
	long := strings.Repeat("l", 40)
	for _, seed := range []core.Seed{
		{Name: "drifted", Groups: []pmks.NodeGroupInfo{g}, Attr: map[string]string{AttrChannel: "STABLE"}, Tags: map[string]string{"a": "b"}},
		{Name: "pilot", Groups: []pmks.NodeGroupInfo{seedGroup("default-pool")}, Attr: map[string]string{AttrAutopilot: "true", AttrLocation: region}},
		{Name: long, Groups: []pmks.NodeGroupInfo{seedGroup(long)}, Version: "1.34.3-gke.1051000"},
	} {
		wiretest.Must(t, w.Put(seed))
	}
	c := w.get(t, "drifted")
	pool := c.GetNodePools()[0]
	// The size has moved on from what the pool began with.
	if names := managedNames(t, w.compute, groupsOf(t, pool)[0]); pool.GetInitialNodeCount() != 2 || len(names) != 3 || names[2] != "gke-old-three" {
		t.Errorf("of initially %d there are %v", pool.GetInitialNodeCount(), names)
	}
	if a := pool.GetAutoscaling(); !a.GetEnabled() || a.GetMinNodeCount() != 1 || a.GetMaxNodeCount() != 3 || c.GetReleaseChannel().GetChannel() != stable {
		t.Errorf("it is %v", pool)
	}
	if names := managedNames(t, w.compute, groupsOf(t, w.get(t, long).GetNodePools()[0])[0]); len(names[0]) > 63 {
		t.Errorf("%s has %d characters", names[0], len(names[0]))
	}
	name := "projects/pmks-sim/locations/" + region + "/clusters/pilot"
	pilot, err := w.gke.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: name})
	if err != nil || !pilot.GetAutopilot().GetEnabled() || len(pilot.GetNodePools()) != 1 {
		t.Fatalf("got %v, %v", pilot, err)
	}
	group := groupsOf(t, pilot.GetNodePools()[0])[0]
	_, err = w.compute.InstanceGroupManagers.Get(DefaultProject, group[0], group[1]).Context(t.Context()).Do()
	if code := computeCode(err); code != "404 notFound" || !strings.HasPrefix(group[1], "gk3-") {
		t.Errorf("the group %s of Autopilot: %s", group[1], code)
	}
	_, err = w.gke.ListNodePools(t.Context(), &containerpb.ListNodePoolsRequest{Parent: name})
	_, err2 := w.gke.GetNodePool(t.Context(), &containerpb.GetNodePoolRequest{Name: name + "/nodePools/default-pool"})
	_, err3 := w.gke.SetNodePoolSize(t.Context(), &containerpb.SetNodePoolSizeRequest{Name: name + "/nodePools/default-pool"})
	for _, err := range []error{err, err2, err3} {
		if err == nil || !strings.Contains(err.Error(), "Autopilot node pools cannot be accessed or modified.") {
			t.Errorf("a pool of Autopilot: %v", err)
		}
	}
	for _, bad := range []core.Seed{
		{Name: "x", Attr: map[string]string{AttrLocation: "mars"}}, {Name: "drifted"},
		{Name: "y", Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "none"}}}, {Name: ""},
	} {
		if err := w.Put(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func computeCode(err error) string {
	var api *googleapi.Error
	if err == nil {
		return "200"
	}
	if !errors.As(err, &api) || len(api.Errors) == 0 {
		return err.Error()
	}
	return fmt.Sprint(api.Code, " ", api.Errors[0].Reason)
}

// TestServer_computeReads: the other reads of Compute Engine, and what it refuses.
func TestServer_computeReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, ctx, p := w.compute, t.Context(), DefaultProject
	for _, tt := range []struct {
		name string
		call func() error
		want string
	}{
		{"project", func() error { return wiretest.Err(v.Projects.Get(p).Context(ctx).Do()) }, "200"},
		{"network", func() error { return wiretest.Err(v.Networks.Get(p, "vpc-01").Context(ctx).Do()) }, "200"},
		{"network-none", func() error { return wiretest.Err(v.Networks.Get(p, "none").Context(ctx).Do()) }, "404 notFound"},
		{"network-name", func() error { return wiretest.Err(v.Networks.Get(p, "No_Name").Context(ctx).Do()) }, "400 invalid"},
		{"network-path", func() error { return wiretest.Err(v.Networks.Get(p, "a/../b").Context(ctx).Do()) }, "400 invalid"},
		{"networks", func() error { return wiretest.Err(v.Networks.List(p).MaxResults(1).Context(ctx).Do()) }, "200"},
		{"networks-size", func() error { return wiretest.Err(v.Networks.List(p).MaxResults(501).Context(ctx).Do()) }, "400 invalid"},
		{"networks-token", func() error { return wiretest.Err(v.Networks.List(p).PageToken("x").Context(ctx).Do()) }, "400 invalid"},
		{"networks-filter", func() error { return wiretest.Err(v.Networks.List(p).Filter("name=a").Context(ctx).Do()) }, "501 notImplemented"},
		{"subnetwork", func() error { return wiretest.Err(v.Subnetworks.Get(p, region, "subnet-01").Context(ctx).Do()) }, "200"},
		{"subnetwork-none", func() error { return wiretest.Err(v.Subnetworks.Get(p, region, "none").Context(ctx).Do()) }, "404 notFound"},
		{"subnetwork-region", func() error { return wiretest.Err(v.Subnetworks.Get(p, "mars", "subnet-01").Context(ctx).Do()) }, "400 invalid"},
		{"subnetworks", func() error { return wiretest.Err(v.Subnetworks.List(p, region).Context(ctx).Do()) }, "200"},
		{"zone", func() error { return wiretest.Err(v.Zones.Get(p, zoneA).Context(ctx).Do()) }, "200"},
		{"zone-none", func() error { return wiretest.Err(v.Zones.Get(p, "mars-a").Context(ctx).Do()) }, "404 notFound"},
		{"zones", func() error { return wiretest.Err(v.Zones.List(p).Context(ctx).Do()) }, "200"},
		{"region", func() error { return wiretest.Err(v.Regions.Get(p, region).Context(ctx).Do()) }, "200"},
		{"region-none", func() error { return wiretest.Err(v.Regions.Get(p, "mars").Context(ctx).Do()) }, "404 notFound"},
		{"machine", func() error { return wiretest.Err(v.MachineTypes.Get(p, zoneA, "e2-standard-4").Context(ctx).Do()) }, "200"},
		{"machine-none", func() error { return wiretest.Err(v.MachineTypes.Get(p, zoneA, "a3-highgpu-8g").Context(ctx).Do()) }, "404 notFound"},
		{"machine-zone", func() error { return wiretest.Err(v.MachineTypes.Get(p, "mars-a", "e2-medium").Context(ctx).Do()) }, "400 invalid"},
		{"machines", func() error { return wiretest.Err(v.MachineTypes.List(p, zoneA).Context(ctx).Do()) }, "200"},
		{"disk", func() error { return wiretest.Err(v.DiskTypes.Get(p, zoneA, "pd-ssd").Context(ctx).Do()) }, "200"},
		{"disk-none", func() error { return wiretest.Err(v.DiskTypes.Get(p, zoneA, "none").Context(ctx).Do()) }, "404 notFound"},
		{"group-none", func() error { return wiretest.Err(v.InstanceGroupManagers.Get(p, zoneA, "none").Context(ctx).Do()) }, "404 notFound"},
		{"project-other", func() error { return wiretest.Err(v.Zones.List("other").Context(ctx).Do()) }, "404 notFound"},
		{"instances", func() error { return wiretest.Err(v.Instances.List(p, zoneA).Context(ctx).Do()) }, "501 notImplemented"},
		{"firewalls", func() error { return wiretest.Err(v.Firewalls.List(p).Context(ctx).Do()) }, "404 notFound"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := computeCode(tt.call()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	var names []string
	if err := v.Networks.List(p).MaxResults(1).Pages(ctx, func(page *compute.NetworkList) error {
		for _, n := range page.Items {
			names = append(names, n.Name)
		}
		return nil
	}); err != nil || len(names) != 3 {
		t.Errorf("the networks are %v, %v", names, err)
	}
	sub, err := v.Subnetworks.Get(p, region, "subnet-01").Context(ctx).Do()
	if err != nil || !strings.HasSuffix(sub.Network, "/global/networks/vpc-01") || len(sub.SecondaryIpRanges) != 2 {
		t.Errorf("the subnetwork is %v, %v", sub, err)
	}
	m, err := v.MachineTypes.Get(p, zoneA, "e2-standard-4").Context(ctx).Do()
	if err != nil || m.GuestCpus != 4 || m.MemoryMb != 16384 {
		t.Errorf("the machine type is %v, %v", m, err)
	}
}

// TestDefaultResources: what the profile's samples refer to is there.
func TestDefaultResources(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("gcp")
	sample := p.SampleRequest("sample")
	r := DefaultResources(p.Region)
	if !r.network("", sample.Network.VpcIID.NameId) {
		t.Errorf("there is no network %s", sample.Network.VpcIID)
	}
	for _, iid := range sample.Network.SubnetIIDs {
		if _, ok := r.subnetwork("", p.Region, iid.NameId); !ok {
			t.Errorf("there is no subnetwork %s", iid)
		}
	}
	g := p.SampleNodeGroup("g")
	if _, ok := r.machineType(g.VMSpecName); !ok || !slices.Contains(r.DiskTypes, g.RootDiskType) || !slices.Contains(imageTypes, g.ImageIID.NameId) {
		t.Errorf("what %+v refers to is not there", g)
	}
	for _, c := range DefaultChannels() {
		for _, v := range append(c.Versions, c.Default, c.UpgradeTarget) {
			if !slices.Contains(p.OfferedNames(), v) {
				t.Errorf("channel %s has %s, which the profile does not offer", c.Channel, v)
			}
		}
	}
}
