// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"context"
	"fmt"
	"strings"
	"testing"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// changed is a request for a cluster with one thing changed.
func changed(f func(*containerpb.Cluster)) func(context.Context, *container.ClusterManagerClient) error {
	return func(ctx context.Context, c *container.ClusterManagerClient) error {
		return wiretest.Err(c.CreateCluster(ctx, clusterRequest("new", f)))
	}
}

// changedPool is a request for a node pool with one thing changed.
func changedPool(f func(*containerpb.NodePool)) func(context.Context, *container.ClusterManagerClient) error {
	return func(ctx context.Context, c *container.ClusterManagerClient) error {
		pool := poolRequest("new")
		f(pool)
		return wiretest.Err(c.CreateNodePool(ctx, &containerpb.CreateNodePoolRequest{Parent: clusterName("demo"), NodePool: pool}))
	}
}

func labels(n int) map[string]string {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprintf("l%d", i)] = "x"
	}
	return m
}

// TestServer_refusesClusters: what CreateCluster does not take.
func TestServer_refusesClusters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo")
	const bad = codes.InvalidArgument
	tests := []struct {
		name string
		f    func(*containerpb.Cluster)
		code codes.Code
		text string
	}{
		{"name", func(c *containerpb.Cluster) { c.Name = "Demo" }, bad, `Invalid value for field "cluster.name": "Demo". Must be a match of regex`},
		{"name-hyphen", func(c *containerpb.Cluster) { c.Name = "demo-" }, bad, "Must be a match of regex"},
		{"name-empty", func(c *containerpb.Cluster) { c.Name = "" }, bad, "Must be a match of regex"},
		{"name-long", func(c *containerpb.Cluster) { c.Name = strings.Repeat("a", 41) }, bad, "Cluster.name must be less than 40 characters."},
		{"exists", func(c *containerpb.Cluster) { c.Name = "demo" }, codes.AlreadyExists, "Already exists: projects/pmks-sim/zones/" + zoneA + "/clusters/demo."},
		{"no-pools", func(c *containerpb.Cluster) { c.NodePools = nil }, bad, "Cluster.initial_node_count must be greater than zero."},
		{"both-pools", func(c *containerpb.Cluster) { c.InitialNodeCount = 1 }, bad, "cannot both be set"},
		{"old-pools", func(c *containerpb.Cluster) { c.NodePools, c.InitialNodeCount = nil, 1 }, codes.Unimplemented, "not simulated"},
		{"twice", func(c *containerpb.Cluster) { c.NodePools = append(c.NodePools, poolRequest("ng1")) }, bad, `Duplicate node pool name "ng1"`},
		{"network", func(c *containerpb.Cluster) { c.Network = "none" }, bad, `Network "none" does not exist.`},
		{"network-elsewhere", func(c *containerpb.Cluster) { c.Network = "projects/other/global/networks/vpc-01" }, bad, "does not exist"},
		{"network-default", func(c *containerpb.Cluster) { c.Network = "" }, bad, "is not a subnetwork of network"},
		{"subnetwork", func(c *containerpb.Cluster) { c.Subnetwork = "none" }, bad, "does not exist in region"},
		{"subnetwork-elsewhere", func(c *containerpb.Cluster) {
			c.Subnetwork = "projects/pmks-sim/regions/us-central1/subnetworks/subnet-far"
		}, bad, "must be in the region"},
		{"subnetwork-of-another", func(c *containerpb.Cluster) { c.Subnetwork = "subnet-02" }, bad, "is not a subnetwork of network"},
		{"range", func(c *containerpb.Cluster) { c.IpAllocationPolicy.ClusterSecondaryRangeName = "none" }, bad, "Secondary range"},
		{"ipv6", func(c *containerpb.Cluster) { c.IpAllocationPolicy.StackType = containerpb.StackType_IPV4_IPV6 }, codes.Unimplemented, "IPv6"},
		{"location", func(c *containerpb.Cluster) { c.Locations = []string{zoneA, "us-nowhere1-a"} }, bad, `Location "us-nowhere1-a" does not exist.`},
		{"location-elsewhere", func(c *containerpb.Cluster) { c.Locations = []string{zoneA, "us-central1-a"} }, bad,
			`Location "us-central1-a" is not a zone of the region "asia-northeast3" of the cluster.`},
		{"location-other", func(c *containerpb.Cluster) { c.Locations = []string{region + "-b"} }, bad, "must contain its zone"},
		{"label-value", func(c *containerpb.Cluster) { c.ResourceLabels = map[string]string{"a": "Big"} }, bad, "Invalid field 'cluster.resource_labels.value': \"Big\". It must only contain lowercase letters ([a-z]), numeric characters ([0-9]), underscores (_) and dashes (-). International characters are allowed."},
		{"label-key", func(c *containerpb.Cluster) { c.ResourceLabels = map[string]string{"#a:b": ""} }, bad, "cluster.resource_labels.key"},
		{"label-reserved", func(c *containerpb.Cluster) { c.ResourceLabels = map[string]string{"goog-x": ""} }, bad, "reserved"},
		{"labels", func(c *containerpb.Cluster) { c.ResourceLabels = labels(65) }, bad, "at most 64"},
		{"version", func(c *containerpb.Cluster) { c.InitialClusterVersion = "1.6.2" }, bad, `No valid versions with the prefix "1.6.2" found.`},
		{"version-whole", func(c *containerpb.Cluster) { c.InitialClusterVersion = "1.14.3-gke.9" }, bad, `Master version "1.14.3-gke.9" is unsupported.`},
		{"version-channel", func(c *containerpb.Cluster) {
			c.InitialClusterVersion = "1.35.0-gke.1403000"
			c.ReleaseChannel = &containerpb.ReleaseChannel{Channel: stable}
		}, bad, `Master version must be one of "STABLE" channel supported versions [1.33.5-gke.2072000, `},
		{"version-of-pool", func(c *containerpb.Cluster) { c.NodePools[0].Version = "1.35" }, bad, "must not have a greater minor version than master version"},
		{"skew", func(c *containerpb.Cluster) {
			c.InitialClusterVersion, c.NodePools[0].Version = "1.34", "1.31"
		}, bad, "must be within two minor versions"},
		{"networks-many", func(c *containerpb.Cluster) {
			c.ControlPlaneEndpointsConfig = openly(strings.Split(strings.Repeat("10.0.0.0/8 ", 50)+"10.0.0.0/8", " ")...)
		}, bad, "at most 50 are allowed, got 51"},
		{"networks-none", func(c *containerpb.Cluster) { c.ControlPlaneEndpointsConfig = openly("10.0.0.0") }, bad, `"10.0.0.0" is not a valid CIDR block`},
		{"networks-host", func(c *containerpb.Cluster) { c.ControlPlaneEndpointsConfig = openly("10.0.0.1/8") }, bad, "is not a valid CIDR block"},
		{"networks-ipv6", func(c *containerpb.Cluster) { c.ControlPlaneEndpointsConfig = openly("2001:db8::/32") }, codes.Unimplemented, "IPv6"},
		{"networks-off", func(c *containerpb.Cluster) {
			c.ControlPlaneEndpointsConfig = openly("10.0.0.0/8")
			c.ControlPlaneEndpointsConfig.IpEndpointsConfig.AuthorizedNetworksConfig.Enabled = false
		}, bad, "while they are not enabled"},
		{"networks-twin", func(c *containerpb.Cluster) {
			c.ControlPlaneEndpointsConfig, c.MasterAuthorizedNetworksConfig = openly("10.0.0.0/8"), &authorizedNetworks{}
		}, bad, "Cluster.master_authorized_networks_config and Cluster.control_plane_endpoints_config cannot both be set."},
		{"private-twin", func(c *containerpb.Cluster) {
			c.ControlPlaneEndpointsConfig, c.PrivateClusterConfig = privately(), &containerpb.PrivateClusterConfig{EnablePrivateEndpoint: true}
		}, bad, "cannot both be set"},
		{"endpoint-output", func(c *containerpb.Cluster) {
			c.ControlPlaneEndpointsConfig = &endpointsConfig{DnsEndpointConfig: &dnsEndpoint{Endpoint: "a"}}
		}, bad, "output only"},
		{"endpoint-subnetwork", func(c *containerpb.Cluster) {
			c.ControlPlaneEndpointsConfig = &endpointsConfig{IpEndpointsConfig: &ipEndpoints{PrivateEndpointSubnetwork: "none"}}
		}, bad, `Subnetwork "none" does not exist in region`},
		{"private-nodes", func(c *containerpb.Cluster) {
			c.PrivateClusterConfig = &containerpb.PrivateClusterConfig{EnablePrivateNodes: true}
		},
			codes.Unimplemented, "enable_private_nodes"},
		{"output", func(c *containerpb.Cluster) { c.Status = running }, bad, `Field "cluster.status" is output only.`},
		{"output-link", func(c *containerpb.Cluster) { c.SelfLink = "x" }, bad, "output only"},
		{"autopilot", func(c *containerpb.Cluster) { c.Autopilot = &containerpb.Autopilot{Enabled: true} }, codes.Unimplemented, "cluster.autopilot"},
		{"empty-first", func(c *containerpb.Cluster) { c.NodePools[0].InitialNodeCount = 0 }, bad, "at least one node"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for transport, c := range map[string]*container.ClusterManagerClient{"grpc": w.gke, "rest": w.rest} {
				err := changed(tt.f)(t.Context(), c)
				if codeOf(err) != tt.code || !strings.Contains(fmt.Sprint(err), tt.text) {
					t.Errorf("%s: got %v: %v\nwant %v: %s", transport, codeOf(err), err, tt.code, tt.text)
				}
			}
		})
	}
}

func taints(key, value string, effect containerpb.NodeTaint_Effect) []*containerpb.NodeTaint {
	return []*containerpb.NodeTaint{{Key: key, Value: value, Effect: effect}}
}

// TestServer_refusesPools: what CreateNodePool does not take.
func TestServer_refusesPools(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo")
	const bad = codes.InvalidArgument
	auto := func(lower, upper, totalLower, totalUpper int32) func(*containerpb.NodePool) {
		return func(p *containerpb.NodePool) {
			p.Autoscaling = &containerpb.NodePoolAutoscaling{Enabled: true, MinNodeCount: lower, MaxNodeCount: upper, TotalMinNodeCount: totalLower, TotalMaxNodeCount: totalUpper}
		}
	}
	tests := []struct {
		name string
		f    func(*containerpb.NodePool)
		code codes.Code
		text string
	}{
		{"name", func(p *containerpb.NodePool) { p.Name = "a_b" }, bad, "Must be a match of regex"},
		{"exists", func(p *containerpb.NodePool) { p.Name = "ng1" }, codes.AlreadyExists, "/clusters/demo/nodePools/ng1."},
		{"machine", func(p *containerpb.NodePool) { p.Config.MachineType = "x9-huge" }, bad, `machine type "x9-huge" does not exist.`},
		{"machine-zone", func(p *containerpb.NodePool) { p.Config.MachineType = "a3-highgpu-8g" }, bad, "does not exist"},
		{"micro", func(p *containerpb.NodePool) { p.Config.MachineType = "f1-micro" }, bad, "Node pools of f1-micro machines are not supported due to insufficient memory."},
		{"image", func(p *containerpb.NodePool) { p.Config.ImageType = "WINDOWS" }, bad, "Unexpected image_type: WINDOWS."},
		{"disk", func(p *containerpb.NodePool) { p.Config.DiskType = "floppy" }, bad, `Disk type "floppy" does not exist.`},
		{"disk-machine", func(p *containerpb.NodePool) {
			p.Config.DiskType, p.Config.MachineType = "hyperdisk-balanced", "n2-standard-16"
		}, bad, "hyperdisk-balanced disk type cannot be used by n2-standard-16 machine type."},
		{"machine-disk", func(p *containerpb.NodePool) { p.Config.MachineType = "n4-standard-4" }, bad, "pd-balanced disk type cannot be used by n4-standard-4 machine type."},
		{"disk-size", func(p *containerpb.NodePool) { p.Config.DiskSizeGb = 9 }, bad, "disk_size_gb"},
		{"account", func(p *containerpb.NodePool) { p.Config.ServiceAccount = "none@x" }, bad, `Service account "none@x" does not exist.`},
		{"tag", func(p *containerpb.NodePool) { p.Config.Tags = []string{"SG"} }, bad, "node_pool.config.tags"},
		{"tags", func(p *containerpb.NodePool) { p.Config.Tags = strings.Split(strings.Repeat("a", 65), "") }, bad, "at most 64 tags"},
		{"metadata-key", func(p *containerpb.NodePool) { p.Config.Metadata = map[string]string{"a b": ""} }, bad, "Invalid metadata key"},
		{"metadata-reserved", func(p *containerpb.NodePool) { p.Config.Metadata = map[string]string{"user-data": ""} }, bad, "is reserved"},
		{"metadata-large", func(p *containerpb.NodePool) {
			p.Config.Metadata = map[string]string{"a": strings.Repeat("x", 33<<10)}
		}, bad, "longer than"},
		{"labels", func(p *containerpb.NodePool) {
			p.Config.Labels = map[string]string{"a": strings.Repeat("x", 1024)}
		}, bad, "more than 1024"},
		{"label-key", func(p *containerpb.NodePool) { p.Config.Labels = map[string]string{"a b": ""} }, bad, `Invalid node label key "a b".`},
		{"label-value", func(p *containerpb.NodePool) { p.Config.Labels = map[string]string{"a": "-"} }, bad, `Invalid node label value "-"`},
		{"label-prefix", func(p *containerpb.NodePool) { p.Config.Labels = map[string]string{"a.k8s.io/b": ""} }, bad, "reserved prefix"},
		{"taint-key", func(p *containerpb.NodePool) { p.Config.Taints = taints("/a", "b", 1) }, bad, `Invalid node taint key "/a".`},
		{"taint-value", func(p *containerpb.NodePool) { p.Config.Taints = taints("a", "b c", 1) }, bad, `Invalid node taint value "b c"`},
		{"taint-effect", func(p *containerpb.NodePool) { p.Config.Taints = taints("a", "b", 0) }, bad, "Invalid node taint effect"},
		{"taint-unknown", func(p *containerpb.NodePool) { p.Config.Taints = taints("a", "b", 9) }, bad, "Invalid node taint effect"},
		{"taint-twice", func(p *containerpb.NodePool) { p.Config.Taints = append(taints("a", "b", 1), taints("a", "c", 1)...) }, bad, "is given twice"},
		{"resource-labels", func(p *containerpb.NodePool) { p.Config.ResourceLabels = map[string]string{"A": ""} }, bad, "node_pool.config.resource_labels.key"},
		{"count", func(p *containerpb.NodePool) { p.InitialNodeCount = -1 }, bad, "must not be negative"},
		{"quota", func(p *containerpb.NodePool) { p.InitialNodeCount = 1001 }, codes.PermissionDenied, "Insufficient regional quota to satisfy request"},
		{"auto-no-max", auto(0, 0, 0, 0), bad, "Node_pool_autoscaling.max_node_count and node_pool_autoscaling.total_max_node_count cannot be both set to zero."},
		{"auto-order", auto(4, 3, 0, 0), bad, "must not be greater"},
		{"auto-total-order", auto(0, 0, 4, 3), bad, "must not be greater"},
		{"auto-mixed", auto(1, 3, 0, 9), bad, "cannot be set together"},
		{"auto-negative", auto(-1, 3, 0, 0), bad, "must not be negative"},
		{"management", func(p *containerpb.NodePool) { p.Management = &containerpb.NodeManagement{AutoRepair: true} }, bad, "Auto_upgrade and auto_repair cannot be false when release_channel REGULAR is set."},
		{"version", func(p *containerpb.NodePool) { p.Version = "1.35.0-gke.1403000" }, bad, "greater minor version"},
		{"version-none", func(p *containerpb.NodePool) { p.Version = "1.2" }, bad, `No valid versions with the prefix "1.2" found.`},
		{"output", func(p *containerpb.NodePool) { p.Status = poolRunning }, bad, "output only"},
		{"location", func(p *containerpb.NodePool) { p.Locations = []string{"mars-a"} }, bad, `Location "mars-a" does not exist.`},
		{"accelerators", func(p *containerpb.NodePool) {
			p.Config.Accelerators = []*containerpb.AcceleratorConfig{{AcceleratorCount: 1}}
		}, codes.Unimplemented, "node_pool.config.accelerators"},
		{"autoprovisioned", func(p *containerpb.NodePool) {
			p.Autoscaling = &containerpb.NodePoolAutoscaling{Autoprovisioned: true}
		}, codes.Unimplemented, "autoprovisioned"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for transport, c := range map[string]*container.ClusterManagerClient{"grpc": w.gke, "rest": w.rest} {
				err := changedPool(tt.f)(t.Context(), c)
				if codeOf(err) != tt.code || !strings.Contains(fmt.Sprint(err), tt.text) {
					t.Errorf("%s: got %v: %v\nwant %v: %s", transport, codeOf(err), err, tt.code, tt.text)
				}
			}
		})
	}
}

// TestServer_quota: GKE speaks of the quota for processors as of a permission.
func TestServer_quota(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.CPUs = 12 })
	w.create(t, "demo")
	_, err := w.gke.SetNodePoolSize(t.Context(), &containerpb.SetNodePoolSizeRequest{Name: poolName("demo", "ng1"), NodeCount: 4})
	if codeOf(err) != codes.PermissionDenied || !strings.Contains(err.Error(), `resource "CPUS": request requires '8.0' and is short '4.0'`) {
		t.Errorf("got %v", err)
	}
	if _, err := w.gke.SetNodePoolSize(t.Context(), &containerpb.SetNodePoolSizeRequest{Name: poolName("demo", "ng1"), NodeCount: 3}); err != nil {
		t.Error(err)
	}
	full := newWorld(t)
	for i := range 100 {
		wiretest.Must(t, full.Put(core.Seed{Name: fmt.Sprintf("c%d", i)}))
	}
	if _, err := full.gke.CreateCluster(t.Context(), clusterRequest("more")); codeOf(err) != codes.PermissionDenied {
		t.Errorf("the 101st cluster: %v", err)
	}
}
