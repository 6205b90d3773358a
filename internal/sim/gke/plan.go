// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The fields of requests that are simulated; those behind them only come out.
var (
	clusterFields = []string{"name", "description", "network", "subnetwork", "node_pools", "locations", "resource_labels",
		"ip_allocation_policy", "initial_cluster_version", "release_channel", "addons_config", "logging_service",
		"monitoring_service", "network_policy", "shielded_nodes", "workload_identity_config", "legacy_abac",
		"master_authorized_networks_config", "control_plane_endpoints_config", "private_cluster_config", "default_max_pods_constraint", "initial_node_count",
		"logging_config", "monitoring_config", "maintenance_policy", "notification_config", "cost_management_config"}
	clusterOutput = []string{"self_link", "zone", "endpoint", "current_master_version", "current_node_version", "create_time",
		"status", "status_message", "node_ipv4_cidr_size", "services_ipv4_cidr", "instance_group_urls", "current_node_count",
		"expire_time", "location", "conditions", "id", "label_fingerprint", "etag", "current_emulated_version"}
	poolFields = []string{"name", "config", "initial_node_count", "locations", "version", "autoscaling", "management",
		"max_pods_constraint", "upgrade_settings", "node_drain_config"}
	poolOutput   = []string{"self_link", "instance_group_urls", "status", "status_message", "conditions", "pod_ipv4_cidr_size", "update_info", "etag"}
	configFields = []string{"machine_type", "disk_size_gb", "oauth_scopes", "service_account", "metadata", "image_type", "labels",
		"preemptible", "tags", "disk_type", "workload_metadata_config", "taints", "shielded_instance_config", "spot", "resource_labels",
		"taint_config", "gvnic", "kubelet_config", "linux_node_config"}
	ipFields = []string{"use_ip_aliases", "stack_type", "cluster_secondary_range_name", "services_secondary_range_name",
		"cluster_ipv4_cidr_block", "services_ipv4_cidr_block"}
)

// planCluster checks the request for a cluster and returns it with its defaults
// filled in.
func (s *Server) planCluster(l *location, in *containerpb.Cluster) (*containerpb.Cluster, *apiError) {
	base := proto.CloneOf(in)
	if base == nil {
		return nil, invalid("Cluster must be set.").badField("cluster")
	}
	for _, check := range []func() *apiError{
		func() *apiError { return onlyFields("cluster", in, clusterFields, clusterOutput) },
		func() *apiError { return checkName("cluster.name", in.GetName()) },
		func() *apiError { return checkLabels("cluster.resource_labels", in.GetResourceLabels(), nil) },
		func() *apiError { return s.planLocations("cluster.locations", &base.Locations, l) },
		func() *apiError { return s.planNetwork(base) },
		func() *apiError { return checkPoolCount(in) },
	} {
		if e := check(); e != nil {
			return nil, e
		}
	}
	for i, pool := range base.GetNodePools() {
		if slices.ContainsFunc(base.GetNodePools()[:i], func(p *containerpb.NodePool) bool { return p.GetName() == pool.GetName() }) {
			return nil, invalid("Duplicate node pool name %q.", pool.GetName()).badField(fmt.Sprintf("cluster.node_pools[%d].name", i))
		}
		if e := s.planPool(pool, base); e != nil {
			return nil, e
		}
	}
	return base, s.checkWindows(base)
}

// checkWindows wants a pool for what the system runs, which Windows does not.
func (s *Server) checkWindows(base *containerpb.Cluster) *apiError {
	for _, pool := range base.GetNodePools() {
		if !windows(pool) {
			return nil
		}
	}
	return s.unrecorded(invalid("Cluster must have at least one Linux node pool.").badField("cluster.node_pools"), "The node pools do not suffice.")
}

// windows reports whether the nodes of a pool run Windows.
func windows(pool *containerpb.NodePool) bool {
	return strings.HasPrefix(pool.GetConfig().GetImageType(), "WINDOWS_")
}

// checkPoolCount wants node pools, and not the older way to ask for the first.
func checkPoolCount(in *containerpb.Cluster) *apiError {
	switch n := len(in.GetNodePools()); {
	case n > 0 && in.GetInitialNodeCount() != 0:
		return invalid("Cluster.initial_node_count and Cluster.node_pools cannot both be set.").badField("cluster.initial_node_count")
	case n == 0 && in.GetInitialNodeCount() <= 0:
		return invalid("Cluster.initial_node_count must be greater than zero.").badField("cluster.initial_node_count")
	case n == 0:
		return notSimulated("a cluster with initial_node_count")
	}
	return nil
}

// planLocations fills the zones of the nodes in.
func (s *Server) planLocations(field string, zones *[]string, l *location) *apiError {
	if len(*zones) == 0 {
		*zones = slices.Clone(l.zones)
		return nil
	}
	if e := s.checkZones(field, *zones); e != nil {
		return e
	}
	if l.name != s.region && !slices.Contains(*zones, l.name) {
		return invalid("The locations of a zonal cluster must contain its zone %q.", l.name).badField(field)
	}
	return nil
}

// zones returns the zones of the region.
func (s *Server) zones() []string { return s.locations[len(s.locations)-1].zones }

// reference is what a text refers to: a name, or a path that ends in
// "<kind>/<name>", with the host of Compute Engine or without. project is empty if
// it is this one, and scope if there is just a name.
type reference struct{ project, scope, name string }

func (s *Server) parseReference(text, kind string) (reference, bool) {
	for _, host := range []string{"https://www.googleapis.com/compute/v1/", "https://compute.googleapis.com/compute/v1/"} {
		text = strings.TrimPrefix(text, host)
	}
	if !strings.Contains(text, "/") {
		return reference{name: text}, text != ""
	}
	rest, found := strings.CutPrefix(text, "projects/")
	project, rest, cut := strings.Cut(rest, "/")
	scope, name, named := cutLast(rest, "/"+kind+"/")
	if !s.foreign(project) {
		project = ""
	}
	return reference{project, scope, name}, found && cut && named && name != "" && !strings.Contains(name, "/")
}

// unrecorded words a refusal that nobody has recorded in one of two ways.
func (s *Server) unrecorded(e *apiError, other string) *apiError {
	if !s.assume.OtherTexts {
		return e
	}
	e.message = other
	for _, d := range e.details {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			bad.FieldViolations[0].Description = other
		}
	}
	return e
}

// planNetwork checks the network and leaves its full name in network_config.
func (s *Server) planNetwork(base *containerpb.Cluster) *apiError {
	network, ok := s.parseReference(cmp.Or(base.GetNetwork(), "default"), "networks")
	const nothing = "Invalid value for field cluster.%s: the resource was not found."
	if !ok || network.scope != "" && network.scope != "global" || !s.resources.network(network.project, network.name) {
		return s.unrecorded(invalid("Network %q does not exist.", base.GetNetwork()).badField("cluster.network"), fmt.Sprintf(nothing, "network"))
	}
	if base.GetSubnetwork() == "" {
		sub, ok := simkit.Find(s.resources.Subnetworks, func(sub Subnetwork) bool {
			return sub.Project == network.project && sub.Network == network.name && sub.Region == s.region
		})
		if !ok {
			return invalid("Network %q requires a subnetwork to be specified.", network.name).badField("cluster.subnetwork")
		}
		base.Subnetwork = "projects/" + cmp.Or(sub.Project, s.project) + "/regions/" + s.region + "/subnetworks/" + sub.Name
	}
	asked := base.GetSubnetwork()
	ref, ok := s.parseReference(asked, "subnetworks")
	if ok && ref.scope == "" {
		ref.project = network.project // a name alone is that of the network's project
	}
	sub, there := s.resources.subnetwork(ref.project, s.region, ref.name)
	switch {
	case ok && ref.scope != "" && ref.scope != "regions/"+s.region:
		return s.unrecorded(invalid("Subnetwork %q must be in the region %q of the cluster.", asked, s.region).badField("cluster.subnetwork"),
			"The subnetwork's region does not match.")
	case !ok || !there:
		return s.unrecorded(invalid("Subnetwork %q does not exist in region %q.", asked, s.region).badField("cluster.subnetwork"),
			fmt.Sprintf(nothing, "subnetwork"))
	case sub.Network != network.name || sub.Project != network.project:
		return s.unrecorded(invalid("Subnetwork %q is not a subnetwork of network %q.", ref.name, network.name).badField("cluster.subnetwork"),
			"The network and the subnetwork do not fit together.")
	}
	base.Network, base.Subnetwork = network.name, sub.Name
	owner := "projects/" + cmp.Or(sub.Project, s.project)
	base.NetworkConfig = &containerpb.NetworkConfig{
		Network:    owner + "/global/networks/" + network.name,
		Subnetwork: owner + "/regions/" + s.region + "/subnetworks/" + sub.Name,
	}
	return s.planAddresses(base, sub)
}

// planAddresses checks the ranges of pods and services and fills them in.
func (s *Server) planAddresses(base *containerpb.Cluster, sub Subnetwork) *apiError {
	ip := base.GetIpAllocationPolicy()
	if ip == nil {
		ip = &containerpb.IPAllocationPolicy{UseIpAliases: true}
		base.IpAllocationPolicy = ip
	}
	if e := onlyFields("cluster.ip_allocation_policy", ip, ipFields, nil); e != nil {
		return e
	}
	if ip.GetStackType() == containerpb.StackType_IPV4_IPV6 {
		return notSimulated("clusters with IPv6")
	}
	ip.StackType = containerpb.StackType_IPV4
	if sub.Project != "" && (ip.GetClusterSecondaryRangeName() == "" || ip.GetServicesSecondaryRangeName() == "") {
		// GKE may not add ranges to a subnetwork of another project.
		return invalid("Clusters in a Shared VPC network must name secondary ranges for pods and services that exist in subnetwork %q.", sub.Name).
			badField("cluster.ip_allocation_policy")
	}
	base.ClusterIpv4Cidr, base.ServicesIpv4Cidr = "10.92.0.0/14", "10.96.0.0/20"
	for _, r := range []struct {
		name        string
		block, cidr *string
	}{
		{ip.GetClusterSecondaryRangeName(), &ip.ClusterIpv4CidrBlock, &base.ClusterIpv4Cidr},
		{ip.GetServicesSecondaryRangeName(), &ip.ServicesIpv4CidrBlock, &base.ServicesIpv4Cidr},
	} {
		cidr, there := sub.Secondary[r.name]
		switch {
		case r.name != "" && *r.block != "":
			return invalid("A secondary range name and a CIDR block cannot both be set.").badField("cluster.ip_allocation_policy")
		case r.name != "" && !there:
			return invalid("Secondary range %q does not exist in network %q, subnetwork %q.", r.name, sub.Network, sub.Name).badField("cluster.ip_allocation_policy")
		case r.name != "":
			*r.cidr = cidr
		case *r.block != "":
			*r.cidr = *r.block
		}
		*r.block = *r.cidr
	}
	return nil
}

// checkQuota says whether the region has processors for so many more nodes.
func (s *Server) checkQuota(pools map[*containerpb.NodePool]int) *apiError {
	if s.options.CPUs <= 0 {
		return nil
	}
	used, want := 0, 0
	for _, l := range s.locations {
		for _, rec := range l.clusters {
			for _, g := range rec.live.Groups {
				if pool, ok := rec.pools[g.Name]; ok {
					m, _ := s.resources.machineType(pool.base.GetConfig().GetMachineType())
					used += m.CPUs * max(g.Desired, len(g.Nodes))
				}
			}
		}
	}
	for pool, nodes := range pools {
		m, _ := s.resources.machineType(pool.GetConfig().GetMachineType())
		want += m.CPUs * nodes
	}
	free := s.options.CPUs - used
	if want <= free {
		return nil
	}
	return insufficientQuota(`resource "CPUS": request requires '%d.0' and is short '%d.0'. project has a quota of '%d.0' with '%d.0' available`,
		want, want-free, s.options.CPUs, free)
}

// groupOf is what the core is told of a pool: its sizes are totals, and that
// autoscaling is on is kept here, as the size need not lie in its bounds.
func groupOf(cluster string, pool *containerpb.NodePool) core.AddNodeGroup {
	return core.AddNodeGroup{
		ClusterID: cluster,
		Version:   pool.GetVersion(),
		Spec: pmks.NodeGroupInfo{
			IId:             pmks.IID{NameId: pool.GetName()},
			VMSpecName:      pool.GetConfig().GetMachineType(),
			DesiredNodeSize: int(pool.GetInitialNodeCount()) * len(pool.GetLocations()),
		},
	}
}
