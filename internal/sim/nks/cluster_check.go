// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// namePattern is what clusters and node groups may be called.
var namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$`)

func checkName(name string) *apiError {
	if !namePattern.MatchString(name) || uuidPattern.MatchString(name) {
		return badRequest("The name %.64q is invalid: 1 to 32 of a-z, 0-9 and -, beginning with a letter, ending with no -, and no UUID.", name)
	}
	return nil
}

// The ranges that nodes, pods and services may not have.
var (
	reservedRanges = []string{"169.254.0.0/16", "198.18.0.0/19"}

	defaultServiceRange = "10.254.0.0/16"
	defaultPodRange     = "10.100.0.0/16"
	defaultPodSubnet    = 24
)

// decodeCluster reads the body of a create.
func decodeCluster(body []byte) (clusterRequest, *apiError) {
	var in clusterRequest
	if err := simkit.Decode(body, &in); err != nil {
		return in, decodeFault(err)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) == nil && bytes.Equal(members["create_timeout"], []byte("null")) {
		return in, badRequest("Invalid input for field/attribute create_timeout. Value: 'None'.")
	}
	for name, missing := range map[string]bool{
		"name": in.Name == "", "cluster_template_id": in.ClusterTemplateID == "", "keypair": in.Keypair == "", "flavor_id": in.FlavorID == "",
		"fixed_network": in.FixedNetwork == "", "fixed_subnet": in.FixedSubnet == "", "node_count": in.NodeCount == nil, "labels": in.Labels == nil,
	} {
		if missing {
			return in, badRequest("Invalid input for field/attribute cluster. Mandatory field missing: %s.", name)
		}
	}
	return in, nil
}

// checkCluster refuses a create that NKS would refuse. What its first group asks for
// is checked with the group.
func (s *Server) checkCluster(c *call, in clusterRequest, l labels) *apiError {
	if e := checkName(in.Name); e != nil {
		return e
	}
	if in.ClusterTemplateID != "iaas_console" {
		return badRequest("Cluster template %.64s could not be found.", in.ClusterTemplateID)
	}
	if in.CreateTimeout != nil && *in.CreateTimeout < 1 {
		return badRequest("The create_timeout must be at least 1.")
	}
	if e := l.check(true, requiredOfCluster, s.assume, s.profile.Limits.NodesPerGroup); e != nil {
		return e
	}
	creatable, known := s.versions()[l.text("kube_tag")]
	switch {
	case l.text("cert_manager_api") != "True":
		return badRequest("The label cert_manager_api must be True.")
	case l.text("clusterautoscale") != "" && l.text("clusterautoscale") != "nodegroupfeature":
		return badRequest("The label clusterautoscale must be nodegroupfeature.")
	case !known || !creatable:
		return badRequest("The Kubernetes version %.64s is not supported.", l.text("kube_tag"))
	}
	if !slices.ContainsFunc(c.project.resources.KeyPairs, func(k KeyPair) bool { return k.Name == in.Keypair && k.User == c.who.Name }) {
		return fail(http.StatusNotFound, "KeyPairNotFound", "Unable to find keypair %s.", in.Keypair)
	}
	return c.project.resources.checkNetwork(in, l)
}

// checkNetwork holds the network of a create against what there is.
func (r Resources) checkNetwork(in clusterRequest, l labels) *apiError {
	vpc, known := r.vpc(in.FixedNetwork)
	if !known || vpc.External {
		return missing("fixed network", in.FixedNetwork)
	}
	subnet, known := r.subnet(in.FixedSubnet)
	if !known || subnet.VPC != vpc.ID {
		return missing("fixed subnet", in.FixedSubnet)
	}
	if subnet.prefix().Bits() > 24 {
		return badRequest("The fixed_subnet %s is smaller than a /24.", subnet.CIDR)
	}
	if e := r.checkInternet(subnet, l); e != nil {
		return e
	}
	return r.checkRanges(in, l, subnet)
}

// checkInternet: a subnet with a gateway needs the external network, one without the
// service gateways.
func (r Resources) checkInternet(subnet Subnet, l labels) *apiError {
	network, subnets := l.text("external_network_id"), l.ids("external_subnet_id_list")
	given := network != "" && len(subnets) > 0
	switch {
	case (network == "") != (len(subnets) == 0):
		return badRequest("The labels external_network_id and external_subnet_id_list go together.")
	case subnet.Gateway != "" && !given:
		return badRequest("The labels external_network_id and external_subnet_id_list are required when the router of the subnet is attached to an internet gateway.")
	case l.truth("master_lb_floating_ip_enabled", false) && !given:
		return badRequest("The label master_lb_floating_ip_enabled can be True only with external_network_id and external_subnet_id_list.")
	}
	if vpc, known := r.vpc(network); given && (!known || !vpc.External) {
		return missing("external network", network)
	}
	for _, id := range subnets {
		if sub, known := r.subnet(id); !known || sub.VPC != network {
			return missing("external subnet", id)
		}
	}
	for service, id := range map[string]string{"ncr": l.text("ncr_sgw"), "obs": l.text("obs_sgw")} {
		if id == "" && subnet.Gateway == "" {
			return badRequest("The label %s_sgw is required when the subnet has no internet gateway.", service)
		}
		if id != "" && !r.gateway(id, subnet.VPC, service) {
			return missing("service gateway", id)
		}
	}
	return nil
}

// checkRanges: nothing may overlap, and pods need room.
func (r Resources) checkRanges(in clusterRequest, l labels, subnet Subnet) *apiError {
	pods, services := cmp.Or(l.text("pods_network_cidr"), defaultPodRange), cmp.Or(l.text("service_cluster_ip_range"), defaultServiceRange)
	ranges := append([]string{subnet.CIDR, pods, services}, reservedRanges...)
	for _, id := range l.ids("additional_subnet_id_list") {
		if sub, known := r.subnet(id); known {
			ranges = append(ranges, sub.CIDR)
		}
	}
	var taken []netip.Prefix
	for _, text := range ranges {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return badRequest("The range %.64q is none.", text)
		}
		if slices.ContainsFunc(taken, p.Overlaps) {
			return badRequest("The range %s overlaps another one of the cluster, or one that NKS uses itself.", text)
		}
		taken = append(taken, p)
	}
	size, podRange := l.number("pods_network_subnet", defaultPodSubnet), taken[1]
	if size < podRange.Bits()+2 {
		return badRequest("The label pods_network_subnet must be at least 2 greater than the prefix of pods_network_cidr.")
	}
	if most := 1<<(size-podRange.Bits()) - 3; *in.NodeCount > most {
		return badRequest("A pod network %s has room for %d nodes.", podRange, most)
	}
	return nil
}

// checkCards: the additional subnets of a group, and the security groups of each.
func (r Resources) checkCards(l labels, fixedSubnet, vpc string) *apiError {
	networks, subnets := l.ids("additional_network_id_list"), l.ids("additional_subnet_id_list")
	if len(networks) != len(subnets) {
		return badRequest("The labels additional_network_id_list and additional_subnet_id_list must be of one length.")
	}
	for i, id := range subnets {
		if sub, known := r.subnet(id); !known || sub.VPC != networks[i] || sub.VPC != vpc || id == fixedSubnet {
			return missing("additional subnet", id)
		}
	}
	list, _ := l["extra_security_groups"].([]any)
	for _, item := range list {
		object, _ := item.(map[string]any) // a list of objects by its rule
		target, _ := object["target_subnet"].(string)
		text, _ := object["security_group_ids"].(string)
		ids := strings.Split(text, ",")
		if len(object) != 2 || target != fixedSubnet && !slices.Contains(subnets, target) || len(ids) > 8 {
			return badRequest("The label extra_security_groups is invalid: a target_subnet of the group and at most 8 security_group_ids.")
		}
		for _, id := range ids {
			if !slices.ContainsFunc(r.SecurityGroups, func(g SecurityGroup) bool { return g.ID == id }) {
				return missing("security group", id)
			}
		}
	}
	volumes, _ := l["extra_volumes"].([]any)
	if len(volumes) > 3 {
		return badRequest("The label extra_volumes may have 3 volumes.")
	}
	return nil
}
