// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

const zoneB = "asia-northeast3-b"

func seedOf(name, location string, pools ...pmks.NodeGroupInfo) Seed {
	return Seed{Seed: core.Seed{Name: name, Groups: pools, Attr: map[string]string{AttrLocation: location}}}
}

func group(name string, desired int) pmks.NodeGroupInfo {
	return pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, DesiredNodeSize: desired}
}

func (w *world) put(t *testing.T, seeds ...Seed) {
	t.Helper()
	for _, seed := range seeds {
		wiretest.Must(t, w.PutCluster(seed))
	}
}

// instancesOf counts the instances of every group of a pool.
func (w *world) instancesOf(t *testing.T, pool *containerpb.NodePool) (counts []int) {
	t.Helper()
	for _, g := range groupsOf(t, pool) {
		out := wiretest.OK(w.compute.InstanceGroupManagers.ListManagedInstances(DefaultProject, g[0], g[1]).Context(t.Context()).Do())(t)
		counts = append(counts, len(out.ManagedInstances))
	}
	return counts
}

// TestServer_elsewhere: what lies in another project is refused in its own name, and
// a location that Google has is not said to be none.
func TestServer_elsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Projects = []string{"theirs"} })
	ctx := t.Context()
	for name, want := range map[string]struct {
		code codes.Code
		text string
	}{
		"projects/other/locations/" + zoneA + "/clusters/c":            {codes.PermissionDenied, `for "projects/other/zones/` + zoneA + `/clusters/c"`},
		"projects/other/locations/us-central1/clusters/c":              {codes.PermissionDenied, `for "projects/other/locations/us-central1/clusters/c"`},
		"projects/pmks-sim/locations/us-central1/clusters/c":           {codes.Unimplemented, "not simulated: the location us-central1"},
		"projects/pmks-sim/locations/europe-west1-b/clusters/c":        {codes.Unimplemented, "not simulated: the location europe-west1-b"},
		"projects/pmks-sim/locations/us-central1-ai1a/clusters/c":      {codes.Unimplemented, "not simulated: the location us-central1-ai1a"},
		"projects/pmks-sim/locations/nowhere1-a/clusters/c":            {codes.InvalidArgument, `Location "nowhere1-a" does not exist.`},
		"projects/" + DefaultProjectNumber + "/locations/a/clusters/c": {codes.InvalidArgument, `Location "a" does not exist.`},
	} {
		_, err := w.gke.GetCluster(ctx, &containerpb.GetClusterRequest{Name: name})
		if codeOf(err) != want.code || !strings.Contains(err.Error(), want.text) || strings.Contains(name, "other") && strings.Contains(err.Error(), DefaultProject) {
			t.Errorf("%s: %v, want %s with %q", name, err, want.code, want.text)
		}
	}
	get := func(project, network string) codes.Code {
		_, err := w.compute.Networks.Get(project, network).Context(ctx).Do()
		return codeOf(err)
	}
	group := func(project, zone string) codes.Code {
		_, err := w.compute.InstanceGroupManagers.Get(project, zone, "g").Context(ctx).Do()
		return codeOf(err)
	}
	zone := func(name string) codes.Code {
		_, err := w.compute.Zones.Get(DefaultProject, name).Context(ctx).Do()
		return codeOf(err)
	}
	for what, got := range map[string][2]codes.Code{
		"network of a host project":  {get(DefaultHostProject, "shared-vpc"), codes.OK},
		"own network at the host":    {get(DefaultHostProject, "vpc-01"), codes.NotFound},
		"shared network at home":     {get(DefaultProject, "shared-vpc"), codes.NotFound},
		"network without rights":     {get("theirs", "vpc-01"), codes.PermissionDenied},
		"network of no project":      {get("none", "vpc-01"), codes.NotFound},
		"group of the host":          {group(DefaultHostProject, zoneA), codes.PermissionDenied},
		"group elsewhere":            {group(DefaultProject, "us-central1-a"), codes.Unimplemented},
		"zone elsewhere":             {zone("us-central1-a"), codes.Unimplemented},
		"zone that Google has not":   {zone("us-nowhere1-a"), codes.NotFound},
		"zone that is no zone there": {zone("us-central1-z"), codes.NotFound},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %s, want %s", what, got[0], got[1])
		}
	}
}

// TestServer_sharedVPC: a network of a host project is taken by its whole name, and
// only with ranges that are there.
func TestServer_sharedVPC(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const host = "projects/" + DefaultHostProject
	shared := func(network, subnetwork string, ranges bool) func(*containerpb.Cluster) {
		return func(c *containerpb.Cluster) {
			c.Network, c.Subnetwork = network, subnetwork
			if ranges {
				c.IpAllocationPolicy.ClusterSecondaryRangeName, c.IpAllocationPolicy.ServicesSecondaryRangeName = "shared-pods", "shared-services"
			}
		}
	}
	for name, tt := range map[string]struct {
		change func(*containerpb.Cluster)
		want   codes.Code
	}{
		"whole":       {shared(host+"/global/networks/shared-vpc", host+"/regions/"+region+"/subnetworks/shared-subnet", true), codes.OK},
		"self-links":  {shared("https://www.googleapis.com/compute/v1/"+host+"/global/networks/shared-vpc", "https://www.googleapis.com/compute/v1/"+host+"/regions/"+region+"/subnetworks/shared-subnet", true), codes.OK},
		"no-ranges":   {shared(host+"/global/networks/shared-vpc", host+"/regions/"+region+"/subnetworks/shared-subnet", false), codes.InvalidArgument},
		"name-alone":  {shared("shared-vpc", "shared-subnet", true), codes.InvalidArgument},
		"mixed":       {shared("vpc-01", host+"/regions/"+region+"/subnetworks/shared-subnet", true), codes.InvalidArgument},
		"other-host":  {shared("projects/x/global/networks/shared-vpc", "projects/x/regions/"+region+"/subnetworks/shared-subnet", true), codes.InvalidArgument},
		"home-in-own": {shared("projects/"+DefaultProjectNumber+"/global/networks/vpc-01", "subnet-01", false), codes.OK},
	} {
		_, err := w.gke.CreateCluster(t.Context(), clusterRequest(name, tt.change))
		if codeOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	w.pass()
	c := w.get(t, "self-links")
	if c.GetNetwork() != "shared-vpc" || c.GetNetworkConfig().GetNetwork() != host+"/global/networks/shared-vpc" || c.GetClusterIpv4Cidr() != "10.52.0.0/14" {
		t.Errorf("it reads %s, %v, %s", c.GetNetwork(), c.GetNetworkConfig(), c.GetClusterIpv4Cidr())
	}
}

// TestServer_console: clusters and pools as other tools make them.
func TestServer_console(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	auto := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "nap"}, OnAutoScaling: true, MaxNodeSize: 9}
	two := seedOf("two", zoneA, group("ng1", 6), group("own", 2), auto, group("win", 2))
	two.Zones = []string{zoneA, zoneB}
	two.Pools = map[string]PoolSeed{
		"ng1": {MaxPods: 16}, "own": {Zones: []string{zoneB}, Spot: true},
		"nap": {Autoprovisioned: true, PerZone: true, LocationPolicy: containerpb.NodePoolAutoscaling_ANY},
		"win": {ImageType: "WINDOWS_LTSC_CONTAINERD", Preemptible: true},
	}
	w.put(t, two, seedOf("wide", region, group("ng1", 3)), seedOf("twin", zoneA, group("ng1", 1)), seedOf("twin", zoneB, group("ng1", 2)))
	c := w.get(t, "two")
	pools := map[string]*containerpb.NodePool{}
	for _, p := range c.GetNodePools() {
		pools[p.GetName()] = p
	}
	got := fmt.Sprintln(c.GetLocations(), w.instancesOf(t, pools["ng1"]), w.instancesOf(t, pools["own"]), pools["ng1"].GetInitialNodeCount(), pools["ng1"].GetPodIpv4CidrSize(),
		pools["ng1"].GetMaxPodsConstraint().GetMaxPodsPerNode(), pools["own"].GetConfig().GetSpot(), pools["own"].GetConfig().GetResourceLabels()[provisioningLabel],
		pools["nap"].GetAutoscaling().GetAutoprovisioned(), pools["nap"].GetAutoscaling().GetMaxNodeCount(), pools["nap"].GetAutoscaling().GetLocationPolicy(),
		pools["win"].GetConfig().GetImageType(), pools["win"].GetConfig().GetPreemptible())
	if want := "[" + zoneA + " " + zoneB + "] [3 3] [2] 3 27 16 true spot true 9 ANY WINDOWS_LTSC_CONTAINERD true\n"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	list, err := w.gke.ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: "projects/pmks-sim/locations/-"})
	if err != nil || len(list.GetClusters()) != 4 {
		t.Errorf("%d clusters, %v", len(list.GetClusters()), err)
	}
	// A change of bounds that leaves the mark out ends it.
	bounds := func(marked bool) {
		t.Helper()
		wiretest.OK(w.gke.SetNodePoolAutoscaling(t.Context(), &containerpb.SetNodePoolAutoscalingRequest{Name: poolName("two", "nap"),
			Autoscaling: &containerpb.NodePoolAutoscaling{Enabled: true, MaxNodeCount: 4, Autoprovisioned: marked}}))(t)
		w.pass()
		if a := w.get(t, "two").GetNodePools()[2].GetAutoscaling(); a.GetAutoprovisioned() != marked || a.GetMaxNodeCount() != 4 {
			t.Errorf("with %t the pool has %v", marked, a)
		}
	}
	bounds(true)
	bounds(false)
}

// TestServer_maxPods: the number is kept, and decides the range of a node.
func TestServer_maxPods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for pods, want := range map[int64]int32{0: 25, 8: 28, 16: 27, 32: 26, 110: 24, 256: 23} {
		name := fmt.Sprintf("c%d", pods)
		w.create(t, name, func(c *containerpb.Cluster) {
			c.DefaultMaxPodsConstraint = &containerpb.MaxPodsConstraint{MaxPodsPerNode: 64}
			if pods > 0 {
				c.NodePools[0].MaxPodsConstraint = &containerpb.MaxPodsConstraint{MaxPodsPerNode: pods}
			}
		})
		p := w.get(t, name).GetNodePools()[0]
		if n := p.GetMaxPodsConstraint().GetMaxPodsPerNode(); pods > 0 && n != pods || pods == 0 && n != 64 || p.GetPodIpv4CidrSize() != want {
			t.Errorf("%d: %d pods, /%d, want /%d", pods, n, p.GetPodIpv4CidrSize(), want)
		}
	}
	_, err := w.gke.CreateCluster(t.Context(), clusterRequest("many", func(c *containerpb.Cluster) {
		c.NodePools[0].MaxPodsConstraint = &containerpb.MaxPodsConstraint{MaxPodsPerNode: 257}
	}))
	if codeOf(err) != codes.InvalidArgument {
		t.Errorf("257: %v", err)
	}
	_, err = w.gke.CreateCluster(t.Context(), clusterRequest("win", func(c *containerpb.Cluster) { c.NodePools[0].Config.ImageType = "WINDOWS_LTSC_CONTAINERD" }))
	if codeOf(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "Linux") {
		t.Errorf("only Windows: %v", err)
	}
}

// TestServer_blueGreen: both sets of groups show while one replaces the other.
func TestServer_blueGreen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Pending = -1 })
	w.create(t, "demo", func(c *containerpb.Cluster) {
		c.InitialClusterVersion = "1.33.5-gke.1956000"
		strategy := containerpb.NodePoolUpdateStrategy_BLUE_GREEN
		c.NodePools[0].UpgradeSettings = &containerpb.NodePool_UpgradeSettings{Strategy: &strategy}
	})
	blue := groupsOf(t, w.get(t, "demo").GetNodePools()[0])
	ctx := t.Context()
	for _, call := range []mutation{master("1.33.5-gke.2072000"), nodes("ng1", "-", "COS_CONTAINERD")} {
		wiretest.OK(call(ctx, w.gke))(t)
		if call := w.Calls()[len(w.Calls())-1]; call.Op == "UpdateMaster" {
			w.pass()
		}
	}
	var phases []string
	for range 1000 {
		p := w.get(t, "demo").GetNodePools()[0]
		info := p.GetUpdateInfo().GetBlueGreenInfo()
		if info == nil {
			break
		}
		if phase := info.GetPhase().String(); len(phases) == 0 || phases[len(phases)-1] != phase {
			phases = append(phases, phase)
			want := []int{2, 2}[:len(info.GetBlueInstanceGroupUrls())+len(info.GetGreenInstanceGroupUrls())]
			if got := w.instancesOf(t, p); !slices.Equal(got, want) || len(p.GetInstanceGroupUrls()) != len(want) {
				t.Errorf("in %s the groups have %v", phase, got)
			}
		}
		w.clock.Add(w.duration("UpgradeNodeGroup") / 100)
	}
	if want := []string{"UPDATE_STARTED", "CREATING_GREEN_POOL", "CORDONING_BLUE_POOL", "DRAINING_BLUE_POOL", "NODE_POOL_SOAKING", "DELETING_BLUE_POOL"}; !slices.Equal(phases, want) {
		t.Errorf("the phases are %v", phases)
	}
	p := w.get(t, "demo").GetNodePools()[0]
	if left := groupsOf(t, p); len(left) != 1 || left[0] == blue[0] || !slices.Equal(w.instancesOf(t, p), []int{2}) {
		t.Errorf("left are %v", left)
	}
	if _, err := w.compute.InstanceGroupManagers.Get(DefaultProject, blue[0][0], blue[0][1]).Context(ctx).Do(); codeOf(err) != codes.NotFound {
		t.Errorf("the blue group: %v", err)
	}
	seed := seedOf("stays", zoneA, group("ng1", 3))
	seed.Pools = map[string]PoolSeed{"ng1": {BlueGreen: phaseSoak}}
	w.put(t, seed)
	w.pass()
	c := w.get(t, "stays")
	if got := w.instancesOf(t, c.GetNodePools()[0]); !slices.Equal(got, []int{3, 3}) || line(c) != "RECONCILING ng1:RECONCILING:1.33.5-gke.2072000:3" {
		t.Errorf("%s, %v", line(c), got)
	}
	ops := wiretest.OK(w.gke.ListOperations(ctx, &containerpb.ListOperationsRequest{Parent: inZone}))(t)
	last := ops.GetOperations()[len(ops.GetOperations())-1]
	wiretest.Must(t, w.gke.CancelOperation(ctx, &containerpb.CancelOperationRequest{Name: opName(last)}))
	if c := w.get(t, "stays"); len(groupsOf(t, c.GetNodePools()[0])) != 1 || c.GetStatus() != containerpb.Cluster_RUNNING {
		t.Errorf("after it was canceled: %s", line(c))
	}
}

// TestFailure: the operation says it where the failure has it, and what is left is as
// the failure wants it.
func TestFailure(t *testing.T) {
	t.Parallel()
	const text = "the zone does not have enough resources"
	stockout := containerpb.StatusCondition_GCE_STOCKOUT
	create := func(ctx context.Context, c *container.ClusterManagerClient) (*containerpb.Operation, error) {
		return c.CreateCluster(ctx, clusterRequest("new"))
	}
	for name, tt := range map[string]struct {
		op   string
		call mutation
		fail Failure
		want string // error, statusMessage, conditions, and the first pool of the target
	}{
		"code-alone":  {"SetNodePoolSize", size("ng1", 3), Failure{Code: 8, Record: RecordError}, `8 "" "" 0 RUNNING`},
		"whole":       {"SetNodePoolSize", size("ng1", 3), Failure{Condition: stockout, Message: text}, `8 "` + text + `" "` + text + `" 1 RUNNING`},
		"message":     {"SetNodePoolSize", size("ng1", 3), Failure{Message: text, Record: RecordStatusMessage}, `0 "" "` + text + `" 0 RUNNING`},
		"conditions":  {"UpdateMaster", master("1.34"), Failure{Message: text, Record: RecordConditions}, `0 "" "" 1 RUNNING`},
		"bounds":      {"SetNodePoolAutoscaling", autoscale("ng1", &containerpb.NodePoolAutoscaling{Enabled: true, MaxNodeCount: 4}), Failure{Code: 3, Message: text}, `3 "` + text + `" "` + text + `" 1 RUNNING`},
		"partial-add": {"CreateNodePool", createPool("ng0"), Failure{Condition: stockout, Message: text, Partial: true}, `8 "` + text + `" "` + text + `" 1 RUNNING_WITH_ERROR`},
		"vanishes":    {"CreateCluster", create, Failure{Condition: stockout, Message: text, Vanish: true}, `8 "` + text + `" "` + text + `" 1 gone`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create(t, "demo")
			w.Inject(faultLater(tt.op, tt.fail.Reason()))
			op := wiretest.OK(tt.call(t.Context(), w.gke))(t)
			w.pass()
			if op = w.read(t, op); op.GetStatus() != containerpb.Operation_DONE {
				t.Fatal(op)
			}
			left := "gone"
			if !tt.fail.Vanish {
				pools := w.get(t, "demo").GetNodePools()
				left = pools[len(pools)-1].GetStatus().String()
				if pools[0].GetAutoscaling().GetEnabled() || pools[0].GetInitialNodeCount() != 2 {
					t.Errorf("the pool has changed: %v", pools[0])
				}
			} else if _, err := w.gke.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterName("new")}); codeOf(err) != codes.NotFound {
				t.Errorf("it is still there: %v", err)
			}
			got := fmt.Sprintf("%d %q %q %d %s", op.GetError().GetCode(), op.GetError().GetMessage(), op.GetStatusMessage(),
				len(op.GetClusterConditions())+len(op.GetNodepoolConditions()), left)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestServer_Remake: a controller makes a pool again, as often as it is told.
func TestServer_Remake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo")
	wiretest.Must(t, w.Remake("demo", "ng1", 1))
	before := groupsOf(t, w.get(t, "demo").GetNodePools()[0])
	for i, want := range []string{"RUNNING ng1:RUNNING:1.33.5-gke.2072000:2", "RUNNING"} {
		wiretest.OK(deletePool("ng1")(t.Context(), w.gke))(t)
		w.pass()
		w.pass()
		c := w.get(t, "demo")
		if line(c) != want {
			t.Errorf("after deletion %d: %s, want %s", i+1, line(c), want)
		}
		if i == 0 && groupsOf(t, c.GetNodePools()[0])[0] == before[0] {
			t.Error("it has the same group")
		}
	}
	if w.Remake("none", "ng1", 1) == nil {
		t.Error("a pool of no cluster")
	}
}

// TestServer_Deny: one secondary read at a time is refused.
func TestServer_Deny(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	reads := map[string]func() error{
		"container.operations.list": func() error {
			return wiretest.Err(w.gke.ListOperations(ctx, &containerpb.ListOperationsRequest{Parent: inZone}))
		},
		"container.clusters.list": func() error {
			return wiretest.Err(w.gke.GetServerConfig(ctx, &containerpb.GetServerConfigRequest{Name: inZone}))
		},
		"compute.instances.list": func() error {
			return wiretest.Err(w.compute.Instances.AggregatedList(DefaultProject).Context(ctx).Do())
		},
	}
	for denied := range reads {
		allow := w.Deny(denied)
		for name, read := range reads {
			if err := read(); (codeOf(err) == codes.PermissionDenied) != (name == denied) {
				t.Errorf("without %s, %s: %v", denied, name, err)
			}
		}
		allow()
		allow()
		if err := reads[denied](); err != nil {
			t.Errorf("%s is back: %v", denied, err)
		}
	}
}
