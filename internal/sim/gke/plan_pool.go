// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"
)

// planPool checks the request for a node pool and fills its defaults in from those
// of its cluster.
func (s *Server) planPool(pool *containerpb.NodePool, cluster *containerpb.Cluster) *apiError {
	if pool == nil {
		return invalid("NodePool must be set.").badField("node_pool")
	}
	for _, check := range []func() *apiError{
		func() *apiError { return onlyFields("node_pool", pool, poolFields, poolOutput) },
		func() *apiError { return checkName("node_pool.name", pool.GetName()) },
		func() *apiError { return s.planPoolZones(pool, cluster.GetLocations()) },
		func() *apiError { return s.planConfig(pool) },
		func() *apiError { return planMaxPods(&pool.MaxPodsConstraint, cluster.GetDefaultMaxPodsConstraint()) },
		func() *apiError {
			if pool.GetInitialNodeCount() < 0 {
				return invalid("Node_pool.initial_node_count must not be negative.").badField("node_pool.initial_node_count")
			}
			return nil
		},
		func() *apiError {
			auto, e := s.planAutoscaling(pool.GetAutoscaling(), nil)
			pool.Autoscaling = auto
			return e
		},
	} {
		if e := check(); e != nil {
			return e
		}
	}
	return nil
}

func (s *Server) planPoolZones(pool *containerpb.NodePool, zones []string) *apiError {
	if len(pool.GetLocations()) == 0 {
		pool.Locations = slices.Clone(zones)
		return nil
	}
	return s.checkZones("node_pool.locations", pool.GetLocations())
}

// defaultMaxPods is how many pods a node may have unless it is said.
const defaultMaxPods = 110

// planMaxPods checks how many pods a node may have, and fills the default in.
func planMaxPods(pods **containerpb.MaxPodsConstraint, cluster *containerpb.MaxPodsConstraint) *apiError {
	if *pods == nil && cluster != nil {
		*pods = proto.CloneOf(cluster)
	}
	if *pods == nil {
		*pods = &containerpb.MaxPodsConstraint{MaxPodsPerNode: defaultMaxPods}
	}
	if n := (*pods).GetMaxPodsPerNode(); n < 8 || n > 256 {
		return invalid("Max_pods_per_node must be between 8 and 256, got %d.", n).badField("node_pool.max_pods_constraint")
	}
	return nil
}

// podRange is the size of the range of addresses of a node: twice as many as it may
// have pods, rounded up.
func podRange(pods *containerpb.MaxPodsConstraint) int32 {
	return int32(32 - bits.Len64(uint64(2*pods.GetMaxPodsPerNode()-1))) //nolint:gosec // between 8 and 256
}

// planConfig checks what the VMs of a pool are to be.
func (s *Server) planConfig(pool *containerpb.NodePool) *apiError {
	if pool.GetConfig() == nil {
		pool.Config = &containerpb.NodeConfig{}
	}
	config := pool.GetConfig()
	const field = "node_pool.config"
	for _, check := range []func() *apiError{
		func() *apiError { return onlyFields(field, config, configFields, []string{"effective_cgroup_mode"}) },
		func() *apiError { return s.planMachine(config, pool.GetLocations()) },
		func() *apiError { return s.planImage(&config.ImageType) },
		func() *apiError { return s.planDisk(config) },
		func() *apiError { return s.planAccount(config) },
		func() *apiError { return checkTags(field+".tags", config.GetTags()) },
		func() *apiError { return checkMetadata(field+".metadata", config.GetMetadata()) },
		func() *apiError { return s.checkNodeLabels(field+".labels", config.GetLabels()) },
		func() *apiError { return checkTaints(field+".taints", config.GetTaints()) },
		func() *apiError { return s.planSpot(config) },
		func() *apiError {
			return checkLabels(field+".resource_labels", config.GetResourceLabels(), map[string]string{provisioningLabel: provisioning(config)})
		},
	} {
		if e := check(); e != nil {
			return e
		}
	}
	config.Metadata = with(config.GetMetadata(), "disable-legacy-endpoints", "true")
	config.ResourceLabels = with(config.GetResourceLabels(), provisioningLabel, provisioning(config))
	if len(config.GetOauthScopes()) == 0 {
		config.OauthScopes = []string{"https://www.googleapis.com/auth/logging.write", "https://www.googleapis.com/auth/monitoring"}
	}
	config.Taints = withOwnTaints(config, config.GetTaints())
	config.ShieldedInstanceConfig = &containerpb.ShieldedInstanceConfig{EnableIntegrityMonitoring: true}
	config.BootDisk = &containerpb.BootDisk{DiskType: config.GetDiskType(), SizeGb: int64(config.GetDiskSizeGb())}
	return nil
}

// provisioningLabel is the label that GKE puts on the VMs of every pool.
const provisioningLabel = "goog-gke-node-pool-provisioning-model"

// provisioning is the value of that label.
func provisioning(config *containerpb.NodeConfig) string {
	switch {
	case config.GetSpot():
		return "spot"
	case config.GetPreemptible():
		return "preemptible"
	}
	return "on-demand"
}

// with returns the map with a value that it has not.
func with(m map[string]string, key, value string) map[string]string {
	m = maps.Clone(m)
	if m == nil {
		m = map[string]string{}
	}
	if _, ok := m[key]; !ok {
		m[key] = value
	}
	return m
}

func (s *Server) planMachine(config *containerpb.NodeConfig, zones []string) *apiError {
	config.MachineType = cmp.Or(config.GetMachineType(), "e2-medium")
	name := config.GetMachineType()
	if name == "f1-micro" {
		return invalid("Node pools of f1-micro machines are not supported due to insufficient memory.").badField("node_pool.config.machine_type")
	}
	if _, ok := s.resources.machineType(name, zones...); !ok {
		return s.unrecorded(invalid("machine type %q does not exist.", name).badField("node_pool.config.machine_type"),
			"Invalid value for field node_pool.config.machine_type: the resource was not found.")
	}
	return nil
}

// planImage checks an image type; empty means the default.
func (s *Server) planImage(image *string) *apiError {
	*image = strings.ToUpper(cmp.Or(*image, imageTypes[0]))
	if !slices.Contains(imageTypes, *image) {
		return invalid("Unexpected image_type: %s.", *image).badField("node_pool.config.image_type")
	}
	return nil
}

// The kinds of disks, by the machines that take them. Machines of the fourth
// generation take Hyperdisk only, and those before the third do not take it.
const hyperdisk = "hyperdisk-"

func (s *Server) planDisk(config *containerpb.NodeConfig) *apiError {
	machine := config.GetMachineType()
	newest, third := strings.HasPrefix(machine, "n4-"), strings.HasPrefix(machine, "c3-") || strings.HasPrefix(machine, "a3-")
	if config.GetDiskType() == "" {
		config.DiskType = "pd-balanced"
		if newest {
			config.DiskType = "hyperdisk-balanced"
		}
	}
	if config.GetDiskSizeGb() == 0 {
		config.DiskSizeGb = 100
	}
	kind := config.GetDiskType()
	hyper := strings.HasPrefix(kind, hyperdisk)
	switch {
	case !slices.Contains(s.resources.DiskTypes, kind):
		return s.unrecorded(invalid("Disk type %q does not exist.", kind).badField("node_pool.config.disk_type"),
			"Invalid value for field node_pool.config.disk_type: the resource was not found.")
	case hyper && !newest && !third, !hyper && newest:
		return s.unrecorded(invalid("%s disk type cannot be used by %s machine type.", kind, machine).badField("node_pool.config.disk_type"),
			"The disk type does not fit the machine type.")
	case config.GetDiskSizeGb() < 10 || config.GetDiskSizeGb() > 65536:
		return s.unrecorded(invalid("Node_pool.config.disk_size_gb must be between 10 and 65536, got %d.", config.GetDiskSizeGb()).badField("node_pool.config.disk_size_gb"),
			"The boot disk has not a size that is allowed.")
	}
	return nil
}

func (s *Server) planAccount(config *containerpb.NodeConfig) *apiError {
	config.ServiceAccount = cmp.Or(config.GetServiceAccount(), "default")
	account := config.GetServiceAccount()
	switch {
	case account == "default" && len(s.resources.ServiceAccounts) == 0:
		return invalid("Service account \"%s-compute@developer.gserviceaccount.com\" does not exist.", s.number)
	case account != "default" && !slices.Contains(s.resources.ServiceAccounts, account):
		return invalid("Service account %q does not exist.", account)
	}
	return nil
}

// planAutoscaling checks an autoscaling and returns what becomes of it. before is
// what the pool has.
func (s *Server) planAutoscaling(in, before *containerpb.NodePoolAutoscaling) (*containerpb.NodePoolAutoscaling, *apiError) {
	if in.GetAutoprovisioned() && !before.GetAutoprovisioned() {
		return nil, notSimulated("node pools that become autoprovisioned")
	}
	lower, upper := in.GetMinNodeCount(), in.GetMaxNodeCount()
	totalLower, totalUpper := in.GetTotalMinNodeCount(), in.GetTotalMaxNodeCount()
	given := lower != 0 || upper != 0 || totalLower != 0 || totalUpper != 0
	if !in.GetEnabled() {
		switch {
		case !given || s.assume.BoundsWhileOff == BoundsForgotten:
			if s.assume.BoundsWhileOff == BoundsKept && before != nil {
				before.Enabled = false
				return before, nil
			}
			return nil, nil
		case s.assume.BoundsWhileOff == BoundsRefused:
			return nil, invalid("Node_pool_autoscaling.min_node_count and node_pool_autoscaling.max_node_count must not be set when autoscaling is disabled.")
		}
	}
	if !given && s.assume.BoundsWhileOff == BoundsKept && before != nil {
		before.Enabled = true
		return before, nil
	}
	const name = "Node_pool_autoscaling."
	switch {
	case lower < 0 || upper < 0 || totalLower < 0 || totalUpper < 0:
		return nil, invalid(name + "min_node_count and node_pool_autoscaling.max_node_count must not be negative.")
	case (lower != 0 || upper != 0) && (totalLower != 0 || totalUpper != 0):
		return nil, invalid(name + "min_node_count and max_node_count cannot be set together with total_min_node_count and total_max_node_count.")
	case upper == 0 && totalUpper == 0:
		return nil, invalid(name + "max_node_count and node_pool_autoscaling.total_max_node_count cannot be both set to zero.")
	case lower > upper || totalLower > totalUpper:
		return nil, invalid("%smin_node_count %d must not be greater than node_pool_autoscaling.max_node_count %d.", name, max(lower, totalLower), max(upper, totalUpper))
	}
	out := &containerpb.NodePoolAutoscaling{
		Enabled: in.GetEnabled(), MinNodeCount: lower, MaxNodeCount: upper, LocationPolicy: in.GetLocationPolicy(),
		TotalMinNodeCount: totalLower, TotalMaxNodeCount: totalUpper, Autoprovisioned: in.GetAutoprovisioned(),
	}
	if out.LocationPolicy == containerpb.NodePoolAutoscaling_LOCATION_POLICY_UNSPECIFIED {
		out.LocationPolicy = containerpb.NodePoolAutoscaling_BALANCED
	}
	return out, nil
}
